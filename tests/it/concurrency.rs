//! Several processes at one warehouse.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::generate::{Event, content};
use crate::support::warehouse::{Answer, Site};

/// Holds the warehouse open for writing, as another program would.
fn hold(site: &Site) -> duckdb::Connection {
    duckdb::Connection::open(site.path("w.duckdb")).unwrap()
}

fn event(user: u8) -> String {
    content((0..4).map(|item| Event { user, session: 1, item, instant: item, variant: 0 }.line()))
}

fn loaded_site() -> Site {
    let site = Site::new();
    site.put("log_data/1.json", event(1));
    site.load(&[]).expect(0);
    site
}

fn spawn(site: &Site, arguments: &[&str]) -> Child {
    site.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn answer(child: Child) -> Answer {
    Answer::of(&child.wait_with_output().unwrap())
}

#[test]
fn a_held_warehouse_is_refused_by_the_name_of_its_holder() {
    let site = loaded_site();
    let before = site.tables();
    site.put("log_data/2.json", event(2));
    let holder = hold(&site);
    let refused = site.load(&[]).expect(1);
    let pid = format!("(PID {})", std::process::id());
    assert!(refused.stderr.contains("w.duckdb is held by") && refused.stderr.contains(&pid), "{}", refused.stderr);
    assert!(refused.stderr.contains("--wait"), "{}", refused.stderr);
    let started = Instant::now();
    let refused = site.load(&["--wait=1"]).expect(1);
    assert!(refused.stderr.contains(&pid) && started.elapsed() >= Duration::from_secs(1), "{}", refused.stderr);
    drop(holder);
    assert_eq!(site.tables(), before);
}

#[test]
fn waiting_ends_when_the_holder_lets_go() {
    let site = loaded_site();
    site.put("log_data/2.json", event(2));
    let holder = hold(&site);
    let mut waiting = spawn(&site, &site.load_arguments(&["--wait", "--json"]));
    std::thread::sleep(Duration::from_millis(500));
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    drop(holder);
    let report = answer(waiting).expect(0).json();
    assert_eq!((report["status"].as_str(), report["lines"].as_u64()), (Some("done"), Some(4)));
}

#[test]
fn waiting_can_be_interrupted() {
    let site = loaded_site();
    let holder = hold(&site);
    let waiting = spawn(&site, &site.load_arguments(&["--wait"]));
    std::thread::sleep(Duration::from_millis(300));
    // SAFETY: the process is ours and not yet waited for.
    unsafe { libc::kill(waiting.id() as i32, libc::SIGINT) };
    answer(waiting).expect(130);
    drop(holder);
}

#[test]
fn loads_at_the_same_time_take_turns_or_fail_plainly() {
    let site = Site::new();
    for file in 0..6u8 {
        // The same events in several files, so that a load that does not see another's would double them.
        site.put(&format!("log_data/{file}.json"), event(file % 3 + 1));
    }
    // The first ones race to make the file as well.
    let patient: Vec<Child> = (0..4).map(|_| spawn(&site, &site.load_arguments(&["--wait=60", "--json"]))).collect();
    let hasty: Vec<Child> = (0..4).map(|_| spawn(&site, &site.load_arguments(&["--json"]))).collect();
    let reports: Vec<serde_json::Value> = patient.into_iter().map(|child| answer(child).expect(0).json()).collect();
    let mut accepted: u64 = reports.iter().map(|report| report["accepted"].as_u64().unwrap()).sum();
    for child in hasty {
        let answer = answer(child);
        match answer.code {
            0 => accepted += answer.json()["accepted"].as_u64().unwrap(),
            1 => assert!(answer.stderr.contains("w.duckdb is held by"), "{}", answer.stderr),
            other => panic!("{other}: {}", answer.stderr),
        }
    }
    assert_eq!(accepted, 12, "each event once, whoever loaded it");
    assert_eq!(site.number("select (select count(*) from songplays) + (select count(*) from page_views)"), 12);
    assert_eq!(site.number("select count(*) from load_files"), 6);
    site.check_invariants();
    let left: Vec<String> =
        std::fs::read_dir(site.root()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| name == "log_data" || name == "w.duckdb"), "{left:?}");
}

#[test]
fn readers_do_not_hold_each_other_off() {
    let site = loaded_site();
    let query =
        ["sql", "select count(*) as n from range(30000000) where random() < 2", "--format", "csv", "--warehouse", "w.duckdb"];
    let readers: Vec<Child> = (0..3).map(|_| spawn(&site, &query)).collect();
    for reader in readers {
        assert_eq!(answer(reader).expect(0).stdout, "n\n30000000\n");
    }
}
