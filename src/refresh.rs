//! What a full refresh would forget: rows of files that the ledger knows and that the sources lack or cannot be read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;

use crate::error::{Error, Kind, Result};
use crate::plan::Plan;
use crate::report::thousands;
use crate::source::{SourceFile, display_name};
use crate::warehouse::{EachRow, Input, Param, Statement, Value, Warehouse};

/// How many files an error names.
const SHOWN: usize = 5;

/// The rows that a full refresh would delete and not load again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The files, each with why it cannot be read if it is there.
    files: BTreeMap<String, Option<String>>,
    /// Accepted lines of the log files among them, as the ledger counts them.
    events: u64,
    plays: u64,
    views: u64,
    days: BTreeSet<String>,
    /// Some of the events have ids of another file, so that there may be more plays, views and days.
    is_vague: bool,
    songs: u64,
    rejects: u64,
}

/// A version of a file, as far as it is to be forgotten.
struct LostVersion {
    file_no: i64,
    copied_in: Option<String>,
    accepted: u64,
}

impl Forgotten {
    /// What a full refresh by this plan would forget, without the files of it that cannot be read. None if nothing.
    ///
    /// # Errors
    /// What the engine reports.
    pub fn find(warehouse: &mut Warehouse, plan: &Plan, unread: &[(SourceFile, Error)]) -> Result<Option<Self>> {
        let unread: HashMap<&str, &Error> = unread.iter().map(|(file, error)| (file.url.as_str(), error)).collect();
        let readable = |files: &'_ [Arc<SourceFile>]| -> HashSet<String> {
            files.iter().map(|file| &file.url).filter(|url| !unread.contains_key(url.as_str())).cloned().collect()
        };
        let (logs, songs) = (readable(&plan.logs), readable(&plan.songs));
        let mut forgotten = Self::default();
        let (mut versions, mut song_urls) = (Vec::new(), HashSet::new());
        // Of each run, the files that the warehouse read itself: the first number, how many, and how many of them are lost.
        let mut copied: HashMap<String, (i64, u64, u64)> = HashMap::new();
        each_row(warehouse, Statement::LedgerFiles, &[], |row| {
            let [file_no, input, url, accepted, rejected, run_id] = row else { return };
            let (file_no, input, url) = (integer(file_no), text(input), text(url));
            let is_song = input == Input::Song.name();
            let is_copied = input == Input::Copied.name();
            let (is_read_anew, held) = if is_song { (plan.scope.songs, &songs) } else { (plan.scope.logs, &logs) };
            let is_lost = is_read_anew && !held.contains(&url);
            if is_copied {
                let group = copied.entry(text(run_id)).or_insert((file_no, 0, 0));
                *group = (group.0.min(file_no), group.1 + 1, group.2 + u64::from(is_lost));
            }
            if !is_lost {
                return;
            }
            forgotten.rejects += integer(rejected) as u64;
            if is_song {
                song_urls.insert(url.clone());
            } else {
                let accepted = integer(accepted) as u64;
                forgotten.events += accepted;
                versions.push(LostVersion { file_no, copied_in: is_copied.then(|| text(run_id)), accepted });
            }
            let why = unread.get(url.as_str()).map(|error| error.report());
            forgotten.files.insert(display_name(&url), why);
        })?;
        if forgotten.files.is_empty() {
            return Ok(None);
        }
        forgotten.count_events(warehouse, &versions, &copied)?;
        if !song_urls.is_empty() {
            each_row(warehouse, Statement::FileSongs, &[], |row| {
                if let [url, songs] = row
                    && song_urls.contains(&text(url))
                {
                    forgotten.songs += integer(songs) as u64;
                }
            })?;
        }
        Ok(Some(forgotten))
    }

    /// Counts plays, views and days by the events' ids, which hold their files' numbers.
    fn count_events(
        &mut self,
        warehouse: &mut Warehouse,
        versions: &[LostVersion],
        copied: &HashMap<String, (i64, u64, u64)>,
    ) -> Result<()> {
        let mut numbers = HashSet::new();
        for version in versions {
            match version.copied_in.as_ref().and_then(|run| copied.get(run)) {
                None => numbers.extend([version.file_no]),
                Some((first, files, lost)) if files == lost => numbers.extend([*first]),
                Some(_) => self.is_vague |= version.accepted > 0,
            }
        }
        let (Some(first), Some(last)) = (numbers.iter().min(), numbers.iter().max()) else { return Ok(()) };
        let bounds = [Param::new("first_id", first << 32), Param::new("last_id", (last << 32) | i64::from(u32::MAX))];
        each_row(warehouse, Statement::FileDays, &bounds, |row| {
            if let [file_no, day, plays, views] = row
                && numbers.contains(&integer(file_no))
            {
                self.plays += integer(plays) as u64;
                self.views += integer(views) as u64;
                self.days.insert(text(day));
            }
        })
    }

    /// What would go, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let n = |count: u64, one: &str, many: &str| format!("{} {}", thousands(count), if count == 1 { one } else { many });
        let mut parts = Vec::new();
        if self.events > 0 {
            let least = if self.is_vague { "at least " } else { "" };
            let days = match (self.days.first(), self.days.last()) {
                (Some(first), Some(last)) if first == last => format!(" of {least}1 day ({first})"),
                (Some(first), Some(last)) => format!(" of {least}{} days ({first} to {last})", self.days.len()),
                _ => String::new(),
            };
            let counts = format!("{least}{} and {}", n(self.plays, "play", "plays"), n(self.views, "page view", "page views"));
            parts.push(if self.is_vague {
                format!("{} ({counts}){days}", n(self.events, "event", "events"))
            } else {
                format!("{counts}{days}")
            });
        }
        if self.songs > 0 {
            parts.push(n(self.songs, "song", "songs"));
        }
        if self.rejects > 0 {
            parts.push(n(self.rejects, "rejected line", "rejected lines"));
        }
        let what = if parts.is_empty() { "no rows".to_owned() } else { parts.join(", ") };
        let unread = self.files.values().filter(|why| why.is_some()).count();
        let files = n(self.files.len() as u64, "file", "files");
        let state = match (unread, self.files.len() - unread) {
            (0, _) => "that the sources no longer hold",
            (_, 0) => "that cannot be read",
            _ => "that the sources no longer hold or that cannot be read",
        };
        format!("{files} {state}: {what}")
    }

    /// The first files by name, a line each, and how many more there are.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |(file, why): (&String, &Option<String>)| match why {
            Some(why) => format!("{file}: {}", why.replace('\n', " ")),
            None => file.clone(),
        };
        let mut lines: Vec<String> = self.files.iter().take(SHOWN).map(line).collect();
        if self.files.len() > SHOWN {
            lines.push(format!("and {} more", thousands((self.files.len() - SHOWN) as u64)));
        }
        lines
    }

    /// The refusal.
    #[must_use]
    pub fn refusal(&self) -> Error {
        let mut message = format!("the full refresh was refused, as it would forget {}", self.sentence());
        for line in self.lines() {
            // Writing to a String cannot fail.
            let _ = write!(message, "\n  {line}");
        }
        Error::new(Kind::WouldForget, message).with_details(json!({
            "files": self.files.len(),
            "events": self.events,
            "plays": self.plays,
            "page_views": self.views,
            "days": self.days.len(),
            "first_day": self.days.first(),
            "last_day": self.days.last(),
            "exact": !self.is_vague,
            "songs": self.songs,
            "rejected": self.rejects,
            "first_files": self.files.keys().take(SHOWN).collect::<Vec<_>>(),
        }))
    }
}

fn each_row(
    warehouse: &mut Warehouse,
    statement: Statement,
    parameters: &[Param<'_>],
    mut row: impl FnMut(&[Value]),
) -> Result<()> {
    let mut each = EachRow(|values: &[Value]| {
        row(values);
        Ok(())
    });
    warehouse.query(warehouse.sql(statement), parameters, &mut each)
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A count; the engines return sums and the like as numbers of several types.
fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(n) => i64::try_from(*n).unwrap_or(i64::MAX),
        Value::Text(text) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(files: usize) -> Forgotten {
        Forgotten {
            files: (0..files).map(|i| (format!("/logs/{i}.json"), None)).collect(),
            events: 40,
            plays: 36,
            views: 4,
            days: ["2018-11-01", "2018-11-03"].map(str::to_owned).into(),
            ..Forgotten::default()
        }
    }

    #[test]
    fn the_sentence_counts_what_would_go() {
        let wanted = "7 files that the sources no longer hold: 36 plays and 4 page views of 2 days (2018-11-01 to 2018-11-03)";
        assert_eq!(lost(7).sentence(), wanted);
        assert_eq!(lost(7).lines().len(), SHOWN + 1);
        assert_eq!(lost(7).lines()[SHOWN], "and 2 more");
        let mut vague = Forgotten { is_vague: true, songs: 1, rejects: 2, ..lost(1) };
        vague.files.insert("/songs/1.json".to_owned(), Some("cannot be read\n  caused by: no permission".to_owned()));
        assert_eq!(
            vague.sentence(),
            "2 files that the sources no longer hold or that cannot be read: 40 events (at least 36 plays and 4 page views) of at \
             least 2 days (2018-11-01 to 2018-11-03), 1 song, 2 rejected lines"
        );
        assert_eq!(vague.lines()[1], "/songs/1.json: cannot be read   caused by: no permission");
    }

    #[test]
    fn a_file_that_brought_nothing_is_named_all_the_same() {
        let empty = Forgotten { files: [("/a".to_owned(), None)].into(), ..Forgotten::default() };
        assert_eq!(empty.sentence(), "1 file that the sources no longer hold: no rows");
        assert_eq!(empty.refusal().kind(), Kind::WouldForget);
        assert_eq!(empty.refusal().details().unwrap()["files"], 1);
    }
}
