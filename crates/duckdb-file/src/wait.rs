//! Opens a database's file, and waits where another process has it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::create;
use crate::database::{Database, open_database};
use crate::disk::Access;
use crate::error::{Error, Kind, Result};
use crate::handle::Handle;
use crate::interrupt::Interrupt;

/// How long whoever finds a database that is being made waits for its first load at least.
const FIRST_LOAD: Duration = Duration::from_mins(1);

/// How to open a database's file.
#[derive(Debug, Clone)]
pub struct OpenOptions<O> {
    /// How DuckDB opens it.
    pub database: O,
    /// How long to wait for another process to let go of it.
    pub wait: Duration,
    /// Ends the waiting early.
    pub interrupt: Interrupt,
}

/// Opens the file at `path`, waiting for another process to let go of it; longer than `options` say if the database `is_new`,
/// because two that find none and make one cannot know of each other.
pub(crate) fn open_waiting<D: Database>(
    path: &Path,
    access: Access,
    options: &OpenOptions<D::Options>,
    is_new: bool,
) -> Result<(D, Handle)> {
    let began = Instant::now();
    let mut told = false;
    loop {
        match open_once(path, access, &options.database) {
            Err(e) if e.kind() == Kind::WarehouseLocked => {
                let is_new = is_new || access == Access::ReadWrite && create::is_under_way(path);
                let wait = if is_new { options.wait.max(FIRST_LOAD) } else { options.wait };
                if began.elapsed() >= wait {
                    return Err(e);
                }
                if !told {
                    tracing::info!("{e}; waiting");
                    told = true;
                }
                options.interrupt.check()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            other => return other,
        }
    }
}

fn open_once<D: Database>(path: &Path, access: Access, options: &D::Options) -> Result<(D, Handle)> {
    let (mut database, mut handle) = open_both::<D>(path, access, options)?;
    // Whoever held the file a moment ago may have been killed since.
    if database.as_ref().map_or_else(Error::kind, |_| Kind::WarehouseInvalid) == Kind::WarehouseInvalid && handle.may_be_torn() {
        drop((database, handle));
        (database, handle) = open_both(path, access, options)?;
    }
    let database = database?;
    if handle.is_opened() {
        Ok((database, handle))
    } else {
        // DuckDB's handle is closed first.
        drop(database);
        let message = format!("another file took the place of {} while it was opened", path.display());
        Err(Error::new(Kind::WarehouseLocked, message))
    }
}

/// Opens our handle, which sees to the file, and then DuckDB's.
fn open_both<D: Database>(path: &Path, access: Access, options: &D::Options) -> Result<(Result<D>, Handle)> {
    let mut handle = Handle::open(path, access)?;
    let database = open_database(path, access, options);
    handle.undo_new_database()?;
    Ok((database, handle))
}
