//! Whatever becomes of what a command prints, its exit code says what came of its work: the reader may be gone, the disk full.

use std::fs::File;
use std::process::Stdio;

use crate::support::generate::{Event, Song, content};
use crate::support::warehouse::{Answer, Site};

/// What a command needs before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Logs with a line that is refused, and songs.
    Sources,
    /// These, loaded.
    Loaded,
    /// These, loaded, and then spoilt so that a check fails.
    Spoilt,
    /// These, loaded, and then a file less.
    Expired,
}

/// A command, what it needs, its exit code, and whether what it prints is what it is for: then it fails where that cannot be
/// written, if it did not fail or leave something out anyway.
const COMMANDS: [(&[&str], Before, i32, bool); 39] = [
    (&["load", "--logs", "log_data", "--songs", "song_data", "--max-rejects", "1"], Before::Sources, 3, false),
    (&["load", "--logs", "log_data", "--songs", "song_data", "--max-rejects", "1", "--json"], Before::Sources, 3, false),
    (&["load", "--logs", "log_data", "--songs", "song_data", "--max-rejects", "0", "--json"], Before::Sources, 1, true),
    (&["load", "--logs", "log_data", "--songs", "song_data", "--json"], Before::Loaded, 0, false),
    (&["load", "--logs", "log_data", "--songs", "song_data", "--dry-run"], Before::Sources, 0, true),
    (&["load", "--logs", "log_data", "--full-refresh", "--json"], Before::Expired, 1, true),
    (&["rejects"], Before::Loaded, 0, true),
    (&["rejects", "--json"], Before::Loaded, 0, true),
    (&["rejects", "replay"], Before::Loaded, 3, false),
    (&["rejects", "replay", "--json"], Before::Loaded, 3, false),
    (&["check"], Before::Spoilt, 4, true),
    (&["check", "--json"], Before::Spoilt, 4, true),
    (&["check", "user_key"], Before::Loaded, 0, true),
    (&["check", "user_key", "--json"], Before::Loaded, 0, true),
    (&["check", "--list"], Before::Sources, 0, true),
    (&["sql", "select * from songplays"], Before::Loaded, 0, true),
    (&["sql", "select * from songplays", "--format", "json"], Before::Loaded, 0, true),
    (&["sql", "select * from songplays", "--format", "csv"], Before::Loaded, 0, true),
    (&["sql", "select * from songplays", "--format", "markdown"], Before::Loaded, 0, true),
    (&["sql", "select nonsense"], Before::Loaded, 1, true),
    (&["runs"], Before::Loaded, 0, true),
    (&["digest", "--json"], Before::Loaded, 0, true),
    (&["config"], Before::Sources, 0, true),
    (&["explain", "run", ""], Before::Loaded, 0, true),
    (&["doctor"], Before::Loaded, 0, true),
    (&["insights", "--list"], Before::Sources, 0, true),
    (&["insights", "top_songs", "hour_profile"], Before::Loaded, 0, true),
    (&["insights", "top_songs", "--format", "csv"], Before::Loaded, 0, true),
    (&["report", "--out", "new.html"], Before::Loaded, 0, false),
    (&["report", "--out", "-"], Before::Loaded, 0, true),
    (&["simulate", "--out", "new", "--users", "3", "--to", "2026-09-03", "--songs", "5"], Before::Sources, 0, false),
    (&["simulate", "--format", "eventsim", "--users", "3", "--to", "2026-09-03", "--songs", "5"], Before::Sources, 0, true),
    (&["tables", "create"], Before::Sources, 0, false),
    (&["tables", "create", "--dry-run"], Before::Sources, 0, true),
    (&["tables", "reset", "--yes"], Before::Loaded, 0, false),
    (&["tables", "drop", "--yes"], Before::Loaded, 0, false),
    (&["--help"], Before::Sources, 0, true),
    (&["load", "--help"], Before::Sources, 0, true),
    (&["load", "--no-such-flag"], Before::Sources, 2, true),
];

/// Verbs whose output another test looks at, and which.
const ELSEWHERE: [(&str, &str); 2] = [("cluster", "it needs AWS: its steps print by the same function"), ("demo", "below")];

fn site(before: Before) -> Site {
    let site = Site::new();
    site.put(
        "log_data/1.json",
        format!(
            "{}no JSON\n",
            content((0..20).map(|i| Event { user: i % 4, session: 1, item: i, instant: i, variant: 0 }.line()))
        ),
    );
    site.put("log_data/2.json", content([Event { user: 1, session: 9, item: 0, instant: 99, variant: 0 }.line()]));
    site.put("song_data/1.json", content((0..4).map(|id| Song { id, variant: 1 }.line())));
    site.put("sparkify.toml", "warehouse = \"w.duckdb\"\n");
    if before != Before::Sources {
        site.load(&["--max-rejects", "1"]).expect(3);
    }
    match before {
        Before::Spoilt => {
            let connection = duckdb::Connection::open(site.path("w.duckdb")).unwrap();
            connection.execute_batch("delete from users").unwrap();
        }
        Before::Expired => std::fs::remove_file(site.path("log_data/2.json")).unwrap(),
        _ => {}
    }
    site
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// The end of a pipe that nobody reads any more.
fn gone() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Ways to print, by name, and whether an output that is wanted is lost by it so that it is worth an error.
type Sink = (&'static str, fn() -> Stdio, bool);
const SINKS: [Sink; 2] = [("a reader that is gone", gone, false), ("a full disk", full, true)];

#[test]
fn the_exit_code_is_that_of_the_outcome() {
    for (arguments, before, code, is_product) in COMMANDS {
        let heard = site(before).run(arguments).expect(code);
        for (sink, stdout, is_error) in SINKS {
            for quiet in [false, true] {
                let site = site(before);
                let mut command = site.command(arguments);
                command.stdout(stdout()).stderr(if quiet { full() } else { Stdio::piped() });
                let answer = Answer::of(&command.spawn().unwrap().wait_with_output().unwrap());
                let is_lost = is_error && !heard.stdout.is_empty();
                let wanted = if code == 0 && is_product && is_lost { 1 } else { code };
                assert_eq!(answer.code, wanted, "{arguments:?} to {sink}, {before:?}: {}", answer.stderr);
                if !quiet {
                    let is_said = answer.stderr.contains("cannot write the output");
                    assert_eq!(is_said, is_lost, "{arguments:?} to {sink}: {}", answer.stderr);
                    assert!(!answer.stderr.contains("panic"), "{arguments:?} to {sink}: {}", answer.stderr);
                }
                if arguments[0] == "load" && code == 3 {
                    assert_eq!(site.number("select count(*) from load_runs"), 1, "what was committed is there");
                }
            }
        }
    }
}

#[test]
fn every_verb_is_among_them() {
    let help = Site::new().run(&["--help"]).expect(0).stdout;
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.len() > 12, "{help}");
    for verb in verbs {
        let is_known =
            COMMANDS.iter().any(|(arguments, ..)| arguments[0] == verb) || ELSEWHERE.iter().any(|(name, _)| *name == verb);
        assert!(is_known, "{verb} is in no row of the table");
    }
}

#[test]
fn the_demo_is_done_whoever_reads_it() {
    for (_, stdout, _) in SINKS {
        let site = Site::new();
        let mut command = site.command(&["demo"]);
        command.stdout(stdout()).stderr(full());
        assert_eq!(command.status().unwrap().code(), Some(0));
        assert!(site.path("sparkify-demo/report.html").exists() && site.path("sparkify-demo/sparkify.duckdb").exists());
    }
}

#[test]
fn a_log_that_cannot_be_written_is_no_reason_to_fail() {
    let site = site(Before::Sources);
    let mut command = site.command(&site.load_arguments(&["-vv", "--max-rejects", "1"]));
    command.env("SPARKIFY_LOG", "trace").stdout(Stdio::piped()).stderr(full());
    let answer = Answer::of(&command.spawn().unwrap().wait_with_output().unwrap()).expect(3);
    assert!(answer.stdout.contains("20 accepted") || answer.stdout.contains("21 accepted"), "{}", answer.stdout);
}
