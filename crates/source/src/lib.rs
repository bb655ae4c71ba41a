//! Where bytes come from: finding the JSON files under a folder or an `s3://` prefix, and reading them.
//!
//! [`Sources`] holds what several listings and downloads share (settings, credentials, connections, the stop flag).
//! [`Sources::list`] finds files, [`Fetcher`] reads them: it downloads ahead within a memory limit, decompresses while
//! streaming, retries failures that may pass, and checks that what was read is what was listed.
//!
//! [`Upload`] is the way back: it writes objects, whole or not at all.
//!
//! Everything here blocks and belongs on plain threads. A run that touches only the disk starts no runtime at all.

mod aws;
mod credentials;
mod diagnosis;
mod download;
mod endpoint;
mod failure;
mod fetch;
pub mod http_client;
mod integrity;
mod list;
mod local;
mod location;
mod node;
mod profile;
mod reader;
mod retry;
mod s3;
mod server_error;
mod shared;
mod signing;
mod stop;
mod upload;

pub use aws::{AwsRequest, code_and_message, redirect_of};
pub use credentials::{Credentials, configured_region};
pub use endpoint::{as_base, domain, endpoint_of_environment, parse_endpoint, parse_region, service_url};
pub use fetch::Fetcher;
pub use location::Location;
pub use node::Node;
pub use reader::{Reader, file_error};
pub use s3::S3Options;
pub use shared::Sources;
pub use signing::{Unsigned, signed};
use sparkify_runtime::{backoff, error};
pub use stop::Stop;
pub use upload::{ObjectWriter, Upload};
pub use why::LINK_OUT;

use std::path::PathBuf;

/// How a file is compressed, which its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// `.json`, `.jsonl`
    None,
    /// `.gz` behind it: one or more gzip members.
    Gzip,
    /// `.zst` behind it: one or more zstd frames.
    Zstd,
}

impl Compression {
    /// What the file name says, or `None` when it is not the name of a JSON file. Case does not matter.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (stem, compression) = if let Some(stem) = strip_ending(name, ".gz") {
            (stem, Self::Gzip)
        } else if let Some(stem) = strip_ending(name, ".zst") {
            (stem, Self::Zstd)
        } else {
            (name, Self::None)
        };
        (strip_ending(stem, ".json").is_some() || strip_ending(stem, ".jsonl").is_some()).then_some(compression)
    }

    /// The compression's name in messages, or empty.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

fn strip_ending<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(ending.len())?;
    // At a position inside a multi-byte character `get` returns `None`, which is right for an ASCII ending.
    name.get(at..)?.eq_ignore_ascii_case(ending).then(|| &name[..at])
}

/// One file as it stood when it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// `file:///absolute/path` (percent-encoded) or `s3://bucket/key` (the key as it is).
    pub url: String,
    /// Size in bytes as stored, so compressed.
    pub size: u64,
    /// Changes whenever the content does: the etag without its quotes, or `<modified, ns since 1970>-<size>` on disk.
    pub version: String,
    /// Last modification in microseconds since 1970, UTC.
    pub modified_us: i64,
    /// How it is compressed.
    pub compression: Compression,
}

impl SourceFile {
    /// The name in messages: the plain absolute path of a file on disk, the URL of an object.
    #[must_use]
    pub fn display_name(&self) -> String {
        display_name(&self.url)
    }

    /// The path of a file on disk, `None` for an object.
    #[must_use]
    pub fn local_path(&self) -> Option<PathBuf> {
        location::url_to_path(&self.url)
    }

    /// How many bytes it has at most when decompressed, `None` if its size does not bound that.
    #[must_use]
    pub fn most_unpacked(&self) -> Option<u64> {
        /// What a byte of deflate can stand for at most: 258 bytes for two bits.
        const MOST_OF_DEFLATE: u64 = 1032;
        match self.compression {
            Compression::None => Some(self.size),
            Compression::Gzip => Some(self.size.saturating_mul(MOST_OF_DEFLATE)),
            Compression::Zstd => None,
        }
    }

    /// Bucket and key of an object, `None` for a file on disk.
    #[must_use]
    pub fn bucket_and_key(&self) -> Option<(&str, &str)> {
        self.url.strip_prefix("s3://")?.split_once('/')
    }
}

/// The name of a file in messages, by its URL.
#[must_use]
pub fn display_name(url: &str) -> String {
    location::url_to_path(url).map_or_else(|| url.to_owned(), |path| path.display().to_string())
}

/// What a location holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The JSON files, sorted by URL, none twice.
    pub files: Vec<SourceFile>,
    /// What else lies there: URL and why it is not loaded. Sorted by URL.
    pub skipped: Vec<(String, &'static str)>,
}

/// Why something under a location is not loaded.
mod why {
    pub(super) const EMPTY: &str = "empty";
    pub(super) const HIDDEN: &str = "hidden";
    pub(super) const NOT_JSON: &str = "not named .json or .jsonl";
    pub(super) const MARKER: &str = "folder marker";
    pub(super) const NOT_A_FILE: &str = "not a regular file";
    /// A user with write access to a folder of logs must not have a load read what lies elsewhere.
    pub const LINK_OUT: &str = "link that leads out of the folder; --follow-links would follow it";
    pub(super) const DANGLING: &str = "link to nowhere";
    pub(super) const TWICE: &str = "link to something listed anyway";
    pub(super) const VANISHED: &str = "vanished while listing";
}
