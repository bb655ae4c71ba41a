//! The tracks that plays were of: which number a title and an artist have.

use super::by_hash::ByHash;
use super::decoded::DecodedBatch;
use super::outcomes::Outcomes;
use super::varint;
use crate::decode::{EventChunk, Span, song_key_hash};

/// The tracks of the warehouse and of the batches before, found by title and artist as the log names them, after repair.
///
/// Warehouses have millions of tracks, so that one has no memory of its own: all stand one behind the other.
#[derive(Debug, Default)]
pub struct TrackIndex {
    /// The tracks: number, the two texts' lengths, the texts.
    store: Vec<u8>,
    /// Where they stand.
    by_hash: ByHash,
    /// The highest number given out.
    last_no: i32,
    /// Where those begin that the warehouse does not have yet.
    kept: usize,
}

/// A title and an artist as the log names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of tracks")]
pub struct Track<'a> {
    pub track_no: i32,
    pub song: &'a str,
    pub artist: &'a str,
}

/// The number that no track has.
const NO_TRACK: i32 = 0;

/// The number of each accepted play's track in a batch, by chunk.
#[derive(Debug, Default)]
pub(super) struct TrackNumbers(Vec<Vec<i32>>);

impl TrackNumbers {
    /// A row's; none where it is no accepted play, or tracks were not asked for.
    #[inline]
    pub fn of(&self, chunk: usize, row: usize) -> Option<i32> {
        self.0.get(chunk).map(|tracks| tracks[row]).filter(|&track| track != NO_TRACK)
    }
}

/// What a play says of its track; what the log does not name is an empty text.
#[derive(Clone, Copy)]
struct Names<'a> {
    song: &'a [u8],
    artist: &'a [u8],
    hash: u64,
}

impl<'a> Names<'a> {
    fn of(chunk: &'a EventChunk, row: usize) -> Self {
        let (song, artist) = (chunk.song[row], chunk.artist[row]);
        if !song.is_null() && !artist.is_null() {
            return Self { song: song.of(&chunk.text), artist: artist.of(&chunk.text), hash: chunk.song_key_hash[row] };
        }
        let text = |span: Span| if span.is_null() { &[] } else { span.of(&chunk.text) };
        let (song, artist) = (text(song), text(artist));
        Self { song, artist, hash: song_key_hash(Some(artist), Some(song)) }
    }
}

/// A track as it stands in the store.
struct Stored<'a> {
    track_no: i32,
    song: &'a [u8],
    artist: &'a [u8],
    /// Where the next one stands.
    end: usize,
}

/// The track that stands at a place of the store.
#[inline]
fn stored(store: &[u8], place: usize) -> Option<Stored<'_>> {
    let track_no = i32::from_le_bytes(*store.get(place..)?.first_chunk()?);
    let mut at = place + size_of::<i32>();
    let song = varint::get(store, &mut at)? as usize;
    let artist = varint::get(store, &mut at)? as usize;
    let (song_end, end) = (at + song, at + song + artist);
    Some(Stored { track_no, song: store.get(at..song_end)?, artist: store.get(song_end..end)?, end })
}

impl TrackIndex {
    /// An index of no tracks so far, whose new ones get numbers behind `last_no`.
    #[must_use]
    pub fn behind(last_no: i32) -> Self {
        Self { last_no, ..Self::default() }
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        (self.store.capacity() + self.by_hash.memory()) as u64
    }

    /// Adds a track that the warehouse has.
    pub fn add(&mut self, Track { track_no, song, artist }: Track<'_>) {
        let hash = song_key_hash(Some(artist.as_bytes()), Some(song.as_bytes()));
        self.push(hash, track_no, song.as_bytes(), artist.as_bytes());
        self.kept = self.store.len();
    }

    /// The tracks that came from batches since this was last asked; the warehouse is to have them now.
    pub fn take_new(&mut self) -> Vec<Track<'_>> {
        let mut place = std::mem::replace(&mut self.kept, self.store.len());
        let mut tracks = Vec::new();
        while let Some(Stored { track_no, song, artist, end }) = stored(&self.store, place) {
            // Decoding lets nothing else than UTF-8 through.
            let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
            tracks.push(Track { track_no, song: text(song), artist: text(artist) });
            place = end;
        }
        tracks
    }

    /// Gives the track of every accepted play its number, a new one where it has none; a track that only other plays have is
    /// not made.
    pub(super) fn number(&mut self, batch: &DecodedBatch, outcomes: &Outcomes) -> TrackNumbers {
        let chunks = batch.chunks();
        let plays = |chunk: usize| outcomes.accepted(chunk).filter(move |&row| chunks[chunk].is_play[row]);
        let mut found: Vec<Vec<i32>> = Vec::with_capacity(chunks.len());
        while found.len() < chunks.len() {
            // What is new is added by one thread. Each round is as long as all before it, as new tracks become rare.
            let round = found.len()..(2 * found.len()).clamp(1, chunks.len());
            let known = &*self;
            let mut tracks = batch.each_of(round.clone(), |number| {
                let mut tracks = vec![NO_TRACK; chunks[number].len()];
                for row in plays(number) {
                    tracks[row] = known.find(&chunks[number], row).unwrap_or(NO_TRACK);
                }
                tracks
            });
            for (number, tracks) in round.zip(&mut tracks) {
                for row in plays(number) {
                    if tracks[row] == NO_TRACK {
                        tracks[row] = self.find_or_add(&chunks[number], row);
                    }
                }
            }
            found.append(&mut tracks);
        }
        TrackNumbers(found)
    }

    /// The number of a row's track, if it has one already.
    fn find(&self, chunk: &EventChunk, row: usize) -> Option<i32> {
        self.find_names(Names::of(chunk, row))
    }

    /// The number of a row's track, which gets one if it has none.
    fn find_or_add(&mut self, chunk: &EventChunk, row: usize) -> i32 {
        let names = Names::of(chunk, row);
        if let Some(track_no) = self.find_names(names) {
            return track_no;
        }
        let track_no = self.last_no + 1;
        self.push(names.hash, track_no, names.song, names.artist);
        track_no
    }

    fn find_names(&self, names: Names<'_>) -> Option<i32> {
        let mut found = self.by_hash.places(names.hash).filter_map(|place| stored(&self.store, place as usize));
        found.find(|track| track.song == names.song && track.artist == names.artist).map(|track| track.track_no)
    }

    fn push(&mut self, hash: u64, track_no: i32, song: &[u8], artist: &[u8]) {
        let place = self.store.len() as u64;
        self.store.extend_from_slice(&track_no.to_le_bytes());
        varint::put(song.len() as u64, &mut self.store);
        varint::put(artist.len() as u64, &mut self.store);
        self.store.extend_from_slice(song);
        self.store.extend_from_slice(artist);
        self.last_no = self.last_no.max(track_no);
        let store = &self.store;
        self.by_hash.add(hash, place, |place| {
            stored(store, place as usize).map_or(0, |track| song_key_hash(Some(track.artist), Some(track.song)))
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::decode::LogDecoder;
    use crate::{Batch, SongIndex};

    /// Plays of these titles and artists, as JSON; views where the title is a dash.
    fn chunk(session: usize, tracks: &[(&str, &str)]) -> EventChunk {
        let mut chunk = EventChunk::default();
        let line = |(item, (song, artist)): (usize, &(&str, &str))| {
            let key = format!(r#""userId":"1","sessionId":{session},"itemInSession":{item},"ts":1541106106796"#);
            match *song {
                "-" => format!(r#"{{{key},"page":"Home"}}"#) + "\n",
                _ => format!(r#"{{{key},"page":"NextSong","song":{song},"artist":{artist}}}"#) + "\n",
            }
        };
        let lines: String = tracks.iter().enumerate().map(line).collect();
        LogDecoder::default().decode(lines.as_bytes(), 0, &mut chunk);
        assert_eq!(chunk.len(), tracks.len());
        chunk
    }

    fn found(batch: &Batch, chunk: usize) -> Vec<Option<i32>> {
        (0..batch.chunks()[chunk].len()).map(|row| batch.track(chunk, row)).collect()
    }

    fn names(tracks: Vec<Track<'_>>) -> Vec<(i32, &str, &str)> {
        tracks.into_iter().map(|track| (track.track_no, track.song, track.artist)).collect()
    }

    #[test]
    fn plays_of_one_title_and_artist_have_one_track_whatever_the_chunk_and_batch() {
        let mut index = TrackIndex::default();
        index.add(Track { track_no: 7, song: "Björk", artist: "X" });
        let batch = |chunks: &[&[(&str, &str)]]| {
            let chunks = chunks.iter().enumerate().map(|(session, tracks)| chunk(session, tracks)).collect();
            Arc::new(DecodedBatch::new(chunks, Vec::new().into(), 2))
        };
        let first = batch(&[
            // Garbled text is a track's after repair; what is not named is an empty text, and so is one.
            &[(r#""Bj\u00c3\u00b6rk""#, r#""X""#), (r#""X""#, r#""Björk""#), ("null", r#""X""#)],
            &[],
            &[(r#""""#, r#""X""#), ("-", ""), ("null", "null"), (r#""a""#, r#""b""#)],
            &[(r#""ab""#, r#""""#), (r#""a""#, r#""b""#), (r#""A""#, r#""b""#), (r#""X""#, r#""Björk""#)],
        ]);
        let songs = Arc::new(SongIndex::default());
        let first = Batch::classified(first, vec![(5, true)], &songs, &mut index);
        assert_eq!(found(&first, 0), [Some(7), Some(8), Some(9)]);
        assert_eq!(found(&first, 2), [Some(9), None, None, Some(10)], "only accepted plays have one");
        assert_eq!(found(&first, 3), [Some(11), Some(10), Some(12), Some(8)]);
        let added = [(8, "X", "Björk"), (9, "", "X"), (10, "a", "b"), (11, "ab", ""), (12, "A", "b")];
        assert_eq!(names(index.take_new()), added);

        let second = batch(&[&[("null", "null"), (r#""ab""#, "null"), (r#""Björk""#, r#""X""#)]]);
        let second = Batch::classified(second, Vec::new(), &songs, &mut index);
        assert_eq!(found(&second, 0), [Some(13), Some(11), Some(7)]);
        assert_eq!(names(index.take_new()), [(13, "", "")]);
        assert_eq!(index.take_new(), []);
    }

    #[test]
    fn tracks_of_one_hash_are_told_apart() {
        let mut index = TrackIndex::default();
        for (track_no, song) in [(1, "one"), (2, "two"), (3, "three")] {
            index.push(42, track_no, song.as_bytes(), b"a");
        }
        let find = |song: &str| index.find_names(Names { song: song.as_bytes(), artist: b"a", hash: 42 });
        assert_eq!([find("one"), find("two"), find("three"), find("four")], [Some(1), Some(2), Some(3), None]);
        assert_eq!(index.find_names(Names { song: b"one", artist: b"b", hash: 42 }), None);
    }

    /// ARCHITECTURE.md names the figure.
    #[test]
    fn a_track_takes_few_bytes_beside_its_texts() {
        let mut index = TrackIndex::default();
        let mut texts = 0;
        for track_no in 1..=100_000 {
            let (song, artist) = (format!("Song number {track_no}"), format!("Artist {}", track_no % 999));
            texts += song.len() + artist.len();
            index.add(Track { track_no, song: &song, artist: &artist });
        }
        let beside = (index.store.len() - texts + index.by_hash.memory()) / 100_000;
        assert!(beside <= 28, "{beside} bytes");
    }
}
