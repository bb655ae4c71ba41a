//! One connection, used by one thread: statements go in, counts, rows and sorted errors come out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::StreamExt;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Column, Row};

use super::copy::CopyRows;
use super::tls::Tls;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::warehouse::{Dialect, SqlText, Statement};

/// The text of a statement as PostgreSQL takes it.
pub(super) const fn text(statement: Statement) -> &'static str {
    statement.text_in(Dialect::Postgres)
}

const HANG_UP: &str = "rollback; select pg_advisory_unlock_all()";

/// A connection to the server.
pub(super) struct Session {
    client: Client,
    runtime: Runtime,
    interrupt: Interrupt,
    /// Whether an interrupt may reach the server. Not during a commit, which would be reported as failed though it was
    /// not.
    interruptible: Arc<Mutex<bool>>,
    place: String,
}

impl Session {
    /// `place` is what messages call the warehouse.
    pub fn new(runtime: Runtime, client: Client, tls: Tls, interrupt: Interrupt, place: String) -> Self {
        let interruptible = Arc::new(Mutex::new(true));
        let (may_interrupt, cancel, handle) = (Arc::clone(&interruptible), client.cancel_token(), runtime.handle().clone());
        interrupt.on_set(move || {
            if *may_interrupt.lock().unwrap_or_else(PoisonError::into_inner) {
                let (cancel, tls) = (cancel.clone(), tls.clone());
                handle.spawn(async move {
                    if let Err(error) = cancel.cancel_query(tls).await {
                        tracing::debug!("the server was not told of the interrupt: {error}");
                    }
                });
            }
        });
        Self { client, runtime, interrupt, interruptible, place }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// Lets interrupts through to the server or keeps them from it.
    pub fn set_interruptible(&self, allowed: bool) {
        *self.interruptible.lock().unwrap_or_else(PoisonError::into_inner) = allowed;
    }

    /// Commits. A lost connection leaves open whether the server did: the ledger knows, so running again is right.
    pub fn commit(&self) -> Result<()> {
        self.set_interruptible(false);
        self.batch("commit", "commit").map_err(|error| match error.kind() {
            Kind::WarehouseUnreachable => error.with_hint(
                "whether the server had committed is not known, and need not be: run the command again, what is there is not loaded twice",
            ),
            _ => error,
        })
    }

    /// Gives back every lock of this connection. That this fails is no matter: the connection's end does it as well.
    pub fn hang_up(&self) {
        self.set_interruptible(false);
        if let Err(error) = self.runtime.block_on(self.client.batch_execute(HANG_UP)) {
            tracing::debug!("the lock was not given back: {error}");
        }
    }

    /// Runs statements without parameters.
    pub fn batch(&self, name: &str, sql: &str) -> Result<()> {
        tracing::debug!(statement = name, "execute");
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(|e| self.failed(name, e))
    }

    /// Runs a statement with as many of the parameters as it has places for, and returns the number of rows it changed.
    pub fn execute(&self, statement: Statement, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let (name, start) = (statement.name(), Instant::now());
        let changed = self.runtime.block_on(async {
            let prepared = self.client.prepare(text(statement)).await?;
            let wanted = prepared.params().len().min(parameters.len());
            self.client.execute(&prepared, &parameters[..wanted]).await
        });
        let changed = changed.map_err(|e| self.failed(name, e))?;
        tracing::debug!(statement = name, rows = changed, ms = start.elapsed().as_millis() as u64, "execute");
        Ok(changed)
    }

    /// All rows of a query.
    pub fn rows(&self, statement: Statement, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        self.each_row(
            SqlText { name: statement.name(), text: text(statement) },
            parameters,
            |_| Ok(None),
            |row| {
                rows.push(row);
                Ok(())
            },
        )?;
        Ok(rows)
    }

    /// Passes the columns of a query's answer, then its rows, one by one. A text that `columns` returns is run in its
    /// place.
    pub fn each_row(
        &self,
        query: SqlText<'_>,
        parameters: &[&(dyn ToSql + Sync)],
        columns: impl FnOnce(&[Column]) -> Result<Option<String>>,
        mut row: impl FnMut(Row) -> Result<()>,
    ) -> Result<()> {
        let (name, start) = (query.name, Instant::now());
        let failed = |e| self.failed(name, e);
        let mut statement = self.runtime.block_on(self.client.prepare(query.text)).map_err(failed)?;
        if let Some(text) = columns(statement.columns())? {
            statement = self.runtime.block_on(self.client.prepare(&text)).map_err(failed)?;
        }
        let parameters = parameters.iter().map(|&parameter| parameter as &dyn ToSql);
        let rows = self.runtime.block_on(self.client.query_raw(&statement, parameters)).map_err(failed)?;
        let mut rows = std::pin::pin!(rows);
        let mut count: u64 = 0;
        while let Some(next) = self.runtime.block_on(rows.next()) {
            row(next.map_err(failed)?)?;
            count += 1;
        }
        tracing::debug!(statement = name, rows = count, ms = start.elapsed().as_millis() as u64, "query");
        Ok(())
    }

    /// Leaves a superuser's rights aside for the rest of the transaction: it is read-only, but they reach the server's
    /// files as well.
    pub fn become_reader(&self) -> Result<()> {
        let Some(row) = self.rows(Statement::PostgresReader, &[])?.into_iter().next() else { return Ok(()) };
        let (is_superuser, search_path): (bool, Option<String>) = (self.get(&row, 0)?, self.get(&row, 1)?);
        if !is_superuser {
            return Ok(());
        }
        let search_path = search_path.unwrap_or_else(|| "''".to_owned());
        self.batch("reader", &format!("set local search_path to {search_path}; set local role pg_read_all_data"))
    }

    /// The one row of a query without parameters.
    pub fn row(&self, statement: Statement) -> Result<Row> {
        let first = self.rows(statement, &[])?.into_iter().next();
        first.ok_or_else(|| Error::new(Kind::Query, format!("{} gave no row", statement.name())))
    }

    /// A column of a row.
    pub fn get<'a, T: FromSql<'a>>(&self, row: &'a Row, at: usize) -> Result<T> {
        row.try_get(at).map_err(|e| self.failed("reading a row", e))
    }

    /// Sends rows in the server's binary form. `sql` is a `copy … from stdin with (format binary)`.
    pub fn copy(&self, name: &str, sql: &str, fill: impl FnOnce(&mut CopyRows<'_>) -> Result<()>) -> Result<u64> {
        let start = Instant::now();
        let sink = self.runtime.block_on(self.client.copy_in(sql)).map_err(|e| self.failed(name, e))?;
        let mut rows = CopyRows::new(&self.runtime, sink);
        fill(&mut rows)?;
        let copied = rows.finish().map_err(|e| self.failed(name, e))?;
        tracing::debug!(statement = name, rows = copied, ms = start.elapsed().as_millis() as u64, "copy");
        Ok(copied)
    }

    /// Ends what takes long once the user has interrupted.
    pub fn check_interrupt(&self) -> Result<()> {
        self.interrupt.check()
    }

    /// Names the statement that failed, and sorts the failure.
    pub fn failed(&self, name: &str, error: tokio_postgres::Error) -> Error {
        if self.interrupt.is_set() && *self.interruptible.lock().unwrap_or_else(PoisonError::into_inner) {
            return Error::interrupted();
        }
        let place = &self.place;
        let Some(code) = error.code().cloned() else {
            let is_broken = std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            if error.is_closed() || is_broken {
                let lost = Error::new(Kind::WarehouseUnreachable, format!("{name}: the connection to {place} was lost"));
                return lost.caused_by(cause(error)).with_hint("see the server's log; run the command again when it is up");
            }
            return Error::new(Kind::Query, format!("{name} failed")).caused_by(cause(error));
        };
        let (kind, message, hint) = match code {
            SqlState::INSUFFICIENT_PRIVILEGE => (
                Kind::WarehouseDenied,
                format!("{place}: no privilege for {name}"),
                "the user must own the tables, or may make them: `grant usage, create on schema … to …`, `grant temporary on database … to …`",
            ),
            SqlState::DISK_FULL => (
                Kind::Disk,
                format!("{place}: the server's disk is full"),
                "free some space on the server; the warehouse is as it was",
            ),
            SqlState::OUT_OF_MEMORY => (
                Kind::Memory,
                format!("{name}: the server has not enough memory"),
                "the server's log says what it was short of; work_mem and its memory decide",
            ),
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => (
                Kind::WarehouseUnreachable,
                format!("{name}: the server at {place} ended the connection"),
                "run the command again when the server is up",
            ),
            SqlState::READ_ONLY_SQL_TRANSACTION => (
                Kind::WarehouseDenied,
                format!("{name}: {place} is only to be read here"),
                "`sparkify sql` asks questions only; to load, name a server that is no standby",
            ),
            SqlState::QUERY_CANCELED => (
                Kind::Query,
                format!("{name} was cancelled by the server"),
                "if by a limit of time: `alter role … set statement_timeout = 0` for the user that loads",
            ),
            SqlState::DEPENDENT_OBJECTS_STILL_EXIST => (
                Kind::Query,
                format!("{name} failed: other objects of the database use the table"),
                "drop the views that the cause names, or use `sparkify load --full-refresh`, which keeps the tables and refuses where source files are gone",
            ),
            _ => (Kind::Query, format!("{name} failed"), ""),
        };
        let failed = Error::new(kind, message).caused_by(cause(error));
        if hint.is_empty() { failed } else { failed.with_hint(hint) }
    }
}

/// What the server said, in one line, or what befell the connection.
pub(super) fn cause(error: tokio_postgres::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let Some(said) = error.as_db_error() else { return Box::new(error) };
    let more: Vec<String> = [said.detail(), said.hint()].into_iter().flatten().map(|text| text.replace('\n', "; ")).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
    format!("{}{more}", said.message()).into()
}
