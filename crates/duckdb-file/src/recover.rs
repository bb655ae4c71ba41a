//! Undoes what a checkpoint that was cut short has left of a DuckDB file, before DuckDB opens it.
//!
//! What there is to do is decided by the headers alone. The header of the state in the journal is the one that the
//! checkpoint did not write, so it must be the same in the file. If the other one is not what it was but whole, the
//! checkpoint was done and the journal is out of date; if it is what it was, or torn, the state in the journal is the
//! one that counts, and each of its blocks that differs is put back. That may be cut short as well and begun again, as the
//! journal goes only when all is synced.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::disk::{log_of, read_at, write_at};
use crate::error::{Error, Kind, Result, io_error};
use crate::header::{Headers, is_whole, part};
use crate::journal::{self, Found, Journal};
use crate::log;

/// What is to be written where.
type Pieces<'a> = Vec<(u64, &'a [u8])>;

/// What a journal means for the file that it lies beside.
enum Finding<'a> {
    /// It is another file's.
    Foreign,
    /// The file is past it.
    Done,
    /// The state in it counts, and these pieces of the file are to be put back, if any.
    Counts(Pieces<'a>),
}

/// Puts the database back as the journal at `place` says, if there is one and it must be. The caller holds the lock on the
/// file. A file that `may_write` does not allow to change is only looked at.
///
/// # Errors
/// [`Kind::WarehouseInvalid`] where the file must be put back and may not be written; [`Kind::Io`] and [`Kind::Disk`].
pub(crate) fn recover(path: &Path, file: &File, place: &Path, may_write: bool) -> Result<()> {
    let journal = match Journal::read(place).map_err(|e| journal::unreadable(place, e))? {
        Found::Nothing => return Ok(()),
        Found::Partial => {
            discard(place);
            return Ok(());
        }
        Found::Whole(journal) => journal,
    };
    match examine(file, &journal).map_err(|e| io_error(path.display(), "read", e))? {
        Finding::Done => discard(place),
        Finding::Foreign if may_write => set_aside(path, place, "journal")?,
        Finding::Foreign => {}
        Finding::Counts(pieces) => {
            let log = log_of(path);
            let cut = log::unfinished_after(&log, Some(journal.log)).map_err(|e| io_error(log.display(), "read", e))?;
            if pieces.is_empty() && cut.is_none() {
                discard(place);
                return Ok(());
            }
            if !may_write {
                let message = format!(
                    "{} was left half written by a program or a machine that stopped, and must be restored first",
                    path.display()
                );
                return Err(Error::new(Kind::WarehouseInvalid, message).with_hint(
                    "run `sparkify runs` on it once as a user who may write the file and its folder; that restores it",
                ));
            }
            restore(file, &pieces).map_err(|e| io_error(path.display(), "put back", e))?;
            if let Some(length) = cut {
                shorten(&log, length).map_err(|e| io_error(log.display(), "put back", e))?;
            }
            tracing::warn!(
                "{} was left half written by a program or a machine that stopped; it is restored to its last whole state",
                path.display()
            );
            discard(place);
        }
    }
    Ok(())
}

fn examine<'a>(file: &File, journal: &'a Journal) -> io::Result<Finding<'a>> {
    let then = &journal.headers.0;
    let now = match Headers::read(file) {
        Ok(headers) => headers.0,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Finding::Foreign),
        Err(error) => return Err(error),
    };
    // The first header says whose file it is; it is only written where the file's format changes.
    if now[0] != then[0] && is_whole(&now[0]) {
        return Ok(Finding::Foreign);
    }
    let (kept, next) = (journal.state.header, journal.state.next_header());
    if now[kept] != then[kept] || now[next] != then[next] && is_whole(&now[next]) {
        return Ok(Finding::Done);
    }
    let mut pieces: Pieces<'a> = Vec::new();
    let mut bytes = vec![0; journal.state.block_size as usize];
    for (block, wanted) in &journal.blocks {
        let place = journal.state.place_of(block.number);
        read_at(file, &mut bytes, place)?;
        if bytes == *wanted {
            continue;
        }
        // A checkpoint keeps the parts that the state before it uses. A whole block with others is of another file.
        let is_kept = |i: &usize| {
            let part = part(journal.state.block_size, *i);
            bytes[part.clone()] == wanted[part]
        };
        if is_whole(&bytes) && !(0..64).filter(|i| block.used >> i & 1 == 1).all(|i| is_kept(&i)) {
            return Ok(Finding::Foreign);
        }
        pieces.push((place, wanted));
    }
    for index in [0, next].into_iter().filter(|&index| now[index] != then[index]) {
        pieces.push(((index * then[index].len()) as u64, &then[index]));
    }
    Ok(Finding::Counts(pieces))
}

fn restore(file: &File, pieces: &Pieces<'_>) -> io::Result<()> {
    pieces.iter().try_for_each(|(place, bytes)| write_at(file, bytes, *place))?;
    file.sync_all()
}

/// Cuts off what no committed transaction of a database's log needs. The caller holds the lock on the file, and may write.
///
/// # Errors
/// [`Kind::Io`] and [`Kind::Disk`].
pub(crate) fn cut_log(path: &Path) -> Result<()> {
    let log = log_of(path);
    match log::unfinished_after(&log, None).map_err(|e| io_error(log.display(), "read", e))? {
        Some(length) => shorten(&log, length).map_err(|e| io_error(log.display(), "put back", e)),
        None => Ok(()),
    }
}

fn shorten(log: &Path, length: u64) -> io::Result<()> {
    let file = File::options().write(true).open(log)?;
    file.set_len(length)?;
    file.sync_all()
}

/// Removes a journal that nothing needs. One that must stay does no harm: it is found out of date each time.
fn discard(place: &Path) {
    if let Err(error) = journal::remove(place) {
        tracing::debug!("{} stays: {error}", place.display());
    }
}

/// Keeps a journal or log of another database under another name: it may be all that can put that one back.
pub(crate) fn set_aside(path: &Path, place: &Path, what: &str) -> Result<()> {
    let mut name = place.as_os_str().to_owned();
    name.push(format!(".{}", crate::clock::new_id().simple()));
    std::fs::rename(place, &name).map_err(|e| io_error(place.display(), "move away", e))?;
    tracing::warn!(
        "{} is the {what} of another database than {}, so it is kept as {}; put it back beside that database if you have it",
        place.display(),
        path.display(),
        Path::new(&name).display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::fake::{BLOCK_SIZE, header, overwrite, place, sealed, write_database};
    use crate::header::HEADER;
    use crate::journal::MetadataBlock;

    /// A database whose second block is in its journal.
    fn journaled() -> (tempfile::TempDir, PathBuf, File) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.duckdb");
        write_database(&path);
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let journal = Journal::of(&file, &[MetadataBlock::new(1, &[])], 0).unwrap();
        journal.write(&file, &journal::place(&path)).unwrap();
        (folder, path, file)
    }

    #[test]
    fn a_half_written_checkpoint_is_undone_by_whoever_may_write() {
        let (_folder, path, file) = journaled();
        let before = fs::read(&path).unwrap();
        overwrite(&path, place(1), &[7; BLOCK_SIZE / 2]);
        overwrite(&path, HEADER as u64, &[7; HEADER]);
        let torn = fs::read(&path).unwrap();
        let journal = journal::place(&path);
        assert_eq!(recover(&path, &file, &journal, false).unwrap_err().kind(), Kind::WarehouseInvalid);
        assert_eq!((fs::read(&path).unwrap(), journal.exists()), (torn, true));
        recover(&path, &file, &journal, true).unwrap();
        assert_eq!((fs::read(&path).unwrap(), journal.exists()), (before, false));
    }

    #[test]
    fn a_checkpoint_that_was_done_stays() {
        let (_folder, path, file) = journaled();
        overwrite(&path, place(1), &sealed(vec![7; BLOCK_SIZE]));
        overwrite(&path, HEADER as u64, &header(1, 3));
        let after = fs::read(&path).unwrap();
        recover(&path, &file, &journal::place(&path), true).unwrap();
        assert_eq!((fs::read(&path).unwrap(), journal::place(&path).exists()), (after, false));
    }

    #[test]
    fn a_journal_whose_writing_was_cut_short_is_not_used() {
        let (_folder, path, file) = journaled();
        let journal = journal::place(&path);
        let bytes = fs::read(&journal).unwrap();
        fs::write(&journal, &bytes[..bytes.len() - 1]).unwrap();
        overwrite(&path, place(1), &sealed(vec![7; BLOCK_SIZE]));
        let now = fs::read(&path).unwrap();
        recover(&path, &file, &journal, true).unwrap();
        assert_eq!((fs::read(&path).unwrap(), journal.exists()), (now, false));
    }

    #[test]
    fn the_journal_of_another_database_is_kept_and_not_used() {
        let (folder, path, file) = journaled();
        overwrite(&path, 0, &sealed(vec![9; HEADER]));
        let now = fs::read(&path).unwrap();
        recover(&path, &file, &journal::place(&path), true).unwrap();
        assert_eq!((fs::read(&path).unwrap(), journal::place(&path).exists()), (now, false));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
