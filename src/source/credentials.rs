//! AWS's own credential chain, handed to the object store.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

/// Credentials are renewed this long before they expire.
const EARLY: Duration = Duration::from_mins(2);

/// The credential chain with what it last gave, kept until shortly before it expires.
pub(super) struct Credentials {
    provider: SharedCredentialsProvider,
    current: Mutex<Option<Current>>,
}

struct Current {
    credential: Arc<AwsCredential>,
    expires: Option<SystemTime>,
}

impl Credentials {
    /// `region` is given so that the chain does not go looking for one on a network where nobody answers.
    pub(super) async fn new(given: Option<SharedCredentialsProvider>, profile: Option<&str>, region: &str) -> Self {
        let provider = if let Some(provider) = given {
            provider
        } else {
            let mut chain = DefaultCredentialsChain::builder().region(aws_config::Region::new(region.to_owned()));
            if let Some(profile) = profile {
                chain = chain.profile_name(profile);
            }
            SharedCredentialsProvider::new(chain.build().await)
        };
        Self { provider, current: Mutex::new(None) }
    }

    /// The keys as AWS's own tools hold them.
    pub(super) async fn keys(&self) -> Result<aws_credential_types::Credentials, NoCredentials> {
        let keys = self.get().await?;
        let AwsCredential { key_id, secret_key, token } = &*keys;
        Ok(aws_credential_types::Credentials::new(key_id, secret_key, token.clone(), None, "sparkify"))
    }

    async fn get(&self) -> Result<Arc<AwsCredential>, NoCredentials> {
        // Whoever holds the lock asks for all the others that wait meanwhile.
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
                None => Err(NoCredentials::from(&error)),
            },
        }
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
pub(super) struct NoCredentials {
    text: String,
    /// Trying again may help.
    pub(super) transient: bool,
}

impl From<&CredentialsError> for NoCredentials {
    fn from(error: &CredentialsError) -> Self {
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
        Self { text, transient: matches!(error, CredentialsError::ProviderTimedOut(_)) }
    }
}

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for NoCredentials {}

/// The region that the environment or the AWS profile names. Not the machine's own: the bucket need not be there.
pub(super) async fn configured_region(profile: Option<&str>) -> Option<String> {
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await
        && !region.as_ref().is_empty()
    {
        return Some(region.as_ref().to_owned());
    }
    let mut builder = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        builder = builder.profile_name(profile);
    }
    builder.build().region().await.map(|region| region.as_ref().to_owned())
}
