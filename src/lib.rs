//! sparkify turns the raw JSON of a music-streaming company into a tested star schema.
//!
//! The modules are the stages of the data flow, in order; only [`pipeline`] knows the order.
//!
//! ```text
//! source ──▶ decode ──▶ stage ──▶ transform ──▶ report
//! files      typed      batches   SQL in one    what happened,
//! on disk    columns    within    transaction   if the counts
//! or S3                 memory    (warehouse)   add up
//! ```

mod any_case;
pub mod budget;
pub mod bug;
pub mod cli;
pub mod commands;
pub mod heap;
pub mod ledger;
pub mod limit;
mod nearest;
pub mod output;
pub mod printer;
pub mod progress;
pub mod settings;

pub mod attempts;
pub mod pipeline;
pub mod plan;
pub mod quarantine;
pub mod refresh;
pub mod replay;

pub mod transform;

pub mod check;

pub mod digest;

pub mod explain;

pub mod report;

pub mod insights;

pub mod page;

pub use sparkify_cluster as cluster;
pub use sparkify_decode::{self as decode, record};
pub use sparkify_runtime::{backoff, clock, error, interrupt, whole_file};
pub use sparkify_simulate as simulate;
pub use sparkify_source as source;
pub use sparkify_stage as stage;
pub use sparkify_warehouse as warehouse;
