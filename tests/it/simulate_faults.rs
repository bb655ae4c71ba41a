//! Faults on purpose: what a load says of them is what the ground truth says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::oracle::Oracle;
use crate::support::warehouse::{Site, assert_same, files_below};

const ALL: &str = "malformed=0.5%,duplicate=1%,conflict=0.4%,late=2%,garbled=10%,type-drift=1%,unknown-key=1%,truncated=2,duplicate-file=2,missing-day=2";

/// A site with a spoilt month, and the ground truth.
fn spoilt(more: &[&str]) -> (Site, Value) {
    let site = Site::new();
    site.run(&[&["simulate", "--out", ".", "--users", "300", "--songs", "200", "--faults", ALL], more].concat()).expect(0);
    let truth = serde_json::from_slice(&std::fs::read(site.path("faults.json")).unwrap()).unwrap();
    (site, truth)
}

/// Files and lines.
type Places = BTreeSet<(String, u64)>;

#[test]
fn a_load_says_of_faults_what_the_ground_truth_says() {
    for more in [&[][..], &["--compress", "gzip"], &["--compress", "zstd", "--seed", "77"]] {
        let (site, truth) = spoilt(more);
        let expected = &truth["expected"];
        let load = site.load(&["--json", "--max-rejects", "100%"]).expect(3);
        let report = load.json();
        for key in ["lines", "accepted", "duplicates", "rejected"] {
            assert_eq!(report[key], expected[key], "{key}");
        }
        for (fault, most) in truth["by_fault"].as_object().unwrap() {
            assert!(most.as_u64().unwrap() > 0, "{fault}");
        }
        assert_eq!(truth["by_fault"].as_object().unwrap().len(), 10, "each fault is there");

        // Each file's counts.
        let files = site.sql(
            "select regexp_extract(url, 'log_data/.*') as file, lines, accepted, duplicates, rejected from load_files where input = 'log'",
        );
        let found: BTreeMap<&str, &Value> = files.as_array().unwrap().iter().map(|f| (f["file"].as_str().unwrap(), f)).collect();
        let mut written = 0;
        for (file, counts) in truth["files"].as_object().unwrap() {
            if counts["lines"] == 0 {
                assert!(counts["lost"].as_u64().unwrap() > 0 && !found.contains_key(file.as_str()), "{file} is missing");
                continue;
            }
            written += 1;
            for key in ["lines", "accepted", "duplicates", "rejected"] {
                assert_eq!(found[file.as_str()][key], counts[key], "{file}: {key}");
            }
        }
        assert_eq!(written, found.len());

        // Each refused line, but for the copies of files, which are counted above.
        let rejects =
            site.sql("select regexp_extract(url, 'log_data/.*') as file, line from load_rejects where url not like '%_copy%'");
        let place = |entry: &Value| (entry["file"].as_str().unwrap().to_owned(), entry["line"].as_u64().unwrap());
        let rejected: Places = rejects.as_array().unwrap().iter().map(place).collect();
        let wanted: Places =
            truth["faults"].as_array().unwrap().iter().filter(|fault| fault["effect"] == "rejected").map(place).collect();
        assert_eq!(rejected, wanted);

        // Each late row: of another day than its file's.
        let late = "with rows as (select songplay_id // 4294967296 as file_no, start_time from songplays union all \
                    select view_id // 4294967296, start_time from page_views) \
                    select count(*) from rows join load_files using (file_no) \
                    where strftime(start_time, '%Y-%m-%d') <> regexp_extract(url, '\\d{4}-\\d\\d-\\d\\d')";
        assert_eq!(site.number(late).cast_unsigned(), expected["late"].as_u64().unwrap());
        assert!(expected["late"].as_u64().unwrap() > 100);
        site.check_invariants();
    }
}

#[test]
fn spoilt_logs_load_into_the_tables_that_the_contract_wants() {
    let (site, truth) = spoilt(&["--seed", "3"]);
    let report = site.load(&["--max-rejects", "100%"]).expect(3);
    let unknown = truth["expected"]["unknown_keys"].as_u64().unwrap();
    assert!(report.stdout.contains("deviceId") && unknown > 50, "{}", report.stdout);
    let mut oracle = Oracle::default();
    oracle.load(&files_below(&site.path("log_data")), &files_below(&site.path("song_data")));
    assert_same(&site.tables(), &oracle.tables(), "spoilt");
    assert!(site.number("select count(*) from songplays where match_method = 'repaired'") > 50);
}

#[test]
fn faults_that_make_no_sense_are_refused() {
    let site = Site::new();
    for (arguments, said) in [
        (&["--faults", "burnt=1%", "--out", "x"][..], "no fault `burnt`"),
        (&["--faults", "missing-day=40", "--out", "x"], "needs 40 days"),
        (&["--faults", "late=1%", "--out", "x.json", "--format", "eventsim"], "need a file a day"),
        (&["--faults", "malformed=1%", "--format", "eventsim"], "ground truth"),
    ] {
        let refused = site.run(&[&["simulate"], arguments].concat()).expect(2);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    site.run(&[
        "simulate",
        "--out",
        "x.json",
        "--format",
        "eventsim",
        "--faults",
        "malformed=5%,duplicate=5%,unknown-key=5%,garbled=5%",
    ])
    .expect(0);
    let truth: Value = serde_json::from_slice(&std::fs::read(site.path("x.json.faults.json")).unwrap()).unwrap();
    let report =
        site.run(&["load", "--logs", "x.json", "--json", "--max-rejects", "100%", "--warehouse", "w.duckdb"]).expect(3).json();
    for key in ["lines", "accepted", "duplicates", "rejected"] {
        assert_eq!(report[key], truth["expected"][key], "{key}");
    }
}
