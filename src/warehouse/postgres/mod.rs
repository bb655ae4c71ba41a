//! A PostgreSQL server as the warehouse: its tables stand in the connection's current schema.

mod connect;
mod copy;
mod doctor;
mod execute;
pub(super) mod password;
mod schema;
mod session;
mod stage;
mod stream;
pub(super) mod tls;
pub(super) mod url;
mod value;
mod wait;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use doctor::examine;
pub(super) use schema::INDEXES;
pub use url::PostgresUrl;

use self::session::Session;
use super::indexes::Indexes;
use super::{OpenOptions, SCHEMA_VERSION, Statement};
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::stage::Batch;

/// An open warehouse on a PostgreSQL server.
pub struct Postgres {
    session: Session,
    url: PostgresUrl,
    interrupt: Interrupt,
    /// How long to wait for the lock.
    wait: Duration,
    /// The batch that staging statements are about.
    batch: Option<Arc<Batch>>,
    indexes: Indexes,
    /// The run of the open transaction, once its row is there.
    run_id: Option<String>,
}

/// How long a load that begins again waits for one that had its turn in between.
const BEGUN_AGAIN: Duration = Duration::from_secs(30);
/// How long to try to reach a server again that a commit got no answer from. It may be starting anew.
const AFTER_A_COMMIT: Duration = Duration::from_mins(1);

impl Postgres {
    /// Opens the warehouse to change it, with the load's transaction begun behind the lock; makes its tables if they are not
    /// there. Nobody else can change it meanwhile.
    ///
    /// # Errors
    /// [`Kind::WarehouseUnreachable`], [`Kind::WarehouseDenied`], [`Kind::WarehouseLocked`], [`Kind::WarehouseVersion`],
    /// [`Kind::WarehouseInvalid`].
    pub fn open(url: &PostgresUrl, options: &OpenOptions) -> Result<Self> {
        let session = connect::connect(url, &options.interrupt)?;
        session.rollback()?;
        connect::begin_locked(&session, options.wait)?;
        // The tables stay even if the load comes to nothing. Another may have its turn before the lock is there again.
        while schema::ensure(&session)? {
            session.commit()?;
            connect::begin_locked(&session, options.wait)?;
        }
        Ok(Self::of(session, url, options))
    }

    /// Opens the warehouse to read it. All questions see the same state of it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_read_only(url: &PostgresUrl, options: &OpenOptions) -> Result<Self> {
        let session = connect::connect(url, &options.interrupt)?;
        if let Some(version) = schema::version(&session)?
            && version > SCHEMA_VERSION
        {
            return Err(schema::too_new(&session, version));
        }
        Ok(Self::of(session, url, options))
    }

    fn of(session: Session, url: &PostgresUrl, options: &OpenOptions) -> Self {
        Self {
            session,
            url: url.clone(),
            interrupt: options.interrupt.clone(),
            wait: options.wait,
            batch: None,
            indexes: Indexes::default(),
            run_id: None,
        }
    }

    /// Makes the transaction's changes durable. Where the connection breaks meanwhile, looks whether they are.
    fn commit_verified(&mut self) -> Result<()> {
        let committed = self.session.commit();
        // Without the lock others may change the tables.
        self.indexes.forget();
        match (committed, self.run_id.take()) {
            (Err(error), Some(run_id)) if error.kind() == Kind::WarehouseUnreachable => self.look_for(&run_id, error),
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
        let row = session.rows(Statement::FindRun, &[&run_id])?.into_iter().next();
        let found = row.map_or(Ok(0), |row| session.get::<i64>(&row, 0))? > 0;
        session.rollback()?;
        self.session = session;
        Ok((found || is_over).then_some(found))
    }
}
