//! Log lines: nothing is lost or invented, what is accepted is sound, and the grammar is JSON's.

use serde_json::Value;

use crate::decode::{EventChunk, LogDecoder, Reason, repair};
use crate::grammar::{Verdict, verdict};
use crate::record::{LABEL_FIELDS, LOG_FIELDS, LogField, NULL_INTEGER};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Decodes `data` as a whole file, checks every line, then decodes it again in blocks and compares.
pub fn check(data: &[u8]) {
    let mut whole = EventChunk::default();
    LogDecoder::default().decode(data, 0, &mut whole);
    counts(data, &whole);
    lines(data, &whole);
    in_blocks(data, &whole);
}

/// Every line has one outcome.
fn counts(data: &[u8], chunk: &EventChunk) {
    let lines = split_lines(data).count();
    assert_eq!(chunk.lines as usize, lines, "lines");
    assert_eq!(chunk.len() + chunk.rejects.len() + chunk.blank_lines as usize, lines, "rows + rejects + blank = lines");
    let columns = [
        chunk.line.len(),
        chunk.ts.len(),
        chunk.user_id.len(),
        chunk.session_id.len(),
        chunk.item_in_session.len(),
        chunk.status.len(),
        chunk.registration.len(),
        chunk.length.len(),
        chunk.artist.len(),
        chunk.song.len(),
        chunk.text_repair.len(),
        chunk.payload_hash.len(),
        chunk.is_play.len(),
    ];
    assert!(columns.iter().chain(chunk.labels.iter().map(Vec::len).collect::<Vec<_>>().iter()).all(|&n| n == chunk.len()));
    assert!(chunk.line.is_sorted_by(|a, b| a < b));
    assert!(chunk.rejects.is_sorted_by(|a, b| a.line < b.line && a.byte_offset < b.byte_offset));
}

/// Each line's outcome agrees with `serde_json`, and the rejects show the bytes that were refused.
fn lines(data: &[u8], chunk: &EventChunk) {
    let (mut row, mut reject) = (0, 0);
    for (number, (offset, line)) in split_lines(data).enumerate() {
        let number = number as u32;
        let bom = if offset == 0 && line.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let line = &line[bom..];
        if chunk.line.get(row) == Some(&number) {
            match verdict(line, false) {
                Verdict::Json(value) => values(chunk, row, &value),
                Verdict::NotJson => panic!("accepted, but no JSON: {}", line.escape_ascii()),
                Verdict::Unknown => {}
            }
            texts(chunk, row);
            row += 1;
        } else if chunk.rejects.get(reject).is_some_and(|r| r.line == number) {
            let refused = &chunk.rejects[reject];
            assert_eq!(refused.byte_offset as usize, offset + bom);
            assert_eq!(refused.raw, line.strip_suffix(b"\r").unwrap_or(line));
            assert_eq!(refused.raw_length as usize, refused.raw.len());
            let is_malformed = matches!(refused.reason, Reason::Malformed { .. } | Reason::NotUtf8 { .. });
            match verdict(line, false) {
                // A line that begins with another value than an object is refused without a look at what follows.
                Verdict::NotJson if refused.reason == Reason::NotAnObject => {}
                Verdict::Json(_) => assert!(!is_malformed, "{}: {}", refused.reason, line.escape_ascii()),
                Verdict::NotJson => assert!(is_malformed, "{}: {}", refused.reason, line.escape_ascii()),
                Verdict::Unknown => {}
            }
            reject += 1;
        } else {
            assert!(line.iter().all(|b| b" \t\r".contains(b)), "neither row nor reject nor blank: {}", line.escape_ascii());
        }
    }
    assert_eq!((row, reject), (chunk.len(), chunk.rejects.len()));
}

/// The row's texts are UTF-8.
fn texts(chunk: &EventChunk, row: usize) {
    let names = [chunk.artist[row], chunk.song[row]].into_iter().map(|span| span.of(&chunk.text));
    let labels = (0..LABEL_FIELDS.len()).filter_map(|field| chunk.label(field, row));
    names.chain(labels).for_each(|text| assert!(std::str::from_utf8(text).is_ok(), "{}", text.escape_ascii()));
    assert!(chunk.length[row].is_nan() || chunk.length[row].is_finite());
}

/// The row's values are those that `serde_json` reads.
fn values(chunk: &EventChunk, row: usize, json: &Value) {
    let text = |field: LogField| {
        let value = json.get(LOG_FIELDS[field as usize].key)?.as_str()?;
        Some(value.replace('\0', "\u{FFFD}"))
    };
    for (field, span) in [(LogField::Artist, chunk.artist[row]), (LogField::Song, chunk.song[row])] {
        let wanted = text(field).map(|t| repair(&t).0.unwrap_or(t).into_bytes());
        assert_eq!((!span.is_null()).then(|| span.of(&chunk.text)), wanted.as_deref(), "{field:?}");
    }
    for (i, &field) in LABEL_FIELDS.iter().enumerate() {
        let wanted = text(field).map(|t| match (field, t.strip_prefix('"').and_then(|t| t.strip_suffix('"'))) {
            (LogField::UserAgent, Some(inside)) => inside.to_owned(),
            _ => t,
        });
        assert_eq!(chunk.label(i, row), wanted.as_deref().map(str::as_bytes), "{field:?}");
    }
    for (field, value) in [
        (LogField::Ts, chunk.ts[row]),
        (LogField::SessionId, chunk.session_id[row]),
        (LogField::ItemInSession, i64::from(chunk.item_in_session[row])),
        (LogField::UserId, chunk.user_id[row]),
        (LogField::Registration, chunk.registration[row]),
    ] {
        match json.get(LOG_FIELDS[field as usize].key) {
            None | Some(Value::Null) => assert_eq!(value, NULL_INTEGER, "{field:?}"),
            Some(Value::Number(number)) => {
                if let Some(wanted) = number.as_i64() {
                    assert_eq!(value, wanted, "{field:?}");
                }
            }
            Some(_) => {}
        }
    }
    if let Some(wanted) = json.get("length").filter(|v| v.is_f64()).and_then(Value::as_f64) {
        // serde_json's default number parser may miss the nearest float by one step.
        let steps = (chunk.length[row].to_bits() as i64).abs_diff((wanted + 0.0).to_bits() as i64);
        assert!(steps <= 1, "length {} and {wanted}", chunk.length[row]);
    }
}

/// Where the blocks are cut, and what the lines before taught the decoder, changes nothing.
fn in_blocks(data: &[u8], whole: &EventChunk) {
    let cuts = rapidhash::v3::rapidhash_v3(data);
    let mut decoder = LogDecoder::default();
    let (mut start, mut first_line, mut rows, mut rejects, mut blank) = (0, 0, 0, 0, 0);
    let mut unknown = crate::decode::UnknownKeys::new();
    for (number, (offset, line)) in split_lines(data).enumerate() {
        let end = (offset + line.len() + 1).min(data.len());
        if end < data.len() && cuts >> (number % 64) & 1 == 0 {
            continue;
        }
        let mut chunk = EventChunk::default();
        decoder.decode(&data[start..end], start as u64, &mut chunk);
        for row in 0..chunk.len() {
            same_row(whole, rows + row, &chunk, row, first_line);
        }
        for reject in &chunk.rejects {
            let mut reject = reject.clone();
            reject.line += first_line;
            assert_eq!(whole.rejects[rejects], reject);
            rejects += 1;
        }
        for (key, times) in &chunk.unknown_keys {
            *unknown.entry(key.clone()).or_default() += times;
        }
        (start, first_line) = (end, first_line + chunk.lines);
        (rows, blank) = (rows + chunk.len(), blank + chunk.blank_lines);
    }
    assert_eq!((rows, rejects, blank), (whole.len(), whole.rejects.len(), whole.blank_lines));
    if unknown.len() < 200 {
        assert_eq!(unknown, whole.unknown_keys);
    }
}

fn same_row(a: &EventChunk, i: usize, b: &EventChunk, j: usize, first_line: u32) {
    assert_eq!(a.line[i], b.line[j] + first_line);
    assert_eq!(
        (a.ts[i], a.user_id[i], a.session_id[i], a.item_in_session[i], a.status[i], a.registration[i]),
        (b.ts[j], b.user_id[j], b.session_id[j], b.item_in_session[j], b.status[j], b.registration[j])
    );
    assert_eq!(
        (a.length[i].to_bits(), a.text_repair[i], a.payload_hash[i], a.is_play[i]),
        (b.length[j].to_bits(), b.text_repair[j], b.payload_hash[j], b.is_play[j])
    );
    for (x, y) in [(a.artist[i], b.artist[j]), (a.song[i], b.song[j])] {
        assert_eq!((x.is_null(), x.of(&a.text)), (y.is_null(), y.of(&b.text)));
    }
    for field in 0..LABEL_FIELDS.len() {
        assert_eq!(a.label(field, i), b.label(field, j));
    }
}

/// The lines with their offsets, without the newlines.
fn split_lines(data: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = data.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let line = (start, &rest[..length]);
        start += length + 1;
        Some(line)
    })
}
