//! Text: escapes undone, garbled names repaired.

use super::token::hex4;

/// How often a garbled text is decoded again at most.
const MAX_ROUNDS: u8 = 3;

/// Appends the text of a JSON string's inside (escapes already checked by the scanner) to `out`.
///
/// `\u0000` becomes U+FFFD: PostgreSQL and Redshift cannot hold a NUL in text, and all engines must hold the same.
pub(super) fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let (byte, used) = match rest.get(at + 1) {
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0C, 2),
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(b'u') => {
                let (c, used) = unicode_escape(&rest[at..]);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[at + used..];
                continue;
            }
            Some(&other) => (other, 2),
            None => (b'\\', 1),
        };
        out.push(byte);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
}

/// The character of the `\u` escape that `text` begins with, and the bytes it takes.
fn unicode_escape(text: &[u8]) -> (char, usize) {
    let unit = hex4(text, 2).unwrap_or(0xFFFD);
    let low = if (0xD800..0xDC00).contains(&unit) { hex4(text, 8) } else { None };
    let units = [unit, low.unwrap_or(0)];
    let pair = &units[..=usize::from(low.is_some())];
    let c = char::decode_utf16(pair.iter().copied()).next().and_then(Result::ok).unwrap_or('\u{FFFD}');
    (if c == '\0' { '\u{FFFD}' } else { c }, 6 * pair.len())
}

/// Undoes UTF-8 that was read as Latin-1, up to three times over: `BjÃ¶rk` becomes `Björk`.
///
/// A round is taken while every character is at or below U+00FF, the characters taken as bytes are valid UTF-8 and at
/// least one is above U+007F; so `Björk`, `漢字` and ASCII come out unchanged. Returns the text, or None where there was
/// nothing to repair, and the rounds it took. With the rounds the text as it arrived can be had back exactly.
#[must_use]
pub fn repair(text: &str) -> (Option<String>, u8) {
    let mut repaired: Option<String> = None;
    let mut rounds = 0;
    while rounds < MAX_ROUNDS {
        let current = repaired.as_deref().unwrap_or(text);
        if !may_be_garbled(current.as_bytes()) {
            break;
        }
        let Some(bytes) = current.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>() else { break };
        let Ok(decoded) = String::from_utf8(bytes) else { break };
        repaired = Some(decoded);
        rounds += 1;
    }
    (repaired, rounds)
}

/// Whether [`repair`] could find anything in a text: looks no farther than its first character above U+007F, which must
/// stand for a byte that begins a character of several, and the next one for a byte that goes on with it. Sound text in
/// any script is recognized by that, at a fraction of the cost of trying.
#[must_use]
pub(super) fn may_be_garbled(text: &[u8]) -> bool {
    let Some(first) = text.iter().position(|byte| !byte.is_ascii()) else { return false };
    match text[first..] {
        [0xC3, low, 0xC2, next, ..] => (0x82..=0xB4).contains(&low) && (0x80..=0xBF).contains(&next),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn garble(text: &str, times: usize) -> String {
        (0..times).fold(text.to_owned(), |t, _| t.bytes().map(char::from).collect())
    }

    #[test]
    fn repairs_up_to_three_rounds() {
        for name in ["Björk", "Beyoncé", "Sigur Rós", "漢字", "Čarovný Les", "naïve café"] {
            for rounds in 0..=3u8 {
                let (text, taken) = repair(&garble(name, rounds.into()));
                let seen = text.unwrap_or_else(|| garble(name, rounds.into()));
                assert_eq!((seen.as_str(), taken), (name, rounds));
            }
            let (text, taken) = repair(&garble(name, 4));
            assert_eq!((text, taken), (Some(garble(name, 1)), 3), "three rounds at most");
        }
    }

    #[test]
    fn leaves_sound_text_alone() {
        for name in ["", "plain", "Björk", "Ã", "é", "日本", "Ω", "\u{FFFD}"] {
            assert_eq!(repair(name), (None, 0), "{name}");
        }
    }

    #[test]
    fn tells_what_cannot_be_repaired_without_trying() {
        let signs: Vec<char> = "aÂÃÀÁÄéôõ÷ÿ\u{80}\u{8f}\u{90}¿ÀĀ漢🎵".chars().collect();
        let mut garbled = 0;
        for a in &signs {
            for b in &signs {
                for c in &signs {
                    let text: String = [a, b, c].into_iter().collect();
                    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
                    let repairable = !text.is_ascii() && bytes.is_some_and(|bytes| String::from_utf8(bytes).is_ok());
                    garbled += usize::from(repairable);
                    assert!(!repairable || may_be_garbled(text.as_bytes()), "{text:?}");
                }
            }
        }
        assert!(garbled > 10, "{garbled}");
    }

    #[test]
    fn undoes_every_escape() {
        let mut out = Vec::new();
        unescape(br#"a\"\\\/\b\f\n\r\t\u00e9\ud83c\udfb5\u0000z"#, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "a\"\\/\u{8}\u{c}\n\r\té🎵\u{FFFD}z");
    }
}
