//! Questions that people have about the music: asked of any warehouse, answered with what the answer stands on.

mod bulk;
pub mod catalogue;
mod cell;
pub mod chart;
mod listed;
mod shared;
pub mod table;
pub mod window;

use serde_json::json;

pub use bulk::DataRange;
pub use catalogue::{Chart, Column, ColumnKind, Insight, ParameterKind};
pub use window::{Level, Provenance, Window};

use self::listed::Listed;
use crate::error::{Error, Kind, Result};
use crate::warehouse::{Param, SqlText, Value, Warehouse, query};

/// What a person asks of the insights besides their names.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// How many ranks to show.
    pub top: Option<i64>,
    /// Only plays at this level.
    pub level: Option<Level>,
    /// Other parameters, by name.
    pub set: Vec<(String, String)>,
}

/// An insight's answer.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The question.
    pub insight: Insight,
    /// The parameters in force, as a person would set them.
    pub parameters: Vec<(String, String)>,
    /// The window asked.
    pub window: Window,
    /// What the answer stands on.
    pub provenance: Provenance,
    /// Rows, with a value for each of the insight's columns, in the insight's order.
    pub rows: Vec<Vec<Value>>,
    /// How many more rows there are, which are counted only.
    pub left_out: u64,
    /// What has to be said about the answer.
    pub remarks: Vec<String>,
}

/// Asks one insight.
///
/// # Errors
/// What the engine reports, and [`Kind::Query`] when the columns are not those that the file describes.
pub fn answer(
    warehouse: &mut Warehouse,
    insight: &Insight,
    window: &Window,
    provenance: &Provenance,
    question: &Question,
) -> Result<Answered> {
    let (values, parameters) = parameters(insight, window, provenance, question)?;
    let provenance = provenance.of_one(insight);
    let mut rows = Vec::new();
    let mut remarks = Vec::new();
    let mut left_out = 0;
    if provenance.data.is_none() {
        remarks.push("the warehouse holds no events yet; `sparkify load` brings them".to_owned());
    } else if window.is_empty() {
        remarks.push(format!("the window holds none of the data, which is {}", provenance.data_text()));
    } else {
        let text = insight.sql_with(&provenance.kept);
        let mut answer = Listed::new(insight, listed::top(insight, &parameters));
        let first = answer.wanted().map(|rows| query::first_of(&text, rows));
        warehouse.query(SqlText { name: insight.name, text: first.as_deref().unwrap_or(&text) }, &values, &mut answer)?;
        if first.is_some() && answer.left_out() > 0 {
            let counted = warehouse.answer(SqlText { name: insight.name, text: &query::count_of(&text) }, &values)?;
            answer.found(window::count(&counted, 0));
        }
        let names: Vec<&str> = insight.columns.iter().map(|column| column.name).collect();
        if answer.columns != names {
            let message = format!("{} answers with the columns {}", insight.name, answer.columns.join(", "));
            return Err(Error::new(Kind::Query, message));
        }
        (left_out, remarks) = (answer.left_out(), answer.remarks());
        let kinds: Vec<ColumnKind> = insight.columns.iter().map(|column| column.kind).collect();
        rows = answer.rows.into_iter().map(|row| row.into_iter().zip(&kinds).map(|(v, kind)| tidy(v, *kind)).collect()).collect();
        match (provenance.at_level.plays, provenance.at_any.plays, provenance.level) {
            (0, 1.., Some(level)) => {
                let others = crate::report::thousands(provenance.at_any.plays);
                remarks.push(format!("no plays at level {} in the window; at other levels: {others}", level.name()));
            }
            (0, ..) => remarks.push(format!("no plays in the window; the data is {}", provenance.data_text())),
            (.., Some(level)) if rows.is_empty() => {
                remarks.push(format!("{}; only plays at level {} count", insight.when_empty, level.name()));
            }
            _ if rows.is_empty() => remarks.push(insight.when_empty.to_owned()),
            _ => {}
        }
    }
    if question.level.is_some() && !insight.takes("level") {
        remarks.push("this answer is not by level: all levels are in it".to_owned());
    }
    Ok(Answered { insight: insight.clone(), parameters, window: window.clone(), provenance, rows, left_out, remarks })
}

/// A parameter as it is bound, and as a person would set it.
type Bound = (Vec<Param<'static>>, Vec<(String, String)>);

fn parameters(insight: &Insight, window: &Window, provenance: &Provenance, question: &Question) -> Result<Bound> {
    let mut values = Vec::new();
    let mut shown = Vec::new();
    for parameter in &insight.parameters {
        let set = question.set.iter().rev().find(|(name, _)| name == parameter.name).map(|(_, value)| value.as_str());
        let value = match parameter.kind {
            ParameterKind::Common => match parameter.name {
                "since" => window.since.clone().into(),
                "until" => window.until.clone().into(),
                "data_since" => provenance.reach(window).0.into(),
                "data_until" => provenance.reach(window).1.into(),
                _ => {
                    shown.extend(question.level.map(|level| (parameter.name.to_owned(), level.name().to_owned())));
                    question.level.map(Level::name).into()
                }
            },
            ParameterKind::Integer { default, least, most } => {
                let asked = if parameter.name == "top" { question.top } else { None };
                let number = match set {
                    Some(text) => text.parse().ok(),
                    None => Some(asked.unwrap_or(default)),
                };
                let number = number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
                    let message = format!("{} of {} must be a whole number from {least} to {most}", parameter.name, insight.name);
                    Error::new(Kind::Usage, message)
                })?;
                shown.push((parameter.name.to_owned(), number.to_string()));
                number.into()
            }
            ParameterKind::Text => {
                shown.extend(set.map(|text| (parameter.name.to_owned(), text.to_owned())));
                set.into()
            }
        };
        values.push(Param { name: parameter.name, value });
    }
    Ok((values, shown))
}

/// Fails when something is set that none of the insights takes, or set twice.
///
/// # Errors
/// [`Kind::Usage`], naming it.
pub fn check_question(insights: &[Insight], question: &Question) -> Result<()> {
    for (index, (name, _)) in question.set.iter().enumerate() {
        let own = |insight: &Insight| insight.parameters.iter().any(|p| p.name == name && p.kind != ParameterKind::Common);
        if !insights.iter().any(own) {
            let message = format!("none of these insights has a parameter `{}`", name.escape_debug());
            return Err(Error::new(Kind::Usage, message).with_hint("`sparkify insights --list` shows what each takes"));
        }
        let is_top_too = name == "top" && question.top.is_some();
        if is_top_too || question.set[..index].iter().any(|(earlier, _)| earlier == name) {
            return Err(Error::new(Kind::Usage, format!("`{name}` is set twice")));
        }
    }
    // Where all are asked, those that take it take it.
    let none_takes = |name: &str| !insights.iter().any(|insight| insight.takes(name));
    let names: Vec<&str> = insights.iter().map(|insight| insight.name).collect();
    let (none, verb) = if names.len() == 1 { ("", "is not") } else { ("none of ", "is") };
    let refused = |lacks: &str| Error::new(Kind::Usage, format!("{none}{} {verb} {lacks}", names.join(", ")));
    if question.level.is_some() && none_takes("level") {
        return Err(refused("by level"));
    }
    if question.top.is_some() && none_takes("top") {
        return Err(refused("by rank, so --top has no effect"));
    }
    Ok(())
}

/// A value as its column promises it, whatever number type the engine chose. Rounded, so that the order in which an
/// engine adds floats up is not seen.
fn tidy(value: Value, kind: ColumnKind) -> Value {
    let number = |value: &Value| match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(x) => Some(*x),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    let rounded = |value: &Value, decimals: u8| {
        let scale = 10f64.powi(decimals.into());
        // Adding zero makes minus zero plain.
        number(value).filter(|x: &f64| x.is_finite()).map_or(Value::Null, |x| Value::Float((x * scale).round() / scale + 0.0))
    };
    match kind {
        ColumnKind::Integer => match value {
            Value::Integer(_) | Value::Null => value,
            other => number(&other).map_or(Value::Null, |x| Value::Integer(x.round() as i128)),
        },
        ColumnKind::Number(decimals) => rounded(&value, decimals),
        ColumnKind::Share => rounded(&value, 6),
        ColumnKind::Date => cut(value, 10),
        ColumnKind::Time => cut(value, 19),
        ColumnKind::Text => value,
    }
}

fn cut(value: Value, length: usize) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.chars().take(length).collect()),
        other => other,
    }
}

impl Answered {
    /// The answer for scripts: what was asked, what it stands on, what the columns mean, the rows.
    #[must_use]
    pub fn json_text(&self) -> String {
        let columns: Vec<_> = self
            .insight
            .columns
            .iter()
            .map(|column| json!({"name": column.name, "kind": column.kind.name(), "meaning": column.meaning}))
            .collect();
        // The window of nothing that nobody asked for has no days.
        let known_days = self.provenance.data.is_some() || !self.window.is_empty();
        let head = json!({
            "name": self.insight.name,
            "title": self.insight.title,
            "answers": self.insight.answers,
            "grain": self.insight.grain,
            "unit": self.insight.unit,
            "from": known_days.then(|| self.window.from_date()),
            "to": known_days.then(|| self.window.to_date()),
            "asked_from": self.window.asked().map(|(from, _)| from.to_string()),
            "asked_to": self.window.asked().map(|(_, to)| to.to_string()),
            "parameters": self.parameters.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "footing": self.provenance.json(),
            "notes": self.insight.notes,
            "remarks": self.remarks,
            "rows_left_out": self.left_out,
            "columns": columns,
        });
        // By hand, as the columns' order is worth keeping.
        let field = |(column, value): (&Column, &Value)| format!("{}:{}", json!(column.name), crate::output::json(value));
        let row = |row: &Vec<Value>| {
            let fields: Vec<String> = self.insight.columns.iter().zip(row).map(field).collect();
            format!("    {{{}}}", fields.join(","))
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let rows = if rows.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", rows.join(",\n")) };
        let head = head.to_string();
        let text = format!("{},\n  \"rows\":{rows}\n}}", head.strip_suffix('}').unwrap_or(&head));
        crate::output::sanitized_json(&text)
    }
}
