//! Song files: writing them in the Million Song Dataset's spelling, and reading the tracks of an existing catalogue.

use super::{Song, Track};
use crate::decode::{SongChunk, decode_songs};
use crate::error::Result;
use crate::json;
use crate::source::{LINK_OUT, Location, Sources, display_name};

impl Song {
    /// The file's name below the folder of songs.
    #[must_use]
    pub fn path(&self) -> String {
        let id = &self.track_id;
        format!("{}/{}/{}/{id}.json", &id[2..3], &id[3..4], &id[4..5])
    }

    /// The file's content.
    #[must_use]
    pub fn json(&self) -> String {
        let text = |text: &str| {
            let mut out = Vec::new();
            json::text(&mut out, text, json::Spelling::Ascii);
            String::from_utf8(out).unwrap_or_default()
        };
        let degrees = |value: Option<i32>| value.map_or_else(|| "null".to_owned(), |v| json::decimal(i64::from(v)));
        format!(
            "{{\"num_songs\": 1, \"artist_id\": {}, \"artist_latitude\": {}, \"artist_longitude\": {}, \"artist_location\": {}, \
             \"artist_name\": {}, \"song_id\": {}, \"title\": {}, \"duration\": {}, \"year\": {}}}",
            text(&self.artist_id),
            degrees(self.coordinates.map(|(latitude, _)| latitude)),
            degrees(self.coordinates.map(|(_, longitude)| longitude)),
            text(self.location),
            text(&self.track.artist),
            text(&self.song_id),
            text(&self.track.title),
            json::decimal(i64::from(self.track.length)),
            self.year,
        )
    }
}

/// The songs of an existing catalogue that can be played.
///
/// # Errors
/// As listing and reading the location.
pub fn read_catalogue(sources: &Sources, location: &Location) -> Result<Vec<Track>> {
    let listing = sources.list(location)?;
    for (url, why) in listing.skipped.iter().filter(|(_, why)| *why == LINK_OUT) {
        tracing::warn!("{}: {why}", display_name(url));
    }
    let count = listing.files.len();
    let fetcher = sources.fetch(listing.files, 64 << 20)?;
    let (mut tracks, mut bytes) = (Vec::new(), Vec::new());
    for index in 0..count {
        bytes.clear();
        fetcher.read_all(index, &mut bytes)?;
        let mut chunk = SongChunk::default();
        decode_songs(&bytes, 0, 0, true, &mut chunk);
        tracks.extend(chunk.songs.into_iter().map(|(_, song)| Track {
            artist: song.artist_name,
            title: song.title,
            // A song of unknown length plays for three minutes, as in the original.
            length: (song.duration.filter(|d| *d > 0.0 && *d < 40_000.0).unwrap_or(180.0) * 1e5).round() as u32,
        }));
    }
    Ok(tracks)
}
