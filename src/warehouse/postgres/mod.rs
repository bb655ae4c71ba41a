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

use std::sync::Arc;

pub use doctor::examine;
pub(super) use schema::INDEXES;
pub use url::PostgresUrl;

use self::session::Session;
use super::indexes::Indexes;
use super::{OpenOptions, SCHEMA_VERSION};
use crate::error::Result;
use crate::stage::Batch;

/// An open warehouse on a PostgreSQL server.
pub struct Postgres {
    session: Session,
    /// The batch that staging statements are about.
    batch: Option<Arc<Batch>>,
    indexes: Indexes,
    /// It holds the lock.
    locked: bool,
}

/// Begins a transaction that sees one state of the warehouse.
const BEGIN_READING: &str = "begin isolation level repeatable read, read only";

impl Postgres {
    /// Opens the warehouse to change it; makes its tables if they are not there. Nobody else can meanwhile.
    ///
    /// # Errors
    /// [`crate::error::Kind::WarehouseUnreachable`], [`crate::error::Kind::WarehouseDenied`],
    /// [`crate::error::Kind::WarehouseLocked`], [`crate::error::Kind::WarehouseVersion`],
    /// [`crate::error::Kind::WarehouseInvalid`].
    pub fn open(url: &PostgresUrl, options: &OpenOptions) -> Result<Self> {
        let session = connect::connect(url, &options.interrupt)?;
        connect::lock(&session, options.wait, &options.interrupt)?;
        let warehouse = Self::of(session, true);
        schema::ensure(&warehouse.session)?;
        Ok(warehouse)
    }

    /// Opens the warehouse to read it. All questions see the same state of it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_read_only(url: &PostgresUrl, options: &OpenOptions) -> Result<Self> {
        let session = connect::connect(url, &options.interrupt)?;
        session.batch("begin", BEGIN_READING)?;
        if let Some(version) = schema::version(&session)?
            && version > SCHEMA_VERSION
        {
            return Err(schema::too_new(&session, version));
        }
        Ok(Self::of(session, false))
    }

    fn of(session: Session, locked: bool) -> Self {
        Self { session, batch: None, indexes: Indexes::default(), locked }
    }
}

impl Drop for Postgres {
    /// The end of the connection gives the lock back too, but only when the server has noticed it.
    fn drop(&mut self) {
        if self.locked {
            self.session.hang_up();
        }
    }
}
