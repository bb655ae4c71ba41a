//! Staging: what a batch brings is put where SQL can read it, and its events are classified by what the warehouse holds.

use std::sync::Arc;

use super::quarantine::time_us;
use super::{Warehouse, answer};
use crate::cell::{Cell, RowsOf};
use crate::engine::Exposed;
use crate::error::Result;
use crate::stage::{Batch, DecodedBatch, EventBounds, PlannedFile, SongRecord, StagedUsers};
use crate::tables::{STAGED_LEVELS, STAGED_SONGS, STAGED_USERS, TRACKS};
use crate::{Param, Statement, Value};

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Warehouse {
    /// Makes a batch of events readable in SQL. It comes back with the outcome of each event: those that the warehouse holds
    /// already are no longer accepted. Tracks that are new in it are added to the table.
    pub fn stage_events(&mut self, batch: DecodedBatch) -> Result<Arc<Batch>> {
        let batch = Arc::new(batch);
        let songs = self.songs_for(&batch)?;
        let known = match batch.bounds() {
            Some(bounds) => self.known_events(&batch, bounds)?,
            None => Vec::new(),
        };
        let (mut tracks, are_all) = self.tracks_for(&batch)?;
        let batch = Arc::new(Batch::classified(batch, known, &songs, &mut tracks));
        let new = tracks.take_new();
        let rows = RowsOf::new(&new, |track| [track.track_no.into(), track.song.into(), track.artist.into()]);
        self.engine.append(&TRACKS, &rows)?;
        drop(new);
        if are_all {
            self.hold_tracks(tracks)?;
        }
        self.engine.expose(&batch, Exposed::Accepted { lines: self.keeps_lines })?;
        Ok(batch)
    }

    /// Ends the staging of the current batch.
    pub fn unstage_events(&mut self) -> Result<()> {
        self.engine.unexpose()
    }

    /// The rows whose key the facts have, by their number, and whether the payload is the same. `bounds` are those of the
    /// batch's times.
    fn known_events(&mut self, batch: &Arc<DecodedBatch>, bounds: EventBounds) -> Result<Vec<(u64, bool)>> {
        let Some(bounds) = self.overlap(bounds)? else { return Ok(Vec::new()) };
        self.engine.expose(&Arc::new(Batch::alone(Arc::clone(batch))), Exposed::Keys(bounds))?;
        let query = self.sql(Statement::KnownEvents);
        let mut known = Vec::new();
        for row in answer(self.engine.as_mut(), query, &Param::times(bounds))?.rows {
            let row_no = row.first().map_or(Ok(0), |value| value.whole_number(query.name))?;
            known.push((row_no as u64, row.get(1).is_some_and(Value::is_true)));
        }
        self.engine.unexpose()?;
        Ok(known)
    }

    /// The part of a range of time in which the facts may have events.
    fn overlap(&mut self, bounds: EventBounds) -> Result<Option<EventBounds>> {
        let query = self.sql(Statement::FactBounds);
        let rows = answer(self.engine.as_mut(), query, &Param::times(bounds))?.rows;
        let Some([low, high]) = rows.first().map(Vec::as_slice) else { return Ok(None) };
        let (Value::Text(low), Value::Text(high)) = (low, high) else { return Ok(None) };
        let (low, high) = (time_us(low)?.div_euclid(1000), time_us(high)?.div_euclid(1000));
        let shared = EventBounds { min_ms: bounds.min_ms.max(low), max_ms: bounds.max_ms.min(high) };
        Ok((shared.min_ms <= shared.max_ms).then_some(shared))
    }

    /// Fills `staged_users` and `staged_levels`.
    pub fn stage_users(&mut self, staged: &StagedUsers) -> Result<()> {
        let users = RowsOf::new(&staged.users, |user| {
            [
                user.user_id.into(),
                user.first_name.as_deref().into(),
                user.last_name.as_deref().into(),
                user.gender.as_deref().into(),
                user.level.as_deref().into(),
                user.registered_ms.map_or(Cell::Null, |ms| Cell::Time(ms * 1000)),
                Cell::Time(user.last_seen_ms * 1000),
                user.session_id.into(),
                user.item_in_session.into(),
            ]
        });
        let levels =
            RowsOf::new(&staged.levels, |point| [point.user_id.into(), Cell::Time(point.at_ms * 1000), (&point.level).into()]);
        self.create(&STAGED_USERS)?;
        self.create(&STAGED_LEVELS)?;
        self.engine.append(&STAGED_USERS, &users)?;
        self.engine.append(&STAGED_LEVELS, &levels)
    }

    /// Fills `staged_songs`. `files` are the files that the records' indices mean.
    pub fn stage_songs(&mut self, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        // The catalogue is about to change.
        self.indexes.songs = None;
        self.create(&STAGED_SONGS)?;
        let rows = RowsOf::new(songs, |record| {
            let (song, file) = (&record.song, &files[record.file].source);
            [
                song.num_songs.into(),
                (&song.artist_id).into(),
                song.artist_latitude.into(),
                song.artist_longitude.into(),
                song.artist_location.as_deref().into(),
                (&song.artist_name).into(),
                (&song.song_id).into(),
                (&song.title).into(),
                song.duration.into(),
                song.year.into(),
                i16::from(song.text_repair).into(),
                Cell::Time(file.modified_us),
                (&file.url).into(),
                (record.line as i64).into(),
            ]
        });
        self.engine.append(&STAGED_SONGS, &rows)
    }
}
