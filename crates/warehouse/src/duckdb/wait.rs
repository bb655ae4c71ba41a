//! Opens a warehouse's file, and waits where another process has it.

use std::path::Path;
use std::time::{Duration, Instant};

use super::connect::{Database, Resources};
use super::create;
use super::disk::Access;
use super::file::DataFile;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;

/// How long whoever finds a warehouse that is being made waits for its first load at least.
const FIRST_LOAD: Duration = Duration::from_mins(1);

/// Opens the file at `path`, waiting up to `wait` for another process to let go of it; longer if the warehouse `is_new`,
/// because two that find none and make one cannot know of each other.
pub(super) fn open_waiting(
    path: &Path,
    access: Access,
    resources: Resources,
    wait: Duration,
    is_new: bool,
    interrupt: &Interrupt,
) -> Result<(Database, DataFile)> {
    let began = Instant::now();
    let mut told = false;
    loop {
        match open_once(path, access, resources) {
            Err(e) if e.kind() == Kind::WarehouseLocked => {
                let is_new = is_new || access == Access::ReadWrite && create::is_under_way(path);
                let wait = if is_new { wait.max(FIRST_LOAD) } else { wait };
                if began.elapsed() >= wait {
                    return Err(e);
                }
                if !told {
                    tracing::info!("{e}; waiting");
                    told = true;
                }
                interrupt.check()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            other => return other,
        }
    }
}

fn open_once(path: &Path, access: Access, resources: Resources) -> Result<(Database, DataFile)> {
    let (mut database, mut file) = open_file(path, access, resources)?;
    // Whoever held the file a moment ago may have been killed since.
    if database.as_ref().map_or_else(Error::kind, |_| Kind::WarehouseInvalid) == Kind::WarehouseInvalid && file.may_be_torn() {
        drop((database, file));
        (database, file) = open_file(path, access, resources)?;
    }
    let database = database?;
    if file.is_opened() {
        Ok((database, file))
    } else {
        // DuckDB's handle is closed first.
        drop(database);
        let message = format!("another file took the place of {} while it was opened", path.display());
        Err(Error::new(Kind::WarehouseLocked, message))
    }
}

/// Opens our handle, which sees to the file, and then DuckDB's.
fn open_file(path: &Path, access: Access, resources: Resources) -> Result<(Result<Database>, DataFile)> {
    let file = DataFile::open(path, access)?;
    Ok((Database::open(path, access, resources), file))
}
