//! Hands the rows of a staged batch to a COPY.

use super::super::relations::{Relation, Rows, Source};
use super::copy::CopyRows;
use crate::decode::{EventChunk, Span};
use crate::error::Result;
use crate::record::NULL_INTEGER;
use crate::stage::{Batch, CatalogueSong, Clock, EventBounds, TimePart};

/// Writes a relation's rows; of those that have a key, only the ones `within` a stretch of time, if one is given.
/// `pause` is asked now and then whether to go on.
pub(super) fn write(
    batch: &Batch,
    relation: &Relation,
    within: Option<EventBounds>,
    out: &mut CopyRows<'_>,
    pause: &dyn Fn() -> Result<()>,
) -> Result<()> {
    if relation.rows == Rows::Times {
        return write_times(batch.play_times(), relation, out, pause);
    }
    for (index, chunk) in batch.chunks().iter().enumerate() {
        let columns: Vec<Column<'_>> = relation.columns.iter().map(|(_, source)| Column::new(batch, index, *source)).collect();
        let mut row = |row: usize| {
            if out.row(columns.len()) {
                pause()?;
            }
            columns.iter().for_each(|column| column.write(row, out));
            Ok(())
        };
        match (relation.rows, within) {
            (Rows::Plays, _) => batch.accepted(index, true).try_for_each(&mut row)?,
            (Rows::Views, _) => batch.accepted(index, false).try_for_each(&mut row)?,
            (_, None) => (0..chunk.len()).try_for_each(&mut row)?,
            (_, Some(EventBounds { min_ms, max_ms })) => {
                (0..chunk.len()).filter(|&at| (min_ms..=max_ms).contains(&chunk.ts[at])).try_for_each(&mut row)?;
            }
        }
    }
    Ok(())
}

fn write_times(times: &[i64], relation: &Relation, out: &mut CopyRows<'_>, pause: &dyn Fn() -> Result<()>) -> Result<()> {
    let parts: Vec<Option<TimePart>> = relation
        .columns
        .iter()
        .map(|(_, source)| match source {
            Source::Part(part) => Some(*part),
            _ => None,
        })
        .collect();
    let mut clock = Clock::default();
    for &time in times {
        if out.row(parts.len()) {
            pause()?;
        }
        for part in &parts {
            match part {
                Some(part) => out.smallint(clock.part(time, *part)),
                None => out.timestamp_us(time * 1000),
            }
        }
    }
    Ok(())
}

/// One column of a chunk.
enum Column<'a> {
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
    Label(&'a [u32], Vec<Option<&'a [u8]>>),
    /// Numbers of songs, and a text of each; what is not in the catalogue has a number that is not either.
    Song(&'a [u32], &'a [CatalogueSong], fn(&CatalogueSong) -> &str),
    MatchMethod(&'a Batch, usize),
}

impl<'a> Column<'a> {
    fn new(batch: &'a Batch, index: usize, source: Source) -> Self {
        let chunk: &'a EventChunk = &batch.chunks()[index];
        match source {
            Source::RowNo => Self::RowNo(batch.first_row(index) as i64),
            Source::EventId => Self::EventId(Box::new(batch.event_ids(index))),
            // Only the distinct times have parts, and those are written by `write_times`.
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
            Source::SongId => Self::Song(batch.songs(index), batch.catalogue(), |song| &song.song_id),
            Source::ArtistId => Self::Song(batch.songs(index), batch.catalogue(), |song| &song.artist_id),
            Source::MatchMethod => Self::MatchMethod(batch, index),
            Source::Label(field) => {
                let values = chunk.dictionaries[field].values.iter();
                let values = values.map(|span| (!span.is_null()).then(|| span.of(&chunk.text)));
                Self::Label(&chunk.labels[field], values.collect())
            }
        }
    }

    #[inline]
    fn write(&self, row: usize, out: &mut CopyRows<'_>) {
        match self {
            Self::RowNo(first) => out.bigint(first + row as i64),
            Self::EventId(id) => out.bigint(id(row)),
            Self::Time(times) => match times[row] {
                NULL_INTEGER => out.null(),
                ms => out.timestamp_us(ms * 1000),
            },
            Self::BigInt(numbers) => match numbers[row] {
                NULL_INTEGER => out.null(),
                number => out.bigint(number),
            },
            Self::Hash(hashes) => out.bigint(hashes[row] as i64),
            Self::Integer(numbers) => out.integer(numbers[row]),
            Self::Status(numbers) => match numbers[row] {
                i32::MIN => out.null(),
                number => out.smallint(number as i16),
            },
            Self::Repair(rounds) => out.smallint(rounds[row].into()),
            Self::Double(numbers) => match numbers[row] {
                number if number.is_nan() => out.null(),
                number => out.double(number),
            },
            Self::Text(spans, text) => out.text((!spans[row].is_null()).then(|| spans[row].of(text))),
            Self::Label(codes, values) => out.text(values[codes[row] as usize]),
            Self::Song(numbers, songs, text) => out.text(songs.get(numbers[row] as usize).map(|song| text(song).as_bytes())),
            Self::MatchMethod(batch, chunk) => out.text(batch.match_method(*chunk, row).map(str::as_bytes)),
        }
    }
}
