//! Rows of a staged batch as a few packed files of JSON lines, on all cores.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::json;
use super::staging::Staging;
use crate::decode::{EventChunk, Span};
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::record::NULL_INTEGER;
use crate::source::ObjectWriter;
use crate::stage::{Batch, CatalogueSong, EventBounds};
use crate::warehouse::relations::{Relation, Rows, Source};

/// Packed files below this size cost more to open than to read.
const LEAST_FILE: u64 = 1 << 20;
/// About how many bytes a row packs into.
const PACKED_ROW: u64 = 40;
/// The quickest that still packs well: what is saved on the line is soon lost in packing.
const LEVEL: i32 = 1;

/// What to write, and how.
pub(super) struct Job<'a> {
    pub batch: &'a Batch,
    pub relation: &'a Relation,
    /// Only the rows of this stretch of time, if one is given.
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

/// Writes a relation's rows into as many files as there are slices, or fewer where they would be small.
pub(super) fn write(job: &Job<'_>, staging: &mut Staging) -> Result<Written> {
    let (start, chunks) = (Instant::now(), job.batch.chunks().len());
    let files = (job.batch.rows() * PACKED_ROW / LEAST_FILE).clamp(1, job.slices.max(1) as u64) as usize;
    let files = files.min(chunks.max(1));
    let names: Vec<String> = (0..files).map(|_| staging.name(&format!("{}.json.zst", job.relation.name))).collect();
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
    tracing::debug!(relation = job.relation.name, files, rows, ms, "pack");
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
    let Job { batch, relation, within, .. } = job;
    let chunk = &batch.chunks()[index];
    let mut columns: Vec<Column<'_>> =
        relation.columns.iter().enumerate().map(|(at, (_, source))| Column::new(batch, index, at, *source)).collect();
    let mut rows = 0;
    let mut row = |row: usize| {
        rows += 1;
        out.push(b'{');
        for (at, column) in columns.iter_mut().enumerate() {
            column.write(at, row, out);
        }
        out.extend_from_slice(b"}\n");
    };
    match (relation.rows, within) {
        (Rows::Plays, _) => batch.accepted(index, true).for_each(&mut row),
        (Rows::Views, _) => batch.accepted(index, false).for_each(&mut row),
        (_, None) => (0..chunk.len()).for_each(&mut row),
        (_, Some(EventBounds { min_ms, max_ms })) => {
            (0..chunk.len()).filter(|&at| (min_ms..=max_ms).contains(&&chunk.ts[at])).for_each(&mut row);
        }
    }
    rows
}

/// One column of a chunk. What is null is left out of the row's object.
enum Column<'a> {
    RowNo(i64),
    EventId(Box<dyn Fn(usize) -> i64 + 'a>),
    /// Milliseconds since 1970.
    Time(&'a [i64], json::Times),
    /// [`NULL_INTEGER`] for null.
    BigInt(&'a [i64]),
    Hash(&'a [u64]),
    Integer(&'a [i32]),
    /// `i32::MIN` for null.
    Status(&'a [i32]),
    Repair(&'a [u8]),
    /// NaN for null.
    Double(&'a [f64]),
    Text(&'a [Span], &'a [u8]),
    /// Codes, and what each writes: key and value, or nothing.
    Label(&'a [u32], Vec<Vec<u8>>),
    /// Numbers of songs, and a text of each; what is not in the catalogue has a number that is not either.
    Song(&'a [u32], &'a [CatalogueSong], fn(&CatalogueSong) -> &str),
    MatchMethod(&'a Batch, usize),
}

impl<'a> Column<'a> {
    fn new(batch: &'a Batch, index: usize, at: usize, source: Source) -> Self {
        let chunk: &'a EventChunk = &batch.chunks()[index];
        match source {
            Source::RowNo => Self::RowNo(batch.first_row(index) as i64),
            Source::EventId => Self::EventId(Box::new(batch.event_ids(index))),
            // The parts of times are made by SQL.
            Source::StartTime | Source::Part(_) => Self::Time(&chunk.ts, json::Times::default()),
            // As the lines have it: the hash of the payload is made of the number.
            Source::Registration => Self::BigInt(&chunk.registration),
            Source::UserId => Self::BigInt(&chunk.user_id),
            Source::SessionId => Self::BigInt(&chunk.session_id),
            Source::PayloadHash => Self::Hash(&chunk.payload_hash),
            Source::ItemInSession => Self::Integer(&chunk.item_in_session),
            Source::Status => Self::Status(&chunk.status),
            Source::TextRepair => Self::Repair(&chunk.text_repair),
            Source::Length => Self::Double(&chunk.length),
            Source::Artist => Self::Text(&chunk.artist, &chunk.text),
            Source::Song => Self::Text(&chunk.song, &chunk.text),
            Source::SongId => Self::Song(batch.songs(index), batch.catalogue(), |song| &song.song_id),
            Source::ArtistId => Self::Song(batch.songs(index), batch.catalogue(), |song| &song.artist_id),
            Source::MatchMethod => Self::MatchMethod(batch, index),
            Source::Label(field) => {
                let spelled = chunk.dictionaries[field].values.iter().map(|span| {
                    // A brace before it, so that a comma comes where one belongs.
                    let mut spelled = Vec::new();
                    if !span.is_null() {
                        spelled.push(b' ');
                        json::begin(at, &mut spelled);
                        json::text(span.of(&chunk.text), &mut spelled);
                        spelled.remove(0);
                    }
                    spelled
                });
                Self::Label(&chunk.labels[field], spelled.collect())
            }
        }
    }

    #[inline]
    fn write(&mut self, at: usize, row: usize, out: &mut Vec<u8>) {
        let mut number = |number: i64| {
            json::begin(at, out);
            json::integer(number, out);
        };
        match self {
            Self::RowNo(first) => number(*first + row as i64),
            Self::EventId(id) => number(id(row)),
            Self::BigInt(numbers) if numbers[row] != NULL_INTEGER => number(numbers[row]),
            Self::Hash(hashes) => number(hashes[row] as i64),
            Self::Integer(numbers) => number(numbers[row].into()),
            Self::Status(numbers) if numbers[row] != i32::MIN => number(numbers[row].into()),
            Self::Repair(rounds) => number(rounds[row].into()),
            Self::Time(times, clock) => {
                json::begin(at, out);
                clock.write(times[row] * 1000, out);
            }
            Self::Double(numbers) if !numbers[row].is_nan() => {
                json::begin(at, out);
                json::double(numbers[row], out);
            }
            Self::Text(spans, text) if !spans[row].is_null() => {
                json::begin(at, out);
                json::text(spans[row].of(text), out);
            }
            Self::Label(codes, spelled) => {
                let spelled = &spelled[codes[row] as usize];
                // The first value of a row has no comma before it.
                let spelled = if out.last() == Some(&b'{') { spelled.get(1..).unwrap_or_default() } else { spelled };
                out.extend_from_slice(spelled);
            }
            Self::Song(numbers, songs, text) => {
                if let Some(song) = songs.get(numbers[row] as usize) {
                    json::begin(at, out);
                    json::text(text(song).as_bytes(), out);
                }
            }
            Self::MatchMethod(batch, chunk) => {
                if let Some(method) = batch.match_method(*chunk, row) {
                    json::begin(at, out);
                    json::text(method.as_bytes(), out);
                }
            }
            Self::BigInt(_) | Self::Status(_) | Self::Double(_) | Self::Text(..) => {}
        }
    }
}
