//! The command line: bad input, exit codes, what is printed, what is left behind.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use crate::support::warehouse::{Answer, Site, assert_same};

/// A line of an event; `more` overrides or adds fields.
fn line(item: u32, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(",{more}") };
    format!(
        "{{\"ts\":{},\"page\":\"NextSong\",\"sessionId\":1,\"itemInSession\":{item},\"userId\":\"7\",\"level\":\"free\",\"song\":\"S\",\"artist\":\"A\"{more}}}",
        1_541_106_106_796u64 + u64::from(item)
    )
}

fn lines(items: std::ops::Range<u32>) -> String {
    items.map(|item| line(item, "") + "\n").collect()
}

const SONG: &str = r#"{"song_id":"S1","title":"S","artist_id":"A1","artist_name":"A","duration":100.5,"year":1999}"#;

fn good_site() -> Site {
    let site = Site::new();
    site.put("log_data/1.json", lines(0..5));
    site.put("song_data/1.json", SONG);
    site
}

/// The names in the site's folder.
fn names(site: &Site) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(site.root()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn gz(text: &str) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

/// Compares what a person reads, with what differs from run to run made equal.
macro_rules! assert_reads {
    ($site:expr, $text:expr, @$expected:literal) => {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(&regex_quote($site.root().to_str().unwrap()), "[folder]");
        settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[run]");
        settings.add_filter(r"\d+\.\d\d s\b", "[time]");
        settings.add_filter(r"\(\d+ MB/s\)", "([rate])");
        settings.bind(|| insta::assert_snapshot!($text, @$expected));
    };
}

fn regex_quote(text: &str) -> String {
    text.replace('.', "\\.")
}

// -------------------------------------------------------------------------------------------------------- bad input

#[test]
fn a_bad_line_goes_to_the_quarantine_and_the_rest_loads() {
    let long = format!("{{\"ts\":1,\"pad\":\"{}\"}}", "x".repeat(16 << 20));
    let bad: [(&str, Vec<u8>, &str); 14] = [
        ("malformed JSON", line(9, "").replace("\"page\":", "\"page\"").into(), "malformed JSON: a colon was expected (column "),
        ("cut short", line(9, "")[..40].into(), "malformed JSON: the text ends in the middle of a value (column 41)"),
        ("half a surrogate pair", line(9, r#""location":"\ud83c""#).into(), "malformed JSON: half of a surrogate pair (column "),
        ("something behind", (line(9, "") + "{}").into(), "malformed JSON: something follows the object (column "),
        ("no object", b"[1,2]".to_vec(), "not a JSON object"),
        ("wrong type of a number", line(9, "\"status\":\"abc\"").into(), "status has the wrong type: abc is not a whole number"),
        ("wrong type of a text", line(9, "\"location\":5").into(), "location has the wrong type: 5 is not text"),
        ("not whole", line(9, "\"registration\":1.5").into(), "registration has the wrong type: 1.5 is not a whole number"),
        ("missing field", line(9, "").replace("\"sessionId\":1,", "").into(), "sessionId is missing"),
        ("play without a user", line(9, "").replace("\"7\"", "\"\"").into(), "userId is missing on a play"),
        ("out of range", line(9, "\"status\":40000").into(), "status is out of range: 40000"),
        ("time out of range", line(9, "\"ts\":99999999999999999").into(), "ts is out of range: 99999999999999999"),
        ("invalid UTF-8", [line(9, "\"location\":\"").into_bytes(), b"\xFF\"}".to_vec()].concat(), "invalid UTF-8 (column "),
        ("over 16 MiB", long.into_bytes(), "line over 16 MiB (16777233 bytes)"),
    ];
    for (what, bad, reason) in bad {
        let site = Site::new();
        let first = lines(0..2);
        let text = [first.as_bytes(), &bad, b"\n", lines(2..5).as_bytes()].concat();
        site.put("log_data/1.json", text);

        let refused = site.load(&["--max-rejects", "1%"]).expect(1);
        assert!(
            refused.stderr.contains("1 of 6 records were rejected, over the limit of 1%; nothing was loaded"),
            "{what}: {}",
            refused.stderr
        );
        assert_eq!(site.number("select count(*) from songplays"), 0, "{what}");

        let report = site.load(&["--json", "--max-rejects", "1"]).expect(3).json();
        assert_eq!(
            (&report["lines"], &report["accepted"], &report["rejected"], &report["status"]),
            (&json!(6), &json!(5), &json!(1), &json!("incomplete")),
            "{what}"
        );
        let rejects = site.run(&["rejects", "--json", "--warehouse", "w.duckdb"]).expect(0).json();
        let reject = &rejects[0];
        assert_eq!(rejects.as_array().unwrap().len(), 1, "{what}");
        assert!(reject["reason"].as_str().unwrap().starts_with(reason), "{what}: {reject}");
        assert!(reject["url"].as_str().unwrap().ends_with("/log_data/1.json"), "{what}");
        assert_eq!((&reject["line"], &reject["byte_offset"]), (&json!(3), &json!(first.len())), "{what}");
        assert_eq!(reject["raw_length"], json!(bad.len()), "{what}");
        let raw = reject["raw"].as_str().unwrap();
        assert!(raw.len() <= 64 << 10 && String::from_utf8_lossy(&bad).starts_with(raw), "{what}");
        site.check_invariants();
    }
}

#[test]
fn harmless_oddities_load() {
    for (what, text) in [
        ("byte order mark", format!("\u{feff}{}", lines(0..3))),
        ("CRLF", lines(0..3).replace('\n', "\r\n")),
        ("blank lines", format!("\n\n{}\n  \n\t\n", lines(0..3).replace('\n', "\n\n"))),
        ("no newline at the end", lines(0..3).trim_end().to_owned()),
        ("NUL in a text", lines(0..3).replace("\"A\"", "\"A\\u0000\"")),
        ("trailing spaces", lines(0..3).replace('\n', "  \t \n")),
        ("unknown keys", lines(0..3).replace("\"level\"", "\"tag\":{\"a\":[1,{}]},\"level\"")),
    ] {
        let site = Site::new();
        site.put("log_data/1.json", text);
        let report = site.load(&["--json"]).expect(0).json();
        assert_eq!((&report["lines"], &report["accepted"], &report["status"]), (&json!(3), &json!(3), &json!("done")), "{what}");
        let artist = if what.starts_with("NUL") { "A\u{fffd}" } else { "A" };
        assert_eq!(site.sql("select distinct artist from songplays")[0]["artist"], artist, "{what}");
        if what == "unknown keys" {
            assert_eq!(site.sql("select unknown_keys from load_runs")[0]["unknown_keys"], "{\"tag\":3}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_fails_the_run_or_is_left_for_next_time() {
    let sound = lines(10..400);
    let zst = zstd::encode_all(sound.as_bytes(), 3).unwrap();
    for (name, packed) in [("log_data/2.json.gz", gz(&sound)), ("log_data/2.json.zst", zst)] {
        let site = good_site();
        site.put(name, &packed[..packed.len() - 10]);
        let failed = site.load(&[]).expect(1);
        assert!(failed.stderr.contains(name) && failed.stderr.contains("--skip-bad-files"), "{}", failed.stderr);
        assert_eq!(site.number("select (select count(*) from songplays) + (select count(*) from load_files)"), 0);

        let skipped = site.load(&["--skip-bad-files", "--json"]).expect(3);
        assert!(skipped.stderr.contains("left out") && skipped.stderr.contains(name), "{}", skipped.stderr);
        assert_eq!((&skipped.json()["lines"], &skipped.json()["files_loaded"]), (&json!(5), &json!(2)));
        assert_eq!(site.number("select count(*) from load_files"), 2, "it is not known, so it comes up again");
        site.load(&["--skip-bad-files"]).expect(3);

        site.put(name, &packed);
        assert_eq!(site.load(&["--json"]).expect(0).json()["accepted"], 390);
        site.check_invariants();
    }
}

#[test]
fn a_song_file_that_cannot_be_read_is_named() {
    let site = good_site();
    site.put("song_data/2.json.gz", &gz(SONG)[..20]);
    assert!(site.load(&[]).expect(1).stderr.contains("song_data/2.json.gz"));
    let report = site.load(&["--skip-bad-files", "--json"]).expect(3).json();
    assert_eq!((&report["song_records"], &report["accepted"]), (&json!(1), &json!(5)));
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_named_and_a_dangling_link_is_passed_over() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let site = good_site();
    symlink(site.path("nowhere.json"), site.path("log_data/link.json")).unwrap();
    let answer = site.load(&[]).expect(0);
    assert!(answer.stdout.contains("link.json (link to nowhere)"), "{}", answer.stdout);
    // SAFETY: asks for a number.
    if unsafe { libc::geteuid() } == 0 {
        eprintln!("left out: root may read every file");
        return;
    }
    let path = site.put("log_data/2.json", lines(5..6));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    assert!(site.load(&[]).expect(1).stderr.contains("log_data/2.json"));
    site.load(&["--skip-bad-files"]).expect(3);
}

#[test]
fn a_prefix_without_json_says_so_and_makes_no_warehouse() {
    let site = Site::new();
    site.put("log_data_old/1.json", lines(0..1));
    let missing = site.run(&["load", "--logs", "log_data"]).expect(1);
    assert_reads!(site, missing.stderr, @r"
    error: log_data does not exist
      hint: check the path or URL; a prefix is a folder, so `log_data` does not cover `log_data_old`
    ");
    site.put("log_data/readme.txt", "no data");
    let empty = site.run(&["load", "--logs", "log_data"]).expect(1);
    assert_reads!(site, empty.stderr, @r"
    error: log_data holds no JSON files; 1 other was skipped (not named .json or .jsonl)
      hint: check the path or URL; a prefix is a folder, so `log_data` does not cover `log_data_old`
    ");
    assert_eq!(names(&site), ["log_data", "log_data_old"]);
}

#[test]
fn a_warehouse_that_is_none_is_left_as_it_was() {
    let site = good_site();
    for content in ["not a database, but long enough to be taken for one".repeat(100), String::new()] {
        site.put("w.duckdb", &content);
        let refused = site.load(&[]).expect(1);
        assert!(refused.stderr.contains("w.duckdb is") && refused.stderr.contains("not a DuckDB database"), "{}", refused.stderr);
        assert_eq!(fs::read(site.path("w.duckdb")).unwrap(), content.as_bytes());
    }
    fs::remove_file(site.path("w.duckdb")).unwrap();
    let other = duckdb::Connection::open(site.path("w.duckdb")).unwrap();
    other.execute_batch("create table users (name varchar); insert into users values ('someone else''s')").unwrap();
    drop(other);
    assert!(site.load(&[]).expect(1).stderr.contains("has a table users that sparkify did not create"));
    assert_eq!(site.sql("select * from users"), json!([{"name": "someone else's"}]));
    let missing = site.run(&["sql", "select 1", "--warehouse", "none.duckdb"]).expect(1);
    assert_reads!(site, missing.stderr, @r"
    error: there is no warehouse at none.duckdb
      hint: create it with `sparkify load` or `sparkify tables create`
    ");
    assert!(!site.path("none.duckdb").exists());
}

#[test]
fn a_newer_warehouse_is_refused_and_left_as_it_was() {
    let site = good_site();
    site.load(&[]).expect(0);
    let other = duckdb::Connection::open(site.path("w.duckdb")).unwrap();
    other.execute_batch("update sparkify_schema set version = 99").unwrap();
    drop(other);
    let before = fs::read(site.path("w.duckdb")).unwrap();
    site.put("log_data/2.json", lines(5..6));
    let wanted = "w.duckdb has tables of version 99; this sparkify knows versions up to 3";
    for arguments in
        [site.load_arguments(&[]), vec!["sql", "select 1", "--warehouse", "w.duckdb"], site.load_arguments(&["--dry-run"])]
    {
        let refused = site.run(&arguments).expect(1);
        assert!(refused.stderr.contains(wanted) && refused.stderr.contains("newer sparkify"), "{}", refused.stderr);
    }
    assert_eq!(fs::read(site.path("w.duckdb")).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_place_that_cannot_be_written_is_named() {
    let site = good_site();
    // A file where a folder should be stops even root.
    site.put("blocked", "");
    let failed = site.run(&["load", "--logs", "log_data", "--warehouse", "blocked/w.duckdb"]).expect(1);
    assert!(failed.stderr.contains("blocked"), "{}", failed.stderr);
    let failed = site.run(&["load", "--logs", "log_data", "--warehouse", "/proc/sparkify/w.duckdb"]).expect(1);
    assert!(failed.stderr.contains("/proc/sparkify"), "{}", failed.stderr);
    assert_eq!(names(&site), ["blocked", "log_data", "song_data"]);
}

#[test]
fn a_changed_file_is_read_again() {
    let site = good_site();
    site.load(&[]).expect(0);
    site.put_at("log_data/1.json", lines(0..7), 1_700_000_000);
    let report = site.load(&["--json"]).expect(0).json();
    assert_eq!(
        (&report["files_loaded"], &report["lines"], &report["accepted"], &report["duplicates"]),
        (&json!(1), &json!(7), &json!(2), &json!(5))
    );
    assert_eq!(site.number("select count(*) from load_files where input = 'log'"), 2, "both versions");
    site.check_invariants();
}

// ----------------------------------------------------------------------------------------------------- exit codes

#[test]
fn usage_and_settings_errors_exit_with_2() {
    let site = good_site();
    for arguments in [
        &["load", "--no-such-flag"][..],
        &["nonsense"],
        &["load"],
        &["load", "--logs", "log_data", "--max-rejects", "many"],
        &["load", "--logs", "log_data", "--memory", "1MB"],
        &["load", "--logs", "log_data", "--warehouse", "mysql://host/db"],
        &["load", "--logs", "ftp://host/logs"],
        &["tables", "drop", "--warehouse", "log_data/1.json"],
    ] {
        let refused = site.run(arguments).expect(2);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("error: "), "{arguments:?}: {}", refused.stderr);
    }
    site.put("sparkify.toml", "warehous = \"x.duckdb\"\n");
    let refused = site.run(&["config"]).expect(2);
    assert!(
        refused.stderr.contains("there is no setting `warehous`") && refused.stderr.contains("did you mean `warehouse`?"),
        "{}",
        refused.stderr
    );
}

#[test]
fn every_verb_has_help_and_the_exit_codes_are_told() {
    let site = Site::new();
    let help = site.run(&["--help"]).expect(0).stdout;
    for text in ["0    done", "1    failed", "2    the command line", "3    done, but", "130  interrupted"] {
        assert!(help.contains(text), "{help}");
    }
    for (verb, text) in [
        ("load", "--full-refresh"),
        ("tables", "reset"),
        ("sql", "--format"),
        ("runs", "--json"),
        ("rejects", "replay"),
        ("demo", "--out"),
        ("config", "--json"),
    ] {
        assert!(help.contains(verb));
        assert!(site.run(&[verb, "--help"]).expect(0).stdout.contains(text), "{verb}");
    }
    assert_eq!(names(&site), Vec::<String>::new());
}

// ----------------------------------------------------------------------------------------------------------- load

#[test]
fn the_summary_as_people_read_it() {
    let site = good_site();
    site.put("log_data/2.json", [lines(3..6), "broken\n".to_owned(), line(0, "\"location\":\"elsewhere\"")].concat());
    site.put("log_data/.DS_Store", "x");
    let answer = site.load(&["--max-rejects", "50%"]).expect(3);
    assert_reads!(site, answer.stdout, @r"
    Loaded into w.duckdb
      files       3 loaded, 0 known already, 3 listed
      lines       10 = 6 accepted + 2 duplicates + 2 rejected
      added       6 songplays, 0 page views
      song files  1 songs read, 0 rejected
      now         1 users, 1 songs, 1 artists
      matched     6 of 6 plays have a song of the catalogue (100.0 %)
      took        [time] for 0.0 MB ([rate])
      rejected    1 × conflict: same event key, another payload
      rejected    1 × malformed JSON
                  `sparkify rejects --run [run]` shows them
      skipped     file://[folder]/log_data/.DS_Store (hidden)
    ");
    assert_reads!(site, site.load(&[]).expect(0).stdout, @r"
    0 new files: 3 listed, all known to w.duckdb ([time])
      skipped     file://[folder]/log_data/.DS_Store (hidden)
    ");
}

#[test]
fn the_json_report_has_the_promised_keys() {
    const KEYS: [&str; 23] = [
        "accepted",
        "artists",
        "bytes",
        "conflicts",
        "duplicates",
        "files_listed",
        "files_loaded",
        "files_skipped",
        "lines",
        "matched",
        "page_views_added",
        "rejected",
        "run_id",
        "seconds",
        "song_records",
        "songplays_added",
        "songs",
        "songs_differing",
        "songs_rejected",
        "status",
        "users",
        "warehouse",
        "warnings",
    ];
    let site = good_site();
    for (status, loaded) in [("done", 2), ("nothing_new", 0)] {
        let answer = site.load(&["--json"]).expect(0);
        assert_eq!(answer.stdout.lines().count(), 1);
        let report = answer.json();
        assert_eq!(report.as_object().unwrap().keys().collect::<Vec<_>>(), KEYS);
        assert_eq!((&report["status"], &report["files_loaded"], &report["matched"]), (&json!(status), &json!(loaded), &json!(5)));
        assert_eq!(report["warehouse"], "w.duckdb");
    }
}

/// The statements of a script without its comments.
fn statements(script: &str) -> Vec<String> {
    let sql: Vec<&str> = script.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let sql = sql.join("\n");
    let mut parts: Vec<String> = sql.split(';').map(|part| part.trim().to_owned()).collect();
    assert_eq!(parts.pop().as_deref(), Some(""), "the last statement is ended too");
    parts
}

#[test]
fn a_dry_run_changes_nothing_and_prints_sql() {
    let site = good_site();
    let script = site.load(&["--dry-run"]).expect(0).stdout;
    assert_eq!(names(&site), ["log_data", "song_data"], "no database is made");
    assert!(
        script.contains("-- warehouse: w.duckdb (would be created)") && script.contains("-- 2 of 2 files would be loaded"),
        "{script}"
    );
    assert!(script.contains("log_data/1.json (") && script.contains("song_data/1.json ("), "{script}");
    let parts = statements(&script);
    assert!(parts.len() > 30, "{}", parts.len());
    for part in &parts {
        let word = part.split_whitespace().next().unwrap_or_default();
        assert!(
            ["create", "insert", "delete", "update", "drop", "begin", "commit", "with", "select"].contains(&word),
            "`{part}`"
        );
    }
    assert!(parts.iter().any(|part| part.starts_with("insert into songplays")));

    site.load(&[]).expect(0);
    let before = fs::read(site.path("w.duckdb")).unwrap();
    site.put("log_data/2.json", lines(5..7));
    let script = site.load(&["--dry-run"]).expect(0).stdout;
    assert!(
        script.contains("-- 1 of 3 files would be loaded") && !script.contains("create table if not exists songplays"),
        "{script}"
    );
    let refresh = site.load(&["--dry-run", "--full-refresh"]).expect(0).stdout;
    assert!(
        refresh.contains("-- 3 of 3 files") && statements(&refresh).contains(&"delete from songplays".to_owned()),
        "{refresh}"
    );
    assert_eq!(fs::read(site.path("w.duckdb")).unwrap(), before);
    assert_eq!(site.number("select count(*) from songplays"), 5);
}

#[test]
fn a_full_refresh_holds_what_the_sources_hold_now_or_what_was_there() {
    let site = good_site();
    site.put("log_data/gone.json", lines(100..110));
    site.load(&[]).expect(0);
    let before = site.tables();
    let highest = site.number("select max(songplay_id) from songplays");
    fs::remove_file(site.path("log_data/gone.json")).unwrap();

    site.put("log_data/bad.json.gz", &gz(&lines(0..50))[..30]);
    site.load(&["--full-refresh"]).expect(1);
    fs::remove_file(site.path("log_data/bad.json.gz")).unwrap();
    site.put("log_data/bad.json", "no JSON\n");
    site.load(&["--full-refresh", "--forget-missing", "--max-rejects", "0"]).expect(1);
    assert_same(&site.tables(), &before, "a refresh that fails");
    fs::remove_file(site.path("log_data/bad.json")).unwrap();

    let report = site.load(&["--full-refresh", "--forget-missing", "--json"]).expect(0).json();
    assert_eq!((&report["accepted"], &report["files_loaded"]), (&json!(5), &json!(2)));
    assert_eq!(site.number("select count(*) from songplays"), 5);
    assert!(site.number("select min(songplay_id) from songplays") > highest, "ids are never used again");
    assert_eq!(site.number("select count(*) from load_runs"), 2);
    site.check_invariants();
}

#[test]
fn staged_events_stay_on_request() {
    let site = good_site();
    site.load(&["--keep-staging"]).expect(0);
    assert_eq!(site.number("select count(*) from staging_events"), 5);
    assert_eq!(site.sql("select distinct user_id, page from staging_events"), json!([{"page": "NextSong", "user_id": 7}]));
}

// --------------------------------------------------------------------------------------------------------- rejects

#[test]
fn a_replay_frees_what_loads_now_and_keeps_the_rest() {
    let site = Site::new();
    let conflict = line(0, "\"location\":\"elsewhere\"");
    site.put(
        "log_data/1.json",
        [lines(0..2), conflict, "\nbroken for ever\n".to_owned(), line(5, "").replace("\"page\"", "page")].concat(),
    );
    site.put("song_data/1.json", [SONG, "\n{\"song_id\":\"S2\"}\n"].concat());
    site.load(&["--max-rejects", "100%"]).expect(3);
    assert_eq!(site.number("select count(*) from load_rejects"), 4);
    let run = site.sql("select distinct run_id from load_rejects")[0]["run_id"].as_str().unwrap().to_owned();
    let of_run = |run: &str| {
        site.run(&["rejects", "--run", run, "--json", "--warehouse", "w.duckdb"]).expect(0).json().as_array().unwrap().len()
    };
    assert_eq!((of_run(&run), of_run("another")), (4, 0));

    let replay = |code| site.run(&["rejects", "replay", "--warehouse", "w.duckdb"]).expect(code).stdout;
    assert_eq!(replay(3), "4 lines replayed: 0 loaded, 0 known already, 4 still rejected\n");
    assert_eq!(site.number("select count(*) from load_runs"), 1, "nothing was changed");

    // The event in the way goes, as after a repair by hand, and two lines are mended.
    let by_hand = duckdb::Connection::open(site.path("w.duckdb")).unwrap();
    by_hand
        .execute_batch(
            "delete from songplays where item_in_session = 0; \
             update load_files set accepted = accepted - 1, lines = lines - 1 where input = 'log'; \
             update load_runs set accepted = accepted - 1, lines = lines - 1, songplays_added = songplays_added - 1",
        )
        .unwrap();
    by_hand
        .execute(
            "update load_rejects set raw = replace(raw, ',page', ',\"page\"'), raw_bytes = null where raw like '%,page%'",
            [],
        )
        .unwrap();
    by_hand.execute("update load_rejects set raw = ? where input = 'song'", [SONG.replace("S1", "S2")]).unwrap();
    drop(by_hand);
    assert_eq!(replay(3), "4 lines replayed: 3 loaded, 0 known already, 1 still rejected\n");
    assert_eq!(site.sql("select location from songplays where item_in_session = 0"), json!([{"location": "elsewhere"}]));
    assert_eq!(site.number("select count(*) from songplays"), 3);
    assert_eq!(site.number("select count(*) from songs"), 2);
    assert_eq!(site.sql("select line, raw from load_rejects"), json!([{"line": 4, "raw": "broken for ever"}]));
    let file = site.sql("select lines, accepted, rejected from load_files where input = 'log'");
    assert_eq!((&file[0]["accepted"], &file[0]["rejected"]), (&json!(3), &json!(1)));
    assert_eq!(site.sql("select kind from load_runs order by started_at")[1]["kind"], "replay");
}

// ----------------------------------------------------------------------------------------------------- other verbs

#[test]
fn sql_in_four_formats() {
    let site = good_site();
    site.load(&[]).expect(0);
    let ask =
        |format: &str, query: &str| site.run(&["sql", query, "--format", format, "--warehouse", "w.duckdb"]).expect(0).stdout;
    let query = "select 1 as n, 'a|b' as t, null as nothing, timestamp '2018-11-01 21:01:46.796' as at union all select 20, 'c\"d', 'x', null order by n";
    assert_eq!(
        serde_json::from_str::<Value>(&ask("json", query)).unwrap(),
        json!([{"n": 1, "t": "a|b", "nothing": null, "at": "2018-11-01 21:01:46.796"}, {"n": 20, "t": "c\"d", "nothing": "x", "at": null}])
    );
    assert_eq!(ask("csv", query), "n,t,nothing,at\n1,a|b,,2018-11-01 21:01:46.796\n20,\"c\"\"d\",x,\n");
    insta::assert_snapshot!(ask("markdown", query), @r#"
    |  n | t    | nothing | at                      |
    |----|------|---------|-------------------------|
    |  1 | a\|b |         | 2018-11-01 21:01:46.796 |
    | 20 | c"d  | x       |                         |
    "#);
    assert!(ask("table", query).contains("│ 20 ┆ c\"d"), "{}", ask("table", query));
    assert_eq!(ask("json", "select 1 where false"), "[]\n");
    let refused = site.run(&["sql", "delete from users", "--warehouse", "w.duckdb"]).expect(1);
    assert!(refused.stderr.contains("read-only"), "{}", refused.stderr);
    assert_eq!(site.number("select count(*) from users"), 1);
}

#[test]
fn runs_are_listed_newest_first() {
    let site = good_site();
    site.load(&[]).expect(0);
    site.put("log_data/2.json", lines(5..9));
    site.load(&[]).expect(0);
    let runs = site.run(&["runs", "--json", "--warehouse", "w.duckdb"]).expect(0).json();
    let accepted: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["accepted"].as_i64().unwrap()).collect();
    assert_eq!(accepted, [4, 5]);
    assert!(site.run(&["runs", "--warehouse", "w.duckdb"]).expect(0).stdout.ends_with("2 rows\n"));
}

#[test]
fn a_dry_run_shows_how_tables_are_made_and_makes_none() {
    let site = Site::new();
    let dry = ["tables", "create", "--dry-run", "--warehouse", "w.duckdb"];
    let script = site.run(&dry).expect(0).stdout;
    assert!(names(&site).is_empty(), "{:?}", names(&site));
    let parts = statements(&script);
    assert_eq!((parts.first().map(String::as_str), parts.last().map(String::as_str)), (Some("begin"), Some("commit")));
    assert_eq!(parts.iter().filter(|part| part.starts_with("create table")).count(), 13, "{script}");
    assert!(parts.iter().any(|part| part.starts_with("insert into sparkify_schema") && part.contains("(3)")), "{script}");
    site.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    assert_eq!(statements(&site.run(&dry).expect(0).stdout), [""; 0]);
    let refused = site.run(&["tables", "drop", "--dry-run", "--yes", "--warehouse", "w.duckdb"]).expect(2);
    assert!(refused.stderr.contains("--dry-run is for") && site.path("w.duckdb").exists(), "{}", refused.stderr);
}

#[test]
fn tables_are_made_emptied_and_dropped() {
    let site = good_site();
    let tables = |action: &str, more: &[&str]| site.run(&[&["tables", action, "--warehouse", "w.duckdb"], more].concat());
    let count = "select count(*) from information_schema.tables where table_schema = 'main'";
    assert_eq!(tables("create", &[]).expect(0).stdout, "The tables are in w.duckdb.\n");
    assert_eq!(site.number(count), 13);
    site.load(&[]).expect(0);
    let refused = tables("reset", &[]).expect(2);
    assert!(refused.stderr.contains("pass --yes"), "{}", refused.stderr);
    tables("create", &[]).expect(0);
    assert_eq!(site.number("select count(*) from songplays"), 5, "what is there stays");
    tables("reset", &["--yes"]).expect(0);
    assert_eq!((site.number(count), site.number("select count(*) from songplays")), (13, 0));
    assert_eq!(site.load(&["--json"]).expect(0).json()["accepted"], 5);
    tables("drop", &["--yes"]).expect(0);
    assert_eq!(site.number(count), 0);
    site.load(&[]).expect(0);
    assert_eq!(site.number(count), 13);
}

#[test]
fn config_shows_values_origins_and_no_secrets() {
    let site = Site::new();
    site.put("sparkify.toml", "logs = \"data/logs\"\nthreads = 3\n[s3]\nendpoint = \"http://localhost:9000\"\n");
    site.put("deep/er/x", "");
    let mut command = site.command(&["config", "--json"]);
    command.current_dir(site.path("deep/er")).env("SPARKIFY_THREADS", "2").env("AWS_SECRET_ACCESS_KEY", "hunter2");
    let answer = Answer::of(&command.output().unwrap()).expect(0);
    assert!(!answer.stdout.contains("hunter2") && !answer.stderr.contains("hunter2"), "{}", answer.stdout);
    let rows = answer.json();
    let row = |name: &str| {
        let row = rows.as_array().unwrap().iter().find(|row| row["setting"] == name).unwrap();
        (row["value"].as_str().map(str::to_owned), row["from"].as_str().unwrap().to_owned())
    };
    let file = site.path("sparkify.toml").display().to_string();
    assert_eq!(
        row("logs"),
        (Some(site.path("data/logs").display().to_string()), file.clone()),
        "a path is meant from the file's folder"
    );
    assert_eq!(row("threads"), (Some("2".to_owned()), "environment (SPARKIFY_THREADS)".to_owned()));
    assert_eq!(row("s3.endpoint"), (Some("http://localhost:9000".to_owned()), file));
    assert_eq!(row("max_rejects"), (Some("1% or 10".to_owned()), "default".to_owned()));
    assert!(site.run(&["config"]).expect(0).stdout.contains(" threads "));
}

#[test]
fn the_demo_needs_nothing_and_finds_nothing_new_the_second_time() {
    let site = Site::new();
    let first = site.run(&["demo"]).expect(0).stdout;
    for text in [
        "Simulated a month in sparkify-demo: ",
        "Loaded into sparkify-demo/sparkify.duckdb",
        "sparkify-demo/report.html",
        "The database is sparkify-demo/sparkify.duckdb.",
    ] {
        assert!(first.contains(text), "{first}");
    }
    assert!(site.run(&["demo"]).expect(0).stdout.contains("0 new files"));
    assert_eq!(names(&site), ["sparkify-demo"]);
}
