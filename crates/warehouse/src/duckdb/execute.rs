//! Sending statements; `query` reads rows for people and scripts.

use std::sync::Arc;
use std::time::Instant;

use sparkify_duckdb_file::{Commit, Database};

use super::value::bound;
use super::{DuckDb, capabilities, query_error};
use crate::cell::RowSource;
use crate::engine::{Capabilities, Engine, Exposed, Proof};
use crate::error::Result;
use crate::ident::identifier;
use crate::query::numbered;
use crate::stage::Batch;
use crate::tables::Table;
use crate::{Param, Rows, SqlText};

impl Engine for DuckDb {
    fn capabilities(&self) -> Capabilities {
        capabilities(self.file.path(), self.resources)
    }

    fn begin(&mut self) -> Result<()> {
        self.set_interruptible(true);
        self.file.begin()
    }

    fn commit(&mut self, proof: &Proof) -> Result<Vec<String>> {
        self.set_interruptible(false);
        match self.file.commit()? {
            Commit::Done(warnings) => Ok(warnings),
            Commit::Doubtful(failure) => {
                let is_committed = proof.holds(self);
                self.file.conclude(is_committed, failure)
            }
        }
    }

    fn rollback(&mut self) -> Result<()> {
        // Views that the transaction made go with it.
        if let Ok(session) = self.file.database_mut() {
            session.has_views = false;
        }
        self.file.roll_back()
    }

    fn execute(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        let start = Instant::now();
        let (text, values) = numbered(statement, parameters)?;
        let values = duckdb::params_from_iter(values.into_iter().map(bound));
        let changed = self.connection()?.execute(&text, values).map_err(|e| query_error(statement.name, e))?;
        tracing::debug!(statement = statement.name, rows = changed, ms = start.elapsed().as_millis() as u64, "execute");
        Ok(changed as u64)
    }

    fn query(&mut self, query: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        self.stream(query, parameters, sink)
    }

    fn ask(&mut self, question: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        self.ask_only(question, sink)
    }

    fn drop_temporary(&mut self, table: &'static str) -> Result<()> {
        // By its catalogue, as a user's own table of the name must not be meant.
        self.batch(&format!("drop {table}"), &format!("drop table if exists temp.main.{}", identifier(table)))
    }

    fn append(&mut self, table: &Table, rows: &dyn RowSource) -> Result<()> {
        if rows.rows() == 0 { Ok(()) } else { self.append_rows(table, rows) }
    }

    fn expose(&mut self, batch: &Arc<Batch>, _: Exposed) -> Result<()> {
        self.show(batch)
    }

    fn unexpose(&mut self) -> Result<()> {
        self.slot.put(None);
        Ok(())
    }

    fn reserve(&mut self, bytes: u64) -> Result<()> {
        self.limit_memory(bytes)
    }
}

impl DuckDb {
    pub(super) fn batch(&self, name: &str, sql: &str) -> Result<()> {
        self.file.database()?.execute(name, sql)
    }
}
