//! Rows for people and scripts: aligned columns, JSON, CSV, Markdown.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::cli::Format;
use crate::error::{Error, Kind, Result};
use crate::warehouse::{Answer, Rows, Value};

/// Prints the rows of a query.
pub struct Printer<W> {
    format: Format,
    out: W,
    names: Vec<String>,
    table: Table,
    rows: u64,
    numeric: Vec<bool>,
}

impl<W: Write> Printer<W> {
    /// A printer to `out`.
    pub fn new(format: Format, out: W) -> Self {
        Self { format, out, names: Vec::new(), table: Table::new(), rows: 0, numeric: Vec::new() }
    }

    /// Prints what can only be printed at the end.
    ///
    /// # Errors
    /// [`Kind::Io`] when the output is gone.
    pub fn finish(mut self) -> Result<()> {
        match self.format {
            Format::Json => self.text(if self.rows == 0 { "[]\n" } else { "\n]\n" })?,
            Format::Table | Format::Markdown => {
                for (index, numeric) in self.numeric.iter().enumerate() {
                    if let (true, Some(column)) = (*numeric && self.rows > 0, self.table.column_mut(index)) {
                        column.set_cell_alignment(CellAlignment::Right);
                    }
                }
                let text = format!("{}\n", self.table);
                self.text(&text)?;
                if self.format == Format::Table {
                    let noun = if self.rows == 1 { "row" } else { "rows" };
                    let text = format!("{} {noun}\n", crate::report::thousands(self.rows));
                    self.text(&text)?;
                }
            }
            Format::Csv => {}
        }
        self.out.flush().map_err(output_error)
    }

    fn text(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(output_error)
    }

    fn csv(&mut self, fields: &[String]) -> Result<()> {
        let mut writer = csv::Writer::from_writer(&mut self.out);
        let written = writer.write_record(fields).and_then(|()| writer.flush().map_err(Into::into));
        written.map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(error) => output_error(error),
            other => output_error(std::io::Error::other(format!("{other:?}"))),
        })
    }
}

impl<W: Write> Rows for Printer<W> {
    fn columns(&mut self, names: &[String]) -> Result<()> {
        self.names = names.to_vec();
        self.numeric = vec![true; names.len()];
        match self.format {
            Format::Csv => self.csv(names),
            Format::Table | Format::Markdown => {
                let preset = if self.format == Format::Table { UTF8_FULL_CONDENSED } else { ASCII_MARKDOWN };
                self.table.load_style(preset);
                if self.format == Format::Table {
                    self.table.set_content_arrangement(ContentArrangement::Dynamic);
                }
                let header: Vec<String> = names.iter().map(|name| harmless(name)).collect();
                self.table.set_header(header);
                Ok(())
            }
            Format::Json => Ok(()),
        }
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        match self.format {
            Format::Json => {
                let text = format!("{}{}", if self.rows == 0 { "[\n" } else { ",\n" }, row_json(&self.names, &values));
                self.text(&text)?;
            }
            Format::Csv => {
                let fields: Vec<String> = values.iter().map(|value| csv_field(plain(value))).collect();
                self.csv(&fields)?;
            }
            Format::Table | Format::Markdown => {
                for (numeric, value) in self.numeric.iter_mut().zip(&values) {
                    *numeric &= matches!(value, Value::Integer(_) | Value::Float(_) | Value::Null);
                }
                let cells: Vec<String> = values.iter().map(|value| harmless(&plain(value)).replace('|', "\\|")).collect();
                let cells =
                    if self.format == Format::Table { values.iter().map(|v| harmless(&plain(v))).collect() } else { cells };
                self.table.add_row(cells);
            }
        }
        self.rows += 1;
        Ok(())
    }
}

/// A row as a JSON object. By hand, as the columns' order is worth keeping.
fn row_json(names: &[String], values: &[Value]) -> String {
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
        Value::Float(x) => serde_json::Number::from_f64(*x).map_or(serde_json::Value::Null, serde_json::Value::Number),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Record(fields) => serde_json::Value::Object(fields.iter().map(|(name, v)| (name.clone(), json(v))).collect()),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Float(x) => x.to_string(),
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

/// The output is gone or full. A reader that has seen enough (`| head`) is no failure worth a message.
fn output_error(error: std::io::Error) -> Error {
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
