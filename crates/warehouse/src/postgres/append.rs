//! How rows reach the server: by COPY, the batch of events into the tables themselves, everything that SQL has to compare
//! into temporary ones.

use std::sync::Arc;

use super::Postgres;
use super::copy::CopyRows;
use super::session::{Session, text};
use crate::cell::{Cell, RowSource};
use crate::engine::{Engine, Exposed};
use crate::error::{Error, Kind, Result};
use crate::ident::identifier;
use crate::stage::{Batch, EventBounds};
use crate::staged_rows::RowSink;
use crate::staged_views::staged_view;
use crate::tables::Table;
use crate::{Dialect, Statement};

/// The view whose rows a statement copies from the batch, for those that do.
fn source(statement: Statement) -> Option<&'static str> {
    match statement {
        Statement::InsertSongplays => Some("staged_plays"),
        Statement::InsertPageViews => Some("staged_views"),
        Statement::KeepStagingEvents => Some("staged_events"),
        _ => None,
    }
}

fn copy_all(table: &str) -> String {
    format!("copy {} from stdin with (format binary)", identifier(table))
}

impl Postgres {
    /// Appends rows to a table.
    pub(super) fn append_rows(&self, table: &Table, rows: &dyn RowSource) -> Result<()> {
        let session = &self.session;
        let copied = session.copy(table.name, &copy_all(table.name), |out| {
            let (mut out, mut cells) = (Interruptible { out, session }, Vec::new());
            for at in 0..rows.rows() {
                cells.clear();
                rows.row(at, &mut cells);
                out.row(cells.len())?;
                for cell in &cells {
                    out.cell(*cell);
                }
            }
            Ok(())
        })?;
        tracing::trace!(table = table.name, copied, "copied");
        Ok(())
    }

    /// Makes a part of a batch readable in SQL.
    pub(super) fn show(&mut self, batch: &Arc<Batch>, part: Exposed) -> Result<()> {
        match part {
            Exposed::Keys(bounds) => self.copy_into(Statement::PostgresStagedKeys, "staged_keys", batch, Some(bounds)),
            // Only engines with memory of this process are asked for them.
            Exposed::Names => Ok(()),
            Exposed::Accepted { .. } => {
                self.copy_into(Statement::PostgresStagedTimes, "staged_times", batch, None)?;
                self.copy_into(Statement::PostgresStagedSessions, "staged_sessions", batch, None)?;
                self.batch = Some(Arc::clone(batch));
                Ok(())
            }
        }
    }

    /// Creates a temporary table of a staged view.
    fn copy_into(&mut self, create: Statement, table: &'static str, batch: &Batch, within: Option<EventBounds>) -> Result<()> {
        self.create_temporary(table, create.query(Dialect::Postgres), &[])?;
        self.copy_staged(table, batch, table, &copy_all(table), within).map(drop)
    }

    /// Adds rows of the batch to the table that a statement inserts into.
    pub(super) fn copy_batch(&mut self, statement: Statement) -> Result<u64> {
        match (source(statement), &self.batch) {
            (Some(source), Some(batch)) => self.copy_staged(statement.name(), batch, source, text(statement), None),
            // Staged by the server itself.
            (None, _) => self.execute(statement.query(Dialect::Postgres), &[]),
            (Some(_), None) => Err(Error::new(Kind::Query, format!("{} finds nothing staged", statement.name()))),
        }
    }

    /// Copies rows of a staged view. `name` is what messages call the statement.
    fn copy_staged(&self, name: &str, batch: &Batch, view: &str, sql: &str, within: Option<EventBounds>) -> Result<u64> {
        let (view, session) = (staged_view(view)?, &self.session);
        session.copy(name, sql, |out| view.write(batch, within, &mut Interruptible { out, session }))
    }
}

/// The rows of a COPY, which end where the user interrupts.
struct Interruptible<'a, 'b> {
    out: &'a mut CopyRows<'b>,
    session: &'a Session,
}

impl RowSink for Interruptible<'_, '_> {
    #[inline]
    fn row(&mut self, values: usize) -> Result<()> {
        if self.out.row(values) { self.session.check_interrupt() } else { Ok(()) }
    }

    #[inline]
    fn cell(&mut self, cell: Cell<'_>) {
        self.out.cell(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_columns_stand_in_the_order_of_the_relation() {
        for statement in Statement::ALL {
            let sql = text(*statement);
            let Some(source) = source(*statement) else {
                assert!(!sql.contains("from stdin"), "{}", statement.name());
                continue;
            };
            let (_, list) = sql.split_once('(').unwrap();
            let (list, _) = list.split_once(')').unwrap();
            let listed: Vec<&str> = list.split(',').map(str::trim).collect();
            let columns: Vec<&str> = staged_view(source).unwrap().columns.iter().map(|(name, _)| *name).collect();
            assert_eq!(listed, columns, "{}", statement.name());
        }
    }
}
