//! VPCs, subnets, security groups and network interfaces.

use super::signed::EC2;
use super::{Aws, Failure};
use crate::source::Node;

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
}

/// Who may connect, and to which ports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    /// An address range, or another group.
    pub(crate) from: String,
    pub(crate) ports: String,
    /// The parameters that name it to EC2.
    fields: Vec<(String, String)>,
}

impl Rule {
    /// The whole internet may.
    pub(crate) fn is_public(&self) -> bool {
        self.from.ends_with("/0")
    }
}

impl Aws {
    /// The account's default VPC in the region, if it has one.
    pub(crate) async fn default_vpc(&self) -> Result<Option<String>, Failure> {
        let vpcs =
            self.query_all(&EC2, "DescribeVpcs", &[("Filter.1.Name", "is-default"), ("Filter.1.Value.1", "true")], "vpcSet");
        Ok(vpcs.await?.iter().find(|vpc| vpc.is_true("isDefault")).map(|vpc| vpc.owned("vpcId")))
    }

    /// The subnets of a VPC, ordered by zone.
    pub(crate) async fn subnets_of(&self, vpc: &str) -> Result<Vec<Subnet>, Failure> {
        self.subnets(&[("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)]).await
    }

    /// These subnets.
    pub(crate) async fn subnets_named(&self, ids: &[String]) -> Result<Vec<Subnet>, Failure> {
        let keys: Vec<String> = (1..=ids.len()).map(|n| format!("SubnetId.{n}")).collect();
        let asked: Vec<(&str, &str)> = keys.iter().zip(ids).map(|(key, id)| (key.as_str(), id.as_str())).collect();
        self.subnets(&asked).await
    }

    async fn subnets(&self, asked: &[(&str, &str)]) -> Result<Vec<Subnet>, Failure> {
        let found = self.query_all(&EC2, "DescribeSubnets", asked, "subnetSet").await?;
        let subnet = |s: &Node| Subnet { id: s.owned("subnetId"), vpc: s.owned("vpcId"), zone: s.owned("availabilityZone") };
        let mut subnets: Vec<Subnet> = found.iter().map(subnet).collect();
        subnets.sort_by(|a, b| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
        Ok(subnets)
    }

    /// Who may connect through a security group.
    pub(crate) async fn rules(&self, group: &str) -> Result<Vec<Rule>, Failure> {
        let groups = self.groups_where("group-id", group).await?;
        let mut rules = Vec::new();
        for rule in groups.iter().flat_map(|group| group.items("ipPermissions")) {
            let ports = match (rule.text("fromPort"), rule.text("toPort")) {
                (Some(from), Some(to)) if from == to => from.to_owned(),
                (Some(from), Some(to)) => format!("{from}-{to}"),
                _ => "all".to_owned(),
            };
            let common: Vec<(String, String)> = [("ipProtocol", "IpProtocol"), ("fromPort", "FromPort"), ("toPort", "ToPort")]
                .into_iter()
                .filter_map(|(at, name)| Some((format!("IpPermissions.1.{name}"), rule.text(at)?.to_owned())))
                .collect();
            let lists = [
                ("ipRanges", "cidrIp", "IpRanges.1.CidrIp"),
                ("ipv6Ranges", "cidrIpv6", "Ipv6Ranges.1.CidrIpv6"),
                ("groups", "groupId", "Groups.1.GroupId"),
                ("prefixListIds", "prefixListId", "PrefixListIds.1.PrefixListId"),
            ];
            for (list, at, name) in lists {
                for item in rule.items(list) {
                    let mut fields = common.clone();
                    fields.push((format!("IpPermissions.1.{name}"), item.owned(at)));
                    rules.push(Rule { from: item.owned(at), ports: ports.clone(), fields });
                }
            }
        }
        rules.sort();
        Ok(rules)
    }

    /// Removes a rule.
    pub(crate) async fn revoke(&self, group: &str, rule: &Rule) -> Result<(), Failure> {
        let mut asked = vec![("GroupId", group)];
        asked.extend(rule.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.query(&EC2, "RevokeSecurityGroupIngress", &asked).await.map(drop)
    }

    /// The security groups that a filter finds.
    pub(crate) async fn groups(&self, filter: &str, value: &str) -> Result<Vec<String>, Failure> {
        let groups = self.groups_where(filter, value).await?;
        Ok(groups.iter().map(|group| group.owned("groupId")).collect())
    }

    async fn groups_where(&self, filter: &str, value: &str) -> Result<Vec<Node>, Failure> {
        let asked = [("Filter.1.Name", filter), ("Filter.1.Value.1", value)];
        self.query_all(&EC2, "DescribeSecurityGroups", &asked, "securityGroupInfo").await
    }

    /// The network interfaces that a filter finds, each with what it is for.
    pub(crate) async fn interfaces(&self, filter: &str, value: &str) -> Result<Vec<(String, String)>, Failure> {
        let asked = [("Filter.1.Name", filter), ("Filter.1.Value.1", value)];
        let found = self.query_all(&EC2, "DescribeNetworkInterfaces", &asked, "networkInterfaceSet").await?;
        Ok(found.iter().map(|item| (item.owned("networkInterfaceId"), item.owned("description"))).collect())
    }
}
