//! The ground truth: what was done to which line of which file, and what a load is to say of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use crate::error::Result;
use crate::simulate::store::{Output, Store};

/// What was done to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The fault's name.
    pub fault: &'static str,
    /// The line, counted from 1.
    pub line: u64,
    /// What a load does with it.
    pub effect: &'static str,
}

/// What a load is to count, of a file or altogether.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Lines that there are.
    pub lines: u64,
    /// Lines that become rows.
    pub accepted: u64,
    /// Lines that are known already.
    pub duplicates: u64,
    /// Lines that are refused.
    pub rejected: u64,
    /// Accepted lines of another day than their file's.
    pub late: u64,
    /// Events that stand nowhere.
    pub lost: u64,
    /// Lines with a key that nobody knows.
    pub unknown_keys: u64,
}

impl Counts {
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

/// Writes the ground truth down while the log is written, so that it takes no memory either.
pub struct Truth {
    output: Output,
    first: bool,
    files: BTreeMap<String, Counts>,
    by_fault: BTreeMap<&'static str, u64>,
}

impl Truth {
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

    /// Notes a fault of a line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn note(&mut self, file: &str, record: Record) -> Result<()> {
        self.write(record.fault, &json!({"fault": record.fault, "file": file, "line": record.line, "effect": record.effect}))
    }

    /// Notes a line that stands in a later file than it should.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn note_late(&mut self, file: &str, line: u64, from: &str) -> Result<()> {
        self.write("late", &json!({"fault": "late", "file": file, "line": line, "effect": "accepted", "from": from}))
    }

    /// Notes a fault of a whole file.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn note_file(&mut self, fault: &'static str, file: &str, more: &serde_json::Value) -> Result<()> {
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

    /// Adds to what a load is to count of a file.
    pub fn count(&mut self, file: &str, counts: &Counts) {
        self.files.entry(file.to_owned()).or_default().add(counts);
    }

    /// Ends the file with what a load of all is to say.
    ///
    /// # Errors
    /// As [`Output::finish`].
    pub fn finish(mut self) -> Result<()> {
        let mut all = Counts::default();
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
