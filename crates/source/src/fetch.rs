//! Opens listed files, on several threads at once.

use std::fs::File;
use std::io::Read as _;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use super::diagnosis::changed;
use super::download::{self, Download};
use super::local::unchanged;
use super::reader::{Raw, Reader, file_error};
use super::shared::Sources;
use super::stop::Stop;
use super::{Compression, SourceFile};
use crate::error::{Error, Kind, Result};

/// Reads a list of files; objects are downloaded ahead, in the order of the list.
///
/// Open each file once, in ascending order over all threads. Open and drop one that is not wanted: until then it keeps its
/// place in memory. Dropping the fetcher ends what was not opened; readers go on.
pub struct Fetcher {
    files: Arc<[Arc<SourceFile>]>,
    /// Where each object's download arrives; `None` for files on disk and what was opened already.
    downloads: Vec<Mutex<Option<Receiver<Download>>>>,
    scheduler: Option<AbortHandle>,
    stop: Stop,
}

impl Fetcher {
    /// Begins to download at once. At most `bytes_in_flight` bytes (and at least 256 KiB) are buffered altogether, as
    /// long as no more than 16 readers are open; each beyond that adds at most a 32nd of it.
    ///
    /// # Errors
    /// [`Kind::Io`] when no thread can be started, [`Kind::Interrupted`]. A file's own errors come from its reader.
    pub fn new(files: impl IntoIterator<Item: Into<Arc<SourceFile>>>, sources: &Sources, bytes_in_flight: usize) -> Result<Self> {
        let stop = sources.stop();
        stop.check()?;
        let files: Arc<[Arc<SourceFile>]> = files.into_iter().map(Into::into).collect();
        let mut handovers = Vec::with_capacity(files.len());
        let mut downloads = Vec::with_capacity(files.len());
        for file in &*files {
            let (handover, arrival) = match file.bucket_and_key() {
                Some(_) => {
                    let (handover, arrival) = channel();
                    (Some(handover), Some(arrival))
                }
                None => (None, None),
            };
            handovers.push(handover);
            downloads.push(Mutex::new(arrival));
        }
        let scheduler = if handovers.iter().any(Option::is_some) {
            let all = download::run(Arc::clone(sources.shared()), Arc::clone(&files), handovers, bytes_in_flight);
            let stopped = stop.clone();
            // The end of this task wakes every thread that waits for a download to begin.
            let task = sources.runtime()?.spawn(async move {
                tokio::select! {
                    biased;
                    () = stopped.stopped() => {}
                    () = all => {}
                }
            });
            Some(task.abort_handle())
        } else {
            None
        };
        Ok(Self { files, downloads, scheduler, stop })
    }

    /// The files, in the order given.
    #[must_use]
    pub fn files(&self) -> &[Arc<SourceFile>] {
        &self.files
    }

    /// Opens a file; for an object this waits until its download has begun.
    ///
    /// # Errors
    /// [`Kind::SourceFile`] when a file on disk is gone or unreadable, [`Kind::Interrupted`]; [`Kind::Io`] for an index
    /// out of range, and for an object opened twice.
    pub fn open(&self, index: usize) -> Result<Reader> {
        self.stop.check()?;
        let raw = self.raw(self.file(index)?, index)?;
        Reader::new(Arc::clone(&self.files), index, raw, self.stop.clone())
    }

    fn file(&self, index: usize) -> Result<&SourceFile> {
        let file = self.files.get(index).map(|file| &**file);
        file.ok_or_else(|| Error::new(Kind::Io, format!("there is no file number {index} to open")))
    }

    fn raw(&self, file: &SourceFile, index: usize) -> Result<Raw> {
        if let Some(path) = file.local_path() {
            return File::open(path).map(Raw::disk).map_err(|error| file_error(file, error));
        }
        let arrival = self.downloads[index].lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(arrival) = arrival else {
            return Err(Error::new(Kind::Io, format!("{} cannot be opened a second time", file.url)));
        };
        // It ends with an error only when everything was stopped.
        arrival.recv().map(|download| Raw::object(download.opened())).map_err(|_| Error::interrupted())
    }

    /// Appends the whole decompressed content of a file: the fast path for small ones.
    ///
    /// # Errors
    /// As [`Fetcher::open`] and reading; `into` is then as it was.
    pub fn read_all(&self, index: usize, into: &mut Vec<u8>) -> Result<()> {
        let start = into.len();
        let file = self.file(index)?;
        let read = match (file.local_path(), file.compression) {
            (Some(path), Compression::None) => {
                self.stop.check().and_then(|()| read_plain(&path, file, into).map_err(|error| file_error(file, error)))
            }
            _ => self
                .open(index)
                .and_then(|mut reader| reader.read_to_end(into).map(drop).map_err(|error| file_error(file, error))),
        };
        if read.is_err() {
            into.truncate(start);
        }
        read
    }
}

/// Open, read, stat: with the size known beforehand, a small file takes one call each.
fn read_plain(path: &std::path::Path, listed: &SourceFile, into: &mut Vec<u8>) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let start = into.len();
    let size = usize::try_from(listed.size).map_err(std::io::Error::other)?;
    into.resize(start + size, 0);
    let mut done = 0;
    while done < size {
        match file.read(&mut into[start + done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // As many bytes as listed, from a file that still has that size and time, are the whole of it.
    if done < size || !unchanged(&file, listed)? {
        return Err(std::io::Error::other(changed(listed)));
    }
    Ok(())
}

impl Sources {
    /// Shorthand for [`Fetcher::new`].
    ///
    /// # Errors
    /// As [`Fetcher::new`].
    pub fn fetch(&self, files: impl IntoIterator<Item: Into<Arc<SourceFile>>>, bytes_in_flight: usize) -> Result<Fetcher> {
        Fetcher::new(files, self, bytes_in_flight)
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        if let Some(scheduler) = &self.scheduler {
            scheduler.abort();
        }
    }
}
