//! What the tests stand on: a second implementation of the contract, the real binary, made-up data.

pub mod aws;
pub mod disk;
pub mod docs;
pub mod fields;
pub mod generate;
pub mod made_up;
pub mod oracle;
pub mod peak;
pub mod proxy;
pub mod raw_http;
pub mod reference;
pub mod simulated;
pub mod sql_client;
pub mod warehouse;

pub use redshift_standin::{self as redshift, postgres, s3};

/// The checkout whose tests run. Asked at run time: checkouts that share a build directory share what was compiled.
pub fn repository() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells tests where the package is").into()
}

/// The folder with the real data, if the tests on it are to run.
pub fn real_data() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("SPARKIFY_REAL_DATA");
    if folder.is_none() {
        // Past the capturing of passing tests' output, so that it is seen.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"left out: SPARKIFY_REAL_DATA is not set\n");
    }
    folder.map(Into::into)
}

/// A number from the environment, for tests that can run longer on demand.
pub fn count_from_environment(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// The folder with eventsim's configuration files, if the tests on them are to run.
pub fn eventsim_configs() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("SPARKIFY_EVENTSIM_CONFIGS");
    if folder.is_none() {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"left out: SPARKIFY_EVENTSIM_CONFIGS is not set\n");
    }
    folder.map(Into::into)
}
