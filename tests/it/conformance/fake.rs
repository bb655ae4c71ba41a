//! The flow against a warehouse that only writes down what it is told and fails on demand: whatever step fails, the run is
//! undone and nothing of it is committed.

use sparkify::budget::Budget;
use sparkify::error::{Error, Kind};
use sparkify::limit::RejectLimit;
use sparkify::pipeline::{self, LoadOptions};
use sparkify::plan::{self, Plan};
use sparkify::report::RunReport;
use sparkify::settings::Settings;
use sparkify::source::{Location, S3Options, Sources};
use sparkify::stage::Progress;
use sparkify::warehouse::engine::Capabilities;
use sparkify::warehouse::recorder::{Recorder, Script};
use sparkify::warehouse::{Dialect, SCHEMA_VERSION, Warehouse};

use crate::support::generate::{Event, Song, content};
use crate::support::warehouse::Site;

struct Silent;

impl Progress for Silent {
    fn bytes(&self, _: u64) {}
    fn file_done(&self) {}
}

/// Plays, page views, a line that is refused, and songs.
fn site() -> Site {
    let site = Site::new();
    let events = (0..40).map(|i| Event { user: i % 4, session: i % 3, item: i, instant: i, variant: 0 }.line());
    site.put("log_data/1.json", format!("{}no JSON\n", content(events)));
    site.put("song_data/1.json", content((0..12).map(|id| Song { id, variant: 1 }.line())));
    site
}

/// What an engine that works in this process can do, so that the questions how many rows it holds are sent too.
fn capabilities(dialect: Dialect) -> Capabilities {
    Capabilities { dialect, memory: Some(0), holds_nul: true, ..Capabilities::default() }
}

/// A warehouse of this dialect that only writes down what it is told, and where it does.
fn recorded(dialect: Dialect, loses: u64) -> (Warehouse, Script) {
    let script = Script::into_tables(Some(SCHEMA_VERSION), 0);
    let recorder = Recorder::new(capabilities(dialect), script.clone()).losing(loses);
    (Warehouse::recorded(Box::new(recorder)), script)
}

fn load(site: &Site, warehouse: &mut Warehouse, max_rejects: u64, full_refresh: bool) -> Result<RunReport, Error> {
    let sources = Sources::new(S3Options::default());
    let location = |name: &str| Location::parse(site.path(name).to_str().unwrap()).unwrap();
    let (logs, songs) = plan::list(&sources, Some(&location("log_data")), Some(&location("song_data"))).unwrap();
    let plan = Plan::new(logs, songs, &[], full_refresh);
    let options = LoadOptions {
        full_refresh,
        forget_missing: false,
        skip_bad_files: false,
        max_rejects: RejectLimit::Count(max_rejects),
        keep_staging: true,
        reads: true,
        threads: 2,
        budget: Budget::of(256 << 20),
        limits: Settings::defaults().unwrap().checks,
        fingerprint: "f".to_owned(),
    };
    pipeline::load(warehouse, &sources, &plan, &options, &Silent)
}

/// What was sent, without the remarks.
fn statements(script: &Script) -> Vec<String> {
    let text = script.text();
    let code: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
    code.join("\n").split(";\n").map(|sql| sql.trim().trim_end_matches(';').to_owned()).filter(|sql| !sql.is_empty()).collect()
}

#[test]
fn a_run_is_one_transaction() {
    for dialect in Dialect::ALL {
        let (site, (mut warehouse, script)) = (site(), recorded(dialect, 0));
        let report = load(&site, &mut warehouse, 1, true).unwrap();
        assert_eq!((report.lines, report.rejected, report.accepted), (41, 1, 40));
        assert_eq!(report.songplays_added + report.page_views_added, 40);
        assert!(report.songplays_added > 0 && report.page_views_added > 0);
        let sent = statements(&script);
        assert_eq!((sent.first().unwrap().as_str(), sent.last().unwrap().as_str()), ("begin", "commit"));
        assert_eq!(sent.iter().filter(|sql| ["begin", "commit", "rollback"].contains(&sql.as_str())).count(), 2);
        // Some engines commit at a TRUNCATE, and there is no way back from that.
        assert!(sent.iter().all(|sql| !sql.contains("truncate")), "{dialect:?}");
        // The ledger and the checks stand between the rows and the commit.
        let text = script.text();
        let at = |part: &str| text.rfind(part).unwrap_or_else(|| panic!("{dialect:?} lacks {part}"));
        let order =
            ["-- transform/insert_songplays", "load_files gets", "load_runs gets", "\n-- event_keys\n", "\ncommit"].map(at);
        assert!(order.is_sorted(), "{dialect:?}: {order:?}");
    }
}

#[test]
fn whatever_step_fails_the_run_is_undone() {
    for dialect in Dialect::ALL {
        let site = site();
        let mut steps = 0;
        loop {
            let (mut warehouse, script) = recorded(dialect, 0);
            script.fail_at(steps, Kind::Query);
            let outcome = load(&site, &mut warehouse, 1, true);
            let sent = statements(&script);
            let Err(error) = outcome else {
                assert_eq!(sent.last().unwrap(), "commit");
                break;
            };
            assert!(error.kind() == Kind::Query && error.report().contains("as told"), "step {steps}: {}", error.report());
            assert_eq!(sent.last().unwrap(), "rollback", "{dialect:?}, step {steps}");
            assert!(!sent.contains(&"commit".to_owned()), "{dialect:?}, step {steps}");
            steps += 1;
        }
        assert!(steps > 40, "{dialect:?}: {steps} steps are too few to be all");
    }
}

#[test]
fn over_the_limit_nothing_is_committed() {
    for dialect in Dialect::ALL {
        let (site, (mut warehouse, script)) = (site(), recorded(dialect, 0));
        let error = load(&site, &mut warehouse, 0, false).unwrap_err();
        assert_eq!(error.kind(), Kind::TooManyRejects);
        let sent = statements(&script);
        assert_eq!(sent.last().unwrap(), "rollback");
        assert!(!sent.contains(&"commit".to_owned()));
    }
}

/// An engine that takes other than it was given is found out.
#[test]
fn rows_that_do_not_arrive_fail_the_run() {
    for dialect in Dialect::ALL {
        let (site, (mut warehouse, script)) = (site(), recorded(dialect, 1));
        let error = load(&site, &mut warehouse, 1, false).unwrap_err();
        assert_eq!(error.kind(), Kind::Conservation);
        assert_eq!(statements(&script).last().unwrap(), "rollback");
    }
}

/// The commit of a migration can warn as well, and nothing else reports what it warned of.
#[test]
fn a_load_reports_what_its_migration_warned_of() {
    for dialect in Dialect::ALL {
        let recorder =
            Recorder::new(capabilities(dialect), Script::into_tables(Some(SCHEMA_VERSION - 1), 0)).warning("stays in the log");
        let mut warehouse = Warehouse::recorded(Box::new(recorder));
        warehouse.ensure_schema().unwrap();
        let warnings = |warehouse: &mut Warehouse| load(&site(), warehouse, 1, false).unwrap().warnings;
        assert_eq!(warnings(&mut warehouse), ["stays in the log"; 2], "{dialect:?}: of the migration, and of the load");
        assert_eq!(warnings(&mut warehouse), ["stays in the log"], "{dialect:?}: each is reported once");
    }
}
