//! Several processes, and processes that end half way: the warehouse holds the state before a run or after it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::NewSite;
use crate::support::generate::{Event, Random, content};
use crate::support::warehouse::{Answer, Site, files_below};

/// Half a year, and the last month of it by itself.
struct Halves {
    site: Site,
    late: Vec<(String, Vec<u8>)>,
}

fn spawn(site: &Site, more: &[&str]) -> Child {
    site.command(&site.load_arguments(more)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn answer(child: Child) -> Answer {
    Answer::of(&child.wait_with_output().unwrap())
}

/// A site whose last month has not come yet.
fn halves(site: Site) -> Halves {
    let arguments = [
        "simulate",
        "--out",
        ".",
        "--users",
        "150",
        "--from",
        "2026-01-01",
        "--to",
        "2026-05-01",
        "--seed",
        "9",
        "--songs",
        "300",
    ];
    site.run(&arguments).expect(0);
    let late = files_below(&site.path("log_data")).into_iter().filter(|file| !file.url.contains("/2026/01/"));
    let late = late.map(|file| {
        std::fs::remove_file(&file.url).unwrap();
        (file.url, file.bytes)
    });
    let late = late.collect();
    Halves { site, late }
}

impl Halves {
    fn bring_late(&self) {
        for (path, bytes) in &self.late {
            let name = path.strip_prefix(&format!("{}/", self.site.root().display())).unwrap();
            self.site.put(name, bytes);
        }
    }
}

/// A load that waits for the lock of one that was killed, which a server gives back when it has noticed.
const WAIT: &str = "--wait=30";

pub fn killed_half_way_and_run_again(new_site: NewSite<'_>) {
    let finished = halves(new_site());
    finished.site.load(&[]).expect(0);
    finished.bring_late();
    let started = Instant::now();
    finished.site.load(&[]).expect(0);
    let (duration, after) = (started.elapsed(), finished.site.digest());

    let mut random = Random::new(0xDEAD);
    let (mut left_before, mut left_after) = (0, 0);
    for kill in 0..4 {
        let victim = halves(new_site());
        victim.site.load(&[]).expect(0);
        let before = victim.site.digest();
        victim.bring_late();
        let mut child = spawn(&victim.site, &[]);
        // Early, late and at random.
        let share = [0.3, 0.95][kill % 2] + random.below(150) as f64 / 1000.0;
        std::thread::sleep(duration.mul_f64(share));
        child.kill().unwrap();
        child.wait().unwrap();
        // A reader need not wait; what it sees is one state or the other.
        let found = victim.site.digest();
        if found == before {
            left_before += 1;
        } else {
            assert_eq!(found, after, "kill {kill}: neither before nor after");
            left_after += 1;
        }
        victim.site.load(&[WAIT]).expect(0);
        assert_eq!(victim.site.digest(), after, "kill {kill}: run again");
        victim.site.check_invariants();
    }
    eprintln!("{left_before} kills left the state before, {left_after} the one after");
    assert!(left_before > 0, "no kill came in time");
}

pub fn interrupted_nothing_is_changed(new_site: NewSite<'_>) {
    let halves = halves(new_site());
    halves.site.load(&[]).expect(0);
    let before = halves.site.digest();
    halves.bring_late();
    let mut interrupted = 0;
    for wait in [40, 120, 250] {
        let child = spawn(&halves.site, &[WAIT]);
        std::thread::sleep(Duration::from_millis(wait));
        // SAFETY: the process is ours and not yet waited for.
        unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
        let started = Instant::now();
        let answer = answer(child);
        if answer.code == 0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "it took {:?} to end", started.elapsed());
        assert!(answer.code == 130 || answer.code == -libc::SIGINT, "{answer:?}");
        assert_eq!(answer.stdout, "");
        if answer.code == 130 {
            assert!(answer.stderr.contains("interrupted; nothing was changed"), "{}", answer.stderr);
            interrupted += 1;
        }
        assert_eq!(halves.site.digest(), before);
    }
    assert!(interrupted > 0, "no signal came in time");
    halves.site.load(&[WAIT]).expect(0);
    halves.site.check_invariants();
}

pub fn loads_at_the_same_time_take_turns(new_site: NewSite<'_>) {
    let site = new_site();
    for file in 0..6u8 {
        // The same events in several files, so that a load that does not see another's would double them.
        let user = file % 3 + 1;
        let events = (0..4).map(|item| Event { user, session: 1, item, instant: item, variant: 0 }.line());
        site.put(&format!("log_data/{file}.json"), content(events));
    }
    // The first ones race to make the tables as well.
    let patient: Vec<Child> = (0..3).map(|_| spawn(&site, &["--wait=60", "--json"])).collect();
    let hasty: Vec<Child> = (0..3).map(|_| spawn(&site, &["--json"])).collect();
    let mut accepted = 0;
    for (number, child) in patient.into_iter().chain(hasty).enumerate() {
        let answer = answer(child);
        match answer.code {
            0 => accepted += answer.json()["accepted"].as_u64().unwrap(),
            1 if number >= 3 => {
                assert!(answer.stderr.contains("is held by") && answer.stderr.contains("--wait"), "{}", answer.stderr);
            }
            other => panic!("{other}: {}", answer.stderr),
        }
    }
    assert_eq!(accepted, 12, "each event once, whoever loaded it");
    assert_eq!(site.number("select (select count(*) from songplays) + (select count(*) from page_views)"), 12);
    site.check_invariants();
}

pub fn readers_see_the_state_before_until_the_commit(new_site: NewSite<'_>) {
    let halves = halves(new_site());
    halves.site.load(&[]).expect(0);
    // Facts and ledger, seen at once.
    let query = "select (select count(*) from load_files) * 10000000 + (select count(*) from songplays) as state";
    let before = halves.site.number(query);
    halves.bring_late();
    let mut child = spawn(&halves.site, &[WAIT]);
    let mut seen = Vec::new();
    while child.try_wait().unwrap().is_none() {
        // DuckDB lets nobody in while it is written to, and says so.
        let read = halves.site.run(&["sql", query, "--format", "csv", "--warehouse", &halves.site.warehouse]);
        match read.code {
            0 => seen.push(read.stdout.lines().nth(1).unwrap().parse::<i64>().unwrap()),
            _ => assert!(read.stderr.contains("is held by"), "{}", read.stderr),
        }
    }
    answer(child).expect(0);
    let after = halves.site.number(query);
    assert!(after > before && seen.iter().all(|count| [before, after].contains(count)), "{before} {seen:?} {after}");
    assert!(halves.site.warehouse == "w.duckdb" || seen.contains(&before), "a server lets readers in: {seen:?}");
}
