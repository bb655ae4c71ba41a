//! When a load is begun anew: how often, after which pause, and what is done otherwise then.

use std::collections::HashSet;
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::warehouse::Warehouse;

/// How often a load that another transaction hinders is begun anew.
pub const MOST_CONFLICTS: u32 = 5;

/// Whether the same transaction may work a little later. What a lost connection leaves open, the server undoes.
#[must_use]
pub fn is_worth_another(error: &Error, warehouse: &dyn Warehouse) -> bool {
    match error.kind() {
        Kind::WarehouseConflict | Kind::SourceDamaged => true,
        Kind::WarehouseUnreachable => warehouse.reconnects(),
        _ => false,
    }
}

/// Less than half a second, then twice as long each time; in part by chance, so that two that hinder each other do not come
/// back together.
#[must_use]
pub fn pause_after(conflicts: u32) -> Duration {
    let full = Duration::from_millis(200 << conflicts.min(6));
    let chance = crate::clock::new_id().as_bytes()[15];
    full / 2 + full.mul_f64(f64::from(chance) / 512.0)
}

/// Files that the warehouse was to read itself and that are read here instead.
#[derive(Debug, Default)]
pub struct ReadHere {
    all: bool,
    urls: HashSet<String>,
    /// How often files were added.
    rounds: u32,
}

/// How often the warehouse may hand files back before all of them are read here. It may know of some bad files only when
/// others are out of its way, and each time it has read all of them.
const MOST_ROUNDS: u32 = 3;

impl ReadHere {
    /// Adds files; none means all.
    pub fn add(&mut self, urls: Vec<String>) {
        self.rounds += 1;
        self.all |= urls.is_empty() || self.rounds >= MOST_ROUNDS;
        self.urls.extend(urls);
    }

    /// Whether this file is read here.
    #[must_use]
    pub fn has(&self, url: &str) -> bool {
        self.all || self.urls.contains(url)
    }
}
