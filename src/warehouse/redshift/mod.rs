//! Amazon Redshift as the warehouse. Rows reach it through S3: the cluster copies them from there.

mod cells;
mod compact;
mod connect;
mod copy;
mod credentials;
mod design;
mod direct;
mod doctor;
mod execute;
mod failure;
mod json;
mod load_errors;
mod options;
mod place;
mod rehearsal;
mod roles;
mod schema;
mod session;
mod stage;
mod staging;
mod url;
mod value;
mod wire;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

pub use doctor::examine;
pub(super) use execute::counted_by;
pub use options::{Asking, Design, RedshiftOptions, StageWay, parse_role, parse_staging};
pub use rehearsal::Rehearsal;
pub use url::RedshiftUrl;

use self::copy::Access;
use self::session::Session;
use self::staging::Staging;
use super::indexes::Indexes;
use super::{OpenOptions, SCHEMA_VERSION, Statement, Value};
use crate::error::{Error, Kind, Result};
use crate::source::Sources;

/// How many files Serverless and clusters that do not tell are taken to read side by side.
const USUAL_SLICES: usize = 16;

/// How long the lock of a connection that was lost is waited for.
const AFTER_A_LOSS: Duration = Duration::from_secs(30);
/// How long to try to reach a cluster again that a commit got no answer from.
const AFTER_A_COMMIT: Duration = Duration::from_mins(1);

/// An open warehouse on a cluster.
pub struct Redshift {
    session: Session,
    url: RedshiftUrl,
    options: OpenOptions,
    /// Where staged objects are written to. They do not stop when the user interrupts: what was written is to be removed.
    sources: Sources,
    staging: Option<Staging>,
    access: Option<Access>,
    slices: usize,
    indexes: Indexes,
    /// Temporary tables of the open transaction.
    temporary: BTreeSet<&'static str>,
    /// Decoded lines are staged too, for `--keep-staging`.
    keeps_lines: bool,
    /// A transaction is open, and holds the lock.
    in_transaction: bool,
    /// The highest file number when the lock was first taken: the plan stands on it, until it is made anew.
    planned_on: Option<i64>,
    /// The run of the open transaction, once its row is there.
    run_id: Option<String>,
    /// When the session began, by the server's clock.
    connected_at: String,
    /// The COPYs whose refused rows were looked into.
    explained: BTreeSet<i64>,
}

/// Begins a transaction that sees one state of the warehouse.
const BEGIN_READING: &str = "begin read only";

impl Redshift {
    /// Opens the warehouse to change it; makes its tables if they are not there. Nobody else can meanwhile.
    ///
    /// # Errors
    /// [`Kind::WarehouseUnreachable`], [`Kind::WarehouseDenied`], [`Kind::WarehouseLocked`],
    /// [`Kind::WarehouseVersion`], [`Kind::WarehouseInvalid`].
    pub fn open(url: &RedshiftUrl, options: &OpenOptions) -> Result<Self> {
        let mut warehouse = Self::connect(url, options)?;
        schema::ensure(&mut warehouse.session, options.redshift.design, options.wait)?;
        warehouse.lock()?;
        Ok(warehouse)
    }

    /// Opens the warehouse to read it. All questions see the same state of it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_read_only(url: &RedshiftUrl, options: &OpenOptions) -> Result<Self> {
        let mut warehouse = Self::connect(url, options)?;
        warehouse.session.batch("begin", BEGIN_READING)?;
        if let Some(version) = schema::version(&mut warehouse.session)?
            && version > SCHEMA_VERSION
        {
            return Err(schema::too_new(&warehouse.session, version));
        }
        Ok(warehouse)
    }

    fn connect(url: &RedshiftUrl, options: &OpenOptions) -> Result<Self> {
        let sources = Sources::new(options.s3.clone());
        let session = connect::connect(url, options, &sources)?;
        Self::of(session, url, options, sources)
    }

    fn of(mut session: Session, url: &RedshiftUrl, options: &OpenOptions, sources: Sources) -> Result<Self> {
        let row = session.row(Statement::RedshiftServer, &[])?;
        let connected_at = row.get(2).map(ToString::to_string).unwrap_or_default();
        // Before any transaction: a refusal would end it.
        let slices = session.row(Statement::RedshiftSlices, &[]).and_then(|row| number(&row, 0)).unwrap_or(0);
        Ok(Self {
            session,
            url: url.clone(),
            options: options.clone(),
            sources,
            staging: None,
            access: None,
            slices: if slices > 0 { slices as usize } else { USUAL_SLICES },
            indexes: Indexes::default(),
            temporary: BTreeSet::new(),
            keeps_lines: false,
            in_transaction: false,
            planned_on: None,
            run_id: None,
            connected_at,
            explained: BTreeSet::new(),
        })
    }

    /// Begins the transaction, behind the lock. What was planned must still hold.
    fn lock(&mut self) -> Result<()> {
        let mut wait = self.options.wait;
        if self.session.is_lost() {
            self.session = connect::connect(&self.url, &self.options, &self.sources)?;
            // The server may need a while to notice that the one before is gone, which has the lock.
            wait = wait.max(AFTER_A_LOSS);
        }
        connect::begin_locked(&mut self.session, wait)?;
        self.in_transaction = true;
        // A newer sparkify may have had its turn while this one waited.
        let version = number(&self.session.row(Statement::ReadVersion, &[])?, 0)?;
        if version > SCHEMA_VERSION.into() {
            return Err(schema::too_new(&self.session, i32::try_from(version).unwrap_or(i32::MAX)));
        }
        let last = number(&self.session.row(Statement::LastFileNo, &[])?, 0)?;
        if self.planned_on.is_some_and(|planned_on| planned_on != last) {
            return Err(Error::new(Kind::WarehouseConflict, format!("another load came between on {}", self.session.place())));
        }
        self.planned_on = Some(last);
        Ok(())
    }

    /// Makes the transaction's changes durable. Where the connection breaks meanwhile, looks whether they are.
    fn end_well(&mut self) -> Result<()> {
        // Interrupted in the middle, the commit would be reported as failed though it was not.
        self.session.set_interruptible(false);
        let committed = self.session.batch("commit", "commit");
        self.in_transaction = false;
        // Without the lock others may change the tables.
        self.indexes.forget();
        let run_id = self.run_id.take();
        match (committed, run_id) {
            (Ok(_), _) => {
                self.planned_on = None;
                Ok(())
            }
            (Err(error), Some(run_id)) if self.session.is_lost() => self.look_for(&run_id, error),
            (Err(error), _) => Err(error),
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
        let row = session.row(Statement::FindRun, &[super::literal::text(run_id)]).map_err(unknown)?;
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
        self.indexes.forget();
        self.run_id = None;
        self.planned_on = None;
        self.temporary.clear();
        self.clear_staging();
        self.in_transaction = false;
        // What a lost connection leaves open, the server undoes.
        if self.session.is_lost() { Ok(()) } else { self.session.batch("rollback", "rollback").map(drop) }
    }
}

/// A whole number in a row.
fn number(row: &[Value], at: usize) -> Result<i64> {
    match row.get(at) {
        Some(Value::Integer(number)) => {
            i64::try_from(*number).map_err(|e| Error::new(Kind::Query, "a number from the server is too large").caused_by(e))
        }
        Some(Value::Null) | None => Ok(0),
        Some(other) => Err(Error::new(Kind::Query, format!("the server gave `{other}` where a number belongs"))),
    }
}
