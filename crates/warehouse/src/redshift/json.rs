//! JSON for COPY, written by hand, as it is written for every row.

use std::io::Write as _;

/// Where the values of a row stand in its object: short, as they are in every row.
const KEYS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";

/// The key of a column, by its place.
fn key(column: usize) -> [u8; 2] {
    // No relation has more columns than there are pairs of letters.
    [KEYS[column / KEYS.len() % KEYS.len()], KEYS[column % KEYS.len()]]
}

/// The paths to the values of so many columns, for COPY. COPY takes any other name at the top for no paths at all and
/// says nothing.
pub(super) fn paths(columns: usize) -> String {
    let paths = (0..columns).map(|column| format!("$['{}']", String::from_utf8_lossy(&key(column))));
    serde_json::json!({ "jsonpaths": paths.collect::<Vec<_>>() }).to_string()
}

/// The paths to the values of these keys.
pub(super) fn paths_of(keys: &[&str]) -> String {
    let paths: Vec<String> = keys.iter().map(|key| format!("$['{key}']")).collect();
    serde_json::json!({ "jsonpaths": paths }).to_string()
}

/// The files that a COPY is to read: each once, by its whole name, and none may be missing.
pub(super) fn manifest<'a>(urls: impl Iterator<Item = &'a str>) -> String {
    let mut seen = std::collections::HashSet::new();
    let entries: Vec<serde_json::Value> =
        urls.filter(|url| seen.insert(*url)).map(|url| serde_json::json!({ "url": url, "mandatory": true })).collect();
    serde_json::json!({ "entries": entries }).to_string()
}

/// Begins a column's value in a row's object, which begins with a brace.
#[inline]
pub(super) fn begin(column: usize, out: &mut Vec<u8>) {
    let key = key(column);
    out.extend_from_slice(&[if out.last() == Some(&b'{') { b' ' } else { b',' }, b'"', key[0], key[1], b'"', b':']);
}

/// A text with its quotes.
#[inline]
pub(super) fn text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\') {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', b]),
            b => {
                let _ = write!(out, "\\u{b:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[inline]
pub(super) fn integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The shortest digits that mean this number. In quotes, as COPY reads numbers without quotes less exactly.
#[inline]
pub(super) fn double(number: f64, out: &mut Vec<u8>) {
    let _ = write!(out, "\"{number:?}\"");
}

/// Writes points in time; quick where they come in order, as most share the day of the one before.
#[derive(Default)]
pub(super) struct Times {
    day: i64,
    date: Vec<u8>,
}

impl Times {
    /// A point in time, in microseconds since 1970, with its quotes.
    #[inline]
    pub fn write(&mut self, us: i64, out: &mut Vec<u8>) {
        const DAY_US: i64 = 86_400_000_000;
        let day = us.div_euclid(DAY_US);
        if day != self.day || self.date.is_empty() {
            self.day = day;
            let date = chrono::DateTime::from_timestamp(day * 86_400, 0).unwrap_or_default();
            self.date = date.format("%Y-%m-%d ").to_string().into_bytes();
        }
        let us = us.rem_euclid(DAY_US);
        let (seconds, mut fraction) = (us / 1_000_000, us % 1_000_000);
        let two = |n: i64| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        out.push(b'"');
        out.extend_from_slice(&self.date);
        out.extend_from_slice(&two(seconds / 3600));
        out.push(b':');
        out.extend_from_slice(&two(seconds / 60 % 60));
        out.push(b':');
        out.extend_from_slice(&two(seconds % 60));
        if fraction > 0 {
            out.push(b'.');
            let mut digits = if fraction % 1000 == 0 {
                fraction /= 1000;
                3
            } else {
                6
            };
            let at = out.len();
            out.resize(at + digits, b'0');
            while digits > 0 {
                digits -= 1;
                out[at + digits] = b'0' + (fraction % 10) as u8;
                fraction /= 10;
            }
        }
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn texts_are_what_any_reader_of_json_reads() {
        for value in ["", "Björk", "a\"b\\c/d", "line\nbreak\t\u{1}\u{1f}", "漢字🎵", "|pipe|"] {
            let json = written(|out| text(value.as_bytes(), out));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
        }
    }

    #[test]
    fn numbers_and_times_are_exact() {
        for number in [0.0, 277.158_73, -1e-300, 1e300, f64::MAX, 0.1 + 0.2] {
            let json = written(|out| double(number, out));
            assert_eq!(json.trim_matches('"').parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
        let mut times = Times::default();
        for (us, wanted) in [
            (0, "1970-01-01 00:00:00"),
            (1_541_121_934_796_000, "2018-11-02 01:25:34.796"),
            (-1, "1969-12-31 23:59:59.999999"),
            (-1000, "1969-12-31 23:59:59.999"),
            (1_541_121_934_000_005, "2018-11-02 01:25:34.000005"),
        ] {
            assert_eq!(written(|out| times.write(us, out)), format!("\"{wanted}\""));
        }
    }

    #[test]
    fn paths_lead_to_the_keys() {
        assert_eq!(paths(2), r#"{"jsonpaths":["$['aa']","$['ab']"]}"#);
        let row = written(|out| {
            out.push(b'{');
            begin(0, out);
            integer(5, out);
            begin(27, out);
            text(b"x", out);
            out.push(b'}');
        });
        let row: serde_json::Value = serde_json::from_str(&row).unwrap();
        assert_eq!((&row["aa"], &row["bb"]), (&5.into(), &"x".into()));
    }

    #[test]
    fn a_manifest_names_each_file_once_and_misses_none() {
        assert_eq!(
            manifest(["s3://b/x.json", "s3://b/y.json", "s3://b/x.json"].into_iter()),
            r#"{"entries":[{"mandatory":true,"url":"s3://b/x.json"},{"mandatory":true,"url":"s3://b/y.json"}]}"#
        );
    }
}
