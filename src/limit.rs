//! How many rejected records a run may have.

use std::fmt;
use std::str::FromStr;

use crate::decode::Reason;
use crate::error::{Error, Kind, Result};
use crate::report::RunReport;

/// The limit on rejected records: log lines and songs together. Lines in conflict are kept beside the rejected ones, but are
/// no fault of the feed and do not count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RejectLimit {
    /// So many records.
    Count(u64),
    /// Such a share of the run's records, in percent.
    Percent(f64),
    /// The larger of such a share and so many records.
    Larger(f64, u64),
}

impl FromStr for RejectLimit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let count = |text: &str| text.trim().parse::<u64>().ok();
        let percent = |text: &str| {
            let percent = text.trim().strip_suffix('%')?.trim_end().parse::<f64>().ok()?;
            (0.0..=100.0).contains(&percent).then_some(percent)
        };
        let limit = match text.split_once(" or ") {
            Some((share, number)) => percent(share).zip(count(number)).map(|(share, number)| Self::Larger(share, number)),
            None => percent(text).map(Self::Percent).or_else(|| count(text).map(Self::Count)),
        };
        limit.ok_or_else(|| {
            let what = "a number of lines, such as 100, a percentage, such as 1%, or the larger of both, such as `1% or 10`";
            Error::new(Kind::Settings, format!("invalid limit `{text}`: expected {what}"))
        })
    }
}

impl fmt::Display for RejectLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Larger(percent, count) => write!(f, "{percent}% or {count}"),
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
            Self::Larger(percent, count) => Self::Percent(percent).at_most(records).max(count),
        }
    }

    fn allows(self, rejected: u64, records: u64) -> bool {
        match self {
            Self::Count(count) => rejected <= count,
            Self::Percent(percent) => rejected as f64 <= records as f64 * percent / 100.0,
            Self::Larger(percent, count) => rejected <= count || Self::Percent(percent).allows(rejected, records),
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
        let rejected = report.rejected - report.conflicts + report.songs_rejected;
        let records = report.lines + report.song_records + report.songs_rejected;
        if self.allows(rejected, records.saturating_add(most_to_come)) {
            return Ok(());
        }
        let counts = |reason: &str| reason != Reason::Conflict.category();
        let reasons: Vec<String> =
            report.top_reasons(5, counts).iter().map(|(reason, count)| format!("\n  {count} × {reason}")).collect();
        let reasons = reasons.concat();
        let larger = if matches!(self, Self::Larger(..)) { " (the larger counts)" } else { "" };
        let (so_far, always) = if most_to_come == 0 { ("", "") } else { ("the first ", ", whatever follows") };
        Err(Error::new(
            Kind::TooManyRejects,
            format!(
                "{rejected} of {so_far}{records} records were rejected, over the limit of {self}{larger}{always}; nothing was loaded{reasons}"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: RejectLimit = RejectLimit::Larger(1.0, 10);

    #[test]
    fn reads_counts_and_shares() {
        assert_eq!("100".parse::<RejectLimit>().unwrap(), RejectLimit::Count(100));
        assert_eq!(" 0.5% ".parse::<RejectLimit>().unwrap(), RejectLimit::Percent(0.5));
        assert_eq!("0.5 % or 20".parse::<RejectLimit>().unwrap(), RejectLimit::Larger(0.5, 20));
        for limit in [RejectLimit::Count(7), RejectLimit::Percent(0.25), USUAL] {
            assert_eq!(limit.to_string().parse::<RejectLimit>().unwrap(), limit);
        }
        for bad in ["", "%", "-1", "101%", "1.5", "NaN%", "many", "10 or 1%", "1% or", " or 10", "1% or 2%", "1% or 10 or 20"] {
            assert_eq!(bad.parse::<RejectLimit>().unwrap_err().kind(), Kind::Settings, "{bad}");
        }
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let report = |rejected| RunReport { lines: 200, rejected, ..RunReport::default() };
        assert!(RejectLimit::Percent(1.0).check(&report(2)).is_ok());
        assert!(RejectLimit::Percent(1.0).check(&report(3)).is_err());
        assert!(RejectLimit::Count(0).check(&report(0)).is_ok());
        assert!(RejectLimit::Count(0).check(&report(1)).is_err());
    }

    #[test]
    fn the_larger_of_both_lets_ten_lines_pass_of_however_few_and_a_hundredth_of_many() {
        let allows = |rejected, lines| USUAL.check(&RunReport { lines, rejected, ..RunReport::default() }).is_ok();
        assert!(allows(10, 10) && !allows(11, 11) && !allows(11, 1099));
        assert!(allows(11, 1100) && allows(20, 2000) && !allows(21, 2000));
        assert_eq!([0, 1099, 1100, 5000].map(|records| USUAL.at_most(records)), [10, 10, 11, 50]);
    }

    #[test]
    fn conflicts_do_not_count_and_are_no_reason() {
        let mut report = RunReport { lines: 20, rejected: 12, conflicts: 11, ..RunReport::default() };
        report.count_reason(&Reason::Conflict.category(), 11);
        report.count_reason(&Reason::NotAnObject.category(), 1);
        assert!(RejectLimit::Count(1).check(&report).is_ok());
        let refused = RejectLimit::Count(0).check(&report).unwrap_err().to_string();
        let wanted = "1 of 20 records were rejected, over the limit of 0; nothing was loaded\n  1 × not a JSON object";
        assert_eq!(refused, wanted);
    }

    #[test]
    fn a_run_ends_early_when_nothing_that_follows_can_mend_it() {
        let report = RunReport { lines: 200, rejected: 10, ..RunReport::default() };
        let share = RejectLimit::Percent(1.0);
        assert!(share.check_early(&report, 800).is_ok(), "10 of 1,000 are allowed");
        let error = share.check_early(&report, 799).unwrap_err().to_string();
        assert!(
            error.starts_with("10 of the first 200 records were rejected, over the limit of 1%, whatever follows"),
            "{error}"
        );
        assert!(share.check_early(&report, u64::MAX).is_ok());
        assert!(USUAL.check_early(&report, 0).is_ok(), "10 are always allowed");
        let report = RunReport { lines: 200, rejected: 11, ..RunReport::default() };
        assert!(USUAL.check_early(&report, 900).is_ok());
        let error = USUAL.check_early(&report, 899).unwrap_err().to_string();
        assert!(error.contains("over the limit of 1% or 10 (the larger counts), whatever follows"), "{error}");
        let report = RunReport { lines: 200, rejected: 10, ..RunReport::default() };
        assert!(RejectLimit::Count(10).check_early(&report, 0).is_ok());
        assert!(RejectLimit::Count(9).check_early(&report, u64::MAX).is_err(), "a number is passed for good");
    }
}
