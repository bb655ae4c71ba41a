//! A warehouse that does nothing but write down what it is told: for `--dry-run`, and for tests that make it fail.

use std::fmt::Write as _;
use std::sync::Arc;

use super::redshift::Rehearsal;
use super::{
    Dialect, FileRow, KnownFile, Param, QuarantinePart, QuarantinedLine, RefreshScope, RejectRow, ReplayedLine, RoleStatement,
    Rows, RunRow, SCHEMA_VERSION, SqlText, Statement, Totals, Warehouse, literal,
};
use crate::error::{Error, Kind, Result};
use crate::stage::{Batch, DecodedBatch, EventBounds, People, PlannedFile, SongRecord};

/// Writes down statements, as a script whose every line is SQL or a comment.
#[derive(Debug, Default)]
pub struct Recorder {
    script: String,
    /// Fail at the step with this number, counted from 0.
    pub fail_at: Option<usize>,
    /// As what kind of failure; a query's where none is named.
    pub fails_as: Option<Kind>,
    /// Take so many plays fewer than were staged.
    pub loses: u64,
    /// Whose spelling of statements is written down.
    dialect: Dialect,
    /// What only Redshift sends.
    pub rehearsal: Option<Rehearsal>,
    steps: usize,
    /// Accepted plays and views of the staged batch.
    staged: (u64, u64),
}

impl Recorder {
    /// Writes statements down as this engine spells them.
    #[must_use]
    pub fn of(dialect: Dialect) -> Self {
        Self { dialect, ..Self::default() }
    }

    /// What was written down.
    #[must_use]
    pub fn script(&self) -> &str {
        &self.script
    }

    fn write(&mut self, name: &str, text: &str) -> Result<()> {
        self.step(name)?;
        // Writing to a String cannot fail.
        let _ = writeln!(self.script, "\n-- {name}\n{}", text.trim_end());
        Ok(())
    }

    /// Writes down what makes roles and says what they may do.
    ///
    /// # Errors
    /// When it is to fail.
    pub fn roles(&mut self, statements: &[RoleStatement]) -> Result<()> {
        statements.iter().try_for_each(|role| self.write(role.statement.name(), &role.text))
    }

    fn statement(&mut self, statement: Statement) -> Result<()> {
        self.write(statement.name(), statement.text_in(self.dialect))
    }

    /// Brings tables of this version forward, as far as they are older.
    ///
    /// # Errors
    /// As told.
    pub fn migrate(&mut self, from: i32) -> Result<()> {
        if from >= SCHEMA_VERSION {
            return Ok(());
        }
        self.begin()?;
        let steps = super::sql::steps_after(from, super::sql::MIGRATIONS);
        steps.chain(self.indexes().iter().copied()).try_for_each(|statement| self.statement(statement))?;
        self.set_version()
    }

    fn indexes(&self) -> &'static [Statement] {
        if self.dialect == Dialect::Postgres { super::postgres::INDEXES.as_slice() } else { &[] }
    }

    fn set_version(&mut self) -> Result<()> {
        self.statement(Statement::DeleteVersion)?;
        let version = Statement::InsertVersion;
        self.write(version.name(), &literal::filled_in(version.text_in(self.dialect), &[SCHEMA_VERSION.to_string()]))?;
        self.write("commit", "commit;")
    }

    fn comment(&mut self, text: &str) -> Result<()> {
        self.step(text)?;
        let _ = writeln!(self.script, "\n-- {text}");
        Ok(())
    }

    fn sent(&mut self, statements: &[(String, String)]) -> Result<()> {
        statements.iter().try_for_each(|(name, text)| if name.is_empty() { self.comment(text) } else { self.write(name, text) })
    }

    fn step(&mut self, name: &str) -> Result<()> {
        self.steps += 1;
        if self.fail_at == Some(self.steps - 1) {
            return Err(Error::new(self.fails_as.unwrap_or(Kind::Query), format!("{name} failed, as told")));
        }
        Ok(())
    }
}

impl Warehouse for Recorder {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn version(&mut self) -> Result<Option<i32>> {
        Ok(None)
    }

    fn ensure_schema(&mut self) -> Result<()> {
        self.write("begin", "begin;")?;
        if let Some(rehearsal) = &self.rehearsal {
            let sent = rehearsal.schema();
            self.sent(&sent)?;
        } else {
            let tables = super::sql::TABLES.iter().map(|(_, statement)| *statement);
            tables.chain(self.indexes().iter().copied()).try_for_each(|statement| self.statement(statement))?;
        }
        self.set_version()
    }

    fn role_statements(&mut self) -> Result<Vec<RoleStatement>> {
        Ok(self.rehearsal.as_ref().map(Rehearsal::roles).unwrap_or_default())
    }

    fn ensure_roles(&mut self) -> Result<Vec<RoleStatement>> {
        let wanted = self.role_statements()?;
        self.roles(&wanted)?;
        Ok(Vec::new())
    }

    fn drop_tables(&mut self) -> Result<()> {
        super::sql::TABLES.iter().try_for_each(|(name, _)| self.write(name, &format!("drop table if exists {name};")))
    }

    fn known_files(&mut self) -> Result<Vec<KnownFile>> {
        Ok(Vec::new())
    }

    fn last_file_no(&mut self) -> Result<i64> {
        Ok(0)
    }

    fn totals(&mut self) -> Result<Totals> {
        Ok(Totals::default())
    }

    fn begin(&mut self) -> Result<()> {
        if let Some(rehearsal) = &self.rehearsal {
            let sent = rehearsal.begin();
            return self.sent(&sent);
        }
        self.write("begin", "begin;")
    }

    fn commit(&mut self) -> Result<()> {
        self.write("commit", "commit;")
    }

    fn rollback(&mut self) -> Result<()> {
        self.write("rollback", "rollback;")
    }

    fn empty_tables(&mut self, scope: RefreshScope) -> Result<()> {
        scope.tables().iter().try_for_each(|table| self.write(table, &format!("delete from {table};")))?;
        scope.statements().iter().try_for_each(|statement| self.statement(*statement))
    }

    fn execute(&mut self, statement: Statement) -> Result<u64> {
        self.statement(statement)?;
        if let Some(count) = super::redshift::counted_by(statement).filter(|_| self.dialect == Dialect::Redshift) {
            self.statement(count)?;
        }
        Ok(match statement {
            Statement::InsertSongplays => self.staged.0.saturating_sub(self.loses),
            Statement::InsertPageViews => self.staged.1,
            // A run shows what it does when there are plays to link, sessions that go on, and songs that two files tell.
            Statement::TouchedPlays | Statement::ContinuedSessions | Statement::InsertOtherTellings => 1,
            _ => 0,
        })
    }

    fn execute_within(&mut self, statement: Statement, bounds: EventBounds) -> Result<u64> {
        let text = literal::filled_in(statement.text_in(self.dialect), &literal::times(bounds));
        self.write(statement.name(), &text)?;
        Ok(0)
    }

    fn query(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>], _: &mut dyn Rows) -> Result<()> {
        let text = literal::with_values(statement, parameters)?;
        self.write(statement.name, &text)
    }

    fn ask(&mut self, question: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        self.query(question, &[], sink)
    }

    fn drop_table(&mut self, table: &'static str) -> Result<()> {
        self.write(&format!("drop {table}"), &format!("drop table if exists {table};"))
    }

    fn stage_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        let batch = Arc::new(Batch::alone(Arc::new(batch)));
        self.staged = batch.accepted_counts();
        if let Some(rehearsal) = &self.rehearsal {
            let sent = rehearsal.events()?;
            self.sent(&sent)?;
            return Ok(batch);
        }
        self.comment(
            "staged_plays, staged_views, staged_times, staged_sessions, staged_keys and staged_events show the decoded batch",
        )?;
        self.statement(Statement::ReadCatalogue)?;
        self.execute_within(Statement::KnownEvents, EventBounds::UNREAD)?;
        self.statement(Statement::ReadTracks)?;
        self.comment("tracks gets a row for each title and artist that it does not have")?;
        Ok(batch)
    }

    fn unstage_events(&mut self) {}

    fn stage_people(&mut self, _: &People) -> Result<()> {
        if let Some(rehearsal) = &self.rehearsal {
            let sent = rehearsal.people();
            return self.sent(&sent);
        }
        self.statement(Statement::CreateStagedUsers)?;
        self.statement(Statement::CreateStagedLevels)?;
        self.comment("staged_users and staged_levels are filled with the batch's users")
    }

    fn stage_songs(&mut self, _: &[SongRecord], _: &[PlannedFile]) -> Result<()> {
        if let Some(rehearsal) = &self.rehearsal {
            let sent = rehearsal.songs()?;
            return self.sent(&sent);
        }
        self.statement(Statement::CreateStagedSongs)?;
        self.comment("staged_songs is filled with the decoded songs")
    }

    fn add_files(&mut self, _: &str, _: &[FileRow]) -> Result<()> {
        self.comment("load_files gets a row for each file")
    }

    fn add_rejects(&mut self, _: &str, _: &[RejectRow]) -> Result<()> {
        self.comment("load_rejects gets a row for each refused line")
    }

    fn quarantine(&mut self, _: &QuarantinePart) -> Result<Vec<QuarantinedLine>> {
        Ok(Vec::new())
    }

    fn release(&mut self, _: &[ReplayedLine]) -> Result<()> {
        Ok(())
    }

    fn add_run(&mut self, _: &RunRow) -> Result<()> {
        self.comment("load_runs gets a row for the run")
    }
}
