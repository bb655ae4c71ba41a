//! Log lines to event columns.

use super::chunk::EventChunk;
use super::dictionary::{Dictionary, Lookups};
use super::fast_path::FastPath;
use super::fields::FieldFinder;
use super::number::{self, NumberError};
use super::reject::{MAX_LINE_BYTES, RAW_CAP, Reason, Reject};
use super::span::Span;
use super::token::{Scanner, Token, TokenKind};
use super::{Malformed, count_unknown_key, fingerprint, text};
use crate::record::{
    FLOAT_FIELDS, FieldSet, FieldSpec, FieldType, INDEX, INTEGER_FIELDS, LABEL_FIELDS, LOG_FIELDS, LogField, NULL_INTEGER,
    NULL_SMALL, PLAY_PAGE, SMALL_FIELDS, Store, TextForm, fields_of, label_index,
};

/// The byte order mark that some editors put at a file's beginning.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

const PAGE_LABEL: usize = label_index(LogField::Page);

const NEEDED: FieldSet = {
    let (mut set, mut at) = (0, 0);
    while at < LOG_FIELDS.len() {
        let is_needed = LOG_FIELDS[at].required && matches!(LOG_FIELDS[at].kind, FieldType::Text);
        set |= (is_needed as FieldSet) << at;
        at += 1;
    }
    set
};
/// The texts without which a line is rejected.
const NEEDED_TEXTS: [LogField; NEEDED.count_ones() as usize] = fields_of(NEEDED);

/// Decodes log lines. Holds what one line teaches about the next; use one a thread.
pub struct LogDecoder {
    fast_path: FastPath,
    finder: FieldFinder<{ LOG_FIELDS.len() }>,
    scratch: Vec<u8>,
    /// Of the last chunk that was finished, cleared for the next.
    lookups: Option<Box<Lookups>>,
}

impl Default for LogDecoder {
    fn default() -> Self {
        Self { fast_path: FastPath::default(), finder: FieldFinder::new(&LOG_FIELDS), scratch: Vec::new(), lookups: None }
    }
}

impl LogDecoder {
    /// Decodes whole lines (the last may lack its newline) that begin `byte_offset` bytes into their file, and appends
    /// the events and rejects to `chunk`. Returns how many bytes it took: all, unless the chunk is full of rejects, whose
    /// memory the bytes do not bound.
    pub fn decode(&mut self, block: &[u8], byte_offset: u64, chunk: &mut EventChunk) -> usize {
        let mut lookups = chunk.lookups.take().or_else(|| self.lookups.take()).unwrap_or_default();
        let mut start = 0;
        while start < block.len() {
            if let Some(next) = self.quick_line(block, start, &mut lookups, chunk) {
                start = next;
                continue;
            }
            let end = memchr::memchr(b'\n', &block[start..]).map_or(block.len(), |n| start + n);
            let mut line = &block[start..end];
            let mut offset = byte_offset + start as u64;
            if offset == 0 && line.starts_with(BYTE_ORDER_MARK) {
                line = &line[BYTE_ORDER_MARK.len()..];
                offset += BYTE_ORDER_MARK.len() as u64;
            }
            self.line(line, offset, &mut lookups, chunk);
            start = end + 1;
            if chunk.is_full_of_rejects() {
                break;
            }
        }
        chunk.lookups = Some(lookups);
        for (key, times) in std::mem::take(&mut self.finder.unknown) {
            count_unknown_key(&mut chunk.unknown_keys, &key, times);
        }
        start.min(block.len())
    }

    /// Ends a chunk: what was only needed to decode it goes on to the next one. Nothing else changes, and a chunk can be
    /// used without.
    pub fn finish(&mut self, chunk: &mut EventChunk) {
        if let Some(mut lookups) = chunk.lookups.take() {
            lookups.clear();
            self.lookups = Some(lookups);
        }
    }

    /// Takes note of a line that was too long to be read: its beginning and its full length in bytes.
    pub fn too_long(&mut self, beginning: &[u8], bytes: u64, byte_offset: u64, chunk: &mut EventChunk) {
        let raw = beginning[..beginning.len().min(RAW_CAP)].to_vec();
        chunk.reject(Reject { line: chunk.lines, byte_offset, reason: Reason::TooLong { bytes }, raw, raw_length: bytes });
        chunk.lines += 1;
    }

    /// Takes the line that begins at `start` if it is as expected, and returns where the next one begins.
    #[inline(always)]
    fn quick_line(&mut self, block: &[u8], start: usize, lookups: &mut Lookups, chunk: &mut EventChunk) -> Option<usize> {
        let next = self.fast_path.read(block, start).filter(|next| next - start <= MAX_LINE_BYTES)?;
        let values = &self.fast_path.values;
        if lacks_text(&values.tokens) {
            return None;
        }
        let integer = |field: LogField| Some(values.integers[field as usize]);
        let float = |field: LogField| Some(values.floats[INDEX[field as usize]]);
        let numbers = Numbers::of(integer, float)?;
        append_row(block, &values.tokens, &numbers, chunk.lines, &mut self.scratch, lookups, chunk).ok()?;
        chunk.lines += 1;
        Some(next)
    }

    #[inline]
    fn line(&mut self, line: &[u8], byte_offset: u64, lookups: &mut Lookups, chunk: &mut EventChunk) {
        let number = chunk.lines;
        if line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) {
            chunk.lines += 1;
            chunk.blank_lines += 1;
            return;
        }
        if line.len() > MAX_LINE_BYTES {
            self.too_long(line, line.len() as u64, byte_offset, chunk);
            return;
        }
        chunk.lines += 1;
        let accepted =
            check_utf8(line).and_then(|()| self.find_fields(line)).and_then(|()| self.row(line, number, lookups, chunk));
        if let Err(reason) = accepted {
            let raw = line.strip_suffix(b"\r").unwrap_or(line);
            chunk.reject(Reject::new(number, byte_offset, reason, raw));
        }
    }

    #[inline]
    fn find_fields(&mut self, line: &[u8]) -> Result<(), Reason> {
        let mut scanner = Scanner::new(line, 0);
        scanner.skip_space();
        if scanner.peek() != Some(b'{') {
            return Err(no_object(scanner));
        }
        let read = self.finder.read(&mut scanner).and_then(|()| {
            scanner.skip_space();
            if scanner.at < line.len() { scanner.fail("something follows the object") } else { Some(()) }
        });
        read.ok_or_else(|| malformed(scanner.fault()))
    }

    /// Converts the fields that were found and appends them as a row, or says why not.
    fn row(&mut self, line: &[u8], number: u32, lookups: &mut Lookups, chunk: &mut EventChunk) -> Result<(), Reason> {
        let Some(numbers) = self.numbers(line) else { return Err(self.explain(line)) };
        self.fast_path.learn(&self.finder.tokens);
        append_row(line, &self.finder.tokens, &numbers, number, &mut self.scratch, lookups, chunk)
    }

    /// The row's numbers, if every field has an acceptable value. Which one has not is for [`Self::explain`] to say.
    #[inline]
    fn numbers(&self, line: &[u8]) -> Option<Numbers> {
        let tokens = &self.finder.tokens;
        for field in LABEL_FIELDS {
            if !is_text(tokens[field as usize].kind) {
                return None;
            }
        }
        if !is_text(tokens[LogField::Artist as usize].kind) || !is_text(tokens[LogField::Song as usize].kind) {
            return None;
        }
        if lacks_text(tokens) {
            return None;
        }
        let integer = |field: LogField| integer(field.spec(), line, tokens[field as usize]).ok();
        let float = |field: LogField| float(field.spec(), line, tokens[field as usize]).ok();
        Numbers::of(integer, float)
    }

    /// The first field, in the fields' order, that makes the line unacceptable.
    #[cold]
    fn explain(&self, line: &[u8]) -> Reason {
        first_fault(&LOG_FIELDS, line, &self.finder.tokens)
            // `numbers` and this look at the same tokens by the same rules, so there is a fault to be found.
            .unwrap_or(Reason::Missing { field: "ts" })
    }
}

struct Numbers {
    ts: i64,
    session_id: i64,
    item_in_session: i32,
    user_id: i64,
    integers: [i64; INTEGER_FIELDS.len()],
    small_integers: [i32; SMALL_FIELDS.len()],
    floats: [f64; FLOAT_FIELDS.len()],
}

impl Numbers {
    /// The numbers by field; None if there is none of a field that every line must have.
    #[inline(always)]
    fn of(integer: impl Fn(LogField) -> Option<i64>, float: impl Fn(LogField) -> Option<f64>) -> Option<Self> {
        let integer = |field: LogField| integer(field).filter(|&v| v != NULL_INTEGER || !field.spec().required);
        let float = |field: LogField| float(field).filter(|v| !v.is_nan() || !field.spec().required);
        let mut numbers = Self {
            ts: integer(LogField::Ts)?,
            session_id: integer(LogField::SessionId)?,
            item_in_session: integer(LogField::ItemInSession)? as i32,
            user_id: integer(LogField::UserId)?,
            integers: [NULL_INTEGER; INTEGER_FIELDS.len()],
            small_integers: [NULL_SMALL; SMALL_FIELDS.len()],
            floats: [f64::NAN; FLOAT_FIELDS.len()],
        };
        for (i, field) in INTEGER_FIELDS.iter().enumerate() {
            numbers.integers[i] = integer(*field)?;
        }
        for (i, field) in SMALL_FIELDS.iter().enumerate() {
            numbers.small_integers[i] = small(integer(*field)?);
        }
        for (i, field) in FLOAT_FIELDS.iter().enumerate() {
            numbers.floats[i] = float(*field)?;
        }
        Some(numbers)
    }

    /// What the payload hash is made of; None for null.
    #[inline(always)]
    fn bits(&self, field: LogField) -> Option<u64> {
        let index = INDEX[field as usize];
        match field.store() {
            Store::Integer => Some(self.integers[index]).filter(|&v| v != NULL_INTEGER).map(|v| v as u64),
            Store::Small => Some(self.small_integers[index]).filter(|&v| v != NULL_SMALL).map(|v| v as u64),
            Store::Float => Some(self.floats[index]).filter(|v| !v.is_nan()).map(f64::to_bits),
            Store::Own | Store::Label => None,
        }
    }
}

/// Whether a text that every line must have is missing or empty.
#[inline(always)]
fn lacks_text(tokens: &[Token; LOG_FIELDS.len()]) -> bool {
    NEEDED_TEXTS.iter().any(|field| {
        let token = tokens[*field as usize];
        token.is_empty() || token.kind == TokenKind::Null
    })
}

/// Appends a row of values, which stand in `bytes`, or says why not. What can fail comes before the first column grows.
#[inline(always)]
fn append_row(
    bytes: &[u8],
    tokens: &[Token; LOG_FIELDS.len()],
    numbers: &Numbers,
    number: u32,
    scratch: &mut Vec<u8>,
    lookups: &mut Lookups,
    chunk: &mut EventChunk,
) -> Result<(), Reason> {
    if let Some(most) = chunk.most_text
        && let Some(reason) = too_wide(bytes, tokens, most)
    {
        return Err(reason);
    }
    let page = label(PAGE_LABEL, bytes, tokens[LogField::Page as usize], lookups, chunk);
    let is_play = chunk.dictionaries[PAGE_LABEL].values[page as usize].of(&chunk.text) == PLAY_PAGE.as_bytes();
    if is_play && numbers.user_id == NULL_INTEGER {
        return Err(Reason::PlayWithoutUser);
    }
    let (artist, artist_rounds) = name(bytes, tokens[LogField::Artist as usize], scratch, &mut chunk.text);
    let (song, song_rounds) = name(bytes, tokens[LogField::Song as usize], scratch, &mut chunk.text);

    let text_of = |span: Span| (!span.is_null()).then(|| span.of(&chunk.text));
    let song_key = fingerprint::song_key(text_of(artist), text_of(song));
    let mut codes = [Dictionary::NULL; LABEL_FIELDS.len()];
    for (i, field) in LABEL_FIELDS.iter().enumerate() {
        codes[i] = if i == PAGE_LABEL { page } else { label(i, bytes, tokens[*field as usize], lookups, chunk) };
        chunk.labels[i].push(codes[i]);
    }
    let mut payload = song_key;
    for field in fingerprint::HASHED_LABELS {
        let i = INDEX[field as usize];
        payload = fingerprint::fold(payload, lookups.0[i].hash(codes[i]));
    }
    for field in fingerprint::HASHED_NUMBERS {
        payload = fingerprint::fold(payload, fingerprint::number(numbers.bits(field)));
    }
    for (field, key) in fingerprint::HASHED_LATER {
        let i = INDEX[field as usize];
        let value = match field.store() {
            Store::Label => (codes[i] != Dictionary::NULL).then(|| lookups.0[i].hash(codes[i])),
            _ => numbers.bits(field).map(|bits| fingerprint::number(Some(bits))),
        };
        payload = fingerprint::fold_later(payload, key, value);
    }

    chunk.line.push(number);
    chunk.ts.push(numbers.ts);
    chunk.user_id.push(numbers.user_id);
    chunk.session_id.push(numbers.session_id);
    chunk.item_in_session.push(numbers.item_in_session);
    for (i, value) in numbers.integers.iter().enumerate() {
        chunk.integers[i].push(*value);
    }
    for (i, value) in numbers.small_integers.iter().enumerate() {
        chunk.small_integers[i].push(*value);
    }
    for (i, value) in numbers.floats.iter().enumerate() {
        chunk.floats[i].push(*value);
    }
    chunk.artist.push(artist);
    chunk.song.push(song);
    chunk.text_repair.push(4 * song_rounds + artist_rounds);
    chunk.song_key_hash.push(song_key);
    chunk.payload_hash.push(payload);
    chunk.is_play.push(is_play);
    Ok(())
}

/// The first text that has more bytes than a column holds, once escapes are undone, names repaired and quotes taken off.
#[inline]
fn too_wide(bytes: &[u8], tokens: &[Token; LOG_FIELDS.len()], most: usize) -> Option<Reason> {
    LOG_FIELDS.iter().zip(tokens).find_map(|(spec, token)| {
        let raw = token.of(bytes);
        // What is spelled short is short.
        if raw.len() <= most || !matches!(token.kind, TokenKind::Plain | TokenKind::Escaped) {
            return None;
        }
        let value = if token.kind == TokenKind::Escaped { unescaped(raw) } else { raw.to_vec() };
        let length = match spec.form {
            TextForm::Repaired => repaired(&value, &mut Vec::new()).0.place().1,
            TextForm::Unquoted => without_quotes(&value).len(),
            TextForm::AsItIs => value.len(),
        };
        (length > most).then_some(Reason::TooWide { field: spec.key, bytes: length, most })
    })
}

/// A whole number as a column of 32 bits holds it.
#[inline(always)]
fn small(value: i64) -> i32 {
    if value == NULL_INTEGER { NULL_SMALL } else { value as i32 }
}

/// The first field that has an unacceptable value or lacks a required one.
pub(super) fn first_fault(specs: &[FieldSpec], bytes: &[u8], tokens: &[Token]) -> Option<Reason> {
    specs.iter().zip(tokens).find_map(|(spec, &token)| {
        let missing = match spec.kind {
            FieldType::Text if is_text(token.kind) => token.is_empty() || token.kind == TokenKind::Null,
            FieldType::Text => return Some(Reason::wrong_type(spec.key, "text", token.of(bytes))),
            FieldType::Integer { .. } | FieldType::Time => match integer(spec, bytes, token) {
                Ok(value) => value == NULL_INTEGER,
                Err(reason) => return Some(reason),
            },
            FieldType::Float => match float(spec, bytes, token) {
                Ok(value) => value.is_nan(),
                Err(reason) => return Some(reason),
            },
        };
        (missing && spec.required).then_some(Reason::Missing { field: spec.key })
    })
}

#[inline]
pub(super) fn is_text(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Plain | TokenKind::Escaped | TokenKind::Null | TokenKind::Absent)
}

/// A line that is not an object: well-formed JSON of another kind, or no JSON.
#[cold]
fn no_object(mut scanner: Scanner<'_>) -> Reason {
    match scanner.value() {
        Some(_) => Reason::NotAnObject,
        None => malformed(scanner.fault()),
    }
}

fn malformed(fault: Malformed) -> Reason {
    Reason::Malformed { column: fault.at + 1, what: fault.what }
}

#[inline]
fn check_utf8(line: &[u8]) -> Result<(), Reason> {
    std::str::from_utf8(line).map(|_| ()).map_err(|e| Reason::NotUtf8 { column: e.valid_up_to() + 1 })
}

/// The whole number of a field; [`NULL_INTEGER`] for null, nothing or an empty text. Numbers in quotes count.
#[inline]
pub(super) fn integer(spec: &FieldSpec, bytes: &[u8], token: Token) -> Result<i64, Reason> {
    let raw = token.of(bytes);
    let parsed = match token.kind {
        TokenKind::Absent | TokenKind::Null => return Ok(NULL_INTEGER),
        TokenKind::Whole => number::whole(raw),
        TokenKind::Plain if raw.is_empty() => return Ok(NULL_INTEGER),
        TokenKind::Number | TokenKind::Plain => number::integer(raw),
        TokenKind::Escaped => number::integer(&unescaped(raw)),
        TokenKind::Bool | TokenKind::Array | TokenKind::Object => Err(NumberError::NotANumber),
    };
    let Some((min, max)) = spec.kind.bounds() else { return Ok(NULL_INTEGER) };
    match parsed {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        Ok(_) | Err(NumberError::OutOfRange) => Err(Reason::out_of_range(spec.key, raw)),
        Err(NumberError::NotANumber | NumberError::NotWhole) => Err(Reason::wrong_type(spec.key, "a whole number", raw)),
    }
}

/// The number of a field; NaN for null, nothing or an empty text. Numbers in quotes count.
#[inline]
pub(super) fn float(spec: &FieldSpec, bytes: &[u8], token: Token) -> Result<f64, Reason> {
    let raw = token.of(bytes);
    let parsed = match token.kind {
        TokenKind::Absent | TokenKind::Null => return Ok(f64::NAN),
        TokenKind::Whole | TokenKind::Number => number::json_float(raw),
        TokenKind::Plain if raw.is_empty() => return Ok(f64::NAN),
        TokenKind::Plain => number::float(raw),
        TokenKind::Escaped => number::float(&unescaped(raw)),
        TokenKind::Bool | TokenKind::Array | TokenKind::Object => Err(NumberError::NotANumber),
    };
    match parsed {
        // One zero, so that engines that tell -0 from 0 agree with those that do not.
        Ok(value) => Ok(value + 0.0),
        Err(NumberError::OutOfRange) => Err(Reason::out_of_range(spec.key, raw)),
        Err(NumberError::NotANumber | NumberError::NotWhole) => Err(Reason::wrong_type(spec.key, "a number", raw)),
    }
}

fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    text::unescape(raw, &mut out);
    out
}

/// The code of a label's value.
#[inline(always)]
fn label(index: usize, line: &[u8], token: Token, lookups: &mut Lookups, chunk: &mut EventChunk) -> u32 {
    let finish = if matches!(LABEL_FIELDS[index].spec().form, TextForm::Unquoted) { without_quotes } else { as_it_is };
    match token.kind {
        TokenKind::Plain | TokenKind::Escaped => {
            lookups.0[index].code(line, token, &mut chunk.dictionaries[index], &mut chunk.text, finish)
        }
        _ => Dictionary::NULL,
    }
}

fn as_it_is(value: &[u8]) -> &[u8] {
    value
}

/// User agents arrive wrapped in a pair of literal quotes; one balanced pair is stripped.
fn without_quotes(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value)
}

/// An artist's or song's name, repaired, with the rounds of repair.
#[inline]
fn name(line: &[u8], token: Token, scratch: &mut Vec<u8>, store: &mut Vec<u8>) -> (Span, u8) {
    let raw = token.of(line);
    match token.kind {
        TokenKind::Plain if token.is_ascii || raw.is_ascii() => (Span::append(store, |store| append(raw, line, token, store)), 0),
        TokenKind::Plain => repaired(raw, store),
        TokenKind::Escaped => {
            scratch.clear();
            text::unescape(raw, scratch);
            repaired(scratch, store)
        }
        _ => (Span::NULL, 0),
    }
}

/// Appends the token's bytes, which are `raw`. A copy of fixed length that is then cut takes a fraction of the time of
/// one of any length, and most names are short.
#[inline(always)]
fn append(raw: &[u8], bytes: &[u8], token: Token, store: &mut Vec<u8>) {
    const MOST: usize = 32;
    let enough = bytes.get(token.start()..).and_then(<[u8]>::first_chunk::<MOST>);
    if let Some(enough) = enough.filter(|_| raw.len() <= MOST) {
        let end = store.len() + raw.len();
        store.extend_from_slice(enough);
        store.truncate(end);
    } else {
        store.extend_from_slice(raw);
    }
}

/// Text after repair. Bytes that are not UTF-8 cannot come here; if they did, they would stay as they are.
pub(super) fn repaired(value: &[u8], store: &mut Vec<u8>) -> (Span, u8) {
    let garbled = if text::may_be_garbled(value) { std::str::from_utf8(value).ok() } else { None };
    let (repaired, rounds) = garbled.map_or((None, 0), text::repair);
    let value = repaired.as_deref().map_or(value, str::as_bytes);
    (Span::append(store, |store| store.extend_from_slice(value)), rounds)
}
