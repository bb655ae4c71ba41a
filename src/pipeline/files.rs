//! The records of planned files: decoded here, or read by the warehouse itself, or not at all in a dry run.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::handover::decode_ahead;
use super::{Again, LoadOptions, Records, Run};
use crate::attempts::ReadHere;
use crate::check::Touched;
use crate::decode::{Reason, Reject};
use crate::error::{Error, Kind, Result};
use crate::ledger::reject_row;
use crate::limit::RejectLimit;
use crate::plan::Plan;
use crate::report::RunReport;
use crate::source::{Fetcher, SourceFile, Sources, file_error};
use crate::stage::{
    BadFile, Batch, DecodedBatch, EventReader, FarTimes, FileCounts, LineSet, PlannedFile, Progress, RawLine, SongBatch,
    SongReader, most_lines, read_raw_lines,
};
use crate::transform::{self, Added};
use crate::warehouse::{FileRow, Input, ObjectsStaged, StageInput, Warehouse};

/// A log line has about so many bytes at least.
const SHORTEST_LINE: u64 = 100;

/// Files of one kind, each with what came of it.
#[derive(Default)]
struct Part {
    files: Arc<[PlannedFile]>,
    counts: Vec<FileCounts>,
    /// Those that cannot be read, by their places.
    bad: HashSet<usize>,
}

impl Part {
    /// Numbers the files of a plan, but for those that are excluded. `next` is the next number to be given out.
    fn numbered(files: &[Arc<SourceFile>], next: &mut i64, excluded: &[(SourceFile, Error)]) -> Self {
        let included = files.iter().filter(|file| excluded.iter().all(|(bad, _)| bad.url != file.url));
        let files: Arc<[PlannedFile]> =
            included.zip(*next..).map(|(source, file_no)| PlannedFile { source: Arc::clone(source), file_no }).collect();
        *next += files.len() as i64;
        Self { counts: vec![FileCounts::default(); files.len()], files, bad: HashSet::new() }
    }

    /// The files that are in, with their counts.
    fn loaded(&self) -> impl Iterator<Item = (&PlannedFile, &FileCounts)> {
        let all = self.files.iter().zip(&self.counts).enumerate();
        all.filter(|(place, _)| !self.bad.contains(place)).map(|(_, loaded)| loaded)
    }

    fn rows(&self, input: Input) -> impl Iterator<Item = FileRow> {
        self.loaded().map(move |(file, counts)| FileRow { file: file.clone(), input, counts: *counts })
    }

    /// How many log lines may come at most that no batch holds, as far as they are not rejected.
    fn most_lines(&self) -> u64 {
        self.files.iter().map(|file| most_lines(&file.source, 0)).fold(0, u64::saturating_add)
    }
}

/// The files of a plan.
pub(super) struct Files<'a> {
    sources: &'a Sources,
    options: &'a LoadOptions,
    progress: &'a dyn Progress,
    /// The log files that are read here.
    logs: Part,
    /// Those that the warehouse reads itself.
    objects: Part,
    songs: Part,
    last_file_no: i64,
    /// Before the run, all events are deleted.
    empties_events: bool,
    /// How many line numbers the events of the objects have.
    object_lines: u64,
    /// Lines of each log file that conflict with an event that is there.
    conflicts: BTreeMap<usize, LineSet>,
    far_times: FarTimes,
}

impl<'a> Files<'a> {
    /// The files of a plan, numbered, but for those that are excluded.
    pub fn planned(
        warehouse: &mut Warehouse,
        sources: &'a Sources,
        plan: &Plan,
        options: &'a LoadOptions,
        progress: &'a dyn Progress,
        excluded: &[(SourceFile, Error)],
        read_here: &ReadHere,
    ) -> Result<Self> {
        let mut next = warehouse.last_file_no()? + 1;
        let (logs, objects) = shared_out(warehouse, plan, read_here);
        Ok(Self {
            sources,
            options,
            progress,
            logs: Part::numbered(&logs, &mut next, excluded),
            objects: Part::numbered(&objects, &mut next, excluded),
            songs: Part::numbered(&plan.songs, &mut next, excluded),
            last_file_no: next - 1,
            empties_events: options.full_refresh && plan.scope.logs,
            object_lines: 0,
            conflicts: BTreeMap::new(),
            far_times: FarTimes::new(crate::clock::now_us() / 1000),
        })
    }

    fn fetcher(&self, files: &[PlannedFile]) -> Result<Fetcher> {
        self.sources.fetch(files.iter().map(|f| Arc::clone(&f.source)), self.options.budget.downloads())
    }

    /// Loads the song files. Some if the run must begin again.
    fn load_songs(&mut self, run: &mut Run<'_>) -> Result<Option<Again>> {
        let (files, mut songs) = (Arc::clone(&self.songs.files), transform::Songs::default());
        if !self.options.reads {
            if !files.is_empty() {
                self.take_songs(run, SongBatch::default(), &mut songs, 0)?;
                songs.differing(run.warehouse)?;
            }
            return Ok(None);
        }
        let options = self.options;
        let (fetcher, stop) = (self.fetcher(&files)?, self.sources.stop());
        let memory = options.budget.songs();
        let mut reader =
            SongReader::new(Arc::clone(&files), fetcher, stop, self.progress, options.threads, memory, options.skip_bad_files)
                .with_most_text(run.warehouse.most_text());
        let lines = self.logs.most_lines().saturating_add(self.objects.most_lines());
        while let Some(batch) = reader.next_batch()? {
            self.take_songs(run, batch, &mut songs, lines.saturating_add(reader.most_to_come()))?;
        }
        run.report.songs_differing = songs.differing(run.warehouse)?;
        run.count_unknown_keys(reader.unknown_keys());
        Ok(self.left_out(run, reader.into_bad_files(), Input::Song))
    }

    /// Puts a batch of songs into the tables, and what was refused into the quarantine.
    fn take_songs(&mut self, run: &mut Run<'_>, batch: SongBatch, songs: &mut transform::Songs, most_to_come: u64) -> Result<()> {
        for song in &batch.songs {
            self.songs.counts[song.file].lines += 1;
            self.songs.counts[song.file].accepted += 1;
        }
        for (file, _, reject) in &batch.rejects {
            self.songs.counts[*file].lines += 1;
            self.songs.counts[*file].rejected += 1;
            run.report.count_reason(&format!("song: {}", reject.reason.category()), 1);
        }
        run.report.song_records += batch.songs.len() as u64;
        run.report.songs_rejected += batch.rejects.len() as u64;
        self.options.max_rejects.check_early(&run.report, most_to_come)?;
        songs.take(run.warehouse, &batch.songs, &self.songs.files)?;
        drop(batch.songs);
        let mut quarantine = run.quarantine();
        for (file, line, reject) in batch.rejects {
            quarantine.add(reject_row(Input::Song, &self.songs.files[file], line, reject))?;
        }
        quarantine.finish()
    }

    /// Loads the log files that are read here, behind the song files. Some if the run must begin again.
    fn load_songs_and_events(&mut self, run: &mut Run<'_>) -> Result<Option<Again>> {
        let files = Arc::clone(&self.logs.files);
        if files.is_empty() {
            return self.load_songs(run);
        }
        let options = self.options;
        if !options.reads {
            self.load_songs(run)?;
            transform::begin_events(run.warehouse, options.keep_staging)?;
            return self.take_batch(run, DecodedBatch::unread(files), 0).map(|_| None);
        }
        let (fetcher, stop) = (self.fetcher(&files)?, self.sources.stop());
        let memory = options.budget.events();
        let reader = EventReader::new(files, fetcher, stop, self.progress, options.threads, memory, options.skip_bad_files)
            .with_most_text(run.warehouse.most_text());
        let objects = self.objects.most_lines();
        let (again, reader) = decode_ahead(reader, memory, objects, |batches| {
            if let Some(again) = self.load_songs(run)? {
                return Ok(Some(again));
            }
            transform::begin_events(run.warehouse, options.keep_staging)?;
            while let Some((batch, most_to_come)) = batches.next()? {
                batches.give_back(self.take_batch(run, batch, most_to_come)?);
            }
            Ok(None)
        })?;
        if again.is_some() {
            return Ok(again);
        }
        run.count_unknown_keys(reader.unknown_keys());
        Ok(self.left_out(run, reader.into_bad_files(), Input::Log))
    }

    /// Puts a batch into the tables. It comes back with the outcome of each event.
    fn take_batch(&mut self, run: &mut Run<'_>, batch: DecodedBatch, most_to_come: u64) -> Result<Arc<Batch>> {
        for (_, _, reject) in batch.rejects() {
            run.report.count_reason(&reject.reason.category(), 1);
        }
        // Before the warehouse has any work with them. What it finds to be a conflict does not count.
        let (lines, rejected) = (run.report.lines, run.report.rejected);
        for (_, counts) in batch.file_counts() {
            run.report.lines += counts.lines;
            run.report.rejected += counts.rejected - counts.conflicts;
        }
        self.options.max_rejects.check_early(&run.report, most_to_come)?;
        (run.report.lines, run.report.rejected) = (lines, rejected);
        let mut quarantine = run.quarantine();
        for (file, line, reject) in batch.rejects() {
            quarantine.add(reject_row(Input::Log, &self.logs.files[file], line, reject.clone()))?;
        }
        quarantine.finish()?;
        let (batch, Added { songplays, page_views }) = transform::events(run.warehouse, batch, self.options.keep_staging)?;
        run.report.songplays_added += songplays;
        run.report.page_views_added += page_views;
        self.far_times.see(&batch, &self.logs.files);
        for (file, counts) in batch.file_counts() {
            self.logs.counts[file].add(counts);
            run.report.count_lines(counts);
        }
        for (file, line) in batch.conflicts() {
            self.conflicts.entry(file).or_default().push(line);
            run.report.count_reason(&Reason::Conflict.category(), 1);
        }
        Ok(batch)
    }

    /// Has the warehouse read what it reads itself. Some if the run must begin again and read these files here, or all
    /// if none is named.
    fn load_objects(&mut self, run: &mut Run<'_>) -> Result<Option<Again>> {
        let files = Arc::clone(&self.objects.files);
        if files.is_empty() {
            return Ok(None);
        }
        if self.logs.files.is_empty() {
            transform::begin_events(run.warehouse, self.options.keep_staging)?;
        }
        let bytes: u64 = files.iter().map(|file| file.source.size).sum();
        match run.warehouse.stage_objects(&files, self.options.max_rejects.at_most(bytes / SHORTEST_LINE))? {
            ObjectsStaged::ReadThem { files: places, why } => {
                tracing::warn!("{why}; sparkify reads {} itself", if places.is_empty() { "all files" } else { "them" });
                Ok(Some(Again::ReadHere(places.into_iter().map(|place| files[place].source.url.clone()).collect())))
            }
            ObjectsStaged::Staged(staged) => {
                let added = transform::staged_objects(run.warehouse, &staged, self.options.keep_staging)?;
                run.report.songplays_added += added.songplays;
                run.report.page_views_added += added.page_views;
                for (file, &lines) in staged.lines.iter().enumerate() {
                    let counts = FileCounts { lines, accepted: lines, ..FileCounts::default() };
                    self.objects.counts[file].add(counts);
                    run.report.count_lines(counts);
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

    /// Leaves files out that could not be read. Some if the run must begin again without them: rows of some are in the
    /// transaction already, or were deleted from it by a full refresh and may be all that there is.
    fn left_out(&mut self, run: &mut Run<'_>, bad: Vec<BadFile>, input: Input) -> Option<Again> {
        let part = if input == Input::Song { &mut self.songs } else { &mut self.logs };
        let begins_again = self.options.full_refresh && !self.options.forget_missing;
        // What was damaged on the way may arrive whole when all is read again.
        if bad.iter().any(|bad| begins_again || bad.began_earlier || bad.error.kind() == Kind::SourceDamaged) {
            let file = |bad: BadFile| (SourceFile::clone(&part.files[bad.file].source), bad.error);
            return Some(Again::Without(bad.into_iter().map(file).collect()));
        }
        for bad in bad {
            part.bad.insert(bad.file);
            run.report.bad_files.push((part.files[bad.file].source.display_name(), bad.error.report()));
        }
        None
    }

    /// Writes the conflicting lines into the quarantine. They were decoded like any other line, and that they conflict
    /// was known only later, so their bytes are read once more.
    fn keep_conflicts(&mut self, run: &mut Run<'_>) -> Result<()> {
        for (file, lines) in std::mem::take(&mut self.conflicts) {
            let planned = self.logs.files[file].clone();
            let reader = self.sources.fetch([Arc::clone(&planned.source)], self.options.budget.downloads())?.open(0)?;
            let mut quarantine = run.quarantine();
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
}

impl Records for Files<'_> {
    fn kind(&self) -> &'static str {
        if self.options.full_refresh { "full_refresh" } else { "load" }
    }

    fn load(&mut self, run: &mut Run<'_>) -> Result<Option<Again>> {
        if let Some(again) = self.load_songs_and_events(run)? {
            return Ok(Some(again));
        }
        if let Some(again) = self.load_objects(run)? {
            return Ok(Some(again));
        }
        self.keep_conflicts(run)?;
        for (file, _) in self.logs.loaded().chain(self.songs.loaded()).chain(self.objects.loaded()) {
            run.report.files_loaded += 1;
            run.report.bytes += file.source.size;
        }
        run.report.warnings.extend(self.far_times.warning());
        Ok(None)
    }

    fn limit(&self) -> Option<RejectLimit> {
        Some(self.options.max_rejects)
    }

    fn files(&self) -> Vec<FileRow> {
        let objects = self.objects.rows(Input::Copied);
        self.logs.rows(Input::Log).chain(objects).chain(self.songs.rows(Input::Song)).collect()
    }

    fn last_file_no(&self, _: &mut Warehouse) -> Result<i64> {
        Ok(self.last_file_no)
    }

    fn touched(&self, report: &RunReport) -> Option<Touched> {
        let mut files: Vec<(i64, u64)> = self.logs.loaded().map(|(file, counts)| (file.file_no, counts.lines)).collect();
        files.extend(self.objects.files.first().map(|first| (first.file_no, self.object_lines)));
        let own = self.logs.files.len() + self.objects.files.len() + self.songs.files.len();
        let had_files = self.last_file_no > own as i64 && !self.empties_events;
        // A dry run shows the checks behind songs too.
        let songs = report.song_records > 0 || !self.options.reads && !self.songs.files.is_empty();
        Some(Touched::by_files(&files, songs, had_files, &self.options.limits))
    }
}

/// Which log files are read here, and which by the warehouse.
fn shared_out(warehouse: &mut Warehouse, plan: &Plan, read_here: &ReadHere) -> (Vec<Arc<SourceFile>>, Vec<Arc<SourceFile>>) {
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
