//! Song files: one object, or several one after the other, with any white space between and within.

use super::fields::FieldFinder;
use super::log::{first_fault, float, integer};
use super::reject::{MAX_LINE_BYTES, Reason, Reject};
use super::token::{Scanner, Token, TokenKind};
use super::{UnknownKeys, count_unknown_key, text};
use crate::record::{NULL_INTEGER, SONG_FIELDS, SongField};

/// One song's metadata, text repaired, unknown values None.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the fields of a song file, named as there")]
pub struct Song {
    pub num_songs: Option<i32>,
    pub artist_id: String,
    pub artist_latitude: Option<f64>,
    pub artist_longitude: Option<f64>,
    pub artist_location: Option<String>,
    pub artist_name: String,
    pub song_id: String,
    pub title: String,
    pub duration: Option<f64>,
    pub year: Option<i16>,
    /// Rounds of repair: four times those of the title plus those of the artist's name.
    pub text_repair: u8,
}

impl Song {
    /// About how many bytes of memory it takes.
    fn memory(&self) -> usize {
        /// What an allocation takes besides, on the average.
        const ALLOCATION: usize = 24;
        let texts = [&self.artist_id, &self.artist_name, &self.song_id, &self.title];
        let texts = texts.into_iter().chain(&self.artist_location).map(|text| text.capacity() + ALLOCATION);
        size_of::<(u32, Self)>() + texts.sum::<usize>()
    }
}

/// The songs and rejects of one range of a song file.
#[derive(Debug, Default)]
pub struct SongChunk {
    /// The songs, each with the line it begins on, counted from the range's first.
    pub songs: Vec<(u32, Song)>,
    /// Refused records.
    pub rejects: Vec<Reject>,
    /// Keys that no field has.
    pub unknown_keys: UnknownKeys,
    /// About how many bytes of memory the songs and rejects take.
    pub memory: usize,
    /// The most of it: decoding ends behind the record that reaches it. None for no bound.
    pub most_memory: Option<usize>,
    /// The most bytes that a text may have, if the warehouse has a limit.
    pub most_text: Option<usize>,
}

/// How close to the end of a piece a fault may be the cut's own: no token that fails as a whole is longer than a surrogate
/// pair in escapes, 12 bytes.
const LONGEST_TOKEN: usize = 12;

/// Decodes the songs in `bytes`, which begin `byte_offset` bytes and `first_line` lines into their file. Returns the
/// number of bytes used: all of them if this is the file's end, else those before a record that may go on behind it. Fewer
/// where the chunk is full.
pub fn decode_songs(bytes: &[u8], byte_offset: u64, first_line: u32, is_end: bool, chunk: &mut SongChunk) -> usize {
    let mut finder = FieldFinder::new(&SONG_FIELDS);
    let mut scanner = Scanner::new(bytes, 0);
    if byte_offset == 0 && bytes.starts_with(b"\xEF\xBB\xBF") {
        scanner.at = 3;
    }
    let mut line = LineCounter { bytes, line: first_line, at: 0 };
    loop {
        scanner.skip_space();
        let start = scanner.at;
        if start >= bytes.len() {
            return bytes.len();
        }
        // More bytes can mend a record that the piece cuts off, but not for ever.
        let can_wait = !is_end && bytes.len() - start <= MAX_LINE_BYTES;
        let read = if scanner.peek() == Some(b'{') {
            finder.read(&mut scanner).ok_or_else(|| scanner.fault())
        } else {
            scanner.fail("an object was expected").ok_or_else(|| scanner.fault())
        };
        let end = match read {
            Ok(()) => scanner.at,
            Err(fault) if can_wait && bytes.len() - fault.at < LONGEST_TOKEN => return start,
            Err(_) => match next_object(bytes, start) {
                None if can_wait => return start,
                next => next.unwrap_or(bytes.len()),
            },
        };
        let raw = bytes[start..end].trim_ascii_end();
        let decoded = match read {
            Ok(()) => song(bytes, raw, &finder.tokens).and_then(|song| narrow(song, chunk.most_text)),
            Err(_) if bytes[start] != b'{' => Err(Reason::NotAnObject),
            Err(fault) => Err(Reason::Malformed { column: fault.at - start + 1, what: fault.what }),
        };
        match decoded {
            Ok(song) => {
                chunk.memory += song.memory();
                chunk.songs.push((line.at(start), song));
            }
            Err(reason) => {
                let reject = Reject::new(line.at(start), byte_offset + start as u64, reason, raw);
                chunk.memory += reject.memory();
                chunk.rejects.push(reject);
            }
        }
        scanner.at = end;
        for (key, times) in std::mem::take(&mut finder.unknown) {
            count_unknown_key(&mut chunk.unknown_keys, &key, times);
        }
        if chunk.most_memory.is_some_and(|most| chunk.memory >= most) {
            return end;
        }
    }
}

/// Where decoding goes on after a record that cannot be read: the next line that begins with a brace.
fn next_object(bytes: &[u8], start: usize) -> Option<usize> {
    memchr::memmem::find(&bytes[start..], b"\n{").map(|n| start + n + 1)
}

/// Counts lines only as far as asked; most song files are one line.
struct LineCounter<'a> {
    bytes: &'a [u8],
    line: u32,
    at: usize,
}

impl LineCounter<'_> {
    fn at(&mut self, position: usize) -> u32 {
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.at..position]).count() as u32;
        self.at = position;
        self.line
    }
}

fn song(bytes: &[u8], raw: &[u8], tokens: &[Token; SONG_FIELDS.len()]) -> Result<Song, Reason> {
    if let Err(e) = std::str::from_utf8(raw) {
        return Err(Reason::NotUtf8 { column: e.valid_up_to() + 1 });
    }
    if let Some(reason) = first_fault(&SONG_FIELDS, bytes, tokens) {
        return Err(reason);
    }
    let of = |field: SongField| (&SONG_FIELDS[field as usize], bytes, tokens[field as usize]);
    let number = |field| {
        let (spec, bytes, token) = of(field);
        integer(spec, bytes, token).map(|v| (v != NULL_INTEGER).then_some(v))
    };
    let decimal = |field| {
        let (spec, bytes, token) = of(field);
        float(spec, bytes, token).map(|v| (!v.is_nan()).then_some(v))
    };
    let (artist_name, artist_rounds) = repaired(string(of(SongField::ArtistName)));
    let (title, title_rounds) = repaired(string(of(SongField::Title)));
    Ok(Song {
        num_songs: number(SongField::NumSongs)?.map(|v| v as i32),
        artist_id: string(of(SongField::ArtistId)),
        artist_latitude: decimal(SongField::ArtistLatitude)?,
        artist_longitude: decimal(SongField::ArtistLongitude)?,
        artist_location: Some(string(of(SongField::ArtistLocation))).filter(|l| !l.is_empty()),
        artist_name,
        song_id: string(of(SongField::SongId)),
        title,
        duration: decimal(SongField::Duration)?,
        year: number(SongField::Year)?.filter(|&y| y != 0).map(|y| y as i16),
        text_repair: 4 * title_rounds + artist_rounds,
    })
}

/// The song, if its texts have no more bytes than columns hold.
fn narrow(song: Song, most: Option<usize>) -> Result<Song, Reason> {
    let Some(most) = most else { return Ok(song) };
    let texts = [
        ("artist_id", song.artist_id.len()),
        ("artist_location", song.artist_location.as_ref().map_or(0, String::len)),
        ("artist_name", song.artist_name.len()),
        ("song_id", song.song_id.len()),
        ("title", song.title.len()),
    ];
    match texts.into_iter().find(|(_, bytes)| *bytes > most) {
        Some((field, bytes)) => Err(Reason::TooWide { field, bytes, most }),
        None => Ok(song),
    }
}

fn repaired(text: String) -> (String, u8) {
    let (repaired, rounds) = text::repair(&text);
    (repaired.unwrap_or(text), rounds)
}

/// A field's text, empty where there is none.
fn string((_, bytes, token): (&crate::record::FieldSpec, &[u8], Token)) -> String {
    let mut out = Vec::new();
    if let TokenKind::Plain | TokenKind::Escaped = token.kind {
        text::unescape(token.of(bytes), &mut out);
    }
    // The record was checked to be UTF-8, and escapes make nothing else.
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SONGS: &str = "{\"song_id\":\"S1\",\"title\":\"\\ud83c\\udfb5\",\"artist_id\":\"A1\",\"artist_name\":\"n\",\"artist_latitude\":null,\"x\":true}\n\
        {\"song_id\": broken\nacross two lines\n{\"song_id\":\"S2\",\"title\":\"t\",\"artist_id\":\"A2\",\"artist_name\":\"m\",\"x\":1}";

    /// Wherever a file is cut into pieces, it says the same.
    #[test]
    fn cuts_do_not_matter() {
        let mut whole = SongChunk::default();
        decode_songs(SONGS.as_bytes(), 0, 0, true, &mut whole);
        assert_eq!((whole.songs.len(), whole.rejects.len(), whole.unknown_keys["x"]), (2, 1, 2));
        for cut in 1..SONGS.len() {
            let mut pieces = SongChunk::default();
            let used = decode_songs(&SONGS.as_bytes()[..cut], 0, 0, false, &mut pieces);
            let lines = SONGS[..used].matches('\n').count() as u32;
            decode_songs(&SONGS.as_bytes()[used..], used as u64, lines, true, &mut pieces);
            assert_eq!(pieces.songs, whole.songs, "cut at {cut}");
            assert_eq!(pieces.rejects, whole.rejects, "cut at {cut}");
            assert_eq!(pieces.unknown_keys, whole.unknown_keys, "cut at {cut}");
        }
    }

    #[test]
    fn a_full_chunk_ends_behind_the_record_that_filled_it() {
        let mut whole = SongChunk::default();
        decode_songs(SONGS.as_bytes(), 0, 0, true, &mut whole);
        let (mut used, mut songs, mut rejects) = (0, Vec::new(), Vec::new());
        while used < SONGS.len() {
            let mut piece = SongChunk { most_memory: Some(1), ..SongChunk::default() };
            let line = SONGS[..used].matches('\n').count() as u32;
            used += decode_songs(&SONGS.as_bytes()[used..], used as u64, line, true, &mut piece);
            assert_eq!(piece.songs.len() + piece.rejects.len(), 1);
            songs.append(&mut piece.songs);
            rejects.append(&mut piece.rejects);
        }
        assert_eq!((songs, rejects), (whole.songs, whole.rejects));
    }
}
