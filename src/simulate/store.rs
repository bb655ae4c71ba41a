//! Where the output goes: a folder, a bucket, one file, or standard output. A file appears when it is whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result, io_error};
use crate::source::{Location, ObjectWriter, Sources, Upload};

/// An error of the operating system, with a remedy that fits a place to write to.
fn failed(path: &Path, doing: &str, error: std::io::Error) -> Error {
    let error = io_error(path.display(), doing, error);
    if error.kind() == Kind::Disk { error.with_hint("free some space, or choose another place with --out") } else { error }
}

/// A place for files.
pub enum Store {
    /// A folder on disk.
    Folder(PathBuf),
    /// A folder in a bucket.
    Bucket(Upload),
    /// Standard output, which takes a single stream whatever its name.
    Standard,
}

/// A file that is being written. Dropped before it is finished, it never appears.
pub enum Output {
    /// On disk, under another name until it is whole.
    Disk(PartFile),
    /// In a bucket.
    Object(Box<ObjectWriter>),
    /// Standard output.
    Standard,
}

impl Store {
    /// The store that a location names.
    #[must_use]
    pub fn at(location: &Location, sources: &Sources) -> Self {
        match Upload::to(sources, location) {
            Some(upload) => Self::Bucket(upload),
            None => Self::Folder(location.path().unwrap_or_default()),
        }
    }

    /// Begins a file; its name may have folders in front.
    ///
    /// # Errors
    /// [`Kind::Io`], [`Kind::Disk`].
    pub fn open(&self, name: &str) -> Result<Output> {
        match self {
            Self::Folder(root) => PartFile::create(&root.join(name)).map(Output::Disk),
            Self::Bucket(upload) => upload.object(name).map(|object| Output::Object(Box::new(object))),
            Self::Standard => Ok(Output::Standard),
        }
    }

    /// Waits until all files are where they belong.
    ///
    /// # Errors
    /// As the store refuses them.
    pub fn finish(&self) -> Result<()> {
        match self {
            Self::Bucket(upload) => upload.finish(),
            _ => Ok(()),
        }
    }
}

impl Output {
    /// Adds bytes.
    ///
    /// # Errors
    /// [`Kind::Disk`], [`Kind::Io`], what a bucket refuses, [`Kind::OutputClosed`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Disk(part) => part.file.write_all(bytes).map_err(|e| failed(&part.path, "write", e)),
            Self::Object(object) => object.write(bytes),
            Self::Standard => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| {
                    let kind = if error.kind() == std::io::ErrorKind::BrokenPipe { Kind::OutputClosed } else { Kind::Io };
                    Error::new(kind, "cannot write the output").caused_by(error)
                })
            }
        }
    }

    /// Makes the file appear.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn finish(self) -> Result<()> {
        match self {
            Self::Disk(part) => part.finish(),
            Self::Object(object) => object.finish(),
            Self::Standard => Ok(()),
        }
    }
}

/// A file on disk that has its name only when it is whole.
pub struct PartFile {
    file: File,
    path: PathBuf,
    part: Option<PathBuf>,
}

impl PartFile {
    fn create(path: &Path) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Hidden, so that a load passes it over.
        let part = folder.join(format!(".{name}.part"));
        let file = match File::create(&part) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(|e| failed(folder, "make the folder", e))?;
                File::create(&part)
            }
            other => other,
        };
        let file = file.map_err(|e| failed(&part, "make", e))?;
        Ok(Self { file, path: path.to_owned(), part: Some(part) })
    }

    fn finish(mut self) -> Result<()> {
        if let Some(part) = self.part.take() {
            fs::rename(&part, &self.path).map_err(|e| failed(&self.path, "put in place", e))?;
        }
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // What cannot be removed is hidden at least.
            let _ = fs::remove_file(part);
        }
    }
}
