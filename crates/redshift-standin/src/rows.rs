//! Rows out of objects: what goes to PostgreSQL, what is refused, and when that is too much.

use std::io::{self, Read};

use bytes::Bytes;
use chrono::Utc;
use tokio::sync::mpsc;

use super::Mode;
use super::coerce::{BAD_BYTE, Outcome, write};
use super::copy_parts::{Column, Entry, Fetched};
use super::copy_statement::{Compression, CopyStatement};
use super::failure::{Failure, internal};
use super::json::{Layout, Piece, Values, follow};
use super::log::{Log, RowError};

/// What a failed COPY says when rows were bad.
fn look_it_up(table: &str, mode: Mode) -> Failure {
    let view = if mode == Mode::Serverless { "sys_load_error_detail" } else { "stl_load_errors" };
    Failure {
        code: "XX000",
        message: format!("Load into table '{table}' failed.  Check '{view}' system table for details."),
        detail: None,
    }
}

/// Makes rows of objects.
pub struct Reader {
    pub statement: CopyStatement,
    pub columns: Vec<Column>,
    pub layout: Layout,
    pub log: Log,
    /// Rows made so far.
    pub rows: u64,
    /// Rows to leave out without a word.
    pub to_lose: usize,
}

/// A row that does not go into the table.
struct BadRow {
    /// The column that is to blame, if one is.
    column: Option<usize>,
    code: i32,
    reason: String,
    value: String,
    raw: Vec<u8>,
}

impl BadRow {
    fn whole(reason: impl Into<String>, raw: &[u8]) -> Self {
        Self { column: None, code: 1216, reason: reason.into(), value: String::new(), raw: raw.to_vec() }
    }
}

/// Rows are sent in pieces of about so many bytes.
const CHUNK: usize = 256 << 10;

impl Reader {
    /// Reads all objects and sends their rows. Ends early when that fails, and says why.
    pub fn run(mut self, mut objects: mpsc::Receiver<Fetched>, to: &mpsc::Sender<Bytes>) -> (Self, Option<Failure>) {
        let mut out = Vec::with_capacity(CHUNK * 2);
        let mut failure = None;
        while let Some((entry, content)) = objects.blocking_recv() {
            let outcome = match content {
                Ok(content) => self.file(&entry, &content, &mut out, to),
                Err(refused) => {
                    Err(internal(&refused.shown(), 8001, &format!("Reading {}", entry.url()), self.log.query, self.log.pid))
                }
            };
            if let Err(found) = outcome {
                failure = Some(found);
                break;
            }
        }
        if failure.is_none() && !out.is_empty() {
            let _ = to.blocking_send(out.into());
        }
        (self, failure)
    }

    fn file(&mut self, entry: &Entry, content: &Bytes, out: &mut Vec<u8>, to: &mpsc::Sender<Bytes>) -> Result<(), Failure> {
        let started = Utc::now().naive_utc();
        let source: Box<dyn Read + '_> = match self.statement.compression {
            Compression::None => Box::new(&content[..]),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(&content[..])),
            Compression::Zstd => Box::new(zstd::Decoder::new(&content[..]).map_err(|error| self.unreadable(entry, &error))?),
        };
        let mut values = Values::new(source);
        values.skip_lines(self.statement.ignore_header).map_err(|error| self.unreadable(entry, &error))?;
        let before = self.rows;
        loop {
            let piece = match values.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => return Err(self.unreadable(entry, &error)),
            };
            let mark = out.len();
            let fault = match piece {
                Piece::Value(value) => self.row(value, out)?,
                Piece::Garbage(value) => Some(BadRow::whole("Invalid JSON: an object is expected", value)),
                Piece::Unfinished(value) => Some(BadRow::whole("Invalid JSON: the object does not end", value)),
                Piece::TooLarge => {
                    let message = "Invalid operation: the JSON object is larger than the maximum of 4194304 bytes";
                    return Err(internal(message, 8001, &format!("Reading {}", entry.url()), self.log.query, self.log.pid));
                }
            };
            match fault {
                None if self.to_lose > 0 => {
                    out.truncate(mark);
                    self.to_lose -= 1;
                }
                None => {
                    self.rows += 1;
                    if out.len() >= CHUNK {
                        let chunk = std::mem::replace(out, Vec::with_capacity(CHUNK * 2));
                        if to.blocking_send(chunk.into()).is_err() {
                            // Whoever took the rows has given up, and says why.
                            return Ok(());
                        }
                    }
                }
                Some(bad) => {
                    out.truncate(mark);
                    self.note(entry, values.line, values.offset, bad)?;
                }
            }
        }
        self.log.file(entry.url(), values.bytes(), values.line, self.rows - before, started);
        Ok(())
    }

    fn unreadable(&self, entry: &Entry, error: &io::Error) -> Failure {
        internal(&format!("failed to read {}: {error}", entry.url()), 15_001, &entry.url(), self.log.query, self.log.pid)
    }

    /// Writes a row, or says why not.
    fn row(&mut self, value: &[u8], out: &mut Vec<u8>) -> Result<Option<BadRow>, Failure> {
        let repaired;
        let text = if let Ok(text) = std::str::from_utf8(value) {
            text
        } else {
            repaired = with_bad_bytes_marked(value);
            &repaired
        };
        let mut found = Vec::with_capacity(self.columns.len());
        if let Err(fault) = self.layout.read(text, &mut found) {
            return Ok(Some(BadRow::whole(format!("Invalid JSON: {fault}"), value)));
        }
        let out_of_range = || {
            internal(
                "Invalid JSONPath format: Not an array or index out of range.",
                8001,
                "JSONPath",
                self.log.query,
                self.log.pid,
            )
        };
        if !self.layout.has_all_places(&found) {
            return Err(out_of_range());
        }
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                out.push(b'\t');
            }
            let followed;
            let mut raw = found[at];
            let rest = self.layout.rest(at);
            if let (Some(found), false) = (raw, rest.is_empty()) {
                followed = follow(found, rest).map_err(|_| out_of_range())?;
                raw = followed.as_deref();
            }
            let bad =
                |code, reason, field| Ok(Some(BadRow { column: Some(at), code, reason, value: field, raw: value.to_vec() }));
            match write(column.kind, raw, &self.statement, out) {
                Ok(Outcome::Null) if column.required => {
                    return bad(1213, "Missing data for not-null field".to_owned(), String::new());
                }
                Ok(Outcome::Replaced) => {
                    self.log.replacements.push((column.name.clone(), String::from_utf8_lossy(value).into_owned()));
                }
                Ok(_) => {}
                Err(fault) => return bad(fault.code, fault.reason, fault.value),
            }
        }
        out.push(b'\n');
        Ok(None)
    }

    /// Notes a bad row; fails when there are too many.
    fn note(&mut self, entry: &Entry, line: u64, offset: u64, bad: BadRow) -> Result<(), Failure> {
        let column = bad.column.map(|at| &self.columns[at]);
        let (kind, length) = column.map_or(("", String::new()), |column| column.kind.shown());
        self.log.errors.push(RowError {
            file: entry.url(),
            line,
            offset,
            column: column.map(|column| column.name.clone()).unwrap_or_default(),
            kind,
            length,
            code: bad.code,
            reason: bad.reason,
            value: bad.value,
            raw: String::from_utf8_lossy(&bad.raw[..bad.raw.len().min(1024)]).into_owned(),
        });
        // None and one are the same: the first error fails.
        match self.statement.max_error {
            Some(most) if self.log.errors.len() >= most.max(1) => Err(look_it_up(&self.statement.table.join("."), self.log.mode)),
            _ => Ok(()),
        }
    }
}

fn with_bad_bytes_marked(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    for chunk in value.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n(BAD_BYTE, chunk.invalid().len()));
    }
    text
}
