//! Waiting for the server: as long as a statement takes, but not longer than the user wants to.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::interrupt::Interrupt;

/// How long a server may take to answer after the user has interrupted: it was asked to cancel, and most do at once.
const AFTER_AN_INTERRUPT: Duration = Duration::from_secs(1);
/// The same for a commit, which is not cancelled: its answer decides what the load has to say.
const AFTER_AN_INTERRUPT_OF_A_COMMIT: Duration = Duration::from_secs(5);
/// How often to look whether the user has interrupted.
const LOOK: Duration = Duration::from_millis(50);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The driver says why.
    Driver(tokio_postgres::Error),
    /// The user interrupted, and the server did not react. The connection cannot be used any more.
    GivenUp,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

/// Runs the connection, and waits for what it brings.
pub(super) struct Waiter {
    /// Gone when this is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
    interrupt: Interrupt,
    /// Whether an interrupt may reach the server. Not during a commit, which would be reported as failed though it was
    /// not.
    interruptible: Arc<AtomicBool>,
    interrupted_at: OnceLock<Instant>,
    given_up: AtomicBool,
}

impl Waiter {
    pub fn new(runtime: Runtime, interrupt: Interrupt) -> Self {
        Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            interrupt,
            interruptible: Arc::new(AtomicBool::new(true)),
            interrupted_at: OnceLock::new(),
            given_up: AtomicBool::new(false),
        }
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// A flag that says whether an interrupt may reach the server.
    pub fn interruptible(&self) -> &Arc<AtomicBool> {
        &self.interruptible
    }

    /// Lets interrupts through to the server or keeps them from it.
    pub fn set_interruptible(&self, allowed: bool) {
        self.interruptible.store(allowed, Ordering::SeqCst);
    }

    /// Whether the user has interrupted what may be interrupted.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.is_set() && self.interruptible.load(Ordering::SeqCst)
    }

    /// Whether the server was not waited for to the end: nothing more can be said to it.
    pub fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    /// Waits for an answer.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        if self.has_given_up() {
            return Err(Failure::GivenUp);
        }
        self.handle.block_on(async {
            tokio::select! {
                biased;
                done = work => done.map_err(Failure::Driver),
                () = self.patience() => {
                    self.given_up.store(true, Ordering::SeqCst);
                    Err(Failure::GivenUp)
                }
            }
        })
    }

    /// Waits for something that is of no matter, for so long at most.
    pub fn wait_at_most(&self, limit: Duration, work: impl Future<Output = Result<(), tokio_postgres::Error>>) {
        if self.has_given_up() {
            return;
        }
        match self.handle.block_on(async { timeout(limit, work).await }) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("the end of the connection: {error}"),
            Err(_) => {
                tracing::debug!("the end of the connection: the server does not answer");
                self.given_up.store(true, Ordering::SeqCst);
            }
        }
    }

    /// Ends some time after the user has interrupted.
    async fn patience(&self) {
        while !self.interrupt.is_set() {
            sleep(LOOK).await;
        }
        let at = *self.interrupted_at.get_or_init(Instant::now);
        let is_commit = !self.interruptible.load(Ordering::SeqCst);
        sleep_until(at + if is_commit { AFTER_AN_INTERRUPT_OF_A_COMMIT } else { AFTER_AN_INTERRUPT }).await;
    }
}

impl Drop for Waiter {
    /// Whatever still runs, as a name that is being looked up, is not waited for.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
