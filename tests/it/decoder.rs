//! The decoder against `serde_json`, line by line: what is accepted, and every value of it.

use std::fmt::Write as _;

use sparkify::decode::{EventChunk, FieldColumn, LogDecoder, SongChunk, Span, decode_songs};
use sparkify::record::{LOG_FIELDS, LogField, NULL_INTEGER, NULL_SMALL, SONG_FIELDS};

use crate::support::count_from_environment;
use crate::support::fields::{EVENTSIM, LOGGED_OUT, PAYLOAD, SORTED_WRITER, STORED_HASHES};
use crate::support::generate::{Random, garble};
use crate::support::reference::{self, Event, Refused, SongRecord};
use crate::support::warehouse::Cell;

const LINES_A_BLOCK: usize = 64;

// ------------------------------------------------------------------------------------------------------- generating

const SONG: &str = r#"{"num_songs": 1, "artist_id": "ARD7TVE1187B99BFB1", "artist_latitude": null, "artist_longitude": -118.2437, "artist_location": "California - LA", "artist_name": "Casual", "song_id": "SOMZWCG12A8C13C480", "title": "I Didn't Mean To", "duration": 218.93179, "year": 0}"#;

const SPECIMENS: [&str; 3] = [SORTED_WRITER, EVENTSIM, LOGGED_OUT];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "1",
    "-1",
    "39",
    "39.0",
    "39.00",
    "3.9e1",
    "390e-1",
    "0.39E+2",
    "39.5",
    "1e2",
    "1E2",
    "1e+2",
    "12345678901234567890",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775809",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "32767",
    "32768",
    "-32769",
    "1541106106796",
    "1541106106796.0",
    "1.541106106796e12",
    "253402300799999",
    "253402300800000",
    "-62135596800000",
    "-62135596800001",
    "1e308",
    "1e309",
    "1e-330",
    "0e999999999999999999999",
    "1e-99999999999999999999",
    "1e99999999999999999999",
    "246.30812",
    "0.1",
    "2.2250738585072014e-308",
    "4.9e-324",
    "1.7976931348623157e308",
    "0.30000000000000004",
    "9007199254740993",
    "9007199254740993.0",
    "123456789012345678.0",
    "1234567890123456789.0",
    "000",
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "0x10",
    "NaN",
    "Infinity",
    "--1",
    "1_000",
    "-.5",
    "00.0",
    "1.0.0",
];
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "\"\"",
    "[1,[2,{\"a\":\"b\\n\"}],null]",
    "{\"ts\":1,\"x\":{\"y\":[]}}",
    "nul",
    "[1,]",
    "{\"a\"}",
    "[[",
    "\"\\ud800\"",
    "{\"k\":\"\\udc00\"}",
];
const CHARACTERS: &[&str] = &[
    "a", "B", " ", "é", "Ã", "©", "\u{83}", "\u{c2}", "漢", "🎵", "\u{fffd}", "\"", "\\", "/", "\u{7f}", "\u{80}", "\u{7ff}",
    "\u{800}", "}", ",",
];
const PAGES: &[&str] = &["NextSong", "NextSong", "Home", "Logout", "nextsong", ""];
const SPACES: &[&str] = &["", "", "", "", " ", "\t", "  ", "\r"];

/// A text in quotes, each character spelled one of the ways that JSON knows.
fn quoted(random: &mut Random, text: &str) -> String {
    let style = random.below(4);
    let mut out = String::from('"');
    for c in text.chars() {
        let escape = style == 0 || (style == 1 && random.one_in(3));
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '/' if escape => out.push_str("\\/"),
            _ if escape => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = if random.one_in(2) { write!(out, "\\u{unit:04x}") } else { write!(out, "\\u{unit:04X}") };
                }
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

fn text(random: &mut Random) -> String {
    let most = if random.one_in(8) { 40 } else { 7 };
    let length = random.below(most);
    let text: String = (0..length).map(|_| random.pick(CHARACTERS)).collect();
    let rounds = random.below(5);
    if rounds > 3 || text.len() > 60 { text } else { garble(&text, rounds) }
}

/// A value for this field: mostly of its type, in one of many spellings.
fn value(random: &mut Random, key: &str, is_number: bool) -> String {
    if random.one_in(60) {
        return random.pick(VALUES).to_owned();
    }
    if is_number {
        let number = match key {
            "ts" | "registration" if !random.one_in(20) => format!("{}", 1_541_106_106_796 + random.below(1000)),
            _ if random.one_in(12) => random.pick(NUMBERS).to_owned(),
            "length" | "duration" | "artist_latitude" | "artist_longitude" => {
                format!("{}", f64::from_bits(random.next())).replace("inf", "1").replace("NaN", "2")
            }
            _ => random.below(30_000).to_string(),
        };
        return match random.below(6) {
            0 => format!("\"{number}\""),
            1 => format!("{number}.0"),
            _ => number,
        };
    }
    let text = match key {
        "page" if !random.one_in(10) => random.pick(PAGES).to_owned(),
        "userAgent" if random.one_in(2) => format!("\"{}\"", text(random)),
        _ => text(random),
    };
    quoted(random, &text)
}

/// An object with these fields; `is_number` by index.
fn object(random: &mut Random, fields: &[(&str, bool)]) -> Vec<u8> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (key, is_number) in fields {
        if !random.one_in(50) {
            let spelled = if random.one_in(30) { quoted(random, key) } else { format!("\"{key}\"") };
            pairs.push((spelled, value(random, key, *is_number)));
        }
        if random.one_in(60) {
            let again = value(random, key, *is_number);
            pairs.push((format!("\"{key}\""), again));
        }
    }
    if random.one_in(10) {
        let at = random.below(pairs.len() + 1);
        let value = random.pick(VALUES).to_owned();
        pairs.insert(at, (format!("\"{}\"", random.pick(&["tag", "Ts", "", "ts ", "u\\u0000", "artist\\n"])), value));
    }
    match random.below(4) {
        0 => (1..pairs.len()).rev().for_each(|i| pairs.swap(i, random.below(i + 1))),
        1 => pairs.sort(),
        _ => {}
    }
    let airy = random.one_in(3);
    let space = |random: &mut Random| if airy { random.pick(SPACES) } else { "" };
    let mut out = format!("{}{{", space(random));
    for (i, (key, value)) in pairs.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        out.extend([comma, space(random), key, space(random), ":", space(random), value, space(random)]);
    }
    out.extend(["}", space(random)]);
    out.into_bytes()
}

/// Damages a record in one of many ways.
fn mutate(random: &mut Random, record: &mut Vec<u8>, others: &[&str]) {
    const TOKENS: &[&str] = &[
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "0",
        "-",
        ".",
        "e",
        "\\u",
        "\\ud83c\\udfb5",
        "\u{e9}",
        " ",
        "\r",
        "\"ts\":5,",
        "\t",
        "\u{feff}",
    ];
    for _ in 0..=random.below(3) {
        if record.is_empty() {
            return;
        }
        let at = random.below(record.len());
        match random.below(7) {
            0 => record[at] ^= 1 << random.below(8),
            1 => record[at] = random.next() as u8,
            2 => drop(record.drain(at..(at + 1 + random.below(8)).min(record.len()))),
            3 => drop(record.splice(at..at, random.pick(TOKENS).bytes())),
            4 => record.truncate(at),
            5 => {
                let other = random.pick(others).as_bytes();
                record.truncate(at);
                record.extend_from_slice(&other[random.below(other.len())..]);
            }
            _ => {
                let end = (at + 1 + random.below(40)).min(record.len());
                let piece = record[at..end].to_vec();
                let to = random.below(record.len());
                record.splice(to..to, piece);
            }
        }
    }
}

fn is_number(kind: sparkify::record::FieldType) -> bool {
    kind != sparkify::record::FieldType::Text
}

fn log_line(random: &mut Random) -> Vec<u8> {
    let mut line = match random.below(8) {
        0..=2 => random.pick(&SPECIMENS).as_bytes().to_vec(),
        kind => {
            let mut fields: Vec<(&str, bool)> = LOG_FIELDS.iter().map(|spec| (spec.key, is_number(spec.kind))).collect();
            if kind == 3 {
                // Keys that eventsim does not write come last.
                fields.sort_by_key(|(key, _)| EVENTSIM.find(&format!("\"{key}\":")).unwrap_or(EVENTSIM.len()));
            }
            object(random, &fields)
        }
    };
    if random.one_in(2) {
        mutate(random, &mut line, &SPECIMENS);
    }
    line
}

// -------------------------------------------------------------------------------------------------------- comparing

fn texts(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A name as the decoder has it: the text as it arrived, which the rounds of repair give back.
fn name(span: Span, rounds: u8, chunk: &EventChunk) -> Option<String> {
    (!span.is_null()).then(|| garble(std::str::from_utf8(span.of(&chunk.text)).unwrap(), rounds.into()))
}

/// A decoded row in the reference's form.
fn row(chunk: &EventChunk, row: usize) -> Event {
    let field = |key: &str| LogField::ALL.into_iter().find(|field| field.spec().key == key).unwrap();
    let values = PAYLOAD.iter().map(|(key, column, _)| (*column, cell(chunk, field(key), row)));
    Event {
        ts: chunk.ts[row],
        user_id: (chunk.user_id[row] != NULL_INTEGER).then_some(chunk.user_id[row]),
        session_id: chunk.session_id[row],
        item_in_session: chunk.item_in_session[row].into(),
        payload: reference::Payload::new(
            name(chunk.artist[row], chunk.text_repair[row] % 4, chunk),
            name(chunk.song[row], chunk.text_repair[row] / 4, chunk),
            values.collect(),
        ),
    }
}

/// A field's value.
fn cell(chunk: &EventChunk, field: LogField, row: usize) -> Cell {
    let text = |span: Span| (!span.is_null()).then(|| std::str::from_utf8(span.of(&chunk.text)).unwrap().to_owned());
    match chunk.column(field) {
        FieldColumn::Integer(values) => (values[row] != NULL_INTEGER).then_some(values[row]).into(),
        FieldColumn::Small(values) => (values[row] != NULL_SMALL).then_some(i64::from(values[row])).into(),
        FieldColumn::Float(values) => (!values[row].is_nan()).then_some(values[row]).into(),
        FieldColumn::Name(spans) => text(spans[row]).into(),
        FieldColumn::Label(codes, dictionary) => text(dictionary.values[codes[row] as usize]).into(),
    }
}

/// Equal to the bit, zeros' signs included.
#[track_caller]
fn assert_equal(found: &Event, wanted: &Event, line: &[u8]) {
    assert_eq!(found, wanted, "{}", texts(line));
}

/// Decodes a block both ways. Returns how many lines were accepted and how many rejected.
#[track_caller]
fn compare_block(decoder: &mut LogDecoder, block: &[u8]) -> (usize, usize) {
    let mut chunk = EventChunk::default();
    // Not the beginning of a file, where a byte order mark would be no part of the line.
    decoder.decode(block, 1000, &mut chunk);
    let (mut rows, mut rejects) = (0, 0);
    let lines = block.strip_suffix(b"\n").unwrap_or(block).split(|&b| b == b'\n');
    for (number, line) in lines.enumerate() {
        if line.iter().all(|b| b" \t\r".contains(b)) {
            continue;
        }
        if let Ok(wanted) = reference::log_line(line) {
            let place = chunk.line.get(rows).copied();
            assert_eq!(
                place,
                Some(number as u32),
                "refused, but should not be: {}\n{:?}",
                texts(line),
                chunk.rejects.get(rejects)
            );
            let found = row(&chunk, rows);
            for (raw, span) in [(&wanted.payload.artist_raw, chunk.artist[rows]), (&wanted.payload.song_raw, chunk.song[rows])] {
                let shown = (!span.is_null()).then(|| texts(span.of(&chunk.text)));
                assert_eq!(shown, raw.as_deref().map(reference::repair), "repair of {}", texts(line));
            }
            assert_equal(&found, &wanted, line);
            assert_eq!(chunk.is_play[rows], wanted.payload.page == "NextSong");
            rows += 1;
        } else {
            let reject = chunk.rejects.get(rejects).filter(|reject| reject.line as usize == number);
            let reject = reject.unwrap_or_else(|| panic!("accepted, but should not be: {}", texts(line)));
            let raw = line.strip_suffix(b"\r").unwrap_or(line);
            assert_eq!((reject.raw.as_slice(), reject.raw_length), (raw, raw.len() as u64));
            assert!(block[reject.byte_offset as usize - 1000..].starts_with(raw), "byte offset of {}", texts(line));
            rejects += 1;
        }
    }
    assert_eq!((chunk.len(), chunk.rejects.len()), (rows, rejects));
    (rows, rejects)
}

/// Runs `work` on every core with its share of the cases and adds up what it returns.
fn on_all_cores(cases: usize, work: impl Fn(usize, usize) -> (usize, usize) + Sync) -> (usize, usize) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = &work;
        let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread, cases.div_ceil(threads)))).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
            .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    })
}

// ------------------------------------------------------------------------------------------------------------ tests

#[test]
fn log_lines_generated_and_mutated() {
    let cases = count_from_environment("SPARKIFY_DECODER_CASES", 200_000);
    let (accepted, rejected) = on_all_cores(cases, |thread, cases| {
        let mut random = Random::new(thread as u64);
        let mut decoder = LogDecoder::default();
        let (mut accepted, mut rejected) = (0, 0);
        for _ in 0..cases.div_ceil(LINES_A_BLOCK) {
            let lines: Vec<Vec<u8>> = (0..LINES_A_BLOCK).map(|_| log_line(&mut random)).collect();
            let (rows, rejects) = compare_block(&mut decoder, &lines.join(&b'\n'));
            accepted += rows;
            rejected += rejects;
        }
        (accepted, rejected)
    });
    eprintln!("{accepted} lines accepted, {rejected} rejected, by both");
    assert!(
        accepted > cases / 8 && rejected > cases / 8,
        "of {cases}, {accepted} were accepted and {rejected} rejected: too one-sided"
    );
}

#[test]
fn songs_generated_and_mutated() {
    let cases = count_from_environment("SPARKIFY_DECODER_CASES", 200_000) / 4;
    let fields: Vec<(&str, bool)> = SONG_FIELDS.iter().map(|spec| (spec.key, is_number(spec.kind))).collect();
    let (accepted, rejected) = on_all_cores(cases, |thread, cases| {
        let mut random = Random::new(1000 + thread as u64);
        let (mut accepted, mut rejected) = (0, 0);
        for _ in 0..cases {
            let mut record = if random.one_in(4) { SONG.as_bytes().to_vec() } else { object(&mut random, &fields) };
            if random.one_in(2) {
                mutate(&mut random, &mut record, &[SONG]);
                record.retain(|&b| b != b'\n');
            }
            let (songs, rejects) = compare_songs(&record);
            accepted += songs;
            rejected += rejects;
        }
        (accepted, rejected)
    });
    eprintln!("{accepted} songs accepted, {rejected} rejected, by both");
    assert!(
        accepted > cases / 8 && rejected > cases / 8,
        "of {cases}, {accepted} were accepted and {rejected} rejected: too one-sided"
    );
}

/// Decodes a record (or what a mutation made of it: several, or none) both ways.
#[track_caller]
fn compare_songs(record: &[u8]) -> (usize, usize) {
    let mut chunk = SongChunk::default();
    let used = decode_songs(record, 1000, 0, true, &mut chunk);
    assert_eq!(used, record.len());
    let (wanted, rejects) = reference_songs(record);
    let found: Vec<SongRecord> = chunk.songs.iter().map(|(_, song)| song_row(song)).collect();
    assert_eq!(found, wanted, "{}\n{:?}", texts(record), chunk.rejects);
    assert_eq!(chunk.rejects.len(), rejects, "{}\n{:?}", texts(record), chunk.rejects);
    for ((_, song), wanted) in chunk.songs.iter().zip(&wanted) {
        assert_eq!(song.title, reference::repair(&wanted.title_raw));
        assert_eq!(song.artist_name, reference::repair(&wanted.artist_name_raw));
    }
    (wanted.len(), rejects)
}

/// The objects that stand one after the other in a record without newlines, up to the first malformed one.
fn reference_songs(record: &[u8]) -> (Vec<SongRecord>, usize) {
    // For the structure bytes above ASCII are all alike: text inside strings, an error outside.
    let ascii: Vec<u8> = record.iter().map(|&b| if b.is_ascii() { b } else { b'?' }).collect();
    let mut stream = serde_json::Deserializer::from_slice(&ascii).into_iter::<reference::Object<'_>>();
    let (mut songs, mut rejects) = (Vec::new(), 0);
    loop {
        let start = stream.byte_offset();
        match stream.next() {
            None => break,
            Some(Err(_)) => {
                rejects += 1;
                break;
            }
            Some(Ok(_)) => {
                let end = stream.byte_offset();
                let spelled = std::str::from_utf8(&ascii[start..end]).unwrap();
                if reference::object(spelled).is_err() {
                    rejects += 1;
                    break;
                }
                match reference::song(&record[start..end]) {
                    Ok(song) => songs.push(song),
                    Err(Refused::Unfit | Refused::Malformed) => rejects += 1,
                }
            }
        }
    }
    (songs, rejects)
}

fn song_row(song: &sparkify::decode::Song) -> SongRecord {
    SongRecord {
        num_songs: song.num_songs.map(Into::into),
        artist_id: song.artist_id.clone(),
        artist_latitude: song.artist_latitude,
        artist_longitude: song.artist_longitude,
        artist_location: song.artist_location.clone(),
        artist_name_raw: garble(&song.artist_name, (song.text_repair % 4).into()),
        song_id: song.song_id.clone(),
        title_raw: garble(&song.title, (song.text_repair / 4).into()),
        duration: song.duration,
        year: song.year.map(Into::into),
    }
}

#[test]
fn both_writers_lines_mean_what_they_say() {
    let mut decoder = LogDecoder::default();
    assert_eq!(compare_block(&mut decoder, SPECIMENS.join("\n").as_bytes()), (3, 0));
    let mut chunk = EventChunk::default();
    decoder.decode(SPECIMENS.join("\n").as_bytes(), 0, &mut chunk);
    let registrations: Vec<Cell> = (0..3).map(|row| cell(&chunk, LogField::Registration, row)).collect();
    assert_eq!(registrations, [1_540_344_794_796.into(), 1_540_344_794_796.into(), Cell::Null]);
    assert_eq!(chunk.user_id, [8, 8, NULL_INTEGER]);
    assert_eq!(texts(chunk.artist[1].of(&chunk.text)), "Björk");
    assert_eq!(chunk.text_repair[1], 4 + 2, "one round for the song, two for the artist");
    assert_eq!(chunk.unknown_keys.get("tag"), Some(&1));
    assert_eq!(cell(&chunk, LogField::UserAgent, 0), "Mozilla/5.0 (Windows NT 6.1; WOW64)".to_owned().into());
}

/// The hash of one line that a warehouse keeps.
fn stored_hash(line: &str) -> u64 {
    let mut chunk = EventChunk::default();
    LogDecoder::default().decode(line.as_bytes(), 0, &mut chunk);
    assert_eq!(chunk.len(), 1, "{line}");
    chunk.payload_hash[0]
}

/// These numbers are in people's warehouses: with others, each event that is read again would be a conflict. A new field
/// joins the hash by a new version of the tables alone.
#[test]
fn stored_hashes_are_frozen() {
    for (line, hash) in STORED_HASHES {
        assert_eq!(stored_hash(line), *hash, "{line}");
    }
    // The event's key and keys that no field has are no part of it.
    let other_key = SORTED_WRITER.replace("\"sessionId\":139", "\"sessionId\":140").replace("\"ts\":", "\"new\":1,\"ts\":");
    assert_eq!(stored_hash(&other_key), stored_hash(SORTED_WRITER));
}

#[test]
fn nesting_is_followed_to_one_depth() {
    let mut decoder = LogDecoder::default();
    for depth in [1, 100, 125, 126, 127, 128, 10_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inside = if open == "[" { "" } else { "1" };
            let nested = format!("{}{inside}{}", open.repeat(depth), close.repeat(depth));
            let line = LOGGED_OUT.replacen('{', &format!("{{\"tag\":{nested},"), 1);
            let (rows, _) = compare_block(&mut decoder, line.as_bytes());
            assert_eq!(rows, usize::from(depth <= 126), "depth {depth}");
        }
    }
}

#[test]
fn every_position_can_be_cut_or_damaged() {
    let mut decoder = LogDecoder::default();
    let mut accepted = 0;
    for specimen in SPECIMENS {
        for at in 0..specimen.len() {
            let mut lines = vec![specimen.as_bytes()[..at].to_vec()];
            for byte in [0, 0x1F, b'"', b'\\', b'{', b'}', b',', b'0', b' ', 0x80, 0xC3, 0xFF] {
                let mut line = specimen.as_bytes().to_vec();
                line[at] = byte;
                lines.push(line);
            }
            accepted += compare_block(&mut decoder, &lines.join(&b'\n')).0;
        }
    }
    assert!(accepted > 1000);
}
