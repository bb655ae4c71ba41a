//! How rows reach DuckDB: batches of events by [`super::stream`], everything small by its appender.

use std::sync::Arc;

use duckdb::types::{TimeUnit, Value};
use duckdb::{Connection, ToSql, params};

use super::super::indexes::Indexes;
use super::super::judge::{Judge, judged};
use super::super::relations::RELATIONS;
use super::super::{FileRow, RejectRow, ReplayedLine, RunRow};
use super::{DuckDb, query_error, stream};
use crate::error::Result;
use crate::stage::{Batch, DecodedBatch, EventBounds, People, PlannedFile, SongIndex, SongRecord, Track, TrackIndex};
use crate::warehouse::Statement;

/// DuckDB's name for a point in time, from milliseconds since 1970.
pub(super) fn timestamp_ms(ms: i64) -> Value {
    Value::Timestamp(TimeUnit::Microsecond, ms * 1000)
}

fn timestamp_us(us: i64) -> Value {
    Value::Timestamp(TimeUnit::Microsecond, us)
}

/// Makes the relations over the staged batch, and the tables for what is small.
pub(super) fn create_relations(connection: &Connection) -> Result<()> {
    for (index, relation) in RELATIONS.iter().enumerate() {
        let sql = format!("create or replace temporary view {} as select * from {}({index})", relation.name, stream::FUNCTION);
        connection.execute_batch(&sql).map_err(|e| query_error(relation.name, e))?;
    }
    Ok(())
}

impl Judge for DuckDb {
    fn indexes(&mut self) -> &mut Indexes {
        &mut self.indexes
    }

    fn read_songs(&mut self, batch: &Arc<DecodedBatch>) -> Result<(SongIndex, bool)> {
        self.songs_for(batch)
    }

    fn read_tracks(&mut self, batch: &Arc<DecodedBatch>) -> Result<(TrackIndex, bool)> {
        self.tracks_for(batch)
    }

    fn indexes_changed(&mut self) -> Result<()> {
        self.share_memory()
    }

    fn known_events(&mut self, batch: &Arc<DecodedBatch>, bounds: EventBounds) -> Result<Vec<(u64, bool)>> {
        let Some(bounds) = self.overlap(bounds)? else { return Ok(Vec::new()) };
        self.expose_alone(batch)?;
        let name = Statement::KnownEvents.name();
        let failed = |e| query_error(name, e);
        let mut statement = self.connection.prepare(Statement::KnownEvents.text()).map_err(failed)?;
        let parameters = [timestamp_ms(bounds.min_ms), timestamp_ms(bounds.max_ms)];
        let rows = statement
            .query_map(duckdb::params_from_iter(parameters), |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))
            .map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    fn add_tracks(&mut self, tracks: &[Track<'_>]) -> Result<()> {
        self.append("tracks", tracks.iter(), |t, add| add(params![t.track_no, t.song, t.artist]))
    }
}

impl DuckDb {
    pub(super) fn put_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        let batch = judged(self, batch)?;
        self.expose(Arc::clone(&batch))?;
        Ok(batch)
    }

    /// Makes a batch readable in SQL as though the warehouse held nothing.
    pub(super) fn expose_alone(&mut self, batch: &Arc<DecodedBatch>) -> Result<()> {
        self.expose(Arc::new(Batch::alone(Arc::clone(batch))))
    }

    /// Makes a batch readable in SQL, in place of the one before.
    fn expose(&mut self, batch: Arc<Batch>) -> Result<()> {
        self.shelf.put(Some(batch));
        create_relations(&self.connection)
    }

    /// The range of time that staged events and facts share.
    fn overlap(&self, bounds: EventBounds) -> Result<Option<EventBounds>> {
        let statement = Statement::FactBounds;
        let held: (Option<i64>, Option<i64>) = self
            .connection
            .query_row(statement.text(), [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|e| query_error(statement.name(), e))?;
        let (Some(low), Some(high)) = held else { return Ok(None) };
        let shared = EventBounds { min_ms: bounds.min_ms.max(low), max_ms: bounds.max_ms.min(high) };
        Ok((shared.min_ms <= shared.max_ms).then_some(shared))
    }

    pub(super) fn put_people(&mut self, people: &People) -> Result<()> {
        self.fresh_table(Statement::CreateStagedUsers, "staged_users")?;
        self.fresh_table(Statement::CreateStagedLevels, "staged_levels")?;
        self.append("staged_users", people.users.iter(), |u, add| {
            add(params![
                u.user_id,
                u.first_name,
                u.last_name,
                u.gender,
                u.level,
                u.registered_ms.map(timestamp_ms),
                timestamp_ms(u.last_seen_ms),
                u.session_id,
                u.item_in_session
            ])
        })?;
        self.append("staged_levels", people.levels.iter(), |l, add| add(params![l.user_id, timestamp_ms(l.at_ms), l.level]))
    }

    pub(super) fn put_songs(&mut self, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        // The catalogue is about to change.
        self.indexes.songs = None;
        self.fresh_table(Statement::CreateStagedSongs, "staged_songs")?;
        self.append("staged_songs", songs.iter(), |record, add| {
            let (s, file) = (&record.song, &files[record.file].source);
            add(params![
                s.num_songs,
                s.artist_id,
                s.artist_latitude,
                s.artist_longitude,
                s.artist_location,
                s.artist_name,
                s.song_id,
                s.title,
                s.duration,
                s.year,
                i16::from(s.text_repair),
                timestamp_us(file.modified_us),
                file.url,
                record.line as i64
            ])
        })
    }

    pub(super) fn put_files(&mut self, run_id: &str, files: &[FileRow]) -> Result<()> {
        self.append("load_files", files.iter(), |row, add| {
            let (source, tally) = (&row.file.source, &row.tally);
            add(params![
                row.file.file_no,
                row.input.name(),
                source.url,
                source.version,
                source.size as i64,
                timestamp_us(source.modified_us),
                tally.lines as i64,
                tally.accepted as i64,
                tally.duplicates as i64,
                tally.rejected as i64,
                run_id
            ])
        })
    }

    pub(super) fn put_rejects(&mut self, run_id: &str, rejects: &[RejectRow]) -> Result<()> {
        self.append("load_rejects", rejects.iter(), |r, add| {
            let text = String::from_utf8_lossy(&r.raw);
            let not_text = matches!(text, std::borrow::Cow::Owned(_)).then_some(&r.raw);
            add(params![
                run_id,
                r.input.name(),
                r.url,
                r.line as i64,
                r.byte_offset as i64,
                r.reason,
                &*text,
                r.raw_length as i64,
                not_text,
                r.file_no
            ])
        })
    }

    pub(super) fn put_replays(&mut self, lines: &[ReplayedLine]) -> Result<()> {
        self.fresh_table(Statement::CreateStagedReplays, "staged_replays")?;
        self.append("staged_replays", lines.iter(), |l, add| {
            let duplicate = i64::from(l.duplicate);
            add(params![l.file_no, l.line as i64, l.byte_offset as i64, 1 - duplicate, duplicate])
        })
    }

    pub(super) fn put_run(&mut self, run: &RunRow) -> Result<()> {
        self.append("load_runs", std::iter::once(run), |r, add| {
            let (started, finished) = (timestamp_us(r.started_us), timestamp_us(r.finished_us));
            let counts = r.counts();
            let mut values =
                params![r.run_id, r.kind, r.status, started, finished, r.settings, env!("CARGO_PKG_VERSION")].to_vec();
            values.extend(counts.iter().map(|count| count as &dyn ToSql));
            values.extend_from_slice(params![r.unknown_keys, r.last_file_no]);
            add(&values)
        })
    }

    /// Makes a temporary table anew.
    fn fresh_table(&self, create: Statement, table: &str) -> Result<()> {
        let sql = format!("drop table if exists {table}; {}", create.text());
        self.connection.execute_batch(&sql).map_err(|e| query_error(create.name(), e))
    }

    /// Appends one row for each item; `row` passes the row's values to the function that it is given.
    fn append<T>(
        &self,
        table: &'static str,
        items: impl Iterator<Item = T>,
        row: impl Fn(T, &mut dyn FnMut(&[&dyn ToSql]) -> duckdb::Result<()>) -> duckdb::Result<()>,
    ) -> Result<()> {
        let failed = |e| query_error(table, e);
        let temporary = table.starts_with("staged_");
        let mut appender = if temporary {
            self.connection.appender_to_catalog_and_db(table, "temp", "main")
        } else {
            self.connection.appender(table)
        }
        .map_err(failed)?;
        for item in items {
            row(item, &mut |values| appender.append_row(values)).map_err(failed)?;
        }
        appender.flush().map_err(failed)
    }
}
