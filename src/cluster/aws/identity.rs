//! Who asks, and which roles there are.

use super::signed::{IAM, STS};
use super::{Aws, Failure};

/// Whose credentials these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cluster) struct Caller {
    pub(in crate::cluster) account: String,
    pub(in crate::cluster) arn: String,
}

impl Caller {
    /// The user's or the session's name.
    pub(in crate::cluster) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

impl Aws {
    /// Who the caller is.
    pub(in crate::cluster) async fn caller(&self) -> Result<Caller, Failure> {
        let answer = self.query(&STS, "GetCallerIdentity", &[]).await?;
        Ok(Caller { account: answer.owned("Account"), arn: answer.owned("Arn") })
    }

    /// The names of the roles at a path.
    pub(in crate::cluster) async fn roles(&self, path: &str) -> Result<Vec<String>, Failure> {
        let roles = self.query_all(&IAM, "ListRoles", &[("PathPrefix", path)], "Roles").await?;
        Ok(roles.iter().filter(|role| role.text("Path") == Some(path)).map(|role| role.owned("RoleName")).collect())
    }
}
