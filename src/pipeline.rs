//! The order of a run: plan, songs, events, checks, ledger, commit. It stands here alone: a load, a dry run and a replay
//! differ in where their records come from.

mod files;
mod handover;

use std::borrow::Cow;
use std::thread;
use std::time::{Duration, Instant};

use crate::attempts::{self, ReadHere};
use crate::budget::Budget;
use crate::check::{self, Touched};
use crate::decode::{UnknownKeys, count_unknown_key};
use crate::error::{Error, Kind, Result};
use crate::ledger::run_row;
use crate::limit::RejectLimit;
use crate::plan::Plan;
use crate::quarantine::QuarantineWriter;
use crate::refresh::Forgotten;
use crate::report::{RunReport, Status};
use crate::source::{SourceFile, Sources, Stop};
use crate::stage::Progress;
use crate::warehouse::{FileRow, Warehouse};

use self::files::Files;

/// What a load is to do.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// Rebuild everything from all sources.
    pub full_refresh: bool,
    /// In a full refresh, delete the rows of files that the sources lack or that cannot be read.
    pub forget_missing: bool,
    /// Load the other files when one cannot be read.
    pub skip_bad_files: bool,
    /// How many rejected records are acceptable, conflicts apart.
    pub max_rejects: RejectLimit,
    /// Leave the decoded lines in a table.
    pub keep_staging: bool,
    /// Open the files. A dry run does not: it shows what a load does, with batches that have no records.
    pub reads: bool,
    /// Threads that decode.
    pub threads: usize,
    /// How its memory is divided.
    pub budget: Budget,
    /// Thresholds of the checks before the commit.
    pub limits: check::Limits,
    /// Identifies the settings in the ledger.
    pub fingerprint: String,
}

/// Where the records of a run come from.
pub(crate) trait Records {
    /// What the ledger calls such a run.
    fn kind(&self) -> &'static str;

    /// Puts all songs into the tables, then all events. Some if the run must begin again.
    ///
    /// # Errors
    /// What stands in the way of reading them, and what the warehouse reports.
    fn load(&mut self, run: &mut Run<'_>) -> Result<Option<Again>>;

    /// The most rejected records that the run may have, if there is a limit.
    fn limit(&self) -> Option<RejectLimit>;

    /// The ledger's rows for the files that are in.
    fn files(&self) -> Vec<FileRow>;

    /// The highest file number given out, this run's files included.
    ///
    /// # Errors
    /// What the warehouse reports.
    fn last_file_no(&self, warehouse: &mut Warehouse) -> Result<i64>;

    /// What the checks before the commit are to examine. None if nothing was loaded: such a run is in no ledger.
    fn touched(&self, report: &RunReport) -> Option<Touched>;
}

/// A run, whatever its records.
pub(crate) struct Run<'a> {
    pub warehouse: &'a mut Warehouse,
    pub options: &'a LoadOptions,
    pub report: RunReport,
    /// Set when the user interrupts.
    stop: Stop,
    unknown_keys: UnknownKeys,
    started_us: i64,
}

impl<'a> Run<'a> {
    pub fn new(warehouse: &'a mut Warehouse, options: &'a LoadOptions, stop: Stop, report: RunReport, started_us: i64) -> Self {
        let report = RunReport { run_id: crate::clock::new_id().to_string(), ..report };
        Self { warehouse, options, report, stop, unknown_keys: UnknownKeys::new(), started_us }
    }

    /// The order of a run. Some if it must begin again, else everything is committed.
    pub fn in_order(&mut self, records: &mut dyn Records) -> Result<Option<Again>> {
        if let Some(again) = records.load(self)? {
            return Ok(Some(again));
        }
        self.conclude();
        if let Some(limit) = records.limit() {
            limit.check(&self.report)?;
        }
        self.report.balance()?;
        if let Some(touched) = records.touched(&self.report) {
            self.write_ledger(records)?;
            check::audit(self.warehouse, touched, &self.options.limits)?;
        }
        // Before the commit: whatever fails after it must not make a run look undone.
        self.report.set_totals(self.warehouse.totals()?);
        self.stop.check()?;
        let warnings = self.warehouse.commit()?;
        self.report.warnings.extend(warnings);
        Ok(None)
    }

    /// What takes refused records.
    pub fn quarantine(&mut self) -> QuarantineWriter<'_> {
        QuarantineWriter::new(self.warehouse, &self.report.run_id, self.options.budget.quarantined())
    }

    /// Counts keys that no field has.
    pub fn count_unknown_keys(&mut self, keys: &UnknownKeys) {
        for (key, times) in keys {
            count_unknown_key(&mut self.unknown_keys, key, *times);
        }
    }

    /// How the run ends, now that all records are in.
    fn conclude(&mut self) {
        let report = &mut self.report;
        report.unknown_keys = std::mem::take(&mut self.unknown_keys);
        let all_in = report.rejected + report.songs_rejected == 0
            && report.files_loaded + report.files_skipped == report.files_listed
            && !report.has_left_out();
        report.status = if all_in { Status::Done } else { Status::Incomplete };
    }

    fn write_ledger(&mut self, records: &dyn Records) -> Result<()> {
        self.warehouse.add_files(&self.report.run_id, &records.files())?;
        let last_file_no = records.last_file_no(self.warehouse)?;
        let run = run_row(&self.report, records.kind(), &self.options.fingerprint, self.started_us, last_file_no);
        self.warehouse.add_run(&run)
    }
}

/// Why a run must begin again, and with what.
pub(crate) enum Again {
    /// The warehouse cannot read these files itself, or none if none is named: read them here.
    ReadHere(Vec<String>),
    /// Rows of these files are in the transaction although they cannot be read to the end: leave them out.
    Without(Vec<(SourceFile, Error)>),
}

/// What came of an attempt.
enum Outcome {
    Committed(Box<RunReport>),
    /// Another load took all that was planned.
    NothingNew,
    Again(Again),
}

/// Loads what the plan holds, in one transaction. On any error the warehouse is as it was.
///
/// # Errors
/// Everything in [`Kind`] that can befall a source or a warehouse; [`Kind::TooManyRejects`]; [`Kind::Interrupted`].
pub fn load(
    warehouse: &mut Warehouse,
    sources: &Sources,
    plan: &Plan,
    options: &LoadOptions,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let started = Instant::now();
    let started_us = crate::clock::now_us();
    let mut excluded: Vec<(SourceFile, Error)> = Vec::new();
    let mut read_here = ReadHere::default();
    let (mut conflicts, mut backoff) = (0, attempts::backoff());
    let mut plan = Cow::Borrowed(plan);
    let mut is_first = true;
    loop {
        // File numbers are read within the transaction, where nobody else gives any out.
        let outcome = warehouse.begin().and_then(|()| {
            // Between two attempts another load may have had its turn.
            if !std::mem::take(&mut is_first) && !options.full_refresh {
                plan.to_mut().leave_out(&warehouse.known_files()?);
                if plan.files() == 0 {
                    return Ok(Outcome::NothingNew);
                }
            }
            let mut files = Files::planned(warehouse, sources, &plan, options, progress, &excluded, &read_here)?;
            if options.full_refresh {
                empty_tables(warehouse, &plan, options, &excluded)?;
            }
            let mut run = Run::new(warehouse, options, sources.stop(), planned_report(&plan), started_us);
            let again = run.in_order(&mut files)?;
            Ok(again.map_or(Outcome::Committed(Box::new(run.report)), Outcome::Again))
        });
        match outcome {
            Ok(Outcome::NothingNew) => {
                warehouse.rollback()?;
                return nothing_new(warehouse, &plan);
            }
            Ok(Outcome::Committed(mut report)) => {
                report.bad_files.extend(excluded.iter().map(|(file, error)| (file.display_name(), error.report())));
                report.seconds = started.elapsed().as_secs_f64();
                return Ok(*report);
            }
            Ok(Outcome::Again(Again::Without(files))) => {
                warehouse.rollback()?;
                // What was damaged on the way is read once more; if it is again, it is a file that cannot be read.
                excluded.extend(files.into_iter().filter(|(_, error)| error.kind() != Kind::SourceDamaged));
            }
            Ok(Outcome::Again(Again::ReadHere(more))) => {
                warehouse.rollback()?;
                read_here.add(more);
            }
            Err(error) if conflicts < attempts::MOST_CONFLICTS && attempts::is_worth_another(&error, warehouse) => {
                warehouse.rollback()?;
                conflicts += 1;
                tracing::info!("{}; trying again", error.report());
                let pause = backoff.next_pause();
                let deadline = Instant::now() + pause;
                while Instant::now() < deadline {
                    sources.stop().check()?;
                    thread::sleep(pause.min(Duration::from_millis(100)));
                }
            }
            Err(error) => {
                // The first error is the one to tell. If even this fails, closing the connection rolls back.
                if let Err(second) = warehouse.rollback() {
                    tracing::debug!("rollback: {}", second.report());
                }
                return Err(error);
            }
        }
    }
}

/// The report of a run that finds everything loaded. Such a run writes nothing.
///
/// # Errors
/// What the engine reports.
pub fn nothing_new(warehouse: &mut Warehouse, plan: &Plan) -> Result<RunReport> {
    let mut report = RunReport {
        run_id: crate::clock::new_id().to_string(),
        status: Status::NothingNew,
        files_skipped: plan.listed,
        ..planned_report(plan)
    };
    report.set_totals(warehouse.totals()?);
    Ok(report)
}

/// What is known of a run before it begins.
fn planned_report(plan: &Plan) -> RunReport {
    let mut report = RunReport { files_listed: plan.listed, files_skipped: plan.listed - plan.files(), ..RunReport::default() };
    report.set_passed_over(plan.passed_over.clone());
    report
}

/// Takes out what a full refresh reads anew, unless that would lose what the sources cannot bring back.
fn empty_tables(warehouse: &mut Warehouse, plan: &Plan, options: &LoadOptions, excluded: &[(SourceFile, Error)]) -> Result<()> {
    if !options.forget_missing
        && let Some(forgotten) = Forgotten::find(warehouse, plan, excluded)?
    {
        return Err(forgotten.refusal());
    }
    warehouse.empty_tables(plan.scope)
}
