//! Tries quarantined lines again: after a fix of the decoder, or when what they conflicted with is gone. A replay is a run
//! like any other, over other records.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use crate::check::Touched;
use crate::decode::{EventChunk, LogDecoder, SongChunk, decode_songs};
use crate::error::Result;
use crate::limit::RejectLimit;
use crate::pipeline::{Again, LoadOptions, Records, Run};
use crate::report::RunReport;
use crate::source::{Compression, SourceFile, Stop};
use crate::stage::{DecodedBatch, EventOutcome, PlannedFile, SongRecord};
use crate::transform;
use crate::warehouse::{FileRow, Input, QuarantinedLine, ReplayedLine, Warehouse};

/// Tries every line of the quarantine that was kept whole, in one transaction, and releases those that load. In the
/// report a line is one that was tried.
///
/// # Errors
/// What the warehouse reports; nothing was changed then.
pub fn replay(warehouse: &mut Warehouse, options: &LoadOptions) -> Result<RunReport> {
    let started = Instant::now();
    let started_us = crate::clock::now_us();
    warehouse.begin()?;
    let mut run = Run::new(warehouse, options, Stop::default(), RunReport::default(), started_us);
    match run.in_order(&mut Quarantined { options, released: BTreeMap::new() }) {
        Ok(_) => {
            run.report.seconds = started.elapsed().as_secs_f64();
            Ok(run.report)
        }
        Err(error) => {
            if let Err(second) = run.warehouse.rollback() {
                tracing::debug!("rollback: {}", second.report());
            }
            Err(error)
        }
    }
}

/// The records of the quarantine.
struct Quarantined<'a> {
    options: &'a LoadOptions,
    /// The last line of each file that loaded.
    released: BTreeMap<i64, u64>,
}

impl Records for Quarantined<'_> {
    fn kind(&self) -> &'static str {
        "replay"
    }

    /// Part by part, the songs of each before its events.
    fn load(&mut self, run: &mut Run<'_>) -> Result<Option<Again>> {
        let mut catalogue = transform::Songs::default();
        for part in run.warehouse.quarantine_parts(self.options.budget.replayed())? {
            let lines = run.warehouse.quarantine(&part)?;
            let files = files_of(&lines);
            let mut released = songs(run.warehouse, &mut catalogue, &lines, &files, &mut run.report)?;
            released.extend(events(run.warehouse, &lines, &files, self.options, &mut run.report)?);
            drop(lines);
            for line in &released {
                let last = self.released.entry(line.file_no).or_default();
                *last = line.line.max(*last);
            }
            if !released.is_empty() {
                run.warehouse.release(&released)?;
            }
        }
        run.report.songs_differing = catalogue.differing(run.warehouse)?;
        Ok(None)
    }

    fn limit(&self) -> Option<RejectLimit> {
        None
    }

    /// Their files are in the ledger already.
    fn files(&self) -> Vec<FileRow> {
        Vec::new()
    }

    fn last_file_no(&self, warehouse: &mut Warehouse) -> Result<i64> {
        warehouse.last_file_no()
    }

    fn touched(&self, report: &RunReport) -> Option<Touched> {
        let files: Vec<(i64, u64)> = self.released.iter().map(|(file_no, line)| (*file_no, *line)).collect();
        (!files.is_empty()).then(|| Touched::by_files(&files, report.song_records > 0, true, &self.options.limits))
    }
}

/// The files that the lines came from, each once, and where each stands.
struct Files {
    files: Arc<[PlannedFile]>,
    index: HashMap<i64, usize>,
}

fn files_of(lines: &[QuarantinedLine]) -> Files {
    let mut files: Vec<PlannedFile> = Vec::new();
    let mut index = HashMap::new();
    for line in lines {
        index.entry(line.file_no).or_insert_with(|| {
            let source = SourceFile {
                url: line.url.clone(),
                size: 0,
                version: String::new(),
                modified_us: line.modified_us,
                compression: Compression::None,
            };
            files.push(PlannedFile { source: Arc::new(source), file_no: line.file_no });
            files.len() - 1
        });
    }
    Files { files: files.into(), index }
}

fn replayed(line: &QuarantinedLine, duplicate: bool) -> ReplayedLine {
    ReplayedLine { file_no: line.file_no, line: line.line, byte_offset: line.byte_offset, duplicate }
}

fn songs(
    warehouse: &mut Warehouse,
    catalogue: &mut transform::Songs,
    lines: &[QuarantinedLine],
    files: &Files,
    report: &mut RunReport,
) -> Result<Vec<ReplayedLine>> {
    let mut records = Vec::new();
    let mut released = Vec::new();
    for line in lines.iter().filter(|l| l.input == Input::Song) {
        let mut chunk = SongChunk { most_text: warehouse.most_text(), ..SongChunk::default() };
        decode_songs(&line.raw, line.byte_offset, 0, true, &mut chunk);
        if chunk.rejects.is_empty() && chunk.songs.len() == 1 {
            // What a newer version of the file says has taken the place of what this one said.
            if line.is_in_force {
                let file = files.index[&line.file_no];
                records.extend(chunk.songs.into_iter().map(|(_, song)| SongRecord { file, line: line.line, song }));
            }
            released.push(replayed(line, false));
            report.song_records += 1;
        } else {
            report.songs_rejected += 1;
        }
    }
    if !records.is_empty() {
        catalogue.take_again(warehouse, &records, &files.files)?;
    }
    Ok(released)
}

fn events(
    warehouse: &mut Warehouse,
    lines: &[QuarantinedLine],
    files: &Files,
    options: &LoadOptions,
    report: &mut RunReport,
) -> Result<Vec<ReplayedLine>> {
    let mut decoder = LogDecoder::default();
    let mut chunks: Vec<EventChunk> = Vec::new();
    // The lines that could be decoded, with their chunk and row.
    let mut decoded = Vec::new();
    for line in lines.iter().filter(|l| l.input == Input::Log) {
        report.lines += 1;
        let (file, number) = (files.index[&line.file_no], line.line - 1);
        // Lines of a file share a chunk, as far as its numbers go.
        let shares = |chunk: &EventChunk| {
            let place = number.checked_sub(chunk.first_line);
            chunk.file == file && place.is_some_and(|place| place < u64::from(u32::MAX))
        };
        if !chunks.last().is_some_and(shares) {
            if let Some(done) = chunks.last_mut() {
                decoder.finish(done);
            }
            let mut chunk = EventChunk::default();
            (chunk.file, chunk.first_line, chunk.most_text) = (file, number, warehouse.most_text());
            chunks.push(chunk);
        }
        let place = chunks.len() - 1;
        let chunk = &mut chunks[place];
        let row = chunk.len();
        chunk.lines = (number - chunk.first_line) as u32;
        decoder.decode(&line.raw, line.byte_offset, chunk);
        if chunk.len() == row + 1 {
            decoded.push((place, row, line));
        } else {
            chunk.rejects.clear();
            report.rejected += 1;
        }
    }
    if let Some(done) = chunks.last_mut() {
        decoder.finish(done);
    }
    if decoded.is_empty() {
        return Ok(Vec::new());
    }
    transform::begin_events(warehouse, false)?;
    let batch = DecodedBatch::new(chunks, Arc::clone(&files.files), options.threads);
    let (batch, added) = transform::events(warehouse, batch, false)?;
    report.songplays_added += added.songplays;
    report.page_views_added += added.page_views;
    let mut released = Vec::new();
    for (chunk, row, line) in decoded {
        match batch.outcome(chunk, row) {
            EventOutcome::Accepted => {
                report.accepted += 1;
                released.push(replayed(line, false));
            }
            EventOutcome::Duplicate => {
                report.duplicates += 1;
                released.push(replayed(line, true));
            }
            EventOutcome::Conflict => {
                report.rejected += 1;
                report.conflicts += 1;
            }
        }
    }
    Ok(released)
}
