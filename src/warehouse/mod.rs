//! The plug-in sinks. [`Warehouse`] is all that the flow knows of an engine; statements come from [`sql`], names are
//! quoted in [`ident`] alone.

pub mod duckdb;
pub mod ident;
pub mod literal;
pub mod postgres;
pub mod query;
mod reach;
pub mod recorder;
pub mod redshift;
mod relations;
pub mod sql;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use query::{Answer, Param, Rows, SqlText, Value};
pub use sql::{Dialect, Statement};

use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::source::{S3Options, SourceFile};
use crate::stage::{Batch, EventBounds, People, PlannedFile, SongRecord};

pub use duckdb::Resources;
pub use postgres::PostgresUrl;
pub use redshift::{RedshiftOptions, RedshiftUrl};

/// Version of the tables that this sparkify writes. Older warehouses are brought forward, newer ones refused.
pub const SCHEMA_VERSION: i32 = 1;

/// Where a warehouse is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WarehouseUrl {
    /// A DuckDB file.
    DuckDb(PathBuf),
    /// A database on a PostgreSQL server.
    Postgres(PostgresUrl),
    /// A database of an Amazon Redshift cluster or workgroup.
    Redshift(RedshiftUrl),
}

impl WarehouseUrl {
    /// Reads a path, `duckdb:path`, `duckdb:///path`, `postgres://user@host/database`, `redshift://user@host/database` or
    /// `redshift:`.
    ///
    /// # Errors
    /// [`Kind::Settings`] for another scheme, or a URL that holds a password.
    pub fn parse(text: &str) -> Result<Self> {
        if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return PostgresUrl::parse(text).map(Self::Postgres);
        }
        if RedshiftUrl::is_one(text) {
            return RedshiftUrl::parse(text).map(Self::Redshift);
        }
        let path = text.strip_prefix("duckdb:").map_or(text, |rest| rest.strip_prefix("//").unwrap_or(rest));
        if path.is_empty() {
            return Err(Error::new(Kind::Settings, "the warehouse has no path"));
        }
        if let Some((scheme, _)) = path.split_once("://") {
            return Err(Error::new(Kind::Settings, format!("{scheme}:// is no warehouse that sparkify knows")).with_hint(
                "a warehouse is a path, duckdb:PATH, postgres://USER@HOST/DATABASE, redshift://USER@HOST:5439/DATABASE, or `redshift:` for the cluster of the stack",
            ));
        }
        Ok(Self::DuckDb(PathBuf::from(path)))
    }

    /// Whether there can be a warehouse. False only where it is known that there is none.
    #[must_use]
    pub fn may_exist(&self) -> bool {
        match self {
            Self::DuckDb(path) => path.exists(),
            Self::Postgres(_) | Self::Redshift(_) => true,
        }
    }

    /// What to call it where others may read: without folders, hosts and users.
    #[must_use]
    pub fn short_name(&self) -> String {
        match self {
            Self::DuckDb(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Postgres(url) => url.database().unwrap_or("PostgreSQL").to_owned(),
            Self::Redshift(url) => url.database().to_owned(),
        }
    }

    /// How its engine spells SQL.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::DuckDb(_) => Dialect::DuckDb,
            Self::Postgres(_) => Dialect::Postgres,
            Self::Redshift(_) => Dialect::Redshift,
        }
    }

    /// Tries what a load needs of the warehouse, step by step.
    #[must_use]
    pub fn examine(&self, options: &OpenOptions) -> Vec<Examined> {
        match self {
            Self::Redshift(url) => redshift::examine(url, options),
            Self::Postgres(url) => postgres::examine(url, options),
            Self::DuckDb(path) if !path.exists() => {
                vec![Examined { what: "warehouse", outcome: Ok(format!("{} is not there yet; a load makes it", path.display())) }]
            }
            Self::DuckDb(_) => {
                let opened = self.open_read_only(options).and_then(|mut warehouse| warehouse.has_tables());
                let outcome = opened.map(|has_tables| {
                    let state = if has_tables { "has sparkify's tables" } else { "has no tables of sparkify's yet" };
                    format!("{self} can be opened and {state}")
                });
                vec![Examined { what: "warehouse", outcome }]
            }
        }
    }

    /// Opens the warehouse to change it; makes its tables if they are not there.
    ///
    /// # Errors
    /// [`Kind::WarehouseLocked`] and its kin.
    pub fn open(&self, options: &OpenOptions) -> Result<Box<dyn Warehouse>> {
        Ok(match self {
            Self::DuckDb(path) => Box::new(duckdb::DuckDb::open(path, options)?),
            Self::Postgres(url) => Box::new(postgres::Postgres::open(url, options)?),
            Self::Redshift(url) => Box::new(redshift::Redshift::open(url, options)?),
        })
    }

    /// Opens the warehouse to read it.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Kind::WarehouseMissing`].
    pub fn open_read_only(&self, options: &OpenOptions) -> Result<Box<dyn Warehouse>> {
        Ok(match self {
            Self::DuckDb(path) => Box::new(duckdb::DuckDb::open_read_only(path, options)?),
            Self::Postgres(url) => Box::new(postgres::Postgres::open_read_only(url, options)?),
            Self::Redshift(url) => Box::new(redshift::Redshift::open_read_only(url, options)?),
        })
    }
}

impl fmt::Display for WarehouseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuckDb(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => write!(f, "{url}"),
            Self::Redshift(url) => write!(f, "{url}"),
        }
    }
}

/// A file that was loaded: its URL and the version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// As in the listing.
    pub url: String,
    /// As in the listing.
    pub version: String,
}

/// An input: what kind of records a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// Log lines.
    Log,
    /// Songs.
    Song,
    /// Log lines that the warehouse read itself, many files at once. It does not tell which line is of which file, so all
    /// their events have ids of the first.
    Copied,
}

impl Input {
    /// As in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Song => "song",
            Self::Copied => "copied",
        }
    }
}

/// A row of `load_files`.
#[derive(Debug, Clone)]
pub struct FileRow {
    /// The file.
    pub file: PlannedFile,
    /// What it holds.
    pub input: Input,
    /// Its counts.
    pub tally: crate::stage::FileTally,
}

/// A row of `load_rejects`, but for its run.
#[derive(Debug, Clone)]
pub struct RejectRow {
    /// What its file holds.
    pub input: Input,
    /// Its file's URL.
    pub url: String,
    /// Its file's number.
    pub file_no: i64,
    /// Counted from 1.
    pub line: u64,
    /// In the unpacked file.
    pub byte_offset: u64,
    /// Why.
    pub reason: String,
    /// The line's bytes, capped.
    pub raw: Vec<u8>,
    /// The line's full length in bytes.
    pub raw_length: u64,
}

/// A quarantined line that was kept whole, so that it can be tried again.
#[derive(Debug, Clone)]
pub struct QuarantinedLine {
    /// What its file holds.
    pub input: Input,
    /// Its file's URL.
    pub url: String,
    /// Its file's number.
    pub file_no: i64,
    /// When its file was modified, in microseconds since 1970.
    pub modified_us: i64,
    /// Counted from 1.
    pub line: u64,
    /// In the unpacked file.
    pub byte_offset: u64,
    /// The line's bytes.
    pub raw: Vec<u8>,
}

/// What became of a quarantined line that loaded.
#[derive(Debug, Clone, Copy)]
pub struct ReplayedLine {
    /// Its file's number.
    pub file_no: i64,
    /// Counted from 1.
    pub line: u64,
    /// In the unpacked file.
    pub byte_offset: u64,
    /// It was known already, so it became no row.
    pub duplicate: bool,
}

/// A row of `load_runs`.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the columns of load_runs")]
pub struct RunRow {
    pub run_id: String,
    pub kind: &'static str,
    pub status: &'static str,
    pub started_us: i64,
    pub finished_us: i64,
    pub settings: String,
    pub files_listed: u64,
    pub files_loaded: u64,
    pub files_skipped: u64,
    pub lines: u64,
    pub accepted: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub song_records: u64,
    pub songs_rejected: u64,
    pub songplays_added: u64,
    pub page_views_added: u64,
    pub bytes: u64,
    pub unknown_keys: Option<String>,
    pub last_file_no: i64,
}

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
    /// Whether the tables are there.
    ///
    /// # Errors
    /// What the engine reports.
    fn has_tables(&mut self) -> Result<bool>;
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
    /// Undoes the run's changes.
    ///
    /// # Errors
    /// What the engine reports.
    fn rollback(&mut self) -> Result<()>;
    /// Empties the tables that a full refresh makes anew.
    ///
    /// # Errors
    /// What the engine reports.
    fn empty_tables(&mut self) -> Result<()>;
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
    /// Runs a query whose answer is small and returns all of it.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    fn answer(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<Answer> {
        let mut answer = Answer::default();
        self.query(statement, parameters, &mut answer)?;
        Ok(answer)
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
    fn stage_input(&mut self, _logs: &[SourceFile]) -> StageInput {
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
    fn stage_events(&mut self, batch: Batch) -> Result<Arc<Batch>>;
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
    /// The quarantined lines that can be tried again.
    ///
    /// # Errors
    /// What the engine reports.
    fn quarantine(&mut self) -> Result<Vec<QuarantinedLine>>;
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
