//! What becomes of each event of a batch.

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EventOutcome {
    /// It becomes a row.
    Accepted,
    /// Its key and payload are there already.
    Duplicate,
    /// Its key is there already with another payload.
    Conflict,
}

/// A row of a batch: which chunk, which row of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRef {
    /// Index of the chunk.
    pub chunk: u32,
    /// Index of the row in it.
    pub row: u32,
}

/// The outcome on each row of a batch, by chunk.
#[derive(Debug, Clone)]
pub(super) struct Outcomes {
    rows: Vec<Vec<EventOutcome>>,
    /// Whether a chunk has rows that are not accepted.
    is_mixed: Vec<bool>,
}

impl Outcomes {
    /// Accepts all rows of chunks of so many.
    pub fn accepting(chunks: impl ExactSizeIterator<Item = usize>) -> Self {
        let is_mixed = vec![false; chunks.len()];
        Self { rows: chunks.map(|rows| vec![EventOutcome::Accepted; rows]).collect(), is_mixed }
    }

    pub fn set(&mut self, at: RowRef, outcome: EventOutcome) {
        self.rows[at.chunk as usize][at.row as usize] = outcome;
        self.is_mixed[at.chunk as usize] = true;
    }

    #[inline]
    pub fn of(&self, chunk: usize, row: usize) -> EventOutcome {
        self.rows[chunk][row]
    }

    /// The accepted rows of a chunk.
    pub fn accepted(&self, chunk: usize) -> impl Iterator<Item = usize> + '_ {
        let rows = &self.rows[chunk];
        (0..rows.len()).filter(move |&row| rows[row] == EventOutcome::Accepted)
    }

    /// How many rows of a chunk have this outcome.
    pub fn count(&self, chunk: usize, wanted: EventOutcome) -> usize {
        match (self.is_mixed[chunk], wanted) {
            (true, _) => self.rows[chunk].iter().filter(|&&outcome| outcome == wanted).count(),
            (false, EventOutcome::Accepted) => self.rows[chunk].len(),
            (false, _) => 0,
        }
    }

    /// Whether a chunk has rows that are not accepted.
    pub fn is_mixed(&self, chunk: usize) -> bool {
        self.is_mixed[chunk]
    }
}
