//! One bucket's client: endpoint, region and settings.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region};
use object_store::{BackoffConfig, ClientOptions, HeaderValue, RetryConfig};
use url::{Host, Url};

use super::credentials::configured_region;
use super::failure::Failure;
use super::refusal::Connector;
use super::retry::Policy;
use super::shared::Shared;
use crate::error::{Error, Kind, Result};

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
    /// Agrees to pay for the requests to someone else's bucket.
    pub requester_pays: bool,
    /// Allows an unencrypted endpoint beyond this machine.
    pub allow_http: bool,
    /// Tries after a failure that may pass (5).
    #[doc(hidden)]
    pub max_retries: Option<u32>,
    /// How long to go on trying without progress (60 s).
    #[doc(hidden)]
    pub retry_timeout: Option<Duration>,
    /// The pause before the first new try (200 ms); each is three times the one before.
    #[doc(hidden)]
    pub first_pause: Option<Duration>,
    /// A connection without a single byte for so long is given up (30 s).
    #[doc(hidden)]
    pub stall_timeout: Option<Duration>,
}

/// A bucket ready to be asked.
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) store: AmazonS3,
    pub(super) policy: Policy,
    stall_timeout: Duration,
    /// Whether it is AWS's own S3, which tells a bucket's region to everyone.
    own_endpoint: bool,
    client: ClientOptions,
}

impl Bucket {
    pub(super) async fn connect(name: &str, shared: &Shared) -> Result<Self> {
        let options = &shared.options;
        let endpoint = endpoint(options)?;
        let client = client_options(options, endpoint.as_ref());
        let policy = Policy {
            max_retries: options.max_retries.unwrap_or(5),
            timeout: options.retry_timeout.unwrap_or(Duration::from_mins(1)),
            first_pause: options.first_pause.unwrap_or(Duration::from_millis(200)),
        };
        let region = match &options.region {
            Some(region) => region.clone(),
            None => match configured_region(options.profile.as_deref()).await {
                Some(region) => region,
                None if endpoint.is_some() => "us-east-1".to_owned(),
                None => look_up_region(name, &client).await?,
            },
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(&region)
            .with_request_payer(options.requester_pays)
            .with_client_options(client.clone())
            .with_http_connector(Connector)
            // Few objects are ever removed, and not every store takes many in one request.
            .with_config(AmazonS3ConfigKey::DisableBulkDelete, "true")
            // All retrying is done here: it must resume where a body broke, and sign anew.
            .with_retry(RetryConfig { backoff: BackoffConfig::default(), max_retries: 0, retry_timeout: Duration::ZERO });
        // The certificate of *.s3.amazonaws.com does not cover a bucket with dots in its name.
        let path_style = options.path_style.unwrap_or(endpoint.is_some() || name.contains('.'));
        builder = builder.with_virtual_hosted_style_request(!path_style);
        if let Some(endpoint) = &endpoint {
            builder = builder.with_endpoint(if path_style { as_base(endpoint) } else { with_bucket_host(endpoint, name)? });
        }
        builder = if options.anonymous {
            builder.with_skip_signature(true)
        } else {
            builder.with_credentials(shared.credentials(&region).await as Arc<_>)
        };
        let store = builder.build().map_err(|error| {
            Error::new(Kind::Settings, format!("cannot set up the client for bucket `{name}`")).caused_by(error)
        })?;
        Ok(Self {
            name: name.to_owned(),
            region,
            store,
            policy,
            stall_timeout: stall_timeout(options),
            own_endpoint: endpoint.is_none(),
            client,
        })
    }

    /// Waits for an answer or the next bytes, but not for ever.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let late = |_| Failure::Connection(format!("not a single byte in {:?}", self.stall_timeout));
        tokio::time::timeout(self.stall_timeout, work).await.map_err(late)
    }

    /// The region the bucket is really in, to put into an error message. Best effort.
    pub(super) async fn actual_region(&self) -> Option<String> {
        if !self.own_endpoint {
            return None;
        }
        resolve_bucket_region(&self.name, &self.client).await.ok()
    }
}

fn stall_timeout(options: &S3Options) -> Duration {
    options.stall_timeout.unwrap_or(Duration::from_secs(30))
}

fn client_options(options: &S3Options, endpoint: Option<&Url>) -> ClientOptions {
    ClientOptions::new()
        .with_user_agent(HeaderValue::from_static(concat!("sparkify/", env!("CARGO_PKG_VERSION"))))
        // A large object takes as long as it takes. Silence is limited where bytes are awaited, since the client's own
        // limit goes on counting while nobody reads.
        .with_timeout_disabled()
        .with_connect_timeout(stall_timeout(options).min(Duration::from_secs(10)))
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.scheme() == "http"))
}

async fn look_up_region(bucket: &str, client: &ClientOptions) -> Result<String> {
    let client = client.clone().with_timeout(Duration::from_secs(15));
    let mut tries = 0;
    loop {
        let error = match resolve_bucket_region(bucket, &client).await {
            Ok(region) => return Ok(region),
            Err(error) => error,
        };
        // The client tells its three failures apart by text alone.
        let text = error.to_string();
        let (kind, message) = if text.contains("not found") {
            (Kind::SourceMissing, format!("the bucket `{bucket}` does not exist"))
        } else if text.contains("Failed to parse the region") {
            (Kind::SourceRegion, format!("S3 does not say in which region the bucket `{bucket}` is"))
        } else {
            (Kind::SourceUnavailable, format!("cannot reach S3 to find the region of the bucket `{bucket}`"))
        };
        tries += 1;
        if kind != Kind::SourceUnavailable || tries == 3 {
            return Err(Error::new(kind, message).caused_by(error));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn endpoint(options: &S3Options) -> Result<Option<Url>> {
    let from_env = || ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().find_map(|name| std::env::var(name).ok());
    let Some(text) = options.endpoint.clone().or_else(from_env).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong =
        |what: &str| Error::new(Kind::Settings, format!("the S3 endpoint {what}")).with_hint("name it as https://host[:port]");
    // The text itself is not repeated: it may hold a password.
    let url = Url::parse(&text).map_err(|error| wrong("is not a URL").caused_by(error))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user name or password"));
    }
    let (Some(host), None, None) = (url.host(), url.query(), url.fragment()) else {
        return Err(wrong("must be a host with an optional port and path"));
    };
    match url.scheme() {
        "https" => {}
        "http" if options.allow_http || is_loopback(&host) => {}
        "http" => {
            let message = format!("the S3 endpoint {url} would receive everything unencrypted");
            return Err(Error::new(Kind::Settings, message).with_hint("use https, or set s3.allow_http = true"));
        }
        _ => return Err(wrong("must begin with https:// or http://")),
    }
    Ok(Some(url))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

fn as_base(endpoint: &Url) -> String {
    endpoint.as_str().trim_end_matches('/').to_owned()
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
