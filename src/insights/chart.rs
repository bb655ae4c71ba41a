//! Answers drawn with characters: bars, profiles, trends, heat maps.

use std::fmt::Write as _;

use super::cell::{cell, number, with_thousands};
use super::{Answered, Column, ColumnKind};
use crate::output::sanitized;
use crate::warehouse::Value;

const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
/// Lines of a trend.
const LINES: usize = 8;
/// Most characters of a label.
const LABEL: usize = 34;

/// The drawing that the insight asks for; none when it has none or no rows.
#[must_use]
pub fn draw(answered: &Answered) -> Option<String> {
    if answered.rows.is_empty() {
        return None;
    }
    let chart = &answered.insight.chart;
    let places: Option<Vec<usize>> = chart.columns.iter().map(|name| answered.insight.column(name)).collect();
    match (chart.kind, places?.as_slice()) {
        ("bars", [label, value, ..]) => Some(bars(answered, answered.rows.iter().collect(), *label, *value)),
        ("columns", [label, value, ..]) => Some(columns(answered, *label, *value)),
        ("line" | "area" | "peaks", [_, values @ ..]) => {
            let of_several = if chart.kind == "peaks" { Several::Most } else { Several::Mean };
            Some(values.iter().map(|value| trend(answered, *value, of_several)).collect())
        }
        ("heatmap", [x, y, value]) => Some(heatmap(answered, *x, *y, *value)),
        ("lorenz", [x, y]) => Some(lorenz(answered, *x, *y)),
        _ => None,
    }
}

/// A bar of up to `width` characters, exact to an eighth of one.
#[must_use]
pub fn bar(value: f64, most: f64, width: usize) -> String {
    let eighths = if most > 0.0 && value > 0.0 { ((value / most) * width as f64 * 8.0).round().max(1.0) as usize } else { 0 };
    let eighths = eighths.min(width * 8);
    let mut text = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        text.push(EIGHTHS[eighths % 8]);
    }
    text
}

fn window_width() -> usize {
    comfy_table::Table::new().width().map_or(100, usize::from).clamp(20, 160)
}

/// How many columns of a terminal a text takes: twice for the wide letters of East Asia and for pictures.
fn width_of(text: &str) -> usize {
    text.chars().map(|c| if matches!(c as u32, 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0x1f300..=0x1faff | 0x20000..=0x3fffd) { 2 } else { 1 }).sum()
}

fn label(value: &Value, column: &Column) -> String {
    let text = sanitized(&cell(value, column));
    let most = LABEL.min(window_width() / 2);
    let mut short = String::new();
    for c in text.chars() {
        if width_of(&short) + width_of(c.encode_utf8(&mut [0; 4])) > most - 1 {
            short.push('…');
            return short;
        }
        short.push(c);
    }
    short
}

fn bars(answered: &Answered, rows: Vec<&Vec<Value>>, along: usize, drawn: usize) -> String {
    let columns = &answered.insight.columns;
    let labels: Vec<String> = rows.iter().map(|row| label(&row[along], &columns[along])).collect();
    let width = labels.iter().map(|text| width_of(text)).max().unwrap_or(0);
    let most = values(answered, drawn).flatten().fold(0.0, f64::max);
    let numbers = rows.iter().map(|row| width_of(&cell(&row[drawn], &columns[drawn]))).max().unwrap_or(0);
    let room = window_width().saturating_sub(width + numbers + 4).max(5);
    let mut text = String::new();
    for (row, name) in rows.into_iter().zip(labels) {
        let value = number(&row[drawn]).unwrap_or(0.0);
        let space = " ".repeat(width - width_of(&name));
        let _ = writeln!(text, "  {name}{space} {} {}", bar(value, most, room), cell(&row[drawn], &columns[drawn]));
    }
    text
}

fn values(answered: &Answered, column: usize) -> impl Iterator<Item = Option<f64>> {
    answered.rows.iter().map(move |row| number(&row[column]))
}

/// A bar that stands, for each row; lying ones where the window is too narrow for that.
fn columns(answered: &Answered, along: usize, drawn: usize) -> String {
    let columns = &answered.insight.columns;
    // Rows without a value, like a ratio below the days, are no bars.
    let rows: Vec<(&Value, f64)> = answered.rows.iter().filter_map(|row| Some((&row[along], number(&row[drawn])?))).collect();
    let labels: Vec<String> = rows.iter().map(|(value, _)| label(value, &columns[along])).collect();
    let width = labels.iter().map(|text| width_of(text)).max().unwrap_or(1).max(2);
    let heights: Vec<Option<f64>> = rows.iter().map(|(_, value)| Some(*value)).collect();
    let scale = scale_width(&heights, &columns[drawn]);
    if scale + 1 + rows.len() * (width + 1) > window_width() {
        let rows = answered.rows.iter().filter(|row| number(&row[drawn]).is_some()).collect();
        return bars(answered, rows, along, drawn);
    }
    let mut text = standing(&heights, width, scale, &columns[drawn]);
    let names: Vec<String> = labels.iter().map(|name| format!("{name:>width$}")).collect();
    let _ = writeln!(text, "{:>scale$}  {}", "", names.join(" "));
    text
}

/// One series over the days, as many days a character as the window needs: their mean, or the most of them where a day is
/// itself the most of something.
fn trend(answered: &Answered, drawn: usize, of_several: Several) -> String {
    let series: Vec<Option<f64>> = values(answered, drawn).collect();
    let column = &answered.insight.columns[drawn];
    // A mean may have a decimal more than the largest day.
    let room = window_width().saturating_sub(scale_width(&series, column) + 4).max(10);
    let size = series.len().div_ceil(room);
    let one = |part: &[Option<f64>]| {
        let known = part.iter().copied().flatten();
        match of_several {
            Several::Most => known.reduce(f64::max),
            Several::Mean => {
                let count = known.clone().count();
                (count > 0).then(|| known.sum::<f64>() / count as f64)
            }
        }
    };
    let points: Vec<Option<f64>> = series.chunks(size.max(1)).map(one).collect();
    let several = if of_several == Several::Most { "the most" } else { "mean" };
    let days = if size > 1 { format!(", {several} of {size} days a character") } else { String::new() };
    let scale = scale_width(&points, column);
    let mut text = format!("  {}{days}\n", column.name.replace('_', " "));
    text.push_str(&standing(&points, 1, scale, column));
    let _ = writeln!(text, "{:>scale$}  {} to {}", "", answered.window.from_date(), answered.window.to_date());
    text
}

/// What a character says of several days.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Several {
    Mean,
    Most,
}

/// How wide the numbers at the left are.
fn scale_width(points: &[Option<f64>], column: &Column) -> usize {
    width_of(&scale_text(points.iter().copied().flatten().fold(0.0, f64::max), column)) + 2
}

/// The number at the top of a scale: a mean of whole numbers need not be one.
fn scale_text(most: f64, column: &Column) -> String {
    match column.kind {
        ColumnKind::Integer => with_thousands(most, usize::from(most.fract() != 0.0)),
        _ => cell(&Value::Float(most), column),
    }
}

/// Bars that stand beside each other, `width` characters each, with the scale at the left, `room` characters wide.
fn standing(points: &[Option<f64>], width: usize, room: usize, column: &Column) -> String {
    let most = points.iter().copied().flatten().fold(0.0, f64::max);
    let gap = if width > 1 { " " } else { "" };
    let mut text = String::new();
    for line in (0..LINES).rev() {
        let scale = match line {
            0 => "0".to_owned(),
            _ if line == LINES - 1 => scale_text(most, column),
            _ => String::new(),
        };
        let cells: Vec<String> = points
            .iter()
            .map(|point| {
                let height = point.filter(|_| most > 0.0).map_or(0.0, |value| value / most * LINES as f64 * 8.0);
                let eighths = (height.round() as usize).saturating_sub(line * 8).min(8);
                String::from(HEIGHTS[eighths]).repeat(width)
            })
            .collect();
        let _ = writeln!(text, "{scale:>room$} │{}", cells.join(gap));
    }
    text
}

fn heatmap(answered: &Answered, x: usize, y: usize, drawn: usize) -> String {
    let columns = &answered.insight.columns;
    let most = values(answered, drawn).flatten().fold(0.0, f64::max);
    let in_first_line = answered.rows.iter().take_while(|row| row[y] == answered.rows[0][y]);
    let first: Vec<String> = in_first_line.map(|row| cell(&row[x], &columns[x])).collect();
    // Two characters are about as wide as high.
    let wide = if 14 + 2 * first.len() > window_width() { 1 } else { 2 };
    let mut lines: Vec<(String, String)> = Vec::new();
    for row in &answered.rows {
        let name = row_name(&row[y], &columns[y]);
        let shade = number(&row[drawn]).map_or(' ', |value| {
            let step = if most > 0.0 { (value / most * 4.0).ceil() as usize } else { 0 };
            SHADES[step.min(4)]
        });
        match lines.last_mut() {
            Some((last, cells)) if *last == name => cells.extend(std::iter::repeat_n(shade, wide)),
            _ => lines.push((name, String::from(shade).repeat(wide))),
        }
    }
    let mut text = String::new();
    for (name, cells) in lines {
        let _ = writeln!(text, "{name:>12} │{cells}");
    }
    let marks: Vec<String> = first.iter().step_by(8 / wide).map(|name| format!("{name:<8}")).collect();
    let _ = writeln!(text, "{:>12}  {}", "", marks.concat().trim_end());
    let _ = writeln!(
        text,
        "  {} along, · is none, █ up to {}",
        columns[x].name.replace('_', " "),
        cell(&Value::Float(most), &columns[drawn])
    );
    text
}

fn row_name(value: &Value, column: &Column) -> String {
    match (column.name, value) {
        ("weekday", Value::Integer(n @ 1..=7)) => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][*n as usize - 1].to_owned(),
        _ => label(value, column),
    }
}

/// How much of the whole the first tenth, the first two tenths, … have.
fn lorenz(answered: &Answered, x: usize, y: usize) -> String {
    let room = window_width().saturating_sub(24).min(40);
    let mut text = String::new();
    for tenth in 1..=10 {
        let limit = f64::from(tenth) / 10.0;
        // The rows end where the ranks do.
        if answered.rows.last().and_then(|row| number(&row[x])).is_none_or(|last| last < limit - 1e-9) {
            break;
        }
        let within = answered.rows.iter().rev().find(|row| number(&row[x]).is_some_and(|share| share <= limit + 1e-9));
        let Some(share) = within.and_then(|row| number(&row[y])) else { continue };
        let _ = writeln!(text, "  first {:>3} % {} {}", tenth * 10, bar(share, 1.0, room), super::window::percent(share));
    }
    text
}
