//! Who logs in with which password, where Amazon knows it: a secret of Secrets Manager, or IAM for a quarter of an hour.

use super::options::{AwsContext, RedshiftOptions};
use super::place::Place;
use super::url::RedshiftUrl;
use crate::error::{Error, Kind, Result};
use crate::postgres::password::Password;
use crate::source::{AwsRequest, Node, S3Options, Sources};

const JSON: &str = "application/x-amz-json-1.1";
/// As long as temporary passwords have to last at least. They are needed for logging in alone.
const SECONDS: u32 = 900;

/// A user and the password, where one is known.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub user: String,
    pub password: Option<Password>,
}

/// The account that a secret holds, as JSON with `username` and `password`, or the password alone.
pub(super) fn from_secret(
    secret: &str,
    url: &RedshiftUrl,
    place: &Place,
    options: &RedshiftOptions,
    sources: &Sources,
) -> Result<Account> {
    // A secret's ARN says where it is.
    let region = match secret.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "secretsmanager", region, ..] => (*region).to_owned(),
        _ => region_of(url, options)?,
    };
    let answer = sources.ask_aws(&AwsRequest {
        service: "secretsmanager",
        region: &region,
        target: Some("secretsmanager.GetSecretValue"),
        body: serde_json::json!({ "SecretId": secret }).to_string(),
        content_type: JSON,
    });
    let answer = answer.map_err(|error| {
        error.with_hint(
            "the credentials in use need secretsmanager:GetSecretValue on the secret of redshift.secret (and kms:Decrypt)",
        )
    })?;
    read_secret(&answer, place.user.as_deref())
        .ok_or_else(|| unusable("the secret of redshift.secret", "it should hold JSON with username and password"))
}

fn read_secret(answer: &str, user: Option<&str>) -> Option<Account> {
    let answer: serde_json::Value = serde_json::from_str(answer).ok()?;
    let secret = answer.get("SecretString")?.as_str()?;
    let text = |value: &serde_json::Value, key: &str| value.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    let (named, password) = match serde_json::from_str::<serde_json::Value>(secret) {
        Ok(fields) if fields.is_object() => (text(&fields, "username"), text(&fields, "password")?),
        _ => (None, secret.to_owned()),
    };
    let user = user.map(str::to_owned).or(named)?;
    Some(Account { user, password: Some(Password::new(password)) })
}

/// A user and a password of IAM's, which the cluster takes for a quarter of an hour. A cluster gives them for the user that
/// the URL names, or else for the caller's own; a workgroup for the caller's own alone.
pub(super) fn temporary(url: &RedshiftUrl, place: &Place, options: &RedshiftOptions, sources: &Sources) -> Result<Account> {
    let region = region_of(url, options)?;
    let endpoint = url.endpoint();
    let is_serverless = endpoint.as_ref().is_some_and(|endpoint| endpoint.serverless);
    let name = options.cluster.clone().or_else(|| endpoint.map(|endpoint| endpoint.name)).ok_or_else(|| {
        Error::new(Kind::Settings, "the host name does not say which cluster it is, which redshift.iam needs to know")
            .with_hint("set redshift.cluster to the cluster's identifier, or to workgroup:NAME")
    })?;
    let workgroup = name.strip_prefix("workgroup:").or(is_serverless.then_some(name.as_str()));
    let sources = match &options.aws_context {
        Some(AwsContext { profile, .. }) => &Sources::new(S3Options { profile: profile.clone(), ..S3Options::default() }),
        None => sources,
    };
    let (answer, names) = if let Some(workgroup) = workgroup {
        let body = serde_json::json!({ "workgroupName": workgroup, "dbName": place.database, "durationSeconds": SECONDS });
        let request = AwsRequest {
            service: "redshift-serverless",
            region: &region,
            target: Some("RedshiftServerless.GetCredentials"),
            body: body.to_string(),
            content_type: JSON,
        };
        (sources.ask_aws(&request), "redshift-serverless:GetCredentials on the workgroup".to_owned())
    } else {
        let user = url.parts.user.as_deref().filter(|user| !is_of_iam(user));
        let action = if user.is_some() { "GetClusterCredentials" } else { "GetClusterCredentialsWithIAM" };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action)
            .append_pair("Version", "2012-12-01")
            .append_pair("ClusterIdentifier", &name)
            .append_pair("DbName", &place.database)
            .append_pair("DurationSeconds", &SECONDS.to_string());
        if let Some(user) = user {
            form.append_pair("DbUser", user).append_pair("AutoCreate", "false");
        }
        let request = AwsRequest {
            service: "redshift",
            region: &region,
            target: None,
            body: form.finish(),
            content_type: "application/x-www-form-urlencoded; charset=utf-8",
        };
        let needed = match user {
            Some(user) => format!("redshift:{action} on the user {user} and the database {}", place.database),
            None => format!("redshift:{action} on the cluster and the database"),
        };
        (sources.ask_aws(&request), needed)
    };
    let answer = answer.map_err(|error| {
        let printed = if options.aws_context.is_some() { ", as `sparkify cluster policy` prints it" } else { "" };
        error.with_hint(format!("the credentials in use need {names}{printed}"))
    })?;
    read_temporary(&answer).ok_or_else(|| unusable("the answer to the request for temporary credentials", "try again"))
}

fn read_temporary(answer: &str) -> Option<Account> {
    // JSON first: a password in it may look like an element.
    let (user, password) = if let Ok(json) = serde_json::from_str::<serde_json::Value>(answer) {
        let text = |key: &str| json.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        (text("dbUser")?, text("dbPassword")?)
    } else {
        let node = Node::parse(answer)?;
        let text = |name| node.anywhere(name).map(|element| element.own_text().to_owned());
        (text("DbUser")?, text("DbPassword")?)
    };
    Some(Account { user, password: Some(Password::new(password)) })
}

/// Whether a user is one that the cluster has for an identity of IAM's.
fn is_of_iam(user: &str) -> bool {
    user.starts_with("IAM:") || user.starts_with("IAMR:")
}

/// Where the cluster is.
fn region_of(url: &RedshiftUrl, options: &RedshiftOptions) -> Result<String> {
    let looked_up = options.aws_context.as_ref().map(|context| context.region.clone());
    looked_up.or_else(|| url.endpoint().map(|endpoint| endpoint.region)).or_else(|| options.region.clone()).ok_or_else(|| {
        Error::new(Kind::Settings, "the host name does not say in which region the cluster is").with_hint("set redshift.region")
    })
}

fn unusable(what: &str, remedy: &str) -> Error {
    Error::new(Kind::WarehouseDenied, format!("{what} holds no user and password")).with_hint(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(account: Option<Account>) -> Option<(String, String)> {
        let account = account?;
        Some((account.user, account.password?.reveal().to_owned()))
    }

    fn pair(user: &str, password: &str) -> (String, String) {
        (user.to_owned(), password.to_owned())
    }

    #[test]
    fn secrets_hold_user_and_password_or_the_password_alone() {
        let of = |secret: &str| serde_json::json!({ "ARN": "a", "SecretString": secret }).to_string();
        assert_eq!(found(read_secret(&of(r#"{"username":"ann","password":"p\"w"}"#), None)), Some(pair("ann", "p\"w")));
        assert_eq!(found(read_secret(&of(r#"{"username":"ann","password":"p"}"#), Some("bob"))), Some(pair("bob", "p")));
        assert_eq!(found(read_secret(&of("plain"), Some("bob"))), Some(pair("bob", "plain")));
        assert_eq!(found(read_secret(&of("plain"), None)), None);
        assert_eq!(found(read_secret("{}", Some("bob"))), None);
    }

    #[test]
    fn temporary_credentials_come_in_both_forms() {
        let xml = "<R><DbUser>IAMR:loader</DbUser><DbPassword>a&amp;b</DbPassword></R>";
        assert_eq!(found(read_temporary(xml)), Some(pair("IAMR:loader", "a&b")));
        assert_eq!(found(read_temporary(r#"{"dbUser":"IAM:ann","dbPassword":"p"}"#)), Some(pair("IAM:ann", "p")));
        // What looks like an element in JSON is a part of the password.
        assert_eq!(found(read_temporary(r#"{"dbUser":"IAM:ann","dbPassword":"a<b/>c"}"#)), Some(pair("IAM:ann", "a<b/>c")));
        assert_eq!(found(read_temporary("{}")), None);
    }
}
