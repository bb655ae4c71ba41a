//! The decoding of one record by `serde_json`: plain, slow, written from the contract. The judge of the real decoder.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::fields::{Holds, PAYLOAD};
use super::warehouse::Cell;

/// A log line's event, names as they arrived and repaired.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub ts: i64,
    pub user_id: Option<i64>,
    pub session_id: i64,
    pub item_in_session: i64,
    pub payload: Payload,
}

/// All of an event that is not in its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    pub artist_raw: Option<String>,
    pub song_raw: Option<String>,
    pub page: String,
    /// What the fields of [`PAYLOAD`] say, by column.
    values: BTreeMap<&'static str, Cell>,
}

impl Payload {
    /// With the values of [`PAYLOAD`] by its columns.
    pub fn new(artist_raw: Option<String>, song_raw: Option<String>, values: BTreeMap<&'static str, Cell>) -> Self {
        let Some(Cell::Text(page)) = values.get("page") else { panic!("an event has a page: {values:?}") };
        Self { artist_raw, song_raw, page: page.clone(), values }
    }

    /// What a column holds.
    #[track_caller]
    pub fn value(&self, column: &str) -> &Cell {
        self.values.get(column).unwrap_or_else(|| panic!("no field has the column {column}"))
    }

    #[track_caller]
    pub fn text(&self, column: &str) -> Option<&String> {
        match self.value(column) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    #[track_caller]
    pub fn float(&self, column: &str) -> Option<f64> {
        match self.value(column) {
            Cell::Float(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }
}

/// A song file's record, names as they arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct SongRecord {
    pub num_songs: Option<i64>,
    pub artist_id: String,
    pub artist_latitude: Option<f64>,
    pub artist_longitude: Option<f64>,
    pub artist_location: Option<String>,
    pub artist_name_raw: String,
    pub song_id: String,
    pub title_raw: String,
    pub duration: Option<f64>,
    pub year: Option<i64>,
}

/// Why there is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No JSON object.
    Malformed,
    /// An object whose values do not fit.
    Unfit,
}

pub type Object<'a> = BTreeMap<String, &'a RawValue>;

const TIME: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// The text after repair: up to three rounds of UTF-8 read as Latin-1 undone.
pub fn repair(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..3 {
        let is_latin_1 = text.chars().all(|c| c <= '\u{FF}');
        let bytes: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
        match String::from_utf8(bytes) {
            Ok(decoded) if is_latin_1 && text.chars().any(|c| c > '\u{7F}') => text = decoded,
            _ => break,
        }
    }
    text
}

/// The object that `text` is, with every value's grammar checked to the bottom.
pub fn object(text: &str) -> Result<Object<'_>, Refused> {
    // All pairs first, since a value that a later one replaces must be sound as well.
    let pairs: Pairs<'_> = serde_json::from_str(text).map_err(|_| Refused::Malformed)?;
    pairs.0.iter().try_for_each(|value| check(value.get(), 2))?;
    serde_json::from_str(text).map_err(|_| Refused::Malformed)
}

/// `serde_json` leaves raw values half checked: escapes and depth are for us to follow.
fn check(text: &str, depth: usize) -> Result<(), Refused> {
    let malformed = |_| Refused::Malformed;
    match text.as_bytes()[0] {
        b'"' => serde_json::from_str::<String>(text).map(drop).map_err(malformed),
        b'[' | b'{' if depth > 127 => Err(Refused::Malformed),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(malformed)?;
            items.iter().try_for_each(|item| check(item.get(), depth + 1))
        }
        b'{' => {
            let pairs: Pairs<'_> = serde_json::from_str(text).map_err(malformed)?;
            pairs.0.iter().try_for_each(|value| check(value.get(), depth + 1))
        }
        _ => Ok(()),
    }
}

struct Pairs<'a>(Vec<&'a RawValue>);

impl<'de> serde::Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some((_, value)) = map.next_entry::<String, &RawValue>()? {
                    values.push(value);
                }
                Ok(Pairs(values))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The event of a log line that is not blank.
pub fn log_line(line: &[u8]) -> Result<Event, Refused> {
    let text = std::str::from_utf8(line).map_err(|_| Refused::Malformed)?;
    let object = object(text)?;
    let user_id = integer(&object, "userId", i64::MIN + 1..=i64::MAX)?;
    let page = text_of(&object, "page")?.filter(|page| !page.is_empty()).ok_or(Refused::Unfit)?;
    if page == "NextSong" && user_id.is_none() {
        return Err(Refused::Unfit);
    }
    let mut values = BTreeMap::new();
    for &(key, column, holds) in PAYLOAD {
        let value: Cell = match holds {
            Holds::Text => text_of(&object, key)?.into(),
            Holds::TextInQuotes => text_of(&object, key)?.map(without_quotes).into(),
            Holds::Float => float(&object, key)?.into(),
            Holds::Time => integer(&object, key, TIME)?.into(),
            Holds::Smallint => integer(&object, key, i16::MIN.into()..=i16::MAX.into())?.into(),
        };
        values.insert(column, value);
    }
    Ok(Event {
        ts: integer(&object, "ts", TIME)?.ok_or(Refused::Unfit)?,
        user_id,
        session_id: integer(&object, "sessionId", i64::MIN + 1..=i64::MAX)?.ok_or(Refused::Unfit)?,
        item_in_session: integer(&object, "itemInSession", i32::MIN.into()..=i32::MAX.into())?.ok_or(Refused::Unfit)?,
        payload: Payload::new(text_of(&object, "artist")?, text_of(&object, "song")?, values),
    })
}

/// The song of a record.
pub fn song(record: &[u8]) -> Result<SongRecord, Refused> {
    let text = std::str::from_utf8(record).map_err(|_| Refused::Unfit)?;
    let object = object(text)?;
    let needed = |key| text_of(&object, key)?.filter(|text| !text.is_empty()).ok_or(Refused::Unfit);
    Ok(SongRecord {
        num_songs: integer(&object, "num_songs", i32::MIN.into()..=i32::MAX.into())?,
        artist_id: needed("artist_id")?,
        artist_latitude: float(&object, "artist_latitude")?,
        artist_longitude: float(&object, "artist_longitude")?,
        artist_location: text_of(&object, "artist_location")?.filter(|text| !text.is_empty()),
        artist_name_raw: needed("artist_name")?,
        song_id: needed("song_id")?,
        title_raw: needed("title")?,
        duration: float(&object, "duration")?,
        year: integer(&object, "year", i16::MIN.into()..=i16::MAX.into())?.filter(|&year| year != 0),
    })
}

fn without_quotes(text: String) -> String {
    match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        Some(inner) => inner.to_owned(),
        None => text,
    }
}

fn text_of(object: &Object<'_>, key: &str) -> Result<Option<String>, Refused> {
    let Some(raw) = object.get(key) else { return Ok(None) };
    let text: Option<String> = serde_json::from_str(raw.get()).map_err(|_| Refused::Unfit)?;
    // PostgreSQL's text cannot hold a NUL.
    Ok(text.map(|text| text.replace('\0', "\u{FFFD}")))
}

/// The number's text, from a number or a text that is a JSON number; None for null, nothing and "".
fn number_text(object: &Object<'_>, key: &str) -> Result<Option<String>, Refused> {
    let Some(raw) = object.get(key) else { return Ok(None) };
    let text = match raw.get().as_bytes()[0] {
        b'n' => return Ok(None),
        b'"' => serde_json::from_str::<String>(raw.get()).map_err(|_| Refused::Malformed)?,
        _ => raw.get().to_owned(),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<&RawValue>(&text).is_ok_and(|raw| raw.get() == text);
    if is_number { Ok(Some(text)) } else { Err(Refused::Unfit) }
}

fn float(object: &Object<'_>, key: &str) -> Result<Option<f64>, Refused> {
    let Some(text) = number_text(object, key)? else { return Ok(None) };
    let number: f64 = text.parse().map_err(|_| Refused::Unfit)?;
    if number.is_finite() { Ok(Some(number + 0.0)) } else { Err(Refused::Unfit) }
}

fn integer(object: &Object<'_>, key: &str, bounds: std::ops::RangeInclusive<i64>) -> Result<Option<i64>, Refused> {
    let Some(text) = number_text(object, key)? else { return Ok(None) };
    let number = whole(&text).and_then(|n| i64::try_from(n).ok()).filter(|n| bounds.contains(n));
    number.map(Some).ok_or(Refused::Unfit)
}

/// The whole number that a JSON number is exactly; None if it is not whole, or far too large.
fn whole(text: &str) -> Option<i128> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{behind}");
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let trailing_zeros = digits.len() - digits.trim_end_matches('0').len();
    let far = if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    let power = exponent.parse::<i64>().unwrap_or(far) - behind.len() as i64 + trailing_zeros as i64;
    if power < 0 || significant.len() as i64 + power > 25 {
        return None;
    }
    format!("{significant}{}", "0".repeat(power as usize)).parse::<i128>().ok().map(|n| sign * n)
}

#[test]
fn whole_numbers_by_hand() {
    for (text, want) in [
        ("0", Some(0)),
        ("-0.0", Some(0)),
        ("100", Some(100)),
        ("1540919166796.0", Some(1_540_919_166_796)),
        ("15e2", Some(1500)),
        ("1500e-2", Some(15)),
        ("1.5", None),
        ("1.5E1", Some(15)),
        ("-3", Some(-3)),
        ("1e-99999999999999999999", None),
        ("0e99999999999999999999", Some(0)),
    ] {
        assert_eq!(whole(text), want, "{text}");
    }
}
