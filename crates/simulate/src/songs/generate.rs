//! Generates songs: ids in the Million Song Dataset's shapes, credible titles and artists, remixes and guests.

use super::Track;
use super::words::{COMMON_TITLES, EDITIONS, LANGUAGES, Language, ORIGINS};
use crate::names::{FAMILIES, MEN, WOMEN};
use crate::random::{Purpose, Random, Weighted};

/// A folder of song files holds so many, unless the catalogue needs more.
const SONGS_A_FOLDER: usize = 24;
const LETTERS: usize = 26;
const ID_BITS: u32 = 36;

/// A song of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Song {
    /// The recording's id, after which its file is called.
    pub track_id: String,
    /// The song's id.
    pub song_id: String,
    /// The artist's id.
    pub artist_id: String,
    /// Where the artist comes from, or empty.
    pub location: &'static str,
    /// Latitude and longitude of that place, in hundred-thousandths of a degree.
    pub coordinates: Option<(i32, i32)>,
    /// Artist, title and length, as the log names them.
    pub track: Track,
    /// The year, or 0.
    pub year: u16,
}

/// Generates the songs of one collection; each depends on its number alone.
pub struct SongGenerator {
    seed: u64,
    purpose: Purpose,
    count: usize,
    artists: usize,
    languages: Weighted,
}

struct Artist {
    name: String,
    language: &'static Language,
}

impl SongGenerator {
    /// For a collection of so many songs.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, count: usize) -> Self {
        let shares: Vec<f64> = LANGUAGES.iter().map(|language| f64::from(language.share)).collect();
        Self { seed, purpose, count, artists: (count * 2 / 5).max(1), languages: Weighted::new(&shares) }
    }

    /// Artist, title and length of a song.
    #[must_use]
    pub fn track(&self, number: usize) -> Track {
        let mut random = Random::of(self.seed, self.purpose, number as u64);
        let length = length(&mut random);
        // A remix is the song before once more, at another length.
        if number > 0 && random.happens(0.04) {
            let original = self.track(number - 1);
            return Track { length: if length == original.length { length + 1 } else { length }, ..original };
        }
        let artist = self.artist(self.artist_of(number));
        let mut title = if random.happens(0.04) {
            random.pick(&COMMON_TITLES).to_owned()
        } else {
            spell(&mut random, artist.language, artist.language.titles)
        };
        if random.happens(0.14) {
            title = format!("{title} {}", random.pick(&EDITIONS));
        }
        let mut name = artist.name;
        if random.happens(0.04) {
            let guest = self.artist(random.below(self.artists)).name;
            name = format!("{name} {} {guest}", random.pick(&["feat.", "featuring", "Feat.", "ft."]));
        }
        Track { artist: name, title, length }
    }

    /// A whole song.
    #[must_use]
    pub fn song(&self, number: usize) -> Song {
        // Remixes in a row are all by the artist of the first.
        let artist = self.artist_of(self.original(number));
        let mut random = Random::of(self.seed ^ 0x50_4E47, self.purpose, number as u64);
        let mut of_artist = Random::of(self.seed ^ 0x50_4E47, Purpose::Artist, artist as u64);
        let (location, latitude, longitude) = of_artist.pick(&ORIGINS);
        let (placed, located) = (of_artist.happens(0.62), of_artist.happens(0.7));
        let age = random.exponential(11.0).min(85.0) as u16;
        Song {
            track_id: self.track_id(number, &mut random),
            song_id: format!("SO{}{}", letters(&mut random, 5), self.hex(number, 2)),
            artist_id: format!("AR{}{}", letters(&mut of_artist, 5), self.hex(artist, 3)),
            location: if placed { location } else { "" },
            coordinates: (placed && located).then_some((latitude, longitude)),
            track: self.track(number),
            year: if random.happens(0.52) { 0 } else { 2011 - age },
        }
    }

    /// The song that a remix, or a remix's remix, is of.
    fn original(&self, mut number: usize) -> usize {
        while number > 0 {
            let mut random = Random::of(self.seed, self.purpose, number as u64);
            length(&mut random);
            if !random.happens(0.04) {
                break;
            }
            number -= 1;
        }
        number
    }

    /// Some artists have many songs, most have few.
    fn artist_of(&self, number: usize) -> usize {
        let mut random = Random::of(self.seed ^ 0x41_5254, self.purpose, number as u64);
        (random.unit().powf(1.4) * self.artists as f64) as usize
    }

    fn artist(&self, number: usize) -> Artist {
        let mut random = Random::of(self.seed ^ self.purpose as u64, Purpose::Artist, number as u64);
        let language = &LANGUAGES[self.languages.pick(&mut random)];
        Artist { name: spell(&mut random, language, language.artists), language }
    }

    /// An id whose letters put the folders in order, as those of a part of a large catalogue are.
    fn track_id(&self, number: usize, random: &mut Random) -> String {
        let folders = LETTERS * LETTERS * LETTERS;
        let folder = number / SONGS_A_FOLDER.max(self.count.div_ceil(folders)).max(1);
        let letter = |digit: usize| char::from(b'A' + (digit % LETTERS) as u8);
        let path: String = [folder / LETTERS / LETTERS, folder / LETTERS, folder].map(letter).iter().collect();
        let rest: String = (0..2).map(|_| letter(random.below(LETTERS))).collect();
        format!("TR{path}{rest}{}", self.hex(number, 1))
    }

    /// Eleven digits of an id, different for each number.
    fn hex(&self, number: usize, kind: u64) -> String {
        let mask = (1_u64 << ID_BITS) - 1;
        let mut x = number as u64 & mask;
        for round in 0..3 {
            x = x.wrapping_mul(0x9E37_79B9_7F4A_7C15 | 1) & mask;
            x ^= x >> (ID_BITS / 2);
            x = (x ^ Random::of(self.seed, self.purpose, u64::MAX - kind * 8 - round).bits()) & mask;
        }
        format!("12{x:09X}")
    }
}

fn letters(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| char::from(b'A' + random.below(LETTERS) as u8)).collect()
}

/// Around four minutes, as songs are, in hundred-thousandths of a second.
fn length(random: &mut Random) -> u32 {
    let seconds = 228.0 * (random.normal() * 0.36).exp();
    (seconds.clamp(12.0, 1500.0) * 1e5) as u32 + random.below(10) as u32
}

/// A text of one of these patterns.
fn spell(random: &mut Random, language: &'static Language, patterns: &[&str]) -> String {
    let pattern = random.pick(patterns);
    let mut text = String::new();
    for sign in pattern.chars() {
        match sign {
            '①' => word(&mut text, random, language.nouns),
            '②' => word(&mut text, random, language.adjectives),
            '③' => word(&mut text, random, language.verbs),
            // Artists of large languages have names of users, too.
            '④' if language.share > 500 && random.happens(0.7) => {
                let names = if random.happens(0.5) { WOMEN } else { MEN };
                word(&mut text, random, names);
            }
            '⑤' if language.share > 500 && random.happens(0.8) => word(&mut text, random, FAMILIES),
            '④' => word(&mut text, random, language.firsts),
            '⑤' => word(&mut text, random, language.families),
            _ => text.push(sign),
        }
    }
    text
}

fn word(text: &mut String, random: &mut Random, words: &str) {
    let count = words.split_ascii_whitespace().count();
    let word = words.split_ascii_whitespace().nth(random.below(count.max(1))).unwrap_or_default();
    // The tables join words that belong together by an underscore.
    text.extend(word.chars().map(|c| if c == '_' { ' ' } else { c }));
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn a_catalogue_is_like_real_ones() {
        let generator = SongGenerator::new(1, Purpose::Catalogue, 5_000);
        let songs: Vec<Song> = (0..5_000).map(|number| generator.song(number)).collect();
        let ids = |id: fn(&Song) -> &String| songs.iter().map(id).collect::<BTreeSet<_>>().len();
        assert_eq!((ids(|s| &s.track_id), ids(|s| &s.song_id)), (5_000, 5_000));
        let artists = ids(|s| &s.artist_id);
        assert!((1_000..2_000).contains(&artists), "{artists} artists");
        for song in &songs {
            for (id, prefix) in [(&song.track_id, "TR"), (&song.song_id, "SO"), (&song.artist_id, "AR")] {
                assert!(
                    id.len() == 18 && id.starts_with(prefix) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                );
            }
            assert!(!song.track.title.contains(['①', '②', '③', '④', '⑤', '_']) && !song.track.title.is_empty());
            assert!(song.year == 0 || (1926..=2011).contains(&song.year));
        }
        let mut named: BTreeMap<(&str, &str), Vec<&Song>> = BTreeMap::new();
        let mut by_title: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for song in &songs {
            named.entry((&song.track.artist, &song.track.title)).or_default().push(song);
            by_title.entry(&song.track.title).or_default().insert(&song.artist_id);
        }
        let remixes = named.values().filter(|same| same.len() > 1).count();
        assert!(remixes > 100, "{remixes} remixes");
        for same in named.values().filter(|same| same.len() > 1) {
            let lengths: BTreeSet<u32> = same.iter().map(|song| song.track.length).collect();
            assert_eq!(lengths.len(), same.len(), "{same:?}");
        }
        assert!(by_title.values().filter(|artists| artists.len() > 3).count() > 10);
        let share = |of: &dyn Fn(&Song) -> bool| songs.iter().filter(|song| of(song)).count() as f64 / 5_000.0;
        assert!((0.1..0.5).contains(&share(&|s| !s.track.artist.is_ascii())), "artists with other letters");
        assert!((0.02..0.08).contains(&share(&|s| s.track.artist.to_lowercase().contains(" f") && s.track.artist.contains('t'))));
        assert!((0.4..0.7).contains(&share(&|s| !s.location.is_empty())));
        assert_eq!(generator.song(17), songs[17]);
    }
}
