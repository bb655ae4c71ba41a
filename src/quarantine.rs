//! Writes refused records into the quarantine as they come, in parts of bounded size.

use crate::error::Result;
use crate::warehouse::{RejectRow, Warehouse};

/// Rows on their way into the quarantine of a run.
pub struct QuarantineWriter<'a> {
    warehouse: &'a mut dyn Warehouse,
    run_id: &'a str,
    /// Bytes of memory at which the rows are written.
    most: usize,
    rows: Vec<RejectRow>,
    taken: usize,
}

/// The least and the most bytes of a part: a warehouse may take as long for a small part as for a large one.
const PART_BYTES: [u64; 2] = [1 << 20, 64 << 20];

impl<'a> QuarantineWriter<'a> {
    /// The rows wait in a small share of the memory that decoded events may take.
    pub fn new(warehouse: &'a mut dyn Warehouse, run_id: &'a str, event_memory: u64) -> Self {
        let [least, most] = PART_BYTES;
        Self { warehouse, run_id, most: (event_memory / 16).clamp(least, most) as usize, rows: Vec::new(), taken: 0 }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// What the warehouse reports.
    pub fn add(&mut self, row: RejectRow) -> Result<()> {
        self.taken += size_of::<RejectRow>() + row.url.len() + row.reason.len() + row.raw.len();
        self.rows.push(row);
        if self.taken < self.most { Ok(()) } else { self.write() }
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// What the warehouse reports.
    pub fn finish(mut self) -> Result<()> {
        if self.rows.is_empty() { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<()> {
        self.warehouse.add_rejects(self.run_id, &self.rows)?;
        self.rows.clear();
        self.taken = 0;
        Ok(())
    }
}
