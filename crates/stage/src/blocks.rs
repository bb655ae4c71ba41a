//! Cuts a stream of bytes into blocks of whole lines.

use std::io::{ErrorKind, Read};

use crate::decode::{MAX_LINE_BYTES, RAW_CAP};

/// How much is read before a block is cut, in bytes. So little that a block stays in a core's cache from when it is read
/// until it is decoded.
const BLOCK_BYTES: usize = 256 << 10;

/// A piece of a file.
pub enum Block<'a> {
    /// Whole lines; only the file's last may lack its newline.
    Lines {
        /// The lines' bytes.
        bytes: &'a [u8],
        /// Where they begin in the file, in bytes.
        offset: u64,
    },
    /// A line longer than [`MAX_LINE_BYTES`].
    TooLong {
        /// Its first [`RAW_CAP`] bytes.
        beginning: Vec<u8>,
        /// Its length in bytes, without the newline.
        length: u64,
        /// Where it begins in the file, in bytes.
        offset: u64,
    },
}

/// Reads blocks from a stream. The buffer is the caller's to hand on to the next file.
pub struct BlockReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are filled.
    filled: usize,
    /// Bytes at the buffer's start that were handed out with the last block.
    used: usize,
    /// Where the buffer begins in the file.
    offset: u64,
    ended: bool,
}

impl<R: Read> BlockReader<R> {
    /// A reader from the start of `input`.
    pub fn new(input: R, buffer: Vec<u8>) -> Self {
        Self { input, buffer, filled: 0, used: 0, offset: 0, ended: false }
    }

    /// The stream below.
    pub fn input(&self) -> &R {
        &self.input
    }

    /// Bytes of the file that were handed out.
    pub fn offset(&self) -> u64 {
        self.offset + self.used as u64
    }

    /// Takes back the last so many bytes of the block handed out last: they come again with the next one.
    pub fn put_back(&mut self, bytes: usize) {
        self.used -= bytes.min(self.used);
    }

    /// Gives the buffer back.
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// The next block, None at the end.
    ///
    /// # Errors
    /// What the stream reports.
    pub fn next_block(&mut self) -> std::io::Result<Option<Block<'_>>> {
        self.buffer.copy_within(self.used..self.filled, 0);
        self.filled -= self.used;
        self.offset += self.used as u64;
        self.used = 0;
        // A long line made it large; what follows is to stay in the cache again.
        if self.buffer.len() > BLOCK_BYTES && self.filled <= BLOCK_BYTES {
            self.buffer.truncate(BLOCK_BYTES);
            self.buffer.shrink_to_fit();
        }
        let mut searched = 0;
        loop {
            self.fill()?;
            let end = if self.ended {
                self.filled
            } else {
                memchr::memrchr(b'\n', &self.buffer[searched..self.filled]).map_or(0, |n| searched + n + 1)
            };
            if end > 0 {
                self.used = end;
                return Ok(Some(Block::Lines { bytes: &self.buffer[..end], offset: self.offset }));
            }
            if self.ended {
                return Ok(None);
            }
            if self.filled > MAX_LINE_BYTES {
                return self.pass_over_line().map(Some);
            }
            searched = self.filled;
            // No further than it takes to tell that the line is too long.
            let larger = (self.buffer.len() * 2).min(MAX_LINE_BYTES + BLOCK_BYTES);
            self.buffer.reserve_exact(larger - self.buffer.len());
            self.buffer.resize(larger, 0);
        }
    }

    /// Reads until the buffer is full or the stream ends.
    fn fill(&mut self) -> std::io::Result<()> {
        if self.buffer.len() < BLOCK_BYTES {
            self.buffer.resize(BLOCK_BYTES, 0);
        }
        while !self.ended && self.filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(n) => self.filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Drops a line that does not fit, keeping its beginning, and leaves what follows it in the buffer.
    fn pass_over_line(&mut self) -> std::io::Result<Block<'static>> {
        let beginning = self.buffer[..RAW_CAP].to_vec();
        let offset = self.offset;
        let mut length = 0u64;
        loop {
            if let Some(n) = memchr::memchr(b'\n', &self.buffer[..self.filled]) {
                length += n as u64;
                self.used = n + 1;
                return Ok(Block::TooLong { beginning, length, offset });
            }
            length += self.filled as u64;
            self.offset += self.filled as u64;
            self.filled = 0;
            self.fill()?;
            if self.filled == 0 {
                self.used = 0;
                return Ok(Block::TooLong { beginning, length, offset });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &[u8]) -> Vec<(bool, u64, u64)> {
        let mut reader = BlockReader::new(text, Vec::new());
        let mut seen = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            seen.push(match block {
                Block::Lines { bytes, offset } => (true, offset, bytes.len() as u64),
                Block::TooLong { length, offset, .. } => (false, offset, length),
            });
        }
        seen
    }

    #[test]
    fn cuts_at_line_ends_and_loses_nothing() {
        let line = vec![b'x'; 1_000_003];
        let mut text = Vec::new();
        for _ in 0..23 {
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
        text.extend_from_slice(b"tail");
        let seen = blocks(&text);
        assert_eq!(seen.iter().map(|b| b.2).sum::<u64>(), text.len() as u64);
        let mut at = 0;
        for (lines, offset, length) in seen {
            assert!(lines);
            assert_eq!(offset, at);
            at += length;
            assert!(at == text.len() as u64 || text[at as usize - 1] == b'\n');
        }
    }

    #[test]
    fn a_line_too_long_is_passed_over() {
        for tail in [&b"\nafter\n"[..], b""] {
            let long = vec![b'x'; MAX_LINE_BYTES + 20_000_000];
            let text = [b"before\n", &long[..], tail].concat();
            let seen = blocks(&text);
            assert_eq!(seen[0], (true, 0, 7));
            assert_eq!(seen[1], (false, 7, long.len() as u64));
            assert_eq!(seen.get(2).copied(), (!tail.is_empty()).then_some((true, 8 + long.len() as u64, 6)));
        }
    }

    #[test]
    fn what_is_put_back_comes_again() {
        let text = b"one\ntwo\nthree";
        let mut reader = BlockReader::new(&text[..], Vec::new());
        let mut seen = Vec::new();
        while let Some(Block::Lines { bytes, offset }) = reader.next_block().unwrap() {
            let line = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| n + 1);
            let rest = bytes.len() - line;
            seen.push((offset, bytes[..line].to_vec()));
            reader.put_back(rest);
        }
        assert_eq!(seen, [(0, b"one\n".to_vec()), (4, b"two\n".to_vec()), (8, b"three".to_vec())]);
    }

    #[test]
    fn a_long_line_leaves_no_large_buffer() {
        let text = [&vec![b'x'; 3 << 20][..], b"\n", &b"short\n".repeat(200_000)].concat();
        let mut reader = BlockReader::new(&text[..], Vec::new());
        let mut longest = Vec::new();
        while let Some(Block::Lines { bytes, .. }) = reader.next_block().unwrap() {
            longest.push(bytes.len());
        }
        assert_eq!(longest.iter().sum::<usize>(), text.len());
        assert!(longest[0] > 3 << 20 && longest[2..].iter().all(|&bytes| bytes <= BLOCK_BYTES), "{longest:?}");
        let long = vec![b'x'; 2 * MAX_LINE_BYTES];
        let mut reader = BlockReader::new(&long[..], Vec::new());
        assert!(matches!(reader.next_block().unwrap(), Some(Block::TooLong { .. })));
        assert!(reader.into_buffer().capacity() <= MAX_LINE_BYTES + BLOCK_BYTES);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(blocks(b"").is_empty());
    }
}
