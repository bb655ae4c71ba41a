//! Signed requests to the services that need only one or two of them.

use serde_json::Value;

use super::{Aws, Failure, PROFILE_ENDPOINT, backoff};
use crate::error::Result;
use crate::source::{
    Node, Unsigned, as_base, code_and_message, domain, endpoint_of_environment, parse_endpoint, parse_region, redirect_of,
    service_url, signed,
};

/// A service that takes forms and answers in XML.
pub(super) struct QueryApi {
    /// In host names, signatures and policies.
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// It has one endpoint for all regions.
    pub(super) is_global: bool,
}

/// A service that takes and answers JSON.
pub(super) struct JsonApi {
    pub(super) name: &'static str,
    /// Before the action in the header that names it.
    pub(super) target: &'static str,
}

pub(super) const REDSHIFT: QueryApi = QueryApi { name: "redshift", version: "2012-12-01", is_global: false };
pub(super) const EC2: QueryApi = QueryApi { name: "ec2", version: "2016-11-15", is_global: false };
pub(super) const IAM: QueryApi = QueryApi { name: "iam", version: "2010-05-08", is_global: true };
pub(super) const STS: QueryApi = QueryApi { name: "sts", version: "2011-06-15", is_global: false };
pub(super) const SERVERLESS: JsonApi = JsonApi { name: "redshift-serverless", target: "RedshiftServerless" };
pub(super) const QUOTAS: JsonApi = JsonApi { name: "servicequotas", target: "ServiceQuotasV20190624" };
pub(super) const SECRETS: JsonApi = JsonApi { name: "secretsmanager", target: "secretsmanager" };

/// How often a request is sent before its failure counts.
const TRIES: u32 = 4;

struct Request<'a> {
    service: &'a str,
    is_global: bool,
    action: String,
    method: &'static str,
    path: &'a str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// An answer, with a status that may be an error.
struct Reply {
    status: u16,
    region: Option<String>,
    /// Where it redirects the request to, which is not followed.
    target: Option<String>,
    body: String,
}

impl Aws {
    /// Sends a request to a service that answers in XML.
    pub(super) async fn query(&self, api: &QueryApi, action: &str, parameters: &[(&str, &str)]) -> Result<Node, Failure> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("Action", action).append_pair("Version", api.version).extend_pairs(parameters);
        let request = Request {
            service: api.name,
            is_global: api.is_global,
            action: format!("{}:{action}", api.name),
            method: "POST",
            path: "/",
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: body.finish(),
        };
        let reply = self.send(&request).await?;
        let node = Node::parse(&reply.body).ok_or_else(|| Failure::unanswered(&request.action, "the answer is not XML"))?;
        Ok(node.unwrapped(action))
    }

    /// Requests page after page; `list` is where the items are.
    pub(super) async fn query_all(
        &self,
        api: &QueryApi,
        action: &str,
        parameters: &[(&str, &str)],
        list: &str,
    ) -> Result<Vec<Node>, Failure> {
        let mut items: Vec<Node> = Vec::new();
        let mut marker: Option<(&str, String)> = None;
        loop {
            let mut asked = parameters.to_vec();
            asked.extend(marker.as_ref().map(|(name, value)| (*name, value.as_str())));
            let page = self.query(api, action, &asked).await?;
            items.extend_from_slice(page.items(list));
            let names = [("nextToken", "NextToken"), ("Marker", "Marker")];
            let next = names.into_iter().find_map(|(at, name)| page.text(at).map(|value| (name, value.to_owned())));
            if next.is_none() || next == marker {
                return Ok(items);
            }
            marker = next;
        }
    }

    /// Sends a request to a service that takes and answers JSON.
    pub(super) async fn json(&self, api: &JsonApi, action: &str, body: &Value) -> Result<Value, Failure> {
        let request = Request {
            service: api.name,
            is_global: false,
            action: format!("{}:{action}", api.name),
            method: "POST",
            path: "/",
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", format!("{}.{action}", api.target)),
            ],
            body: body.to_string(),
        };
        let reply = self.send(&request).await?;
        serde_json::from_str(&reply.body).map_err(|_| Failure::unanswered(&request.action, "the answer is not JSON"))
    }

    /// The region of a bucket, which S3 names even in its error answers.
    pub(super) async fn head_bucket(&self, bucket: &str) -> Result<Option<String>, Failure> {
        let path = format!("/{bucket}");
        let request = Request {
            service: "s3",
            is_global: false,
            action: "s3:ListBucket".to_owned(),
            method: "HEAD",
            path: &path,
            headers: Vec::new(),
            body: String::new(),
        };
        let reply = self.once(&request).await?;
        match reply.status {
            _ if reply.region.is_some() => Ok(reply.region),
            200..300 => Ok(None),
            status => {
                Err(Failure { action: request.action, code: status.to_string(), message: format!("bucket {bucket}"), status })
            }
        }
    }

    async fn send(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let mut backoff = backoff();
        for turn in 1.. {
            let failure = match self.once(request).await {
                Ok(reply) if reply.status < 300 => return Ok(reply),
                Ok(reply) => failure_of(&request.action, &reply),
                Err(failure) => failure,
            };
            if turn == TRIES || !failure.may_pass() {
                return Err(failure);
            }
            tracing::info!(turn, "{failure}; trying again");
            let interrupted = |_| Failure::unanswered(&request.action, "interrupted");
            self.wait(backoff.next_pause()).await.map_err(interrupted)?;
        }
        Err(Failure::unanswered(&request.action, "no attempt is left"))
    }

    async fn once(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let broken = |what: &str| Failure::unanswered(&request.action, what);
        let credentials = self.credentials().await.map_err(|error| Failure {
            action: request.action.clone(),
            code: "ExpiredToken".to_owned(),
            message: error.report(),
            status: 0,
        })?;
        let endpoint = self.endpoint(request.service, request.is_global).map_err(|error| broken(&error.to_string()))?;
        let url = format!("{endpoint}{}", request.path);
        let region = if request.is_global { self.home_region() } else { &self.region };
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let unsigned = Unsigned {
            service: request.service,
            region,
            method: request.method,
            url: &url,
            headers: &headers,
            body: request.body.clone(),
        };
        let sendable = signed(unsigned, credentials).map_err(|why| broken(&format!("the request could not be made: {why}")))?;
        let answer = self.http.execute(sendable).await.map_err(|error| {
            let what = if error.is_timeout() { "it did not answer in time" } else { "it cannot be reached" };
            broken(&format!("{what}: {}", deepest(&error)))
        })?;
        let status = answer.status().as_u16();
        let region = answer.headers().get("x-amz-bucket-region").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let region = region.filter(|region| parse_region(region).is_ok());
        let target = answer.status().is_redirection().then(|| redirect_of(&answer));
        let body = answer.text().await.map_err(|_| broken("the answer broke off"))?;
        tracing::debug!(action = request.action, status, "asked AWS");
        Ok(Reply { status, region, target, body })
    }

    /// The endpoint of a service: what the environment or the profile names, else AWS's own.
    fn endpoint(&self, service: &str, is_global: bool) -> Result<String> {
        if let Some(endpoint) = endpoint_of_environment(service)? {
            return Ok(as_base(&endpoint));
        }
        if let Some(endpoint) = self.config.endpoint_url() {
            return Ok(as_base(&parse_endpoint(endpoint, PROFILE_ENDPOINT)?));
        }
        let ending = domain(&self.region);
        Ok(match (is_global, self.region.split_once('-')) {
            (true, Some(("us", rest))) if rest.starts_with("gov") => format!("https://{service}.us-gov.{ending}"),
            (true, Some(("cn", _))) => format!("https://{service}.cn-north-1.{ending}"),
            (true, _) => format!("https://{service}.{ending}"),
            (false, _) => service_url(service, &self.region)?,
        })
    }

    /// The region that signs for services without regions.
    fn home_region(&self) -> &'static str {
        match self.region.split('-').next() {
            Some("cn") => "cn-north-1",
            Some("us") if self.region.starts_with("us-gov") => "us-gov-west-1",
            _ => "us-east-1",
        }
    }
}

/// The last cause says what happened; those above it say only that something did.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}

/// The failure that an error answer means.
fn failure_of(action: &str, reply: &Reply) -> Failure {
    let (mut code, mut message) = code_and_message(&reply.body);
    if code.is_empty() && reply.status < 500 {
        code = reply.status.to_string();
    }
    if message.is_empty() {
        message = format!("it answered with status {}", reply.status);
    }
    if let Some(target) = &reply.target {
        message = format!("{message}, with a redirect to {target}, which was not followed");
    }
    Failure { action: action.to_owned(), code, message, status: reply.status }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_end_soon() {
        let mut backoff = backoff();
        let total: std::time::Duration = (1..TRIES).map(|_| backoff.next_pause()).sum();
        assert!(total < std::time::Duration::from_secs(2), "{total:?}");
    }

    #[test]
    fn error_answers_without_text_are_reported_by_their_status() {
        let read = |status, body: &str| {
            let failure = failure_of("x:Y", &Reply { status, region: None, target: None, body: body.to_owned() });
            (failure.code, failure.message)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let words = "<ErrorResponse><Error><Code>ClusterNotFound</Code><Message>No.</Message></Error></ErrorResponse>";
        assert_eq!(read(400, words), pair("ClusterNotFound", "No."));
        assert_eq!(read(502, "<html>"), pair("", "it answered with status 502"));
        assert_eq!(read(404, ""), pair("404", "it answered with status 404"));
    }
}
