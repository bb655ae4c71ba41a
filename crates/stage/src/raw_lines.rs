//! Reads chosen lines of a file once more, as they stand there.

use std::io::{self, Read};

use super::{Block, BlockReader, LineSet};
use crate::decode::RAW_CAP;
use crate::error::Result;

/// A line as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// Number, counted from 1.
    pub line: u64,
    /// Where it begins in the (unpacked) file, in bytes.
    pub byte_offset: u64,
    /// Its bytes, at most [`RAW_CAP`].
    pub raw: Vec<u8>,
    /// Its full length in bytes.
    pub raw_length: u64,
}

/// Hands out the lines with these numbers (counted from 1), in order, and returns how many the file has.
///
/// # Errors
/// What the stream reports, and what `each` returns, which [`crate::source::file_error`] takes out again.
pub fn read_raw_lines(input: impl Read, wanted: &LineSet, mut each: impl FnMut(RawLine) -> Result<()>) -> io::Result<u64> {
    let mut reader = BlockReader::new(input, Vec::new());
    let mut wanted = wanted.iter().peekable();
    let (mut line, mut found) = (0, 0);
    // To the end even when all are found, so that the reader can tell whether the file is still the same.
    while let Some(block) = reader.next_block()? {
        match block {
            Block::Lines { bytes, offset } => {
                let mut start = 0;
                while start < bytes.len() {
                    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |n| start + n);
                    line += 1;
                    if wanted.next_if_eq(&line).is_some() {
                        found += 1;
                        let raw = bytes[start..end].strip_suffix(b"\r").unwrap_or(&bytes[start..end]);
                        each(RawLine {
                            line,
                            byte_offset: offset + start as u64,
                            raw: raw[..raw.len().min(RAW_CAP)].to_vec(),
                            raw_length: raw.len() as u64,
                        })
                        .map_err(io::Error::other)?;
                    }
                    start = end + 1;
                }
            }
            Block::TooLong { beginning, length, offset } => {
                line += 1;
                if wanted.next_if_eq(&line).is_some() {
                    found += 1;
                    each(RawLine { line, byte_offset: offset, raw: beginning, raw_length: length }).map_err(io::Error::other)?;
                }
            }
        }
    }
    Ok(found)
}
