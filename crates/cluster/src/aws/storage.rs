//! Secrets and buckets.

use serde_json::{Value, json};

use super::signed::SECRETS;
use super::{Aws, Failure};

impl Aws {
    /// The names of the secrets that begin with `beginning`.
    pub(crate) async fn secrets(&self, beginning: &str) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut asked = json!({ "Filters": [{ "Key": "name", "Values": [beginning] }] });
            if let (Some(token), Some(fields)) = (&token, asked.as_object_mut()) {
                fields.insert("NextToken".to_owned(), token.as_str().into());
            }
            let answer = self.json(&SECRETS, "ListSecrets", &asked).await?;
            let list = answer.get("SecretList").and_then(Value::as_array);
            let found = list.into_iter().flatten().filter_map(|secret| secret.get("Name").and_then(Value::as_str));
            names.extend(found.filter(|name| name.starts_with(beginning)).map(str::to_owned));
            let next = answer.get("NextToken").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() || next == token {
                return Ok(names);
            }
            token = next;
        }
    }

    /// The region that a bucket is in, if S3 says so.
    pub(crate) async fn bucket_region(&self, bucket: &str) -> Result<Option<String>, Failure> {
        self.head_bucket(bucket).await
    }
}
