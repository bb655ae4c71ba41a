//! The data of a file: values one after the other, and the columns that each of them holds.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// An object with its braces has at most so many bytes, each `|` counted twice.
const LARGEST: usize = 4 << 20;

/// What is found in a file.
pub enum Piece<'a> {
    Value(&'a [u8]),
    /// Something that is no object, up to the next that may be one.
    Garbage(&'a [u8]),
    /// The file ends within an object.
    Unfinished(&'a [u8]),
    TooLarge,
}

/// Cuts a file into its values. Between them is white space, newlines or not.
pub struct Values<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// The line on which the last piece ends, counted from one.
    pub line: u64,
    /// Where the last piece begins in the file.
    pub offset: u64,
    /// Bytes before the buffer.
    before: u64,
    /// The end of the last piece, to count lines from.
    done: usize,
}

impl<R: Read> Values<R> {
    pub fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), start: 0, ended: false, line: 1, offset: 0, before: 0, done: 0 }
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.before + self.buffer.len() as u64
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.done > 1 << 20 {
            self.buffer.drain(..self.done);
            self.before += self.done as u64;
            self.start -= self.done;
            self.done = 0;
        }
        let filled = self.buffer.len();
        self.buffer.resize(filled + (256 << 10), 0);
        let read = self.source.read(&mut self.buffer[filled..])?;
        self.buffer.truncate(filled + read);
        self.ended = read == 0;
        Ok(())
    }

    fn finish(&mut self, end: usize) -> &[u8] {
        self.offset = self.before + self.start as u64;
        // The newline behind a piece belongs to the next.
        self.line += memchr::memchr_iter(b'\n', &self.buffer[self.done..end]).count() as u64;
        self.done = end;
        let start = std::mem::replace(&mut self.start, end);
        &self.buffer[start..end]
    }

    /// Skips lines.
    pub fn skip_lines(&mut self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            match memchr::memchr(b'\n', &self.buffer[self.start..]) {
                Some(at) => {
                    let end = self.start + at + 1;
                    self.finish(end);
                    count -= 1;
                }
                None if self.ended => return Ok(()),
                None => self.fill()?,
            }
        }
        Ok(())
    }

    /// The next piece.
    pub fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        let first = loop {
            match self.buffer[self.start..].iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(skipped) => {
                    self.start += skipped;
                    break self.buffer[self.start];
                }
                None if self.ended => return Ok(None),
                None => {
                    self.start = self.buffer.len();
                    self.fill()?;
                }
            }
        };
        if !matches!(first, b'{' | b'[') {
            loop {
                let rest = &self.buffer[self.start..];
                let end = rest.iter().position(|byte| matches!(byte, b'{' | b'[' | b'\n')).or(self.ended.then_some(rest.len()));
                if let Some(end) = end {
                    let end = self.start + end;
                    return Ok(Some(Piece::Garbage(self.finish(end))));
                }
                self.fill()?;
            }
        }
        let (mut at, mut depth, mut in_text) = (0_usize, 0_usize, false);
        loop {
            let piece = &self.buffer[self.start..];
            while at < piece.len() {
                if in_text {
                    match memchr::memchr2(b'"', b'\\', &piece[at..]) {
                        Some(found) if piece[at + found] == b'"' => {
                            at += found + 1;
                            in_text = false;
                        }
                        // What is escaped may not be there yet.
                        Some(found) if at + found + 1 < piece.len() => at += found + 2,
                        Some(found) => {
                            at += found;
                            break;
                        }
                        None => at = piece.len(),
                    }
                    continue;
                }
                match piece[at] {
                    b'"' => in_text = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    let end = self.start + at;
                    let bars = if at > LARGEST / 2 { memchr::memchr_iter(b'|', &piece[..at]).count() } else { 0 };
                    let too_large = at + bars > LARGEST;
                    let value = self.finish(end);
                    return Ok(Some(if too_large { Piece::TooLarge } else { Piece::Value(value) }));
                }
            }
            if at > LARGEST {
                return Ok(Some(Piece::TooLarge));
            }
            if self.ended {
                let end = self.buffer.len();
                return Ok(Some(Piece::Unfinished(self.finish(end))));
            }
            self.fill()?;
        }
    }
}

/// A step of a path into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// Where each column's value is.
#[derive(Debug)]
pub struct Layout {
    /// The columns of each key of an object.
    keys: HashMap<String, Vec<usize>>,
    ignore_case: bool,
    /// The columns that are places in an array.
    places: Vec<(usize, usize)>,
    /// What follows the first step.
    rest: Vec<Vec<Step>>,
}

impl Layout {
    /// Keys named as the columns.
    pub fn by_name(columns: &[String], ignore_case: bool) -> Self {
        let keys = columns.iter().enumerate().map(|(at, name)| (name.clone(), vec![at])).collect();
        Self { keys, ignore_case, places: Vec::new(), rest: vec![Vec::new(); columns.len()] }
    }

    /// One path a column, in their order.
    pub fn by_path(paths: &[Vec<Step>]) -> Self {
        let mut layout = Self { keys: HashMap::new(), ignore_case: false, places: Vec::new(), rest: Vec::new() };
        for (at, path) in paths.iter().enumerate() {
            match path.first() {
                Some(Step::Key(key)) => layout.keys.entry(key.clone()).or_default().push(at),
                Some(Step::Index(place)) => layout.places.push((*place, at)),
                None => {}
            }
            layout.rest.push(path.get(1..).unwrap_or_default().to_vec());
        }
        layout
    }

    /// What follows a column's first step.
    pub fn rest(&self, column: usize) -> &[Step] {
        &self.rest[column]
    }

    /// The values of a row, `None` where there is none.
    pub fn read<'de>(&self, value: &'de str, found: &mut Vec<Option<&'de RawValue>>) -> Result<(), String> {
        found.clear();
        found.resize(self.rest.len(), None);
        let mut parser = serde_json::Deserializer::from_str(value);
        let seed = Row { layout: self, found };
        seed.deserialize(&mut parser).and_then(|()| parser.end()).map_err(|error| error.to_string())
    }

    /// Whether every array has the places that are asked of it.
    pub fn has_all_places(&self, found: &[Option<&RawValue>]) -> bool {
        self.places.iter().all(|&(_, column)| found[column].is_some())
    }
}

struct Row<'l, 'f, 'de> {
    layout: &'l Layout,
    found: &'f mut Vec<Option<&'de RawValue>>,
}

impl<'de> DeserializeSeed<'de> for Row<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            let columns = if self.layout.ignore_case {
                self.layout.keys.get(&key.to_lowercase())
            } else {
                self.layout.keys.get(key.as_ref())
            };
            match columns {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(columns) => {
                    let value: &RawValue = map.next_value()?;
                    for &column in columns {
                        self.found[column] = Some(value);
                    }
                }
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<(), S::Error> {
        let mut place = 0;
        while let Some(value) = sequence.next_element::<&RawValue>()? {
            for &(_, column) in self.layout.places.iter().filter(|(wanted, _)| *wanted == place) {
                self.found[column] = Some(value);
            }
            place += 1;
        }
        Ok(())
    }
}

struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        source.deserialize_str(Text)
    }
}

/// The paths of a file of them, or `None` when the file does not name any: COPY falls back on the columns' names then.
///
/// # Errors
/// What is wrong with the file.
pub fn paths(file: &[u8]) -> Result<Option<Vec<Vec<Step>>>, String> {
    let file: serde_json::Value = serde_json::from_slice(file).map_err(|error| format!("Invalid JSONPath file: {error}"))?;
    let object = file.as_object().ok_or("Invalid JSONPath file: it must hold one object")?;
    let Some(paths) = object.get("jsonpaths") else { return Ok(None) };
    let paths = paths.as_array().ok_or("Invalid JSONPath file: jsonpaths must be an array")?;
    paths
        .iter()
        .map(|path| {
            let path = path
                .as_str()
                .filter(|path| !path.is_empty())
                .ok_or("Invalid JSONPath format: an element is not text, or is empty")?;
            steps(path).ok_or_else(|| format!("Invalid JSONPath format: {path} is not supported"))
        })
        .collect::<Result<_, String>>()
        .map(Some)
}

/// The steps of `$['a']['b'][0]` or `$.a.b[0]`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let (mut steps, mut dots, mut brackets) = (Vec::new(), false, false);
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('.') {
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let key = &behind[..end];
            if key.is_empty() || key.contains(['*', '?', '@', '(']) {
                return None;
            }
            dots = true;
            steps.push(Step::Key(key.to_owned()));
            rest = &behind[end..];
        } else if let Some((quote, behind)) = ["['", "[\""].iter().find_map(|open| Some((&open[1..], rest.strip_prefix(open)?))) {
            let end = behind.find(&format!("{quote}]"))?;
            brackets = true;
            steps.push(Step::Key(behind[..end].to_owned()));
            rest = &behind[end + 2..];
        } else {
            let behind = rest.strip_prefix('[')?;
            let end = behind.find(']')?;
            steps.push(Step::Index(behind[..end].parse().ok()?));
            rest = &behind[end + 1..];
        }
    }
    let mixed = dots && brackets;
    if steps.is_empty() || mixed { None } else { Some(steps) }
}

/// What a path leads to below its first step.
pub fn follow(value: &RawValue, steps: &[Step]) -> Result<Option<Box<RawValue>>, String> {
    let mut current: serde_json::Value = serde_json::from_str(value.get()).map_err(|error| error.to_string())?;
    for step in steps {
        current = match step {
            Step::Key(key) => match current.get_mut(key) {
                Some(found) => found.take(),
                None => return Ok(None),
            },
            Step::Index(at) => match current.get_mut(*at) {
                Some(found) => found.take(),
                None => return Err("Invalid JSONPath format: Not an array or index out of range.".to_owned()),
            },
        };
    }
    serde_json::value::to_raw_value(&current).map(Some).map_err(|error| error.to_string())
}
