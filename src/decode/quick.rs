//! The quick way through a log line: one that a compact writer put in the order of keys seen before.
//!
//! It accepts a line only where every byte is as expected, and otherwise gives up without a trace: the scanner then reads
//! the line from its beginning, and finds what is unusual or wrong with it. So this file holds no rule of its own about
//! what a line may say; what it accepts, the scanner accepts with the same values.

use wide::u8x16;

use super::number::{digits_of_eight, value_of_eight};
use super::token::{Pattern, Token, TokenKind, hex4};
use crate::record::{FieldType, LOG_FIELDS, LogField, NULL_INTEGER};

const FIELDS: usize = LOG_FIELDS.len();

/// The text fields that seldom have sixteen bytes, a bit each.
const SHORT: u32 = {
    use LogField::{Auth, FirstName, Gender, LastName, Level, Method, Page};
    let fields = [Auth, FirstName, Gender, LastName, Level, Method, Page];
    let (mut bits, mut i) = (0, 0);
    while i < fields.len() {
        bits |= 1 << fields[i] as u32;
        i += 1;
    }
    bits
};

/// A line's values: text where it stands, numbers as they are. Fields that did not occur are absent or null.
pub(super) struct Values {
    pub tokens: [Token; FIELDS],
    /// [`NULL_INTEGER`] for null and for fields that hold no whole number.
    pub integers: [i64; FIELDS],
    /// NaN for null.
    pub length: f64,
}

impl Default for Values {
    fn default() -> Self {
        Self { tokens: [Token::default(); FIELDS], integers: [NULL_INTEGER; FIELDS], length: f64::NAN }
    }
}

/// What is known of the writer: which key follows which.
pub(super) struct QuickReader {
    /// `"key":` for each field.
    keys: [Pattern; FIELDS],
    /// The field that followed each field when last seen; the one that came first, behind the last.
    successors: [u8; FIELDS + 1],
    pub values: Values,
}

impl Default for QuickReader {
    fn default() -> Self {
        Self {
            keys: std::array::from_fn(|i| Pattern::new(format!("\"{}\":", LOG_FIELDS[i].key).as_bytes())),
            successors: std::array::from_fn(|i| ((i + 1) % (FIELDS + 1)) as u8),
            values: Values::default(),
        }
    }
}

impl QuickReader {
    /// Learns the order of keys from a line that the scanner has read.
    #[cold]
    pub fn learn(&mut self, tokens: &[Token; FIELDS]) {
        let mut present: Vec<usize> = (0..FIELDS).filter(|&i| tokens[i].kind != TokenKind::Absent).collect();
        present.sort_unstable_by_key(|&i| tokens[i].start());
        let mut before = FIELDS;
        for field in present {
            self.successors[before] = field as u8;
            before = field;
        }
    }

    /// Reads the line that begins at `start` into `values` and returns where the next one begins. None if the line is not
    /// as expected. The bytes must be valid UTF-8.
    #[inline(always)]
    pub fn read(&mut self, bytes: &[u8], start: usize) -> Option<usize> {
        if *bytes.get(start)? != b'{' {
            return None;
        }
        self.values.integers = [NULL_INTEGER; FIELDS];
        self.values.length = f64::NAN;
        let mut seen = 0u32;
        let mut at = start + 1;
        let mut field = self.successors[FIELDS] as usize;
        loop {
            // A key that comes twice is the scanner's business.
            if field >= FIELDS || seen & (1 << field) != 0 {
                return None;
            }
            seen |= 1 << field;
            at = self.keys[field].behind(bytes, at)?;
            at = match LOG_FIELDS[field].kind {
                FieldType::Text => {
                    let (token, end) = text(bytes, at, SHORT & (1 << field) != 0)?;
                    self.values.tokens[field] = token;
                    end
                }
                FieldType::Integer { min, max } => {
                    let (value, end) = integer(bytes, at)?;
                    if value != NULL_INTEGER && !(min..=max).contains(&value) {
                        return None;
                    }
                    self.values.integers[field] = value;
                    end
                }
                FieldType::Float => {
                    let (value, end) = float(bytes, at)?;
                    self.values.length = value;
                    end
                }
            };
            match *bytes.get(at)? {
                b',' => at += 1,
                b'}' => break,
                _ => return None,
            }
            field = self.successors[field] as usize;
        }
        if seen != (1 << FIELDS) - 1 {
            for (i, token) in self.values.tokens.iter_mut().enumerate() {
                if seen & (1 << i) == 0 {
                    *token = Token::default();
                }
            }
        }
        match bytes.get(at + 1..) {
            Some([b'\n', ..]) => Some(at + 2),
            Some([b'\r', b'\n', ..]) => Some(at + 3),
            Some([]) => Some(at + 1),
            _ => None,
        }
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
        let special = special_of_sixteen(bytes.get(start..start + 16)?.try_into().ok()?);
        if special != 0 {
            let end = start + special.trailing_zeros() as usize;
            if bytes[end] == b'"' {
                return Some((Token::new(TokenKind::Plain, start, end), end + 1));
            }
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
    'steps: loop {
        let mut special = special_of_sixty_four(bytes.get(at..at + 64)?.try_into().ok()?);
        while special != 0 {
            let place = special.trailing_zeros() as usize;
            match bytes[at + place] {
                b'"' => return Some((Token::new(kind, start, at + place), at + place + 1)),
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
fn special_of_sixteen(bytes: [u8; 16]) -> u32 {
    let bytes = u8x16::new(bytes);
    let control = bytes.min(u8x16::splat(0x1F)).simd_eq(bytes);
    (bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\')) | control).to_bitmask()
}

#[inline(always)]
fn special_of_sixty_four(bytes: &[u8; 64]) -> u64 {
    let (sixteens, _) = bytes.as_chunks::<16>();
    sixteens.iter().rev().fold(0, |bits, sixteen| bits << 16 | u64::from(special_of_sixteen(*sixteen)))
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
    Some((value * TEN_TO_THE[more] as i64 + rest, 8 + more, at + 8 + more))
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
    let digits = whole * TEN_TO_THE[places] as i64 + i64::from(value_of_eight(fraction << (64 - 8 * places)));
    Some((digits as f64 / TEN_TO_THE[places] as f64, end + 1 + places))
}

const TEN_TO_THE: [u32; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
