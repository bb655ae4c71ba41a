//! Reads what stands at the beginning of a DuckDB file: which of its states counts, and where its blocks are.
//!
//! A file begins with three headers of 4 KiB. The first says what the file is. The other two describe a state each, and
//! checkpoints write them in turn; the one with the higher number counts. DuckDB refuses a file whose headers, or whose
//! blocks that it reads, do not have the checksum that stands before them.

use std::fs::File;
use std::io;

use crate::disk::read_at;

/// Bytes of a header.
pub(crate) const HEADER: usize = 4096;
/// Where the first block begins.
const FIRST_BLOCK: u64 = 3 * HEADER as u64;
/// The parts of a block of metadata, each used by itself.
pub(crate) const PARTS: usize = 64;
/// Bytes of a database's identifier.
pub(crate) const IDENTIFIER: usize = 16;

/// Bytes of the checksum that a header or a block begins with.
const CHECKSUM: usize = 8;
/// The least and the most bytes of a block that DuckDB allows.
const BLOCK_SIZES: std::ops::RangeInclusive<u64> = 16_384..=262_144;

/// The three headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Headers(pub [Vec<u8>; 3]);

/// The state that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// Which of the headers describes it: 1 or 2.
    pub header: usize,
    /// How many checkpoints led to it.
    pub iteration: u64,
    /// How many blocks the file has in it.
    pub blocks: u64,
    /// Bytes of a block.
    pub block_size: u64,
}

impl State {
    /// The header that the next checkpoint writes.
    pub fn next_header(self) -> usize {
        3 - self.header
    }

    /// Where a block begins.
    pub fn place_of(self, block: u64) -> u64 {
        FIRST_BLOCK + block * self.block_size
    }

    /// Where the file ends, as far as this state needs it.
    pub fn end(self) -> u64 {
        self.place_of(self.blocks)
    }
}

impl Headers {
    /// What names the database, if the first header is whole. Files of older formats have zeros.
    pub fn identifier(&self) -> Option<[u8; IDENTIFIER]> {
        /// Behind the checksum, the magic bytes, the version, flags, the library's names and how it is encrypted.
        const PLACE: usize = CHECKSUM + 4 + 8 + 32 + 64 + 8;
        let bytes = self.0[0].get(PLACE..PLACE + IDENTIFIER).filter(|_| is_whole(&self.0[0]))?;
        bytes.try_into().ok()
    }

    /// Reads them.
    pub fn read(file: &File) -> io::Result<Self> {
        let mut headers = [vec![0; HEADER], vec![0; HEADER], vec![0; HEADER]];
        for (header, place) in headers.iter_mut().zip((0..).step_by(HEADER)) {
            read_at(file, header, place)?;
        }
        Ok(Self(headers))
    }

    /// The state that counts; None where a header is damaged.
    pub fn state(&self) -> Option<State> {
        if !self.0.iter().all(|header| is_whole(header)) {
            return None;
        }
        let field = |header: usize, index: usize| number(&self.0[header], CHECKSUM + index * 8);
        let header = if field(1, 0) > field(2, 0) { 1 } else { 2 };
        let state = State { header, iteration: field(header, 0), blocks: field(header, 3), block_size: field(header, 4) };
        (BLOCK_SIZES.contains(&state.block_size) && state.blocks < u64::MAX / state.block_size / 2).then_some(state)
    }
}

/// Whether a header or a block has the checksum that it begins with.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    bytes.len() > CHECKSUM && number(bytes, 0) == checksum(&bytes[CHECKSUM..])
}

/// Where a part of a block of metadata begins and ends within it.
pub(crate) fn part(block_size: u64, index: usize) -> std::ops::Range<usize> {
    let size = (block_size as usize - CHECKSUM) / PARTS / 8 * 8;
    CHECKSUM + index * size..CHECKSUM + (index + 1) * size
}

/// DuckDB's checksum.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    let sum = words.map(|word| number(word, 0)).fold(5381, |sum, word| sum ^ word.wrapping_mul(0xBF58_476D_1CE4_E5B9));
    if rest.is_empty() { sum } else { sum ^ checksum_of_rest(rest) }
}

/// Its part for the last bytes, fewer than eight.
fn checksum_of_rest(bytes: &[u8]) -> u64 {
    const M: u64 = 0xC6A4_A793_5BD1_E995;
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let mut hash = 0xE17A_1465 ^ (bytes.len() as u64).wrapping_mul(M);
    hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(M);
    hash = (hash ^ hash >> 47).wrapping_mul(M);
    hash ^ hash >> 47
}

/// The number in the eight bytes from `at` on.
pub(crate) fn number(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
