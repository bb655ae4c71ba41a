//! The one integration binary: linking DuckDB takes long, so it is linked once.
//!
//! The real binary and the library together, against a second implementation of the contract.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, reason = "a test fails by a panic")]

mod support;

mod architecture;
mod bugs;
mod checks;
mod cli;
mod clients;
mod cluster;
mod concurrency;
mod config_files;
mod conformance;
mod crates;
mod decoder;
mod dialects;
mod differential;
mod durability;
mod faults;
mod import_circles;
mod insight_oracle;
mod insight_windows;
mod insights;
mod kill;
mod memory;
mod notebook;
mod output_gone;
mod page;
mod postgres;
mod postgres_settings;
mod printed_types;
mod properties;
mod prose;
mod questions;
mod reader_memory;
mod redshift;
mod redshift_standin;
mod s3_integrity;
mod s3_load;
mod s3_profiles;
mod s3_redirects;
mod silence;
mod simulate;
mod simulate_faults;
mod simulate_statistics;
mod sources;
mod sql_files;
mod surroundings;
