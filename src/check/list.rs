//! The one list of checks, for every warehouse: each a file below `sql/check/` that says itself what it is about.

use crate::error::{Error, Kind, Result};
use crate::warehouse::{SqlText, sql_files};

/// How bad it is when a check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The tables contradict themselves or their ledger: nobody should use them. A load does not commit such a state.
    Blocking,
    /// The tables are sound, but what they say is unusual.
    Warning,
}

impl Severity {
    /// As it is shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Warning => "warning",
        }
    }
}

/// When a load runs a check before it commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InLoad {
    /// Never: it concerns the data, not the load.
    Never,
    /// When it loaded events.
    AfterEvents,
    /// When it loaded songs.
    AfterSongs,
    /// Always.
    Always,
}

/// A check, as its file describes it.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The file's name without its ending.
    pub name: &'static str,
    /// How bad it is when rows offend.
    pub severity: Severity,
    /// What holds when no row offends.
    pub says: &'static str,
    /// What to do about rows that offend.
    pub remedy: &'static str,
    /// When a load runs it.
    pub in_load: InLoad,
    /// Of loads, only those that are not sampled run it: it takes long, however little it reads.
    pub if_small: bool,
    /// A threshold without which there is nothing to judge.
    pub off_without: Option<&'static str>,
    text: &'static str,
}

impl Check {
    /// The query whose rows offend.
    #[must_use]
    pub const fn query(&self) -> SqlText<'static> {
        SqlText { name: self.name, text: self.text }
    }

    /// Reads the description at the head of a file.
    fn read(name: &'static str, text: &'static str) -> Result<Self> {
        let wrong = |what: &str| Error::new(Kind::Query, format!("sql/check/{name}.sql: {what}"));
        let field = |key: &str| {
            let mut head = text.lines().map_while(|line| line.strip_prefix("-- "));
            head.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        };
        let needed = |key: &str| field(key).ok_or_else(|| wrong(&format!("its head does not say `{key}:`")));
        let when = field("In a load");
        let (when, if_small) = match when.and_then(|when| when.strip_suffix(", if small")) {
            Some(when) => (Some(when), true),
            None => (when, false),
        };
        Ok(Self {
            name,
            severity: match needed("Severity")? {
                "blocking" => Severity::Blocking,
                "warning" => Severity::Warning,
                _ => return Err(wrong("its severity is neither blocking nor warning")),
            },
            says: needed("Says")?,
            remedy: needed("Remedy")?,
            in_load: match when {
                None => InLoad::Never,
                Some("after events") => InLoad::AfterEvents,
                Some("after songs") => InLoad::AfterSongs,
                Some("always") => InLoad::Always,
                Some(_) => return Err(wrong("there is no such point in a load")),
            },
            if_small,
            off_without: field("Off when 0"),
            text,
        })
    }
}

/// In the order in which they are run and shown.
const FILES: &[SqlText<'_>] = sql_files! {
    "check":
    "event_ids" "event_keys" "user_key" "song_key" "artist_key" "time_key" "time_parts" "track_key"
    "users_seen" "user_level" "play_song" "play_track" "song_artist" "song_source" "artist_source"
    "match_names" "match_missing" "match_best" "play_next" "view_page"
    "level_stays" "level_now" "play_level"
    "file_counts" "file_numbers" "table_rows" "file_rows" "file_rejects" "run_counts"
    "known_levels" "known_genders" "known_methods" "known_pages" "known_auth"
    "event_days" "event_times" "registered" "lengths" "coordinates" "years" "track_reachable"
    "match_rate" "freshness" "volume" "null_rates" "quarantine" "unknown_keys"
};

/// All checks, the blocking ones first.
///
/// # Errors
/// [`Kind::Query`] when a file's head is not as it should be.
pub fn all() -> Result<Vec<Check>> {
    FILES.iter().map(|file| Check::read(file.name, file.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_head_can_be_read_and_blocking_checks_come_first_and_are_run_by_loads() {
        let checks = all().unwrap();
        assert!(checks.len() > 40 && checks.is_sorted_by_key(|check| check.severity));
        for check in checks {
            assert_eq!(check.severity == Severity::Blocking, check.in_load != InLoad::Never, "{}", check.name);
            assert!(!check.says.is_empty() && check.remedy.len() > 20, "{}", check.name);
        }
    }

    #[test]
    fn a_head_that_leaves_something_out_is_refused() {
        for (text, fault) in [
            ("-- Severity: blocking\n-- Says: x\nselect 1;", "sql/check/x.sql: its head does not say `Remedy:`"),
            ("-- Severity: bad\n-- Says: x\n-- Remedy: y\n", "sql/check/x.sql: its severity is neither blocking nor warning"),
            ("-- Severity: warning\nselect 1;\n-- Says: x\n", "sql/check/x.sql: its head does not say `Says:`"),
        ] {
            assert_eq!(Check::read("x", text).unwrap_err().to_string(), fault);
        }
    }
}
