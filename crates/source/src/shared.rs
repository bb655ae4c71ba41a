//! What listings and downloads share: settings, stop flag, runtime, and one client per bucket.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError};

use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, OnceCell};

use super::credentials::Credentials;
use super::s3::{Bucket, S3Options};
use super::stop::Stop;
use crate::error::{Error, Kind, Result};

/// How many objects may arrive damaged, each once, before the connection counts as bad.
const MOST_DAMAGED: usize = 3;

/// Access to all sources of one run. Clones share connections and credentials.
#[derive(Clone)]
pub struct Sources {
    shared: Arc<Shared>,
    follow_links: bool,
}

pub(super) struct Shared {
    pub(super) options: S3Options,
    pub(super) stop: Stop,
    pub(super) credentials: OnceCell<Arc<Credentials>>,
    given: Option<SharedCredentialsProvider>,
    buckets: Mutex<HashMap<String, Arc<Bucket>>>,
    /// Objects that arrived damaged when their readers had a part of them already.
    damaged: std::sync::Mutex<HashSet<String>>,
    /// Started by the first use of S3. Dropped without waiting, as a lookup of a host name can hang for long.
    runtime: OnceLock<RuntimeInBackground>,
}

impl Sources {
    /// Looks up and connects nothing before it is needed.
    #[must_use]
    pub fn new(options: S3Options) -> Self {
        Self::build(options, None)
    }

    /// As [`Sources::new`], with these credentials instead of what the environment and the AWS profiles provide.
    #[must_use]
    pub fn with_credentials(options: S3Options, provider: SharedCredentialsProvider) -> Self {
        Self::build(options, Some(provider))
    }

    fn build(options: S3Options, given: Option<SharedCredentialsProvider>) -> Self {
        let shared = Shared {
            options,
            stop: Stop::default(),
            credentials: OnceCell::new(),
            given,
            buckets: Mutex::default(),
            damaged: std::sync::Mutex::default(),
            runtime: OnceLock::new(),
        };
        Self { shared: Arc::new(shared), follow_links: false }
    }

    /// With links followed that lead out of a folder on disk.
    #[must_use]
    pub fn following_links(mut self, follow: bool) -> Self {
        self.follow_links = follow;
        self
    }

    pub(super) fn follows_links(&self) -> bool {
        self.follow_links
    }

    /// The flag that ends what is under way, to hand to a signal handler.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.shared.stop.clone()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Runs one piece of network work to its end, or until stopped.
    pub(super) fn block_on<T>(&self, work: impl AsyncFnOnce(&Shared) -> T) -> Result<T> {
        self.runtime()?.block_on(async {
            tokio::select! {
                biased;
                () = self.shared.stop.stopped() => Err(Error::interrupted()),
                done = work(&self.shared) => Ok(done),
            }
        })
    }

    pub(super) fn runtime(&self) -> Result<&Runtime> {
        if let Some(RuntimeInBackground(Some(runtime))) = self.shared.runtime.get() {
            return Ok(runtime);
        }
        // Decryption is what costs here, and a few threads fill any line.
        let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 4);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("sparkify-net")
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::Io, "cannot start the network threads").caused_by(error))?;
        match self.shared.runtime.get_or_init(|| RuntimeInBackground(Some(runtime))) {
            RuntimeInBackground(Some(runtime)) => Ok(runtime),
            RuntimeInBackground(None) => Err(Error::interrupted()),
        }
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl Shared {
    /// The client of a bucket, created at its first use.
    pub(super) async fn bucket(&self, name: &str) -> Result<Arc<Bucket>> {
        let mut buckets = self.buckets.lock().await;
        if let Some(bucket) = buckets.get(name) {
            return Ok(Arc::clone(bucket));
        }
        let bucket = Arc::new(Bucket::connect(name, &self.options, async |region: &str| self.credentials(region).await).await?);
        buckets.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// Whether an object arrived damaged for the first time, so that all may be read once more. If many do, the connection to
    /// the store is bad, and another read would gain nothing.
    pub(super) fn is_first_damage(&self, url: &str) -> bool {
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.len() < MOST_DAMAGED && damaged.insert(url.to_owned())
    }

    /// The credentials of the run. `region` is where a role is assumed, should that be needed.
    pub(super) async fn credentials(&self, region: &str) -> Result<Arc<Credentials>> {
        let find = async || match &self.given {
            Some(provider) => Ok(Arc::new(Credentials::given(provider.clone()))),
            None => Credentials::find(self.options.profile.as_deref(), region).await.map(Arc::new),
        };
        self.credentials.get_or_try_init(find).await.map(Arc::clone)
    }
}

struct RuntimeInBackground(Option<Runtime>);

impl Drop for RuntimeInBackground {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
