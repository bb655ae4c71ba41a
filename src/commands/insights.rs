//! `sparkify insights`: named questions, answered with what the answers stand on.

use chrono::NaiveDate;

use super::{check_guard, open_tables};
use crate::cli::{Format, InsightsArgs};
use crate::error::{EXIT_DONE, Error, Kind, Result};
use crate::insights::{
    self, Answered, DataRange, Insight, Level, ParameterKind, Provenance, Question, Window, catalogue, table, window,
};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, print};
use crate::printer::Printer;
use crate::settings::Settings;
use crate::warehouse::{Rows, Value, Warehouse};

pub(super) fn run(args: &InsightsArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let asked = catalogue::named(&args.names)?;
    if args.list {
        return list(&asked, args.format);
    }
    if args.format == Format::Csv && asked.len() != 1 {
        return Err(Error::new(Kind::Usage, "CSV holds one table: name one insight"));
    }
    check_guard(args.guard_formulas, args.format)?;
    let question = Question { top: args.top, level: args.level.as_deref().and_then(level), set: pairs(&args.set)? };
    insights::check_question(&asked, &question)?;
    let (from, to) = (day(args.from.as_deref(), "--from")?, day(args.to.as_deref(), "--to")?);

    let mut warehouse = open_tables(settings, interrupt)?;
    let data = DataRange::read(&mut warehouse)?;
    let window = Window::resolve(from, to, data)?;
    let provenance = Provenance::of(&mut warehouse, data, &window, question.level, &asked)?;
    for (index, insight) in asked.iter().enumerate() {
        interrupt.check()?;
        let answered = insights::answer(&mut warehouse, insight, &window, &provenance, &question)?;
        print(&text_of(&answered, args, index, asked.len())?)?;
    }
    Ok(EXIT_DONE)
}

/// Answers questions about all of the data with charts in the terminal, as a word about what is done.
pub(super) fn print_answers(
    warehouse: &mut Warehouse,
    asked: &[Insight],
    question: &Question,
    interrupt: &Interrupt,
) -> Result<()> {
    let data = DataRange::read(warehouse)?;
    let window = Window::resolve(None, None, data)?;
    let provenance = Provenance::of(warehouse, data, &window, question.level, asked)?;
    for insight in asked {
        interrupt.check()?;
        let text = table::terminal(&insights::answer(warehouse, insight, &window, &provenance, question)?, true);
        conclude(EXIT_DONE, Prints::Notice, || print(&format!("\n{text}")))?;
    }
    Ok(())
}

fn text_of(answered: &Answered, args: &InsightsArgs, index: usize, count: usize) -> Result<String> {
    let (first, last) = (index == 0, index + 1 == count);
    Ok(match args.format {
        Format::Table => format!("{}{}", if first { "" } else { "\n" }, table::terminal(answered, args.chart)),
        Format::Markdown => format!("{}{}", if first { "" } else { "\n" }, table::markdown(answered)),
        Format::Csv => table::csv(answered, args.guard_formulas)?,
        Format::Json => {
            let (opening, closing) = (if first { "[\n" } else { ",\n" }, if last { "\n]\n" } else { "" });
            format!("{opening}{}{closing}", answered.json_text())
        }
    })
}

fn list(insights: &[Insight], format: Format) -> Result<u8> {
    let mut printer = Printer::new(format, std::io::BufWriter::new(std::io::stdout().lock()));
    printer.columns(&["name", "answers", "parameters"].map(str::to_owned))?;
    for insight in insights {
        let parameters: Vec<String> = insight
            .parameters
            .iter()
            .filter(|parameter| parameter.kind != ParameterKind::Common || parameter.name == "level")
            .map(|parameter| match parameter.kind {
                ParameterKind::Integer { default, .. } => format!("{}={default}", parameter.name),
                _ => parameter.name.to_owned(),
            })
            .collect();
        printer.row(vec![insight.name.into(), insight.answers.into(), Value::Text(parameters.join(" "))])?;
    }
    printer.finish()?;
    Ok(EXIT_DONE)
}

fn level(name: &str) -> Option<Level> {
    [Level::Free, Level::Paid].into_iter().find(|level| level.name() == name)
}

fn pairs(set: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |text: &String| {
        let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Error::new(Kind::Usage, format!("`{}` is not NAME=VALUE", text.escape_debug())))
    };
    set.iter().map(pair).collect()
}

/// A day as the command line gives it.
pub(super) fn day(text: Option<&str>, flag: &str) -> Result<Option<NaiveDate>> {
    let Some(text) = text else { return Ok(None) };
    let error = |what: &str| Error::new(Kind::Usage, format!("{flag} `{}` {what}", text.escape_debug()));
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| error("is not a date: expected YYYY-MM-DD, such as 2018-11-30"))?;
    if !(window::FIRST_DAY..window::LAST_DAY).contains(&day) {
        return Err(error("is out of range: days run from 0001-01-01 to 9999-12-30"));
    }
    Ok(Some(day))
}
