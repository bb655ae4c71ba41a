//! From files to staged batches: reads what the ledger does not know, in blocks, decodes it on all cores and works out
//! what a batch needs to know of itself: duplicates, users, levels, instants, what follows what.
//!
//! A batch holds as much as the memory limit allows; larger inputs come as several batches, one after the other.

mod batch;
mod blocks;
mod by_hash;
mod calendar;
mod decoded;
mod duplicates;
mod events;
mod far_times;
mod line_set;
mod outcomes;
mod parallel;
mod raw_lines;
mod session_order;
mod song_index;
mod songs;
mod staged_users;
mod track_index;
mod varint;

pub use batch::Batch;
pub use blocks::{Block, BlockReader};
pub use calendar::{Clock, TimePart};
pub use decoded::{DecodedBatch, EventBounds, FileCounts};
pub use events::{BadFile, EventReader, most_lines};
pub use far_times::FarTimes;
pub use line_set::LineSet;
pub use outcomes::{EventOutcome, RowRef};
pub use raw_lines::{RawLine, read_raw_lines};
pub use session_order::Next;
pub use song_index::{CatalogueSong, SongIndex};
pub use songs::{SongBatch, SongReader, SongRecord};
use sparkify_decode as decode;
use sparkify_decode::record;
use sparkify_runtime::error;
use sparkify_source as source;
pub use staged_users::{LevelPoint, StagedUsers, UserRow};
pub use track_index::{Track, TrackIndex};

use std::sync::Arc;

use crate::source::SourceFile;

/// A file that this run loads, with the number that identifies this version of it in the ledger for ever.
#[derive(Debug, Clone)]
pub struct PlannedFile {
    /// What was listed. Shared, as there may be a million of them.
    pub source: Arc<SourceFile>,
    /// Unique among all files of all runs; the upper half of its events' surrogate ids.
    pub file_no: i64,
}

/// The surrogate id of the event on a line (counted from 1) of a file.
///
/// Unique because a file number is never given out twice; and it tells where the event came from.
#[must_use]
pub fn event_id(file_no: i64, line: u64) -> i64 {
    file_no << 32 | (line & 0xFFFF_FFFF) as i64
}

/// Told about progress by whichever thread made it.
pub trait Progress: Sync {
    /// So many more bytes of the sources (as stored) were read.
    fn bytes(&self, count: u64);
    /// One more file is through.
    fn file_done(&self);
}
