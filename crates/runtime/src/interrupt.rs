//! Ctrl-C: a flag that everything long checks, and hooks that wake what is waiting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Kind, Result};

type Hook = Box<dyn Fn() + Send>;

/// Set once by the user's interrupt; clones are the same flag.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Inner>);

#[derive(Default)]
struct Inner {
    interrupted: AtomicBool,
    hooks: Mutex<Vec<Hook>>,
}

impl Interrupt {
    /// A flag that Ctrl-C, SIGTERM and SIGHUP set. The second such signal ends the process at once.
    ///
    /// # Errors
    /// [`Kind::Io`] when the handler cannot be installed.
    pub fn on_signals() -> Result<Self> {
        let interrupt = Self::default();
        let flag = interrupt.clone();
        ctrlc::set_handler(move || {
            if flag.is_set() {
                std::process::exit(i32::from(Kind::Interrupted.policy().exit_code));
            }
            flag.set();
        })
        .map_err(|e| Error::new(Kind::Io, "cannot handle interrupts").caused_by(e))?;
        Ok(interrupt)
    }

    /// Interrupts.
    pub fn set(&self) {
        self.0.interrupted.store(true, Ordering::SeqCst);
        for hook in self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            hook();
        }
    }

    /// Whether it was interrupted.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.interrupted.load(Ordering::SeqCst)
    }

    /// Calls `hook` when interrupted; at once if that has happened.
    pub fn on_set(&self, hook: impl Fn() + Send + 'static) {
        if self.is_set() {
            hook();
        }
        self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(hook));
    }

    /// # Errors
    /// [`Kind::Interrupted`] once interrupted.
    pub fn check(&self) -> Result<()> {
        if self.is_set() { Err(Error::interrupted()) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Interrupt").field(&self.is_set()).finish()
    }
}
