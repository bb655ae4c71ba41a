//! Rows for people and scripts: aligned columns, JSON, CSV, Markdown.

use std::io::Write;

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::cli::Format;
use crate::error::{Error, Kind, Result};
use crate::warehouse::{Rows, Value};

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
        written.map_err(|e| output_error(e.into()))
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
                // By hand, as the columns' order is worth keeping.
                let field = |(name, value): (&String, &Value)| format!("{}:{}", serde_json::json!(name), json(value));
                let fields: Vec<String> = self.names.iter().zip(&values).map(field).collect();
                let text = format!("{}{{{}}}", if self.rows == 0 { "[\n" } else { ",\n" }, fields.join(","));
                self.text(&text)?;
            }
            Format::Csv => {
                let fields: Vec<String> = values.iter().map(plain).collect();
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

/// Text that cannot do anything to a terminal: control characters, and those that turn the direction of writing, shown
/// as what they are.
#[must_use]
pub fn harmless(text: &str) -> String {
    let acts = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(acts) {
        return text.to_owned();
    }
    text.chars().flat_map(|c| if acts(c) { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
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
