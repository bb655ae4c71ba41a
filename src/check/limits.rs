//! From where on something is wrong: the thresholds of the checks.

use crate::warehouse::{Param, Value};

/// The thresholds, which have their defaults from the settings. Shares are fractions of one.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(test, derive(Default))]
pub struct Limits {
    /// A load runs the blocking checks before it commits.
    pub in_load: bool,
    /// Rows of a load that the expensive checks read; `sparkify check` always reads all.
    pub exact_rows: u64,
    /// The share of plays that must have a song.
    pub min_match_rate: f64,
    /// How old the latest event may be. 0: as old as it likes.
    pub max_age_days: f64,
    /// The share of the usual events that a day must have.
    pub min_volume: f64,
    /// How much more often a field may be missing than before.
    pub max_null_rise: f64,
    /// The share of a file's events that may be of another day.
    pub max_outside_day: f64,
    /// The longest play, in seconds.
    pub max_length: f64,
}

impl Limits {
    /// Whether this threshold is 0.
    pub(super) fn is_zero(&self, name: &str) -> bool {
        let value = self.parameters(0).into_iter().find(|p| p.name == name).map(|p| p.value);
        matches!(value, Some(Value::Float(x)) if x == 0.0)
    }

    /// The thresholds as parameters, and the times that follow from what time it is.
    pub(super) fn parameters(&self, now_us: i64) -> Vec<Param<'static>> {
        let oldest_us = now_us.saturating_sub((self.max_age_days * 86_400e6) as i64);
        vec![
            Param::new("min_match_rate", self.min_match_rate),
            Param::new("max_age_days", self.max_age_days),
            Param::new("min_volume", self.min_volume),
            Param::new("max_null_rise", self.max_null_rise),
            Param::new("max_outside_day", self.max_outside_day),
            Param::new("max_length", self.max_length),
            Param::new("now", timestamp(now_us)),
            Param::new("oldest", timestamp(oldest_us)),
        ]
    }
}

fn timestamp(us: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(us).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}
