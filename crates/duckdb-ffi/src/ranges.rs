//! Which rows of a table a thread reads next.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows of one of DuckDB's row groups.
const ROW_GROUP: u64 = 122_880;
/// Rows of one of its vectors.
const VECTOR: u64 = 2_048;

/// A table's rows in ranges, each of which one thread takes.
pub(crate) struct Ranges {
    /// The number of the table's rows before each chunk, and in all of them.
    rows_before: Vec<u64>,
    /// How many rows a thread takes at once.
    size: u64,
    /// The next range that a thread may take.
    next: AtomicU64,
}

impl Ranges {
    /// Those of a table whose chunks have so many rows, for so many threads.
    pub fn new(chunks: &[u64], threads: usize) -> Self {
        let mut rows_before = vec![0];
        rows_before.extend(chunks.iter().scan(0, |sum, rows| {
            *sum += rows;
            Some(*sum)
        }));
        let size = size(chunks.iter().sum(), threads.max(1) as u64);
        Self { rows_before, size, next: AtomicU64::new(0) }
    }

    fn rows(&self) -> u64 {
        self.rows_before.last().copied().unwrap_or(0)
    }

    /// How many ranges there are.
    pub fn count(&self) -> u64 {
        self.rows().div_ceil(self.size)
    }

    /// Takes what is in one chunk off a thread's `range`, or off the next range if that is empty. None when there is none.
    pub fn take(&self, range: &mut Range<u64>) -> Option<(usize, Range<usize>)> {
        if range.is_empty() {
            let start = self.next.fetch_add(1, Ordering::Relaxed) * self.size;
            *range = start..(start + self.size).min(self.rows());
            if range.is_empty() {
                return None;
            }
        }
        // Chunks without rows share their number with the next one; the last such chunk holds the row.
        let chunk = self.rows_before.partition_point(|&before| before <= range.start) - 1;
        let first = self.rows_before[chunk];
        let end = self.rows_before[chunk + 1].min(range.end);
        let rows = (range.start - first) as usize..(end - first) as usize;
        range.start = end;
        Some((chunk, rows))
    }
}

/// How many rows a thread takes at once.
///
/// All ranges have the same size, and there are as many for each thread, so that none is left to finish alone. But
/// they are nearly as long as a row group: a thread writes row groups of its own, and where several of them stay short
/// DuckDB puts them together when it closes the file, by writing them again.
fn size(rows: u64, threads: u64) -> u64 {
    let ranges = rows.div_ceil(ROW_GROUP).next_multiple_of(threads).max(1);
    let even = rows.div_ceil(ranges).next_multiple_of(VECTOR);
    if even > ROW_GROUP / 5 * 4 { even } else { ROW_GROUP }
}
