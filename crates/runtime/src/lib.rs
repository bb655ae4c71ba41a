//! What every part of the program stands on: errors with an exit code and a remedy, interrupts, the clock, pauses between
//! attempts, and files that appear whole or not at all.

pub mod backoff;
pub mod clock;
pub mod error;
pub mod interrupt;
pub mod whole_file;
