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
pub mod bug;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod error;
pub mod heap;
pub mod interrupt;
pub mod ledger;
pub mod limit;
mod nearest;
pub mod output;
pub mod printer;
pub mod progress;
pub mod record;
pub mod settings;
pub mod whole_file;

pub mod attempts;
pub mod pipeline;
pub mod plan;
pub mod quarantine;
pub mod refresh;
pub mod replay;

pub mod source;

pub mod decode;

pub mod stage;

pub mod transform;

pub mod check;

pub mod digest;

pub mod explain;

pub mod report;

pub mod warehouse;

pub mod simulate;

pub mod insights;

pub mod page;

pub mod cluster;
