//! Tests of the whole: the real binary and the library together, against a second implementation of the contract.

mod support;

mod cli;
mod concurrency;
mod decoder;
mod differential;
mod kill;
mod properties;
mod sources;
