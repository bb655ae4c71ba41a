//! The catalogue by title and artist: which song a play is of.

use super::by_hash::ByHash;
use crate::decode::{EventChunk, song_key_hash};

/// What [`SongIndex::find`] gives for a row that the catalogue does not know.
pub(super) const NO_SONG: u32 = u32::MAX;

/// The songs of the catalogue, found by title and artist's name after repair.
#[derive(Debug, Default)]
pub struct SongIndex {
    songs: Vec<CatalogueSong>,
    by_hash: ByHash,
}

/// What the catalogue knows of a song, as far as it matters for a play.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of staging_songs")]
pub struct CatalogueSong {
    pub title: Box<str>,
    pub artist_name: Box<str>,
    pub song_id: Box<str>,
    pub artist_id: Box<str>,
    pub duration: Option<f64>,
    pub text_repair: u8,
}

impl SongIndex {
    /// Adds a song.
    pub fn add(&mut self, song: CatalogueSong) {
        let hash = song_key_hash(Some(song.artist_name.as_bytes()), Some(song.title.as_bytes()));
        self.by_hash.push(hash);
        self.songs.push(song);
    }

    /// The songs, by the number that [`Self::find`] gives.
    pub(super) fn songs(&self) -> &[CatalogueSong] {
        &self.songs
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
        let rank = |candidate: &CatalogueSong| {
            let distance = candidate.duration.map(|d| (d - chunk.length[row]).abs()).filter(|d| !d.is_nan());
            (candidate.text_repair != chunk.text_repair[row], distance.unwrap_or(1e300))
        };
        let mut best: Option<u32> = None;
        for number in self.by_hash.places(chunk.song_key_hash[row]) {
            let candidate = &self.songs[number as usize];
            if candidate.title.as_bytes() == title && candidate.artist_name.as_bytes() == artist {
                let is_better = best.is_none_or(|best| {
                    let best = &self.songs[best as usize];
                    let (ours, theirs) = (rank(candidate), rank(best));
                    ours.0.cmp(&theirs.0).then(ours.1.total_cmp(&theirs.1)).then(candidate.song_id.cmp(&best.song_id)).is_lt()
                });
                if is_better {
                    best = Some(number);
                }
            }
        }
        best.unwrap_or(NO_SONG)
    }
}
