//! How rows reach the cluster when sparkify has decoded them: as packed files in S3 for COPY, or, where they are few, in
//! the statement itself.

use std::io::Write as _;
use std::sync::Arc;

use super::super::indexes::Indexes;
use super::super::judge::{Judge, judged};
use super::super::relations::{LINE_COLUMNS, Relation, Rows, Source, relation};
use super::super::{FileRow, RejectRow, ReplayedLine, Rows as QueryRows, RunRow, SqlText, Statement, Value, literal};
use super::cells::{self, Cell};
use super::compact::{self, Job};
use super::copy::{Access, Copy, other_count};
use super::session::text;
use super::staging::Staging;
use super::{Redshift, json, number, schema};
use crate::error::{Error, Kind, Result};
use crate::source::Compression;
use crate::stage::{
    Batch, CatalogueSong, DecodedBatch, EventBounds, People, PlannedFile, SongIndex, SongRecord, Track, TrackIndex,
};

/// Rows of a small table up to which a statement carries them itself: COPY costs seconds, whatever it copies.
const FEW: usize = 500;
/// A statement has 16 MB at most.
const STATEMENT_BYTES: usize = 8 << 20;
/// The most that a text column of the ledger holds.
const MOST_TEXT: usize = 65_535;

/// Decoded lines with what tells the same event: in the order of the table that takes them.
const LINES: Relation = Relation { name: "staged_events", rows: Rows::All, columns: &KEYED_LINE_COLUMNS };

const KEYED_LINE_COLUMNS: [(&str, Source); 2 + LINE_COLUMNS.len()] = {
    let mut columns = [("row_no", Source::RowNo); 2 + LINE_COLUMNS.len()];
    columns[1] = ("payload_hash", Source::PayloadHash);
    let mut at = 0;
    while at < LINE_COLUMNS.len() {
        columns[2 + at] = LINE_COLUMNS[at];
        at += 1;
    }
    columns
};

impl Judge for Redshift {
    fn indexes(&mut self) -> &mut Indexes {
        &mut self.indexes
    }

    fn read_songs(&mut self, _: &Arc<DecodedBatch>) -> Result<(SongIndex, bool)> {
        let mut index = SongIndex::default();
        self.each_row(Statement::ReadCatalogue, |row| {
            let duration = match row.get(4) {
                Some(Value::Float(duration)) => Some(*duration),
                _ => None,
            };
            index.add(CatalogueSong {
                title: text_at(row, 0),
                artist_name: text_at(row, 1),
                song_id: text_at(row, 2),
                artist_id: text_at(row, 3),
                duration,
                text_repair: number(row, 5)? as u8,
            });
            Ok(())
        })?;
        Ok((index, true))
    }

    fn read_tracks(&mut self, _: &Arc<DecodedBatch>) -> Result<(TrackIndex, bool)> {
        let mut index = TrackIndex::default();
        self.each_row(Statement::ReadTracks, |row| {
            index.add(Track { track_no: number(row, 0)? as i32, song: text_at(row, 1), artist: text_at(row, 2) });
            Ok(())
        })?;
        Ok((index, true))
    }

    fn known_events(&mut self, batch: &Arc<DecodedBatch>, bounds: EventBounds) -> Result<Vec<(u64, bool)>> {
        let Some(bounds) = self.overlap(bounds)? else { return Ok(Vec::new()) };
        self.make_staged(Statement::RedshiftStagedBatch, "staged_events")?;
        self.copy_batch(&Batch::alone(Arc::clone(batch)), &LINES, Some(bounds))?;
        self.make_staged(Statement::RedshiftStagedKeys, "staged_keys")?;
        let rows = self.session.answer(Statement::KnownEvents, &literal::times(bounds))?;
        self.drop_staged("staged_keys")?;
        self.drop_staged("staged_events")?;
        rows.iter().map(|row| Ok((number(row, 0)? as u64, row.get(1) == Some(&Value::Boolean(true))))).collect()
    }

    fn add_tracks(&mut self, tracks: &[Track<'_>]) -> Result<()> {
        self.put(Statement::CreateTracks, "tracks", tracks, |track| {
            vec![Cell::Integer(track.track_no.into()), Cell::Text(track.song), Cell::Text(track.artist)]
        })
    }
}

impl Redshift {
    /// The staging folder and who reads it, made at their first use.
    pub(super) fn store(&mut self) -> Result<(&mut Staging, &Access)> {
        if self.staging.is_none() || self.access.is_none() {
            let location = self.options.redshift.staging.clone().ok_or_else(|| {
                Error::new(Kind::Settings, "redshift.staging is not set, so there is no place in S3 that rows could go through")
                    .with_hint("set it to a prefix that nothing else uses, as s3://bucket/sparkify-staging/; for the cluster of the stack set cluster.staging, and run `sparkify cluster up` again, which lets its role read there")
            })?;
            let staging = Staging::new(&location, &self.sources)?;
            self.access = Some(Access::new(&self.options.redshift, || staging.region())?);
            self.staging = Some(staging);
        }
        match (&mut self.staging, &self.access) {
            (Some(staging), Some(access)) => Ok((staging, access)),
            _ => Err(Error::new(Kind::Settings, "there is no staging folder")),
        }
    }

    pub(super) fn put_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        let batch = judged(self, batch)?;
        self.make_staged(Statement::RedshiftStagedPlays, "staged_plays")?;
        self.make_staged(Statement::RedshiftStagedViews, "staged_views")?;
        self.copy_batch(&batch, relation("staged_plays")?, None)?;
        self.copy_batch(&batch, relation("staged_views")?, None)?;
        self.make_staged(Statement::RedshiftStagedTimes, "staged_times")?;
        self.make_staged(Statement::RedshiftStagedSessions, "staged_sessions")?;
        if self.keeps_lines {
            self.make_staged(Statement::RedshiftStagedBatch, "staged_events")?;
            self.copy_batch(&batch, &LINES, None)?;
        }
        Ok(batch)
    }

    /// Writes rows of the batch into S3 and has the cluster copy them.
    fn copy_batch(&mut self, batch: &Batch, relation: &Relation, within: Option<EventBounds>) -> Result<()> {
        let (slices, threads) = (self.slices, self.options.resources.threads);
        let interrupt = self.options.interrupt.clone();
        let (staging, _) = self.store()?;
        let written = compact::write(&Job { batch, relation, within, slices, threads, interrupt: &interrupt }, staging)?;
        if written.rows == 0 {
            self.clear_staging();
            return Ok(());
        }
        let columns: Vec<&str> = relation.columns.iter().map(|(name, _)| *name).collect();
        self.copy_files(relation.name, columns, &written.urls, written.rows)
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

    /// Passes a statement's rows on as they come: all of them may be more than there is memory.
    fn each_row(&mut self, statement: Statement, row: impl FnMut(&[Value]) -> Result<()>) -> Result<()> {
        self.session.query(SqlText { name: statement.name(), text: text(statement) }, &mut EachRow(row))
    }

    /// The part of this range of time in which the facts have events.
    pub(super) fn overlap(&mut self, bounds: EventBounds) -> Result<Option<EventBounds>> {
        let row = self.session.row(Statement::FactBounds, &literal::times(bounds))?;
        let (Some(Value::Text(low)), Some(Value::Text(high))) = (row.first(), row.get(1)) else { return Ok(None) };
        let (low, high) = (time_us(low)?, time_us(high)?);
        Ok(Some(EventBounds { min_ms: low.div_euclid(1000), max_ms: high.div_euclid(1000) }))
    }

    pub(super) fn put_people(&mut self, people: &People) -> Result<()> {
        self.make_staged(Statement::CreateStagedUsers, "staged_users")?;
        self.make_staged(Statement::CreateStagedLevels, "staged_levels")?;
        self.put(Statement::CreateStagedUsers, "staged_users", &people.users, |u| {
            vec![
                Cell::Integer(u.user_id),
                u.first_name.as_deref().into(),
                u.last_name.as_deref().into(),
                u.gender.as_deref().into(),
                u.level.as_deref().into(),
                u.registered_ms.map_or(Cell::Null, |ms| Cell::Time(ms * 1000)),
                Cell::Time(u.last_seen_ms * 1000),
                Cell::Integer(u.session_id),
                Cell::Integer(u.item_in_session.into()),
            ]
        })?;
        self.put(Statement::CreateStagedLevels, "staged_levels", &people.levels, |l| {
            vec![Cell::Integer(l.user_id), Cell::Time(l.at_ms * 1000), Cell::Text(&l.level)]
        })
    }

    pub(super) fn put_songs(&mut self, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        // The catalogue is about to change.
        self.indexes.songs = None;
        self.make_staged(Statement::CreateStagedSongs, "staged_songs")?;
        self.put(Statement::CreateStagedSongs, "staged_songs", songs, |record| {
            let (s, file) = (&record.song, &files[record.file].source);
            vec![
                s.num_songs.map(i64::from).into(),
                Cell::Text(&s.artist_id),
                s.artist_latitude.into(),
                s.artist_longitude.into(),
                s.artist_location.as_deref().into(),
                Cell::Text(&s.artist_name),
                Cell::Text(&s.song_id),
                Cell::Text(&s.title),
                s.duration.into(),
                s.year.map(i64::from).into(),
                Cell::Integer(s.text_repair.into()),
                Cell::Time(file.modified_us),
                Cell::Text(&file.url),
                Cell::Integer(record.line as i64),
            ]
        })
    }

    pub(super) fn put_files(&mut self, run_id: &str, files: &[FileRow]) -> Result<()> {
        self.put(Statement::CreateLoadFiles, "load_files", files, |row| {
            let (source, tally) = (&row.file.source, &row.tally);
            vec![
                Cell::Integer(row.file.file_no),
                Cell::Text(row.input.name()),
                Cell::Text(&source.url),
                Cell::Text(&source.version),
                Cell::Integer(source.size as i64),
                Cell::Time(source.modified_us),
                Cell::Integer(tally.lines as i64),
                Cell::Integer(tally.accepted as i64),
                Cell::Integer(tally.duplicates as i64),
                Cell::Integer(tally.rejected as i64),
                Cell::Text(run_id),
            ]
        })
    }

    pub(super) fn put_rejects(&mut self, run_id: &str, rejects: &[RejectRow]) -> Result<()> {
        let kept: Vec<KeptLine> = rejects.iter().map(KeptLine::of).collect();
        let rows: Vec<(&RejectRow, &KeptLine)> = rejects.iter().zip(&kept).collect();
        self.put(Statement::CreateLoadRejects, "load_rejects", &rows, |(r, kept)| {
            vec![
                Cell::Text(run_id),
                Cell::Text(r.input.name()),
                Cell::Text(&r.url),
                Cell::Integer(r.line as i64),
                Cell::Integer(r.byte_offset as i64),
                Cell::Text(&kept.reason),
                Cell::Text(&kept.text),
                Cell::Integer(r.raw_length as i64),
                kept.bytes.as_deref().into(),
                Cell::Integer(r.file_no),
            ]
        })
    }

    pub(super) fn put_replays(&mut self, lines: &[ReplayedLine]) -> Result<()> {
        self.make_staged(Statement::CreateStagedReplays, "staged_replays")?;
        self.put(Statement::CreateStagedReplays, "staged_replays", lines, |l| {
            let duplicate = i64::from(l.duplicate);
            [l.file_no, l.line as i64, l.byte_offset as i64, 1 - duplicate, duplicate].map(Cell::Integer).to_vec()
        })
    }

    pub(super) fn put_run(&mut self, run: &RunRow) -> Result<()> {
        self.run_id = Some(run.run_id.clone());
        let unknown_keys = run.unknown_keys.as_deref().map(|keys| beginning(keys, MOST_TEXT).to_owned());
        self.put(Statement::CreateLoadRuns, "load_runs", std::slice::from_ref(run), |r| {
            let mut cells = vec![
                Cell::Text(&r.run_id),
                Cell::Text(r.kind),
                Cell::Text(r.status),
                Cell::Time(r.started_us),
                Cell::Time(r.finished_us),
                Cell::Text(&r.settings),
                Cell::Text(env!("CARGO_PKG_VERSION")),
            ];
            cells.extend(r.counts().map(Cell::Integer));
            cells.push(unknown_keys.as_deref().into());
            cells.push(Cell::Integer(r.last_file_no));
            cells
        })
    }

    /// Makes a temporary table anew.
    pub(super) fn make_staged(&mut self, create: Statement, table: &'static str) -> Result<()> {
        self.make_staged_with(create, table, &[]).map(drop)
    }

    /// As [`Self::make_staged`], with values for the statement's places; returns its number of rows, where that is told.
    pub(super) fn make_staged_with(&mut self, create: Statement, table: &'static str, literals: &[String]) -> Result<u64> {
        self.drop_staged(table)?;
        let rows = self.session.execute(create, literals)?;
        self.temporary.insert(table);
        Ok(rows)
    }

    /// Drops a temporary table that this transaction made. There is no way to say that a table of the user's with the
    /// same name is not meant.
    pub(super) fn drop_staged(&mut self, table: &'static str) -> Result<()> {
        if self.temporary.remove(table) { self.session.batch(table, &schema::drop_statement(table)).map(drop) } else { Ok(()) }
    }

    /// Adds a row for each item, in the order of the columns of the statement that made the table.
    pub(super) fn put<'i, T>(
        &mut self,
        create: Statement,
        table: &str,
        items: &'i [T],
        row: impl Fn(&'i T) -> Vec<Cell<'i>>,
    ) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let columns: Vec<&str> = schema::column_names(text(create)).collect();
        if items.len() <= FEW {
            return self.insert(table, &columns, items, row);
        }
        self.options.interrupt.check()?;
        let slices = self.slices;
        let (staging, _) = self.store()?;
        // Few bytes even where rows are many; one file a slice is read side by side.
        let files = (items.len() as u64 * 100 / (8 << 20)).clamp(1, slices as u64) as usize;
        let mut urls = Vec::new();
        for part in items.chunks(items.len().div_ceil(files)) {
            let name = staging.name(&format!("{table}.json.zst"));
            let mut packer = compact::packer(staging, &name)?;
            let (mut times, mut out) = (json::Times::default(), Vec::new());
            for item in part {
                cells::line(&row(item), &mut times, &mut out);
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
        let columns = columns.into_iter().map(quoted_if_reserved).collect();
        self.copy_files(table, columns, &urls, items.len() as u64)
    }

    fn insert<'i, T>(
        &mut self,
        table: &str,
        columns: &[&str],
        items: &'i [T],
        row: impl Fn(&'i T) -> Vec<Cell<'i>>,
    ) -> Result<()> {
        let names: Vec<&str> = columns.iter().copied().map(quoted_if_reserved).collect();
        let head = format!("insert into {table} ({}) values", names.join(", "));
        let mut sql = head.clone();
        for item in items {
            let values: Vec<String> = row(item).iter().map(Cell::literal).collect();
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

/// Calls a function with each row.
struct EachRow<F>(F);

impl<F: FnMut(&[Value]) -> Result<()>> QueryRows for EachRow<F> {
    fn columns(&mut self, _: &[String]) -> Result<()> {
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> Result<()> {
        (self.0)(&values)
    }
}

/// A value that is a text.
fn text_at(row: &[Value], at: usize) -> &str {
    match row.get(at) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

/// `raw` is a word of the language there.
fn quoted_if_reserved(column: &str) -> &str {
    if column == "raw" { "\"raw\"" } else { column }
}

/// A point in time that the server gave, in microseconds since 1970.
pub(super) fn time_us(text: &str) -> Result<i64> {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .map(|time| time.and_utc().timestamp_micros())
        .map_err(|e| Error::new(Kind::Query, format!("the server gave `{text}` for a time")).caused_by(e))
}

/// As much of a text as fits into so many bytes.
fn beginning(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What is kept of a refused line: text, or hexadecimal digits of what is none.
struct KeptLine {
    text: String,
    bytes: Option<String>,
    reason: String,
}

impl KeptLine {
    fn of(reject: &RejectRow) -> Self {
        let (text, not_text) = reject.text_without_nul();
        let digits = |raw: &[u8]| raw.iter().take(MOST_TEXT / 2).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let bytes = not_text.map(digits);
        let reason = reject.reason.replace('\0', "\u{FFFD}");
        Self { text: beginning(&text, MOST_TEXT).to_owned(), bytes, reason: beginning(&reason, 4096).to_owned() }
    }
}

/// The bytes that hexadecimal digits mean.
pub(super) fn bytes_of(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::LOG_FIELDS;
    use crate::warehouse::Input;

    #[test]
    fn staged_lines_have_the_columns_of_their_table() {
        let columns: Vec<&str> = schema::column_names(text(Statement::RedshiftStagedBatch)).collect();
        assert_eq!(columns, LINES.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        let lines: Vec<&str> = schema::column_names(text(Statement::RedshiftStagedLines)).skip(1).collect();
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

    #[test]
    fn refused_lines_are_kept_whole_where_a_text_can_hold_them() {
        let kept = |raw: &[u8]| {
            KeptLine::of(&RejectRow {
                input: Input::Log,
                url: String::new(),
                file_no: 1,
                line: 1,
                byte_offset: 0,
                reason: "x".to_owned(),
                raw: raw.to_vec(),
                raw_length: raw.len() as u64,
            })
        };
        assert_eq!((kept(b"{\"a\":1").text.as_str(), kept(b"{").bytes), ("{\"a\":1", None));
        let odd = kept(b"a\0\xFFb");
        assert_eq!(bytes_of(odd.bytes.as_deref().unwrap()), b"a\0\xFFb");
        assert_eq!(odd.text, "a\u{FFFD}\u{FFFD}b");
        assert_eq!(kept("é".repeat(40_000).as_bytes()).text.len(), 65_534);
        assert!(kept(&vec![0xFF; 65_536]).bytes.unwrap().len() <= 65_535);
    }

    #[test]
    fn times_come_back_as_they_were_sent() {
        for us in [0, 1_541_121_934_796_000, -1] {
            let literal = literal::timestamp(us);
            assert_eq!(time_us(literal.trim_start_matches("timestamp ").trim_matches('\'')).unwrap(), us);
        }
        assert_eq!(time_us("2018-11-02 01:25:34").unwrap(), 1_541_121_934_000_000);
    }
}
