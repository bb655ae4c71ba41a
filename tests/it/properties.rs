//! What must hold whatever comes in and however: compared with the oracle after every run.

use std::fs;

use proptest::prelude::*;
use sparkify::budget::Budget;
use sparkify::limit::RejectLimit;
use sparkify::pipeline::{self, LoadOptions};
use sparkify::plan::{self, Plan};
use sparkify::report::RunReport;
use sparkify::settings::Settings;
use sparkify::source::{Location, S3Options, Sources};
use sparkify::stage::Progress;
use sparkify::warehouse::WarehouseUrl;

use crate::support::count_from_environment;
use crate::support::generate::{Event, Song, content, events, events_of_variants, songs};
use crate::support::oracle::{Counts, File, Oracle};
use crate::support::warehouse::{Site, Tables, assert_same, open_options};

struct Silent;

impl Progress for Silent {
    fn bytes(&self, _: u64) {}
    fn file_done(&self) {}
}

/// How a load goes about it, which must not matter.
#[derive(Debug, Clone, Copy)]
struct Manner {
    threads: usize,
    event_memory: u64,
}

const PLAIN: Manner = Manner { threads: 2, event_memory: 64 << 20 };

fn manners() -> impl Strategy<Value = Manner> {
    (prop::sample::select(vec![1, 2, 4]), prop::sample::select(vec![1, 3000, 64 << 20]))
        .prop_map(|(threads, event_memory)| Manner { threads, event_memory })
}

/// Loads in this process. Makes exactly one batch a thread and `event_memory`, which the binary's settings do not go down to.
fn load(site: &Site, manner: Manner, full_refresh: bool) -> RunReport {
    let options = LoadOptions {
        full_refresh,
        forget_missing: false,
        skip_bad_files: false,
        max_rejects: RejectLimit::Percent(100.0),
        keep_staging: false,
        reads: true,
        threads: manner.threads,
        budget: Budget::of(256 << 20).with_events(manner.event_memory),
        limits: Settings::defaults().unwrap().checks,
        fingerprint: String::new(),
    };
    let open = open_options(manner.threads);
    let sources = Sources::new(S3Options::default());
    let location = |name: &str| site.path(name).exists().then(|| Location::parse(site.path(name).to_str().unwrap()).unwrap());
    let (logs, songs) = plan::list(&sources, location("log_data").as_ref(), location("song_data").as_ref()).unwrap();
    let mut warehouse = WarehouseUrl::DuckDb(site.path("w.duckdb")).open(&open).unwrap();
    let plan = Plan::new(logs, songs, &warehouse.known_files().unwrap(), full_refresh);
    pipeline::load(&mut warehouse, &sources, &plan, &options, &Silent).unwrap()
}

fn counts(report: &RunReport) -> Counts {
    Counts {
        lines: report.lines,
        accepted: report.accepted,
        duplicates: report.duplicates,
        rejected: report.rejected,
        song_records: report.song_records,
        songs_rejected: report.songs_rejected,
        songs_differing: report.songs_differing,
    }
}

/// Files to be, with the content of each.
#[derive(Debug, Clone)]
struct Files {
    logs: Vec<Vec<Event>>,
    songs: Vec<Vec<Song>>,
}

impl Files {
    fn log(&self, index: usize) -> (String, String) {
        (format!("log_data/{index:02}.json"), content(self.logs[index].iter().map(|e| e.line())))
    }

    fn song(&self, index: usize) -> (String, String) {
        (format!("song_data/{index:02}.json"), content(self.songs[index].iter().map(|s| s.line())))
    }

    /// The times of modification go their own way, against the names.
    fn modified(index: usize) -> i64 {
        1_600_000_000 + [500, 100, 900, 300, 700, 200][index % 6]
    }

    fn put_log(&self, site: &Site, index: usize) -> File {
        let (name, text) = self.log(index);
        File { url: site.put(&name, &text).display().to_string(), modified: 0, bytes: text.into_bytes() }
    }

    fn put_song(&self, site: &Site, index: usize) -> File {
        let (name, text) = self.song(index);
        let path = site.put_at(&name, &text, Self::modified(index));
        File { url: path.display().to_string(), modified: Self::modified(index), bytes: text.into_bytes() }
    }

    fn put_all(&self, site: &Site) -> (Vec<File>, Vec<File>) {
        let logs = (0..self.logs.len()).map(|i| self.put_log(site, i)).collect();
        (logs, (0..self.songs.len()).map(|i| self.put_song(site, i)).collect())
    }

    fn tables(&self) -> (Counts, Tables) {
        let mut oracle = Oracle::default();
        let site = Site::new();
        let (logs, songs) = self.put_all(&site);
        (oracle.load(&logs, &songs), oracle.tables())
    }
}

fn files(variants: u8) -> impl Strategy<Value = Files> {
    let logs = prop::collection::vec(events_of_variants(30, variants), 1..6);
    let songs = prop::collection::vec(songs(8).prop_filter("an empty file is passed over", |s| !s.is_empty()), 0..5);
    (logs, songs).prop_map(|(logs, songs)| Files { logs, songs })
}

/// Few, but each is many runs of many lines; more on demand.
fn cases() -> ProptestConfig {
    let cases = count_from_environment("SPARKIFY_PROPERTY_CASES", 12) as u32;
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_order_of_files_does_not_matter(files in files(1), manner in manners(), order in any::<prop::sample::Index>()) {
        let (_, wanted) = files.tables();
        // Each step is a file of its own run; songs may come before, between and after the plays.
        let (logs, songs) = (files.logs.len(), files.songs.len());
        let mut steps: Vec<(bool, usize)> = (0..logs).map(|i| (true, i)).chain((0..songs).map(|i| (false, i))).collect();
        for variation in ["newest first", "rotated"] {
            match variation {
                "newest first" => steps.reverse(),
                _ => steps.rotate_left(order.index(logs + songs)),
            }
            let site = Site::new();
            for &(is_log, index) in &steps {
                if is_log { files.put_log(&site, index) } else { files.put_song(&site, index) };
                load(&site, manner, false);
            }
            assert_same(&site.tables(), &wanted, variation);
            site.check_invariants();
        }
    }

    #[test]
    fn batches_and_threads_do_not_matter(files in files(3), manner in manners()) {
        let (wanted_counts, wanted) = files.tables();
        let site = Site::new();
        files.put_all(&site);
        let report = load(&site, manner, false);
        prop_assert_eq!(counts(&report), wanted_counts);
        assert_same(&site.tables(), &wanted, "all at once");
        site.check_invariants();
        let report = load(&site, manner, true);
        prop_assert_eq!(counts(&report), wanted_counts);
        assert_same(&site.tables(), &wanted, "full refresh");
        site.check_invariants();
    }

    #[test]
    fn loading_twice_is_loading_once(files in files(2), manner in manners()) {
        let site = Site::new();
        let (logs, songs) = files.put_all(&site);
        let mut oracle = Oracle::default();
        let first = oracle.load(&logs, &songs);
        load(&site, manner, false);
        let before = site.tables();
        assert_same(&before, &oracle.tables(), "once");
        let files_before = site.sql("select url, version, file_no from load_files order by all");
        let runs_before = site.number("select count(*) from load_runs");

        let again = site.load(&["--json"]).expect(0).json();
        prop_assert_eq!(again["status"].as_str(), Some("nothing_new"));
        prop_assert_eq!(site.sql("select url, version, file_no from load_files order by all"), files_before);
        prop_assert_eq!(site.number("select count(*) from load_runs"), runs_before, "a run that changed nothing is not in the ledger");

        // The same bytes as new versions of all files, and once more under other names.
        for (index, log) in logs.iter().enumerate() {
            site.put_at(&format!("log_data/{index:02}.json"), &log.bytes, 1_700_000_000);
            site.put(&format!("log_data/copy/{index:02}.json"), &log.bytes);
        }
        let report = load(&site, manner, false);
        prop_assert_eq!((report.accepted, report.lines), (0, 2 * first.lines));
        // What conflicted before does so again; the rest is known.
        prop_assert_eq!(report.rejected, 2 * first.rejected);
        assert_same(&site.tables(), &before, "twice");
        site.check_invariants();
    }

    #[test]
    fn late_days_heal(all in events(120), order in any::<u64>(), manner in manners()) {
        // One file a stretch of time, loaded in any order, each run compared with what was there by then.
        let mut days: Vec<(usize, Vec<Event>)> = (0..6).map(|day| (day, all.iter().copied().filter(|e| usize::from(e.instant) / 4 == day).collect())).collect();
        days.retain(|(_, events)| !events.is_empty());
        let mut order = order;
        for i in (1..days.len()).rev() {
            days.swap(i, (order % (i as u64 + 1)) as usize);
            order /= i as u64 + 1;
        }
        let site = Site::new();
        let mut oracle = Oracle::default();
        for (day, events) in days {
            let text = content(events.iter().map(|e| e.line()));
            let url = site.put(&format!("log_data/{day}.json"), &text).display().to_string();
            let wanted = oracle.load(&[File { url, modified: 0, bytes: text.into_bytes() }], &[]);
            prop_assert_eq!(counts(&load(&site, manner, false)), wanted);
            assert_same(&site.tables(), &oracle.tables(), &format!("after day {day}"));
        }
        site.check_invariants();
    }

    #[test]
    fn any_history_of_runs(
        runs in prop::collection::vec((files(3), manners()), 2..5),
    ) {
        // Names repeat from run to run: the same files again with other lines, other metadata, conflicts with what is there.
        let site = Site::new();
        let mut oracle = Oracle::default();
        for (number, (files, manner)) in runs.iter().enumerate() {
            let _ = fs::remove_dir_all(site.path("log_data"));
            let _ = fs::remove_dir_all(site.path("song_data"));
            let modified = |file: &File| 1_600_000_000 + 10_000 * number as i64 + file.modified % 1000;
            let (logs, mut songs) = files.put_all(&site);
            for file in &mut songs {
                file.modified = modified(file);
                site.put_at(&file.url, &file.bytes, file.modified);
            }
            let wanted = oracle.load(&logs, &songs);
            prop_assert_eq!(counts(&load(&site, *manner, false)), wanted, "run {}", number);
            assert_same(&site.tables(), &oracle.tables(), &format!("run {number}"));
            site.check_invariants();
        }
    }
}

#[test]
fn a_song_that_changes_moves_its_plays() {
    let site = Site::new();
    let play = |item: u32, song: &str, length: &str| {
        format!(
            "{{\"ts\":{},\"page\":\"NextSong\",\"sessionId\":1,\"itemInSession\":{item},\"userId\":\"7\",\"level\":\"free\",\"song\":\"{song}\",\"artist\":\"A\",\"length\":{length}}}\n",
            1000 + item
        )
    };
    let song = |id: &str, title: &str, duration: &str| {
        format!(
            "{{\"song_id\":\"{id}\",\"title\":\"{title}\",\"artist_id\":\"AR\",\"artist_name\":\"A\",\"duration\":{duration}}}"
        )
    };
    let links = |site: &Site| {
        let rows = site.sql("select string_agg(coalesce(song_id, '-') || ':' || coalesce(match_method, '-'), ' ' order by item_in_session) as links from songplays");
        rows[0]["links"].as_str().unwrap().to_owned()
    };
    site.put("log_data/1.json", [play(1, "One", "100"), play(2, "Two", "100"), play(3, "J\\u00c3\\u00b3ga", "null")].concat());
    load(&site, PLAIN, false);
    assert_eq!(links(&site), "-:- -:- -:-");
    site.put_at("song_data/a.json", song("S1", "One", "150"), 1_600_000_000);
    site.put_at("song_data/j.json", song("S9", "Jóga", "150"), 1_600_000_000);
    load(&site, PLAIN, false);
    assert_eq!(links(&site), "S1:exact -:- S9:repaired", "metadata that arrives later links");
    site.put_at("song_data/b.json", song("S2", "One", "120"), 1_600_000_000);
    load(&site, PLAIN, false);
    assert_eq!(links(&site), "S2:exact -:- S9:repaired", "a nearer song takes over");
    site.put_at("song_data/b.json", song("S2", "Two", "120"), 1_600_000_100);
    site.put_at("song_data/j.json", song("S9", "J\\u00c3\\u00b3ga", "150"), 1_600_000_100);
    load(&site, PLAIN, false);
    assert_eq!(links(&site), "S1:exact S2:exact S9:exact", "a song that changes its title lets go and takes hold");
    site.put_at("song_data/c.json", song("S1", "Nothing", "150"), 1_600_000_050);
    load(&site, PLAIN, false);
    assert_eq!(links(&site), "-:- S2:exact S9:exact", "nothing else has that title");
}

/// A file that is corrected along with another one says the same as that one, whatever it said before.
#[test]
fn what_a_corrected_song_file_said_before_is_no_difference() {
    let site = Site::new();
    let song = |title: &str| format!("{{\"song_id\":\"S1\",\"title\":\"{title}\",\"artist_id\":\"AR\",\"artist_name\":\"A\"}}\n");
    for (run, files, differing) in [(0, &["Old"][..], 0), (1, &["New", "New"], 0), (2, &["Newer", "New"], 1)] {
        for (number, title) in files.iter().enumerate() {
            site.put_at(&format!("song_data/{number}.json"), song(title), 1_600_000_000 + run);
        }
        let report = load(&site, PLAIN, false);
        assert_eq!(counts(&report).songs_differing, differing, "run {run}");
    }
}

/// A song that a file tells again in a later batch: what it said before is compared with nobody's word.
#[test]
fn song_files_larger_than_a_batch() {
    let song = |id: &str, title: &str| {
        format!("{{\"song_id\":\"{id}\",\"title\":\"{title}\",\"artist_id\":\"AR\",\"artist_name\":\"A\"}}\n")
    };
    let filler = |file: &str| -> String { (0..5_000).map(|n| song(&format!("S{file}{n}"), &"x".repeat(300))).collect() };
    let file = |name: &str, first: &str, last: &str| song("SO1", first) + &song("SO2", last) + &filler(name) + &song("SO1", last);
    for (texts, differing) in [([file("a", "X", "Y"), file("b", "X", "Y")], 0), ([file("a", "Y", "X"), file("b", "X", "Y")], 2)] {
        let site = Site::new();
        let files: Vec<File> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let url = site.put(&format!("song_data/{number}.json"), text).display().to_string();
                File { url, modified: 0, bytes: text.clone().into_bytes() }
            })
            .collect();
        let mut oracle = Oracle::default();
        let wanted = oracle.load(&[], &files);
        assert_eq!(wanted.songs_differing, differing);
        for manner in [Manner { threads: 1, event_memory: 1 }, Manner { threads: 2, event_memory: 1 }, PLAIN] {
            assert_eq!(counts(&load(&site, manner, true)), wanted, "{manner:?}");
            assert_same(&site.tables(), &oracle.tables(), &format!("{manner:?}"));
        }
    }
}

/// Files of several blocks each, in batches of one block a thread.
#[test]
fn files_larger_than_a_batch() {
    let line = |file: u32, number: u32, variant: u32| {
        format!(
            "{{\"ts\":{},\"page\":\"NextSong\",\"sessionId\":{file},\"itemInSession\":{number},\"userId\":{},\"level\":\"{}\",\"song\":\"S{variant}\",\"location\":\"{}\"}}\n",
            1_541_106_106_796i64 + i64::from(number) * 60_000,
            number % 50 + 1,
            if (number / 500).is_multiple_of(2) { "free" } else { "paid" },
            "x".repeat(400)
        )
    };
    for conflicts in [false, true] {
        let site = Site::new();
        let (mut first, mut second) = (String::new(), String::new());
        for number in 0..18_000 {
            first.push_str(&line(1, number, 0));
            // Every tenth line repeats one of the other file, every hundredth contradicts it.
            second.push_str(&match number {
                n if n % 100 == 7 && conflicts => line(1, n, 1),
                n if n % 10 == 3 => line(1, n, 0),
                n => line(2, n, 0),
            });
        }
        assert!(first.len() > 9 << 20, "three blocks");
        let file = |name: &str, text: &str| File {
            url: site.put(name, text).display().to_string(),
            modified: 0,
            bytes: text.as_bytes().to_vec(),
        };
        let logs = [file("log_data/1.json", &first), file("log_data/2.json", &second)];
        let mut oracle = Oracle::default();
        let wanted = oracle.load(&logs, &[]);
        assert_eq!(
            (wanted.accepted, wanted.duplicates, wanted.rejected),
            if conflicts { (34_020, 1800, 180) } else { (34_200, 1800, 0) }
        );
        let wanted_tables = oracle.tables();
        for manner in [
            Manner { threads: 1, event_memory: 1 },
            Manner { threads: 2, event_memory: 1 },
            Manner { threads: 4, event_memory: 6 << 20 },
            PLAIN,
        ] {
            let report = load(&site, manner, true);
            site.check_invariants();
            assert_eq!(counts(&report), wanted, "{manner:?}");
            assert_same(&site.tables(), &wanted_tables, &format!("{manner:?}"));
        }
    }
}
