//! Song files: every record has one outcome, in order, and where the file is cut into pieces changes nothing.

use serde_json::{Deserializer, Value};
use sparkify_decode::{Reason, Reject, Song, SongChunk, decode_songs, repair};

use crate::grammar::{Verdict, verdict};

/// Decodes `data` as a whole file, checks every record, then decodes it again in pieces and compares.
pub fn check(data: &[u8]) {
    let mut whole = SongChunk::default();
    assert_eq!(decode_songs(data, 0, 0, true, &mut whole), data.len(), "at the end all bytes are used");
    order(data, &whole);
    values(data, &whole);
    let all_sound = !whole.rejects.iter().any(|r| matches!(r.reason, Reason::Malformed { .. } | Reason::NotAnObject));
    let pieces = in_pieces(data);
    // Behind a broken record decoding goes on at the next line with a brace, as far as the piece shows one. So pieces
    // can only be compared where nothing is broken.
    if all_sound {
        assert_eq!(pieces.songs, whole.songs);
        assert_eq!(pieces.rejects, whole.rejects);
    }
}

/// Rejects stand in order, do not overlap, and show the bytes that were refused.
fn order(data: &[u8], chunk: &SongChunk) {
    let mut end = 0;
    for Reject { line, byte_offset, reason, raw, raw_length } in &chunk.rejects {
        let at = *byte_offset as usize;
        assert!(at >= end, "{reason} at {at} begins before {end}");
        end = at + *raw_length as usize;
        assert!(end <= data.len());
        assert!(data[at..end].starts_with(raw));
        assert_eq!(*line as usize, data[..at].iter().filter(|&&b| b == b'\n').count());
        let broken = matches!(reason, Reason::Malformed { .. });
        let is_object = data[at] == b'{';
        assert_eq!(is_object, *reason != Reason::NotAnObject);
        match verdict(&data[at..], true) {
            Verdict::Json(_) if is_object => assert!(!broken, "{reason}: {}", data[at..end].escape_ascii()),
            Verdict::NotJson if is_object && std::str::from_utf8(raw).is_ok() => {
                assert!(broken, "{reason}: {}", data[at..end].escape_ascii());
            }
            _ => {}
        }
    }
    assert!(chunk.songs.is_sorted_by(|(a, _), (b, _)| a <= b));
}

/// If `serde_json` reads the file to its end as objects, there are as many songs and rejects as objects, and the songs
/// have the objects' texts.
fn values(data: &[u8], chunk: &SongChunk) {
    let json = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    let objects: Result<Vec<Value>, _> = Deserializer::from_slice(json).into_iter().collect();
    let Ok(objects) = objects else { return };
    if verdict(json, true) == Verdict::Unknown || !objects.iter().all(Value::is_object) {
        return;
    }
    let broken = chunk.rejects.iter().filter(|r| matches!(r.reason, Reason::Malformed { .. }));
    assert_eq!(broken.count(), 0, "broken, but JSON: {}", json.escape_ascii());
    assert_eq!(chunk.songs.len() + chunk.rejects.len(), objects.len());
    if chunk.rejects.is_empty() {
        chunk.songs.iter().zip(&objects).for_each(|((_, song), json)| same(song, json));
    }
}

fn same(song: &Song, json: &Value) {
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().replace('\0', "\u{FFFD}");
    let repaired = |key| Some(text(key)).map(|t| repair(&t).0.unwrap_or(t)).unwrap_or_default();
    assert_eq!(song.song_id, text("song_id"));
    assert_eq!(song.artist_id, text("artist_id"));
    assert_eq!(song.title, repaired("title"));
    assert_eq!(song.artist_name, repaired("artist_name"));
    assert_eq!(song.artist_location.clone().unwrap_or_default(), text("artist_location"));
    if let Some(year) = json.get("year").and_then(Value::as_i64) {
        assert_eq!(song.year.map_or(0, i64::from), year);
    }
    for number in [song.duration, song.artist_latitude, song.artist_longitude].into_iter().flatten() {
        assert!(number.is_finite());
    }
}

/// Decodes as staging does: piece by piece, an object that is still open together with the next.
fn in_pieces(data: &[u8]) -> SongChunk {
    let mut chunk = SongChunk::default();
    // The first piece holds a byte order mark whole, as staging's pieces of some MiB do.
    let (mut start, mut line, mut shown) = (0, 0, data.len().min(3));
    let mut sizes = rapidhash::v3::rapidhash_v3(data);
    loop {
        shown = (shown + 1 + (sizes % 61) as usize).min(data.len());
        sizes = sizes.rotate_right(7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let is_end = shown == data.len();
        let used = decode_songs(&data[start..shown], start as u64, line, is_end, &mut chunk);
        assert!(used <= shown - start);
        line += data[start..start + used].iter().filter(|&&b| b == b'\n').count() as u32;
        start += used;
        if is_end {
            assert_eq!(start, data.len());
            return chunk;
        }
    }
}
