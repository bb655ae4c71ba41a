//! Hands a staged batch to DuckDB without a copy of its text: a table function that DuckDB's threads pull rows from.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use sparkify_duckdb_ffi::{ColumnType as DuckType, Table, TableFunction, Text, Vector};

use crate::cell::Cell;
use crate::field::{Column, columns_of};
use crate::record::{LogField, NULL_INTEGER, NULL_SMALL};
use crate::stage::{Batch, Clock, TimePart};
use crate::staged_views::{ColumnType, STAGED_VIEWS, StagedColumn, StagedRows, StagedView};

/// The table function's name; its argument is an index into [`STAGED_VIEWS`].
pub(super) const FUNCTION: &str = "sparkify_staged";

/// The batch on offer, shared by a warehouse and the table function in its database.
#[derive(Clone, Default)]
pub(super) struct BatchSlot(Arc<Mutex<Option<Arc<Batch>>>>);

impl BatchSlot {
    pub fn put(&self, batch: Option<Arc<Batch>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = batch;
    }
}

impl TableFunction for BatchSlot {
    type Table = StagedTable;

    fn table(&self, argument: i64) -> Result<StagedTable, String> {
        let view = usize::try_from(argument).ok().and_then(|i| STAGED_VIEWS.get(i)).ok_or("no such staged view")?;
        let batch = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or("nothing is staged")?;
        Ok(StagedTable { view, batch })
    }
}

/// A view over the batch.
pub(super) struct StagedTable {
    view: &'static StagedView,
    batch: Arc<Batch>,
}

/// Some rows of one of the batch's chunks.
pub(super) struct Part<'t> {
    rows: Vec<u32>,
    columns: Vec<Shown<'t>>,
}

/// A column as its values are written.
enum Shown<'t> {
    /// One of a chunk; of a label, with the texts that its codes stand for.
    Column(Column<'t>, Vec<Option<Text<'t>>>),
    PartOfTime(&'t [i64], TimePart),
    Session(&'t [(i64, i64)], fn(&(i64, i64)) -> i64),
}

impl Table for StagedTable {
    type Part<'t> = Part<'t>;

    fn columns(&self) -> Vec<(&'static str, DuckType)> {
        self.view.columns.iter().map(|(name, source)| (*name, duck_type(source.column_type()))).collect()
    }

    fn estimated_rows(&self) -> u64 {
        // To know the times and the sessions costs more than it helps.
        self.batch.rows()
    }

    fn chunks(&self) -> Vec<u64> {
        let batch = &self.batch;
        let count = |chunk: usize| match self.view.rows {
            StagedRows::Plays => batch.accepted(chunk, true).count(),
            StagedRows::Views => batch.accepted(chunk, false).count(),
            _ => batch.chunks()[chunk].len(),
        };
        match self.view.rows {
            StagedRows::Times => vec![batch.play_times().len() as u64],
            StagedRows::Sessions => vec![batch.sessions().len() as u64],
            _ => (0..batch.chunks().len()).map(|chunk| count(chunk) as u64).collect(),
        }
    }

    fn part<'t>(&'t self, chunk: usize, rows: Range<usize>, wanted: &[usize]) -> Part<'t> {
        let batch = &self.batch;
        let wanted = wanted.iter().map(|&place| self.view.columns[place].1);
        let columns = match self.view.rows {
            StagedRows::Times => wanted.map(|source| Shown::of_times(batch.play_times(), source)).collect(),
            StagedRows::Sessions => wanted.map(|source| Shown::of_sessions(batch.sessions(), source)).collect(),
            _ => columns_of(batch, chunk, &wanted.collect::<Vec<_>>()).into_iter().map(Shown::of).collect(),
        };
        let rows = match self.view.rows {
            // The facts are stored as they are handed out, and where a session's events lie side by side, equal values
            // compress.
            StagedRows::Plays | StagedRows::Views => {
                let plays = self.view.rows == StagedRows::Plays;
                batch.accepted_by_session(chunk, plays).skip(rows.start).take(rows.len()).collect()
            }
            _ => (rows.start as u32..rows.end as u32).collect(),
        };
        Part { rows, columns }
    }

    fn write<'t>(part: &Part<'t>, column: usize, rows: Range<usize>, out: &mut Vector<'t>) {
        let rows = part.rows[rows].iter().map(|&row| row as usize);
        match &part.columns[column] {
            Shown::Column(column, labels) => write(column, labels, rows, out),
            Shown::PartOfTime(times, part) => {
                let mut clock = Clock::default();
                out.write(rows.map(|row| clock.part(times[row], *part)));
            }
            Shown::Session(sessions, number) => out.write(rows.map(|row| number(&sessions[row]))),
        }
    }
}

impl<'t> Shown<'t> {
    fn of(column: Column<'t>) -> Self {
        let text = |cell: &Cell<'t>| if let Cell::Text(text) = *cell { Some(Text::new(text)) } else { None };
        let labels = if let Column::Label(_, values) = &column { values.iter().map(text).collect() } else { Vec::new() };
        Self::Column(column, labels)
    }

    fn of_times(times: &'t [i64], source: StagedColumn) -> Self {
        if let StagedColumn::Part(part) = source { Self::PartOfTime(times, part) } else { Self::of(Column::Time(times)) }
    }

    fn of_sessions(sessions: &'t [(i64, i64)], source: StagedColumn) -> Self {
        let is_user = source == StagedColumn::Field(LogField::UserId);
        Self::Session(sessions, if is_user { |session| session.1 } else { |session| session.0 })
    }
}

/// Writes one column of some rows of a chunk.
fn write<'t>(column: &Column<'t>, labels: &[Option<Text<'t>>], rows: impl Iterator<Item = usize>, out: &mut Vector<'t>) {
    match *column {
        Column::RowNo(first) => out.write(rows.map(|row| first + row as i64)),
        Column::EventId(ref id) => out.write(rows.map(id)),
        Column::Time(times) => out.write_nullable(rows.map(|row| instant(times[row]))),
        Column::Next(ref next, shown) => out.write_nullable(rows.map(|row| instant(shown(&next[row])))),
        Column::NextTrack(ref next) => out.write_nullable(rows.map(|row| next[row].track)),
        Column::Track(batch, chunk) => out.write_nullable(rows.map(|row| batch.track(chunk, row))),
        Column::BigInt(numbers, of) => {
            write_integers(rows.map(|row| Some(numbers[row]).filter(|&number| number != NULL_INTEGER)), of, out);
        }
        Column::Integer(numbers, of) => write_integers(rows.map(|row| Some(numbers[row].into())), of, out),
        Column::NullableInteger(numbers, of) => {
            let number = |row: usize| Some(numbers[row]).filter(|&number| number != NULL_SMALL).map(i64::from);
            write_integers(rows.map(number), of, out);
        }
        Column::Hash(hashes) => out.write(rows.map(|row| hashes[row] as i64)),
        Column::Repair(rounds) => out.write(rows.map(|row| i16::from(rounds[row]))),
        Column::Double(numbers) => out.write_nullable(rows.map(|row| Some(numbers[row]).filter(|number| !number.is_nan()))),
        Column::Text(spans, text) => {
            out.write_nullable(rows.map(|row| (!spans[row].is_null()).then(|| Text::within(text, spans[row].place()))));
        }
        Column::Label(codes, _) => out.write_nullable(rows.map(|row| labels[codes[row] as usize])),
        Column::Song(numbers, songs, text) => {
            out.write_nullable(rows.map(|row| songs.and_then(|songs| text(songs, numbers[row])).map(Text::new)));
        }
        Column::MatchMethod(batch, chunk) => {
            out.write_nullable(rows.map(|row| batch.match_method(chunk, row).map(|method| Text::new(method.as_bytes()))));
        }
    }
}

/// Writes whole numbers as their column holds them, whose range they are within.
#[inline]
fn write_integers(numbers: impl Iterator<Item = Option<i64>>, of: ColumnType, out: &mut Vector<'_>) {
    match of {
        ColumnType::SmallInt => out.write_nullable(numbers.map(|number| number.map(|number| number as i16))),
        ColumnType::Integer => out.write_nullable(numbers.map(|number| number.map(|number| number as i32))),
        _ => out.write_nullable(numbers),
    }
}

/// Microseconds of milliseconds since 1970.
#[inline]
fn instant(ms: i64) -> Option<i64> {
    (ms != NULL_INTEGER).then(|| ms * 1000)
}

fn duck_type(of: ColumnType) -> DuckType {
    match of {
        ColumnType::BigInt => DuckType::BigInt,
        ColumnType::Integer => DuckType::Integer,
        ColumnType::SmallInt => DuckType::SmallInt,
        ColumnType::Double => DuckType::Double,
        ColumnType::Timestamp => DuckType::Timestamp,
        ColumnType::Varchar => DuckType::Varchar,
    }
}
