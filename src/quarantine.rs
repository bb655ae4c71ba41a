//! Writes refused records into the quarantine as they come, in parts of bounded size.

use crate::error::Result;
use crate::warehouse::{RejectRow, Warehouse};

/// Rows on their way into the quarantine of a run.
pub struct QuarantineWriter<'a> {
    warehouse: &'a mut Warehouse,
    run_id: &'a str,
    /// Bytes of memory at which the rows are written.
    most: usize,
    rows: Vec<RejectRow>,
    taken: usize,
}

impl<'a> QuarantineWriter<'a> {
    /// Rows are written when they take so many bytes of memory.
    pub fn new(warehouse: &'a mut Warehouse, run_id: &'a str, most: usize) -> Self {
        Self { warehouse, run_id, most, rows: Vec::new(), taken: 0 }
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
