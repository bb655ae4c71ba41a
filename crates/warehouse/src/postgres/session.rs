//! One connection, used by one thread: statements go in, counts, rows and sorted errors come out.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Column, Row};

use super::copy::CopyRows;
use super::tls::Tls;
use super::wait::{Failure, Waiter};
use crate::error::{Error, Kind, Result};
use crate::ident::identifier;
use crate::interrupt::Interrupt;
use crate::{Dialect, SqlText, Statement};

/// The text of a statement as PostgreSQL takes it.
pub(super) fn text(statement: Statement) -> &'static str {
    statement.text_in(Dialect::Postgres)
}

/// Begins a transaction that sees one state of the warehouse.
const BEGIN_READING: &str = "begin isolation level repeatable read, read only";
/// Begins a transaction in which every statement sees what was committed before it: the first takes the lock, and the next
/// must see what the load before has left.
const BEGIN_LOADING: &str = "begin isolation level read committed, read write, not deferrable";

/// Undoes what is open, and leaves nothing behind in a connection that a pooler hands on.
const HANG_UP: &str = "rollback; deallocate all";
/// How long the end of a connection is waited for: the server notices by itself, only later.
const HANGING_UP: Duration = Duration::from_secs(2);

/// What makes loads quicker or ends them sooner where a server can do it. Some systems do not notice the end of a client,
/// and a pooled connection may have had temporary tables before.
const WELCOME: [&str; 2] = ["client_connection_check_interval = '2s'", "temp_buffers = '64MB'"];

/// A connection to the server.
pub(super) struct Session {
    client: Client,
    waiter: Waiter,
    place: String,
    /// Where the tables are, once that is known, and what else readers find tables in.
    schema: RefCell<Option<(String, String)>>,
    in_transaction: Cell<bool>,
}

impl Session {
    /// `place` is what messages call the warehouse.
    pub fn new(waiter: Waiter, client: Client, tls: Tls, place: String) -> Self {
        let (may_interrupt, cancel, handle) =
            (Arc::clone(waiter.interruptible()), client.cancel_token(), waiter.handle().clone());
        waiter.interrupt().on_set(move || {
            if may_interrupt.load(Ordering::SeqCst) {
                let (cancel, tls) = (cancel.clone(), tls.clone());
                handle.spawn(async move {
                    if let Err(error) = cancel.cancel_query(tls).await {
                        tracing::debug!("cannot send the interrupt to the server: {error}");
                    }
                });
            }
        });
        Self { client, waiter, place, schema: RefCell::default(), in_transaction: Cell::new(false) }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn interrupt(&self) -> &Interrupt {
        self.waiter.interrupt()
    }

    /// Whether nothing more can be said on this connection.
    pub fn is_lost(&self) -> bool {
        self.client.is_closed() || self.waiter.has_given_up()
    }

    pub fn in_transaction(&self) -> bool {
        self.in_transaction.get()
    }

    /// Lets interrupts through to the server or keeps them from it.
    pub fn set_interruptible(&self, allowed: bool) {
        self.waiter.set_interruptible(allowed);
    }

    /// From here on transactions find tables in this schema; readers, and the open transaction, in the whole `search_path`.
    pub fn set_schema(&self, schema: &str, search_path: &str) -> Result<()> {
        self.schema.replace(Some((schema.to_owned(), search_path.to_owned())));
        self.batch("set", &format!("set local search_path = {search_path}"))
    }

    /// Begins a transaction that reads.
    pub fn begin_reading(&self) -> Result<()> {
        let path = self.schema.borrow().as_ref().map(|(_, path)| format!("set local search_path = {path};"));
        self.begin(&[BEGIN_READING, ";", text(Statement::PostgresPinSettings), path.as_deref().unwrap_or_default()])?;
        self.set_welcome(&WELCOME[..1])
    }

    /// Begins a transaction that changes tables. Nothing of the connection's own settings decides where and how.
    pub fn begin_loading(&self) -> Result<()> {
        let schema = self.schema.borrow().as_ref().map(|(schema, _)| identifier(schema)).unwrap_or_default();
        self.begin(&[
            BEGIN_LOADING,
            ";",
            text(Statement::PostgresPinLoadSettings),
            text(Statement::PostgresPinSettings),
            &format!("set local search_path = {schema}"),
        ])?;
        self.set_welcome(&WELCOME)
    }

    fn begin(&self, parts: &[&str]) -> Result<()> {
        self.set_interruptible(true);
        self.in_transaction.set(true);
        self.batch("begin", &parts.concat())
    }

    /// Sets what may be refused. A refusal would end the transaction, so each is tried apart.
    fn set_welcome(&self, settings: &[&str]) -> Result<()> {
        for setting in settings {
            if let Err(error) = self.batch("set", &format!("savepoint welcome; set local {setting}; release welcome")) {
                if self.is_lost() || self.waiter.is_interrupted() {
                    return Err(error);
                }
                tracing::debug!("{}", error.report());
                self.batch("set", "rollback to welcome; release welcome")?;
            }
        }
        Ok(())
    }

    /// Commits. Without an answer it is open whether the server did.
    pub fn commit(&self) -> Result<()> {
        self.set_interruptible(false);
        self.in_transaction.set(false);
        self.batch("commit", "commit").map_err(|error| match error.kind() {
            Kind::WarehouseUnreachable => {
                error.with_hint("run the command again: what the server had committed is there, and is not done twice")
            }
            _ => error,
        })
    }

    /// Undoes what is open. What a lost connection leaves open, the server undoes.
    pub fn rollback(&self) -> Result<()> {
        self.in_transaction.set(false);
        if self.is_lost() {
            return Ok(());
        }
        if self.waiter.interrupt().is_set() {
            // The user waits for the end; the server undoes it also without being told.
            self.waiter.wait_at_most(HANGING_UP, self.client.batch_execute("rollback"));
            return Ok(());
        }
        self.batch("rollback", "rollback")
    }

    /// Runs statements without parameters.
    pub fn batch(&self, name: &str, sql: &str) -> Result<()> {
        tracing::debug!(statement = name, "execute");
        self.waiter.wait(self.client.batch_execute(sql)).map_err(|e| self.failed(name, e))
    }

    /// Runs a statement and returns the number of rows it changed.
    pub fn execute(&self, statement: SqlText<'_>, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let (name, start) = (statement.name, Instant::now());
        let changed = self.waiter.wait(async {
            let prepared = self.client.prepare(statement.text).await?;
            self.client.execute(&prepared, parameters).await
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
        let mut statement = self.waiter.wait(self.client.prepare(query.text)).map_err(failed)?;
        if let Some(text) = columns(statement.columns())? {
            statement = self.waiter.wait(self.client.prepare(&text)).map_err(failed)?;
        }
        let parameters = parameters.iter().map(|&parameter| parameter as &dyn ToSql);
        let rows = self.waiter.wait(self.client.query_raw(&statement, parameters)).map_err(failed)?;
        let mut rows = std::pin::pin!(rows);
        let mut count: u64 = 0;
        while let Some(next) = self.waiter.wait(async { rows.next().await.transpose() }).map_err(failed)? {
            row(next)?;
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
        row.try_get(at).map_err(|e| self.failed("reading a row", e.into()))
    }

    /// Sends rows in the server's binary form. `sql` is a `copy … from stdin with (format binary)`.
    pub fn copy(&self, name: &str, sql: &str, fill: impl FnOnce(&mut CopyRows<'_>) -> Result<()>) -> Result<u64> {
        let start = Instant::now();
        let sink = self.waiter.wait(self.client.copy_in(sql)).map_err(|e| self.failed(name, e))?;
        let mut rows = CopyRows::new(&self.waiter, sink);
        fill(&mut rows)?;
        let copied = rows.finish().map_err(|e| self.failed(name, e))?;
        tracing::debug!(statement = name, rows = copied, ms = start.elapsed().as_millis() as u64, "copy");
        Ok(copied)
    }

    /// Ends what takes long once the user has interrupted.
    pub fn check_interrupt(&self) -> Result<()> {
        self.interrupt().check()
    }

    /// Names the statement that failed, and sorts the failure.
    pub fn failed(&self, name: &str, failure: Failure) -> Error {
        if self.waiter.is_interrupted() {
            return Error::interrupted();
        }
        let place = &self.place;
        let error = match failure {
            Failure::Driver(error) => error,
            Failure::GivenUp => {
                return Error::new(Kind::WarehouseUnreachable, format!("{name}: {place} does not answer"))
                    .with_hint("see the server's log; run the command again when it is up");
            }
        };
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
                "the user must own the tables, or may create them: `grant usage, create on schema … to …`, `grant temporary on database … to …`",
            ),
            SqlState::DISK_FULL => (
                Kind::Disk,
                format!("{place}: the server's disk is full"),
                "free some space on the server; the warehouse is as it was",
            ),
            SqlState::OUT_OF_MEMORY => (
                Kind::Memory,
                format!("{name}: the server does not have enough memory"),
                "the server's log says what it was short of; work_mem and its memory decide",
            ),
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => (
                Kind::WarehouseUnreachable,
                format!("{name}: the server at {place} ended the connection"),
                "run the command again when the server is up",
            ),
            // A standby does not begin a transaction that could write.
            _ if code == SqlState::READ_ONLY_SQL_TRANSACTION || code == SqlState::FEATURE_NOT_SUPPORTED && name == "begin" => (
                Kind::WarehouseDenied,
                format!("{name}: {place} is read-only"),
                "`sparkify sql` only reads; to load, name a server that is not a standby",
            ),
            SqlState::QUERY_CANCELED => (
                Kind::StatementCancelled,
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

impl Drop for Session {
    /// The end of the connection gives the lock back too, but only when the server has noticed it.
    fn drop(&mut self) {
        if self.in_transaction() && !self.is_lost() {
            self.waiter.wait_at_most(HANGING_UP, self.client.batch_execute(HANG_UP));
        }
    }
}

/// What the server said, in one line, or what befell the connection.
pub(super) fn cause(error: tokio_postgres::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let Some(said) = error.as_db_error() else { return Box::new(error) };
    let more: Vec<String> = [said.detail(), said.hint()].into_iter().flatten().map(|text| text.replace('\n', "; ")).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
    format!("{}{more}", said.message()).into()
}
