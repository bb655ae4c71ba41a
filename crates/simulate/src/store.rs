//! Where the output goes: a folder, a bucket, one file, or standard output. A file appears when it is whole.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::disk::PartFile;
use crate::error::{Result, output_error};
use crate::source::{Location, ObjectWriter, Sources, Upload};

/// A place for files.
pub enum Store {
    /// A folder on disk.
    Folder(Folder),
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

/// A folder on disk.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Bytes written so far.
    written: AtomicU64,
}

/// So much is written through the page cache, where its next reader finds it. Much more would not stay there: it would evict
/// what others need, and take longer.
const CACHED_BYTES: u64 = 1 << 30;

impl Store {
    /// A folder on disk.
    #[must_use]
    pub fn folder(path: PathBuf) -> Self {
        Self::Folder(Folder { path, written: AtomicU64::new(0) })
    }

    /// Counts written bytes, which decide whether the next files go past the page cache.
    pub fn count(&self, bytes: u64) {
        if let Self::Folder(folder) = self {
            folder.written.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// The store that a location names.
    #[must_use]
    pub fn at(location: &Location, sources: &Sources) -> Self {
        match Upload::to(sources, location) {
            Some(upload) => Self::Bucket(upload),
            None => Self::folder(location.path().unwrap_or_default()),
        }
    }

    /// Begins a file; its name may have folders in front.
    ///
    /// # Errors
    /// [`crate::error::Kind::Io`], [`crate::error::Kind::Disk`].
    pub fn open(&self, name: &str) -> Result<Output> {
        match self {
            Self::Folder(folder) => {
                let direct = folder.written.load(Ordering::Relaxed) > CACHED_BYTES;
                PartFile::create(&folder.path.join(name), direct).map(Output::Disk)
            }
            Self::Bucket(upload) => upload.object(name).map(|object| Output::Object(Box::new(object))),
            Self::Standard => Ok(Output::Standard),
        }
    }

    /// Waits until all files are in place.
    ///
    /// # Errors
    /// The store's errors.
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
    /// [`crate::error::Kind::Disk`], [`crate::error::Kind::Io`], what a bucket refuses, [`crate::error::Kind::OutputClosed`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Disk(part) => part.write(bytes),
            Self::Object(object) => object.write(bytes),
            Self::Standard => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).map_err(output_error)
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
