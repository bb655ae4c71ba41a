//! Rows of the small tables, as literals or as JSON.

use std::fmt::Write as _;

use super::json;
use crate::cell::Cell;
use crate::literal;
use crate::sql::width;

/// What `raw_bytes` keeps of a line: its hexadecimal digits, as many as fit.
fn digits(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes.iter().take(width("raw_bytes") / 2) {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// The value in a statement.
pub(super) fn literal(cell: Cell<'_>) -> String {
    let number = |number: i64| literal::value(&number.into());
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::BigInt(value) => number(value),
        Cell::Integer(value) => number(value.into()),
        Cell::SmallInt(value) => number(value.into()),
        Cell::Double(value) => literal::value(&value.into()),
        Cell::Text(text) => literal::text(&String::from_utf8_lossy(text)),
        Cell::Bytes(bytes) => literal::text(&digits(bytes)),
        Cell::Time(us) => literal::timestamp(us),
    }
}

/// Appends a row as a line of JSON.
pub(super) fn line(row: &[Cell<'_>], times: &mut json::Times, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, cell) in row.iter().enumerate().filter(|(_, cell)| **cell != Cell::Null) {
        json::begin(at, out);
        value(*cell, times, out);
    }
    out.extend_from_slice(b"}\n");
}

/// Appends a value that is not null.
#[inline]
pub(super) fn value(cell: Cell<'_>, times: &mut json::Times, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => {}
        Cell::BigInt(number) => json::integer(number, out),
        Cell::Integer(number) => json::integer(number.into(), out),
        Cell::SmallInt(number) => json::integer(number.into(), out),
        Cell::Double(number) => json::double(number, out),
        Cell::Text(text) => json::text(text, out),
        Cell::Bytes(bytes) => json::text(digits(bytes).as_bytes(), out),
        Cell::Time(us) => times.write(us, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_digits_as_many_as_fit() {
        assert_eq!(literal(Cell::Bytes(b"\0\xff")), "'00ff'");
        assert_eq!(digits(&vec![0xFF; 65_536]).len(), 65_534);
    }
}
