//! Do two warehouses hold the same rows? A digest of each table, which every engine computes alike.

use crate::error::Result;
use crate::warehouse::{Answer, Statement, Value, Warehouse};

/// The tables with a digest, in the order in which they are shown.
const TABLES: [(&str, Statement); 8] = [
    ("songplays", Statement::DigestSongplays),
    ("page_views", Statement::DigestPageViews),
    ("users", Statement::DigestUsers),
    ("user_levels", Statement::DigestUserLevels),
    ("songs", Statement::DigestSongs),
    ("artists", Statement::DigestArtists),
    ("time", Statement::DigestTime),
    ("tracks", Statement::DigestTracks),
];

/// What identifies the rows of a table, whatever their order and their surrogate ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigest {
    /// The table.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: i128,
    /// The sum of the rows' hashes, in hexadecimal digits.
    pub digest: String,
}

/// Computes the digest of every table that users see.
///
/// # Errors
/// What the warehouse reports.
pub fn digest(warehouse: &mut Warehouse) -> Result<Vec<TableDigest>> {
    TABLES
        .into_iter()
        .map(|(table, statement)| {
            let answer = warehouse.answer(warehouse.sql(statement), &[])?;
            let [rows, first, second] = sums(&answer);
            // What does not fit into 64 bits each is left out, as any hash leaves something out.
            Ok(TableDigest { table, rows, digest: format!("{:016x}{:016x}", first as u64, second as u64) })
        })
        .collect()
}

/// The three numbers of the one row.
fn sums(answer: &Answer) -> [i128; 3] {
    let number = |at: usize| match answer.rows.first().and_then(|row| row.get(at)) {
        Some(Value::Integer(number)) => *number,
        _ => 0,
    };
    [number(0), number(1), number(2)]
}
