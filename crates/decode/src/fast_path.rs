//! The fast path through a log line: one that a compact writer put in the order of keys seen before.
//!
//! It accepts a line only where every byte is as expected, and otherwise gives up without a trace: the scanner then reads
//! the line from its beginning, and finds what is unusual or wrong with it. So this file holds no rule of its own about
//! what a line may say; what it accepts, the scanner accepts with the same values.

use wide::u8x16;

use super::number::{digits_of_eight, value_of_eight};
use super::token::{Pattern, Token, TokenKind, hex4};
use crate::record::{COMMON_FIELDS, FLOAT_FIELDS, FieldType, INDEX, LOG_FIELDS, NULL_INTEGER};

const FIELDS: usize = LOG_FIELDS.len();

/// A line's values: text where it stands and known to be UTF-8, numbers as they are. Fields that did not occur are absent
/// or null.
pub(super) struct Values {
    pub tokens: [Token; FIELDS],
    /// [`NULL_INTEGER`] for null and for fields that hold no whole number.
    pub integers: [i64; FIELDS],
    /// By [`FLOAT_FIELDS`]; NaN for null.
    pub floats: [f64; FLOAT_FIELDS.len()],
}

impl Default for Values {
    fn default() -> Self {
        Self { tokens: [Token::default(); FIELDS], integers: [NULL_INTEGER; FIELDS], floats: [f64::NAN; FLOAT_FIELDS.len()] }
    }
}

/// What is known of the writer: which key follows which.
pub(super) struct FastPath {
    /// The field that followed each field when last seen; the one that came first, behind the last.
    successors: [u8; FIELDS + 1],
    /// Whether that is the fields' own order, all common ones, as one of the two writers has it.
    is_own_order: bool,
    pub values: Values,
}

impl Default for FastPath {
    fn default() -> Self {
        let successors = std::array::from_fn(|i| ((i + 1) % (FIELDS + 1)) as u8);
        Self { successors, is_own_order: true, values: Values::default() }
    }
}

/// `"key":` for each field.
const KEYS: [Pattern; FIELDS] = {
    let mut keys = [Pattern::of_key(LOG_FIELDS[0].key); FIELDS];
    let mut i = 1;
    while i < FIELDS {
        keys[i] = Pattern::of_key(LOG_FIELDS[i].key);
        i += 1;
    }
    keys
};

/// Evaluates `$body` for each field with its number in a constant, so that each has its own, straight code.
macro_rules! for_each_field {
    ($field:ident => $body:block) => {
        for_each_field!(@ $field => $body; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
    };
    // Numbers that no field has leave no code.
    (@ $field:ident => $body:block; $($number:literal)*) => {$(if const { $number < FIELDS } {
        const $field: usize = if $number < FIELDS { $number } else { 0 };
        $body
    })*};
}
const _: () = assert!(FIELDS <= 32, "for_each_field goes through all fields");

impl FastPath {
    /// Learns the order of keys from a line that the scanner has read.
    #[cold]
    pub fn learn(&mut self, tokens: &[Token; FIELDS]) {
        let mut present: Vec<usize> = (0..FIELDS).filter(|&i| tokens[i].kind != TokenKind::Absent).collect();
        present.sort_unstable_by_key(|&i| tokens[i].start());
        self.is_own_order = present.iter().copied().eq(0..COMMON_FIELDS);
        // That order does not write to the others.
        self.values = Values::default();
        let mut before = FIELDS;
        for field in present {
            self.successors[before] = field as u8;
            before = field;
        }
    }

    /// Reads the line that begins at `start` into `values` and returns where the next one begins. None if the line is not
    /// as expected.
    #[inline(always)]
    pub fn read(&mut self, bytes: &[u8], start: usize) -> Option<usize> {
        if *bytes.get(start)? != b'{' {
            return None;
        }
        let end = if self.is_own_order { self.in_own_order(bytes, start + 1)? } else { self.in_learned_order(bytes, start + 1)? };
        match bytes.get(end..) {
            Some([b'\n', ..]) => Some(end + 1),
            Some([b'\r', b'\n', ..]) => Some(end + 2),
            Some([]) => Some(end),
            _ => None,
        }
    }

    /// Reads the common fields in the order of [`LOG_FIELDS`]. Returns where the object ends.
    #[inline(always)]
    fn in_own_order(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        for_each_field!(FIELD => {
            if const { FIELD < COMMON_FIELDS } {
                at = self.field::<FIELD>(bytes, at)?;
                let behind = if FIELD + 1 < COMMON_FIELDS { b',' } else { b'}' };
                if *bytes.get(at)? != behind {
                    return None;
                }
                at += 1;
            }
        });
        Some(at)
    }

    /// Reads the fields in the order of an earlier line, as many of them as there are. Returns where the object ends.
    #[inline(never)]
    fn in_learned_order(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        self.values = Values::default();
        let mut seen = 0u32;
        let mut next = self.successors[FIELDS] as usize;
        loop {
            // A key that comes twice is the scanner's business.
            if next >= FIELDS || seen & (1 << next) != 0 {
                return None;
            }
            seen |= 1 << next;
            for_each_field!(FIELD => {
                if next == FIELD {
                    at = self.field::<FIELD>(bytes, at)?;
                }
            });
            match *bytes.get(at)? {
                b',' => at += 1,
                b'}' => return Some(at + 1),
                _ => return None,
            }
            next = self.successors[next] as usize;
        }
    }

    /// Reads one field's key and value. Returns where the value ends.
    #[inline(always)]
    fn field<const FIELD: usize>(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let at = const { KEYS[FIELD] }.behind(bytes, at)?;
        let end;
        match const { LOG_FIELDS[FIELD].kind } {
            FieldType::Text => (self.values.tokens[FIELD], end) = text(bytes, at, const { LOG_FIELDS[FIELD].is_short })?,
            FieldType::Integer { .. } | FieldType::Time => {
                let value;
                (value, end) = integer(bytes, at)?;
                if let Some((min, max)) = const { LOG_FIELDS[FIELD].kind.bounds() }
                    && value != NULL_INTEGER
                    && !(min..=max).contains(&value)
                {
                    return None;
                }
                self.values.integers[FIELD] = value;
            }
            FieldType::Float => (self.values.floats[const { INDEX[FIELD] }], end) = float(bytes, at)?,
        }
        Some(end)
    }
}

#[inline(always)]
fn is_null(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..at + 4) == Some(b"null")
}

/// Text, or null, and where it ends.
#[inline(always)]
fn text(bytes: &[u8], at: usize, is_short: bool) -> Option<(Token, usize)> {
    if *bytes.get(at)? != b'"' {
        return is_null(bytes, at).then(|| (Token::new(TokenKind::Null, at, at + 4), at + 4));
    }
    let start = at + 1;
    if is_short {
        let sixteen = u8x16::new(bytes.get(start..start + 16)?.try_into().ok()?);
        let special = special(sixteen);
        let end = start + special.trailing_zeros() as usize;
        // The bits below the first special byte.
        let inside = special.wrapping_sub(1) & !special;
        if special != 0 && bytes[end] == b'"' && sixteen.to_bitmask() & inside == 0 {
            return Some((Token::new(TokenKind::Plain, start, end), end + 1));
        }
    }
    long_text(bytes, start)
}

/// The text whose opening quote was just passed, by steps that are too long for most texts, so that the processor seldom
/// guesses their number wrong.
#[inline(always)]
fn long_text(bytes: &[u8], start: usize) -> Option<(Token, usize)> {
    let mut kind = TokenKind::Plain;
    let mut at = start;
    let mut is_ascii = true;
    'steps: loop {
        let (mut special, all_ascii) = special_of_sixty_four(bytes.get(at..at + 64)?.try_into().ok()?);
        // Taken of all the step's bytes: that what follows the text is not ASCII costs time and nothing else.
        is_ascii &= all_ascii;
        while special != 0 {
            let place = special.trailing_zeros() as usize;
            match bytes[at + place] {
                b'"' => {
                    let end = at + place;
                    if !is_ascii && std::str::from_utf8(&bytes[start..end]).is_err() {
                        return None;
                    }
                    return Some((Token::new(kind, start, end).with_ascii(is_ascii), end + 1));
                }
                b'\\' => {
                    kind = TokenKind::Escaped;
                    let behind = behind_escape(bytes, at + place)?;
                    if behind >= at + 64 {
                        at = behind;
                        continue 'steps;
                    }
                    special &= u64::MAX << (behind - at);
                }
                _ => return None,
            }
        }
        at += 64;
    }
}

/// A bit for each byte that cannot stand in a string as it is: quotes, backslashes and control characters.
#[inline(always)]
fn special(bytes: u8x16) -> u32 {
    let control = bytes.min(u8x16::splat(0x1F)).simd_eq(bytes);
    (bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\')) | control).to_bitmask()
}

/// The same for more bytes, and whether all of them are ASCII.
#[inline(always)]
fn special_of_sixty_four(bytes: &[u8; 64]) -> (u64, bool) {
    let sixteen = |at: usize| -> u8x16 {
        let (sixteens, _) = bytes.as_chunks::<16>();
        u8x16::new(sixteens[at])
    };
    let (a, b, c, d) = (sixteen(0), sixteen(1), sixteen(2), sixteen(3));
    let low = u64::from(special(a)) | u64::from(special(b)) << 16;
    let high = u64::from(special(c)) | u64::from(special(d)) << 16;
    (low | high << 32, (a | b | c | d).to_bitmask() == 0)
}

/// Where the escape that begins at `at` ends. Surrogates are the scanner's business.
#[inline(always)]
fn behind_escape(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at + 1)? {
        b'"' | b'/' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => hex4(bytes, at + 2).filter(|unit| !(0xD800..0xE000).contains(unit)).map(|_| at + 6),
        _ => None,
    }
}

/// Up to sixteen digits, how many they are, and where they end. At least one, and no superfluous zero in front.
#[inline(always)]
fn digits(bytes: &[u8], at: usize) -> Option<(i64, usize, usize)> {
    let word = |at: usize| bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
    let first = word(at)?;
    let count = digits_of_eight(first);
    if count == 0 || (first as u8 == b'0' && count > 1) {
        return None;
    }
    let value = i64::from(value_of_eight(first << (64 - 8 * count)));
    if count < 8 {
        return Some((value, count, at + count));
    }
    let second = word(at + 8)?;
    let more = digits_of_eight(second);
    if more == 0 {
        return Some((value, 8, at + 8));
    }
    if more == 8 {
        return None;
    }
    let rest = i64::from(value_of_eight(second << (64 - 8 * more)));
    Some((value * i64::from(TEN_TO_THE[more]) + rest, 8 + more, at + 8 + more))
}

/// A whole number, in quotes or not, or null or nothing in quotes; and where it ends.
#[inline(always)]
fn integer(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    match *bytes.get(at)? {
        b'"' => {
            if *bytes.get(at + 1)? == b'"' {
                return Some((NULL_INTEGER, at + 2));
            }
            let (value, _, end) = digits(bytes, at + 1)?;
            (*bytes.get(end)? == b'"').then_some((value, end + 1))
        }
        b'n' => is_null(bytes, at).then_some((NULL_INTEGER, at + 4)),
        _ => {
            let (value, _, end) = digits(bytes, at)?;
            // `.0` is how one of the two writers puts a time. More digits behind it are seen to be no comma.
            let end = if bytes.get(end..end + 2) == Some(b".0") { end + 2 } else { end };
            Some((value, end))
        }
    }
}

/// A number with up to fifteen digits, or null; and where it ends.
///
/// Such a number's digits and the power of ten below them are both exact as 64-bit floats, so their quotient is the
/// nearest float to the number (Clinger, "How to read floating point numbers accurately", 1990).
#[inline(always)]
fn float(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    if *bytes.get(at)? == b'n' {
        return is_null(bytes, at).then_some((f64::NAN, at + 4));
    }
    let (whole, count, end) = digits(bytes, at)?;
    if *bytes.get(end)? != b'.' {
        return (count <= 15).then_some((whole as f64, end));
    }
    let fraction: [u8; 8] = bytes.get(end + 1..end + 9)?.try_into().ok()?;
    let fraction = u64::from_le_bytes(fraction);
    let places = digits_of_eight(fraction);
    // With eight there may be more.
    if places == 0 || places == 8 || count + places > 15 {
        return None;
    }
    let digits = whole * i64::from(TEN_TO_THE[places]) + i64::from(value_of_eight(fraction << (64 - 8 * places)));
    Some((digits as f64 / f64::from(TEN_TO_THE[places]), end + 1 + places))
}

const TEN_TO_THE: [u32; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
