//! A stand-in for Amazon Redshift: a server that speaks its wire protocol in front of a real PostgreSQL, reads COPY's
//! objects from an S3 endpoint, and is as strict as the service.
//!
//! A statement that Redshift would refuse is refused, whatever PostgreSQL thinks of it. What the stand-in itself lacks, it
//! refuses with words that say so. `docs/redshift-standin.md` in the repository lists both.
//!
//! The binary of the same name runs it at the command line. As a library, it starts beside a PostgreSQL and an S3 server of its
//! own, and ends with them:
//!
//! ```no_run
//! use redshift_standin::postgres::Postgres;
//! use redshift_standin::s3::S3Server;
//! use redshift_standin::{Access, Fault, Options, Standin};
//!
//! let objects = S3Server::start("lake".as_ref());
//! objects.put("logs", "2018/11/01.json", "{\"n\": 1}\n");
//! let s3 = Access {
//!     endpoint: objects.url.clone(),
//!     key: objects.access_key.to_owned(),
//!     secret: objects.secret_key.to_owned(),
//! };
//! let standin = Standin::start(Postgres::shared(), Options { s3, ..Options::default() });
//! println!("{}", standin.url());
//!
//! // The next COPY meets a transaction that changes the same rows.
//! standin.faults().add(1, "copy", Fault::Error1023);
//! ```
//!
//! To a program's tests, [`accept::assert_redshift_accepts`] says without any server whether Redshift takes a statement.
//!
//! It is made to be run beside a program and to be looked at: what cannot work, such as a port that is taken or a PostgreSQL
//! that is gone, ends in a panic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a stand-in that cannot do its work ends the program that relies on it, see above"
)]

pub mod accept;
pub mod postgres;
pub mod s3;

mod client;
mod coerce;
mod copy;
mod copy_parts;
mod copy_statement;
mod ddl;
mod failure;
pub mod fault;
mod functions;
mod json;
mod log;
mod objects;
mod refuse;
mod reserved;
mod rewrite;
mod rights;
mod roles;
mod rows;
mod session;
mod tables;
mod token;
mod upstream;

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_rustls::{TlsAcceptor, rustls};

pub use fault::{Fault, Faults};
pub use objects::Access;

use crate::postgres::Postgres;

/// Provisioned clusters and Serverless differ in the system tables they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `stl_` and `sys_` tables.
    Provisioned,
    /// `sys_` tables alone.
    Serverless,
}

/// The database's isolation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// What new databases have.
    Snapshot,
    /// What was the default before, and can still be chosen.
    Serializable,
}

/// How passwords are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Method 5, which clients of PostgreSQL know.
    Md5,
    /// Redshift's own method 13, which no client of PostgreSQL knows.
    Digest,
}

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Requests for it are declined.
    Off,
    /// For clients that ask.
    On,
    /// Others are turned away.
    Required,
}

/// Who may log in.
#[derive(Debug, Clone)]
pub struct User {
    /// The name, as it is given at log-in.
    pub name: String,
    /// The password.
    pub password: String,
    /// May do everything.
    pub superuser: bool,
}

/// What the stand-in is like.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 is any.
    pub port: u16,
    /// Who may log in. The first is named in [`Standin::url`].
    pub users: Vec<User>,
    /// The one database there is.
    pub database: String,
    /// The roles that are attached to the cluster. The first is its default.
    pub roles: Vec<String>,
    /// The cluster's region.
    pub region: String,
    /// The region of all buckets but those in `bucket_regions`.
    pub bucket_region: String,
    /// The regions of other buckets, by the bucket's name.
    pub bucket_regions: HashMap<String, String>,
    /// The S3 that COPY reads from.
    pub s3: Access,
    /// Which system tables there are.
    pub mode: Mode,
    /// The isolation of all transactions.
    pub isolation: Isolation,
    /// How passwords are asked.
    pub authentication: Authentication,
    /// Whether connections are encrypted.
    pub tls: Tls,
    /// How many slices the cluster has.
    pub slices: usize,
    /// How long the views of load errors and of loaded files take to show one.
    pub view_delay: Duration,
    /// The port of the PostgreSQL behind; [`Standin::start`] sets it.
    pub postgres_port: u16,
    /// The super-user there who is let in without a password.
    pub postgres_user: String,
    /// The database there; [`Standin::start`] sets it.
    pub postgres_database: String,
}

/// A role that is attached by default.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/sparkify-copy";

impl Default for Options {
    fn default() -> Self {
        let user = |name: &str, superuser| User { name: name.to_owned(), password: "Standin1".to_owned(), superuser };
        Self {
            port: 0,
            users: vec![user("awsuser", true)],
            database: "dev".to_owned(),
            roles: vec![ROLE.to_owned()],
            region: "us-west-2".to_owned(),
            bucket_region: "us-west-2".to_owned(),
            bucket_regions: HashMap::new(),
            s3: Access::default(),
            mode: Mode::Provisioned,
            isolation: Isolation::Snapshot,
            authentication: Authentication::Md5,
            tls: Tls::Off,
            slices: 4,
            view_delay: Duration::ZERO,
            postgres_port: 0,
            postgres_user: postgres::TRUSTED.to_owned(),
            postgres_database: String::new(),
        }
    }
}

/// A statement that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The connection's number, counted from one in the order in which they came.
    pub connection: usize,
    /// As it was sent, without the semicolon.
    pub text: String,
}

/// What all sessions share.
struct Shared {
    options: Options,
    tls: Option<TlsAcceptor>,
    statements: Mutex<Vec<Statement>>,
    faults: Arc<Faults>,
    queries: AtomicU64,
    sessions: Mutex<HashMap<i32, Arc<Notify>>>,
}

/// A running stand-in; dropping it ends it.
pub struct Standin {
    /// The port on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    certificate: Option<String>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// The version that the service says it is.
const VERSION: &str =
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.123456";

impl Standin {
    /// Starts a stand-in over a fresh database of a PostgreSQL server.
    pub fn start(server: &Postgres, mut options: Options) -> Self {
        options.postgres_port = server.port;
        options.postgres_database = server.database_with(include_str!("catalog.sql")).name;
        let isolation = if options.isolation == Isolation::Snapshot { "Snapshot Isolation" } else { "Serializable" };
        let settings = format!(
            "insert into redshift_standin.settings values ('version', '{VERSION}'), ('isolation', '{isolation}'), ('slices', '{}')",
            options.slices
        );
        server.run_sql(&options.postgres_database, &settings);
        for user in &options.users {
            // Roles belong to the whole server, where other stand-ins may make the same.
            let rights = if user.superuser { "superuser" } else { "nosuperuser" };
            let make =
                format!("create role \"{}\" {rights}; exception when duplicate_object or unique_violation then null;", user.name);
            server.run_sql(&options.postgres_database, &format!("do $$ begin {make} end $$"));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let listener = TcpListener::bind(("127.0.0.1", options.port)).expect("the port is free");
        let port = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("a socket");
        let (tls, certificate) = if options.tls == Tls::Off { (None, None) } else { encryption() };
        let shared = Arc::new(Shared {
            options,
            tls,
            statements: Mutex::default(),
            faults: Arc::default(),
            queries: AtomicU64::new(1000),
            sessions: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let connections = AtomicUsize::new(0);
            while let Ok((socket, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::Relaxed) + 1;
                // A client that goes away is no concern of the server.
                tokio::spawn(session::serve(Arc::clone(&accepting), socket, number));
            }
        });
        Self { port, shared, certificate, runtime: Some(runtime) }
    }

    /// Where it is, without the password.
    pub fn url(&self) -> String {
        let options = &self.shared.options;
        format!("redshift://{}@127.0.0.1:{}/{}", options.users[0].name, self.port, options.database)
    }

    /// The certificate to trust, as PEM, when connections are encrypted. It is for `localhost` and 127.0.0.1.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// What it is like.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Every statement that was sent so far, in order.
    pub fn statements(&self) -> Vec<Statement> {
        self.shared.statements.lock().unwrap().clone()
    }

    /// What to make go wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A certificate of its own, and its text.
fn encryption() -> (Option<TlsAcceptor>, Option<String>) {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a certificate that fits its key");
    (Some(TlsAcceptor::from(Arc::new(config))), Some(own.cert.pem()))
}
