//! The catalogue by title and artist: which song a play is of.

use super::by_hash::ByHash;
use crate::decode::{EventChunk, song_key_hash};
use crate::record::{FLOAT_FIELDS, LogField, index_in};

/// What [`SongIndex::find`] gives for a row that the catalogue does not know.
pub(super) const NO_SONG: u32 = u32::MAX;

/// The songs of the catalogue, found by title and artist's name after repair. Their texts stand one behind the other, as
/// there may be millions.
#[derive(Debug, Default)]
pub struct SongIndex {
    songs: Vec<Stored>,
    texts: Vec<u8>,
    by_hash: ByHash,
}

/// What the catalogue knows of a song, as far as it matters for a play.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the columns of staging_songs")]
pub struct CatalogueSong<'a> {
    pub title: &'a str,
    pub artist_name: &'a str,
    pub song_id: &'a str,
    pub artist_id: &'a str,
    pub duration: Option<f64>,
    pub text_repair: u8,
}

/// A song as it is held.
#[derive(Debug)]
struct Stored {
    /// Where its texts begin.
    start: u64,
    /// Where title, artist's name, song_id and artist_id end, from there on.
    ends: [u32; 4],
    /// NaN where it is not known.
    duration: f64,
    text_repair: u8,
}

/// Where a play's length stands among a chunk's floating-point numbers.
const LENGTH: usize = index_in(&FLOAT_FIELDS, LogField::Length);

const TITLE: usize = 0;
const ARTIST_NAME: usize = 1;
const SONG_ID: usize = 2;
const ARTIST_ID: usize = 3;

impl SongIndex {
    /// Bytes that it takes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        (self.songs.capacity() * size_of::<Stored>() + self.texts.capacity() + self.by_hash.memory()) as u64
    }

    /// Adds a song.
    pub fn add(&mut self, song: CatalogueSong<'_>) {
        let hash = song_key_hash(Some(song.artist_name.as_bytes()), Some(song.title.as_bytes()));
        let start = self.texts.len();
        let ends = [song.title, song.artist_name, song.song_id, song.artist_id].map(|text| {
            self.texts.extend_from_slice(text.as_bytes());
            (self.texts.len() - start) as u32
        });
        let duration = song.duration.unwrap_or(f64::NAN);
        let place = self.songs.len() as u64;
        self.songs.push(Stored { start: start as u64, ends, duration, text_repair: song.text_repair });
        let (songs, texts) = (&self.songs, &self.texts);
        self.by_hash.add(hash, place, |place| {
            let text = |which| songs[place as usize].text(texts, which);
            song_key_hash(Some(text(ARTIST_NAME)), Some(text(TITLE)))
        });
    }

    /// The song_id of a song by the number that [`Self::find`] gives, None where that is no song's.
    #[inline]
    #[must_use]
    pub fn song_id(&self, song: u32) -> Option<&[u8]> {
        self.songs.get(song as usize).map(|song| song.text(&self.texts, SONG_ID))
    }

    /// The artist_id, likewise.
    #[inline]
    #[must_use]
    pub fn artist_id(&self, song: u32) -> Option<&[u8]> {
        self.songs.get(song as usize).map(|song| song.text(&self.texts, ARTIST_ID))
    }

    /// The rounds of repair, likewise.
    #[inline]
    #[must_use]
    pub fn text_repair(&self, song: u32) -> Option<u8> {
        self.songs.get(song as usize).map(|song| song.text_repair)
    }

    /// The song that each row of a chunk is of; [`NO_SONG`] where the catalogue does not have it.
    pub(super) fn find(&self, chunk: &EventChunk) -> Vec<u32> {
        (0..chunk.len()).map(|row| self.find_row(chunk, row)).collect()
    }

    /// Of the songs that share the row's title and artist: equal as they arrived before equal after repair, then the
    /// nearest duration, then the lowest song_id. `sql/transform/contested_plays.sql` says the same of plays held already.
    fn find_row(&self, chunk: &EventChunk, row: usize) -> u32 {
        let (artist, song) = (chunk.artist[row], chunk.song[row]);
        if artist.is_null() || song.is_null() {
            return NO_SONG;
        }
        let (title, artist) = (song.of(&chunk.text), artist.of(&chunk.text));
        let rank = |candidate: &Stored| {
            let distance = Some((candidate.duration - chunk.floats[LENGTH][row]).abs()).filter(|d| !d.is_nan());
            (candidate.text_repair != chunk.text_repair[row], distance.unwrap_or(1e300))
        };
        let mut best: Option<u32> = None;
        for number in self.by_hash.places(chunk.song_key_hash[row]) {
            let candidate = &self.songs[number as usize];
            let text = |song: &Stored, which| song.text(&self.texts, which);
            if text(candidate, TITLE) == title && text(candidate, ARTIST_NAME) == artist {
                let is_better = best.is_none_or(|best| {
                    let best = &self.songs[best as usize];
                    let (ours, theirs) = (rank(candidate), rank(best));
                    let by_id = || text(candidate, SONG_ID).cmp(text(best, SONG_ID));
                    ours.0.cmp(&theirs.0).then(ours.1.total_cmp(&theirs.1)).then_with(by_id).is_lt()
                });
                if is_better {
                    best = Some(number as u32);
                }
            }
        }
        best.unwrap_or(NO_SONG)
    }
}

impl Stored {
    #[inline]
    fn text<'t>(&self, texts: &'t [u8], which: usize) -> &'t [u8] {
        let start = if which == 0 { 0 } else { self.ends[which - 1] };
        texts.get(self.start as usize + start as usize..self.start as usize + self.ends[which] as usize).unwrap_or_default()
    }
}
