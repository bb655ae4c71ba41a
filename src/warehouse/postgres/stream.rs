//! Hands the rows of a staged batch to a COPY.

use super::super::field::Field;
use super::super::relations::{Relation, Rows, Source};
use super::copy::CopyRows;
use crate::error::Result;
use crate::stage::{Batch, Clock, EventBounds, TimePart};

/// Writes a relation's rows; of those that have a key, only the ones `within` a range of time, if one is given.
/// `pause` is asked now and then whether to go on.
pub(super) fn write(
    batch: &Batch,
    relation: &Relation,
    within: Option<EventBounds>,
    out: &mut CopyRows<'_>,
    pause: &dyn Fn() -> Result<()>,
) -> Result<()> {
    match relation.rows {
        Rows::Times => return write_times(batch.play_times(), relation, out, pause),
        Rows::Sessions => return write_sessions(batch.sessions(), out, pause),
        Rows::All | Rows::Plays | Rows::Views => {}
    }
    for index in 0..batch.chunks().len() {
        let columns = relation.columns_of(batch, index);
        for row in relation.rows_of(batch, index, within) {
            if out.row(columns.len()) {
                pause()?;
            }
            for column in &columns {
                write_field(column.field(row), out);
            }
        }
    }
    Ok(())
}

#[inline]
fn write_field(field: Field<'_>, out: &mut CopyRows<'_>) {
    match field {
        Field::Null => out.null(),
        Field::BigInt(number) => out.bigint(number),
        Field::Integer(number) => out.integer(number),
        Field::SmallInt(number) => out.smallint(number),
        Field::Time(ms) => out.timestamp_us(ms * 1000),
        Field::Double(number) => out.double(number),
        Field::Text(text) => out.text(Some(text)),
    }
}

fn write_times(times: &[i64], relation: &Relation, out: &mut CopyRows<'_>, pause: &dyn Fn() -> Result<()>) -> Result<()> {
    let parts: Vec<Option<TimePart>> = relation
        .columns
        .iter()
        .map(|(_, source)| match source {
            Source::Part(part) => Some(*part),
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
