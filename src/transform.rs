//! The SQL of a load, step by step. Each function runs inside the run's transaction and leaves no temporary table.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use crate::error::{Error, Kind, Result};
use crate::stage::{Batch, DecodedBatch, EventBounds, PlannedFile, SongRecord, StagedUsers};
use crate::warehouse::tables::{
    CHANGED_SONGS, CONTESTED_PLAYS, CONTINUED_PLAYS, CONTINUED_SESSIONS, LEVEL_POINTS, LEVEL_STAYS, NEWER_USERS, OTHER_TELLINGS,
    PLAYS_TO_MATCH, SONG_KEYS, TOUCHED_PLAYS,
};
use crate::warehouse::{StagedObjects, Statement, Value, Warehouse};

/// What a batch of events added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// Rows of songplays.
    pub songplays: u64,
    /// Rows of `page_views`.
    pub page_views: u64,
}

/// The songs of a run, batch by batch, and which of them files tell differently.
#[derive(Debug, Default)]
pub struct Songs {
    has_begun: bool,
    /// Some song was told by two files.
    has_others: bool,
}

impl Songs {
    /// Merges staged songs into the catalogue, derives songs and artists from it, and links plays that were there before
    /// their songs.
    ///
    /// # Errors
    /// What the warehouse reports.
    pub fn take(&mut self, warehouse: &mut Warehouse, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        warehouse.stage_songs(&last_of_each_file(songs), files)?;
        self.merge(warehouse)
    }

    /// As [`Self::take`], for lines of files that are in the catalogue: what a later line of their file says stays.
    ///
    /// # Errors
    /// What the warehouse reports.
    pub fn take_again(&mut self, warehouse: &mut Warehouse, songs: &[SongRecord], files: &[PlannedFile]) -> Result<()> {
        warehouse.stage_songs(&last_of_each_file(songs), files)?;
        warehouse.execute(Statement::DeleteOverruledSongs)?;
        self.merge(warehouse)
    }

    fn merge(&mut self, warehouse: &mut Warehouse) -> Result<()> {
        warehouse.create(&CHANGED_SONGS)?;
        if !std::mem::replace(&mut self.has_begun, true) {
            warehouse.create(&OTHER_TELLINGS)?;
        }
        if self.has_others {
            warehouse.execute(Statement::DeleteOtherTellings)?;
        }
        self.has_others |= warehouse.execute(Statement::InsertOtherTellings)? > 0;
        for statement in [
            Statement::DeleteStagingSongs,
            Statement::InsertStagingSongs,
            Statement::DeleteSongs,
            Statement::InsertSongs,
            Statement::DeleteArtists,
            Statement::InsertArtists,
        ] {
            warehouse.execute(statement)?;
        }
        if warehouse.create(&TOUCHED_PLAYS)? > 0 {
            warehouse.create(&SONG_KEYS)?;
            warehouse.create(&PLAYS_TO_MATCH)?;
            warehouse.create(&CONTESTED_PLAYS)?;
            warehouse.execute(Statement::RelinkSongplays)?;
            warehouse.drop_temporary(&[CONTESTED_PLAYS, PLAYS_TO_MATCH, SONG_KEYS])?;
        }
        warehouse.drop_temporary(&[TOUCHED_PLAYS, CHANGED_SONGS])
    }

    /// How many songs were told otherwise by another file of the run, or by the one that had the say before. It is known
    /// only here, as of each file the last record of a song is what it says.
    ///
    /// # Errors
    /// What the warehouse reports.
    pub fn differing(self, warehouse: &mut Warehouse) -> Result<u64> {
        let mut songs = 0;
        if self.has_others {
            let count = warehouse.sql(Statement::CountDifferingSongs);
            let counted = warehouse.answer(count, &[])?;
            if let Some(Value::Integer(count)) = counted.rows.first().and_then(|row| row.first()) {
                songs = *count as u64;
            }
        }
        if self.has_begun {
            warehouse.drop_temporary(&[OTHER_TELLINGS])?;
        }
        Ok(songs)
    }
}

/// Of several records of a song in one file the last alone, even where they share a line. Records come in the order of files,
/// lines and places on a line.
fn last_of_each_file(songs: &[SongRecord]) -> Cow<'_, [SongRecord]> {
    let mut earlier: HashSet<usize> = HashSet::new();
    let mut first = 0;
    for file in songs.chunk_by(|a, b| a.file == b.file) {
        // Most files have one song.
        let mut later = HashSet::new();
        if file.len() > 1 {
            let backwards = file.iter().enumerate().rev();
            let repeated = backwards.filter(|(_, record)| !later.insert(record.song.song_id.as_str()));
            earlier.extend(repeated.map(|(place, _)| first + place));
        }
        first += file.len();
    }
    if earlier.is_empty() {
        return Cow::Borrowed(songs);
    }
    songs.iter().enumerate().filter(|(place, _)| !earlier.contains(place)).map(|(_, record)| record.clone()).collect()
}

/// Prepares for batches of events.
///
/// # Errors
/// What the warehouse reports.
pub fn begin_events(warehouse: &mut Warehouse, keep_staging: bool) -> Result<()> {
    if keep_staging { warehouse.keep_lines() } else { Ok(()) }
}

/// Moves a batch of events into the tables. Returns it with its final outcomes, and what it added.
///
/// # Errors
/// [`Kind::Conservation`] if the tables did not take exactly the accepted events; what the warehouse reports.
pub fn events(warehouse: &mut Warehouse, batch: DecodedBatch, keep_staging: bool) -> Result<(Arc<Batch>, Added)> {
    let bounds = batch.bounds();
    let batch = warehouse.stage_events(batch)?;
    let added = match bounds {
        Some(bounds) => staged_events(warehouse, bounds, || batch.users(), keep_staging)?,
        None => Added::default(),
    };
    warehouse.unstage_events()?;
    let (plays, views) = batch.accepted_counts();
    if (added.songplays, added.page_views) != (plays, views) {
        return Err(Error::new(
            Kind::Conservation,
            format!(
                "{plays} plays and {views} page views were accepted, but songplays took {} and page_views {}",
                added.songplays, added.page_views
            ),
        ));
    }
    Ok((batch, added))
}

/// Moves staged plays and views into the tables, and tells the plays of sessions that go on what follows them now.
fn facts(warehouse: &mut Warehouse) -> Result<Added> {
    let continued = warehouse.create(&CONTINUED_SESSIONS)?;
    let added = Added {
        songplays: warehouse.add_staged(Statement::InsertSongplays)?,
        page_views: warehouse.add_staged(Statement::InsertPageViews)?,
    };
    if continued > 0 {
        warehouse.create(&CONTINUED_PLAYS)?;
        warehouse.execute(Statement::UpdateContinuedPlays)?;
        warehouse.drop_temporary(&[CONTINUED_PLAYS])?;
    }
    warehouse.drop_temporary(&[CONTINUED_SESSIONS])?;
    Ok(added)
}

/// The statements that move staged events, whose times lie within `bounds`, into the tables.
///
/// # Errors
/// What the warehouse reports.
pub fn staged_events(
    warehouse: &mut Warehouse,
    bounds: EventBounds,
    users: impl FnOnce() -> StagedUsers + Send,
    keep_staging: bool,
) -> Result<Added> {
    if keep_staging {
        warehouse.add_staged(Statement::KeepStagingEvents)?;
    }
    // The users are gathered while the warehouse writes the facts.
    let (added, users) = thread::scope(|scope| {
        let users = scope.spawn(users);
        let added = facts(warehouse)?;
        warehouse.execute_within(Statement::InsertTime, bounds)?;
        let users = users.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((added, users))
    })?;
    warehouse.stage_users(&users)?;
    levels_and_users(warehouse, bounds)?;
    Ok(added)
}

/// Moves events that the warehouse itself has staged, users and levels included, into the tables.
///
/// # Errors
/// [`Kind::Conservation`] if the tables did not take exactly these events; what the warehouse reports.
pub fn staged_objects(warehouse: &mut Warehouse, staged: &StagedObjects, keep_staging: bool) -> Result<Added> {
    if keep_staging {
        warehouse.add_staged(Statement::KeepStagingEvents)?;
    }
    let added = facts(warehouse)?;
    let lines: u64 = staged.lines.iter().sum();
    if (added.songplays, added.page_views) != (staged.plays, staged.views) || staged.plays + staged.views != lines {
        return Err(Error::new(
            Kind::Conservation,
            format!(
                "{lines} lines became {} plays and {} page views, of which songplays took {} and page_views {}",
                staged.plays, staged.views, added.songplays, added.page_views
            ),
        ));
    }
    warehouse.execute_within(Statement::InsertTime, staged.bounds)?;
    levels_and_users(warehouse, staged.bounds)?;
    Ok(added)
}

/// The levels before the users: they need to know when each was last seen before these events.
fn levels_and_users(warehouse: &mut Warehouse, bounds: EventBounds) -> Result<()> {
    warehouse.create_within(&LEVEL_POINTS, bounds)?;
    warehouse.create(&LEVEL_STAYS)?;
    warehouse.execute(Statement::DeleteUserLevels)?;
    warehouse.execute(Statement::InsertUserLevels)?;
    warehouse.create(&NEWER_USERS)?;
    warehouse.execute(Statement::DeleteUsers)?;
    warehouse.execute(Statement::InsertUsers)?;
    warehouse.drop_temporary(&[NEWER_USERS, LEVEL_STAYS, LEVEL_POINTS])
}
