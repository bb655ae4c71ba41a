//! Numbers of lines that came in order, in few bytes.

use super::varint;

/// A set of line numbers that were added in ascending order. Runs of neighbours take two or three bytes, whatever their
/// length, so that a file of which every line is in it costs nothing, and one of which every second is, a byte a line.
#[derive(Debug, Clone, Default)]
pub struct LineSet {
    /// The runs before the last: how far each begins behind the end of the one before, and its length.
    bytes: Vec<u8>,
    /// Where the run before the last one ends.
    closed: u64,
    /// The last run: its first line, and the one behind it.
    last: (u64, u64),
    count: u64,
}

impl LineSet {
    /// Adds a line behind all that are there.
    pub fn push(&mut self, line: u64) {
        let (start, end) = self.last;
        debug_assert!(line >= end, "lines come in order");
        if line == end {
            self.last.1 += 1;
        } else {
            if start < end {
                varint::put(start - self.closed, &mut self.bytes);
                varint::put(end - start, &mut self.bytes);
                self.closed = end;
            }
            self.last = (line, line + 1);
        }
        self.count += 1;
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let (mut at, mut end) = (0, 0);
        let closed = std::iter::from_fn(move || {
            let start = end + varint::get(&self.bytes, &mut at)?;
            end = start + varint::get(&self.bytes, &mut at)?;
            Some(start..end)
        });
        closed.chain(std::iter::once(self.last.0..self.last.1)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(lines: &[u64]) -> LineSet {
        let mut set = LineSet::default();
        for &line in lines {
            set.push(line);
        }
        set
    }

    #[test]
    fn what_was_added_comes_back() {
        let cases: [&[u64]; 6] =
            [&[], &[1], &[0], &[1, 2, 3], &[2, 4, 6, 7, 8, 5_000_000_000], &[300, 301, 90_000, u64::MAX - 1]];
        for lines in cases {
            assert_eq!(set(lines).iter().collect::<Vec<_>>(), lines);
            assert_eq!((set(lines).len(), set(lines).is_empty()), (lines.len() as u64, lines.is_empty()));
        }
    }

    #[test]
    fn runs_and_gaps_take_few_bytes() {
        assert_eq!(set(&(1..1_000_000).collect::<Vec<_>>()).bytes.len(), 0);
        let every_second: Vec<u64> = (0..1_000_000).step_by(2).collect();
        assert!(set(&every_second).bytes.len() <= 1_000_000);
        assert_eq!(set(&every_second).iter().count(), 500_000);
    }
}
