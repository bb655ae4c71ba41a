//! Initial and new users: ids, growth, and this shard's part of both.

use super::random::{Purpose, Random};
use super::user::{BehaviourConfig, User, YEAR};

/// One of several machines that simulate together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: u64,
    /// The number of shards.
    pub of: u64,
}

impl Shard {
    /// The only one.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether this shard has the user of a number.
    #[must_use]
    pub fn has(self, number: u64) -> bool {
        number % self.of == self.index
    }
}

/// All users, in the order of their ids.
#[derive(Debug)]
pub struct Population {
    shard: Shard,
    first_id: u64,
    /// All users so far, of all shards.
    pub count: u64,
    /// When the last of them arrived; a fraction of a second matters where many come.
    clock: f64,
    next: f64,
    random: Random,
}

impl Population {
    /// The population at the beginning.
    #[must_use]
    pub fn new(behaviour: &BehaviourConfig, shard: Shard, first_id: u64) -> Self {
        let random = Random::of(behaviour.seed, Purpose::Arrivals, 0);
        let mut population =
            Self { shard, first_id, count: behaviour.users, clock: behaviour.from as f64, next: f64::INFINITY, random };
        population.schedule(behaviour);
        population
    }

    /// The ids of this shard's first users.
    #[must_use]
    pub fn initial_ids(&self) -> Vec<u64> {
        (0..self.count).filter(|number| self.shard.has(*number)).map(|number| self.first_id + number).collect()
    }

    fn schedule(&mut self, behaviour: &BehaviourConfig) {
        // Users arrive in proportion to the users so far.
        let rate = self.count as f64 * behaviour.growth_rate;
        self.next = if rate > 0.0 { self.clock + self.random.exponential(YEAR / rate) } else { f64::INFINITY };
    }

    /// Adds this shard's users who arrive before `until`.
    pub fn arrive(&mut self, behaviour: &BehaviourConfig, until: i64, users: &mut Vec<User>) {
        while self.next < until as f64 {
            self.clock = self.next;
            if self.shard.has(self.count) {
                users.push(behaviour.newcomer(self.first_id + self.count, self.clock as i64));
            }
            self.count += 1;
            self.schedule(behaviour);
        }
    }
}
