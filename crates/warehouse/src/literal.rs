//! The only code that writes values into SQL, for an engine that takes no parameters. Elsewhere values are bound.

use super::query::{numbered, passed_over, time_text};
use super::{Param, SqlText, Value};
use crate::error::Result;

/// A text as a literal. Redshift takes a backslash in it for the beginning of an escape, so it is doubled as well.
#[must_use]
pub fn text(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for c in value.chars() {
        match c {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            // No text of the server's can hold it.
            '\0' => literal.push('\u{FFFD}'),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

/// A text as a literal for engines to which a backslash means nothing else.
#[must_use]
pub fn plain(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A value as a literal.
#[must_use]
pub fn value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(b) => b.to_string(),
        // The lowest number has no literal: a literal has no sign.
        Value::Integer(n) if *n == i128::from(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        Value::Integer(n) if *n < 0 => format!("({n})"),
        Value::Integer(n) => n.to_string(),
        Value::Float(x) if x.is_finite() => format!("cast('{x:e}' as double precision)"),
        Value::Float(_) => "cast(null as double precision)".to_owned(),
        Value::Text(value) => text(value),
        Value::Time(us) => timestamp(*us),
        Value::List(_) | Value::Record(_) | Value::Bytes(_) => text(&value.to_string()),
    }
}

/// A point in time, in microseconds since 1970, as a literal.
#[must_use]
pub fn timestamp(us: i64) -> String {
    format!("timestamp '{}'", time_text(us))
}

/// A query with the values of its parameters written into it. Without parameters the text stays as it is.
///
/// # Errors
/// [`crate::error::Kind::Query`] when it names a parameter that has no value.
pub fn with_values(query: SqlText<'_>, parameters: &[Param<'_>]) -> Result<String> {
    if parameters.is_empty() {
        return Ok(query.text.to_owned());
    }
    let (numbered, values) = numbered(query, parameters)?;
    let literals: Vec<String> = values.into_iter().map(value).collect();
    Ok(filled_in(&numbered, &literals))
}

/// The text with each `$1`, `$2`, … replaced by the literal of that number. Texts, quoted names and comments stay.
fn filled_in(sql: &str, literals: &[String]) -> String {
    let mut filled = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some(at) = rest.find(['$', '\'', '"', '-', '/']) {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
        let number = rest[1..=digits].parse::<usize>().ok().filter(|_| rest.starts_with('$'));
        if let Some(literal) = number.and_then(|number| literals.get(number.checked_sub(1)?)) {
            filled.push_str(literal);
            rest = &rest[1 + digits..];
        } else {
            let length = passed_over(rest);
            filled.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_literal() {
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text(r"a\'; drop table x; --"), r"'a\\''; drop table x; --'");
        assert_eq!(text("\\"), r"'\\'");
        assert_eq!(text("a\0b"), "'a\u{FFFD}b'");
    }

    #[test]
    fn numbers_keep_their_value() {
        assert_eq!(value(&Value::Integer(i64::MIN.into())), "(-9223372036854775807 - 1)");
        assert_eq!(value(&Value::Integer(-5)), "(-5)");
        assert_eq!(value(&Value::Float(0.1)), "cast('1e-1' as double precision)");
        assert_eq!(value(&Value::Null), "null");
        assert_eq!(timestamp(1_541_121_934_796_000), "timestamp '2018-11-02 01:25:34.796000'");
        assert_eq!(timestamp(-1), "timestamp '1969-12-31 23:59:59.999999'");
    }

    #[test]
    fn places_are_filled_but_those_in_texts_and_comments() {
        let literals = ["'a$2'".to_owned(), "7".to_owned()];
        assert_eq!(
            filled_in("select $1, $2, $12, '$1', \"$1\" -- $1\nfrom t where x = $2 - 1", &literals),
            "select 'a$2', 7, $12, '$1', \"$1\" -- $1\nfrom t where x = 7 - 1"
        );
        assert_eq!(filled_in("select $", &literals), "select $");
    }
}
