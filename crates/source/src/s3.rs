//! One bucket's client: endpoint, region and settings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::credentials::{Credentials, configured_region};
use super::endpoint::{
    as_base, domain, endpoint_of_environment, is_host_bucket_name, is_loopback, is_same_partition, parse_endpoint, parse_region,
    region_of_s3_host, service_url,
};
use super::failure::Failure;
use super::http_client;
use super::retry::Policy;
use super::server_error::{Connector, ServerError};
use super::signing::{Unsigned, signed};
use crate::error::{Error, Kind, Result};

/// The header that requests an object's checksum.
const CHECKSUM_MODE: &str = "x-amz-checksum-mode";

/// The sizes of at most so many parts of an object are requested, so many at a time.
const MOST_PARTS: usize = 1000;
const PARTS_AT_ONCE: usize = 16;

/// What S3 wants encoded in a key: all but the unreserved characters and the slash.
const IN_KEYS: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// How often requests may go on to another region. S3 sends them on once; a store that does it again and again is faulty.
const MOST_MOVES: u32 = 2;

/// How to reach S3. All optional; holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3Options {
    /// The bucket's region. Else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, or the one S3 itself names.
    pub region: Option<String>,
    /// Another store that speaks S3, as `https://host[:port]`. Else `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`. By default so with an endpoint of one's own.
    pub path_style: Option<bool>,
    /// Sends no credentials: for public buckets.
    pub anonymous: bool,
    /// The AWS profile to take credentials and region from. Else `AWS_PROFILE`.
    pub profile: Option<String>,
    /// Agrees to pay for the requests to another account's bucket.
    pub requester_pays: bool,
    /// Allows an unencrypted endpoint on another machine.
    pub allow_http: bool,
    /// Whether the ETag of an object uploaded in one piece is its MD5, as on S3 (true).
    pub etag_md5: Option<bool>,
    /// Tries after a failure that may pass (5).
    #[doc(hidden)]
    pub max_retries: Option<u32>,
    /// How long to go on trying without progress (60 s).
    #[doc(hidden)]
    pub retry_timeout: Option<Duration>,
    /// The pause before the first new try (200 ms); each is three times the one before.
    #[doc(hidden)]
    pub first_pause: Option<Duration>,
    /// How long a connection may stay without a single byte (30 s).
    #[doc(hidden)]
    pub stall_timeout: Option<Duration>,
}

/// A bucket with its clients.
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) policy: Policy,
    stall_timeout: Duration,
    etag_md5: bool,
    config: ClientConfig,
    current: Mutex<Current>,
}

/// What a bucket's clients need in every region.
struct ClientConfig {
    /// Another store than AWS's own.
    endpoint: Option<Url>,
    path_style: bool,
    requester_pays: bool,
    /// `None` for public buckets.
    credentials: Option<Arc<Credentials>>,
    http: reqwest::Client,
}

struct Current {
    store: Arc<Store>,
    moves: u32,
}

/// The bucket's client in one region.
pub(super) struct Store {
    pub(super) region: String,
    pub(super) client: AmazonS3,
    /// Asks for objects together with their checksums.
    pub(super) reader: AmazonS3,
    /// Where the bucket is, without a slash at its end.
    url: String,
}

impl Bucket {
    /// Finds the bucket's region. `credentials` receives the region in which to assume a role.
    pub(super) async fn connect(
        name: &str,
        options: &S3Options,
        credentials: impl AsyncFnOnce(&str) -> Result<Arc<Credentials>>,
    ) -> Result<Self> {
        let endpoint = endpoint(options)?;
        let is_plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme() == "http");
        let http = http_client::client(|builder| {
            // A large object has no time limit. Silence is limited where bytes are awaited, since the client's own limit
            // goes on counting while no thread reads.
            builder.connect_timeout(stall_timeout(options).min(Duration::from_secs(10))).https_only(!is_plain)
        })?;
        let region = match &options.region {
            Some(region) => parse_region(region)?,
            None => match configured_region(options.profile.as_deref()).await? {
                Some(region) => region,
                None if endpoint.is_some() => "us-east-1".to_owned(),
                None => look_up_region(name, &http).await?,
            },
        };
        let credentials = if options.anonymous { None } else { Some(credentials(&region).await?) };
        // The certificate of *.s3.amazonaws.com does not cover a bucket with dots in its name.
        let fits_host = is_host_bucket_name(name);
        let path_style = options.path_style.unwrap_or(endpoint.is_some() || name.contains('.') || !fits_host);
        if !path_style && !fits_host {
            return Err(Error::new(Kind::Settings, format!("the bucket `{name}` cannot be part of a host name"))
                .with_hint("names of 3 to 63 lower-case letters, digits and hyphens can; set s3.path_style = true for others"));
        }
        let config = ClientConfig { endpoint, path_style, requester_pays: options.requester_pays, credentials, http };
        let store = config.store(name, region)?;
        let policy = Policy {
            max_retries: options.max_retries.unwrap_or(5),
            timeout: options.retry_timeout.unwrap_or(Duration::from_mins(1)),
            first_pause: options.first_pause.unwrap_or(Duration::from_millis(200)),
        };
        let current = Mutex::new(Current { store: Arc::new(store), moves: 0 });
        Ok(Self {
            name: name.to_owned(),
            policy,
            stall_timeout: stall_timeout(options),
            etag_md5: options.etag_md5.unwrap_or(true),
            config,
            current,
        })
    }

    /// The current client. If a request fails, pass the client to [`Bucket::follows`] with the failure.
    pub(super) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).store)
    }

    /// Moves to the region that a store names when it refuses a request to the wrong one. The request can then be signed and
    /// sent again. Only the region is taken from the answer. The host is always one that this machine names: S3's own in that
    /// region, or the endpoint that was set.
    pub(super) fn follows(&self, asked: &Store, failure: &Failure) -> bool {
        let Failure::Server(error) = failure else { return false };
        let Some(region) = self.region_named(asked, error) else { return false };
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Another request under way may have moved already.
        if current.store.region != asked.region {
            return true;
        }
        if current.moves == MOST_MOVES {
            return false;
        }
        let Ok(store) = self.config.store(&self.name, region) else { return false };
        tracing::info!(bucket = self.name, from = asked.region, to = store.region, "the bucket is in another region");
        current.store = Arc::new(store);
        current.moves += 1;
        true
    }

    fn region_named(&self, asked: &Store, error: &ServerError) -> Option<String> {
        if !error.is_about_region() {
            return None;
        }
        let of_host = || region_of_s3_host(error.endpoint.as_deref()?, &self.name, &asked.region);
        let region = error.region.clone().or_else(of_host)?;
        (region != asked.region && is_same_partition(&region, &asked.region)).then_some(region)
    }

    /// Waits for an answer or the next bytes, but not for ever.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let late = |_| Failure::Connection(format!("not a single byte in {:?}", self.stall_timeout));
        tokio::time::timeout(self.stall_timeout, work).await.map_err(late)
    }

    /// Whether an ETag of 32 digits is an MD5 here.
    pub(super) fn has_md5_etags(&self) -> bool {
        // Those of directory buckets look like it and are not.
        self.etag_md5 && !self.name.ends_with("--x-s3")
    }

    /// The sizes of the parts that an object was uploaded in; `None` if the store does not report them.
    ///
    /// # Errors
    /// Failures that may pass.
    pub(super) async fn part_sizes(
        &self,
        store: &Store,
        key: &str,
        size: u64,
        parts: usize,
    ) -> Result<Option<Vec<u64>>, Failure> {
        if parts > MOST_PARTS {
            return Ok(None);
        }
        // The last one has what is left.
        let asked = futures::stream::iter((1..parts).map(|number| self.part_size(store, key, number)));
        let found: Vec<Option<u64>> = asked.buffered(PARTS_AT_ONCE).try_collect().await?;
        let Some(mut sizes) = found.into_iter().collect::<Option<Vec<u64>>>() else { return Ok(None) };
        let last = sizes.iter().try_fold(size, |left, part| left.checked_sub(*part)).filter(|last| *last > 0);
        Ok(last.map(|last| {
            sizes.push(last);
            sizes
        }))
    }

    async fn part_size(&self, store: &Store, key: &str, number: usize) -> Result<Option<u64>, Failure> {
        let url = format!("{}/{}?partNumber={number}", store.url, utf8_percent_encode(key, &IN_KEYS));
        let payer: &[(&str, &str)] = if self.config.requester_pays { &[("x-amz-request-payer", "requester")] } else { &[] };
        let request = match &self.config.credentials {
            Some(credentials) => {
                let keys = credentials.keys().await.map_err(Failure::Credentials)?;
                let unsigned = Unsigned {
                    service: "s3",
                    region: &store.region,
                    method: "HEAD",
                    url: &url,
                    headers: payer,
                    body: String::new(),
                };
                signed(unsigned, keys).map_err(Failure::Key)?
            }
            None => self.config.http.head(&url).build().map_err(|error| Failure::Key(error.without_url().to_string()))?,
        };
        let answer = self.in_time(self.config.http.execute(request)).await?;
        let answer = answer.map_err(|error| Failure::Connection(error.without_url().to_string()))?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        // A store that does not support parts answers with the whole object, which would be taken for its first part.
        let is_part = answer.status().is_success() && header("x-amz-mp-parts-count").is_some();
        Ok(header("content-length").filter(|_| is_part).and_then(|size| size.parse().ok()))
    }

    /// The region that the bucket is in, for an error message. Best effort.
    pub(super) async fn actual_region(&self) -> Option<String> {
        if self.config.endpoint.is_some() {
            return None;
        }
        region_of_bucket(&self.name, &self.config.http).await.ok().flatten()
    }
}

impl ClientConfig {
    fn store(&self, bucket: &str, region: String) -> Result<Store> {
        let base = match (&self.endpoint, self.path_style) {
            (Some(endpoint), true) => as_base(endpoint),
            (Some(endpoint), false) => with_bucket_host(endpoint, bucket)?,
            (None, true) => service_url("s3", &region)?,
            (None, false) => service_url(&format!("{bucket}.s3"), &region)?,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&region)
            .with_endpoint(&base)
            .with_virtual_hosted_style_request(!self.path_style)
            .with_request_payer(self.requester_pays)
            // The payload's SHA-256 is needed for the signature anyway, and the store keeps it for readers.
            .with_checksum_algorithm(Checksum::SHA256)
            .with_http_connector(Connector(self.http.clone()))
            // sparkify removes few objects, and not every store accepts several in one request.
            .with_config(AmazonS3ConfigKey::DisableBulkDelete, "true")
            // All retrying is done here: it must resume where a body broke, and sign anew.
            .with_retry(RetryConfig { backoff: BackoffConfig::default(), max_retries: 0, retry_timeout: Duration::ZERO });
        builder = match &self.credentials {
            Some(credentials) => builder.with_credentials(Arc::clone(credentials) as Arc<_>),
            None => builder.with_skip_signature(true),
        };
        let wrong =
            |error| Error::new(Kind::Settings, format!("cannot set up the client for bucket `{bucket}`")).caused_by(error);
        let checksum_mode = HeaderMap::from_iter([(HeaderName::from_static(CHECKSUM_MODE), HeaderValue::from_static("ENABLED"))]);
        let reader = builder.clone().with_client_options(ClientOptions::new().with_default_headers(checksum_mode));
        let url = if self.path_style { format!("{base}/{bucket}") } else { base };
        Ok(Store { region, client: builder.build().map_err(wrong)?, reader: reader.build().map_err(wrong)?, url })
    }
}

fn stall_timeout(options: &S3Options) -> Duration {
    options.stall_timeout.unwrap_or(Duration::from_secs(30))
}

/// The region of a bucket, which S3 names without credentials; `None` if the answer does not name it.
///
/// # Errors
/// `Err` when S3 cannot be reached or there is no such bucket.
async fn region_of_bucket(bucket: &str, http: &reqwest::Client) -> Result<Option<String>> {
    // The request needs no credentials. A redirect is not followed: it names the region in the same header.
    let url = if is_host_bucket_name(bucket) && !bucket.contains('.') {
        format!("https://{bucket}.s3.{}/", domain(""))
    } else {
        format!("https://s3.{}/{bucket}", domain(""))
    };
    let answer = http.head(url).timeout(Duration::from_secs(15)).send().await.map_err(|error| {
        Error::new(Kind::SourceUnavailable, format!("cannot reach S3 to find the region of the bucket `{bucket}`"))
            .caused_by(error.without_url())
    })?;
    if answer.status() == reqwest::StatusCode::NOT_FOUND {
        return Err(Error::new(Kind::SourceMissing, format!("the bucket `{bucket}` does not exist")));
    }
    let region = answer.headers().get("x-amz-bucket-region").and_then(|value| value.to_str().ok());
    Ok(region.and_then(|region| parse_region(region).ok()))
}

async fn look_up_region(bucket: &str, http: &reqwest::Client) -> Result<String> {
    let mut tries = 0;
    loop {
        let error = match region_of_bucket(bucket, http).await {
            Ok(Some(region)) => return Ok(region),
            Ok(None) => {
                let message = format!("S3 does not say in which region the bucket `{bucket}` is");
                return Err(Error::new(Kind::SourceRegion, message));
            }
            Err(error) => error,
        };
        tries += 1;
        if error.kind() != Kind::SourceUnavailable || tries == 3 {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn endpoint(options: &S3Options) -> Result<Option<Url>> {
    let endpoint = match options.endpoint.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => parse_endpoint(text, "the S3 endpoint")?,
        None => match endpoint_of_environment("s3")? {
            Some(endpoint) => endpoint,
            None => return Ok(None),
        },
    };
    if endpoint.scheme() == "http" && !options.allow_http && !is_loopback(&endpoint) {
        let message = format!("the S3 endpoint {endpoint} would receive everything unencrypted");
        return Err(Error::new(Kind::Settings, message).with_hint("use https, or set s3.allow_http = true"));
    }
    Ok(Some(endpoint))
}

fn with_bucket_host(endpoint: &Url, bucket: &str) -> Result<String> {
    let mut url = endpoint.clone();
    let host = format!("{bucket}.{}", endpoint.host_str().unwrap_or_default());
    url.set_host(Some(&host)).map_err(|error| {
        Error::new(Kind::Settings, format!("the bucket `{bucket}` cannot be part of the endpoint's host name"))
            .caused_by(error)
            .with_hint("set s3.path_style = true")
    })?;
    Ok(as_base(&url))
}
