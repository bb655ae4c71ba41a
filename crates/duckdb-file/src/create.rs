//! Makes a new DuckDB file whole or not at all: in a folder beside its place, and moved there when its tables are in it.
//!
//! Who makes one holds a lock in that folder until its first load is over. So others know what is abandoned, whatever
//! their view of processes is, and that a warehouse which they find locked is at its first load.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::database::{Database, open_database};
use crate::disk::{Access, is_same, log_of, sync_folder};
use crate::error::{Error, Kind, Result, io_error};

/// The right to make a database in a place, and the folder for it. All of it goes when this is dropped.
pub(crate) struct Creation {
    folder: PathBuf,
    name: String,
    _lock: File,
}

/// Makes the database at `path` with `prepare`. A file that appears there meanwhile wins.
pub(crate) fn create<D: Database>(path: &Path, options: &D::Options, prepare: impl FnOnce(&D) -> Result<()>) -> Result<Creation> {
    if path.file_name().is_none() {
        return Err(Error::new(Kind::Settings, format!("the warehouse's path {} does not name a file", path.display())));
    }
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| io_error(folder.display(), "create the folder", e))?;
    }
    is_under_way(path);
    let creation = Creation::begin(path).map_err(|e| io_error(path.display(), "create", e))?;
    let new = creation.database();
    let database: D = open_database(&new, Access::ReadWrite, options)?;
    prepare(&database)?;
    // Everything into the file itself, so that there is only one file to move.
    database.execute("checkpoint", "checkpoint")?;
    drop(database);
    move_into_place(&new, path).map_err(|e| io_error(path.display(), "create", e))?;
    Ok(creation)
}

fn move_into_place(new: &Path, path: &Path) -> io::Result<()> {
    // A link, unlike a rename, fails where there is a file already.
    match fs::hard_link(new, path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(()),
        // Not every file system has links. A rename would replace a file, so it must be known that there is none.
        Err(_) if path.try_exists()? => return Ok(()),
        Err(_) => fs::rename(new, path)?,
        Ok(()) => fs::remove_file(new)?,
    }
    sync_folder(path)
}

impl Creation {
    fn begin(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        loop {
            match fs::create_dir(&folder) {
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
                _ => {}
            }
            // A name that nobody else can have or guess.
            let name = crate::clock::new_id().simple().to_string();
            let place = folder.join(format!("{name}.lock"));
            let lock = match File::options().write(true).create_new(true).open(&place) {
                Ok(lock) => lock,
                // Someone who had finished took the folder away.
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            };
            let is_locked = match lock.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(e)) => return Err(e),
            };
            // Between the two steps someone may have taken it for abandoned.
            if is_locked && is_same(&lock, &place) {
                return Ok(Self { folder, name, _lock: lock });
            }
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.join(format!("{}.duckdb", self.name))
    }
}

impl Drop for Creation {
    fn drop(&mut self) {
        remove(&self.folder, &self.name);
        // It stays while others are at work in it.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Where databases are made that are to come to `path`.
fn folder_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".creating");
    name.into()
}

/// Removes all that belongs to one creation, the lock last. A database that is in its place by now keeps that name.
fn remove(folder: &Path, name: &str) {
    let database = folder.join(format!("{name}.duckdb"));
    for file in [log_of(&database), database, folder.join(format!("{name}.lock"))] {
        let _ = fs::remove_file(file);
    }
}

/// Removes what was abandoned while the database at `path` was made. True if someone is making it still, or is at its first
/// load.
pub(crate) fn is_under_way(path: &Path) -> bool {
    let folder = folder_of(path);
    let Ok(entries) = fs::read_dir(&folder) else { return false };
    let mut is_under_way = false;
    let files: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    for name in files.iter().filter_map(|file| file.split_once('.').map(|(name, _)| name)) {
        let place = folder.join(format!("{name}.lock"));
        match File::options().read(true).write(true).open(&place) {
            Ok(lock) => match lock.try_lock() {
                Ok(()) => remove(&folder, name),
                Err(_) => is_under_way = true,
            },
            // The lock is the first to be there and the last to go.
            Err(e) if e.kind() == ErrorKind::NotFound => remove(&folder, name),
            Err(_) => is_under_way = true,
        }
    }
    let _ = fs::remove_dir(&folder);
    is_under_way
}
