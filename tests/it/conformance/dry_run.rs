//! A dry run is the run itself over a connection that records: it prints what a load sends, in the same order.

use super::NewSite;
use crate::support::generate::{Event, Song, content};
use crate::support::repository;
use crate::support::warehouse::{Answer, Site};

/// What is asked before the plan is made, so that a dry run has the answers already.
const ASKED_BEFORE: [&str; 4] = ["schema/table_exists", "schema/read_version", "ledger/known_files", "ledger/last_file_no"];

/// What only an engine that is at work has to ask: what a COPY did, how many rows an index would have, what may be overwritten.
const ASKED_AT_WORK: [&str; 7] = [
    "redshift/last_copy_count",
    "redshift/last_copy_id",
    "redshift/loaded_files",
    "redshift/server",
    "redshift/slices",
    "redshift/columns",
    "duckdb/metadata_blocks",
];

/// The names of statements and checks, as they stand in `sql/`, without those that one side alone can have.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let sql = repository().join("sql");
    let is_file = |name: &str| sql.join(format!("{name}.sql")).exists() || sql.join(format!("check/{name}.sql")).exists();
    let is_shared = |name: &&str| {
        is_file(name) && !ASKED_BEFORE.contains(name) && !ASKED_AT_WORK.contains(name) && !name.starts_with("postgres/")
    };
    names.filter(is_shared).map(str::to_owned).collect()
}

/// The names that a script prints above its statements.
fn printed(script: &str) -> Vec<String> {
    named(script.lines().filter_map(|line| line.strip_prefix("-- ")))
}

/// The names that the log says were sent.
fn sent(log: &str) -> Vec<String> {
    let names = log.lines().filter_map(|line| line.split("statement=").nth(1));
    named(names.map(|rest| rest.trim_start_matches('"').split(['"', ' ']).next().unwrap_or_default()))
}

/// Events of sessions that go on over the files, and songs that a later file changes and two files tell differently.
fn put(site: &Site, file: usize) {
    let items = file as u8 * 40..file as u8 * 40 + 40;
    // The second half of a file's time is the first half of the next one's.
    let instant = |item: u8| item - file as u8 * 20;
    let event = |item| Event { user: 1 + item % 3, session: item % 2, item, instant: instant(item), variant: 0 };
    let events = items.map(|item| event(item).line());
    site.put(&format!("log_data/{file}.json"), content(events));
    for part in 0..2 {
        let variant = (file * 2 + part) as u8;
        let songs = content((0..40).map(|id| Song { id, variant }.line()));
        site.put(&format!("song_data/{file}{part}.json"), songs);
    }
}

pub fn it_prints_what_a_load_sends(new_site: NewSite<'_>) {
    let site = new_site();
    put(&site, 0);
    site.load(&[]).expect(0);
    put(&site, 1);
    let script = site.load(&["--dry-run"]).expect(0).stdout;
    let arguments = site.load_arguments(&[]);
    let mut load = site.command(&arguments);
    load.env("SPARKIFY_LOG", "sparkify=debug").env("NO_COLOR", "1");
    let log = Answer::of(&load.output().unwrap()).expect(0).stderr;
    let (printed, sent) = (printed(&script), sent(&log));
    assert!(printed.len() > 30, "{printed:?}");
    assert_eq!(printed, sent, "{script}\n{log}");
}
