//! Decodes the log lines that eventsim writes, and song records of the Million Song Dataset, into typed columns.
//!
//! Pure: bytes come in, columns go out, and nothing is read or written. It never panics on input. A bad line is a
//! [`Reject`] with its place and its [`Reason`], not an error.
//!
//! ```
//! use sparkify_decode::{EventChunk, LogDecoder};
//!
//! let lines = br#"{"ts":1541105830796,"userId":"39","sessionId":38,"itemInSession":0,"page":"NextSong","auth":"Logged In","level":"free","artist":"Des'ree","song":"You Gotta Be","length":246.30812}
//! {"ts":"yesterday","sessionId":38,"itemInSession":1,"page":"Home","auth":"Logged In","level":"free"}
//! "#;
//!
//! let mut events = EventChunk::default();
//! LogDecoder::default().decode(lines, 0, &mut events);
//!
//! assert_eq!(events.len(), 1);
//! assert_eq!(events.user_id, [39]);
//! assert_eq!(events.ts, [1_541_105_830_796]);
//! assert_eq!(events.song[0].of(&events.text), b"You Gotta Be");
//!
//! assert_eq!(events.rejects[0].line, 1);
//! println!("line 2: {}", events.rejects[0].reason);
//! ```
//!
//! [`LogDecoder`] takes whole lines, so a large file can be cut at line ends and decoded on many threads, each with a
//! decoder and a chunk of its own. [`decode_songs`] takes a file of songs piece by piece. [`record`] declares the fields.
//!
//! # How it works
//!
//! ```text
//! block of bytes ─ lines ─▶ token.rs: where each value stands ─▶ text.rs, number.rs: what it is ─▶ chunk.rs: columns
//!        └─ lines like those before ─▶ fast_path.rs: both at once ────────────────────────────────────┤
//!                                                                                               └▶ reject.rs: why not
//! ```

#![forbid(unsafe_code)]

mod chunk;
mod dictionary;
mod fast_path;
mod fields;
mod fingerprint;
mod log;
mod number;
pub mod record;
mod reject;
mod song;
mod span;
mod text;
mod token;

pub use chunk::{EventChunk, FieldColumn};
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
