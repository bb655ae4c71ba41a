//! The quarantine in its order, part by part: sorted as a whole, it may take more memory than there is.

use super::super::{Answer, Dialect, Param, Rows, Statement, Value};
use super::DuckDb;
use crate::error::Result;

/// The share of DuckDB's memory that the lines of a part take, and the least and the most bytes of it.
const PART_SHARE: u64 = 32;
const PART_BYTES: [u64; 2] = [1 << 20, 64 << 20];

/// Where a line stands: its run, its file, its number and its offset.
const PLACE: [[&str; 4]; 2] =
    [["after_run", "after_url", "after_line", "after_offset"], ["last_run", "last_url", "last_line", "last_offset"]];

impl DuckDb {
    /// Passes the refused lines of a run on, or of all runs.
    pub(super) fn rejects_by_parts(&self, run: Option<&str>, sink: &mut dyn Rows) -> Result<()> {
        let [least, most] = PART_BYTES;
        let bytes = (self.options.resources.memory / PART_SHARE).clamp(least, most) as i64;
        let run = Param::new("run", run);
        let mut lasts = Answer::default();
        let parts = Statement::DuckDbRejectParts.query(Dialect::DuckDb);
        self.stream(parts, &[run.clone(), Param::new("bytes", bytes)], &mut lasts)?;
        if lasts.rows.len() < 2 {
            return self.stream(Statement::Rejects.query(Dialect::DuckDb), &[run], sink);
        }
        let part = Statement::DuckDbRejectsPart.query(Dialect::DuckDb);
        let mut sink = Continued { sink, has_begun: false };
        let mut after: Vec<Value> = vec!["".into(), "".into(), (-1).into(), (-1).into()];
        for last in lasts.rows {
            let mut parameters = vec![run.clone()];
            for (names, values) in PLACE.iter().zip([&after, &last]) {
                parameters.extend(names.iter().zip(values).map(|(name, value)| Param { name, value: value.clone() }));
            }
            self.stream(part, &parameters, &mut sink)?;
            after = last;
        }
        Ok(())
    }
}

/// Takes the rows of several questions as those of one.
struct Continued<'a> {
    sink: &'a mut dyn Rows,
    has_begun: bool,
}

impl Rows for Continued<'_> {
    fn columns(&mut self, names: &[String]) -> Result<()> {
        if std::mem::replace(&mut self.has_begun, true) { Ok(()) } else { self.sink.columns(names) }
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        self.sink.row(values)
    }
}
