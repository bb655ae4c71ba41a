//! What a table in memory is to DuckDB.

use std::ops::Range;

use crate::vector::{ColumnType, Vector};

/// A function that SQL calls with a number and that gives a table.
pub trait TableFunction: Send + Sync + 'static {
    /// The table.
    type Table: Table;

    /// The table for this argument.
    ///
    /// # Errors
    /// Why there is none, which becomes the query's error.
    fn table(&self, argument: i64) -> Result<Self::Table, String>;
}

/// Columns in memory, in chunks, which DuckDB's threads read at once. It stays as it is until the query is done.
pub trait Table: Send + Sync + 'static {
    /// Some rows of one chunk as one thread reads them, with what it works out for them once.
    type Part<'t>: Send
    where
        Self: 't;

    /// Names and types of the columns.
    fn columns(&self) -> Vec<(&'static str, ColumnType)>;

    /// About how many rows there are, for DuckDB's planner.
    fn estimated_rows(&self) -> u64;

    /// How many rows each chunk has.
    fn chunks(&self) -> Vec<u64>;

    /// Some rows of a chunk, and the `wanted` ones of [`Self::columns`].
    fn part<'t>(&'t self, chunk: usize, rows: Range<usize>, wanted: &[usize]) -> Self::Part<'t>;

    /// Writes one of the wanted columns. `rows` are counted from the first of the part's rows, and the vector has a row for each.
    fn write<'t>(part: &Self::Part<'t>, column: usize, rows: Range<usize>, vector: &mut Vector<'t>);
}
