//! No panic reaches a user, and what a machine may be like is no reason for one.

use std::ffi::OsString;
use std::fs::File;
use std::process::{Command, Stdio};

use sparkify::bug;
use sparkify::error::{Error, Kind};

use crate::support::made_up;
use crate::support::warehouse::{Answer, Site};

/// Says which of the bugs below a process is to have.
const WHICH: &str = "BUG_OF_THE_TESTS";

/// Not a test: what the next one runs in a process of its own, as panics concern all of a process.
#[test]
#[ignore = "has a bug"]
fn has_a_bug() {
    let run = || match std::env::var(WHICH).as_deref() {
        Ok("here") => panic!("a bug of the tests"),
        Ok("thread") => {
            let ended = std::thread::spawn(|| panic!("a bug of the tests")).join();
            ended.map_err(|_| Error::new(Kind::Io, "a thread failed"))
        }
        Ok("scope") => {
            std::thread::scope(|scope| {
                scope.spawn(|| panic!("a bug of the tests"));
            });
            Ok(0)
        }
        Ok("index") => Ok([0_u8][std::env::args().count()]),
        _ => Ok(0),
    };
    let arguments = ["sparkify", "load", "--logs", "canary-of-the-tests", "--set=canary-of-the-tests"].map(OsString::from);
    let code = bug::contained(arguments.into_iter(), &["load"], run).unwrap_or_else(|error| {
        use std::io::Write;
        // Where stderr is full, nobody is told.
        let _ = writeln!(std::io::stderr(), "error: {}\n  hint: {}", error.report(), error.hint());
        error.exit_code()
    });
    std::process::exit(code.into());
}

fn with_a_bug(which: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["bugs::has_a_bug", "--exact", "--ignored", "--nocapture"]).env(WHICH, which).env_remove("RUST_BACKTRACE");
    command
}

#[test]
fn a_bug_is_an_error_that_says_what_to_report() {
    for (which, words) in [
        ("here", "a bug of the tests"),
        ("thread", "a bug of the tests"),
        ("scope", "a bug of the tests"),
        ("index", "index out of bounds"),
    ] {
        let answer = Answer::of(&with_a_bug(which).output().unwrap()).expect(1);
        for part in [words, "bugs.rs:", "`sparkify load --logs … --set`", env!("CARGO_PKG_VERSION"), std::env::consts::OS] {
            assert!(answer.stderr.contains(part), "{which}: {part} is not in: {}", answer.stderr);
        }
        assert!(!answer.stderr.contains("canary") && !answer.stderr.contains("thread panicked"), "{}", answer.stderr);
        assert_eq!(answer.stderr.matches("error: ").count(), 1, "{}", answer.stderr);
        let full = with_a_bug(which).stderr(File::options().write(true).open("/dev/full").unwrap()).status().unwrap();
        assert_eq!(full.code(), Some(1), "{which}");
    }
    assert_eq!(with_a_bug("none").output().unwrap().status.code(), Some(0));
}

/// Commands that talk on stderr, with nowhere to talk to.
#[test]
fn a_full_stderr_is_no_reason_to_panic() {
    let site = Site::new();
    site.put("log_data/1.json", made_up::weeks());
    site.put("log_data/2.json", "not JSON\n".repeat(3));
    for (arguments, code) in [
        (&["load", "--logs", "log_data", "-vv", "--max-rejects", "50%"][..], 3),
        (&["load", "--logs", "nowhere"], 1),
        (&["load", "--no-such-flag"], 2),
        (&["sql", "select no_such_column"], 1),
        (&["check", "-v"], 0),
        (&["simulate", "--out", "made", "--users", "3", "--from", "2026-01-01", "--to", "2026-01-03"], 0),
        (&["tables", "drop"], 2),
        (&["config"], 0),
    ] {
        let mut command = site.command(arguments);
        command.env("SPARKIFY_WAREHOUSE", "w.duckdb").stdout(Stdio::null());
        let status = command.stderr(File::options().write(true).open("/dev/full").unwrap()).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

/// A clock that stands before 1970, which no test may set for the whole machine: the C library's is replaced.
const CLOCK: &str = "#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, \"clock_gettime\");
    int outcome = real(clock, time);
    if (outcome == 0 && clock == CLOCK_REALTIME) time->tv_sec -= 4000000000;
    return outcome;
}
";

#[test]
#[cfg(target_os = "linux")]
fn a_clock_before_1970_is_no_reason_to_panic() {
    let site = Site::new();
    site.put("log_data/1.json", made_up::weeks());
    let (source, library) = (site.put("clock.c", CLOCK), site.path("clock.so"));
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").status();
    assert!(made.expect("the compiler that DuckDB is built with").success());
    let run = |arguments: &[&str]| {
        let mut command = site.command(arguments);
        command.env("LD_PRELOAD", &library).env("SPARKIFY_WAREHOUSE", "w.duckdb");
        Answer::of(&command.output().unwrap())
    };
    run(&["load", "--logs", "log_data", "-v"]).expect(0);
    run(&["load", "--logs", "log_data", "--json"]).expect(0);
    run(&["check"]).expect(0);
    run(&["runs", "--json"]).expect(0);
    run(&["insights", "top_songs"]).expect(0);
    run(&["report", "--out", "report.html"]).expect(0);
    let started = site.sql("select year(started_at) as year from load_runs")[0]["year"].as_i64().unwrap();
    assert!(started < 1970, "{started}");
}
