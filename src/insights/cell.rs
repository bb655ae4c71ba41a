//! One value of an answer as text, for tables and charts alike.

use super::window::percent;
use super::{Column, ColumnKind};
use crate::report::thousands;
use crate::warehouse::Value;

/// A value as a number, if it is one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(x) => Some(*x),
        _ => None,
    }
}

/// A value as people read it.
pub(super) fn cell(value: &Value, column: &Column) -> String {
    match (value, column.kind) {
        // What counts has its thousands marked; what names (a user, an hour, a year) has not.
        (Value::Integer(n), _) if is_name(column.name) => n.to_string(),
        (Value::Integer(n), _) => {
            let digits = thousands(u64::try_from(n.unsigned_abs()).unwrap_or(u64::MAX));
            if *n < 0 { format!("-{digits}") } else { digits }
        }
        (Value::Float(x), ColumnKind::Share) => percent(*x),
        (Value::Float(x), ColumnKind::Number(decimals)) => with_thousands(*x, decimals.into()),
        (Value::Text(text), _) if text.is_empty() => "(none)".to_owned(),
        (value, _) => plain(value),
    }
}

fn is_name(column: &str) -> bool {
    column.ends_with("_id") || matches!(column, "hour" | "weekday" | "iso_year" | "iso_week" | "rank" | "week_after")
}

/// A number with so many decimals and its thousands marked.
pub(super) fn with_thousands(x: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", x.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), thousands);
    let sign = if x < 0.0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A value without any formatting, as in CSV.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Text(text) => text.clone(),
        other => crate::output::json(other).to_string(),
    }
}
