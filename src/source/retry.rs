//! When to ask again, and after how long.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use super::failure::Failure;

/// How long to go on after failures that may pass.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) max_retries: u32,
    /// From the first failure of a row; progress starts a new row.
    pub(super) timeout: Duration,
    pub(super) first_pause: Duration,
}

const GROWTH: u32 = 3;
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// One row of failures of one piece of work.
pub(super) struct Retry<'a> {
    policy: &'a Policy,
    failures: u32,
    since: Instant,
}

impl<'a> Retry<'a> {
    pub(super) fn new(policy: &'a Policy) -> Self {
        Self { policy, failures: 0, since: Instant::now() }
    }

    /// Something worked in between: what failed before no longer counts.
    pub(super) fn progressed(&mut self) {
        self.failures = 0;
        self.since = Instant::now();
    }

    /// Waits before the next try; `false` when it is time to give up.
    pub(super) async fn pause(&mut self, what: &str, failure: &Failure) -> bool {
        if self.failures >= self.policy.max_retries {
            return false;
        }
        let full = self.policy.first_pause.saturating_mul(GROWTH.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        // Half of it is random, so that many downloads that failed together do not come back together.
        let pause = full / 2 + full.mul_f64(random_share() / 2.0);
        if self.since.elapsed() + pause > self.policy.timeout {
            return false;
        }
        self.failures += 1;
        tracing::info!(what, retry = self.failures, pause_ms = pause.as_millis(), "{failure}; trying again");
        tokio::time::sleep(pause).await;
        true
    }
}

/// Between 0 and 1. Every `RandomState` is keyed differently, which is all the randomness a pause needs.
fn random_share() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}
