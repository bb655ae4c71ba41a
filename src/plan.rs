//! What there is to load: what the sources list, less what the ledger has.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::error::Result;
use crate::source::{Listing, Location, SourceFile, Sources};
use crate::warehouse::{KnownFile, RefreshScope};

/// What is to be loaded.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Log files that are new or changed.
    pub logs: Vec<Arc<SourceFile>>,
    /// Song files that are new or changed.
    pub songs: Vec<Arc<SourceFile>>,
    /// Those of them that were loaded before in another version: much of what they hold is known.
    pub changed: HashSet<String>,
    /// How many files the sources have.
    pub listed: u64,
    /// The kinds of input that were listed, and that a full refresh reads anew. A listing is never empty.
    pub scope: RefreshScope,
    /// What lies among them but is not a JSON file.
    pub passed_over: Vec<(String, &'static str)>,
}

impl Plan {
    /// What of the listings the ledger does not know in this version; all of it for a full refresh.
    #[must_use]
    pub fn new(logs: Listing, songs: Listing, known: &[KnownFile], full_refresh: bool) -> Self {
        let listed = (logs.files.len() + songs.files.len()) as u64;
        let passed_over = logs.skipped.into_iter().chain(songs.skipped).collect();
        let scope = RefreshScope { logs: !logs.files.is_empty(), songs: !songs.files.is_empty() };
        let shared = |files: Vec<SourceFile>| files.into_iter().map(Arc::new).collect();
        let (logs, songs) = (shared(logs.files), shared(songs.files));
        let mut plan = Self { logs, songs, changed: HashSet::new(), listed, scope, passed_over };
        if !full_refresh {
            plan.leave_out(known);
        }
        plan
    }

    /// Leaves out what the ledger has by now.
    pub fn leave_out(&mut self, known: &[KnownFile]) {
        let known: HashMap<&str, &str> = known.iter().map(|k| (k.url.as_str(), k.version.as_str())).collect();
        let is_new = |file: &Arc<SourceFile>| known.get(file.url.as_str()) != Some(&file.version.as_str());
        self.logs.retain(is_new);
        self.songs.retain(is_new);
        self.changed =
            self.logs.iter().filter(|file| known.contains_key(file.url.as_str())).map(|file| file.url.clone()).collect();
    }

    /// How many files are to be loaded.
    #[must_use]
    pub fn files(&self) -> u64 {
        (self.logs.len() + self.songs.len()) as u64
    }

    /// How many bytes they have, as stored.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.logs.iter().chain(&self.songs).map(|f| f.size).sum()
    }
}

/// Lists the sources. Of the two, those that are set.
///
/// # Errors
/// [`Kind::SourceMissing`] and its kin.
pub fn list(sources: &Sources, logs: Option<&Location>, songs: Option<&Location>) -> Result<(Listing, Listing)> {
    let list = |location: Option<&Location>| location.map_or_else(|| Ok(Listing::default()), |l| sources.list(l));
    Ok((list(logs)?, list(songs)?))
}
