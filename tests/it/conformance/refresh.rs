//! A full refresh deletes nothing that it cannot load again, unless it is told to.

use std::fs;

use serde_json::{Value, json};

use super::NewSite;
use crate::support::generate::content;
use crate::support::warehouse::{Answer, Site};

const DAY_MS: i64 = 86_400_000;
const FIRST_MS: i64 = 1_541_062_800_000;
const SONGS: u8 = 4;

/// A play of a song that the catalogue has.
fn play(day: i64, item: i64) -> String {
    let song = item % i64::from(SONGS);
    json!({
        "ts": FIRST_MS + day * DAY_MS + item * 60_000, "page": "NextSong", "userId": (1 + item % 3).to_string(),
        "sessionId": day * 10 + item % 3, "itemInSession": item, "level": "free", "auth": "Logged In", "method": "PUT",
        "status": 200, "song": format!("Title {song}"), "artist": "Artist", "length": 100.5,
    })
    .to_string()
}

fn song(number: u8) -> String {
    json!({
        "num_songs": 1, "song_id": format!("SO{number}"), "title": format!("Title {number}"), "artist_id": "AR1",
        "artist_name": "Artist", "artist_latitude": null, "artist_longitude": null, "artist_location": "", "duration": 100.5,
        "year": 2000,
    })
    .to_string()
}

fn day_file(day: i64) -> String {
    format!("log_data/2018/11/2018-11-0{}-events.json", day + 1)
}

/// Five days of twelve plays, and a file for each of four songs.
fn five_days(site: &Site) {
    for day in 0..5 {
        site.put(&day_file(day), content((0..12).map(|item| play(day, item))));
    }
    for number in 0..SONGS {
        site.put(&format!("song_data/A/{number}.json"), song(number));
    }
    site.load(&[]).expect(0);
}

/// All that a refused refresh must leave.
fn state(site: &Site) -> (Value, Value, Value) {
    (
        site.digest(),
        site.sql("select url, file_no, input, accepted, rejected from load_files order by file_no"),
        site.sql("select run_id, kind from load_runs order by started_at"),
    )
}

/// A load of one kind of source alone.
fn load_only(site: &Site, kind: &str, more: &[&str]) -> Answer {
    let mut arguments = site.load_arguments(more);
    let at = arguments.iter().position(|argument| *argument == if kind == "--logs" { "--songs" } else { "--logs" }).unwrap();
    arguments.drain(at..at + 2);
    site.run(&arguments)
}

pub fn what_the_sources_no_longer_hold_is_not_deleted_unsaid(new_site: NewSite<'_>) {
    let site = new_site();
    five_days(&site);
    let before = state(&site);
    for day in 0..3 {
        fs::remove_file(site.path(&day_file(day))).unwrap();
    }
    fs::remove_file(site.path("song_data/A/0.json")).unwrap();

    let refused = site.load(&["--full-refresh"]).expect(1);
    for text in
        ["4 files that the sources no longer hold", "1 song", "2018-11-01-events.json", "song_data/A/0.json", "--forget-missing"]
    {
        assert!(refused.stderr.contains(text), "{text}: {}", refused.stderr);
    }
    assert_eq!((state(&site), refused.stdout.as_str()), (before.clone(), ""));

    let refused = site.load(&["--full-refresh", "--json"]).expect(1);
    let report = refused.json();
    let lost = &report["would_forget"];
    assert_eq!(
        (&report["status"], &lost["files"], &lost["events"], &lost["songs"]),
        (&json!("refused"), &json!(4), &json!(36), &json!(1))
    );
    // A cluster that read the files itself, all in one COPY, does not know which of their rows is whose.
    let counted = (lost["plays"].as_u64(), lost["page_views"].as_u64(), lost["days"].as_u64());
    let known = if lost["exact"] == json!(true) { (Some(36), Some(0), Some(3)) } else { (Some(0), Some(0), Some(0)) };
    assert_eq!(counted, known, "{lost}");
    assert_eq!(lost["first_files"].as_array().unwrap().len(), 4);
    if lost["exact"] == json!(true) {
        assert_eq!((&lost["first_day"], &lost["last_day"]), (&json!("2018-11-01"), &json!("2018-11-03")));
        assert!(refused.stderr.contains("36 plays and 0 page views of 3 days (2018-11-01 to 2018-11-03)"), "{}", refused.stderr);
    }

    let script = site.load(&["--full-refresh", "--dry-run"]).expect(0).stdout;
    assert!(script.contains("-- would forget 4 files that the sources no longer hold"), "{script}");
    assert!(script.contains("would be refused") && !script.contains("delete from songplays"), "{script}");
    let script = site.load(&["--full-refresh", "--dry-run", "--forget-missing"]).expect(0).stdout;
    assert!(script.contains("-- would forget 4 files") && script.contains("delete from songplays"), "{script}");
    assert_eq!(state(&site), before);

    // A load as every night keeps them as well, and refuses a flag that means nothing there.
    site.load(&[]).expect(0);
    site.load(&["--forget-missing"]).expect(2);
    assert_eq!(site.number("select count(*) from songplays"), 60);
    site.load(&["--full-refresh", "--forget-missing"]).expect(0);
    assert_eq!(site.number("select count(*) from songplays"), 24);
    assert_eq!(site.number("select count(*) from load_files"), 5);
    site.check_invariants();
    site.load(&["--full-refresh"]).expect(0);
    assert_eq!(site.number("select count(*) from songplays"), 24);
}

pub fn a_moved_folder_is_no_folder(new_site: NewSite<'_>) {
    let site = new_site();
    five_days(&site);
    let before = state(&site);
    for (from, to) in [("log_data/2018", "log_data/moved"), ("song_data/A", "song_data/B")] {
        fs::rename(site.path(from), site.path(to)).unwrap();
    }
    let lost = site.load(&["--full-refresh", "--json"]).expect(1).json();
    let lost = &lost["would_forget"];
    // All that one COPY read is lost, so that its rows are known.
    let counts = ["files", "events", "plays", "days", "songs"].map(|key| lost[key].as_u64().unwrap());
    assert_eq!((counts, &lost["exact"]), ([9, 60, 60, 5, 4], &json!(true)), "{lost}");
    assert_eq!(state(&site), before);
    site.load(&["--full-refresh", "--forget-missing"]).expect(0);
    assert_eq!(site.digest(), before.0, "what has moved is loaded from its new place");
    site.check_invariants();
}

pub fn a_kind_that_is_not_given_keeps_its_rows(new_site: NewSite<'_>) {
    let site = new_site();
    five_days(&site);
    site.put("log_data/bad.json", format!("{}\nnonsense\n", play(1, 20)));
    site.put("song_data/bad.json", format!("{}\n{{\"song_id\":\"S2\"}}\n", song(5)));
    site.load(&["--max-rejects", "2"]).expect(3);
    let star = site.digest();
    let files = || site.sql("select url, input, accepted from load_files order by url");
    let rejects = || site.sql("select url, reason from load_rejects order by url");
    let (files_before, rejects_before) = (files(), rejects());
    let numbers = |input: &str| {
        site.sql(&format!("select file_no from load_files where (input = 'song') = {} order by file_no", input == "song"))
    };
    for (given, kept) in [("--logs", "song"), ("--songs", "log")] {
        let (kept_numbers, highest) = (numbers(kept), site.number("select max(file_no) from load_files"));
        let other = numbers(if kept == "song" { "log" } else { "song" });
        load_only(&site, given, &["--full-refresh", "--max-rejects", "2"]).expect(3);
        assert_eq!((site.digest(), files(), rejects()), (star.clone(), files_before.clone(), rejects_before.clone()), "{given}");
        assert_eq!(numbers(kept), kept_numbers, "{given}");
        assert_ne!(numbers(if kept == "song" { "log" } else { "song" }), other, "{given}: they were loaded anew");
        assert!(site.number("select max(file_no) from load_files") > highest, "{given}: numbers are never used again");
        assert_eq!(site.number("select count(*) - count(distinct file_no) from load_files"), 0);
        assert!(site.number("select count(song_id) from songplays") > 60, "{given}: plays are linked");
        site.check_invariants();
        site.run(&["check", "--warehouse", &site.warehouse]).expect(0);
    }
    // The next load finds all files known.
    assert_eq!(site.load(&["--json"]).expect(0).json()["status"], "nothing_new");
    // A song that is gone on purpose takes its links with it, and nothing else.
    fs::remove_file(site.path("song_data/A/0.json")).unwrap();
    load_only(&site, "--songs", &["--full-refresh", "--max-rejects", "2"]).expect(1);
    load_only(&site, "--songs", &["--full-refresh", "--forget-missing", "--max-rejects", "2"]).expect(3);
    assert_eq!(site.number("select count(*) from songplays"), 61);
    assert_eq!(site.number("select count(*) from songplays where song = 'Title 0' and song_id is null"), 16);
    assert_eq!(site.number("select count(*) from songplays where song <> 'Title 0' and song_id is null"), 0);
    site.check_invariants();
}

pub fn a_file_that_cannot_be_read_keeps_its_rows(new_site: NewSite<'_>) {
    let site = new_site();
    five_days(&site);
    let before = state(&site);
    // Their content is half of a packed file now.
    let spoilt = |lines: String| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, lines.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        packed[..packed.len() / 2].to_vec()
    };
    site.put("log_data/new.json.gz", spoilt(content((0..400).map(|item| play(6, item)))));
    // One that was never loaded is left out, as in every load.
    let report = site.load(&["--full-refresh", "--skip-bad-files", "--json"]).expect(3).json();
    assert_eq!(report["accepted"], 60);
    assert_eq!(site.digest(), before.0);
    fs::remove_file(site.path("log_data/new.json.gz")).unwrap();

    let whole = content((0..12).map(|item| play(9, item)));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, whole.as_bytes()).unwrap();
    site.put("log_data/packed.json.gz", packed.finish().unwrap());
    site.load(&[]).expect(0);
    let before = state(&site);
    site.put("log_data/packed.json.gz", spoilt(content((0..400).map(|item| play(9, item)))));
    site.load(&["--full-refresh"]).expect(1);
    let refused = site.load(&["--full-refresh", "--skip-bad-files", "--json"]).expect(1);
    assert_eq!(refused.json()["would_forget"]["files"], 1, "{}", refused.stdout);
    assert!(refused.stderr.contains("1 file that cannot be read"), "{}", refused.stderr);
    assert!(refused.stderr.contains("packed.json.gz: "), "{}", refused.stderr);
    assert_eq!(state(&site), before);
    let report = site.load(&["--full-refresh", "--skip-bad-files", "--forget-missing", "--json"]).expect(3).json();
    assert_eq!((&report["accepted"], site.number("select count(*) from songplays")), (&json!(60), 60));
    site.check_invariants();
}
