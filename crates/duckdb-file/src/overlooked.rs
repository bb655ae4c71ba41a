//! Undoes a new database that DuckDB wrote over one that it took for missing.
//!
//! DuckDB 2.0 creates a database where `stat` does not show it a file, whatever error that gives
//! (`SingleFileStorageManager::LoadDatabase`). On a disk or a network share that fails for a moment the file is there all the
//! same, and its write-ahead log is removed and its three headers are written over. All else of the file stays.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::disk::{is_missing, log_of, sync_folder, write_at};
use crate::error::{Error, Kind, Result, io_error};
use crate::header::{HEADER, Headers};

/// What would be lost of a database.
pub(crate) struct Beginning {
    headers: Headers,
    log: Option<Vec<u8>>,
}

impl Beginning {
    /// Reads it before DuckDB opens the file, under the lock. None where there is no database to lose.
    ///
    /// # Errors
    /// [`Kind::Io`] where it cannot be read.
    pub fn of(file: &File, path: &Path) -> Result<Option<Self>> {
        let headers = match Headers::read(file) {
            Ok(headers) if !is_empty(&headers) => headers,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(io_error(path.display(), "read", error)),
        };
        let log = log_of(path);
        let log = match std::fs::read(&log) {
            Ok(bytes) => Some(bytes),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(io_error(log.display(), "read", error)),
        };
        Ok(Some(Self { headers, log }))
    }

    /// Puts it back if a new database stands in its place.
    ///
    /// # Errors
    /// [`Kind::Io`] if that was so.
    pub fn restore(&self, file: &File, path: &Path) -> Result<()> {
        let now = Headers::read(file).map_err(|e| io_error(path.display(), "read", e))?;
        if now.0[0] == self.headers.0[0] || !is_empty(&now) {
            return Ok(());
        }
        self.put_back(file, path).map_err(|e| io_error(path.display(), "put back", e))?;
        let message = format!("{} could not be opened, because the file system did not find it for a moment", path.display());
        Err(Error::new(Kind::Io, message)
            .with_hint("see whether the disk or network share works, then try again; the warehouse is as it was"))
    }

    fn put_back(&self, file: &File, path: &Path) -> io::Result<()> {
        if let Some(bytes) = &self.log {
            let log = File::create(log_of(path))?;
            write_at(&log, bytes, 0)?;
            log.sync_all()?;
        }
        for (header, place) in self.headers.0.iter().zip((0..).step_by(HEADER)) {
            write_at(file, header, place)?;
        }
        file.sync_all()?;
        sync_folder(path)
    }
}

/// Whether a database has no checkpoint yet.
fn is_empty(headers: &Headers) -> bool {
    headers.state().is_some_and(|state| state.iteration == 0 && state.blocks == 0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::fake::{Fake, Fault, Story, write_database};
    use crate::interrupt::Interrupt;
    use crate::{DatabaseFile, OpenOptions};

    #[test]
    fn a_database_that_was_taken_for_missing_is_put_back() {
        for log in [None, Some(b"what is committed".as_slice())] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("w.duckdb");
            write_database(&path);
            if let Some(bytes) = log {
                fs::write(log_of(&path), bytes).unwrap();
            }
            let before = fs::read(&path).unwrap();
            let database = Story { fault: Fault::Overlooked, ..Story::default() };
            let options = OpenOptions { database, wait: Duration::ZERO, interrupt: Interrupt::default() };
            let error = DatabaseFile::<Fake>::open(&path, options, |_| Ok(())).err().unwrap();
            assert_eq!(error.kind(), Kind::Io);
            assert!(fs::read(&path).unwrap() == before, "the file is as it was");
            assert_eq!(fs::read(log_of(&path)).ok().as_deref(), log);
        }
    }

    #[test]
    fn a_database_that_is_not_new_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.duckdb");
        write_database(&path);
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let beginning = Beginning::of(&file, &path).unwrap().unwrap();
        // A backup that someone laid over it.
        crate::fake::overwrite(&path, 0, &crate::fake::sealed(vec![5; HEADER]));
        let now = fs::read(&path).unwrap();
        beginning.restore(&file, &path).unwrap();
        assert!(fs::read(&path).unwrap() == now);
    }
}
