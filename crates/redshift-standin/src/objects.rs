//! The objects in S3 that a COPY reads, and S3's refusals in Redshift's words.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, ObjectStoreExt, RetryConfig};

use super::fault::Fault;

/// Where S3 is and who asks.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// `http://host:port`
    pub endpoint: String,
    /// The access key's id.
    pub key: String,
    /// What belongs to the key.
    pub secret: String,
}

/// A refusal of S3.
#[derive(Debug, Clone)]
pub struct Refused {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl Refused {
    pub fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// As it stands in Redshift's messages.
    pub fn shown(&self) -> String {
        format!(
            "S3ServiceException:{},Status {},Error {},Rid 5D8F1A2B3C4E6F70,ExtRid standin,CanRetry {}",
            self.message,
            self.status,
            self.code,
            u8::from(self.status >= 500)
        )
    }
}

/// The client, a bucket's made when it is first asked for.
pub struct Objects {
    access: Access,
    buckets: Mutex<HashMap<String, Arc<AmazonS3>>>,
    /// Requests to go until all are refused with this status.
    fault: Option<(u16, AtomicUsize)>,
}

/// Tries before a failure that may pass is given up. The service goes on for a quarter of an hour.
const TRIES: usize = 4;

impl Objects {
    pub fn new(access: Access) -> Self {
        Self { access, buckets: Mutex::default(), fault: None }
    }

    /// Refuses requests as these faults ask.
    pub fn faults(&mut self, faults: &[Fault]) {
        self.fault = faults.iter().find_map(|fault| match fault {
            Fault::S3(status, after) => Some((*status, AtomicUsize::new(*after))),
            _ => None,
        });
    }

    fn meets_fault(&self) -> Result<(), Refused> {
        let Some((status, left)) = &self.fault else { return Ok(()) };
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Ok(());
        }
        Err(match status {
            403 => Refused::new(403, "AccessDenied", "Access Denied"),
            503 => Refused::new(503, "SlowDown", "Please reduce your request rate."),
            other => Refused::new(*other, "InternalError", "We encountered an internal error. Please try again."),
        })
    }

    fn bucket(&self, name: &str) -> Result<Arc<AmazonS3>, Refused> {
        if let Some(found) = self.buckets.lock().unwrap().get(name) {
            return Ok(Arc::clone(found));
        }
        let bucket = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_endpoint(&self.access.endpoint)
            .with_region("us-east-1")
            .with_access_key_id(&self.access.key)
            .with_secret_access_key(&self.access.secret)
            .with_allow_http(true)
            .with_retry(RetryConfig { backoff: BackoffConfig::default(), max_retries: 0, retry_timeout: Duration::ZERO })
            .build()
            .map_err(|error| Refused::new(400, "InvalidBucketName", &error.to_string()))?;
        let bucket = Arc::new(bucket);
        self.buckets.lock().unwrap().insert(name.to_owned(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// The keys that begin so, in order, with their sizes. The beginning is text: folders mean nothing.
    pub async fn list(&self, bucket: &str, beginning: &str) -> Result<Vec<(String, u64)>, Refused> {
        self.meets_fault()?;
        let store = self.bucket(bucket)?;
        // The client lists whole folders.
        let folder = beginning.rsplit_once('/').and_then(|(folder, _)| Path::parse(folder).ok());
        let mut found: Vec<(String, u64)> = tried(|| async {
            store.list(folder.as_ref()).map_ok(|object| (object.location.to_string(), object.size)).try_collect().await
        })
        .await?;
        found.retain(|(key, _)| key.starts_with(beginning));
        found.sort();
        Ok(found)
    }

    /// An object's content.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Bytes, Refused> {
        self.meets_fault()?;
        let store = self.bucket(bucket)?;
        let path = Path::parse(key).map_err(|_| Refused::new(404, "NoSuchKey", "The specified key does not exist."))?;
        tried(|| async { store.get(&path).await?.bytes().await }).await
    }
}

async fn tried<T, F: Future<Output = object_store::Result<T>>>(ask: impl Fn() -> F) -> Result<T, Refused> {
    let mut tries = 0;
    loop {
        let refused = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => in_words(&error),
        };
        tries += 1;
        if refused.status < 500 || tries == TRIES {
            return Err(refused);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn in_words(error: &object_store::Error) -> Refused {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(&next.to_string());
        cause = next.source();
    }
    let text = text.as_str();
    match error {
        object_store::Error::NotFound { .. } if text.contains("NoSuchBucket") => {
            Refused::new(404, "NoSuchBucket", "The specified bucket does not exist")
        }
        object_store::Error::NotFound { .. } => Refused::new(404, "NoSuchKey", "The specified key does not exist."),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            Refused::new(403, "AccessDenied", "Access Denied")
        }
        _ if text.contains("PermanentRedirect") || text.contains("301 Moved") => Refused::new(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
        ),
        _ if text.contains("SlowDown") || text.contains("503 Service") => {
            Refused::new(503, "SlowDown", "Please reduce your request rate.")
        }
        _ => Refused::new(500, "InternalError", "We encountered an internal error. Please try again."),
    }
}
