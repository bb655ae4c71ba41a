//! What COPY refused: read from the system tables, with the line itself from S3.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Redshift, number};
use crate::backoff::Backoff;
use crate::error::{Error, Kind, Result};
use crate::source::{Location, SourceFile};
use crate::stage::{LineSet, read_raw_lines};
use crate::{Param, Statement, Value};

/// How long the system tables may take to show what happened.
pub(super) const SHOWN_AFTER: Duration = Duration::from_secs(30);
/// How many errors are shown in full.
const SHOWN: usize = 5;
/// How much of a line is shown, in characters.
const SHOWN_LINE: usize = 200;

/// The pauses between two looks into the system tables.
pub(super) fn shown_later() -> Backoff {
    Backoff::new(Duration::from_millis(100), 2.0, Duration::from_secs(5))
}

/// A row that COPY refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoadError {
    /// The file, cut at 256 bytes.
    pub file: String,
    pub line: u64,
    column: String,
    reason: String,
    code: i64,
    /// The COPY's number.
    query: i64,
}

/// Whether an error is that of a COPY whose rows are to blame.
pub(super) fn is_one(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<super::wire::Refusal>());
    cause.is_some_and(super::failure::is_load_error)
}

impl Redshift {
    /// Rolls back, as the failed transaction cannot read on, and says which rows were to blame.
    pub(super) fn explain_copy(&mut self, table: &str, error: Error) -> Error {
        let failed = Error::new(Kind::Query, format!("COPY into {table} failed, and no error was recorded")).caused_by(error);
        match self.undo_but_keep().and_then(|()| self.load_errors()) {
            Ok(errors) if !errors.is_empty() => {
                let shown: Vec<String> = errors.iter().take(SHOWN).map(|e| format!("\n  {}", self.describe(e, &[]))).collect();
                let more = errors.len().saturating_sub(SHOWN);
                let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
                Error::new(Kind::Query, format!("COPY into {table} refused {} rows:{}{more}", errors.len(), shown.concat()))
            }
            Ok(_) => failed,
            Err(second) => {
                tracing::debug!("{}", second.report());
                failed
            }
        }
    }

    /// Ends the failed transaction; the staged objects stay, as they are looked into.
    fn undo_but_keep(&mut self) -> Result<()> {
        self.temporary.clear();
        self.session.batch("rollback", "rollback").map(drop)
    }

    /// What the last COPY refused. The tables show it a little later, so they are asked until they do. What they showed
    /// for COPYs before is skipped, as this one may be part of a load that begins anew.
    pub(super) fn load_errors(&mut self) -> Result<Vec<LoadError>> {
        let parameters =
            [Param::new("session_id", i64::from(self.session.process())), Param::new("since", self.connected_at.as_str())];
        let deadline = Instant::now() + SHOWN_AFTER;
        let mut backoff = shown_later();
        loop {
            let rows = self.session.answer(Statement::RedshiftLoadErrors, &parameters)?;
            let mut errors = rows.iter().map(|row| LoadError::of(row)).collect::<Result<Vec<_>>>()?;
            errors.retain(|error| !self.explained.contains(&error.query));
            if !errors.is_empty() || Instant::now() >= deadline {
                self.explained.extend(errors.iter().map(|error| error.query));
                return Ok(errors);
            }
            self.options.interrupt.check()?;
            std::thread::sleep(backoff.next_pause());
        }
    }

    /// A refused row for users: where it is, what was wrong, and how it reads.
    pub(super) fn describe(&self, error: &LoadError, known: &[Arc<SourceFile>]) -> String {
        let LoadError { file, line, column, reason, code, .. } = error;
        let column = if column.is_empty() { String::new() } else { format!(", column {column}") };
        let raw = self.raw_line(error, known).map_or_else(String::new, |raw| format!(": {raw}"));
        format!("{file} line {line}{column}: {reason} (code {code}){raw}")
    }

    /// An object as it is now.
    fn look_at(&self, url: &str) -> Option<SourceFile> {
        let found = self.sources.list(&Location::parse(url).ok()?).ok()?;
        found.files.into_iter().find(|file| file.url == url)
    }

    /// The line itself. Best effort: the object may be gone by now.
    fn raw_line(&self, error: &LoadError, known: &[Arc<SourceFile>]) -> Option<String> {
        let file = known.iter().find(|file| file.url.starts_with(&error.file)).cloned();
        let file = file.or_else(|| self.look_at(&error.file).map(Arc::new))?;
        let fetcher = self.sources.fetch(vec![file], 1 << 20).ok()?;
        let (mut lines, mut found) = (LineSet::default(), None);
        lines.push(error.line);
        read_raw_lines(fetcher.open(0).ok()?, &lines, |line| {
            found = Some(line.raw);
            Ok(())
        })
        .ok()?;
        let text = String::from_utf8_lossy(&found?).into_owned();
        let mut shown: String = text.chars().take(SHOWN_LINE).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Some(shown)
    }
}

impl LoadError {
    fn of(row: &[Value]) -> Result<Self> {
        let text = |at: usize| row.get(at).filter(|v| **v != Value::Null).map(ToString::to_string).unwrap_or_default();
        Ok(Self {
            file: text(0).trim().to_owned(),
            line: number(row, 1)? as u64,
            column: text(2).trim().to_owned(),
            code: number(row, 6)?,
            reason: text(7).trim().to_owned(),
            query: number(row, 8)?,
        })
    }
}
