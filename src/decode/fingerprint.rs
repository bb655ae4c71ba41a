//! Hashes that are stored: the payload hash that distinguishes a duplicate from a conflict, in this run or years later.
//!
//! The functions are frozen. A change of them would make every known event look like a conflict, so it needs a new
//! version of the warehouse's schema. Text is hashed by rapidhash v3, whose output its authors keep stable.

use crate::record::{LogField, label_index};

/// The labels that the payload hash covers, in the order in which it folds them. A list of its own, and frozen: a label that
/// [`LABEL_FIELDS`](crate::record::LABEL_FIELDS) gains must not change the hash of a line that was loaded before there was such a label.
const HASHED_LABELS: [LogField; 9] = [
    LogField::Auth,
    LogField::FirstName,
    LogField::Gender,
    LogField::LastName,
    LogField::Level,
    LogField::Location,
    LogField::Method,
    LogField::Page,
    LogField::UserAgent,
];

/// Where each of them stands in [`LABEL_FIELDS`](crate::record::LABEL_FIELDS).
pub(super) const HASHED_LABEL_INDEXES: [usize; HASHED_LABELS.len()] = {
    let mut indexes = [0; HASHED_LABELS.len()];
    let mut i = 0;
    while i < indexes.len() {
        indexes[i] = label_index(HASHED_LABELS[i]);
        i += 1;
    }
    indexes
};

/// What null contributes.
const NULL: u64 = 0x9E37_79B9_7F4A_7C15;
/// Odd constant with bits spread evenly, for folding.
const FOLD: u64 = 0xD6E8_FEB8_6659_FD93;

/// The hash of a text, or of null.
#[inline]
pub(super) fn text(value: Option<&[u8]>) -> u64 {
    value.map_or(NULL, rapidhash::v3::rapidhash_v3)
}

/// The hash of a number, or of null.
#[inline]
pub(super) fn number(value: Option<u64>) -> u64 {
    value.map_or(NULL, |v| fold(FOLD, v))
}

/// The hash of an artist's name and a song's title, after repair.
#[inline]
#[must_use]
pub fn song_key(artist: Option<&[u8]>, song: Option<&[u8]>) -> u64 {
    fold(text(artist), text(song))
}

/// Adds one value's hash to that of the values before it. The order matters.
#[inline]
pub(super) fn fold(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value.rotate_left(23)) * u128::from(FOLD);
    // Both halves of the product, and the value once more, so that no single value can annul what came before.
    ((product >> 64) as u64 ^ product as u64).wrapping_add(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pinned: these values are in people's warehouses.
    #[test]
    fn output_is_frozen() {
        let payload = fold(fold(fold(0, text(Some(b"Logged In"))), text(None)), number(Some(200)));
        assert_eq!(payload, 16_555_268_771_499_020_377);
    }

    #[test]
    fn order_and_null_matter() {
        let (a, b, none) = (text(Some(b"a")), text(Some(b"b")), text(None));
        let all = [fold(fold(0, a), b), fold(fold(0, b), a), fold(fold(0, a), none), fold(fold(0, none), a), fold(0, a)];
        for (i, x) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|y| x != y));
        }
    }
}
