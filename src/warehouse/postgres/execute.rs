//! Sending statements, and reading rows for people and scripts.

use std::sync::Arc;

use tokio_postgres::Column;
use tokio_postgres::types::ToSql;

use super::super::ident::identifier;
use super::super::query::{numbered, unprintable};
use super::super::{
    Dialect, FileRow, Input, KnownFile, Param, QuarantinePart, QuarantinedLine, RefreshScope, RejectRow, ReplayedLine, Rows,
    RunRow, SqlText, Statement, Totals, Value, Warehouse, question,
};
use super::session::Session;
use super::value::{Cell, Timestamp, text_type};
use super::{BEGUN_AGAIN, Postgres, connect, schema, stage};
use crate::error::Result;
use crate::stage::{Batch, DecodedBatch, EventBounds, People, PlannedFile, SongRecord};

impl Warehouse for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn version(&mut self) -> Result<Option<i32>> {
        schema::version(&self.session)
    }

    fn ensure_schema(&mut self) -> Result<()> {
        self.begin()?;
        self.end(schema::ensure)
    }

    fn drop_tables(&mut self) -> Result<()> {
        self.begin()?;
        self.end(schema::drop_all)
    }

    fn reset_tables(&mut self) -> Result<()> {
        self.begin()?;
        self.end(|session| {
            schema::drop_all(session)?;
            schema::ensure(session)
        })
    }

    fn known_files(&mut self) -> Result<Vec<KnownFile>> {
        let rows = self.session.rows(Statement::KnownFiles, &[])?;
        rows.iter().map(|row| Ok(KnownFile { url: self.session.get(row, 0)?, version: self.session.get(row, 1)? })).collect()
    }

    fn last_file_no(&mut self) -> Result<i64> {
        let row = self.session.row(Statement::LastFileNo)?;
        self.session.get(&row, 0)
    }

    fn totals(&mut self) -> Result<Totals> {
        let row = self.session.row(Statement::Totals)?;
        let count = |at| self.session.get::<i64>(&row, at).map(|n| n as u64);
        Ok(Totals { users: count(0)?, songs: count(1)?, artists: count(2)?, matched: count(3)?, songplays: count(4)? })
    }

    fn begin(&mut self) -> Result<()> {
        self.session.set_interruptible(true);
        // The first time it was begun where the warehouse was opened.
        if self.session.in_transaction() { Ok(()) } else { connect::begin_locked(&self.session, self.wait.max(BEGUN_AGAIN)) }
    }

    fn commit(&mut self) -> Result<()> {
        self.commit_verified()
    }

    fn rollback(&mut self) -> Result<()> {
        self.indexes.forget();
        self.run_id = None;
        self.end_staging();
        self.session.rollback()
    }

    fn read_on(&mut self) -> Result<()> {
        self.session.rollback()?;
        self.session.begin_reading()
    }

    fn empty_tables(&mut self, scope: RefreshScope) -> Result<()> {
        self.indexes.forget();
        scope.tables().iter().try_for_each(|table| self.session.batch(table, &format!("delete from {}", identifier(table))))?;
        scope.statements().iter().try_for_each(|statement| self.execute(*statement).map(drop))
    }

    fn execute(&mut self, statement: Statement) -> Result<u64> {
        match stage::source(statement) {
            Some(source) => self.copy_batch(statement, source),
            None => self.session.execute(statement, &[]),
        }
    }

    fn execute_within(&mut self, statement: Statement, bounds: EventBounds) -> Result<u64> {
        self.session.execute(statement, &[&Timestamp::of_ms(bounds.min_ms), &Timestamp::of_ms(bounds.max_ms)])
    }

    fn query(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        let (numbered, values) = match parameters {
            [] => (statement.text.into(), Vec::new()),
            _ => numbered(statement, parameters)?,
        };
        let values: Vec<Cell> = values.into_iter().map(|value| Cell(value.clone())).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let session = &self.session;
        let sink = std::cell::RefCell::new(sink);
        session.each_row(
            SqlText { name: statement.name, text: &numbered },
            &values,
            |columns| {
                let text = readable(&numbered, columns, parameters.is_empty())?;
                let names: Vec<String> = columns.iter().map(|column| column.name().to_owned()).collect();
                sink.borrow_mut().columns(&names).map(|()| text)
            },
            |row| {
                let values: Result<Vec<Value>> =
                    (0..row.len()).map(|at| session.get::<Option<Cell>>(&row, at).map(Cell::or_null)).collect();
                sink.borrow_mut().row(values?)
            },
        )
    }

    fn ask(&mut self, asked: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        question::check(asked.text)?;
        self.session.become_reader()?;
        self.query(asked, &[], sink)
    }

    fn drop_table(&mut self, table: &'static str) -> Result<()> {
        match table {
            "staging_events" => self.session.batch(table, &format!("drop table if exists {}", identifier(table))),
            _ => self.drop_temporary(table),
        }
    }

    fn stage_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        self.put_events(batch)
    }

    fn unstage_events(&mut self) {
        self.end_staging();
    }

    fn stage_people(&mut self, people: &People) -> Result<()> {
        self.put_people(people)
    }

    fn stage_songs(&mut self, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        self.put_songs(songs, files)
    }

    fn add_files(&mut self, run_id: &str, files: &[FileRow]) -> Result<()> {
        self.put_files(run_id, files)
    }

    fn add_rejects(&mut self, run_id: &str, rejects: &[RejectRow]) -> Result<()> {
        self.put_rejects(run_id, rejects)
    }

    fn quarantine(&mut self, part: &QuarantinePart) -> Result<Vec<QuarantinedLine>> {
        let (session, parameters) = (&self.session, part.parameters());
        let (text, values) = numbered(self.sql(Statement::Quarantine), &parameters)?;
        let values: Vec<Cell> = values.into_iter().map(|value| Cell(value.clone())).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let mut lines = Vec::new();
        let line = |row: &tokio_postgres::Row| -> Result<QuarantinedLine> {
            let raw_bytes: Option<Vec<u8>> = session.get(row, 6)?;
            Ok(QuarantinedLine {
                input: Input::of_line(session.get(row, 0)?),
                url: session.get(row, 1)?,
                file_no: session.get(row, 2)?,
                line: session.get::<i64>(row, 3)? as u64,
                byte_offset: session.get::<i64>(row, 4)? as u64,
                raw: match raw_bytes {
                    Some(bytes) => bytes,
                    None => session.get::<String>(row, 5)?.into_bytes(),
                },
                modified_us: session.get::<Timestamp>(row, 7)?.us(),
                is_in_force: session.get::<i64>(row, 2)? == session.get::<i64>(row, 8)?,
            })
        };
        let query = SqlText { name: Statement::Quarantine.name(), text: &text };
        session.each_row(
            query,
            &values,
            |_| Ok(None),
            |row| {
                lines.push(line(&row)?);
                Ok(())
            },
        )?;
        Ok(lines)
    }

    fn release(&mut self, lines: &[ReplayedLine]) -> Result<()> {
        self.put_replays(lines)?;
        self.execute(Statement::UpdateReplayedFiles)?;
        self.execute(Statement::DeleteReplayedRejects)?;
        self.drop_table("staged_replays")
    }

    fn add_run(&mut self, run: &RunRow) -> Result<()> {
        self.put_run(run)?;
        self.run_id = Some(run.run_id.clone());
        Ok(())
    }
}

impl Postgres {
    /// Does something to the tables and ends the transaction.
    fn end<T>(&mut self, work: impl FnOnce(&Session) -> Result<T>) -> Result<()> {
        self.indexes.forget();
        match work(&self.session) {
            Ok(_) => self.session.commit(),
            Err(error) => {
                // The first error is the one to tell; the connection is given up after it.
                let _ = self.session.rollback();
                Err(error)
            }
        }
    }
}

/// The text to run in place of a question with columns whose values have no form here: the server makes texts of them.
fn readable(text: &str, columns: &[Column], is_free: bool) -> Result<Option<String>> {
    let casts: Vec<Option<&str>> = columns.iter().map(|column| text_type(column.type_())).collect();
    let strange = casts.iter().zip(columns).enumerate().find(|(_, (cast, _))| cast.is_some());
    let Some((place, (_, column))) = strange else { return Ok(None) };
    if !is_free || !question::is_relation(text) {
        return Err(unprintable(place, column.name(), column.type_().name()));
    }
    let name = |place: usize| format!("c{place}");
    let selected = casts.iter().enumerate().map(|(place, cast)| match cast {
        Some(kind) => format!("cast({} as {kind})", name(place)),
        None => name(place),
    });
    let (selected, names): (Vec<String>, Vec<String>) = (selected.collect(), (0..casts.len()).map(name).collect());
    // On lines of its own, as the text may end with a comment.
    let relation = format!("(\n{}\n) as asked({})", question::without_end(text), names.join(", "));
    Ok(Some(format!("select {} from {relation}", selected.join(", "))))
}
