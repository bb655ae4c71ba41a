//! What time it is, also on a machine whose clock stands before 1970.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// Now. Not by chrono, which panics before 1970.
#[must_use]
pub fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// Now, in microseconds since 1970.
#[must_use]
pub fn now_us() -> i64 {
    now().timestamp_micros()
}

/// A new name that nothing else has; later ones come behind earlier ones.
#[must_use]
pub fn new_id() -> Uuid {
    if now_us() >= 0 { Uuid::now_v7() } else { Uuid::new_v7(Timestamp::from_unix(NoContext, 0, 0)) }
}
