//! Distinct values of a column that has few of them, each held once.

use std::collections::HashMap;

use super::chunk::Span;
use super::{fingerprint, text};

/// Slots of the cache in front of the map. A power of two.
const CACHE: usize = 1024;

/// The distinct values of one column of a chunk; a row holds a code. Code 0 is null.
pub struct Dictionary {
    /// Where each code's text stands in the chunk's text.
    pub values: Vec<Span>,
    hashes: Vec<u64>,
    /// Where the spelling of each code's value in the JSON text was copied to.
    spellings: Vec<Span>,
    /// Codes by a cheap hash of the spelling; whatever was seen last in a slot. Checked before the map.
    cache: Box<[u32; CACHE]>,
    map: HashMap<Box<[u8]>, u32, rapidhash::fast::RandomState>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self {
            values: vec![Span::NULL],
            hashes: vec![fingerprint::text(None)],
            spellings: vec![Span::NULL],
            cache: Box::new([0; CACHE]),
            map: HashMap::default(),
        }
    }
}

impl Dictionary {
    /// The code of null.
    pub const NULL: u32 = 0;

    /// The code of the value spelled `raw` in the JSON text, without its quotes. `finish` has the last word on a new
    /// value's text.
    #[inline]
    pub(super) fn code(&mut self, raw: &[u8], escaped: bool, store: &mut Vec<u8>, finish: fn(&[u8]) -> &[u8]) -> u32 {
        let slot = slot(raw);
        let cached = self.cache[slot];
        if cached != Self::NULL && self.spellings[cached as usize].of(store) == raw {
            return cached;
        }
        let code = match self.map.get(raw) {
            Some(&code) => code,
            None => self.add(raw, escaped, store, finish),
        };
        self.cache[slot] = code;
        code
    }

    #[cold]
    fn add(&mut self, raw: &[u8], escaped: bool, store: &mut Vec<u8>, finish: fn(&[u8]) -> &[u8]) -> u32 {
        let spelling = Span::append(store, |store| store.extend_from_slice(raw));
        let mut value = Vec::new();
        if escaped {
            text::unescape(raw, &mut value);
        } else {
            value.extend_from_slice(raw);
        }
        let value = finish(&value);
        let code = self.values.len() as u32;
        self.hashes.push(fingerprint::text(Some(value)));
        self.values.push(if value == raw { spelling } else { Span::append(store, |store| store.extend_from_slice(value)) });
        self.spellings.push(spelling);
        self.map.insert(raw.into(), code);
        code
    }

    /// The hash of a code's value.
    #[inline]
    pub(super) fn hash(&self, code: u32) -> u64 {
        self.hashes[code as usize]
    }
}

/// A cheap hash of a spelling: its length, first and last bytes. It only has to spread a column's usual values.
#[inline]
fn slot(raw: &[u8]) -> usize {
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let (first, last) = if raw.len() >= 8 {
        (word(&raw[..8]), word(&raw[raw.len() - 8..]))
    } else {
        (raw.iter().fold(0, |w, &b| w << 8 | u64::from(b)), 0)
    };
    // The middle sets user agents apart, which share beginning and end.
    let middle = raw.get(raw.len() / 2..raw.len() / 2 + 8).map_or(0, word);
    let mixed = (first ^ last.rotate_left(21) ^ middle.rotate_left(42) ^ raw.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 54) as usize % CACHE
}
