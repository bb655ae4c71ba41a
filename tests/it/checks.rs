//! `check`, `explain` and the questions in plain SQL: what a user sees, and how a load ends that a check stops.

use std::fs;

use serde_json::{Value, json};
use sparkify::warehouse::{SqlText, WarehouseUrl};

use crate::support::warehouse::{Answer, Site, open_options};
use crate::support::{real_data, repository};

/// An event's line.
fn line(item: u32, more: &[(&str, Value)]) -> String {
    let mut event = json!({
        "ts": 1_541_106_106_796_u64 + u64::from(item) * 1000, "page": "NextSong", "sessionId": 1, "itemInSession": item,
        "userId": "7", "level": "free", "song": "S", "artist": "A", "length": 100.25, "firstName": "Ann", "gender": "F",
    });
    for (key, value) in more {
        event[*key] = value.clone();
    }
    event.to_string() + "\n"
}

fn song(id: &str, title: &str, artist: &str, duration: f64) -> String {
    json!({"song_id": id, "title": title, "artist_id": "AR1", "artist_name": artist, "duration": duration, "year": 1999})
        .to_string()
}

fn site() -> Site {
    let site = Site::new();
    site.put("log_data/2018-11-01-events.json", (0..5).map(|item| line(item, &[])).collect::<String>());
    site.put("song_data/1.json", song("SO1", "S", "A", 90.0));
    site.put("song_data/2.json", song("SO2", "S", "A", 100.5));
    site.load(&[]).expect(0);
    site
}

fn ask(site: &Site, arguments: &[&str]) -> Answer {
    site.run(&[arguments, &["--warehouse", "w.duckdb"]].concat())
}

/// Changes the warehouse behind the program's back.
fn tamper(site: &Site, statement: &str) {
    let options = open_options(1);
    let mut warehouse = WarehouseUrl::DuckDb(site.path("w.duckdb")).open(&options).unwrap();
    warehouse.answer(SqlText { name: "tamper", text: statement }, &[]).unwrap();
}

/// The rows that a check finds in tables changed by these statements, which are as before afterwards.
fn found_by(site: &Site, check: &str, changes: &[String]) -> Vec<Value> {
    fs::copy(site.path("w.duckdb"), site.path("sound.duckdb")).unwrap();
    for change in changes {
        tamper(site, change);
    }
    let mut report = ask(site, &["check", check, "--json"]).expect(4).json();
    fs::rename(site.path("sound.duckdb"), site.path("w.duckdb")).unwrap();
    let Value::Array(found) = report["checks"][0]["sample"].take() else { panic!("no sample: {report}") };
    assert_eq!(report["checks"][0]["rows"], found.len());
    found
}

// ------------------------------------------------------------------------------------------------------------- check

#[test]
fn check_is_content_with_a_sound_warehouse_and_with_an_empty_one() {
    let site = site();
    let sound = ask(&site, &["check"]).expect(0).stdout;
    assert!(sound.contains("47 checks: 46 ok, 0 failed, 0 warned, 1 off ("), "{sound}");
    let report = ask(&site, &["check", "--json"]).expect(0).json();
    assert_eq!((&report["status"], report["checks"].as_array().unwrap().len()), (&json!("ok"), 47));

    let empty = Site::new();
    empty.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    assert_eq!(ask(&empty, &["check", "--json"]).expect(0).json()["status"], "ok");
}

#[test]
fn check_shows_what_offends_and_what_to_do_and_ends_with_4_when_it_blocks() {
    let site = site();
    tamper(&site, "update songplays set user_id = 8 where item_in_session > 2");
    let answer = ask(&site, &["check"]).expect(4);
    for text in [
        "users_seen (blocking): not so: every user with an event is in users",
        "  user_id: 7, problem: last seen at another time, last_event: 2018-11-01 21:01:48.796",
        "  user_id: 8, problem: not in users",
        "  remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone",
        "47 checks: 44 ok, 2 failed, 0 warned, 1 off (",
    ] {
        assert!(answer.stdout.contains(text), "{text}: {}", answer.stdout);
    }
    assert!(!answer.stdout.contains("full outer join"));
    assert!(ask(&site, &["check", "-v"]).expect(4).stdout.contains("full outer join users"), "the query");
    let report = ask(&site, &["check", "--json"]).expect(4).json();
    let failed: Vec<&Value> = report["checks"].as_array().unwrap().iter().filter(|c| c["status"] == "failed").collect();
    assert_eq!((&report["status"], failed.len()), (&json!("failed"), 2));
    assert_eq!((&failed[0]["check"], &failed[0]["rows"]), (&json!("users_seen"), &json!(2)));
    assert_eq!(failed[0]["sample"][1]["user_id"], 8);
    assert!(failed[0]["query"].as_str().unwrap().contains("full outer join"));

    ask(&site, &["check", "user_key", "volume"]).expect(0);
    site.load(&["--full-refresh"]).expect(0);
    ask(&site, &["check"]).expect(0);
}

/// A case of its own for `play_next`: the events of a session, as kind, number and second; what is told wrongly about plays,
/// by their number; and which of them are found with what.
struct Told {
    events: Vec<(char, u32, u64)>,
    changes: Vec<(u32, String)>,
    found: Vec<(u32, &'static str)>,
}

#[test]
fn play_next_names_each_play_that_is_told_something_else_than_what_follows_it() {
    let time = |second: u64| format!("timestamp '2018-11-01 21:01:{}.796'", 46 + second);
    let event = |at: &str| format!("next_event_time = {at}");
    let play = |at: &str| format!("next_play_time = {at}");
    let both = |at: &str| format!("next_event_time = {at}, next_play_time = {at}");
    let told = |events: &[(char, u32, u64)], changes: &[(u32, String)], found: &[(u32, &'static str)]| Told {
        events: events.to_vec(),
        changes: changes.to_vec(),
        found: found.to_vec(),
    };
    // Plays and views; the view at 6 s is behind the play of that instant.
    let usual = [('P', 1, 0), ('P', 2, 2), ('V', 3, 3), ('P', 4, 4), ('P', 5, 6), ('V', 6, 6), ('V', 7, 7)];
    let (of_event, of_play, of_track) = ("next_event_time", "next_play_time", "next_track_no");
    // Each play of a session has another track.
    let track = |n: i32| format!("next_track_no = next_track_no + {n}");
    let mut cases = vec![
        // Nothing follows where something does, and the other way round.
        told(&usual, &[(2, event("null"))], &[(2, of_event)]),
        told(&usual, &[(2, play("null"))], &[(2, of_play)]),
        told(&usual, &[(5, play(&time(9)))], &[(5, of_play)]),
        told(&[('P', 0, 0), ('P', 1, 2)], &[(0, event("null"))], &[(0, of_event)]),
        told(&[('P', 0, 0), ('V', 1, 2)], &[(0, event("null"))], &[(0, of_event)]),
        // The next event is passed over, for the next play, for a later view, for one behind the next play.
        told(&usual, &[(2, event(&time(4)))], &[(2, of_event)]),
        told(&usual, &[(5, event(&time(7)))], &[(5, of_event)]),
        told(&[('P', 0, 0), ('P', 1, 2), ('V', 2, 3)], &[(0, event(&time(3)))], &[(0, of_event)]),
        // Nothing is at the time that is told; or only an event before the play, at its instant or of another user.
        told(&usual, &[(1, event(&time(1)))], &[(1, of_event)]),
        told(&[('P', 0, 0), ('V', 1, 2)], &[(0, event(&time(1)))], &[(0, of_event)]),
        told(&[('V', 9, 0), ('P', 1, 2), ('P', 2, 4)], &[(1, event(&time(0)))], &[(1, of_event)]),
        told(&[('V', 0, 0), ('P', 1, 0), ('P', 2, 2)], &[(1, event(&time(0)))], &[(1, of_event)]),
        told(&[('P', 0, 0), ('P', 1, 4), ('v', 0, 2)], &[(0, event(&time(2)))], &[(0, of_event)]),
        // A time that its product with itself does not give away.
        told(
            &[('P', 0, 0), ('V', 1, 1), ('P', 2, 2), ('P', 3, 5)],
            &[(0, "next_play_time = next_play_time + interval '2147483.648 seconds'".to_owned())],
            &[(0, of_play)],
        ),
        // Two faults that add up to nothing, and times in the places of others, at one instant too.
        told(&usual, &[(1, both(&time(3))), (4, both(&time(5)))], &[(1, of_event), (1, of_play), (4, of_event), (4, of_play)]),
        told(&usual, &[(1, both(&time(6))), (4, both(&time(2)))], &[(1, of_event), (1, of_play), (4, of_event), (4, of_play)]),
        told(
            &[('P', 0, 0), ('P', 1, 0), ('P', 2, 3)],
            &[(0, both(&time(3))), (1, both(&time(0)))],
            &[(0, of_event), (0, of_play), (1, of_event), (1, of_play)],
        ),
    ];
    cases.extend([
        // The track of another play, none where there is one, one where there is none, and tracks in each other's places.
        told(&usual, &[(1, track(1))], &[(1, of_track)]),
        told(&usual, &[(2, track(-2))], &[(2, of_track)]),
        told(&usual, &[(2, "next_track_no = null".to_owned())], &[(2, of_track)]),
        told(&usual, &[(5, "next_track_no = track_no".to_owned())], &[(5, of_track)]),
        told(&usual, &[(1, track(1)), (2, track(-1))], &[(1, of_track), (2, of_track)]),
        told(&[('P', 0, 0)], &[(0, "next_track_no = track_no".to_owned())], &[(0, of_track)]),
        // The first two plays are of one instant.
        told(&[('P', 0, 0), ('P', 1, 0), ('P', 2, 3)], &[(0, track(1))], &[(0, of_track)]),
    ]);
    // A session of many plays is put in order at once.
    let mut long: Vec<(char, u32, u64)> = (0..302).map(|n| ('P', n, 10 * u64::from(n))).collect();
    long.push(('V', 302, 5));
    cases.push(told(&long, &[(0, event(&time(10)))], &[(0, of_event)]));
    cases.push(told(&long, &[(7, track(1))], &[(7, of_track)]));

    let site = Site::new();
    let mut lines = String::new();
    for (session, case) in (100_u32..).zip(&cases) {
        for (kind, item, second) in &case.events {
            // What another user does has the same number of the session.
            let user = if *kind == 'v' { 7 } else { session };
            let page = if *kind == 'P' { "NextSong" } else { "Home" };
            lines += &line(
                *item,
                &[
                    ("ts", json!(1_541_106_106_796_u64 + second * 1000)),
                    ("sessionId", json!(session)),
                    ("userId", json!(user.to_string())),
                    ("page", json!(page)),
                    ("song", json!(format!("Song {item}"))),
                ],
            );
        }
    }
    site.put("log_data/2018-11-01-events.json", lines);
    site.load(&[]).expect(0);
    ask(&site, &["check", "play_next"]).expect(0);
    for (session, case) in (100..).zip(&cases) {
        let change = |(item, change): &(u32, String)| {
            format!("update songplays set {change} where session_id = {session} and item_in_session = {item}")
        };
        let found: Vec<Value> = found_by(&site, "play_next", &case.changes.iter().map(change).collect::<Vec<_>>())
            .iter()
            .map(|row| json!([row["session_id"], row["item_in_session"], row["problem"]]))
            .collect();
        let wanted: Vec<Value> = case.found.iter().map(|(item, problem)| json!([session, item, problem])).collect();
        assert_eq!(found, wanted, "{:?}", case.changes);
    }
}

#[test]
fn time_key_names_instants_that_are_missing_or_too_many_wherever_they_lie() {
    let site = site();
    let copy = |change: &str| {
        format!("insert into time select * replace ({change} as start_time) from time order by start_time limit 1")
    };
    let first = "(select min(start_time) from time)";
    let cases = [
        (vec![copy("start_time")], vec!["there more than once"]),
        // Before the first play, behind the last, and within the minute of one.
        (vec![copy("start_time - interval '1 year'")], vec!["no play started"]),
        (vec![copy("start_time + interval '1 year'")], vec!["no play started"]),
        (vec![copy("start_time + interval '1 microsecond'")], vec!["no play started"]),
        (vec!["delete from time where start_time = (select max(start_time) from time)".to_owned()], vec!["not in time"]),
        // One bit twice is the next bit.
        (
            vec![
                copy("start_time"),
                format!("update songplays set start_time = start_time + interval '1 second' where start_time = {first}"),
                format!("delete from time where start_time = {first} + interval '1 second'"),
            ],
            vec!["there more than once", "not in time"],
        ),
    ];
    for (changes, problems) in cases {
        let found = found_by(&site, "time_key", &changes);
        assert_eq!(found.iter().map(|row| &row["problem"]).collect::<Vec<_>>(), problems, "{changes:?}");
    }
    // Where nothing was played there is no instant.
    site.run(&["tables", "reset", "--yes", "--warehouse", "w.duckdb"]).expect(0);
    ask(&site, &["check", "time_key"]).expect(0);
    tamper(&site, "insert into time values (timestamp '2018-11-01 00:00:00', 0, 1, 44, 11, 2018, 4)");
    ask(&site, &["check", "time_key"]).expect(4);
}

#[test]
fn check_warns_with_exit_code_0_and_thresholds_are_settings() {
    let site = site();
    site.put("sparkify.toml", "[checks]\nmax_age_days = 3\nmin_match_rate = \"100%\"");
    let report = ask(&site, &["check", "freshness", "match_rate", "--json"]).expect(0).json();
    let status = |report: &Value| report["checks"].as_array().unwrap().iter().map(|c| c["status"].clone()).collect::<Vec<_>>();
    assert_eq!((&report["status"], status(&report)), (&json!("warned"), vec![json!("ok"), json!("warned")]));
    site.put("sparkify.toml", "[checks]\nmin_volume = \"150%\"");
    let refused = ask(&site, &["check"]).expect(2);
    assert!(refused.stderr.contains("invalid share `150%`: expected 0% to 100%"), "{}", refused.stderr);
}

#[test]
fn check_knows_its_names() {
    let site = site();
    let unknown = ask(&site, &["check", "volum"]).expect(2);
    assert!(
        unknown.stderr.contains("there is no check volum") && unknown.stderr.contains("did you mean volume?"),
        "{}",
        unknown.stderr
    );
    assert!(ask(&site, &["check", "nothing_like_it"]).expect(2).stderr.contains("`sparkify check --list` shows all"));
    let list = ask(&site, &["check", "--list", "--json"]).expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), 47);
    for arguments in [&["check"][..], &["rejects", "replay"]] {
        let nowhere = Site::new();
        assert!(ask(&nowhere, arguments).expect(1).stderr.contains("there is no warehouse"));
        assert!(!nowhere.path("w.duckdb").exists());
    }
    site.run(&["tables", "drop", "--yes", "--warehouse", "w.duckdb"]).expect(0);
    for arguments in [&["check"][..], &["explain", "song", "S"], &["runs"], &["rejects"], &["rejects", "replay"]] {
        let answer = ask(&site, arguments).expect(1);
        assert!(
            answer.stderr.contains("w.duckdb has no sparkify tables\n  hint: create it with `sparkify load`"),
            "{}",
            answer.stderr
        );
    }
}

#[test]
fn a_load_that_a_check_stops_commits_nothing_and_ends_with_4() {
    let site = site();
    tamper(&site, "delete from users");
    let before = site.checksums();
    site.put("log_data/2018-11-02-events.json", line(90_000, &[("userId", json!("9"))]));
    let stopped = site.load(&["--json"]).expect(4);
    assert_eq!(stopped.stdout, "");
    for text in [
        "error: the check level_now failed, so nothing was loaded: a user's current stay",
        "but 1 row offends\n  user_id: 7, problem: not in users",
        "hint: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone",
    ] {
        assert!(stopped.stderr.contains(text), "{text}: {}", stopped.stderr);
    }
    assert_eq!(site.checksums(), before);
    assert_eq!(site.number("select count(*) from load_runs"), 1);

    // Whoever must load nevertheless can; whoever wants it mended can as well.
    let mut load = site.command(&site.load_arguments(&[]));
    Answer::of(&load.env("SPARKIFY_CHECKS_IN_LOAD", "false").output().unwrap()).expect(0);
    ask(&site, &["check"]).expect(4);
    site.load(&["--full-refresh"]).expect(0);
    ask(&site, &["check"]).expect(0);
}

#[test]
fn a_replay_that_a_check_stops_commits_nothing() {
    let site = site();
    site.put("log_data/2018-11-02-events.json", line(90_000, &[]) + &line(3, &[("level", json!("paid"))]));
    site.load(&["--max-rejects", "1"]).expect(3);
    // What the line is in conflict with goes away, so it would load now.
    tamper(&site, "delete from songplays where item_in_session = 3");
    let stopped = site.run(&["rejects", "replay", "--warehouse", "w.duckdb"]).expect(4);
    assert!(stopped.stderr.contains("the check table_rows failed"), "{}", stopped.stderr);
    assert_eq!(site.number("select count(*) from load_rejects"), 1);
    assert_eq!(site.number("select count(*) from songplays"), 5);
}

// ----------------------------------------------------------------------------------------------------------- explain

#[test]
fn explain_tells_why_a_play_has_its_song() {
    let site = site();
    let id = site.number("select min(songplay_id) from songplays").to_string();
    let told = ask(&site, &["explain", "play", &id]).expect(0).stdout;
    for text in [
        "Its song is SO2: title and artist are equal as they arrived, and of the 2 songs that have them it is the nearest (0.25 s off in duration).",
        "log_data/2018-11-01-events.json",
        "line             1",
        "SO1",
    ] {
        assert!(told.contains(text), "{text}: {told}");
    }
    let answer = ask(&site, &["explain", "play", &id, "--json"]).expect(0).json();
    assert_eq!((&answer["play"]["song_id"], &answer["play"]["line"]), (&json!("SO2"), &json!(1)));
    let candidates: Vec<&Value> = answer["candidates"].as_array().unwrap().iter().map(|c| &c["song_id"]).collect();
    assert_eq!(candidates, ["SO2", "SO1"]);
    assert_eq!(answer["candidates"][1]["seconds_off"], 10.25);
}

#[test]
fn explain_tells_why_a_play_has_no_song_and_where_an_id_leads_that_is_no_play() {
    let site = site();
    let bad = line(0, &[]).replace("\"page\"", "page");
    let lines =
        [line(100, &[("artist", json!("B"))]), line(101, &[("page", json!("Home"))]), bad, line(102, &[("song", Value::Null)])];
    site.put("log_data/2018-11-02-events.json", lines.concat());
    site.load(&["--max-rejects", "1"]).expect(3);
    let id = |item: u32| site.number(&format!("select songplay_id from songplays where item_in_session = {item}"));
    let told = ask(&site, &["explain", "play", &id(100).to_string(), "--json"]).expect(0).json();
    assert_eq!(told["gist"], "It has no song: no song of the catalogue has its title and artist.");
    assert_eq!((&told["near"][0]["same"], told["near"].as_array().unwrap().len()), (&json!("title"), 2));
    let told = ask(&site, &["explain", "play", &id(102).to_string(), "--json"]).expect(0).json();
    assert_eq!(told["gist"], "It has no song: its line lacks the title or the artist.");

    for (id, wanted) in [
        (id(100) + 1, "is not a play: it is a view of the page Home"),
        (id(100) + 2, "was rejected: malformed JSON"),
        (id(100) + 50, "is a duplicate, is blank or does not exist"),
        (4711, "there is no play 4711"),
    ] {
        let answer = ask(&site, &["explain", "play", &id.to_string()]).expect(1);
        assert!(answer.stderr.contains(wanted) && answer.stderr.contains("hint: "), "{wanted}: {}", answer.stderr);
    }
    assert!(ask(&site, &["explain", "play", "S"]).expect(2).stderr.contains("invalid songplay_id `S`"));
    ask(&site, &["explain", "play", "-5"]).expect(1);
}

#[test]
fn explain_tells_of_songs_and_runs() {
    let site = site();
    let told = ask(&site, &["explain", "song", "s", "--json"]).expect(0).json();
    assert_eq!(told["gist"], "The catalogue has 2 songs of that title; 5 of its 5 plays have a song.");
    assert_eq!((&told["songs"][0]["song_id"], &told["plays"][0]["plays"]), (&json!("SO2"), &json!(5)));
    ask(&site, &["explain", "song", "S"]).expect(0);
    let missing = ask(&site, &["explain", "song", "nowhere"]).expect(1);
    assert!(missing.stderr.contains("there is no song and no play of the title nowhere"), "{}", missing.stderr);

    site.put("log_data/2018-11-02-events.json", line(3, &[]) + &line(200, &[]) + "x\n");
    site.load(&["--max-rejects", "1"]).expect(3);
    let run = site.sql("select run_id from load_runs order by started_at desc limit 1")[0]["run_id"].as_str().unwrap().to_owned();
    let told = ask(&site, &["explain", "run", &run, "--json"]).expect(0).json();
    assert_eq!(told["gist"], "A load that read 3 lines: 1 accepted, 1 duplicates, 1 rejected.");
    assert_eq!((&told["changes"]["plays"], &told["changes"]["plays_matched"]), (&json!(1), &json!(1)));
    assert_eq!((&told["unusual"][0]["rejected"], &told["rejects"][0]["times"]), (&json!(1), &json!(1)));
    assert!(ask(&site, &["explain", "run", &run[..run.len() - 1]]).expect(0).stdout.contains(&run));
    assert!(ask(&site, &["explain", "run", "0"]).expect(1).stderr.contains("several runs begin with 0"));
    assert!(ask(&site, &["explain", "run", "zz"]).expect(1).stderr.contains("`sparkify runs` lists them"));
}

// ------------------------------------------------------------------------------------------------------ hostile text

#[test]
fn text_from_the_logs_cannot_steer_the_terminal() {
    let hostile = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}abc\r\n'\"; drop table users; -- <script>| 👩\u{200d}🎤 שיר";
    let site = Site::new();
    let events = [
        line(0, &[("song", json!(hostile)), ("artist", json!(hostile)), ("length", json!(-1))]),
        line(1, &[("page", json!(hostile)), ("method", json!(hostile)), ("level", json!(hostile))]),
        line(2, &[("gender", json!(hostile)), ("auth", json!(hostile)), ("song", json!("near \u{1b}[2J"))]),
        "\u{1b}[2J broken\n".to_owned(),
    ];
    site.put("log_data/2018-11-01-events.json", events.concat());
    site.put("song_data/1.json", song("SO\u{1b}[5m", hostile, hostile, -1.0));
    let loaded = site.load(&["--max-rejects", "1"]).expect(3);
    let id = site.number("select min(songplay_id) from songplays").to_string();
    let run = site.sql("select run_id from load_runs")[0]["run_id"].as_str().unwrap().to_owned();
    tamper(&site, "update users set user_id = 8, level = '\u{1b}[7m'");
    for answer in [
        loaded,
        ask(&site, &["check"]).expect(4),
        ask(&site, &["check", "-v"]).expect(4),
        ask(&site, &["explain", "play", &id]).expect(0),
        ask(&site, &["explain", "song", hostile]).expect(0),
        ask(&site, &["explain", "song", "near"]).expect(1),
        ask(&site, &["explain", "song", "\u{1b}[31m nowhere"]).expect(1),
        ask(&site, &["explain", "run", &run]).expect(0),
        ask(&site, &["check", "\u{1b}[31m"]).expect(2),
    ] {
        let text = answer.stdout + &answer.stderr;
        let harmful = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(!text.contains(harmful), "{text}");
    }
    let told = ask(&site, &["explain", "play", &id, "--json"]).expect(0).json();
    assert_eq!(told["play"]["song"], hostile, "a script gets the text as it is");
    // Every line of a table is as wide as the others.
    let table = ask(&site, &["check"]).expect(4).stdout;
    let lines: Vec<&str> = table.lines().filter(|l| l.starts_with(['│', '┌', '└', '╞'])).collect();
    assert!(lines.len() > 44 && lines.iter().all(|l| l.ends_with(['│', '┐', '┘', '╡'])), "{table}");
}

// ------------------------------------------------------------------------------------------------ questions in plain SQL

/// Each question's number of rows on the real data, and its first rows.
const ANSWERS: [(&str, usize, &str); 10] = [
    ("average_session_by_user", 96, "82,Avery,Martinez,2,87,173.7\n95,Sara,Johnson,5,213,160.1\n15,Lily,Koch,12,463,159.2\n"),
    ("free_to_paid", 8, "29,Jacqueline,Lynch,2018-11-08 06:25:57.796,paid\n80,Tegan,Levine,2018-11-08 07:18:15.796,paid\n"),
    ("months_covered", 1, "2018,11,30,6820,2018-11-01 21:01:46.796,2018-11-30 19:54:24.796\n"),
    ("null_checks", 1, "6820,6819,0,0,0,0,0\n"),
    ("plays_by_level_and_gender", 4, "free,F,593,45\nfree,M,636,37\npaid,F,4294,15\npaid,M,1297,7\n"),
    ("plays_by_user", 96, "49,Chloe,Cuevas,paid,689\n80,Tegan,Levine,paid,665\n97,Kate,Harrell,paid,557\n"),
    ("plays_by_weekday_and_hour", 168, "1,0,6\n1,1,11\n1,2,36\n1,3,22\n"),
    ("top_artists", 20, "Coldplay,58,24,22\nKings Of Leon,55,19,19\nDwight Yoakam,38,2,22\n"),
    ("top_songs", 20, "You're The One,Dwight Yoakam,37,22\nUndo,Björk,28,14\nRevelry,Kings Of Leon,27,12\n"),
    ("top_songs_of_the_catalogue", 1, "Setanta matins,Elena,,1,1\n"),
];

fn questions() -> Vec<(String, String)> {
    let folder = repository().join("examples/queries");
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn every_question_has_a_known_answer() {
    let names: Vec<String> = questions().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ANSWERS.map(|(name, ..)| name));
}

#[test]
fn the_questions_are_answered_on_the_real_data() {
    let Some(folder) = real_data() else { return };
    let site = Site::new();
    let (logs, songs) = (folder.join("log_data"), folder.join("song_data"));
    let arguments = ["load", "--warehouse", "w.duckdb", "--logs", logs.to_str().unwrap(), "--songs", songs.to_str().unwrap()];
    site.run(&arguments).expect(0);
    for ((name, text), (_, rows, first)) in questions().iter().zip(ANSWERS) {
        let answer = ask(&site, &["sql", text, "--format", "csv"]).expect(0).stdout;
        let answer = answer.split_once('\n').unwrap().1;
        assert!(answer.starts_with(first), "{name}: {answer}");
        assert_eq!(answer.lines().count(), rows, "{name}");
    }
    ask(&site, &["check"]).expect(0);
    let id = site.number("select songplay_id from songplays where song_id is not null").to_string();
    let told = ask(&site, &["explain", "play", &id, "--json"]).expect(0).json();
    let file = told["play"]["file"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    let line = told["play"]["line"].as_u64().unwrap() as usize;
    let text = fs::read_to_string(file).unwrap();
    assert!(text.lines().nth(line - 1).unwrap().contains("\"Setanta matins\""), "the line that it names is the play's");
}
