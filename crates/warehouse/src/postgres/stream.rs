//! Hands the rows of a staged batch to a COPY.

use super::super::staged_views::{StagedColumn, StagedRows, StagedView};
use super::copy::CopyRows;
use crate::error::Result;
use crate::stage::{Batch, Clock, EventBounds, TimePart};

/// Writes a view's rows; of those that have a key, only the ones `within` a range of time, if one is given.
/// `pause` is asked now and then whether to go on.
pub(super) fn write(
    batch: &Batch,
    view: &StagedView,
    within: Option<EventBounds>,
    out: &mut CopyRows<'_>,
    pause: &dyn Fn() -> Result<()>,
) -> Result<()> {
    match view.rows {
        StagedRows::Times => return write_times(batch.play_times(), view, out, pause),
        StagedRows::Sessions => return write_sessions(batch.sessions(), out, pause),
        StagedRows::All | StagedRows::Plays | StagedRows::Views => {}
    }
    for index in 0..batch.chunks().len() {
        let columns = view.columns_of(batch, index);
        for row in view.rows_of(batch, index, within) {
            if out.row(columns.len()) {
                pause()?;
            }
            for column in &columns {
                out.cell(column.field(row));
            }
        }
    }
    Ok(())
}

fn write_times(times: &[i64], view: &StagedView, out: &mut CopyRows<'_>, pause: &dyn Fn() -> Result<()>) -> Result<()> {
    let parts: Vec<Option<TimePart>> = view
        .columns
        .iter()
        .map(|(_, source)| match source {
            StagedColumn::Part(part) => Some(*part),
            _ => None,
        })
        .collect();
    let mut clock = Clock::default();
    for &time in times {
        if out.row(parts.len()) {
            pause()?;
        }
        for part in &parts {
            match part {
                Some(part) => out.smallint(clock.part(time, *part)),
                None => out.timestamp_us(time * 1000),
            }
        }
    }
    Ok(())
}

fn write_sessions(sessions: &[(i64, i64)], out: &mut CopyRows<'_>, pause: &dyn Fn() -> Result<()>) -> Result<()> {
    for &(session_id, user_id) in sessions {
        if out.row(2) {
            pause()?;
        }
        out.bigint(session_id);
        out.bigint(user_id);
    }
    Ok(())
}
