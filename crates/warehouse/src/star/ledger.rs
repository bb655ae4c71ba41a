//! What was loaded, when, with which counts.

use super::Warehouse;
use crate::cell::{Cell, RowsOf};
use crate::engine::Proof;
use crate::error::Result;
use crate::rows::{FileRow, KnownFile, RunRow, Totals};
use crate::tables::{LOAD_FILES, LOAD_RUNS};
use crate::{Statement, Value};

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Warehouse {
    /// The current version of every file that was loaded.
    pub fn known_files(&mut self) -> Result<Vec<KnownFile>> {
        let rows = self.answer(self.sql(Statement::KnownFiles), &[])?.rows;
        let known = rows.into_iter().filter_map(|row| match <[Value; 2]>::try_from(row) {
            Ok([Value::Text(url), Value::Text(version)]) => Some(KnownFile { url, version }),
            _ => None,
        });
        Ok(known.collect())
    }

    /// The highest file number ever given out.
    pub fn last_file_no(&mut self) -> Result<i64> {
        self.number(Statement::LastFileNo)
    }

    /// What the tables hold.
    pub fn totals(&mut self) -> Result<Totals> {
        let query = self.sql(Statement::Totals);
        let rows = self.answer(query, &[])?.rows;
        let Some(row) = rows.first() else { return Ok(Totals::default()) };
        let count = |at: usize| row.get(at).map_or(Ok(0), |value| value.whole_number(query.name).map(|n| n as u64));
        Ok(Totals { users: count(0)?, songs: count(1)?, artists: count(2)?, matched: count(3)?, songplays: count(4)? })
    }

    /// Adds rows to `load_files`.
    pub fn add_files(&mut self, run_id: &str, files: &[FileRow]) -> Result<()> {
        let rows = RowsOf::new(files, |row| {
            let (source, counts) = (&row.file.source, &row.counts);
            [
                row.file.file_no.into(),
                row.input.name().into(),
                (&source.url).into(),
                (&source.version).into(),
                (source.size as i64).into(),
                Cell::Time(source.modified_us),
                (counts.lines as i64).into(),
                (counts.accepted as i64).into(),
                (counts.duplicates as i64).into(),
                (counts.rejected as i64).into(),
                run_id.into(),
            ]
        });
        self.engine.append(&LOAD_FILES, &rows)
    }

    /// Adds the row to `load_runs`.
    pub fn add_run(&mut self, run: &RunRow) -> Result<()> {
        self.proof = Proof::Run(run.run_id.clone());
        let most = self.capabilities.most_raw.unwrap_or(usize::MAX);
        let rows = RowsOf::new(std::slice::from_ref(run), |run| {
            let [listed, loaded, skipped, lines, accepted, duplicates, rejected, songs, songs_rejected, plays, views, bytes] =
                run.counts().map(Cell::BigInt);
            [
                (&run.run_id).into(),
                run.kind.into(),
                run.status.into(),
                Cell::Time(run.started_us),
                Cell::Time(run.finished_us),
                (&run.settings).into(),
                env!("CARGO_PKG_VERSION").into(),
                listed,
                loaded,
                skipped,
                lines,
                accepted,
                duplicates,
                rejected,
                songs,
                songs_rejected,
                plays,
                views,
                bytes,
                run.unknown_keys.as_deref().map(|keys| super::quarantine::beginning(keys, most)).into(),
                run.last_file_no.into(),
            ]
        });
        self.engine.append(&LOAD_RUNS, &rows)
    }
}
