//! Values between people's form and the server's: parameters go as text, which the server reads as the type it wants;
//! answers come in its binary form.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use super::super::Value;
use super::copy::EPOCH_US;

type Fault = Box<dyn StdError + Sync + Send>;

/// A time in microseconds since 1970, for columns without a time zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timestamp(i64);

impl Timestamp {
    pub fn of_ms(ms: i64) -> Self {
        Self(ms * 1000)
    }

    pub fn us(self) -> i64 {
        self.0
    }
}

impl ToSql for Timestamp {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        out.extend_from_slice(&(self.0 - EPOCH_US).to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMP
    }

    to_sql_checked!();
}

impl FromSql<'_> for Timestamp {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Fault> {
        Ok(Self(i64::from_be_bytes(raw.try_into()?).saturating_add(EPOCH_US)))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMP
    }
}

/// A value as it goes to the server and comes from it.
#[derive(Debug)]
pub(super) struct Cell(pub Value);

impl Cell {
    pub fn or_null(cell: Option<Self>) -> Value {
        cell.map_or(Value::Null, |cell| cell.0)
    }
}

impl ToSql for Cell {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        if self.0 == Value::Null {
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

impl FromSql<'_> for Cell {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Fault> {
        value(ty, raw).map(Cell)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn value(ty: &Type, raw: &[u8]) -> Result<Value, Fault> {
    let text = |raw: &[u8]| Ok(Value::Text(std::str::from_utf8(raw)?.to_owned()));
    match ty.kind() {
        Kind::Array(element) => return Ok(Value::List(array(element, raw)?)),
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
        Type::FLOAT4 => Value::Float(f32::from_be_bytes(raw.try_into()?).into()),
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(raw.try_into()?)),
        Type::NUMERIC => numeric(raw)?,
        Type::TIMESTAMP => Value::Text(timestamp(i64::from_be_bytes(raw.try_into()?))),
        Type::TIMESTAMPTZ => Value::Text(format!("{}+00", timestamp(i64::from_be_bytes(raw.try_into()?)))),
        Type::DATE => Value::Text(date(i32::from_be_bytes(raw.try_into()?))),
        Type::TIME => Value::Text(time_of_day(i64::from_be_bytes(raw.try_into()?))),
        Type::INTERVAL => interval(raw)?,
        Type::UUID => Value::Text(uuid::Uuid::from_slice(raw)?.to_string()),
        Type::BYTEA => Value::Text(raw.iter().map(|b| format!("\\x{b:02X}")).collect::<Vec<_>>().concat()),
        // A version stands before the text.
        Type::JSONB => text(raw.get(1..).unwrap_or_default())?,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::CHAR | Type::UNKNOWN | Type::JSON | Type::XML => {
            text(raw)?
        }
        _ => return Err(format!("a column is of the type {ty}, which sparkify cannot show; cast it: `cast(… as text)`").into()),
    })
}

/// Reads a big-endian field and moves on.
fn take<const N: usize>(raw: &mut &[u8]) -> Result<[u8; N], Fault> {
    let (first, rest) = raw.split_first_chunk::<N>().ok_or("a value is cut short")?;
    *raw = rest;
    Ok(*first)
}

fn timestamp(us: i64) -> String {
    match us {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let us = us.saturating_add(EPOCH_US);
    chrono::DateTime::from_timestamp_micros(us)
        .map_or_else(|| us.to_string(), |t| t.naive_utc().format("%Y-%m-%d %H:%M:%S%.f").to_string())
}

fn date(days: i32) -> String {
    const DAYS_TO_2000: i64 = EPOCH_US / 86_400_000_000;
    match days {
        i32::MAX => return "infinity".to_owned(),
        i32::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    chrono::DateTime::from_timestamp((i64::from(days) + DAYS_TO_2000) * 86_400, 0)
        .map_or_else(|| days.to_string(), |t| t.date_naive().to_string())
}

fn time_of_day(us: i64) -> String {
    let (seconds, us) = (us / 1_000_000, us % 1_000_000);
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if us == 0 { whole } else { format!("{whole}.{us:06}").trim_end_matches('0').to_owned() }
}

fn interval(mut raw: &[u8]) -> Result<Value, Fault> {
    let us = i64::from_be_bytes(take(&mut raw)?);
    let (days, months) = (i32::from_be_bytes(take(&mut raw)?), i32::from_be_bytes(take(&mut raw)?));
    Ok(Value::Text(format!("{months} months {days} days {} seconds", us as f64 / 1e6)))
}

/// Of one dimension; others lose their shape.
fn array(element: &Type, mut raw: &[u8]) -> Result<Vec<Value>, Fault> {
    let dimensions = i32::from_be_bytes(take(&mut raw)?);
    let (_has_nulls, _oid): ([u8; 4], [u8; 4]) = (take(&mut raw)?, take(&mut raw)?);
    for _ in 0..dimensions {
        let (_length, _lower_bound): ([u8; 4], [u8; 4]) = (take(&mut raw)?, take(&mut raw)?);
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
    Ok(items)
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
    let whole: String = (0..=i32::from(weight).max(0)).rev().map(|place| format!("{:04}", group(place))).collect();
    let whole = whole.trim_start_matches('0');
    let mut text = format!("{}{}", if sign == 0x4000 { "-" } else { "" }, if whole.is_empty() { "0" } else { whole });
    if decimals == 0 {
        return Ok(text.parse().map_or(Value::Text(text), Value::Integer));
    }
    let fraction: String = (1..=decimals.div_ceil(4) as i32).map(|place| format!("{:04}", group(-place))).collect();
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
