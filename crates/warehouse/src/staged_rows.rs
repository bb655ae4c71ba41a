//! The rows of a staged view, value by value, for engines that are sent rows.

use crate::cell::Cell;
use crate::error::Result;
use crate::stage::{Batch, Clock, EventBounds, TimePart};
use crate::staged_views::{StagedColumn, StagedRows, StagedView};

/// What takes rows, value by value.
pub(crate) trait RowSink {
    /// Begins a row of so many values. An error ends the rows, as where the user interrupted.
    fn row(&mut self, values: usize) -> Result<()>;

    /// Takes the next value of the row.
    fn cell(&mut self, cell: Cell<'_>);
}

impl StagedView {
    /// Writes the view's rows; of those that have a key, only the ones `within` a range of time, if one is given.
    pub fn write(&self, batch: &Batch, within: Option<EventBounds>, out: &mut impl RowSink) -> Result<()> {
        match self.rows {
            StagedRows::Times => return self.write_times(batch.play_times(), out),
            StagedRows::Sessions => return write_sessions(batch.sessions(), out),
            StagedRows::All | StagedRows::Plays | StagedRows::Views => {}
        }
        for index in 0..batch.chunks().len() {
            let columns = self.columns_of(batch, index);
            for row in self.rows_of(batch, index, within) {
                out.row(columns.len())?;
                for column in &columns {
                    out.cell(column.field(row));
                }
            }
        }
        Ok(())
    }

    fn write_times(&self, times: &[i64], out: &mut impl RowSink) -> Result<()> {
        let parts: Vec<Option<TimePart>> = self
            .columns
            .iter()
            .map(|(_, source)| match source {
                StagedColumn::Part(part) => Some(*part),
                _ => None,
            })
            .collect();
        let mut clock = Clock::default();
        for &time in times {
            out.row(parts.len())?;
            for part in &parts {
                out.cell(part.map_or(Cell::Time(time * 1000), |part| Cell::SmallInt(clock.part(time, part))));
            }
        }
        Ok(())
    }
}

fn write_sessions(sessions: &[(i64, i64)], out: &mut impl RowSink) -> Result<()> {
    for &(session_id, user_id) in sessions {
        out.row(2)?;
        out.cell(session_id.into());
        out.cell(user_id.into());
    }
    Ok(())
}
