//! Rows of the small tables, as literals or as JSON.

use super::json;
use crate::warehouse::literal;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Integer(i64),
    Double(f64),
    Text(&'a str),
    /// Microseconds since 1970.
    Time(i64),
}

impl Cell<'_> {
    /// The value in a statement.
    pub fn literal(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Integer(number) => literal::value(&(*number).into()),
            Self::Double(number) => literal::value(&(*number).into()),
            Self::Text(text) => literal::text(text),
            Self::Time(us) => literal::timestamp(*us),
        }
    }
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<f64>> for Cell<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Double)
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Integer)
    }
}

/// Appends a row as a line of JSON.
pub(super) fn line(row: &[Cell<'_>], times: &mut json::Times, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, cell) in row.iter().enumerate() {
        if *cell == Cell::Null {
            continue;
        }
        json::begin(at, out);
        match cell {
            Cell::Null => {}
            Cell::Integer(number) => json::integer(*number, out),
            Cell::Double(number) => json::double(*number, out),
            Cell::Text(text) => json::text(text.as_bytes(), out),
            Cell::Time(us) => times.write(*us, out),
        }
    }
    out.extend_from_slice(b"}\n");
}
