//! What an engine has to do. All else about the star schema is written once, in [`crate::star`].

use std::sync::Arc;

use crate::cell::RowSource;
use crate::error::Result;
use crate::source::SourceFile;
use crate::stage::{Batch, EventBounds, PlannedFile};
use crate::tables::Table;
use crate::{Dialect, ObjectsStaged, Param, RoleStatement, Rows, SqlText, StageInput, Statement};

/// What differs between engines and is not a statement.
#[derive(Debug, Clone, Default)]
pub struct Capabilities {
    /// How it spells SQL.
    pub dialect: Dialect,
    /// What messages call the warehouse.
    pub place: String,
    /// What is created after the tables: indexes. Created again, each changes nothing.
    pub extras: &'static [Statement],
    /// Tables that it keeps besides the star, such as a lock.
    pub own_tables: &'static [&'static str],
    /// What follows the columns of a table, by the table's name.
    pub layout: &'static [(&'static str, &'static str)],
    /// Lists the columns of all tables, if a load is to look before it begins whether they are as it expects.
    pub columns: Option<Statement>,
    /// Changes wait for a lock that the transaction holds to its end. It is taken when the warehouse is opened, as what is
    /// planned then must hold until the end.
    pub locks: bool,
    /// [`Engine::begin`] replaces a connection that broke.
    pub reconnects: bool,
    /// [`Engine::create_temporary`] reports the number of rows.
    pub counts_created_rows: bool,
    /// The most bytes that a text column holds, if there is a limit. Longer texts of the sources are refused, never cut.
    pub most_text: Option<usize>,
    /// The most bytes that are kept of a refused line, if there is a limit.
    pub most_raw: Option<usize>,
    /// The most bytes that are kept of a reason to refuse a line, if there is a limit.
    pub most_reason: Option<usize>,
    /// Its texts can hold a NUL.
    pub holds_nul: bool,
    /// Bytes of memory of this process that it works in. What a load holds beside it is taken off them.
    pub memory: Option<u64>,
    /// A reader can keep an answer in a temporary table so cheaply that it pays for two queries.
    pub keeps_answers: bool,
    /// The remedy where the tables are of a newer sparkify, if the usual one does not fit.
    pub newer_hint: Option<&'static str>,
    /// The remedy where a table is someone else's, if the usual one does not fit.
    pub foreign_hint: Option<&'static str>,
}

/// What tells whether a transaction was committed, where the answer to the commit was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proof {
    /// Nothing does.
    #[default]
    None,
    /// The ledger has this run.
    Run(String),
    /// The tables have this version.
    Version(i32),
    /// The tables are there and were never loaded into.
    EmptyTables,
    /// There are no tables.
    NoTables,
}

/// What SQL is to see of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposed {
    /// `staged_keys`: the keys of the lines within a range of time.
    Keys(EventBounds),
    /// `staged_events`: the lines' titles and artists, and more where that costs nothing. Only engines with
    /// [`Capabilities::memory`] are asked for it.
    Names,
    /// `staged_times` and `staged_sessions` of the accepted events, and what [`Engine::add_exposed`] adds.
    Accepted {
        /// `staged_events` is to be added too.
        lines: bool,
    },
}

/// A connection to a database. Between [`Engine::begin`] and [`Engine::commit`] all is one transaction.
///
/// Every method fails with what the engine reports, sorted into a [`crate::error::Kind`].
#[allow(clippy::missing_errors_doc, reason = "it is said once, above")]
pub trait Engine {
    /// What differs between engines and is not a statement.
    fn capabilities(&self) -> Capabilities;

    /// Begins a transaction that changes tables, behind the lock where there is one.
    fn begin(&mut self) -> Result<()>;

    /// Makes the transaction's changes durable, all at once. With an error nothing was changed, but for
    /// [`crate::error::Kind::OutcomeUnknown`]. Returns what the engine warns of and what does not matter to the outcome;
    /// it is logged already.
    fn commit(&mut self, proof: &Proof) -> Result<Vec<String>>;

    /// Undoes what is open; nothing is after a [`Engine::begin`] that failed. What is exposed goes with it.
    fn rollback(&mut self) -> Result<()>;

    /// Runs a statement and returns the number of rows it changed. Each `$name` in it is bound to the parameter of that
    /// name.
    fn execute(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64>;

    /// Runs a query and passes its columns' names, then each row, to `sink`. Without parameters the text goes as it is.
    /// A query that fails outside of [`Engine::begin`] leaves the connection able to go on. Points in time and dates come as
    /// texts, as DuckDB writes them; whole numbers as integers, of any width. Where an engine has no truth values, those that
    /// it computes may come as 1 and 0, but a column that was created as `boolean` has them.
    fn query(&mut self, query: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()>;

    /// Runs a text that a user gave, and passes its rows on as [`Engine::query`] does. It may only ask: what is no
    /// question, or reaches beyond the warehouse, is refused.
    fn ask(&mut self, question: SqlText<'_>, sink: &mut dyn Rows) -> Result<()>;

    /// Creates a temporary table by a statement, in place of the one of that name that this connection has. Returns its
    /// number of rows, or 0 where [`Capabilities::counts_created_rows`] is false.
    fn create_temporary(&mut self, table: &'static str, create: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        self.drop_temporary(table)?;
        self.execute(create, parameters)
    }

    /// Drops a temporary table, if this connection has it.
    fn drop_temporary(&mut self, table: &'static str) -> Result<()>;

    /// Appends rows to a table, which may be none. Each has a value for every column, in the order of the statement that
    /// creates the table.
    fn append(&mut self, table: &Table, rows: &dyn RowSource) -> Result<()>;

    /// Makes a part of a batch readable in SQL, in place of what was.
    fn expose(&mut self, batch: &Arc<Batch>, part: Exposed) -> Result<()>;

    /// Ends that.
    fn unexpose(&mut self) -> Result<()>;

    /// Adds rows of the exposed batch to the table that a statement inserts into, and returns how many. By the statement,
    /// or as the engine does the same faster.
    fn add_exposed(&mut self, statement: Statement) -> Result<u64> {
        self.execute(statement.query(self.capabilities().dialect), &[])
    }

    /// So many bytes of [`Capabilities::memory`] are in use elsewhere from here on.
    fn reserve(&mut self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// What only a cluster does.
    fn cluster(&mut self) -> Option<&mut dyn Cluster> {
        None
    }
}

/// What an engine that is a cluster of machines does besides.
#[allow(clippy::missing_errors_doc, reason = "as of an engine's other methods")]
pub trait Cluster {
    /// Decides who reads these log files.
    fn stage_input(&mut self, logs: &[Arc<SourceFile>]) -> StageInput;

    /// Stages the events of log files that the cluster reads itself, users and levels included. With anything else than
    /// [`ObjectsStaged::Staged`] the transaction is to be rolled back.
    fn stage_objects(&mut self, files: &[PlannedFile], max_errors: u64) -> Result<ObjectsStaged>;

    /// The statements that create the roles that are missing, and say what each may do to the tables.
    fn role_statements(&mut self) -> Result<Vec<RoleStatement>>;

    /// Runs them, and returns those that this user may not run.
    fn ensure_roles(&mut self) -> Result<Vec<RoleStatement>>;
}
