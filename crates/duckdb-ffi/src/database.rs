//! A database that was opened through DuckDB's C interface.

use std::ffi::{CStr, CString};

use duckdb::{Connection, ffi};

use crate::table::TableFunction;
use crate::table_function::register;

/// An open database. Closed on drop, after its connections.
pub struct Database {
    raw: ffi::duckdb_database,
}

// SAFETY: DuckDB's database handle may be used from any thread; this type only closes it.
unsafe impl Send for Database {}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and closed only here.
        unsafe { ffi::duckdb_close(&raw mut self.raw) };
    }
}

impl Database {
    /// Opens the file at `path` with DuckDB's settings by name and value.
    ///
    /// # Errors
    /// DuckDB's own text.
    pub fn open(path: &CStr, settings: &[(&str, String)]) -> Result<Self, String> {
        // SAFETY: config, strings and handles are made here, checked, and freed before the block ends; DuckDB copies
        // the strings; the error text is freed by DuckDB's own function.
        unsafe {
            let mut config = std::ptr::null_mut();
            ffi::duckdb_create_config(&raw mut config);
            for (name, value) in settings {
                let [name, value] = [*name, value].map(|text| CString::new(text).unwrap_or_default());
                ffi::duckdb_set_config(config, name.as_ptr(), value.as_ptr());
            }
            let mut raw = std::ptr::null_mut();
            let mut message = std::ptr::null_mut();
            let state = ffi::duckdb_open_ext(path.as_ptr(), &raw mut raw, config, &raw mut message);
            ffi::duckdb_destroy_config(&raw mut config);
            if state == ffi::DuckDBSuccess {
                return Ok(Self { raw });
            }
            let text = if message.is_null() { String::new() } else { CStr::from_ptr(message).to_string_lossy().into_owned() };
            ffi::duckdb_free(message.cast());
            Err(text)
        }
    }

    /// A connection to it. It must be dropped before the database: DuckDB closes a file with the last connection to it.
    ///
    /// # Errors
    /// What the driver reports.
    pub fn connect(&self) -> duckdb::Result<Connection> {
        // SAFETY: the handle is open. DuckDB's connection shares the database that the handle leads to, so that it may even
        // outlive the handle. Only `Connection::try_clone` uses the handle again, and `clippy.toml` forbids that.
        unsafe { Connection::open_from_raw(self.raw) }
    }

    /// Makes a table function callable in SQL, for a database that works with so many threads. False if DuckDB refuses it.
    pub fn register<F: TableFunction>(&self, name: &str, function: F, threads: usize) -> bool {
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: the connection is opened and closed here, around its only use.
        unsafe {
            let mut connection = std::ptr::null_mut();
            let connected = ffi::duckdb_connect(self.raw, &raw mut connection) == ffi::DuckDBSuccess;
            let registered = connected && register(connection, &name, function, threads);
            ffi::duckdb_disconnect(&raw mut connection);
            registered
        }
    }
}
