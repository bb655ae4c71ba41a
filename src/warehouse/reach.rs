//! The first steps to a server, each with its outcome: its name, and whether anything answers there.

use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::Examined;
use crate::error::{Error, Kind, Result};

const PATIENCE: Duration = Duration::from_secs(10);

/// The steps that were tried, in their order.
#[derive(Default)]
pub(super) struct Steps(pub Vec<Examined>);

impl Steps {
    /// Notes a step; returns whether it went well.
    pub fn note(&mut self, what: &'static str, outcome: Result<String>) -> bool {
        let well = outcome.is_ok();
        self.0.push(Examined { what, outcome });
        well
    }

    /// What a step gave that the next ones stand on; only its failure is noted.
    pub fn need<T>(&mut self, what: &'static str, outcome: Result<T>) -> Option<T> {
        outcome.map_err(|error| self.note(what, Err(error))).ok()
    }
}

/// A variable of the environment; an empty one is none.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a host is the machine that asks, or a file on it.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.starts_with(['/', '@']) || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The addresses of a host, or why it has none. `remedy` says what else to look at.
pub(super) fn resolve(host: &str, port: u16, remedy: &str) -> Result<String> {
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|e| Error::new(Kind::WarehouseUnreachable, format!("{host} has no address")).with_hint(remedy).caused_by(e))?;
    Ok(addresses.map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", "))
}

/// Whether a port of a host answers.
pub(super) fn reach(host: &str, port: u16, remedy: &str) -> Result<String> {
    let refused = |cause: std::io::Error| {
        Error::new(Kind::WarehouseUnreachable, format!("nothing answers at {host}, port {port}"))
            .with_hint(remedy)
            .caused_by(cause)
    };
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs().map_err(refused)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(format!("port {port}")),
            Err(error) => last = error,
        }
    }
    Err(refused(last))
}

/// Whether a user may do what a load does, by the answer to an engine's question about it.
pub(super) fn privileges(may_create: bool, may_create_temporary: bool) -> Result<String> {
    let asked = [(may_create, "create in the schema"), (may_create_temporary, "temporary tables in the database")];
    let missing: Vec<&str> = asked.into_iter().filter(|(may, _)| !may).map(|(_, what)| what).collect();
    if missing.is_empty() {
        return Ok("may make tables".to_owned());
    }
    Err(Error::new(Kind::WarehouseDenied, format!("the user may not: {}", missing.join(", ")))
        .with_hint("`grant usage, create on schema … to …`, `grant temporary on database … to …`"))
}
