//! The error answers of AWS, and the errors that the user sees.

use std::fmt;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Error, Kind};
use crate::policy;

/// An error answer, or no answer.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// As policies name it: `redshift:PauseCluster`.
    pub(crate) action: String,
    /// AWS's error code; empty if no answer came.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(super) status: u16,
}

impl Failure {
    /// No answer, or not one that was expected.
    pub(super) fn unanswered(action: &str, message: impl Into<String>) -> Self {
        Self { action: action.to_owned(), code: String::new(), message: message.into(), status: 0 }
    }

    /// From the SDK, whose own text can hold the request.
    pub(super) fn of_sdk<E: ProvideErrorMetadata, R>(action: &str, error: &SdkError<E, R>) -> Self {
        let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
        if let Some(code) = metadata.and_then(|meta| meta.code()) {
            let message = metadata.and_then(|meta| meta.message()).unwrap_or_default();
            return Self { action: action.to_owned(), code: code.to_owned(), message: message.to_owned(), status: 400 };
        }
        let what = match error {
            SdkError::TimeoutError(_) => "it did not answer in time",
            SdkError::DispatchFailure(_) => "it cannot be reached",
            SdkError::ConstructionFailure(_) => "the request could not be made",
            _ => "it did not answer properly",
        };
        Self::unanswered(action, what)
    }

    /// Whether it has this error code, with or without `Fault` at its end.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code || self.code.strip_suffix("Fault").is_some_and(|bare| bare == code)
    }

    /// What the request names does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        self.code.contains("NotFound")
            || matches!(self.code.as_str(), "NoSuchEntity" | "NoSuchBucket" | "404")
            || (self.code == "ValidationError" && self.message.contains("does not exist"))
    }

    /// The caller has no permission.
    pub(crate) fn is_denied(&self) -> bool {
        let denied =
            ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized", "403"];
        denied.contains(&self.code.as_str())
    }

    fn is_expired(&self) -> bool {
        self.code.contains("ExpiredToken") || self.code == "RequestExpired"
    }

    fn is_unknown_key(&self) -> bool {
        let codes =
            ["InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure", "InvalidAccessKeyId"];
        codes.contains(&self.code.as_str())
    }

    /// The same request may succeed a little later.
    pub(crate) fn may_pass(&self) -> bool {
        self.code.contains("Throttl") || self.code == "RequestLimitExceeded" || self.code.is_empty() || self.status >= 500
    }

    /// The error to show, `doing` says what failed: `cannot pause the cluster`.
    pub(crate) fn into_error(self, doing: &str) -> Error {
        let error = |kind| Error::new(kind, doing.to_owned());
        if self.is_expired() {
            return error(Kind::SourceCredentials)
                .with_hint("the credentials have expired: run `aws sso login`, or get new ones")
                .caused_by(self.to_string());
        }
        if self.is_unknown_key() {
            return error(Kind::SourceCredentials)
                .with_hint("AWS does not accept the key: check AWS_PROFILE or AWS_ACCESS_KEY_ID, and the machine's clock")
                .caused_by(self.to_string());
        }
        if self.is_denied() {
            let action = self.denied_action();
            return error(Kind::CloudDenied).with_hint(policy::remedy(&action)).caused_by(self.to_string());
        }
        if self.may_pass() {
            return error(Kind::CloudUnavailable).caused_by(self.to_string());
        }
        let hint = remedy(&self.code, &self.message);
        error(Kind::Cloud).with_hint(hint).caused_by(self.to_string())
    }

    /// The denied action, which can differ from the requested one.
    fn denied_action(&self) -> String {
        denied_action(&self.message).unwrap_or_else(|| self.action.clone())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => write!(f, "{}: {message}", self.action),
            (code, "") => write!(f, "{}: {code}", self.action),
            (code, message) => write!(f, "{}: {message} ({code})", self.action),
        }
    }
}

impl std::error::Error for Failure {}

/// The action that AWS's text says was denied.
pub(crate) fn denied_action(text: &str) -> Option<String> {
    let behind = text.split_once("not authorized to perform")?.1.trim_start_matches([':', ' ']);
    let action: String = behind.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-')).collect();
    action.contains(':').then(|| action.trim_end_matches(':').to_owned())
}

/// What to do about an error answer, as far as its code and text say.
pub(crate) fn remedy(code: &str, text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if code.contains("Quota") || code.contains("LimitExceeded") || says(&["quota", "limit exceeded", "maximum number"]) {
        "the account's quota is used up: delete what is not needed, or ask for more at Service Quotas in the console"
    } else if says(&["internet gateway", "publicly accessible"]) && says(&["gateway", "subnet"]) {
        "the subnets have no way to the internet: name others with cluster.subnets, or connect from inside the VPC"
    } else if says(&["node type", "nodetype"]) {
        "the region has no such nodes: set another cluster.node_type, or another region"
    } else if code.contains("InsufficientClusterCapacity") || says(&["insufficient", "capacity"]) {
        "the region has no such nodes to spare now: try again later, or set another cluster.node_type"
    } else if says(&["already exists", "alreadyexists"]) {
        "the name is taken: set another cluster.stack, or delete what has it"
    } else if says(&["dependent object", "dependency", "in use by", "has a dependency"]) {
        "something else still uses it: `sparkify cluster status` shows what, remove that and run the command again"
    } else if code.contains("InvalidClusterState") || says(&["invalid cluster state", "not in the available state", "is paused"])
    {
        "the cluster is busy or paused: `sparkify cluster status` shows it; resume it first, or wait"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_its_action() {
        let text = "User: arn:aws:iam::1:user/ann is not authorized to perform: redshift:PauseCluster on resource: arn:aws:x";
        assert_eq!(denied_action(text).as_deref(), Some("redshift:PauseCluster"));
        assert_eq!(denied_action("You are not authorized to perform this operation."), None);
    }

    #[test]
    fn error_answers_are_told_apart() {
        let kind = |code: &str, status| {
            let failure = Failure { action: "sts:GetCallerIdentity".into(), code: code.into(), message: "m".into(), status };
            failure.into_error("cannot").kind()
        };
        assert_eq!(kind("ExpiredToken", 403), Kind::SourceCredentials);
        assert_eq!(kind("InvalidClientTokenId", 403), Kind::SourceCredentials);
        assert_eq!(kind("AccessDenied", 403), Kind::CloudDenied);
        assert_eq!(kind("UnauthorizedOperation", 403), Kind::CloudDenied);
        assert_eq!(kind("Throttling", 400), Kind::CloudUnavailable);
        assert_eq!(kind("InternalFailure", 500), Kind::CloudUnavailable);
        assert_eq!(kind("InvalidClusterState", 400), Kind::Cloud);
    }
}
