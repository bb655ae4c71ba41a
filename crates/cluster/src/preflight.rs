//! Checks before anything is created: the network, the node type, the buckets.

use std::collections::BTreeSet;

use super::Cluster;
use super::aws::StackState;
use super::shape::Shape;
use super::stack_spec::Network;
use crate::error::{Error, Kind, Result};
use crate::source::Location;

impl Cluster<'_> {
    /// Checks what the stack needs. Warns of what is doubtful, and fails for what cannot work.
    pub(super) async fn preflight(&self, old: Option<&StackState>) -> Result<Network> {
        let options = self.options();
        self.print(&format!("in {}, account {}, as {}", self.aws.region, self.caller.account, self.caller.arn));
        if options.shape == Shape::Provisioned {
            if options.nodes == 1 && ["4xlarge", "12xlarge", "16xlarge"].iter().any(|size| options.node_type.ends_with(size)) {
                return Err(Error::new(Kind::Settings, format!("a cluster of {} has two nodes at least", options.node_type))
                    .with_hint("set cluster.nodes to 2 or more, or cluster.node_type to a smaller one"));
            }
            match self.aws.has_node_type(&options.node_type).await {
                Ok(true) => {}
                Ok(false) => {
                    return Err(Error::new(
                        Kind::Cloud,
                        format!("{} has no nodes of type {}", self.aws.region, options.node_type),
                    )
                    .with_hint("set another cluster.node_type, or another region"));
                }
                Err(failure) => {
                    self.print(&format!("warning: whether the region has {} nodes is not known: {failure}", options.node_type));
                }
            }
            self.check_quota().await;
        } else if options.max_rpu < options.base_rpu {
            return Err(Error::new(Kind::Settings, "cluster.max_rpu is less than cluster.base_rpu").with_hint("raise it"));
        }
        let network = self.network(old).await?;
        self.check_buckets().await;
        if options.enhanced_vpc_routing {
            self.print("note: with enhanced VPC routing, COPY reaches S3 only if the VPC has a gateway endpoint for it");
        }
        Ok(network)
    }

    /// The VPC and its subnets: those of the settings, else those that the stack has, else the default VPC's.
    pub(super) async fn network(&self, old: Option<&StackState>) -> Result<Network> {
        let options = self.options();
        if options.vpc.is_none()
            && options.subnets.is_empty()
            && let Some(network) = old.and_then(network_of)
        {
            return Ok(network);
        }
        let failed =
            |what: &'static str| move |failure: super::aws::Failure| failure.into_error(&format!("cannot describe {what}"));
        if !options.subnets.is_empty() {
            let found = self.aws.subnets_named(&options.subnets).await.map_err(failed("the subnets of cluster.subnets"))?;
            let vpcs: BTreeSet<String> = found.iter().map(|subnet| subnet.vpc.clone()).collect();
            let vpc = vpcs.first().cloned().unwrap_or_default();
            if vpcs.len() != 1 || options.vpc.as_ref().is_some_and(|wanted| *wanted != vpc) {
                let shown: Vec<&str> = vpcs.iter().map(String::as_str).collect();
                return Err(Error::new(Kind::Settings, format!("the subnets of cluster.subnets are in {}", shown.join(" and ")))
                    .with_hint("name subnets of one VPC, that of cluster.vpc if it is set"));
            }
            return Ok(Network { vpc, subnets: options.subnets.clone() });
        }
        let vpc = match &options.vpc {
            Some(vpc) => vpc.clone(),
            None => self.aws.default_vpc().await.map_err(failed("the VPCs"))?.ok_or_else(|| {
                Error::new(Kind::Cloud, format!("the account has no default VPC in {}", self.aws.region))
                    .with_hint("set cluster.vpc, or create one with `aws ec2 create-default-vpc`")
            })?,
        };
        let subnets = self.aws.subnets_of(&vpc).await.map_err(failed("the subnets"))?;
        if subnets.is_empty() {
            return Err(Error::new(Kind::Cloud, format!("the VPC {vpc} has no subnets"))
                .with_hint("set cluster.vpc to another, or create subnets in it; a cluster needs one, a workgroup three"));
        }
        let zones: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
        if options.shape == Shape::Serverless && zones.len() < 3 {
            self.print(&format!("warning: a workgroup requires subnets in three zones, and {vpc} has them in {}", zones.len()));
        }
        Ok(Network { vpc, subnets: subnets.into_iter().map(|subnet| subnet.id).collect() })
    }

    /// Warns if the account may not have as many nodes. AWS decides in the end, so an unknown quota does not stop the plan.
    async fn check_quota(&self) {
        let wanted = self.options().nodes;
        let found = async {
            let Some(allowed) = self.aws.nodes_allowed().await? else { return Ok(None) };
            Ok::<_, super::aws::Failure>(Some((allowed, self.aws.nodes_besides(self.name()).await?)))
        };
        match found.await {
            Ok(Some((allowed, used))) if used.saturating_add(wanted) > allowed => self.print(&format!(
                "warning: the account may have {allowed} nodes in {} and has {used} besides these {wanted}: \
                 ask for more at Service Quotas in the console, or delete what is not needed",
                self.aws.region
            )),
            Ok(Some(_)) => {}
            Ok(None) => tracing::info!("AWS does not say how many nodes the account may have"),
            Err(failure) => tracing::info!("how many nodes the account may have is not known: {failure}"),
        }
    }

    /// Warns of buckets in other regions: COPY can read them, but the transfer costs money.
    async fn check_buckets(&self) {
        let places = [self.request.logs, self.request.songs, self.options().staging.as_ref()];
        let buckets: BTreeSet<&str> =
            places.into_iter().flatten().filter_map(Location::bucket_and_prefix).map(|(bucket, _)| bucket).collect();
        if buckets.is_empty() {
            self.print("warning: neither logs nor songs are in S3, so there is nothing that COPY could read: set them first");
        }
        if self.options().staging.is_none() {
            self.print(
                "warning: cluster.staging is not set: without a prefix in S3 for what loads hand to COPY, there are no loads",
            );
        }
        for bucket in buckets {
            match self.aws.bucket_region(bucket).await {
                Ok(Some(region)) if region != self.aws.region => self.print(&format!(
                    "warning: the bucket {bucket} is in {region} and the cluster in {}: loads are slower and the transfer costs",
                    self.aws.region
                )),
                Ok(_) => {}
                Err(failure) if failure.is_missing() => self.print(&format!("warning: there is no bucket {bucket}")),
                Err(failure) => self.print(&format!("warning: the region of the bucket {bucket} is not known: {failure}")),
            }
        }
    }
}

/// The network of a stack.
fn network_of(stack: &StackState) -> Option<Network> {
    let vpc = stack.parameters.get("VpcId").filter(|vpc| !vpc.is_empty())?;
    let subnets = stack.parameters.get("SubnetIds").filter(|subnets| !subnets.is_empty())?;
    Some(Network { vpc: vpc.clone(), subnets: subnets.split(',').map(str::to_owned).collect() })
}
