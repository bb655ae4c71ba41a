//! A text that stands in a store shared with many others.

/// A range of a chunk's text, or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// No text at all, which is not the empty text.
    pub const NULL: Self = Self { start: u32::MAX, len: 0 };

    /// The bytes that `write` appends to `store`, as a span. A chunk's text stays below 4 GiB, as the ranges that
    /// chunks are made of are a few MiB.
    #[inline]
    pub(super) fn append(store: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let start = store.len();
        write(store);
        Self { start: start as u32, len: (store.len() - start) as u32 }
    }

    /// Whether this is null.
    #[inline]
    #[must_use]
    pub fn is_null(self) -> bool {
        self.start == u32::MAX
    }

    /// Where the text begins in its store, and its length in bytes.
    #[inline]
    #[must_use]
    pub fn place(self) -> (usize, usize) {
        (self.start as usize, self.len as usize)
    }

    /// The text, empty for null.
    #[inline]
    #[must_use]
    pub fn of(self, store: &[u8]) -> &[u8] {
        store.get(self.start as usize..self.start as usize + self.len as usize).unwrap_or_default()
    }
}
