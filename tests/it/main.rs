//! The one integration binary: linking `DuckDB` takes long, so it is linked once.

mod architecture;
mod clients;
mod config_files;
mod sources;
mod sql_files;
mod support {
    pub mod s3;
}
