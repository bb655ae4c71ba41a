//! JSON's grammar as `serde_json` knows it, for comparison.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

/// From this nesting on the decoder refuses what the grammar allows.
const DEEP: usize = 127;

/// What `serde_json` says to a text.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// It is one JSON value.
    Json(Value),
    /// It is not.
    NotJson,
    /// It cannot be compared: nested deep, or with a number that `serde_json` cannot hold.
    Unknown,
}

/// Whether `text` is one JSON value; with `prefix`, whether it begins with one.
///
/// Neither of `serde_json`'s two ways to read is enough: skipping checks no surrogates, and reading a value refuses
/// numbers that no `f64` can hold.
pub fn verdict(text: &[u8], prefix: bool) -> Verdict {
    // An upper bound: brackets inside strings count too.
    let mut depth = 0usize;
    for &byte in text {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth >= DEEP {
            return Verdict::Unknown;
        }
    }
    if read::<IgnoredAny>(text, prefix).is_err() {
        return Verdict::NotJson;
    }
    match read::<Value>(text, prefix) {
        Ok(value) => Verdict::Json(value),
        Err(e) if e.to_string().starts_with("number out of range") => Verdict::Unknown,
        Err(_) => Verdict::NotJson,
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8], prefix: bool) -> serde_json::Result<T> {
    let mut reader = Deserializer::from_slice(text);
    let value = T::deserialize(&mut reader)?;
    if !prefix {
        reader.end()?;
    }
    Ok(value)
}
