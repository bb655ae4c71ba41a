//! The quarantine: refused lines go in, are listed, are tried again, and leave it.

use std::borrow::Cow;

use super::Warehouse;
use crate::cell::{Cell, RowsOf};
use crate::error::{Error, Kind, Result};
use crate::rows::{Input, QuarantinePart, QuarantinedLine, RejectRow, ReplayedLine};
use crate::tables::{LOAD_REJECTS, STAGED_REPLAYS};
use crate::{Answer, EachRow, Param, Rows, Statement, Value};

/// The share of the engine's memory that the lines of a listed part take, and the least and the most bytes of it.
const PART_SHARE: u64 = 32;
const PART_BYTES: [u64; 2] = [1 << 20, 64 << 20];

/// Where a line stands: its run, its file, its number and its offset.
const PLACE: [[&str; 4]; 2] =
    [["after_run", "after_url", "after_line", "after_offset"], ["last_run", "last_url", "last_line", "last_offset"]];

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Warehouse {
    /// Adds rows to `load_rejects`.
    pub fn add_rejects(&mut self, run_id: &str, rejects: &[RejectRow]) -> Result<()> {
        let capabilities = &self.capabilities;
        let (most, most_reason) = (capabilities.most_raw.unwrap_or(usize::MAX), capabilities.most_reason.unwrap_or(usize::MAX));
        let kept: Vec<(&RejectRow, KeptLine<'_>)> =
            rejects.iter().map(|reject| (reject, KeptLine::of(reject, capabilities.holds_nul, most, most_reason))).collect();
        let rows = RowsOf::new(&kept, |(reject, kept)| {
            [
                run_id.into(),
                reject.input.name().into(),
                (&reject.url).into(),
                (reject.line as i64).into(),
                (reject.byte_offset as i64).into(),
                (&*kept.reason).into(),
                (&*kept.text).into(),
                (reject.raw_length as i64).into(),
                kept.bytes.map_or(Cell::Null, Cell::Bytes),
                reject.file_no.into(),
            ]
        });
        self.engine.append(&LOAD_REJECTS, &rows)
    }

    /// Passes the rows of `load_rejects` on, of a run or of all, in their order. They may be more than there is memory:
    /// where they are sorted in this process, that is done part by part.
    pub fn rejects(&mut self, run: Option<&str>, sink: &mut dyn Rows) -> Result<()> {
        let run = Param::new("run", run);
        let mut ends = Answer::default();
        if let Some(memory) = self.capabilities.memory {
            let [least, most] = PART_BYTES;
            let bytes = Param::new("bytes", (memory / PART_SHARE).clamp(least, most) as i64);
            self.query(self.sql(Statement::RejectParts), &[run.clone(), bytes], &mut ends)?;
        }
        if ends.rows.len() < 2 {
            return self.query(self.sql(Statement::Rejects), &[run], sink);
        }
        let mut sink = Continued { sink, has_begun: false };
        let mut after: Vec<Value> = vec!["".into(), "".into(), (-1).into(), (-1).into()];
        for last in ends.rows {
            let mut parameters = vec![run.clone()];
            for (names, values) in PLACE.iter().zip([&after, &last]) {
                parameters.extend(names.iter().zip(values).map(|(name, value)| Param { name, value: value.clone() }));
            }
            self.query(self.sql(Statement::RejectsPart), &parameters, &mut sink)?;
            after = last;
        }
        Ok(())
    }

    /// The parts of the quarantine, each of about so many bytes of memory, in order.
    pub fn quarantine_parts(&mut self, bytes: u64) -> Result<Vec<QuarantinePart>> {
        let query = self.sql(Statement::QuarantineParts);
        let answer = self.answer(query, &[Param::new("bytes", bytes as i64)])?;
        let mut ends = Vec::with_capacity(answer.rows.len());
        for row in &answer.rows {
            let number = |at: usize| row.get(at).map_or(Ok(0), |value| value.whole_number(query.name));
            ends.push((number(0)?, number(1)?));
        }
        Ok(QuarantinePart::ending_at(ends.into_iter()))
    }

    /// The quarantined lines of a part that can be tried again.
    pub fn quarantine(&mut self, part: &QuarantinePart) -> Result<Vec<QuarantinedLine>> {
        let query = self.sql(Statement::Quarantine);
        let mut lines = Vec::new();
        let mut each = EachRow(|row: &[Value]| {
            let text = |at: usize| match row.get(at) {
                Some(Value::Text(text)) => text.as_str(),
                _ => "",
            };
            let number = |at: usize| row.get(at).map_or(Ok(0), |value| value.whole_number(query.name));
            lines.push(QuarantinedLine {
                input: Input::of_line(text(0)),
                url: text(1).to_owned(),
                file_no: number(2)?,
                line: number(3)? as u64,
                byte_offset: number(4)? as u64,
                raw: match row.get(6) {
                    Some(Value::Bytes(bytes)) => bytes.clone(),
                    // Where bytes are kept as hexadecimal digits.
                    Some(Value::Text(digits)) => bytes_of(digits),
                    _ => text(5).as_bytes().to_vec(),
                },
                modified_us: time_us(text(7))?,
                is_in_force: number(2)? == number(8)?,
            });
            Ok(())
        });
        self.engine.query(query, &part.parameters(), &mut each)?;
        Ok(lines)
    }

    /// Takes lines out of the quarantine and counts them where they belong now.
    pub fn release(&mut self, lines: &[ReplayedLine]) -> Result<()> {
        self.create(&STAGED_REPLAYS)?;
        let rows = RowsOf::new(lines, |line| {
            let duplicate = i64::from(line.duplicate);
            [line.file_no, line.line as i64, line.byte_offset as i64, 1 - duplicate, duplicate].map(Cell::BigInt)
        });
        self.engine.append(&STAGED_REPLAYS, &rows)?;
        self.execute(Statement::UpdateReplayedFiles)?;
        self.execute(Statement::DeleteReplayedRejects)?;
        self.drop_temporary(&[STAGED_REPLAYS])
    }
}

/// Takes the rows of several queries as those of one.
struct Continued<'a> {
    sink: &'a mut dyn Rows,
    has_begun: bool,
}

impl Rows for Continued<'_> {
    fn columns(&mut self, names: &[String]) -> Result<()> {
        if std::mem::replace(&mut self.has_begun, true) { Ok(()) } else { self.sink.columns(names) }
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        self.sink.row(values)
    }
}

/// What is kept of a refused line: text, and the bytes where that text is not the whole of it.
struct KeptLine<'a> {
    text: Cow<'a, str>,
    bytes: Option<&'a [u8]>,
    reason: Cow<'a, str>,
}

impl<'a> KeptLine<'a> {
    fn of(reject: &'a RejectRow, holds_nul: bool, most: usize, most_reason: usize) -> Self {
        let fits = |text: &str| holds_nul || !text.contains('\0');
        let (text, bytes) = match String::from_utf8_lossy(&reject.raw) {
            Cow::Borrowed(text) if fits(text) => (Cow::Borrowed(beginning(text, most)), None),
            text => {
                let text = if fits(&text) { text.into_owned() } else { text.replace('\0', "\u{FFFD}") };
                (Cow::Owned(beginning(&text, most).to_owned()), Some(&*reject.raw))
            }
        };
        let reason = beginning(&reject.reason, most_reason);
        let reason = if fits(reason) { Cow::Borrowed(reason) } else { Cow::Owned(reason.replace('\0', "\u{FFFD}")) };
        Self { text, bytes, reason }
    }
}

/// As much of a text as fits into so many bytes.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The bytes that hexadecimal digits mean.
fn bytes_of(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// A point in time that an engine gave, in microseconds since 1970.
pub(crate) fn time_us(text: &str) -> Result<i64> {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .map(|time| time.and_utc().timestamp_micros())
        .map_err(|e| Error::new(Kind::Query, format!("the warehouse gave `{text}` for a time")).caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::time_text;

    fn reject(raw: &[u8]) -> RejectRow {
        RejectRow {
            input: Input::Log,
            url: String::new(),
            file_no: 1,
            line: 1,
            byte_offset: 0,
            reason: "x".to_owned(),
            raw: raw.to_vec(),
            raw_length: raw.len() as u64,
        }
    }

    #[test]
    fn refused_lines_are_kept_whole_where_a_text_can_hold_them() {
        let whole = reject(b"{\"a\":1");
        let kept = KeptLine::of(&whole, false, 65_535, 4096);
        assert_eq!((&*kept.text, kept.bytes), ("{\"a\":1", None));
        let odd = reject(b"a\0\xFFb");
        assert_eq!(KeptLine::of(&odd, false, 65_535, 4096).text, "a\u{FFFD}\u{FFFD}b");
        assert_eq!(KeptLine::of(&odd, true, 65_535, 4096).text, "a\0\u{FFFD}b");
        assert_eq!(KeptLine::of(&odd, true, 65_535, 4096).bytes, Some(&b"a\0\xFFb"[..]));
        let nul = reject(b"a\0b");
        assert_eq!(KeptLine::of(&nul, true, 65_535, 4096).bytes, None);
        let long = reject("é".repeat(40_000).as_bytes());
        assert_eq!(KeptLine::of(&long, false, 65_535, 4096).text.len(), 65_534);
    }

    #[test]
    fn times_come_back_as_they_were_sent() {
        for us in [0, 1_541_121_934_796_000, -1] {
            assert_eq!(time_us(&time_text(us)).unwrap(), us);
        }
        assert_eq!(time_us("2018-11-02 01:25:34").unwrap(), 1_541_121_934_000_000);
        assert_eq!(bytes_of("00ff41"), b"\0\xffA");
    }
}
