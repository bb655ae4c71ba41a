//! A file that is there when it is whole, or not at all, and takes nobody's place.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result, io_error};

/// A file under way to its place, written under a name beside it. Removed on drop if it is not finished.
pub struct NewFile {
    path: PathBuf,
    /// None for what is not a file but takes what is written, like a pipe.
    beside: Option<PathBuf>,
    file: BufWriter<File>,
}

impl NewFile {
    /// Begins a file.
    ///
    /// # Errors
    /// [`Kind::Usage`] where something is there already; [`Kind::Disk`] and [`Kind::Io`], naming the place.
    pub fn create(path: &Path) -> Result<Self> {
        let failed = |error| io_error(path.display(), "create", error);
        if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
            return Ok(Self { path: path.to_owned(), beside: None, file: BufWriter::new(file) });
        }
        refuse_taken(path)?;
        let name = path.file_name();
        let name = name.ok_or_else(|| Error::new(Kind::Usage, format!("{} is not a file name", path.display())))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let beside = path.with_file_name(hidden);
        // What a process of this number has left behind is of no use to anybody; a link is not followed.
        let _ = std::fs::remove_file(&beside);
        let file = OpenOptions::new().write(true).create_new(true).open(&beside).map_err(failed)?;
        Ok(Self { path: path.to_owned(), beside: Some(beside), file: BufWriter::new(file) })
    }

    /// Puts the file into its place.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn finish(mut self) -> Result<()> {
        let failed = |error| io_error(self.path.display(), "write", error);
        self.file.flush().map_err(failed)?;
        if let Some(beside) = &self.beside {
            self.file.get_ref().sync_all().map_err(failed)?;
            refuse_taken(&self.path)?;
            std::fs::rename(beside, &self.path).map_err(failed)?;
            self.beside = None;
        }
        Ok(())
    }
}

fn refuse_taken(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("{} exists already", path.display());
    Err(Error::new(Kind::Usage, message).with_hint("name another file with --out, or move that one away"))
}

impl Write for &mut NewFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = std::fs::remove_file(beside);
        }
    }
}
