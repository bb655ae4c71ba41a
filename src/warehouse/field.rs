//! The values of a staged batch, a row at a time, for engines that are sent rows.

use std::rc::Rc;

use super::relations::{Relation, Rows, Source};
use crate::decode::{EventChunk, Span};
use crate::record::NULL_INTEGER;
use crate::stage::{Batch, EventBounds, Next, SongIndex};

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field<'a> {
    Null,
    BigInt(i64),
    Integer(i32),
    SmallInt(i16),
    /// Milliseconds since 1970.
    Time(i64),
    Double(f64),
    Text(&'a [u8]),
}

/// One column of a chunk.
pub(super) enum Column<'a> {
    RowNo(i64),
    EventId(Box<dyn Fn(usize) -> i64 + 'a>),
    /// Milliseconds since 1970, or [`NULL_INTEGER`].
    Time(&'a [i64]),
    /// [`NULL_INTEGER`] for null.
    BigInt(&'a [i64]),
    Hash(&'a [u64]),
    Integer(&'a [i32]),
    /// `i32::MIN` for null.
    Status(&'a [i32]),
    Repair(&'a [u8]),
    /// NaN for null.
    Double(&'a [f64]),
    Text(&'a [Span], &'a [u8]),
    /// Codes, and what they stand for.
    Label(&'a [u32], Vec<Field<'a>>),
    /// Numbers of songs, and a text of each; what is not in the catalogue has a number that is not either.
    Song(&'a [u32], Option<&'a SongIndex>, fn(&SongIndex, u32) -> Option<&[u8]>),
    MatchMethod(&'a Batch, usize),
    /// What follows each row, and which of its times is shown.
    Next(Rc<Vec<Next>>, fn(&Next) -> i64),
    NextTrack(Rc<Vec<Next>>),
    Track(&'a Batch, usize),
}

impl<'a> Column<'a> {
    /// What a relation over the batch shows of its chunk `index`. `next` is what follows its rows, where that is shown.
    fn new(batch: &'a Batch, index: usize, source: Source, next: &Rc<Vec<Next>>) -> Self {
        let chunk: &'a EventChunk = &batch.chunks()[index];
        match source {
            Source::RowNo => Self::RowNo(batch.first_row(index) as i64),
            Source::EventId => Self::EventId(Box::new(batch.event_ids(index))),
            // Only the distinct times have parts, and those belong to no chunk.
            Source::StartTime | Source::Part(_) => Self::Time(&chunk.ts),
            Source::Registration => Self::Time(&chunk.registration),
            Source::UserId => Self::BigInt(&chunk.user_id),
            Source::SessionId => Self::BigInt(&chunk.session_id),
            Source::PayloadHash => Self::Hash(&chunk.payload_hash),
            Source::ItemInSession => Self::Integer(&chunk.item_in_session),
            Source::Status => Self::Status(&chunk.status),
            Source::TextRepair => Self::Repair(&chunk.text_repair),
            Source::Length => Self::Double(&chunk.length),
            Source::Artist => Self::Text(&chunk.artist, &chunk.text),
            Source::Song => Self::Text(&chunk.song, &chunk.text),
            Source::SongId => Self::Song(batch.songs(index), batch.catalogue(), SongIndex::song_id),
            Source::ArtistId => Self::Song(batch.songs(index), batch.catalogue(), SongIndex::artist_id),
            Source::MatchMethod => Self::MatchMethod(batch, index),
            Source::NextEventTime => Self::Next(Rc::clone(next), |next| next.event_ms),
            Source::NextPlayTime => Self::Next(Rc::clone(next), |next| next.play_ms),
            Source::TrackNo => Self::Track(batch, index),
            Source::NextTrackNo => Self::NextTrack(Rc::clone(next)),
            Source::Label(field) => {
                let values = chunk.dictionaries[field].values.iter().map(|span| text(*span, &chunk.text));
                Self::Label(&chunk.labels[field], values.collect())
            }
        }
    }

    /// A row's value.
    #[inline]
    pub fn field(&self, row: usize) -> Field<'_> {
        match self {
            Self::RowNo(first) => Field::BigInt(first + row as i64),
            Self::EventId(id) => Field::BigInt(id(row)),
            Self::Time(times) => time(times[row]),
            Self::Next(next, shown) => time(shown(&next[row])),
            Self::NextTrack(next) => next[row].track.map_or(Field::Null, Field::Integer),
            Self::Track(batch, chunk) => batch.track(*chunk, row).map_or(Field::Null, Field::Integer),
            Self::BigInt(numbers) => match numbers[row] {
                NULL_INTEGER => Field::Null,
                number => Field::BigInt(number),
            },
            Self::Hash(hashes) => Field::BigInt(hashes[row] as i64),
            Self::Integer(numbers) => Field::Integer(numbers[row]),
            Self::Status(numbers) => match numbers[row] {
                i32::MIN => Field::Null,
                number => Field::SmallInt(number as i16),
            },
            Self::Repair(rounds) => Field::SmallInt(rounds[row].into()),
            Self::Double(numbers) => match numbers[row] {
                number if number.is_nan() => Field::Null,
                number => Field::Double(number),
            },
            Self::Text(spans, store) => text(spans[row], store),
            Self::Label(codes, values) => values[codes[row] as usize],
            Self::Song(numbers, songs, text) => {
                songs.and_then(|songs| text(songs, numbers[row])).map_or(Field::Null, Field::Text)
            }
            Self::MatchMethod(batch, chunk) => {
                batch.match_method(*chunk, row).map_or(Field::Null, |method| Field::Text(method.as_bytes()))
            }
        }
    }
}

#[inline]
fn time(ms: i64) -> Field<'static> {
    if ms == NULL_INTEGER { Field::Null } else { Field::Time(ms) }
}

#[inline]
fn text(span: Span, store: &[u8]) -> Field<'_> {
    if span.is_null() { Field::Null } else { Field::Text(span.of(store)) }
}

impl Relation {
    /// The relation's columns of a chunk, in their order.
    pub fn columns_of<'a>(&self, batch: &'a Batch, index: usize) -> Vec<Column<'a>> {
        let shows_what_follows = self.columns.iter().any(|(_, source)| source.is_what_follows());
        let next = Rc::new(if shows_what_follows { batch.next(index) } else { Vec::new() });
        self.columns.iter().map(|(_, source)| Column::new(batch, index, *source, &next)).collect()
    }

    /// The relation's rows of a chunk; of those that have a key, only the ones `within` a range of time, if one is given.
    pub fn rows_of<'a>(
        &self,
        batch: &'a Batch,
        index: usize,
        within: Option<EventBounds>,
    ) -> Box<dyn Iterator<Item = usize> + 'a> {
        let chunk = &batch.chunks()[index];
        match (self.rows, within) {
            (Rows::Plays, _) => Box::new(batch.accepted(index, true)),
            (Rows::Views, _) => Box::new(batch.accepted(index, false)),
            (_, None) => Box::new(0..chunk.len()),
            (_, Some(EventBounds { min_ms, max_ms })) => {
                Box::new((0..chunk.len()).filter(move |&row| (min_ms..=max_ms).contains(&chunk.ts[row])))
            }
        }
    }
}
