//! The songs and tracks that staged lines are looked up in: all there are while they are few, else those that a batch names.
//!
//! What is held from one batch to the next is taken off what DuckDB may use, so that both stay within its share.

use std::sync::Arc;

use duckdb::arrow::array::{Array, AsArray};
use duckdb::arrow::datatypes::{Float64Type, Int16Type, Int32Type};
use duckdb::arrow::record_batch::RecordBatch;

use super::connect::memory_limit;
use super::{DuckDb, query_error};
use crate::error::{Error, Kind, Result};
use crate::stage::{CatalogueSong, DecodedBatch, SongIndex, Track, TrackIndex};
use crate::warehouse::Statement;

/// The share of DuckDB's memory that each of the two indexes may take from one batch to the next.
const SHARE: u64 = 8;
/// About how many bytes a song and a track take.
const SONG_BYTES: u64 = 160;
const TRACK_BYTES: u64 = 64;
/// So many rows of a table are read as quickly as one line is looked up by a join with it.
const ROWS_A_LINE: u64 = 16;

impl DuckDb {
    /// The songs to look the lines of a batch up in, and whether these are all.
    pub(super) fn songs_for(&mut self, batch: &Arc<DecodedBatch>) -> Result<(SongIndex, bool)> {
        let (songs, _) = self.count(Statement::DuckDbCountSongs)?;
        if !self.indexes.songs_are_many && self.are_few(songs, SONG_BYTES, batch.rows()) {
            if let Some(index) = self.songs_of(Statement::ReadCatalogue, self.most_held())? {
                return Ok((index, true));
            }
            self.indexes.songs_are_many = true;
        }
        self.expose_alone(batch)?;
        Ok((self.songs_of(Statement::DuckDbFindSongs, u64::MAX)?.unwrap_or_default(), false))
    }

    /// The tracks, likewise.
    pub(super) fn tracks_for(&mut self, batch: &Arc<DecodedBatch>) -> Result<(TrackIndex, bool)> {
        let (tracks, last_no) = self.count(Statement::DuckDbCountTracks)?;
        if !self.indexes.tracks_are_many && self.are_few(tracks, TRACK_BYTES, batch.rows()) {
            if let Some(index) = self.tracks_of(Statement::ReadTracks, last_no, self.most_held())? {
                return Ok((index, true));
            }
            self.indexes.tracks_are_many = true;
        }
        self.expose_alone(batch)?;
        Ok((self.tracks_of(Statement::DuckDbFindTracks, last_no, u64::MAX)?.unwrap_or_default(), false))
    }

    /// Bytes that an index may take from one batch to the next.
    fn most_held(&self) -> u64 {
        self.options.resources.memory / SHARE
    }

    /// Whether all rows of a table are worth reading for so many lines.
    fn are_few(&self, table_rows: u64, bytes: u64, lines: u64) -> bool {
        table_rows * bytes <= self.most_held() && table_rows / ROWS_A_LINE <= lines
    }

    /// How many rows a table has, and the highest number of one.
    fn count(&self, statement: Statement) -> Result<(u64, i32)> {
        let counted = self.connection.query_row(statement.text(), [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)));
        counted.map_err(|e| query_error(statement.name(), e))
    }

    /// The songs that a statement finds. None if they take more bytes than these.
    fn songs_of(&self, statement: Statement, most: u64) -> Result<Option<SongIndex>> {
        let mut index = Some(SongIndex::default());
        self.each_part(statement, |part| {
            let (titles, artists) = (part.column(0).as_string_opt::<i32>()?, part.column(1).as_string_opt::<i32>()?);
            let (song_ids, artist_ids) = (part.column(2).as_string_opt::<i32>()?, part.column(3).as_string_opt::<i32>()?);
            let durations = part.column(4).as_primitive_opt::<Float64Type>()?;
            let repairs = part.column(5).as_primitive_opt::<Int16Type>()?;
            if let Some(index) = &mut index {
                for row in 0..part.num_rows() {
                    index.add(CatalogueSong {
                        title: titles.value(row),
                        artist_name: artists.value(row),
                        song_id: song_ids.value(row),
                        artist_id: artist_ids.value(row),
                        duration: durations.is_valid(row).then(|| durations.value(row)),
                        text_repair: repairs.value(row) as u8,
                    });
                }
            }
            index.take_if(|index| index.memory() > most);
            Some(())
        })?;
        Ok(index)
    }

    /// The tracks that a statement finds. None if they take more bytes than these.
    fn tracks_of(&self, statement: Statement, last_no: i32, most: u64) -> Result<Option<TrackIndex>> {
        let mut index = Some(TrackIndex::behind(last_no));
        self.each_part(statement, |part| {
            let numbers = part.column(0).as_primitive_opt::<Int32Type>()?;
            let (songs, artists) = (part.column(1).as_string_opt::<i32>()?, part.column(2).as_string_opt::<i32>()?);
            if let Some(index) = &mut index {
                for row in 0..part.num_rows() {
                    index.add(Track { track_no: numbers.value(row), song: songs.value(row), artist: artists.value(row) });
                }
            }
            index.take_if(|index| index.memory() > most);
            Some(())
        })?;
        Ok(index)
    }

    /// Passes a query's answer on in parts, as it comes: all of it may be more than there is memory. `part` returns None if
    /// the columns are not of the types that it expects.
    fn each_part(&self, statement: Statement, mut part: impl FnMut(&RecordBatch) -> Option<()>) -> Result<()> {
        let failed = |e| query_error(statement.name(), e);
        let mut prepared = self.connection.prepare(statement.text()).map_err(failed)?;
        for found in prepared.stream_arrow([]).map_err(failed)? {
            let other = || Error::new(Kind::Query, format!("{} gave columns of other types", statement.name()));
            part(&found.map_err(failed)?).ok_or_else(other)?;
        }
        Ok(())
    }

    /// Leaves DuckDB what the indexes do not take of its share. Tracks that have become too many are not held any longer.
    pub(super) fn share_memory(&mut self) -> Result<()> {
        let most = self.most_held();
        if self.indexes.tracks.take_if(|index| index.memory() > most).is_some() {
            self.indexes.tracks_are_many = true;
        }
        let songs = self.indexes.songs.as_ref().map_or(0, |index| index.memory());
        let tracks = self.indexes.tracks.as_ref().map_or(0, TrackIndex::memory);
        let limit = memory_limit(self.options.resources.memory.saturating_sub(songs + tracks));
        if self.limit.as_ref() != Some(&limit) {
            self.batch("memory_limit", &format!("set memory_limit = '{limit}'"))?;
            self.limit = Some(limit);
        }
        Ok(())
    }
}
