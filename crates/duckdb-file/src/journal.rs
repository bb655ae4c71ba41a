//! The rollback journal beside a DuckDB file: what a checkpoint is about to overwrite, kept until it is done.
//!
//! A checkpoint of DuckDB writes its metadata into the very blocks that the state before it is read from, and only then
//! the header that makes the new state count. Cut short in between, by a kill or a power cut, it leaves blocks whose
//! checksum is wrong, and no DuckDB opens the file any more. So the headers and these blocks are written beside the file
//! and synced first, and [`crate::recover`] puts them back where that happened.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::disk::{read_at, sync_folder};
use crate::error::{Error, Kind, Result, io_error};
use crate::header::{HEADER, Headers, PARTS, State};

/// What a journal begins with: its name and the version of its form.
const MAGIC: &[u8; 24] = b"sparkify rollback log 1\n";
/// The magic, the length of the rest and its hash.
const HEAD: usize = MAGIC.len() + 16;

/// A block of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataBlock {
    pub(crate) number: u64,
    /// Which of its parts the state needs, a bit each.
    pub(crate) used: u64,
}

impl MetadataBlock {
    /// The block of this number, whose parts are all used but for the `free` ones.
    #[must_use]
    pub fn new(number: u64, free: &[i64]) -> Self {
        let free = free.iter().filter(|&part| (0..PARTS as i64).contains(part));
        Self { number, used: free.fold(u64::MAX, |used, part| used & !(1 << part)) }
    }
}

/// What a journal holds.
pub(crate) struct Journal {
    pub headers: Headers,
    /// The state that the headers describe, which is the one to go back to.
    pub state: State,
    pub blocks: Vec<(MetadataBlock, Vec<u8>)>,
    /// Bytes of DuckDB's log before the next commit.
    pub log: u64,
}

/// What lies in a journal's place.
pub(crate) enum Found {
    Nothing,
    /// Its writing was cut short, so nothing was overwritten after it.
    Partial,
    Whole(Journal),
}

/// Where the journal of the database at `path` is: beside the file itself, whatever links lead to it.
pub(crate) fn place(path: &Path) -> PathBuf {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.into_os_string();
    name.push(".journal");
    name.into()
}

impl Journal {
    /// Reads what `blocks` and the headers of a database are now.
    pub fn of(database: &File, blocks: &[MetadataBlock], log: u64) -> io::Result<Self> {
        let headers = Headers::read(database)?;
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the headers of the database are damaged");
        let state = headers.state().ok_or_else(damaged)?;
        let read = |block: &MetadataBlock| {
            let mut bytes = vec![0; state.block_size as usize];
            read_at(database, &mut bytes, state.place_of(block.number)).map(|()| (*block, bytes))
        };
        // A block from behind the end of the state is none of its own.
        let own = blocks.iter().filter(|block| block.number < state.blocks);
        Ok(Self { headers, state, blocks: own.map(read).collect::<io::Result<_>>()?, log })
    }

    /// Writes it to `place` so that it outlives a power cut, readable to whom the database is readable.
    ///
    /// # Errors
    /// [`Kind::Disk`] and [`Kind::Io`]; nothing is there then.
    pub fn write(&self, database: &File, place: &Path) -> Result<()> {
        let written = self.write_file(database, place).and_then(|()| sync_folder(place));
        written.map_err(|error| {
            let _ = std::fs::remove_file(place);
            io_error(place.display(), "write the rollback journal", error).with_hint(
                "a load needs some space beside the warehouse and the right to write there; the warehouse is as it was",
            )
        })
    }

    fn write_file(&self, database: &File, place: &Path) -> io::Result<()> {
        remove(place)?;
        let mut file = File::options().write(true).create_new(true).open(place)?;
        // A file system without permissions is none to stop at.
        let _ = file.set_permissions(database.metadata()?.permissions());
        let body = self.body();
        let mut bytes = Vec::with_capacity(HEAD + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&rapidhash::v3::rapidhash_v3(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        file.write_all(&bytes)?;
        file.sync_all()
    }

    fn body(&self) -> Vec<u8> {
        let mut body = self.log.to_le_bytes().to_vec();
        body.extend(self.headers.0.concat());
        for (block, bytes) in &self.blocks {
            body.extend_from_slice(&block.number.to_le_bytes());
            body.extend_from_slice(&block.used.to_le_bytes());
            body.extend_from_slice(bytes);
        }
        body
    }

    /// Reads the journal at `place`.
    pub fn read(place: &Path) -> io::Result<Found> {
        match std::fs::read(place) {
            Ok(bytes) => Ok(Self::parse(&bytes).map_or(Found::Partial, Found::Whole)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, body) = bytes.split_at_checked(HEAD)?;
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
        let (length, hash) = head.strip_prefix(MAGIC)?.split_at_checked(8)?;
        if number(length)? != body.len() as u64 || number(hash)? != rapidhash::v3::rapidhash_v3(body) {
            return None;
        }
        let (log, body) = body.split_at_checked(8)?;
        let log = number(log)?;
        let (headers, mut rest) = body.split_at_checked(3 * HEADER)?;
        let headers = Headers([0, 1, 2].map(|i| headers[i * HEADER..(i + 1) * HEADER].to_vec()));
        let state = headers.state()?;
        let mut blocks = Vec::new();
        while !rest.is_empty() {
            let (block, behind) = rest.split_at_checked(16 + state.block_size as usize)?;
            let (fields, bytes) = block.split_at(16);
            let block = MetadataBlock { number: number(&fields[..8])?, used: number(&fields[8..])? };
            blocks.push((block, bytes.to_vec()));
            rest = behind;
        }
        Some(Self { headers, state, blocks, log })
    }
}

/// Removes the journal at `place`, if there is one.
pub(crate) fn remove(place: &Path) -> io::Result<()> {
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The error for a journal that cannot be read.
pub(crate) fn unreadable(place: &Path, error: io::Error) -> Error {
    Error::new(Kind::Io, format!("cannot read the rollback journal {}", place.display())).caused_by(error)
}
