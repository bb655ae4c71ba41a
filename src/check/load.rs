//! The blocking checks inside a load's transaction: what it touched is looked at before anybody can see it.

use super::{Check, Finding, InLoad, Limits, Severity, all, find, parameters};
use crate::error::{Error, Kind, Result};
use crate::warehouse::Warehouse;

/// An id beyond those of any file.
const NOTHING: i64 = i64::MAX / 2;

/// What a load touched. Surrogate ids say which file an event came from, and later files have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// The lowest id that an event of the load can have; 0 where there was nothing before it.
    pub first_id: i64,
    /// The highest.
    pub last_id: i64,
    /// It loaded more than the expensive checks read.
    pub is_large: bool,
    /// The lowest id that the expensive checks read: of a large load they read the last files only.
    pub sample_id: i64,
    /// The lowest id of the plays whose song the load may have changed.
    pub relinked_id: i64,
    /// It loaded events.
    pub events: bool,
    /// It loaded songs.
    pub songs: bool,
}

impl Touched {
    /// All that a warehouse holds.
    #[must_use]
    pub const fn everything() -> Self {
        Self { first_id: 0, last_id: i64::MAX, is_large: false, sample_id: 0, relinked_id: 0, events: true, songs: true }
    }

    /// What log files added: their numbers and lines, in the order of the numbers. `had_events` says that there were
    /// events before, which new songs may have been linked to.
    #[must_use]
    pub fn by_files(files: &[(i64, u64)], songs: bool, had_events: bool, limits: &Limits) -> Self {
        let first_id = files.first().map_or(NOTHING, |(file_no, _)| file_no << 32);
        let last_id = files.last().map_or(NOTHING, |(file_no, _)| (file_no << 32) | i64::from(u32::MAX));
        let (mut sample_id, mut left) = (last_id, limits.exact_rows);
        for &(file_no, lines) in files.iter().rev() {
            let passed_over = lines.saturating_sub(left);
            sample_id = (file_no << 32) + passed_over as i64;
            left = left.saturating_sub(lines);
            if left == 0 {
                break;
            }
        }
        let relinked_id = if songs && had_events { 0 } else { sample_id };
        let is_large = sample_id > first_id;
        // Where nothing was before, the load is all there is.
        let first_id = if had_events || files.is_empty() { first_id } else { 0 };
        Self { first_id, last_id, is_large, sample_id, relinked_id, events: !files.is_empty(), songs }
    }

    fn concerns(&self, check: &Check) -> bool {
        if self.is_large && check.if_small {
            return false;
        }
        match check.in_load {
            InLoad::Never => false,
            InLoad::AfterEvents => self.events,
            InLoad::AfterSongs => self.songs,
            InLoad::Always => true,
        }
    }
}

/// Runs the blocking checks over what a load touched.
///
/// # Errors
/// [`Kind::CheckFailed`] with the first check that fails and some of its rows; what the warehouse reports.
pub fn audit(warehouse: &mut Warehouse, touched: Touched, limits: &Limits) -> Result<()> {
    if !limits.in_load {
        return Ok(());
    }
    let parameters = parameters(limits, touched, crate::clock::now_us());
    let checks = all()?.into_iter().filter(|c| c.severity == Severity::Blocking && touched.concerns(c));
    for check in checks {
        let finding = find(warehouse, check, limits, &parameters)?;
        if finding.failed() {
            return Err(failure(&finding));
        }
    }
    Ok(())
}

fn failure(finding: &Finding) -> Error {
    let Finding { check, rows, sample, .. } = finding;
    let shown: Vec<String> = sample.iter().map(|row| format!("\n  {}", finding.fields(row))).collect();
    let rows = if *rows == 1 { "1 row offends".to_owned() } else { format!("{rows} rows offend") };
    let message = format!("the check {} failed, so nothing was loaded: {}, but {rows}{}", check.name, check.says, shown.concat());
    Error::new(Kind::CheckFailed, message).with_hint(check.remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(exact_rows: u64) -> Limits {
        Limits { exact_rows, ..Limits::default() }
    }

    fn sample(files: &[(i64, u64)], exact_rows: u64) -> (i64, i64) {
        let touched = Touched::by_files(files, false, false, &limits(exact_rows));
        (touched.sample_id >> 32, touched.sample_id & i64::from(u32::MAX))
    }

    #[test]
    fn a_large_load_is_sampled_from_its_end() {
        let files = [(5, 10), (6, 20), (7, 30)];
        assert_eq!(sample(&files, 1000), (5, 0), "all of it");
        assert_eq!(sample(&files, 60), (5, 0), "just all of it");
        assert_eq!(sample(&files, 50), (6, 0));
        assert_eq!(sample(&files, 35), (6, 15), "a part of a file");
        assert_eq!(sample(&[(5, 4_000_000)], 1000), (5, 3_999_000));
    }

    #[test]
    fn the_first_load_is_all_there_is() {
        let of = |had_events| Touched::by_files(&[(3, 10)], false, had_events, &limits(20_000));
        assert_eq!((of(true).first_id, of(true).is_large), (3 << 32, false));
        assert_eq!((of(false).first_id, of(false).is_large, of(false).sample_id), (0, false, 3 << 32));
    }

    #[test]
    fn songs_may_change_any_play_that_was_there_before() {
        let limits = limits(20_000);
        assert_eq!(Touched::by_files(&[(9, 5)], true, true, &limits).relinked_id, 0);
        assert_eq!(Touched::by_files(&[(9, 5)], true, false, &limits).relinked_id, 9 << 32);
        assert_eq!(Touched::by_files(&[(9, 5)], false, true, &limits).relinked_id, 9 << 32);
        let songs_only = Touched::by_files(&[], true, true, &limits);
        assert_eq!((songs_only.relinked_id, songs_only.first_id, songs_only.events), (0, NOTHING, false));
    }
}
