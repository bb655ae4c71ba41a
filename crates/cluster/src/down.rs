//! Deletes everything, and checks that nothing is left.

use super::aws::{Failure, StackState, backoff};
use super::leftovers::{Remembered, Removal};
use super::shape::Shape;
use super::watch::{Watch, interrupted};
use super::{Cluster, Inside};
use crate::error::{Error, Kind, Result};

/// What happens to the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Last {
    /// A snapshot that is named after the time.
    Snapshot,
    /// A snapshot of that name.
    Named(String),
    /// Nothing is kept.
    Nothing,
}

impl Cluster<'_> {
    /// Deletes the cluster and the stack; `last` says whether a snapshot of the data stays.
    ///
    /// # Errors
    /// When something prevents it. What is gone stays gone, and the same command goes on from there.
    pub async fn down(&self, last: &Last, verify: bool) -> Result<Removal> {
        let stack = self.settled_stack().await?;
        let shape = stack.as_ref().map_or(self.options().shape, |stack| self.shape_of(stack));
        let mut remembered = Remembered { shape, stack: self.name().to_owned(), ..Remembered::default() };
        let mut snapshot = None;
        if let Some(stack) = &stack {
            let inside = self.inside(stack).await?;
            snapshot = self.delete_all(stack, shape, &inside, last).await?;
            remembered.groups.extend(inside.group);
            remembered.clusters.extend(inside.cluster);
        } else {
            self.print(&format!("there is no stack {} in {}", self.name(), self.aws.region));
        }
        remembered.clusters.push(self.name().to_owned());
        remembered.clusters.dedup();
        let mut removal = Removal {
            stack: self.name().to_owned(),
            region: self.aws.region.clone(),
            was_there: stack.is_some(),
            kept: snapshot.into_iter().collect(),
            left: Vec::new(),
            unseen: Vec::new(),
            verified: verify,
        };
        if verify {
            self.look_for_leftovers(&remembered, &mut removal).await;
        }
        Ok(removal)
    }

    /// Asks, then deletes the data and the stack; returns the snapshot's name if one was created.
    async fn delete_all(&self, stack: &StackState, shape: Shape, inside: &Inside, last: &Last) -> Result<Option<String>> {
        let id = inside.cluster.as_deref().unwrap_or_else(|| self.name());
        let exists = match shape {
            Shape::Provisioned => self.aws.cluster(id).await.map(|cluster| cluster.is_some()),
            Shape::Serverless => self.aws.namespace(id).await.map(|namespace| namespace.is_some()),
        };
        let exists = exists.map_err(Self::cannot("cannot describe the cluster"))?;
        let snapshot = match last {
            _ if !exists => None,
            Last::Nothing => None,
            Last::Named(name) => Some(name.clone()),
            Last::Snapshot => Some(format!("{}-final-{}", self.name(), crate::clock::now().format("%Y%m%d-%H%M%S"))),
        };
        let data = match (&snapshot, exists) {
            (Some(name), _) => format!("; its data stays in the snapshot {name}, which costs its storage until it is deleted"),
            (None, true) => " AND ALL ITS DATA, of which nothing is kept".to_owned(),
            (None, false) => String::new(),
        };
        self.request.prompt.confirm(&format!(
            "this deletes the stack {} in {} with the cluster{data}",
            self.name(),
            self.aws.region
        ))?;
        if exists {
            match shape {
                Shape::Provisioned => self.delete_cluster(id, snapshot.as_deref()).await?,
                Shape::Serverless => self.delete_serverless(id, snapshot.as_deref()).await?,
            }
        }
        let watch = Watch::begin(&self.aws, &stack.id).await;
        self.aws.delete_stack(&stack.id).await.map_err(Self::cannot("cannot delete the stack"))?;
        let end = watch.until_settled(self, &stack.id).await?;
        if let Err(error) = end.check("the stack could not be deleted", |stack| stack.is_none()) {
            self.report_blockers(stack, inside).await;
            return Err(error);
        }
        Ok(snapshot)
    }

    /// The cluster goes first, as CloudFormation can give its last snapshot no name, nor leave it out.
    async fn delete_cluster(&self, id: &str, snapshot: Option<&str>) -> Result<()> {
        let mut backoff = backoff();
        let mut reported = String::new();
        let mut is_requested = false;
        loop {
            let cluster = self.aws.cluster(id).await.map_err(Self::cannot("cannot describe the cluster"))?;
            let Some(cluster) = cluster else { break };
            if !is_requested && !matches!(cluster.status.as_str(), "deleting" | "final-snapshot") {
                match self.aws.delete_cluster(id, snapshot).await {
                    Ok(()) => is_requested = true,
                    Err(failure) if failure.is_missing() => break,
                    Err(failure) => return Err(cannot_delete(failure, &cluster.status, snapshot)),
                }
            } else if cluster.status != reported {
                self.print(&format!("  {:<8} {id}", cluster.status));
                reported = cluster.status;
            }
            self.aws.wait(backoff.next_pause()).await.map_err(|_| interrupted())?;
        }
        self.print(&format!("  deleted  {id}"));
        if let Some(name) = snapshot
            && let Err(failure) = self.aws.keep_snapshot(&self.caller.account, id, name).await
        {
            self.print(&format!("warning: the snapshot {name} could not be tagged as kept: {failure}"));
        }
        Ok(())
    }

    /// The workgroup goes first, then the namespace with the data, which the stack itself would leave.
    async fn delete_serverless(&self, name: &str, snapshot: Option<&str>) -> Result<()> {
        let doing = "cannot delete the workgroup";
        let mut backoff = backoff();
        while let Some(workgroup) = self.aws.workgroup(name).await.map_err(Self::cannot(doing))? {
            if workgroup.status != "deleting" {
                match self.aws.delete_workgroup(name).await {
                    Err(failure) if !failure.is_missing() && !failure.is("ConflictException") => {
                        return Err(failure.into_error(doing));
                    }
                    _ => {}
                }
            }
            self.aws.wait(backoff.next_pause()).await.map_err(|_| interrupted())?;
        }
        let doing = "cannot delete the namespace";
        while let Some(status) = self.aws.namespace(name).await.map_err(Self::cannot(doing))? {
            if status != "deleting" {
                match self.aws.delete_namespace(name, snapshot).await {
                    Err(failure) if !failure.is_missing() && !failure.is("ConflictException") => {
                        return Err(failure.into_error(doing));
                    }
                    _ => {}
                }
            }
            self.aws.wait(backoff.next_pause()).await.map_err(|_| interrupted())?;
        }
        self.print(&format!("  deleted  {name}"));
        Ok(())
    }

    /// Names what still uses the resources that could not be deleted.
    async fn report_blockers(&self, stack: &StackState, inside: &Inside) {
        for resource in self.aws.resources(&stack.id).await.unwrap_or_default() {
            if resource.status == "DELETE_FAILED" {
                self.print(&format!("  in the way: {} {}: {}", resource.kind, resource.physical, resource.reason));
            }
        }
        let Some(group) = &inside.group else { return };
        for (interface, description) in self.aws.interfaces("group-id", group).await.unwrap_or_default() {
            self.print(&format!(
                "  in the way: the network interface {interface} ({description}) uses the security group {group}"
            ));
        }
    }
}

fn cannot_delete(failure: Failure, status: &str, snapshot: Option<&str>) -> Error {
    if status == "paused" && snapshot.is_some() && failure.is("InvalidClusterState") {
        return Error::new(Kind::Cloud, "a paused cluster cannot be snapshotted")
            .with_hint("`sparkify cluster resume` first, or pass --no-snapshot to keep nothing")
            .caused_by(failure.to_string());
    }
    if failure.code.contains("SnapshotAlreadyExists") {
        return Error::new(Kind::Cloud, format!("there is a snapshot {} already", snapshot.unwrap_or_default()))
            .with_hint("pass another name with --final-snapshot")
            .caused_by(failure.to_string());
    }
    failure.into_error("cannot delete the cluster")
}
