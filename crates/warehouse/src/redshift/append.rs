//! How rows reach the cluster when sparkify has decoded them: as packed files in S3 for COPY, or, where they are few, in
//! the statement itself.

use std::io::Write as _;
use std::sync::Arc;

use super::compact::{self, Job};
use super::copy::{Access, Copy, other_count};
use super::session::text;
use super::staging::Staging;
use super::{Redshift, cells, json};
use crate::cell::{Cell, RowSource};
use crate::engine::Exposed;
use crate::error::{Error, Kind, Result};
use crate::ident::identifier;
use crate::source::Compression;
use crate::sql::column_names;
use crate::stage::{Batch, EventBounds};
use crate::staged_views::{LINE_COLUMNS, StagedColumn, StagedRows, StagedView, staged_view};
use crate::tables::Table;
use crate::{Param, SqlText, Statement, literal};

/// Rows of a small table up to which a statement carries them itself: COPY costs seconds, whatever it copies.
const FEW: usize = 500;
/// A statement has 16 MB at most.
const STATEMENT_BYTES: usize = 8 << 20;
/// Decoded lines with what tells the same event: in the order of the table that takes them.
const LINES: StagedView = StagedView { name: "staged_events", rows: StagedRows::All, columns: &KEYED_LINE_COLUMNS };

const KEYED_LINE_COLUMNS: [(&str, StagedColumn); 2 + LINE_COLUMNS.len()] = {
    let mut columns = [("row_no", StagedColumn::RowNo); 2 + LINE_COLUMNS.len()];
    columns[1] = ("payload_hash", StagedColumn::PayloadHash);
    let mut at = 0;
    while at < LINE_COLUMNS.len() {
        columns[2 + at] = LINE_COLUMNS[at];
        at += 1;
    }
    columns
};

impl Redshift {
    /// The staging folder and who reads it, made at their first use.
    pub(super) fn store(&mut self) -> Result<(&mut Staging, &Access)> {
        if self.staging.is_none() || self.access.is_none() {
            let location = self.options.redshift.staging.as_ref();
            let staging = match (self.session.script(), location) {
                (Some(script), location) => Staging::recording(location, &self.sources, script.clone()),
                (None, Some(location)) => Staging::new(location, &self.sources)?,
                (None, None) => {
                    return Err(Error::new(Kind::Settings, "redshift.staging is not set, so there is no place in S3 that rows could go through")
                        .with_hint("set it to a prefix that nothing else uses, as s3://bucket/sparkify-staging/; for the cluster of the stack set cluster.staging, and run `sparkify cluster up` again, which lets its role read there"));
                }
            };
            self.access = Some(Access::new(&self.options.redshift, || staging.region())?);
            self.staging = Some(staging);
        }
        match (&mut self.staging, &self.access) {
            (Some(staging), Some(access)) => Ok((staging, access)),
            _ => Err(Error::new(Kind::Settings, "there is no staging folder")),
        }
    }

    /// Makes a part of a batch readable in SQL.
    pub(super) fn show(&mut self, batch: &Arc<Batch>, part: Exposed) -> Result<()> {
        self.shows_keys = matches!(part, Exposed::Keys(_));
        match part {
            Exposed::Keys(bounds) => {
                self.make_staged(Statement::RedshiftStagedBatch, "staged_events", &[])?;
                self.copy_batch(batch, &LINES, Some(bounds))?;
                self.make_staged(Statement::RedshiftStagedKeys, "staged_keys", &[])?;
            }
            // Only engines with memory of this process are asked for them.
            Exposed::Names => {}
            Exposed::Accepted { lines } => {
                self.make_staged(Statement::RedshiftStagedPlays, "staged_plays", &[])?;
                self.make_staged(Statement::RedshiftStagedViews, "staged_views", &[])?;
                self.copy_batch(batch, staged_view("staged_plays")?, None)?;
                self.copy_batch(batch, staged_view("staged_views")?, None)?;
                self.make_staged(Statement::RedshiftStagedTimes, "staged_times", &[])?;
                self.make_staged(Statement::RedshiftStagedSessions, "staged_sessions", &[])?;
                if lines {
                    self.make_staged(Statement::RedshiftStagedBatch, "staged_events", &[])?;
                    self.copy_batch(batch, &LINES, None)?;
                }
            }
        }
        Ok(())
    }

    /// Ends that. What was accepted stays until the next batch takes its place.
    pub(super) fn hide(&mut self) -> Result<()> {
        if std::mem::take(&mut self.shows_keys) {
            self.drop_staged("staged_keys")?;
            self.drop_staged("staged_events")?;
        }
        Ok(())
    }

    /// Writes rows of the batch into S3 and has the cluster copy them.
    fn copy_batch(&mut self, batch: &Batch, view: &StagedView, within: Option<EventBounds>) -> Result<()> {
        let (slices, threads) = (self.slices, self.options.resources.threads);
        let interrupt = self.options.interrupt.clone();
        let columns: Vec<&str> = view.columns.iter().map(|(name, _)| *name).collect();
        if self.session.script().is_some() {
            return self.show_copy(view.name, columns.into_iter());
        }
        let (staging, _) = self.store()?;
        let written = compact::write(&Job { batch, view, within, slices, threads, interrupt: &interrupt }, staging)?;
        if written.rows == 0 {
            self.clear_staging();
            return Ok(());
        }
        self.copy_files(view.name, columns, &written.urls, written.rows)
    }

    /// Writes down the COPY of a file of rows, in a dry run.
    fn show_copy<'c>(&mut self, table: &str, columns: impl Iterator<Item = &'c str>) -> Result<()> {
        let (staging, _) = self.store()?;
        let file = staging.name(&format!("{table}.json.zst"));
        let url = staging.url(&file);
        self.copy_files(table, columns.collect(), &[url], 0)
    }

    /// Has the cluster copy packed files of rows.
    fn copy_files(&mut self, table: &str, columns: Vec<&str>, urls: &[String], rows: u64) -> Result<()> {
        let paths = json::paths(columns.len());
        let copy = Copy { table, columns, paths, compression: Compression::Zstd, max_errors: 0 };
        let loaded = self.run_copy(&copy, urls.iter().map(String::as_str))?;
        if loaded != rows {
            return Err(other_count(table, rows, loaded));
        }
        self.clear_staging();
        Ok(())
    }

    /// Runs a COPY; where it fails because of its rows, says which.
    pub(super) fn run_copy<'u>(&mut self, copy: &Copy<'_>, urls: impl Iterator<Item = &'u str>) -> Result<u64> {
        self.store()?;
        let (Some(staging), Some(access)) = (&mut self.staging, &self.access) else {
            return Err(Error::new(Kind::Settings, "there is no staging folder"));
        };
        match copy.run(&mut self.session, staging, access, urls) {
            Err(error) if super::load_errors::is_one(&error) => Err(self.explain_copy(copy.table, error)),
            outcome => outcome.map(|copied| copied.rows),
        }
    }

    pub(super) fn clear_staging(&mut self) {
        if let Some(staging) = &mut self.staging {
            staging.clear();
        }
    }

    /// Creates a temporary table anew.
    pub(super) fn make_staged(&mut self, create: Statement, table: &'static str, parameters: &[Param<'_>]) -> Result<()> {
        self.make_temporary(create.query(crate::Dialect::Redshift), table, parameters)
    }

    /// The same by a text.
    pub(super) fn make_temporary(&mut self, create: SqlText<'_>, table: &'static str, parameters: &[Param<'_>]) -> Result<()> {
        self.drop_staged(table)?;
        self.session.batch(create.name, &literal::with_values(create, parameters)?)?;
        self.temporary.insert(table);
        Ok(())
    }

    /// Drops a temporary table that this transaction made. There is no way to say that a table of the user's with the
    /// same name is not meant.
    pub(super) fn drop_staged(&mut self, table: &'static str) -> Result<()> {
        if self.temporary.remove(table) {
            self.session.batch(&format!("drop {table}"), &format!("drop table if exists {}", identifier(table))).map(drop)
        } else {
            Ok(())
        }
    }

    /// Appends rows to a table: a few by a statement, more by way of S3.
    pub(super) fn append_rows(&mut self, table: &Table, rows: &dyn RowSource) -> Result<()> {
        self.append_to(table.name, table.create, rows)
    }

    /// As [`Self::append_rows`], to the table that a statement creates.
    pub(super) fn append_to(&mut self, table: &str, create: Statement, rows: &dyn RowSource) -> Result<()> {
        if let Some(script) = self.session.script() {
            script.append(table)?;
            // A catalogue has more songs than a statement carries.
            return if create == Statement::CreateStagedSongs {
                self.show_copy(table, column_names(text(create)))
            } else {
                Ok(())
            };
        }
        if rows.rows() == 0 {
            return Ok(());
        }
        let columns: Vec<&str> = column_names(text(create)).map(quoted_if_reserved).collect();
        if rows.rows() <= FEW {
            return self.insert(table, &columns, rows);
        }
        self.options.interrupt.check()?;
        let slices = self.slices;
        let (staging, _) = self.store()?;
        // Few bytes even where rows are many; one file a slice is read side by side.
        let files = (rows.rows() as u64 * 100 / (8 << 20)).clamp(1, slices as u64) as usize;
        let (part, mut urls) = (rows.rows().div_ceil(files), Vec::new());
        for start in (0..rows.rows()).step_by(part) {
            let name = staging.name(&format!("{table}.json.zst"));
            let mut packer = compact::packer(staging, &name)?;
            let (mut times, mut row, mut out) = (json::Times::default(), Vec::new(), Vec::new());
            for at in start..(start + part).min(rows.rows()) {
                row.clear();
                rows.row(at, &mut row);
                cells::line(&row, &mut times, &mut out);
                if out.len() > 1 << 20 {
                    packer.write_all(&out).map_err(|e| compact::unwritten(&name, e))?;
                    out.clear();
                }
            }
            packer.write_all(&out).map_err(|e| compact::unwritten(&name, e))?;
            compact::finish(packer, &name)?;
            urls.push(staging.url(&name));
        }
        staging.finish()?;
        self.copy_files(table, columns, &urls, rows.rows() as u64)
    }

    fn insert(&mut self, table: &str, columns: &[&str], rows: &dyn RowSource) -> Result<()> {
        let head = format!("insert into {table} ({}) values", columns.join(", "));
        let (mut sql, mut row) = (head.clone(), Vec::new());
        for at in 0..rows.rows() {
            row.clear();
            rows.row(at, &mut row);
            let values: Vec<String> = row.iter().map(|cell: &Cell<'_>| cells::literal(*cell)).collect();
            if sql.len() > STATEMENT_BYTES {
                self.session.batch(table, &sql)?;
                sql.clone_from(&head);
            }
            sql.push_str(if sql.len() == head.len() { "\n(" } else { ",\n(" });
            sql.push_str(&values.join(", "));
            sql.push(')');
        }
        self.session.batch(table, &sql).map(drop)
    }
}

/// `raw` is a word of the language there.
fn quoted_if_reserved(column: &str) -> &str {
    if column == "raw" { "\"raw\"" } else { column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::LOG_FIELDS;

    #[test]
    fn staged_lines_have_the_columns_of_their_table() {
        let columns: Vec<&str> = column_names(text(Statement::RedshiftStagedBatch)).collect();
        assert_eq!(columns, LINES.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        let lines: Vec<&str> = column_names(text(Statement::RedshiftStagedLines)).skip(1).collect();
        assert_eq!(lines, LOG_FIELDS.iter().map(|field| field.column).collect::<Vec<_>>());
    }

    #[test]
    fn both_hashes_of_the_cluster_are_the_same() {
        let hash = |statement| {
            let sql = text(statement);
            let from = sql.find("md5(").unwrap();
            sql[from..from + sql[from..].find("as bigint").unwrap()].to_owned()
        };
        assert_eq!(hash(Statement::RedshiftStagedEvents), hash(Statement::RedshiftStagedKeys));
    }
}
