//! What the store says when it refuses a request.
//!
//! The store's error texts repeat its answer in full, and S3 likes to quote session tokens and signed headers. So refused
//! answers are read here, before the client sees them, and only the harmless parts are kept.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

/// Makes clients that turn every refusal into a [`Refusal`].
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Reading(ReqwestConnector::default().connect(options)?)))
    }
}

#[derive(Debug)]
struct Reading(HttpClient);

impl HttpService for Reading {
    fn call<'a, 'f>(&'a self, request: HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let response = self.0.execute(request).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            let region = response.headers().get("x-amz-bucket-region").and_then(|value| value.to_str().ok()).map(str::to_owned);
            // A refusal whose text is lost is still a refusal.
            let body = response.into_body().bytes().await.unwrap_or_default();
            let refusal = Refusal::read(status.as_u16(), region, &String::from_utf8_lossy(&body));
            Err(HttpError::new(HttpErrorKind::Unknown, refusal))
        })
    }
}

/// The store's answer to a request it did not fulfil.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// S3's error code, or empty.
    pub(super) code: String,
    message: String,
    /// Where the bucket is, when the answer says so.
    pub(super) region: Option<String>,
}

impl Refusal {
    fn read(status: u16, region: Option<String>, body: &str) -> Self {
        let code = element(body, "Code").unwrap_or_default();
        let message = element(body, "Message").unwrap_or_default();
        Self { status, code, message, region: region.or_else(|| element(body, "Region")) }
    }

    pub(super) fn is_transient(&self) -> bool {
        const CODES: [&str; 9] = [
            "SlowDown",
            "InternalError",
            "ServiceUnavailable",
            "RequestTimeout",
            "RequestTimeoutException",
            "Throttling",
            "ThrottlingException",
            "RequestLimitExceeded",
            "OperationAborted",
        ];
        matches!(self.status, 408 | 429 | 500 | 502..=504 | 506..) || CODES.contains(&self.code.as_str())
    }

    pub(super) fn is_about_credentials(&self) -> bool {
        const CODES: [&str; 9] = [
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidToken",
            "TokenRefreshRequired",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "InvalidSecurity",
        ];
        self.status == 401 || CODES.contains(&self.code.as_str())
    }

    pub(super) fn is_about_region(&self) -> bool {
        const CODES: [&str; 4] =
            ["PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];
        matches!(self.status, 301 | 302 | 307 | 308) || CODES.contains(&self.code.as_str())
    }
}

/// The text of an XML element that holds only text.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text =
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&");
    // Answers of servers in between can be anything; a message is one short line.
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store answered {}", self.status)?;
        for part in [&self.code, &self.message] {
            if !part.is_empty() {
                write!(f, ", {part}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
