//! A database and the file that it is in, opened and closed together.

use std::path::Path;

use crate::create::{self, Creation};
use crate::database::Database;
use crate::disk::{Access, exists};
use crate::error::{Error, Kind, Result};
use crate::handle::{Extent, Handle};
use crate::wait::{OpenOptions, open_waiting};

/// An open database whose file stays whole, whatever stops the process or the machine.
pub struct DatabaseFile<D: Database> {
    /// None while the file is closed, to be opened again.
    pub(crate) database: Option<D>,
    // Dropped behind the database: a process that closes any handle of a file gives up its locks on it.
    pub(crate) handle: Handle,
    // Dropped last: others wait for the first load of a database that is just made.
    _creation: Option<Creation>,
    pub(crate) options: OpenOptions<D::Options>,
    pub(crate) in_transaction: bool,
    /// How far the database was when it began.
    pub(crate) before: Extent,
}

impl<D: Database> DatabaseFile<D> {
    /// Opens the file at `path` to change it. If it is not there, creates it with what `prepare` puts into it, whole or not at
    /// all.
    ///
    /// # Errors
    /// As [`Database::open`]; [`Kind::Settings`] if the path does not name a file, [`Kind::Disk`] and [`Kind::Io`].
    pub fn open(path: &Path, options: OpenOptions<D::Options>, prepare: impl FnOnce(&D) -> Result<()>) -> Result<Self> {
        let creation = if exists(path)? {
            create::is_under_way(path);
            None
        } else {
            Some(create::create(path, &options.database, prepare)?)
        };
        Self::open_existing(path, Access::ReadWrite, options, creation)
    }

    /// Opens the file at `path` to read it.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Kind::WarehouseMissing`].
    pub fn open_read_only(path: &Path, options: OpenOptions<D::Options>) -> Result<Self> {
        if !exists(path)? {
            return Err(Error::new(Kind::WarehouseMissing, format!("there is no warehouse at {}", path.display())));
        }
        Self::open_existing(path, Access::ReadOnly, options, None)
    }

    fn open_existing(path: &Path, access: Access, options: OpenOptions<D::Options>, creation: Option<Creation>) -> Result<Self> {
        // DuckDB takes an empty file for a new database; here it is someone's mistake or a copy cut short.
        if std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == 0) {
            return Err(Error::new(
                Kind::WarehouseInvalid,
                format!("{} is empty, so it is not a DuckDB database", path.display()),
            ));
        }
        let (database, handle) = open_waiting(path, access, &options, creation.is_some())?;
        let (in_transaction, before) = (false, Extent::default());
        Ok(Self { database: Some(database), handle, _creation: creation, options, in_transaction, before })
    }

    /// The database.
    ///
    /// # Errors
    /// [`Kind::Io`] if the file was closed behind a failed checkpoint and could not be opened again.
    pub fn database(&self) -> Result<&D> {
        self.database.as_ref().ok_or_else(|| closed(self.path()))
    }

    /// The database, to change what belongs to it.
    ///
    /// # Errors
    /// As [`Self::database`].
    pub fn database_mut(&mut self) -> Result<&mut D> {
        self.database.as_mut().ok_or_else(|| closed(self.handle.path()))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.handle.path()
    }

    /// How it is opened.
    pub fn access(&self) -> Access {
        self.handle.access()
    }

    /// Sends what DuckDB has written so far to the disk while other work goes on, so that the commit waits less for it.
    pub fn sync_early(&mut self) {
        self.handle.sync_early();
    }

    /// Has DuckDB close the file, and closes it here.
    pub(crate) fn close(&mut self) {
        self.database = None;
        self.handle.close();
    }

    /// Opens the file again as its last whole state, to write to it if that is possible.
    pub(crate) fn open_again(&mut self) -> Result<()> {
        let open = |access| open_waiting(self.path(), access, &self.options, true);
        let (database, handle) = open(Access::ReadWrite).or_else(|_| open(Access::ReadOnly))?;
        (self.database, self.handle) = (Some(database), handle);
        Ok(())
    }
}

fn closed(path: &Path) -> Error {
    Error::new(Kind::Io, format!("{} was closed and cannot be opened again", path.display()))
}

impl<D: Database> Drop for DatabaseFile<D> {
    fn drop(&mut self) {
        self.finish_log();
    }
}
