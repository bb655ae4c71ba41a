//! The binary against an S3 server over HTTP, with faults.

use std::time::Duration;

use crate::support::s3::{Fault, LEAKED_TOKEN, S3Server};
use crate::support::warehouse::{Answer, Site, assert_same, tables_of};

const ARGUMENTS: [&str; 7] =
    ["load", "--logs", "s3://music/log_data", "--songs", "s3://music/song_data", "--warehouse", "w.duckdb"];

/// The demo's data on disk and in a bucket, and what the tables hold when it is loaded from disk.
fn site_with_bucket() -> (Site, S3Server) {
    let site = Site::new();
    site.run(&["demo", "--out", "store/music"]).expect(0);
    // Moved out of the bucket: the bucket holds data only.
    std::fs::rename(site.path("store/music/sparkify.duckdb"), site.path("disk.duckdb")).unwrap();
    let server = S3Server::start(&site.path("store"));
    (site, server)
}

fn run(site: &Site, server: &S3Server, more: &[&str]) -> Answer {
    let mut command = site.command(&ARGUMENTS);
    Answer::of(&command.args(more).envs(server.env()).output().unwrap())
}

#[test]
fn a_bucket_loads_as_a_folder_does_whatever_goes_wrong_for_a_while() {
    let (site, server) = site_with_bucket();
    let faults = server.faults();
    faults.add(2, "GET /music?list-type", Fault::Status(503, "SlowDown"));
    faults.add(5, "GET /music/log_data", Fault::Status(500, "InternalError"));
    faults.add(4, "GET /music/log_data", Fault::Cut);
    faults.add(3, "GET /music/song_data", Fault::Delay(Duration::from_millis(300)));
    faults.add(2, "GET /music/log_data", Fault::Throttle(50_000, Duration::from_millis(20)));
    let report = run(&site, &server, &["--json"]).expect(0).json();
    assert!(report["status"] == "done" && report["lines"].as_u64() > Some(6_000), "{report}");
    let wanted = tables_of(site.root(), &site.path("disk.duckdb"));
    assert_same(&tables_of(site.root(), &site.path("w.duckdb")), &wanted, "from the bucket");
    site.check_invariants();

    let before = faults.requests().len();
    let again = run(&site, &server, &["--json"]).expect(0).json();
    assert_eq!((again["status"].as_str(), again["files_loaded"].as_u64()), (Some("nothing_new"), Some(0)));
    let asked: Vec<String> = faults.requests().split_off(before);
    assert!(asked.iter().all(|request| request.contains("list-type")), "only listings: {asked:?}");
}

#[test]
fn a_bucket_that_refuses_is_named_and_nothing_leaks() {
    let (site, server) = site_with_bucket();
    server.faults().add(100, "GET /music", Fault::Status(403, "AccessDenied"));
    let refused = run(&site, &server, &["-vv"]).expect(1);
    assert!(refused.stderr.contains("music") && refused.stderr.contains("s3:ListBucket"), "{}", refused.stderr);
    assert!(!site.path("w.duckdb").exists(), "nothing was made");
    for secret in [server.secret_key, LEAKED_TOKEN] {
        assert!(!refused.stderr.contains(secret) && !refused.stdout.contains(secret));
    }
    server.faults().clear();
    let log = run(&site, &server, &["-vv"]).expect(0);
    assert!(!log.stderr.contains(server.secret_key) && !log.stdout.contains(server.secret_key));
}

#[test]
fn an_object_that_goes_away_fails_the_run_or_is_left_for_next_time() {
    let (site, server) = site_with_bucket();
    let day = "log_data/2026/09/2026-09-10-events.json";
    server.faults().add(2, &format!("GET /music/{day}"), Fault::Status(404, "NoSuchKey"));
    let failed = run(&site, &server, &["--json"]).expect(1);
    assert!(failed.stderr.contains(day), "{}", failed.stderr);
    assert_eq!(site.number("select count(*) from songplays"), 0);
    let partly = run(&site, &server, &["--json", "--skip-bad-files"]).expect(3).json();
    assert_eq!((partly["status"].as_str(), partly["files_loaded"].as_u64()), (Some("incomplete"), Some(189)));
    let rest = run(&site, &server, &["--json"]).expect(0).json();
    assert_eq!(rest["files_loaded"].as_u64(), Some(1));
    let wanted = tables_of(site.root(), &site.path("disk.duckdb"));
    assert_same(&tables_of(site.root(), &site.path("w.duckdb")), &wanted, "in two runs");
}

#[test]
fn a_bit_that_flips_on_the_way_leaves_no_trace() {
    let (site, server) = site_with_bucket();
    server.tell_checksums();
    let faults = server.faults();
    faults.add(5, "GET /music/log_data", Fault::Corrupt);
    faults.add(5, "GET /music/song_data", Fault::Corrupt);
    run(&site, &server, &["--json"]).expect(0);
    let wanted = tables_of(site.root(), &site.path("disk.duckdb"));
    assert_same(&tables_of(site.root(), &site.path("w.duckdb")), &wanted, "as if nothing had happened");
    let asked =
        faults.requests().iter().filter(|request| request.starts_with("GET /music/") && !request.contains("list-type")).count();
    assert_eq!(asked, 190 + 10, "each spoilt answer was asked for once more");
}
