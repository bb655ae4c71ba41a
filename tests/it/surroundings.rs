//! What lies around a command: variables of the environment, and settings files above its folder.

use std::fs;

use serde_json::json;

use crate::support::generate::{Event, content};
use crate::support::repository;
use crate::support::warehouse::{Answer, Site};

fn site() -> Site {
    let site = Site::new();
    site.put("log_data/1.json", content((0..9).map(|i| Event { user: 1, session: 1, item: i, instant: i, variant: 0 }.line())));
    site
}

#[test]
fn a_mistyped_variable_is_refused_by_every_command() {
    let site = site();
    site.put("sparkify.toml", "warehouse = \"theirs.duckdb\"\n");
    for arguments in [
        &["load", "--logs", "log_data"][..],
        &["load", "--logs", "log_data", "--dry-run"],
        &["config"],
        &["check", "--list"],
        &["insights", "--list"],
        &["sql", "select 1"],
        &["tables", "create"],
        &["demo"],
        &["simulate", "--out", "new"],
        &["cluster", "plan"],
        &["doctor"],
    ] {
        let refused = Answer::of(&site.command(arguments).env("SPARKIFY_WAREHUSE", "mine.duckdb").output().unwrap()).expect(2);
        assert!(
            refused.stderr.contains("SPARKIFY_WAREHUSE") && refused.stderr.contains("did you mean SPARKIFY_WAREHOUSE?"),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert!(refused.stdout.is_empty());
    }
    assert!(!site.path("theirs.duckdb").exists() && !site.path("mine.duckdb").exists() && !site.path("new").exists());
    // Help is for those who do not know the names yet.
    Answer::of(&site.command(&["--help"]).env("SPARKIFY_WAREHUSE", "mine.duckdb").output().unwrap()).expect(0);
}

/// `cargo run`, by which the README starts the demo, passes on what the build script sets for the compiler.
#[test]
fn what_the_build_sets_is_no_mistyped_setting() {
    let build = fs::read_to_string(repository().join("build.rs")).unwrap();
    let names: Vec<&str> = build.split("rustc-env=").skip(1).filter_map(|rest| rest.split('=').next()).collect();
    assert!(!names.is_empty());
    for name in names {
        Answer::of(&site().command(&["config"]).env(name, "set").output().unwrap()).expect(0);
    }
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let site = site();
    site.put("sparkify.toml", "warehouse = \"theirs.duckdb\"\n");
    let shown = |value: &str| {
        let rows =
            Answer::of(&site.command(&["config", "--json"]).env("SPARKIFY_WAREHOUSE", value).output().unwrap()).expect(0).json();
        let row = rows.as_array().unwrap().iter().find(|row| row["setting"] == json!("warehouse")).unwrap().clone();
        row["value"].as_str().unwrap().to_owned()
    };
    assert!(shown("").ends_with("theirs.duckdb"));
    assert_eq!(shown("mine.duckdb"), "mine.duckdb");
}

#[test]
fn demo_and_simulate_leave_the_warehouse_of_a_settings_file_above_alone() {
    let site = site();
    site.put("sparkify.toml", "warehouse = \"w.duckdb\"\nlogs = \"log_data\"\n");
    site.load(&[]).expect(0);
    let before = fs::read(site.path("w.duckdb")).unwrap();
    let below = site.path("a/b");
    fs::create_dir_all(&below).unwrap();
    for arguments in [&["demo"][..], &["simulate", "--out", "data", "--users", "3", "--to", "2026-09-03", "--songs", "5"]] {
        Answer::of(&site.command(arguments).current_dir(&below).output().unwrap()).expect(0);
    }
    assert!(fs::read(site.path("w.duckdb")).unwrap() == before);
    assert!(below.join("sparkify-demo/sparkify.duckdb").exists());
    let names: Vec<_> = fs::read_dir(site.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn the_demo_writes_to_a_folder_of_its_own_alone() {
    let site = site();
    // The default name of a warehouse.
    site.run(&["load", "--logs", "log_data"]).expect(0);
    let before = fs::read(site.path("sparkify.duckdb")).unwrap();
    let refused = site.run(&["demo", "--out", "."]).expect(2);
    assert!(refused.stderr.contains("was not created by `sparkify demo`"), "{}", refused.stderr);
    assert!(fs::read(site.path("sparkify.duckdb")).unwrap() == before);
    fs::create_dir(site.path("empty")).unwrap();
    for _ in 0..2 {
        site.run(&["demo", "--out", "empty"]).expect(0);
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_followed_on_request_alone() {
    use std::os::unix::fs::symlink;
    let site = site();
    let line = |item| content([Event { user: 2, session: 2, item, instant: item, variant: 0 }.line()]);
    site.put("elsewhere/secret.json", line(1));
    site.put("elsewhere/more/2.json", line(2));
    symlink("../elsewhere/secret.json", site.path("log_data/2.json")).unwrap();
    symlink("../elsewhere/more", site.path("log_data/more")).unwrap();
    for _ in 0..2 {
        // Said of what is loaded, and again where there is nothing new.
        let report = site.load(&["--json"]).expect(3).json();
        let warning = report["warnings"][0].as_str().unwrap();
        assert!(warning.starts_with("2 links lead out of the folder and were not followed: "), "{warning}");
        for name in ["log_data/2.json", "log_data/more"] {
            assert!(warning.contains(name), "{warning}");
        }
    }
    let text = site.load(&[]).expect(3).stdout;
    assert!(text.contains("2 links lead out of the folder"), "{text}");
    assert_eq!(site.number("select count(*) from songplays") + site.number("select count(*) from page_views"), 9);
    let script = site.load(&["--dry-run"]).expect(0).stdout;
    assert!(script.contains("link that leads out of the folder"), "{script}");
    let report = site.load(&["--json", "--follow-links"]).expect(0).json();
    assert_eq!((&report["files_loaded"], &report["warnings"]), (&json!(2), &json!([])));
    let by_variable =
        Answer::of(&site.command(&site.load_arguments(&["--json"])).env("SPARKIFY_FOLLOW_LINKS", "true").output().unwrap());
    assert_eq!(by_variable.expect(0).json()["status"], "nothing_new");
    // The folder itself may be a link.
    symlink("log_data", site.path("latest")).unwrap();
    site.run(&["load", "--logs", "latest", "--warehouse", "other.duckdb"]).expect(3);
}

#[test]
fn csv_for_spreadsheets_holds_no_formulas() {
    let site = site();
    site.load(&[]).expect(0);
    let query = "select '=1+1' as formula, '@SUM' as \"=name\", -5 as number, '-5' as digits, cast(-1.5 as decimal(4,1)) as part";
    let ask = |more: &[&str]| site.run(&[&["sql", query, "--warehouse", "w.duckdb"], more].concat());
    assert_eq!(ask(&["--format", "csv"]).expect(0).stdout, "formula,=name,number,digits,part\n=1+1,@SUM,-5,-5,-1.5\n");
    let guarded = ask(&["--format", "csv", "--guard-formulas"]).expect(0).stdout;
    assert_eq!(guarded, "formula,'=name,number,digits,part\n'=1+1,'@SUM,-5,-5,-1.5\n");
    assert!(ask(&["--guard-formulas"]).expect(2).stderr.contains("--guard-formulas is for --format csv"));
    // The name of an artist, as anybody may give one.
    site.put(
        "log_data/hostile.json",
        content([json!({
            "ts": 1_541_106_106_796_i64, "page": "NextSong", "userId": "9", "sessionId": 9, "itemInSession": 0, "level": "free",
            "song": "=HYPERLINK(\"http://x\")", "artist": "+A", "length": 10.0,
        })
        .to_string()]),
    );
    site.load(&[]).expect(0);
    let insights = |more: &[&str]| {
        site.run(&[&["insights", "top_songs", "--format", "csv", "--warehouse", "w.duckdb"], more].concat()).expect(0).stdout
    };
    assert!(insights(&[]).contains(",\"=HYPERLINK"), "{}", insights(&[]));
    assert!(insights(&["--guard-formulas"]).contains(",\"'=HYPERLINK"), "{}", insights(&["--guard-formulas"]));
}
