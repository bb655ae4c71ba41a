//! What a warehouse has read of its tables to look staged plays up in.

use std::sync::Arc;

use crate::stage::{SongIndex, TrackIndex};

/// The indexes of the open transaction. They are to be read anew where others may have changed the tables.
#[derive(Default)]
pub(super) struct Indexes {
    /// The catalogue as it is, once it was read.
    pub songs: Option<Arc<SongIndex>>,
    /// The tracks as they are, once they were read.
    pub tracks: Option<TrackIndex>,
    /// The catalogue takes more memory than it may from one batch to the next.
    pub songs_are_many: bool,
    /// The tracks do.
    pub tracks_are_many: bool,
}

impl Indexes {
    /// Forgets all of them.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
