//! Advances all users through time, window by window: threads advance groups of users, sessions get their numbers in the order
//! in which they begin, and the window is handed over. The events depend on neither windows nor threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::population::{Population, Shard};
use super::user::{BehaviourConfig, Event, EventBuffer, NEVER, UNNUMBERED, User};
use crate::error::Result;
use crate::interrupt::Interrupt;

/// Users are advanced in so many groups, on any number of threads.
const GROUPS: usize = 32;
/// Roughly so many events are held at a time.
const EVENTS_A_WINDOW: usize = 250_000;
const LONGEST_WINDOW: i64 = 400 * 86_400;

/// How a simulation runs.
#[derive(Debug, Clone)]
pub struct Run {
    /// Threads to use.
    pub threads: usize,
    /// This machine's part.
    pub shard: Shard,
    /// The first user's id.
    pub first_id: u64,
    /// Events happen in real time.
    pub continuous: bool,
    /// Ends it early.
    pub interrupt: Interrupt,
}

/// What happened in a range of time.
pub struct Window<'a> {
    /// Its end, exclusive, in seconds since 1970.
    pub until: i64,
    /// All users; an event names one by its place.
    pub users: &'a [User],
    /// What happened, by groups of users, in their order; in a group sorted by time, then by user.
    pub groups: &'a [EventBuffer],
    /// The ids of the sessions that began, by group.
    pub ids: &'a [Vec<u64>],
}

impl Window<'_> {
    /// The number of events.
    #[must_use]
    pub fn events(&self) -> usize {
        self.groups.iter().map(|group| group.events.len()).sum()
    }

    /// The events from one instant up to another, by time, user and their order.
    #[must_use]
    pub fn between(&self, from: i64, until: i64) -> Vec<Event> {
        let mut all = Vec::new();
        for (group, ids) in self.groups.iter().zip(self.ids) {
            let begin = group.events.partition_point(|event| event.at < from);
            let end = group.events.partition_point(|event| event.at < until);
            all.extend(group.events[begin..end].iter().map(|event| Event { session: numbered(event.session, ids), ..*event }));
        }
        all.sort_by_key(|event| event.at);
        all
    }
}

fn numbered(session: u64, ids: &[u64]) -> u64 {
    if session & UNNUMBERED == 0 { session } else { ids[(session & !UNNUMBERED) as usize] }
}

/// The counts at the end of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events.
    pub events: u64,
    /// Sessions that began or were under way.
    pub sessions: u64,
    /// Users at the beginning, of this shard.
    pub first_users: u64,
    /// All users of this shard, those who left included.
    pub all_users: u64,
    /// Users who left for good, of this shard.
    pub left: u64,
}

/// Runs from beginning to end and hands over each window.
///
/// # Errors
/// What `hand_over` returns, and [`crate::error::Kind::Interrupted`].
pub fn run(behaviour: &BehaviourConfig, run: &Run, mut hand_over: impl FnMut(&Window<'_>) -> Result<()>) -> Result<Totals> {
    let mut population = Population::new(behaviour, run.shard, run.first_id);
    let mut users = first_users(behaviour, run, &population.initial_ids())?;
    let mut totals = Totals { first_users: users.len() as u64, all_users: users.len() as u64, ..Totals::default() };
    let mut sessions = Sessions { given: 0, shard: run.shard };
    // Sessions under way are numbered as if they began before all others, the earliest first.
    let mut under_way: Vec<&mut User> = users.iter_mut().filter(|user| user.is_in_session()).collect();
    under_way.sort_by_key(|user| (user.next, user.id));
    for user in under_way {
        user.number_session(sessions.next());
    }

    let mut groups: Vec<EventBuffer> = (0..GROUPS).map(|_| EventBuffer::default()).collect();
    let (mut from, mut length) = (behaviour.from, first_length(users.len()));
    while from < behaviour.to {
        run.interrupt.check()?;
        let until = if run.continuous { wait(from, length, &run.interrupt)? } else { from + length }.min(behaviour.to);
        let before = users.len();
        population.arrive(behaviour, until, &mut users);
        totals.all_users += (users.len() - before) as u64;
        advance_all(behaviour, run.threads, until, &mut users, &mut groups);
        let ids = sessions.number(&groups, &mut users);
        let window = Window { until, users: &users, groups: &groups, ids: &ids };
        let events = window.events();
        hand_over(&window)?;
        totals.events += events as u64;

        // Those who left make room; the others stay in their order.
        let gone = users.iter().filter(|user| user.next == NEVER).count();
        if gone > users.len() / 8 {
            users.retain(|user| user.next < NEVER);
            totals.left += gone as u64;
        }
        from = until;
        let aim = EVENTS_A_WINDOW.max(users.len() / 2) as f64;
        length = ((length as f64 * (aim / events.max(1) as f64).clamp(0.25, 4.0)) as i64).clamp(1, LONGEST_WINDOW);
    }
    totals.left += users.iter().filter(|user| user.next == NEVER).count() as u64;
    totals.sessions = sessions.given;
    Ok(totals)
}

/// A first guess that holds few events even of busy users.
fn first_length(users: usize) -> i64 {
    (EVENTS_A_WINDOW as i64 * 86_400 / (users.max(1) as i64 * 60)).clamp(60, 30 * 86_400)
}

/// Waits until the system clock has passed `from`, in seconds since 1970. Returns its time, at most `length` later.
fn wait(from: i64, length: i64, interrupt: &Interrupt) -> Result<i64> {
    loop {
        interrupt.check()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        if now > from {
            return Ok(now.min(from + length));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn first_users(behaviour: &BehaviourConfig, run: &Run, ids: &[u64]) -> Result<Vec<User>> {
    const IDS_A_PIECE: usize = 4_096;
    let pieces: Vec<Mutex<Vec<User>>> = ids.chunks(IDS_A_PIECE).map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..run.threads {
            scope.spawn(|| {
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    let Some(ids) = ids.chunks(IDS_A_PIECE).nth(piece) else { return };
                    if run.interrupt.is_set() {
                        return;
                    }
                    let users = ids.iter().map(|id| behaviour.initial_user(*id)).collect();
                    *pieces[piece].lock().unwrap_or_else(PoisonError::into_inner) = users;
                }
            });
        }
    });
    run.interrupt.check()?;
    Ok(pieces.into_iter().flat_map(|piece| piece.into_inner().unwrap_or_else(PoisonError::into_inner)).collect())
}

/// Advances all users, in groups that the threads share.
fn advance_all(behaviour: &BehaviourConfig, threads: usize, until: i64, users: &mut [User], groups: &mut [EventBuffer]) {
    groups.iter_mut().for_each(EventBuffer::clear);
    let size = users.len().div_ceil(GROUPS).max(1);
    let work = Mutex::new(users.chunks_mut(size).enumerate().zip(groups.iter_mut()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(((number, users), group)) = work.lock().unwrap_or_else(PoisonError::into_inner).next() else {
                        return;
                    };
                    for (at, user) in users.iter_mut().enumerate() {
                        if user.next < until {
                            behaviour.advance(user, (number * size + at) as u32, until, group);
                        }
                    }
                    // Stable, so that users, and each one's events, keep their order.
                    group.events.sort_by_key(|event| event.at);
                }
            });
        }
    });
}

/// Numbers sessions in the order in which they begin; a shard's numbers leave those of the others out.
struct Sessions {
    given: u64,
    shard: Shard,
}

impl Sessions {
    fn next(&mut self) -> u64 {
        self.given += 1;
        (self.given - 1) * self.shard.of + self.shard.index + 1
    }

    fn number(&mut self, groups: &[EventBuffer], users: &mut [User]) -> Vec<Vec<u64>> {
        let mut ids: Vec<Vec<u64>> = groups.iter().map(|group| vec![0; group.starts.len()]).collect();
        let mut order: Vec<(i64, u32, u32, u32)> = Vec::with_capacity(ids.iter().map(Vec::len).sum());
        for (number, group) in groups.iter().enumerate() {
            let start = |(index, (at, user)): (usize, &(i64, u32))| (*at, *user, number as u32, index as u32);
            order.extend(group.starts.iter().enumerate().map(start));
        }
        order.sort_unstable();
        for (_, user, group, index) in order {
            let id = self.next();
            ids[group as usize][index as usize] = id;
            users[user as usize].number_session(id);
        }
        ids
    }
}
