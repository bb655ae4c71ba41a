//! Requests to AWS services other than S3: one signed request, one small answer.

use std::time::Duration;

use super::credentials::NoCredentials;
use super::endpoint::{as_base, endpoint_of_environment, parse_region, service_url};
use super::http_client::{self, shown_target};
use super::node::Node;
use super::shared::Sources;
use super::signing::{Unsigned, signed};
use crate::backoff::Backoff;
use crate::error::{Error, Kind, Result};

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const TRIES: u32 = 4;

/// A request to a service.
#[derive(Debug, Clone)]
pub struct AwsRequest<'a> {
    /// As in its host name and in signatures.
    pub service: &'a str,
    /// The region of the service.
    pub region: &'a str,
    /// The action, if the protocol names it in a header.
    pub target: Option<&'a str>,
    /// The body, in the form that `content_type` names.
    pub body: String,
    /// The body's form.
    pub content_type: &'a str,
}

/// Why one attempt failed.
enum AttemptError {
    /// Trying again may help.
    Transient(String),
    Denied(String),
    Other(String),
}

impl Sources {
    /// Sends a request to an AWS service, with the credentials that S3 requests use. The answer may hold secrets, so it is
    /// never shown; neither is the request.
    ///
    /// # Errors
    /// [`Kind::SourceCredentials`], [`Kind::SourceDenied`], [`Kind::SourceUnavailable`], [`Kind::Settings`] for an invalid
    /// region or endpoint, [`Kind::Interrupted`].
    pub fn ask_aws(&self, request: &AwsRequest<'_>) -> Result<String> {
        parse_region(request.region)?;
        let url = format!("{}/", endpoint(request)?);
        let http = http_client::client(|builder| builder.timeout(ANSWER_TIMEOUT))?;
        let mut backoff = Backoff::new(Duration::from_millis(300), 3.0, Duration::from_secs(3));
        for attempt in 1.. {
            let failed = match self.block_on(async |shared| {
                let credentials = shared.credentials(request.region).await?;
                let why = |none: NoCredentials| none.into_error(format!("no usable AWS credentials for {}", request.service));
                let keys = credentials.keys().await.map_err(why)?;
                Ok::<_, Error>(attempt_once(&http, &url, request, keys).await)
            })?? {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let service = request.service;
            match failed {
                AttemptError::Transient(why) if attempt < TRIES => {
                    tracing::info!("{service}: {why}; trying again");
                    std::thread::sleep(backoff.next_pause());
                    self.stop().check()?;
                }
                AttemptError::Transient(why) => {
                    return Err(Error::new(Kind::SourceUnavailable, format!("{service} does not answer")).caused_by(why));
                }
                AttemptError::Denied(why) => {
                    return Err(
                        Error::new(Kind::SourceDenied, format!("{service} refuses the credentials in use")).caused_by(why)
                    );
                }
                AttemptError::Other(why) => {
                    return Err(Error::new(Kind::SourceUnavailable, format!("{service} refuses the request")).caused_by(why));
                }
            }
        }
        Err(Error::interrupted())
    }
}

/// The address of a service: what the environment names for it, or AWS's own.
fn endpoint(request: &AwsRequest<'_>) -> Result<String> {
    match endpoint_of_environment(request.service)? {
        Some(endpoint) => Ok(as_base(&endpoint)),
        None => service_url(request.service, request.region),
    }
}

async fn attempt_once(
    http: &reqwest::Client,
    url: &str,
    request: &AwsRequest<'_>,
    keys: aws_credential_types::Credentials,
) -> Result<String, AttemptError> {
    let mut headers = vec![("content-type", request.content_type)];
    headers.extend(request.target.map(|target| ("x-amz-target", target)));
    let unsigned = Unsigned {
        service: request.service,
        region: request.region,
        method: "POST",
        url,
        headers: &headers,
        body: request.body.clone(),
    };
    let post = signed(unsigned, keys).map_err(AttemptError::Other)?;
    // The URL in the error is the service's own.
    let answer = http.execute(post).await.map_err(|e| AttemptError::Transient(e.to_string()))?;
    let status = answer.status().as_u16();
    let target = redirect_of(&answer);
    let text = answer.text().await.map_err(|e| AttemptError::Transient(e.to_string()))?;
    match status {
        200..=299 => Ok(text),
        300..=399 => Err(AttemptError::Other(format!("it sends requests on to {target}, which was not followed"))),
        408 | 429 | 500..=599 => Err(AttemptError::Transient(format!("status {status}"))),
        _ => {
            let why = reason(&text).unwrap_or_else(|| format!("status {status}"));
            let denied = matches!(status, 401 | 403) || why.contains("AccessDenied") || why.contains("not authorized");
            Err(if denied { AttemptError::Denied(why) } else { AttemptError::Other(why) })
        }
    }
}

/// Where an answer sends the request on to, as it may be shown.
#[must_use]
pub fn redirect_of(answer: &reqwest::Response) -> String {
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
    shown_target(location.unwrap_or_default())
}

/// The code and the message of an error answer, in XML or JSON; empty if the answer has none.
#[must_use]
pub fn code_and_message(answer: &str) -> (String, String) {
    // JSON may have elements in its texts, XML is never JSON.
    if let Ok(fields) = serde_json::from_str::<serde_json::Value>(answer) {
        let text = |name: &str| fields.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let message = if fields.get("message").is_some() { text("message") } else { text("Message") };
        return (text("__type").rsplit('#').next().unwrap_or_default().to_owned(), message.to_owned());
    }
    let Some(node) = Node::parse(answer) else { return Default::default() };
    let text = |name| node.anywhere(name).map(Node::own_text).unwrap_or_default().to_owned();
    (text("Code"), text("Message"))
}

/// The code and the message in one line, if the answer has any.
fn reason(answer: &str) -> Option<String> {
    let (code, message) = code_and_message(answer);
    let said: Vec<String> = [code, message].into_iter().filter(|part| !part.is_empty()).collect();
    (!said.is_empty()).then(|| said.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_answers_are_read_in_both_forms() {
        for (answer, code, message) in [
            (
                r#"{"__type":"com.amazonaws#ResourceNotFoundException","message":"no such secret"}"#,
                "ResourceNotFoundException",
                "no such secret",
            ),
            (r#"{"__type":"com.amazon#ResourceNotFoundException","Message":"gone"}"#, "ResourceNotFoundException", "gone"),
            (
                "<ErrorResponse><Error><Code>ClusterNotFound</Code><Message>No.</Message></Error></ErrorResponse>",
                "ClusterNotFound",
                "No.",
            ),
            (
                "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>m &amp; n</Message></Error></Errors></Response>",
                "UnauthorizedOperation",
                "m & n",
            ),
            (r#"{"__type":"E","message":"<a><Code>x</Code></a>"}"#, "E", "<a><Code>x</Code></a>"),
            ("<html>", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(code_and_message(answer), (code.to_owned(), message.to_owned()), "{answer}");
        }
        assert_eq!(
            reason(r#"{"__type":"com.amazonaws#ResourceNotFoundException","message":"no such secret"}"#).unwrap(),
            "ResourceNotFoundException: no such secret"
        );
        assert_eq!(
            reason("<ErrorResponse><Error><Code>ClusterNotFound</Code><Message>Cluster x not found.</Message></Error></ErrorResponse>").unwrap(),
            "ClusterNotFound: Cluster x not found."
        );
        assert_eq!(reason("<html>"), None);
    }
}
