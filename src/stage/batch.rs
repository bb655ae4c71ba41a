//! A batch: the events of one or more files, as many as fit, with a verdict on each.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::duplicates::{self, in_parallel};
use super::people::People;
use super::song_index::SongIndex;
use super::succession::{Next, Succession};
use super::track_index::TrackIndex;
use super::{PlannedFile, event_id};
use crate::decode::{EventChunk, Reject};

/// The number that no track has.
const NO_TRACK: i32 = 0;

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// It becomes a row.
    Accepted,
    /// Its key and payload are there already.
    Duplicate,
    /// Its key is there already with another payload.
    Conflict,
}

/// A row of a batch: which chunk, which row of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRef {
    /// Index of the chunk.
    pub chunk: u32,
    /// Index of the row in it.
    pub row: u32,
}

/// First and last time of the events staged, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventBounds {
    /// The earliest.
    pub min_ms: i64,
    /// The latest.
    pub max_ms: i64,
}

/// What a batch adds to the counts of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileTally {
    /// Lines that are not blank.
    pub lines: u64,
    /// Lines that became a row.
    pub accepted: u64,
    /// Lines whose event was known.
    pub duplicates: u64,
    /// Lines refused, conflicts among them.
    pub rejected: u64,
    /// Lines whose event was known with another payload.
    pub conflicts: u64,
}

impl FileTally {
    /// Adds another part of the same file.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.conflicts += other.conflicts;
    }
}

/// Decoded events in columns, in the order of files and lines.
pub struct Batch {
    chunks: Vec<EventChunk>,
    /// Verdicts, as numbers that can change while the batch is shared.
    verdicts: Vec<Vec<AtomicU8>>,
    /// Whether a chunk has rows that are not accepted.
    judged: Vec<AtomicBool>,
    /// Number of rows before each chunk.
    rows_before: Vec<u64>,
    files: Arc<[PlannedFile]>,
    play_times: OnceLock<Vec<i64>>,
    /// The catalogue, and each row's song in it, by chunk.
    songs: OnceLock<(Arc<SongIndex>, Vec<Vec<u32>>)>,
    /// The number of each accepted play's track, by chunk.
    tracks: OnceLock<Vec<Vec<i32>>>,
    succession: OnceLock<Succession>,
    threads: usize,
}

impl Batch {
    /// A batch of chunks that are in the order of files and lines. Events that repeat within it are marked: the first
    /// stays, the others are duplicates or conflicts.
    #[must_use]
    pub fn new(chunks: Vec<EventChunk>, files: Arc<[PlannedFile]>, threads: usize) -> Self {
        let verdicts = chunks.iter().map(|c| c.ts.iter().map(|_| AtomicU8::new(Verdict::Accepted as u8)).collect()).collect();
        let rows_before =
            chunks.iter().scan(0, |rows, chunk| Some(std::mem::replace(rows, *rows + chunk.len() as u64))).collect();
        let judged = chunks.iter().map(|_| AtomicBool::new(false)).collect();
        let threads = threads.max(1);
        let (play_times, songs, tracks, succession) = (OnceLock::new(), OnceLock::new(), OnceLock::new(), OnceLock::new());
        let batch = Self { chunks, verdicts, judged, rows_before, files, play_times, songs, tracks, succession, threads };
        for (row_no, verdict) in duplicates::find(&batch, threads) {
            batch.judge(row_no, verdict);
        }
        batch
    }

    /// The chunks, in order.
    #[must_use]
    pub fn chunks(&self) -> &[EventChunk] {
        &self.chunks
    }

    /// The number of events, whatever their verdict.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows_before.last().map_or(0, |n| n + self.chunks.last().map_or(0, |c| c.len() as u64))
    }

    /// About how many bytes of memory the events take.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.chunks.iter().map(EventChunk::memory).sum()
    }

    /// The number of the first row of a chunk; rows are numbered from 0 through the batch.
    #[must_use]
    pub fn first_row(&self, chunk: usize) -> u64 {
        self.rows_before[chunk]
    }

    /// Looks every event's title and artist up in the catalogue.
    pub fn find_songs(&self, index: &Arc<SongIndex>) {
        self.songs.get_or_init(|| (Arc::clone(index), self.each_chunk(|chunk| index.find(&self.chunks[chunk]))));
    }

    /// Gives the track of every accepted play its number, a new one where it has none. After all rows are judged, so that
    /// no track is made that no play has; before what follows in sessions is asked.
    pub fn find_tracks(&self, index: &mut TrackIndex) {
        self.tracks.get_or_init(|| {
            let mut found: Vec<Vec<i32>> = Vec::with_capacity(self.chunks.len());
            while found.len() < self.chunks.len() {
                // What is new is added by one thread. Each round is as long as all before it, as new tracks become rare.
                let round = found.len()..(2 * found.len()).clamp(1, self.chunks.len());
                let known = &*index;
                let mut tracks = self.each_of(round.clone(), |number| {
                    let mut tracks = vec![NO_TRACK; self.chunks[number].len()];
                    for row in self.accepted(number, true) {
                        tracks[row] = known.find(&self.chunks[number], row).unwrap_or(NO_TRACK);
                    }
                    tracks
                });
                for (number, tracks) in round.zip(&mut tracks) {
                    for row in self.accepted(number, true) {
                        if tracks[row] == NO_TRACK {
                            tracks[row] = index.find_or_add(&self.chunks[number], row);
                        }
                    }
                }
                found.append(&mut tracks);
            }
            found
        });
    }

    /// The number of a play's track, once [`Self::find_tracks`] has found it.
    #[inline]
    #[must_use]
    pub fn track(&self, chunk: usize, row: usize) -> Option<i32> {
        self.tracks.get().map(|tracks| tracks[chunk][row]).filter(|&track| track != NO_TRACK)
    }

    /// What `work` makes of the number of each chunk, in their order.
    pub(super) fn each_chunk<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        self.each_of(0..self.chunks.len(), work)
    }

    fn each_of<T: Send>(&self, chunks: Range<usize>, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let next = AtomicUsize::new(chunks.start);
        let done = in_parallel(self.threads, |_| {
            let mut done = Vec::new();
            loop {
                let chunk = next.fetch_add(1, Ordering::Relaxed);
                if chunk >= chunks.end {
                    return done;
                }
                done.push((chunk, work(chunk)));
            }
        });
        let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
        done.sort_unstable_by_key(|(chunk, _)| *chunk);
        done.into_iter().map(|(_, made)| made).collect()
    }

    /// The catalogue that [`Self::find_songs`] looked in.
    #[must_use]
    pub fn catalogue(&self) -> Option<&SongIndex> {
        self.songs.get().map(|(index, _)| &**index)
    }

    /// The song of each row of a chunk, by its place in the catalogue; `u32::MAX` where the catalogue does not have it.
    #[must_use]
    pub fn songs(&self, chunk: usize) -> &[u32] {
        self.songs.get().map_or(&[], |(_, found)| &found[chunk])
    }

    /// How a row was matched to its song: with its text as it arrived, or only after repair. None where it was not.
    #[inline]
    #[must_use]
    pub fn match_method(&self, chunk: usize, row: usize) -> Option<&'static str> {
        let text_repair = self.catalogue()?.text_repair(self.songs(chunk)[row])?;
        Some(if text_repair == self.chunks[chunk].text_repair[row] { "exact" } else { "repaired" })
    }

    /// Where the row with this number stands.
    #[must_use]
    pub fn locate(&self, row_no: u64) -> RowRef {
        // Chunks without rows share their number with the next one; the last such chunk holds the row.
        let chunk = self.rows_before.partition_point(|&before| before <= row_no) - 1;
        RowRef { chunk: chunk as u32, row: (row_no - self.rows_before[chunk]) as u32 }
    }

    /// What becomes of a row.
    #[must_use]
    pub fn verdict(&self, chunk: usize, row: usize) -> Verdict {
        verdict(&self.verdicts[chunk][row])
    }

    /// Changes what becomes of a row. Before [`Self::play_times`], and what follows in sessions, is asked.
    pub fn judge(&self, row_no: u64, verdict: Verdict) {
        let at = self.locate(row_no);
        self.verdicts[at.chunk as usize][at.row as usize].store(verdict as u8, Ordering::Relaxed);
        self.judged[at.chunk as usize].store(true, Ordering::Relaxed);
    }

    /// Judges rows whose keys the warehouse knows: by their number, with whether the payload is the same.
    pub fn judge_known(&self, rows: Vec<(u64, bool)>) {
        for (row_no, same_payload) in rows {
            self.judge(row_no, if same_payload { Verdict::Duplicate } else { Verdict::Conflict });
        }
    }

    /// Whether a chunk has rows that are not accepted.
    fn is_judged(&self, chunk: usize) -> bool {
        self.judged[chunk].load(Ordering::Relaxed)
    }

    /// What gives the surrogate ids of a chunk's rows.
    pub fn event_ids(&self, chunk: usize) -> impl Fn(usize) -> i64 + '_ {
        let c = &self.chunks[chunk];
        let file_no = self.files[c.file].file_no;
        move |row| event_id(file_no, c.first_line + u64::from(c.line[row]) + 1)
    }

    /// The key of a row: user, session, item and time.
    #[inline]
    #[must_use]
    pub fn key(&self, at: RowRef) -> (i64, i64, i32, i64) {
        let (c, row) = (&self.chunks[at.chunk as usize], at.row as usize);
        (c.user_id[row], c.session_id[row], c.item_in_session[row], c.ts[row])
    }

    /// The rows that become rows of the tables, plays or the others, by chunk.
    pub fn accepted(&self, chunk: usize, plays: bool) -> impl Iterator<Item = usize> + '_ {
        let (c, verdicts) = (&self.chunks[chunk], &self.verdicts[chunk]);
        (0..c.len()).filter(move |&row| c.is_play[row] == plays && verdict(&verdicts[row]) == Verdict::Accepted)
    }

    /// The rows that become rows of the tables, of whatever page.
    pub(super) fn all_accepted(&self, chunk: usize) -> impl Iterator<Item = usize> + '_ {
        let verdicts = &self.verdicts[chunk];
        (0..verdicts.len()).filter(move |&row| verdict(&verdicts[row]) == Verdict::Accepted)
    }

    /// As [`Self::accepted`], by session, user, time and item.
    pub fn accepted_by_session(&self, chunk: usize, plays: bool) -> impl Iterator<Item = u32> + '_ {
        let is_play = &self.chunks[chunk].is_play;
        self.succession().rows(chunk).iter().copied().filter(move |&row| is_play[row as usize] == plays)
    }

    /// The sessions of the accepted events, each with its user, in order; of visitors without a user, none.
    pub fn sessions(&self) -> &[(i64, i64)] {
        self.succession().sessions()
    }

    /// What follows each row of a chunk in its session, as far as this batch knows.
    #[must_use]
    pub fn next(&self, chunk: usize) -> Vec<Next> {
        self.succession().next(self, chunk)
    }

    fn succession(&self) -> &Succession {
        self.succession.get_or_init(|| Succession::of(self))
    }

    /// How many plays and how many other events are accepted.
    #[must_use]
    pub fn accepted_counts(&self) -> (u64, u64) {
        let (mut plays, mut views) = (0, 0);
        for (number, chunk) in self.chunks.iter().enumerate() {
            let (of_plays, of_views) = if self.is_judged(number) {
                (self.accepted(number, true).count(), self.accepted(number, false).count())
            } else {
                let plays = chunk.is_play.iter().filter(|&&is_play| is_play).count();
                (plays, chunk.len() - plays)
            };
            plays += of_plays as u64;
            views += of_views as u64;
        }
        (plays, views)
    }

    /// First and last time of all events, None without any.
    #[must_use]
    pub fn bounds(&self) -> Option<EventBounds> {
        let times = || self.chunks.iter().flat_map(|c| c.ts.iter().copied());
        Some(EventBounds { min_ms: times().min()?, max_ms: times().max()? })
    }

    /// What the batch adds to each file's counts, by index of the file.
    pub fn tallies(&self) -> impl Iterator<Item = (usize, FileTally)> + '_ {
        self.chunks.iter().enumerate().map(|(number, chunk)| {
            let count = |wanted| match (self.is_judged(number), wanted) {
                (true, _) => self.verdicts[number].iter().filter(|&v| verdict(v) == wanted).count() as u64,
                (false, Verdict::Accepted) => chunk.len() as u64,
                (false, _) => 0,
            };
            let conflicts = count(Verdict::Conflict);
            let tally = FileTally {
                lines: u64::from(chunk.lines - chunk.blank_lines),
                accepted: count(Verdict::Accepted),
                duplicates: count(Verdict::Duplicate),
                rejected: conflicts + chunk.rejects.len() as u64,
                conflicts,
            };
            (chunk.file, tally)
        })
    }

    /// The conflicts: index of the file and line, counted from 1. Their bytes are gone by the time they are known.
    pub fn conflicts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let judged = (0..self.chunks.len()).filter(|&number| self.is_judged(number));
        judged.flat_map(|number| {
            let (chunk, verdicts) = (&self.chunks[number], &self.verdicts[number]);
            let conflicting = (0..chunk.len()).filter(move |&row| verdict(&verdicts[row]) == Verdict::Conflict);
            conflicting.map(|row| (chunk.file, chunk.first_line + u64::from(chunk.line[row]) + 1))
        })
    }

    /// The lines that could not be decoded, with the index of their file and their line, counted from 1.
    pub fn rejects(&self) -> impl Iterator<Item = (usize, u64, &Reject)> + '_ {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.rejects.iter().map(|r| (chunk.file, chunk.first_line + u64::from(r.line) + 1, r)))
    }

    /// The latest state and the levels of the users in the accepted events.
    #[must_use]
    pub fn people(&self) -> People {
        People::of(self)
    }

    /// The distinct times of the accepted plays, in order, in milliseconds since 1970.
    pub fn play_times(&self) -> &[i64] {
        self.play_times.get_or_init(|| {
            let mut times: Vec<i64> = Vec::with_capacity(self.rows() as usize);
            for (number, chunk) in self.chunks.iter().enumerate() {
                // Neighbours are often equal, or at least in order.
                times.extend(self.accepted(number, true).map(|row| chunk.ts[row]));
            }
            times.sort_unstable();
            times.dedup();
            times
        })
    }
}

fn verdict(number: &AtomicU8) -> Verdict {
    match number.load(Ordering::Relaxed) {
        0 => Verdict::Accepted,
        1 => Verdict::Duplicate,
        _ => Verdict::Conflict,
    }
}
