//! What follows each event in its session, as far as a batch knows.

use super::{Batch, RowRef};
use crate::record::NULL_INTEGER;

/// What follows an event in its session, in milliseconds since 1970; [`NULL_INTEGER`] where nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// When the next event is, whatever its page.
    pub event_ms: i64,
    /// When the next play is.
    pub play_ms: i64,
}

impl Next {
    const NOTHING: Self = Self { event_ms: NULL_INTEGER, play_ms: NULL_INTEGER };

    /// What follows the event before this one, of which is said what follows itself.
    fn before(self, ms: i64, is_play: bool) -> Self {
        Self { event_ms: ms, play_ms: if is_play { ms } else { self.play_ms } }
    }
}

/// The accepted events of a batch by session, and what follows each.
pub(super) struct Succession {
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

/// A user's events of one session in one chunk: a stretch of the chunk's rows.
#[derive(Clone, Copy)]
struct Run {
    session: (i64, i64),
    chunk: u32,
    start: u32,
    end: u32,
}

impl Succession {
    pub fn of(batch: &Batch) -> Self {
        let sorted = batch.each_chunk(|chunk| {
            let rows = in_order(batch, chunk);
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
                join(batch, &mut chunks, runs);
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
    pub fn next(&self, batch: &Batch, chunk: usize) -> Vec<Next> {
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
            following = following.before(events.ts[row], events.is_play[row]);
        }
        next
    }
}

/// The accepted rows of a chunk by session, user, time and item.
fn in_order(batch: &Batch, chunk: usize) -> Vec<u32> {
    let events = &batch.chunks()[chunk];
    // Lines come nearly in the order of time, so that within a session there is little left to do.
    let mut keys: Vec<(i64, u32)> = batch.all_accepted(chunk).map(|row| (events.session_id[row], row as u32)).collect();
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
fn runs(batch: &Batch, chunk: usize, rows: &[u32]) -> Vec<Run> {
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
fn join(batch: &Batch, chunks: &mut [Sequence], runs: &mut [Run]) {
    let at = |chunks: &[Sequence], chunk: u32, place: u32| {
        let row = chunks[chunk as usize].rows[place as usize];
        let (_, _, item, ms) = batch.key(RowRef { chunk, row });
        ((ms, item), batch.chunks()[chunk as usize].is_play[row as usize])
    };
    runs.sort_by_key(|run| at(chunks, run.chunk, run.start).0);
    let is_apart = runs.is_sorted_by(|a, b| at(chunks, a.chunk, a.end - 1).0 < at(chunks, b.chunk, b.start).0);
    if is_apart {
        let mut next = Next::NOTHING;
        for run in runs.iter().rev() {
            chunks[run.chunk as usize].elsewhere.push((run.end - 1, next));
            let mut events = (run.start..run.end).map(|place| at(chunks, run.chunk, place));
            let first_ms = at(chunks, run.chunk, run.start).0.0;
            next = Next {
                event_ms: first_ms,
                play_ms: events.find(|(_, is_play)| *is_play).map_or(next.play_ms, |((ms, _), _)| ms),
            };
        }
        return;
    }
    // They are woven into each other: what follows may be elsewhere for every one of their events.
    let mut events: Vec<((i64, i32), bool, u32, u32)> = Vec::new();
    for run in runs.iter() {
        events.extend((run.start..run.end).map(|place| {
            let (key, is_play) = at(chunks, run.chunk, place);
            (key, is_play, run.chunk, place)
        }));
    }
    events.sort_unstable();
    let mut next = Next::NOTHING;
    for ((ms, _), is_play, chunk, place) in events.into_iter().rev() {
        chunks[chunk as usize].elsewhere.push((place, next));
        next = next.before(ms, is_play);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::decode::{EventChunk, LogDecoder};
    use crate::stage::Verdict;

    /// User, session, item and time, and whether it is a play.
    type Event = ((i64, i64, i32, i64), bool);

    fn chunk(events: &[Event]) -> EventChunk {
        let mut chunk = EventChunk::default();
        let lines: String = events
            .iter()
            .map(|((user, session, item, ms), is_play)| {
                let page = if *is_play { "NextSong" } else { "Home" };
                format!(r#"{{"userId":"{user}","sessionId":{session},"itemInSession":{item},"ts":{ms},"page":"{page}"}}"#) + "\n"
            })
            .collect();
        LogDecoder::default().decode(lines.as_bytes(), 0, &mut chunk);
        assert_eq!(chunk.len(), events.len());
        chunk
    }

    fn found_by_looking(events: &BTreeSet<Event>, ((user, session, item, ms), _): Event) -> Next {
        let later = |plays: bool| {
            let same = events
                .iter()
                .filter(|((u, s, i, t), is_play)| (*u, *s) == (user, session) && (*t, *i) > (ms, item) && (!plays || *is_play));
            same.map(|((.., t), _)| *t).min().unwrap_or(NULL_INTEGER)
        };
        Next { event_ms: later(false), play_ms: later(true) }
    }

    #[test]
    fn what_follows_is_found_however_events_are_dealt_out_to_chunks() {
        let mut state = 1_u64;
        let mut below = |bound: u64| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (state >> 33) % bound
        };
        for round in 0..400 {
            let mut dealt: Vec<Vec<Event>> = vec![Vec::new(); 1 + below(5) as usize];
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
            let batch = Batch::new(dealt.iter().map(|events| chunk(events)).collect(), Vec::new().into(), 2);
            // Not all of them are accepted.
            let mut accepted: BTreeSet<Event> = dealt.iter().flatten().copied().collect();
            if let Some(known) = dealt.first().and_then(|events| events.first()) {
                batch.judge(0, Verdict::Duplicate);
                accepted.remove(known);
            }
            let sessions: BTreeSet<(i64, i64)> = accepted.iter().map(|((user, session, ..), _)| (*session, *user)).collect();
            assert_eq!(batch.sessions(), sessions.into_iter().collect::<Vec<_>>());
            for (index, events) in dealt.iter().enumerate() {
                let next = batch.next(index);
                for (row, event) in events.iter().enumerate() {
                    let wanted = if accepted.contains(event) { found_by_looking(&accepted, *event) } else { Next::NOTHING };
                    assert_eq!(next[row], wanted, "round {round}, chunk {index}, {event:?} of {dealt:?}");
                }
            }
        }
    }
}
