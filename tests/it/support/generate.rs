//! Made-up events and songs from small domains, so that keys, names and instants meet often.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fields::{Holds, PAYLOAD};

/// A source of numbers for tests that need many, fast and the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Spread, so that neighbouring seeds have nothing in common.
        let mixed = (seed ^ 0x5851_F42D_4C95_7F2D).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        ((self.next() >> 33) % bound as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// The text as it looks after UTF-8 was read as Latin-1 so many times.
pub fn garble(text: &str, times: usize) -> String {
    (0..times).fold(text.to_owned(), |text, _| text.bytes().map(char::from).collect())
}

const TITLES: [&str; 4] = ["Plain", "Jóga", "漢字", "Ágætis byrjun"];
const ARTISTS: [&str; 3] = ["Nobody", "Björk", "Sigur Rós"];
const LEVELS: [Option<&str>; 3] = [Some("free"), Some("paid"), None];
const PAGES: [&str; 4] = ["NextSong", "NextSong", "Home", "Upgrade"];
const ZERO: i64 = 1_541_106_106_796;

/// An event, by what matters of it. The rest of the line follows from these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Event {
    /// 0 is a visitor who is not logged in.
    pub user: u8,
    pub session: u8,
    pub item: u8,
    pub instant: u8,
    /// Of the same key, other variants are in conflict.
    pub variant: u8,
}

impl Event {
    /// The event's line. All but the key follows from the key and the variant, so that equal keys of equal variants are
    /// duplicates.
    pub fn line(self) -> String {
        let mut dice = Random::new(
            u64::from(self.user) << 32
                | u64::from(self.session) << 24
                | u64::from(self.item) << 16
                | u64::from(self.instant) << 8
                | u64::from(self.variant),
        );
        let page = if self.user == 0 { "Home" } else { dice.pick(&PAGES) };
        let level = LEVELS[dice.below(3)];
        let is_play = page == "NextSong";
        let name = |names: &[&str], dice: &mut Random| garble(names[dice.below(names.len())], dice.below(3));
        let title = (is_play && !dice.one_in(8)).then(|| name(&TITLES, &mut dice));
        let artist = (is_play && !dice.one_in(8)).then(|| name(&ARTISTS, &mut dice));
        let length = (is_play && !dice.one_in(6)).then(|| dice.below(5) as f64 * 50.0 + 0.25);
        let user = if self.user == 0 { json!("") } else { json!(self.user.to_string()) };
        let mut line = json!({
            "artist": artist, "auth": if self.user == 0 { "Logged Out" } else { "Logged In" },
            "firstName": (self.user > 0).then(|| format!("First{}", dice.below(3))), "gender": dice.pick(&["F", "M"]),
            "itemInSession": self.item, "lastName": format!("Last {}", self.user), "length": length, "level": level,
            "method": if is_play { "PUT" } else { "GET" }, "page": page,
            "registration": 1_540_919_166_796.0 + f64::from(self.variant), "sessionId": self.session, "song": title, "status": 200,
            "ts": ZERO + i64::from(self.instant) * 1000, "userId": user,
        });
        // What nothing depends on is of any value that fits.
        for &(key, _, holds) in PAYLOAD {
            if line.get(key).is_none() {
                line[key] = any_value(key, holds, &mut dice);
            }
        }
        line.to_string()
    }
}

/// A value of a field, or none.
fn any_value(key: &str, holds: Holds, dice: &mut Random) -> Value {
    let number = dice.below(4);
    match holds {
        _ if number == 3 => Value::Null,
        Holds::Text => json!(format!("{key} {number}")),
        Holds::TextInQuotes => json!(format!("\"{key} {number}\"")),
        Holds::Float => json!(number as f64 + 0.25),
        Holds::Time => json!(ZERO + number as i64),
        Holds::Smallint => json!(number),
    }
}

/// A song's record in its own file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Song {
    pub id: u8,
    /// Another variant is other metadata of the same song.
    pub variant: u8,
}

impl Song {
    pub fn line(self) -> String {
        let mut dice = Random::new(u64::from(self.id) << 8 | u64::from(self.variant) | 1 << 40);
        let artist = dice.below(3);
        let known = |dice: &mut Random, value: Value| if dice.one_in(2) { value } else { Value::Null };
        json!({
            "num_songs": 1, "song_id": format!("SO{:02}", self.id), "artist_id": format!("AR{artist}"),
            "title": garble(TITLES[dice.below(4)], usize::from(dice.one_in(3))),
            "artist_name": garble(ARTISTS[if dice.one_in(4) { dice.below(3) } else { artist }], usize::from(dice.one_in(4))),
            "artist_latitude": known(&mut dice, json!(f64::from(self.id) + 0.5)),
            "artist_longitude": known(&mut dice, json!(-12.25)),
            "artist_location": dice.pick(&["", "Reykjavík", "London, England"]),
            "duration": known(&mut dice, json!(f64::from(self.variant % 5) * 50.0 + 0.5)), "year": if dice.one_in(2) { 0 } else { 1997 },
        })
        .to_string()
    }
}

/// Events of which none conflict.
pub fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    events_of_variants(most, 1)
}

/// Events whose keys may come with so many different payloads.
pub fn events_of_variants(most: usize, variants: u8) -> impl Strategy<Value = Vec<Event>> {
    let event = (0..5u8, 0..3u8, 0..4u8, 0..24u8, 0..variants).prop_map(|(user, session, item, instant, variant)| Event {
        user,
        session,
        item,
        instant,
        variant,
    });
    prop::collection::vec(event, 1..most)
}

pub fn songs(most: usize) -> impl Strategy<Value = Vec<Song>> {
    prop::collection::vec((0..12u8, 0..8u8).prop_map(|(id, variant)| Song { id, variant }), 0..most)
}

/// Lines as a file's content.
pub fn content(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}
