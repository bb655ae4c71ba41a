//! Distinct values of a column that has few of them, each held once.

use std::collections::HashMap;

use super::span::Span;
use super::token::{Token, TokenKind};
use super::{fingerprint, text};
use crate::record::LABEL_FIELDS;

/// Slots of the cache in front of the map. A power of two.
const CACHE: usize = 1024;
/// As many for values of up to 15 bytes, whose comparison is one step.
const SHORT_CACHE: usize = 128;

/// The distinct values of one column of a chunk; a row holds a code. Code 0 is null.
pub struct Dictionary {
    /// Where each code's text stands in the chunk's text.
    pub values: Vec<Span>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self { values: vec![Span::NULL] }
    }
}

impl Dictionary {
    /// The code of null.
    pub const NULL: u32 = 0;
}

/// What finds the codes of a dictionary's values while its chunk is decoded. Much larger than the dictionary of most
/// chunks, so the decoder holds it, and uses it for one chunk after the other.
pub(super) struct DictionaryLookup {
    hashes: Vec<u64>,
    /// Where the spelling of each code's value in the JSON text was copied to.
    spellings: Vec<Span>,
    /// Short spellings and their codes by a cheap hash; whatever was seen last in a slot. Checked before the map.
    short: [(u128, u32); SHORT_CACHE],
    /// Codes of the others, likewise.
    cache: [u32; CACHE],
    map: HashMap<Box<[u8]>, u32, rapidhash::fast::RandomState>,
}

impl Default for DictionaryLookup {
    fn default() -> Self {
        Self {
            hashes: vec![fingerprint::text(None)],
            spellings: vec![Span::NULL],
            short: [(0, Dictionary::NULL); SHORT_CACHE],
            cache: [Dictionary::NULL; CACHE],
            map: HashMap::default(),
        }
    }
}

impl DictionaryLookup {
    /// The code of the value that the text `token` spells in `bytes`. `finish` has the last word on a new value's text.
    #[inline(always)]
    pub(super) fn code(
        &mut self,
        bytes: &[u8],
        token: Token,
        dictionary: &mut Dictionary,
        store: &mut Vec<u8>,
        finish: fn(&[u8]) -> &[u8],
    ) -> u32 {
        let raw = token.of(bytes);
        let escaped = token.kind == TokenKind::Escaped;
        if raw.len() < 16 {
            let spelling = short(raw, bytes.get(token.start()..token.start() + 16));
            let slot = ((spelling ^ (spelling >> 64)) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57;
            let slot = slot as usize % SHORT_CACHE;
            let (known, code) = self.short[slot];
            if known == spelling && code != Dictionary::NULL {
                return code;
            }
            let code = self.look_up(raw, escaped, dictionary, store, finish);
            self.short[slot] = (spelling, code);
            return code;
        }
        let slot = slot(raw);
        let cached = self.cache[slot];
        if cached != Dictionary::NULL && self.spellings[cached as usize].of(store) == raw {
            return cached;
        }
        let code = self.look_up(raw, escaped, dictionary, store, finish);
        self.cache[slot] = code;
        code
    }

    #[cold]
    #[inline(never)]
    fn look_up(
        &mut self,
        raw: &[u8],
        escaped: bool,
        dictionary: &mut Dictionary,
        store: &mut Vec<u8>,
        finish: fn(&[u8]) -> &[u8],
    ) -> u32 {
        match self.map.get(raw) {
            Some(&code) => code,
            None => self.add(raw, escaped, dictionary, store, finish),
        }
    }

    fn add(
        &mut self,
        raw: &[u8],
        escaped: bool,
        dictionary: &mut Dictionary,
        store: &mut Vec<u8>,
        finish: fn(&[u8]) -> &[u8],
    ) -> u32 {
        let spelling = Span::append(store, |store| store.extend_from_slice(raw));
        let mut value = Vec::new();
        if escaped {
            text::unescape(raw, &mut value);
        } else {
            value.extend_from_slice(raw);
        }
        let value = finish(&value);
        let code = dictionary.values.len() as u32;
        self.hashes.push(fingerprint::text(Some(value)));
        let span = if value == raw { spelling } else { Span::append(store, |store| store.extend_from_slice(value)) };
        dictionary.values.push(span);
        self.spellings.push(spelling);
        self.map.insert(raw.into(), code);
        code
    }

    /// The hash of a code's value.
    #[inline]
    pub(super) fn hash(&self, code: u32) -> u64 {
        self.hashes[code as usize]
    }

    /// Forgets the values, for another chunk's dictionary.
    fn clear(&mut self) {
        self.hashes.truncate(1);
        self.spellings.truncate(1);
        self.short.fill((0, Dictionary::NULL));
        self.cache.fill(Dictionary::NULL);
        // What a chunk of many different values needed is not kept for the next.
        if self.map.len() > CACHE {
            self.map = HashMap::default();
            self.hashes.shrink_to_fit();
            self.spellings.shrink_to_fit();
        } else {
            self.map.clear();
        }
    }
}

/// What finds the codes of all of a chunk's dictionaries.
#[derive(Default)]
pub(super) struct Lookups(pub [DictionaryLookup; LABEL_FIELDS.len()]);

impl Lookups {
    /// Forgets all values.
    pub fn clear(&mut self) {
        self.0.iter_mut().for_each(DictionaryLookup::clear);
    }
}

/// Masks for the first so many of sixteen bytes.
const FIRST: [u128; 16] = {
    let mut masks = [0; 16];
    let mut i = 1;
    while i < 16 {
        masks[i] = masks[i - 1] << 8 | 0xFF;
        i += 1;
    }
    masks
};

/// A spelling of up to 15 bytes as one number, its length in the last byte. `sixteen` are the bytes from its first on,
/// where there are as many: taken at once, they need no copy of unknown length.
#[inline(always)]
fn short(raw: &[u8], sixteen: Option<&[u8]>) -> u128 {
    let length = (raw.len() as u128) << 120;
    if let Some(sixteen) = sixteen.and_then(|b| b.try_into().ok()) {
        return u128::from_le_bytes(sixteen) & FIRST[raw.len() % 16] | length;
    }
    let mut bytes = [0; 16];
    bytes[..raw.len()].copy_from_slice(raw);
    u128::from_le_bytes(bytes) | length
}

/// A cheap hash of a spelling of at least 16 bytes: its length and eight bytes each of beginning, middle and end. It
/// only has to spread a column's usual values; the middle sets user agents apart.
#[inline]
fn slot(raw: &[u8]) -> usize {
    let word = |at: usize| raw.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
    let mixed = word(0) ^ word(raw.len() - 8).rotate_left(21) ^ word(raw.len() / 2).rotate_left(42) ^ raw.len() as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize % CACHE
}
