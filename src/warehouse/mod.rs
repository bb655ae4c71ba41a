//! The plug-in sinks. [`Warehouse`] is all that the flow knows of an engine; statements come from [`sql`], names are
//! quoted in [`ident`] alone.

mod calendar;
pub mod duckdb;
mod field;
pub mod ident;
mod indexes;
mod judge;
pub mod literal;
pub mod postgres;
pub mod query;
mod question;
mod reach;
pub mod recorder;
pub mod redshift;
mod relations;
mod rows;
pub mod sql;
mod url;

use std::sync::Arc;
use std::time::Duration;

pub use query::{Answer, EachRow, Param, Rows, SqlText, Value};
pub use rows::{FileRow, Input, KnownFile, QuarantinePart, QuarantinedLine, RejectRow, ReplayedLine, RunRow};
pub use sql::{Dialect, RefreshScope, Statement};
pub use url::WarehouseUrl;

use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::source::{S3Options, SourceFile};
use crate::stage::{Batch, DecodedBatch, EventBounds, People, PlannedFile, SongRecord};

pub use duckdb::Resources;
pub use postgres::PostgresUrl;
pub use redshift::{RedshiftOptions, RedshiftUrl};

/// Version of the tables that this sparkify writes. Older warehouses are brought forward, newer ones refused.
pub const SCHEMA_VERSION: i32 = 3;

/// What the tables hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows of users.
    pub users: u64,
    /// Rows of songs.
    pub songs: u64,
    /// Rows of artists.
    pub artists: u64,
    /// Plays that have a song.
    pub matched: u64,
    /// Rows of songplays.
    pub songplays: u64,
}

/// A step that a load stands on, and what came of trying it.
#[derive(Debug)]
pub struct Examined {
    /// What was tried.
    pub what: &'static str,
    /// What was found, or why it failed, with the remedy.
    pub outcome: Result<String>,
}

/// How log lines reach a warehouse, and why so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageInput {
    /// As rows that sparkify has decoded.
    Rows(String),
    /// The warehouse reads the files itself.
    Objects(String),
}

/// What became of files that a warehouse was to read itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectsStaged {
    /// All are staged.
    Staged(StagedObjects),
    /// Some, by their places, or all if none is named, have something that only the decoder judges.
    ReadThem {
        /// Their places in the list.
        files: Vec<usize>,
        /// Why.
        why: String,
    },
}

impl ObjectsStaged {
    /// Sparkify is to read all of them, for this reason.
    #[must_use]
    pub fn all(why: String) -> Self {
        Self::ReadThem { files: Vec::new(), why }
    }
}

/// Events that a warehouse has staged from files that it read itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedObjects {
    /// First and last time of the events.
    pub bounds: EventBounds,
    /// How many lines each file has. All of them are events.
    pub lines: Vec<u64>,
    /// How many of the events are plays.
    pub plays: u64,
    /// How many are not.
    pub views: u64,
    /// The highest line number among the events' ids, which are of the first file.
    pub last_line_no: u64,
}

/// A statement that makes a role or says what one may do, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStatement {
    /// Which one.
    pub statement: Statement,
    /// With the schema that the tables are in.
    pub text: String,
}

/// An engine that holds a star schema. Between [`Warehouse::begin`] and [`Warehouse::commit`] all is one transaction.
pub trait Warehouse {
    /// How the engine spells SQL.
    fn dialect(&self) -> Dialect {
        Dialect::DuckDb
    }
    /// A statement as this engine takes it.
    fn sql(&self, statement: Statement) -> SqlText<'static> {
        SqlText { name: statement.name(), text: statement.text_in(self.dialect()) }
    }
    /// The tables' version, None where there are none of sparkify's.
    ///
    /// # Errors
    /// What the engine reports.
    fn version(&mut self) -> Result<Option<i32>>;
    /// Whether the tables are there.
    ///
    /// # Errors
    /// What the engine reports.
    fn has_tables(&mut self) -> Result<bool> {
        Ok(self.version()?.is_some())
    }
    /// Brings the tables to [`SCHEMA_VERSION`], in a transaction of its own.
    ///
    /// # Errors
    /// [`Kind::WarehouseVersion`] for a newer warehouse, [`Kind::WarehouseInvalid`] for tables of someone else.
    fn ensure_schema(&mut self) -> Result<()>;
    /// The statements that make the roles that are missing, and say what each may do to the tables; none where an engine
    /// has no roles of its own.
    ///
    /// # Errors
    /// What the engine reports.
    fn role_statements(&mut self) -> Result<Vec<RoleStatement>> {
        Ok(Vec::new())
    }
    /// Runs them, and returns those that this user may not run.
    ///
    /// # Errors
    /// What the engine reports.
    fn ensure_roles(&mut self) -> Result<Vec<RoleStatement>> {
        Ok(Vec::new())
    }
    /// Drops sparkify's tables, in a transaction of its own.
    ///
    /// # Errors
    /// What the engine reports.
    fn drop_tables(&mut self) -> Result<()>;
    /// Makes sparkify's tables anew and empty, all in one transaction.
    ///
    /// # Errors
    /// What the engine reports.
    fn reset_tables(&mut self) -> Result<()> {
        self.drop_tables()?;
        self.ensure_schema()
    }
    /// The current version of every file that was loaded.
    ///
    /// # Errors
    /// What the engine reports.
    fn known_files(&mut self) -> Result<Vec<KnownFile>>;
    /// The highest file number ever given out.
    ///
    /// # Errors
    /// What the engine reports.
    fn last_file_no(&mut self) -> Result<i64>;
    /// What the tables hold.
    ///
    /// # Errors
    /// What the engine reports.
    fn totals(&mut self) -> Result<Totals>;
    /// Starts the run's transaction.
    ///
    /// # Errors
    /// What the engine reports.
    fn begin(&mut self) -> Result<()>;
    /// Whether [`Warehouse::begin`] makes a connection anew that broke.
    fn reconnects(&self) -> bool {
        false
    }
    /// Makes the run's changes durable, all at once.
    ///
    /// # Errors
    /// What the engine reports; nothing was changed then.
    fn commit(&mut self) -> Result<()>;
    /// What the engine warns of since it was last asked, and what does not matter to the outcome. It is logged already.
    fn take_warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
    /// Undoes the run's changes.
    ///
    /// # Errors
    /// What the engine reports.
    fn rollback(&mut self) -> Result<()>;
    /// Goes on reading after a question that failed, in a new transaction where the failure ended the one before.
    ///
    /// # Errors
    /// What the engine reports.
    fn read_on(&mut self) -> Result<()> {
        Ok(())
    }
    /// Takes out of the tables what a full refresh reads anew.
    ///
    /// # Errors
    /// What the engine reports.
    fn empty_tables(&mut self, scope: RefreshScope) -> Result<()>;
    /// Runs a statement without parameters and returns the number of rows it changed.
    ///
    /// # Errors
    /// What the engine reports.
    fn execute(&mut self, statement: Statement) -> Result<u64>;
    /// Runs a statement whose parameters are the bounds of some events' times.
    ///
    /// # Errors
    /// What the engine reports.
    fn execute_within(&mut self, statement: Statement, bounds: EventBounds) -> Result<u64>;
    /// Runs a query and passes its columns' names, then each row, to `sink`. Without parameters the text goes as it is;
    /// otherwise each `$name` in it is bound to the parameter of that name.
    ///
    /// # Errors
    /// What the engine reports, and what the sink returns.
    fn query(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()>;
    /// Runs a text that a user gave, and passes its rows on as [`Warehouse::query`] does. It may only ask: what is no
    /// question, or reaches beyond the warehouse, is refused.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    fn ask(&mut self, question: SqlText<'_>, sink: &mut dyn Rows) -> Result<()>;
    /// Runs a query whose answer is small and returns all of it.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    fn answer(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<Answer> {
        let mut answer = Answer::default();
        self.query(statement, parameters, &mut answer)?;
        Ok(answer)
    }
    /// Keeps a query's rows in a temporary table for as long as the connection lives, or until they are kept anew. False,
    /// and nothing is done, where who only reads cannot do that so cheaply that it pays for two queries.
    ///
    /// # Errors
    /// What the engine reports.
    fn keep(&mut self, _table: &'static str, _query: SqlText<'_>, _parameters: &[Param<'_>]) -> Result<bool> {
        Ok(false)
    }
    /// Drops a table, if it is there, that a statement of this run makes.
    ///
    /// # Errors
    /// What the engine reports.
    fn drop_table(&mut self, table: &'static str) -> Result<()>;
    /// The most bytes that a text column holds, if there is a limit. Longer texts are refused, never cut.
    fn most_text(&self) -> Option<usize> {
        None
    }
    /// Who is to read these log files.
    fn stage_input(&mut self, _logs: &[Arc<SourceFile>]) -> StageInput {
        StageInput::Rows("this warehouse takes rows".to_owned())
    }
    /// Stages the events of log files that the warehouse reads itself. With anything else than [`ObjectsStaged::Staged`]
    /// the transaction is to be rolled back.
    ///
    /// # Errors
    /// What the engine reports.
    fn stage_objects(&mut self, _files: &[PlannedFile], _max_errors: u64) -> Result<ObjectsStaged> {
        Ok(ObjectsStaged::all("this warehouse takes rows".to_owned()))
    }
    /// Makes a batch of events readable in SQL and judges those that the warehouse holds already.
    ///
    /// # Errors
    /// What the engine reports.
    fn stage_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>>;
    /// Ends the staging of the current batch.
    fn unstage_events(&mut self);
    /// Fills `staged_users` and `staged_levels`.
    ///
    /// # Errors
    /// What the engine reports.
    fn stage_people(&mut self, people: &People) -> Result<()>;
    /// Fills `staged_songs`. `files` are the files that the records' indices mean.
    ///
    /// # Errors
    /// What the engine reports.
    fn stage_songs(&mut self, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()>;
    /// Adds rows to `load_files`.
    ///
    /// # Errors
    /// What the engine reports.
    fn add_files(&mut self, run_id: &str, files: &[FileRow]) -> Result<()>;
    /// Adds rows to `load_rejects`.
    ///
    /// # Errors
    /// What the engine reports.
    fn add_rejects(&mut self, run_id: &str, rejects: &[RejectRow]) -> Result<()>;
    /// Passes the rows of `load_rejects` on, of a run or of all, in their order. They may be more than there is memory.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    fn rejects(&mut self, run: Option<&str>, sink: &mut dyn Rows) -> Result<()> {
        self.query(self.sql(Statement::Rejects), &[Param::new("run", run)], sink)
    }
    /// The parts of the quarantine, each of about so many bytes of memory, in order.
    ///
    /// # Errors
    /// What the engine reports.
    fn quarantine_parts(&mut self, bytes: u64) -> Result<Vec<QuarantinePart>> {
        let answer = self.answer(self.sql(Statement::QuarantineParts), &[Param::new("bytes", bytes as i64)])?;
        let number = |value: Option<&Value>| match value {
            Some(Value::Integer(number)) => *number as i64,
            _ => 0,
        };
        Ok(QuarantinePart::ending_at(answer.rows.iter().map(|row| (number(row.first()), number(row.get(1))))))
    }
    /// The quarantined lines of a part that can be tried again.
    ///
    /// # Errors
    /// What the engine reports.
    fn quarantine(&mut self, part: &QuarantinePart) -> Result<Vec<QuarantinedLine>>;
    /// Takes lines out of the quarantine and counts them where they belong now.
    ///
    /// # Errors
    /// What the engine reports.
    fn release(&mut self, lines: &[ReplayedLine]) -> Result<()>;
    /// Adds the row to `load_runs`.
    ///
    /// # Errors
    /// What the engine reports.
    fn add_run(&mut self, run: &RunRow) -> Result<()>;
}

/// How to open a warehouse.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Memory and threads.
    pub resources: Resources,
    /// How long to wait for another process to let go of it.
    pub wait: Duration,
    /// Ends waiting and running statements early.
    pub interrupt: Interrupt,
    /// How to reach S3, for warehouses that take their rows from there.
    pub s3: S3Options,
    /// What Redshift needs to know besides.
    pub redshift: RedshiftOptions,
}
