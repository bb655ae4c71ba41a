//! Bytes to typed columns. Pure: no files, no SQL; never panics on input; a bad line is a value, not an error.
//!
//! ```text
//! block of bytes ─ lines ─▶ token.rs: where each value stands ─▶ text.rs, number.rs: what it is ─▶ chunk.rs: columns
//!        └─ lines like those before ─▶ quick.rs: both at once ────────────────────────────────────┤
//!                                                                                               └▶ reject.rs: why not
//! ```

mod chunk;
mod dictionary;
mod fields;
mod fingerprint;
mod log;
mod number;
mod quick;
mod reject;
mod song;
mod span;
mod text;
mod token;

pub use chunk::EventChunk;
pub use dictionary::Dictionary;
pub use fingerprint::song_key as song_key_hash;
pub use log::LogDecoder;
pub use reject::{MAX_LINE_BYTES, RAW_CAP, Reason, Reject};
pub use song::{Song, SongChunk, decode_songs};
pub use span::Span;
pub use text::repair;

/// Keys that no field has, with how often each occurred: schema drift, reported and never fatal.
pub type UnknownKeys = std::collections::BTreeMap<String, u64>;

/// How many different unknown keys are distinguished; the rest is counted under [`OTHER_KEYS`], so that hostile input
/// cannot grow the count without bound.
const MAX_UNKNOWN_KEYS: usize = 256;
/// The name under which further unknown keys are counted.
pub const OTHER_KEYS: &str = "(others)";

/// The most bytes of an unknown key's name that are kept, for the same reason.
const MAX_KEY_BYTES: usize = 128;

/// Counts `times` more occurrences of an unknown key. A very long one is counted under its beginning.
pub fn count_unknown_key(counts: &mut UnknownKeys, key: &str, times: u64) {
    if key.len() > MAX_KEY_BYTES + '…'.len_utf8() {
        let beginning = &key[..key.floor_char_boundary(MAX_KEY_BYTES)];
        return count_unknown_key(counts, &format!("{beginning}…"), times);
    }
    if let Some(count) = counts.get_mut(key) {
        *count += times;
    } else {
        let key = if counts.len() < MAX_UNKNOWN_KEYS { key } else { OTHER_KEYS };
        *counts.entry(key.to_owned()).or_default() += times;
    }
}

/// Where and why a text is not JSON.
#[derive(Debug, Clone, Copy)]
struct Malformed {
    /// Offset in the scanned bytes.
    at: usize,
    what: &'static str,
}
