//! A batch of events for the tables: what becomes of each, its song and its track.

use std::sync::{Arc, OnceLock};

use super::decoded::{DecodedBatch, EventBounds, FileCounts};
use super::outcomes::{EventOutcome, Outcomes};
use super::session_order::{Next, SessionOrder};
use super::song_index::SongIndex;
use super::staged_users::StagedUsers;
use super::track_index::{TrackIndex, TrackNumbers};
use crate::decode::EventChunk;

/// Decoded events with the outcome on each. It never changes.
pub struct Batch {
    decoded: Arc<DecodedBatch>,
    outcomes: Outcomes,
    /// The catalogue, and each row's song in it, by chunk.
    songs: Option<(Arc<SongIndex>, Vec<Vec<u32>>)>,
    tracks: TrackNumbers,
    // Worked out at the first use.
    play_times: OnceLock<Vec<i64>>,
    session_order: OnceLock<SessionOrder>,
}

impl Batch {
    /// The events as though the warehouse held nothing: no song, no track, none of them.
    #[must_use]
    pub fn alone(decoded: Arc<DecodedBatch>) -> Self {
        let outcomes = decoded.outcomes().clone();
        Self {
            decoded,
            outcomes,
            songs: None,
            tracks: TrackNumbers::default(),
            play_times: OnceLock::new(),
            session_order: OnceLock::new(),
        }
    }

    /// The events against what the warehouse holds: `known` are the numbers of the rows whose keys it knows, with whether the
    /// payload is the same; `songs` is its catalogue. An accepted play whose track it does not have gets a new one in `tracks`.
    #[must_use]
    pub fn classified(
        decoded: Arc<DecodedBatch>,
        known: Vec<(u64, bool)>,
        songs: &Arc<SongIndex>,
        tracks: &mut TrackIndex,
    ) -> Self {
        let mut batch = Self::alone(decoded);
        let decoded = &batch.decoded;
        for (row_no, is_same) in known {
            batch.outcomes.set(decoded.locate(row_no), if is_same { EventOutcome::Duplicate } else { EventOutcome::Conflict });
        }
        batch.songs = Some((Arc::clone(songs), decoded.each_chunk(|chunk| songs.find(&decoded.chunks()[chunk]))));
        batch.tracks = tracks.number(decoded, &batch.outcomes);
        batch
    }

    /// The chunks, in order.
    #[must_use]
    pub fn chunks(&self) -> &[EventChunk] {
        self.decoded.chunks()
    }

    /// The number of events, whatever their outcome.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.decoded.rows()
    }

    /// The number of the first row of a chunk; rows are numbered from 0 through the batch.
    #[must_use]
    pub fn first_row(&self, chunk: usize) -> u64 {
        self.decoded.first_row(chunk)
    }

    /// First and last time of all events, None without any.
    #[must_use]
    pub fn bounds(&self) -> Option<EventBounds> {
        self.decoded.bounds()
    }

    /// What gives the surrogate ids of a chunk's rows.
    pub fn event_ids(&self, chunk: usize) -> impl Fn(usize) -> i64 + '_ {
        self.decoded.event_ids(chunk)
    }

    /// The number of an accepted play's track.
    #[inline]
    #[must_use]
    pub fn track(&self, chunk: usize, row: usize) -> Option<i32> {
        self.tracks.of(chunk, row)
    }

    /// The catalogue that songs were looked up in.
    #[must_use]
    pub fn catalogue(&self) -> Option<&SongIndex> {
        self.songs.as_ref().map(|(index, _)| &**index)
    }

    /// The song of each row of a chunk, by its place in the catalogue; `u32::MAX` where the catalogue does not have it.
    #[must_use]
    pub fn songs(&self, chunk: usize) -> &[u32] {
        self.songs.as_ref().map_or(&[], |(_, found)| &found[chunk])
    }

    /// How a row was matched to its song: with its text as it arrived, or only after repair. None where it was not.
    #[inline]
    #[must_use]
    pub fn match_method(&self, chunk: usize, row: usize) -> Option<&'static str> {
        let text_repair = self.catalogue()?.text_repair(self.songs(chunk)[row])?;
        Some(if text_repair == self.chunks()[chunk].text_repair[row] { "exact" } else { "repaired" })
    }

    /// What becomes of a row.
    #[must_use]
    pub fn outcome(&self, chunk: usize, row: usize) -> EventOutcome {
        self.outcomes.of(chunk, row)
    }

    /// The rows that become rows of the tables, plays or the others, by chunk.
    pub fn accepted(&self, chunk: usize, plays: bool) -> impl Iterator<Item = usize> + '_ {
        let is_play = &self.chunks()[chunk].is_play;
        self.outcomes.accepted(chunk).filter(move |&row| is_play[row] == plays)
    }

    /// As [`Self::accepted`], by session, user, time and item.
    pub fn accepted_by_session(&self, chunk: usize, plays: bool) -> impl Iterator<Item = u32> + '_ {
        let is_play = &self.chunks()[chunk].is_play;
        self.session_order().rows(chunk).iter().copied().filter(move |&row| is_play[row as usize] == plays)
    }

    /// The sessions of the accepted events, each with its user, in order; of visitors without a user, none.
    pub fn sessions(&self) -> &[(i64, i64)] {
        self.session_order().sessions()
    }

    /// What follows each row of a chunk in its session, as far as this batch knows.
    #[must_use]
    pub fn next(&self, chunk: usize) -> Vec<Next> {
        self.session_order().next(&self.decoded, &self.tracks, chunk)
    }

    fn session_order(&self) -> &SessionOrder {
        self.session_order.get_or_init(|| SessionOrder::of(&self.decoded, &self.outcomes, &self.tracks))
    }

    /// How many plays and how many other events are accepted.
    #[must_use]
    pub fn accepted_counts(&self) -> (u64, u64) {
        let (mut plays, mut views) = (0, 0);
        for (number, chunk) in self.chunks().iter().enumerate() {
            let of_plays = if self.outcomes.is_mixed(number) {
                self.accepted(number, true).count()
            } else {
                chunk.is_play.iter().filter(|&&is_play| is_play).count()
            };
            plays += of_plays as u64;
            views += (self.outcomes.count(number, EventOutcome::Accepted) - of_plays) as u64;
        }
        (plays, views)
    }

    /// What the batch adds to each file's counts, by index of the file.
    pub fn file_counts(&self) -> impl Iterator<Item = (usize, FileCounts)> + '_ {
        self.decoded.file_counts_by(&self.outcomes)
    }

    /// The conflicts: index of the file and line, counted from 1. Their bytes are gone by the time they are known.
    pub fn conflicts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let mixed = (0..self.chunks().len()).filter(|&number| self.outcomes.is_mixed(number));
        mixed.flat_map(move |number| {
            let chunk = &self.chunks()[number];
            let conflicting = (0..chunk.len()).filter(move |&row| self.outcomes.of(number, row) == EventOutcome::Conflict);
            conflicting.map(move |row| (chunk.file, chunk.first_line + u64::from(chunk.line[row]) + 1))
        })
    }

    /// The latest state and the levels of the users in the accepted events.
    #[must_use]
    pub fn users(&self) -> StagedUsers {
        StagedUsers::of(self.chunks(), &self.outcomes)
    }

    /// The distinct times of the accepted plays, in order, in milliseconds since 1970.
    pub fn play_times(&self) -> &[i64] {
        self.play_times.get_or_init(|| {
            let mut times: Vec<i64> = Vec::with_capacity(self.rows() as usize);
            for (number, chunk) in self.chunks().iter().enumerate() {
                // Neighbours are often equal, or at least in order.
                times.extend(self.accepted(number, true).map(|row| chunk.ts[row]));
            }
            times.sort_unstable();
            times.dedup();
            times
        })
    }
}
