//! Amazon Redshift as the warehouse. Rows reach it through S3: the cluster copies them from there.

mod append;
mod cells;
mod compact;
mod connect;
mod copy;
mod credentials;
mod direct;
mod doctor;
mod execute;
mod failure;
mod json;
mod load_errors;
mod options;
mod place;
mod roles;
mod session;
mod staging;
mod url;
mod value;
mod wire;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

pub use doctor::diagnose;
pub use options::{AwsContext, Design, LoadMode, RedshiftOptions, parse_role, parse_staging};
pub use url::RedshiftUrl;

use self::copy::Access;
use self::session::Session;
use self::staging::Staging;
use super::{OpenOptions, Param, Statement, Value};
use crate::engine::Proof;
use crate::error::{Error, Kind, Result};
use crate::recorder::Script;
use crate::source::Sources;
use crate::star::has_table;

/// How many files Serverless and clusters that do not tell are taken to read side by side.
const USUAL_SLICES: usize = 16;

/// How long the lock of a connection that was lost is waited for.
const AFTER_A_LOSS: Duration = Duration::from_secs(30);
/// How long to try to reach a cluster again that a commit got no answer from.
const AFTER_A_COMMIT: Duration = Duration::from_mins(1);

/// A warehouse's tables on a cluster.
pub struct Redshift {
    session: Session,
    url: RedshiftUrl,
    options: OpenOptions,
    /// Where staged objects are written to. They do not stop when the user interrupts: what was written is to be removed.
    sources: Sources,
    staging: Option<Staging>,
    access: Option<Access>,
    slices: usize,
    /// Temporary tables of the open transaction.
    temporary: BTreeSet<&'static str>,
    /// The keys of a batch are staged.
    shows_keys: bool,
    /// The open transaction only reads.
    reads: bool,
    /// When the session began, by the server's clock.
    connected_at: String,
    /// The COPYs whose refused rows were looked into.
    explained: BTreeSet<i64>,
}

/// Begins a transaction that sees one state of the warehouse.
const BEGIN_READING: &str = "begin read only";
/// The table that a load locks.
const LOCK_TABLE: &str = "load_lock";
/// How often to look for a lock's table that another load is creating.
const TRIES: u32 = 8;

impl Redshift {
    /// Connects, to change the warehouse.
    ///
    /// # Errors
    /// [`Kind::WarehouseUnreachable`], [`Kind::WarehouseDenied`], [`Kind::WarehouseInvalid`].
    pub fn open(url: &RedshiftUrl, options: &OpenOptions) -> Result<Self> {
        let sources = Sources::new(options.s3.clone());
        let session = connect::connect(url, options, &sources)?;
        Self::of(session, url, options, sources)
    }

    /// Connects, to read the warehouse. All queries see the same state of it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_read_only(url: &RedshiftUrl, options: &OpenOptions) -> Result<Self> {
        let mut warehouse = Self::open(url, options)?;
        warehouse.session.batch("begin", BEGIN_READING)?;
        warehouse.reads = true;
        Ok(warehouse)
    }

    /// Of a load that is not run: what would be sent is written into a script.
    #[must_use]
    pub fn recording(url: &RedshiftUrl, options: &OpenOptions, script: Script) -> Self {
        // What is asked when connecting, and what an empty stage has to say.
        script.know(Statement::RedshiftFindRoles.name(), Vec::new());
        script.know(Statement::RedshiftServer.name(), vec!["".into(), roles::SCHEMA.into(), "".into()]);
        script.answer(Statement::RedshiftScreenLines.name(), vec![0.into(); 8]);
        // A load shows what it does where there are plays to link, and sessions that go on.
        for count in [Statement::RedshiftCountTouched, Statement::RedshiftCountContinued] {
            script.answer(count.name(), vec![1.into()]);
        }
        let session = Session::recording(script, url.to_string());
        let sources = Sources::new(options.s3.clone());
        Self::with(session, url, options, sources, USUAL_SLICES, String::new())
    }

    fn of(mut session: Session, url: &RedshiftUrl, options: &OpenOptions, sources: Sources) -> Result<Self> {
        let row = session.row(Statement::RedshiftServer, &[])?;
        let connected_at = row.get(2).map(ToString::to_string).unwrap_or_default();
        // Before any transaction: a refusal would end it.
        let slices = session.row(Statement::RedshiftSlices, &[]).and_then(|row| number(&row, 0)).unwrap_or(0);
        let slices = if slices > 0 { slices as usize } else { USUAL_SLICES };
        Ok(Self::with(session, url, options, sources, slices, connected_at))
    }

    fn with(
        session: Session,
        url: &RedshiftUrl,
        options: &OpenOptions,
        sources: Sources,
        slices: usize,
        connected_at: String,
    ) -> Self {
        Self {
            session,
            url: url.clone(),
            options: options.clone(),
            sources,
            staging: None,
            access: None,
            slices,
            temporary: BTreeSet::new(),
            shows_keys: false,
            reads: false,
            connected_at,
            explained: BTreeSet::new(),
        }
    }

    /// Begins a transaction behind the lock.
    fn begin_locked(&mut self) -> Result<()> {
        let mut wait = self.options.wait;
        if self.session.is_lost() {
            self.session = connect::connect(&self.url, &self.options, &self.sources)?;
            // The server may need a while to notice that the one before is gone, which has the lock.
            wait = wait.max(AFTER_A_LOSS);
        } else if std::mem::take(&mut self.reads) {
            self.session.batch("rollback", "rollback")?;
        }
        self.session.set_interruptible(true);
        self.create_lock()?;
        connect::begin_locked(&mut self.session, wait)
    }

    /// Creates the lock's table if it is not there. Another load may do so at the same moment, so that this one cannot.
    fn create_lock(&mut self) -> Result<()> {
        let mut tries = 0;
        while !has_table(self, LOCK_TABLE)? {
            match self.session.execute(Statement::RedshiftCreateLock, &[]) {
                Err(error) if tries == TRIES || self.session.is_lost() => return Err(error),
                Ok(_) => return Ok(()),
                Err(error) => tracing::debug!("{}", error.report()),
            }
            tries += 1;
            self.session.interrupt().check()?;
            std::thread::sleep(Duration::from_millis(250));
        }
        Ok(())
    }

    /// Makes the transaction's changes durable. Where the connection breaks meanwhile, looks whether they are.
    fn commit_verified(&mut self, proof: &Proof) -> Result<()> {
        // Interrupted in the middle, the commit would be reported as failed though it was not.
        self.session.set_interruptible(false);
        match (self.session.batch("commit", "commit"), proof) {
            (Err(error), Proof::Run(run_id)) if self.session.is_lost() => self.look_for(run_id, error),
            (committed, _) => committed.map(drop),
        }
    }

    /// Whether a run whose commit got no answer was committed. The lock waits for the transaction to end either way.
    fn look_for(&mut self, run_id: &str, lost: Error) -> Result<()> {
        tracing::warn!("the connection broke while the run was being committed; checking whether it was");
        let deadline = Instant::now() + AFTER_A_COMMIT;
        let unknown = |cause: Error| {
            let error = Error::new(Kind::OutcomeUnknown, format!("whether the run {run_id} was committed is not known"));
            // An interrupt's own words would deny the commit.
            if cause.kind() == Kind::Interrupted { error } else { error.caused_by(cause) }
        };
        let mut session = loop {
            match connect::connect(&self.url, &self.options, &self.sources) {
                Ok(session) => break session,
                Err(error) if error.kind() == Kind::WarehouseUnreachable && Instant::now() < deadline => {
                    tracing::debug!("{}", error.report());
                    std::thread::sleep(Duration::from_millis(500));
                }
                Err(error) => return Err(unknown(error)),
            }
        };
        connect::begin_locked(&mut session, self.options.wait.max(AFTER_A_LOSS)).map_err(unknown)?;
        let row = session.row(Statement::FindRun, &[Param::new("run_id", run_id)]).map_err(unknown)?;
        let found = number(&row, 0).map_err(unknown)?;
        session.batch("rollback", "rollback").map_err(unknown)?;
        self.session = session;
        if found > 0 {
            tracing::warn!("it was");
            return Ok(());
        }
        Err(lost)
    }

    /// Undoes what is open.
    fn undo(&mut self) -> Result<()> {
        self.temporary.clear();
        self.clear_staging();
        self.reads = false;
        // What a lost connection leaves open, the server undoes.
        if self.session.is_lost() { Ok(()) } else { self.session.batch("rollback", "rollback").map(drop) }
    }
}

/// A whole number in a row; 0 for null and where nothing was sent.
fn number(row: &[Value], at: usize) -> Result<i64> {
    row.get(at).map_or(Ok(0), |value| value.whole_number("the server"))
}
