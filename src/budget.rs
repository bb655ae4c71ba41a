//! How the `memory` setting is divided: the one place where its parts are worked out.
//!
//! ```text
//! memory ─┬─ engine: 3/8, what DuckDB may use of this process; 1/2 where nothing is loaded
//!         ├─ downloads: 1/16, objects that are ahead of the decoder
//!         ├─ events: 7/16 of what lies beyond the base, but not too little: two batches of decoded events
//!         │   ├─ songs: 1/4 of that, while the first batch is decoded
//!         │   ├─ quarantined: 1/16 of that, refused records on their way into the quarantine
//!         │   └─ replayed: 1/4 of that, quarantined lines that are tried again
//!         └─ the rest: code, buffers, threads and the allocator
//! ```

/// Bytes of memory that a large load takes whatever its settings, with what the engine does not count as its own.
const BASE: u64 = 256 << 20;

/// The least bytes for decoded events. Smaller batches cost more time than they save memory.
const LEAST_EVENTS: u64 = 35 << 20;

/// The least and the most bytes of a part of the quarantine: an engine may take as long for a small part as for a large one.
const PART: [u64; 2] = [1 << 20, 64 << 20];

/// The parts of some memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    memory: u64,
    events: u64,
}

impl Budget {
    /// The parts of so many bytes.
    #[must_use]
    pub fn of(memory: u64) -> Self {
        Self { memory, events: (memory.saturating_sub(BASE) / 16 * 7).max(LEAST_EVENTS) }
    }

    /// The same with so many bytes for decoded events, which may be fewer than the settings allow.
    #[must_use]
    pub const fn with_events(self, events: u64) -> Self {
        Self { events, ..self }
    }

    /// What the engine may use of this process in a load.
    #[must_use]
    pub const fn engine(self) -> u64 {
        self.memory * 3 / 8
    }

    /// What it may use where nothing is loaded: a reader decodes no batches, and its rows go through as they come.
    #[must_use]
    pub const fn engine_of_reader(self) -> u64 {
        self.memory / 2
    }

    /// Decoded events: the batch that is written and the one that is decoded meanwhile.
    #[must_use]
    pub const fn events(self) -> u64 {
        self.events
    }

    /// Decoded songs. Beside them there may be a batch of events, which is decoded meanwhile.
    #[must_use]
    pub const fn songs(self) -> u64 {
        self.events / 4
    }

    /// Objects that are downloaded ahead of the decoder.
    #[must_use]
    pub const fn downloads(self) -> usize {
        (self.memory / 16) as usize
    }

    /// Refused records on their way into the quarantine.
    #[must_use]
    pub fn quarantined(self) -> usize {
        let [least, most] = PART;
        (self.events / 16).clamp(least, most) as usize
    }

    /// Quarantined lines that are tried again at once.
    #[must_use]
    pub fn replayed(self) -> u64 {
        let [least, most] = PART;
        (self.events / 4).clamp(least, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_memory_at_most() {
        for mib in [256, 384, 512, 1024, 4096, 65_536] {
            let budget = Budget::of(mib << 20);
            // Songs and events share the part of two batches.
            let parts = budget.engine() + budget.events() + budget.downloads() as u64 + budget.quarantined() as u64;
            assert!(parts <= mib << 20, "{mib} MiB: {parts}");
            assert!(budget.songs() + budget.events() / 2 <= budget.events() && budget.engine_of_reader() < mib << 20);
        }
    }

    #[test]
    fn the_least_memory_has_room_for_each_part() {
        let budget = Budget::of(256 << 20);
        assert_eq!((budget.events(), budget.quarantined(), budget.replayed()), (35 << 20, 35 << 16, 35 << 18));
    }
}
