//! JSON texts and numbers, spelled as the two writers of logs spell them.

/// How texts are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// Everything beyond ASCII as `\uXXXX`.
    Ascii,
    /// The same, and slashes as `\/`.
    AsciiSlashes,
    /// UTF-8 as it is.
    Utf8,
}

/// Appends a text with its quotes.
pub fn text(out: &mut Vec<u8>, text: &str, spelling: Spelling) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '/' if spelling == Spelling::AsciiSlashes => out.extend_from_slice(b"\\/"),
            c if c < ' ' || (spelling != Spelling::Utf8 && !c.is_ascii()) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// Hundred-thousandths as the shortest decimal: 24630812 is `246.30812`, 18000000 is `180.0`.
#[must_use]
pub fn decimal(value: i64) -> String {
    let digits = format!("{:05}", value.unsigned_abs() % 100_000);
    let fraction = digits.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{}", value.unsigned_abs() / 100_000, if fraction.is_empty() { "0" } else { fraction })
}

/// What reading UTF-8 as Latin-1 so many times makes of a text.
#[must_use]
pub fn garbled(text: &str, times: usize) -> String {
    (0..times).fold(text.to_owned(), |text, _| text.bytes().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_are_spelled_as_in_the_logs() {
        let spell = |t: &str, spelling| {
            let mut out = Vec::new();
            text(&mut out, t, spelling);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(spell("AC/DC \"Ö\" 𝄞", Spelling::AsciiSlashes), "\"AC\\/DC \\\"\\u00d6\\\" \\ud834\\udd1e\"");
        assert_eq!(spell("AC/DC Ö", Spelling::Ascii), "\"AC/DC \\u00d6\"");
        assert_eq!(spell("AC/DC Ö", Spelling::Utf8), "\"AC/DC Ö\"");
        assert_eq!(
            ["246.30812", "180.0", "270.602", "-0.12714"],
            [24_630_812, 18_000_000, 27_060_200, -12_714].map(decimal).as_slice()
        );
        assert_eq!(garbled("é", 2), "\u{c3}\u{83}\u{c2}\u{a9}");
    }
}
