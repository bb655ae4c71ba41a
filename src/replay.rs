//! Tries quarantined lines again: after a fix of the decoder, or when what they conflicted with is gone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use crate::check::{self, Touched};
use crate::decode::{EventChunk, LogDecoder, SongChunk, decode_songs};
use crate::error::Result;
use crate::ledger::run_row;
use crate::pipeline::LoadOptions;
use crate::report::{RunReport, Status};
use crate::source::{Compression, SourceFile};
use crate::stage::{DecodedBatch, PlannedFile, SongRecord, Verdict};
use crate::transform;
use crate::warehouse::{Input, QuarantinedLine, ReplayedLine, Warehouse};

/// Tries every line of the quarantine that was kept whole, in one transaction, and releases those that load. In the
/// report a line is one that was tried.
///
/// # Errors
/// What the warehouse reports; nothing was changed then.
pub fn replay(warehouse: &mut dyn Warehouse, options: &LoadOptions) -> Result<RunReport> {
    let started = Instant::now();
    let started_us = crate::clock::now_us();
    warehouse.begin()?;
    let worked = work(warehouse, options, started_us).and_then(|mut report| {
        warehouse.commit()?;
        report.warnings = warehouse.take_warnings();
        Ok(report)
    });
    match worked {
        Ok(mut report) => {
            report.seconds = started.elapsed().as_secs_f64();
            Ok(report)
        }
        Err(error) => {
            if let Err(second) = warehouse.rollback() {
                tracing::debug!("rollback: {}", second.report());
            }
            Err(error)
        }
    }
}

/// The share of the memory for events that a part of the quarantine takes, and the least and the most bytes of it.
const PART_SHARE: u64 = 4;
const PART_BYTES: [u64; 2] = [1 << 20, 64 << 20];

fn work(warehouse: &mut dyn Warehouse, options: &LoadOptions, started_us: i64) -> Result<RunReport> {
    let mut report = RunReport { run_id: crate::clock::new_id().to_string(), ..RunReport::default() };
    let [least, most] = PART_BYTES;
    let parts = warehouse.quarantine_parts((options.event_memory / PART_SHARE).clamp(least, most))?;
    // The last line of each file that loaded.
    let mut touched: BTreeMap<i64, u64> = BTreeMap::new();
    let mut catalogue = transform::Songs::default();
    for part in parts {
        let lines = warehouse.quarantine(&part)?;
        let files = files_of(&lines);
        let mut released = songs(warehouse, &mut catalogue, &lines, &files, &mut report)?;
        released.extend(events(warehouse, &lines, &files, options, &mut report)?);
        drop(lines);
        for line in &released {
            let last = touched.entry(line.file_no).or_default();
            *last = line.line.max(*last);
        }
        if !released.is_empty() {
            warehouse.release(&released)?;
        }
    }
    report.songs_differing = catalogue.differing(warehouse)?;
    report.status = if report.rejected + report.songs_rejected > 0 { Status::Incomplete } else { Status::Done };
    report.balance()?;
    report.set_totals(warehouse.totals()?);
    if !touched.is_empty() {
        let last_file_no = warehouse.last_file_no()?;
        warehouse.add_run(&run_row(&report, "replay", &options.fingerprint, started_us, last_file_no))?;
        let files: Vec<(i64, u64)> = touched.into_iter().collect();
        let touched = Touched::by_files(&files, report.song_records > 0, true, &options.limits);
        check::audit(warehouse, touched, &options.limits)?;
    }
    Ok(report)
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
    warehouse: &mut dyn Warehouse,
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
    warehouse: &mut dyn Warehouse,
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
        match batch.verdict(chunk, row) {
            Verdict::Accepted => {
                report.accepted += 1;
                released.push(replayed(line, false));
            }
            Verdict::Duplicate => {
                report.duplicates += 1;
                released.push(replayed(line, true));
            }
            Verdict::Conflict => {
                report.rejected += 1;
                report.conflicts += 1;
            }
        }
    }
    Ok(released)
}
