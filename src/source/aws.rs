//! Questions to other services of Amazon's than S3: one signed request, one small answer.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::shared::Sources;
use crate::error::{Error, Kind, Result};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
const TRIES: u32 = 4;

/// A request to a service.
#[derive(Debug, Clone)]
pub struct AwsRequest<'a> {
    /// As in its host name and in signatures.
    pub service: &'a str,
    /// Where.
    pub region: &'a str,
    /// What is asked, where the protocol says so in a header.
    pub target: Option<&'a str>,
    /// The body, in the form that `content_type` names.
    pub body: String,
    /// The body's form.
    pub content_type: &'a str,
}

/// What became of one try.
enum Refused {
    /// Trying again may help.
    Passing(String),
    Denied(String),
    Other(String),
}

impl Sources {
    /// Asks a service of Amazon's, with the credentials that S3 is asked with. The answer may hold secrets, so it is
    /// never shown; neither is the request.
    ///
    /// # Errors
    /// [`Kind::SourceCredentials`], [`Kind::SourceDenied`], [`Kind::SourceUnavailable`], [`Kind::Interrupted`].
    pub fn ask_aws(&self, request: &AwsRequest<'_>) -> Result<String> {
        let mut pause = Duration::from_millis(300);
        for attempt in 1.. {
            let failed = match self.block_on(async |shared| {
                let credentials = shared.credentials(request.region).await;
                let keys = credentials.keys().await.map_err(|none| {
                    Error::new(Kind::SourceCredentials, format!("no usable AWS credentials for {}", request.service))
                        .caused_by(none)
                })?;
                Ok::<_, Error>(attempt_once(request, keys).await)
            })?? {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let service = request.service;
            match failed {
                Refused::Passing(why) if attempt < TRIES => {
                    tracing::info!("{service}: {why}; trying again");
                    std::thread::sleep(pause);
                    pause *= 3;
                    self.stop().check()?;
                }
                Refused::Passing(why) => {
                    return Err(Error::new(Kind::SourceUnavailable, format!("{service} does not answer")).caused_by(why));
                }
                Refused::Denied(why) => {
                    return Err(
                        Error::new(Kind::SourceDenied, format!("{service} refuses the credentials in use")).caused_by(why)
                    );
                }
                Refused::Other(why) => {
                    return Err(Error::new(Kind::SourceUnavailable, format!("{service} refuses the request")).caused_by(why));
                }
            }
        }
        Err(Error::interrupted())
    }
}

/// Where a service answers: what the environment names for it, or Amazon's own address.
fn endpoint(request: &AwsRequest<'_>) -> String {
    let name = request.service.to_uppercase().replace('-', "_");
    let given = [format!("AWS_ENDPOINT_URL_{name}"), "AWS_ENDPOINT_URL".to_owned()].into_iter();
    let given = given.filter_map(|name| std::env::var(name).ok()).find(|url| !url.is_empty());
    let ending = if request.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    given.unwrap_or_else(|| format!("https://{}.{}.{ending}", request.service, request.region))
}

/// A request that is to be signed.
#[derive(Debug)]
pub struct Unsigned<'a> {
    /// As in signatures.
    pub service: &'a str,
    /// As in signatures.
    pub region: &'a str,
    /// GET, HEAD, POST.
    pub method: &'a str,
    /// Where it goes.
    pub url: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is sent.
    pub body: String,
}

/// A request with the signature that Amazon's services want. Nothing that logs headers shows the secret ones.
///
/// # Errors
/// When the address or a header is none; says what.
pub fn signed(request: Unsigned<'_>, keys: aws_credential_types::Credentials) -> std::result::Result<reqwest::Request, String> {
    let identity = keys.into();
    let mut settings = SigningSettings::default();
    if request.service == "s3" {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(request.region)
        .name(request.service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|e| e.to_string())?
        .into();
    let body = SignableBody::Bytes(request.body.as_bytes());
    let signable = SignableRequest::new(request.method, request.url, request.headers.iter().copied(), body);
    let signed = signable.and_then(|signable| sign(signable, &parameters)).map_err(|e| e.to_string())?;
    let mut built = http::Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        built = built.header(*name, *value);
    }
    let (instructions, _) = signed.into_parts();
    let mut built = built.body(request.body).map_err(|e| e.to_string())?;
    instructions.apply_to_request_http1x(&mut built);
    for (name, value) in built.headers_mut() {
        value.set_sensitive(matches!(name.as_str(), "authorization" | "x-amz-security-token"));
    }
    reqwest::Request::try_from(built).map_err(|e| e.to_string())
}

async fn attempt_once(request: &AwsRequest<'_>, keys: aws_credential_types::Credentials) -> Result<String, Refused> {
    let url = format!("{}/", endpoint(request).trim_end_matches('/'));
    let mut headers = vec![("content-type", request.content_type)];
    headers.extend(request.target.map(|target| ("x-amz-target", target)));
    let unsigned = Unsigned {
        service: request.service,
        region: request.region,
        method: "POST",
        url: &url,
        headers: &headers,
        body: request.body.clone(),
    };
    let post = signed(unsigned, keys).map_err(Refused::Other)?;
    let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(|e| Refused::Other(e.to_string()))?;
    // The URL in the error is the service's own.
    let answer = client.execute(post).await.map_err(|e| Refused::Passing(e.to_string()))?;
    let status = answer.status().as_u16();
    let text = answer.text().await.map_err(|e| Refused::Passing(e.to_string()))?;
    match status {
        200..=299 => Ok(text),
        408 | 429 | 500..=599 => Err(Refused::Passing(format!("status {status}"))),
        _ => {
            let why = reason(&text).unwrap_or_else(|| format!("status {status}"));
            let denied = matches!(status, 401 | 403) || why.contains("AccessDenied") || why.contains("not authorized");
            Err(if denied { Refused::Denied(why) } else { Refused::Other(why) })
        }
    }
}

/// What a refusal says, in either of the two forms that services have.
fn reason(answer: &str) -> Option<String> {
    let (code, message) = match serde_json::from_str::<serde_json::Value>(answer) {
        Ok(json) => {
            let text = |key: &str| json.get(key).and_then(|value| value.as_str()).map(str::to_owned);
            let code = text("__type").map(|code| code.rsplit('#').next().unwrap_or_default().to_owned());
            (code, text("message").or_else(|| text("Message")))
        }
        Err(_) => (xml_element(answer, "Code"), xml_element(answer, "Message")),
    };
    match (code, message) {
        (None, None) => None,
        (code, message) => Some([code, message].into_iter().flatten().collect::<Vec<_>>().join(": ")),
    }
}

/// The text of the first element of this name.
#[must_use]
pub fn xml_element(xml: &str, name: &str) -> Option<String> {
    let from = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let to = from + xml[from..].find(&format!("</{name}>"))?;
    let text = xml[from..to].replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(text.replace("&#39;", "'").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_in_both_forms() {
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

    #[test]
    fn texts_of_elements_are_unescaped_once() {
        assert_eq!(xml_element("<a><DbPassword>a&amp;lt;&lt;</DbPassword></a>", "DbPassword").unwrap(), "a&lt;<");
    }
}
