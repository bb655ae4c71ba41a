//! Numbers: exact, or not at all.

use super::token::eight_digits;

/// Why a text is not the number that a field wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberError {
    /// No JSON number.
    NotANumber,
    /// A number with a fraction where a whole one is wanted.
    NotWhole,
    /// Outside the field's bounds.
    OutOfRange,
}

/// The whole number that the scanner found: an optional minus and digits, nothing else.
#[inline]
pub(super) fn whole(text: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.len() > 18 {
        return decimal(text);
    }
    let (eights, rest) = digits.as_chunks::<8>();
    let mut value = 0i64;
    for eight in eights {
        value = value * 100_000_000 + i64::from(value_of_eight(u64::from_le_bytes(*eight)));
    }
    for b in rest {
        value = value * 10 + i64::from(b.wrapping_sub(b'0'));
    }
    Ok(if negative { -value } else { value })
}

/// The whole number that `text` is, exactly: `39`, `1540919166796.0` and `1.5e3` are whole, `1.5` is not.
#[inline]
pub(super) fn integer(text: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    // `.0` is how one of the two writers puts a time.
    let digits = digits.strip_suffix(b".0").unwrap_or(digits);
    if digits.is_empty() || digits.len() > 18 || (digits[0] == b'0' && digits.len() > 1) {
        return decimal(text);
    }
    let mut value = 0i64;
    let mut rest = digits;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        if !eight_digits(*eight) {
            break;
        }
        value = value * 100_000_000 + i64::from(value_of_eight(u64::from_le_bytes(*eight)));
        rest = after;
    }
    for &b in rest {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return decimal(text);
        }
        value = value * 10 + i64::from(digit);
    }
    Ok(if negative { -value } else { value })
}

/// How many of the eight bytes, from the first on, are decimal digits.
#[inline(always)]
pub(super) fn digits_of_eight(word: u64) -> usize {
    // As in `eight_digits`: what is not a digit leaves bits in its byte. Carries go upwards, past the first of them.
    const UPPER: u64 = u64::MAX / 255 * 0xF0;
    const THREES: u64 = u64::MAX / 255 * 0x30;
    let others = ((word & UPPER) ^ THREES) | ((word.wrapping_add(u64::MAX / 255 * 0x06) & UPPER) ^ THREES);
    (others.trailing_zeros() / 8) as usize
}

/// The number that eight digits make: neighbours are joined to pairs, pairs to fours, fours to eight.
#[inline(always)]
pub(super) fn value_of_eight(word: u64) -> u32 {
    let word = word & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = (word * 10 + (word >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    (fours * 10_000 + (fours >> 32)) as u32
}

/// The general case: any JSON number, with fraction and exponent, by exact decimal arithmetic.
#[cold]
fn decimal(text: &[u8]) -> Result<i64, NumberError> {
    if !is_number(text) {
        return Err(NumberError::NotANumber);
    }
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&text[..at], exponent(&text[at + 1..])),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|&b| b == b'.') {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &[][..]),
    };
    let digits = || whole.iter().chain(fraction).map(|b| i128::from(b - b'0'));
    // The value is the digits followed by `zeros` zeros; negative: that many digits stand behind the point.
    let zeros = exponent.saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX));
    let behind_point = usize::try_from(zeros.saturating_neg()).unwrap_or(0);
    let count = whole.len() + fraction.len();
    if digits().skip(count.saturating_sub(behind_point)).any(|d| d != 0) {
        return Err(NumberError::NotWhole);
    }
    let mut value = 0i128;
    for digit in digits().take(count.saturating_sub(behind_point)) {
        value = value * 10 + digit;
        if value > i128::from(u64::MAX) {
            return Err(NumberError::OutOfRange);
        }
    }
    let mut zeros = zeros.max(0);
    while zeros > 0 && value != 0 {
        value *= 10;
        zeros -= 1;
        if value > i128::from(u64::MAX) {
            return Err(NumberError::OutOfRange);
        }
    }
    i64::try_from(if negative { -value } else { value }).map_err(|_| NumberError::OutOfRange)
}

/// An exponent's digits with their sign, held within what can matter.
fn exponent(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let value = digits.iter().fold(0i64, |v, b| (v * 10 + i64::from(b - b'0')).min(1 << 40));
    if negative { -value } else { value }
}

/// The finite number that the scanner found, to the nearest 64-bit float.
#[inline]
pub(super) fn json_float(text: &[u8]) -> Result<f64, NumberError> {
    match fast_float2::parse::<f64, _>(text) {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(NumberError::OutOfRange),
        Err(_) => Err(NumberError::NotANumber),
    }
}

/// The finite number that `text` is, to the nearest 64-bit float.
pub(super) fn float(text: &[u8]) -> Result<f64, NumberError> {
    match fast_float2::parse::<f64, _>(text) {
        Ok(value) if value.is_finite() && is_number(text) => Ok(value),
        Ok(_) if is_number(text) => Err(NumberError::OutOfRange),
        _ => Err(NumberError::NotANumber),
    }
}

/// Whether `text` is a number in JSON's grammar (which has no `+1`, `.5`, `01`, `NaN` or `0x1`).
fn is_number(text: &[u8]) -> bool {
    let mut scanner = super::token::Scanner::new(text, 0);
    matches!(text.first(), Some(b'-' | b'0'..=b'9')) && scanner.value().is_some() && scanner.at == text.len()
}

#[cfg(test)]
mod tests {
    use super::NumberError::{NotANumber, NotWhole, OutOfRange};
    use super::*;

    #[test]
    fn whole_numbers_are_exact() {
        for (text, want) in [
            ("0", Ok(0)),
            ("-7", Ok(-7)),
            ("1540919166796.0", Ok(1_540_919_166_796)),
            ("1.540919166796E12", Ok(1_540_919_166_796)),
            ("1.540919166796e+12", Ok(1_540_919_166_796)),
            ("120e-1", Ok(12)),
            ("0e99999999999999999999", Ok(0)),
            ("0.000", Ok(0)),
            ("-0.0", Ok(0)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(OutOfRange)),
            ("1e19", Err(OutOfRange)),
            ("1e999999999999", Err(OutOfRange)),
            ("1540919166796.5", Err(NotWhole)),
            ("1e-1", Err(NotWhole)),
            ("1e-99999999999999", Err(NotWhole)),
            ("", Err(NotANumber)),
            ("-", Err(NotANumber)),
            (" 39", Err(NotANumber)),
            ("039", Err(NotANumber)),
            ("00.0", Err(NotANumber)),
            ("+39", Err(NotANumber)),
            (".0", Err(NotANumber)),
            ("39x", Err(NotANumber)),
        ] {
            assert_eq!(integer(text.as_bytes()), want, "{text}");
            if text.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) && is_number(text.as_bytes()) {
                assert_eq!(whole(text.as_bytes()), want, "{text}");
            }
        }
    }

    #[test]
    fn floats_are_finite_json_numbers() {
        assert_eq!(float(b"246.30812"), Ok(246.30812));
        assert_eq!(float(b"-1e3"), Ok(-1000.0));
        assert_eq!(float(b"1e999"), Err(OutOfRange));
        for text in ["NaN", "inf", "+1", ".5", "1.", "0x10", "", "1 "] {
            assert_eq!(float(text.as_bytes()), Err(NotANumber), "{text}");
        }
    }
}
