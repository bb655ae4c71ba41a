//! What the file system is asked about a database's files: their names, who has them, bytes at a place.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::error::{Result, io_error};

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To be read.
    ReadOnly,
    /// To be read and changed.
    ReadWrite,
}

/// DuckDB's write-ahead log of a database.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".wal");
    name.into()
}

/// Its bytes; 0 if there is none.
///
/// # Errors
/// [`Kind::Io`](crate::error::Kind::Io) where the file system does not say.
pub(crate) fn log_length(path: &Path) -> Result<u64> {
    let log = log_of(path);
    match std::fs::metadata(&log) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if is_missing(&error) => Ok(0),
        Err(error) => Err(io_error(log.display(), "look for", error)),
    }
}

/// Whether an error says that there is no such file, rather than that the file system cannot tell.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether there is a file at `path`. A file system that does not say is no file system without it: whoever took a database
/// for missing would write over it.
///
/// # Errors
/// [`Kind::Io`](crate::error::Kind::Io) where the file system does not say.
pub(crate) fn exists(path: &Path) -> Result<bool> {
    match path.try_exists() {
        Err(error) if is_missing(&error) => Ok(false),
        other => other.map_err(|e| io_error(path.display(), "look for", e)),
    }
}

/// Takes DuckDB's lock on a file for this process, to write it or to read it. False if another process has it. It goes
/// over to DuckDB when that opens the file, and is given up when any handle of the file is closed.
pub(crate) fn lock(file: &File, to_write: bool) -> io::Result<bool> {
    let kind = if to_write { FlockOperation::NonBlockingLockExclusive } else { FlockOperation::NonBlockingLockShared };
    match rustix::fs::fcntl_lock(file, kind) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes DuckDB's lock on the file at `path` and gives it up again. False if another process has it. Not while this process
/// has the file open, whose lock that would give up as well.
///
/// # Errors
/// What the operating system reports, as where the file system cannot lock anything.
pub fn try_lock(path: &Path, access: Access) -> io::Result<bool> {
    let to_write = access == Access::ReadWrite;
    lock(&File::options().read(true).write(to_write).open(path)?, to_write)
}

/// Makes the names in a file's folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

pub(crate) fn read_at(file: &File, bytes: &mut [u8], place: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, place)
}

pub(crate) fn write_at(file: &File, bytes: &[u8], place: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, place)
}

/// Whether a path leads to an open file.
pub(crate) fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => id(open) == id(named),
        _ => false,
    }
}
