//! Opens DuckDB files, and explains every refusal.

use std::ffi::{CStr, CString};
use std::path::Path;

use duckdb::{Connection, ffi};

use super::disk::{Access, try_lock};
use super::stream::{self, BatchSlot};
use crate::error::{Error, Kind, Result, io_error};

/// The format of the files. The newest that the 1.4 and 1.5 clients of most tools can open.
pub(super) const STORAGE_VERSION: &str = "v1.4.0";

/// The size of the log from which on a commit writes a checkpoint, where none is to.
pub(super) const NO_CHECKPOINT: &str = "1000TB";

/// The most bits of keys that DuckDB groups by in an array where it is not told.
const DEFAULT_ARRAY_BITS: u32 = 12;

/// What keeps a question inside of the database: no other file, no network, no extension, and no way to change that. DuckDB
/// still reads and writes the database's own file and the folder beside it that it spills to, so that `query` takes nothing
/// that writes.
const CLOSED: [(&str, &str); 3] =
    [("enable_external_access", "false"), ("allow_persistent_secrets", "false"), ("lock_configuration", "true")];

/// So many bytes of memory as DuckDB's setting has them: at least what the smallest of its work takes.
pub(super) fn memory_limit(bytes: u64) -> String {
    format!("{}MiB", (bytes >> 20).max(64))
}

/// What DuckDB may use.
#[derive(Debug, Clone, Copy)]
pub struct Resources {
    /// Bytes of memory.
    pub memory: u64,
    /// Threads.
    pub threads: usize,
}

impl Resources {
    /// The most bits of the keys by which rows are grouped in an array rather than in a hash table, where DuckDB knows the
    /// keys' range. A thread has an array of its own, one more is for all, and DuckDB counts none of them as memory, so
    /// they are to be a quarter of it at most.
    fn array_bits(self) -> u32 {
        /// Bytes of a group, of most queries.
        const GROUP: u64 = 32;
        let groups = self.memory / 4 / GROUP / (self.threads.max(1) as u64 + 1);
        groups.max(1).ilog2().clamp(DEFAULT_ARRAY_BITS, 24)
    }
}

/// An open database. Closed on drop, after its connections.
pub(super) struct Database {
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
    /// Opens the file at `path`, and makes it if it is to be written and is not there.
    pub fn open(path: &Path, access: Access, resources: Resources) -> Result<Self> {
        // Answers count by minutes, days and users; loads have no use for arrays of groups.
        // DuckDB does not see of a prepared statement that it says `order by`: where it need not keep the order of rows, it
        // hands over the parts of a sort as they are done. A load takes its facts in any order; whoever only reads does not.
        let (mode, array_bits, keeps_order) = match access {
            Access::ReadOnly => ("READ_ONLY", resources.array_bits(), true),
            Access::ReadWrite => ("READ_WRITE", DEFAULT_ARRAY_BITS, false),
        };
        let mut options = vec![
            ("access_mode", mode.to_owned()),
            ("storage_compatibility_version", STORAGE_VERSION.to_owned()),
            ("memory_limit", memory_limit(resources.memory)),
            ("threads", resources.threads.max(1).to_string()),
            ("preserve_insertion_order", keeps_order.to_string()),
            // Each row group is compressed when it is full, while a core's cache still has some of it.
            ("write_buffer_row_group_count", "1".to_owned()),
            // No commit goes on to a checkpoint by itself, as one needs its rollback journal (`commit.rs`).
            ("checkpoint_threshold", NO_CHECKPOINT.to_owned()),
            // Nothing is fetched behind the user's back; the warehouse needs no extension.
            ("autoinstall_known_extensions", "false".to_owned()),
            ("autoload_known_extensions", "false".to_owned()),
            ("perfect_ht_threshold", array_bits.to_string()),
        ];
        if access == Access::ReadOnly {
            options.extend(CLOSED.map(|(name, value)| (name, value.to_owned())));
        }
        let bad_path = || Error::new(Kind::Settings, format!("the warehouse's path {} cannot be used", path.display()));
        let c_path = CString::new(path.to_str().ok_or_else(bad_path)?).map_err(|e| bad_path().caused_by(e))?;
        // SAFETY: config, strings and handles are made here, checked, and freed before the block ends; DuckDB copies
        // the strings; the error text is freed by DuckDB's own function.
        unsafe {
            let mut config = std::ptr::null_mut();
            ffi::duckdb_create_config(&raw mut config);
            for (name, value) in options {
                let (name, value) = (CString::new(name).unwrap_or_default(), CString::new(value).unwrap_or_default());
                ffi::duckdb_set_config(config, name.as_ptr(), value.as_ptr());
            }
            let mut raw = std::ptr::null_mut();
            let mut message = std::ptr::null_mut();
            let state = ffi::duckdb_open_ext(c_path.as_ptr(), &raw mut raw, config, &raw mut message);
            ffi::duckdb_destroy_config(&raw mut config);
            if state == ffi::DuckDBSuccess {
                let database = Self { raw };
                if access == Access::ReadWrite {
                    // Nor does closing the file.
                    let off = database.connect()?.execute_batch("pragma disable_checkpoint_on_shutdown");
                    off.map_err(|e| super::query_error("disable_checkpoint_on_shutdown", e))?;
                }
                return Ok(database);
            }
            let text = if message.is_null() { String::new() } else { CStr::from_ptr(message).to_string_lossy().into_owned() };
            ffi::duckdb_free(message.cast());
            Err(open_error(path, access, &text))
        }
    }

    /// A connection to it.
    pub fn connect(&self) -> Result<Connection> {
        // SAFETY: the handle is open as long as `self` lives, and the caller drops the connection first.
        unsafe { Connection::open_from_raw(self.raw) }
            .map_err(|e| Error::new(Kind::Query, "cannot connect to DuckDB").caused_by(e))
    }

    /// Makes the staged batch readable in SQL.
    pub fn register(&self, slot: &BatchSlot) -> Result<()> {
        // SAFETY: the connection is opened and closed here, around its only use.
        let registered = unsafe {
            let mut connection = std::ptr::null_mut();
            let connected = ffi::duckdb_connect(self.raw, &raw mut connection) == ffi::DuckDBSuccess;
            let registered = connected && stream::register(connection, slot);
            ffi::duckdb_disconnect(&raw mut connection);
            registered
        };
        if registered { Ok(()) } else { Err(Error::new(Kind::Query, "DuckDB did not accept the staging function")) }
    }
}

/// Sorts DuckDB's refusal to open a file. Its messages are the only thing that tells them apart; a test holds a sample
/// of each.
fn open_error(path: &Path, access: Access, message: &str) -> Error {
    let shown = path.display();
    let first_line = message.lines().next().unwrap_or_default().to_owned();
    let with = |kind, text: String| Error::new(kind, text).caused_by(first_line.clone());
    if message.contains("Could not set lock on file") || message.contains("already attached") {
        if let Some(holder) = holder(message) {
            return Error::new(Kind::WarehouseLocked, format!("the warehouse {shown} is held by {holder}"));
        }
        // DuckDB says the same where the file system cannot lock anything, and then waiting does not help.
        return match try_lock(path, access) {
            Ok(_) => with(Kind::WarehouseLocked, format!("the warehouse {shown} is held by another process")),
            Err(error) => io_error(shown, "lock", error),
        };
    }
    if message.contains("not a valid DuckDB database file") {
        return Error::new(Kind::WarehouseInvalid, format!("{shown} is not a DuckDB database"));
    }
    if message.contains("version number") || message.contains("newer version of DuckDB") || message.contains("storage version") {
        return with(Kind::WarehouseVersion, format!("{shown} was written by a newer DuckDB than this one"));
    }
    if message.contains("No space left") || message.contains("Read-only file system") {
        return with(Kind::Disk, format!("cannot write {shown}"));
    }
    if message.contains("does not exist") {
        return Error::new(Kind::WarehouseMissing, format!("there is no warehouse at {shown}"));
    }
    if message.contains("ermission denied") {
        return with(Kind::Io, format!("no permission for {shown}"));
    }
    with(Kind::WarehouseInvalid, format!("cannot open {shown} as a DuckDB database"))
}

/// The holder of the lock, as DuckDB reports it: `Conflicting lock is held in /usr/bin/x (PID 7) by user y.` None where the
/// system does not know of one, which DuckDB calls `PID 0`: there is none, or it is another machine's or another namespace's.
fn holder(message: &str) -> Option<String> {
    let text = message.split("Conflicting lock is held in ").nth(1)?;
    let end = text.find(" by user").or_else(|| text.find(". "))?;
    (&text[..end] != "PID 0").then(|| text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_groups_are_a_small_part_of_the_memory() {
        let bits = |memory_mib: u64, threads| Resources { memory: memory_mib << 20, threads }.array_bits();
        assert_eq!([bits(768, 2), bits(768, 16), bits(4096, 2), bits(64, 2), bits(1, 64)], [21, 18, 23, 17, 12]);
    }

    #[test]
    fn refusals_are_told_apart() {
        let open_error = |message| open_error(Path::new("/w.duckdb"), Access::ReadWrite, message);
        let kind = |message| open_error(message).kind();
        let locked = "IO Error: Could not set lock on file \"/w.duckdb\": Conflicting lock is held in /usr/bin/duckdb (PID 4711) by user ann. See also https://…";
        assert_eq!(kind(locked), Kind::WarehouseLocked);
        assert_eq!(open_error(locked).to_string(), "the warehouse /w.duckdb is held by /usr/bin/duckdb (PID 4711)");
        assert_eq!(
            holder("Could not set lock on file \"/w.duckdb\": Conflicting lock is held in PID 0. See also https://…"),
            None
        );
        assert_eq!(
            kind("IO Error: The file \"/w.duckdb\" exists, but it is not a valid DuckDB database file!"),
            Kind::WarehouseInvalid
        );
        assert_eq!(
            kind(
                "Serialization Error: Trying to read a database file with version number 99, but we can only read versions between 64 and 68."
            ),
            Kind::WarehouseVersion
        );
        assert_eq!(kind("IO Error: Could not write file: No space left on device"), Kind::Disk);
        assert_eq!(kind("something new"), Kind::WarehouseInvalid);
    }
}
