//! Keeps a DuckDB file whole over kills, power cuts, full disks and other processes, whatever is in it.
//!
//! DuckDB writes a checkpoint's metadata over the blocks that the state before it is read from. Cut short there, it leaves a
//! file that no DuckDB opens. A [`DatabaseFile`] writes these blocks to a rollback journal first, and the next one to open the
//! file puts them back. It also creates a file whole or not at all, waits while another process has it, and finds out whether a
//! commit that DuckDB reports as failed took place.
//!
//! DuckDB itself is not a dependency: the caller implements [`Database`] with the driver it has.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use sparkify_duckdb_file::{Commit, Database, DatabaseFile, OpenOptions};
//! # use sparkify_runtime::error::Result;
//! # fn load<D: Database<Options = ()>>() -> Result<()> {
//! # let options = OpenOptions { database: (), wait: Default::default(), interrupt: Default::default() };
//!
//! let create_tables = |database: &D| database.execute("create_tables", "create table plays (id bigint)");
//! let mut file = DatabaseFile::<D>::open(Path::new("plays.duckdb"), options, create_tables)?;
//! file.begin()?;
//! file.database()?.execute("insert", "insert into plays values (1)")?;
//! match file.commit()? {
//!     Commit::Done(warnings) => println!("committed, {} warnings", warnings.len()),
//!     // The caller looks whether its row is there, and says so.
//!     Commit::Doubtful(failure) => drop(file.conclude(Ok(true), failure)?),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Files
//!
//! | beside `w.duckdb` | what it is |
//! | --- | --- |
//! | `w.duckdb.wal` | DuckDB's write-ahead log, which is cut off behind its last whole transaction before DuckDB reads it |
//! | `w.duckdb.journal` | the rollback journal, while a checkpoint may be under way |
//! | `w.duckdb.creating/` | where a new file is made before it has its name |
//!
//! # Locks
//!
//! DuckDB's lock on a file belongs to the process, and closing any handle of the file gives it up. So this crate's own handle
//! is opened before DuckDB's and closed after it. A process must not open the file by other means meanwhile.

#![forbid(unsafe_code)]

mod commit;
mod create;
mod database;
mod database_file;
mod disk;
mod handle;
mod header;
mod journal;
mod log;
mod overlooked;
mod recover;
mod wait;

pub use commit::Commit;
pub use database::{Database, NO_CHECKPOINT};
pub use database_file::DatabaseFile;
pub use disk::{Access, try_lock};
pub use journal::MetadataBlock;
pub use wait::OpenOptions;

use sparkify_runtime::{clock, error, interrupt};

#[cfg(test)]
mod fake;
