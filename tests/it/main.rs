//! The one integration binary: linking DuckDB takes long, so it is linked once.
//!
//! The real binary and the library together, against a second implementation of the contract.

mod support;

mod architecture;
mod checks;
mod cli;
mod clients;
mod cluster;
mod concurrency;
mod config_files;
mod conformance;
mod decoder;
mod differential;
mod durability;
mod faults;
mod insight_oracle;
mod insight_windows;
mod insights;
mod kill;
mod memory;
mod notebook;
mod page;
mod postgres;
mod properties;
mod redshift;
mod redshift_standin;
mod s3_integrity;
mod s3_load;
mod s3_profiles;
mod s3_redirects;
mod simulate;
mod simulate_faults;
mod simulate_statistics;
mod sources;
mod sql_files;
