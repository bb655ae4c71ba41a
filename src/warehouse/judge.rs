//! What becomes of the events of a batch, by what the warehouse holds: the same on every engine that takes rows.

use std::sync::Arc;

use super::indexes::Indexes;
use crate::error::Result;
use crate::stage::{Batch, DecodedBatch, EventBounds, SongIndex, Track, TrackIndex};

/// What an engine is asked for that.
pub(super) trait Judge {
    /// What was read of its tables in this transaction.
    fn indexes(&mut self) -> &mut Indexes;

    /// Reads the songs that the batch's lines are looked up in, and says whether these are all there are.
    ///
    /// # Errors
    /// What the engine reports.
    fn read_songs(&mut self, batch: &Arc<DecodedBatch>) -> Result<(SongIndex, bool)>;

    /// Reads the tracks, likewise.
    ///
    /// # Errors
    /// What the engine reports.
    fn read_tracks(&mut self, batch: &Arc<DecodedBatch>) -> Result<(TrackIndex, bool)>;

    /// The indexes hold something else than before. Where they are to stay within some memory, this is where it is seen to.
    ///
    /// # Errors
    /// What the engine reports.
    fn indexes_changed(&mut self) -> Result<()> {
        Ok(())
    }

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
    let songs = if let Some(songs) = &engine.indexes().songs {
        Arc::clone(songs)
    } else {
        let (songs, are_all) = engine.read_songs(&batch)?;
        let songs = Arc::new(songs);
        engine.indexes().songs = are_all.then(|| Arc::clone(&songs));
        engine.indexes_changed()?;
        songs
    };
    let known = match batch.bounds() {
        Some(bounds) => engine.known_events(&batch, bounds)?,
        None => Vec::new(),
    };
    let (mut tracks, are_all) = match engine.indexes().tracks.take() {
        Some(tracks) => (tracks, true),
        None => engine.read_tracks(&batch)?,
    };
    let batch = Batch::judged(batch, known, &songs, &mut tracks);
    engine.add_tracks(&tracks.take_new())?;
    engine.indexes().tracks = are_all.then_some(tracks);
    engine.indexes_changed()?;
    Ok(Arc::new(batch))
}
