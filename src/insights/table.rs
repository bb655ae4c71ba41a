//! An answer as text: a table for the terminal, Markdown or CSV.

use std::fmt::Write as _;

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::cell::{cell, number, plain};
use super::{Answered, ColumnKind, chart};
use crate::error::{Error, Kind, Result};
use crate::output::{csv_field, sanitized};
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
        let _ = writeln!(text, "  ! {}", sanitized(remark));
    }
    for note in &insight.notes {
        let _ = writeln!(text, "  {note}");
    }
    let parameters: Vec<String> =
        answered.parameters.iter().map(|(name, value)| format!("{name} {}", sanitized(value))).collect();
    if !parameters.is_empty() {
        let _ = writeln!(text, "  {}", parameters.join(", "));
    }
    if answered.provenance.data.is_some() {
        let _ = writeln!(text, "  {}", answered.provenance.text(&answered.window));
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
        let mut cells: Vec<String> = shown.iter().map(|i| sanitized(&cell(&row[*i], &insight.columns[*i]))).collect();
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
            let _ = writeln!(text, "  {name:width$}  {}", sanitized(&cell(&row[*i], &columns[*i])));
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
        let escaped = sanitized(text).replace('\\', "\\\\").replace('|', "\\|").replace('`', "\\`");
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
    if answered.provenance.data.is_some() {
        let _ = writeln!(text, "{}", answered.provenance.text(&answered.window));
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

fn is_number(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Number(_) | ColumnKind::Share)
}
