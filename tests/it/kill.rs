//! The binary killed at any moment: the warehouse holds the state before the run or after it.

use std::fs;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sparkify::simulate::{Plan, parse_time};

use crate::support::count_from_environment;
use crate::support::generate::Random;
use crate::support::simulated::{joined, simulated};
use crate::support::warehouse::{Answer, Site};

const DAYS: usize = 8;
const LATER_DAYS: usize = 3;

/// Months of simulated events, one text a month, and the songs that they play.
fn months() -> Vec<String> {
    let mut plan = Plan::new().unwrap();
    plan.users = 170;
    (plan.from_ms, plan.to_ms) = (parse_time("2026-01-01").unwrap(), parse_time("2026-09-01").unwrap());
    let world = simulated(&plan);
    let months: Vec<String> = (1..=DAYS).map(|month| joined(&world.path().join(format!("log_data/2026/{month:02}")))).collect();
    SONGS.get_or_init(|| joined(&world.path().join("song_data")));
    months
}

/// The same in every test.
static SONGS: OnceLock<String> = OnceLock::new();

/// The inputs: everything, or all but the last files.
fn site(months: &[String], files: usize) -> Site {
    let site = Site::new();
    for (index, text) in months[..files].iter().enumerate() {
        site.put(&format!("log_data/{index}.json"), text);
    }
    site.put("song_data/all.json", SONGS.get().unwrap());
    site
}

fn spawn(site: &Site, more: &[&str]) -> Child {
    site.command(&site.load_arguments(more)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What lies beside the warehouse that should not.
fn leftovers(site: &Site) -> Vec<String> {
    let names = fs::read_dir(site.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !["log_data", "song_data", "w.duckdb", "w.duckdb.wal"].contains(&name.as_str())).collect()
}

/// The checksums of a warehouse without rows.
fn empty_checksums() -> serde_json::Value {
    let empty = Site::new();
    empty.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    empty.checksums()
}

/// How the warehouse is before the run that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    NoFile,
    Part,
    All,
}

#[test]
fn killed_at_any_moment_and_run_again() {
    let kills = count_from_environment("SPARKIFY_KILLS", 25);
    let months = months();
    let undisturbed = site(&months, DAYS);
    let started = Instant::now();
    undisturbed.load(&[]).expect(0);
    let duration = started.elapsed();
    let all = undisturbed.checksums();
    assert!(undisturbed.number("select count(*) from songplays") > 50_000);
    let nothing = empty_checksums();

    // The warehouse that incremental loads start from.
    let part_site = site(&months, DAYS - LATER_DAYS);
    part_site.load(&[]).expect(0);
    let part = part_site.checksums();

    let victim = site(&months, DAYS);
    let mut random = Random::new(0xC1);
    let (mut before, mut after, mut too_late) = (0, 0, 0);
    for kill in 0..kills {
        let start = [Start::NoFile, Start::Part, Start::All][kill % 3];
        let (more, wanted_before): (&[&str], _) = match start {
            Start::NoFile => (&[], &nothing),
            Start::Part => (&[], &part),
            Start::All => (&["--full-refresh"], &all),
        };
        for name in ["w.duckdb", "w.duckdb.wal"] {
            let _ = fs::remove_file(victim.path(name));
        }
        match start {
            Start::NoFile => {}
            Start::Part => drop(fs::copy(part_site.path("w.duckdb"), victim.path("w.duckdb")).unwrap()),
            Start::All => drop(fs::copy(undisturbed.path("w.duckdb"), victim.path("w.duckdb")).unwrap()),
        }
        // The copy names its source's files; the victim's are others, but of the same content, so a load would take them
        // for copies. Their names are told to be the same.
        rename_files(&victim);

        // Twice in a row now and then, so that what a kill leaves is killed as well.
        for _ in 0..=kill % 2 {
            let mut child = spawn(&victim, more);
            let moment = duration.mul_f64(random.below(1200) as f64 / 1000.0);
            std::thread::sleep(moment);
            too_late += usize::from(child.try_wait().unwrap().is_some());
            child.kill().unwrap();
            let ended = Answer::of(&child.wait_with_output().unwrap());
            assert!(matches!(ended.code, -9 | 0), "{ended:?}");
            if !victim.path("w.duckdb").exists() {
                assert_eq!(start, Start::NoFile);
                before += 1;
                continue;
            }
            let found = victim.checksums();
            if found == *wanted_before && start != Start::All {
                before += 1;
            } else {
                assert_eq!(found, all, "kill {kill}, {start:?}, after {moment:?}: neither before nor after");
                after += 1;
            }
            victim.check_invariants();
        }
        victim.load(more).expect(0);
        assert_eq!(victim.checksums(), all, "kill {kill}, {start:?}: run again");
        victim.check_invariants();
    }
    eprintln!("{kills} kills: {before} left the state before, {after} the one after; {too_late} came too late");
    assert!(before > 0 && after > 0, "{before} before, {after} after: the moments are badly chosen");
}

/// Makes the ledger name the files of this site.
fn rename_files(site: &Site) {
    if !site.path("w.duckdb").exists() {
        return;
    }
    let connection = duckdb::Connection::open(site.path("w.duckdb")).unwrap();
    let root = site.root().display();
    for folder in ["log_data", "song_data"] {
        connection
            .execute_batch(&format!("update load_files set url = 'file://{root}/{folder}/' || split_part(url, '/{folder}/', 2) where url like '%/{folder}/%'"))
            .unwrap();
    }
    let mut files = connection.prepare("select url from load_files").unwrap();
    let urls: Vec<String> = files.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for url in urls {
        let path = url.strip_prefix("file://").unwrap();
        let stat = fs::metadata(path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let modified = stat.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        connection
            .execute("update load_files set version = ? where url = ?", [format!("{modified}-{}", stat.len()), url])
            .unwrap();
    }
}

#[test]
fn interrupted_nothing_is_changed() {
    let months = months();
    let part_site = site(&months, DAYS - LATER_DAYS);
    part_site.load(&[]).expect(0);
    let before = part_site.checksums();
    let runs = part_site.sql("select * from load_runs");
    for (index, text) in months.iter().enumerate().skip(DAYS - LATER_DAYS) {
        part_site.put(&format!("log_data/{index}.json"), text);
    }
    let mut interrupted = 0;
    for (number, more) in
        [&[][..], &["--full-refresh"], &[], &["--full-refresh"], &[], &["--full-refresh"]].into_iter().enumerate()
    {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let child = spawn(&part_site, more);
            std::thread::sleep(Duration::from_millis(20 + 50 * number as u64));
            // SAFETY: the process is ours and not yet waited for.
            unsafe { libc::kill(child.id() as i32, signal) };
            let answer = Answer::of(&child.wait_with_output().unwrap());
            if answer.code == 0 {
                // It was done before the signal came; the next ones would have nothing to interrupt.
                assert!(interrupted > 0, "no signal came in time");
                return;
            }
            assert!(answer.code == 130 || answer.code == -signal, "{answer:?}");
            interrupted += usize::from(answer.code == 130);
            assert_eq!(part_site.checksums(), before);
            assert_eq!(part_site.sql("select * from load_runs"), runs);
            assert_eq!(leftovers(&part_site), Vec::<String>::new());
        }
    }
    assert!(interrupted > 0, "no signal came in time");
}

#[test]
fn an_interrupted_first_load_leaves_no_events() {
    let months = months();
    let site = site(&months, DAYS);
    let child = spawn(&site, &[]);
    std::thread::sleep(Duration::from_millis(120));
    // SAFETY: the process is ours and not yet waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
    let answer = Answer::of(&child.wait_with_output().unwrap()).expect(130);
    assert!(answer.stderr.contains("interrupted"), "{}", answer.stderr);
    assert_eq!(answer.stdout, "");
    assert_eq!(leftovers(&site), Vec::<String>::new());
    if site.path("w.duckdb").exists() {
        assert_eq!(site.checksums(), empty_checksums());
    }
    site.load(&[]).expect(0);
    site.check_invariants();
}
