//! Why a request failed, and whether it is worth another try.

use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};

use super::credentials::NoCredentials;
use super::integrity::Mismatch;
use super::server_error::ServerError;

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server answered with an error.
    Server(Box<ServerError>),
    Credentials(NoCredentials),
    /// No proper answer: connection, time-out, body cut short, nonsense.
    Connection(String),
    /// The object is no longer the one that was listed.
    Changed,
    /// What arrived is not what the store keeps.
    Damaged(Mismatch),
    /// A key that the client cannot handle.
    Key(String),
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        let mut innermost = String::new();
        let mut timed_out = false;
        while let Some(inner) = cause {
            if let Some(error) = inner.downcast_ref::<ServerError>() {
                return Self::Server(Box::new(error.clone()));
            }
            if let Some(none) = inner.downcast_ref::<NoCredentials>() {
                return Self::Credentials(none.clone());
            }
            if let Some(object_store::Error::InvalidPath { source }) = inner.downcast_ref::<object_store::Error>() {
                return Self::Key(source.to_string());
            }
            if let Some(http) = inner.downcast_ref::<HttpError>() {
                timed_out |= http.kind() == HttpErrorKind::Timeout;
            }
            innermost = inner.to_string();
            cause = inner.source();
        }
        Self::Connection(if timed_out { format!("no answer in time ({innermost})") } else { innermost })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => error.fmt(f),
            Self::Credentials(none) => none.fmt(f),
            Self::Connection(text) | Self::Key(text) => f.write_str(text),
            Self::Changed => f.write_str("it is no longer what was listed"),
            Self::Damaged(mismatch) => mismatch.fmt(f),
        }
    }
}

impl Failure {
    /// Whether the same request may succeed a little later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Server(error) => error.is_transient(),
            Self::Credentials(none) => none.transient,
            Self::Connection(_) | Self::Damaged(_) => true,
            Self::Changed | Self::Key(_) => false,
        }
    }
}
