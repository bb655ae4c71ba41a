//! A file on disk that has its name only when it is whole. Output too large for the page cache goes past it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result, io_error};
use crate::whole_file::WholeFile;

/// Past the page cache, memory and lengths have to be multiples of this.
const BLOCK: usize = 4 << 10;
/// How much is written at a time past the page cache.
const AT_ONCE: usize = 4 << 20;

/// A file that is being written. Dropped before it is finished, it never appears.
pub struct PartFile {
    whole: WholeFile,
    path: PathBuf,
    /// Another handle of the file, and what is on its way through it.
    direct: Option<(File, Blocks)>,
}

/// Bytes on their way past the page cache.
struct Blocks {
    space: Vec<u8>,
    /// Where in the space the first block begins.
    begin: usize,
    filled: usize,
}

/// An error of the operating system, with a remedy that fits a place to write to.
fn failed(path: &Path, doing: &str, error: std::io::Error) -> Error {
    let error = io_error(path.display(), doing, error);
    if error.kind() == Kind::Disk { error.with_hint("free some space, or choose another place with --out") } else { error }
}

impl PartFile {
    /// Begins a file, `direct` past the page cache where the file system can.
    ///
    /// # Errors
    /// [`Kind::Disk`], [`Kind::Io`].
    pub fn create(path: &Path, direct: bool) -> Result<Self> {
        let mut whole = WholeFile::create(path);
        if matches!(&whole, Err(error) if error.kind() == ErrorKind::NotFound) {
            let folder = path.parent().unwrap_or(Path::new(""));
            fs::create_dir_all(folder).map_err(|e| failed(folder, "create the folder", e))?;
            whole = WholeFile::create(path);
        }
        let whole = whole.map_err(|e| failed(path, "create", e))?;
        let past = if direct { open_direct(whole.part()).ok() } else { None };
        let direct = past.map(|file| {
            let space = vec![0; AT_ONCE + BLOCK];
            let begin = space.as_ptr().align_offset(BLOCK).min(BLOCK);
            (file, Blocks { space, begin, filled: 0 })
        });
        Ok(Self { whole, path: path.to_owned(), direct })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`Kind::Disk`], [`Kind::Io`].
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while let Some((_, blocks)) = &mut self.direct {
            if bytes.is_empty() {
                return Ok(());
            }
            let taken = bytes.len().min(AT_ONCE - blocks.filled);
            let at = blocks.begin + blocks.filled;
            blocks.space[at..at + taken].copy_from_slice(&bytes[..taken]);
            blocks.filled += taken;
            bytes = &bytes[taken..];
            if blocks.filled == AT_ONCE {
                self.pass_on(AT_ONCE)?;
            }
        }
        self.whole.file().write_all(bytes).map_err(|e| failed(&self.path, "write", e))
    }

    /// Writes so many of the bytes that wait, whole blocks of them; the others stay.
    fn pass_on(&mut self, length: usize) -> Result<()> {
        let Some((file, blocks)) = &mut self.direct else { return Ok(()) };
        let waiting = blocks.begin..blocks.begin + length;
        match file.write_all(&blocks.space[waiting]) {
            // The file system took the flag but not what it means: nothing is written yet.
            Err(error) if error.kind() == ErrorKind::InvalidInput => self.through_the_cache(),
            Err(error) => Err(failed(&self.path, "write", error)),
            Ok(()) => {
                blocks.space.copy_within(blocks.begin + length..blocks.begin + blocks.filled, blocks.begin);
                blocks.filled -= length;
                Ok(())
            }
        }
    }

    /// Goes on through the page cache, beginning with what waits.
    fn through_the_cache(&mut self) -> Result<()> {
        let Some((mut past, blocks)) = self.direct.take() else { return Ok(()) };
        let waiting = blocks.begin..blocks.begin + blocks.filled;
        let at = past.stream_position();
        let written = at.and_then(|at| {
            self.whole.file().seek(SeekFrom::Start(at))?;
            self.whole.file().write_all(&blocks.space[waiting])
        });
        written.map_err(|e| failed(&self.path, "write", e))
    }

    /// Makes the file appear.
    ///
    /// # Errors
    /// [`Kind::Disk`], [`Kind::Io`].
    pub fn finish(mut self) -> Result<()> {
        let whole = self.direct.as_ref().map_or(0, |(_, blocks)| blocks.filled / BLOCK * BLOCK);
        if whole > 0 {
            self.pass_on(whole)?;
        }
        self.through_the_cache()?;
        // Not synced: there may be thousands, and the same flags create them again.
        self.whole.finish().map_err(|e| failed(&self.path, "put in place", e))
    }
}

#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).custom_flags(libc::O_DIRECT | libc::O_NOFOLLOW).open(path)
}

#[cfg(not(target_os = "linux"))]
fn open_direct(_: &Path) -> std::io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_what_was_written_whichever_way_it_went() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..9_500_001_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for length in [0, 1, BLOCK, AT_ONCE - 1, AT_ONCE, AT_ONCE + BLOCK + 7, bytes.len()] {
            for direct in [false, true] {
                let path = folder.path().join(format!("new/{length}-{direct}.json"));
                let mut file = PartFile::create(&path, direct).unwrap();
                for piece in bytes[..length].chunks(777_777) {
                    file.write(piece).unwrap();
                    assert!(!path.exists());
                }
                file.finish().unwrap();
                assert!(fs::read(&path).unwrap() == bytes[..length], "{length} {direct}");
            }
        }
        drop(PartFile::create(&folder.path().join("x.json"), true).unwrap());
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["new"]);
    }
}
