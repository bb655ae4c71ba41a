//! Hashes that are stored: the payload hash that distinguishes a duplicate from a conflict, in this run or years later.
//!
//! The functions are frozen. A change of them would make every known event look like a conflict, so it needs a new
//! version of the warehouse's schema. Text is hashed by rapidhash v3, whose output its authors keep stable.

use crate::record::{FieldSet, LOG_FIELDS, LogField, Store, fields_of};

/// Which fields a part of the payload hash covers. It begins with the artist and the song.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The labels of the first version.
    Labels,
    /// Its numbers.
    Numbers,
    /// What joined in a later version.
    Later(u32),
}

const fn covered_by(part: Part) -> FieldSet {
    let (mut set, mut at) = (0, 0);
    while at < LOG_FIELDS.len() {
        let is_covered = match (part, LOG_FIELDS[at].hashed_since, LogField::ALL[at].store()) {
            (Part::Labels, Some(1), Store::Label) | (Part::Numbers, Some(1), Store::Integer | Store::Small | Store::Float) => {
                true
            }
            (Part::Later(version), Some(since), _) => since == version,
            _ => false,
        };
        set |= (is_covered as FieldSet) << at;
        at += 1;
    }
    set
}

/// The newest version of the payload hash.
const NEWEST: u32 = {
    let (mut newest, mut at) = (1, 0);
    while at < LOG_FIELDS.len() {
        if let Some(since) = LOG_FIELDS[at].hashed_since {
            assert!(since > 0, "versions are counted from 1");
            if since > newest {
                newest = since;
            }
        }
        at += 1;
    }
    newest
};

const LABELS: FieldSet = covered_by(Part::Labels);
const NUMBERS: FieldSet = covered_by(Part::Numbers);
const LATER: usize = {
    let (mut fields, mut version) = (0, 2);
    while version <= NEWEST {
        fields += covered_by(Part::Later(version)).count_ones() as usize;
        version += 1;
    }
    fields
};

/// The labels that the first version of the payload hash covers, in the order in which it folds them.
pub(super) const HASHED_LABELS: [LogField; LABELS.count_ones() as usize] = fields_of(LABELS);
/// The numbers, which it folds after them.
pub(super) const HASHED_NUMBERS: [LogField; NUMBERS.count_ones() as usize] = fields_of(NUMBERS);
/// The fields that joined in later versions, each with the hash of its key: by version, which the hash folds after those
/// before it. They are folded where they have a value. So a line without them has the hash that it always had.
pub(super) const HASHED_LATER: [(LogField, u64); LATER] = {
    let mut later = [(LogField::Ts, 0); LATER];
    let (mut found, mut version) = (0, 2);
    while version <= NEWEST {
        let set = covered_by(Part::Later(version));
        let mut at = 0;
        while at < LOG_FIELDS.len() {
            if set >> at & 1 == 1 {
                later[found] = (LogField::ALL[at], rapidhash::v3::rapidhash_v3(LOG_FIELDS[at].key.as_bytes()));
                found += 1;
            }
            at += 1;
        }
        version += 1;
    }
    later
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

/// Adds the hash of a value that lines may lack, under the hash of its key.
#[inline]
pub(super) fn fold_later(hash: u64, key: u64, value: Option<u64>) -> u64 {
    value.map_or(hash, |value| fold(fold(hash, key), value))
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

    /// A list of its own: what the declaration says of these fields may never change.
    #[test]
    fn the_first_version_covers_what_it_always_did() {
        use LogField::*;
        assert_eq!(HASHED_LABELS, [Auth, FirstName, Gender, LastName, Level, Location, Method, Page, UserAgent]);
        assert_eq!(HASHED_NUMBERS, [Length, Registration, Status]);
    }

    #[test]
    fn a_later_field_counts_where_it_has_a_value() {
        let (key, other, value) = (text(Some(b"a")), text(Some(b"b")), text(Some(b"x")));
        assert_eq!(fold_later(7, key, None), 7);
        assert_ne!(fold_later(7, key, Some(value)), 7);
        assert_ne!(fold_later(7, key, Some(value)), fold_later(7, other, Some(value)));
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
