//! Values as people and scripts read them, made harmless to a terminal; what goes to stdout.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use crate::error::{Error, Kind, Result};
use crate::warehouse::{Answer, Value};

/// A row as a JSON object. By hand, as the columns' order is worth keeping.
pub(crate) fn row_json(names: &[String], values: &[Value]) -> String {
    let field = |(name, value): (&String, &Value)| format!("{}:{}", serde_json::json!(name), json(value));
    harmless_json(&format!("{{{}}}", names.iter().zip(values).map(field).collect::<Vec<_>>().join(",")))
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

/// Text that cannot do anything to a terminal, nor to the order of what stands beside it: control characters, and those
/// that turn the direction of writing or are not to be seen, are shown as what they are.
#[must_use]
pub fn harmless(text: &str) -> String {
    escaped(text, is_harmful)
}

/// A value as JSON that cannot do anything to a terminal.
#[must_use]
pub fn json_of(value: &impl serde::Serialize) -> String {
    harmless_json(&serde_json::json!(value).to_string())
}

/// JSON that cannot do anything to a terminal and means the same: what is harmful stands in its strings, escaped.
#[must_use]
pub fn harmless_json(json: &str) -> String {
    let is_harmful = |c: char| c != '\n' && is_harmful(c);
    if !json.contains(is_harmful) {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_harmful(c) {
            let _ = write!(text, "\\u{:04x}", c as u32);
        } else {
            text.push(c);
        }
    }
    text
}

/// Fields of CSV: for a terminal so that they cannot do anything to it, for a file as they are.
#[must_use]
pub fn csv_field(text: String) -> String {
    if std::io::stdout().is_terminal() { harmless(&text) } else { text }
}

/// Text of several lines that cannot do anything to a terminal.
#[must_use]
pub fn harmless_lines(text: &str) -> String {
    escaped(text, |c| c != '\n' && is_harmful(c))
}

fn escaped(text: &str, is_harmful: impl Fn(char) -> bool) -> String {
    if !text.contains(&is_harmful) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmful(c) { escaped.extend(c.escape_default()) } else { escaped.push(c) }
    }
    escaped
}

fn is_harmful(c: char) -> bool {
    // Marks of direction, embeddings, isolates; line and paragraph separators; characters without width, but for the
    // joiners that emoji and some scripts are written with.
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Writes text to stdout as it is.
///
/// # Errors
/// [`Kind::OutputClosed`] when the reader has gone, else [`Kind::Io`].
pub fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(output_error)
}

/// Writes text to stderr as it is. Where nobody can be told, nobody is.
pub fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The output is gone or full. A reader that has seen enough (`| head`) is no failure worth a message.
pub(crate) fn output_error(error: std::io::Error) -> Error {
    let kind = if error.kind() == std::io::ErrorKind::BrokenPipe { Kind::OutputClosed } else { Kind::Io };
    Error::new(kind, "cannot write the output").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_do_anything_to_a_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\n\u{9b}31mc\u{202e}d"), "a\\u{1b}[2Jb\\n\\u{9b}31mc\\u{202e}d");
        assert_eq!(harmless_lines("a\nb\rc\u{7}"), "a\nb\\rc\\u{7}");
        let json = "{\"a\":\"b\u{9b}31m\u{7f}\u{2028}\u{202e}\",\n\"c\":\"é漢👩\"}";
        assert_eq!(harmless_json(json), "{\"a\":\"b\\u009b31m\\u007f\\u2028\\u202e\",\n\"c\":\"é漢👩\"}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&harmless_json(json)), read(json));
        for text in ["", "Björk", "漢字", "שיר", "👩\u{200d}🎤", "\"q\" | 'x'"] {
            assert_eq!(harmless(text), text);
        }
    }
}
