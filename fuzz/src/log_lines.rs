//! Log lines: nothing is lost or invented, what is accepted is sound, and the grammar is JSON's.

use serde_json::Value;
use sparkify_decode::record::{FieldSpec, FieldType, LogField, NULL_INTEGER, NULL_SMALL, TextForm};
use sparkify_decode::{EventChunk, FieldColumn, LogDecoder, Reason, repair};

use crate::grammar::{Verdict, verdict};

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
    let columns = [chunk.line.len(), chunk.text_repair.len(), chunk.payload_hash.len(), chunk.is_play.len()];
    assert!(columns.iter().all(|&n| n == chunk.len()));
    for field in LogField::ALL {
        let length = match chunk.column(field) {
            FieldColumn::Integer(values) => values.len(),
            FieldColumn::Small(values) => values.len(),
            FieldColumn::Float(values) => values.len(),
            FieldColumn::Name(spans) => spans.len(),
            FieldColumn::Label(codes, _) => codes.len(),
        };
        assert_eq!(length, chunk.len(), "{field:?}");
    }
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

/// A field's value in one row; a number by its bits.
#[derive(Debug, PartialEq)]
enum Field<'a> {
    Null,
    Text(&'a [u8]),
    Integer(i64),
    Float(u64),
}

fn field(chunk: &EventChunk, field: LogField, row: usize) -> Field<'_> {
    let text = |span: sparkify_decode::Span| if span.is_null() { Field::Null } else { Field::Text(span.of(&chunk.text)) };
    match chunk.column(field) {
        FieldColumn::Integer(values) if values[row] == NULL_INTEGER => Field::Null,
        FieldColumn::Integer(values) => Field::Integer(values[row]),
        FieldColumn::Small(values) if values[row] == NULL_SMALL && !field.spec().required => Field::Null,
        FieldColumn::Small(values) => Field::Integer(values[row].into()),
        FieldColumn::Float(values) if values[row].is_nan() => Field::Null,
        FieldColumn::Float(values) => Field::Float(values[row].to_bits()),
        FieldColumn::Name(spans) => text(spans[row]),
        FieldColumn::Label(codes, dictionary) => text(dictionary.values[codes[row] as usize]),
    }
}

/// The row's texts are UTF-8, and its numbers finite.
fn texts(chunk: &EventChunk, row: usize) {
    for name in LogField::ALL {
        match field(chunk, name, row) {
            Field::Text(text) => assert!(std::str::from_utf8(text).is_ok(), "{}", text.escape_ascii()),
            Field::Float(bits) => assert!(f64::from_bits(bits).is_finite()),
            Field::Integer(_) | Field::Null => {}
        }
    }
}

/// The row's values are those that `serde_json` reads.
fn values(chunk: &EventChunk, row: usize, json: &Value) {
    for name in LogField::ALL {
        let (spec, found) = (name.spec(), field(chunk, name, row));
        match (json.get(spec.key), found) {
            (None | Some(Value::Null), found) => assert_eq!(found, Field::Null, "{name:?}"),
            (Some(Value::String(text)), Field::Text(found)) => assert_eq!(found, wanted(spec, text).as_bytes(), "{name:?}"),
            (Some(Value::Number(number)), Field::Integer(found)) => {
                assert_eq!(found, number.as_i64().unwrap_or(found), "{name:?}");
            }
            (Some(Value::Number(number)), Field::Float(found)) if number.is_f64() => {
                // serde_json's default number parser may miss the nearest float by one step.
                let number = number.as_f64().unwrap_or_default() + 0.0;
                let steps = (found as i64).abs_diff(number.to_bits() as i64);
                assert!(steps <= 1, "{name:?} {} and {number}", f64::from_bits(found));
            }
            (Some(Value::Number(_) | Value::String(_)), _) if spec.kind != FieldType::Text => {}
            (Some(value), found) => panic!("{name:?} is {found:?} of {value}"),
        }
    }
}

/// What a text is to become.
fn wanted(spec: &FieldSpec, text: &str) -> String {
    let text = text.replace('\0', "\u{FFFD}");
    match spec.form {
        TextForm::AsItIs => text,
        TextForm::Repaired => repair(&text).0.unwrap_or(text),
        TextForm::Unquoted => match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inside) => inside.to_owned(),
            None => text,
        },
    }
}

/// Where the blocks are cut, and what the lines before taught the decoder, changes nothing.
fn in_blocks(data: &[u8], whole: &EventChunk) {
    let cuts = rapidhash::v3::rapidhash_v3(data);
    let mut decoder = LogDecoder::default();
    let (mut start, mut first_line, mut rows, mut rejects, mut blank) = (0, 0, 0, 0, 0);
    let mut unknown = sparkify_decode::UnknownKeys::new();
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
        (a.text_repair[i], a.payload_hash[i], a.is_play[i]),
        (b.text_repair[j], b.payload_hash[j], b.is_play[j])
    );
    for name in LogField::ALL {
        assert_eq!(field(a, name, i), field(b, name, j), "{name:?}");
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
