//! Transactions that survive whatever stops them, and the truth about whether they were committed.
//!
//! A small transaction is committed to the log first, and a checkpoint brings it into the file in a second step. A large
//! one goes into the file by its checkpoint alone. Each checkpoint has its rollback journal. Once a transaction is
//! committed, a checkpoint that fails is worth a warning and nothing more, as the log holds all of it. Where DuckDB reports
//! that a commit failed, the file itself says whether that is so.

use ::duckdb::Connection;
use ::duckdb::types::Value;

use super::connect::NO_CHECKPOINT;
use super::disk::{Access, log_length, log_of};
use super::file::DataFile;
use super::journal::{Block, used_parts};
use super::wait::open_waiting;
use super::{DuckDb, query_error};
use crate::Statement;
use crate::engine::Proof;
use crate::error::{Error, Kind, Result};

/// The size of the log, with what is to be committed, from which on a commit goes into the file at once. At the same size
/// DuckDB leaves out the log (`auto_checkpoint_skip_wal_threshold`).
const LARGE: &str = "99999B";

/// How far a database is: its checkpoints, and the bytes of its log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    iteration: Option<u64>,
    log: u64,
}

impl Extent {
    fn of(file: &DataFile) -> Self {
        Self { iteration: file.iteration(), log: log_length(file.path()) }
    }
}

impl DuckDb {
    /// Begins a transaction, and its rollback journal while other work goes on.
    pub(super) fn begin_journaled(&mut self) -> Result<()> {
        self.set_interruptible(true);
        let connection = &self.connection;
        self.file.prepare_rollback(|| metadata_blocks(connection))?;
        self.before = Extent::of(&self.file);
        self.batch("begin", "begin")?;
        self.in_transaction = true;
        Ok(())
    }

    /// Undoes the transaction, if there is one.
    pub(super) fn roll_back(&mut self) -> Result<()> {
        if std::mem::take(&mut self.in_transaction) { self.batch("rollback", "rollback") } else { Ok(()) }
    }

    /// Commits. An error means that nothing was changed. `proof` tells whether the transaction was committed.
    pub(super) fn commit_journaled(&mut self, proof: &Proof) -> Result<()> {
        self.set_interruptible(false);
        self.file.await_rollback()?;
        self.checkpoint_from(LARGE)?;
        self.in_transaction = false;
        if let Err(error) = self.batch("commit", "commit") {
            return self.find_out(proof, error);
        }
        self.finish();
        Ok(())
    }

    /// Brings what is committed into the file.
    fn finish(&mut self) {
        let done = self.batch("checkpoint", "checkpoint").and_then(|()| self.checkpoint_from(NO_CHECKPOINT));
        match done {
            Ok(()) => self.file.discard_rollback(),
            Err(error) => {
                self.warn(&error);
                // DuckDB takes no more statements after that.
                self.recover();
            }
        }
    }

    /// Whether a transaction was committed although DuckDB reports a failure.
    fn find_out(&mut self, proof: &Proof, error: Error) -> Result<()> {
        self.close();
        let after = Extent::of(&self.file);
        let opened = self.open_again();
        let is_there = if after.iteration > self.before.iteration {
            Ok(true)
        } else if after.log <= self.before.log {
            Ok(false)
        } else {
            opened.and_then(|()| proof.holds(self))
        };
        match is_there {
            Ok(true) => {
                self.warn(&error);
                Ok(())
            }
            Ok(false) => Err(error),
            Err(second) => {
                let message = format!("{} cannot be opened to see whether it has the changes of this run", self.path.display());
                let cause = format!("{}\n  caused by: {}", second.report(), error.report());
                Err(Error::new(Kind::Io, message)
                    .caused_by(cause)
                    .with_hint("`sparkify runs` shows it when the disk works again"))
            }
        }
    }

    fn warn(&mut self, error: &Error) {
        let text = format!(
            "everything is committed, but stays in the log {} until the next load can move it into {}: {}",
            log_of(&self.path).display(),
            self.path.display(),
            error.report()
        );
        tracing::warn!("{text}");
        self.warnings.push(text);
    }

    /// Has the file be its last whole state again.
    fn recover(&mut self) {
        self.close();
        if let Err(error) = self.open_again() {
            tracing::debug!("{}", error.report());
        }
    }

    /// Has DuckDB close the file, and closes it here.
    fn close(&mut self) {
        if let Ok(nowhere) = Connection::open_in_memory() {
            self.connection = nowhere;
        }
        self.database = None;
        self.file.close();
    }

    /// Opens the file again as its last whole state, to write to it if that is possible.
    fn open_again(&mut self) -> Result<()> {
        let options = &self.options;
        let open = |access| open_waiting(&self.path, access, options.resources, options.wait, true, &options.interrupt);
        let (database, file) = open(Access::ReadWrite).or_else(|_| open(Access::ReadOnly))?;
        self.connection = database.connect()?;
        if file.access() == Access::ReadWrite {
            database.register(&self.slot)?;
        }
        (self.database, self.file, self.limit, self.has_views) = (Some(database), file, None, false);
        Ok(())
    }

    /// Brings a log that an earlier run has left into the file, before it is closed.
    pub(super) fn finish_log(&mut self) {
        self.set_interruptible(false);
        if log_length(&self.path) == 0 || self.file.access() == Access::ReadOnly || !self.warnings.is_empty() {
            return;
        }
        let _ = self.roll_back();
        let connection = &self.connection;
        let prepared = self.file.prepare_rollback(|| metadata_blocks(connection)).and_then(|()| self.file.await_rollback());
        match prepared.and_then(|()| self.batch("checkpoint", "checkpoint")) {
            Ok(()) => self.file.discard_rollback(),
            Err(error) => {
                tracing::debug!("{} goes on beside its log: {}", self.path.display(), error.report());
                self.recover();
            }
        }
    }

    fn checkpoint_from(&self, size: &str) -> Result<()> {
        self.batch("checkpoint_threshold", &format!("set checkpoint_threshold = '{size}'"))
    }
}

/// The blocks that the next checkpoint may overwrite.
fn metadata_blocks(connection: &Connection) -> Result<Vec<Block>> {
    let statement = Statement::DuckDbMetadataBlocks;
    let failed = |e| query_error(statement.name(), e);
    let mut prepared = connection.prepare(statement.text()).map_err(failed)?;
    let rows = prepared.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Value>(1)?))).map_err(failed)?;
    let block = |(number, free): (i64, Value)| {
        let Value::List(free) = free else { return Block { number: number as u64, used: u64::MAX } };
        let free: Vec<i64> =
            free.into_iter().filter_map(|part| if let Value::BigInt(n) = part { Some(n) } else { None }).collect();
        Block { number: number as u64, used: used_parts(&free) }
    };
    rows.map(|row| row.map(block)).collect::<::duckdb::Result<_>>().map_err(failed)
}
