//! The embedded warehouse: one DuckDB file.

mod connect;
mod execute;
mod schema;
mod stage;
mod stream;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ::duckdb::Connection;

pub use connect::Resources;

use self::connect::{Access, Database};
use self::stream::Shelf;
use super::indexes::Indexes;
use super::{OpenOptions, SCHEMA_VERSION, Warehouse};
use crate::error::{Error, Kind, Result};

/// An open DuckDB warehouse.
pub struct DuckDb {
    // Dropped before the database that it belongs to.
    connection: Connection,
    _database: Database,
    // Dropped behind the database: a process that closes any handle of a file gives up its locks on it.
    flushed: Option<Arc<File>>,
    shelf: Shelf,
    indexes: Indexes,
    /// Whether an interrupt may reach DuckDB. Not during a commit: DuckDB would report it as failed though it was not.
    interruptible: Arc<Mutex<bool>>,
    path: PathBuf,
}

impl DuckDb {
    /// Opens the warehouse to change it; makes it, with its tables, if it is not there.
    ///
    /// # Errors
    /// [`Kind::WarehouseLocked`], [`Kind::WarehouseInvalid`], [`Kind::WarehouseVersion`], [`Kind::Disk`].
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        if !path.exists() {
            connect::create(path, options.resources, schema::create)?;
        }
        let mut warehouse = Self::open_existing(path, Access::ReadWrite, options)?;
        warehouse.ensure_schema()?;
        Ok(warehouse)
    }

    /// Opens the warehouse to read it.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Kind::WarehouseMissing`].
    pub fn open_read_only(path: &Path, options: &OpenOptions) -> Result<Self> {
        if !path.exists() {
            return Err(Error::new(Kind::WarehouseMissing, format!("there is no warehouse at {}", path.display())));
        }
        let warehouse = Self::open_existing(path, Access::ReadOnly, options)?;
        if let Some(version) = schema::version(&warehouse.connection)?
            && version > SCHEMA_VERSION
        {
            return Err(schema::too_new(path, version));
        }
        Ok(warehouse)
    }

    fn open_existing(path: &Path, access: Access, options: &OpenOptions) -> Result<Self> {
        // DuckDB takes an empty file for a new database; here it is someone's mistake or a copy cut short.
        if std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == 0) {
            return Err(Error::new(
                Kind::WarehouseInvalid,
                format!("{} is empty, so it is not a DuckDB database", path.display()),
            ));
        }
        let database = connect::open_waiting(path, access, options.resources, options.wait, &options.interrupt)?;
        let shelf = Shelf::new(options.resources.threads);
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
            database.register(&shelf)?;
        }
        Ok(Self {
            connection,
            _database: database,
            flushed: None,
            shelf,
            indexes: Indexes::default(),
            interruptible,
            path: path.to_owned(),
        })
    }

    /// Sends what was written so far to the disk while other work goes on, so that the commit waits less for it.
    fn flush_early(&mut self) {
        if self.flushed.is_none()
            && let Ok(file) = File::open(&self.path)
        {
            let file = Arc::new(file);
            self.flushed = Some(Arc::clone(&file));
            // Whether it worked does not matter here: the commit does it again, and looks.
            std::thread::spawn(move || file.sync_data());
        }
    }

    /// Lets interrupts through to DuckDB or keeps them from it.
    fn set_interruptible(&self, allowed: bool) {
        *self.interruptible.lock().unwrap_or_else(PoisonError::into_inner) = allowed;
    }
}

/// Names the statement that DuckDB refused, and sorts the refusal.
#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err, which hands the error over")]
fn query_error(statement: &str, error: ::duckdb::Error) -> Error {
    let text = error.to_string();
    if text.contains("INTERRUPT") || text.contains("Interrupted") {
        return Error::interrupted();
    }
    if text.contains("No space left on device") || text.contains("Could not write") && text.contains("space") {
        return Error::new(Kind::Disk, "the disk is full").caused_by(text);
    }
    if text.contains("Out of Memory") || text.contains("could not allocate") {
        return Error::new(Kind::Query, format!("{statement}: not enough memory"))
            .caused_by(text)
            .with_hint("allow more with --memory, or free some space for temporary files beside the warehouse");
    }
    Error::new(Kind::Query, format!("{statement} failed")).caused_by(text)
}
