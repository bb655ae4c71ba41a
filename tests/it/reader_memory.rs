//! Readers keep to `--memory` however much there is to read, and a page keeps to its size.

use sparkify::check;
use sparkify::error::Kind;
use sparkify::settings::Settings;
use sparkify::warehouse::Warehouse;
use sparkify::warehouse::engine::Capabilities;
use sparkify::warehouse::recorder::{Recorder, Script};

use crate::support::warehouse::Site;

const MEMORY: &str = "256MiB";
/// Of it, a command may take as much.
const MOST_MIB: u64 = 256;

/// A warehouse that this SQL has filled.
fn filled(sql: &str) -> Site {
    let site = Site::new();
    site.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    duckdb::Connection::open(site.path("w.duckdb")).unwrap().execute_batch(sql).unwrap();
    site
}

/// Plays of so many titles, each by a user of its own, once.
fn played_once(plays: u64) -> Site {
    filled(&format!(
        "insert into tracks select i, 'A title that somebody played, number ' || i, 'An artist, number ' || i from range({plays}) r(i);
         insert into songplays select i, timestamp '2018-11-01' + i * interval '5 seconds', i, 'free', null, null, i, \
             'Place ' || i || ', ZZ', 'Agent ' || i, 0, 'A title that somebody played, number ' || i, 'An artist, number ' || i, \
             200, null, 0, i, null, null, i, null from range({plays}) r(i);
         insert into users select i, 'f', 'l', 'F', 'free', null, timestamp '2018-11-01' from range({plays}) r(i);"
    ))
}

fn within(site: &Site, arguments: &[&str]) -> String {
    let arguments = [arguments, &["--memory", MEMORY, "--threads", "2", "--warehouse", "w.duckdb"]].concat();
    site.peak(&arguments).expect(0, MOST_MIB).stdout
}

#[test]
fn listings_are_printed_as_they_come() {
    let site = filled(
        "insert into load_rejects select 'r', 'log', 'log_data/' || i // 1000 || '.json', i, i * 400, 'malformed JSON', \
         repeat('x', 300) || i, 300, null, -1 from range(300000) r(i)",
    );
    let table = within(&site, &["rejects"]);
    assert!(table.ends_with("300,000 rows\n") && table.contains("x299999 "), "{}", &table[table.len() - 300..]);
    let json: serde_json::Value = serde_json::from_str(&within(&site, &["rejects", "--json"])).unwrap();
    let places: Vec<(&str, i64)> =
        json.as_array().unwrap().iter().map(|row| (row["url"].as_str().unwrap(), row["line"].as_i64().unwrap())).collect();
    assert!(places.len() == 300_000 && places.is_sorted(), "the parts follow each other in one order");
    let some = "select line, reason, raw from load_rejects where line < 50000";
    for format in ["table", "csv", "json", "markdown"] {
        let rows = within(&site, &["sql", some, "--format", format]);
        assert!(rows.lines().count() >= 50_001, "{format}");
    }
    let file = site.path("rows.json").display().to_string();
    within(&site, &["sql", some, "--format", "json", "--out", &file]);
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 50_002);
}

/// DuckDB sorts in parts of some 100,000 rows, side by side.
#[test]
fn answers_come_in_the_order_that_is_asked_for() {
    let site = filled("");
    let question = "select i from (select (i * 7919) % 600000 as i from range(600000) as r(i)) as mixed order by i";
    for _ in 0..3 {
        let rows = within(&site, &["sql", question, "--format", "csv"]);
        assert!(rows.lines().skip(1).map(|line| line.parse::<u64>().unwrap()).eq(0..600_000));
    }
}

#[test]
fn ties_are_counted_where_they_are_many() {
    let plays = 400_000;
    let site = played_once(plays);
    for name in ["top_songs", "top_artists", "power_users", "diversity", "geo"] {
        let json: serde_json::Value = serde_json::from_str(&within(&site, &["insights", name, "--format", "json"])).unwrap();
        let (rows, left_out) = (json[0]["rows"].as_array().unwrap().len() as u64, json[0]["rows_left_out"].as_u64().unwrap());
        // The one state that all places are in has a list of its own.
        let states = u64::from(name == "geo");
        assert_eq!((rows - states, left_out), (100, plays - 100), "{name}");
        let remark = json[0]["remarks"].as_array().unwrap().last().unwrap().as_str().unwrap();
        assert!(remark.contains("and 399,900 more share the last place listed (plays 1)"), "{remark}");
    }
    let table = within(&site, &["insights", "top_songs"]);
    assert!(table.contains("! and 399,900 more share the last place listed (plays 1)"), "{table}");
    within(&site, &["check", "track_key"]);
    let page = site.path("report.html");
    within(&site, &["report", "--out", page.to_str().unwrap()]);
    assert!(page.metadata().unwrap().len() < 6_000_000);
}

/// Two hundred years, a day each, make the longest page there is.
#[test]
fn a_page_has_its_size_whatever_the_years() {
    let site = filled(
        "insert into tracks select i, repeat('t', 5000) || i, repeat('<', 400) || i from range(40) r(i);
         insert into songplays select i, timestamp '1825-01-01' + i * interval '1 day', i % 50, 'free', null, null, i, \
             repeat('<', 4000) || i % 40 || ', ZZ', 'Agent ' || i, 0, 's', 'a', 200, null, 0, i, null, null, i % 40, null \
             from range(73000) r(i);",
    );
    let page = site.path("report.html");
    site.run(&["report", "--out", page.to_str().unwrap(), "--warehouse", "w.duckdb"]).expect(0);
    let size = page.metadata().unwrap().len();
    assert!((2_000_000..6_000_000).contains(&size), "{size}");
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("rows: the page has no room for more"));
}

#[test]
fn a_check_that_has_no_memory_left_says_so() {
    let run = |kind| {
        let script = Script::default();
        script.fail_at(3, kind);
        let mut warehouse = Warehouse::recorded(Box::new(Recorder::new(Capabilities::default(), script)));
        check::run(&mut warehouse, check::all().unwrap(), &Settings::defaults().unwrap().checks, 0)
    };
    // What cannot be run fails, as nobody can tell; what only had no memory is no finding.
    assert_eq!(run(Kind::Query).unwrap().iter().filter(|finding| finding.error.is_some()).count(), 1);
    let error = run(Kind::Memory).unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (Kind::Memory, 1));
}

#[test]
fn what_does_not_fit_into_the_memory_is_told_as_that() {
    let site = filled("");
    let large = "select len(list(repeat('x', 200) || i)) as n from range(4000000) as r(i)";
    let answer = site.peak(&["sql", large, "--memory", MEMORY, "--warehouse", "w.duckdb"]).expect(1, MOST_MIB);
    assert!(answer.stderr.contains("not enough memory") && answer.stderr.contains("--memory"), "{}", answer.stderr);
}
