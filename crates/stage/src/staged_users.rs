//! Users: each one's latest event and the instants at which the level changes, from the accepted events of a batch.

use std::collections::HashMap;

use super::outcomes::{Outcomes, RowRef};
use crate::decode::EventChunk;
use crate::record::{INTEGER_FIELDS, LogField, NULL_INTEGER, index_in, label_index};

/// A user's state on the latest of the batch's events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the users table, and the latest event's place in the order of events")]
pub struct UserRow {
    pub user_id: i64,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub gender: Option<String>,
    pub level: Option<String>,
    pub registered_ms: Option<i64>,
    pub last_seen_ms: i64,
    pub session_id: i64,
    pub item_in_session: i32,
}

/// An instant from which on a user has a level, until the user's next such instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelPoint {
    /// Whose.
    pub user_id: i64,
    /// Milliseconds since 1970 in UTC.
    pub at_ms: i64,
    /// The level.
    pub level: String,
}

/// The users of a batch.
#[derive(Debug, Default)]
pub struct StagedUsers {
    /// One row a user, by user_id.
    pub users: Vec<UserRow>,
    /// By user_id and time.
    pub levels: Vec<LevelPoint>,
}

/// The order of one user's events.
type Place = (i64, i64, i32);

struct State {
    latest: Place,
    at: RowRef,
    history: History,
    /// The events so far came in order, so `history` is right.
    in_order: bool,
}

/// A user's levels, from events given in order. A level that lasts no time at all leaves no trace.
#[derive(Default)]
struct History(Vec<(i64, u32)>);

impl History {
    #[inline]
    fn add(&mut self, ts: i64, level: u32) {
        match self.0.last_mut() {
            Some((_, last)) if *last == level => return,
            Some((since, last)) if *since == ts => {
                *last = level;
                if let [.., (_, before), _] = self.0[..]
                    && before == level
                {
                    self.0.pop();
                }
                return;
            }
            _ => {}
        }
        self.0.push((ts, level));
    }
}

/// The levels' names, numbered from 1; 0 is null.
#[derive(Default)]
struct LevelNames(Vec<Vec<u8>>);

impl LevelNames {
    fn number(&mut self, name: &[u8]) -> u32 {
        let index = self.0.iter().position(|n| n == name).unwrap_or_else(|| {
            self.0.push(name.to_vec());
            self.0.len() - 1
        });
        index as u32 + 1
    }

    /// The number of each code of a chunk.
    fn numbers_of(&mut self, chunk: &EventChunk) -> Vec<u32> {
        let values = &chunk.dictionaries[LEVEL].values;
        values.iter().map(|v| if v.is_null() { 0 } else { self.number(v.of(&chunk.text)) }).collect()
    }
}

const LEVEL: usize = label_index(LogField::Level);
const FIRST_NAME: usize = label_index(LogField::FirstName);
const LAST_NAME: usize = label_index(LogField::LastName);
const GENDER: usize = label_index(LogField::Gender);
const REGISTRATION: usize = index_in(&INTEGER_FIELDS, LogField::Registration);

impl StagedUsers {
    /// The users of the accepted events.
    pub(super) fn of(chunks: &[EventChunk], outcomes: &Outcomes) -> Self {
        let mut names = LevelNames::default();
        let mut states: HashMap<i64, State, rapidhash::fast::RandomState> = HashMap::default();
        for_each_event(chunks, outcomes, &mut names, |user_id, place, at, level| {
            let state = states.entry(user_id).or_insert_with(|| State {
                latest: (i64::MIN, i64::MIN, i32::MIN),
                at,
                history: History::default(),
                in_order: true,
            });
            if place >= state.latest {
                state.latest = place;
                state.at = at;
                if level != 0 {
                    state.history.add(place.0, level);
                }
            } else {
                state.in_order = false;
            }
        });
        rewrite_disordered(chunks, outcomes, &mut names, &mut states);

        let mut users = Self::default();
        let mut by_id: Vec<_> = states.into_iter().collect();
        by_id.sort_unstable_by_key(|(user_id, _)| *user_id);
        for (user_id, state) in by_id {
            users.users.push(user_row(chunks, user_id, &state));
            users.levels.extend(state.history.0.iter().map(|&(at_ms, level)| LevelPoint {
                user_id,
                at_ms,
                level: String::from_utf8_lossy(&names.0[level as usize - 1]).into_owned(),
            }));
        }
        users
    }
}

/// Users whose events did not come in order (an old day behind a new one, files that overlap): all their events are
/// gathered and put in order.
fn rewrite_disordered(
    chunks: &[EventChunk],
    outcomes: &Outcomes,
    names: &mut LevelNames,
    states: &mut HashMap<i64, State, rapidhash::fast::RandomState>,
) {
    if states.values().all(|s| s.in_order) {
        return;
    }
    let mut events: HashMap<i64, Vec<(Place, u32)>> =
        states.iter().filter(|(_, s)| !s.in_order).map(|(&user_id, _)| (user_id, Vec::new())).collect();
    for_each_event(chunks, outcomes, names, |user_id, place, _, level| {
        if let Some(events) = events.get_mut(&user_id)
            && level != 0
        {
            events.push((place, level));
        }
    });
    for (user_id, mut events) in events {
        events.sort_unstable();
        let mut history = History::default();
        for (place, level) in events {
            history.add(place.0, level);
        }
        if let Some(state) = states.get_mut(&user_id) {
            state.history = history;
        }
    }
}

/// Calls `each` with the user, the place in the order of events, the row and the level's number of every accepted event
/// that has a user.
fn for_each_event(
    chunks: &[EventChunk],
    outcomes: &Outcomes,
    names: &mut LevelNames,
    mut each: impl FnMut(i64, Place, RowRef, u32),
) {
    for (index, chunk) in chunks.iter().enumerate() {
        let levels = names.numbers_of(chunk);
        for row in outcomes.accepted(index) {
            let user_id = chunk.user_id[row];
            if user_id == NULL_INTEGER {
                continue;
            }
            let place = (chunk.ts[row], chunk.session_id[row], chunk.item_in_session[row]);
            let at = RowRef { chunk: index as u32, row: row as u32 };
            each(user_id, place, at, levels[chunk.labels[LEVEL][row] as usize]);
        }
    }
}

fn user_row(chunks: &[EventChunk], user_id: i64, state: &State) -> UserRow {
    let (chunk, row) = (&chunks[state.at.chunk as usize], state.at.row as usize);
    let text = |field| chunk.label(field, row).map(|t| String::from_utf8_lossy(t).into_owned());
    let registration = chunk.integers[REGISTRATION][row];
    UserRow {
        user_id,
        first_name: text(FIRST_NAME),
        last_name: text(LAST_NAME),
        gender: text(GENDER),
        level: text(LEVEL),
        registered_ms: (registration != NULL_INTEGER).then_some(registration),
        last_seen_ms: state.latest.0,
        session_id: state.latest.1,
        item_in_session: state.latest.2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(events: &[(i64, u32)]) -> Vec<(i64, u32)> {
        let mut history = History::default();
        for &(ts, level) in events {
            history.add(ts, level);
        }
        history.0
    }

    #[test]
    fn a_stay_lasts_until_the_level_changes() {
        assert_eq!(history(&[(1, 1), (2, 1), (3, 2), (9, 2), (10, 1)]), [(1, 1), (3, 2), (10, 1)]);
    }

    #[test]
    fn of_several_events_at_one_instant_the_last_decides() {
        assert_eq!(history(&[(1, 1), (3, 2), (3, 1), (5, 2)]), [(1, 1), (5, 2)]);
        assert_eq!(history(&[(3, 2), (3, 1), (3, 2)]), [(3, 2)]);
    }
}
