//! Events of times that are far from the present: a load takes them and says so.

use super::PlannedFile;
use super::batch::Batch;
use super::decoded::EventBounds;
use super::outcomes::EventOutcome;

/// 2000-01-01, in milliseconds since 1970. No log of plays is older.
const EARLIEST_MS: i64 = 946_684_800_000;
const DAY_MS: i64 = 86_400_000;

/// What a load has seen of them. The check `event_times` goes by the same times.
#[derive(Debug, Clone)]
pub struct FarTimes {
    latest_ms: i64,
    events: u64,
    /// None before the first.
    bounds: Option<(i64, i64)>,
    /// Where the first stands: file and line, counted from 1.
    first: Option<(String, u64)>,
    /// There are more, of files whose lines nobody counted.
    is_vague: bool,
}

impl FarTimes {
    /// None seen yet, in a load at this time.
    #[must_use]
    pub fn new(now_ms: i64) -> Self {
        Self { latest_ms: now_ms.saturating_add(DAY_MS), events: 0, bounds: None, first: None, is_vague: false }
    }

    fn is_far(&self, ms: i64) -> bool {
        ms < EARLIEST_MS || ms > self.latest_ms
    }

    fn add(&mut self, ms: i64) {
        let (first, last) = self.bounds.unwrap_or((ms, ms));
        self.bounds = Some((first.min(ms), last.max(ms)));
    }

    /// Looks through the accepted events of a batch, as soon as it is known which these are.
    pub fn see(&mut self, batch: &Batch, files: &[PlannedFile]) {
        let Some(EventBounds { min_ms, max_ms }) = batch.bounds() else { return };
        if !self.is_far(min_ms) && !self.is_far(max_ms) {
            return;
        }
        for (number, chunk) in batch.chunks().iter().enumerate() {
            for (row, &ms) in chunk.ts.iter().enumerate() {
                if self.is_far(ms) && batch.outcome(number, row) == EventOutcome::Accepted {
                    self.events += 1;
                    self.add(ms);
                    let place = || {
                        let line = chunk.first_line + u64::from(chunk.line[row]) + 1;
                        files.get(chunk.file).map(|file| (file.source.display_name(), line))
                    };
                    self.first = self.first.take().or_else(place);
                }
            }
        }
    }

    /// Looks at the first and last of events whose lines are not here.
    pub fn see_bounds(&mut self, EventBounds { min_ms, max_ms }: EventBounds) {
        for ms in [min_ms, max_ms] {
            if self.is_far(ms) {
                self.is_vague = true;
                self.add(ms);
            }
        }
    }

    /// What to tell of it, if there are any.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let (first, last) = self.bounds?;
        let day = |ms| chrono::DateTime::from_timestamp_millis(ms).map_or_else(String::new, |t| t.format("%Y-%m-%d").to_string());
        let (first, last) = (day(first), day(last));
        let days = if first == last { format!("of {first}") } else { format!("of times from {first} to {last}") };
        let events = match (self.events, self.is_vague) {
            (0, _) => "some events are".to_owned(),
            (1, false) => "1 event is".to_owned(),
            (count, false) => format!("{count} events are"),
            (count, true) => format!("{count} events and more are"),
        };
        let place = self.first.as_ref().map_or_else(String::new, |(file, line)| format!(" (first in {file}, line {line})"));
        Some(format!(
            "{events} {days}, before 2000 or in the future{place}; insights leave them out where they are far from the rest, and \
             `sparkify check event_times` names their files"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_2000_and_after_tomorrow_are_far() {
        let now = 1_800_000_000_000;
        let mut far = FarTimes::new(now);
        far.see_bounds(EventBounds { min_ms: EARLIEST_MS, max_ms: now + DAY_MS });
        assert_eq!(far.warning(), None);
        far.see_bounds(EventBounds { min_ms: EARLIEST_MS - 1, max_ms: now + DAY_MS + 1 });
        let warning = far.warning().unwrap();
        assert!(warning.starts_with("some events are of times from 1999-12-31 to 2027-01-16, before 2000"), "{warning}");
    }
}
