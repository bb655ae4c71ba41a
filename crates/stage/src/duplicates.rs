//! Events that occur more than once in a batch.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::PlannedFile;
use super::decoded::DecodedBatch;
use super::outcomes::{EventOutcome, RowRef};
use super::parallel::in_parallel;
use crate::decode::EventChunk;

/// The slot of a table that holds no row.
const FREE: u32 = u32::MAX;
/// About how many rows are looked at together: so few that their table stays in a core's cache.
const ROWS_A_SHARE: usize = 1 << 15;

/// A row's number and the hash of its key.
type Hashed = (u64, u32);

impl DecodedBatch {
    /// A batch of chunks that are in the order of files and lines. Events that repeat within it are marked: the first
    /// stays, the others are duplicates or conflicts.
    #[must_use]
    pub fn new(chunks: Vec<EventChunk>, files: Arc<[PlannedFile]>, threads: usize) -> Self {
        let mut batch = Self::unmarked(chunks, files, threads);
        for (row_no, outcome) in find(&batch) {
            batch.mark(row_no, outcome);
        }
        batch
    }
}

/// The rows whose key an earlier row of the batch has, with the outcome on them.
///
/// Rows are dealt out by their hash into shares, each in the order of rows, so the first of equal keys is the same one at
/// any number of threads.
fn find(batch: &DecodedBatch) -> Vec<(u64, EventOutcome)> {
    let threads = batch.threads();
    let shares = (batch.rows() as usize).div_ceil(ROWS_A_SHARE).max(1);
    let ranges = in_parallel(threads, |number| {
        let chunks = batch.chunks().len();
        deal(batch, number * chunks / threads..(number + 1) * chunks / threads, shares)
    });
    let next = AtomicUsize::new(0);
    let found = in_parallel(threads.min(shares), |_| {
        let (mut found, mut rows) = (Vec::new(), Vec::new());
        loop {
            let share = next.fetch_add(1, Ordering::Relaxed);
            if share >= shares {
                return found;
            }
            rows.clear();
            for dealt in &ranges {
                rows.extend_from_slice(dealt.share(share));
            }
            find_in(batch, &rows, &mut found);
        }
    });
    found.into_iter().flatten().collect()
}

/// The rows of a range of chunks by share, each share in the order of rows.
struct Dealt {
    rows: Vec<Hashed>,
    ends: Vec<usize>,
}

impl Dealt {
    fn share(&self, share: usize) -> &[Hashed] {
        let start = if share == 0 { 0 } else { self.ends[share - 1] };
        &self.rows[start..self.ends[share]]
    }
}

/// Deals rows out. The upper bits of a hash choose the share.
fn deal(batch: &DecodedBatch, chunks: Range<usize>, shares: usize) -> Dealt {
    let first_row = if chunks.is_empty() { 0 } else { batch.first_row(chunks.start) };
    let hashes = hashes(&batch.chunks()[chunks]);
    let share_of = |hash: u64| ((u128::from(hash) * shares as u128) >> 64) as usize;
    let mut counts = vec![0; shares];
    for &hash in &hashes {
        counts[share_of(hash)] += 1;
    }
    let mut places: Vec<usize> = (0..shares)
        .scan(0, |sum, share| {
            let start = *sum;
            *sum += counts[share];
            Some(start)
        })
        .collect();
    let mut rows = vec![(0, 0); hashes.len()];
    for (row_no, &hash) in (first_row as u32..).zip(&hashes) {
        let place = &mut places[share_of(hash)];
        rows[*place] = (hash, row_no);
        *place += 1;
    }
    // Each share was filled up to where it ends.
    Dealt { rows, ends: places }
}

fn find_in(batch: &DecodedBatch, rows: &[Hashed], found: &mut Vec<(u64, EventOutcome)>) {
    let mask = (rows.len() * 2).next_power_of_two() - 1;
    let mut table = vec![FREE; mask + 1];
    for (place, &(hash, row_no)) in rows.iter().enumerate() {
        let mut slot = hash as usize & mask;
        loop {
            let first = table[slot];
            if first == FREE {
                table[slot] = place as u32;
                break;
            }
            let (first_hash, first_no) = rows[first as usize];
            if first_hash == hash {
                let (first, row) = (batch.locate(first_no.into()), batch.locate(row_no.into()));
                if batch.key(first) == batch.key(row) {
                    let payload = |at: RowRef| batch.chunks()[at.chunk as usize].payload_hash[at.row as usize];
                    let same = payload(first) == payload(row);
                    found.push((row_no.into(), if same { EventOutcome::Duplicate } else { EventOutcome::Conflict }));
                    break;
                }
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// A hash of each row's key, in the order of rows.
fn hashes(chunks: &[EventChunk]) -> Vec<u64> {
    let mut hashes = Vec::with_capacity(chunks.iter().map(EventChunk::len).sum());
    for chunk in chunks {
        let keys = chunk.ts.iter().zip(&chunk.user_id).zip(&chunk.session_id).zip(&chunk.item_in_session);
        hashes.extend(keys.map(|(((&ts, &user), &session), &item)| {
            mix(mix(mix(mix(0x9E37_79B9_7F4A_7C15, ts as u64), user as u64), session as u64), item as u64)
        }));
    }
    hashes
}

#[inline]
fn mix(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value) * 0xD6E8_FEB8_6659_FD93_u128;
    (product >> 64) as u64 ^ product as u64
}
