//! A warehouse: the star schema on top of an [`Engine`], written once for all of them.

mod events;
mod ledger;
mod lookup;
mod quarantine;
mod schema;

use std::sync::Arc;

pub use schema::older_tables;
pub(crate) use schema::{creation, has_table, version};

use self::lookup::Indexes;
use self::schema::STAGING_EVENTS;
use crate::engine::{Capabilities, Cluster, Engine, Proof};
use crate::error::Result;
use crate::source::SourceFile;
use crate::stage::{EventBounds, PlannedFile};
use crate::tables::Table;
use crate::{Answer, Dialect, ObjectsStaged, Param, RefreshScope, RoleStatement, Rows, SqlText, StageInput, Statement};

/// An open warehouse. Between [`Warehouse::begin`] and [`Warehouse::commit`] all is one transaction.
///
/// Every method fails with what the engine reports, sorted into a [`crate::error::Kind`].
pub struct Warehouse {
    engine: Box<dyn Engine>,
    capabilities: Capabilities,
    indexes: Indexes,
    /// What tells whether the open transaction was committed.
    proof: Proof,
    in_transaction: bool,
    /// Decoded lines are kept in a table.
    keeps_lines: bool,
    /// What the engine warned of when the tables were brought forward. It belongs to the load that did so.
    warnings: Vec<String>,
}

#[allow(clippy::missing_errors_doc, reason = "it is said once, above")]
impl Warehouse {
    fn of(engine: Box<dyn Engine>) -> Self {
        Self {
            capabilities: engine.capabilities(),
            engine,
            indexes: Indexes::default(),
            proof: Proof::None,
            in_transaction: false,
            keeps_lines: false,
            warnings: Vec::new(),
        }
    }

    /// A warehouse that this engine holds, to change it: creates its tables if they are not there. Where the engine has a
    /// lock, nobody else can change it meanwhile.
    pub fn new(engine: Box<dyn Engine>) -> Result<Self> {
        let mut warehouse = Self::of(engine);
        warehouse.ensure_schema()?;
        while warehouse.capabilities.locks {
            warehouse.begin()?;
            // Another may have had its turn before the lock was there.
            if warehouse.is_current()? {
                break;
            }
            warehouse.bring_forward()?;
        }
        Ok(warehouse)
    }

    /// A warehouse that this engine holds, to read it. Tables of a newer sparkify are refused.
    pub fn read_only(engine: Box<dyn Engine>) -> Result<Self> {
        let mut warehouse = Self::of(engine);
        warehouse.refuse_newer()?;
        Ok(warehouse)
    }

    /// A warehouse whose engine only records statements, so that nothing is examined first.
    #[must_use]
    pub fn recorded(engine: Box<dyn Engine>) -> Self {
        Self::of(engine)
    }

    /// How the engine spells SQL.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.capabilities.dialect
    }

    /// A statement as this engine takes it.
    #[must_use]
    pub fn sql(&self, statement: Statement) -> SqlText<'static> {
        statement.query(self.capabilities.dialect)
    }

    /// The most bytes that a text column holds, if there is a limit. Longer texts are refused, never cut.
    #[must_use]
    pub fn most_text(&self) -> Option<usize> {
        self.capabilities.most_text
    }

    /// Whether [`Self::begin`] replaces a connection that broke.
    #[must_use]
    pub fn reconnects(&self) -> bool {
        self.capabilities.reconnects
    }

    /// Starts the run's transaction.
    pub fn begin(&mut self) -> Result<()> {
        self.keeps_lines = false;
        if !self.in_transaction {
            self.engine.begin()?;
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Makes the run's changes durable, all at once. With an error nothing was changed. Returns what the engine warns of and
    /// what does not matter to the outcome; it is logged already.
    pub fn commit(&mut self) -> Result<Vec<String>> {
        self.in_transaction = false;
        // From here on others may change the tables.
        self.indexes.forget();
        let warnings = self.engine.commit(&std::mem::take(&mut self.proof))?;
        Ok(std::mem::take(&mut self.warnings).into_iter().chain(warnings).collect())
    }

    /// Undoes the run's changes.
    pub fn rollback(&mut self) -> Result<()> {
        self.indexes.forget();
        self.proof = Proof::None;
        self.in_transaction = false;
        self.engine.rollback()
    }

    /// Takes out of the tables what a full refresh reads anew.
    pub fn empty_tables(&mut self, scope: RefreshScope) -> Result<()> {
        self.indexes.forget();
        for table in scope.tables() {
            // Not by TRUNCATE, which commits on some engines.
            self.engine.execute(SqlText { name: table, text: &format!("delete from {table};") }, &[])?;
        }
        scope.statements().iter().try_for_each(|statement| self.execute(*statement).map(drop))
    }

    /// Runs a statement without parameters and returns the number of rows it changed.
    pub fn execute(&mut self, statement: Statement) -> Result<u64> {
        self.engine.execute(self.sql(statement), &[])
    }

    /// Runs a statement whose parameters are the bounds of some events' times.
    pub fn execute_within(&mut self, statement: Statement, bounds: EventBounds) -> Result<u64> {
        self.engine.execute(self.sql(statement), &Param::times(bounds))
    }

    /// Adds the rows of the staged events to the table that a statement inserts into, and returns how many.
    pub fn add_staged(&mut self, statement: Statement) -> Result<u64> {
        self.engine.add_exposed(statement)
    }

    /// Creates a temporary table of a load and returns its number of rows, where that decides how the load goes on.
    pub fn create(&mut self, table: &Table) -> Result<u64> {
        self.create_with(table, &[])
    }

    /// As [`Self::create`], for a statement whose parameters are the bounds of some events' times.
    pub fn create_within(&mut self, table: &Table, bounds: EventBounds) -> Result<u64> {
        self.create_with(table, &Param::times(bounds))
    }

    fn create_with(&mut self, table: &Table, parameters: &[Param<'_>]) -> Result<u64> {
        let rows = self.engine.create_temporary(table.name, self.sql(table.create), parameters)?;
        match table.count.filter(|_| !self.capabilities.counts_created_rows) {
            Some(count) => Ok(self.number(count)?.unsigned_abs()),
            None => Ok(rows),
        }
    }

    /// Drops temporary tables of a load.
    pub fn drop_temporary(&mut self, tables: &[Table]) -> Result<()> {
        tables.iter().try_for_each(|table| self.engine.drop_temporary(table.name))
    }

    /// Has the decoded lines of this run kept in `staging_events`, in place of those of the last.
    pub fn keep_lines(&mut self) -> Result<()> {
        self.keeps_lines = true;
        self.drop_table(STAGING_EVENTS)?;
        self.execute(Statement::CreateStagingEvents).map(drop)
    }

    fn drop_table(&mut self, table: &str) -> Result<()> {
        self.engine
            .execute(SqlText { name: &format!("drop {table}"), text: &format!("drop table if exists {table};") }, &[])
            .map(drop)
    }

    /// Runs a query and passes its columns' names, then each row, to `sink`. Without parameters the text goes as it is;
    /// otherwise each `$name` in it is bound to the parameter of that name.
    pub fn query(&mut self, query: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        self.engine.query(query, parameters, sink)
    }

    /// Runs a text that a user gave, and passes its rows on as [`Self::query`] does. It may only ask: what is no question, or
    /// reaches beyond the warehouse, is refused.
    pub fn ask(&mut self, question: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        self.engine.ask(question, sink)
    }

    /// Runs a query whose answer is small and returns all of it.
    pub fn answer(&mut self, query: SqlText<'_>, parameters: &[Param<'_>]) -> Result<Answer> {
        answer(self.engine.as_mut(), query, parameters)
    }

    /// Keeps a query's rows in a temporary table for as long as the connection lives, or until they are kept anew. False,
    /// and nothing is done, where a reader cannot do that so cheaply that it pays for two queries.
    pub fn keep(&mut self, table: &'static str, query: SqlText<'_>, parameters: &[Param<'_>]) -> Result<bool> {
        if self.capabilities.keeps_answers {
            let text = format!("create temporary table {table} as\n{}", query.text);
            self.engine.create_temporary(table, SqlText { text: &text, ..query }, parameters)?;
        }
        Ok(self.capabilities.keeps_answers)
    }

    /// Who is to read these log files.
    pub fn stage_input(&mut self, logs: &[Arc<SourceFile>]) -> StageInput {
        match self.engine.cluster() {
            Some(cluster) => cluster.stage_input(logs),
            None => StageInput::Rows("this warehouse takes rows".to_owned()),
        }
    }

    /// Stages the events of log files that the warehouse reads itself. With anything else than [`ObjectsStaged::Staged`] the
    /// transaction is to be rolled back.
    pub fn stage_objects(&mut self, files: &[PlannedFile], max_errors: u64) -> Result<ObjectsStaged> {
        // The tracks that were read are no longer all.
        self.indexes.forget();
        match self.engine.cluster() {
            Some(cluster) => cluster.stage_objects(files, max_errors),
            None => Ok(ObjectsStaged::all("this warehouse takes rows".to_owned())),
        }
    }

    /// The statements that create the roles that are missing, and say what each may do to the tables; none where an engine
    /// has no roles of its own.
    pub fn role_statements(&mut self) -> Result<Vec<RoleStatement>> {
        self.engine.cluster().map_or_else(|| Ok(Vec::new()), Cluster::role_statements)
    }

    /// Runs them, and returns those that this user may not run.
    pub fn ensure_roles(&mut self) -> Result<Vec<RoleStatement>> {
        self.leave()?;
        self.engine.cluster().map_or_else(|| Ok(Vec::new()), Cluster::ensure_roles)
    }

    /// Gives the lock back, where nothing was done behind it yet.
    fn leave(&mut self) -> Result<()> {
        if self.in_transaction { self.rollback() } else { Ok(()) }
    }

    /// The one number that a statement asks for.
    fn number(&mut self, statement: Statement) -> Result<i64> {
        let query = self.sql(statement);
        number(self.engine.as_mut(), query, &[])
    }
}

/// Runs a query whose answer is small and returns all of it.
pub(crate) fn answer(engine: &mut dyn Engine, query: SqlText<'_>, parameters: &[Param<'_>]) -> Result<Answer> {
    let mut answer = Answer::default();
    engine.query(query, parameters, &mut answer)?;
    Ok(answer)
}

/// The one number that a query asks for; 0 for null and no row.
pub(crate) fn number(engine: &mut dyn Engine, query: SqlText<'_>, parameters: &[Param<'_>]) -> Result<i64> {
    let answer = answer(engine, query, parameters)?;
    answer.rows.first().and_then(|row| row.first()).map_or(Ok(0), |value| value.whole_number(query.name))
}

impl Proof {
    /// Whether the transaction that it stands for was committed.
    pub(crate) fn holds(&self, engine: &mut dyn Engine) -> Result<bool> {
        let dialect = engine.capabilities().dialect;
        match self {
            Self::None => Ok(false),
            Self::Run(run_id) => {
                let parameters = [Param::new("run_id", run_id.as_str())];
                Ok(number(engine, Statement::FindRun.query(dialect), &parameters)? > 0)
            }
            Self::Version(wanted) => Ok(version(engine)? == Some(*wanted)),
            Self::EmptyTables => {
                Ok(version(engine)?.is_some() && number(engine, Statement::LastFileNo.query(dialect), &[])? == 0)
            }
            Self::NoTables => Ok(version(engine)?.is_none()),
        }
    }
}
