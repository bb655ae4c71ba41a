//! What is asked of AWS: the stack through its SDK, the few other questions by signed requests of our own.
//!
//! An SDK for each service that has one question to answer would take longer to build than all of sparkify.

mod failure;
mod identity;
mod network;
mod redshift;
mod serverless;
mod signed;
mod stack;
mod storage;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;

pub(super) use failure::{Failure, denied_action, remedy};
pub(super) use identity::Caller;
pub(super) use network::Rule;
pub(super) use stack::{Change, ChangeSet, Draft, StackEvent, StackState};

use super::options::ClusterOptions;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;

/// One question takes no longer than this, retries aside.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Credentials are renewed this long before they expire.
const EARLY: Duration = Duration::from_mins(2);

/// A session with AWS: who asks, where, and how to wait.
pub(super) struct Aws {
    config: SdkConfig,
    http: reqwest::Client,
    stacks: aws_sdk_cloudformation::Client,
    /// The region that everything is in.
    pub(super) region: String,
    interrupt: Interrupt,
    /// What the chain gave last, as some of its links ask a service each time.
    credentials: Mutex<Option<Credentials>>,
}

impl Aws {
    /// Finds credentials and region as AWS's own tools do.
    ///
    /// # Errors
    /// [`Kind::SourceCredentials`] without credentials, [`Kind::Settings`] without a region.
    pub(super) async fn connect(options: &ClusterOptions, interrupt: &Interrupt) -> Result<Self> {
        let region = match &options.region {
            Some(region) => region.clone(),
            None => configured_region(options.profile.as_deref()).await.ok_or_else(|| {
                Error::new(Kind::Settings, "no AWS region is set")
                    .with_hint("set AWS_REGION, cluster.region or the profile's region; `sparkify cluster` takes --region too")
            })?,
        };
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.clone()));
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let http = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .user_agent(concat!("sparkify/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::new(Kind::Io, "cannot set up encrypted connections").caused_by(e))?;
        let stacks = aws_sdk_cloudformation::Client::new(&config);
        let aws = Self { config, http, stacks, region, interrupt: interrupt.clone(), credentials: Mutex::default() };
        aws.credentials().await?;
        Ok(aws)
    }

    /// Credentials that are valid now.
    async fn credentials(&self) -> Result<Credentials> {
        let missing = || {
            Error::new(Kind::SourceCredentials, "no usable AWS credentials were found")
                .with_hint("set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`")
        };
        let kept = self.credentials.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_fresh = |kept: &Credentials| kept.expiry().is_none_or(|expires| expires > SystemTime::now() + EARLY);
        if let Some(kept) = kept.filter(is_fresh) {
            return Ok(kept);
        }
        let provider = self.config.credentials_provider().ok_or_else(missing)?;
        // Its text is kept and not the error, which may hold whole answers of a credential service.
        let fresh = provider.provide_credentials().await.map_err(|error| missing().caused_by(error.to_string()))?;
        *self.credentials.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    /// Waits, unless the user interrupts.
    ///
    /// # Errors
    /// [`Kind::Interrupted`].
    pub(super) async fn wait(&self, time: Duration) -> Result<()> {
        const STEP: Duration = Duration::from_millis(100);
        let mut left = time;
        loop {
            self.interrupt.check()?;
            if left.is_zero() {
                return Ok(());
            }
            let step = left.min(STEP);
            tokio::time::sleep(step).await;
            left -= step;
        }
    }

    /// The caller's address as the internet sees it.
    ///
    /// # Errors
    /// [`Kind::CloudUnavailable`] when the service does not tell.
    pub(super) async fn own_address(&self, service: &str) -> Result<std::net::Ipv4Addr> {
        let failed = || {
            Error::new(Kind::CloudUnavailable, format!("{service} does not say what this machine's address is"))
                .with_hint("pass it with --address, or set cluster.address_service to another service that answers with it")
        };
        let answer = self.http.get(service).send().await.and_then(reqwest::Response::error_for_status);
        let text = answer.map_err(|e| failed().caused_by(e.without_url()))?.text().await.map_err(|_| failed())?;
        text.trim().parse().map_err(|_| failed())
    }
}

/// The region that the environment or the profile names.
async fn configured_region(profile: Option<&str>) -> Option<String> {
    let from_environment = EnvironmentVariableRegionProvider::new().region().await;
    if let Some(region) = from_environment.filter(|region| !region.as_ref().is_empty()) {
        return Some(region.to_string());
    }
    let mut builder = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        builder = builder.profile_name(profile);
    }
    builder.build().region().await.map(|region| region.to_string())
}

/// Pauses that grow from almost nothing to a few seconds, for whatever takes seconds or minutes.
pub(super) struct Patience(Duration);

impl Patience {
    /// The first pause is short.
    pub(super) const fn new() -> Self {
        Self(Duration::from_millis(200))
    }

    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 3 / 2).min(Duration::from_secs(6));
        pause
    }
}
