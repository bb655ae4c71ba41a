//! Sending statements; `query` reads rows for people and scripts.

use std::sync::Arc;

use duckdb::types::Value as DuckValue;

use super::super::ident::identifier;
use super::super::query::numbered;
use super::super::{
    FileRow, Input, KnownFile, Param, QuarantinePart, QuarantinedLine, RefreshScope, RejectRow, ReplayedLine, Rows, RunRow,
    SCHEMA_VERSION, SqlText, Statement, Totals, Warehouse,
};
use super::commit::Outcome;
use super::stage::timestamp_ms;
use super::value::bound;
use super::{DuckDb, query_error, schema};
use crate::error::Result;
use crate::stage::{Batch, DecodedBatch, EventBounds, People, PlannedFile, SongRecord};

impl Warehouse for DuckDb {
    fn version(&mut self) -> Result<Option<i32>> {
        schema::version(&self.connection)
    }

    fn ensure_schema(&mut self) -> Result<()> {
        if let Some(body) = schema::missing(&self.connection, &self.path)? {
            self.transact(Outcome::Version(SCHEMA_VERSION), body)?;
        }
        Ok(())
    }

    fn drop_tables(&mut self) -> Result<()> {
        self.indexes.forget();
        self.transact(Outcome::NoTables, schema::drop_all)
    }

    fn reset_tables(&mut self) -> Result<()> {
        self.indexes.forget();
        self.transact(Outcome::EmptyTables, |connection| {
            schema::drop_all(connection)?;
            schema::create_all(connection)
        })
    }

    fn known_files(&mut self) -> Result<Vec<KnownFile>> {
        self.rows(Statement::KnownFiles, |row| Ok(KnownFile { url: row.get(0)?, version: row.get(1)? }))
    }

    fn last_file_no(&mut self) -> Result<i64> {
        Ok(self.rows(Statement::LastFileNo, |row| row.get(0))?.first().copied().unwrap_or(0))
    }

    fn totals(&mut self) -> Result<Totals> {
        let count = |row: &duckdb::Row<'_>, i| row.get::<_, i64>(i).map(|n| n as u64);
        let totals = self.rows(Statement::Totals, |row| {
            Ok(Totals {
                users: count(row, 0)?,
                songs: count(row, 1)?,
                artists: count(row, 2)?,
                matched: count(row, 3)?,
                songplays: count(row, 4)?,
            })
        })?;
        Ok(totals.first().copied().unwrap_or_default())
    }

    fn begin(&mut self) -> Result<()> {
        self.begin_journaled()
    }

    fn commit(&mut self) -> Result<()> {
        self.commit_journaled()
    }

    fn rollback(&mut self) -> Result<()> {
        self.indexes.forget();
        self.roll_back()
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn empty_tables(&mut self, scope: RefreshScope) -> Result<()> {
        self.indexes.forget();
        scope.tables().iter().try_for_each(|table| self.batch(table, &format!("delete from {}", identifier(table))))?;
        scope.statements().iter().try_for_each(|statement| self.execute(*statement).map(drop))
    }

    fn execute(&mut self, statement: Statement) -> Result<u64> {
        self.timed(statement, |connection| connection.execute(statement.text(), []))
    }

    fn execute_within(&mut self, statement: Statement, bounds: EventBounds) -> Result<u64> {
        let parameters = [timestamp_ms(bounds.min_ms), timestamp_ms(bounds.max_ms)];
        self.timed(statement, |connection| {
            let mut prepared = connection.prepare(statement.text())?;
            let wanted = prepared.parameter_count().min(parameters.len());
            prepared.execute(duckdb::params_from_iter(&parameters[..wanted]))
        })
    }

    fn query(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        self.stream(statement, parameters, sink)
    }

    fn ask(&mut self, question: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        self.ask_only(question, sink)
    }

    fn keep(&mut self, table: &'static str, query: SqlText<'_>, parameters: &[Param<'_>]) -> Result<bool> {
        let text = format!("create or replace temporary table {} as\n{}", identifier(table), query.text);
        self.answer(SqlText { text: &text, ..query }, parameters).map(|_| true)
    }

    fn drop_table(&mut self, table: &'static str) -> Result<()> {
        self.batch(table, &format!("drop table if exists {}", identifier(table)))
    }

    fn stage_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        self.put_events(batch)
    }

    fn unstage_events(&mut self) {
        self.shelf.put(None);
    }

    fn stage_people(&mut self, people: &People) -> Result<()> {
        self.put_people(people)
    }

    fn stage_songs(&mut self, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        self.put_songs(songs, files)
    }

    fn add_files(&mut self, run_id: &str, files: &[FileRow]) -> Result<()> {
        // All rows of the star are written by now.
        self.file.sync_early();
        self.put_files(run_id, files)
    }

    fn add_rejects(&mut self, run_id: &str, rejects: &[RejectRow]) -> Result<()> {
        self.put_rejects(run_id, rejects)
    }

    fn rejects(&mut self, run: Option<&str>, sink: &mut dyn Rows) -> Result<()> {
        self.rejects_by_parts(run, sink)
    }

    fn quarantine(&mut self, part: &QuarantinePart) -> Result<Vec<QuarantinedLine>> {
        let (name, parameters) = (Statement::Quarantine.name(), part.parameters());
        let failed = |e| query_error(name, e);
        let (text, values) = numbered(self.sql(Statement::Quarantine), &parameters)?;
        let mut prepared = self.connection.prepare(&text).map_err(failed)?;
        let line = |row: &duckdb::Row<'_>| {
            let raw: String = row.get(5)?;
            let raw_bytes: Option<Vec<u8>> = row.get(6)?;
            let modified_us = match row.get::<_, DuckValue>(7)? {
                DuckValue::Timestamp(unit, n) => unit.to_micros(n),
                _ => 0,
            };
            Ok(QuarantinedLine {
                input: Input::of_line(&row.get::<_, String>(0)?),
                url: row.get(1)?,
                file_no: row.get(2)?,
                modified_us,
                line: row.get::<_, i64>(3)? as u64,
                byte_offset: row.get::<_, i64>(4)? as u64,
                raw: raw_bytes.unwrap_or_else(|| raw.into_bytes()),
                is_in_force: row.get::<_, i64>(2)? == row.get::<_, i64>(8)?,
            })
        };
        let _order = self.keeping_order().map_err(failed)?;
        let rows = prepared.query_map(duckdb::params_from_iter(values.into_iter().map(bound)), line).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    fn release(&mut self, lines: &[ReplayedLine]) -> Result<()> {
        self.put_replays(lines)?;
        self.execute(Statement::UpdateReplayedFiles)?;
        self.execute(Statement::DeleteReplayedRejects)?;
        self.drop_table("staged_replays")
    }

    fn add_run(&mut self, run: &RunRow) -> Result<()> {
        self.outcome = Some(Outcome::Run(run.run_id.clone()));
        self.put_run(run)
    }
}

impl DuckDb {
    pub(super) fn batch(&self, name: &str, sql: &str) -> Result<()> {
        tracing::debug!(statement = name, "execute");
        self.connection.execute_batch(sql).map_err(|e| query_error(name, e))
    }

    fn timed(&self, statement: Statement, run: impl FnOnce(&duckdb::Connection) -> duckdb::Result<usize>) -> Result<u64> {
        let start = std::time::Instant::now();
        let changed = run(&self.connection).map_err(|e| query_error(statement.name(), e))?;
        tracing::debug!(statement = statement.name(), rows = changed, ms = start.elapsed().as_millis() as u64, "execute");
        Ok(changed as u64)
    }

    pub(super) fn rows<T>(&self, statement: Statement, row: impl FnMut(&duckdb::Row<'_>) -> duckdb::Result<T>) -> Result<Vec<T>> {
        let failed = |e| query_error(statement.name(), e);
        let mut prepared = self.connection.prepare(statement.text()).map_err(failed)?;
        let rows = prepared.query_map([], row).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }
}
