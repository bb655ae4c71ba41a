//! How to reach the stack's database: looked up, with a password that lasts a quarter of an hour.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Cluster;
use super::draft::expiry;
use super::options::Shape;
use super::status::ttl_warning;
use crate::error::{Error, Kind, Result};

/// All that a load needs to log in and to have COPY read.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The host's name.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user, as IAM spells it: `IAM:sparkify_admin`.
    pub user: String,
    /// For this user, until [`Self::expires`].
    pub password: Password,
    /// When the password no longer logs in; who is logged in stays so.
    pub expires: Option<DateTime<Utc>>,
    /// What COPY reads S3 with.
    pub role_arn: String,
    /// Where all of it is.
    pub region: String,
    /// What it is.
    pub target: Target,
    /// What the user should know before a load begins.
    pub warnings: Vec<String>,
}

/// A cluster or a workgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Its identifier.
    Cluster(String),
    /// Its name.
    Workgroup(String),
}

/// A password, which nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// For logging in, and for nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Cluster<'_> {
    /// Looks up how to reach the database of the stack.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without a stack, [`Kind::Cloud`] when the cluster is paused or not there yet.
    pub async fn connection(&self) -> Result<Connection> {
        let stack = self.present_stack().await?;
        let shape = self.shape_of(&stack);
        let not_ready = |state: &str, hint: &str| {
            Error::new(Kind::Cloud, format!("the cluster of the stack {} is {state}", self.name())).with_hint(hint)
        };
        let inside = self.inside(&stack).await?;
        let id =
            inside.cluster.ok_or_else(|| not_ready("not there yet", "`sparkify cluster status` shows what becomes of it"))?;
        let missing = || not_ready("gone, though its stack is there", "`sparkify cluster down` clears the rest away");
        let database = stack.parameters.get("DatabaseName").cloned().unwrap_or_else(|| self.options().database.clone());
        let (address, port, state, login, target) = match shape {
            Shape::Provisioned => {
                let cluster =
                    self.aws.cluster(&id).await.map_err(Self::cannot("cannot look at the cluster"))?.ok_or_else(missing)?;
                let user = self.options().user.as_ref().unwrap_or(&cluster.admin);
                if cluster.status != "available" {
                    return Err(not_ready(
                        &cluster.status,
                        "`sparkify cluster resume` has it run again; `sparkify cluster status` shows it",
                    ));
                }
                let login = self.aws.login(&id, user, &database).await;
                (cluster.address, cluster.port, cluster.status, login, Target::Cluster(id))
            }
            Shape::Serverless => {
                let workgroup =
                    self.aws.workgroup(&id).await.map_err(Self::cannot("cannot look at the workgroup"))?.ok_or_else(missing)?;
                if workgroup.status != "available" {
                    return Err(not_ready(&workgroup.status, "`sparkify cluster status` shows it"));
                }
                let login = self.aws.workgroup_login(&id, &database).await;
                (workgroup.address, workgroup.port, workgroup.status, login, Target::Workgroup(id))
            }
        };
        let login = login.map_err(Self::cannot("cannot get a password for the database"))?;
        Ok(Connection {
            address: address.ok_or_else(|| not_ready("without an address", "`sparkify cluster status` shows it"))?,
            port,
            database,
            user: login.user,
            password: Password(login.password),
            expires: login.expires,
            role_arn: inside
                .role
                .ok_or_else(|| not_ready("without a role for COPY", "`sparkify cluster up` makes what is missing"))?,
            region: self.aws.region.clone(),
            target,
            warnings: expiry(&stack).and_then(|at| ttl_warning(at, &state)).into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(format!("{:?}", Password("canary".to_owned())), "***");
    }
}
