//! Sending statements, and reading rows for people and scripts.

use std::sync::Arc;

use super::super::ident::identifier;
use super::super::{
    Dialect, FileRow, Input, KnownFile, ObjectsStaged, Param, QuarantinePart, QuarantinedLine, RefreshScope, RejectRow,
    ReplayedLine, RoleStatement, Rows, RunRow, SqlText, StageInput, Statement, Totals, Value, Warehouse, literal, question,
};
use super::session::text;
use super::stage::{bytes_of, time_us};
use super::{BEGIN_READING, Redshift, number, roles, schema};
use crate::error::Result;
use crate::source::SourceFile;
use crate::stage::{Batch, DecodedBatch, EventBounds, People, PlannedFile, SongRecord};

impl Warehouse for Redshift {
    fn dialect(&self) -> Dialect {
        Dialect::Redshift
    }

    fn version(&mut self) -> Result<Option<i32>> {
        schema::version(&mut self.session)
    }

    fn ensure_schema(&mut self) -> Result<()> {
        self.leave()?;
        schema::ensure(&mut self.session, self.options.redshift.design, self.options.wait)
    }

    fn role_statements(&mut self) -> Result<Vec<RoleStatement>> {
        roles::wanted(&mut self.session)
    }

    fn ensure_roles(&mut self) -> Result<Vec<RoleStatement>> {
        self.leave()?;
        roles::ensure(&mut self.session)
    }

    fn drop_tables(&mut self) -> Result<()> {
        self.leave()?;
        self.planned_on = None;
        self.indexes.forget();
        schema::drop_all(&mut self.session)
    }

    fn known_files(&mut self) -> Result<Vec<KnownFile>> {
        let rows = self.session.answer(Statement::KnownFiles, &[])?;
        let known = rows.into_iter().filter_map(|row| match row.as_slice() {
            [Value::Text(url), Value::Text(version)] => Some(KnownFile { url: url.clone(), version: version.clone() }),
            _ => None,
        });
        Ok(known.collect())
    }

    fn last_file_no(&mut self) -> Result<i64> {
        number(&self.session.row(Statement::LastFileNo, &[])?, 0)
    }

    fn totals(&mut self) -> Result<Totals> {
        let row = self.session.row(Statement::Totals, &[])?;
        let count = |at| number(&row, at).map(|n| n as u64);
        Ok(Totals { users: count(0)?, songs: count(1)?, artists: count(2)?, matched: count(3)?, songplays: count(4)? })
    }

    fn begin(&mut self) -> Result<()> {
        self.session.set_interruptible(true);
        self.keeps_lines = false;
        if self.in_transaction { Ok(()) } else { self.lock() }
    }

    fn reconnects(&self) -> bool {
        true
    }

    fn commit(&mut self) -> Result<()> {
        self.end_well()
    }

    fn rollback(&mut self) -> Result<()> {
        self.undo()
    }

    fn read_on(&mut self) -> Result<()> {
        self.session.batch("rollback", "rollback")?;
        self.session.batch("begin", BEGIN_READING).map(drop)
    }

    fn empty_tables(&mut self, scope: RefreshScope) -> Result<()> {
        self.indexes.forget();
        // Not by TRUNCATE, which would commit.
        scope
            .tables()
            .iter()
            .try_for_each(|table| self.session.batch(table, &format!("delete from {}", identifier(table))).map(drop))?;
        scope.statements().iter().try_for_each(|statement| self.execute(*statement).map(drop))
    }

    fn execute(&mut self, statement: Statement) -> Result<u64> {
        if statement == Statement::CreateStagingEvents {
            self.keeps_lines = true;
        }
        match temporary_table(text(statement)) {
            Some(table) => {
                self.make_staged(statement, table)?;
                // What a table is made of is not counted; where it matters, one question looks whether there is anything.
                match counted_by(statement) {
                    Some(count) => number(&self.session.row(count, &[])?, 0).map(|n| n as u64),
                    None => Ok(0),
                }
            }
            None => self.session.execute(statement, &[]),
        }
    }

    fn execute_within(&mut self, statement: Statement, bounds: EventBounds) -> Result<u64> {
        match temporary_table(text(statement)) {
            Some(table) => self.make_staged_with(statement, table, &literal::times(bounds)),
            None => self.session.execute(statement, &literal::times(bounds)),
        }
    }

    fn query(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        let filled = literal::with_values(statement, parameters)?;
        self.session.query(SqlText { name: statement.name, text: &filled }, sink)
    }

    fn ask(&mut self, asked: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        // The server runs all statements of a text, and a commit in it would end the transaction that only reads.
        question::check_single(asked.text)?;
        question::check(asked.text)?;
        self.query(asked, &[], sink)
    }

    fn drop_table(&mut self, table: &'static str) -> Result<()> {
        match table {
            "staging_events" => self.session.batch(table, &schema::drop_statement(table)).map(drop),
            _ => self.drop_staged(table),
        }
    }

    fn most_text(&self) -> Option<usize> {
        Some(super::direct::TEXT_BYTES)
    }

    fn stage_input(&mut self, logs: &[Arc<SourceFile>]) -> StageInput {
        self.plan(logs)
    }

    fn stage_objects(&mut self, files: &[PlannedFile], max_errors: u64) -> Result<ObjectsStaged> {
        self.put_objects(files, max_errors)
    }

    fn stage_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        self.put_events(batch)
    }

    fn unstage_events(&mut self) {}

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
        let rows = self.answer(self.sql(Statement::Quarantine), &part.parameters())?.rows;
        let line = |row: &Vec<Value>| -> Result<QuarantinedLine> {
            let text = |at: usize| row.get(at).filter(|v| **v != Value::Null).map(ToString::to_string);
            Ok(QuarantinedLine {
                input: Input::of_line(&text(0).unwrap_or_default()),
                url: text(1).unwrap_or_default(),
                file_no: number(row, 2)?,
                line: number(row, 3)? as u64,
                byte_offset: number(row, 4)? as u64,
                raw: text(6).map_or_else(|| text(5).unwrap_or_default().into_bytes(), |digits| bytes_of(&digits)),
                modified_us: time_us(&text(7).unwrap_or_default())?,
                is_in_force: number(row, 2)? == number(row, 8)?,
            })
        };
        rows.iter().map(line).collect()
    }

    fn release(&mut self, lines: &[ReplayedLine]) -> Result<()> {
        self.put_replays(lines)?;
        self.session.execute(Statement::UpdateReplayedFiles, &[])?;
        self.session.execute(Statement::DeleteReplayedRejects, &[])?;
        self.drop_staged("staged_replays")
    }

    fn add_run(&mut self, run: &RunRow) -> Result<()> {
        self.put_run(run)
    }
}

impl Redshift {
    /// Gives the lock back, where nothing was done behind it yet.
    fn leave(&mut self) -> Result<()> {
        if self.in_transaction { self.undo() } else { Ok(()) }
    }
}

/// The question for the number of rows of the table that a statement makes, where that matters.
pub(in super::super) const fn counted_by(statement: Statement) -> Option<Statement> {
    match statement {
        Statement::TouchedPlays => Some(Statement::RedshiftCountTouched),
        Statement::ContinuedSessions => Some(Statement::RedshiftCountContinued),
        _ => None,
    }
}

/// The temporary table that a statement makes.
fn temporary_table(sql: &'static str) -> Option<&'static str> {
    let (_, rest) = sql.split_once("create temporary table ")?;
    let rest = rest.strip_prefix("if not exists ").unwrap_or(rest);
    rest.split([' ', '\n', '(']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_tables_are_known_by_name() {
        assert_eq!(temporary_table(text(Statement::ChangedSongs)), Some("changed_songs"));
        assert_eq!(temporary_table(text(Statement::CreateStagedUsers)), Some("staged_users"));
        assert_eq!(temporary_table(text(Statement::MatchTouchedPlays)), Some("plays_to_match"));
        assert_eq!(temporary_table(text(Statement::InsertSongs)), None);
    }
}
