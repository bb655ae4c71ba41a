//! When a load begins anew: how often, after which pause, and which files sparkify then reads itself.

use std::collections::HashSet;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::error::{Error, Kind};
use crate::warehouse::Warehouse;

/// How often a load that another transaction hinders begins anew.
pub const MOST_CONFLICTS: u32 = 5;

/// Whether the same transaction may work a little later. What a lost connection leaves open, the server undoes.
#[must_use]
pub fn is_worth_another(error: &Error, warehouse: &Warehouse) -> bool {
    match error.kind() {
        Kind::WarehouseConflict | Kind::SourceDamaged => true,
        Kind::WarehouseUnreachable => warehouse.reconnects(),
        _ => false,
    }
}

/// The pauses before new attempts: less than half a second, then twice as long each time. Half of each is left to chance, so
/// that two loads that hinder each other do not come back together.
#[must_use]
pub fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(400), 2.0, Duration::from_millis(12_800)).with_jitter(0.5)
}

/// Files that the warehouse was to read itself and that sparkify reads instead.
#[derive(Debug, Default)]
pub struct ReadHere {
    all: bool,
    urls: HashSet<String>,
    /// How often files were added.
    rounds: u32,
}

/// How often the warehouse may hand files back before sparkify reads all of them. The warehouse may find some bad files only
/// when others are out of its way, and each time it has read all of them.
const MOST_ROUNDS: u32 = 3;

impl ReadHere {
    /// Adds files; an empty list means all.
    pub fn add(&mut self, urls: Vec<String>) {
        self.rounds += 1;
        self.all |= urls.is_empty() || self.rounds >= MOST_ROUNDS;
        self.urls.extend(urls);
    }

    /// Whether sparkify reads this file itself.
    #[must_use]
    pub fn has(&self, url: &str) -> bool {
        self.all || self.urls.contains(url)
    }
}
