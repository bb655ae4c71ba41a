//! Pauses between attempts: they grow up to a limit, and chance can spread the callers that failed together.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Pauses that grow exponentially up to a limit. The caller decides how it waits, how often, and when it gives up.
///
/// ```
/// use std::time::Duration;
/// use sparkify_runtime::backoff::Backoff;
///
/// let mut backoff = Backoff::new(Duration::from_millis(100), 2.0, Duration::from_secs(5));
/// assert_eq!(backoff.next_pause(), Duration::from_millis(100));
/// assert_eq!(backoff.next_pause(), Duration::from_millis(200));
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    factor: f64,
    longest: Duration,
    /// The share of each pause that chance decides, from 0 to 1.
    jitter: f64,
    /// A number from 0 to 1, another one at each call.
    chance: fn() -> f64,
    /// The next pause, before jitter.
    next: Duration,
}

impl Backoff {
    /// Pauses from `first` on, each `factor` times the one before, none longer than `longest`. They have no jitter.
    #[must_use]
    pub fn new(first: Duration, factor: f64, longest: Duration) -> Self {
        let first = first.min(longest);
        Self { first, factor, longest, jitter: 0.0, chance: random_share, next: first }
    }

    /// The same pauses, each shortened at random by up to `share` of it, from 0 to 1. Callers that failed together then do
    /// not come back together.
    #[must_use]
    pub fn with_jitter(self, share: f64) -> Self {
        Self { jitter: share.clamp(0.0, 1.0), ..self }
    }

    /// The next pause. The one after it is longer, up to the limit.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.scaled(1.0 - self.jitter + self.jitter * (self.chance)());
        self.next = self.scaled(self.factor);
        pause
    }

    /// The next pause times a factor, no longer than the limit.
    fn scaled(&self, factor: f64) -> Duration {
        let scaled = Duration::try_from_secs_f64(self.next.as_secs_f64() * factor);
        scaled.unwrap_or(self.longest).min(self.longest)
    }

    /// Begins with the first pause again, after an attempt that made progress.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// From 0 to 1. Every `RandomState` is keyed differently, which is all the randomness that a pause needs.
fn random_share() -> f64 {
    let bits = (RandomState::new().hash_one(0_u8) >> 32) as u32;
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pauses(mut backoff: Backoff, count: usize) -> Vec<u128> {
        (0..count).map(|_| backoff.next_pause().as_millis()).collect()
    }

    #[test]
    fn pauses_grow_by_the_factor_up_to_the_longest() {
        let doubling = Backoff::new(Duration::from_millis(100), 2.0, 5 * SECOND);
        assert_eq!(pauses(doubling, 8), [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        let slow = Backoff::new(Duration::from_millis(200), 1.5, 6 * SECOND);
        assert_eq!(pauses(slow, 10), [200, 300, 450, 675, 1012, 1518, 2278, 3417, 5125, 6000]);
        let constant = Backoff::new(Duration::from_millis(250), 1.0, SECOND);
        assert_eq!(pauses(constant, 3), [250, 250, 250]);
        assert_eq!(pauses(Backoff::new(3 * SECOND, 2.0, SECOND), 2), [1000, 1000], "not even the first is longer");
    }

    #[test]
    fn jitter_takes_up_to_its_share_from_each_pause() {
        let with = |chance| Backoff { chance, ..Backoff::new(Duration::from_millis(400), 2.0, SECOND).with_jitter(0.5) };
        assert_eq!(pauses(with(|| 0.0), 3), [200, 400, 500]);
        assert_eq!(pauses(with(|| 0.5), 3), [300, 600, 750]);
        assert_eq!(pauses(with(|| 1.0), 3), [400, 800, 1000], "what chance takes from one does not shorten the next");
    }

    #[test]
    fn progress_begins_anew() {
        let mut backoff = Backoff::new(SECOND, 3.0, 20 * SECOND);
        assert_eq!((backoff.next_pause(), backoff.next_pause()), (SECOND, 3 * SECOND));
        backoff.reset();
        assert_eq!(backoff.next_pause(), SECOND);
    }

    #[test]
    fn no_pause_overflows() {
        let mut backoff = Backoff::new(Duration::MAX, 1e300, Duration::MAX);
        assert_eq!((backoff.next_pause(), backoff.next_pause()), (Duration::MAX, Duration::MAX));
    }

    #[test]
    fn chance_is_from_0_to_1_and_differs() {
        let shares: Vec<f64> = (0..100).map(|_| random_share()).collect();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        assert!(shares.iter().any(|share| *share < 0.5) && shares.iter().any(|share| *share > 0.5), "{shares:?}");
    }
}
