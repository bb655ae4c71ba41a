//! Values as people and scripts read them, made sanitized to a terminal; what goes to stdout.

use std::io::Write;

use crate::error::{EXIT_DONE, Kind, Result, output_error};
use crate::warehouse::{Answer, Value};

mod spreadsheet;
mod visible;

pub use spreadsheet::csv_field;
pub use visible::{json_of, sanitized, sanitized_json, sanitized_lines};

/// A row as a JSON object. By hand, as the columns' order is worth keeping.
pub(crate) fn row_json(names: &[String], values: &[Value]) -> String {
    let field = |(name, value): (&String, &Value)| format!("{}:{}", serde_json::json!(name), json(value));
    sanitized_json(&format!("{{{}}}", names.iter().zip(values).map(field).collect::<Vec<_>>().join(",")))
}

/// Each row of an answer as a JSON object.
#[must_use]
pub fn answer_json(answer: &Answer) -> Vec<String> {
    answer.rows.iter().map(|row| row_json(&answer.columns, row)).collect()
}

/// A value as JSON.
#[must_use]
pub fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(b) => (*b).into(),
        // A number that 64 bits cannot hold becomes text rather than another number.
        Value::Integer(n) => i64::try_from(*n).map_or_else(|_| n.to_string().into(), Into::into),
        // JSON has no numbers for what is none or has no end.
        Value::Float(x) => serde_json::Number::from_f64(*x).map_or_else(|| float(*x).into(), serde_json::Value::Number),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Time(_) | Value::Bytes(_) => value.to_string().into(),
        Value::Record(fields) => serde_json::Value::Object(fields.iter().map(|(name, v)| (name.clone(), json(v))).collect()),
    }
}

/// A number as SQL reads it.
fn float(number: f64) -> String {
    if number.is_infinite() { format!("{}Infinity", if number < 0.0 { "-" } else { "" }) } else { number.to_string() }
}

/// A value as it stands in a cell: nothing is an empty text.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Float(x) => float(*x),
        other => match json(other) {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        },
    }
}

/// Writes text to stdout as it is.
///
/// # Errors
/// [`Kind::OutputClosed`] when the reader has gone, else [`Kind::OutputFailed`].
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(output_error)
}

/// What a command's output is to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prints {
    /// What was asked for. Where it cannot be written, the command has failed.
    Product,
    /// A word about what is done already, which nothing can turn.
    Notice,
}

/// Prints what there is to print when a command is through, and returns its exit code. The code of its outcome stays, whatever
/// becomes of the output: only a product that cannot be written turns a success into a failure.
///
/// # Errors
/// [`Kind::OutputFailed`] for a product; what `print` reports besides.
pub fn conclude(code: u8, prints: Prints, print: impl FnOnce() -> Result<()>) -> Result<u8> {
    match print() {
        Ok(()) => Ok(code),
        Err(error) if error.kind() == Kind::OutputClosed => Ok(code),
        Err(error) if error.kind() == Kind::OutputFailed && (code != EXIT_DONE || prints == Prints::Notice) => {
            note(&format!("warning: {}; the exit code is that of the outcome\n", sanitized_lines(&error.report())));
            Ok(code)
        }
        Err(error) => Err(error),
    }
}

/// Writes text to stderr as it is. Where nobody can be told, nobody is.
pub fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
