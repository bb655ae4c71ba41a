//! The wire: PostgreSQL's protocol as Redshift speaks it, simple queries and text results alone.
//!
//! The usual clients prepare statements, ask for binary results or hide the columns' types, which Redshift answers
//! otherwise than PostgreSQL or not at all. What is needed of the protocol is little.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::message::backend::{ErrorFields, Message};
use postgres_protocol::message::frontend;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

/// A silent COPY can take long; whatever stands between forgets connections after some minutes without a packet.
const KEEPALIVE: Duration = Duration::from_mins(1);
/// Where nothing comes back, signs of life are asked for this often, ...
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// ... so many times, before the connection counts as broken.
const KEEPALIVES: u32 = 6;
/// How long the other side may leave what was sent unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_mins(2);
/// How long a server may take for each answer until it has let a client in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Redshift's own way of aws_context for a password, by SHA-256.
const DIGEST_METHOD: i32 = 13;
/// Tokens of an identity provider.
const TOKEN_METHOD: i32 = 14;

/// What the server said instead of doing it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refusal {
    /// The SQLSTATE.
    pub code: String,
    pub message: String,
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.trim())?;
        let detail = self.detail.split_whitespace().filter(|word| !word.starts_with("---")).collect::<Vec<_>>().join(" ");
        if detail.is_empty() || detail == self.message.trim() { Ok(()) } else { write!(f, " ({detail})") }
    }
}

impl std::error::Error for Refusal {}

/// Why a statement or a connection came to nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server refused.
    Refused(Refusal),
    /// The connection could not be made.
    Unreachable(io::Error),
    /// It was made and then broke: what was under way may have happened or not.
    Lost(io::Error),
    /// The encryption could not be agreed on.
    Tls(io::Error),
    /// The server does not encrypt.
    Plain,
    /// It wants to know the password in a way that only Amazon's drivers know.
    Method(i32),
    /// There is no password.
    NoPassword,
}

/// How to reach a server.
#[derive(Clone)]
pub(super) struct Target {
    pub host: String,
    pub port: u16,
    /// None for connections in the open.
    pub tls: Option<Arc<ClientConfig>>,
    /// Whether a server that does not encrypt is refused.
    pub tls_required: bool,
}

/// What ends a connection, whatever waits on it.
pub(super) struct Closer(TcpStream);

impl Closer {
    pub fn close(&self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

trait Stream: Read + Write + Send {}
impl Stream for TcpStream {}
impl Stream for StreamOwned<ClientConnection, TcpStream> {}

/// What cancels the statement that a connection is at.
#[derive(Clone)]
pub(super) struct Cancel {
    target: Target,
    process: i32,
    secret: i32,
}

impl Cancel {
    /// Asks the server, by a connection of its own.
    pub fn send(&self) -> Result<(), Fault> {
        let (mut stream, ..) = dial(&self.target)?;
        let mut out = BytesMut::new();
        frontend::cancel_request(self.process, self.secret, &mut out);
        stream.write_all(&out).and_then(|()| stream.flush()).map_err(Fault::Lost)
    }
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    /// The type's number in the catalogue.
    pub type_id: u32,
}

/// Takes what a statement gives.
pub(super) trait Sink {
    fn columns(&mut self, columns: Vec<Column>) -> crate::error::Result<()>;
    /// A row's values, as text.
    fn row(&mut self, values: Vec<Option<&str>>) -> crate::error::Result<()>;
}

/// An open connection.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    socket: TcpStream,
    read: BytesMut,
    encrypted: bool,
    /// What the server remarked on the last statement.
    remarks: Vec<String>,
    process: i32,
    secret: i32,
    target: Target,
}

impl Connection {
    /// Connects and logs in.
    pub fn open(target: &Target, user: &str, database: &str, password: Option<&str>) -> Result<Self, Fault> {
        let (stream, socket, encrypted) = dial(target)?;
        let mut connection = Self {
            stream,
            socket,
            read: BytesMut::new(),
            encrypted,
            remarks: Vec::new(),
            process: 0,
            secret: 0,
            target: target.clone(),
        };
        let mut out = BytesMut::new();
        let parameters = [
            ("client_encoding", "UTF8"),
            ("user", user),
            ("database", database),
            ("application_name", concat!("sparkify/", env!("CARGO_PKG_VERSION"))),
        ];
        frontend::startup_message(parameters, &mut out).map_err(Fault::Unreachable)?;
        connection.send(&out)?;
        connection.log_in(user, password)?;
        // From here on a statement may take as long as it takes.
        connection.socket.set_read_timeout(None).map_err(Fault::Lost)?;
        connection.socket.set_write_timeout(None).map_err(Fault::Lost)?;
        Ok(connection)
    }

    fn log_in(&mut self, user: &str, password: Option<&str>) -> Result<(), Fault> {
        loop {
            let mut out = BytesMut::new();
            match self.next()? {
                Message::AuthenticationOk | Message::ParameterStatus(_) | Message::NoticeResponse(_) => continue,
                Message::AuthenticationMd5Password(body) => {
                    let password = password.ok_or(Fault::NoPassword)?;
                    let hash = md5_hash(user.as_bytes(), password.as_bytes(), body.salt());
                    frontend::password_message(hash.as_bytes(), &mut out).map_err(Fault::Lost)?;
                }
                // Never in the open: whoever listens would have it.
                Message::AuthenticationCleartextPassword if self.encrypted => {
                    let password = password.ok_or(Fault::NoPassword)?;
                    frontend::password_message(password.as_bytes(), &mut out).map_err(Fault::Lost)?;
                }
                Message::AuthenticationCleartextPassword => return Err(Fault::Method(3)),
                Message::BackendKeyData(body) => {
                    (self.process, self.secret) = (body.process_id(), body.secret_key());
                    continue;
                }
                Message::ReadyForQuery(_) => return Ok(()),
                Message::ErrorResponse(body) => return Err(Fault::Refused(refusal(body.fields()))),
                _ => return Err(Fault::Lost(io::Error::other("an unexpected message while logging in"))),
            }
            self.send(&out)?;
        }
    }

    /// What ends the connection from another thread.
    pub fn closer(&self) -> io::Result<Closer> {
        self.socket.try_clone().map(Closer)
    }

    /// Whether the server remarked this on the last statement.
    pub fn remarked(&self, part: &str) -> bool {
        self.remarks.iter().any(|remark| remark.contains(part))
    }

    /// The number that the server's system tables have for this session.
    pub fn process(&self) -> i32 {
        self.process
    }

    pub fn canceller(&self) -> Cancel {
        Cancel { target: self.target.clone(), process: self.process, secret: self.secret }
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Runs a statement; returns how many rows it changed, as far as the server counts them. An error of the sink is
    /// handed over once the answer is through, so that the connection stays usable.
    pub fn run(&mut self, sql: &str, sink: &mut dyn Sink) -> Result<crate::error::Result<u64>, Fault> {
        let mut out = BytesMut::new();
        frontend::query(sql, &mut out).map_err(|e| Fault::Refused(Refusal { message: e.to_string(), ..Refusal::default() }))?;
        self.remarks.clear();
        self.send(&out)?;
        let (mut changed, mut failed, mut refused) = (0, None, None);
        loop {
            match self.next()? {
                Message::RowDescription(body) => {
                    let mut columns = Vec::new();
                    let mut fields = body.fields();
                    while let Some(field) = next_of(&mut fields)? {
                        columns.push(Column { name: field.name().to_owned(), type_id: field.type_oid() });
                    }
                    if failed.is_none() {
                        failed = sink.columns(columns).err();
                    }
                }
                Message::DataRow(body) => {
                    let mut values = Vec::new();
                    let mut ranges = body.ranges();
                    while let Some(range) = next_of(&mut ranges)? {
                        let value = range.map(|range| std::str::from_utf8(&body.buffer()[range]));
                        values.push(value.transpose().map_err(|e| Fault::Lost(io::Error::other(e)))?);
                    }
                    if failed.is_none() {
                        failed = sink.row(values).err();
                    }
                }
                Message::CommandComplete(body) => {
                    let count = body.tag().ok().and_then(|tag| tag.rsplit(' ').next()).and_then(|count| count.parse().ok());
                    changed = count.unwrap_or(0);
                }
                Message::NoticeResponse(body) => {
                    let notice = refusal(body.fields());
                    tracing::debug!("the server says: {notice}");
                    self.remarks.push(notice.message);
                }
                Message::ErrorResponse(body) => refused = Some(refusal(body.fields())),
                Message::ReadyForQuery(_) => break,
                _ => {}
            }
        }
        match (refused, failed) {
            (Some(refused), _) => Err(Fault::Refused(refused)),
            (None, Some(failed)) => Ok(Err(failed)),
            (None, None) => Ok(Ok(changed)),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).map_err(Fault::Lost)
    }

    fn next(&mut self) -> Result<Message, Fault> {
        let mut block = [0u8; 8 << 10];
        loop {
            // The parser knows PostgreSQL's methods alone.
            if let Some(method) = private_method(&self.read) {
                return Err(Fault::Method(method));
            }
            if let Some(message) = Message::parse(&mut self.read).map_err(Fault::Lost)? {
                return Ok(message);
            }
            match self.stream.read(&mut block) {
                Ok(0) => return Err(Fault::Lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(read) => self.read.extend_from_slice(&block[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Lost(no_answer(error))),
            }
        }
    }
}

/// Says of an answer that did not come in time that it did not, which systems put in other words.
fn no_answer(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()))
        }
        _ => error,
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut out = BytesMut::new();
        frontend::terminate(&mut out);
        // The server notices either way.
        let _ = self.send(&out);
    }
}

/// The method that an authentication request at the beginning of `read` asks for, if only Amazon's drivers know it.
fn private_method(read: &[u8]) -> Option<i32> {
    let (b'R', method) = (*read.first()?, read.get(5..9)?) else { return None };
    let method = i32::from_be_bytes(method.try_into().ok()?);
    [DIGEST_METHOD, TOKEN_METHOD].contains(&method).then_some(method)
}

fn next_of<I: fallible_iterator::FallibleIterator<Error = io::Error>>(items: &mut I) -> Result<Option<I::Item>, Fault> {
    items.next().map_err(Fault::Lost)
}

fn refusal(mut fields: ErrorFields<'_>) -> Refusal {
    let mut refusal = Refusal::default();
    while let Ok(Some(field)) = fallible_iterator::FallibleIterator::next(&mut fields) {
        let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => refusal.code = text,
            b'M' => refusal.message = text,
            b'D' => refusal.detail = text,
            _ => {}
        }
    }
    refusal
}

/// Makes the connection, encrypted if it is to be; the socket below it; tells whether it is.
fn dial(target: &Target) -> Result<(Box<dyn Stream>, TcpStream, bool), Fault> {
    let addresses = (target.host.as_str(), target.port).to_socket_addrs().map_err(Fault::Unreachable)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(socket) => {
                keep_alive(&socket);
                // Nothing waits for ever, until the client is let in.
                socket.set_read_timeout(Some(CONNECT_TIMEOUT)).map_err(Fault::Lost)?;
                socket.set_write_timeout(Some(CONNECT_TIMEOUT)).map_err(Fault::Lost)?;
                let below = socket.try_clone().map_err(Fault::Lost)?;
                let (stream, encrypted) = encrypt(socket, target)?;
                return Ok((stream, below, encrypted));
            }
            Err(error) => last = error,
        }
    }
    Err(Fault::Unreachable(last))
}

/// Where the system cannot, the connection works all the same.
fn keep_alive(socket: &TcpStream) {
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE_INTERVAL).with_retries(KEEPALIVES);
    let options = socket2::SockRef::from(socket);
    let _ = options.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = options.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    let _ = socket.set_nodelay(true);
}

fn encrypt(mut socket: TcpStream, target: &Target) -> Result<(Box<dyn Stream>, bool), Fault> {
    let Some(tls) = &target.tls else { return Ok((Box::new(socket), false)) };
    let mut out = BytesMut::new();
    frontend::ssl_request(&mut out);
    let mut answer = [0];
    socket.write_all(&out).and_then(|()| socket.read_exact(&mut answer)).map_err(|error| Fault::Lost(no_answer(error)))?;
    if answer != *b"S" {
        return if target.tls_required { Err(Fault::Plain) } else { Ok((Box::new(socket), false)) };
    }
    let name = ServerName::try_from(target.host.clone()).map_err(|e| Fault::Tls(io::Error::other(e)))?;
    let mut session = ClientConnection::new(Arc::clone(tls), name).map_err(|e| Fault::Tls(io::Error::other(e)))?;
    while session.is_handshaking() {
        session.complete_io(&mut socket).map_err(|error| match no_answer(error) {
            late if late.kind() == io::ErrorKind::TimedOut => Fault::Lost(late),
            other => Fault::Tls(other),
        })?;
    }
    Ok((Box::new(StreamOwned::new(session, socket)), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_amazons_own_are_told_from_those_of_postgres() {
        let request = |method: i32| [b"R\0\0\0\x08".as_slice(), &method.to_be_bytes()].concat();
        assert_eq!(private_method(&request(13)), Some(13));
        assert_eq!(private_method(&request(5)), None);
        assert_eq!(private_method(b"R\0\0"), None, "not all of it is there yet");
        assert_eq!(private_method(b"Z\0\0\0\x05I"), None);
    }

    #[test]
    fn the_box_that_the_server_draws_is_left_out() {
        let refusal = Refusal {
            code: "XX000".to_owned(),
            message: "S3ServiceException:Access Denied".to_owned(),
            detail: "\n  ------\n  error:  S3ServiceException\n  code:   8001\n  ------\n".to_owned(),
        };
        assert_eq!(refusal.to_string(), "S3ServiceException:Access Denied (error: S3ServiceException code: 8001)");
    }
}
