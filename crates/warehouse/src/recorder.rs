//! An engine that does nothing but write down what it is told: for `--dry-run`, and for tests that make it fail.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cell::RowSource;
use crate::engine::{Capabilities, Engine, Exposed, Proof};
use crate::error::{Error, Kind, Result};
use crate::query::time_text;
use crate::stage::{Batch, EventBounds};
use crate::tables::{LOAD_FILES, LOAD_REJECTS, LOAD_RUNS, STAGED_LEVELS, STAGED_SONGS, STAGED_USERS, TRACKS, Table};
use crate::{Param, Rows, SqlText, Statement, Value, literal};

/// Statements in the order in which they would be sent, as a script whose every line is SQL or a comment. Clones are the same
/// script.
#[derive(Debug, Clone, Default)]
pub struct Script(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    text: String,
    steps: usize,
    fails: Option<(usize, Kind)>,
    /// What is known of queries: their rows, and whether they are not sent again for it.
    known: Vec<(&'static str, Vec<Value>, bool)>,
}

impl Script {
    /// A script of a load into tables of this version, if there are any, whose highest file number is known too.
    #[must_use]
    pub fn into_tables(version: Option<i32>, last_file_no: i64) -> Self {
        let script = Self::default();
        script.know(Statement::TableExists.name(), vec![Value::Boolean(version.is_some())]);
        script.know(Statement::ReadVersion.name(), vec![version.map(i64::from).into()]);
        script.know(Statement::LastFileNo.name(), vec![last_file_no.into()]);
        // A load shows what it does where it meets events of the same days.
        let held = EventBounds::UNREAD;
        script.answer(Statement::FactBounds.name(), [held.min_ms, held.max_ms].map(|ms| time_text(ms * 1000).into()).to_vec());
        script
    }

    /// What was written down.
    #[must_use]
    pub fn text(&self) -> String {
        self.lock().text.clone()
    }

    /// Has the step with this number, counted from 0, fail with this kind of error.
    pub fn fail_at(&self, step: usize, kind: Kind) {
        self.lock().fails = Some((step, kind));
    }

    /// The answer to a query that was asked before, so that it is not sent again. No row, if it has no values.
    pub(crate) fn know(&self, query: &'static str, row: Vec<Value>) {
        self.lock().known.push((query, row, true));
    }

    /// What a query is to find.
    pub(crate) fn answer(&self, query: &'static str, row: Vec<Value>) {
        self.lock().known.push((query, row, false));
    }

    /// Writes a statement down, and returns how many rows it is taken to change.
    ///
    /// # Errors
    /// When it is to fail.
    pub fn write(&self, name: &str, text: &str) -> Result<u64> {
        let text = text.trim_end();
        let end = if text.ends_with(';') { "" } else { ";" };
        self.step(name, &format!("-- {name}\n{text}{end}"))?;
        // A load shows what it does where several files describe a song.
        Ok(u64::from(name == Statement::InsertOtherTellings.name()))
    }

    /// Notes that a table gets rows.
    pub(crate) fn append(&self, table: &str) -> Result<()> {
        let each = [
            (LOAD_FILES, "file"),
            (LOAD_REJECTS, "refused line"),
            (LOAD_RUNS, "run"),
            (TRACKS, "title and artist that it does not have"),
            (STAGED_SONGS, "decoded song"),
            (STAGED_USERS, "user of the batch"),
            (STAGED_LEVELS, "change of a user's level"),
        ];
        let what = each.iter().find(|(known, _)| known.name == table).map_or("row", |(_, what)| *what);
        self.comment(&format!("{table} gets a row for each {what}"))
    }

    /// Writes down what is no statement.
    ///
    /// # Errors
    /// When it is to fail.
    pub(crate) fn comment(&self, text: &str) -> Result<()> {
        self.step(text, &format!("-- {text}"))
    }

    /// Writes a query down, unless it was asked before, and passes on what is known of its answer.
    pub(crate) fn ask(&self, name: &str, text: &str, sink: &mut dyn Rows) -> Result<()> {
        let known = self.lock().known.iter().rev().find(|(query, ..)| *query == name).cloned();
        if !known.as_ref().is_some_and(|(.., was_asked)| *was_asked) {
            self.write(name, text)?;
        }
        match known {
            Some((_, row, _)) if !row.is_empty() => sink.row(row),
            _ => Ok(()),
        }
    }

    fn step(&self, name: &str, text: &str) -> Result<()> {
        let mut inner = self.lock();
        inner.steps += 1;
        if let Some((step, kind)) = inner.fails
            && inner.steps - 1 == step
        {
            return Err(Error::new(kind, format!("{name} failed, as told")));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(inner.text, "\n{text}");
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down the statements that an engine of these capabilities would be sent.
#[derive(Debug)]
pub struct Recorder {
    script: Script,
    capabilities: Capabilities,
    /// Takes so many plays fewer than were staged.
    loses: u64,
    /// What each commit warns of.
    warning: Option<&'static str>,
    /// Accepted plays and views of the staged batch.
    staged: (u64, u64),
}

impl Recorder {
    /// Writes into this script.
    #[must_use]
    pub fn new(capabilities: Capabilities, script: Script) -> Self {
        // It reports what the statements are taken to do, and has nothing that could be other than expected.
        let capabilities = Capabilities { counts_created_rows: true, columns: None, ..capabilities };
        Self { script, capabilities, loses: 0, warning: None, staged: (0, 0) }
    }

    /// Has it take so many plays fewer than are staged, which a load must notice.
    #[must_use]
    pub fn losing(self, plays: u64) -> Self {
        Self { loses: plays, ..self }
    }

    /// Has each commit go through with this warning.
    #[must_use]
    pub fn warning(self, text: &'static str) -> Self {
        Self { warning: Some(text), ..self }
    }

    fn run(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        self.script.write(statement.name, &literal::with_values(statement, parameters)?)
    }
}

impl Engine for Recorder {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn begin(&mut self) -> Result<()> {
        self.script.write("begin", "begin").map(drop)
    }

    fn commit(&mut self, _: &Proof) -> Result<Vec<String>> {
        self.script.write("commit", "commit")?;
        Ok(self.warning.into_iter().map(str::to_owned).collect())
    }

    fn rollback(&mut self) -> Result<()> {
        self.script.write("rollback", "rollback").map(drop)
    }

    fn execute(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        self.run(statement, parameters)
    }

    fn query(&mut self, query: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        self.script.ask(query.name, &literal::with_values(query, parameters)?, sink)
    }

    fn ask(&mut self, question: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        self.query(question, &[], sink)
    }

    fn create_temporary(&mut self, _: &'static str, create: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        // One row: a load shows what it does where there are plays to link, and sessions that go on.
        self.run(create, parameters).map(|_| 1)
    }

    fn drop_temporary(&mut self, table: &'static str) -> Result<()> {
        self.script.write(&format!("drop {table}"), &format!("drop table if exists {table}")).map(drop)
    }

    fn append(&mut self, table: &Table, _: &dyn RowSource) -> Result<()> {
        self.script.append(table.name)
    }

    fn expose(&mut self, batch: &Arc<Batch>, part: Exposed) -> Result<()> {
        match part {
            Exposed::Keys(_) | Exposed::Names => Ok(()),
            Exposed::Accepted { .. } => {
                self.staged = batch.accepted_counts();
                self.script
                    .comment("staged_plays, staged_views, staged_times, staged_sessions and staged_events show the decoded batch")
            }
        }
    }

    fn unexpose(&mut self) -> Result<()> {
        Ok(())
    }

    fn add_exposed(&mut self, statement: Statement) -> Result<u64> {
        self.run(statement.query(self.capabilities.dialect), &[])?;
        Ok(match statement {
            Statement::InsertSongplays => self.staged.0.saturating_sub(self.loses),
            Statement::InsertPageViews => self.staged.1,
            _ => 0,
        })
    }
}
