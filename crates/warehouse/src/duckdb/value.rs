//! Values between people's form and the driver's. Times are spelled as DuckDB itself spells them.

use duckdb::types::{TimeUnit, Value as DuckValue, ValueRef};

use super::super::Value;
use super::super::calendar::{Date, time_of_day};

/// A value as DuckDB takes it for a parameter. Lists and records have no such form and become text.
pub(super) fn bound(value: &Value) -> DuckValue {
    match value {
        Value::Null => DuckValue::Null,
        Value::Boolean(b) => DuckValue::Boolean(*b),
        // The narrowest type, as comparing a column with a wider one keeps DuckDB from skipping what cannot match.
        Value::Integer(n) => i64::try_from(*n).map_or(DuckValue::HugeInt(*n), DuckValue::BigInt),
        Value::Float(x) => DuckValue::Double(*x),
        Value::Text(text) => DuckValue::Text(text.clone()),
        Value::Time(us) => DuckValue::Timestamp(TimeUnit::Microsecond, *us),
        other => DuckValue::Text(other.to_string()),
    }
}

/// A value of an answer. Types that the driver has no good value for were made texts of before.
pub(super) fn value_of(value: ValueRef<'_>) -> Value {
    owned(value.to_owned())
}

fn owned(value: DuckValue) -> Value {
    use DuckValue as D;
    let list = |items: Vec<D>| Value::List(items.into_iter().map(owned).collect());
    match value {
        D::Null => Value::Null,
        D::Boolean(b) => Value::Boolean(b),
        D::TinyInt(n) => Value::Integer(n.into()),
        D::SmallInt(n) => Value::Integer(n.into()),
        D::Int(n) => Value::Integer(n.into()),
        D::BigInt(n) => Value::Integer(n.into()),
        D::HugeInt(n) => Value::Integer(n),
        D::UHugeInt(n) => i128::try_from(n).map_or_else(|_| Value::Text(n.to_string()), Value::Integer),
        D::UTinyInt(n) => Value::Integer(n.into()),
        D::USmallInt(n) => Value::Integer(n.into()),
        D::UInt(n) => Value::Integer(n.into()),
        D::UBigInt(n) => Value::Integer(n.into()),
        D::Float(x) => Value::of_f32(x),
        D::Double(x) => Value::Float(x),
        D::Blob(bytes) => Value::Bytes(bytes),
        D::Decimal(d) => Value::Text(d.to_string()),
        D::Timestamp(TimeUnit::Microsecond, n) => Value::Text(timestamp(n)),
        D::Text(text) | D::Enum(text) => Value::Text(text),
        D::Date32(days) => Value::Text(date(days)),
        D::Time64(TimeUnit::Microsecond, n) => Value::Text(time_of_day(n)),
        D::List(items) | D::Array(items) => list(items),
        D::Struct(fields) => Value::Record(fields.iter().map(|(name, v)| (name.clone(), owned(v.clone()))).collect()),
        D::Map(entries) => Value::Record(entries.iter().map(|(k, v)| (owned(k.clone()).to_string(), owned(v.clone()))).collect()),
        D::Union(inner) => owned(*inner),
        other => Value::Text(format!("{other:?}")),
    }
}

/// The ends of the range stand for what lies beyond all times.
fn infinite(is_last: bool, is_first: bool) -> Option<&'static str> {
    if is_last {
        Some("infinity")
    } else if is_first {
        Some("-infinity")
    } else {
        None
    }
}

fn timestamp(us: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    if let Some(name) = infinite(us == i64::MAX, us == -i64::MAX) {
        return name.to_owned();
    }
    format!("{} {}", day(us.div_euclid(DAY)), time_of_day(us.rem_euclid(DAY)))
}

fn date(days: i32) -> String {
    infinite(days == i32::MAX, days == -i32::MAX).map_or_else(|| day(days.into()), str::to_owned)
}

/// A day since 1970.
fn day(days: i64) -> String {
    let Date { year, month, day } = Date::of(days);
    // There was no year 0.
    if year > 0 { format!("{year:04}-{month:02}-{day:02}") } else { format!("{:04}-{month:02}-{day:02} (BC)", 1 - year) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_as_duckdb_does() {
        assert_eq!(timestamp(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(timestamp(1_541_106_106_500_000), "2018-11-01 21:01:46.5");
        assert_eq!((timestamp(i64::MAX), timestamp(-i64::MAX)), ("infinity".to_owned(), "-infinity".to_owned()));
        assert_eq!((date(-719_163), date(i32::MAX)), ("0001-12-31 (BC)".to_owned(), "infinity".to_owned()));
    }
}
