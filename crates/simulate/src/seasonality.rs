//! Seasonality by day and week: when sessions begin, and on which days fewer do. Times are whole seconds since 1970.

use chrono::{Datelike, NaiveDate, Weekday};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// The strength of the daily and the weekly seasonality.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasonality {
    /// The part of a day by which a start may move towards the afternoon.
    pub damping: f64,
    /// The share of starts that weekends and holidays lack.
    pub weekend: f64,
    /// How long before the first midnight the weekend begins to lower starts, in seconds.
    pub offset: i64,
    /// How long the weekend takes to lower starts in full, in seconds.
    pub scale: i64,
}

impl Seasonality {
    /// Moves an instant towards the afternoon: most starts are at 15:00, fewest at 03:00.
    #[must_use]
    pub fn warp(&self, at: i64) -> i64 {
        let angle = std::f64::consts::TAU * (at.rem_euclid(DAY) - 3 * 3600) as f64 / DAY as f64;
        at + (self.damping * DAY as f64 * angle.sin()).floor() as i64
    }

    /// The probability that a start at this instant does not happen.
    #[must_use]
    pub fn damped(&self, at: i64) -> f64 {
        if self.weekend <= 0.0 {
            return 0.0;
        }
        let today = at.div_euclid(DAY);
        let since_midnight = at.rem_euclid(DAY);
        // How far the free days have begun, and how far they are from over, as shares of the ramp.
        let rise = |midnight: i64| self.ramp(at - (midnight - self.offset));
        let fall = |midnight: i64| self.ramp(midnight + self.offset - at);
        let share = if is_free(today) {
            let risen = if is_free(today - 1) { 1.0 } else { rise(today * DAY) };
            let left = if is_free(today + 1) { 1.0 } else { fall((today + 1) * DAY) };
            risen.min(left)
        } else {
            let before = if since_midnight < self.offset && is_free(today - 1) { fall(today * DAY) } else { 0.0 };
            let after = if DAY - since_midnight <= self.offset && is_free(today + 1) { rise((today + 1) * DAY) } else { 0.0 };
            f64::max(before, after)
        };
        share * self.weekend
    }

    fn ramp(&self, passed: i64) -> f64 {
        if self.scale <= 0 { f64::from(u8::from(passed >= 0)) } else { (passed as f64 / self.scale as f64).clamp(0.0, 1.0) }
    }
}

/// Whether a day, counted from 1970-01-01, is a weekend or a public holiday of the United States.
#[must_use]
pub fn is_free(day: i64) -> bool {
    // 1970-01-01 was a Thursday.
    (day + 3).rem_euclid(7) >= 5 || date(day).is_some_and(is_holiday)
}

fn date(day: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(day + 719_163).ok()?)
}

/// The federal holidays that fall on a weekday or are observed on one.
fn is_holiday(date: NaiveDate) -> bool {
    let (month, day) = (date.month(), date.day());
    let nth = (day - 1) / 7 + 1;
    let last = NaiveDate::from_ymd_opt(date.year(), month, day + 7).is_none();
    let observed = |month: u32, day: u32| is_observed(date, month, day);
    match date.weekday() {
        Weekday::Mon if month == 1 || month == 2 => nth == 3 || observed(1, 1),
        Weekday::Mon if month == 5 => last,
        Weekday::Mon if month == 9 => nth == 1,
        Weekday::Mon if month == 10 => nth == 2,
        Weekday::Thu if month == 11 && nth == 4 => true,
        _ => observed(1, 1) || (date.year() >= 2021 && observed(6, 19)) || observed(7, 4) || observed(11, 11) || observed(12, 25),
    }
}

/// Whether a holiday of a fixed date is observed on this one: a Saturday's on the Friday before, a Sunday's on the Monday.
fn is_observed(date: NaiveDate, month: u32, day: u32) -> bool {
    let is_it = |date: Option<NaiveDate>| date.is_some_and(|d| (d.month(), d.day()) == (month, day));
    match date.weekday() {
        Weekday::Mon => is_it(Some(date)) || is_it(date.pred_opt()),
        Weekday::Fri => is_it(Some(date)) || is_it(date.succ_opt()),
        _ => is_it(Some(date)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i64 {
        text.parse::<NaiveDate>().unwrap().signed_duration_since(NaiveDate::default()).num_days()
    }

    fn at(text: &str) -> i64 {
        chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc().timestamp()
    }

    #[test]
    fn weekends_and_holidays_are_free() {
        let holidays = ["2018-01-01", "2018-01-15", "2018-02-19", "2018-05-28", "2018-07-04", "2018-09-03", "2018-10-08"];
        for free in holidays.iter().chain(&["2018-11-12", "2018-11-22", "2018-12-25", "2021-12-31", "2018-11-03"]) {
            assert!(is_free(day(free)), "{free}");
        }
        for busy in ["2018-01-08", "2018-05-21", "2018-06-19", "2018-10-15", "2018-11-02", "2018-11-05", "2018-11-23"] {
            assert!(!is_free(day(busy)), "{busy}");
        }
    }

    #[test]
    fn the_weekend_comes_and_goes_along_its_ramp() {
        let seasonality = Seasonality { damping: 0.0, weekend: 0.5, offset: 180 * 60, scale: 360 * 60 };
        for (when, wanted) in [
            ("2018-11-02 20:59", 0.0),
            ("2018-11-03 00:00", 0.25),
            ("2018-11-03 03:00", 0.5),
            ("2018-11-04 12:00", 0.5),
            ("2018-11-04 21:00", 0.5),
            ("2018-11-05 00:00", 0.25),
            ("2018-11-05 03:00", 0.0),
            ("2018-11-07 12:00", 0.0),
        ] {
            assert!((seasonality.damped(at(when)) - wanted).abs() < 1e-3, "{when}: {}", seasonality.damped(at(when)));
        }
        let sudden = Seasonality { scale: 0, offset: 0, ..seasonality };
        assert_eq!((sudden.damped(at("2018-11-02 23:59")), sudden.damped(at("2018-11-03 00:00"))), (0.0, 0.5));
    }

    #[test]
    fn the_afternoon_draws_starts_to_it() {
        let seasonality = Seasonality { damping: 0.0625, weekend: 0.0, offset: 0, scale: 0 };
        for (from, to) in [("15:00", "15:00"), ("09:00", "10:30"), ("21:00", "19:30"), ("03:00", "03:00")] {
            let moved = seasonality.warp(at(&format!("2018-11-02 {from}")));
            assert!((moved - at(&format!("2018-11-02 {to}"))).abs() <= 1, "{from}");
        }
    }
}
