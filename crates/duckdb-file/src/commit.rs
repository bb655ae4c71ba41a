//! Transactions that survive whatever stops them, and the truth about whether they were committed.
//!
//! A small transaction is committed to the log first, and a checkpoint brings it into the file in a second step. A large
//! one goes into the file by its checkpoint alone. Each checkpoint has its rollback journal. Once a transaction is
//! committed, a checkpoint that fails is worth a warning and nothing more, as the log holds all of it. Where DuckDB reports
//! that a commit failed, the file itself says whether that is so.

use crate::database::{Database, NO_CHECKPOINT};
use crate::database_file::DatabaseFile;
use crate::disk::{Access, log_length, log_of};
use crate::error::{Error, Kind, Result};

/// The size of the log, with what is to be committed, from which on a commit goes into the file at once. At the same size
/// DuckDB leaves out the log (`auto_checkpoint_skip_wal_threshold`).
const LARGE: &str = "99999B";

/// How a commit ended.
#[derive(Debug)]
pub enum Commit {
    /// The transaction was committed. What went wrong after that and does not matter to the outcome.
    Done(Vec<String>),
    /// DuckDB reports this failure, and only the tables can say whether it is true. The database is open again to ask it:
    /// [`DatabaseFile::conclude`] takes the answer.
    Doubtful(Error),
}

impl<D: Database> DatabaseFile<D> {
    /// Begins a transaction, and its rollback journal while other work goes on.
    ///
    /// # Errors
    /// What DuckDB reports.
    pub fn begin(&mut self) -> Result<()> {
        self.prepare_rollback()?;
        self.before = self.handle.extent()?;
        self.execute("begin", "begin")?;
        self.in_transaction = true;
        Ok(())
    }

    /// Undoes the transaction, if there is one.
    ///
    /// # Errors
    /// What DuckDB reports.
    pub fn roll_back(&mut self) -> Result<()> {
        if std::mem::take(&mut self.in_transaction) { self.execute("rollback", "rollback") } else { Ok(()) }
    }

    /// Commits.
    ///
    /// # Errors
    /// What DuckDB reports, or what kept the rollback journal from being written. Nothing was changed.
    pub fn commit(&mut self) -> Result<Commit> {
        self.handle.await_rollback()?;
        self.checkpoint_from(LARGE)?;
        self.in_transaction = false;
        match self.execute("commit", "commit") {
            Ok(()) => Ok(Commit::Done(self.finish().into_iter().collect())),
            Err(failure) => self.find_out(failure),
        }
    }

    /// Brings what is committed into the file. Returns a warning if that failed.
    fn finish(&mut self) -> Option<String> {
        let done = self.execute("checkpoint", "checkpoint").and_then(|()| self.checkpoint_from(NO_CHECKPOINT));
        match done {
            Ok(()) => {
                self.handle.discard_rollback();
                None
            }
            Err(error) => {
                let warning = self.warn(&error);
                // DuckDB takes no more statements after that.
                self.recover();
                Some(warning)
            }
        }
    }

    /// Whether a transaction was committed although DuckDB reports a failure.
    fn find_out(&mut self, failure: Error) -> Result<Commit> {
        self.close();
        let after = self.handle.extent();
        let opened = self.open_again();
        let is_committed = match after {
            Err(error) => Err(error),
            Ok(after) if after.iteration > self.before.iteration => Ok(true),
            Ok(after) if after.log <= self.before.log => Ok(false),
            Ok(_) => match opened {
                Ok(()) => return Ok(Commit::Doubtful(failure)),
                Err(error) => Err(error),
            },
        };
        self.conclude(is_committed, failure).map(Commit::Done)
    }

    /// Ends a commit that DuckDB reports as failed, when it is known whether the transaction `is_committed`. Returns the
    /// warnings of [`Commit::Done`].
    ///
    /// # Errors
    /// The failure, if nothing was changed; [`Kind::Io`] if that cannot be found out.
    pub fn conclude(&self, is_committed: Result<bool>, failure: Error) -> Result<Vec<String>> {
        match is_committed {
            Ok(true) => Ok(vec![self.warn(&failure)]),
            Ok(false) => Err(failure),
            Err(second) => {
                let message = format!("{} cannot be opened to see whether it has the changes of this run", self.path().display());
                let cause = format!("{}\n  caused by: {}", second.report(), failure.report());
                Err(Error::new(Kind::Io, message)
                    .caused_by(cause)
                    .with_hint("`sparkify runs` shows it when the disk works again"))
            }
        }
    }

    /// Logs why what is committed is not in the file yet.
    fn warn(&self, error: &Error) -> String {
        let text = format!(
            "everything is committed, but stays in the log {} until the next load can move it into {}: {}",
            log_of(self.path()).display(),
            self.path().display(),
            error.report()
        );
        tracing::warn!("{text}");
        text
    }

    /// Has the file be its last whole state again.
    pub(crate) fn recover(&mut self) {
        self.close();
        if let Err(error) = self.open_again() {
            tracing::debug!("{}", error.report());
        }
    }

    /// Brings a log that an earlier run has left into the file, before it is closed.
    pub(crate) fn finish_log(&mut self) {
        if self.database.is_none() || self.access() == Access::ReadOnly || log_length(self.path()).is_ok_and(|bytes| bytes == 0) {
            return;
        }
        let _ = self.roll_back();
        let prepared = self.prepare_rollback().and_then(|()| self.handle.await_rollback());
        match prepared.and_then(|()| self.execute("checkpoint", "checkpoint")) {
            Ok(()) => self.handle.discard_rollback(),
            Err(error) => {
                tracing::debug!("{} goes on beside its log: {}", self.path().display(), error.report());
                self.recover();
            }
        }
    }

    /// Begins the rollback journal of the next checkpoint.
    pub(crate) fn prepare_rollback(&mut self) -> Result<()> {
        let database = &self.database;
        self.handle.prepare_rollback(|| database.as_ref().map_or_else(|| Ok(Vec::new()), Database::metadata_blocks))
    }

    fn checkpoint_from(&self, size: &str) -> Result<()> {
        self.execute("checkpoint_threshold", &format!("set checkpoint_threshold = '{size}'"))
    }

    pub(crate) fn execute(&self, name: &str, sql: &str) -> Result<()> {
        self.database()?.execute(name, sql)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::fake::{Fake, Fault, Story};
    use crate::interrupt::Interrupt;
    use crate::wait::OpenOptions;

    fn open(path: &Path, story: &Story) -> DatabaseFile<Fake> {
        let options = OpenOptions { database: story.clone(), wait: Duration::ZERO, interrupt: Interrupt::default() };
        DatabaseFile::open(path, options, |_| Ok(())).unwrap()
    }

    /// A database, and what a load of it does on a disk with this fault: the outcome, and what is in the file.
    fn load(fault: Fault) -> (Result<Commit>, Vec<String>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap().join("w.duckdb");
        drop(open(&path, &Story::default()));
        let before = fs::read(&path).unwrap();
        let story = Story { fault, ..Story::default() };
        let mut file = open(&path, &story);
        story.told();
        file.begin().unwrap();
        let outcome = file.commit();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
        (outcome, story.told(), fs::read(&path).unwrap() == before)
    }

    #[test]
    fn nothing_is_committed_before_its_journal_is_there() {
        let (outcome, told, _) = load(Fault::None);
        assert!(matches!(outcome, Ok(Commit::Done(warnings)) if warnings.is_empty()));
        let last: Vec<&str> = told.iter().map(String::as_str).skip_while(|event| !event.starts_with("commit")).collect();
        let threshold = "set checkpoint_threshold = '1000TB' with journal";
        // One handle is ours.
        assert_eq!(last, ["commit with journal", "checkpoint with journal", threshold, "close before 1"]);
    }

    #[test]
    fn a_checkpoint_that_is_cut_short_is_undone_and_warned_of() {
        let (outcome, told, is_as_before) = load(Fault::Checkpoint);
        assert!(matches!(outcome, Ok(Commit::Done(warnings)) if warnings.len() == 1));
        assert!(is_as_before && told.contains(&"open ReadWrite".to_owned()), "{told:?}");
    }

    #[test]
    fn the_file_says_whether_a_failed_commit_took_place() {
        assert!(load(Fault::Commit).0.is_err());
        assert!(matches!(load(Fault::ReportedCommit).0, Ok(Commit::Done(warnings)) if warnings.len() == 1));
    }
}
