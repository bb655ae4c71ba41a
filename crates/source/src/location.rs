//! A place to load from, as the user names it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use url::Url;

use super::endpoint::is_bucket_name;
use crate::error::{Error, Kind, Result};

/// A folder or file on disk, or an `s3://bucket/prefix`. A prefix is a folder: `log_data` is not `log_data_old`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    text: String,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// As given: relative paths are resolved when listing.
    Disk(PathBuf),
    /// `key` has no slash at its end; `folder` says whether one was given, so that it cannot be a single object.
    S3 { bucket: String, key: String, folder: bool },
}

impl Location {
    /// Reads a path, a `file://` URL or an `s3://bucket/prefix`. Nothing is looked up yet.
    ///
    /// # Errors
    /// [`Kind::Settings`] for other schemes and malformed URLs.
    pub fn parse(text: &str) -> Result<Self> {
        let place = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("s3") => parse_s3(text, rest)?,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => {
                let path = url_to_path(text).ok_or_else(|| wrong(format!("`{text}` is not a usable file URL")))?;
                Place::Disk(path)
            }
            Some((scheme, _)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') => {
                return Err(wrong(format!(
                    "`{}` names a store of kind `{scheme}`, which is not supported",
                    without_userinfo(text)
                )));
            }
            _ if text.is_empty() => return Err(wrong("the location to load from is empty".to_owned())),
            _ => Place::Disk(PathBuf::from(text)),
        };
        Ok(Self { text: text.to_owned(), place })
    }

    /// Whether it lies in an object store.
    #[must_use]
    pub fn is_s3(&self) -> bool {
        matches!(self.place, Place::S3 { .. })
    }

    /// The path of a place on disk.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Disk(path) => Some(path.clone()),
            Place::S3 { .. } => None,
        }
    }

    /// The bucket of a place in an object store, and the prefix of all keys below it, which is empty or ends with a slash.
    #[must_use]
    pub fn bucket_and_prefix(&self) -> Option<(&str, String)> {
        match &self.place {
            Place::Disk(_) => None,
            Place::S3 { bucket, key, .. } => Some((bucket, if key.is_empty() { String::new() } else { format!("{key}/") })),
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

fn parse_s3(text: &str, rest: &str) -> Result<Place> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if !is_bucket_name(bucket) {
        let message = format!("`{}` names no valid bucket", without_userinfo(text).escape_debug());
        return Err(Error::new(Kind::Settings, message)
            .with_hint("name it as s3://bucket/prefix, the bucket with letters, digits, hyphens, points and underscores only"));
    }
    let folder = key.is_empty() || key.ends_with('/');
    let key = key.strip_suffix('/').unwrap_or(key);
    if !key.is_empty() && key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(wrong(format!("`{text}` has an empty, `.` or `..` part, which S3 takes literally")));
    }
    Ok(Place::S3 { bucket: bucket.to_owned(), key: key.to_owned(), folder })
}

/// A mistyped URL may carry a password, which must not be echoed.
fn without_userinfo(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => text.to_owned(),
    }
}

fn wrong(message: String) -> Error {
    Error::new(Kind::Settings, message).with_hint("name a path, file:///path or s3://bucket/prefix")
}

/// The path as one spelling: absolute, and without `..`, so that the same file keeps the same URL from run to run.
/// Links are kept as named, except where `..` makes them matter.
pub(super) fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    if path.components().any(|part| part == Component::ParentDir) { path.canonicalize() } else { std::path::absolute(path) }
}

/// The `file://` URL of an absolute path; bytes that are not text are percent-encoded too.
pub(super) fn path_to_url(path: &Path) -> String {
    // It fails for relative paths only; those never get here, and a lossy name is still better than none.
    Url::from_file_path(path).map_or_else(|()| format!("file://{}", path.display()), String::from)
}

/// The path of a `file://` URL.
pub(super) fn url_to_path(url: &str) -> Option<PathBuf> {
    if !url.get(..7)?.eq_ignore_ascii_case("file://") {
        return None;
    }
    Url::parse(url).ok()?.to_file_path().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_folders() {
        let read = |text: &str| {
            let place = Location::parse(text).unwrap();
            place.bucket_and_prefix().map(|(bucket, prefix)| (bucket.to_owned(), prefix))
        };
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(read("s3://lake/log_data"), pair("lake", "log_data/"));
        assert_eq!(read("s3://lake/a/b/"), pair("lake", "a/b/"));
        assert_eq!(read("s3://lake"), pair("lake", ""));
        assert_eq!(read("data/log_data"), None);
    }
}
