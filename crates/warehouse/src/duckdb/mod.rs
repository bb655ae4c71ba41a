//! The embedded warehouse: one DuckDB file.

mod append;
mod commit;
mod connect;
mod create;
mod disk;
mod execute;
mod file;
mod header;
mod journal;
mod log;
mod query;
mod recover;
mod stream;
mod value;
mod wait;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ::duckdb::Connection;

pub use connect::Resources;

use self::commit::Extent;
use self::connect::Database;
use self::create::Creation;
use self::disk::Access;
use self::file::DataFile;
use self::stream::BatchSlot;
use super::{OpenOptions, SCHEMA_VERSION, Statement};
use crate::engine::Capabilities;
use crate::error::{Error, Kind, Result};
use crate::sql::Dialect;
use crate::star::creation;

/// An open DuckDB warehouse.
pub struct DuckDb {
    // Dropped before the database that it belongs to.
    connection: Connection,
    /// None while the file is closed, to be opened again.
    database: Option<Database>,
    // Dropped behind the database: a process that closes any handle of a file gives up its locks on it.
    file: DataFile,
    // Dropped last: others wait for the first load of a warehouse that is just made.
    _creation: Option<Creation>,
    slot: BatchSlot,
    /// The staged views are there.
    has_views: bool,
    /// What DuckDB was told that it may use, if that is not what it was opened with.
    limit: Option<String>,
    in_transaction: bool,
    /// How far the database was when it began.
    before: Extent,
    /// What went wrong and does not matter to the outcome.
    warnings: Vec<String>,
    options: OpenOptions,
    /// Whether an interrupt may reach DuckDB. Not during a commit: DuckDB would report it as failed though it was not.
    interruptible: Arc<Mutex<bool>>,
    path: PathBuf,
}

impl DuckDb {
    /// Opens the file to change it; creates it, with the tables, if it is not there.
    ///
    /// # Errors
    /// [`Kind::WarehouseLocked`], [`Kind::WarehouseInvalid`], [`Kind::WarehouseVersion`], [`Kind::Disk`].
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let creation = if path.exists() {
            create::is_under_way(path);
            None
        } else {
            Some(create::create(path, options.resources, create_tables)?)
        };
        Self::open_existing(path, Access::ReadWrite, options, creation)
    }

    /// Opens the file to read it.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Kind::WarehouseMissing`].
    pub fn open_read_only(path: &Path, options: &OpenOptions) -> Result<Self> {
        if !path.exists() {
            return Err(Error::new(Kind::WarehouseMissing, format!("there is no warehouse at {}", path.display())));
        }
        Self::open_existing(path, Access::ReadOnly, options, None)
    }

    fn open_existing(path: &Path, access: Access, options: &OpenOptions, creation: Option<Creation>) -> Result<Self> {
        // DuckDB takes an empty file for a new database; here it is someone's mistake or a copy cut short.
        if std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == 0) {
            return Err(Error::new(
                Kind::WarehouseInvalid,
                format!("{} is empty, so it is not a DuckDB database", path.display()),
            ));
        }
        let is_new = creation.is_some();
        let (database, file) = wait::open_waiting(path, access, options.resources, options.wait, is_new, &options.interrupt)?;
        let slot = BatchSlot::new(options.resources.threads);
        let connection = database.connect()?;
        let handle = connection.interrupt_handle();
        let interruptible = Arc::new(Mutex::new(true));
        let may_interrupt = Arc::clone(&interruptible);
        options.interrupt.on_set(move || {
            // The lock is held meanwhile, so that a commit cannot begin between the question and the interrupt.
            let allowed = may_interrupt.lock().unwrap_or_else(PoisonError::into_inner);
            if *allowed {
                handle.interrupt();
            }
        });
        if access == Access::ReadWrite {
            database.register(&slot)?;
        }
        Ok(Self {
            connection,
            database: Some(database),
            file,
            _creation: creation,
            slot,
            has_views: false,
            limit: None,
            in_transaction: false,
            before: Extent::default(),
            warnings: Vec::new(),
            options: options.clone(),
            interruptible,
            path: path.to_owned(),
        })
    }

    /// Lets interrupts through to DuckDB or keeps them from it.
    fn set_interruptible(&self, allowed: bool) {
        *self.interruptible.lock().unwrap_or_else(PoisonError::into_inner) = allowed;
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        self.finish_log();
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
fn create_tables(connection: &Connection) -> Result<()> {
    let run = |name: &str, sql: &str| connection.execute_batch(sql).map_err(|e| query_error(name, e));
    run("begin", "begin")?;
    creation(&Capabilities::default()).iter().try_for_each(|(name, sql)| run(name, sql))?;
    let version = Statement::InsertVersion;
    connection
        .execute(&version.text().replace("$version", "$1"), [SCHEMA_VERSION])
        .map_err(|e| query_error(version.name(), e))?;
    run("commit", "commit")
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
