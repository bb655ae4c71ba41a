//! The result of a removal: what is gone, what was kept, and what is left of the stack.

use serde::Serialize;

use super::Cluster;
use super::aws::Failure;
use super::shape::Shape;

/// Something that should be gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leftover {
    /// What it is.
    pub kind: &'static str,
    /// Its name or id.
    pub name: String,
}

/// The result of a removal.
#[derive(Debug, Clone, Serialize)]
pub struct Removal {
    /// The stack's name.
    pub stack: String,
    /// Where.
    pub region: String,
    /// Whether there was a stack to delete.
    pub was_there: bool,
    /// The snapshots that stay on purpose.
    pub kept: Vec<String>,
    /// What is left and should not be.
    pub left: Vec<Leftover>,
    /// What could not be checked, and why.
    pub unseen: Vec<String>,
    /// Whether leftovers were looked for.
    pub verified: bool,
}

impl std::fmt::Display for Removal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.was_there {
            writeln!(f, "The stack {} in {} is gone.", self.stack, self.region)?;
        } else {
            writeln!(f, "There was no stack {} in {}.", self.stack, self.region)?;
        }
        for snapshot in &self.kept {
            writeln!(f, "  kept on purpose: the snapshot {snapshot}; it costs its storage until you delete it")?;
        }
        for left in &self.left {
            writeln!(f, "  LEFT: {} {}", left.kind, left.name)?;
        }
        for unseen in &self.unseen {
            writeln!(f, "  not checked: {unseen}")?;
        }
        if self.verified && self.left.is_empty() && self.unseen.is_empty() {
            writeln!(f, "  nothing else is left: no cluster, snapshot, security group, network interface, role or secret")?;
        }
        Ok(())
    }
}

/// What the stack had, as far as it was known before its deletion.
pub(super) struct Remembered {
    pub(super) shape: Shape,
    pub(super) stack: String,
    /// Clusters, or workgroups and namespaces.
    pub(super) clusters: Vec<String>,
    pub(super) groups: Vec<String>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self { shape: Shape::Provisioned, stack: String::new(), clusters: Vec::new(), groups: Vec::new() }
    }
}

/// Collects findings; what cannot be checked is a finding of its own.
struct Findings<'a>(&'a mut Removal);

impl Findings<'_> {
    fn add(&mut self, kind: &'static str, found: Result<Vec<String>, Failure>) {
        match found {
            Ok(names) => self.0.left.extend(names.into_iter().map(|name| Leftover { kind, name })),
            Err(failure) => self.0.unseen.push(format!("{kind}: {failure}")),
        }
    }
}

impl Cluster<'_> {
    /// Looks for everything of the stack that costs money, grants access or has permissions.
    pub(super) async fn look_for_leftovers(&self, had: &Remembered, removal: &mut Removal) {
        let aws = &self.aws;
        let mut findings = Findings(removal);
        match had.shape {
            Shape::Provisioned => {
                findings.add("cluster", aws.clusters_of(&had.stack).await);
                for id in had.clusters.iter().filter(|id| **id != had.stack) {
                    findings
                        .add("cluster", aws.cluster(id).await.map(|found| found.map(|cluster| cluster.id).into_iter().collect()));
                }
                for id in &had.clusters {
                    self.look_for_snapshots(id, &mut findings).await;
                }
                findings.add(
                    "subnet group",
                    aws.tagged("DescribeClusterSubnetGroups", "ClusterSubnetGroups", "ClusterSubnetGroupName", &had.stack).await,
                );
                findings.add(
                    "parameter group",
                    aws.tagged("DescribeClusterParameterGroups", "ParameterGroups", "ParameterGroupName", &had.stack).await,
                );
            }
            Shape::Serverless => {
                for name in &had.clusters {
                    let here = |found: bool| if found { vec![name.clone()] } else { Vec::new() };
                    findings.add("workgroup", aws.workgroup(name).await.map(|found| here(found.is_some())));
                    findings.add("namespace", aws.namespace(name).await.map(|found| here(found.is_some())));
                    let kept = findings.0.kept.clone();
                    let snapshots = aws.namespace_snapshots(name).await;
                    findings
                        .add("snapshot", snapshots.map(|names| names.into_iter().filter(|name| !kept.contains(name)).collect()));
                }
            }
        }
        findings.add("security group", aws.groups("tag:sparkify:stack", &had.stack).await);
        for group in &had.groups {
            findings.add("security group", aws.groups("group-id", group).await);
            let interfaces = aws.interfaces("group-id", group).await;
            findings.add("network interface", interfaces.map(|found| found.into_iter().map(|(id, _)| id).collect()));
        }
        findings.add("role", aws.roles(&format!("/sparkify/{}/", had.stack)).await);
        for id in &had.clusters {
            findings.add("secret", aws.secrets(&format!("redshift!{id}-")).await);
        }
        removal.left.sort();
        removal.left.dedup();
    }

    /// Snapshots that were kept on purpose, now or earlier, do not count as leftovers.
    async fn look_for_snapshots(&self, cluster: &str, findings: &mut Findings<'_>) {
        let found = self.aws.snapshots(cluster).await;
        let mut forgotten = Vec::new();
        match found {
            Ok(snapshots) => {
                for snapshot in snapshots {
                    if snapshot.kept && !findings.0.kept.contains(&snapshot.name) {
                        findings.0.kept.push(snapshot.name);
                    } else if !findings.0.kept.contains(&snapshot.name) {
                        forgotten.push(snapshot.name);
                    }
                }
                findings.add("snapshot", Ok(forgotten));
            }
            Err(failure) => findings.add("snapshot", Err(failure)),
        }
    }
}
