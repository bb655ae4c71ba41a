//! A PostgreSQL server as the warehouse: its tables stand in the connection's current schema.

mod append;
mod connect;
mod copy;
mod doctor;
mod execute;
pub(super) mod password;
mod session;
pub(super) mod tls;
pub(super) mod url;
mod value;
mod wait;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use doctor::diagnose;
pub use url::PostgresUrl;

use self::session::Session;
use super::{Dialect, OpenOptions, Statement};
use crate::engine::{Capabilities, Proof};
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::stage::Batch;

/// A warehouse's tables on a PostgreSQL server.
pub struct Postgres {
    session: Session,
    url: PostgresUrl,
    interrupt: Interrupt,
    /// How long to wait for the lock.
    wait: Duration,
    /// The batch whose rows are to be added.
    batch: Option<Arc<Batch>>,
    /// The open transaction only reads.
    reads: bool,
    /// The last query in it failed.
    has_failed: bool,
    /// The lock was there before.
    had_lock: bool,
}

/// How long a load that begins again waits for one that had its turn in between.
const BEGUN_AGAIN: Duration = Duration::from_secs(30);
/// How long to try to reach a server again that a commit got no answer from. It may be starting anew.
const AFTER_A_COMMIT: Duration = Duration::from_mins(1);

/// What makes loads into a large warehouse fast: events are looked up by time, checked by id, and the sessions that go on are
/// found by their numbers.
const INDEXES: [Statement; 7] = [
    Statement::PostgresPlaysById,
    Statement::PostgresPlaysByTime,
    Statement::PostgresPlaysBySession,
    Statement::PostgresViewsById,
    Statement::PostgresViewsByTime,
    Statement::PostgresViewsBySession,
    Statement::PostgresTimeByStart,
];

/// What differs from other engines.
pub(super) fn capabilities(place: String) -> Capabilities {
    Capabilities {
        dialect: Dialect::Postgres,
        place,
        extras: &INDEXES,
        locks: true,
        counts_created_rows: true,
        newer_hint: Some("install the newer sparkify that wrote them, or load into another schema or database"),
        foreign_hint: Some("name another schema: postgres://…?options=-csearch_path%3DSCHEMA, or another database"),
        ..Capabilities::default()
    }
}

impl Postgres {
    /// Connects. A transaction that reads is open: all queries in it see the same state of the warehouse.
    ///
    /// # Errors
    /// [`Kind::WarehouseUnreachable`], [`Kind::WarehouseDenied`], [`Kind::WarehouseInvalid`].
    pub fn open(url: &PostgresUrl, options: &OpenOptions) -> Result<Self> {
        Ok(Self::of(connect::connect(url, &options.interrupt)?, url, options))
    }

    fn of(session: Session, url: &PostgresUrl, options: &OpenOptions) -> Self {
        Self {
            session,
            url: url.clone(),
            interrupt: options.interrupt.clone(),
            wait: options.wait,
            batch: None,
            reads: true,
            has_failed: false,
            had_lock: false,
        }
    }

    /// Begins a transaction that holds the lock.
    fn begin_locked(&mut self) -> Result<()> {
        if std::mem::take(&mut self.reads) {
            self.session.rollback()?;
        }
        let wait = if std::mem::replace(&mut self.had_lock, true) { self.wait.max(BEGUN_AGAIN) } else { self.wait };
        connect::begin_locked(&self.session, wait)
    }

    /// Makes the transaction's changes durable. Where the connection breaks meanwhile, looks whether they are.
    fn commit_verified(&mut self, proof: &Proof) -> Result<()> {
        match (self.session.commit(), proof) {
            (Err(error), Proof::Run(run_id)) if error.kind() == Kind::WarehouseUnreachable => self.look_for(run_id, error),
            (committed, _) => committed,
        }
    }

    /// Whether a run whose commit got no answer was committed. The lock waits for its transaction to end either way.
    fn look_for(&mut self, run_id: &str, lost: Error) -> Result<()> {
        tracing::warn!("the connection broke while the run was being committed; checking whether it was");
        let deadline = Instant::now() + AFTER_A_COMMIT;
        let unknown = |cause: Error| {
            Error::new(Kind::OutcomeUnknown, format!("whether the run {run_id} was committed is not known")).caused_by(cause)
        };
        loop {
            let is_over = Instant::now() >= deadline || self.interrupt.is_set();
            match self.find_run(run_id) {
                Ok(Some(true)) => {
                    tracing::warn!("it was");
                    return Ok(());
                }
                Ok(Some(false)) => {
                    return Err(lost.with_hint("it was not committed, and nothing was changed: run the command again"));
                }
                // Its transaction, or that of another load, is still open.
                Ok(None) if is_over => return Err(unknown(lost)),
                // The user does not want to wait for it.
                Err(error) if error.kind() == Kind::Interrupted => return Err(unknown(lost)),
                Err(error) if is_over || error.kind() != Kind::WarehouseUnreachable => return Err(unknown(error)),
                Ok(None) => {}
                Err(error) => tracing::debug!("{}", error.report()),
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Whether a run is in the ledger, by a new connection; None where its transaction may still be open.
    fn find_run(&mut self, run_id: &str) -> Result<Option<bool>> {
        let session = connect::connect(&self.url, &self.interrupt)?;
        session.rollback()?;
        session.begin_loading()?;
        // First, so that the next question sees what whoever had the lock has left.
        let is_over = connect::try_lock(&session)?;
        self.session = session;
        let found = Proof::Run(run_id.to_owned()).holds(self)?;
        self.session.rollback()?;
        Ok((found || is_over).then_some(found))
    }
}
