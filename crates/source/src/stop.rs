//! The flag that ends what is under way.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::{Error, Result};

/// A flag that ends listings and downloads early, from any thread.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Ends everything under way with [`Kind::Interrupted`](crate::error::Kind::Interrupted) and everything started later too.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// # Errors
    /// [`Kind::Interrupted`](crate::error::Kind::Interrupted) once stopped.
    pub fn check(&self) -> Result<()> {
        if self.is_stopped() { Err(Error::interrupted()) } else { Ok(()) }
    }

    pub(super) async fn stopped(&self) {
        // It ends with an error only when the sender is gone, and `self` holds it.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}
