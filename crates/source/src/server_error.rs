//! Reads the store's error answers.
//!
//! The client's error texts would repeat an answer in full, and S3 often quotes session tokens and signed headers. So error
//! answers are read here, before the client sees them, and only the parts without secrets are kept.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use http::Method;
use http::header::{CONTENT_LENGTH, HeaderValue};
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService};

use super::endpoint::parse_region;
use super::http_client::shown_target;
use super::integrity::Claims;

/// Creates clients that turn every error answer, a redirect included, into a [`ServerError`]. All share the connections of
/// one client.
#[derive(Debug)]
pub(super) struct Connector(pub(super) reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Reading(self.0.clone())))
    }
}

#[derive(Debug)]
struct Reading(reqwest::Client);

impl HttpService for Reading {
    fn call<'a, 'f>(&'a self, request: HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let kind = RequestKind::of(&request);
            let response = self.0.call(request).await?;
            let status = response.status();
            if status.is_success() {
                return match kind {
                    RequestKind::Listing => listing(response).await,
                    RequestKind::Object(size) => Ok(object(response, size)),
                    RequestKind::Other => Ok(response),
                };
            }
            let header =
                |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
            let (region, location) = (header("x-amz-bucket-region"), header("location"));
            // An error answer whose body is lost is still an error.
            let body = response.into_body().bytes().await.unwrap_or_default();
            let mut error = ServerError::read(status.as_u16(), region, &String::from_utf8_lossy(&body));
            error.target = location.filter(|_| status.is_redirection()).map(|location| shown_target(&location));
            Err(HttpError::new(HttpErrorKind::Unknown, error))
        })
    }
}

/// The expected length of the answer to a request for an object. It goes with the request, as an answer may leave it out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected(pub(super) u64);

/// What a request is for, if its answer needs a check.
enum RequestKind {
    Listing,
    Object(Option<Expected>),
    Other,
}

impl RequestKind {
    fn of(request: &HttpRequest) -> Self {
        let is_listing = request.uri().query().is_some_and(|query| query.contains("list-type=2"));
        match *request.method() {
            Method::GET if is_listing => Self::Listing,
            Method::GET => Self::Object(request.extensions().get().copied()),
            _ => Self::Other,
        }
    }
}

/// An object's answer, with the checksums that it claims. The reader counts the bytes, so a length that a proxy left out can
/// be added again.
fn object(mut response: HttpResponse, expected: Option<Expected>) -> HttpResponse {
    let claims = Claims::read(response.headers());
    response.extensions_mut().insert(claims);
    if let Some(Expected(size)) = expected
        && !response.headers().contains_key(CONTENT_LENGTH)
    {
        response.headers_mut().insert(CONTENT_LENGTH, size.into());
    }
    response
}

/// Checks that the answer is a listing. An error with status 200, or a proxy's page, would otherwise be read as a listing
/// without any objects.
async fn listing(response: HttpResponse) -> Result<HttpResponse, HttpError> {
    let (parts, body) = response.into_parts();
    let body = body.bytes().await?;
    let text = String::from_utf8_lossy(&body);
    if text.contains("<ListBucketResult") && text.trim_end().ends_with("</ListBucketResult>") {
        return Ok(HttpResponse::from_parts(parts, body.into()));
    }
    let error = ServerError::read(parts.status.as_u16(), None, &text);
    let has_code = !error.code.is_empty();
    Err(if has_code { HttpError::new(HttpErrorKind::Unknown, error) } else { HttpError::new(HttpErrorKind::Decode, NotAListing) })
}

/// An answer to a listing that is something else.
#[derive(Debug)]
struct NotAListing;

impl fmt::Display for NotAListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is not a listing, or not the whole of one")
    }
}

impl std::error::Error for NotAListing {}

/// The store's answer to a request it did not fulfil.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerError {
    pub(super) status: u16,
    /// S3's error code, or empty.
    pub(super) code: String,
    message: String,
    /// The bucket's region, if the answer names a valid one.
    pub(super) region: Option<String>,
    /// The host that S3 names instead of the region. It is read, and never sent a request.
    pub(super) endpoint: Option<String>,
    /// Where a redirect leads that was not followed.
    pub(super) target: Option<String>,
}

impl ServerError {
    fn read(status: u16, region: Option<String>, body: &str) -> Self {
        let code = element(body, "Code").unwrap_or_default();
        let message = element(body, "Message").unwrap_or_default();
        let region = region.or_else(|| element(body, "Region")).filter(|region| parse_region(region).is_ok());
        Self { status, code, message, region, endpoint: element(body, "Endpoint"), target: None }
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
    // A proxy's answer can be anything; a message is one short line.
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store answered {}", self.status)?;
        for part in [&self.code, &self.message] {
            if !part.is_empty() {
                write!(f, ", {part}")?;
            }
        }
        if let Some(target) = &self.target {
            write!(f, ", with a redirect to {target}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}
