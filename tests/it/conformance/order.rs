//! Loading twice is loading once, in whatever order, however late.

use serde_json::json;

use super::NewSite;
use super::answers::{copy_sources, demo_month};
use crate::support::generate::{Event, Random, Song, content};
use crate::support::warehouse::{Site, files_below};

fn event(user: u8, session: u8, item: u8, instant: u8, variant: u8) -> Event {
    Event { user, session, item, instant, variant }
}

fn ledger(site: &Site) -> serde_json::Value {
    site.sql("select * from load_runs order by run_id")
}

pub fn a_second_load_changes_nothing(new_site: NewSite<'_>) {
    let site = new_site();
    demo_month(&site);
    site.load(&[]).expect(0);
    let (tables, runs) = (site.tables(), ledger(&site));
    let again = site.load(&[]).expect(0);
    assert!(again.stdout.starts_with("0 new files"), "{}", again.stdout);
    assert_eq!((site.tables(), ledger(&site)), (tables.clone(), runs));

    // A file of another version is read again, and every event of it is known.
    let file = files_below(&site.path("log_data")).swap_remove(0);
    let lines = String::from_utf8_lossy(&file.bytes).lines().count();
    let name = file.url.strip_prefix(&format!("{}/", site.root().display())).unwrap().to_owned();
    site.put_at(&name, &file.bytes, 1_700_000_000);
    let report = site.load(&["--json"]).expect(0).json();
    assert_eq!((&report["files_loaded"], &report["duplicates"], &report["accepted"]), (&json!(1), &json!(lines), &json!(0)));
    assert_eq!(site.tables(), tables);
    site.check_invariants();
}

pub fn the_order_of_files_does_not_matter(new_site: NewSite<'_>) {
    let at_once = new_site();
    demo_month(&at_once);
    at_once.load(&[]).expect(0);
    let wanted = at_once.digest();
    let files = files_below(&at_once.path("log_data"));

    let newest_first = new_site();
    for (number, days) in files.rchunks(6).enumerate() {
        for file in days {
            let name = file.url.rsplit('/').next().unwrap();
            newest_first.put(&format!("log_data/{number}/{name}"), &file.bytes);
        }
        newest_first.load(&[]).expect(0);
    }
    for file in files_below(&at_once.path("song_data")) {
        newest_first.put(&format!("song_data/{}", file.url.rsplit('/').next().unwrap()), &file.bytes);
    }
    newest_first.load(&[]).expect(0);
    assert_eq!(newest_first.digest(), wanted, "newest first, songs last");
    newest_first.check_invariants();

    let twice = new_site();
    copy_sources(&at_once, &twice);
    for file in &files {
        twice.put(&format!("log_data/again/{}", file.url.rsplit('/').next().unwrap()), &file.bytes);
    }
    let report = twice.load(&["--json"]).expect(0).json();
    assert_eq!(report["accepted"], report["duplicates"], "every file twice");
    assert_eq!(twice.digest(), wanted, "every file twice");
}

pub fn packed_files_are_files(new_site: NewSite<'_>) {
    let plain = new_site();
    demo_month(&plain);
    plain.load(&[]).expect(0);
    let packed = new_site();
    copy_sources(&plain, &packed);
    let (mut gzip, mut zstd) = (0, 0);
    for (number, file) in files_below(&packed.path("log_data")).into_iter().enumerate() {
        let ending = match number % 3 {
            0 => continue,
            1 => "gz",
            _ => "zst",
        };
        let bytes = if ending == "gz" {
            gzip += 1;
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packer, &file.bytes).unwrap();
            packer.finish().unwrap()
        } else {
            zstd += 1;
            zstd::encode_all(&file.bytes[..], 1).unwrap()
        };
        std::fs::write(format!("{}.{ending}", file.url), bytes).unwrap();
        std::fs::remove_file(&file.url).unwrap();
    }
    assert!(gzip > 5 && zstd > 5);
    // One more, in which nothing is.
    packed.put(
        "log_data/quiet-day.json.gz",
        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()).finish().unwrap(),
    );
    packed.load(&[]).expect(0);
    assert_eq!(packed.digest(), plain.digest());
    assert_eq!(packed.number("select lines from load_files where url like '%quiet-day.json.gz'"), 0);
    let lines = "select cast(sum(lines) as bigint) as n from load_files where input <> 'song'";
    assert_eq!(packed.number(lines), plain.number(lines));
    packed.check_invariants();
}

pub fn a_late_day_heals(new_site: NewSite<'_>) {
    let site = new_site();
    let line = |day: u32, item: u32, level: &str, name: &str| {
        let ts = 1_541_000_000_000 + i64::from(day) * 86_400_000;
        format!(
            "{{\"ts\":{ts},\"userId\":\"7\",\"sessionId\":{day},\"itemInSession\":{item},\"page\":\"Home\",\"level\":\"{level}\",\"firstName\":\"{name}\"}}\n"
        )
    };
    let stays =
        "select level, cast(valid_from as date) - date '2018-10-31' as since, is_current from user_levels order by valid_from";
    site.put("log_data/1.json", line(1, 0, "free", "Old"));
    site.put("log_data/9.json", line(9, 0, "free", "New"));
    site.load(&[]).expect(0);
    assert_eq!(site.sql(stays), json!([{"level": "free", "since": 1, "is_current": true}]));
    // The day between brings a stay that nobody knew of, and must not turn the user back.
    site.put("log_data/5.json", line(5, 0, "paid", "Between"));
    site.load(&[]).expect(0);
    let wanted = json!([
        {"level": "free", "since": 1, "is_current": false},
        {"level": "paid", "since": 5, "is_current": false},
        {"level": "free", "since": 9, "is_current": true},
    ]);
    assert_eq!(site.sql(stays), wanted);
    assert_eq!(site.sql("select first_name, level from users"), json!([{"first_name": "New", "level": "free"}]));
    site.check_invariants();
}

/// Songs told again and again: on one line, on several, in several files whose times go against their names, and brought in
/// any order. The file whose name comes last says how a song is, and in it the last record.
pub fn of_a_song_told_twice_the_last_is_true(new_site: NewSite<'_>) {
    for seed in 0..3 {
        let mut random = Random::new(40 + seed);
        let mut told = std::collections::BTreeMap::new();
        let mut files = Vec::new();
        for file in 0..4 {
            let (mut text, mut records) = (String::new(), 0);
            while records < 9 {
                let song = random.below(5);
                let artist = random.below(3);
                let title = format!("{file}/{records}");
                let line = json!({
                    "song_id": format!("SO{song}"), "title": title, "artist_id": format!("AR{artist}"),
                    "artist_name": format!("name {}", random.below(3)), "artist_location": format!("at {title}"),
                    "duration": 100.5 + f64::from(records), "year": 0, "num_songs": 1,
                });
                text.push_str(&line.to_string());
                text.push_str(["", " ", "\n"][random.below(3)]);
                told.insert(format!("SO{song}"), title);
                records += 1;
            }
            files.push((format!("song_data/{file}.json"), text, 1_600_000_000 - 1000 * i64::from(file)));
        }
        let wanted: Vec<_> = told.iter().map(|(id, title)| json!({"song_id": id, "title": title})).collect();
        let songs = "select song_id, title from songs order by song_id";
        let at_once = new_site();
        for (name, text, modified) in &files {
            at_once.put_at(name, text, *modified);
        }
        at_once.load(&[]).expect(0);
        assert_eq!(at_once.sql(songs), json!(wanted), "seed {seed}, at once");
        let one_by_one = new_site();
        let mut left: Vec<_> = files.iter().collect();
        while !left.is_empty() {
            let (name, text, modified) = left.swap_remove(random.below(left.len()));
            one_by_one.put_at(name, text, *modified);
            one_by_one.load(&[]).expect(0);
        }
        assert_eq!(one_by_one.sql(songs), json!(wanted), "seed {seed}, one by one");
        assert_eq!(one_by_one.digest(), at_once.digest(), "seed {seed}");
        one_by_one.check_invariants();
    }
}

/// A song's record, with its title under another key where it is to be refused.
fn told(id: &str, key: &str, title: &str, more: &str) -> String {
    format!("{{\"song_id\":\"{id}\",\"{key}\":\"{title}\",\"artist_id\":\"AR1\",\"artist_name\":\"A\"{more}}}\n")
}

/// A song counts once, however many files tell it differently, in whatever order they come; of one file its last word counts.
pub fn songs_that_files_tell_differently_are_counted(new_site: NewSite<'_>) {
    let good = |id: &str, title: &str, more: &str| told(id, "title", title, more);
    let same = good("SO2", "same", ",\"duration\":1.5,\"artist_location\":\"\"");
    let files = [
        [good("SO1", "A", ""), same.clone(), good("SO3", "x", ""), good("SO3", "y", ""), good("SO4", "Z", ",\"year\":1997")],
        [good("SO1", "B", ""), same, good("SO3", "y", ""), good("SO4", "Z", ",\"year\":0"), good("SO5", "end", "")],
        [good("SO1", "A", ""), good("SO5", "end ", ""), String::new(), String::new(), String::new()],
    ]
    .map(|lines| lines.concat());
    let name = |file: usize| format!("song_data/{file}.json");
    let at_once = new_site();
    for (file, text) in files.iter().enumerate() {
        at_once.put_at(&name(file), text, 1_600_000_000);
    }
    let dry = at_once.load(&["--dry-run"]).expect(0).stdout;
    assert!(dry.contains("-- transform/count_differing_songs\n"), "{dry}");
    let loaded = at_once.load(&[]).expect(0).stdout;
    let line = "  differing   3 songs are told differently by files; the one whose name comes last is right\n";
    assert!(loaded.contains(line), "{loaded}");
    // Again: of what the warehouse had before, the file that has the say is known.
    at_once.put_at(&name(1), &files[1], 1_700_000_000);
    assert_eq!(at_once.load(&["--json"]).expect(0).json()["songs_differing"], 2);
    assert_eq!(at_once.load(&["--full-refresh", "--json"]).expect(0).json()["songs_differing"], 3);

    let one_by_one = new_site();
    for (file, wanted) in [(2, 0), (0, 0), (1, 3)] {
        one_by_one.put_at(&name(file), &files[file], 1_600_000_000);
        assert_eq!(one_by_one.load(&["--json"]).expect(0).json()["songs_differing"], wanted, "file {file}");
    }
    assert_eq!(one_by_one.digest(), at_once.digest());
}

/// What a line says that is tried again is what it would have said at its time: a later line of its file, a newer version of
/// the file, and a file whose name comes later have overruled it.
pub fn a_line_that_is_tried_again_overrules_no_later_one(new_site: NewSite<'_>) {
    let site = new_site();
    let (good, bad) =
        (|id: &str, title: &str| told(id, "title", title, ""), |id: &str, title: &str| told(id, "titel", title, ""));
    let old = 1_600_000_000;
    site.put_at("song_data/a.json", bad("SO1", "earlier") + &good("SO1", "later"), old);
    site.put_at("song_data/b.json", good("SO2", "earlier") + &bad("SO2", "later"), old);
    site.put_at("song_data/c.json", good("SO3", "old") + &bad("SO3", "old too"), old);
    site.put_at("song_data/d.json", good("SO5", "five") + &good("SO6", "six") + &good("SO4", "old"), old);
    site.put_at("song_data/e.json", bad("SO7", "e"), old);
    site.put_at("song_data/f.json", good("SO7", "f"), old);
    assert_eq!(site.load(&["--json"]).expect(3).json()["songs_rejected"], 4);
    site.put("song_data/c.json", good("SO3", "new"));
    site.put("song_data/d.json", bad("SO4", "new") + &good("SO5", "five") + &good("SO6", "six"));
    assert_eq!(site.load(&["--json"]).expect(3).json()["songs_rejected"], 1);

    super::refusals::change(&site, "update load_rejects set raw = replace(raw, 'titel', 'title')");
    let report = site.run(&["rejects", "replay", "--json", "--warehouse", &site.warehouse]).expect(0).json();
    let counts = ["song_records", "songs_rejected", "songs_differing"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(counts, [5, 0, 1], "{report}");
    let titles = site.sql("select title from songs order by song_id");
    let titles: Vec<&str> = titles.as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["later", "later", "new", "new", "five", "six", "f"]);
    assert_eq!(site.number("select count(*) from load_rejects"), 0);
    site.check_invariants();
}

pub fn songs_that_come_late_or_change_move_their_plays(new_site: NewSite<'_>) {
    let site = new_site();
    let play = |item: u32, song: &str, length: f64| {
        let ts = 1_541_106_106_796_i64 + i64::from(item);
        format!(
            "{{\"ts\":{ts},\"userId\":\"1\",\"sessionId\":1,\"itemInSession\":{item},\"page\":\"NextSong\",\"song\":\"{song}\",\"artist\":\"Björk\",\"length\":{length}}}\n"
        )
    };
    let song = |id: &str, title: &str, duration: f64| {
        json!({"song_id": id, "artist_id": "AR1", "artist_name": "Björk", "title": title, "duration": duration, "year": 1997})
            .to_string()
    };
    let linked = || {
        let rows = site.sql("select item_in_session, song_id, match_method from songplays order by item_in_session");
        let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| format!("{} {}", text(row, "song_id"), text(row, "match_method")))
            .collect::<Vec<_>>()
    };
    site.put("log_data/1.json", [play(0, "Jóga", 300.0), play(1, "J\u{c3}\u{b3}ga", 305.0), play(2, "Hunter", 1.0)].concat());
    site.load(&[]).expect(0);
    assert_eq!(linked(), ["- -", "- -", "- -"]);
    site.put_at("song_data/a.json", song("SOB", "Jóga", 300.0), 1_600_000_000);
    site.load(&[]).expect(0);
    assert_eq!(linked(), ["SOB exact", "SOB repaired", "- -"]);
    // A rival that is nearer to the second play's length; between equals the lowest id wins.
    site.put_at("song_data/b.json", song("SOA", "Jóga", 305.0), 1_600_000_001);
    site.put_at("song_data/c.json", song("SOC", "Jóga", 305.0), 1_600_000_002);
    site.load(&[]).expect(0);
    assert_eq!(linked(), ["SOB exact", "SOA repaired", "- -"]);
    // The first song turns into another one.
    site.put_at("song_data/a.json", song("SOB", "Hunter", 300.0), 1_600_000_003);
    site.load(&[]).expect(0);
    assert_eq!(linked(), ["SOA exact", "SOA repaired", "SOB exact"]);
    site.check_invariants();
    site.run(&["check", "--warehouse", &site.warehouse]).expect(0);
}

pub fn repeated_lines_are_told_from_conflicting_ones(new_site: NewSite<'_>) {
    let site = new_site();
    let first = event(1, 1, 0, 3, 0);
    site.put("log_data/1.json", content([first, event(2, 1, 1, 4, 0), first].map(Event::line)));
    let report = site.load(&["--json"]).expect(0).json();
    assert_eq!((&report["accepted"], &report["duplicates"]), (&json!(2), &json!(1)));
    // Known from an earlier run, in conflict with it, in conflict within the file, a visitor, and a new one.
    let lines =
        [first, event(1, 1, 0, 3, 1), event(3, 2, 0, 5, 0), event(3, 2, 0, 5, 1), event(0, 2, 1, 6, 0), event(4, 2, 2, 7, 0)];
    site.put("log_data/2.json", content(lines.map(Event::line)));
    let report = site.load(&["--json", "--max-rejects", "2"]).expect(3).json();
    assert_eq!((&report["accepted"], &report["duplicates"], &report["rejected"]), (&json!(3), &json!(1), &json!(2)), "{report}");
    let conflicts = site.sql("select line, raw from load_rejects order by line");
    assert_eq!(conflicts, json!([{"line": 2, "raw": lines[1].line()}, {"line": 4, "raw": lines[3].line()}]));
    site.check_invariants();
}

pub fn a_full_refresh_makes_the_same_tables_anew(new_site: NewSite<'_>) {
    let site = new_site();
    site.put("log_data/1.json", content((0..40).map(|i| event(i % 4, i % 3, i, i, 0).line())));
    site.put("song_data/1.json", content((0..12).map(|id| Song { id, variant: 1 }.line())));
    site.load(&[]).expect(0);
    let (digest, highest) = (site.digest(), site.number("select max(songplay_id) from songplays"));
    let report = site.load(&["--full-refresh", "--json"]).expect(0).json();
    assert_eq!(report["files_loaded"], 2);
    assert_eq!(site.digest(), digest);
    assert!(site.number("select min(songplay_id) from songplays") > highest, "an id was used again");
    assert_eq!(site.number("select count(*) from load_files"), 2);
    assert_eq!(site.number("select count(*) from load_runs"), 2);
    site.check_invariants();
}
