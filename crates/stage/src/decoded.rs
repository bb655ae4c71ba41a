//! Decoded events in columns, in the order of files and lines, before anyone asks the warehouse.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::outcomes::{EventOutcome, Outcomes, RowRef};
use super::parallel::in_parallel;
use super::{PlannedFile, event_id};
use crate::decode::{EventChunk, Reject};

/// First and last time of the events staged, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventBounds {
    /// The earliest.
    pub min_ms: i64,
    /// The latest.
    pub max_ms: i64,
}

impl EventBounds {
    /// What stands for them in a dry run, which reads no event: 1970-01-01.
    pub const UNREAD: Self = Self { min_ms: 0, max_ms: 0 };
}

/// What a batch adds to the counts of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Lines that are not blank.
    pub lines: u64,
    /// Lines that became a row.
    pub accepted: u64,
    /// Lines whose event was known.
    pub duplicates: u64,
    /// Lines refused, conflicts among them.
    pub rejected: u64,
    /// Lines whose event was known with another payload.
    pub conflicts: u64,
}

impl FileCounts {
    /// Adds another part of the same file.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.conflicts += other.conflicts;
    }
}

/// Decoded events. Which of them repeat within the batch is known; what the warehouse holds is not.
pub struct DecodedBatch {
    chunks: Vec<EventChunk>,
    /// Number of rows before each chunk.
    rows_before: Vec<u64>,
    files: Arc<[PlannedFile]>,
    outcomes: Outcomes,
    threads: usize,
    /// It stands for events that were not read.
    is_unread: bool,
}

impl DecodedBatch {
    /// A batch of chunks that are in the order of files and lines, as though no event repeated.
    pub(super) fn unmarked(chunks: Vec<EventChunk>, files: Arc<[PlannedFile]>, threads: usize) -> Self {
        let outcomes = Outcomes::accepting(chunks.iter().map(EventChunk::len));
        let rows_before =
            chunks.iter().scan(0, |rows, chunk| Some(std::mem::replace(rows, *rows + chunk.len() as u64))).collect();
        Self { chunks, rows_before, files, outcomes, threads: threads.max(1), is_unread: false }
    }

    /// A batch that stands in a dry run for the events of these files, which are not read.
    #[must_use]
    pub fn unread(files: Arc<[PlannedFile]>) -> Self {
        Self { is_unread: true, ..Self::unmarked(Vec::new(), files, 1) }
    }

    /// Sets what becomes of a row.
    pub(super) fn mark(&mut self, row_no: u64, outcome: EventOutcome) {
        self.outcomes.set(self.locate(row_no), outcome);
    }

    /// What becomes of each row as far as the batch alone tells.
    pub(super) fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// How many threads are to work on it.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// The chunks, in order.
    #[must_use]
    pub fn chunks(&self) -> &[EventChunk] {
        &self.chunks
    }

    /// The number of events, whatever their outcome.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows_before.last().map_or(0, |n| n + self.chunks.last().map_or(0, |c| c.len() as u64))
    }

    /// About how many bytes of memory the events take.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.chunks.iter().map(EventChunk::memory).sum()
    }

    /// The number of the first row of a chunk; rows are numbered from 0 through the batch.
    #[must_use]
    pub fn first_row(&self, chunk: usize) -> u64 {
        self.rows_before[chunk]
    }

    /// What `work` makes of the number of each chunk, in their order.
    pub(super) fn each_chunk<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        self.each_of(0..self.chunks.len(), work)
    }

    pub(super) fn each_of<T: Send>(&self, chunks: Range<usize>, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let next = AtomicUsize::new(chunks.start);
        let done = in_parallel(self.threads, |_| {
            let mut done = Vec::new();
            loop {
                let chunk = next.fetch_add(1, Ordering::Relaxed);
                if chunk >= chunks.end {
                    return done;
                }
                done.push((chunk, work(chunk)));
            }
        });
        let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
        done.sort_unstable_by_key(|(chunk, _)| *chunk);
        done.into_iter().map(|(_, made)| made).collect()
    }

    /// Where the row with this number stands.
    #[must_use]
    pub fn locate(&self, row_no: u64) -> RowRef {
        // Chunks without rows share their number with the next one; the last such chunk holds the row.
        let chunk = self.rows_before.partition_point(|&before| before <= row_no) - 1;
        RowRef { chunk: chunk as u32, row: (row_no - self.rows_before[chunk]) as u32 }
    }

    /// What gives the surrogate ids of a chunk's rows.
    pub fn event_ids(&self, chunk: usize) -> impl Fn(usize) -> i64 + '_ {
        let c = &self.chunks[chunk];
        let file_no = self.files[c.file].file_no;
        move |row| event_id(file_no, c.first_line + u64::from(c.line[row]) + 1)
    }

    /// The key of a row: user, session, item and time.
    #[inline]
    #[must_use]
    pub fn key(&self, at: RowRef) -> (i64, i64, i32, i64) {
        let (c, row) = (&self.chunks[at.chunk as usize], at.row as usize);
        (c.user_id[row], c.session_id[row], c.item_in_session[row], c.ts[row])
    }

    /// First and last time of all events, None without any.
    #[must_use]
    pub fn bounds(&self) -> Option<EventBounds> {
        if self.is_unread {
            return Some(EventBounds::UNREAD);
        }
        let times = || self.chunks.iter().flat_map(|c| c.ts.iter().copied());
        Some(EventBounds { min_ms: times().min()?, max_ms: times().max()? })
    }

    /// What the batch adds to each file's counts as far as it alone tells, by index of the file.
    pub fn file_counts(&self) -> impl Iterator<Item = (usize, FileCounts)> + '_ {
        self.file_counts_by(&self.outcomes)
    }

    /// What the batch adds to each file's counts by these outcomes, by index of the file.
    pub(super) fn file_counts_by<'a>(&'a self, outcomes: &'a Outcomes) -> impl Iterator<Item = (usize, FileCounts)> + 'a {
        self.chunks.iter().enumerate().map(|(number, chunk)| {
            let count = |outcome| outcomes.count(number, outcome) as u64;
            let conflicts = count(EventOutcome::Conflict);
            let counts = FileCounts {
                lines: u64::from(chunk.lines - chunk.blank_lines),
                accepted: count(EventOutcome::Accepted),
                duplicates: count(EventOutcome::Duplicate),
                rejected: conflicts + chunk.rejects.len() as u64,
                conflicts,
            };
            (chunk.file, counts)
        })
    }

    /// The lines that could not be decoded, with the index of their file and their line, counted from 1.
    pub fn rejects(&self) -> impl Iterator<Item = (usize, u64, &Reject)> + '_ {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.rejects.iter().map(|r| (chunk.file, chunk.first_line + u64::from(r.line) + 1, r)))
    }
}
