//! The caller, and the roles of a stack.

use super::signed::{IAM, STS};
use super::{Aws, Failure};

/// The owner of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) arn: String,
}

impl Caller {
    /// The user's or the session's name.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

impl Aws {
    /// Who the caller is.
    pub(crate) async fn caller(&self) -> Result<Caller, Failure> {
        let answer = self.query(&STS, "GetCallerIdentity", &[]).await?;
        Ok(Caller { account: answer.owned("Account"), arn: answer.owned("Arn") })
    }

    /// The names of the roles at a path.
    pub(crate) async fn roles(&self, path: &str) -> Result<Vec<String>, Failure> {
        let roles = self.query_all(&IAM, "ListRoles", &[("PathPrefix", path)], "Roles").await?;
        Ok(roles.iter().filter(|role| role.text("Path") == Some(path)).map(|role| role.owned("RoleName")).collect())
    }
}
