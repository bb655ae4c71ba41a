//! The ground truth: which line of which file has which fault, and the counts that a load is expected to report.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use crate::error::Result;
use crate::store::{Output, Store};

/// A fault that was injected into a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The fault's name.
    pub fault: &'static str,
    /// The line, counted from 1.
    pub line: u64,
    /// What a load does with it.
    pub effect: &'static str,
}

/// What a load is expected to count, of one file or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ExpectedCounts {
    /// All lines.
    pub lines: u64,
    /// Lines that become rows.
    pub accepted: u64,
    /// Lines that are known already.
    pub duplicates: u64,
    /// Lines that are rejected.
    pub rejected: u64,
    /// Accepted lines of another day than their file's.
    pub late: u64,
    /// Events that no file holds.
    pub lost: u64,
    /// Lines with an unknown key.
    pub unknown_keys: u64,
}

impl ExpectedCounts {
    fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.late += other.late;
        self.lost += other.lost;
        self.unknown_keys += other.unknown_keys;
    }
}

/// Writes the ground truth while the log is written, so that it takes no memory either.
pub struct FaultReport {
    output: Output,
    first: bool,
    files: BTreeMap<String, ExpectedCounts>,
    by_fault: BTreeMap<&'static str, u64>,
}

impl FaultReport {
    /// Begins the file.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn begin(store: &Store, name: &str, spec: &str, seed: u64) -> Result<Self> {
        let mut output = store.open(name)?;
        let head = format!("{{\"spec\":{},\"seed\":{seed},\"faults\":[", json!(spec));
        output.write(head.as_bytes())?;
        Ok(Self { output, first: true, files: BTreeMap::new(), by_fault: BTreeMap::new() })
    }

    /// Records a fault of a line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn record(&mut self, file: &str, record: Record) -> Result<()> {
        self.write(record.fault, &json!({"fault": record.fault, "file": file, "line": record.line, "effect": record.effect}))
    }

    /// Records a line that is in a later day's file.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn record_late(&mut self, file: &str, line: u64, from: &str) -> Result<()> {
        self.write("late", &json!({"fault": "late", "file": file, "line": line, "effect": "accepted", "from": from}))
    }

    /// Records a fault of a whole file.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn record_file(&mut self, fault: &'static str, file: &str, more: &serde_json::Value) -> Result<()> {
        let mut entry = json!({"fault": fault, "file": file});
        if let (Some(entry), Some(more)) = (entry.as_object_mut(), more.as_object()) {
            entry.extend(more.clone());
        }
        self.write(fault, &entry)
    }

    fn write(&mut self, fault: &'static str, entry: &serde_json::Value) -> Result<()> {
        *self.by_fault.entry(fault).or_default() += 1;
        let comma = if std::mem::take(&mut self.first) { "\n" } else { ",\n" };
        self.output.write(format!("{comma}{entry}").as_bytes())
    }

    /// Adds to the expected counts of a file.
    pub fn count(&mut self, file: &str, counts: &ExpectedCounts) {
        self.files.entry(file.to_owned()).or_default().add(counts);
    }

    /// Ends the file with the expected counts of a load of all files.
    ///
    /// # Errors
    /// As [`Output::finish`].
    pub fn finish(mut self) -> Result<()> {
        let mut all = ExpectedCounts::default();
        self.files.values().for_each(|counts| all.add(counts));
        let tail = format!(
            "\n],\n\"by_fault\":{},\n\"files\":{},\n\"expected\":{}}}\n",
            json!(self.by_fault),
            json!(self.files),
            json!(all)
        );
        self.output.write(tail.as_bytes())?;
        self.output.finish()
    }
}
