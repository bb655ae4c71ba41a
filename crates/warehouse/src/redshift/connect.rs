//! Reaches a cluster: where it is, who asks, how much the connection is protected, and what it must be like.

use std::time::{Duration, Instant};

use super::credentials::{self, Account};
use super::place::Place;
use super::session::Session;
use super::wire::{Connection, Fault};
use super::{RedshiftOptions, RedshiftUrl};
use crate::error::{Error, Kind, Result};
use crate::postgres::password::{self, Account as Login};
use crate::reach::{self, environment};
use crate::source::Sources;
use crate::{OpenOptions, Statement, Value};

/// What statements rely on, whatever the user's own settings are. Two more digits are the most that Redshift gives: all
/// of a float's.
const SESSION: &str = "set datestyle to 'ISO'; set timezone to 'UTC'; set extra_float_digits to 2";

/// Waiting for the lock shorter than this cannot be told from not waiting at all.
const LEAST_WAIT: Duration = Duration::from_secs(2);

/// Who logs in, and with which password.
pub(super) fn account(url: &RedshiftUrl, place: &Place, options: &RedshiftOptions, sources: &Sources) -> Result<Account> {
    if options.iam {
        return credentials::temporary(url, place, options, sources);
    }
    if let Some(secret) = &options.secret {
        return credentials::from_secret(secret, url, place, options, sources);
    }
    let user = place.user.clone().ok_or_else(|| {
        Error::new(Kind::Settings, "the warehouse's URL names no user").with_hint("redshift://USER@HOST:5439/DATABASE, or PGUSER")
    })?;
    let login = Login { host: &place.host, port: place.port, database: &place.database, user: &user };
    let password = password::find(login, environment);
    Ok(Account { user, password })
}

/// Connects, and looks whether what answers is Redshift.
pub(super) fn connect(url: &RedshiftUrl, options: &OpenOptions, sources: &Sources) -> Result<Session> {
    let place = Place::new(url, environment)?;
    let account = account(url, &place, &options.redshift, sources)?;
    connect_as(url, &place, &account, options)
}

/// As [`connect`], with a known account.
pub(super) fn connect_as(url: &RedshiftUrl, place: &Place, account: &Account, options: &OpenOptions) -> Result<Session> {
    let (target, login, database) = (place.target()?, account.clone(), place.database.clone());
    let opened = reach::unless_interrupted(&options.interrupt, move || {
        let password = login.password.as_ref().map(password::Password::reveal);
        Connection::open(&target, &login.user, &database, password)
    })?;
    let connection = opened.map_err(|fault| refused(place, &account.user, url, fault))?;
    let mut session = Session::new(connection, options.interrupt.clone(), url.to_string());
    session.batch("session", SESSION)?;
    examine(&mut session)?;
    Ok(session)
}

/// Why a server did not let us in, and what to do about it.
pub(super) fn refused(place: &Place, user: &str, url: &RedshiftUrl, fault: Fault) -> Error {
    let Place { host, port, database, .. } = place;
    let denied = |message: String, hint: &str| Error::new(Kind::WarehouseDenied, message).with_hint(hint);
    match fault {
        Fault::Unreachable(cause) => {
            Error::new(Kind::WarehouseUnreachable, format!("{url}: no server answers at {host}, port {port}"))
                .with_hint("clusters are private by default: check the VPN or tunnel, the security group's rule for port 5439 (`sparkify cluster open` adds it for a cluster of the stack), and that the cluster is not paused")
                .caused_by(cause)
        }
        Fault::Lost(cause) => {
            Error::new(Kind::WarehouseUnreachable, format!("{url}: the server ended the connection while logging in"))
                .caused_by(cause)
        }
        Fault::Tls(cause) => denied(
            format!("{url}: no trusted encrypted connection"),
            "name the server's authority with sslrootcert=FILE in the URL; behind a host name of one's own use sslmode=verify-ca",
        )
        .caused_by(cause),
        Fault::Plain => denied(
            format!("{url}: the server does not encrypt"),
            "a cluster always can; for a stand-in beyond this machine set sslmode=disable",
        ),
        Fault::Method(13) => denied(
            format!("{url}: the server asks for the password of {user} by method 13, which only Amazon's drivers support"),
            "give the user an MD5 password (`alter user … password '…'`, or `'md5' || md5(password || user)`), or log in by temporary credentials: redshift.iam = true",
        ),
        Fault::Method(method) => denied(
            format!("{url}: the server asks for the password of {user} by method {method}, which sparkify does not support"),
            "give the user an MD5 password, or log in by temporary credentials: redshift.iam = true",
        ),
        Fault::NoPassword => denied(
            format!("{url}: the server asks for the password of {user}, and none is set"),
            "set SPARKIFY_PASSWORD or PGPASSWORD, put it into ~/.pgpass, name a secret with redshift.secret, or set redshift.iam = true",
        ),
        Fault::Refused(refusal) => {
            let error = match refusal.code.as_str() {
                "28P01" | "28000" => denied(
                    format!("{url}: the server refuses the password of {user}"),
                    "check SPARKIFY_PASSWORD, PGPASSWORD or ~/.pgpass, in this order",
                ),
                "3D000" => Error::new(Kind::WarehouseMissing, format!("{url}: the cluster has no database {database}"))
                    .with_hint(format!("create it with `create database {database}`, or name another in the URL")),
                "53300" | "57P03" => {
                    Error::new(Kind::WarehouseUnreachable, format!("{url}: the server takes no connections now"))
                        .with_hint("try again in a while")
                }
                _ => denied(format!("{url}: the server refuses the connection"), "the cause says why"),
            };
            error.caused_by(refusal)
        }
    }
}

/// Refuses servers that are no Redshift, before anything is changed.
fn examine(session: &mut Session) -> Result<()> {
    let row = session.row(Statement::RedshiftServer, &[])?;
    let version = row.first().map(ToString::to_string).unwrap_or_default();
    let place = session.place();
    if !version.contains("Redshift") {
        return Err(Error::new(Kind::WarehouseInvalid, format!("{place} is not Redshift: {version}"))
            .with_hint("a PostgreSQL server is named as postgres://USER@HOST/DATABASE"));
    }
    let schema = row.get(1).filter(|schema| **schema != Value::Null).map(ToString::to_string);
    if schema.as_deref().is_some_and(|schema| schema.starts_with("pg_")) {
        return Err(Error::new(
            Kind::WarehouseInvalid,
            format!("{place}: the search_path begins with a schema of the cluster itself, whose tables do not stay"),
        )
        .with_hint("name the schema for the tables first: `alter user … set search_path to …`"));
    }
    if schema.is_none() {
        return Err(Error::new(
            Kind::WarehouseInvalid,
            format!("{place}: no schema of the search_path exists to create tables in"),
        )
        .with_hint("create one, and let the user begin there: `alter user … set search_path to …`"));
    }
    Ok(())
}

/// Begins a transaction that holds the warehouse's lock from its first statement on, before any snapshot is taken,
/// waiting up to `wait`.
pub(super) fn begin_locked(session: &mut Session, wait: Duration) -> Result<()> {
    let deadline = Instant::now() + wait.max(LEAST_WAIT);
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        session.batch("begin", "begin")?;
        session.batch("set statement_timeout", &format!("set statement_timeout to {}", left.as_millis()))?;
        let locked = session.execute(Statement::RedshiftLock, &[]);
        match locked {
            Ok(_) => {
                session.batch("set statement_timeout", "reset statement_timeout")?;
                return Ok(());
            }
            Err(error) if session.is_lost() => return Err(error),
            Err(error) => {
                session.batch("rollback", "rollback")?;
                session.interrupt().check()?;
                if error.kind() == Kind::StatementCancelled && Instant::now() >= deadline {
                    let place = session.place();
                    return Err(Error::new(Kind::WarehouseLocked, format!("the warehouse {place} is held by another load"))
                        .caused_by(error));
                }
                if !matches!(error.kind(), Kind::StatementCancelled | Kind::WarehouseConflict) {
                    return Err(error);
                }
            }
        }
    }
}
