//! The parts of a point in time that the time dimension shows.

use chrono::{Datelike, NaiveDate};

const DAY_MS: i64 = 86_400_000;

/// A part of a point in time, in UTC. Week and weekday are ISO's; year is the calendar's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the columns'")]
pub enum TimePart {
    Hour,
    Day,
    Week,
    Month,
    Year,
    Weekday,
}

/// Tells the parts of points in time; quick where they come in order, as most share the day of the one before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// Days since 1970.
    day_number: i64,
    date: NaiveDate,
}

impl Clock {
    /// A part of the time that is `ms` milliseconds after 1970.
    #[inline]
    pub fn part(&mut self, ms: i64, part: TimePart) -> i16 {
        if part == TimePart::Hour {
            return (ms.rem_euclid(DAY_MS) / 3_600_000) as i16;
        }
        let day_number = ms.div_euclid(DAY_MS);
        if day_number != self.day_number {
            self.day_number = day_number;
            // Decoding keeps times within the years 1 to 9999.
            self.date = chrono::DateTime::from_timestamp_millis(day_number * DAY_MS).unwrap_or_default().date_naive();
        }
        match part {
            TimePart::Hour => 0,
            TimePart::Day => self.date.day() as i16,
            TimePart::Week => self.date.iso_week().week() as i16,
            TimePart::Month => self.date.month() as i16,
            TimePart::Year => self.date.year() as i16,
            TimePart::Weekday => self.date.weekday().number_from_monday() as i16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_edges() {
        let mut clock = Clock::default();
        let mut parts = |text: &str| {
            let ms = chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
            use TimePart::{Day, Hour, Month, Week, Weekday, Year};
            [Hour, Day, Week, Month, Year, Weekday].map(|part| clock.part(ms, part))
        };
        assert_eq!(parts("1970-01-01T00:00:00Z"), [0, 1, 1, 1, 1970, 4]);
        assert_eq!(parts("2018-11-30T23:59:59.999Z"), [23, 30, 48, 11, 2018, 5]);
        assert_eq!(parts("2021-01-03T12:00:00Z"), [12, 3, 53, 1, 2021, 7], "the first days of a year can be in the last week");
        assert_eq!(parts("1969-12-31T23:00:00Z"), [23, 31, 1, 12, 1969, 3]);
        assert_eq!(parts("2024-02-29T05:06:07.008Z"), [5, 29, 9, 2, 2024, 4]);
    }
}
