//! Looks up where the stack's database is and which role COPY reads with, so that users need not copy them. Passwords are not
//! among them: the warehouse asks for one whenever it connects, as they last for a quarter of an hour.

use super::Cluster;
use super::shape::Shape;
use super::stack_spec::expiry;
use super::status::ttl_warning;
use crate::error::{Error, Kind, Result};

/// What a load needs to know of a cluster.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The host's name.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user to request a password for. A workgroup has one for every caller, and names it.
    pub user: Option<String>,
    /// What COPY reads S3 with.
    pub role_arn: String,
    /// The region of the cluster.
    pub region: String,
    /// The cluster's kind and name.
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

impl Cluster<'_> {
    /// Looks up how to reach the database of the stack.
    ///
    /// # Errors
    /// [`Kind::NotFound`] without a stack, [`Kind::Cloud`] when the cluster is paused or not created yet.
    pub async fn connection(&self) -> Result<Connection> {
        let stack = self.present_stack().await?;
        let shape = self.shape_of(&stack);
        let not_ready = |state: &str, hint: &str| {
            Error::new(Kind::Cloud, format!("the cluster of the stack {} is {state}", self.name())).with_hint(hint)
        };
        let inside = self.inside(&stack).await?;
        let id = inside.cluster.ok_or_else(|| not_ready("not created yet", "`sparkify cluster status` shows its progress"))?;
        let missing = || not_ready("gone, though its stack is there", "`sparkify cluster down` deletes the rest");
        let (address, port, state, user, target) = match shape {
            Shape::Provisioned => {
                let cluster =
                    self.aws.cluster(&id).await.map_err(Self::cannot("cannot describe the cluster"))?.ok_or_else(missing)?;
                let user = self.options().user.clone().unwrap_or(cluster.admin);
                (cluster.address, cluster.port, cluster.status, Some(user), Target::Cluster(id))
            }
            Shape::Serverless => {
                let workgroup =
                    self.aws.workgroup(&id).await.map_err(Self::cannot("cannot describe the workgroup"))?.ok_or_else(missing)?;
                (workgroup.address, workgroup.port, workgroup.status, None, Target::Workgroup(id))
            }
        };
        if state != "available" {
            return Err(not_ready(&state, remedy(&state)));
        }
        Ok(Connection {
            address: address.ok_or_else(|| not_ready("without an address", "`sparkify cluster status` shows it"))?,
            port,
            database: stack.parameters.get("DatabaseName").cloned().unwrap_or_else(|| self.options().database.clone()),
            user,
            role_arn: inside
                .role
                .ok_or_else(|| not_ready("without a role for COPY", "`sparkify cluster up` creates what is missing"))?,
            region: self.aws.region.clone(),
            target,
            warnings: expiry(&stack).and_then(|at| ttl_warning(at, &state)).into_iter().collect(),
        })
    }
}

/// What to do about a cluster that is not available.
fn remedy(state: &str) -> &'static str {
    match state {
        "paused" | "pausing" => "`sparkify cluster resume` starts it again",
        "deleting" => "`sparkify cluster up` creates another when it is gone",
        _ => "`sparkify cluster status` shows its progress; run the command again when it is available",
    }
}
