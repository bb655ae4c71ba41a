//! The connection to the PostgreSQL behind the stand-in, message by message.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use pgwire::error::PgWireError;
use pgwire::messages::copy::{CopyData, CopyDone, CopyFail};
use pgwire::messages::response::{ErrorResponse, TransactionStatus};
use pgwire::messages::simplequery::Query;
use pgwire::messages::startup::{BackendKeyData, Startup};
use pgwire::messages::{DecodeContext, PgWireBackendMessage as Answer, PgWireFrontendMessage as Request, ProtocolVersion};
use tokio::net::TcpStream;
use tokio_util::codec::{Decoder, Encoder, Framed};

/// What can go wrong on the way to the server or back.
#[derive(Debug)]
pub enum Fault {
    /// The server said no.
    Said(ErrorResponse),
    /// The connection broke.
    Broken(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<PgWireError> for Fault {
    fn from(error: PgWireError) -> Self {
        Self::Broken(io::Error::other(error))
    }
}

/// A row as text.
pub type Row = Vec<Option<String>>;

/// A connection, logged in.
pub struct Upstream {
    framed: Framed<TcpStream, Codec>,
    /// The process and its key, to cancel with.
    pub key: BackendKeyData,
    /// Whether it is in a transaction.
    pub status: TransactionStatus,
}

struct Codec(DecodeContext);

impl Decoder for Codec {
    type Item = Answer;
    type Error = PgWireError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Answer>, PgWireError> {
        Answer::decode(source, &self.0)
    }
}

impl Encoder<Request> for Codec {
    type Error = PgWireError;

    fn encode(&mut self, request: Request, target: &mut BytesMut) -> Result<(), PgWireError> {
        request.encode(target)
    }
}

fn ended() -> Fault {
    Fault::Broken(io::Error::new(io::ErrorKind::UnexpectedEof, "PostgreSQL closed the connection"))
}

impl Upstream {
    /// Logs in as a user that needs no password.
    pub async fn connect(port: u16, user: &str, database: &str) -> Result<Self, Fault> {
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        let mut framed = Framed::new(socket, Codec(DecodeContext::new(ProtocolVersion::PROTOCOL3_0)));
        let parameters = [("user", user), ("database", database), ("client_encoding", "UTF8")];
        let mut startup = Startup::new();
        startup.protocol_number_major = 3;
        startup.protocol_number_minor = 0;
        startup.parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        framed.send(Request::Startup(startup)).await?;
        let mut key = None;
        loop {
            match framed.next().await.ok_or_else(ended)?? {
                Answer::BackendKeyData(found) => key = Some(found),
                Answer::ErrorResponse(error) => return Err(Fault::Said(error)),
                Answer::ReadyForQuery(ready) => {
                    return Ok(Self { framed, key: key.ok_or_else(ended)?, status: ready.status });
                }
                _ => {}
            }
        }
    }

    /// Sends a query; the answers are to be read up to `ReadyForQuery`.
    pub async fn send(&mut self, sql: &str) -> Result<(), Fault> {
        Ok(self.framed.send(Request::Query(Query::new(sql.to_owned()))).await?)
    }

    /// The next answer. The state of the transaction is taken note of.
    pub async fn next(&mut self) -> Result<Answer, Fault> {
        let answer = self.framed.next().await.ok_or_else(ended)??;
        if let Answer::ReadyForQuery(ready) = &answer {
            self.status = ready.status;
        }
        Ok(answer)
    }

    /// Runs a query to its end and gives its rows.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Row>, Fault> {
        self.send(sql).await?;
        let (mut rows, mut error) = (Vec::new(), None);
        loop {
            match self.next().await? {
                Answer::DataRow(row) => rows.push(fields(&row.data, row.field_count)),
                Answer::ErrorResponse(found) => error = error.or(Some(found)),
                Answer::ReadyForQuery(_) => return error.map_or(Ok(rows), |error| Err(Fault::Said(error))),
                _ => {}
            }
        }
    }

    /// Begins a COPY FROM STDIN.
    pub async fn copy_in(&mut self, sql: &str) -> Result<(), Fault> {
        self.send(sql).await?;
        let mut error = None;
        loop {
            match self.next().await? {
                Answer::CopyInResponse(_) => return Ok(()),
                Answer::ErrorResponse(found) => error = error.or(Some(found)),
                Answer::ReadyForQuery(_) => return Err(error.map_or_else(ended, Fault::Said)),
                _ => {}
            }
        }
    }

    /// Sends rows of a COPY.
    pub async fn copy_data(&mut self, data: Bytes) -> Result<(), Fault> {
        Ok(self.framed.send(Request::CopyData(CopyData::new(data))).await?)
    }

    /// Ends a COPY: well, or so that it leaves nothing.
    pub async fn copy_end(&mut self, well: bool) -> Result<(), Fault> {
        let request =
            if well { Request::CopyDone(CopyDone::new()) } else { Request::CopyFail(CopyFail::new("given up".to_owned())) };
        self.framed.send(request).await?;
        let mut error = None;
        loop {
            match self.next().await? {
                Answer::ErrorResponse(found) => error = error.or(Some(found)),
                Answer::ReadyForQuery(_) => return error.filter(|_| well).map_or(Ok(()), |error| Err(Fault::Said(error))),
                _ => {}
            }
        }
    }
}

/// The values of a row.
fn fields(mut data: &[u8], count: i16) -> Row {
    let mut row = Row::new();
    for _ in 0..count {
        let Some((length, rest)) = data.split_first_chunk::<4>() else { break };
        let length = i32::from_be_bytes(*length);
        if length < 0 {
            row.push(None);
            data = rest;
        } else {
            let (value, rest) = rest.split_at(rest.len().min(length as usize));
            row.push(Some(String::from_utf8_lossy(value).into_owned()));
            data = rest;
        }
    }
    row
}

/// A text in single quotes, for a server that takes a backslash as an escape.
pub fn literal(text: &str) -> String {
    // PostgreSQL's texts hold no NUL.
    format!("'{}'", text.replace('\0', "").replace('\\', "\\\\").replace('\'', "''"))
}
