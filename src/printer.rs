//! Rows as they come, printed as aligned columns, JSON, CSV or Markdown. However many there are, few are held at a time.

use std::io::Write;

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};

use crate::cli::Format;
use crate::error::{Result, output_error};
use crate::output::{csv_field, plain, row_json, sanitized};
use crate::warehouse::{Rows, Value};

/// So many rows decide how wide the columns of a table are. What has more is printed part by part.
const PART_ROWS: usize = 2_000;
/// And so many characters at most, blanks included.
const PART_CHARS: usize = 4 << 20;
/// How wide a column of a table in parts gets at most: its blanks are printed for every row that is still to come.
const PART_WIDTH: u16 = 200;

/// Prints the rows of a query.
pub struct Printer<W> {
    format: Format,
    out: W,
    /// The rows go into a file, whatever stdout is.
    into_file: bool,
    guards_formulas: bool,
    names: Vec<String>,
    /// Rows of a table that are not printed yet.
    pending: Vec<Vec<String>>,
    /// The longest text of each column among them.
    longest: Vec<usize>,
    rows: u64,
    numeric: Vec<bool>,
    /// What the parts before have settled for all that follow.
    layout: Option<Layout>,
}

/// How wide the columns are, and the line that ends the table.
struct Layout {
    widths: Vec<u16>,
    bottom: String,
}

impl<W: Write> Printer<W> {
    /// A printer into a file.
    pub fn into_file(format: Format, out: W) -> Self {
        Self { into_file: true, ..Self::new(format, out) }
    }

    /// A printer to `out`, which is stdout.
    pub fn new(format: Format, out: W) -> Self {
        Self {
            format,
            out,
            into_file: false,
            guards_formulas: false,
            names: Vec::new(),
            pending: Vec::new(),
            longest: Vec::new(),
            rows: 0,
            numeric: Vec::new(),
            layout: None,
        }
    }

    /// Has no spreadsheet take a text of comma-separated values for a formula.
    #[must_use]
    pub fn guarding_formulas(mut self, guards: bool) -> Self {
        self.guards_formulas = guards;
        self
    }

    /// A cell of comma-separated values.
    fn field(&self, text: String) -> String {
        csv_field(text, !self.into_file, self.guards_formulas)
    }

    /// Prints what can only be printed at the end.
    ///
    /// # Errors
    /// As [`crate::output::say`].
    pub fn finish(mut self) -> Result<()> {
        match self.format {
            Format::Json => self.text(if self.rows == 0 { "[]\n" } else { "\n]\n" })?,
            Format::Table | Format::Markdown => {
                self.part(true)?;
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

    /// Takes a row of a table, and prints those before it where they are enough for a part.
    fn tabulate(&mut self, cells: Vec<String>) -> Result<()> {
        let wider = self.longest.iter().zip(&cells).map(|(longest, cell)| cell.len().max(*longest));
        let widths: Vec<usize> = wider.collect();
        let chars = (self.pending.len() + 1) * widths.iter().sum::<usize>();
        if self.pending.len() >= PART_ROWS || chars > PART_CHARS && !self.pending.is_empty() {
            self.part(false)?;
            self.longest = cells.iter().map(String::len).collect();
        } else {
            self.longest = widths;
        }
        self.pending.push(cells);
        Ok(())
    }

    /// Prints the rows at hand: the first part with the head, the last one with the line that ends a table.
    fn part(&mut self, is_last: bool) -> Result<()> {
        let rows = std::mem::take(&mut self.pending);
        if let Some(layout) = &self.layout
            && rows.is_empty()
        {
            let bottom = layout.bottom.clone();
            return self.text(&bottom);
        }
        let is_table = self.format == Format::Table;
        let mut table = Table::new();
        table.load_style(if is_table { UTF8_FULL_CONDENSED } else { ASCII_MARKDOWN });
        if is_table {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            if self.into_file {
                table.force_no_tty();
            }
        }
        if self.layout.is_none() {
            table.set_header(self.names.iter().map(|name| sanitized(name)));
        }
        let has_rows = !rows.is_empty();
        table.add_rows(rows);
        for (index, numeric) in self.numeric.iter().enumerate() {
            let Some(column) = table.column_mut(index) else { continue };
            if *numeric && has_rows {
                column.set_cell_alignment(CellAlignment::Right);
            }
            match &self.layout {
                Some(layout) if is_table => {
                    let width = layout.widths.get(index).copied().unwrap_or(PART_WIDTH);
                    column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
                }
                None if is_table && !is_last => {
                    column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(PART_WIDTH)));
                }
                _ => {}
            }
        }
        let text = table.to_string();
        let mut lines: Vec<&str> = text.lines().collect();
        if is_table {
            let first = lines.first().copied().unwrap_or_default();
            let widths = first.split('┬').map(|part| part.chars().filter(|c| *c == '─').count().try_into().unwrap_or(PART_WIDTH));
            let layout =
                Layout { widths: widths.collect(), bottom: lines.last().map(|line| format!("{line}\n")).unwrap_or_default() };
            if self.layout.is_some() {
                lines.remove(0);
            }
            if !is_last {
                lines.pop();
            }
            self.layout.get_or_insert(layout);
        } else if !is_last {
            self.layout.get_or_insert(Layout { widths: Vec::new(), bottom: String::new() });
        }
        for line in lines {
            self.text(line)?;
            self.text("\n")?;
        }
        Ok(())
    }
}

impl<W: Write> Rows for Printer<W> {
    fn columns(&mut self, names: &[String]) -> Result<()> {
        self.names = names.to_vec();
        self.numeric = vec![true; names.len()];
        self.longest = vec![0; names.len()];
        if self.format != Format::Csv {
            return Ok(());
        }
        let names: Vec<String> = names.iter().map(|name| self.field(name.clone())).collect();
        self.csv(&names)
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        match self.format {
            Format::Json => {
                let text = format!("{}{}", if self.rows == 0 { "[\n" } else { ",\n" }, row_json(&self.names, &values));
                self.text(&text)?;
            }
            Format::Csv => {
                let fields: Vec<String> = values.iter().map(|value| self.field(plain(value))).collect();
                self.csv(&fields)?;
            }
            Format::Table | Format::Markdown => {
                if self.layout.is_none() {
                    for (numeric, value) in self.numeric.iter_mut().zip(&values) {
                        *numeric &= matches!(value, Value::Integer(_) | Value::Float(_) | Value::Null);
                    }
                }
                let cell = |value: &Value| {
                    let cell = sanitized(&plain(value));
                    if self.format == Format::Markdown { cell.replace('|', "\\|") } else { cell }
                };
                let cells = values.iter().map(cell).collect();
                self.tabulate(cells)?;
            }
        }
        self.rows += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: Format, rows: impl Iterator<Item = (i128, String)>) -> Vec<String> {
        let mut out = Vec::new();
        let mut printer = Printer::new(format, &mut out);
        printer.columns(&["n".to_owned(), "text".to_owned()]).unwrap();
        for (n, text) in rows {
            printer.row(vec![Value::Integer(n), Value::Text(text)]).unwrap();
        }
        printer.finish().unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_table_in_parts_looks_like_one() {
        let text = |n: i128| format!("number {n:04}");
        for rows in [1, 1_999, 2_000, 2_001, 4_000, 6_123] {
            let lines = printed(Format::Table, (0..rows).map(|n| (n, text(n))));
            assert_eq!(lines.len() as i128, rows + 5, "{rows}");
            assert!(lines[0].starts_with('┌') && lines[2].starts_with('╞') && lines[lines.len() - 2].starts_with('└'));
            let width = lines[0].chars().count();
            for (n, line) in (0..).zip(&lines[3..lines.len() - 2]) {
                assert_eq!((line.contains(&text(n)), line.chars().count()), (true, width), "{line}");
            }
            let lines = printed(Format::Markdown, (0..rows).map(|n| (n, text(n))));
            assert_eq!(lines.len() as i128, rows + 2);
        }
    }

    #[test]
    fn what_comes_later_and_is_wider_goes_on_below() {
        let text = |n: i128| if n < 2_500 { "short".to_owned() } else { "x".repeat(23) };
        let lines = printed(Format::Table, (0..2_501).map(|n| (n, text(n))));
        let width = lines[0].chars().count();
        assert!(lines[..lines.len() - 1].iter().all(|line| line.chars().count() == width));
        let rest: String = lines[3 + 2_500..].concat();
        assert_eq!(rest.matches('x').count(), 23);
    }

    #[test]
    fn one_long_text_does_not_widen_all_that_follows() {
        let text = |n: i128| if n == 7 { "x".repeat(60_000) } else { "y".to_owned() };
        let lines = printed(Format::Table, (0..5_000).map(|n| (n, text(n))));
        assert!(lines.iter().all(|line| line.chars().count() < 250));
        // Behind the header, whose names have such letters too.
        assert_eq!(lines[3..].concat().matches('x').count(), 60_000);
        assert_eq!(lines[3..].concat().matches('y').count(), 4_999);
    }
}
