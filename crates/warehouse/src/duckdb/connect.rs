//! Opens DuckDB files, and explains every refusal.

use std::ffi::CString;
use std::path::Path;

use duckdb::Connection;
use duckdb::types::Value;
use sparkify_duckdb_ffi as duckdb_ffi;
use sparkify_duckdb_file::{Access, Database, MetadataBlock, NO_CHECKPOINT, try_lock};

use super::query_error;
use super::stream::{self, BatchSlot};
use crate::Statement;
use crate::error::{Error, Kind, Result, io_error};

/// The format of the files. The newest that the 1.4 and 1.5 clients of most tools can open.
const STORAGE_VERSION: &str = "v1.4.0";

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

/// An open database with one connection.
pub(super) struct Session {
    // Dropped before the database that it belongs to.
    pub connection: Connection,
    database: duckdb_ffi::Database,
    /// The staged views are there.
    pub has_views: bool,
    /// What DuckDB was told that it may use, if that is not what it was opened with.
    pub limit: Option<String>,
}

impl Database for Session {
    /// What DuckDB may use, and where it finds the staged batch.
    type Options = (Resources, BatchSlot);

    fn open(path: &Path, access: Access, (resources, _): &Self::Options) -> Result<Self> {
        let bad_path = || Error::new(Kind::Settings, format!("the warehouse's path {} cannot be used", path.display()));
        let c_path = CString::new(path.to_str().ok_or_else(bad_path)?).map_err(|e| bad_path().caused_by(e))?;
        let database = duckdb_ffi::Database::open(&c_path, &settings(access, *resources))
            .map_err(|message| open_error(path, access, &message))?;
        let connection = database.connect().map_err(|e| Error::new(Kind::Query, "cannot connect to DuckDB").caused_by(e))?;
        Ok(Self { connection, database, has_views: false, limit: None })
    }

    fn prepare(&self, (resources, slot): &Self::Options) -> Result<()> {
        if self.database.register(stream::FUNCTION, slot.clone(), resources.threads) {
            Ok(())
        } else {
            Err(Error::new(Kind::Query, "DuckDB did not accept the staging function"))
        }
    }

    fn execute(&self, name: &str, sql: &str) -> Result<()> {
        tracing::debug!(statement = name, "execute");
        self.connection.execute_batch(sql).map_err(|e| query_error(name, e))
    }

    fn metadata_blocks(&self) -> Result<Vec<MetadataBlock>> {
        let statement = Statement::DuckDbMetadataBlocks;
        let failed = |e| query_error(statement.name(), e);
        let mut prepared = self.connection.prepare(statement.text()).map_err(failed)?;
        let rows = prepared.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Value>(1)?))).map_err(failed)?;
        let block = |(number, free): (i64, Value)| {
            let free = if let Value::List(parts) = free { parts } else { Vec::new() };
            let free = free.into_iter().filter_map(|part| if let Value::BigInt(n) = part { Some(n) } else { None });
            MetadataBlock::new(number as u64, &free.collect::<Vec<_>>())
        };
        rows.map(|row| row.map(block)).collect::<duckdb::Result<_>>().map_err(failed)
    }
}

/// DuckDB's settings.
fn settings(access: Access, resources: Resources) -> Vec<(&'static str, String)> {
    // Answers count by minutes, days and users; loads have no use for arrays of groups.
    // DuckDB does not see of a prepared statement that it says `order by`: where it need not keep the order of rows, it
    // hands over the parts of a sort as they are done. A load takes its facts in any order; whoever only reads does not.
    let (mode, array_bits, keeps_order) = match access {
        Access::ReadOnly => ("READ_ONLY", resources.array_bits(), true),
        Access::ReadWrite => ("READ_WRITE", DEFAULT_ARRAY_BITS, false),
    };
    let mut settings = vec![
        ("access_mode", mode.to_owned()),
        ("storage_compatibility_version", STORAGE_VERSION.to_owned()),
        ("memory_limit", memory_limit(resources.memory)),
        ("threads", resources.threads.max(1).to_string()),
        ("preserve_insertion_order", keeps_order.to_string()),
        // Each row group is compressed when it is full, while a core's cache still has some of it.
        ("write_buffer_row_group_count", "1".to_owned()),
        // No commit goes on to a checkpoint by itself, as one needs its rollback journal (`crates/duckdb-file`).
        ("checkpoint_threshold", NO_CHECKPOINT.to_owned()),
        // Nothing is fetched behind the user's back; the warehouse needs no extension.
        ("autoinstall_known_extensions", "false".to_owned()),
        ("autoload_known_extensions", "false".to_owned()),
        ("perfect_ht_threshold", array_bits.to_string()),
    ];
    if access == Access::ReadOnly {
        settings.extend(CLOSED.map(|(name, value)| (name, value.to_owned())));
    }
    settings
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
