//! Downloading objects ahead of their readers.
//!
//! Objects start in the order they will be opened. Each reserves its window of memory before it starts, and gives the
//! reservation back when it is opened: from then on its reader stands for it. So a thread that waits for an object finds all
//! memory reserved by later ones only, or free; nothing can wait in a circle, however many readers are held open.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use object_store::path::Path;
use object_store::{Extensions, GetOptions, GetRange, ObjectStore};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::SourceFile;
use super::diagnosis::damaged_once;
use super::failure::Failure;
use super::integrity::{Check, Claims};
use super::list::unquoted;
use super::retry::Retry;
use super::s3::{Bucket, Store};
use super::server_error::Expected;
use super::shared::Shared;
use crate::error::{Error, Result};

/// Unopened downloads under way at a time. Small objects mostly wait for the network, and waiting is cheap.
const LANES: usize = 64;
/// So many large objects are downloaded ahead, and so many more may be open within the memory.
const LARGE_OBJECTS: usize = 16;
const SMALLEST_BUDGET: usize = 256 << 10;
const LARGEST_WINDOW: usize = 8 << 20;
/// How often an object that arrives damaged is requested again. Damage that repeats does not pass.
const MOST_DAMAGES: u32 = 2;
/// The memory reserved for the smallest object, bookkeeping included.
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

    /// Discards the rest of the object; returns its error, if it had one.
    pub(super) fn failure(&self) -> Option<Error> {
        self.messages.iter().find_map(|message| match message {
            Message::Data(_) => None,
            Message::End => Some(None),
            Message::Failed(error) => Some(Some(error)),
        })?
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.task.abort();
        self.lane.leave();
    }
}

/// A place among the downloads ahead. The download leaves it when it is complete or opened, whichever comes first.
struct Lane(Mutex<Option<OwnedSemaphorePermit>>);

impl Lane {
    fn leave(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Where a download is handed over once it has started.
pub(super) type Handover = Sender<Download>;

/// Starts the downloads one after the other, as memory allows. Those handed over belong to their new owner.
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
                // The reader may be gone, which is not an error.
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
    let mut transfer = Transfer { file, key, bucket: &bucket, window, room, sender, done: 0, check: None, held: None };
    let mut retry = Retry::new(&bucket.policy);
    let mut damages = 0;
    loop {
        let before = transfer.done;
        let store = bucket.store();
        let Err(failure) = transfer.resume(&store).await else { return Ok(()) };
        if bucket.follows(&store, &failure) {
            continue;
        }
        if transfer.done > before {
            retry.progressed();
        }
        // Bytes that the reader has already cannot be taken back.
        let is_damaged = matches!(failure, Failure::Damaged(_));
        let is_passed_on = is_damaged && transfer.held.is_none();
        damages += u32::from(is_damaged);
        if is_passed_on && shared.is_first_damage(&file.url) {
            return Err(damaged_once(file, &failure));
        }
        if is_passed_on || damages > MOST_DAMAGES || !failure.is_transient() || !retry.pause(&file.url, &failure).await {
            return Err(failure.on_object(&bucket, file).await);
        }
    }
}

fn expecting(size: u64) -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(Expected(size));
    extensions
}

struct Transfer<'a> {
    file: &'a SourceFile,
    key: &'a str,
    bucket: &'a Bucket,
    window: usize,
    /// Free bytes of the window.
    room: Arc<Semaphore>,
    sender: &'a Sender<Message>,
    /// Bytes received so far.
    done: u64,
    /// Compares them with what the store says of the object.
    check: Option<Check>,
    /// Bytes that wait for the comparison, if the window holds the whole object. If it fails, they are requested again.
    held: Option<Vec<Bytes>>,
}

impl Transfer<'_> {
    /// Goes on from where it is to the end of the object.
    async fn resume(&mut self, store: &Store) -> Result<(), Failure> {
        let key = Path::parse(self.key).map_err(|error| Failure::Key(error.to_string()))?;
        let options = GetOptions {
            if_match: self.etag().map(|etag| format!("\"{etag}\"")),
            range: (self.done > 0).then_some(GetRange::Bounded(self.done..self.file.size)),
            ..GetOptions::default()
        }
        .with_extensions(expecting(self.file.size - self.done));
        let answer = self.bucket.in_time(store.reader.get_opts(&key, options)).await??;
        // Not every store honours If-Match.
        let etag = answer.meta.e_tag.as_deref().map(unquoted);
        // The listed object with another size can only come from a proxy.
        if answer.meta.size != self.file.size && self.etag().is_some() && (etag.is_none() || etag == self.etag()) {
            let (size, listed) = (answer.meta.size, self.file.size);
            return Err(Failure::Connection(format!("the answer has {size} bytes, the object {listed}")));
        }
        if answer.meta.size != self.file.size || self.etag().is_some_and(|listed| etag.is_some_and(|etag| etag != listed)) {
            return Err(Failure::Changed);
        }
        if self.done == 0 {
            // An answer with a part claims no checksum. That of the whole covers parts that are requested later, too.
            let claims = answer.extensions.get::<Claims>().cloned().unwrap_or_default();
            self.check = self.check_of(store, claims, etag.map(str::to_owned)).await?;
            self.held = (self.check.is_some() && self.file.size <= self.window as u64).then(Vec::new);
        }
        let mut body = answer.into_stream();
        while let Some(data) = self.bucket.in_time(body.next()).await? {
            let data = data?;
            if self.done + data.len() as u64 > self.file.size {
                return Err(Failure::Changed);
            }
            self.done += data.len() as u64;
            if let Some(check) = &mut self.check {
                check.update(&data);
            }
            match &mut self.held {
                Some(held) => held.push(data),
                None => self.pass_on(data).await,
            }
        }
        if self.done < self.file.size {
            return Err(Failure::Connection("the body ended early".to_owned()));
        }
        if let Some(Err(mismatch)) = self.check.take().map(Check::finish) {
            if self.held.is_some() {
                self.done = 0;
            }
            return Err(Failure::Damaged(mismatch));
        }
        for data in self.held.take().unwrap_or_default() {
            self.pass_on(data).await;
        }
        Ok(())
    }

    /// What to compare the object with.
    async fn check_of(&self, store: &Store, claims: Claims, etag: Option<String>) -> Result<Option<Check>, Failure> {
        let etag = etag.as_deref().filter(|_| self.bucket.has_md5_etags());
        let sizes = match claims.parts() {
            Some(parts) => self.bucket.part_sizes(store, self.key, self.file.size, parts).await?,
            None => None,
        };
        let check = claims.check(etag, sizes);
        if check.is_none() {
            tracing::debug!(
                url = self.file.url,
                "the store gives no checksum that can be compared, so only the size is compared"
            );
        }
        Ok(check)
    }

    /// The etag as listed. A version made up from time and size is not an etag.
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
            let _ = self.sender.send(Message::Data(Chunk { data: part, _window: room }));
        }
    }
}
