//! What clusters differ in, and what the service is slow or strict about.

use std::time::{Duration, Instant};

use super::Lake;
use crate::support::postgres::Postgres;
use crate::support::redshift::{Isolation, Mode, User};

/// How many files the ledger says that the cluster read itself.
fn copied(lake: &Lake) -> u64 {
    let asked = lake.run(&["sql", "select count(*) as n from load_files where input = 'copied'", "--format", "json"]);
    asked.expect(0).json()[0]["n"].as_u64().unwrap()
}

/// Spoils a day's file of the bucket by one more line.
fn spoil(lake: &Lake, day: &str, more: &str) {
    let name = format!("log_data/2026/09/2026-09-{day}-events.json");
    let text = std::fs::read_to_string(lake.site.path(&format!("demo/{name}"))).unwrap();
    lake.cluster.put(&name, format!("{text}{more}\n"));
}

#[test]
fn serverless_and_both_levels_of_isolation_end_with_the_same_rows() {
    for (mode, isolation) in [(Mode::Serverless, Isolation::Snapshot), (Mode::Provisioned, Isolation::Serializable)] {
        let lake = Lake::with(|options| {
            options.mode = mode;
            options.isolation = isolation;
        });
        lake.put_demo();
        let steps = lake.run(&["doctor", "--json"]).expect(0).json()["steps"].as_array().unwrap().len();
        assert!(steps >= 8, "{mode:?} {isolation:?}: {steps}");
        for stage in ["compact", "direct"] {
            lake.load(stage, &[]).expect(0);
            assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"), "{mode:?} {isolation:?} {stage}");
            lake.run(&["tables", "reset", "--yes"]).expect(0);
        }
    }
}

/// The service's tables show what a COPY did a little later, errors and files alike.
#[test]
fn what_the_system_tables_show_late_is_waited_for() {
    let lake = Lake::with(|options| options.view_delay = Duration::from_millis(700));
    lake.put_demo();
    lake.load("direct", &[]).expect(0);
    assert_eq!(copied(&lake), 30);
    lake.run(&["tables", "drop", "--yes"]).expect(0);
    spoil(&lake, "10", "no JSON");
    let report = lake.load("direct", &["--max-rejects", "1"]).expect(3).json();
    assert_eq!((&report["rejected"], copied(&lake)), (&serde_json::json!(1), 29), "the other files are left to the cluster");
}

/// A load that begins anew because of one file meets another: each is found by its own errors.
#[test]
fn files_that_copy_refuses_one_after_the_other_are_read_here_alone() {
    let lake = Lake::with(|options| options.view_delay = Duration::from_millis(300));
    lake.put_demo();
    spoil(&lake, "10", "no JSON");
    // Another packing is another COPY, which runs once the first went well.
    let packed = zstd::encode_all(&b"{\"ts\":\"soon\"}\n"[..], 1).unwrap();
    lake.cluster.put("log_data/2026/09/late.json.zst", packed);
    let report = lake.load("direct", &["--max-rejects", "2"]).expect(3).json();
    assert_eq!((&report["rejected"], copied(&lake)), (&serde_json::json!(2), 29));
    assert_eq!(lake.left_behind(), [""; 0]);
}

/// The tables need not show a file in which nothing is: nothing is waited for that never comes.
#[test]
fn a_file_without_a_line_is_not_waited_for() {
    let lake = Lake::demo();
    lake.cluster.put("log_data/quiet.json.zst", zstd::encode_all(&b""[..], 1).unwrap());
    let started = Instant::now();
    lake.load("direct", &[]).expect(0);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(copied(&lake), 30);
    assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"));
}

/// A lock that comes after the first look at a table protects nothing: the snapshot is older than the lock.
#[test]
fn the_lock_is_taken_before_any_snapshot() {
    let lake = Lake::demo();
    lake.load("compact", &[]).expect(0);
    let statements = lake.cluster.standin.statements();
    let mut transactions = 0;
    for (at, _) in statements.iter().enumerate().filter(|(_, sent)| sent.text == "begin") {
        let next: Vec<&str> = statements[at + 1..].iter().take(2).map(|sent| sent.text.as_str()).collect();
        // Those that make tables have nothing to protect.
        if next[0].starts_with("set statement_timeout") {
            assert!(next[1].ends_with("lock load_lock"), "{next:?}");
            transactions += 1;
        }
    }
    assert!(transactions > 0);
    let loaded = statements.iter().position(|sent| sent.text.contains("insert into songplays")).unwrap();
    let begun = statements[..loaded].iter().rposition(|sent| sent.text == "begin").unwrap();
    assert!(statements[begun + 2].text.ends_with("lock load_lock"), "{:?}", &statements[begun..begun + 3]);
}

/// The page for users says which grants a loader needs. Less is refused before anything is changed.
#[test]
fn the_documented_grants_are_enough() {
    let lake = Lake::with(|options| {
        options.users.insert(0, User { name: "loader".to_owned(), password: "Standin1".to_owned(), superuser: false });
    });
    lake.put_demo();
    let database = &lake.cluster.standin.options().postgres_database;
    let server = Postgres::shared();
    server.run_sql(database, "revoke create on schema public from public");
    let refused = lake.load("compact", &[]).expect(1);
    assert!(refused.stderr.contains("no privilege") && refused.stderr.contains("grant"), "{}", refused.stderr);
    let steps = lake.run(&["doctor", "--json"]).expect(1).json();
    let failed: Vec<&str> = steps["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["ok"] == false)
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["privileges"]);
    let page = include_str!("../../../docs/redshift.md");
    for grant in ["grant create, usage on schema public to ann", "grant temporary on database dev to ann"] {
        assert!(page.contains(&format!("`{grant}`")), "{grant}");
        server.run_sql(database, &grant.replace(" ann", " loader").replace("database dev", &format!("database \"{database}\"")));
    }
    lake.run(&["doctor"]).expect(0);
    for stage in ["compact", "direct"] {
        lake.load(stage, &[]).expect(0);
        assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"));
        lake.run(&["check"]).expect(0);
        lake.run(&["tables", "drop", "--yes"]).expect(0);
    }
}
