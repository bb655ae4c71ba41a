//! Warehouses: the star schema, and the engines that hold it.
//!
//! [`Warehouse`] is the star, written once: its tables, its ledger, its quarantine, staging. It stands on an
//! [`engine::Engine`], which sends statements and takes rows; DuckDB, PostgreSQL and Amazon Redshift are engines. Statements
//! come from [`sql`], names are quoted in [`ident`] alone.

#![forbid(unsafe_code)]

mod calendar;
mod cell;
pub mod duckdb;
pub mod engine;
mod field;
pub mod ident;
pub mod literal;
pub mod postgres;
pub mod query;
mod question;
mod reach;
pub mod recorder;
pub mod redshift;
mod rows;
pub mod sql;
mod staged_rows;
mod staged_views;
mod star;
pub mod tables;
mod url;

use std::time::Duration;

pub use cell::{Cell, RowSource};
pub use duckdb::Resources;
pub use postgres::PostgresUrl;
pub use query::{Answer, EachRow, Param, Rows, SqlText, Value};
pub use redshift::{RedshiftOptions, RedshiftUrl};
pub use rows::{FileRow, Input, KnownFile, QuarantinePart, QuarantinedLine, RejectRow, ReplayedLine, RunRow, Totals};
pub use sql::{Dialect, RefreshScope, Statement};
pub use star::{Warehouse, older_tables};
pub use url::WarehouseUrl;

use sparkify_decode as decode;
use sparkify_decode::record;
use sparkify_runtime::{backoff, clock, error, interrupt};
use sparkify_source as source;
use sparkify_stage as stage;

use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::source::S3Options;
use crate::stage::EventBounds;

/// Version of the tables that this sparkify writes: the one that the last migration leads to. Older warehouses are brought
/// forward, newer ones refused.
pub const SCHEMA_VERSION: i32 = sql::MIGRATIONS[sql::MIGRATIONS.len() - 1].to;

/// A step that a load stands on, and what came of trying it.
#[derive(Debug)]
pub struct Probe {
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
