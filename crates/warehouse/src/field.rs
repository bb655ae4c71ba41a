//! The values of a staged batch, a row at a time, for engines that are sent rows.

use std::sync::Arc;

use super::cell::Cell;
use super::staged_views::{ColumnType, StagedColumn, StagedRows, StagedView};
use crate::decode::{EventChunk, FieldColumn, Span};
use crate::record::{LogField, NULL_INTEGER, NULL_SMALL};
use crate::stage::{Batch, EventBounds, Next, SongIndex};

/// One column of a chunk.
pub(super) enum Column<'a> {
    RowNo(i64),
    EventId(Box<dyn Fn(usize) -> i64 + Send + 'a>),
    /// Milliseconds since 1970, or [`NULL_INTEGER`].
    Time(&'a [i64]),
    /// [`NULL_INTEGER`] for null.
    BigInt(&'a [i64], ColumnType),
    Hash(&'a [u64]),
    /// Never null.
    Integer(&'a [i32], ColumnType),
    /// [`NULL_SMALL`] for null.
    NullableInteger(&'a [i32], ColumnType),
    Repair(&'a [u8]),
    /// NaN for null.
    Double(&'a [f64]),
    Text(&'a [Span], &'a [u8]),
    /// Codes, and what they stand for.
    Label(&'a [u32], Vec<Cell<'a>>),
    /// Numbers of songs, and a text of each; what is not in the catalogue has a number that is not either.
    Song(&'a [u32], Option<&'a SongIndex>, fn(&SongIndex, u32) -> Option<&[u8]>),
    MatchMethod(&'a Batch, usize),
    /// What follows each row, and which of its times is shown.
    Next(Arc<Vec<Next>>, fn(&Next) -> i64),
    NextTrack(Arc<Vec<Next>>),
    Track(&'a Batch, usize),
}

impl<'a> Column<'a> {
    /// What a view over the batch shows of its chunk `index`. `next` is what follows its rows, where that is shown.
    fn new(batch: &'a Batch, index: usize, source: StagedColumn, next: &Arc<Vec<Next>>) -> Self {
        let chunk: &'a EventChunk = &batch.chunks()[index];
        match source {
            StagedColumn::RowNo => Self::RowNo(batch.first_row(index) as i64),
            StagedColumn::EventId => Self::EventId(Box::new(batch.event_ids(index))),
            StagedColumn::Field(field) => Self::of_field(chunk, field),
            // Only the distinct times have parts, and those belong to no chunk.
            StagedColumn::Part(_) => Self::Time(&chunk.ts),
            StagedColumn::PayloadHash => Self::Hash(&chunk.payload_hash),
            StagedColumn::TextRepair => Self::Repair(&chunk.text_repair),
            StagedColumn::SongId => Self::Song(batch.songs(index), batch.catalogue(), SongIndex::song_id),
            StagedColumn::ArtistId => Self::Song(batch.songs(index), batch.catalogue(), SongIndex::artist_id),
            StagedColumn::MatchMethod => Self::MatchMethod(batch, index),
            StagedColumn::NextEventTime => Self::Next(Arc::clone(next), |next| next.event_ms),
            StagedColumn::NextPlayTime => Self::Next(Arc::clone(next), |next| next.play_ms),
            StagedColumn::TrackNo => Self::Track(batch, index),
            StagedColumn::NextTrackNo => Self::NextTrack(Arc::clone(next)),
        }
    }

    fn of_field(chunk: &'a EventChunk, field: LogField) -> Self {
        let column_type = StagedColumn::Field(field).column_type();
        match (chunk.column(field), column_type) {
            (FieldColumn::Integer(times), ColumnType::Timestamp) => Self::Time(times),
            (FieldColumn::Integer(numbers), _) => Self::BigInt(numbers, column_type),
            (FieldColumn::Small(numbers), _) if field.spec().required => Self::Integer(numbers, column_type),
            (FieldColumn::Small(numbers), _) => Self::NullableInteger(numbers, column_type),
            (FieldColumn::Float(numbers), _) => Self::Double(numbers),
            (FieldColumn::Name(spans), _) => Self::Text(spans, &chunk.text),
            (FieldColumn::Label(codes, dictionary), _) => {
                Self::Label(codes, dictionary.values.iter().map(|span| text(*span, &chunk.text)).collect())
            }
        }
    }

    /// A row's value.
    #[inline]
    pub fn field(&self, row: usize) -> Cell<'_> {
        match self {
            Self::RowNo(first) => Cell::BigInt(first + row as i64),
            Self::EventId(id) => Cell::BigInt(id(row)),
            Self::Time(times) => time(times[row]),
            Self::Next(next, shown) => time(shown(&next[row])),
            Self::NextTrack(next) => next[row].track.map_or(Cell::Null, Cell::Integer),
            Self::Track(batch, chunk) => batch.track(*chunk, row).map_or(Cell::Null, Cell::Integer),
            Self::BigInt(numbers, column_type) => match numbers[row] {
                NULL_INTEGER => Cell::Null,
                number => integer(number, *column_type),
            },
            Self::Hash(hashes) => Cell::BigInt(hashes[row] as i64),
            Self::Integer(numbers, column_type) => integer(numbers[row].into(), *column_type),
            Self::NullableInteger(numbers, column_type) => match numbers[row] {
                NULL_SMALL => Cell::Null,
                number => integer(number.into(), *column_type),
            },
            Self::Repair(rounds) => Cell::SmallInt(rounds[row].into()),
            Self::Double(numbers) => match numbers[row] {
                number if number.is_nan() => Cell::Null,
                number => Cell::Double(number),
            },
            Self::Text(spans, store) => text(spans[row], store),
            Self::Label(codes, values) => values[codes[row] as usize],
            Self::Song(numbers, songs, text) => songs.and_then(|songs| text(songs, numbers[row])).map_or(Cell::Null, Cell::Text),
            Self::MatchMethod(batch, chunk) => {
                batch.match_method(*chunk, row).map_or(Cell::Null, |method| Cell::Text(method.as_bytes()))
            }
        }
    }
}

/// A whole number as its column holds it, whose range it is within.
#[inline]
fn integer(number: i64, column_type: ColumnType) -> Cell<'static> {
    match column_type {
        ColumnType::SmallInt => Cell::SmallInt(number as i16),
        ColumnType::Integer => Cell::Integer(number as i32),
        _ => Cell::BigInt(number),
    }
}

#[inline]
fn time(ms: i64) -> Cell<'static> {
    if ms == NULL_INTEGER { Cell::Null } else { Cell::Time(ms * 1000) }
}

#[inline]
fn text(span: Span, store: &[u8]) -> Cell<'_> {
    if span.is_null() { Cell::Null } else { Cell::Text(span.of(store)) }
}

/// Columns of a chunk.
pub(super) fn columns_of<'a>(batch: &'a Batch, index: usize, shown: &[StagedColumn]) -> Vec<Column<'a>> {
    let shows_what_follows = shown.iter().any(|source| source.is_what_follows());
    let next = Arc::new(if shows_what_follows { batch.next(index) } else { Vec::new() });
    shown.iter().map(|source| Column::new(batch, index, *source, &next)).collect()
}

impl StagedView {
    /// The view's columns of a chunk, in their order.
    pub fn columns_of<'a>(&self, batch: &'a Batch, index: usize) -> Vec<Column<'a>> {
        columns_of(batch, index, &self.columns.iter().map(|(_, source)| *source).collect::<Vec<_>>())
    }

    /// The view's rows of a chunk; of those that have a key, only the ones `within` a range of time, if one is given.
    pub fn rows_of<'a>(
        &self,
        batch: &'a Batch,
        index: usize,
        within: Option<EventBounds>,
    ) -> Box<dyn Iterator<Item = usize> + 'a> {
        let chunk = &batch.chunks()[index];
        match (self.rows, within) {
            (StagedRows::Plays, _) => Box::new(batch.accepted(index, true)),
            (StagedRows::Views, _) => Box::new(batch.accepted(index, false)),
            (_, None) => Box::new(0..chunk.len()),
            (_, Some(EventBounds { min_ms, max_ms })) => {
                Box::new((0..chunk.len()).filter(move |&row| (min_ms..=max_ms).contains(&chunk.ts[row])))
            }
        }
    }
}
