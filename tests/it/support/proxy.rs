//! A proxy between a client and a server of PostgreSQL's protocol, unencrypted: it listens to what is said, and falls
//! silent or breaks off where a test wants it to.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What becomes of the first statement that begins with the word that a test waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Both connections are closed before the server hears it.
    BreakBefore,
    /// The server hears it, and both connections are closed when it has answered.
    BreakAfter,
    /// The server hears it, and from then on nothing is passed on, nor anyone let in.
    FallSilent,
}

#[derive(Default)]
struct State {
    is_silent: AtomicBool,
    /// Connections that were taken.
    taken: AtomicUsize,
    /// The beginning of a statement, and what becomes of it.
    trap: Mutex<Option<(String, Then)>>,
    /// What a pooler that hands out a connection for the length of a transaction would not bear.
    violations: Mutex<Vec<String>>,
    statements: AtomicUsize,
}

/// A running proxy; it ends with the test's process.
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// In front of a server of this machine.
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, state) = (listener.local_addr().unwrap().port(), Arc::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, state) = (client.unwrap(), Arc::clone(&shared));
                state.taken.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || connect(client, server, &state));
            }
        });
        Self { port, state }
    }

    /// From now on nothing is passed on.
    pub fn fall_silent(&self) {
        self.state.is_silent.store(true, Ordering::SeqCst);
    }

    /// What is to become of the next statement that begins so.
    pub fn on(&self, beginning: &str, then: Then) {
        *self.state.trap.lock().unwrap() = Some((beginning.to_owned(), then));
    }

    /// Waits until the statement came that [`Self::on`] names.
    pub fn wait_for_it(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.state.trap.lock().unwrap().is_some() {
            assert!(Instant::now() < deadline, "the statement never came");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many clients came.
    pub fn taken(&self) -> usize {
        self.state.taken.load(Ordering::SeqCst)
    }

    /// How many statements were sent, and those that must not be sent to a pooler.
    pub fn overheard(&self) -> (usize, Vec<String>) {
        (self.state.statements.load(Ordering::SeqCst), self.state.violations.lock().unwrap().clone())
    }
}

/// One client's connection: two threads pass on what each side says.
fn connect(client: TcpStream, server: u16, state: &Arc<State>) {
    if state.is_silent.load(Ordering::SeqCst) {
        // It is let in and hears nothing.
        wait_for_the_end(&client);
        return;
    }
    let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
    // Of the server's last word: whether a transaction is open there.
    let status = Arc::new(AtomicU8::new(b'I'));
    let broken = Arc::new(AtomicBool::new(false));
    let (back_from, back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let (their_state, their_status, their_broken) = (Arc::clone(state), Arc::clone(&status), Arc::clone(&broken));
    let answers = thread::spawn(move || answers(back_from, back_to, &their_state, &their_status, &their_broken));
    questions(client, server, state, &status, &broken);
    answers.join().unwrap();
}

fn wait_for_the_end(mut client: &TcpStream) {
    let mut block = [0; 1024];
    while matches!(client.read(&mut block), Ok(read) if read > 0) {}
}

/// Messages of one side, as far as they are complete.
struct Messages {
    bytes: Vec<u8>,
    /// The first of a client has no type.
    is_first: bool,
}

impl Messages {
    /// The next message: its type, 0 for a client's first, and all its bytes.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = usize::from(!self.is_first);
        let length: [u8; 4] = self.bytes.get(head..head + 4)?.try_into().unwrap();
        let length = head + u32::from_be_bytes(length) as usize;
        if self.bytes.len() < length {
            return None;
        }
        let message: Vec<u8> = self.bytes.drain(..length).collect();
        let kind = if self.is_first { 0 } else { message[0] };
        self.is_first = false;
        Some((kind, message))
    }
}

/// The text that begins here and ends with a zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The statement that a message holds, without the comments at its head.
fn statement(kind: u8, body: &[u8]) -> String {
    let sql = match kind {
        b'Q' => text(body),
        // Behind its name.
        b'P' => text(&body[text(body).len() + 1..]),
        _ => return String::new(),
    };
    sql.lines().skip_while(|line| line.starts_with("--")).collect::<Vec<_>>().join("\n")
}

fn questions(mut client: TcpStream, mut server: TcpStream, state: &State, status: &AtomicU8, broken: &AtomicBool) {
    let mut messages = Messages { bytes: Vec::new(), is_first: true };
    let (mut block, mut prepared) = (vec![0; 64 << 10], BTreeSet::new());
    loop {
        let read = client.read(&mut block).unwrap_or(0);
        if read == 0 {
            break;
        }
        messages.bytes.extend_from_slice(&block[..read]);
        while let Some((kind, message)) = messages.next() {
            let body = message.get(5..).unwrap_or_default();
            let sql = statement(kind, body);
            overhear(kind, body, &sql, status.load(Ordering::SeqCst), &mut prepared, state);
            let mut trap = state.trap.lock().unwrap();
            if let Some((beginning, then)) = trap.clone()
                && sql.starts_with(&beginning)
            {
                match then {
                    Then::BreakBefore => {
                        *trap = None;
                        let _ = server.shutdown(Shutdown::Both);
                        let _ = client.shutdown(Shutdown::Both);
                        return;
                    }
                    Then::BreakAfter => broken.store(true, Ordering::SeqCst),
                    Then::FallSilent => state.is_silent.store(true, Ordering::SeqCst),
                }
                let _ = server.write_all(&message);
                *trap = None;
                continue;
            }
            drop(trap);
            while state.is_silent.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
                if is_gone(&client) {
                    let _ = server.shutdown(Shutdown::Both);
                    return;
                }
            }
            if server.write_all(&message).is_err() {
                return;
            }
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

/// Whether a client has closed its side.
fn is_gone(client: &TcpStream) -> bool {
    let mut byte = [0u8; 1];
    // SAFETY: the descriptor is open as long as `client` is there, and the buffer has the length that is given.
    let read = unsafe { libc::recv(client.as_raw_fd(), byte.as_mut_ptr().cast(), 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) };
    read == 0
}

fn overhear(kind: u8, body: &[u8], sql: &str, status: u8, prepared: &mut BTreeSet<String>, state: &State) {
    let violate = |what: String| state.violations.lock().unwrap().push(what);
    match kind {
        b'P' if !text(body).is_empty() => drop(prepared.insert(text(body))),
        b'C' => drop(prepared.remove(&text(&body[1..]))),
        _ => {}
    }
    if matches!(kind, b'P' | b'Q') {
        state.statements.fetch_add(1, Ordering::SeqCst);
    }
    // The log-in and the farewell are not part of any transaction.
    if status == b'I' && !matches!(kind, 0 | b'p' | b'X') && !(kind == b'Q' && sql.starts_with("begin")) {
        violate(format!("outside a transaction: {} {sql}", char::from(kind)));
    }
    let ends = kind == b'Q' && (sql == "commit" || sql.starts_with("rollback")) && !sql.starts_with("rollback to");
    if ends && !prepared.is_empty() && !sql.contains("deallocate all") {
        violate(format!("prepared beyond a transaction: {prepared:?}"));
    }
    if ends {
        prepared.clear();
    }
    if kind == b'Q' && sql.starts_with("set ") && !sql.starts_with("set local ") {
        violate(format!("set beyond a transaction: {sql}"));
    }
}

fn answers(mut server: TcpStream, mut client: TcpStream, state: &State, status: &AtomicU8, broken: &AtomicBool) {
    let mut messages = Messages { bytes: Vec::new(), is_first: false };
    let mut block = vec![0; 64 << 10];
    loop {
        let read = server.read(&mut block).unwrap_or(0);
        if read == 0 {
            break;
        }
        messages.bytes.extend_from_slice(&block[..read]);
        while let Some((kind, message)) = messages.next() {
            if broken.load(Ordering::SeqCst) && kind == b'Z' {
                let _ = server.shutdown(Shutdown::Both);
                let _ = client.shutdown(Shutdown::Both);
                return;
            }
            if broken.load(Ordering::SeqCst) {
                continue;
            }
            while state.is_silent.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
                if is_gone(&client) {
                    let _ = server.shutdown(Shutdown::Both);
                    return;
                }
            }
            if kind == b'Z' {
                status.store(message[5], Ordering::SeqCst);
            }
            if client.write_all(&message).is_err() {
                let _ = server.shutdown(Shutdown::Both);
                return;
            }
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
