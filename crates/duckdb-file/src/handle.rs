//! Our own handle of a DuckDB file, beside DuckDB's: for the rollback journal, for syncing early, and for giving
//! back what a failed load has added to the file.
//!
//! DuckDB's locks belong to the process, and closing any handle of a file gives them up. So this one is opened before
//! DuckDB opens the file and closed after DuckDB has closed it. A lock taken through it goes over to DuckDB.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::disk::{Access, exists, is_missing, is_same, lock, log_length, log_of};
use crate::error::{Error, Kind, Result, io_error};
use crate::header::{Headers, State};
use crate::journal::{self, Journal, MetadataBlock};
use crate::log;
use crate::overlooked::Beginning;
use crate::recover::{cut_log, recover, set_aside};

/// How far the rollback journal is.
enum Rollback {
    None,
    /// A thread is at it, while other work goes on.
    Writing(JoinHandle<Result<()>>),
    Written,
    /// DuckDB may be overwriting what is in it, so that it must stay until that is known to be done.
    Needed,
}

/// How far a database is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extent {
    /// The number of checkpoints that led to the state of the file, if its headers are whole.
    pub iteration: Option<u64>,
    /// The bytes of its log.
    pub log: u64,
}

/// The handle and the journal of a database.
pub(crate) struct Handle {
    path: PathBuf,
    journal: PathBuf,
    /// None where the path leads to no plain file, which DuckDB refuses.
    file: Option<Arc<File>>,
    access: Access,
    rollback: Rollback,
    syncing: Option<JoinHandle<()>>,
    /// The journal was looked at.
    is_examined: bool,
    /// What the file held under the lock before DuckDB opened it to write.
    beginning: Option<Beginning>,
    /// DuckDB has had it open.
    was_open: bool,
}

impl Handle {
    /// Opens the file, and puts it back to its last whole state if a checkpoint was cut short. Whatever stands in the way
    /// of opening it, DuckDB says better.
    ///
    /// # Errors
    /// As [`recover`], and [`Kind::Io`] where the file must be looked at and cannot be locked, or the file system does not say
    /// what there is.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let journal = journal::place(path);
        let (to_write, has_journal) = (access == Access::ReadWrite, exists(&journal)?);
        let has_log = log_length(path)? > 0;
        let log_is_foreign = has_log && open_file(path, false)?.0.is_some_and(|file| has_foreign_log(&file, path));
        let (file, may_write) = open_file(path, to_write || has_journal || log_is_foreign)?;
        let mut is_examined = false;
        // Who cannot have the lock has nothing to recover either: its holder is at work, and DuckDB says who that is.
        if (has_journal || log_is_foreign || has_log && to_write)
            && let Some(file) = &file
            && lock(file, may_write).map_err(|e| io_error(path.display(), "lock", e))?
        {
            recover(path, file, &journal, may_write)?;
            if may_write {
                if has_foreign_log(file, path) {
                    set_aside(path, &log_of(path), "log")?;
                } else {
                    cut_log(path)?;
                }
            }
            is_examined = true;
        }
        let beginning = match &file {
            // DuckDB tells why a file cannot be locked.
            Some(file) if to_write && may_write && lock(file, true).unwrap_or(false) => Beginning::of(file, path)?,
            _ => None,
        };
        let (file, path, rollback) = (file.map(Arc::new), path.to_owned(), Rollback::None);
        Ok(Self { path, journal, file, access, rollback, syncing: None, is_examined, beginning, was_open: false })
    }

    /// Undoes what DuckDB did if it took the file for missing when it opened it, and wrote a new database over its beginning.
    /// DuckDB may still have it open.
    ///
    /// # Errors
    /// [`Kind::Io`] if that was so, whether it could be undone or not.
    pub fn undo_new_database(&mut self) -> Result<()> {
        match (self.beginning.take(), &self.file) {
            (Some(beginning), Some(file)) => beginning.restore(file, &self.path),
            _ => Ok(()),
        }
    }

    /// Whether there is a journal that was not looked at.
    pub fn may_be_torn(&self) -> bool {
        !self.is_examined && exists(&self.journal).unwrap_or(true)
    }

    /// DuckDB has opened the file, and with it the lock has gone over. False if it is another file than this one.
    pub fn is_opened(&mut self) -> bool {
        self.was_open = self.is_in_place();
        self.was_open
    }

    /// Whether the path still leads to this file.
    fn is_in_place(&self) -> bool {
        self.file.as_ref().is_none_or(|file| is_same(file, &self.path))
    }

    /// Begins to write the journal, if that has not been done since the last commit. `blocks` are those that the next
    /// checkpoint may overwrite.
    pub fn prepare_rollback(&mut self, blocks: impl FnOnce() -> Result<Vec<MetadataBlock>>) -> Result<()> {
        if let (Rollback::None, Some(file)) = (&self.rollback, &self.file) {
            let (file, place, path, blocks) = (Arc::clone(file), self.journal.clone(), self.path.clone(), blocks()?);
            let log = log_length(&path)?;
            self.rollback = Rollback::Writing(std::thread::spawn(move || {
                let journal = Journal::of(&file, &blocks, log).map_err(|e| io_error(path.display(), "read", e))?;
                journal.write(&file, &place)
            }));
        }
        Ok(())
    }

    /// Waits for the journal to be on the disk. DuckDB may overwrite what is in it from here on.
    ///
    /// # Errors
    /// What stood in the way of writing it.
    pub fn await_rollback(&mut self) -> Result<()> {
        self.join_rollback()?;
        if matches!(self.rollback, Rollback::Written) {
            self.rollback = Rollback::Needed;
        }
        Ok(())
    }

    /// Removes the journal: what DuckDB wrote is on the disk, or it wrote nothing.
    pub fn discard_rollback(&mut self) {
        if !matches!(std::mem::replace(&mut self.rollback, Rollback::None), Rollback::None)
            && let Err(error) = journal::remove(&self.journal)
        {
            tracing::debug!("{} stays: {error}", self.journal.display());
        }
    }

    fn join_rollback(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.rollback, Rollback::None) {
            Rollback::Writing(thread) => {
                let died = |_| Err(Error::new(Kind::Io, format!("{} could not be written", self.journal.display())));
                thread.join().unwrap_or_else(died)?;
                self.rollback = Rollback::Written;
            }
            other => self.rollback = other,
        }
        Ok(())
    }

    /// Sends what was written so far to the disk while other work goes on, so that the commit waits less for it.
    pub fn sync_early(&mut self) {
        if let (None, Some(file)) = (&self.syncing, &self.file) {
            let file = Arc::clone(file);
            // Whether it worked does not matter here: the commit does it again, and looks.
            self.syncing = Some(std::thread::spawn(move || drop(file.sync_data())));
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it was opened.
    pub fn access(&self) -> Access {
        self.access
    }

    /// How far the database is.
    ///
    /// # Errors
    /// [`Kind::Io`] where that cannot be read.
    pub fn extent(&self) -> Result<Extent> {
        let headers = match &self.file {
            Some(file) => Headers::read(file),
            None => File::open(&self.path).and_then(|file| Headers::read(&file)),
        };
        let headers = headers.map_err(|e| io_error(self.path.display(), "read", e))?;
        Ok(Extent { iteration: headers.state().map(|state| state.iteration), log: log_length(&self.path)? })
    }

    /// Closes the handle, behind DuckDB and before DuckDB opens the file again. The journal stays as it is.
    pub fn close(&mut self) {
        self.finish_threads();
        self.rollback = Rollback::None;
        self.file = None;
    }

    /// Gives back what lies behind the end of the last state: a load that failed has added it. Not beside a log, whose
    /// changes may be in there.
    fn shorten(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let cut = || -> io::Result<()> {
            let end = || Headers::read(file).map(|headers| headers.state().map_or(u64::MAX, State::end));
            if file.metadata()?.len() > end()? && lock(file, true)? {
                // Only what holds under the lock counts.
                let end = end()?;
                if file.metadata()?.len() > end {
                    file.set_len(end)?;
                }
            }
            Ok(())
        };
        if log_length(&self.path)? == 0 && self.is_in_place() {
            cut().map_err(|e| io_error(self.path.display(), "shorten", e))?;
        }
        Ok(())
    }

    fn finish_threads(&mut self) {
        if let Some(thread) = self.syncing.take() {
            let _ = thread.join();
        }
        let _ = self.join_rollback();
    }
}

impl Drop for Handle {
    /// DuckDB has closed the file by now.
    fn drop(&mut self) {
        self.finish_threads();
        let is_needed = matches!(self.rollback, Rollback::Needed);
        if self.access == Access::ReadOnly || self.file.is_none() || is_needed || !self.was_open {
            return;
        }
        self.discard_rollback();
        if let Err(error) = self.shorten() {
            tracing::debug!("{} keeps its length: {}", self.path.display(), error.report());
        }
    }
}

/// Whether the log beside a file is of another one, which DuckDB would refuse to open it for.
fn has_foreign_log(file: &File, path: &Path) -> bool {
    let identifier = Headers::read(file).ok().and_then(|headers| headers.identifier());
    identifier.is_some_and(|identifier| log::is_foreign(&log_of(path), &identifier))
}

/// Opens a plain file, to write to it too if that is wanted and allowed. None where DuckDB cannot open it either.
fn open_file(path: &Path, to_write: bool) -> Result<(Option<File>, bool)> {
    let is_refused = |error: &io::Error| is_missing(error) || error.kind() == ErrorKind::PermissionDenied;
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok((None, false)),
        Err(error) if is_refused(&error) => return Ok((None, false)),
        Err(error) => return Err(io_error(path.display(), "look for", error)),
    }
    if to_write && let Ok(file) = File::options().read(true).write(true).open(path) {
        return Ok((Some(file), true));
    }
    match File::open(path) {
        Ok(file) => Ok((Some(file), false)),
        Err(error) if is_refused(&error) => Ok((None, false)),
        Err(error) => Err(io_error(path.display(), "open", error)),
    }
}
