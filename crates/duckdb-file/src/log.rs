//! Looks at DuckDB's write-ahead log before DuckDB does: whether it belongs to the file, and whether all of it arrived.
//!
//! A log begins with an entry that names its database. Then come entries of a length, a checksum and so many bytes, and one of
//! them ends each transaction. DuckDB refuses the whole database where the checksum of an entry is wrong. After a power cut that is
//! so where nothing was synced yet, and so nothing was committed.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::header::{IDENTIFIER, checksum, number};

/// The most bytes of the first entry.
const LONGEST_FIRST: usize = 128;
/// The first entry's type, that of a checkpoint's mark, and that of what ends a transaction.
const VERSION: u64 = 98;
const CHECKPOINT: u64 = 99;
const FLUSH: u64 = 100;
/// The version whose entries have checksums.
const WITH_CHECKSUMS: u64 = 2;
/// Bytes of an entry's length and checksum.
const HEAD: usize = 16;

/// The first entry.
struct First {
    version: u64,
    /// None where the database has no identifier.
    identifier: Option<[u8; IDENTIFIER]>,
    length: usize,
}

/// Whether the log at `path` names another database than the one with this identifier.
pub(crate) fn is_foreign(path: &Path, identifier: &[u8; IDENTIFIER]) -> bool {
    let mut bytes = Vec::with_capacity(LONGEST_FIRST);
    let read = File::open(path).and_then(|log| io::Read::read_to_end(&mut io::Read::take(log, LONGEST_FIRST as u64), &mut bytes));
    read.is_ok() && first(&bytes).and_then(|first| first.identifier).is_some_and(|named| named != *identifier)
}

/// Where the log at `path` is to be cut off: behind the last transaction or mark that arrived whole, if anything follows it. `sure` is
/// how many of its bytes are known to have been synced; where that is not known, what is damaged is left for DuckDB to refuse.
///
/// DuckDB 2.0 skips an entry that is cut off at the end. But where nothing before it is whole, it may leave the log in its place
/// at the next checkpoint, and then refuses the database, as the log is of an older checkpoint.
pub(crate) fn unfinished_after(path: &Path, sure: Option<u64>) -> io::Result<Option<u64>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(first) = first(&bytes) else { return Ok((!bytes.is_empty() && sure == Some(0)).then_some(0)) };
    if first.version != WITH_CHECKSUMS {
        return Ok(None);
    }
    let (mut rest, mut end) = (&bytes[first.length..], 0);
    while let Some((head, behind)) = rest.split_at_checked(HEAD) {
        let Some((entry, next)) = usize::try_from(number(head, 0)).ok().and_then(|size| behind.split_at_checked(size)) else {
            break;
        };
        if entry.is_empty() {
            break;
        }
        if number(head, 8) != checksum(entry) {
            let at = (bytes.len() - rest.len()) as u64;
            return Ok(sure.filter(|&sure| at >= sure).map(|_| end));
        }
        rest = next;
        let mut fields = Fields(entry);
        if fields.is_next(100) && matches!(fields.number(), Some(FLUSH | CHECKPOINT)) {
            end = (bytes.len() - rest.len()) as u64;
        }
    }
    Ok((end < bytes.len() as u64).then_some(end))
}

fn first(bytes: &[u8]) -> Option<First> {
    let mut fields = Fields(bytes);
    if !fields.is_next(100) || fields.number()? != VERSION || !fields.is_next(101) {
        return None;
    }
    let version = fields.number()?;
    let mut identifier = None;
    if fields.is_next(102) {
        if fields.number()? != IDENTIFIER as u64 {
            return None;
        }
        let mut named = [0; IDENTIFIER];
        for byte in &mut named {
            *byte = u8::try_from(fields.number()?).ok()?;
        }
        identifier = Some(named);
    }
    if fields.is_next(103) {
        fields.number()?;
    }
    fields.is_next(u16::MAX).then(|| First { version, identifier, length: bytes.len() - fields.0.len() })
}

/// Fields as DuckDB writes them: the number of each, then its value.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// Passes over the number of a field if it is this one.
    fn is_next(&mut self, field: u16) -> bool {
        let rest = self.0.strip_prefix(&field.to_le_bytes());
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// A whole number, seven bits a byte.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}
