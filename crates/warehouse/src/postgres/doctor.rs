//! Can a load do what it has to? One step after the other, each with its outcome.

use super::connect::{self, Place};
use super::session::Session;
use super::{Postgres, PostgresUrl};
use crate::error::Result;
use crate::reach::{self, Steps};
use crate::star::version;
use crate::{OpenOptions, Probe, Statement};

/// Tries everything that a load needs, up to the first step that the next ones stand on.
#[must_use]
pub fn diagnose(url: &PostgresUrl, options: &OpenOptions) -> Vec<Probe> {
    let mut steps = Steps::default();
    take(url, options, &mut steps);
    steps.0
}

/// None where a step failed that the next ones stand on.
fn take(url: &PostgresUrl, options: &OpenOptions, steps: &mut Steps) -> Option<()> {
    let place = steps.need("URL", Place::new(url, reach::environment))?;
    // A folder of sockets has no name to resolve.
    if !place.is_socket() {
        let (host, port) = (place.host.as_str(), place.port);
        let resolved = reach::resolve(host, port, "check the host in --warehouse, or PGHOST", &options.interrupt);
        let remedy = "check that the server runs, that its listen_addresses cover this address, and what stands between";
        if !steps.note("name resolution", resolved) || !steps.note("TCP", reach::reach(host, port, remedy, &options.interrupt)) {
            return None;
        }
    }
    let session = steps.need("TLS and log-in", connect::connect_to(url, &place, &options.interrupt))?;
    steps.note("TLS and log-in", encryption(&session).map(|how| format!("as {}, {how}", place.user)));
    steps.note("server", connect::examine(&session));
    steps.note("privileges", privileges(&session));
    steps.note("tables", tables(&mut Postgres::of(session, url, options)));
    Some(())
}

fn encryption(session: &Session) -> Result<&'static str> {
    let row = session.row(Statement::PostgresPrivileges)?;
    Ok(if session.get(&row, 2)? { "encrypted" } else { "not encrypted" })
}

fn privileges(session: &Session) -> Result<String> {
    let row = session.row(Statement::PostgresPrivileges)?;
    reach::privileges(session.get(&row, 0)?, session.get(&row, 1)?)
}

fn tables(warehouse: &mut Postgres) -> Result<String> {
    Ok(match version(warehouse)? {
        Some(version) => format!("of version {version}"),
        None => "none yet; a load creates them".to_owned(),
    })
}
