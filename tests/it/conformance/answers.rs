//! The same rows and the same answers, whatever the engine.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sparkify::insights::catalogue;

use super::NewSite;
use crate::differential::{hostile_log, hostile_songs};
use crate::support::generate::Random;
use crate::support::oracle::{File, Oracle};
use crate::support::warehouse::{Site, assert_same, files_below, unbound_parameter};
use crate::support::{made_up, real_data};

/// The demo's month as a site's sources.
pub fn demo_month(site: &Site) {
    site.run(&["simulate", "--out", ".", "--users", "60", "--from", "2026-01-01", "--to", "2026-02-01", "--seed", "4"]).expect(0);
}

/// The same sources in another site.
pub fn copy_sources(from: &Site, to: &Site) {
    for folder in ["log_data", "song_data"] {
        for file in files_below(&from.path(folder)) {
            let name = std::path::Path::new(&file.url).strip_prefix(from.root()).unwrap().to_str().unwrap().to_owned();
            to.put_at(&name, &file.bytes, file.modified / 1_000_000);
        }
    }
}

pub fn real_data_has_its_known_answers(new_site: NewSite<'_>) {
    let Some(folder) = real_data() else { return };
    let site = new_site();
    let (logs, songs) = (folder.join("log_data").display().to_string(), folder.join("song_data").display().to_string());
    let arguments = ["load", "--json", "--warehouse", &site.warehouse, "--logs", &logs, "--songs", &songs];
    let report = site.run(&arguments).expect(0).json();
    for (key, want) in
        [("lines", 8056), ("accepted", 8056), ("rejected", 0), ("songplays_added", 6820), ("page_views_added", 1236)]
    {
        assert_eq!(report[key], want, "{key}");
    }
    let counts = "select (select count(*) from users) as users, (select count(*) from songs) as songs, \
                  (select count(*) from artists) as artists, (select count(*) from time) as times, \
                  (select count(song_id) from songplays) as matched, \
                  (select count(*) from users where level = 'paid') as paid, \
                  (select count(*) from (select user_id from user_levels group by user_id having count(*) > 1) as c) as changed";
    let wanted = json!([{"users": 97, "songs": 71, "artists": 69, "times": 6813, "matched": 1, "paid": 22, "changed": 8}]);
    assert_eq!(site.sql(counts), wanted);
    let mut oracle = Oracle::default();
    oracle.load(&files_below(&folder.join("log_data")), &files_below(&folder.join("song_data")));
    assert_same(&site.tables(), &oracle.tables(), "the real data");
    site.check_invariants();
    let before = site.digest();
    let report = site.run(&arguments).expect(0).json();
    assert_eq!((&report["status"], &report["files_loaded"]), (&json!("nothing_new"), &json!(0)));
    assert_eq!(site.digest(), before);
}

pub fn hostile_lines_end_as_the_contract_says(new_site: NewSite<'_>) {
    let (mut accepted, mut rejected) = (0, 0);
    for seed in 100..103 {
        let mut random = Random::new(seed);
        let site = new_site();
        let mut oracle = Oracle::default();
        for run in 0..3 {
            let file = |name: &str, modified: i64, bytes: Vec<u8>| {
                site.put_at(name, &bytes, modified);
                File { url: site.path(name).display().to_string(), modified: modified * 1_000_000, bytes }
            };
            let day = random.below(20);
            let logs = [file(&format!("log_data/{day:02}-{run}.json"), 1_600_000_000, hostile_log(&mut random, 150))];
            let modified = 1_600_000_000 + run * 1000;
            let songs = [file(&format!("song_data/{}.json", random.below(3)), modified, hostile_songs(&mut random, 8))];
            let answer = site.load(&["--json", "--max-rejects", "100%"]);
            assert!(matches!(answer.code, 0 | 3), "seed {seed}: {}", answer.stderr);
            let (report, counts) = (answer.json(), oracle.load(&logs, &songs));
            for (key, want) in [
                ("accepted", counts.accepted),
                ("duplicates", counts.duplicates),
                ("rejected", counts.rejected),
                ("songs_differing", counts.songs_differing),
            ] {
                assert_eq!(report[key], want, "seed {seed}, run {run}: {key}");
            }
            assert_same(&site.tables(), &oracle.tables(), &format!("seed {seed}, run {run}"));
            site.check_invariants();
            accepted += counts.accepted;
            rejected += counts.rejected;
        }
    }
    assert!(accepted > 100 && rejected > 100, "{accepted} {rejected}: too tame");
}

pub fn digests_are_those_of_duckdb(new_site: NewSite<'_>) {
    let reference = Site::new();
    demo_month(&reference);
    let mut random = Random::new(7);
    reference.put_at("log_data/hostile.json", hostile_log(&mut random, 300), 1_600_000_000);
    reference.put_at("song_data/hostile.json", hostile_songs(&mut random, 30), 1_600_000_000);
    let site = new_site();
    copy_sources(&reference, &site);
    for site in [&reference, &site] {
        site.load(&["--max-rejects", "100%"]).expect(3);
    }
    let digest = reference.digest();
    assert_eq!(site.digest(), digest);
    let tables: Vec<&str> = digest.as_array().unwrap().iter().map(|row| row["table"].as_str().unwrap()).collect();
    assert_eq!(tables, ["songplays", "page_views", "users", "user_levels", "songs", "artists", "time", "tracks"]);
    assert!(digest.as_array().unwrap().iter().all(|row| row["rows"].as_u64() > Some(10)), "{digest}");

    // A digest tells rows that differ in a single value.
    site.put(
        "log_data/one-more.json",
        "{\"ts\":1600000000000,\"userId\":\"1\",\"sessionId\":1,\"itemInSession\":0,\"page\":\"Home\"}\n",
    );
    site.load(&[]).expect(0);
    let changed = site.digest();
    for (before, after) in digest.as_array().unwrap().iter().zip(changed.as_array().unwrap()) {
        assert_eq!(before != after, before["table"] == "page_views", "{before} {after}");
    }
}

pub fn insights_and_checks_answer_as_on_duckdb(new_site: NewSite<'_>) {
    let reference = Site::new();
    demo_month(&reference);
    reference.put_at("log_data/weeks.json", made_up::weeks(), 1_600_000_000);
    let site = new_site();
    copy_sources(&reference, &site);
    let answers = |site: &Site| {
        site.load(&[]).expect(0);
        let ask = |arguments: &[&str]| {
            let mut arguments = arguments.to_vec();
            arguments.extend(["--format", "json", "--warehouse", &site.warehouse]);
            let mut answer = site.run(&arguments).expect(0).json();
            answer.as_array_mut().unwrap().iter_mut().for_each(|insight| insight["footing"]["run_id"] = Value::Null);
            answer
        };
        let insights = [
            ask(&["insights"]),
            ask(&["insights", "--level", "paid", "--top", "3"]),
            ask(&["insights", "--from", "2018-12-20", "--to", "2019-01-09"]),
        ];
        let checks = site.run(&["check", "--json", "--warehouse", &site.warehouse]).json();
        let checks: Vec<Value> = checks["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|check| json!([check["check"], check["status"], check["rows"], check["sample"]]))
            .collect();
        (insights, checks)
    };
    let ((insights, checks), (wanted_insights, wanted_checks)) = (answers(&site), answers(&reference));
    assert_eq!(insights[0].as_array().unwrap().len(), catalogue::all().len());
    for (found, wanted) in insights.iter().zip(&wanted_insights) {
        for (found, wanted) in found.as_array().unwrap().iter().zip(wanted.as_array().unwrap()) {
            assert_eq!(found, wanted, "{}", wanted["insight"]);
        }
    }
    assert!(checks.len() > 40);
    assert_eq!(checks, wanted_checks);
}

/// A title is found in whatever case it is asked for, whatever letters it has and whatever the database's language is; what
/// differs in more than case is another one.
pub fn titles_are_found_in_any_case(new_site: NewSite<'_>) {
    let site = new_site();
    let titles = [
        "J\u{d3}GA",
        "j\u{f3}ga",
        "jo\u{301}ga",
        "Joga",
        "\u{130}stanbul",
        "ISTANBUL",
        "\u{131}stanbul",
        "STRA\u{1e9e}E",
        "Stra\u{df}e",
        "Strasse",
        "\u{39f}\u{394}\u{39f}\u{3a3}",
        "\u{3bf}\u{3b4}\u{3cc}\u{3c2}",
        "\u{3bf}\u{3b4}\u{3bf}\u{3c2}",
        "100% 'sure' \\_",
        "ends ",
        "ends",
    ];
    let play = |(at, title): (usize, &&str)| {
        let line = json!({
            "ts": 1_541_106_106_796_i64 + at as i64, "userId": "7", "sessionId": 1, "itemInSession": at, "page": "NextSong",
            "song": title, "artist": "BJ\u{d6}RK", "length": 1.5,
        });
        format!("{line}\n")
    };
    let song = |(at, title): (usize, &&str)| {
        let name = format!("Bj\u{f6}rk {at}");
        let song = json!({"song_id": format!("SO{at:02}"), "title": title, "artist_id": "AR1", "artist_name": name});
        format!("{song}\n")
    };
    site.put("log_data/1.json", titles.iter().enumerate().map(play).collect::<String>());
    site.put("song_data/1.json", titles.iter().enumerate().map(song).collect::<String>());
    site.load(&[]).expect(0);
    let at = ["--warehouse", &site.warehouse];
    let ask = |arguments: &[&str]| site.run(&[arguments, &at].concat());
    for (sought, wanted) in [
        ("J\u{f3}GA", &["J\u{d3}GA", "j\u{f3}ga"][..]),
        ("JO\u{301}GA", &["jo\u{301}ga"]),
        ("istanbul", &["\u{130}stanbul", "ISTANBUL", "\u{131}stanbul"]),
        ("stra\u{df}e", &["STRA\u{1e9e}E", "Stra\u{df}e"]),
        ("STRASSE", &["Strasse"]),
        ("\u{3bf}\u{3b4}\u{3bf}\u{3c3}", &["\u{39f}\u{394}\u{39f}\u{3a3}", "\u{3bf}\u{3b4}\u{3bf}\u{3c2}"]),
        ("100% 'SURE' \\_", &["100% 'sure' \\_"]),
        ("ENDS", &["ends"]),
        ("ends ", &["ends "]),
    ] {
        let told = ask(&["explain", "song", sought, "--json"]).expect(0).json();
        for part in ["songs", "plays"] {
            let found: BTreeSet<&str> = told[part].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect();
            assert_eq!(found, wanted.iter().copied().collect(), "{sought}: {part}");
        }
    }
    let near = ask(&["explain", "song", "TANBU"]).expect(1).stderr;
    for title in ["\u{130}stanbul", "ISTANBUL", "\u{131}stanbul"] {
        assert!(near.contains(title), "{near}");
    }
    assert!(!ask(&["explain", "song", ""]).expect(1).stdout.contains("songs"));
    // A play without a song of the catalogue, whose title differs in case alone.
    let id = site.number("select min(songplay_id) from songplays").to_string();
    let told = ask(&["explain", "play", &id, "--json"]).expect(0).json();
    let near: Vec<(&str, &str)> = told["near"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["same"].as_str().unwrap(), row["title"].as_str().unwrap()))
        .collect();
    assert_eq!(near, [("title", "J\u{d3}GA"), ("title", "j\u{f3}ga")]);
}

pub fn file_by_file_gives_the_same(new_site: NewSite<'_>) {
    let site = new_site();
    demo_month(&site);
    site.load(&[]).expect(0);
    let whole = site.digest();
    let pieces = new_site();
    copy_sources(&site, &pieces);
    // One batch after the other in one run, and one file after the other in runs of their own.
    let files = files_below(&pieces.path("log_data"));
    let (first, rest) = files.split_at(files.len() / 2);
    for file in first {
        let arguments = ["load", "--threads", "1", "--logs", &file.url, "--warehouse", &pieces.warehouse];
        pieces.run(&arguments).expect(0);
    }
    assert!(!rest.is_empty());
    pieces.load(&["--memory", "256MiB"]).expect(0);
    assert_eq!(pieces.digest(), whole);
    pieces.check_invariants();
}

pub fn kept_lines_are_all_lines(new_site: NewSite<'_>) {
    let site = new_site();
    let weeks = made_up::weeks();
    site.put("log_data/weeks.json", &weeks);
    for _ in 0..2 {
        site.load(&["--keep-staging", "--full-refresh"]).expect(0);
        assert_eq!(site.number("select count(*) from staging_events"), weeks.lines().count() as i64);
    }
    let compare = "select count(*) from staging_events as e inner join songplays as p on p.start_time = e.ts \
                   and p.session_id = e.session_id and p.item_in_session = e.item_in_session and p.user_id = e.user_id \
                   where e.song = p.song and e.artist = p.artist and e.length = p.length and e.page = 'NextSong'";
    assert_eq!(site.number(compare), site.number("select count(*) from songplays"));
    site.run(&["tables", "drop", "--yes", "--warehouse", &site.warehouse]).expect(0);
}

pub fn every_verb_works(new_site: NewSite<'_>) {
    let site = new_site();
    demo_month(&site);
    site.put("log_data/bad.json", "{\"ts\":1}\n");
    let tables = ["tables", "create", "--dry-run", "--warehouse", &site.warehouse];
    let made = site.run(&tables).expect(0).stdout;
    assert!(made.contains("create table if not exists songplays") && made.contains("commit;"), "{made}");
    let dry = site.load(&["--dry-run"]).expect(0);
    assert!(dry.stdout.contains("begin;") && dry.stdout.contains("commit;"), "{}", dry.stdout);
    assert_eq!(unbound_parameter(&dry.stdout), None, "the checks among them can be sent as they stand");
    assert!(dry.stdout.contains("-- load_runs gets a row"), "{}", dry.stdout);
    site.load(&["--max-rejects", "1"]).expect(3);
    let at = ["--warehouse", &site.warehouse];
    let run = |arguments: &[&str]| site.run(&[arguments, &at].concat()).expect(0).stdout;
    let nothing = site.run(&tables).expect(0).stdout;
    assert!(nothing.contains("(has its tables)") && !nothing.contains("create table"), "{nothing}");
    assert!(run(&["runs"]).contains("incomplete"));
    assert!(run(&["rejects"]).contains("bad.json"));
    assert!(run(&["check"]).contains("event_keys"));
    let play = site.number("select min(songplay_id) from songplays where song_id is not null");
    assert!(run(&["explain", "play", &play.to_string()]).contains("match_method"));
    let title = site.sql("select min(title) as title from songs")[0]["title"].as_str().unwrap().to_owned();
    assert!(run(&["explain", "song", &title]).contains("song_id"));
    let id = site.sql("select run_id from load_runs")[0]["run_id"].as_str().unwrap().to_owned();
    assert!(run(&["explain", "run", &id]).contains("files"));
    run(&["report", "--out", "r.html"]);
    assert!(site.path("r.html").metadata().unwrap().len() > 100_000);
    assert!(run(&["digest"]).contains("songplays"));
    let known = site.load(&["--dry-run"]).expect(0);
    assert!(known.stdout.contains("0 of"), "{}", known.stdout);
    let refused = site.run(&["sql", "delete from users", at[0], at[1]]).expect(1);
    assert!(refused.stderr.contains("read"), "{}", refused.stderr);
}
