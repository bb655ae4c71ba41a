//! What follows each event in its session, as far as a batch knows.

use super::decoded::DecodedBatch;
use super::outcomes::{Outcomes, RowRef};
use super::track_index::TrackNumbers;
use crate::record::NULL_INTEGER;

/// What follows an event in its session. Times are in milliseconds since 1970; [`NULL_INTEGER`] where nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// When the next event is, whatever its page.
    pub event_ms: i64,
    /// When the next play is.
    pub play_ms: i64,
    /// The number of its track.
    pub track: Option<i32>,
}

impl Next {
    const NOTHING: Self = Self { event_ms: NULL_INTEGER, play_ms: NULL_INTEGER, track: None };

    /// What follows the event before this one, of which is said what follows itself.
    fn before(self, event: Event) -> Self {
        let Event { ms, is_play, track } = event;
        if is_play { Self { event_ms: ms, play_ms: ms, track } } else { Self { event_ms: ms, ..self } }
    }
}

/// What an event is to the one before it.
#[derive(Clone, Copy)]
struct Event {
    ms: i64,
    is_play: bool,
    track: Option<i32>,
}

impl Event {
    fn of(batch: &DecodedBatch, tracks: &TrackNumbers, chunk: usize, row: usize) -> Self {
        let events = &batch.chunks()[chunk];
        Self { ms: events.ts[row], is_play: events.is_play[row], track: tracks.of(chunk, row) }
    }
}

/// The accepted events of a batch by session, and what follows each.
pub(super) struct SessionOrder {
    chunks: Vec<Sequence>,
    sessions: Vec<(i64, i64)>,
}

/// The events of a chunk.
struct Sequence {
    /// The accepted rows by session, user, time and item.
    rows: Vec<u32>,
    /// What follows an event, by its place in `rows`, where that is in another chunk.
    elsewhere: Vec<(u32, Next)>,
}

/// A user's events of one session in one chunk: a range of the chunk's rows.
#[derive(Clone, Copy)]
struct Run {
    session: (i64, i64),
    chunk: u32,
    start: u32,
    end: u32,
}

impl SessionOrder {
    pub fn of(batch: &DecodedBatch, outcomes: &Outcomes, tracks: &TrackNumbers) -> Self {
        let sorted = batch.each_chunk(|chunk| {
            let rows = in_order(batch, outcomes, chunk);
            let runs = runs(batch, chunk, &rows);
            (rows, runs)
        });
        let mut all_runs = Vec::with_capacity(sorted.iter().map(|(_, runs)| runs.len()).sum());
        let mut chunks = Vec::with_capacity(sorted.len());
        for (rows, runs) in sorted {
            all_runs.extend(runs);
            chunks.push(Sequence { rows, elsewhere: Vec::new() });
        }
        all_runs.sort_unstable_by_key(|run| (run.session, run.chunk));
        let mut sessions = Vec::new();
        for runs in all_runs.chunk_by_mut(|a, b| a.session == b.session) {
            sessions.push(runs[0].session);
            if runs.len() > 1 {
                join(batch, tracks, &mut chunks, runs);
            }
        }
        for chunk in &mut chunks {
            chunk.elsewhere.sort_unstable_by_key(|(place, _)| *place);
        }
        Self { chunks, sessions }
    }

    /// The accepted rows of a chunk by session, user, time and item.
    pub fn rows(&self, chunk: usize) -> &[u32] {
        &self.chunks[chunk].rows
    }

    /// The sessions, each with its user, in order.
    pub fn sessions(&self) -> &[(i64, i64)] {
        &self.sessions
    }

    /// What follows each row of a chunk; nothing for rows that are not accepted.
    pub fn next(&self, batch: &DecodedBatch, tracks: &TrackNumbers, chunk: usize) -> Vec<Next> {
        let Sequence { rows, elsewhere } = &self.chunks[chunk];
        let events = &batch.chunks()[chunk];
        let mut next = vec![Next::NOTHING; events.len()];
        let mut elsewhere = elsewhere.iter().rev().peekable();
        let (mut session, mut following) = (None, Next::NOTHING);
        for (place, &row) in rows.iter().enumerate().rev() {
            let row = row as usize;
            let own = (events.session_id[row], events.user_id[row]);
            if session != Some(own) {
                (session, following) = (Some(own), Next::NOTHING);
            }
            if let Some((_, there)) = elsewhere.next_if(|(at, _)| *at as usize == place) {
                following = *there;
            }
            next[row] = following;
            following = following.before(Event::of(batch, tracks, chunk, row));
        }
        next
    }
}

/// The accepted rows of a chunk by session, user, time and item.
fn in_order(batch: &DecodedBatch, outcomes: &Outcomes, chunk: usize) -> Vec<u32> {
    let events = &batch.chunks()[chunk];
    // Lines come nearly in the order of time, so that within a session there is little left to do.
    let mut keys: Vec<(i64, u32)> = outcomes.accepted(chunk).map(|row| (events.session_id[row], row as u32)).collect();
    keys.sort_unstable();
    let mut rows: Vec<u32> = keys.iter().map(|&(_, row)| row).collect();
    let key = |row: u32| {
        let row = row as usize;
        (events.session_id[row], events.user_id[row], events.ts[row], events.item_in_session[row])
    };
    for session in rows.chunk_by_mut(|&a, &b| key(a).0 == key(b).0) {
        if !session.is_sorted_by_key(|&row| key(row)) {
            session.sort_unstable_by_key(|&row| key(row));
        }
    }
    rows
}

/// Where one session ends and another begins. Visitors without a user never play, so nobody asks what follows them.
fn runs(batch: &DecodedBatch, chunk: usize, rows: &[u32]) -> Vec<Run> {
    let events = &batch.chunks()[chunk];
    let session = |row: u32| (events.session_id[row as usize], events.user_id[row as usize]);
    let mut start = 0;
    let mut found = Vec::new();
    for run in rows.chunk_by(|&a, &b| session(a) == session(b)) {
        let end = start + run.len() as u32;
        let session = session(run[0]);
        if session.1 != NULL_INTEGER {
            found.push(Run { session, chunk: chunk as u32, start, end });
        }
        start = end;
    }
    found
}

/// Notes for the runs of one session where what follows is in another chunk.
fn join(batch: &DecodedBatch, tracks: &TrackNumbers, chunks: &mut [Sequence], runs: &mut [Run]) {
    let row = |chunks: &[Sequence], chunk: u32, place: u32| chunks[chunk as usize].rows[place as usize];
    let event = |chunks: &[Sequence], chunk: u32, place: u32| {
        Event::of(batch, tracks, chunk as usize, row(chunks, chunk, place) as usize)
    };
    let key = |chunks: &[Sequence], chunk: u32, place: u32| {
        let (_, _, item, ms) = batch.key(RowRef { chunk, row: row(chunks, chunk, place) });
        (ms, item)
    };
    runs.sort_by_key(|run| key(chunks, run.chunk, run.start));
    let is_apart = runs.is_sorted_by(|a, b| key(chunks, a.chunk, a.end - 1) < key(chunks, b.chunk, b.start));
    if is_apart {
        let mut next = Next::NOTHING;
        for run in runs.iter().rev() {
            chunks[run.chunk as usize].elsewhere.push((run.end - 1, next));
            let mut events = (run.start..run.end).map(|place| event(chunks, run.chunk, place));
            let first_play = events.find(|event| event.is_play);
            next = first_play.map_or(next, |play| next.before(play)).before(event(chunks, run.chunk, run.start));
        }
        return;
    }
    // They are woven into each other: what follows may be elsewhere for every one of their events.
    let mut places: Vec<((i64, i32), u32, u32)> = Vec::new();
    for run in runs.iter() {
        places.extend((run.start..run.end).map(|place| (key(chunks, run.chunk, place), run.chunk, place)));
    }
    places.sort_unstable();
    let mut next = Next::NOTHING;
    for (_, chunk, place) in places.into_iter().rev() {
        let following = next;
        next = next.before(event(chunks, chunk, place));
        chunks[chunk as usize].elsewhere.push((place, following));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::decode::{EventChunk, LogDecoder};
    use crate::{Batch, SongIndex, TrackIndex};

    /// User, session, item and time, and whether it is a play.
    type Made = ((i64, i64, i32, i64), bool);

    fn chunk(events: &[Made]) -> EventChunk {
        let mut chunk = EventChunk::default();
        let lines: String = events
            .iter()
            .map(|((user, session, item, ms), is_play)| {
                let page = if *is_play { "NextSong" } else { "Home" };
                let key = format!(r#""userId":"{user}","sessionId":{session},"itemInSession":{item},"ts":{ms}"#);
                format!(r#"{{{key},"page":"{page}","song":"{item} {ms}"}}"#) + "\n"
            })
            .collect();
        LogDecoder::default().decode(lines.as_bytes(), 0, &mut chunk);
        assert_eq!(chunk.len(), events.len());
        chunk
    }

    fn found_by_looking(
        events: &BTreeSet<Made>,
        ((user, session, item, ms), _): Made,
        track: impl Fn(Made) -> Option<i32>,
    ) -> Next {
        let later = |plays: bool| {
            let same = events
                .iter()
                .filter(|((u, s, i, t), is_play)| (*u, *s) == (user, session) && (*t, *i) > (ms, item) && (!plays || *is_play));
            same.min_by_key(|((.., i, t), _)| (*t, *i)).copied()
        };
        let ms = |event: Option<Made>| event.map_or(NULL_INTEGER, |((.., ms), _)| ms);
        Next { event_ms: ms(later(false)), play_ms: ms(later(true)), track: later(true).and_then(track) }
    }

    #[test]
    fn what_follows_is_found_however_events_are_dealt_out_to_chunks() {
        let mut state = 1_u64;
        let mut below = |bound: u64| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (state >> 33) % bound
        };
        for round in 0..400 {
            let mut dealt: Vec<Vec<Made>> = vec![Vec::new(); 1 + below(5) as usize];
            let (mut keys, count) = (BTreeSet::new(), below(60));
            for number in 0..count {
                // In every other round a chunk's events come after those of the chunk before.
                let ms = if round % 2 == 0 { below(20) } else { number } as i64;
                let key = (1 + below(2) as i64, below(3) as i64, below(4) as i32, 1_541_106_106_796 + ms);
                let place = if round % 2 == 0 { below(dealt.len() as u64) } else { number * dealt.len() as u64 / count };
                if keys.insert(key) {
                    dealt[place as usize].push((key, below(3) > 0));
                }
            }
            let decoded = DecodedBatch::new(dealt.iter().map(|events| chunk(events)).collect(), Vec::new().into(), 2);
            // Not all of them are accepted.
            let mut accepted: BTreeSet<Made> = dealt.iter().flatten().copied().collect();
            let known = dealt.first().and_then(|events| events.first());
            if let Some(event) = known {
                accepted.remove(event);
            }
            let known = known.iter().map(|_| (0, true)).collect();
            let batch = Batch::classified(decoded.into(), known, &SongIndex::default().into(), &mut TrackIndex::default());
            let track = |wanted: Made| {
                let (chunk, row) = dealt
                    .iter()
                    .enumerate()
                    .find_map(|(chunk, events)| events.iter().position(|event| *event == wanted).map(|row| (chunk, row)))?;
                batch.track(chunk, row)
            };
            let sessions: BTreeSet<(i64, i64)> = accepted.iter().map(|((user, session, ..), _)| (*session, *user)).collect();
            assert_eq!(batch.sessions(), sessions.into_iter().collect::<Vec<_>>());
            for (index, events) in dealt.iter().enumerate() {
                let next = batch.next(index);
                for (row, event) in events.iter().enumerate() {
                    let wanted =
                        if accepted.contains(event) { found_by_looking(&accepted, *event, track) } else { Next::NOTHING };
                    assert_eq!(next[row], wanted, "round {round}, chunk {index}, {event:?} of {dealt:?}");
                }
            }
        }
    }
}
