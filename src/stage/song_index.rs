//! The catalogue by title and artist, to look plays up in without comparing their texts in SQL.

use std::collections::HashMap;

use crate::decode::{EventChunk, song_key_hash};

/// What [`SongIndex::find`] gives for a row that the catalogue does not know.
pub(super) const NO_KEY: i64 = -1;

/// Titles and artists of the catalogue, after repair, with a number each.
#[derive(Debug, Default)]
pub struct SongIndex {
    entries: Vec<Entry>,
    /// The last entry with a hash.
    by_hash: HashMap<u64, u32, rapidhash::fast::RandomState>,
}

#[derive(Debug)]
struct Entry {
    title: Box<str>,
    artist: Box<str>,
    key: i64,
    /// Another entry with the same hash.
    next: Option<u32>,
}

impl SongIndex {
    /// Adds a title and artist under a number that is not negative.
    pub fn add(&mut self, title: &str, artist: &str, key: i64) {
        let hash = song_key_hash(Some(artist.as_bytes()), Some(title.as_bytes()));
        let next = self.by_hash.insert(hash, self.entries.len() as u32);
        self.entries.push(Entry { title: title.into(), artist: artist.into(), key, next });
    }

    /// The number of each row's title and artist; [`NO_KEY`] where the catalogue does not have them.
    pub(super) fn find(&self, chunk: &EventChunk) -> Vec<i64> {
        (0..chunk.len()).map(|row| self.find_row(chunk, row)).collect()
    }

    fn find_row(&self, chunk: &EventChunk, row: usize) -> i64 {
        let (artist, song) = (chunk.artist[row], chunk.song[row]);
        if artist.is_null() || song.is_null() {
            return NO_KEY;
        }
        let mut at = self.by_hash.get(&chunk.song_key_hash[row]).copied();
        while let Some(index) = at {
            let entry = &self.entries[index as usize];
            if entry.title.as_bytes() == song.of(&chunk.text) && entry.artist.as_bytes() == artist.of(&chunk.text) {
                return entry.key;
            }
            at = entry.next;
        }
        NO_KEY
    }
}
