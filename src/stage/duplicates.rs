//! Events that occur more than once in a batch.

use std::thread;

use super::{Batch, RowRef, Verdict};

/// The slot of a table that holds no row.
const FREE: u32 = u32::MAX;

/// The rows whose key an earlier row of the batch has, with the verdict on them.
///
/// Each thread takes the rows whose hash falls to it and passes over all of them in order, so the first of equal keys is
/// the same one at any number of threads.
pub(super) fn find(batch: &Batch, threads: usize) -> Vec<(u64, Verdict)> {
    let hashes = hashes(batch);
    let shares = threads.clamp(1, 16) as u64;
    thread::scope(|scope| {
        let hashes = &hashes;
        let workers: Vec<_> = (0..shares).map(|share| scope.spawn(move || find_share(batch, hashes, share, shares))).collect();
        // A panic of a worker is a bug; it goes on in this thread.
        workers.into_iter().flat_map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn find_share(batch: &Batch, hashes: &[u64], share: u64, shares: u64) -> Vec<(u64, Verdict)> {
    // The upper bits choose the share, the lower ones the slot.
    let is_mine = |hash: u64| ((u128::from(hash) * u128::from(shares)) >> 64) as u64 == share;
    let mine = hashes.iter().filter(|&&hash| is_mine(hash)).count();
    let mask = (mine * 2).next_power_of_two() - 1;
    let mut table = vec![FREE; mask + 1];
    let mut found = Vec::new();
    for (row_no, &hash) in hashes.iter().enumerate().filter(|(_, hash)| is_mine(**hash)) {
        let mut slot = hash as usize & mask;
        loop {
            let first = table[slot];
            if first == FREE {
                table[slot] = row_no as u32;
                break;
            }
            if hashes[first as usize] == hash {
                let (first, row) = (batch.locate(first.into()), batch.locate(row_no as u64));
                if batch.key(first) == batch.key(row) {
                    let payload = |at: RowRef| batch.chunks()[at.chunk as usize].payload_hash[at.row as usize];
                    let same = payload(first) == payload(row);
                    found.push((row_no as u64, if same { Verdict::Duplicate } else { Verdict::Conflict }));
                    break;
                }
            }
            slot = (slot + 1) & mask;
        }
    }
    found
}

/// A hash of each row's key, in the order of rows.
fn hashes(batch: &Batch) -> Vec<u64> {
    let mut hashes = Vec::with_capacity(batch.rows() as usize);
    for chunk in batch.chunks() {
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
