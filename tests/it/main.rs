//! Tests of the whole: the real binary and the library together, against a second implementation of the contract.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the tests' numbers are small"
)]

mod support;

mod cli;
mod concurrency;
mod decoder;
mod differential;
mod kill;
mod properties;
mod sources;
