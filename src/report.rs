//! What a run did, for people and for scripts. It refuses to exist if the counts do not add up.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::error::{EXIT_DONE, EXIT_INCOMPLETE, Error, Kind, Result};
use crate::source::{LINK_OUT, display_name};
use crate::stage::FileCounts;
use crate::warehouse::Totals;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All that was new is loaded.
    #[default]
    Done,
    /// Loaded, but for rejected lines or files that could not be read.
    Incomplete,
    /// There was nothing to load.
    NothingNew,
}

impl Status {
    /// As in the ledger and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Incomplete => "incomplete",
            Self::NothingNew => "nothing_new",
        }
    }
}

/// The outcome of a load. Its JSON form is a contract with scripts.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs, reason = "the names say it; lines, accepted, duplicates and rejected count log lines")]
pub struct RunReport {
    pub run_id: String,
    pub status: Status,
    pub warehouse: String,
    pub files_listed: u64,
    pub files_loaded: u64,
    pub files_skipped: u64,
    pub lines: u64,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    /// Of the rejected lines, those whose event is known with other content.
    pub conflicts: u64,
    pub songplays_added: u64,
    pub page_views_added: u64,
    pub users: u64,
    pub songs: u64,
    pub artists: u64,
    pub matched: u64,
    pub song_records: u64,
    pub songs_rejected: u64,
    /// Songs of the run that another file tells differently.
    pub songs_differing: u64,
    /// Rows of songplays after the run.
    #[serde(skip)]
    pub songplays: u64,
    /// Of the files loaded, as stored.
    pub bytes: u64,
    pub seconds: f64,
    /// What is done but unusual, a sentence each.
    pub warnings: Vec<String>,
    /// Rejected records by kind of reason.
    #[serde(skip)]
    pub reasons: BTreeMap<String, u64>,
    /// Files that could not be read, with the error.
    #[serde(skip)]
    pub bad_files: Vec<(String, String)>,
    /// Keys that no field has.
    #[serde(skip)]
    pub unknown_keys: crate::decode::UnknownKeys,
    /// Names of what lies among the sources but is not a JSON file, and why it was skipped.
    #[serde(skip)]
    pub passed_over: Vec<(String, &'static str)>,
}

impl RunReport {
    /// Checks that every line ended in exactly one counter, and every accepted one in a row.
    ///
    /// # Errors
    /// [`Kind::Conservation`].
    pub fn balance(&self) -> Result<()> {
        let counted = self.accepted + self.duplicates + self.rejected;
        if self.lines != counted {
            return Err(unbalanced(format!("{} lines were read, but {counted} were counted", self.lines)));
        }
        let rows = self.songplays_added + self.page_views_added;
        if self.accepted != rows {
            return Err(unbalanced(format!("{} lines were accepted, but {rows} rows were added", self.accepted)));
        }
        Ok(())
    }

    /// Counts a part of a log file's lines.
    pub fn count_lines(&mut self, counts: FileCounts) {
        self.lines += counts.lines;
        self.accepted += counts.accepted;
        self.duplicates += counts.duplicates;
        self.rejected += counts.rejected;
        self.conflicts += counts.conflicts;
    }

    /// Counts rejected records of a kind of reason.
    pub fn count_reason(&mut self, reason: &str, times: u64) {
        match self.reasons.get_mut(reason) {
            Some(count) => *count += times,
            None => _ = self.reasons.insert(reason.to_owned(), times),
        }
    }

    /// Takes over what lies among the sources and is not loaded.
    pub fn set_passed_over(&mut self, passed_over: Vec<(String, &'static str)>) {
        self.passed_over = passed_over;
        let links: Vec<String> = self.links_left().map(display_name).collect();
        if !links.is_empty() {
            let (count, shown) = (links.len(), links.iter().take(5).cloned().collect::<Vec<_>>().join(", "));
            let more = if count > 5 { format!(" and {} more", count - 5) } else { String::new() };
            let (noun, verb) =
                if count == 1 { ("1 link leads".to_owned(), "was") } else { (format!("{count} links lead"), "were") };
            let warning = format!(
                "{noun} out of the folder and {verb} not followed: {shown}{more}; --follow-links, or the setting follow_links, loads \
                 what they lead to"
            );
            self.warnings.push(warning);
        }
    }

    /// URLs of the links that may lead to data and were not followed.
    fn links_left(&self) -> impl Iterator<Item = &str> {
        self.passed_over.iter().filter(|(_, why)| *why == LINK_OUT).map(|(url, _)| url.as_str())
    }

    /// Whether something was left out that may be data.
    #[must_use]
    pub fn has_left_out(&self) -> bool {
        !self.bad_files.is_empty() || self.links_left().next().is_some()
    }

    /// Takes over what the tables hold after the run.
    pub fn set_totals(&mut self, totals: Totals) {
        let Totals { users, songs, artists, matched, songplays } = totals;
        (self.users, self.songs, self.artists, self.matched, self.songplays) = (users, songs, artists, matched, songplays);
    }

    /// The process's exit code for this outcome.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.status == Status::Incomplete || self.has_left_out() { EXIT_INCOMPLETE } else { EXIT_DONE }
    }

    /// The largest counts of records rejected for such a reason: at most `n`.
    #[must_use]
    pub fn top_reasons(&self, n: usize, is_meant: impl Fn(&str) -> bool) -> Vec<(&str, u64)> {
        let reasons = self.reasons.iter().map(|(reason, count)| (reason.as_str(), *count));
        let mut reasons: Vec<_> = reasons.filter(|(reason, _)| is_meant(reason)).collect();
        reasons.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
        reasons.truncate(n);
        reasons
    }
}

fn unbalanced(message: String) -> Error {
    Error::new(Kind::Conservation, message)
}

/// A number with its thousands set apart.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = thousands;
        if self.status == Status::NothingNew {
            write!(f, "0 new files: {} listed, all known to {}", n(self.files_listed), self.warehouse)?;
            writeln!(f, " ({:.2} s)", self.seconds)?;
        } else {
            writeln!(f, "Loaded into {}", self.warehouse)?;
            writeln!(
                f,
                "  files       {} loaded, {} known already, {} listed",
                n(self.files_loaded),
                n(self.files_skipped),
                n(self.files_listed)
            )?;
            writeln!(
                f,
                "  lines       {} = {} accepted + {} duplicates + {} rejected",
                n(self.lines),
                n(self.accepted),
                n(self.duplicates),
                n(self.rejected)
            )?;
            writeln!(f, "  added       {} songplays, {} page views", n(self.songplays_added), n(self.page_views_added))?;
            if self.song_records + self.songs_rejected > 0 {
                writeln!(f, "  song files  {} songs read, {} rejected", n(self.song_records), n(self.songs_rejected))?;
            }
            if self.songs_differing > 0 {
                let (count, verb) = (n(self.songs_differing), if self.songs_differing == 1 { "song is" } else { "songs are" });
                writeln!(f, "  differing   {count} {verb} told differently by files; the one whose name comes last is right")?;
            }
            writeln!(f, "  now         {} users, {} songs, {} artists", n(self.users), n(self.songs), n(self.artists))?;
            let share = if self.songplays > 0 { self.matched as f64 * 100.0 / self.songplays as f64 } else { 0.0 };
            writeln!(
                f,
                "  matched     {} of {} plays have a song of the catalogue ({share:.1} %)",
                n(self.matched),
                n(self.songplays)
            )?;
            let megabytes = self.bytes as f64 / 1e6;
            let rate = if self.seconds > 0.0 { megabytes / self.seconds } else { 0.0 };
            writeln!(f, "  took        {:.2} s for {megabytes:.1} MB ({rate:.0} MB/s)", self.seconds)?;
        }
        for (reason, count) in self.top_reasons(5, |_| true) {
            writeln!(f, "  rejected    {} × {reason}", n(count))?;
        }
        if !self.reasons.is_empty() {
            writeln!(f, "              `sparkify rejects --run {}` shows them", self.run_id)?;
        }
        for (file, error) in &self.bad_files {
            writeln!(f, "  left out    {file}: {error}")?;
        }
        if !self.unknown_keys.is_empty() {
            let keys: Vec<String> = self.unknown_keys.iter().map(|(key, count)| format!("{key} ({})", n(*count))).collect();
            writeln!(f, "  unknown     keys that no column takes: {}", keys.join(", "))?;
        }
        for warning in &self.warnings {
            writeln!(f, "  warning     {warning}")?;
        }
        let shown = 5;
        for (name, why) in self.passed_over.iter().take(shown) {
            writeln!(f, "  skipped     {name} ({why})")?;
        }
        if self.passed_over.len() > shown {
            writeln!(f, "              and {} more", self.passed_over.len() - shown)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_must_add_up() {
        let mut report = RunReport {
            lines: 10,
            accepted: 7,
            duplicates: 2,
            rejected: 1,
            songplays_added: 5,
            page_views_added: 2,
            ..RunReport::default()
        };
        assert!(report.balance().is_ok());
        report.page_views_added = 3;
        assert_eq!(report.balance().unwrap_err().kind(), Kind::Conservation);
        report.page_views_added = 2;
        report.rejected = 0;
        assert_eq!(report.balance().unwrap_err().kind(), Kind::Conservation);
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (4_028_000, "4,028,000")] {
            assert_eq!(thousands(number), text);
        }
    }
}
