//! The client's side of a connection: reading its messages, logging it in, answering.

use std::collections::HashMap;
use std::io;

use bytes::{BufMut, BytesMut};
use futures::{SinkExt, StreamExt};
use md5::{Digest, Md5};
use pgwire::error::PgWireError;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::response::{CommandComplete, ErrorResponse, NoticeResponse, ReadyForQuery, SslResponse, TransactionStatus};
use pgwire::messages::startup::{Authentication, ParameterStatus};
use pgwire::messages::{
    DecodeContext, PgWireBackendMessage as Answer, PgWireFrontendMessage as Request, ProtocolVersion, SslNegotiationMetaMessage,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::codec::{Decoder, Encoder, Framed};

use super::failure::Failure;
use super::{Authentication as Method, Options};

struct Codec(DecodeContext);

impl Decoder for Codec {
    type Item = Request;
    type Error = PgWireError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Request>, PgWireError> {
        Request::decode(source, &self.0)
    }
}

impl Encoder<Answer> for Codec {
    type Error = PgWireError;

    fn encode(&mut self, answer: Answer, target: &mut BytesMut) -> Result<(), PgWireError> {
        answer.encode(target)
    }
}

/// A client that has connected.
pub struct Client {
    framed: Framed<Box<dyn Stream>, Codec>,
    pub encrypted: bool,
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// What a client wants when it connects.
pub enum Wish {
    /// A session, with the parameters that it sent.
    Session(HashMap<String, String>),
    /// To end what another session does.
    Cancel(CancelRequest),
}

fn broken(error: PgWireError) -> io::Error {
    io::Error::other(error)
}

impl Client {
    /// Takes a connection, encrypts it if the client asks and there is a certificate, and reads what the client wants.
    pub async fn accept(socket: TcpStream, tls: Option<&TlsAcceptor>) -> io::Result<Option<(Self, Wish)>> {
        socket.set_nodelay(true)?;
        let codec = Codec(DecodeContext::new(ProtocolVersion::PROTOCOL3_0));
        let mut client = Self { framed: Framed::new(Box::new(socket), codec), encrypted: false };
        loop {
            match (client.next().await?, tls) {
                (Some(Request::SslNegotiation(SslNegotiationMetaMessage::None)), _) => {
                    client.framed.codec_mut().0.awaiting_frontend_ssl = false;
                }
                (Some(Request::SslNegotiation(SslNegotiationMetaMessage::PostgresSsl(_))), Some(tls)) => {
                    client.feed(Answer::SslResponse(SslResponse::Accept)).await?;
                    client.flush().await?;
                    let mut parts = client.framed.into_parts();
                    parts.codec.0.awaiting_frontend_ssl = false;
                    let stream: Box<dyn Stream> = Box::new(tls.accept(parts.io).await?);
                    client = Self { framed: Framed::new(stream, parts.codec), encrypted: true };
                }
                (Some(Request::SslNegotiation(_)), _) => {
                    client.feed(Answer::SslResponse(SslResponse::Refuse)).await?;
                    client.flush().await?;
                }
                (Some(Request::CancelRequest(cancel)), _) => return Ok(Some((client, Wish::Cancel(cancel)))),
                (Some(Request::Startup(startup)), _) => {
                    client.framed.codec_mut().0.awaiting_frontend_startup = false;
                    return Ok(Some((client, Wish::Session(startup.parameters.into_iter().collect()))));
                }
                _ => return Ok(None),
            }
        }
    }

    /// Feeds an answer, to be sent with others.
    pub async fn feed(&mut self, answer: Answer) -> io::Result<()> {
        self.framed.feed(answer).await.map_err(broken)
    }

    /// The next message, `None` when the client has gone.
    pub async fn next(&mut self) -> io::Result<Option<Request>> {
        self.framed.next().await.transpose().map_err(broken)
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        SinkExt::<Answer>::flush(&mut self.framed).await.map_err(broken)
    }

    pub async fn ready(&mut self, status: TransactionStatus) -> io::Result<()> {
        self.feed(Answer::ReadyForQuery(ReadyForQuery::new(status))).await?;
        self.flush().await
    }

    pub async fn complete(&mut self, tag: &str) -> io::Result<()> {
        self.feed(Answer::CommandComplete(CommandComplete::new(tag.to_owned()))).await
    }

    /// An error as the service sends it: no fields that are younger than PostgreSQL 8.
    pub async fn error(&mut self, severity: &str, failure: &Failure) -> io::Result<()> {
        let mut fields = vec![(b'S', severity.to_owned()), (b'C', failure.code.to_owned()), (b'M', failure.message.clone())];
        if let Some(detail) = &failure.detail {
            fields.push((b'D', detail.clone()));
        }
        let (file, routine) = if failure.code == "XX000" {
            ("padb/src/sys/xen_execute.cpp", "pg_throw")
        } else {
            ("postgres.c", "exec_simple_query")
        };
        fields.extend([(b'F', file.to_owned()), (b'L', "397".to_owned()), (b'R', routine.to_owned())]);
        self.feed(Answer::ErrorResponse(ErrorResponse::new(fields))).await
    }

    pub async fn notice(&mut self, severity: &str, message: &str) -> io::Result<()> {
        let fields = vec![(b'S', severity.to_owned()), (b'C', "00000".to_owned()), (b'M', message.to_owned())];
        self.feed(Answer::NoticeResponse(NoticeResponse::new(fields))).await
    }

    /// Ends the connection with an error.
    pub async fn refuse(&mut self, code: &'static str, message: String) -> io::Result<()> {
        self.error("FATAL", &Failure { code, message, detail: None }).await?;
        self.flush().await
    }

    /// Asks for the password. `false` after a refusal.
    pub async fn log_in(&mut self, options: &Options, user: &str) -> io::Result<bool> {
        let known = options.users.iter().find(|known| known.name == user);
        let refused = format!("password authentication failed for user \"{user}\"");
        if options.authentication == Method::Digest {
            // Redshift's own method with SHA-256, number 13. No client of PostgreSQL knows it.
            let (salt, nonce) = ([7; 16], [9; 16]);
            let mut message = BytesMut::new();
            message.put_u8(b'R');
            message.put_i32(4 + 4 + 4 + 4 + 16 + 4 + 16);
            message.put_i32(13);
            message.put_i32(0);
            message.put_i32(16);
            message.put_slice(&salt);
            message.put_i32(16);
            message.put_slice(&nonce);
            self.framed.get_mut().write_all(&message).await?;
            let _ = self.next().await?;
            self.refuse("28000", refused).await?;
            return Ok(false);
        }
        let salt = std::process::id().to_be_bytes();
        self.feed(Answer::Authentication(Authentication::MD5Password(salt.to_vec()))).await?;
        self.flush().await?;
        let Some(Request::PasswordMessageFamily(answer)) = self.next().await? else { return Ok(false) };
        let given = answer.into_password().map_err(broken)?.password;
        if known.is_some_and(|known| given == md5_answer(user, &known.password, &salt)) {
            return Ok(true);
        }
        self.refuse("28000", refused).await?;
        Ok(false)
    }

    /// Says that the client is in, and what the server is.
    pub async fn welcome(
        &mut self,
        options: &Options,
        user: &str,
        key: pgwire::messages::startup::BackendKeyData,
    ) -> io::Result<()> {
        self.feed(Answer::Authentication(Authentication::Ok)).await?;
        let superuser = options.users.iter().any(|known| known.name == user && known.superuser);
        let parameters = [
            ("server_version", "8.0.2"),
            ("server_encoding", "UNICODE"),
            ("client_encoding", "UNICODE"),
            ("is_superuser", if superuser { "on" } else { "off" }),
            ("session_authorization", user),
            ("DateStyle", "ISO, MDY"),
            ("TimeZone", "UTC"),
            ("integer_datetimes", "on"),
            ("max_varchar_size", "65535"),
            ("max_numeric_precision", "38"),
        ];
        for (name, value) in parameters {
            self.feed(Answer::ParameterStatus(ParameterStatus::new(name.to_owned(), value.to_owned()))).await?;
        }
        self.feed(Answer::BackendKeyData(key)).await?;
        self.ready(TransactionStatus::Idle).await
    }
}

/// What a client answers to method 5.
fn md5_answer(user: &str, password: &str, salt: &[u8]) -> String {
    let hex = |bytes: &[u8]| Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let inner = hex(format!("{password}{user}").as_bytes());
    format!("md5{}", hex(&[inner.as_bytes(), salt].concat()))
}
