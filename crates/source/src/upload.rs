//! Writing objects: small ones at once and side by side, large ones in parts. An object appears when it is whole.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutOptions, PutPayload};
use tokio::task::JoinHandle;

use super::Location;
use super::failure::Failure;
use super::location::Place;
use super::retry::Retry;
use super::s3::{Bucket, Store};
use super::shared::{Shared, Sources};
use crate::error::{Error, Kind, Result};

/// What is sent at a time.
const PART_BYTES: usize = 16 << 20;
/// Parts of one object under way.
const PARTS_AT_ONCE: usize = 4;
/// Whole objects under way.
const OBJECTS_AT_ONCE: usize = 32;

/// A folder in an object store that objects are written to.
pub struct Upload {
    sources: Sources,
    bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
    under_way: Arc<Mutex<VecDeque<JoinHandle<Result<Done>>>>>,
}

impl Upload {
    /// The folder that a location names; `None` when it is on disk.
    #[must_use]
    pub fn to(sources: &Sources, location: &Location) -> Option<Self> {
        let Place::S3 { bucket, key, .. } = location.place() else { return None };
        let prefix = if key.is_empty() { String::new() } else { format!("{key}/") };
        Some(Self { sources: sources.clone(), bucket: bucket.clone(), prefix, under_way: Arc::default() })
    }

    /// Begins an object.
    ///
    /// # Errors
    /// [`Kind::Settings`] when the name is not a valid key.
    pub fn object(&self, name: &str) -> Result<ObjectWriter> {
        let key = format!("{}{name}", self.prefix);
        let path =
            Path::parse(&key).map_err(|e| Error::new(Kind::Settings, format!("`{key}` is not a usable key")).caused_by(e))?;
        let target = Target { bucket: self.bucket.clone(), path, url: format!("s3://{}/{key}", self.bucket) };
        Ok(ObjectWriter {
            sources: self.sources.clone(),
            target: Arc::new(target),
            buffer: Vec::new(),
            parts: None,
            under_way: Arc::clone(&self.under_way),
        })
    }

    /// Where an object of this name is.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("s3://{}/{}{name}", self.bucket, self.prefix)
    }

    /// The bucket's region.
    ///
    /// # Errors
    /// [`Kind::SourceRegion`] and the other kinds of a store's error when it cannot be found.
    pub fn region(&self) -> Result<String> {
        self.sources.block_on(async |shared| Ok(shared.bucket(&self.bucket).await?.store().region.clone()))?
    }

    /// Removes objects. One that is missing counts as removed.
    ///
    /// # Errors
    /// The store's errors.
    pub fn remove(&self, names: &[String]) -> Result<()> {
        // Objects under way would appear afterwards. Why one failed was reported already.
        let _ = self.finish();
        for name in names {
            let object = self.object(name)?;
            let removed = self.sources.runtime()?.spawn(attempt(
                Arc::clone(self.sources.shared()),
                Arc::clone(&object.target),
                Work::Remove,
            ));
            object.wait(removed)?;
        }
        Ok(())
    }

    /// Waits until everything that was begun is written.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish(&self) -> Result<()> {
        wait_for(&self.sources, &self.under_way, 0)
    }
}

/// Waits until no more than so many objects are under way.
fn wait_for(sources: &Sources, under_way: &Mutex<VecDeque<JoinHandle<Result<Done>>>>, most: usize) -> Result<()> {
    loop {
        let oldest = {
            let mut under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
            if under_way.len() <= most {
                return Ok(());
            }
            under_way.pop_front()
        };
        if let Some(oldest) = oldest {
            sources.block_on(async |_| oldest.await)?.map_err(|_| Error::interrupted())??;
        }
    }
}

struct Target {
    bucket: String,
    path: Path,
    url: String,
}

struct Parts {
    id: String,
    done: Vec<PartId>,
    under_way: VecDeque<JoinHandle<Result<Done>>>,
    begun: usize,
}

/// An object that is being written. Dropped before [`ObjectWriter::finish`], it never appears.
pub struct ObjectWriter {
    sources: Sources,
    target: Arc<Target>,
    buffer: Vec<u8>,
    parts: Option<Parts>,
    under_way: Arc<Mutex<VecDeque<JoinHandle<Result<Done>>>>>,
}

impl ObjectWriter {
    /// Adds bytes.
    ///
    /// # Errors
    /// The store's errors.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART_BYTES {
            self.send_part()?;
        }
        Ok(())
    }

    /// Completes the object, so that it appears. Small ones appear a little later: [`Upload::finish`] waits for them.
    ///
    /// # Errors
    /// The store's errors.
    pub fn finish(mut self) -> Result<()> {
        if self.parts.is_none() {
            let bytes = std::mem::take(&mut self.buffer).into();
            let whole = self.spawn(Work::Whole(bytes))?;
            self.under_way.lock().unwrap_or_else(PoisonError::into_inner).push_back(whole);
            return wait_for(&self.sources, &self.under_way, OBJECTS_AT_ONCE);
        }
        if !self.buffer.is_empty() {
            self.send_part()?;
        }
        self.wait_for_parts(0)?;
        let Some(Parts { id, done, .. }) = &mut self.parts else { return Ok(()) };
        let work = Work::Complete { id: id.clone(), parts: std::mem::take(done) };
        let complete = self.spawn(work)?;
        self.wait(complete)?;
        self.parts = None;
        Ok(())
    }

    fn send_part(&mut self) -> Result<()> {
        if self.parts.is_none() {
            let create = self.spawn(Work::Create)?;
            let Done::Id(id) = self.wait(create)? else { return Ok(()) };
            self.parts = Some(Parts { id, done: Vec::new(), under_way: VecDeque::new(), begun: 0 });
        }
        self.wait_for_parts(PARTS_AT_ONCE - 1)?;
        let bytes = std::mem::take(&mut self.buffer).into();
        let Some(Parts { id, begun, .. }) = &self.parts else { return Ok(()) };
        let part = self.spawn(Work::Part { id: id.clone(), number: *begun, bytes })?;
        if let Some(parts) = &mut self.parts {
            parts.under_way.push_back(part);
            parts.begun += 1;
        }
        Ok(())
    }

    fn spawn(&self, work: Work) -> Result<JoinHandle<Result<Done>>> {
        let (shared, target) = (Arc::clone(self.sources.shared()), Arc::clone(&self.target));
        Ok(self.sources.runtime()?.spawn(attempt(shared, target, work)))
    }

    fn wait(&self, work: JoinHandle<Result<Done>>) -> Result<Done> {
        self.sources.block_on(async |_| work.await)?.map_err(|_| Error::interrupted())?
    }

    fn wait_for_parts(&mut self, most: usize) -> Result<()> {
        while let Some(oldest) = self.parts.as_mut().filter(|p| p.under_way.len() > most).and_then(|p| p.under_way.pop_front()) {
            if let (Done::Part(part), Some(parts)) = (self.wait(oldest)?, &mut self.parts) {
                parts.done.push(part);
            }
        }
        Ok(())
    }
}

impl Drop for ObjectWriter {
    /// Has the store delete the parts of what was not finished, as it charges for them.
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else { return };
        parts.under_way.iter().for_each(JoinHandle::abort);
        let (shared, target) = (Arc::clone(self.sources.shared()), Arc::clone(&self.target));
        if let Ok(runtime) = self.sources.runtime() {
            let forget = async move {
                if let Ok(bucket) = shared.bucket(&target.bucket).await {
                    let _ = bucket.store().client.abort_multipart(&target.path, &parts.id).await;
                }
            };
            let _ = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), forget).await });
        }
    }
}

/// A request to the store.
enum Work {
    /// Write an object at once.
    Whole(Bytes),
    /// Begin one in parts.
    Create,
    /// Write a part of it.
    Part { id: String, number: usize, bytes: Bytes },
    /// Put the parts together.
    Complete { id: String, parts: Vec<PartId> },
    /// Remove it.
    Remove,
}

/// The result of a request.
enum Done {
    Nothing,
    Id(String),
    Part(PartId),
}

/// Sends a request to the store, again and again while that may help.
async fn attempt(shared: Arc<Shared>, target: Arc<Target>, work: Work) -> Result<Done> {
    let bucket = shared.bucket(&target.bucket).await?;
    let mut retry = Retry::new(&bucket.policy);
    loop {
        let store = bucket.store();
        let failure = match ask(&bucket, &store, &target.path, &work).await {
            Ok(done) => return Ok(done),
            Err(failure) if bucket.follows(&store, &failure) => continue,
            Err(failure) => failure,
        };
        if !failure.is_transient() || !retry.pause(&target.url, &failure).await {
            return Err(failure.on_upload(&bucket, &target.url).await);
        }
    }
}

async fn ask(bucket: &Bucket, store: &Store, path: &Path, work: &Work) -> Result<Done, Failure> {
    let store = &store.client;
    Ok(match work {
        Work::Whole(bytes) => {
            bucket.in_time(store.put_opts(path, PutPayload::from(bytes.clone()), PutOptions::default())).await??;
            Done::Nothing
        }
        Work::Create => Done::Id(bucket.in_time(store.create_multipart(path)).await??),
        Work::Part { id, number, bytes } => {
            Done::Part(bucket.in_time(store.put_part(path, id, *number, PutPayload::from(bytes.clone()))).await??)
        }
        Work::Complete { id, parts } => {
            bucket.in_time(store.complete_multipart(path, id, parts.clone())).await??;
            Done::Nothing
        }
        Work::Remove => match bucket.in_time(store.delete(path)).await? {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Done::Nothing,
            Err(error) => return Err(error.into()),
        },
    })
}
