//! Which error a failed request becomes: what was asked for, why it failed, and what to do.

use std::fmt;

use super::SourceFile;
use super::failure::Failure;
use super::integrity::{Algorithm, Mismatch};
use super::refusal::Refusal;
use super::s3::Bucket;
use crate::error::{Error, Kind};

/// A connection problem, as text.
#[derive(Debug)]
struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

impl Failure {
    /// The error of a request about the whole bucket.
    pub(super) async fn on_bucket(self, bucket: &Bucket) -> Error {
        let name = &bucket.name;
        match self {
            Self::Refused(refusal) if refusal.target.is_some() && !names_other_region(&refusal, bucket) => {
                redirected(name, refusal)
            }
            Self::Refused(refusal) if refusal.is_about_region() => wrong_region(bucket, refusal).await,
            Self::Refused(refusal) if refusal.is_about_credentials() => bad_credentials(name, refusal),
            Self::Refused(refusal) if refusal.status == 404 || refusal.code == "NoSuchBucket" => {
                Error::new(Kind::SourceMissing, format!("the bucket `{name}` does not exist")).caused_by(refusal)
            }
            Self::Refused(refusal) if refusal.status == 403 => {
                Error::new(Kind::SourceDenied, format!("no access to the bucket `{name}`")).caused_by(refusal)
            }
            Self::Refused(refusal) if refusal.code == "InvalidBucketName" => {
                Error::new(Kind::Settings, format!("`{name}` is not a valid bucket name")).caused_by(refusal)
            }
            Self::Credentials(none) => none.into_error(format!("no usable AWS credentials for the bucket `{name}`")),
            Self::Refused(refusal) => unavailable(&format!("the bucket `{name}`"), refusal),
            Self::Key(text) => {
                let message = format!("the bucket `{name}` holds a key with an empty, `.` or `..` part, which cannot be loaded");
                Error::new(Kind::SourceFile, message)
                    .caused_by(Trouble(text))
                    .with_hint("rename or remove that object, or name a narrower prefix")
            }
            Self::Connection(text) => unavailable(&format!("the bucket `{name}`"), Trouble(text)),
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
            Self::Refused(refusal) if matches!(refusal.status, 412 | 416) => changed(file).caused_by(refusal),
            Self::Refused(refusal) if refusal.status == 404 && refusal.code != "NoSuchBucket" => gone(file).caused_by(refusal),
            Self::Refused(refusal) if refusal.code == "InvalidObjectState" => Error::new(
                Kind::SourceFile,
                format!("{url} is archived"),
            )
            .caused_by(refusal)
            .with_hint(
                "restore it from its Glacier class first, or pass --skip-bad-files to load the others and leave it for next time",
            ),
            Self::Refused(refusal) if refusal.status == 403 && !refusal.is_about_credentials() => {
                Error::new(Kind::SourceDenied, format!("no access to {url}")).caused_by(refusal)
            }
            Self::Refused(refusal) if refusal.is_transient() => unavailable(url, refusal),
            Self::Connection(text) => unavailable(url, Trouble(text)),
            other => other.on_bucket(bucket).await,
        }
    }

    /// The error of writing one object.
    pub(super) async fn on_upload(self, bucket: &Bucket, url: &str) -> Error {
        match self {
            Self::Refused(refusal) if refusal.status == 403 && !refusal.is_about_credentials() => {
                Error::new(Kind::SourceDenied, format!("no right to write {url}"))
                    .caused_by(refusal)
                    .with_hint("the credentials in use need s3:PutObject on the bucket's objects")
            }
            Self::Refused(refusal) if refusal.is_transient() => {
                Error::new(Kind::SourceUnavailable, format!("cannot write {url}")).caused_by(refusal)
            }
            Self::Connection(text) => Error::new(Kind::SourceUnavailable, format!("cannot write {url}")).caused_by(Trouble(text)),
            other => other.on_bucket(bucket).await,
        }
    }
}

/// The file is not what it was.
pub(super) fn changed(file: &SourceFile) -> Error {
    Error::new(Kind::SourceFile, format!("{} changed between listing and reading", file.display_name()))
        .with_hint("run it again, or pass --skip-bad-files to load the others and leave it for next time")
}

/// What arrived of the file is not what the store keeps, every time.
fn damaged(file: &SourceFile, mismatch: Mismatch) -> Error {
    let hint = if mismatch.algorithm == Algorithm::Md5 {
        "look for a proxy that changes what it carries; if the store's ETags are not MD5 sums, set s3.etag_md5 = false; or pass \
         --skip-bad-files to load the others"
    } else {
        "look for a proxy that changes what it carries, or upload the object anew; or pass --skip-bad-files to load the others"
    };
    Error::new(Kind::SourceFile, format!("{} arrives damaged", file.display_name())).caused_by(mismatch).with_hint(hint)
}

/// What arrived of the file, and was passed on already, is not what the store keeps.
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

fn bad_credentials(bucket: &str, refusal: Box<Refusal>) -> Error {
    let (what, hint) = match refusal.code.as_str() {
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
    let error =
        Error::new(Kind::SourceCredentials, format!("cannot sign in to the bucket `{bucket}`: {what}")).caused_by(refusal);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn names_other_region(refusal: &Refusal, bucket: &Bucket) -> bool {
    refusal.region.as_ref().is_some_and(|region| *region != bucket.store().region)
}

/// A redirect leads where the answering server wants it to, and would take the signed request along.
fn redirected(bucket: &str, refusal: Box<Refusal>) -> Error {
    let target = refusal.target.clone().unwrap_or_default();
    let message = format!("the store sends requests for the bucket `{bucket}` on to {target}, which was not followed");
    Error::new(Kind::SourceUnavailable, message)
        .caused_by(refusal)
        .with_hint("if the store has moved, set s3.endpoint to its new address; else look for a proxy that answers in its place")
}

async fn wrong_region(bucket: &Bucket, refusal: Box<Refusal>) -> Error {
    let (name, asked) = (&bucket.name, &bucket.store().region);
    let actual = match &refusal.region {
        Some(region) => Some(region.clone()),
        None => bucket.actual_region().await,
    };
    let error = match actual.filter(|actual| actual != asked) {
        Some(actual) => Error::new(Kind::SourceRegion, format!("the bucket `{name}` is in the region {actual}, not {asked}"))
            .with_hint(format!("pass --s3-region {actual}, or set AWS_REGION or s3.region")),
        None => Error::new(Kind::SourceRegion, format!("the bucket `{name}` is not in the region {asked}")),
    };
    error.caused_by(refusal)
}
