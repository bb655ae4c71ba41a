//! The songs and tracks that staged lines are looked up in: all there are while they are few, else those that a batch names.
//!
//! Where the engine works in this process, what is held from one batch to the next is taken off the memory that it may use,
//! so that both stay within its share.

use std::sync::Arc;

use super::Warehouse;
use crate::engine::{Engine, Exposed};
use crate::error::Result;
use crate::stage::{Batch, CatalogueSong, DecodedBatch, SongIndex, Track, TrackIndex};
use crate::{EachRow, SqlText, Statement, Value};

/// The share of the engine's memory that each of the two indexes may take from one batch to the next.
const SHARE: u64 = 8;
/// About how many bytes a song and a track take.
const SONG_BYTES: u64 = 160;
const TRACK_BYTES: u64 = 64;
/// So many rows of a table are read as quickly as one line is looked up by a join with it.
const ROWS_A_LINE: u64 = 16;

/// What was read of the tables to look staged plays up in. It is to be read anew where others may have changed them.
#[derive(Default)]
pub(super) struct Indexes {
    /// The catalogue as it is, once it was read.
    pub songs: Option<Arc<SongIndex>>,
    /// The tracks as they are, once they were read.
    pub tracks: Option<TrackIndex>,
    /// The catalogue takes more memory than it may from one batch to the next.
    songs_are_many: bool,
    /// The tracks do.
    tracks_are_many: bool,
}

impl Indexes {
    /// Forgets all of them.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// An index that is read row by row.
trait Index: Default {
    /// Takes a row.
    fn take(&mut self, row: &[Value], query: &str) -> Result<()>;
    /// About how many bytes it takes.
    fn memory(&self) -> u64;
}

impl Index for SongIndex {
    fn take(&mut self, row: &[Value], query: &str) -> Result<()> {
        self.add(CatalogueSong {
            title: text(row, 0),
            artist_name: text(row, 1),
            song_id: text(row, 2),
            artist_id: text(row, 3),
            duration: match row.get(4) {
                Some(Value::Float(duration)) => Some(*duration),
                _ => None,
            },
            text_repair: row.get(5).map_or(Ok(0), |value| value.whole_number(query))? as u8,
        });
        Ok(())
    }

    fn memory(&self) -> u64 {
        Self::memory(self)
    }
}

impl Index for TrackIndex {
    fn take(&mut self, row: &[Value], query: &str) -> Result<()> {
        let track_no = row.first().map_or(Ok(0), |value| value.whole_number(query))? as i32;
        self.add(Track { track_no, song: text(row, 1), artist: text(row, 2) });
        Ok(())
    }

    fn memory(&self) -> u64 {
        Self::memory(self)
    }
}

fn text(row: &[Value], at: usize) -> &str {
    match row.get(at) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

/// What came of reading a whole table into an index.
enum Whole<I> {
    Read(I),
    /// It has too many rows, for so few lines or for the memory. `last_no` is the highest number of a row.
    TooMany {
        last_no: i32,
    },
}

impl Warehouse {
    /// The songs to look the lines of a batch up in.
    pub(super) fn songs_for(&mut self, batch: &Arc<DecodedBatch>) -> Result<Arc<SongIndex>> {
        if let Some(songs) = &self.indexes.songs {
            return Ok(Arc::clone(songs));
        }
        let (counted, all) = (Statement::CountSongs, Statement::ReadCatalogue);
        match self.read_whole(counted, all, SONG_BYTES, batch, |indexes| &mut indexes.songs_are_many)? {
            Whole::Read(songs) => {
                let songs: Arc<SongIndex> = Arc::new(songs);
                self.indexes.songs = Some(Arc::clone(&songs));
                self.share_memory()?;
                Ok(songs)
            }
            Whole::TooMany { .. } => Ok(Arc::new(self.read_named(Statement::FindSongs, batch, SongIndex::default())?)),
        }
    }

    /// The tracks, and whether these are all there are.
    pub(super) fn tracks_for(&mut self, batch: &Arc<DecodedBatch>) -> Result<(TrackIndex, bool)> {
        if let Some(tracks) = self.indexes.tracks.take() {
            return Ok((tracks, true));
        }
        let (counted, all) = (Statement::CountTracks, Statement::ReadTracks);
        match self.read_whole(counted, all, TRACK_BYTES, batch, |indexes| &mut indexes.tracks_are_many)? {
            Whole::Read(tracks) => Ok((tracks, true)),
            Whole::TooMany { last_no } => {
                Ok((self.read_named(Statement::FindTracks, batch, TrackIndex::behind(last_no))?, false))
            }
        }
    }

    /// Keeps tracks that are all there are, unless they have become too many to be held.
    pub(super) fn hold_tracks(&mut self, tracks: TrackIndex) -> Result<()> {
        if self.most_held().is_some_and(|most| tracks.memory() > most) {
            self.indexes.tracks_are_many = true;
        } else {
            self.indexes.tracks = Some(tracks);
        }
        self.share_memory()
    }

    /// All rows of a table as an index. `are_many` remembers that they take more memory than they may.
    fn read_whole<I: Index>(
        &mut self,
        count: Statement,
        all: Statement,
        bytes: u64,
        batch: &DecodedBatch,
        are_many: fn(&mut Indexes) -> &mut bool,
    ) -> Result<Whole<I>> {
        let all = self.sql(all);
        let Some(most) = self.most_held() else {
            return Ok(Whole::Read(read(self.engine.as_mut(), all, I::default(), u64::MAX)?.unwrap_or_default()));
        };
        let count = self.sql(count);
        let rows = self.answer(count, &[])?.rows;
        let row = rows.first().map(Vec::as_slice).unwrap_or_default();
        let number = |at: usize| row.get(at).map_or(Ok(0), |value| value.whole_number(count.name));
        let (table_rows, last_no) = (number(0)? as u64, number(1)? as i32);
        if *are_many(&mut self.indexes) || table_rows * bytes > most || table_rows / ROWS_A_LINE > batch.rows() {
            return Ok(Whole::TooMany { last_no });
        }
        let index = read(self.engine.as_mut(), all, I::default(), most)?;
        *are_many(&mut self.indexes) = index.is_none();
        Ok(index.map_or(Whole::TooMany { last_no }, Whole::Read))
    }

    /// The rows that lines of a batch name.
    fn read_named<I: Index>(&mut self, find: Statement, batch: &Arc<DecodedBatch>, empty: I) -> Result<I> {
        self.engine.expose(&Arc::new(Batch::alone(Arc::clone(batch))), Exposed::Names)?;
        let find = self.sql(find);
        let found = read(self.engine.as_mut(), find, empty, u64::MAX)?;
        self.engine.unexpose()?;
        Ok(found.unwrap_or_default())
    }

    /// Bytes that an index may take from one batch to the next.
    fn most_held(&self) -> Option<u64> {
        self.capabilities.memory.map(|memory| memory / SHARE)
    }

    /// Leaves the engine what the indexes do not take of its share.
    fn share_memory(&mut self) -> Result<()> {
        let songs = self.indexes.songs.as_ref().map_or(0, |index| index.memory());
        let tracks = self.indexes.tracks.as_ref().map_or(0, TrackIndex::memory);
        self.engine.reserve(songs + tracks)
    }
}

/// The rows of a query as an index. None if they take more bytes than these.
fn read<I: Index>(engine: &mut dyn Engine, query: SqlText<'_>, empty: I, most: u64) -> Result<Option<I>> {
    let mut index = Some(empty);
    let mut each = EachRow(|row: &[Value]| {
        if let Some(index) = &mut index {
            index.take(row, query.name)?;
        }
        index.take_if(|index| index.memory() > most);
        Ok(())
    });
    engine.query(query, &[], &mut each)?;
    Ok(index)
}
