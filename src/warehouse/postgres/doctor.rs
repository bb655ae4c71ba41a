//! Can a load do what it has to? One step after the other, each with its outcome.

use super::connect::{self, Place};
use super::session::Session;
use super::{PostgresUrl, schema};
use crate::error::Result;
use crate::warehouse::{Examined, OpenOptions, Statement, reach};

/// Tries everything that a load needs, up to the first step that the next ones stand on.
pub fn examine(url: &PostgresUrl, options: &OpenOptions) -> Vec<Examined> {
    let mut found = Vec::new();
    let mut note = |what, outcome: Result<String>| {
        let well = outcome.is_ok();
        found.push(Examined { what, outcome });
        well
    };
    let place = match Place::new(url, reach::environment) {
        Ok(place) => place,
        Err(error) => {
            note("URL", Err(error));
            return found;
        }
    };
    // A folder of sockets has no name to resolve.
    if !place.is_socket() {
        let (host, port) = (place.host.as_str(), place.port);
        let resolved = reach::resolve(host, port, "check the host in --warehouse, or PGHOST");
        let remedy = "check that the server runs, that its listen_addresses cover this address, and what stands between";
        if !note("name resolution", resolved) || !note("TCP", reach::reach(host, port, remedy)) {
            return found;
        }
    }
    let session = match connect::connect_to(url, &place, &options.interrupt) {
        Ok(session) => session,
        Err(error) => {
            note("TLS and log-in", Err(error));
            return found;
        }
    };
    note("TLS and log-in", encryption(&session).map(|how| format!("as {}, {how}", place.user)));
    note("server", connect::examine(&session));
    note("privileges", privileges(&session));
    note("tables", tables(&session));
    found
}

fn encryption(session: &Session) -> Result<&'static str> {
    let row = session.row(Statement::PostgresPrivileges)?;
    Ok(if session.get(&row, 2)? { "encrypted" } else { "in the open" })
}

fn privileges(session: &Session) -> Result<String> {
    let row = session.row(Statement::PostgresPrivileges)?;
    reach::privileges(session.get(&row, 0)?, session.get(&row, 1)?)
}

fn tables(session: &Session) -> Result<String> {
    Ok(match schema::version(session)? {
        Some(version) => format!("of version {version}"),
        None => "none yet; a load makes them".to_owned(),
    })
}
