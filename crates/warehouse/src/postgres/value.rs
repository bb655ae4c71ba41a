//! Values between people's form and the server's: parameters go as text, which the server reads as the type it wants;
//! answers come in its binary form.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use super::super::Value;
use super::copy::EPOCH_US;
use crate::calendar::{Date, time_of_day};

type Fault = Box<dyn StdError + Sync + Send>;

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub &'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        if *self.0 == Value::Null {
            return Ok(IsNull::Yes);
        }
        out.extend_from_slice(self.0.to_string().as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl FromSql<'_> for Value {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Fault> {
        value(ty, raw)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The type by which the server is to make text of values that [`value`] has no form for.
pub(super) fn text_type(ty: &Type) -> Option<&'static str> {
    match ty.kind() {
        Kind::Array(element) => text_type(element).map(|_| "text[]"),
        Kind::Domain(base) => text_type(base),
        Kind::Enum(_) => None,
        _ => (!HAVE_A_FORM.contains(ty)).then_some("text"),
    }
}

/// The types whose values are read from the server's binary form.
const HAVE_A_FORM: [Type; 22] = [
    Type::BOOL,
    Type::INT2,
    Type::INT4,
    Type::INT8,
    Type::OID,
    Type::FLOAT4,
    Type::FLOAT8,
    Type::NUMERIC,
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::DATE,
    Type::TIME,
    Type::UUID,
    Type::JSONB,
    Type::TEXT,
    Type::VARCHAR,
    Type::BPCHAR,
    Type::NAME,
    Type::UNKNOWN,
    Type::JSON,
    Type::XML,
    Type::VOID,
];

fn value(ty: &Type, raw: &[u8]) -> Result<Value, Fault> {
    let text = |raw: &[u8]| Ok(Value::Text(std::str::from_utf8(raw)?.to_owned()));
    match ty.kind() {
        Kind::Array(element) => return array(element, raw),
        Kind::Domain(base) => return value(base, raw),
        Kind::Enum(_) => return text(raw),
        _ => {}
    }
    Ok(match *ty {
        Type::BOOL => Value::Boolean(raw.first().is_some_and(|byte| *byte != 0)),
        Type::INT2 => Value::Integer(i16::from_be_bytes(raw.try_into()?).into()),
        Type::INT4 => Value::Integer(i32::from_be_bytes(raw.try_into()?).into()),
        Type::INT8 => Value::Integer(i64::from_be_bytes(raw.try_into()?).into()),
        Type::OID => Value::Integer(u32::from_be_bytes(raw.try_into()?).into()),
        Type::FLOAT4 => Value::of_f32(f32::from_be_bytes(raw.try_into()?)),
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(raw.try_into()?)),
        Type::NUMERIC => numeric(raw)?,
        Type::TIMESTAMP => Value::Text(timestamp(i64::from_be_bytes(raw.try_into()?), "")),
        // The session's zone is UTC.
        Type::TIMESTAMPTZ => Value::Text(timestamp(i64::from_be_bytes(raw.try_into()?), "+00")),
        Type::BYTEA => Value::Bytes(raw.to_vec()),
        Type::DATE => Value::Text(date(i32::from_be_bytes(raw.try_into()?))),
        Type::TIME => Value::Text(time_of_day(i64::from_be_bytes(raw.try_into()?))),
        Type::UUID => Value::Text(uuid::Uuid::from_slice(raw)?.to_string()),
        // Filled up with blanks, which mean nothing.
        Type::BPCHAR => Value::Text(std::str::from_utf8(raw)?.trim_end_matches(' ').to_owned()),
        // A version stands before the text.
        Type::JSONB => text(raw.get(1..).unwrap_or_default())?,
        _ if HAVE_A_FORM.contains(ty) => text(raw)?,
        _ => return Err(format!("a column is of the type {ty}, which sparkify cannot print").into()),
    })
}

/// Reads a big-endian field and moves on.
fn take<const N: usize>(raw: &mut &[u8]) -> Result<[u8; N], Fault> {
    let (first, rest) = raw.split_first_chunk::<N>().ok_or("a value is cut short")?;
    *raw = rest;
    Ok(*first)
}

fn timestamp(us: i64, zone: &str) -> String {
    const DAY: i64 = 86_400_000_000;
    match us {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (day, is_before_christ) = day(us.div_euclid(DAY));
    let era = if is_before_christ { " BC" } else { "" };
    format!("{day} {}{zone}{era}", time_of_day(us.rem_euclid(DAY)))
}

fn date(days: i32) -> String {
    match days {
        i32::MAX => return "infinity".to_owned(),
        i32::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (day, is_before_christ) = day(days.into());
    if is_before_christ { format!("{day} BC") } else { day }
}

/// A day, counted from the first of 2000, in the calendar of today, and whether it lies before the year 1.
fn day(days: i64) -> (String, bool) {
    let Date { year, month, day } = Date::of(days + EPOCH_US / 86_400_000_000);
    // There was no year 0.
    let shown = if year > 0 { year } else { 1 - year };
    (format!("{shown:04}-{month:02}-{day:02}"), year <= 0)
}

/// A list, or a list of lists for each further dimension.
fn array(element: &Type, mut raw: &[u8]) -> Result<Value, Fault> {
    let dimensions = i32::from_be_bytes(take(&mut raw)?);
    let (_has_nulls, _oid): ([u8; 4], [u8; 4]) = (take(&mut raw)?, take(&mut raw)?);
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        let (length, _lower_bound): ([u8; 4], [u8; 4]) = (take(&mut raw)?, take(&mut raw)?);
        lengths.push(usize::try_from(i32::from_be_bytes(length))?);
    }
    let mut items = Vec::new();
    while !raw.is_empty() {
        let length = i32::from_be_bytes(take(&mut raw)?);
        if length < 0 {
            items.push(Value::Null);
            continue;
        }
        let (item, rest) = raw.split_at_checked(length as usize).ok_or("a list is cut short")?;
        items.push(value(element, item)?);
        raw = rest;
    }
    // From the innermost dimension outwards.
    for length in lengths.into_iter().skip(1).rev().filter(|length| *length > 0) {
        items = items.chunks(length).map(|part| Value::List(part.to_vec())).collect();
    }
    Ok(Value::List(items))
}

/// A number of any length: groups of four decimal digits, the place of the first, a sign and how many decimals to show.
fn numeric(mut raw: &[u8]) -> Result<Value, Fault> {
    let groups = i16::from_be_bytes(take(&mut raw)?);
    let weight = i16::from_be_bytes(take(&mut raw)?);
    let sign = u16::from_be_bytes(take(&mut raw)?);
    let decimals = usize::from(u16::from_be_bytes(take(&mut raw)?));
    match sign {
        0xC000 => return Ok(Value::Float(f64::NAN)),
        0xD000 => return Ok(Value::Float(f64::INFINITY)),
        0xF000 => return Ok(Value::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    let mut digits = Vec::new();
    for _ in 0..groups {
        digits.push(i16::from_be_bytes(take(&mut raw)?));
    }
    let group = |place: i32| -> i16 {
        let at = i32::from(weight) - place;
        usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0)
    };
    let spelled = |places: &mut dyn Iterator<Item = i32>| -> String {
        places.flat_map(|place| format!("{:04}", group(place)).into_bytes()).map(char::from).collect()
    };
    let whole = spelled(&mut (0..=i32::from(weight).max(0)).rev());
    let whole = whole.trim_start_matches('0');
    let mut text = format!("{}{}", if sign == 0x4000 { "-" } else { "" }, if whole.is_empty() { "0" } else { whole });
    if decimals == 0 {
        return Ok(text.parse().map_or(Value::Text(text), Value::Integer));
    }
    let fraction = spelled(&mut (1..=decimals.div_ceil(4) as i32).map(|place| -place));
    text.push('.');
    text.push_str(&fraction[..decimals]);
    Ok(Value::Text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(groups: &[i16], weight: i16, sign: u16, decimals: u16) -> Value {
        let head = [groups.len() as u16, weight as u16, sign, decimals];
        let fields = head.into_iter().chain(groups.iter().map(|g| *g as u16));
        numeric(&fields.flat_map(u16::to_be_bytes).collect::<Vec<u8>>()).unwrap()
    }

    #[test]
    fn numbers_of_any_length() {
        assert_eq!(number(&[], 0, 0, 0), Value::Integer(0));
        assert_eq!(number(&[1, 2345, 6789], 2, 0, 0), Value::Integer(123_456_789));
        assert_eq!(number(&[5], 2, 0x4000, 0), Value::Integer(-500_000_000));
        assert_eq!(number(&[12, 5000], 0, 0, 1), Value::Text("12.5".into()));
        assert_eq!(number(&[12], -1, 0x4000, 4), Value::Text("-0.0012".into()));
        assert_eq!(number(&[12], -2, 0, 8), Value::Text("0.00000012".into()));
        assert_eq!(number(&[3], 0, 0, 3), Value::Text("3.000".into()));
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        assert!(numeric(&[0, 2, 0, 0]).is_err());
        assert!(value(&Type::INT4_ARRAY, &[0, 0, 0, 1, 0, 0]).is_err());
        assert!(value(&Type::INT8, &[1]).is_err());
        assert!(value(&Type::INET, &[1]).is_err());
    }
}
