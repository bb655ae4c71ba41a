//! A chunk: the accepted events and the rejects of one range of one file, in columns.

use super::dictionary::Lookups;
use super::{Dictionary, Reject, Span, UnknownKeys};
use crate::record::{FLOAT_FIELDS, INDEX, INTEGER_FIELDS, LABEL_FIELDS, LogField, SMALL_FIELDS, Store};

/// A field's column of a chunk.
pub enum FieldColumn<'a> {
    /// Whole numbers, or milliseconds since 1970; [`crate::record::NULL_INTEGER`] for null.
    Integer(&'a [i64]),
    /// Whole numbers; [`crate::record::NULL_SMALL`] for null unless the field is required.
    Small(&'a [i32]),
    /// NaN for null.
    Float(&'a [f64]),
    /// Where the texts stand in the chunk's text.
    Name(&'a [Span]),
    /// Codes, and what they stand for.
    Label(&'a [u32], &'a Dictionary),
}

/// The events of one range of a log file, in columns, in the file's order. Row i of every column belongs together.
#[derive(Default)]
pub struct EventChunk {
    /// Which file of the run.
    pub file: usize,
    /// Position of this chunk among the chunks of its file.
    pub part: u64,
    /// Number, from 0, of the first line of this chunk in its file. Known once all chunks before it are decoded.
    pub first_line: u64,
    /// The most bytes that a text may have, if the warehouse has a limit.
    pub most_text: Option<usize>,
    /// How many lines this chunk covers, blank ones included.
    pub lines: u32,
    /// How many of them are blank.
    pub blank_lines: u32,
    /// All text of the chunk.
    pub text: Vec<u8>,
    /// Each row's line, counted from the chunk's first.
    pub line: Vec<u32>,
    /// Milliseconds since 1970 in UTC.
    pub ts: Vec<i64>,
    /// [`crate::record::NULL_INTEGER`] for a visitor who is not logged in.
    pub user_id: Vec<i64>,
    /// The session's number.
    pub session_id: Vec<i64>,
    /// The event's place in its session.
    pub item_in_session: Vec<i32>,
    /// The fields in [`INTEGER_FIELDS`]; [`crate::record::NULL_INTEGER`] for null.
    pub integers: [Vec<i64>; INTEGER_FIELDS.len()],
    /// The fields in [`SMALL_FIELDS`]; [`crate::record::NULL_SMALL`] for null.
    pub small_integers: [Vec<i32>; SMALL_FIELDS.len()],
    /// The fields in [`FLOAT_FIELDS`]; NaN for null.
    pub floats: [Vec<f64>; FLOAT_FIELDS.len()],
    /// Artist's name after repair.
    pub artist: Vec<Span>,
    /// Song's title after repair.
    pub song: Vec<Span>,
    /// Rounds of repair: four times those of the song plus those of the artist.
    pub text_repair: Vec<u8>,
    /// Hash of artist and song, by [`super::song_key_hash`].
    pub song_key_hash: Vec<u64>,
    /// Hash of the fields outside the event's key that are declared as part of it.
    pub payload_hash: Vec<u64>,
    /// Whether the event is a play.
    pub is_play: Vec<bool>,
    /// Codes of the fields in [`LABEL_FIELDS`].
    pub labels: [Vec<u32>; LABEL_FIELDS.len()],
    /// What the codes stand for.
    pub dictionaries: [Dictionary; LABEL_FIELDS.len()],
    /// The refused lines.
    pub rejects: Vec<Reject>,
    /// About how many bytes of memory they take.
    pub(super) rejects_memory: usize,
    /// Keys that no field has.
    pub unknown_keys: UnknownKeys,
    /// What finds the dictionaries' codes, while the chunk is decoded.
    pub(super) lookups: Option<Box<Lookups>>,
}

impl EventChunk {
    /// The number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ts.len()
    }

    /// Whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ts.is_empty()
    }

    /// Makes room for so many rows and bytes of text.
    pub fn reserve(&mut self, rows: usize, text: usize) {
        self.text.reserve(text);
        self.line.reserve(rows);
        self.ts.reserve(rows);
        self.user_id.reserve(rows);
        self.session_id.reserve(rows);
        self.item_in_session.reserve(rows);
        self.integers.iter_mut().for_each(|column| column.reserve(rows));
        self.small_integers.iter_mut().for_each(|column| column.reserve(rows));
        self.floats.iter_mut().for_each(|column| column.reserve(rows));
        self.artist.reserve(rows);
        self.song.reserve(rows);
        self.text_repair.reserve(rows);
        self.song_key_hash.reserve(rows);
        self.payload_hash.reserve(rows);
        self.is_play.reserve(rows);
        self.labels.iter_mut().for_each(|codes| codes.reserve(rows));
    }

    /// Adds a refused line.
    pub(super) fn reject(&mut self, reject: Reject) {
        self.rejects_memory += reject.memory();
        self.rejects.push(reject);
    }

    /// Whether there are so many refused lines that the chunk should end: they may take a hundred times their size.
    #[must_use]
    pub fn is_full_of_rejects(&self) -> bool {
        const MOST: usize = 4 << 20;
        self.rejects_memory >= MOST
    }

    /// About how much memory the chunk takes, in bytes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        const EIGHT_BYTES: usize = 5 + INTEGER_FIELDS.len() + FLOAT_FIELDS.len();
        const FOUR_BYTES: usize = 2 + SMALL_FIELDS.len() + LABEL_FIELDS.len();
        const ROW: usize = 2 * size_of::<Span>() + 8 * EIGHT_BYTES + 4 * FOUR_BYTES + 2;
        /// What a chunk takes however few rows it has: some forty lists, of which none takes less than this.
        const LEAST: usize = size_of::<EventChunk>() + 40 * 48;
        let values: usize = self.dictionaries.iter().map(|dictionary| dictionary.values.len() * size_of::<Span>()).sum();
        let keys: usize = self.unknown_keys.keys().map(|key| key.len() + 64).sum();
        let lookups = if self.lookups.is_some() { size_of::<Lookups>() } else { 0 };
        (LEAST + lookups + self.text.len() + self.ts.len() * ROW + values + keys + self.rejects_memory) as u64
    }

    /// The column of a field.
    #[inline]
    #[must_use]
    pub fn column(&self, field: LogField) -> FieldColumn<'_> {
        let index = INDEX[field as usize];
        match field {
            LogField::Ts => FieldColumn::Integer(&self.ts),
            LogField::UserId => FieldColumn::Integer(&self.user_id),
            LogField::SessionId => FieldColumn::Integer(&self.session_id),
            LogField::ItemInSession => FieldColumn::Small(&self.item_in_session),
            LogField::Artist => FieldColumn::Name(&self.artist),
            LogField::Song => FieldColumn::Name(&self.song),
            _ => match field.store() {
                Store::Label => FieldColumn::Label(&self.labels[index], &self.dictionaries[index]),
                Store::Small => FieldColumn::Small(&self.small_integers[index]),
                Store::Float => FieldColumn::Float(&self.floats[index]),
                Store::Integer | Store::Own => FieldColumn::Integer(&self.integers[index]),
            },
        }
    }

    /// A label's text; None for null.
    #[must_use]
    pub fn label(&self, field: usize, row: usize) -> Option<&[u8]> {
        let span = self.dictionaries[field].values[self.labels[field][row] as usize];
        (!span.is_null()).then(|| span.of(&self.text))
    }
}
