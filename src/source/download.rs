//! Downloading objects ahead of their readers.
//!
//! Objects start in the order they will be opened. Each reserves its window of memory before it starts, and gives the
//! reservation back when it is opened: from then on its reader stands for it. So whoever waits for an object finds all
//! memory reserved by later ones only, or free; nothing can wait in a circle, however many readers are held open.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::SourceFile;
use super::failure::Failure;
use super::list::unquoted;
use super::retry::Retry;
use super::s3::Bucket;
use super::shared::Shared;
use crate::error::{Error, Result};

/// Unopened downloads under way at a time: small objects are all waiting, and waiting is cheap.
const LANES: usize = 64;
/// So many large objects are downloaded ahead, and so many more may be open within the memory.
const LARGE_OBJECTS: usize = 16;
const SMALLEST_BUDGET: usize = 256 << 10;
const LARGEST_WINDOW: usize = 8 << 20;
/// What the smallest object takes, for the bookkeeping around it.
const SMALLEST_RESERVE: usize = 4 << 10;

/// What goes from a download to its reader.
pub(super) enum Message {
    Data(Chunk),
    /// The object ended, and it was the one listed.
    End,
    Failed(Error),
}

/// Some bytes, which give their part of the window back when dropped.
pub(super) struct Chunk {
    pub(super) data: Bytes,
    _window: OwnedSemaphorePermit,
}

/// The reader's end of a download. Dropping it ends the download and frees its memory.
pub(super) struct Download {
    pub(super) messages: Receiver<Message>,
    task: AbortHandle,
    memory: Option<OwnedSemaphorePermit>,
    lane: Arc<Lane>,
    /// Keeps the network threads running.
    _shared: Arc<Shared>,
}

impl Download {
    /// Makes room for the next one to start.
    pub(super) fn opened(mut self) -> Self {
        self.memory = None;
        self.lane.leave();
        self
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.task.abort();
        self.lane.leave();
    }
}

/// A place among those that download ahead; left when the download is through or opened, whichever comes first.
struct Lane(Mutex<Option<OwnedSemaphorePermit>>);

impl Lane {
    fn leave(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Where a download is handed over once it has started.
pub(super) type Handover = Sender<Download>;

/// Starts the downloads one after the other, as memory allows. Those handed over belong to whoever has them.
pub(super) async fn run(
    shared: Arc<Shared>,
    files: Arc<[Arc<SourceFile>]>,
    handovers: Vec<Option<Handover>>,
    bytes_in_flight: usize,
) {
    // One half is for what is downloaded ahead, the other for what is open.
    let ahead = bytes_in_flight.clamp(SMALLEST_BUDGET, u32::MAX as usize) / 2;
    let window = (ahead / LARGE_OBJECTS).min(LARGEST_WINDOW);
    let memory = Arc::new(Semaphore::new(ahead));
    let lanes = Arc::new(Semaphore::new(LANES));
    for (index, handover) in handovers.into_iter().enumerate() {
        let Some(handover) = handover else { continue };
        let window = usize::try_from(files[index].size).unwrap_or(window).clamp(SMALLEST_RESERVE, window);
        let reserve = u32::try_from(window).unwrap_or(u32::MAX);
        // Neither semaphore is ever closed.
        let Ok(reserved) = Arc::clone(&memory).acquire_many_owned(reserve).await else { return };
        let Ok(lane) = Arc::clone(&lanes).acquire_owned().await else { return };
        let lane = Arc::new(Lane(Mutex::new(Some(lane))));
        let (sender, messages) = channel();
        let task = tokio::spawn({
            let (shared, files, lane) = (Arc::clone(&shared), Arc::clone(&files), Arc::clone(&lane));
            async move {
                let last = tokio::select! {
                    biased;
                    () = shared.stop.stopped() => Message::Failed(Error::interrupted()),
                    done = download(&shared, &files[index], window, &sender) => match done {
                        Ok(()) => Message::End,
                        Err(error) => Message::Failed(error),
                    },
                };
                // The reader may be gone, which is its right.
                let _ = sender.send(last);
                lane.leave();
            }
        });
        let task = task.abort_handle();
        let download = Download { messages, task, memory: Some(reserved), lane, _shared: Arc::clone(&shared) };
        // A fetcher that is being dropped takes no more, and what it does not take ends right here.
        let _ = handover.send(download);
    }
}

async fn download(shared: &Shared, file: &SourceFile, window: usize, sender: &Sender<Message>) -> Result<()> {
    let (name, key) = file.bucket_and_key().unwrap_or_default();
    let bucket = shared.bucket(name).await?;
    let room = Arc::new(Semaphore::new(window));
    let mut transfer = Transfer { file, key, bucket: &bucket, window, room, sender, done: 0 };
    let mut retry = Retry::new(&bucket.policy);
    loop {
        let before = transfer.done;
        let Err(failure) = transfer.resume().await else { return Ok(()) };
        if transfer.done > before {
            retry.progressed();
        }
        if !failure.is_transient() || !retry.pause(&file.url, &failure).await {
            return Err(failure.on_object(&bucket, file).await);
        }
    }
}

struct Transfer<'a> {
    file: &'a SourceFile,
    key: &'a str,
    bucket: &'a Bucket,
    window: usize,
    /// Free bytes of the window.
    room: Arc<Semaphore>,
    sender: &'a Sender<Message>,
    /// Bytes passed on so far.
    done: u64,
}

impl Transfer<'_> {
    /// Goes on from where it is to the end of the object.
    async fn resume(&mut self) -> Result<(), Failure> {
        let key = Path::parse(self.key).map_err(|error| Failure::Key(error.to_string()))?;
        let options = GetOptions {
            if_match: self.etag().map(|etag| format!("\"{etag}\"")),
            range: (self.done > 0).then_some(GetRange::Bounded(self.done..self.file.size)),
            ..GetOptions::default()
        };
        let answer = self.bucket.in_time(self.bucket.store.get_opts(&key, options)).await??;
        // Not every store heeds If-Match.
        let etag = answer.meta.e_tag.as_deref().map(unquoted);
        if answer.meta.size != self.file.size || self.etag().is_some_and(|listed| etag.is_some_and(|etag| etag != listed)) {
            return Err(Failure::Changed);
        }
        let mut body = answer.into_stream();
        while let Some(data) = self.bucket.in_time(body.next()).await? {
            let data = data?;
            if self.done + data.len() as u64 > self.file.size {
                return Err(Failure::Changed);
            }
            self.pass_on(data).await;
        }
        if self.done < self.file.size {
            return Err(Failure::Connection("the body ended early".to_owned()));
        }
        Ok(())
    }

    /// The etag as listed; a version made up from time and size is not one, and holds a dash after digits only.
    fn etag(&self) -> Option<&str> {
        let made_up = format!("{}-{}", self.file.modified_us, self.file.size);
        (self.file.version != made_up).then_some(self.file.version.as_str())
    }

    async fn pass_on(&mut self, mut data: Bytes) {
        while !data.is_empty() {
            let part = data.split_to(data.len().min(self.window));
            let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
            // Never closed; and a reader that is gone aborts this task.
            let Ok(room) = Arc::clone(&self.room).acquire_many_owned(size).await else { return };
            self.done += part.len() as u64;
            let _ = self.sender.send(Message::Data(Chunk { data: part, _window: room }));
        }
    }
}
