//! AWS's own credential chain, for the object store.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::ProviderChainError;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

use super::endpoint::parse_region;
use super::profile;
use crate::error::{Error, Kind, Result};

/// Credentials are renewed this long before they expire.
const EARLY: Duration = Duration::from_mins(2);

/// How long the machine's metadata service may take. If there is one, it is near.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// Where credentials come from, with what was given last, kept until shortly before it expires.
pub struct Credentials {
    provider: SharedCredentialsProvider,
    /// The profile that a setting names.
    profile: Option<String>,
    /// The caller gave the provider, so no profile has a part in it.
    is_given: bool,
    current: Mutex<Option<Current>>,
}

struct Current {
    credential: Arc<AwsCredential>,
    expires: Option<SystemTime>,
}

impl Credentials {
    /// A named profile is the only source of credentials, by whatever means it names itself. Without one it is AWS's own
    /// chain: keys of the environment, then the profile of `AWS_PROFILE`, then the machine's role. `region` is
    /// given so that no provider looks for one on a network where no service answers.
    ///
    /// # Errors
    /// [`Kind::Settings`] when the profile, named or of `AWS_PROFILE`, does not exist.
    pub async fn find(profile: Option<&str>, region: &str) -> Result<Self> {
        profile::check(profile).await?;
        let region = Region::new(region.to_owned());
        let config = ProviderConfig::default().with_region(Some(region.clone()));
        let metadata = imds::Client::builder()
            .configure(&config)
            .connect_timeout(METADATA_TIMEOUT)
            .read_timeout(METADATA_TIMEOUT)
            .max_attempts(1)
            .build();
        let provider = if let Some(name) = profile {
            // Used only if the profile itself names it as the source of its credentials.
            let machine = ImdsCredentialsProvider::builder().configure(&config).imds_client(metadata).build();
            let provider = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name);
            SharedCredentialsProvider::new(provider.with_custom_provider("Ec2InstanceMetadata", machine).build())
        } else {
            let chain = DefaultCredentialsChain::builder().configure(config).region(region).imds_client(metadata);
            SharedCredentialsProvider::new(chain.build().await)
        };
        Ok(Self { provider, profile: profile.map(str::to_owned), is_given: false, current: Mutex::new(None) })
    }

    /// The caller's own credentials.
    pub(super) fn given(provider: SharedCredentialsProvider) -> Self {
        Self { provider, profile: None, is_given: true, current: Mutex::new(None) }
    }

    /// For clients that renew credentials themselves.
    pub fn provider(&self) -> SharedCredentialsProvider {
        self.provider.clone()
    }

    /// The keys as AWS's own tools hold them.
    ///
    /// # Errors
    /// Why no source gave credentials.
    pub async fn keys(&self) -> Result<aws_credential_types::Credentials, NoCredentials> {
        let keys = self.get().await?;
        let AwsCredential { key_id, secret_key, token } = &*keys;
        Ok(aws_credential_types::Credentials::new(key_id, secret_key, token.clone(), None, "sparkify"))
    }

    async fn get(&self) -> Result<Arc<AwsCredential>, NoCredentials> {
        // The holder of the lock asks for all others, which wait meanwhile.
        let mut current = self.current.lock().await;
        let now = SystemTime::now();
        if let Some(kept) = current.as_ref().filter(|kept| kept.is_valid_at(now + EARLY)) {
            return Ok(Arc::clone(&kept.credential));
        }
        match self.provider.provide_credentials().await {
            Ok(fresh) => {
                let credential = Arc::new(AwsCredential {
                    key_id: fresh.access_key_id().to_owned(),
                    secret_key: fresh.secret_access_key().to_owned(),
                    token: fresh.session_token().map(str::to_owned),
                });
                *current = Some(Current { credential: Arc::clone(&credential), expires: fresh.expiry() });
                Ok(credential)
            }
            Err(error) => match current.as_ref().filter(|kept| kept.is_valid_at(now)) {
                Some(kept) => Ok(Arc::clone(&kept.credential)),
                None => Err(self.explained(&error).await),
            },
        }
    }

    async fn explained(&self, error: &CredentialsError) -> NoCredentials {
        let mut none = NoCredentials::from(error);
        if !self.is_given
            && let Some(found) = profile::diagnose(self.profile.as_deref()).await
        {
            none.text = format!("{}: {}", found.why, none.text);
            none.remedy = Some(found.remedy);
        }
        none
    }
}

impl Current {
    fn is_valid_at(&self, time: SystemTime) -> bool {
        self.expires.is_none_or(|expires| expires > time)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    fn get_credential<'a, 'f>(&'a self) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            self.get().await.map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })
        })
    }
}

/// Why the chain gave none, as text: the errors it comes from can hold whole answers of a credential service.
#[derive(Debug, Clone)]
pub struct NoCredentials {
    text: String,
    /// What to do, if the profile says it.
    remedy: Option<String>,
    /// Trying again may help.
    pub(super) transient: bool,
}

impl NoCredentials {
    /// The error to show; `message` says what the credentials were for.
    pub fn into_error(self, message: String) -> Error {
        let error = Error::new(Kind::SourceCredentials, message);
        let error = match &self.remedy {
            Some(remedy) => error.with_hint(remedy.clone()),
            None => error,
        };
        error.caused_by(self)
    }
}

impl From<&CredentialsError> for NoCredentials {
    fn from(error: &CredentialsError) -> Self {
        let text = match std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<Attempts>()) {
            Some(chain) => chain
                .attempts()
                .iter()
                .map(|attempt| format!("{}: {}", shown_provider(attempt.name()), chained(attempt.error())))
                .collect::<Vec<_>>()
                .join("; "),
            None => chained(error),
        };
        Self { text, remedy: None, transient: matches!(error, CredentialsError::ProviderTimedOut(_)) }
    }
}

type Attempts = ProviderChainError<CredentialsError>;

/// The name of a link of AWS's chain in messages.
fn shown_provider(name: &str) -> &str {
    match name {
        "Environment" => "keys in the environment",
        "Profile" => "AWS profile",
        "WebIdentityToken" => "web identity",
        "EcsContainer" => "the container's role",
        "Ec2InstanceMetadata" => "the machine's role, by its metadata service",
        other => other,
    }
}

/// An error and its causes on one line, each once.
fn chained(error: &CredentialsError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let line = inner.to_string();
        if !text.ends_with(&line) {
            text.push_str(": ");
            text.push_str(&line);
        }
        cause = inner.source();
    }
    // The error output of the user's credential_process may hold anything.
    text.split_once(" Stderr: ").map_or(text.clone(), |(before, _)| before.to_owned())
}

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for NoCredentials {}

/// The region that the environment or the AWS profile names. Not the machine's own: the bucket need not be there.
///
/// # Errors
/// [`Kind::Settings`] when it is not a region, or the profile does not exist.
pub async fn configured_region(profile: Option<&str>) -> Result<Option<String>> {
    profile::check(profile).await?;
    let of_environment = EnvironmentVariableRegionProvider::new().region().await;
    let of_environment = of_environment.filter(|region| !region.as_ref().is_empty());
    let (region, origin) = if of_environment.is_some() {
        (of_environment, "AWS_REGION or AWS_DEFAULT_REGION")
    } else {
        let mut builder = ProfileFileRegionProvider::builder();
        if let Some(profile) = profile {
            builder = builder.profile_name(profile);
        }
        (builder.build().region().await, "the AWS profile")
    };
    region.map(|region| parse_region(region.as_ref())).transpose().map_err(|error| {
        let hint = error.hint().to_owned();
        Error::new(Kind::Settings, format!("{origin}: {error}")).with_hint(hint)
    })
}
