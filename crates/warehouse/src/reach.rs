//! The first steps to a server, each with its outcome: its name, and whether anything answers there.

use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::Probe;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;

const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look whether the user has interrupted.
const LOOK: Duration = Duration::from_millis(50);

/// Does what the system may take long for and offers no end to, as looking up a name, on a thread of its own. Once the user
/// has interrupted, nobody waits for it any more.
pub(super) fn unless_interrupted<T: Send + 'static>(
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Nobody may be there to hear it.
        let _ = sender.send(work());
    });
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) => interrupt.check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(Error::new(Kind::Io, "a thread ended before its work was done")),
        }
    }
}

/// The steps that were tried, in their order.
#[derive(Default)]
pub(super) struct Steps(pub Vec<Probe>);

impl Steps {
    /// Notes a step; returns whether it went well.
    pub fn note(&mut self, what: &'static str, outcome: Result<String>) -> bool {
        let well = outcome.is_ok();
        self.0.push(Probe { what, outcome });
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
pub(super) fn resolve(host: &str, port: u16, remedy: &str, interrupt: &Interrupt) -> Result<String> {
    let place = (host.to_owned(), port);
    let addresses = unless_interrupted(interrupt, move || (place.0.as_str(), place.1).to_socket_addrs())?;
    let addresses = addresses
        .map_err(|e| Error::new(Kind::WarehouseUnreachable, format!("{host} has no address")).with_hint(remedy).caused_by(e))?;
    Ok(addresses.map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", "))
}

/// Whether a port of a host answers.
pub(super) fn reach(host: &str, port: u16, remedy: &str, interrupt: &Interrupt) -> Result<String> {
    let refused = |cause: std::io::Error| {
        Error::new(Kind::WarehouseUnreachable, format!("nothing answers at {host}, port {port}"))
            .with_hint(remedy)
            .caused_by(cause)
    };
    let place = (host.to_owned(), port);
    let connected = unless_interrupted(interrupt, move || {
        let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
        for address in (place.0.as_str(), place.1).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    })?;
    connected.map(|()| format!("port {port}")).map_err(refused)
}

/// Whether a user may do what a load does, by the answer to an engine's question about it.
pub(super) fn privileges(may_create: bool, may_create_temporary: bool) -> Result<String> {
    let asked = [(may_create, "create in the schema"), (may_create_temporary, "temporary tables in the database")];
    let missing: Vec<&str> = asked.into_iter().filter(|(may, _)| !may).map(|(_, what)| what).collect();
    if missing.is_empty() {
        return Ok("may create tables".to_owned());
    }
    Err(Error::new(Kind::WarehouseDenied, format!("the user may not: {}", missing.join(", ")))
        .with_hint("`grant usage, create on schema … to …`, `grant temporary on database … to …`"))
}
