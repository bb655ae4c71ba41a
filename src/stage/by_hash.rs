//! What was added to a list, found by a hash that several may share.

use std::collections::HashMap;

/// The places of a list by the hash of what stands there.
#[derive(Debug, Default)]
pub(super) struct ByHash {
    /// The last place with a hash.
    last: HashMap<u64, u32, rapidhash::fast::RandomState>,
    /// For each place, the one before it with the same hash.
    before: Vec<Option<u32>>,
}

impl ByHash {
    /// Notes the hash of what is added to the list next.
    pub fn push(&mut self, hash: u64) {
        self.before.push(self.last.insert(hash, self.before.len() as u32));
    }

    /// The places with a hash, the last first.
    pub fn places(&self, hash: u64) -> impl Iterator<Item = u32> {
        std::iter::successors(self.last.get(&hash).copied(), |&place| self.before[place as usize])
    }
}
