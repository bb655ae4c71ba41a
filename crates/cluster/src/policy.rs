//! The permissions that the caller needs: a policy to hand to an administrator.

use serde_json::Value;

use super::{Cluster, Request};
use crate::error::{Error, Kind, Result};

const TEMPLATE: &str = include_str!("../../../cloudformation/caller-policy.json");

/// Placeholders for an unknown account and region.
const ANY_ACCOUNT: &str = "ACCOUNT_ID";
const ANY_REGION: &str = "REGION";

impl Cluster<'_> {
    /// The policy for this account and region.
    ///
    /// # Errors
    /// [`Kind::Io`] when the template is broken, which the tests rule out.
    pub fn policy(&self) -> Result<String> {
        filled(self.request, &self.caller.account, &self.aws.region)
    }

    /// The policy for an unknown account and region, with placeholders for them.
    ///
    /// # Errors
    /// As [`Self::policy`].
    pub fn policy_with_placeholders(request: &Request<'_>) -> Result<String> {
        filled(request, ANY_ACCOUNT, request.options.region.as_deref().unwrap_or(ANY_REGION))
    }
}

fn filled(request: &Request<'_>, account: &str, region: &str) -> Result<String> {
    let broken = || Error::new(Kind::Io, "the policy's template is broken");
    let mut policy: Value = serde_json::from_str(TEMPLATE).map_err(|e| broken().caused_by(e))?;
    let partition = partition(region);
    let staging = request.options.staging.as_ref();
    let sources: Vec<String> =
        [request.logs, request.songs, staging].into_iter().flatten().flat_map(|place| arns(place, partition, true)).collect();
    let staging: Vec<String> = staging.into_iter().flat_map(|place| arns(place, partition, false)).collect();
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut).ok_or_else(broken)?;
    for statement in statements.iter_mut() {
        let resources = statement.get_mut("Resource").and_then(Value::as_array_mut).ok_or_else(broken)?;
        let places = match resources.first().and_then(Value::as_str) {
            Some("{buckets}") => Some(&sources),
            Some("{staging}") => Some(&staging),
            _ => None,
        };
        if let Some(places) = places {
            *resources = places.iter().map(|place| Value::from(place.as_str())).collect();
        }
    }
    // A statement without resources would allow nothing, and AWS refuses it.
    statements.retain(|statement| statement.get("Resource").and_then(Value::as_array).is_some_and(|list| !list.is_empty()));
    let text = serde_json::to_string_pretty(&policy).map_err(|e| broken().caused_by(e))?;
    let options = request.options;
    let words = [
        ("{partition}", partition),
        ("{region}", region),
        ("{account}", account),
        ("{stack}", options.stack.as_str()),
        // Passwords are for this user alone: a user with one for the administrator could do everything.
        ("{user}", options.user.as_ref().unwrap_or(&options.admin)),
        ("{database}", options.database.as_str()),
    ];
    Ok(words.iter().fold(text, |text, (word, value)| text.replace(word, value)) + "\n")
}

/// The names of a place in S3 and of its bucket.
fn arns(place: &crate::source::Location, partition: &str, with_bucket: bool) -> Vec<String> {
    let Some((bucket, prefix)) = place.bucket_and_prefix() else { return Vec::new() };
    let objects = format!("arn:{partition}:s3:::{bucket}/{prefix}*");
    if with_bucket { vec![format!("arn:{partition}:s3:::{bucket}"), objects] } else { vec![objects] }
}

/// The part of AWS that a region is in.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// What to do when an action is denied: which statement of the policy allows it, and on which line.
pub(super) fn remedy(action: &str) -> String {
    let quoted = format!("\"{action}\"");
    // The template has its keys in the order in which they are printed: a statement's name comes after its actions.
    let mut lines = TEMPLATE.lines().enumerate();
    if let Some((index, _)) = lines.find(|(_, line)| line.trim().trim_end_matches(',') == quoted) {
        let name = lines.find_map(|(_, line)| line.trim().strip_prefix("\"Sid\": "));
        return format!(
            "{action} is not allowed: line {} of what `sparkify cluster policy` prints, in the statement {}, allows it",
            index + 1,
            name.unwrap_or_default().trim_matches(['"', ','])
        );
    }
    format!(
        "{action} is not allowed, and `sparkify cluster policy` does not ask for it either: something else in the account requires it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClusterOptions;
    use crate::source::Location;

    struct Silent;

    impl crate::Prompt for Silent {
        fn print(&self, _: &str) {}
        fn confirm(&self, _: &str) -> Result<()> {
            Ok(())
        }
    }

    fn policy(logs: Option<&Location>) -> String {
        let options = ClusterOptions {
            stack: "sparkify".to_owned(),
            region: Some("us-west-2".to_owned()),
            database: "sparkify".to_owned(),
            admin: "sparkify_admin".to_owned(),
            ..ClusterOptions::default()
        };
        let request = Request { options: &options, logs, songs: None, prompt: &Silent };
        filled(&request, "123456789012", "us-west-2").unwrap()
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        let logs = Location::parse("s3://lake/log_data").unwrap();
        let text = policy(Some(&logs));
        for word in ["{account}", "{region}", "{stack}", "{partition}", "{buckets}", "{staging}", "{user}", "{database}"] {
            assert!(!text.contains(word), "{word}");
        }
        assert!(
            text.contains("arn:aws:s3:::lake/log_data/*")
                && text.contains("arn:aws:redshift:us-west-2:123456789012:cluster:sparkify\"")
        );
        assert!(text.contains(":dbuser:sparkify/sparkify_admin\"") && text.contains(":dbname:sparkify/sparkify\""));
        assert!(!text.contains("WriteTheStaging"));
        assert!(!policy(None).contains("ReadTheSources"));
    }

    #[test]
    fn a_remedy_names_the_line_that_is_printed() {
        let text = policy(None);
        let remedy = remedy("redshift:PauseCluster");
        let number: usize = remedy.split("line ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(text.lines().nth(number - 1).unwrap().contains("redshift:PauseCluster"), "{remedy}");
        assert!(remedy.contains("RunTheCluster"));
    }

    #[test]
    fn partitions() {
        assert_eq!(
            [partition("cn-north-1"), partition("us-gov-west-1"), partition("eu-west-1")],
            ["aws-cn", "aws-us-gov", "aws"]
        );
    }
}
