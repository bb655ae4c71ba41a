//! One user over time: the events of a session, the pause until the next session, and leaving for good.

use super::model::{Model, UserState, take};
use super::profile::{ProfileTables, UserProfile};
use super::random::{Purpose, Random};
use super::seasonality::DAY;
use super::songs::TrackList;

/// Seconds of a year.
pub const YEAR: f64 = 31_557_600.0;
/// The time of what never happens.
pub const NEVER: i64 = i64::MAX;
/// No song.
pub const SILENCE: u32 = u32::MAX;
/// Set in a session's number as long as it is the index of its start in the window.
pub const UNNUMBERED: u64 = 1 << 63;

/// A user at a moment. Times are whole seconds since 1970.
#[derive(Debug, Clone)]
pub struct User {
    /// The id that log lines have.
    pub id: u64,
    /// When the next event happens, [`NEVER`] for a user who has left.
    pub next: i64,
    /// When the user registered.
    pub registered: i64,
    /// Mean seconds between this user's events.
    pub alpha: f64,
    /// Mean seconds between this user's sessions.
    pub beta: f64,
    /// Name and the like.
    pub profile: UserProfile,
    random: Random,
    song_ends: i64,
    /// Since when attrition has not been drawn for the user.
    staying_since: i64,
    session: u64,
    item: u32,
    state: u16,
    /// The next event begins a session.
    fresh: bool,
}

/// What happened at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, in whole seconds since 1970.
    pub at: i64,
    /// The session's id, or with [`UNNUMBERED`] the index of its start.
    pub session: u64,
    /// The user's place among the users.
    pub user: u32,
    /// Which of the session's events it is.
    pub item: u32,
    /// The number of the song that is played, or [`SILENCE`].
    pub song: u32,
    /// The number of the state.
    pub state: u16,
}

/// Buffers the events of some users in a window of time, each user's in order.
#[derive(Debug, Default)]
pub struct EventBuffer {
    /// The events.
    pub events: Vec<Event>,
    /// When sessions began, and whose.
    pub starts: Vec<(i64, u32)>,
}

impl EventBuffer {
    /// Empties it for the next window.
    pub fn clear(&mut self) {
        self.events.clear();
        self.starts.clear();
    }
}

/// How users behave and what they play: all that the simulation of one user reads.
#[derive(Debug)]
pub struct BehaviourConfig {
    /// The states and their transitions.
    pub model: Model,
    /// What is played.
    pub songs: TrackList,
    /// Names, places and browsers.
    pub profiles: ProfileTables,
    /// The seed of all that is random.
    pub seed: u64,
    /// When it begins.
    pub from: i64,
    /// The share by which users grow in a year.
    pub growth_rate: f64,
    /// The share of users that a year loses.
    pub attrition_rate: f64,
    /// Reproduces eventsim's known bugs.
    pub compat: bool,
    /// The users at the beginning.
    pub users: u64,
    /// When it ends.
    pub to: i64,
}

/// How long ago users registered at most, in years.
const LONGEST_MEMBERSHIP: f64 = 5.0;
/// How long ago users registered on average, in years, where their number does not grow.
const MEMBERSHIP: f64 = 0.25;

impl BehaviourConfig {
    /// A user, with the traits that stay: pace, name, place.
    fn draw(&self, id: u64) -> User {
        let mut random = Random::of(self.seed, Purpose::User, id);
        // Log-normal around the model's means.
        let mut pace = || (random.normal() - 0.5).exp();
        let (alpha, beta) = (self.model.alpha * pace(), self.model.beta * pace());
        let profile = self.profiles.draw(&mut random);
        User {
            id,
            next: NEVER,
            registered: self.from,
            alpha,
            beta,
            profile,
            random,
            song_ends: i64::MIN,
            staying_since: self.from,
            session: 0,
            item: 0,
            state: 0,
            fresh: true,
        }
    }

    /// An initial user. The sessions before it are simulated too, so that some are under way.
    #[must_use]
    pub fn initial_user(&self, id: u64) -> User {
        let mut user = self.draw(id);
        let random = &mut user.random;
        let auth = pick(&self.model.auths, random.unit());
        let level = pick(&self.model.levels, random.unit());
        let user_state = self.model.user_state(auth, level).unwrap_or_default();
        let age = if self.growth_rate > 0.0 {
            random.exponential(self.growth_rate * YEAR)
        } else if self.compat {
            0.0
        } else {
            random.exponential(MEMBERSHIP * YEAR)
        };
        user.registered = self.from - age.min(LONGEST_MEMBERSHIP * YEAR) as i64;
        let mut at = self.next_start(self.from - (2.0 * user.beta) as i64, user.beta, random);
        while ((self.from - at) as f64) > user.beta {
            at = self.next_start(at, user.beta, random);
        }
        user.begin(&self.model, user_state, at);
        let mut before = EventBuffer::default();
        user.staying_since = at.min(self.from);
        self.advance(&mut user, 0, self.from, &mut before);
        user
    }

    /// A new user, with a first visit.
    #[must_use]
    pub fn newcomer(&self, id: u64, at: i64) -> User {
        let mut user = self.draw(id);
        (user.registered, user.staying_since) = (at, at);
        user.begin(&self.model, self.model.newcomer, at);
        user
    }

    /// Advances a user up to `until`, exclusive, and records the events.
    pub fn advance(&self, user: &mut User, place: u32, until: i64, into: &mut EventBuffer) {
        let model = &self.model;
        while user.next < until {
            let at = user.next;
            if user.fresh {
                user.fresh = false;
                user.item = 0;
                user.song_ends = i64::MIN;
                user.session = UNNUMBERED | into.starts.len() as u64;
                into.starts.push((at, place));
            }
            let node = &model.nodes[usize::from(user.state)];
            let song = if node.plays { self.songs.pick(&mut user.random) } else { SILENCE };
            into.events.push(Event { at, session: user.session, user: place, item: user.item, song, state: user.state });
            if node.plays {
                user.song_ends = at + self.songs.tracks[song as usize].seconds();
            }
            match take(&node.next, user.random.unit()) {
                Some(next) => {
                    let dest = &model.nodes[usize::from(next)];
                    user.next = if dest.redirects {
                        at + 1
                    } else if dest.plays && user.song_ends > at {
                        user.song_ends
                    } else {
                        at + user.random.exponential(user.alpha) as i64
                    };
                    user.state = next;
                    user.item += 1;
                }
                None => self.end_session(user, at),
            }
        }
    }

    fn end_session(&self, user: &mut User, at: i64) {
        let node = &self.model.nodes[usize::from(user.state)];
        if node.leaves || self.gives_up(user, at) {
            user.next = NEVER;
            return;
        }
        let next = self.next_start(at, user.beta, &mut user.random);
        user.begin(&self.model, node.user_state, next);
    }

    /// Whether attrition took the user since it was last drawn.
    fn gives_up(&self, user: &mut User, at: i64) -> bool {
        if self.attrition_rate <= 0.0 {
            return false;
        }
        let years = (at - user.staying_since) as f64 / YEAR;
        user.staying_since = at;
        let probability = if self.compat {
            // eventsim divides only the beginning by the year, so every user who can leave does at once.
            self.users as f64 * self.attrition_rate * (self.to as f64 - self.from as f64 / YEAR)
        } else {
            1.0 - (-self.attrition_rate * years).exp()
        };
        user.random.happens(probability)
    }

    /// When the session after one that ended at `last` begins.
    #[must_use]
    pub fn next_start(&self, last: i64, beta: f64, random: &mut Random) -> i64 {
        let mut from = last;
        loop {
            let pause = random.exponential(beta) as i64 + self.model.session_gap;
            let at = self.model.seasonality.warp(from + pause);
            if at < from {
                // Moved too far back: try again, a little later.
                from += self.model.session_gap.max(1);
            } else if random.unit() >= self.model.seasonality.damped(at) {
                return at;
            } else {
                from = at;
            }
            if from > last + 3_650 * DAY {
                return NEVER;
            }
        }
    }
}

impl User {
    /// Places the user before the first event of a session.
    fn begin(&mut self, model: &Model, user_state: UserState, at: i64) {
        let draw = self.random.unit();
        match take(&model.starts[usize::from(user_state)], draw) {
            Some(state) => (self.state, self.next, self.fresh) = (state, at, true),
            None => self.next = NEVER,
        }
    }

    /// Gives the session under way its number.
    pub fn number_session(&mut self, id: u64) {
        self.session = id;
    }

    /// Whether a session is under way.
    #[must_use]
    pub fn is_in_session(&self) -> bool {
        !self.fresh && self.next < NEVER
    }

    /// The auth and level of the state that comes next.
    #[must_use]
    pub fn user_state(&self, model: &Model) -> UserState {
        model.nodes[usize::from(self.state)].user_state
    }
}

fn pick(shares: &[(f64, String)], mut draw: f64) -> &str {
    for (share, name) in shares {
        if draw < *share {
            return name;
        }
        draw -= share;
    }
    shares.last().map_or("", |(_, name)| name)
}
