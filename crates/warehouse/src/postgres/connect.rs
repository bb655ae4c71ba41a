//! Reaches a server: where it is, who asks, how much the connection is protected, and what the server must be like.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use super::PostgresUrl;
use super::password::{self, Account};
use super::session::{Session, cause};
use super::tls::Tls;
use super::url::SslMode;
use super::wait::{Failure, Waiter};
use crate::Statement;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::reach::environment;
use crate::sql::TABLES;

/// The oldest version that runs all statements.
const OLDEST_VERSION: i32 = 140_000;
/// How long a server may take to let a client in, all of it: the name, the address, encryption and log-in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection on which nothing comes back is asked for signs of life after this long, ...
const KEEPALIVE: Duration = Duration::from_mins(1);
/// ... this often, ...
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// ... so many times, before it counts as broken. A statement may take as long as it takes.
const KEEPALIVES: u32 = 6;
/// How long the other side may leave what was sent unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_mins(2);

/// Connects, and leaves the connection to a thread of its own. A transaction that reads is open.
pub(super) fn connect(url: &PostgresUrl, interrupt: &Interrupt) -> Result<Session> {
    let place = Place::new(url, environment)?;
    let session = connect_to(url, &place, interrupt)?;
    examine(&session)?;
    Ok(session)
}

/// As [`connect`], with everything known; whatever the server is like.
pub(super) fn connect_to(url: &PostgresUrl, place: &Place, interrupt: &Interrupt) -> Result<Session> {
    let tls = Tls::new(place.ssl_mode, place.root_certificates.as_deref())?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| Error::new(Kind::Io, "cannot start a thread for the connection").caused_by(e))?;
    let waiter = Waiter::new(runtime, interrupt.clone());
    let client = dial(&waiter, place, &tls, url)?;
    let session = Session::new(waiter, client, tls, url.to_string());
    session.begin_reading()?;
    Ok(session)
}

/// A URL with everything that it leaves out.
pub(super) struct Place {
    pub host: String,
    pub port: u16,
    pub user: String,
    database: String,
    ssl_mode: SslMode,
    root_certificates: Option<PathBuf>,
    config: Config,
}

impl Place {
    /// Whether the server is reached through a file.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with(['/', '@'])
    }

    pub fn new(url: &PostgresUrl, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let or = |given: &Option<String>, variable: &str| given.clone().or_else(|| environment(variable));
        let host = or(&url.host, "PGHOST").unwrap_or_else(|| "localhost".to_owned());
        let port = match (url.port, environment("PGPORT")) {
            (Some(port), _) => port,
            (None, Some(text)) => {
                text.parse().map_err(|_| Error::new(Kind::Settings, format!("invalid port `{text}` in PGPORT")))?
            }
            (None, None) => 5432,
        };
        let user = or(&url.user, "PGUSER").or_else(|| environment("USER"));
        let user = user.ok_or_else(|| {
            Error::new(Kind::Settings, "the warehouse's URL names no user").with_hint("postgres://USER@HOST/DATABASE, or PGUSER")
        })?;
        let database = or(&url.database, "PGDATABASE").unwrap_or_else(|| user.clone());
        let ssl_mode = SslMode::of(url.ssl_mode, environment("PGSSLMODE"), &host)?;
        let root_certificates = url.root_certificates.clone().or_else(|| environment("PGSSLROOTCERT").map(PathBuf::from));
        let mut config = Config::new();
        config.host(&host).port(port).user(&user).dbname(&database).application_name("sparkify");
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(UNACKNOWLEDGED).keepalives(true).keepalives_idle(KEEPALIVE);
        config.keepalives_interval(KEEPALIVE_INTERVAL).keepalives_retries(KEEPALIVES);
        config.ssl_mode(match ssl_mode {
            SslMode::Disable => DriverSslMode::Disable,
            SslMode::Prefer => DriverSslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
        });
        if let Some(options) = or(&url.options, "PGOPTIONS") {
            config.options(options);
        }
        let account = Account { host: &host, port, database: &database, user: &user };
        if let Some(password) = password::find(account, environment) {
            config.password(password.reveal());
        }
        Ok(Self { host, port, user, database, ssl_mode, root_certificates, config })
    }
}

fn dial(waiter: &Waiter, place: &Place, tls: &Tls, url: &PostgresUrl) -> Result<Client> {
    let connected =
        waiter.wait(async { tokio::time::timeout(CONNECT_TIMEOUT, place.config.connect(tls.clone())).await.ok().transpose() });
    let (client, connection) = match connected {
        Ok(Some(connected)) => connected,
        Ok(None) => {
            let Place { host, port, .. } = place;
            return Err(Error::new(Kind::WarehouseUnreachable, format!("{url}: what is at {host}, port {port} does not answer"))
                .with_hint("check that it is a PostgreSQL server and not overloaded, and what stands between"));
        }
        Err(Failure::GivenUp) => return Err(Error::interrupted()),
        Err(Failure::Driver(error)) => return Err(refused(place, url, error)),
    };
    waiter.handle().spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("the connection to the server ended: {error}");
        }
    });
    Ok(client)
}

/// Why a server did not let us in, and what to do about it.
fn refused(place: &Place, url: &PostgresUrl, error: tokio_postgres::Error) -> Error {
    let Place { host, port, user, database, .. } = place;
    let denied = |message: String, hint: String| Error::new(Kind::WarehouseDenied, message).with_hint(hint);
    let reason = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let text = format!("{error}: {reason}");
    let refusal = match error.code().cloned() {
        Some(code) if code == SqlState::INVALID_PASSWORD => denied(
            format!("{url}: the server refuses the password of {user}"),
            "check SPARKIFY_PASSWORD, PGPASSWORD or ~/.pgpass, in this order".to_owned(),
        ),
        Some(code) if code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => denied(
            format!("{url}: the server does not let {user} in"),
            "the cause says why; the server's pg_hba.conf decides, and whether sslmode fits it".to_owned(),
        ),
        Some(code) if code == SqlState::INVALID_CATALOG_NAME => Error::new(
            Kind::WarehouseMissing,
            format!("{url}: the server has no database {database}"),
        )
        .with_hint(format!("create it: `createdb {database}`, or `create database` in any client")),
        Some(code) if code == SqlState::TOO_MANY_CONNECTIONS || code == SqlState::CANNOT_CONNECT_NOW => {
            Error::new(Kind::WarehouseUnreachable, format!("{url}: the server takes no connections now"))
                .with_hint("try again in a while")
        }
        Some(_) => denied(format!("{url}: the server refuses the connection"), "the cause says why".to_owned()),
        None if text.contains("password missing") => denied(
            format!("{url}: the server asks for the password of {user}, and none is set"),
            "set SPARKIFY_PASSWORD or PGPASSWORD, or put it into ~/.pgpass".to_owned(),
        ),
        None if text.contains("TLS") => Error::new(Kind::WarehouseDenied, format!("{url}: no trusted encrypted connection"))
            .with_hint(
                "name the server's authority with sslrootcert=FILE in the URL; sslmode=require encrypts without verifying the server, disable does neither",
            ),
        None => Error::new(Kind::WarehouseUnreachable, format!("{url}: no server answers at {host}, port {port}")),
    };
    refusal.caused_by(cause(error))
}

/// Refuses servers that could not hold a warehouse, before anything is changed; else says what it is, and keeps to the schema
/// that the connection begins in.
pub(super) fn examine(session: &Session) -> Result<String> {
    let row = session.row(Statement::PostgresServer)?;
    let (version, number): (String, i32) = (session.get(&row, 0)?, session.get(&row, 1)?);
    let (encoding, schema): (String, Option<String>) = (session.get(&row, 2)?, session.get(&row, 3)?);
    let place = session.place();
    let unusable = |what: String, hint: &str| Err(Error::new(Kind::WarehouseInvalid, what).with_hint(hint));
    if number < OLDEST_VERSION {
        return unusable(format!("{place} is {version}, which is too old"), "PostgreSQL 14 or newer is needed");
    }
    if encoding != "UTF8" {
        return unusable(
            format!("the encoding of {place} is {encoding}, which cannot hold all texts"),
            "create a database with `encoding 'UTF8'`",
        );
    }
    let Some(schema) = schema else {
        return unusable(
            format!("{place}: no schema of the search_path exists to create tables in"),
            "create one, or name another: postgres://…?options=-csearch_path%3DSCHEMA",
        );
    };
    if schema.starts_with("pg_") {
        return unusable(
            format!("{place}: the search_path begins with {schema}, whose tables are gone when the connection ends"),
            "name the schema for the tables first: `alter role … set search_path = …`, or postgres://…?options=-csearch_path%3DSCHEMA",
        );
    }
    session.set_schema(&schema, &session.get::<String>(&row, 4)?)?;
    Ok(version.split(',').next().unwrap_or_default().to_owned())
}

/// Begins a transaction that holds the warehouse's lock from its first question on, waiting up to `wait`. Between two tries
/// nothing is open, so that neither a snapshot nor a pooler's connection is held.
pub(super) fn begin_locked(session: &Session, wait: Duration) -> Result<()> {
    let deadline = Instant::now() + wait;
    let mut told = false;
    loop {
        session.begin_loading()?;
        if try_lock(session)? {
            return are_permanent(session);
        }
        let is_late = Instant::now() >= deadline;
        if is_late || !told {
            let held = held(session)?;
            if is_late {
                return Err(held);
            }
            tracing::info!("{held}; waiting");
            told = true;
        }
        session.rollback()?;
        session.check_interrupt()?;
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Takes the lock until the transaction ends, if nobody has it.
pub(super) fn try_lock(session: &Session) -> Result<bool> {
    let row = session.row(Statement::PostgresTryLock)?;
    session.get(&row, 0)
}

/// Refuses tables that would not keep what is loaded into them.
fn are_permanent(session: &Session) -> Result<()> {
    let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    let Some(row) = session.rows(Statement::PostgresMisplacedTables, &[&names])?.into_iter().next() else { return Ok(()) };
    let (table, fault): (String, String) = (session.get(&row, 0)?, session.get(&row, 1)?);
    let place = session.place();
    let hint = if fault == "unlogged" {
        format!("`alter table {table} set logged`: the server empties unlogged tables when it crashes")
    } else {
        format!("drop or rename it: it hides the schema's own table {table}")
    };
    Err(Error::new(Kind::WarehouseInvalid, format!("{place}: the table {table} is {fault}")).with_hint(hint))
}

/// Who holds the lock.
fn held(session: &Session) -> Result<Error> {
    let place = session.place();
    let Some(row) = session.rows(Statement::PostgresLockHolder, &[])?.into_iter().next() else {
        return Ok(Error::new(Kind::WarehouseLocked, format!("the warehouse {place} is held by another process")));
    };
    let process: i32 = session.get(&row, 0)?;
    let text = |at| session.get::<Option<String>>(&row, at).map(Option::unwrap_or_default);
    let (user, program, address) = (text(1)?, text(2)?, text(3)?);
    let from = if address.is_empty() { String::new() } else { format!(" at {}", address.trim_end_matches("/32")) };
    Ok(Error::new(
        Kind::WarehouseLocked,
        format!("the warehouse {place} is held by {program} of user {user}{from} (server process {process})"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str, variables: &[(&str, &str)]) -> Place {
        let environment = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Place::new(&PostgresUrl::parse(url).unwrap(), environment).unwrap()
    }

    #[test]
    fn certificates_are_looked_at_unless_the_server_is_this_machine_or_the_user_says_so() {
        for (url, mode) in [
            ("postgres://u@db.example.com/d", SslMode::VerifyFull),
            ("postgres://u@10.0.0.1/d", SslMode::VerifyFull),
            ("postgres://u@localhost/d", SslMode::Prefer),
            ("postgres://u@127.0.0.1/d", SslMode::Prefer),
            ("postgres://u@[::1]/d", SslMode::Prefer),
            ("postgres://u@/d?host=/run/postgresql", SslMode::Prefer),
            ("postgres://u@localhost.example.com/d", SslMode::VerifyFull),
            ("postgres://u@db.example.com/d?sslmode=require", SslMode::Require),
            ("postgres://u@127.0.0.1/d?sslmode=verify-ca", SslMode::VerifyCa),
        ] {
            assert_eq!(place(url, &[]).ssl_mode, mode, "{url}");
        }
        assert_eq!(place("postgres://u@db/d", &[("PGSSLMODE", "disable")]).ssl_mode, SslMode::Disable);
    }

    #[test]
    fn what_the_url_leaves_out_comes_from_the_variables() {
        let variables = [("PGHOST", "h"), ("PGPORT", "7"), ("PGUSER", "u"), ("PGDATABASE", "d"), ("PGPASSWORD", "s3cret")];
        let from = place("postgres://", &variables);
        assert_eq!((from.host.as_str(), from.port, from.user.as_str(), from.database.as_str()), ("h", 7, "u", "d"));
        assert!(!format!("{:?}", from.config).contains("s3cret"));
        let given = place("postgres://me@there:8/mine", &variables);
        assert_eq!((given.host.as_str(), given.port, given.user.as_str(), given.database.as_str()), ("there", 8, "me", "mine"));
    }
}
