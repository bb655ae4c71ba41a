//! Rows of the ledger and the quarantine, as they are written and read.

use super::query::Param;
use crate::stage::PlannedFile;

/// What the tables hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows of users.
    pub users: u64,
    /// Rows of songs.
    pub songs: u64,
    /// Rows of artists.
    pub artists: u64,
    /// Plays that have a song.
    pub matched: u64,
    /// Rows of songplays.
    pub songplays: u64,
}

/// A file that was loaded: its URL and the version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// As in the listing.
    pub url: String,
    /// As in the listing.
    pub version: String,
}

/// An input: what kind of records a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// Log lines.
    Log,
    /// Songs.
    Song,
    /// Log lines that the warehouse read itself, many files at once. It does not tell which line is of which file, so all
    /// their events have ids of the first.
    Copied,
}

impl Input {
    /// As in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Song => "song",
            Self::Copied => "copied",
        }
    }

    /// What a line of the quarantine is, by the name in the ledger: no line of a copied file is there.
    pub(super) fn of_line(name: &str) -> Self {
        if name == Self::Song.name() { Self::Song } else { Self::Log }
    }
}

/// A row of `load_files`.
#[derive(Debug, Clone)]
pub struct FileRow {
    /// The file.
    pub file: PlannedFile,
    /// What it holds.
    pub input: Input,
    /// Its counts.
    pub counts: crate::stage::FileCounts,
}

/// A row of `load_rejects`, but for its run.
#[derive(Debug, Clone)]
pub struct RejectRow {
    /// What its file holds.
    pub input: Input,
    /// Its file's URL.
    pub url: String,
    /// Its file's number.
    pub file_no: i64,
    /// Counted from 1.
    pub line: u64,
    /// In the unpacked file.
    pub byte_offset: u64,
    /// Why.
    pub reason: String,
    /// The line's bytes, capped.
    pub raw: Vec<u8>,
    /// The line's full length in bytes.
    pub raw_length: u64,
}

/// A part of the quarantine, in the order of files and of what stands in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantinePart {
    /// The file's number and the byte offset of what stands before the first line.
    pub after: (i64, i64),
    /// Those of the last line.
    pub last: (i64, i64),
}

impl QuarantinePart {
    /// The parts that end at these places.
    pub(super) fn ending_at(places: impl Iterator<Item = (i64, i64)>) -> Vec<Self> {
        let mut after = (0, -1);
        places.map(|last| Self { after: std::mem::replace(&mut after, last), last }).collect()
    }

    /// The parameters of the statement that reads it.
    pub(super) fn parameters(&self) -> Vec<Param<'static>> {
        let ((first_file, after_offset), (last_file, last_offset)) = (self.after, self.last);
        let (low, high) = if first_file == last_file { (after_offset, last_offset) } else { (0, i64::MAX) };
        vec![
            Param::new("first_file", first_file),
            Param::new("last_file", last_file),
            Param::new("after_offset", after_offset),
            Param::new("last_offset", last_offset),
            Param::new("low", low),
            Param::new("high", high),
        ]
    }
}

/// A quarantined line that was kept whole, so that it can be tried again.
#[derive(Debug, Clone)]
pub struct QuarantinedLine {
    /// What its file holds.
    pub input: Input,
    /// Its file's URL.
    pub url: String,
    /// Its file's number.
    pub file_no: i64,
    /// When its file was modified, in microseconds since 1970.
    pub modified_us: i64,
    /// Counted from 1.
    pub line: u64,
    /// In the unpacked file.
    pub byte_offset: u64,
    /// The line's bytes.
    pub raw: Vec<u8>,
    /// No newer version of its file was loaded.
    pub is_in_force: bool,
}

/// What became of a quarantined line that loaded.
#[derive(Debug, Clone, Copy)]
pub struct ReplayedLine {
    /// Its file's number.
    pub file_no: i64,
    /// Counted from 1.
    pub line: u64,
    /// In the unpacked file.
    pub byte_offset: u64,
    /// It was known already, so it became no row.
    pub duplicate: bool,
}

/// A row of `load_runs`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the columns of load_runs")]
pub struct RunRow {
    pub run_id: String,
    pub kind: &'static str,
    pub status: &'static str,
    pub started_us: i64,
    pub finished_us: i64,
    pub settings: String,
    pub files_listed: u64,
    pub files_loaded: u64,
    pub files_skipped: u64,
    pub lines: u64,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub song_records: u64,
    pub songs_rejected: u64,
    pub songplays_added: u64,
    pub page_views_added: u64,
    pub bytes: u64,
    pub unknown_keys: Option<String>,
    pub last_file_no: i64,
}

impl RunRow {
    /// What was counted, in the order of the columns of load_runs.
    pub(super) fn counts(&self) -> [i64; 12] {
        [
            self.files_listed,
            self.files_loaded,
            self.files_skipped,
            self.lines,
            self.accepted,
            self.duplicates,
            self.rejected,
            self.song_records,
            self.songs_rejected,
            self.songplays_added,
            self.page_views_added,
            self.bytes,
        ]
        .map(|count| count as i64)
    }
}
