//! Why a record was refused, in words that name the field and the value.

use std::borrow::Cow;
use std::fmt;

/// A line longer than this is refused unread.
pub const MAX_LINE_BYTES: usize = 16 << 20;
/// How much of a refused record is kept.
pub const RAW_CAP: usize = 64 << 10;

/// How much of an offending value a reason quotes, in characters.
const QUOTED: usize = 40;

/// Why a record was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Not JSON; with the column, counted from 1, and what was wrong there.
    Malformed {
        /// 1-based byte column.
        column: usize,
        /// What was wrong.
        what: &'static str,
    },
    /// JSON, but no object.
    NotAnObject,
    /// Not UTF-8; with the column of the first bad byte, counted from 1.
    NotUtf8 {
        /// 1-based byte column.
        column: usize,
    },
    /// Longer than [`MAX_LINE_BYTES`].
    TooLong {
        /// The line's length in bytes.
        bytes: u64,
    },
    /// A required field is absent, null or empty.
    Missing {
        /// The JSON key.
        field: &'static str,
    },
    /// A play without a user.
    PlayWithoutUser,
    /// A value of another type than the field's.
    WrongType {
        /// The JSON key.
        field: &'static str,
        /// The type wanted.
        wanted: &'static str,
        /// The value's beginning.
        value: String,
    },
    /// A number outside the field's bounds.
    OutOfRange {
        /// The JSON key.
        field: &'static str,
        /// The value's beginning.
        value: String,
    },
    /// A text with more bytes than the warehouse's column holds.
    TooWide {
        /// The JSON key.
        field: &'static str,
        /// The text's length in bytes.
        bytes: usize,
        /// The most that the column holds.
        most: usize,
    },
    /// The event's key is taken by an event with another payload.
    Conflict,
}

impl Reason {
    /// The kind of reason without the particular place and value, for counting alike reasons together.
    #[must_use]
    pub fn category(&self) -> Cow<'static, str> {
        match self {
            Self::Malformed { .. } => "malformed JSON".into(),
            Self::NotAnObject => "not a JSON object".into(),
            Self::NotUtf8 { .. } => "invalid UTF-8".into(),
            Self::TooLong { .. } => "line over 16 MiB".into(),
            Self::Missing { field } => format!("{field} is missing").into(),
            Self::PlayWithoutUser => "userId is missing on a play".into(),
            Self::WrongType { field, .. } => format!("{field} has the wrong type").into(),
            Self::OutOfRange { field, .. } => format!("{field} is out of range").into(),
            Self::TooWide { field, most, .. } => format!("{field} is over the {most} bytes that the warehouse holds").into(),
            Self::Conflict => "conflict: same event key, another payload".into(),
        }
    }

    pub(super) fn wrong_type(field: &'static str, wanted: &'static str, value: &[u8]) -> Self {
        Self::WrongType { field, wanted, value: quote(value) }
    }

    pub(super) fn out_of_range(field: &'static str, value: &[u8]) -> Self {
        Self::OutOfRange { field, value: quote(value) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { column, what } => write!(f, "malformed JSON: {what} (column {column})"),
            Self::NotUtf8 { column } => write!(f, "invalid UTF-8 (column {column})"),
            Self::TooLong { bytes } => write!(f, "line over 16 MiB ({bytes} bytes)"),
            Self::WrongType { wanted, value, .. } => write!(f, "{}: {value} is not {wanted}", self.category()),
            Self::TooWide { bytes, .. } => write!(f, "{}: {bytes} bytes", self.category()),
            Self::OutOfRange { value, .. } => write!(f, "{}: {value}", self.category()),
            _ => f.write_str(&self.category()),
        }
    }
}

/// The beginning of a value as it stood, for a message.
fn quote(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(&value[..value.len().min(QUOTED * 4)]);
    let mut quoted: String = text.chars().take(QUOTED).collect();
    if quoted.len() < value.len() {
        quoted.push('…');
    }
    quoted
}

/// A refused record: what it was and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Index of the line within its chunk, from 0; blank lines count.
    pub line: u32,
    /// Offset of the record in its (decompressed) file, in bytes.
    pub byte_offset: u64,
    /// Why.
    pub reason: Reason,
    /// The record's bytes, at most [`RAW_CAP`] of them.
    pub raw: Vec<u8>,
    /// The record's full length in bytes.
    pub raw_length: u64,
}

impl Reject {
    pub(super) fn new(line: u32, byte_offset: u64, reason: Reason, raw: &[u8]) -> Self {
        Self { line, byte_offset, reason, raw: raw[..raw.len().min(RAW_CAP)].to_vec(), raw_length: raw.len() as u64 }
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        /// What an allocation takes besides, on the average.
        const ALLOCATION: usize = 24;
        let value = match &self.reason {
            Reason::WrongType { value, .. } | Reason::OutOfRange { value, .. } => value.capacity() + ALLOCATION,
            _ => 0,
        };
        size_of::<Self>() + self.raw.capacity() + ALLOCATION + value
    }
}
