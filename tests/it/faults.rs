//! Faults put into a sound warehouse, or into its input, one at a time; each must be caught, and by what is written down
//! in docs/checks.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sparkify::check::{self, Finding, Limits, Touched};
use sparkify::error::Kind;
use sparkify::settings::Settings;
use sparkify::warehouse::{SqlText, Value, Warehouse, WarehouseUrl};

use crate::support::docs::assert_page_has;
use crate::support::warehouse::{Site, open_options};

/// What is done to the tables, in words and in SQL. The last file's rows are meant, which a load would have touched.
const IN_THE_TABLES: &[(&str, &str)] = &[
    (
        "a play is there twice",
        "insert into songplays select * from songplays where songplay_id = (select max(songplay_id) from songplays)",
    ),
    (
        "an event was loaded twice, under another id",
        "insert into songplays select * replace (songplay_id + 100000 as songplay_id) from songplays where songplay_id = (select max(songplay_id) from songplays)",
    ),
    (
        "an event was loaded as a play and as a page view",
        "insert into page_views by name select songplay_id + 100000 as view_id, start_time, user_id, level, session_id, item_in_session, 'Home' as page, 'GET' as method, 200 as status, 'Logged In' as auth, location, user_agent, payload_hash from songplays where songplay_id = (select max(songplay_id) from songplays)",
    ),
    ("a play is lost", "delete from songplays where songplay_id = (select max(songplay_id) from songplays)"),
    (
        "a play is lost and another is there twice, so that the counts add up",
        "delete from songplays where songplay_id = (select max(songplay_id) from songplays); insert into songplays select * from songplays where songplay_id = (select max(songplay_id) from songplays)",
    ),
    ("all plays of one file are lost", "delete from songplays where songplay_id >> 32 = 30"),
    (
        "a play is of a user who is not there",
        "update songplays set user_id = 999999 where songplay_id = (select max(songplay_id) from songplays)",
    ),
    (
        "a play has a song that is not there",
        "update songplays set song_id = 'SONOTTHERE' where songplay_id = (select max(songplay_id) from songplays where song_id is not null)",
    ),
    (
        "a play has another song's artist",
        "update songplays set artist_id = 'ARNOTTHERE' where songplay_id = (select max(songplay_id) from songplays where song_id is not null)",
    ),
    (
        "a play with a song does not say how it was matched",
        "update songplays set match_method = null where songplay_id = (select max(songplay_id) from songplays where song_id is not null)",
    ),
    (
        "a play without a song has an artist_id",
        "update songplays set artist_id = (select min(artist_id) from artists) where songplay_id = (select max(songplay_id) from songplays where song_id is null)",
    ),
    (
        "a play has lost its song",
        "update songplays set song_id = null, artist_id = null, match_method = null where songplay_id = (select max(songplay_id) from songplays where song_id is not null)",
    ),
    (
        "a play has a song of another title",
        "update songplays set song_id = other.song_id, artist_id = other.artist_id from (select song_id, artist_id from songs order by song_id limit 1) as other where songplay_id = (select max(songplay_id) from songplays where song_id is not null)",
    ),
    (
        "a play has the rival that is farther off in duration",
        "with rivals as (select p.songplay_id, s.song_id, s.artist_id from songplays as p inner join staging_songs as s on s.title = p.song and s.artist_name = p.artist and s.song_id <> p.song_id where p.songplay_id >> 32 = 30 and s.text_repair = p.text_repair order by 1 desc limit 1) update songplays set song_id = rivals.song_id, artist_id = rivals.artist_id from rivals where rivals.songplay_id = songplays.songplay_id",
    ),
    (
        "a match is called repaired that is exact",
        "update songplays set match_method = 'repaired' where songplay_id = (select max(songplay_id) from songplays where match_method = 'exact')",
    ),
    (
        "a play starts one second later than logged",
        "update songplays set start_time = start_time + interval '1 second' where songplay_id = (select max(songplay_id) from songplays)",
    ),
    (
        "a play is of 1970",
        "update songplays set start_time = timestamp '1970-01-18 20:00:00' where songplay_id = (select max(songplay_id) from songplays)",
    ),
    (
        "all plays of a file are a day late",
        "update songplays set start_time = start_time + interval '1 day' where songplay_id >> 32 = 30; insert into time select distinct start_time, hour(start_time), day(start_time), week(start_time), month(start_time), year(start_time), isodow(start_time) from songplays where songplay_id >> 32 = 30",
    ),
    (
        "a play has the other level",
        "update songplays set level = case level when 'free' then 'paid' else 'free' end where songplay_id = (select max(songplay_id) - 3 from songplays)",
    ),
    (
        "a play does not know the next event",
        "update songplays set next_event_time = next_play_time where songplay_id = (select max(songplay_id) from songplays where next_event_time < next_play_time)",
    ),
    (
        "a play takes a later play for the next one",
        "update songplays set next_play_time = next_play_time + interval '1 second' where songplay_id = (select max(songplay_id) from songplays where next_play_time is not null)",
    ),
    (
        "the last play of a session takes something for its next event",
        "update songplays set next_event_time = start_time + interval '1 minute' where songplay_id = (select max(songplay_id) from songplays where next_event_time is null)",
    ),
    (
        "a play takes its own track for the next play's",
        "update songplays set next_track_no = track_no where songplay_id = (select max(songplay_id) from songplays where next_track_no <> track_no)",
    ),
    (
        "a play has another play's track",
        "update songplays set track_no = (select min(track_no) from tracks) where songplay_id = (select max(songplay_id) from songplays where next_track_no is null)",
    ),
    (
        "a play has a track that is not there",
        "update songplays set track_no = 0 where songplay_id = (select max(songplay_id) from songplays where next_track_no is null)",
    ),
    ("a track is there twice", "insert into tracks select * from tracks where track_no = (select max(track_no) from tracks)"),
    (
        "a title and artist have two tracks",
        "insert into tracks select track_no + 1, song, artist from tracks where track_no = (select max(track_no) from tracks)",
    ),
    (
        "a level is called gold",
        "update songplays set level = 'gold' where songplay_id = (select max(songplay_id) from songplays)",
    ),
    (
        "a length is in milliseconds",
        "update songplays set length = length * 1000 where songplay_id = (select max(songplay_id) from songplays)",
    ),
    ("a length is negative", "update songplays set length = -1 where songplay_id = (select max(songplay_id) from songplays)"),
    (
        "a page view is there twice",
        "insert into page_views select * from page_views where view_id = (select max(view_id) from page_views)",
    ),
    ("a page view is lost", "delete from page_views where view_id = (select max(view_id) from page_views)"),
    ("a page view is a play", "update page_views set page = 'NextSong' where view_id = (select max(view_id) from page_views)"),
    ("a page has a new name", "update page_views set page = 'Startseite' where page = 'Home'"),
    ("a method is POST", "update page_views set method = 'POST' where view_id = (select max(view_id) from page_views)"),
    ("a status is not an HTTP code", "update page_views set status = 9999 where view_id = (select max(view_id) from page_views)"),
    (
        "auth is in another spelling",
        "update page_views set auth = 'logged_in' where view_id = (select max(view_id) from page_views)",
    ),
    ("a user is lost", "delete from users where user_id = (select max(user_id) from users)"),
    (
        "a user is there twice, once a level",
        "insert into users select * replace ('free' as level) from users where user_id = (select max(user_id) from users)",
    ),
    (
        "a user has no event",
        "insert into users select * replace (999999 as user_id) from users where user_id = (select max(user_id) from users)",
    ),
    (
        "a user has an older level",
        "update users set level = case level when 'free' then 'paid' else 'free' end where user_id = (select max(user_id) from users)",
    ),
    (
        "a user was last seen too early",
        "update users set last_seen_at = last_seen_at - interval '1 hour' where user_id = (select user_id from songplays order by songplay_id desc limit 1)",
    ),
    ("a gender is spelled out", "update users set gender = 'female' where gender = 'F'"),
    (
        "a user registered after being seen",
        "update users set registered_at = last_seen_at + interval '1 hour' where user_id = (select max(user_id) from users)",
    ),
    ("a song is lost", "delete from songs where song_id = (select max(song_id) from songplays)"),
    ("a song is there twice", "insert into songs select * from songs where song_id = (select max(song_id) from songs)"),
    (
        "a song has another title than its file says",
        "update songs set title = title || '?' where song_id = (select max(song_id) from songs)",
    ),
    ("a song lasts no time", "update songs set duration = 0 where song_id = (select max(song_id) from songs)"),
    (
        "a song is of the year 2999",
        "update songs set year = 2999 where song_id = (select max(song_id) from songs); update staging_songs set year = 2999 where song_id = (select max(song_id) from songs)",
    ),
    ("an artist is lost", "delete from artists where artist_id = (select max(artist_id) from artists)"),
    (
        "an artist is there twice",
        "insert into artists select * from artists where artist_id = (select max(artist_id) from artists)",
    ),
    (
        "an artist has no song",
        "insert into artists select * replace ('ARNOTTHERE' as artist_id) from artists where artist_id = (select max(artist_id) from artists)",
    ),
    (
        "an artist has another name than the songs credit",
        "update artists set name = name || '?' where artist_id = (select max(artist_id) from artists)",
    ),
    (
        "a latitude is out of range",
        "update artists set latitude = 123 where artist_id = (select max(artist_id) from artists where latitude is not null)",
    ),
    (
        "a longitude is lost",
        "update artists set longitude = null where artist_id = (select max(artist_id) from artists where longitude is not null)",
    ),
    ("an instant is lost", "delete from time where start_time = (select max(start_time) from time)"),
    ("an instant is there twice", "insert into time select * from time where start_time = (select max(start_time) from time)"),
    ("hours are in another time zone", "update time set hour = (hour + 1) % 24"),
    ("weekdays begin with Sunday at 1", "update time set weekday = weekday % 7 + 1"),
    ("weeks are not ISO weeks", "update time set week = week - 1"),
    (
        "an instant without a play",
        "insert into time select * replace (start_time - interval '1 microsecond' as start_time) from time where start_time = (select max(start_time) from time)",
    ),
    (
        "an instant is there twice and another is lost, which the play of the first has",
        "update time set start_time = start_time - interval '1 second' where start_time = (select max(start_time) from time); insert into time select * from time where start_time = (select max(start_time) from time)",
    ),
    (
        "a stay begins before the last one ends",
        "update user_levels set valid_from = valid_from - interval '1 hour' where valid_from = (select max(later.valid_from) from user_levels as later inner join user_levels as earlier on earlier.user_id = later.user_id and earlier.valid_from < later.valid_from)",
    ),
    (
        "a gap between two stays",
        "update user_levels set valid_to = valid_to - interval '1 second' where valid_to = (select max(valid_to) from user_levels)",
    ),
    (
        "a user has two current stays",
        "update user_levels set valid_to = null, is_current = true where valid_to = (select max(valid_to) from user_levels)",
    ),
    (
        "a user's only stay is lost",
        "delete from user_levels where user_id = (select max(user_id) from (select user_id from user_levels group by user_id having count(*) = 1))",
    ),
    ("all stays have the other level", "update user_levels set level = case level when 'free' then 'paid' else 'free' end"),
    ("a file is missing in the ledger", "delete from load_files where file_no = 30"),
    ("a file is in the ledger twice", "insert into load_files select * from load_files where file_no = 30"),
    (
        "a line was counted that is not there",
        "update load_files set accepted = accepted + 1, lines = lines + 1 where file_no = 30",
    ),
    ("a line was counted nowhere", "update load_files set lines = lines + 1 where file_no = 30"),
    ("a rejected line is not in the quarantine", "update load_files set rejected = 1, lines = lines + 1 where file_no = 30"),
    ("a run is missing in the ledger", "delete from load_runs"),
    ("a run is in the ledger twice", "insert into load_runs select * from load_runs"),
    ("a run's rows do not add up", "update load_runs set songplays_added = songplays_added + 1"),
    ("file numbers could be given out again", "update load_runs set last_file_no = 29"),
];

/// The fault among these that is in no row that a load touches.
const NOT_TOUCHED: &str = "an instant without a play";

/// What is done to the log or song files before the load.
type InTheInput = (&'static str, fn(&Site));

const IN_THE_INPUT: &[InTheInput] = &[
    ("the last day's file is cut to a fifth", |site| {
        rewrite(site, LAST_DAY, |lines| lines.iter().step_by(5).map(|&line| line.to_owned()).collect());
    }),
    ("a day of the last week did not arrive", |site| {
        fs::remove_file(site.path("log_data/2026/09/2026-09-27-events.json")).unwrap();
    }),
    ("on the last day the lengths are missing", |site| {
        rewrite(site, LAST_DAY, |lines| lines.iter().map(|line| line.replace("\"length\":", "\"duration\":")).collect());
    }),
    ("a file has another day's name", |site| {
        let day = site.path("log_data/2026/09/2026-09-14-events.json");
        fs::rename(day, site.path("log_data/2026/09/2026-10-14-events.json")).unwrap();
    }),
    ("a line is not JSON", |site| {
        rewrite(site, LAST_DAY, |lines| {
            lines.iter().enumerate().map(|(i, line)| if i == 3 { line[..40].to_owned() } else { (*line).to_owned() }).collect()
        });
    }),
    ("lines have a key that no column takes", |site| {
        rewrite(site, LAST_DAY, |lines| lines.iter().map(|line| line.replacen('{', "{\"device\":\"tv\",", 1)).collect());
    }),
    ("the songs did not arrive", |site| fs::remove_dir_all(site.path("song_data")).unwrap()),
    ("a clock is decades ahead", |site| {
        rewrite(site, LAST_DAY, |lines| {
            let ahead = |line: &&str| line.replacen("\"ts\":17", "\"ts\":18", 1).replacen("\"ts\":18", "\"ts\":28", 1);
            lines.iter().map(ahead).collect()
        });
    }),
    ("pages have new names", |site| {
        rewrite(site, LAST_DAY, |lines| lines.iter().map(|line| line.replace("\"Home\"", "\"Start\"")).collect());
    }),
    ("nothing has come for two months", |site| {
        site.put("sparkify.toml", "[checks]\nmax_age_days = 2");
    }),
];

const LAST_DAY: &str = "log_data/2026/09/2026-09-30-events.json";

fn rewrite(site: &Site, name: &str, change: impl Fn(&[&str]) -> Vec<String>) {
    let text = fs::read_to_string(site.path(name)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let changed = change(&lines).join("\n") + "\n";
    assert_ne!(changed, text, "the fault must change something");
    site.put(name, changed);
}

/// A site whose folders hold the sample.
fn sample_site() -> Site {
    let site = Site::new();
    site.run(&["demo", "--out", "."]).expect(0);
    site
}

fn open(path: &Path) -> Warehouse {
    let options = open_options(2);
    WarehouseUrl::DuckDb(path.to_owned()).open(&options).unwrap()
}

fn failing(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().filter(|finding| finding.failed()).map(|finding| finding.check.name).collect()
}

/// The time of day does not matter to a sound warehouse; this one is a little after the sample's last event.
fn now_us() -> i64 {
    chrono::DateTime::parse_from_rfc3339("2026-10-01T12:00:00Z").unwrap().timestamp_micros()
}

#[test]
fn every_fault_is_caught_and_the_page_says_by_what() {
    let site = sample_site();
    let mut warehouse = open(&site.path("sparkify.duckdb"));
    let limits = Settings::defaults().unwrap().checks;
    let sound = check::run(&mut warehouse, check::all().unwrap(), &limits, now_us()).unwrap();
    assert_eq!(failing(&sound), Vec::<&str>::new(), "the sample is sound");

    let mut rows = Vec::new();
    for (fault, statements) in IN_THE_TABLES {
        warehouse.begin().unwrap();
        for statement in statements.split("; ") {
            let changed = warehouse.answer(SqlText { name: "fault", text: statement }, &[]).unwrap();
            assert!(matches!(changed.rows[0][0], Value::Integer(1..)), "{fault}: it must change something: {statement}");
        }
        let findings = check::run(&mut warehouse, check::all().unwrap(), &limits, now_us()).unwrap();
        let touched = Touched::by_files(&[(30, 100_000)], true, true, &Limits { exact_rows: u64::MAX, ..limits.clone() });
        let stopped = check::audit(&mut warehouse, touched, &limits);
        warehouse.rollback().unwrap();
        let caught = failing(&findings);
        assert!(!caught.is_empty(), "not caught: {fault}");
        let blocks = findings.iter().any(Finding::blocks);
        if let Err(error) = &stopped {
            assert_eq!((error.kind(), error.exit_code()), (Kind::CheckFailed, 4), "{fault}: {}", error.report());
        }
        // What no load makes worse is for `sparkify check` alone.
        let is_elsewhere = *fault == NOT_TOUCHED;
        assert_eq!(stopped.is_err(), blocks && !is_elsewhere, "{fault}: a load must stop at what blocks, and at nothing else");
        let effect = match (blocks, is_elsewhere) {
            (true, false) => "stops",
            (true, true) => "commits",
            (false, _) => "warns",
        };
        rows.push((*fault, caught, effect));
    }
    let after = check::run(&mut warehouse, check::all().unwrap(), &limits, now_us()).unwrap();
    assert_eq!(failing(&after), Vec::<&str>::new(), "every fault was undone");
    drop(warehouse);

    for (fault, damage) in IN_THE_INPUT {
        let caught = caught_after(*damage);
        assert!(!caught.is_empty(), "not caught: {fault}");
        rows.push((*fault, caught, "warns"));
    }
    assert!(rows.len() >= 25);
    let never: Vec<&str> = check::all()
        .unwrap()
        .iter()
        .map(|check| check.name)
        .filter(|name| rows.iter().all(|(_, caught, _)| !caught.contains(name)))
        .collect();
    assert_eq!(never, Vec::<&str>::new(), "checks that no fault sets off");

    let row = |(fault, caught, effect): &(&str, Vec<&str>, &str)| format!("| {fault} | {effect} | {} |\n", caught.join(", "));
    let table: String = rows.iter().map(row).collect();
    assert_page_has("docs/checks.md", "faults", &format!("| fault | a load | caught by |\n| --- | --- | --- |\n{table}"));
}

/// Loads the sample with this damage done to it, and asks for the checks that fail.
fn caught_after(damage: fn(&Site)) -> Vec<&'static str> {
    let site = Site::new();
    site.run(&["demo", "--out", "demo"]).expect(0);
    for folder in ["log_data", "song_data"] {
        fs::rename(site.path("demo").join(folder), site.path(folder)).unwrap();
    }
    damage(&site);
    let loaded = site.load(&[]);
    assert!([0, 3].contains(&loaded.code), "{}", loaded.stderr);
    let report = site.run(&["check", "--json", "--warehouse", "w.duckdb"]).expect(0).json();
    let names = check::all().unwrap();
    let failed = |name: &str| report["checks"].as_array().unwrap().iter().any(|c| c["check"] == name && c["rows"] != 0);
    names.iter().map(|check| check.name).filter(|name| failed(name)).collect()
}

#[test]
fn the_page_lists_every_check() {
    let mut rows = BTreeMap::new();
    for (place, check) in check::all().unwrap().into_iter().enumerate() {
        rows.insert(place, format!("| `{}` | {} | {} |\n", check.name, check.severity.name(), check.says));
    }
    let table: String = rows.into_values().collect();
    assert_page_has("docs/checks.md", "checks", &format!("| check | severity | says |\n| --- | --- | --- |\n{table}"));
}
