//! The embedded warehouse: one DuckDB file.

mod append;
mod connect;
mod execute;
mod query;
mod stream;
mod value;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ::duckdb::Connection;
use sparkify_duckdb_file::{Database, DatabaseFile, OpenOptions as FileOptions};

pub use connect::Resources;

use self::connect::Session;
use self::stream::BatchSlot;
use super::{OpenOptions, SCHEMA_VERSION, Statement};
use crate::engine::Capabilities;
use crate::error::{Error, Kind, Result};
use crate::sql::Dialect;
use crate::star::creation;

/// An open DuckDB warehouse.
pub struct DuckDb {
    file: DatabaseFile<Session>,
    slot: BatchSlot,
    resources: Resources,
    /// Whether an interrupt may reach DuckDB. Not during a commit: DuckDB would report it as failed though it was not.
    interruptible: Arc<Mutex<bool>>,
}

impl DuckDb {
    /// Opens the file to change it; creates it, with the tables, if it is not there.
    ///
    /// # Errors
    /// [`Kind::WarehouseLocked`], [`Kind::WarehouseInvalid`], [`Kind::WarehouseVersion`], [`Kind::Disk`].
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        Self::with_file(options, |file_options| DatabaseFile::open(path, file_options, create_tables))
    }

    /// Opens the file to read it.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Kind::WarehouseMissing`].
    pub fn open_read_only(path: &Path, options: &OpenOptions) -> Result<Self> {
        Self::with_file(options, |file_options| DatabaseFile::open_read_only(path, file_options))
    }

    fn with_file(
        options: &OpenOptions,
        open: impl FnOnce(FileOptions<(Resources, BatchSlot)>) -> Result<DatabaseFile<Session>>,
    ) -> Result<Self> {
        let (resources, slot, interrupt) = (options.resources, BatchSlot::default(), options.interrupt.clone());
        let file = open(FileOptions { database: (resources, slot.clone()), wait: options.wait, interrupt })?;
        let handle = file.database()?.connection.interrupt_handle();
        let interruptible = Arc::new(Mutex::new(true));
        let may_interrupt = Arc::clone(&interruptible);
        options.interrupt.on_set(move || {
            // The lock is held meanwhile, so that a commit cannot begin between the question and the interrupt.
            let allowed = may_interrupt.lock().unwrap_or_else(PoisonError::into_inner);
            if *allowed {
                handle.interrupt();
            }
        });
        Ok(Self { file, slot, resources, interruptible })
    }

    /// Lets interrupts through to DuckDB or keeps them from it.
    fn set_interruptible(&self, allowed: bool) {
        *self.interruptible.lock().unwrap_or_else(PoisonError::into_inner) = allowed;
    }

    fn connection(&self) -> Result<&Connection> {
        self.file.database().map(|session| &session.connection)
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        // Closing the file may write a checkpoint.
        self.set_interruptible(false);
    }
}

/// What differs from other engines.
pub(super) fn capabilities(path: &Path, resources: Resources) -> Capabilities {
    Capabilities {
        dialect: Dialect::DuckDb,
        place: path.display().to_string(),
        counts_created_rows: true,
        holds_nul: true,
        memory: Some(resources.memory),
        keeps_answers: true,
        ..Capabilities::default()
    }
}

/// Creates all tables and writes their version, in a transaction.
fn create_tables(session: &Session) -> Result<()> {
    session.execute("begin", "begin")?;
    creation(&Capabilities::default()).iter().try_for_each(|(name, sql)| session.execute(name, sql))?;
    let version = Statement::InsertVersion;
    session
        .connection
        .execute(&version.text().replace("$version", "$1"), [SCHEMA_VERSION])
        .map_err(|e| query_error(version.name(), e))?;
    session.execute("commit", "commit")
}

/// Names the statement that DuckDB refused, and sorts the refusal.
#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err, which hands the error over")]
fn query_error(statement: &str, error: ::duckdb::Error) -> Error {
    let text = error.to_string();
    // DuckDB's own word. A system call that a signal cut short is another thing: "Interrupted system call".
    if text.contains("INTERRUPT Error") || text.contains("Interrupted!") {
        return Error::interrupted();
    }
    if text.contains("No space left on device") || text.contains("Could not write") && text.contains("space") {
        return Error::new(Kind::Disk, "the disk is full").caused_by(text);
    }
    if ["Could not write", "Could not truncate", "Could not fsync", "fsync failed"].iter().any(|words| text.contains(words)) {
        return Error::new(Kind::Disk, "the disk cannot be written").caused_by(text);
    }
    if text.contains("Out of Memory") || text.contains("could not allocate") {
        return Error::new(Kind::Memory, format!("{statement}: not enough memory"))
            .caused_by(text)
            .with_hint("allow more with --memory, or free some space for temporary files beside the warehouse");
    }
    Error::new(Kind::Query, format!("{statement} failed")).caused_by(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of DuckDB's messages, as they are the only thing that tells its errors apart.
    #[test]
    fn errors_are_told_apart() {
        let kind = |message: &str| {
            let failure = ::duckdb::Error::DuckDBFailure(::duckdb::ffi::Error::new(1), Some(message.to_owned()));
            query_error("checkpoint", failure).kind()
        };
        assert_eq!(kind("INTERRUPT Error: Interrupted!"), Kind::Interrupted);
        let cut_short = "IO Error: Could not write file \"w.duckdb.wal\": Interrupted system call";
        assert_eq!(kind(cut_short), Kind::Disk, "a signal that cut a system call short was not the user's interrupt");
        assert_eq!(kind("IO Error: Could not write file \"w.duckdb\": No space left on device"), Kind::Disk);
        assert_eq!(kind("Out of Memory Error: could not allocate block of size 256.0 KiB"), Kind::Memory);
        assert_eq!(kind("Binder Error: no such column"), Kind::Query);
    }
}
