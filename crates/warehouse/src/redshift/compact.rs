//! Rows of a staged batch as a few packed files of JSON lines, on all cores.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::staging::Staging;
use super::{cells, json};
use crate::cell::Cell;
use crate::error::{Error, Kind, Result};
use crate::field::Column;
use crate::interrupt::Interrupt;
use crate::source::ObjectWriter;
use crate::stage::{Batch, EventBounds};
use crate::staged_views::{StagedColumn, StagedView};

/// Packed files below this size cost more to open than to read.
const LEAST_FILE: u64 = 1 << 20;
/// About how many bytes a row packs into.
const PACKED_ROW: u64 = 40;
/// The quickest that still packs well: what is saved on the line is soon lost in packing.
const LEVEL: i32 = 1;

/// What to write, and how.
pub(super) struct Job<'a> {
    pub batch: &'a Batch,
    pub view: &'a StagedView,
    /// Only the rows of this range of time, if one is given.
    pub within: Option<EventBounds>,
    /// How many files the cluster reads side by side.
    pub slices: usize,
    pub threads: usize,
    pub interrupt: &'a Interrupt,
}

/// What was written.
pub(super) struct Written {
    pub urls: Vec<String>,
    pub rows: u64,
}

/// Writes a view's rows into as many files as there are slices, or fewer where they would be small.
pub(super) fn write(job: &Job<'_>, staging: &mut Staging) -> Result<Written> {
    let (start, chunks) = (Instant::now(), job.batch.chunks().len());
    let files = (job.batch.rows() * PACKED_ROW / LEAST_FILE).clamp(1, job.slices.max(1) as u64) as usize;
    let files = files.min(chunks.max(1));
    let names: Vec<String> = (0..files).map(|_| staging.name(&format!("{}.json.zst", job.view.name))).collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    let (staging_ref, names_ref) = (&*staging, &names);
    let work = || {
        let mut rows = 0;
        loop {
            let file = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = names_ref.get(file) else { return rows };
            match write_file(job, staging_ref, name, (file..chunks).step_by(files)) {
                Ok(written) => rows += written,
                Err(error) => {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    next.store(files, Ordering::Relaxed);
                    return rows;
                }
            }
        }
    };
    let rows = thread::scope(|scope| {
        let workers: Vec<_> = (0..job.threads.min(files)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).sum()
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    staging.finish()?;
    let ms = start.elapsed().as_millis() as u64;
    tracing::debug!(view = job.view.name, files, rows, ms, "pack");
    Ok(Written { urls: names.iter().map(|name| staging.url(name)).collect(), rows })
}

fn write_file(job: &Job<'_>, staging: &Staging, name: &str, chunks: impl Iterator<Item = usize>) -> Result<u64> {
    let mut packer = packer(staging, name)?;
    let (mut rows, mut out) = (0, Vec::with_capacity(8 << 20));
    for chunk in chunks {
        job.interrupt.check()?;
        out.clear();
        rows += write_chunk(job, chunk, &mut out);
        packer.write_all(&out).map_err(|e| unwritten(name, e))?;
    }
    finish(packer, name)?;
    Ok(rows)
}

/// Packs what is written into it.
pub(super) type Packer = zstd::Encoder<'static, Sink>;

/// Begins a packed object.
pub(super) fn packer(staging: &Staging, name: &str) -> Result<Packer> {
    let sink = Sink { object: staging.object(name)?, failed: None };
    zstd::Encoder::new(sink, LEVEL).map_err(|e| unwritten(name, e))
}

/// Ends a packed object.
pub(super) fn finish(packer: Packer, name: &str) -> Result<()> {
    let sink = packer.finish().map_err(|e| unwritten(name, e))?;
    match sink.failed {
        Some(error) => Err(error),
        None => sink.object.finish(),
    }
}

/// An object, as a packer writes into it.
pub(super) struct Sink {
    object: ObjectWriter,
    failed: Option<Error>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.object.write(bytes) {
            let text = error.report();
            self.failed = Some(error);
            return Err(io::Error::other(text));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn unwritten(name: &str, error: io::Error) -> Error {
    Error::new(Kind::SourceUnavailable, format!("cannot write {name} below the staging prefix")).caused_by(error)
}

/// Appends a chunk's rows; returns how many.
pub(super) fn write_chunk(job: &Job<'_>, index: usize, out: &mut Vec<u8>) -> u64 {
    let columns = job.view.columns_of(job.batch, index).into_iter().zip(job.view.columns).enumerate();
    let mut columns: Vec<Spelled<'_>> = columns.map(|(at, (column, (_, source)))| Spelled::new(column, at, *source)).collect();
    let mut rows = 0;
    for row in job.view.rows_of(job.batch, index, job.within) {
        rows += 1;
        out.push(b'{');
        for (at, column) in columns.iter_mut().enumerate() {
            column.write(at, row, out);
        }
        out.extend_from_slice(b"}\n");
    }
    rows
}

/// One column of a chunk with what spares spelling a value twice. What is null is left out of the row's object.
struct Spelled<'a> {
    column: Column<'a>,
    /// What each code of a label writes: key and value, or nothing.
    labels: Vec<Vec<u8>>,
    times: json::Times,
    /// The hash of the payload is made of the number that a line has for a time.
    as_number: bool,
}

impl<'a> Spelled<'a> {
    fn new(column: Column<'a>, at: usize, source: StagedColumn) -> Self {
        let labels = match &column {
            Column::Label(_, values) => values.iter().map(|value| label(at, *value)).collect(),
            _ => Vec::new(),
        };
        Self { column, labels, times: json::Times::default(), as_number: source.is_hashed_time() }
    }

    #[inline]
    fn write(&mut self, at: usize, row: usize, out: &mut Vec<u8>) {
        if let Column::Label(codes, _) = &self.column {
            let spelled = &self.labels[codes[row] as usize];
            // The first value of a row has no comma before it.
            let spelled = if out.last() == Some(&b'{') { spelled.get(1..).unwrap_or_default() } else { spelled };
            out.extend_from_slice(spelled);
            return;
        }
        match self.column.field(row) {
            Cell::Null => {}
            Cell::Time(us) if self.as_number => {
                json::begin(at, out);
                json::integer(us.div_euclid(1000), out);
            }
            cell => {
                json::begin(at, out);
                cells::value(cell, &mut self.times, out);
            }
        }
    }
}

/// What a label's value writes behind the first of a row.
fn label(at: usize, value: Cell<'_>) -> Vec<u8> {
    let mut spelled = Vec::new();
    if let Cell::Text(text) = value {
        // A blank before it, so that a comma comes where one belongs.
        spelled.push(b' ');
        json::begin(at, &mut spelled);
        json::text(text, &mut spelled);
        spelled.remove(0);
    }
    spelled
}
