//! Clusters and their snapshots.

use serde_json::{Value, json};

use super::signed::{QUOTAS, REDSHIFT};
use super::{Aws, Failure};
use crate::policy;
use crate::source::Node;

/// The state of a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClusterState {
    pub(crate) id: String,
    /// `available`, `paused`, `creating`, …
    pub(crate) status: String,
    pub(crate) node_type: String,
    pub(crate) nodes: u32,
    pub(crate) address: Option<String>,
    pub(crate) port: u16,
    pub(crate) admin: String,
    pub(crate) public: bool,
    pub(crate) encrypted: bool,
    pub(crate) roles: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) secret: Option<String>,
    /// The stack that it is tagged with.
    stack_tags: Vec<String>,
}

impl ClusterState {
    fn read(node: &Node) -> Self {
        let list = |path: &str, field: &str| node.items(path).iter().map(|item| item.owned(field)).collect();
        Self {
            id: node.owned("ClusterIdentifier"),
            status: node.owned("ClusterStatus"),
            node_type: node.owned("NodeType"),
            nodes: node.text("NumberOfNodes").and_then(|n| n.parse().ok()).unwrap_or(1),
            address: node.text("Endpoint/Address").map(str::to_owned),
            port: node.text("Endpoint/Port").and_then(|n| n.parse().ok()).unwrap_or(5439),
            admin: node.owned("MasterUsername"),
            public: node.is_true("PubliclyAccessible"),
            encrypted: node.is_true("Encrypted"),
            roles: list("IamRoles", "IamRoleArn"),
            groups: list("VpcSecurityGroups", "VpcSecurityGroupId"),
            secret: node.text("MasterPasswordSecretArn").map(str::to_owned),
            stack_tags: node
                .items("Tags")
                .iter()
                .filter(|tag| matches!(tag.text("Key"), Some("sparkify:stack" | "aws:cloudformation:stack-name")))
                .map(|tag| tag.owned("Value"))
                .collect(),
        }
    }

    /// Whether it belongs to a stack, by its name or its tags.
    fn is_of(&self, stack: &str) -> bool {
        self.id == stack || self.stack_tags.iter().any(|tag| tag == stack)
    }
}

/// A snapshot, and whether it was kept on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) name: String,
    pub(crate) manual: bool,
    pub(crate) kept: bool,
}

/// The tag of a snapshot that is kept on purpose.
const KEPT: &str = "sparkify:kept";

impl Aws {
    /// The cluster of that name, if there is one.
    pub(crate) async fn cluster(&self, id: &str) -> Result<Option<ClusterState>, Failure> {
        match self.query_all(&REDSHIFT, "DescribeClusters", &[("ClusterIdentifier", id)], "Clusters").await {
            Ok(found) => Ok(found.first().map(ClusterState::read)),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The clusters that belong to a stack.
    pub(crate) async fn clusters_of(&self, stack: &str) -> Result<Vec<String>, Failure> {
        let found = self.query_all(&REDSHIFT, "DescribeClusters", &[], "Clusters").await?;
        Ok(found.iter().map(ClusterState::read).filter(|cluster| cluster.is_of(stack)).map(|cluster| cluster.id).collect())
    }

    /// Whether the region has nodes of a type.
    pub(crate) async fn has_node_type(&self, node_type: &str) -> Result<bool, Failure> {
        let asked = [("NodeType", node_type)];
        let options = self.query_all(&REDSHIFT, "DescribeOrderableClusterOptions", &asked, "OrderableClusterOptions").await?;
        Ok(options.iter().any(|option| option.text("NodeType") == Some(node_type)))
    }

    /// How many nodes the account has in the region, without those of a stack.
    pub(crate) async fn nodes_besides(&self, stack: &str) -> Result<u32, Failure> {
        let found = self.query_all(&REDSHIFT, "DescribeClusters", &[], "Clusters").await?;
        Ok(found.iter().map(ClusterState::read).filter(|cluster| !cluster.is_of(stack)).map(|cluster| cluster.nodes).sum())
    }

    /// How many nodes the account may have in the region, if AWS says so.
    pub(crate) async fn nodes_allowed(&self) -> Result<Option<u32>, Failure> {
        let mut asked = json!({ "ServiceCode": "redshift" });
        loop {
            let answer = self.json(&QUOTAS, "ListServiceQuotas", &asked).await?;
            let quotas = answer.get("Quotas").and_then(Value::as_array).into_iter().flatten();
            let mut of_nodes = quotas.filter(|quota| quota.get("QuotaName").and_then(Value::as_str) == Some("Nodes"));
            if let Some(allowed) = of_nodes.find_map(|quota| quota.get("Value")?.as_f64()) {
                return Ok(Some(allowed as u32));
            }
            match answer.get("NextToken").filter(|token| token.is_string()) {
                Some(next) if asked.get("NextToken") != Some(next) => {
                    asked = json!({ "ServiceCode": "redshift", "NextToken": next });
                }
                _ => return Ok(None),
            }
        }
    }

    pub(crate) async fn pause(&self, id: &str) -> Result<(), Failure> {
        self.query(&REDSHIFT, "PauseCluster", &[("ClusterIdentifier", id)]).await.map(drop)
    }

    pub(crate) async fn resume(&self, id: &str) -> Result<(), Failure> {
        self.query(&REDSHIFT, "ResumeCluster", &[("ClusterIdentifier", id)]).await.map(drop)
    }

    /// Begins to delete a cluster, with a last snapshot or none.
    pub(crate) async fn delete_cluster(&self, id: &str, snapshot: Option<&str>) -> Result<(), Failure> {
        let skip = if snapshot.is_some() { "false" } else { "true" };
        let mut asked = vec![("ClusterIdentifier", id), ("SkipFinalClusterSnapshot", skip)];
        asked.extend(snapshot.map(|name| ("FinalClusterSnapshotIdentifier", name)));
        self.query(&REDSHIFT, "DeleteCluster", &asked).await.map(drop)
    }

    /// The snapshots of a cluster.
    pub(crate) async fn snapshots(&self, cluster: &str) -> Result<Vec<Snapshot>, Failure> {
        let asked = [("ClusterIdentifier", cluster)];
        let found = match self.query_all(&REDSHIFT, "DescribeClusterSnapshots", &asked, "Snapshots").await {
            Ok(found) => found,
            Err(failure) if failure.is_missing() => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let snapshot = |node: &Node| Snapshot {
            name: node.owned("SnapshotIdentifier"),
            manual: node.text("SnapshotType") != Some("automated"),
            kept: node.items("Tags").iter().any(|tag| tag.text("Key") == Some(KEPT)),
        };
        Ok(found.iter().filter(|node| node.text("ClusterIdentifier") == Some(cluster)).map(snapshot).collect())
    }

    /// Tags a snapshot as kept on purpose.
    pub(crate) async fn keep_snapshot(&self, account: &str, cluster: &str, snapshot: &str) -> Result<(), Failure> {
        let partition = policy::partition(&self.region);
        let arn = format!("arn:{partition}:redshift:{}:{account}:snapshot:{cluster}/{snapshot}", self.region);
        let asked = [("ResourceName", arn.as_str()), ("Tags.Tag.1.Key", KEPT), ("Tags.Tag.1.Value", "final")];
        self.query(&REDSHIFT, "CreateTags", &asked).await.map(drop)
    }

    /// The names of the items in one of Redshift's lists that have the stack's tag.
    pub(crate) async fn tagged(&self, action: &str, list: &str, name: &str, stack: &str) -> Result<Vec<String>, Failure> {
        let asked = [("TagKeys.TagKey.1", "sparkify:stack"), ("TagValues.TagValue.1", stack)];
        let found = self.query_all(&REDSHIFT, action, &asked, list).await?;
        let is_ours = |node: &&Node| {
            let mut tags = node.items("Tags").iter();
            tags.any(|tag| tag.text("Key") == Some("sparkify:stack") && tag.text("Value") == Some(stack))
        };
        Ok(found.iter().filter(is_ours).map(|node| node.owned(name)).collect())
    }
}
