//! What goes wrong in the middle of a load: it is tried again where that can help, and otherwise nothing has happened.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::Lake;
use crate::redshift_standin::faults_in_grammar;
use crate::support::redshift::{Fault, accept};
use crate::support::warehouse::Answer;

/// A cluster with its tables, and the demo's data in the bucket.
fn ready() -> Lake {
    let lake = Lake::demo();
    lake.run(&["tables", "create"]).expect(0);
    lake
}

fn faults(lake: &Lake) -> &crate::support::redshift::Faults {
    lake.cluster.standin.faults()
}

#[test]
fn another_transaction_in_the_way_is_waited_out() {
    let lake = ready();
    faults(&lake).add(1, "insert into songplays", Fault::Error1023);
    faults(&lake).add(
        1,
        "insert into load_runs",
        Fault::Error("XX000", "could not complete because of conflict with concurrent transaction".to_owned()),
    );
    faults(&lake).add(1, "copy staged_plays", Fault::Error("40P01", "deadlock detected".to_owned()));
    lake.load("compact", &[]).expect(0);
    assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"));
    assert_eq!(lake.run(&["runs", "--json"]).expect(0).json().as_array().unwrap().len(), 1);
    assert_eq!(lake.left_behind(), [""; 0]);
}

#[test]
fn a_conflict_that_stays_ends_the_load_and_changes_nothing() {
    let lake = ready();
    let before = lake.digest();
    faults(&lake).add(100, "insert into songplays", Fault::Error1023);
    let failed = lake.load("compact", &[]).expect(1);
    assert!(failed.stderr.contains("another transaction"), "{}", failed.stderr);
    faults(&lake).clear();
    assert_eq!(lake.digest(), before);
    assert_eq!(lake.left_behind(), [""; 0]);
}

#[test]
fn a_connection_that_breaks_is_made_anew() {
    for (statement, fault) in [
        ("copy staged_plays", Fault::DropMidCopy(1000)),
        ("insert into page_views", Fault::Drop),
        ("insert into time", Fault::DropAfter),
    ] {
        let lake = ready();
        faults(&lake).add(1, statement, fault);
        lake.load("compact", &[]).expect(0);
        assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"), "{statement}");
        assert_eq!(lake.left_behind(), [""; 0], "{statement}");
    }
}

/// A commit without an answer may have happened or not: sparkify looks before it does anything.
#[test]
fn a_commit_without_an_answer_is_looked_for() {
    for fault in [Fault::DropAfter, Fault::Drop] {
        let lake = ready();
        let committed = matches!(fault, Fault::DropAfter);
        faults(&lake).add(1, "commit", fault);
        let answer = lake.load("compact", &[]).expect(0);
        assert!(answer.stderr.contains("checking whether it was"), "{}", answer.stderr);
        assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"));
        let runs = lake.run(&["runs", "--json"]).expect(0).json();
        assert_eq!(runs.as_array().unwrap().len(), 1, "once, whether it was committed at first: {committed}");
    }
}

#[test]
fn what_s3_refuses_the_cluster_is_said_with_its_remedy() {
    for (status, words) in [(403, "s3:GetObject"), (503, "try again")] {
        for stage in ["compact", "direct"] {
            let lake = ready();
            let before = lake.digest();
            faults(&lake).add(100, "copy staged_", Fault::S3(status, 2));
            let failed = lake.load(stage, &[]).expect(1);
            assert!(failed.stderr.contains(words), "{status} {stage}: {}", failed.stderr);
            faults(&lake).clear();
            assert_eq!(lake.digest(), before, "{status} {stage}");
            assert_eq!(lake.left_behind(), [""; 0], "{status} {stage}");
        }
    }
}

/// A COPY that succeeds with fewer rows than it was given.
#[test]
fn rows_that_a_copy_loses_are_missed() {
    let lake = ready();
    let before = lake.digest();
    faults(&lake).add(1, "copy staged_plays", Fault::Lose(1));
    let failed = lake.load("compact", &[]).expect(1);
    assert!(failed.stderr.contains("rows were written for staged_plays, but COPY loaded"), "{}", failed.stderr);
    assert_eq!(lake.digest(), before);
    assert_eq!(lake.left_behind(), [""; 0]);
    // Of files that the cluster reads, the decoder takes the rest.
    faults(&lake).add(1, "copy staged_lines", Fault::Lose(1));
    let report = lake.load("direct", &[]).expect(0);
    assert!(report.stderr.contains("lines are"), "{}", report.stderr);
    assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"));
}

#[test]
fn an_interrupted_load_leaves_nothing_in_s3() {
    let lake = ready();
    let before = lake.digest();
    faults(&lake).add(1, "copy staged_plays", Fault::Delay(Duration::from_mins(1)));
    let mut command = lake.command(&["load", "--logs", "s3://lake/log_data", "--songs", "s3://lake/song_data"]);
    command.env("SPARKIFY_REDSHIFT_STAGE", "compact").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while !lake.cluster.standin.statements().iter().any(|sent| sent.text.starts_with("copy staged_plays")) {
        assert!(Instant::now() < deadline, "the load never came to its COPY");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_ne!(lake.left_behind(), [""; 0], "rows are there for COPY");
    // SAFETY: the process is ours and not yet waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
    let answer = Answer::of(&child.wait_with_output().unwrap()).expect(130);
    assert!(answer.stderr.contains("interrupted; nothing was changed"), "{}", answer.stderr);
    assert_eq!(lake.left_behind(), [""; 0]);
    assert_eq!(lake.digest(), before);
}

#[test]
fn a_limit_of_time_is_named() {
    let lake = ready();
    faults(&lake).add(1, "insert into time", Fault::Timeout);
    let failed = lake.load("compact", &[]).expect(1);
    assert!(failed.stderr.contains("statement_timeout"), "{}", failed.stderr);
    assert_eq!(lake.left_behind(), [""; 0]);
}

/// Every statement of loads in both ways, of a second one, a refresh, a replay and questions.
#[test]
fn every_statement_is_redshifts() {
    let lake = Lake::demo();
    let day = "log_data/2026/09/2026-09-10-events.json";
    let text = std::fs::read_to_string(lake.site.path(&format!("demo/{day}"))).unwrap();
    lake.load("direct", &["--keep-staging"]).expect(0);
    lake.cluster.put(day, format!("{text}no JSON\n"));
    lake.load("compact", &["--keep-staging"]).expect(3);
    lake.cluster.put(
        "song_data/A/late.json",
        r#"{"song_id":"S1","title":"t","artist_id":"A1","artist_name":"a","num_songs":1,"duration":1.5,"year":0}"#,
    );
    lake.load("direct", &[]).expect(0);
    lake.load("direct", &["--full-refresh"]).expect(3);
    lake.run(&["rejects", "replay"]).expect(3);
    for question in [
        &["check"][..],
        &["digest"],
        &["runs"],
        &["rejects"],
        &["insights", "top_songs"],
        &["explain", "run", ""],
        &["sql", "select count(*) from users"],
    ] {
        lake.run(question);
    }
    lake.run(&["tables", "reset", "--yes"]).expect(0);
    lake.run(&["tables", "drop", "--yes"]).expect(0);
    let statements = lake.cluster.standin.statements();
    assert!(statements.len() > 300, "{}", statements.len());
    for statement in &statements {
        accept::assert_redshift_accepts(&statement.text);
    }
    // The parser has no word for the waiting time of a transaction's lock.
    let texts = statements.iter().map(|statement| statement.text.as_str()).filter(|text| !text.starts_with("reset "));
    if let Some(found) = faults_in_grammar(texts) {
        assert!(found.is_empty(), "{found:#?}");
    }
}
