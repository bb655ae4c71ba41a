//! The flow of a load: list, decode, stage, transform, check, report. The only place that knows the order.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::attempts::{self, ReadHere};
use crate::check::{self, Touched};
use crate::decode::{Reason, Reject, UnknownKeys, count_unknown_key};
use crate::error::{Error, Kind, Result};
use crate::ledger::{reject_row, run_row};
use crate::limit::RejectLimit;
use crate::plan::Plan;
use crate::quarantine::QuarantineWriter;
use crate::refresh::Forgotten;
use crate::report::{RunReport, Status};
use crate::source::{Fetcher, SourceFile, Sources, file_error};
use crate::stage::{
    BadFile, Batch, DecodedBatch, EventIntake, FarTimes, FileTally, LineSet, PlannedFile, Progress, RawLine, SongBatch,
    SongIntake, most_lines, read_raw_lines,
};
use crate::transform::{self, Added};
use crate::warehouse::{FileRow, Input, ObjectsStaged, StageInput, Warehouse};

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
    /// Threads that decode.
    pub threads: usize,
    /// Bytes of memory for decoded events.
    pub event_memory: u64,
    /// Bytes of downloads held at a time.
    pub bytes_in_flight: usize,
    /// Thresholds of the checks before the commit.
    pub limits: check::Limits,
    /// Identifies the settings in the ledger.
    pub fingerprint: String,
}

/// Loads what the plan holds, in one transaction. On any error the warehouse is as it was.
///
/// # Errors
/// Everything in [`Kind`] that can befall a source or a warehouse; [`Kind::TooManyRejects`]; [`Kind::Interrupted`].
pub fn load(
    warehouse: &mut dyn Warehouse,
    sources: &Sources,
    plan: &Plan,
    options: &LoadOptions,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let started = Instant::now();
    let started_us = crate::clock::now_us();
    let mut excluded: Vec<(SourceFile, Error)> = Vec::new();
    let mut read_here = ReadHere::default();
    let mut conflicts = 0;
    let mut plan = Cow::Borrowed(plan);
    let mut is_first = true;
    loop {
        // File numbers are read within the transaction, where nobody else gives any out.
        let outcome = warehouse.begin().and_then(|()| {
            // Between two attempts another load may have had its turn.
            if !std::mem::take(&mut is_first) && !options.full_refresh {
                plan.to_mut().leave_out(&warehouse.known_files()?);
                if plan.files() == 0 {
                    return Ok((Outcome::NothingNew, RunReport::default()));
                }
            }
            let mut run = Run::new(warehouse, sources, &plan, options, progress, &excluded, &read_here)?;
            if options.full_refresh {
                run.empty_tables(&plan, &excluded)?;
            }
            run.work(started_us).map(|outcome| (outcome, run.report))
        });
        match outcome {
            Ok((Outcome::NothingNew, _)) => {
                warehouse.rollback()?;
                return nothing_new(warehouse, &plan);
            }
            Ok((Outcome::Committed, mut report)) => {
                report.bad_files.extend(excluded.iter().map(|(file, error)| (file.display_name(), error.report())));
                report.seconds = started.elapsed().as_secs_f64();
                return Ok(report);
            }
            Ok((Outcome::Restart(files), _)) => {
                warehouse.rollback()?;
                // What was damaged on the way is read once more; if it is again, it is a file that cannot be read.
                excluded.extend(files.into_iter().filter(|(_, error)| error.kind() != Kind::SourceDamaged));
            }
            Ok((Outcome::ReadHere(more), _)) => {
                warehouse.rollback()?;
                read_here.add(more);
            }
            Err(error) if conflicts < attempts::MOST_CONFLICTS && attempts::is_worth_another(&error, warehouse) => {
                warehouse.rollback()?;
                conflicts += 1;
                tracing::info!("{}; trying again", error.report());
                let pause = attempts::pause_after(conflicts);
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
pub fn nothing_new(warehouse: &mut dyn Warehouse, plan: &Plan) -> Result<RunReport> {
    let mut report = RunReport {
        run_id: crate::clock::new_id().to_string(),
        status: Status::NothingNew,
        files_listed: plan.listed,
        files_skipped: plan.listed,
        ..RunReport::default()
    };
    report.set_passed_over(plan.passed_over.clone());
    report.set_totals(warehouse.totals()?);
    Ok(report)
}

enum Outcome {
    Committed,
    /// Another load took all that was planned.
    NothingNew,
    /// The warehouse cannot read these files itself, or none if none is named: begin again, and read them here.
    ReadHere(Vec<String>),
    /// Rows of these files are in the transaction although they cannot be read to the end: begin again without them.
    Restart(Restart),
}

/// Files that cannot be read to their end, and why.
type Restart = Vec<(SourceFile, Error)>;

/// One attempt at a load.
struct Run<'a> {
    warehouse: &'a mut dyn Warehouse,
    sources: &'a Sources,
    options: &'a LoadOptions,
    progress: &'a dyn Progress,
    /// The log files that are read here.
    logs: Arc<[PlannedFile]>,
    /// Those that the warehouse reads itself.
    objects: Arc<[PlannedFile]>,
    songs: Arc<[PlannedFile]>,
    last_file_no: i64,
    log_tallies: Vec<FileTally>,
    object_tallies: Vec<FileTally>,
    /// How many line numbers the events of the objects have.
    object_lines: u64,
    song_tallies: Vec<FileTally>,
    bad_logs: HashSet<usize>,
    bad_songs: HashSet<usize>,
    /// Before it loads, all events are deleted.
    empties_events: bool,
    /// Lines of each log file that conflict with an event that is there.
    conflicts: BTreeMap<usize, LineSet>,
    unknown_keys: UnknownKeys,
    far_times: FarTimes,
    report: RunReport,
}

impl<'a> Run<'a> {
    fn new(
        warehouse: &'a mut dyn Warehouse,
        sources: &'a Sources,
        plan: &Plan,
        options: &'a LoadOptions,
        progress: &'a dyn Progress,
        excluded: &[(SourceFile, Error)],
        read_here: &ReadHere,
    ) -> Result<Self> {
        let first = warehouse.last_file_no()? + 1;
        let is_in = |file: &&Arc<SourceFile>| excluded.iter().all(|(bad, _)| bad.url != file.url);
        let numbered = |files: &[Arc<SourceFile>], first: i64| -> Arc<[PlannedFile]> {
            let included = files.iter().filter(is_in);
            included.zip(first..).map(|(source, file_no)| PlannedFile { source: Arc::clone(source), file_no }).collect()
        };
        let (logs, objects) = shared_out(warehouse, plan, read_here);
        let logs = numbered(&logs, first);
        let objects = numbered(&objects, first + logs.len() as i64);
        let songs = numbered(&plan.songs, first + (logs.len() + objects.len()) as i64);
        let mut report = RunReport {
            run_id: crate::clock::new_id().to_string(),
            files_listed: plan.listed,
            files_skipped: plan.listed - plan.files(),
            ..RunReport::default()
        };
        report.set_passed_over(plan.passed_over.clone());
        Ok(Self {
            warehouse,
            sources,
            options,
            progress,
            last_file_no: first - 1 + (logs.len() + objects.len() + songs.len()) as i64,
            log_tallies: vec![FileTally::default(); logs.len()],
            object_tallies: vec![FileTally::default(); objects.len()],
            object_lines: 0,
            song_tallies: vec![FileTally::default(); songs.len()],
            logs,
            objects,
            songs,
            bad_logs: HashSet::new(),
            bad_songs: HashSet::new(),
            empties_events: options.full_refresh && plan.scope.logs,
            conflicts: BTreeMap::new(),
            unknown_keys: UnknownKeys::new(),
            far_times: FarTimes::new(crate::clock::now_us() / 1000),
            report,
        })
    }

    /// Takes out what is read anew, unless that would lose what the sources cannot bring back.
    fn empty_tables(&mut self, plan: &Plan, excluded: &[(SourceFile, Error)]) -> Result<()> {
        if !self.options.forget_missing
            && let Some(forgotten) = Forgotten::find(self.warehouse, plan, excluded)?
        {
            return Err(forgotten.refusal());
        }
        self.warehouse.empty_tables(plan.scope)
    }

    /// Whether a file that cannot be read makes the run begin again: what a full refresh has deleted of it by then may be all
    /// that there is.
    fn begins_again_without(&self) -> bool {
        self.options.full_refresh && !self.options.forget_missing
    }

    fn work(&mut self, started_us: i64) -> Result<Outcome> {
        if let Some(files) = self.load_songs_and_events()? {
            return Ok(Outcome::Restart(files));
        }
        if let Some(urls) = self.load_objects()? {
            return Ok(Outcome::ReadHere(urls));
        }
        self.keep_conflicts()?;
        self.tally();
        self.options.max_rejects.check(&self.report)?;
        self.report.balance()?;
        self.write_ledger(started_us)?;
        let touched = self.touched();
        check::audit(self.warehouse, touched, &self.options.limits)?;
        // Before the commit: whatever fails after it must not make a run look undone.
        self.report.set_totals(self.warehouse.totals()?);
        self.sources.stop().check()?;
        self.warehouse.commit()?;
        self.report.warnings.extend(self.warehouse.take_warnings());
        Ok(Outcome::Committed)
    }

    fn fetcher(&self, files: &[PlannedFile]) -> Result<Fetcher> {
        self.sources.fetch(files.iter().map(|f| Arc::clone(&f.source)), self.options.bytes_in_flight)
    }

    /// How many log lines may come at most that no batch holds, as far as they are not rejected.
    fn most_lines_of(files: &[PlannedFile]) -> u64 {
        files.iter().map(|file| most_lines(&file.source, 0)).fold(0, u64::saturating_add)
    }

    /// Loads the song files. Some if the run must begin again without these files.
    fn load_songs(&mut self) -> Result<Option<Restart>> {
        let files = Arc::clone(&self.songs);
        let options = self.options;
        let (fetcher, stop) = (self.fetcher(&files)?, self.sources.stop());
        // Beside them there may be a batch of events, which is decoded meanwhile.
        let memory = options.event_memory / 4;
        let mut intake =
            SongIntake::new(Arc::clone(&files), fetcher, stop, self.progress, options.threads, memory, options.skip_bad_files)
                .with_most_text(self.warehouse.most_text());
        let lines = Self::most_lines_of(&self.logs).saturating_add(Self::most_lines_of(&self.objects));
        let mut songs = transform::Songs::default();
        while let Some(batch) = intake.next_batch()? {
            self.take_songs(batch, &mut songs, &files, lines.saturating_add(intake.most_to_come()))?;
        }
        self.report.songs_differing = songs.differing(self.warehouse)?;
        for (key, times) in intake.unknown_keys() {
            count_unknown_key(&mut self.unknown_keys, key, *times);
        }
        Ok(self.left_out(intake.into_bad_files(), &files, Input::Song))
    }

    /// Puts a batch of songs into the tables, and what was refused into the quarantine.
    fn take_songs(
        &mut self,
        batch: SongBatch,
        songs: &mut transform::Songs,
        files: &[PlannedFile],
        most_to_come: u64,
    ) -> Result<()> {
        for song in &batch.songs {
            self.song_tallies[song.file].lines += 1;
            self.song_tallies[song.file].accepted += 1;
        }
        for (file, _, reject) in &batch.rejects {
            self.song_tallies[*file].lines += 1;
            self.song_tallies[*file].rejected += 1;
            self.report.count_reason(&format!("song: {}", reject.reason.category()), 1);
        }
        self.report.song_records += batch.songs.len() as u64;
        self.report.songs_rejected += batch.rejects.len() as u64;
        self.options.max_rejects.check_early(&self.report, most_to_come)?;
        songs.take(self.warehouse, &batch.songs, files)?;
        drop(batch.songs);
        let mut quarantine = self.quarantine();
        for (file, line, reject) in batch.rejects {
            quarantine.add(reject_row(Input::Song, &files[file], line, reject))?;
        }
        quarantine.finish()
    }

    /// Leaves files out that could not be read. Some if the run must begin again without them, as rows of some are in the
    /// transaction already.
    fn left_out(&mut self, bad: Vec<BadFile>, files: &[PlannedFile], input: Input) -> Option<Restart> {
        // What was damaged on the way may arrive whole when all is read again.
        let begins_again = self.begins_again_without();
        if bad.iter().any(|bad| begins_again || bad.began_earlier || bad.error.kind() == Kind::SourceDamaged) {
            return Some(bad.into_iter().map(|bad| (SourceFile::clone(&files[bad.file].source), bad.error)).collect());
        }
        for bad in bad {
            if input == Input::Song { &mut self.bad_songs } else { &mut self.bad_logs }.insert(bad.file);
            self.report.bad_files.push((files[bad.file].source.display_name(), bad.error.report()));
        }
        None
    }

    /// What takes refused records.
    fn quarantine(&mut self) -> QuarantineWriter<'_> {
        QuarantineWriter::new(self.warehouse, &self.report.run_id, self.options.event_memory)
    }

    /// Loads the song files, then the log files. Some if the run must begin again without these files.
    fn load_songs_and_events(&mut self) -> Result<Option<Restart>> {
        let files = Arc::clone(&self.logs);
        if files.is_empty() {
            return self.load_songs();
        }
        let options = self.options;
        let (fetcher, stop) = (self.fetcher(&files)?, self.sources.stop());
        let mut intake = EventIntake::new(
            Arc::clone(&files),
            fetcher,
            stop,
            self.progress,
            options.threads,
            options.event_memory,
            options.skip_bad_files,
        )
        .with_most_text(self.warehouse.most_text());
        // While the warehouse takes the songs or one batch of events, the next batch is decoded, unless the one has taken
        // the memory of two.
        let (sender, receiver) = mpsc::sync_channel(0);
        let (dropped, drops) = mpsc::channel();
        let is_large = |batch: &DecodedBatch| batch.memory() > options.event_memory / 4 * 3;
        let objects = Self::most_lines_of(&self.objects);
        let outcome = thread::scope(|scope| {
            let decoding = scope.spawn(move || {
                let mut held = 0_u32;
                loop {
                    let start = Instant::now();
                    let batch = intake.next_batch();
                    if let Ok(Some(batch)) = &batch {
                        tracing::debug!(rows = batch.rows(), ms = start.elapsed().as_millis() as u64, "decode");
                    }
                    let is_last = !matches!(batch, Ok(Some(_)));
                    let is_large = matches!(&batch, Ok(Some(batch)) if is_large(batch));
                    let batch = batch.map(|batch| batch.map(|batch| (batch, intake.most_to_come().saturating_add(objects))));
                    // Nobody receives any more once the warehouse has failed.
                    if sender.send(batch).is_err() || is_last {
                        return intake;
                    }
                    held += 1;
                    held -= drops.try_iter().count() as u32;
                    // The one that is written and the next are all that may be here; of large ones, one.
                    while held > u32::from(!is_large) && drops.recv().is_ok() {
                        held -= 1;
                    }
                }
            });
            // Gone with this scope if the warehouse fails, so that the other side waits for nothing.
            let dropped = dropped;
            if let Some(restart) = self.load_songs()? {
                return Ok(Err(restart));
            }
            transform::begin_events(self.warehouse, options.keep_staging)?;
            for batch in receiver {
                let Some((batch, most_to_come)) = batch? else { break };
                let batch = self.take_batch(batch, &files, most_to_come)?;
                let dropped = dropped.clone();
                // To give so much memory back takes time that nobody needs to wait for.
                thread::spawn(move || {
                    drop(batch);
                    // Nobody waits for it once the intake is through.
                    let _ = dropped.send(());
                });
            }
            decoding.join().map(Ok).map_err(|_| Error::new(Kind::Io, "a decoding thread failed"))
        })?;
        let intake = match outcome {
            Ok(intake) => intake,
            Err(restart) => return Ok(Some(restart)),
        };
        for (key, times) in intake.unknown_keys() {
            count_unknown_key(&mut self.unknown_keys, key, *times);
        }
        Ok(self.left_out(intake.into_bad_files(), &files, Input::Log))
    }

    /// Has the warehouse read what it reads itself. Some if the run must begin again and read these files here, or all
    /// if none is named.
    fn load_objects(&mut self) -> Result<Option<Vec<String>>> {
        let files = Arc::clone(&self.objects);
        if files.is_empty() {
            return Ok(None);
        }
        if self.logs.is_empty() {
            transform::begin_events(self.warehouse, self.options.keep_staging)?;
        }
        let bytes: u64 = files.iter().map(|file| file.source.size).sum();
        match self.warehouse.stage_objects(&files, self.options.max_rejects.at_most(bytes / SHORTEST_LINE))? {
            ObjectsStaged::ReadThem { files: places, why } => {
                tracing::warn!("{why}; sparkify reads {} itself", if places.is_empty() { "all files" } else { "them" });
                Ok(Some(places.into_iter().map(|place| files[place].source.url.clone()).collect()))
            }
            ObjectsStaged::Staged(staged) => {
                let added = transform::staged_objects(self.warehouse, &staged, self.options.keep_staging)?;
                self.report.songplays_added += added.songplays;
                self.report.page_views_added += added.page_views;
                for (file, &lines) in staged.lines.iter().enumerate() {
                    let tally = FileTally { lines, accepted: lines, ..FileTally::default() };
                    self.object_tallies[file].add(tally);
                    self.report.count_lines(tally);
                }
                self.far_times.see_bounds(staged.bounds);
                self.object_lines = staged.last_line_no + 1;
                for file in &*files {
                    self.progress.bytes(file.source.size);
                    self.progress.file_done();
                }
                Ok(None)
            }
        }
    }

    /// Puts a batch into the tables. It comes back with a verdict on each event.
    fn take_batch(&mut self, batch: DecodedBatch, files: &[PlannedFile], most_to_come: u64) -> Result<Arc<Batch>> {
        for (_, _, reject) in batch.rejects() {
            self.report.count_reason(&reject.reason.category(), 1);
        }
        // Before the warehouse has any work with them. What it finds to be a conflict does not count.
        let (lines, rejected) = (self.report.lines, self.report.rejected);
        for (_, tally) in batch.tallies() {
            self.report.lines += tally.lines;
            self.report.rejected += tally.rejected - tally.conflicts;
        }
        self.options.max_rejects.check_early(&self.report, most_to_come)?;
        (self.report.lines, self.report.rejected) = (lines, rejected);
        let mut quarantine = self.quarantine();
        for (file, line, reject) in batch.rejects() {
            quarantine.add(reject_row(Input::Log, &files[file], line, reject.clone()))?;
        }
        quarantine.finish()?;
        let (batch, Added { songplays, page_views }) = transform::events(self.warehouse, batch, self.options.keep_staging)?;
        self.report.songplays_added += songplays;
        self.report.page_views_added += page_views;
        self.far_times.see(&batch, files);
        for (file, tally) in batch.tallies() {
            self.log_tallies[file].add(tally);
            self.report.count_lines(tally);
        }
        for (file, line) in batch.conflicts() {
            self.conflicts.entry(file).or_default().push(line);
            self.report.count_reason(&Reason::Conflict.category(), 1);
        }
        Ok(batch)
    }

    /// Writes the conflicting lines into the quarantine. They were decoded like any other line, and that they conflict
    /// was known only later, so their bytes are read once more.
    fn keep_conflicts(&mut self) -> Result<()> {
        for (file, lines) in std::mem::take(&mut self.conflicts) {
            let planned = self.logs[file].clone();
            let reader = self.sources.fetch([Arc::clone(&planned.source)], self.options.bytes_in_flight)?.open(0)?;
            let mut quarantine = self.quarantine();
            let keep = |line: RawLine| {
                let RawLine { line, byte_offset, raw, raw_length } = line;
                let reject = Reject { line: 0, byte_offset, reason: Reason::Conflict, raw, raw_length };
                quarantine.add(reject_row(Input::Log, &planned, line, reject))
            };
            let found = read_raw_lines(reader, &lines, keep).map_err(|e| file_error(&planned.source, e))?;
            quarantine.finish()?;
            if found != lines.len() {
                return Err(Error::new(
                    Kind::SourceFile,
                    format!("{} changed while it was loaded", planned.source.display_name()),
                ));
            }
        }
        Ok(())
    }

    /// Adds up the files that are in, and how the run ends.
    fn tally(&mut self) {
        let report = &mut self.report;
        let loaded_logs = self.logs.iter().enumerate().filter(|(i, _)| !self.bad_logs.contains(i));
        let loaded_songs = self.songs.iter().enumerate().filter(|(i, _)| !self.bad_songs.contains(i));
        for file in loaded_logs.chain(loaded_songs).map(|(_, file)| file).chain(&*self.objects) {
            report.files_loaded += 1;
            report.bytes += file.source.size;
        }
        report.unknown_keys = self.unknown_keys.clone();
        report.warnings.extend(self.far_times.warning());
        let all_in = report.rejected + report.songs_rejected == 0
            && report.files_loaded + report.files_skipped == report.files_listed
            && !report.has_left_out();
        report.status = if all_in { Status::Done } else { Status::Incomplete };
    }

    /// What the checks before the commit are to look at.
    fn touched(&self) -> Touched {
        let loaded = self.logs.iter().zip(&self.log_tallies).enumerate().filter(|(i, _)| !self.bad_logs.contains(i));
        let mut files: Vec<(i64, u64)> = loaded.map(|(_, (file, tally))| (file.file_no, tally.lines)).collect();
        files.extend(self.objects.first().map(|first| (first.file_no, self.object_lines)));
        let had_files =
            self.last_file_no > (self.logs.len() + self.objects.len() + self.songs.len()) as i64 && !self.empties_events;
        Touched::by_files(&files, self.report.song_records > 0, had_files, &self.options.limits)
    }

    fn write_ledger(&mut self, started_us: i64) -> Result<()> {
        let rows = |files: &[PlannedFile], tallies: &[FileTally], bad: &HashSet<usize>, input| -> Vec<FileRow> {
            let loaded = files.iter().zip(tallies).enumerate().filter(|(i, _)| !bad.contains(i));
            loaded.map(|(_, (file, tally))| FileRow { file: file.clone(), input, tally: *tally }).collect()
        };
        let report = &self.report;
        self.warehouse.add_files(&report.run_id, &rows(&self.logs, &self.log_tallies, &self.bad_logs, Input::Log))?;
        self.warehouse.add_files(&report.run_id, &rows(&self.objects, &self.object_tallies, &HashSet::new(), Input::Copied))?;
        self.warehouse.add_files(&report.run_id, &rows(&self.songs, &self.song_tallies, &self.bad_songs, Input::Song))?;
        let kind = if self.options.full_refresh { "full_refresh" } else { "load" };
        let run = run_row(report, kind, &self.options.fingerprint, started_us, self.last_file_no);
        self.warehouse.add_run(&run)
    }
}

/// A log line has about so many bytes at least.
const SHORTEST_LINE: u64 = 100;

/// Which log files are read here, and which by the warehouse.
fn shared_out(warehouse: &mut dyn Warehouse, plan: &Plan, read_here: &ReadHere) -> (Vec<Arc<SourceFile>>, Vec<Arc<SourceFile>>) {
    let (here, there): (Vec<Arc<SourceFile>>, Vec<Arc<SourceFile>>) =
        plan.logs.iter().cloned().partition(|file| read_here.has(&file.url) || plan.changed.contains(&file.url));
    match warehouse.stage_input(&there) {
        StageInput::Objects(why) => {
            tracing::info!("the warehouse reads {} log files itself: {why}", there.len());
            (here, there)
        }
        StageInput::Rows(why) => {
            tracing::info!("sparkify reads the log files: {why}");
            (plan.logs.clone(), Vec::new())
        }
    }
}
