//! What the file needs of DuckDB. Whoever links DuckDB implements it.

use std::path::Path;

use crate::disk::Access;
use crate::error::Result;
use crate::journal::MetadataBlock;

/// The value of DuckDB's setting `checkpoint_threshold` by which no commit goes on to a checkpoint.
pub const NO_CHECKPOINT: &str = "1000TB";

/// An open DuckDB database. Dropping it closes the database, and with it DuckDB's handle of the file.
pub trait Database: Sized {
    /// How it is opened, besides its path.
    type Options;

    /// Opens the file at `path`, and creates it if it is to be written and is not there. From the beginning,
    /// `checkpoint_threshold` is [`NO_CHECKPOINT`].
    ///
    /// # Errors
    /// [`Kind::WarehouseLocked`](crate::error::Kind::WarehouseLocked) if another process has the file, which is waited for, and
    /// [`Kind::WarehouseInvalid`](crate::error::Kind::WarehouseInvalid) if DuckDB does not take it as a database.
    fn open(path: &Path, access: Access, options: &Self::Options) -> Result<Self>;

    /// Prepares a database that is open to be written. Not a part of [`Self::open`]: until now, closing it might have written a
    /// checkpoint.
    ///
    /// # Errors
    /// What DuckDB reports.
    fn prepare(&self, options: &Self::Options) -> Result<()>;

    /// Runs a statement, which an error calls `name`.
    ///
    /// # Errors
    /// What DuckDB reports.
    fn execute(&self, name: &str, sql: &str) -> Result<()>;

    /// The blocks that the next checkpoint may overwrite: all that DuckDB's `pragma_metadata_info()` lists.
    ///
    /// # Errors
    /// What DuckDB reports.
    fn metadata_blocks(&self) -> Result<Vec<MetadataBlock>>;
}

/// Opens the file at `path` so that no checkpoint happens by itself, as each needs its rollback journal.
pub(crate) fn open_database<D: Database>(path: &Path, access: Access, options: &D::Options) -> Result<D> {
    let database = D::open(path, access, options)?;
    if access == Access::ReadWrite {
        // Nor does closing the file write one.
        database.execute("disable_checkpoint_on_shutdown", "pragma disable_checkpoint_on_shutdown")?;
        database.prepare(options)?;
    }
    Ok(database)
}
