//! Fault injection: which faults there are, how many of each the user wants, and which days and lines get them.

mod expected;
mod inject;

pub use expected::{ExpectedCounts, FaultReport, Record};
pub use inject::{FaultInjector, Late, Slice};

use super::random::{Purpose, Random};
use super::seasonality::DAY;
use super::user::{Event, User};
use crate::error::{Error, Kind, Result};

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineFault {
    /// It is not JSON.
    Malformed,
    /// It is there twice.
    Duplicate,
    /// It is there again with other content.
    Conflict,
    /// It stands in a later day's file.
    Late,
    /// Its names were read as Latin-1, twice.
    Garbled,
    /// A value has another type.
    Drift,
    /// It has an unknown key.
    Unknown,
}

const LINE_FAULTS: [(&str, LineFault); 7] = [
    ("malformed", LineFault::Malformed),
    ("duplicate", LineFault::Duplicate),
    ("conflict", LineFault::Conflict),
    ("late", LineFault::Late),
    ("garbled", LineFault::Garbled),
    ("type-drift", LineFault::Drift),
    ("unknown-key", LineFault::Unknown),
];

impl LineFault {
    /// Its name in specifications and in the ground truth.
    #[must_use]
    pub fn name(self) -> &'static str {
        LINE_FAULTS.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}

/// What is wrong with a day's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayFault {
    /// It ends at this instant, in the middle of a line.
    Truncated(i64),
    /// It is there twice.
    Copied,
    /// It is not there.
    Missing,
}

/// Which faults the user wants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// As it was written.
    pub spec: String,
    lines: Vec<(LineFault, f64)>,
    truncated: usize,
    copied: usize,
    missing: usize,
}

impl Faults {
    /// Reads `malformed=0.1%,late=1%,missing-day=1`: shares of lines, and numbers of days.
    ///
    /// # Errors
    /// [`Kind::Usage`] with the part that is not valid.
    pub fn parse(spec: &str) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(Kind::Usage, format!("--faults: {what}")).with_hint(
                "expected for example malformed=0.1%,duplicate=1%,conflict=0.1%,late=1%,garbled=5%,type-drift=0.1%,unknown-key=1%,truncated=1,duplicate-file=1,missing-day=1",
            )
        };
        let mut faults = Self { spec: spec.to_owned(), ..Self::default() };
        for part in spec.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| wrong(format!("`{part}` does not say how many")))?;
            let days = || value.parse::<usize>().map_err(|_| wrong(format!("invalid number of days `{value}`")));
            match name {
                "truncated" => faults.truncated = days()?,
                "duplicate-file" => faults.copied = days()?,
                "missing-day" => faults.missing = days()?,
                _ => {
                    let fault = LINE_FAULTS.iter().find(|(known, _)| *known == name);
                    let (_, fault) = fault.ok_or_else(|| wrong(format!("there is no fault `{name}`")))?;
                    let (number, unit) = value.strip_suffix('%').map_or((value, 1.0), |number| (number, 100.0));
                    let share = number.parse::<f64>().ok().map(|n| n / unit).filter(|share| (0.0..=1.0).contains(share));
                    faults.lines.push((*fault, share.ok_or_else(|| wrong(format!("invalid share of lines `{value}`")))?));
                }
            }
        }
        if faults.lines.iter().map(|(_, share)| share).sum::<f64>() > 1.0 {
            return Err(wrong("the shares of lines add up to more than all lines".to_owned()));
        }
        Ok(faults)
    }

    /// Whether whole files or their order are concerned, which only a log of several files has.
    #[must_use]
    pub fn needs_days(&self) -> bool {
        self.truncated + self.copied + self.missing > 0 || self.lines.iter().any(|(fault, _)| *fault == LineFault::Late)
    }

    /// Draws the days from `first` to `last` that get faults.
    ///
    /// # Errors
    /// [`Kind::Usage`] when there are fewer days than faults.
    pub fn days(&self, seed: u64, first: i64, last: i64) -> Result<Vec<(i64, DayFault)>> {
        let wanted = self.truncated + self.copied + self.missing;
        // The last day stays whole, as late lines of the days before need one to arrive on.
        let mut days: Vec<i64> = (first..last).collect();
        if wanted > days.len() {
            let message = format!("--faults needs {wanted} days, but without the last there are {} days", days.len());
            return Err(Error::new(Kind::Usage, message).with_hint("choose a longer time or fewer faults"));
        }
        let mut random = Random::of(seed, Purpose::FaultyDays, 0);
        let mut faulty = Vec::new();
        for number in 0..wanted {
            let day = days.swap_remove(random.below(days.len()));
            let fault = if number < self.missing {
                DayFault::Missing
            } else if number < self.missing + self.copied {
                DayFault::Copied
            } else {
                DayFault::Truncated(day * DAY + DAY * 2 / 5 + random.below(DAY as usize / 2) as i64)
            };
            faulty.push((day, fault));
        }
        faulty.sort_by_key(|(day, _)| *day);
        Ok(faulty)
    }

    /// The fault of a line, if it gets one, and random numbers to draw its details from.
    #[must_use]
    pub fn of_line(&self, seed: u64, user: &User, event: &Event) -> Option<(LineFault, Random)> {
        let key = user.id.rotate_left(40) ^ (event.at as u64) << 16 ^ u64::from(event.item);
        let mut random = Random::of(seed, Purpose::FaultyLine, key);
        let mut draw = random.unit();
        for (fault, share) in &self.lines {
            if draw < *share {
                return Some((*fault, random));
            }
            draw -= share;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_read_and_nonsense_is_named() {
        let faults = Faults::parse("malformed=0.5%, late=0.25,missing-day=2,truncated=1").unwrap();
        assert_eq!(faults.lines, [(LineFault::Malformed, 0.005), (LineFault::Late, 0.25)]);
        assert_eq!((faults.missing, faults.truncated, faults.copied), (2, 1, 0));
        for (spec, named) in [
            ("malformed", "does not say how many"),
            ("burnt=1%", "no fault `burnt`"),
            ("late=101%", "invalid share of lines `101%`"),
            ("missing-day=1%", "invalid number of days `1%`"),
            ("late=60%,garbled=60%", "more than all lines"),
        ] {
            let error = Faults::parse(spec).unwrap_err();
            assert!(error.to_string().contains(named), "{spec}: {error}");
        }
    }

    #[test]
    fn each_day_gets_one_fault() {
        let faults = Faults::parse("missing-day=2,truncated=3,duplicate-file=4").unwrap();
        let days = faults.days(1, 100, 110).unwrap();
        let distinct: std::collections::BTreeSet<i64> = days.iter().map(|(day, _)| *day).collect();
        assert_eq!((days.len(), distinct.len()), (9, 9));
        assert!(
            faults.days(1, 100, 108).unwrap_err().to_string().contains("needs 9 days, but without the last there are 8 days")
        );
    }
}
