//! Which of the data's days are its bulk: a single event of the year 9999 must not stretch what answers are about.

use chrono::{NaiveDate, NaiveDateTime};

use crate::error::Result;
use crate::warehouse::{EachRow, SqlText, Value, Warehouse, sql_file};

const BOUNDS: SqlText<'_> = sql_file!("provenance/bounds", named "footing/bounds");
const DAYS: SqlText<'_> = sql_file!("provenance/days", named "footing/days");

/// The most days that the queries' time spines have.
pub(super) const MOST_DAYS: i64 = 100_000;

/// More days than these without an event part the far from the rest. The shorter ones count only where what the longer ones
/// leave together is longer than a window can be.
const GAPS: [i64; 4] = [3653, 366, 31, 1];

/// From when to when the warehouse has events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataRange {
    /// First and last event of the bulk.
    pub bulk: (NaiveDateTime, NaiveDateTime),
    /// First and last event of all.
    pub whole: (NaiveDateTime, NaiveDateTime),
    /// How many events lie outside the bulk.
    pub outside: u64,
}

impl DataRange {
    /// Data without anything far off.
    #[must_use]
    pub fn of(first: NaiveDateTime, last: NaiveDateTime) -> Self {
        Self { bulk: (first, last), whole: (first, last), outside: 0 }
    }

    /// Reads it.
    ///
    /// # Errors
    /// What the engine reports.
    pub fn read(warehouse: &mut Warehouse) -> Result<Option<Self>> {
        let answer = warehouse.answer(BOUNDS, &[])?;
        let end = |column| answer.rows.first().and_then(|row| time(row.get(column)?));
        let Some((first, last)) = end(0).zip(end(1)) else { return Ok(None) };
        let all = Self::of(first, last);
        // No gap is that long, so that nobody needs to look for one.
        if (last.date() - first.date()).num_days() <= GAPS[0] {
            return Ok(Some(all));
        }
        let mut days = Vec::new();
        let mut each = EachRow(|row: &[Value]| {
            if let [_, Value::Integer(events), first, last] = row
                && let Some((first, last)) = time(first).zip(time(last))
            {
                days.push(Day { events: u64::try_from(*events).unwrap_or(0), first, last });
            }
            Ok(())
        });
        warehouse.query(DAYS, &[], &mut each)?;
        Ok(Some(bulk_of(&days).unwrap_or(all)))
    }
}

/// A day that has events.
#[derive(Debug, Clone, Copy)]
struct Day {
    events: u64,
    first: NaiveDateTime,
    last: NaiveDateTime,
}

impl Day {
    fn date(&self) -> NaiveDate {
        self.first.date()
    }
}

/// The bulk of days that come in their order: of the groups that gaps part, the one with the most events; of equals, the first.
fn bulk_of(days: &[Day]) -> Option<DataRange> {
    let events = |group: &[Day]| group.iter().map(|day| day.events).sum::<u64>();
    let mut chosen = days;
    for gap in GAPS {
        let groups = chosen.chunk_by(|a, b| (b.date() - a.date()).num_days() <= gap);
        chosen = groups.rev().max_by_key(|group| events(group))?;
        if (chosen.last()?.date() - chosen.first()?.date()).num_days() < MOST_DAYS {
            break;
        }
    }
    Some(DataRange {
        bulk: (chosen.first()?.first, chosen.last()?.last),
        whole: (days.first()?.first, days.last()?.last),
        outside: events(days) - events(chosen),
    })
}

fn time(value: &Value) -> Option<NaiveDateTime> {
    match value {
        Value::Text(text) => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: &[(&str, u64)]) -> Vec<Day> {
        let day = |(date, events): &(&str, u64)| {
            let date: NaiveDate = date.parse().unwrap();
            Day { events: *events, first: date.and_hms_opt(1, 0, 0).unwrap(), last: date.and_hms_opt(23, 0, 0).unwrap() }
        };
        days.iter().map(day).collect()
    }

    fn bulk(of: &[(&str, u64)]) -> (String, String, u64) {
        let range = bulk_of(&days(of)).unwrap();
        (range.bulk.0.date().to_string(), range.bulk.1.date().to_string(), range.outside)
    }

    #[test]
    fn days_that_a_decade_parts_from_the_bulk_are_outside() {
        let all = [("0001-01-01", 1), ("1970-01-18", 2), ("2018-11-01", 5), ("2018-11-03", 1), ("9999-06-01", 3)];
        assert_eq!(bulk(&all), ("2018-11-01".to_owned(), "2018-11-03".to_owned(), 6));
        // Of equals the first.
        assert_eq!(bulk(&[("2018-11-01", 1), ("9999-06-01", 1)]).2, 1);
        assert_eq!(bulk(&[("2018-11-01", 1), ("9999-06-01", 1)]).0, "2018-11-01");
    }

    #[test]
    fn data_with_gaps_of_years_is_one() {
        assert_eq!(bulk(&[("2009-01-01", 1), ("2018-11-01", 900)]).2, 0);
        assert_eq!(bulk(&[("2008-10-30", 1), ("2018-11-01", 900)]), ("2018-11-01".to_owned(), "2018-11-01".to_owned(), 1));
        assert_eq!(bulk(&[("2008-11-01", 1), ("2018-11-02", 900)]).2, 0, "ten years to the day are no gap yet");
    }

    #[test]
    fn the_bulk_is_never_longer_than_a_window() {
        let mut lines: Vec<(String, u64)> = (2018..=9999).map(|year| (format!("{year}-07-01"), 1)).collect();
        lines.insert(0, ("2018-06-01".to_owned(), 40));
        let lines: Vec<(&str, u64)> = lines.iter().map(|(date, events)| (date.as_str(), *events)).collect();
        assert_eq!(bulk(&lines), ("2018-06-01".to_owned(), "2018-07-01".to_owned(), 7981));
    }
}
