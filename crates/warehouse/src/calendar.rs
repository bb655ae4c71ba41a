//! Days in the calendar of today, also where they lie beyond what chrono knows.

/// A day of the calendar. There is a year 0, which is the one before the year 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

impl Date {
    /// The day that is so many days after the first of 1970.
    pub fn of(days: i64) -> Self {
        // Counted from the first of March of the year 0, years end with the leap day; 400 of them have as many days each.
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Self { year: year_of_era + era * 400 + next_year, month, day }
    }
}

/// A time of day in microseconds, with as many digits of a second as it takes.
pub(super) fn time_of_day(us: i64) -> String {
    let (seconds, us) = (us / 1_000_000, us % 1_000_000);
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if us == 0 { whole } else { format!("{whole}.{us:06}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, year, month, day) in [
            (0, 1970, 1, 1),
            (-1, 1969, 12, 31),
            (59, 1970, 3, 1),
            (11_016, 2000, 2, 29),
            (-719_162, 1, 1, 1),
            (-719_163, 0, 12, 31),
            (2_932_897, 10_000, 1, 1),
        ] {
            assert_eq!(Date::of(days), Date { year, month, day });
        }
        let first = chrono::NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
        for n in (0..3_652_000_u32).step_by(13) {
            let Date { year, month, day } = Date::of(i64::from(n) - 719_162);
            let text = (first + chrono::Days::new(n.into())).format("%Y-%m-%d").to_string();
            assert_eq!(format!("{year:04}-{month:02}-{day:02}"), text);
        }
    }

    #[test]
    fn parts_of_seconds_are_as_long_as_they_have_to_be() {
        assert_eq!(time_of_day(86_400_000_000), "24:00:00");
        assert_eq!(time_of_day(500_000), "00:00:00.5");
        assert_eq!(time_of_day(1), "00:00:00.000001");
    }
}
