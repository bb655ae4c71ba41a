//! An answer as text: a table for the terminal, Markdown or CSV.

use std::fmt::Write as _;

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::window::percent;
use super::{Answered, Column, ColumnKind, chart};
use crate::error::{Error, Kind, Result};
use crate::output::{csv_field, harmless};
use crate::report::thousands;
use crate::warehouse::Value;

/// In a window of fewer characters a table that does not fit would break its words letter by letter.
const NARROW: usize = 60;

/// How wide the bars in tables are, in characters.
const BAR: usize = 12;

/// The answer as people read it in a terminal: title, question, table or drawing, what it stands on.
#[must_use]
pub fn terminal(answered: &Answered, drawn: bool) -> String {
    let insight = &answered.insight;
    let mut text = format!("{} ({})\n{}\n", insight.title, insight.name, insight.answers);
    let drawing = if drawn { chart::draw(answered) } else { None };
    if let Some(drawing) = drawing {
        text.push_str(&drawing);
    } else if !answered.rows.is_empty() {
        text.push_str(&aligned(answered));
    }
    for remark in &answered.remarks {
        let _ = writeln!(text, "  ! {}", harmless(remark));
    }
    for note in &insight.notes {
        let _ = writeln!(text, "  {note}");
    }
    let parameters: Vec<String> = answered.parameters.iter().map(|(name, value)| format!("{name} {}", harmless(value))).collect();
    if !parameters.is_empty() {
        let _ = writeln!(text, "  {}", parameters.join(", "));
    }
    if answered.footing.data.is_some() {
        let _ = writeln!(text, "  {}", answered.footing.text(&answered.window));
    }
    text
}

/// The rows in aligned columns, with bars behind what the insight's chart draws.
fn aligned(answered: &Answered) -> String {
    let insight = &answered.insight;
    let bars = insight.chart.columns.get(1).filter(|_| matches!(insight.chart.kind, "bars" | "columns"));
    let bars = bars.and_then(|name| insight.column(name));
    let most = bars.map_or(0.0, |column| answered.rows.iter().filter_map(|row| number(&row[column])).fold(0.0, f64::max));
    // A column without any value, like a caution that nothing gives rise to, says nothing.
    let shown: Vec<usize> =
        (0..insight.columns.len()).filter(|i| answered.rows.iter().any(|row| row[*i] != Value::Null)).collect();

    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let mut header: Vec<String> = shown.iter().map(|i| insight.columns[*i].name.replace('_', " ")).collect();
    header.extend(bars.map(|_| String::new()));
    table.set_header(header);
    for row in &answered.rows {
        let mut cells: Vec<String> = shown.iter().map(|i| harmless(&cell(&row[*i], &insight.columns[*i]))).collect();
        cells.extend(bars.map(|column| chart::bar(number(&row[column]).unwrap_or(0.0), most, BAR)));
        table.add_row(cells);
    }
    for (place, column) in shown.iter().enumerate() {
        if let (true, Some(column)) = (is_number(insight.columns[*column].kind), table.column_mut(place)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let natural: usize = table.column_max_content_widths().iter().map(|width| usize::from(*width) + 3).sum();
    match table.width().map(usize::from) {
        Some(window) if window < NARROW && natural > window => listed(answered, &shown),
        _ => format!("{table}\n"),
    }
}

/// The rows one below the other, a line each value.
fn listed(answered: &Answered, shown: &[usize]) -> String {
    let columns = &answered.insight.columns;
    let width = shown.iter().map(|i| columns[*i].name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in &answered.rows {
        for i in shown.iter().filter(|i| row[**i] != Value::Null) {
            let name = columns[*i].name.replace('_', " ");
            let _ = writeln!(text, "  {name:width$}  {}", harmless(&cell(&row[*i], &columns[*i])));
        }
        text.push('\n');
    }
    text
}

/// The answer as Markdown.
#[must_use]
pub fn markdown(answered: &Answered) -> String {
    let insight = &answered.insight;
    let safe = |text: &str| {
        let escaped = harmless(text).replace('\\', "\\\\").replace('|', "\\|").replace('`', "\\`");
        escaped.replace('&', "&amp;").replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_").replace('[', "\\[")
    };
    let mut text = format!("## {}\n\n{}\n\n", insight.title, insight.answers);
    if !answered.rows.is_empty() {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN);
        table.set_header(insight.columns.iter().map(|column| column.name));
        for row in &answered.rows {
            table.add_row(row.iter().zip(&insight.columns).map(|(value, column)| safe(&cell(value, column))));
        }
        for (place, column) in insight.columns.iter().enumerate() {
            if let (true, Some(column)) = (is_number(column.kind), table.column_mut(place)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let _ = writeln!(text, "{table}\n");
    }
    for remark in answered.remarks.iter().chain(&insight.notes) {
        let _ = writeln!(text, "{}\n", safe(remark));
    }
    if answered.footing.data.is_some() {
        let _ = writeln!(text, "{}", answered.footing.text(&answered.window));
    }
    text
}

/// The rows as comma-separated values with a header, unformatted; texts guarded from spreadsheets on request.
///
/// # Errors
/// None that a person can cause: the rows are written to memory.
pub fn csv(answered: &Answered, guards_formulas: bool) -> Result<String> {
    let failed = |e: csv::Error| Error::new(Kind::Io, "cannot write the rows").caused_by(e);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(answered.insight.columns.iter().map(|column| column.name)).map_err(failed)?;
    for row in &answered.rows {
        writer.write_record(row.iter().map(|value| csv_field(plain(value), true, guards_formulas))).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::new(Kind::Io, "cannot write the rows").caused_by(e.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Text(text) => text.clone(),
        other => crate::output::json(other).to_string(),
    }
}

fn is_number(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Number(_) | ColumnKind::Share)
}

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
