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
        let bad =
            || Error::new(Kind::Settings, format!("`{text}` is no limit: give a number of lines, like 100, or a share, like 1%"));
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

    /// Whether the run stays within the limit.
    ///
    /// # Errors
    /// [`Kind::TooManyRejects`] with the most frequent reasons.
    pub fn check(self, report: &RunReport) -> Result<()> {
        let rejected = report.rejected + report.songs_rejected;
        let records = report.lines + report.song_records + report.songs_rejected;
        let within = match self {
            Self::Count(count) => rejected <= count,
            Self::Percent(percent) => rejected as f64 <= records as f64 * percent / 100.0,
        };
        if within {
            return Ok(());
        }
        let reasons: Vec<String> =
            report.top_reasons(5).iter().map(|(reason, count)| format!("\n  {count} × {reason}")).collect();
        Err(Error::new(
            Kind::TooManyRejects,
            format!(
                "{rejected} of {records} records were rejected, over the limit of {self}; nothing was loaded{}",
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
}
