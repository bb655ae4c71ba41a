//! How many rejected records a run may have.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::report::RunReport;

/// The limit on rejected records: log lines and songs together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RejectLimit {
    /// So many records.
    Count(u64),
    /// Such a share of the run's records, in percent.
    Percent(f64),
}

impl Default for RejectLimit {
    fn default() -> Self {
        Self::Percent(1.0)
    }
}

impl FromStr for RejectLimit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::new(
                Kind::Settings,
                format!("invalid limit `{text}`: expected a number of lines, such as 100, or a percentage, such as 1%"),
            )
        };
        match text.trim().strip_suffix('%') {
            Some(percent) => match percent.trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Percent(percent)),
                _ => Err(bad()),
            },
            None => text.trim().parse().map(Self::Count).map_err(|_| bad()),
        }
    }
}

impl fmt::Display for RejectLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl RejectLimit {
    /// How many of so many records may be rejected.
    #[must_use]
    pub fn at_most(self, records: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (records as f64 * percent / 100.0) as u64,
        }
    }

    fn allows(self, rejected: u64, records: u64) -> bool {
        match self {
            Self::Count(count) => rejected <= count,
            Self::Percent(percent) => rejected as f64 <= records as f64 * percent / 100.0,
        }
    }

    /// Whether the run stays within the limit.
    ///
    /// # Errors
    /// [`Kind::TooManyRejects`] with the most frequent reasons.
    pub fn check(self, report: &RunReport) -> Result<()> {
        self.check_early(report, 0)
    }

    /// Whether a run that has come so far can stay within the limit, if no more than so many records follow. What is over
    /// a number stays over it, and what is over a share of all that may come, too.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_early(self, report: &RunReport, most_to_come: u64) -> Result<()> {
        let rejected = report.rejected + report.songs_rejected;
        let records = report.lines + report.song_records + report.songs_rejected;
        if self.allows(rejected, records.saturating_add(most_to_come)) {
            return Ok(());
        }
        let reasons: Vec<String> =
            report.top_reasons(5).iter().map(|(reason, count)| format!("\n  {count} × {reason}")).collect();
        let (so_far, always) = if most_to_come == 0 { ("", "") } else { ("the first ", ", whatever follows") };
        Err(Error::new(
            Kind::TooManyRejects,
            format!(
                "{rejected} of {so_far}{records} records were rejected, over the limit of {self}{always}; nothing was loaded{}",
                reasons.concat()
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_counts_and_shares() {
        assert_eq!("100".parse::<RejectLimit>().unwrap(), RejectLimit::Count(100));
        assert_eq!(" 0.5% ".parse::<RejectLimit>().unwrap(), RejectLimit::Percent(0.5));
        for bad in ["", "%", "-1", "101%", "1.5", "NaN%", "many"] {
            assert_eq!(bad.parse::<RejectLimit>().unwrap_err().kind(), Kind::Settings, "{bad}");
        }
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let report = |rejected| RunReport { lines: 200, rejected, ..RunReport::default() };
        assert!(RejectLimit::default().check(&report(2)).is_ok());
        assert!(RejectLimit::default().check(&report(3)).is_err());
        assert!(RejectLimit::Count(0).check(&report(0)).is_ok());
        assert!(RejectLimit::Count(0).check(&report(1)).is_err());
    }

    #[test]
    fn a_run_ends_early_when_nothing_that_follows_can_mend_it() {
        let report = RunReport { lines: 200, rejected: 10, ..RunReport::default() };
        let share = RejectLimit::default();
        assert!(share.check_early(&report, 800).is_ok(), "10 of 1,000 are allowed");
        let error = share.check_early(&report, 799).unwrap_err().to_string();
        assert!(
            error.starts_with("10 of the first 200 records were rejected, over the limit of 1%, whatever follows"),
            "{error}"
        );
        assert!(share.check_early(&report, u64::MAX).is_ok());
        assert!(RejectLimit::Count(10).check_early(&report, 0).is_ok());
        assert!(RejectLimit::Count(9).check_early(&report, u64::MAX).is_err(), "a number is passed for good");
    }
}
