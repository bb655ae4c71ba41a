//! What becomes of a JSON value in a column: Redshift's rules, and its words when there is no way.

use std::borrow::Cow;
use std::io::Write;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::value::RawValue;

use super::copy_statement::{CopyStatement, TimeFormat};

/// Stands for a byte that is no UTF-8 while a row is read. Never a character of its own.
pub const BAD_BYTE: char = '\u{fdd0}';

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Short,
    Integer,
    Long,
    Real,
    Double,
    Decimal(u32, u32),
    Boolean,
    Date,
    Timestamp,
    TimestampTz,
    Time,
    Char(usize),
    Varchar(usize),
}

impl Kind {
    /// From PostgreSQL's name and modifier of a type.
    pub fn of(name: &str, modifier: i32) -> Option<Self> {
        let size = usize::try_from(modifier - 4).ok();
        Some(match name {
            "int2" => Self::Short,
            "int4" => Self::Integer,
            "int8" => Self::Long,
            "float4" => Self::Real,
            "float8" => Self::Double,
            "numeric" => {
                let packed = size.unwrap_or(38 << 16) as u32;
                Self::Decimal(packed >> 16, packed & 0xffff)
            }
            "bool" => Self::Boolean,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::TimestampTz,
            "time" | "timetz" => Self::Time,
            "bpchar" => Self::Char(size.unwrap_or(4096)),
            "varchar" | "text" => Self::Varchar(size.unwrap_or(65535)),
            _ => return None,
        })
    }

    /// The name and the length that the system views give.
    pub fn shown(self) -> (&'static str, String) {
        match self {
            Self::Short => ("int2", "0".to_owned()),
            Self::Integer => ("int4", "0".to_owned()),
            Self::Long => ("int8", "0".to_owned()),
            Self::Real => ("float4", "0".to_owned()),
            Self::Double => ("float8", "0".to_owned()),
            Self::Decimal(precision, scale) => ("numeric", format!("{precision}, {scale}")),
            Self::Boolean => ("bool", "0".to_owned()),
            Self::Date => ("date", "0".to_owned()),
            Self::Timestamp => ("timestamp", "0".to_owned()),
            Self::TimestampTz => ("timestamptz", "0".to_owned()),
            Self::Time => ("time", "0".to_owned()),
            Self::Char(size) => ("char", size.to_string()),
            Self::Varchar(size) => ("varchar", size.to_string()),
        }
    }
}

/// Why a value does not go into its column.
#[derive(Debug, PartialEq, Eq)]
pub struct Bad {
    pub code: i32,
    pub reason: String,
    /// The value as text.
    pub value: String,
}

fn bad(code: i32, value: &str, reason: impl Into<String>) -> Bad {
    Bad { code, reason: reason.into(), value: value.to_owned() }
}

/// Writes a value in PostgreSQL's text format of COPY. Says whether bytes were replaced.
///
/// # Errors
/// Why it does not go into the column.
pub fn write(kind: Kind, raw: Option<&RawValue>, options: &CopyStatement, out: &mut Vec<u8>) -> Result<Outcome, Bad> {
    let Some(raw) = raw else { return Ok(null(out)) };
    let json = raw.get();
    let text = match json.as_bytes()[0] {
        b'n' => return Ok(null(out)),
        b'"' => text_of(json)?,
        // Numbers, truth values, objects and arrays are taken as they were written.
        _ => Cow::Borrowed(json),
    };
    let is_text = json.starts_with('"');
    match kind {
        Kind::Varchar(size) | Kind::Char(size) => write_text(kind, size, &text, options, out),
        _ if text.trim().is_empty() => Ok(null(out)),
        _ => {
            let text = text.trim();
            match kind {
                Kind::Short => integer(text, "Short", i64::from(i16::MIN), i64::from(i16::MAX), out)?,
                Kind::Integer => integer(text, "Integer", i64::from(i32::MIN), i64::from(i32::MAX), out)?,
                Kind::Long => integer(text, "Long", i64::MIN, i64::MAX, out)?,
                Kind::Real => float(text, "Float", f64::from(f32::MAX), out)?,
                Kind::Double => float(text, "Double", f64::MAX, out)?,
                Kind::Decimal(precision, scale) => decimal(text, is_text, precision, scale, options.round_dec, out)?,
                Kind::Boolean => boolean(text, out)?,
                Kind::Date => match date(text) {
                    Some(date) => put(out, &date.to_string()),
                    None if options.accept_any_date => return Ok(null(out)),
                    None => return Err(bad(1205, text, "Invalid Date Format - length must be 10 or more")),
                },
                Kind::Time => put(out, text),
                _ => match moment(text, &options.time_format) {
                    Some(moment) => put(
                        out,
                        &format!(
                            "{}{}",
                            moment.format("%Y-%m-%d %H:%M:%S%.6f"),
                            if kind == Kind::TimestampTz { "+00" } else { "" }
                        ),
                    ),
                    None if options.accept_any_date => return Ok(null(out)),
                    None => return Err(moment_fault(text, &options.time_format)),
                },
            }
            Ok(Outcome::Value)
        }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Null,
    Value,
    /// A value in which bytes that are no UTF-8 were replaced.
    Replaced,
}

fn null(out: &mut Vec<u8>) -> Outcome {
    out.extend_from_slice(b"\\N");
    Outcome::Null
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn text_of(json: &str) -> Result<Cow<'_, str>, Bad> {
    if !json.contains('\\') {
        return Ok(Cow::Borrowed(&json[1..json.len() - 1]));
    }
    serde_json::from_str::<String>(json)
        .map(Cow::Owned)
        .map_err(|_| bad(1220, json, "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 escape sequence"))
}

fn write_text(kind: Kind, size: usize, text: &str, options: &CopyStatement, out: &mut Vec<u8>) -> Result<Outcome, Bad> {
    let blank = text.chars().all(char::is_whitespace);
    if (text.is_empty() && options.empty_as_null) || (blank && !text.is_empty() && options.blanks_as_null) {
        return Ok(null(out));
    }
    let mut text = Cow::Borrowed(text);
    let mut outcome = Outcome::Value;
    if text.contains(BAD_BYTE) {
        match options.accept_inv_chars {
            Some(instead) if matches!(kind, Kind::Varchar(_)) => {
                text = Cow::Owned(text.replace(BAD_BYTE, &instead.to_string()));
                outcome = Outcome::Replaced;
            }
            _ => return Err(bad(1220, &text, "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence")),
        }
    }
    if text.contains('\0') {
        // What the service does is not documented. PostgreSQL cannot hold it.
        return Err(bad(
            1220,
            &text.replace('\0', ""),
            "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: 00 (error 3)",
        ));
    }
    if matches!(kind, Kind::Char(_))
        && let Some(c) = text.chars().find(|c| !c.is_ascii())
    {
        let hex: Vec<String> = c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("{byte:02x}")).collect();
        return Err(bad(
            1220,
            &text,
            format!("Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: {}", hex.join(" ")),
        ));
    }
    if text.len() > size {
        if !options.truncate_columns {
            let what =
                if matches!(kind, Kind::Char(_)) { "Char length exceeds DDL length" } else { "String length exceeds DDL length" };
            return Err(bad(1204, &text, what));
        }
        let end = (0..=size).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text = Cow::Owned(text[..end].to_owned());
    }
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            _ => continue,
        };
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(escaped);
        from = at + 1;
    }
    out.extend_from_slice(&bytes[from..]);
    Ok(outcome)
}

fn invalid_digit(text: &str, at: usize, kind: &str) -> String {
    let digit = text[at..].chars().next().map(String::from).unwrap_or_default();
    format!("Invalid digit, Value '{digit}', Pos {at}, Type: {kind}")
}

fn integer(text: &str, kind: &str, least: i64, most: i64, out: &mut Vec<u8>) -> Result<(), Bad> {
    let sign = usize::from(text.starts_with(['-', '+']));
    if let Some(at) = text[sign..].find(|c: char| !c.is_ascii_digit()).or((text.len() == sign).then_some(0)) {
        return Err(bad(1207, text, invalid_digit(text, sign + at, kind)));
    }
    match text.parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => {
            let _ = write!(out, "{number}");
            Ok(())
        }
        _ => Err(bad(1204, text, format!("Overflow, Value '{text}', Type: {kind}"))),
    }
}

fn float(text: &str, kind: &str, most: f64, out: &mut Vec<u8>) -> Result<(), Bad> {
    let wrong = || text.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(0);
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    match text.parse::<f64>() {
        Ok(0.0) if mantissa.contains(|c: char| ('1'..='9').contains(&c)) => {
            Err(bad(1204, text, format!("Underflow, Value '{text}', Type: {kind}")))
        }
        Ok(number) if number.is_finite() && number.abs() <= most => {
            put(out, text);
            Ok(())
        }
        Ok(number) if number.is_nan() => Err(bad(1208, text, invalid_digit(text, 0, kind))),
        Ok(_) => Err(bad(1204, text, format!("Overflow, Value '{text}', Type: {kind}"))),
        Err(_) => Err(bad(1208, text, invalid_digit(text, wrong(), kind))),
    }
}

fn decimal(text: &str, is_text: bool, precision: u32, scale: u32, round: bool, out: &mut Vec<u8>) -> Result<(), Bad> {
    let wrong = |at: usize| bad(1207, text, invalid_digit(text, at, "Decimal"));
    // A number that is not in quotes goes through floating point.
    let text =
        if is_text { text.to_owned() } else { text.parse::<f64>().map(|number| number.to_string()).map_err(|_| wrong(0))? };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if let Some(at) = digits.find(|c: char| !c.is_ascii_digit() && c != '.').or((whole.len() + fraction.len() == 0).then_some(0))
    {
        return Err(wrong(at));
    }
    if whole.trim_start_matches('0').len() > (precision - scale) as usize {
        return Err(bad(1204, &text, format!("Overflow, Value '{text}', Type: Decimal")));
    }
    let kept = &fraction[..fraction.len().min(scale as usize)];
    // PostgreSQL rounds what has too many places; what has none left to round is cut.
    let fraction = if round { fraction } else { kept };
    let _ = write!(out, "{sign}{}.{fraction}0", if whole.is_empty() { "0" } else { whole });
    Ok(())
}

fn boolean(text: &str, out: &mut Vec<u8>) -> Result<(), Bad> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "1" => put(out, "t"),
        "f" | "false" | "n" | "no" | "0" => put(out, "f"),
        _ => return Err(bad(1210, text, "Unknown boolean format")),
    }
    Ok(())
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()
}

fn moment(text: &str, format: &TimeFormat) -> Option<NaiveDateTime> {
    match format {
        TimeFormat::EpochSeconds => DateTime::from_timestamp(text.parse().ok()?, 0).map(|moment| moment.naive_utc()),
        TimeFormat::EpochMilliseconds => DateTime::from_timestamp_millis(text.parse().ok()?).map(|moment| moment.naive_utc()),
        TimeFormat::Default => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok(),
        TimeFormat::Auto => ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.naive_utc()))
            .or_else(|| if text.len() == 10 { date(text)?.and_hms_opt(0, 0, 0) } else { None }),
    }
}

fn moment_fault(text: &str, format: &TimeFormat) -> Bad {
    let known = match format {
        TimeFormat::EpochSeconds => "epochsecs",
        TimeFormat::EpochMilliseconds => "epochmillisecs",
        _ => "YYYY-MM-DD HH24:MI:SS",
    };
    bad(1206, text, format!("Invalid timestamp format or value [{known}]"))
}
