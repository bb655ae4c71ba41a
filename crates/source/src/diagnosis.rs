//! Which error a failed request becomes: what was requested, why it failed, and what to do.

use std::fmt;

use super::SourceFile;
use super::failure::Failure;
use super::integrity::{Algorithm, Mismatch};
use super::s3::Bucket;
use super::server_error::ServerError;
use crate::error::{Error, Kind};

/// Why no proper answer arrived: connection, time-out, body cut short.
#[derive(Debug)]
struct TransportError(String);

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TransportError {}

impl Failure {
    /// The error of a request about the whole bucket.
    pub(super) async fn on_bucket(self, bucket: &Bucket) -> Error {
        let name = &bucket.name;
        match self {
            Self::Server(error) if error.target.is_some() && !names_other_region(&error, bucket) => redirected(name, error),
            Self::Server(error) if error.is_about_region() => wrong_region(bucket, error).await,
            Self::Server(error) if error.is_about_credentials() => bad_credentials(name, error),
            Self::Server(error) if error.status == 404 || error.code == "NoSuchBucket" => {
                Error::new(Kind::SourceMissing, format!("the bucket `{name}` does not exist")).caused_by(error)
            }
            Self::Server(error) if error.status == 403 => {
                Error::new(Kind::SourceDenied, format!("no access to the bucket `{name}`")).caused_by(error)
            }
            Self::Server(error) if error.code == "InvalidBucketName" => {
                Error::new(Kind::Settings, format!("`{name}` is not a valid bucket name")).caused_by(error)
            }
            Self::Credentials(none) => none.into_error(format!("no usable AWS credentials for the bucket `{name}`")),
            Self::Server(error) => unavailable(&format!("the bucket `{name}`"), error),
            Self::Key(text) => {
                let message = format!("the bucket `{name}` holds a key with an empty, `.` or `..` part, which cannot be loaded");
                Error::new(Kind::SourceFile, message)
                    .caused_by(text)
                    .with_hint("rename or remove that object, or name a narrower prefix")
            }
            Self::Connection(text) => unavailable(&format!("the bucket `{name}`"), TransportError(text)),
            Self::Changed => Error::new(Kind::SourceUnavailable, format!("the bucket `{name}` changed while listing")),
            Self::Damaged(mismatch) => unavailable(&format!("the bucket `{name}`"), mismatch),
        }
    }

    /// The error of a request for one object.
    pub(super) async fn on_object(self, bucket: &Bucket, file: &SourceFile) -> Error {
        let url = &file.url;
        match self {
            Self::Changed => changed(file),
            Self::Damaged(mismatch) => damaged(file, mismatch),
            Self::Server(error) if matches!(error.status, 412 | 416) => changed(file).caused_by(error),
            Self::Server(error) if error.status == 404 && error.code != "NoSuchBucket" => gone(file).caused_by(error),
            Self::Server(error) if error.code == "InvalidObjectState" => Error::new(
                Kind::SourceFile,
                format!("{url} is archived"),
            )
            .caused_by(error)
            .with_hint(
                "restore it from its Glacier class first, or pass --skip-bad-files to load the others and leave it for next time",
            ),
            Self::Server(error) if error.status == 403 && !error.is_about_credentials() => {
                Error::new(Kind::SourceDenied, format!("no access to {url}")).caused_by(error)
            }
            Self::Server(error) if error.is_transient() => unavailable(url, error),
            Self::Connection(text) => unavailable(url, TransportError(text)),
            other => other.on_bucket(bucket).await,
        }
    }

    /// The error of writing one object.
    pub(super) async fn on_upload(self, bucket: &Bucket, url: &str) -> Error {
        match self {
            Self::Server(error) if error.status == 403 && !error.is_about_credentials() => {
                Error::new(Kind::SourceDenied, format!("no right to write {url}"))
                    .caused_by(error)
                    .with_hint("the credentials in use need s3:PutObject on the bucket's objects")
            }
            Self::Server(error) if error.is_transient() => {
                Error::new(Kind::SourceUnavailable, format!("cannot write {url}")).caused_by(error)
            }
            Self::Connection(text) => {
                Error::new(Kind::SourceUnavailable, format!("cannot write {url}")).caused_by(TransportError(text))
            }
            other => other.on_bucket(bucket).await,
        }
    }
}

/// The file is not what it was.
pub(super) fn changed(file: &SourceFile) -> Error {
    Error::new(Kind::SourceFile, format!("{} changed between listing and reading", file.display_name()))
        .with_hint("run it again, or pass --skip-bad-files to load the others and leave it for next time")
}

/// The file arrives different from what the store keeps, every time.
fn damaged(file: &SourceFile, mismatch: Mismatch) -> Error {
    let hint = if mismatch.algorithm == Algorithm::Md5 {
        "look for a proxy that changes what it carries; if the store's ETags are not MD5 sums, set s3.etag_md5 = false; or pass \
         --skip-bad-files to load the others"
    } else {
        "look for a proxy that changes what it carries, or upload the object anew; or pass --skip-bad-files to load the others"
    };
    Error::new(Kind::SourceFile, format!("{} arrives damaged", file.display_name())).caused_by(mismatch).with_hint(hint)
}

/// The file arrived different from what the store keeps, after a part of it was passed on.
pub(super) fn damaged_once(file: &SourceFile, failure: &Failure) -> Error {
    Error::new(Kind::SourceDamaged, format!("{} arrived damaged", file.display_name())).caused_by(failure.to_string())
}

/// The file is not there any more.
pub(super) fn gone(file: &SourceFile) -> Error {
    Error::new(Kind::SourceFile, format!("{} is gone: it was there when the files were listed", file.display_name()))
}

fn unavailable(what: &str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::SourceUnavailable, format!("cannot read {what}")).caused_by(cause)
}

fn bad_credentials(bucket: &str, cause: Box<ServerError>) -> Error {
    let (what, hint) = match cause.code.as_str() {
        "InvalidAccessKeyId" => ("the access key is unknown", None),
        "SignatureDoesNotMatch" => ("the secret key does not belong to the access key", None),
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired" => {
            ("the session has expired", Some("sign in again, for example with `aws sso login`"))
        }
        "InvalidToken" => {
            ("the session token is not valid", Some("set AWS_SESSION_TOKEN anew, or remove it for a permanent key"))
        }
        "RequestTimeTooSkewed" => ("this machine's clock is wrong", Some("set the clock: S3 accepts a difference of 15 minutes")),
        _ => ("the credentials were refused", None),
    };
    let error = Error::new(Kind::SourceCredentials, format!("cannot sign in to the bucket `{bucket}`: {what}")).caused_by(cause);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn names_other_region(error: &ServerError, bucket: &Bucket) -> bool {
    error.region.as_ref().is_some_and(|region| *region != bucket.store().region)
}

/// A redirect leads to a host of the server's choice, and would take the signed request along.
fn redirected(bucket: &str, cause: Box<ServerError>) -> Error {
    let target = cause.target.clone().unwrap_or_default();
    let message = format!("the store sends requests for the bucket `{bucket}` on to {target}, which was not followed");
    Error::new(Kind::SourceUnavailable, message)
        .caused_by(cause)
        .with_hint("if the store has moved, set s3.endpoint to its new address; else look for a proxy that answers in its place")
}

async fn wrong_region(bucket: &Bucket, cause: Box<ServerError>) -> Error {
    let (name, asked) = (&bucket.name, &bucket.store().region);
    let actual = match &cause.region {
        Some(region) => Some(region.clone()),
        None => bucket.actual_region().await,
    };
    let error = match actual.filter(|actual| actual != asked) {
        Some(actual) => Error::new(Kind::SourceRegion, format!("the bucket `{name}` is in the region {actual}, not {asked}"))
            .with_hint(format!("pass --s3-region {actual}, or set AWS_REGION or s3.region")),
        None => Error::new(Kind::SourceRegion, format!("the bucket `{name}` is not in the region {asked}")),
    };
    error.caused_by(cause)
}
