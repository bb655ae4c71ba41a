//! How rows reach the server: by COPY, the batch of events into the tables themselves, everything that SQL has to compare
//! into temporary ones.

use std::sync::Arc;

use tokio_postgres::Row;

use super::super::ident::identifier;
use super::super::indexes::Indexes;
use super::super::judge::{Judge, judged};
use super::super::relations::relation;
use super::super::{FileRow, RejectRow, ReplayedLine, RunRow, SqlText, Statement};
use super::Postgres;
use super::copy::CopyRows;
use super::session::text;
use super::stream;
use super::value::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::stage::{
    Batch, CatalogueSong, DecodedBatch, EventBounds, People, PlannedFile, SongIndex, SongRecord, Track, TrackIndex,
};

/// The tables that are there for the length of a transaction. They are called by their schema where they are dropped, as a
/// user's own table of the name must not be meant.
const TEMPORARY: &str = "pg_temp";

/// The relation whose rows a statement copies from the batch, for those that do.
pub(super) fn source(statement: Statement) -> Option<&'static str> {
    match statement {
        Statement::InsertSongplays => Some("staged_plays"),
        Statement::InsertPageViews => Some("staged_views"),
        Statement::KeepStagingEvents => Some("staged_events"),
        _ => None,
    }
}

fn copy_all(table: &str) -> String {
    format!("copy {} from stdin with (format binary)", identifier(table))
}

impl Judge for Postgres {
    fn indexes(&mut self) -> &mut Indexes {
        &mut self.indexes
    }

    fn read_songs(&mut self, _: &Arc<DecodedBatch>) -> Result<(SongIndex, bool)> {
        let (mut index, session) = (SongIndex::default(), &self.session);
        self.each_row(Statement::ReadCatalogue, |row| {
            let text = |at| session.get::<&str>(&row, at);
            index.add(CatalogueSong {
                title: text(0)?,
                artist_name: text(1)?,
                song_id: text(2)?,
                artist_id: text(3)?,
                duration: session.get(&row, 4)?,
                text_repair: session.get::<i16>(&row, 5)? as u8,
            });
            Ok(())
        })?;
        Ok((index, true))
    }

    fn read_tracks(&mut self, _: &Arc<DecodedBatch>) -> Result<(TrackIndex, bool)> {
        let (mut index, session) = (TrackIndex::default(), &self.session);
        self.each_row(Statement::ReadTracks, |row| {
            let text = |at| session.get::<&str>(&row, at);
            index.add(Track { track_no: session.get(&row, 0)?, song: text(1)?, artist: text(2)? });
            Ok(())
        })?;
        Ok((index, true))
    }

    fn known_events(&mut self, batch: &Arc<DecodedBatch>, bounds: EventBounds) -> Result<Vec<(u64, bool)>> {
        let Some(bounds) = self.overlap(bounds)? else { return Ok(Vec::new()) };
        self.make_temporary(Statement::PostgresStagedKeys, "staged_keys")?;
        self.copy_staged(&Batch::alone(Arc::clone(batch)), "staged_keys", &copy_all("staged_keys"), Some(bounds))?;
        let (low, high) = (Timestamp::of_ms(bounds.min_ms), Timestamp::of_ms(bounds.max_ms));
        let rows = self.session.rows(Statement::KnownEvents, &[&low, &high])?;
        self.drop_temporary("staged_keys")?;
        rows.iter().map(|row| Ok((self.session.get::<i64>(row, 0)? as u64, self.session.get(row, 1)?))).collect()
    }

    fn add_tracks(&mut self, tracks: &[Track<'_>]) -> Result<()> {
        self.copy("tracks", 3, tracks, |track, out| {
            out.integer(track.track_no);
            out.string(Some(track.song));
            out.string(Some(track.artist));
        })
    }
}

impl Postgres {
    pub(super) fn put_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        let batch = judged(self, batch)?;
        self.make_temporary(Statement::PostgresStagedTimes, "staged_times")?;
        self.copy_staged(&batch, "staged_times", &copy_all("staged_times"), None)?;
        self.make_temporary(Statement::PostgresStagedSessions, "staged_sessions")?;
        self.copy_staged(&batch, "staged_sessions", &copy_all("staged_sessions"), None)?;
        self.batch = Some(Arc::clone(&batch));
        Ok(batch)
    }

    /// Copies rows of the batch by a statement that does.
    pub(super) fn copy_batch(&self, statement: Statement, source: &str) -> Result<u64> {
        let Some(batch) = &self.batch else {
            return Err(Error::new(Kind::Query, format!("{} finds nothing staged", statement.name())));
        };
        self.copy_staged(batch, source, text(statement), None)
    }

    fn copy_staged(&self, batch: &Batch, source: &str, sql: &str, within: Option<EventBounds>) -> Result<u64> {
        let (relation, session) = (relation(source)?, &self.session);
        session.copy(source, sql, |out| stream::write(batch, relation, within, out, &|| session.check_interrupt()))
    }

    /// Passes each row of a statement without parameters on, as it comes.
    fn each_row(&self, statement: Statement, row: impl FnMut(Row) -> Result<()>) -> Result<()> {
        let query = SqlText { name: statement.name(), text: text(statement) };
        self.session.each_row(query, &[], |_| Ok(None), row)
    }

    /// The part of this range of time in which the facts have events.
    fn overlap(&self, bounds: EventBounds) -> Result<Option<EventBounds>> {
        let (low, high) = (Timestamp::of_ms(bounds.min_ms), Timestamp::of_ms(bounds.max_ms));
        let Some(row) = self.session.rows(Statement::FactBounds, &[&low, &high])?.into_iter().next() else { return Ok(None) };
        let (low, high): (Option<i64>, Option<i64>) = (self.session.get(&row, 0)?, self.session.get(&row, 1)?);
        Ok(low.zip(high).map(|(min_ms, max_ms)| EventBounds { min_ms, max_ms }))
    }

    pub(super) fn end_staging(&mut self) {
        self.batch = None;
    }

    pub(super) fn put_people(&self, people: &People) -> Result<()> {
        self.make_temporary(Statement::CreateStagedUsers, "staged_users")?;
        self.make_temporary(Statement::CreateStagedLevels, "staged_levels")?;
        self.copy("staged_users", 9, &people.users, |u, out| {
            out.bigint(u.user_id);
            for text in [&u.first_name, &u.last_name, &u.gender, &u.level] {
                out.string(text.as_deref());
            }
            out.maybe(u.registered_ms, |out, ms| out.timestamp_us(ms * 1000));
            out.timestamp_us(u.last_seen_ms * 1000);
            out.bigint(u.session_id);
            out.integer(u.item_in_session);
        })?;
        self.copy("staged_levels", 3, &people.levels, |l, out| {
            out.bigint(l.user_id);
            out.timestamp_us(l.at_ms * 1000);
            out.string(Some(&l.level));
        })
    }

    pub(super) fn put_songs(&mut self, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        // The catalogue is about to change.
        self.indexes.songs = None;
        self.make_temporary(Statement::CreateStagedSongs, "staged_songs")?;
        self.copy("staged_songs", 14, songs, |record, out| {
            let (s, file) = (&record.song, &files[record.file].source);
            out.maybe(s.num_songs, CopyRows::integer);
            out.string(Some(&s.artist_id));
            out.maybe(s.artist_latitude, CopyRows::double);
            out.maybe(s.artist_longitude, CopyRows::double);
            out.string(s.artist_location.as_deref());
            for text in [&s.artist_name, &s.song_id, &s.title] {
                out.string(Some(text));
            }
            out.maybe(s.duration, CopyRows::double);
            out.maybe(s.year, CopyRows::smallint);
            out.smallint(s.text_repair.into());
            out.timestamp_us(file.modified_us);
            out.string(Some(&file.url));
            out.bigint(record.line as i64);
        })
    }

    pub(super) fn put_files(&self, run_id: &str, files: &[FileRow]) -> Result<()> {
        self.copy("load_files", 11, files, |row, out| {
            let (source, tally) = (&row.file.source, &row.tally);
            out.bigint(row.file.file_no);
            for text in [row.input.name(), &source.url, &source.version] {
                out.string(Some(text));
            }
            out.bigint(source.size as i64);
            out.timestamp_us(source.modified_us);
            for number in [tally.lines, tally.accepted, tally.duplicates, tally.rejected] {
                out.bigint(number as i64);
            }
            out.string(Some(run_id));
        })
    }

    pub(super) fn put_rejects(&self, run_id: &str, rejects: &[RejectRow]) -> Result<()> {
        self.copy("load_rejects", 10, rejects, |r, out| {
            let (text, not_text) = r.text_without_nul();
            for text in [run_id, r.input.name(), &r.url] {
                out.string(Some(text));
            }
            out.bigint(r.line as i64);
            out.bigint(r.byte_offset as i64);
            out.string(Some(&r.reason.replace('\0', "\u{FFFD}")));
            out.string(Some(&text));
            out.bigint(r.raw_length as i64);
            out.text(not_text);
            out.bigint(r.file_no);
        })
    }

    pub(super) fn put_replays(&self, lines: &[ReplayedLine]) -> Result<()> {
        self.make_temporary(Statement::CreateStagedReplays, "staged_replays")?;
        self.copy("staged_replays", 5, lines, |l, out| {
            let duplicate = i64::from(l.duplicate);
            for number in [l.file_no, l.line as i64, l.byte_offset as i64, 1 - duplicate, duplicate] {
                out.bigint(number);
            }
        })
    }

    pub(super) fn put_run(&self, run: &RunRow) -> Result<()> {
        self.copy("load_runs", 21, std::slice::from_ref(run), |r, out| {
            for text in [r.run_id.as_str(), r.kind, r.status] {
                out.string(Some(text));
            }
            out.timestamp_us(r.started_us);
            out.timestamp_us(r.finished_us);
            out.string(Some(&r.settings));
            out.string(Some(env!("CARGO_PKG_VERSION")));
            r.counts().into_iter().for_each(|count| out.bigint(count));
            out.string(r.unknown_keys.as_deref());
            out.bigint(r.last_file_no);
        })
    }

    /// Makes a temporary table anew.
    fn make_temporary(&self, create: Statement, table: &'static str) -> Result<()> {
        self.drop_temporary(table)?;
        self.session.batch(create.name(), text(create))
    }

    /// Drops a temporary table, with the temporary views upon it.
    pub(super) fn drop_temporary(&self, table: &'static str) -> Result<()> {
        self.session.batch(table, &format!("drop table if exists {TEMPORARY}.{} cascade", identifier(table)))
    }

    /// Copies one row for each item, of so many values, which `row` writes.
    fn copy<T>(&self, table: &str, columns: usize, items: &[T], row: impl Fn(&T, &mut CopyRows<'_>)) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let copied = self.session.copy(table, &copy_all(table), |out| {
            items.iter().try_for_each(|item| {
                if out.row(columns) {
                    self.session.check_interrupt()?;
                }
                row(item, out);
                Ok(())
            })
        })?;
        tracing::trace!(table, copied, "copied");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_columns_stand_in_the_order_of_the_relation() {
        for statement in Statement::ALL {
            let sql = text(*statement);
            let Some(source) = source(*statement) else {
                assert!(!sql.contains("from stdin"), "{}", statement.name());
                continue;
            };
            let (_, list) = sql.split_once('(').unwrap();
            let (list, _) = list.split_once(')').unwrap();
            let listed: Vec<&str> = list.split(',').map(str::trim).collect();
            let columns: Vec<&str> = relation(source).unwrap().columns.iter().map(|(name, _)| *name).collect();
            assert_eq!(listed, columns, "{}", statement.name());
        }
    }
}
