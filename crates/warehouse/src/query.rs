//! Questions to a warehouse: SQL with named parameters goes in, rows come out.

use std::fmt;

use crate::error::{Error, Kind, Result};
use crate::stage::EventBounds;

/// A query that returns rows. Its parameters are written `$name` and are always bound, never pasted into the text.
#[derive(Debug, Clone, Copy)]
pub struct SqlText<'a> {
    /// What messages and logs call it.
    pub name: &'a str,
    /// The text as it stands in its file.
    pub text: &'a str,
}

/// A parameter: the name that stands behind the `$`, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Param<'a> {
    /// Without the `$`.
    pub name: &'a str,
    /// What is bound. Where the engine cannot tell the type from the place, the text casts it.
    pub value: Value,
}

impl<'a> Param<'a> {
    /// A parameter of this name and value.
    pub fn new(name: &'a str, value: impl Into<Value>) -> Self {
        Self { name, value: value.into() }
    }

    /// The first and the last time of some events, as `$first_time` and `$last_time`.
    #[must_use]
    pub fn times(bounds: EventBounds) -> [Self; 2] {
        let time = |name, ms: i64| Param { name, value: Value::Time(ms * 1000) };
        [time("first_time", bounds.min_ms), time("last_time", bounds.max_ms)]
    }
}

/// A point in time, in microseconds since 1970, as every engine reads it.
pub(crate) fn time_text(us: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(us).unwrap_or_default().naive_utc();
    time.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// A value as people and scripts see it.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "the variants are the types")]
pub enum Value {
    #[default]
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Record(Vec<(String, Value)>),
    /// Microseconds since 1970. Only a parameter: answers have texts for points in time.
    Time(i64),
    /// Only in answers to the program's own statements: of a user's, the engine makes text of bytes.
    Bytes(Vec<u8>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = |items: &mut dyn Iterator<Item = String>| f.write_str(&items.collect::<Vec<_>>().join(", "));
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(b) => write!(f, "{b}"),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => list(&mut items.iter().map(ToString::to_string)),
            Self::Record(fields) => list(&mut fields.iter().map(|(name, value)| format!("{name}: {value}"))),
            Self::Time(us) => f.write_str(&time_text(*us)),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl Value {
    /// A number of single precision by the digits that it is known by, not by those that a wider one would need.
    #[must_use]
    pub fn of_f32(number: f32) -> Self {
        Self::Float(number.to_string().parse().unwrap_or_else(|_| number.into()))
    }

    /// Whether it is true. Of an engine without truth values, one that is computed comes as a number.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Self::Boolean(true) | Self::Integer(1))
    }

    /// The value as a whole number; 0 for null. `query` is what messages call the query that gave it.
    pub(crate) fn whole_number(&self, query: &str) -> Result<i64> {
        let number = match self {
            Self::Null => Some(0),
            Self::Integer(number) => i64::try_from(*number).ok(),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| Error::new(Kind::Query, format!("{query} gave `{self}` where a whole number belongs")))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Takes the rows of a query, one by one.
pub trait Rows {
    /// The columns' names, before the first row.
    ///
    /// # Errors
    /// Whatever ends the query.
    fn columns(&mut self, names: &[String]) -> Result<()>;
    /// A row.
    ///
    /// # Errors
    /// Whatever ends the query.
    fn row(&mut self, values: Vec<Value>) -> Result<()>;
}

/// Passes each row of a query to a closure, for answers that are not to be held.
pub struct EachRow<F>(pub F);

impl<F: FnMut(&[Value]) -> Result<()>> Rows for EachRow<F> {
    fn columns(&mut self, _: &[String]) -> Result<()> {
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        (self.0)(&values)
    }
}

/// All rows of a query, for answers that are small.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows, with a value for each column.
    pub rows: Vec<Vec<Value>>,
}

impl Rows for Answer {
    fn columns(&mut self, names: &[String]) -> Result<()> {
        self.columns = names.to_vec();
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        self.rows.push(values);
        Ok(())
    }
}

/// A question for its first rows.
#[must_use]
pub fn first_of(question: &str, rows: usize) -> String {
    format!("{}\nlimit {rows};\n", unended(question))
}

/// The question how many rows another one has. Its order goes, as engines would sort all rows to count them.
#[must_use]
pub fn count_of(question: &str) -> String {
    let text = unended(question);
    let text = text.rsplit_once("\norder by").map_or(text, |(unordered, _)| unordered);
    format!("select count(*) as found\nfrom (\n{text}\n) as answer;\n")
}

fn unended(question: &str) -> &str {
    question.trim_end().trim_end_matches(';')
}

/// The error for a column whose values have no text. `place` counts from 0.
pub(super) fn unprintable(place: usize, name: &str, kind: &str) -> Error {
    let place = place + 1;
    let message = format!("column {place} \"{name}\" has the type {kind}, which sparkify cannot print: cast it to varchar");
    Error::new(Kind::Query, message)
}

/// The text with each `$name` replaced by the number of its parameter, as all engines take it, and the values in the
/// order of these numbers. Texts, quoted names and comments stay as they are. Parameters that the text has no place for
/// are left out.
///
/// # Errors
/// [`Kind::Query`] when the text names a parameter that is not there.
pub fn numbered<'p>(statement: SqlText<'_>, parameters: &'p [Param<'_>]) -> Result<(String, Vec<&'p Value>)> {
    let mut text = String::with_capacity(statement.text.len());
    let mut used: Vec<&Param<'_>> = Vec::new();
    let mut rest = statement.text;
    while let Some(at) = rest.find(['$', '\'', '"', '-', '/']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = passed_over(rest);
        let name = if length == 1 { parameter_name(rest) } else { "" };
        if name.is_empty() {
            text.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let known = used.iter().position(|p| p.name == name);
        let number = if let Some(index) = known {
            index + 1
        } else {
            let Some(parameter) = parameters.iter().find(|p| p.name == name) else {
                return Err(Error::new(Kind::Query, format!("{} has no value for its parameter ${name}", statement.name)));
            };
            used.push(parameter);
            used.len()
        };
        text.push('$');
        text.push_str(&number.to_string());
        rest = &rest[1 + name.len()..];
    }
    text.push_str(rest);
    Ok((text, used.into_iter().map(|p| &p.value).collect()))
}

/// The length of the text, quoted name or comment that begins here, otherwise that of the one character.
pub(super) fn passed_over(rest: &str) -> usize {
    let quoted = |end: char| rest[1..].find(end).map_or(rest.len(), |at| at + 2);
    match rest.as_bytes() {
        [b'\'', ..] => quoted('\''),
        [b'"', ..] => quoted('"'),
        [b'-', b'-', ..] => rest.find('\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => rest.find("*/").map_or(rest.len(), |at| at + 2),
        _ => 1,
    }
}

/// The name behind the `$` that begins here, if one does.
fn parameter_name(rest: &str) -> &str {
    let Some(name) = rest.strip_prefix('$').filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())) else { return "" };
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str, names: &[&str]) -> Result<(String, Vec<Value>)> {
        let parameters: Vec<Param<'_>> = names.iter().zip(1..).map(|(name, value)| Param::new(name, value)).collect();
        numbered(SqlText { name: "test", text }, &parameters).map(|(text, values)| (text, values.into_iter().cloned().collect()))
    }

    #[test]
    fn names_become_numbers_in_the_order_in_which_they_occur() {
        let (text, values) = rewritten("select $b, $a, $b, $ab where x >= $a;", &["a", "b", "ab", "unused"]).unwrap();
        assert_eq!(text, "select $1, $2, $1, $3 where x >= $2;");
        assert_eq!(values, [Value::Integer(2), Value::Integer(1), Value::Integer(3)]);
    }

    #[test]
    fn texts_quoted_names_and_comments_stay() {
        let text = "select 'it''s $a', \"$a\", 5 - 3 / 2 -- $a\n/* $a */ from t where a = $a -- $a";
        assert_eq!(rewritten(text, &["a"]).unwrap().0, text.replace("= $a", "= $1"));
        for unended in ["select 'a", "select \"a", "select /* a", "select $", "select 1 -"] {
            assert_eq!(rewritten(unended, &["a"]).unwrap().0, unended);
        }
    }

    #[test]
    fn the_first_rows_and_the_number_of_rows_are_asked_for() {
        let question = "with a as (\n    select 1 as n\n    order by n\n)\n\nselect n\nfrom a\norder by n;\n";
        assert!(first_of(question, 7).ends_with("from a\norder by n\nlimit 7;\n"));
        let inner = "with a as (\n    select 1 as n\n    order by n\n)\n\nselect n\nfrom a";
        assert_eq!(count_of(question), format!("select count(*) as found\nfrom (\n{inner}\n) as answer;\n"));
    }

    #[test]
    fn a_parameter_without_a_value_is_named() {
        let error = rewritten("select $from", &["to"]).unwrap_err();
        assert_eq!(error.to_string(), "test has no value for its parameter $from");
    }
}
