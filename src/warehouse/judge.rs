//! What becomes of the events of a batch, by what the warehouse holds: the same on every engine that takes rows.

use std::sync::Arc;

use super::indexes::Indexes;
use crate::error::Result;
use crate::stage::{Batch, DecodedBatch, EventBounds, SongIndex, Track, TrackIndex};

/// What an engine is asked for that.
pub(super) trait Judge {
    /// What was read of its tables in this transaction.
    fn indexes(&mut self) -> &mut Indexes;

    /// Reads the catalogue.
    ///
    /// # Errors
    /// What the engine reports.
    fn read_song_index(&mut self) -> Result<SongIndex>;

    /// Reads the tracks.
    ///
    /// # Errors
    /// What the engine reports.
    fn read_track_index(&mut self) -> Result<TrackIndex>;

    /// The rows whose key the facts have, by their number, and whether the payload is the same. `bounds` are those of the
    /// batch's times.
    ///
    /// # Errors
    /// What the engine reports.
    fn known_events(&mut self, batch: &Arc<DecodedBatch>, bounds: EventBounds) -> Result<Vec<(u64, bool)>>;

    /// Adds tracks to the table.
    ///
    /// # Errors
    /// What the engine reports.
    fn add_tracks(&mut self, tracks: &[Track<'_>]) -> Result<()>;
}

/// Judges a batch, and gives the tracks that are new in it to the warehouse.
///
/// # Errors
/// What the engine reports.
pub(super) fn judged(engine: &mut impl Judge, batch: DecodedBatch) -> Result<Arc<Batch>> {
    let batch = Arc::new(batch);
    let songs = match engine.indexes().songs.take() {
        Some(songs) => songs,
        None => Arc::new(engine.read_song_index()?),
    };
    let known = match batch.bounds() {
        Some(bounds) => engine.known_events(&batch, bounds)?,
        None => Vec::new(),
    };
    let mut tracks = match engine.indexes().tracks.take() {
        Some(tracks) => tracks,
        None => engine.read_track_index()?,
    };
    let batch = Batch::judged(batch, known, &songs, &mut tracks);
    engine.add_tracks(&tracks.take_new())?;
    *engine.indexes() = Indexes { songs: Some(songs), tracks: Some(tracks) };
    Ok(Arc::new(batch))
}
