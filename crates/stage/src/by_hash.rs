//! What stands in a store, found by a hash that several may share.

use std::hash::{BuildHasher, RandomState};

/// The bits of a slot that are a place; the others are of the hash, so that what is found is nearly always what is sought.
const PLACE_BITS: u32 = 40;
const PLACE: u64 = (1 << PLACE_BITS) - 1;
/// The fewest slots, a power of two.
const FEWEST: usize = 64;

/// Places of a store by the hash of what stands there, in eight bytes a slot, of which three eighths to three quarters are taken.
#[derive(Debug)]
pub(super) struct ByHash {
    /// A place plus one and a part of its hash, or 0.
    slots: Vec<u64>,
    taken: usize,
    /// Nobody can tell beforehand which hashes come to the same slots.
    seed: u64,
}

impl Default for ByHash {
    fn default() -> Self {
        Self { slots: Vec::new(), taken: 0, seed: RandomState::new().hash_one(0) }
    }
}

impl ByHash {
    /// Adds a place below 2^40 with its hash. `hash_of` tells the hash of a place that was added before.
    pub fn add(&mut self, hash: u64, place: u64, hash_of: impl Fn(u64) -> u64) {
        if (self.taken + 1) * 4 > self.slots.len() * 3 {
            let larger = vec![0; (self.slots.len() * 2).max(FEWEST)];
            let smaller = std::mem::replace(&mut self.slots, larger);
            for slot in smaller.into_iter().filter(|&slot| slot != 0) {
                let place = (slot & PLACE) - 1;
                self.put(hash_of(place), place);
            }
        }
        self.put(hash, place);
        self.taken += 1;
    }

    /// Bytes that it takes.
    pub fn memory(&self) -> usize {
        self.slots.len() * size_of::<u64>()
    }

    fn put(&mut self, hash: u64, place: u64) {
        let (mut slot, tag) = self.first_slot(hash);
        while self.slots[slot] != 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = tag | (place + 1);
    }

    /// Where the search for a hash begins, and what the slots of its places have above the place.
    #[inline]
    fn first_slot(&self, hash: u64) -> (usize, u64) {
        let product = u128::from(hash ^ self.seed) * 0xD6E8_FEB8_6659_FD93_u128;
        let mixed = (product >> 64) as u64 ^ product as u64;
        (mixed as usize & (self.slots.len() - 1), mixed & !PLACE)
    }

    /// The places that have this hash, and now and then another one.
    #[inline]
    pub fn places(&self, hash: u64) -> impl Iterator<Item = u64> + '_ {
        let (mut slot, tag) = if self.slots.is_empty() { (0, 0) } else { self.first_slot(hash) };
        std::iter::from_fn(move || {
            loop {
                let found = *self.slots.get(slot)?;
                if found == 0 {
                    return None;
                }
                slot = (slot + 1) & (self.slots.len() - 1);
                if found & !PLACE == tag {
                    return Some((found & PLACE) - 1);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_their_hash() {
        let mut by_hash = ByHash::default();
        assert_eq!(by_hash.places(7).next(), None);
        // Every third place shares its hash with another.
        let hash_of = |place: u64| (place - u64::from(place % 3 == 2)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for place in 0..10_000 {
            by_hash.add(hash_of(place), place, hash_of);
        }
        for place in 0..10_000 {
            let mut found: Vec<u64> = by_hash.places(hash_of(place)).filter(|&p| hash_of(p) == hash_of(place)).collect();
            found.sort_unstable();
            let wanted: Vec<u64> = (place.saturating_sub(1)..place + 2).filter(|&p| hash_of(p) == hash_of(place)).collect();
            assert_eq!(found, wanted, "{place}");
        }
        assert_eq!(by_hash.places(12_345).next(), None);
        assert!(by_hash.memory() <= 10_000 * 22, "{} bytes", by_hash.memory());
    }
}
