//! Instants as users write them, in UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// Milliseconds since 1970 of `2026-09-01`, `2026-09-01T12:30:00`, with or without a fraction and a zone.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let at = match text.parse::<NaiveDate>() {
        Ok(date) => date.and_time(NaiveTime::MIN),
        Err(_) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => at.naive_utc(),
            Err(_) => ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
                .iter()
                .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?,
        },
    };
    // Years of five digits have no place in file names and lines.
    let ms = at.and_utc().timestamp_millis();
    (0..253_402_300_800_000).contains(&ms).then_some(ms)
}

/// An instant as users write it.
#[must_use]
pub fn show(ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    let format = if ms % 86_400_000 == 0 { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%S%.f" };
    at.format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_as_utc() {
        for (text, ms) in [
            ("2018-11-01", Some(1_541_030_400_000)),
            ("2018-11-01T21:01:46.796", Some(1_541_106_106_796)),
            ("2018-11-01T22:01:46.796+01:00", Some(1_541_106_106_796)),
            ("2018-11-01 21:01", Some(1_541_106_060_000)),
            ("yesterday", None),
            ("2018-13-01", None),
            ("1969-12-31", None),
        ] {
            assert_eq!(parse(text), ms, "{text}");
        }
        assert_eq!((show(1_541_030_400_000), show(1_541_106_106_796)), ("2018-11-01".into(), "2018-11-01T21:01:46.796".into()));
    }
}
