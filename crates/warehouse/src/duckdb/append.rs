//! How rows reach DuckDB: batches of events by [`super::stream`], everything small by its appender.

use std::sync::Arc;

use duckdb::types::{TimeUnit, ToSql, ToSqlOutput, ValueRef};
use duckdb::{Appender, appender_params_from_iter};

use super::connect::memory_limit;
use super::{DuckDb, query_error, stream};
use crate::cell::{Cell, RowSource};
use crate::error::Result;
use crate::stage::Batch;
use crate::staged_views::STAGED_VIEWS;
use crate::tables::{LOAD_FILES, Table};

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Cell::Null => ValueRef::Null,
            Cell::BigInt(number) => ValueRef::BigInt(number),
            Cell::Integer(number) => ValueRef::Int(number),
            Cell::SmallInt(number) => ValueRef::SmallInt(number),
            Cell::Double(number) => ValueRef::Double(number),
            Cell::Time(us) => ValueRef::Timestamp(TimeUnit::Microsecond, us),
            Cell::Text(text) => ValueRef::Text(text),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl DuckDb {
    /// Appends rows to a table.
    pub(super) fn append_rows(&mut self, table: &Table, rows: &dyn RowSource) -> Result<()> {
        if *table == LOAD_FILES {
            // The ledger comes behind all rows of the star, which can be on their way to the disk while the checks run.
            self.file.sync_early();
        }
        let failed = |e| query_error(table.name, e);
        let connection = self.connection()?;
        let mut appender: Appender<'_> = if table.is_temporary {
            connection.appender_to_catalog_and_db(table.name, "temp", "main")
        } else {
            connection.appender(table.name)
        }
        .map_err(failed)?;
        let mut cells = Vec::new();
        for at in 0..rows.rows() {
            cells.clear();
            rows.row(at, &mut cells);
            appender.append_row(appender_params_from_iter(&cells)).map_err(failed)?;
        }
        appender.flush().map_err(failed)
    }

    /// Makes a batch readable in SQL, in place of the one before.
    pub(super) fn show(&mut self, batch: &Arc<Batch>) -> Result<()> {
        self.slot.put(Some(Arc::clone(batch)));
        if !self.file.database()?.has_views {
            for (index, view) in STAGED_VIEWS.iter().enumerate() {
                let sql =
                    format!("create or replace temporary view {} as select * from {}({index})", view.name, stream::FUNCTION);
                self.batch(view.name, &sql)?;
            }
            self.file.database_mut()?.has_views = true;
        }
        Ok(())
    }

    /// Leaves DuckDB what of its memory is not in use elsewhere.
    pub(super) fn limit_memory(&mut self, elsewhere: u64) -> Result<()> {
        let limit = memory_limit(self.resources.memory.saturating_sub(elsewhere));
        if self.file.database()?.limit.as_ref() != Some(&limit) {
            self.batch("memory_limit", &format!("set memory_limit = '{limit}'"))?;
            self.file.database_mut()?.limit = Some(limit);
        }
        Ok(())
    }
}
