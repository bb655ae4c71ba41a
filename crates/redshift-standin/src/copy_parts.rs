//! What a COPY is made of: its surroundings, the columns that it fills and the files that it reads.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use super::Shared;
use super::coerce::Kind;
use super::fault::Fault;
use super::objects::Refused;

/// What the surroundings of a COPY are.
pub struct Situation<'a> {
    pub shared: &'a Arc<Shared>,
    pub user: &'a str,
    pub database: &'a str,
    pub query: u64,
    pub cancel: &'a Notify,
    /// Faults of this statement.
    pub faults: &'a [Fault],
}

/// A column to fill.
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
}

/// One file of a COPY.
#[derive(Debug, Clone)]
pub struct Entry {
    pub bucket: String,
    pub key: String,
}

impl Entry {
    /// `s3://bucket/key`
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// A file and what it holds.
pub type Fetched = (Entry, Result<Bytes, Refused>);
