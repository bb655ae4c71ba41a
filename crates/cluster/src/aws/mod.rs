//! All requests to AWS: the stack through its SDK, the few others as signed requests of our own.
//!
//! An SDK for each service that needs one or two requests would take longer to build than all of sparkify.

mod failure;
mod identity;
mod network;
mod redshift;
mod serverless;
mod signed;
mod stack;
mod storage;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};

pub(super) use failure::{Failure, denied_action, remedy};
pub(super) use identity::Caller;
pub(super) use network::Rule;
pub(super) use stack::{Change, ChangeSet, StackEvent, StackSpec, StackState};

use super::options::ClusterOptions;
use crate::backoff::Backoff;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::source::{
    Credentials, configured_region, endpoint_of_environment, http_client, parse_endpoint, parse_region, redirect_of, service_url,
};

/// The time limit of one request, retries aside.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The name of the profile's endpoint in messages.
const PROFILE_ENDPOINT: &str = "the endpoint_url of the AWS profile";

/// A session with AWS: credentials, region, and how to wait.
pub(super) struct Aws {
    config: SdkConfig,
    http: reqwest::Client,
    stacks: aws_sdk_cloudformation::Client,
    /// The region that everything is in.
    pub(super) region: String,
    interrupt: Interrupt,
    credentials: Credentials,
}

impl Aws {
    /// Finds credentials and region as AWS's own tools do.
    ///
    /// # Errors
    /// [`Kind::SourceCredentials`] without credentials, [`Kind::Settings`] without a region or without the profile that is named.
    pub(super) async fn connect(options: &ClusterOptions, interrupt: &Interrupt) -> Result<Self> {
        let region = match &options.region {
            Some(region) => parse_region(region)?,
            None => configured_region(options.profile.as_deref()).await?.ok_or_else(|| {
                Error::new(Kind::Settings, "no AWS region is set")
                    .with_hint("set AWS_REGION, cluster.region or the profile's region; `sparkify cluster` takes --region too")
            })?,
        };
        service_url("cloudformation", &region)?;
        endpoint_of_environment("cloudformation")?;
        let credentials = Credentials::find(options.profile.as_deref(), &region).await?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .credentials_provider(credentials.provider());
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        config.endpoint_url().map(|url| parse_endpoint(url, PROFILE_ENDPOINT)).transpose()?;
        let http = http_client::client(|builder| builder.timeout(REQUEST_TIMEOUT))?;
        let stacks = aws_sdk_cloudformation::Client::new(&config);
        let aws = Self { config, http, stacks, region, interrupt: interrupt.clone(), credentials };
        aws.credentials().await?;
        Ok(aws)
    }

    /// Credentials that are valid now.
    async fn credentials(&self) -> Result<aws_credential_types::Credentials> {
        self.credentials.keys().await.map_err(|none| none.into_error("no usable AWS credentials were found".to_owned()))
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
    /// [`Kind::CloudUnavailable`] when the service does not answer with it.
    pub(super) async fn own_address(&self, service: &str) -> Result<std::net::Ipv4Addr> {
        let failed = || {
            Error::new(Kind::CloudUnavailable, format!("{service} does not say what this machine's address is"))
                .with_hint("pass it with --address, or set cluster.address_service to another service that answers with it")
        };
        let answer = self.http.get(service).send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|e| failed().caused_by(e.without_url()))?;
        if answer.status().is_redirection() {
            let target = redirect_of(&answer);
            return Err(failed().caused_by(format!("it sends requests on to {target}, which was not followed")));
        }
        let text = answer.text().await.map_err(|_| failed())?;
        text.trim().parse().map_err(|_| failed())
    }
}

/// The pauses between requests that wait for what takes seconds or minutes: from 0.2 to 6 seconds.
pub(super) fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(200), 1.5, Duration::from_secs(6))
}
