//! When to ask again, and after how long.

use std::time::{Duration, Instant};

use super::failure::Failure;
use crate::backoff::Backoff;

/// How long to go on after failures that may pass.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) max_retries: u32,
    /// From the first failure of a row; progress starts a new row.
    pub(super) timeout: Duration,
    pub(super) first_pause: Duration,
}

const GROWTH: f64 = 3.0;
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Half of a pause is random, so that many downloads that failed together do not come back together.
const JITTER: f64 = 0.5;

/// One row of failures of one piece of work.
pub(super) struct Retry<'a> {
    policy: &'a Policy,
    failures: u32,
    since: Instant,
    backoff: Backoff,
}

impl<'a> Retry<'a> {
    pub(super) fn new(policy: &'a Policy) -> Self {
        let backoff = Backoff::new(policy.first_pause, GROWTH, LONGEST_PAUSE).with_jitter(JITTER);
        Self { policy, failures: 0, since: Instant::now(), backoff }
    }

    /// Something worked in between: what failed before no longer counts.
    pub(super) fn progressed(&mut self) {
        self.failures = 0;
        self.since = Instant::now();
        self.backoff.reset();
    }

    /// Waits before the next try; `false` when it is time to give up.
    pub(super) async fn pause(&mut self, what: &str, failure: &Failure) -> bool {
        if self.failures >= self.policy.max_retries {
            return false;
        }
        let pause = self.backoff.next_pause();
        if self.since.elapsed() + pause > self.policy.timeout {
            return false;
        }
        self.failures += 1;
        tracing::info!(what, retry = self.failures, pause_ms = pause.as_millis(), "{failure}; trying again");
        tokio::time::sleep(pause).await;
        true
    }
}
