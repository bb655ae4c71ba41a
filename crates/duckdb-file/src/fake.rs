//! A database for tests: a file with headers and blocks as DuckDB has them, without DuckDB.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::database::Database;
use crate::disk::{Access, log_of, write_at};
use crate::error::{Error, Kind, Result};
use crate::header::{HEADER, checksum};
use crate::journal::{self, MetadataBlock};

pub(crate) const BLOCK_SIZE: usize = 16_384;
pub(crate) const BLOCKS: u64 = 3;

/// What a fake does with some statements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// The commit fails, and nothing was changed.
    Commit,
    /// The commit reports a failure behind a checkpoint that was done.
    ReportedCommit,
    /// The checkpoint is cut short behind its first block.
    Checkpoint,
    /// The file is taken for missing when it is opened.
    Overlooked,
}

/// What happened, in order, and what is to happen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    pub events: Arc<Mutex<Vec<String>>>,
    pub fault: Fault,
}

impl Story {
    fn add(&self, event: String) {
        self.events.lock().unwrap().push(event);
    }

    /// Takes what happened so far.
    pub fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

pub(crate) struct Fake {
    path: PathBuf,
    story: Story,
}

impl Database for Fake {
    type Options = Story;

    fn open(path: &Path, access: Access, story: &Story) -> Result<Self> {
        if access == Access::ReadWrite && !path.exists() {
            write_database(path);
        }
        if story.fault == Fault::Overlooked {
            let _ = fs::remove_file(log_of(path));
            overwrite(path, 0, &new_headers());
        }
        story.add(format!("open {access:?}"));
        Ok(Self { path: path.to_owned(), story: story.clone() })
    }

    fn prepare(&self, _: &Story) -> Result<()> {
        Ok(())
    }

    fn execute(&self, _: &str, sql: &str) -> Result<()> {
        let journal = if journal::place(&self.path).exists() { " with journal" } else { "" };
        self.story.add(format!("{sql}{journal}"));
        let failed = || Error::new(Kind::Query, "failed");
        match (sql, self.story.fault) {
            ("commit", Fault::Commit) => Err(failed()),
            ("commit", Fault::ReportedCommit) => {
                overwrite(&self.path, HEADER as u64, &header(1, 3));
                Err(failed())
            }
            ("checkpoint", Fault::Checkpoint) if !journal.is_empty() => {
                overwrite(&self.path, place(1), &[7; BLOCK_SIZE]);
                Err(failed())
            }
            _ => Ok(()),
        }
    }

    fn metadata_blocks(&self) -> Result<Vec<MetadataBlock>> {
        Ok(vec![MetadataBlock::new(1, &[])])
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // Those that this process has open still.
        let targets =
            fs::read_dir("/proc/self/fd").into_iter().flatten().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
        let handles = targets.filter(|target| *target == self.path).count();
        self.story.add(format!("close before {handles}"));
    }
}

/// Writes a database in its second state, which the second header describes.
pub(crate) fn write_database(path: &Path) {
    let mut bytes = sealed(vec![1; HEADER]);
    bytes.extend(header(1, 1));
    bytes.extend(header(2, 2));
    for block in 0..BLOCKS {
        bytes.extend(sealed(vec![block as u8; BLOCK_SIZE]));
    }
    fs::write(path, bytes).unwrap();
}

/// The headers of a new database.
fn new_headers() -> Vec<u8> {
    [sealed(vec![9; HEADER]), header_of(1, 0, 0), header_of(2, 0, 0)].concat()
}

/// A header of the state that so many checkpoints led to.
pub(crate) fn header(index: u8, iteration: u64) -> Vec<u8> {
    header_of(index, iteration, BLOCKS)
}

fn header_of(index: u8, iteration: u64, blocks: u64) -> Vec<u8> {
    let mut bytes = vec![index; HEADER];
    for (field, value) in [(0, iteration), (3, blocks), (4, BLOCK_SIZE as u64)] {
        bytes[8 + field * 8..16 + field * 8].copy_from_slice(&value.to_le_bytes());
    }
    sealed(bytes)
}

/// With the checksum at the beginning.
pub(crate) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&bytes[8..]);
    bytes[..8].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Where a block begins.
pub(crate) fn place(block: u64) -> u64 {
    3 * HEADER as u64 + block * BLOCK_SIZE as u64
}

pub(crate) fn overwrite(path: &Path, place: u64, bytes: &[u8]) {
    write_at(&File::options().write(true).open(path).unwrap(), bytes, place).unwrap();
}
