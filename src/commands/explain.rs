//! `sparkify explain`: why a play, a song or a run is as it is.

use super::{open_tables, print_answer};
use crate::cli::{ExplainArgs, ExplainSubject, Format};
use crate::error::{EXIT_DONE, Error, Kind, Result};
use crate::explain::{self, Explanation, Part};
use crate::interrupt::Interrupt;
use crate::output::{answer_json, json_of, print, sanitized};
use crate::settings::Settings;

pub(super) fn run(args: &ExplainArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    // Before the warehouse is opened, as a slip of the keyboard should be told first.
    let id = if args.subject == ExplainSubject::Play { play_id(&args.what)? } else { 0 };
    let mut warehouse = open_tables(settings, interrupt)?;
    let explanation = match args.subject {
        ExplainSubject::Play => explain::play(&mut warehouse, id)?,
        ExplainSubject::Song => explain::song(&mut warehouse, &args.what)?,
        ExplainSubject::Run => explain::run(&mut warehouse, &args.what)?,
    };
    if args.json { print_json(&explanation) } else { print_text(&explanation) }?;
    Ok(EXIT_DONE)
}

fn play_id(text: &str) -> Result<i64> {
    text.trim().parse().map_err(|_| {
        Error::new(Kind::Usage, format!("invalid songplay_id `{text}`"))
            .with_hint("expected a number, as `select songplay_id from songplays` shows; for a title use `explain song`")
    })
}

fn print_json(explanation: &Explanation) -> Result<()> {
    let mut fields = vec![format!("\"gist\":{}", json_of(&explanation.gist))];
    for part in &explanation.parts {
        let rows = answer_json(&part.answer);
        let value = if part.is_single { rows.into_iter().next().unwrap_or_else(|| "null".to_owned()) } else { array(&rows) };
        fields.push(format!("\"{}\":{value}", part.key));
    }
    print(&format!("{{{}}}\n", fields.join(",\n")))
}

fn array(rows: &[String]) -> String {
    format!("[{}]", rows.join(","))
}

fn print_text(explanation: &Explanation) -> Result<()> {
    print(&format!("{}\n", sanitized(&explanation.gist)))?;
    for part in &explanation.parts {
        print(&format!("\n{}\n", part.heading))?;
        match (part.is_single, part.answer.rows.as_slice()) {
            (_, []) => print("  none\n")?,
            (true, [row, ..]) => print(&lines(part, row))?,
            _ => print_answer(&part.answer, Format::Table)?,
        }
    }
    Ok(())
}

/// A single row, a line each value.
fn lines(part: &Part, row: &[crate::warehouse::Value]) -> String {
    let width = part.answer.columns.iter().map(String::len).max().unwrap_or_default();
    let line = |(name, value): (&String, &crate::warehouse::Value)| {
        let value = if *value == crate::warehouse::Value::Null { "-".to_owned() } else { sanitized(&value.to_string()) };
        format!("  {name:width$}  {value}\n")
    };
    part.answer.columns.iter().zip(row).map(line).collect()
}
