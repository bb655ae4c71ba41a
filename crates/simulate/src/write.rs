//! Puts files together from the pieces that arrive in order: a file a day or one stream, the ground truth beside it.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::mpsc::Receiver;

use chrono::DateTime;
use serde_json::json;

use super::faults::{DayFault, ExpectedCounts, FaultInjector, FaultReport, Late, Record};
use super::seasonality::DAY;
use super::slices::{Piece, Spare, compressed};
use super::store::{Output, Store};
use crate::error::Result;
use crate::source::Compression;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Files of the log.
    pub files: u64,
    /// Lines, those with faults included.
    pub lines: u64,
    /// Bytes, as stored.
    pub bytes: u64,
}

/// How files are named.
#[derive(Debug, Clone)]
pub enum Naming {
    /// `log_data/2018/11/2018-11-01-events.json`, with this behind `events`.
    Days {
        /// Distinguishes shards.
        suffix: String,
    },
    /// One file of this name.
    One(String),
}

impl Naming {
    fn of(&self, day: i64, compression: Compression) -> String {
        match self {
            Self::One(name) => name.clone(),
            Self::Days { suffix } => {
                let date = DateTime::from_timestamp(day * DAY, 0).unwrap_or_default();
                let ending = match compression {
                    Compression::None => "",
                    Compression::Gzip => ".gz",
                    Compression::Zstd => ".zst",
                };
                format!("log_data/{}-events{suffix}.json{ending}", date.format("%Y/%m/%Y-%m-%d"))
            }
        }
    }

    fn has_days(&self) -> bool {
        matches!(self, Self::Days { .. })
    }
}

/// Puts a log's files together.
pub struct Writer<'a> {
    /// Where they go.
    pub store: &'a Store,
    /// How they are named.
    pub naming: Naming,
    /// How they are compressed.
    pub compression: Compression,
    /// What injects the faults, and the report on them.
    pub faults: Option<(&'a FaultInjector, FaultReport)>,
    /// Called for each piece with its lines and bytes.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    open: Option<Open>,
    late: BTreeMap<i64, Vec<Late>>,
    missing: BTreeMap<i64, u64>,
    written: Written,
}

/// The file being written.
struct Open {
    day: i64,
    name: String,
    output: Output,
    copy: Option<(String, Output)>,
    counts: ExpectedCounts,
    cut: bool,
}

impl<'a> Writer<'a> {
    /// A writer to a store.
    #[must_use]
    pub fn new(
        store: &'a Store,
        naming: Naming,
        compression: Compression,
        faults: Option<(&'a FaultInjector, FaultReport)>,
        progress: &'a (dyn Fn(u64, u64) + Sync),
    ) -> Self {
        let written = Written::default();
        Self {
            store,
            naming,
            compression,
            faults,
            progress,
            open: None,
            late: BTreeMap::new(),
            missing: BTreeMap::new(),
            written,
        }
    }

    /// Writes all pieces that arrive. The last file stays open until [`Writer::finish`].
    ///
    /// # Errors
    /// The store's errors.
    pub fn run(&mut self, pieces: &Receiver<Piece>, spare: &Spare) -> Result<()> {
        for mut piece in pieces {
            self.piece(&mut piece)?;
            spare.lock().unwrap_or_else(PoisonError::into_inner).push(piece.slice.bytes);
        }
        Ok(())
    }

    /// Ends the last file and the ground truth.
    ///
    /// # Errors
    /// The store's errors.
    pub fn finish(mut self) -> Result<Written> {
        self.close()?;
        self.late_before(i64::MAX)?;
        if let Some((_, mut report)) = self.faults.take() {
            for (day, lost) in std::mem::take(&mut self.missing) {
                let file = self.naming.of(day, self.compression);
                report.record_file("missing-day", &file, &json!({"lines_lost": lost}))?;
                report.count(&file, &ExpectedCounts { lost, ..ExpectedCounts::default() });
            }
            report.finish()?;
        }
        self.store.finish()?;
        Ok(self.written)
    }

    fn piece(&mut self, piece: &mut Piece) -> Result<()> {
        let day = if self.naming.has_days() { piece.day } else { 0 };
        let slice = &mut piece.slice;
        for late in slice.late.drain(..) {
            self.late.entry(late.day).or_default().push(late);
        }
        if self.day_fault(day) == Some(DayFault::Missing) {
            *self.missing.entry(day).or_default() += slice.lost;
            return Ok(());
        }
        if slice.lines == 0 && slice.cut.is_none() && slice.lost == 0 {
            return Ok(());
        }
        self.turn_to(day)?;
        let Some(open) = &mut self.open else { return Ok(()) };
        let stored = piece.stored.as_ref().unwrap_or(&slice.bytes);
        open.write(stored, &mut self.written)?;
        let before = open.counts.lines;
        open.counts.lines += slice.lines;
        if let Some((_, report)) = &mut self.faults {
            for record in &slice.records {
                let record = Record { line: before + record.line, ..*record };
                report.record(&open.name, record)?;
                match record.effect {
                    "rejected" => open.counts.rejected += 1,
                    "duplicate" => open.counts.duplicates += 1,
                    _ => open.counts.unknown_keys += u64::from(record.fault == "unknown-key"),
                }
            }
        }
        open.counts.lost += slice.lost;
        if let Some(line) = slice.cut.take() {
            open.cut(&line, self.compression, &mut self.written)?;
        }
        self.store.count(stored.len() as u64);
        (self.progress)(slice.lines, stored.len() as u64);
        Ok(())
    }

    fn day_fault(&self, day: i64) -> Option<DayFault> {
        self.faults.as_ref().and_then(|(injector, _)| injector.day(day))
    }

    /// Opens the file of this day, unless it is the open one.
    fn turn_to(&mut self, day: i64) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.day == day) {
            return Ok(());
        }
        self.close()?;
        self.late_before(day)?;
        self.begin(day)
    }

    /// Writes the files of days that have only late lines.
    fn late_before(&mut self, day: i64) -> Result<()> {
        while let Some((&earlier, _)) = self.late.first_key_value().filter(|(first, _)| **first < day) {
            self.begin(earlier)?;
            self.close()?;
        }
        Ok(())
    }

    /// Opens a day's file and writes the late lines that arrive on this day.
    fn begin(&mut self, day: i64) -> Result<()> {
        let name = self.naming.of(day, self.compression);
        let copy = match self.day_fault(day) {
            Some(DayFault::Copied) => {
                let copy = name.replacen(".json", "_copy.json", 1);
                let output = self.store.open(&copy)?;
                Some((copy, output))
            }
            _ => None,
        };
        let mut open = Open { day, output: self.store.open(&name)?, name, copy, counts: ExpectedCounts::default(), cut: false };
        if let (Some(late), Some((_, report))) = (self.late.remove(&day), &mut self.faults) {
            let mut lines = Vec::new();
            for late in late {
                lines.extend_from_slice(&late.line);
                open.counts.lines += 1;
                open.counts.late += 1;
                report.record_late(&open.name, open.counts.lines, &self.naming.of(late.of, self.compression))?;
            }
            open.write(&compressed(&lines, self.compression)?, &mut self.written)?;
        }
        self.open = Some(open);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let counts = &mut open.counts;
        counts.accepted = counts.lines - counts.duplicates - counts.rejected;
        self.written.lines += counts.lines;
        self.written.files += 1;
        if let Some((_, report)) = &mut self.faults {
            report.count(&open.name, counts);
            if open.cut {
                let more = json!({"line": counts.lines, "effect": "rejected", "lines_lost": counts.lost});
                report.record_file("truncated", &open.name, &more)?;
            }
        }
        open.output.finish()?;
        if let Some((name, output)) = open.copy {
            output.finish()?;
            self.written.files += 1;
            self.written.lines += open.counts.lines;
            if let Some((_, report)) = &mut self.faults {
                // A load reads the copy after the original, so all its good lines are duplicates.
                let counts = ExpectedCounts {
                    lines: open.counts.lines,
                    duplicates: open.counts.accepted + open.counts.duplicates,
                    rejected: open.counts.rejected,
                    unknown_keys: open.counts.unknown_keys,
                    ..ExpectedCounts::default()
                };
                report.count(&name, &counts);
                report.record_file("duplicate-file", &name, &json!({"copy_of": open.name, "lines": counts.lines}))?;
            }
        }
        Ok(())
    }
}

impl Open {
    fn write(&mut self, bytes: &[u8], written: &mut Written) -> Result<()> {
        self.output.write(bytes)?;
        written.bytes += bytes.len() as u64;
        if let Some((_, copy)) = &mut self.copy {
            copy.write(bytes)?;
            written.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// Ends the file in the middle of a line; later lines are lost.
    fn cut(&mut self, line: &[u8], compression: Compression, written: &mut Written) -> Result<()> {
        if self.cut {
            self.counts.lost += 1;
            return Ok(());
        }
        self.write(&compressed(&line[..line.len() / 2], compression)?, written)?;
        self.cut = true;
        self.counts.lines += 1;
        self.counts.rejected += 1;
        self.counts.lost += 1;
        Ok(())
    }
}
