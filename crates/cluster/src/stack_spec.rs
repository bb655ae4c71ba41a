//! The specification of the stack: the template, and its parameters and tags from the settings.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::aws::{StackSpec, StackState};
use super::options::ClusterOptions;
use super::shape::Shape;
use super::{Cluster, SHAPE_TAG, moment};
use crate::source::Location;

const PROVISIONED: &str = include_str!("../../../cloudformation/provisioned.yaml");
const SERVERLESS: &str = include_str!("../../../cloudformation/serverless.yaml");

/// Where the cluster is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) vpc: String,
    pub(super) subnets: Vec<String>,
}

/// Who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    /// The one address range; empty for none.
    pub(super) cidr: String,
    pub(super) public: bool,
}

impl Access {
    /// No address may connect.
    pub(super) const fn closed() -> Self {
        Self { cidr: String::new(), public: false }
    }

    /// The access that a stack grants.
    pub(super) fn of(stack: &StackState) -> Self {
        Self {
            cidr: stack.parameters.get("AllowedCidr").cloned().unwrap_or_default(),
            public: stack.parameters.get("PubliclyAccessible").is_some_and(|text| text == "true"),
        }
    }
}

/// Sets the expiry of a specification that is like an existing stack.
pub(super) fn set_expiry(spec: &mut StackSpec, expires: Option<DateTime<Utc>>) {
    let text = expires.map_or_else(|| moment::NEVER.to_owned(), moment::spelled);
    if let Some(parameter) = spec.parameters.get_mut("Expires") {
        parameter.clone_from(&text);
    }
    spec.tags.insert("expires".to_owned(), text);
}

/// When a stack's time to live ends.
pub(super) fn expiry(stack: &StackState) -> Option<DateTime<Utc>> {
    stack.tags.get("expires").and_then(|text| moment::read(text))
}

impl Cluster<'_> {
    /// The stack that the settings ask for.
    pub(super) fn stack_spec(
        &self,
        old: Option<&StackState>,
        network: &Network,
        access: &Access,
        expires: Option<DateTime<Utc>>,
    ) -> StackSpec {
        let options = self.options();
        let mut parameters = BTreeMap::from([
            ("DatabaseName", options.database.clone()),
            ("AdminName", options.admin.clone()),
            ("VpcId", network.vpc.clone()),
            ("SubnetIds", network.subnets.join(",")),
            ("AllowedCidr", access.cidr.clone()),
            ("PubliclyAccessible", access.public.to_string()),
            ("EnhancedVpcRouting", options.enhanced_vpc_routing.to_string()),
            ("AuditLog", options.audit_log.to_string()),
        ]);
        let places = [
            (["LogsBucket", "LogsPrefix"], self.request.logs),
            (["SongsBucket", "SongsPrefix"], self.request.songs),
            (["StagingBucket", "StagingPrefix"], options.staging.as_ref()),
        ];
        for ([bucket_key, prefix_key], place) in places {
            let (bucket, prefix) = place.and_then(Location::bucket_and_prefix).unwrap_or_default();
            parameters.insert(bucket_key, bucket.to_owned());
            parameters.insert(prefix_key, prefix);
        }
        let expires = expires.map_or_else(|| moment::NEVER.to_owned(), moment::spelled);
        let template = match options.shape {
            Shape::Provisioned => {
                parameters.extend(provisioned(options));
                parameters.insert("Expires", expires.clone());
                PROVISIONED
            }
            Shape::Serverless => {
                parameters.insert("BaseCapacity", options.base_rpu.to_string());
                parameters.insert("MaxCapacity", options.max_rpu.to_string());
                SERVERLESS
            }
        };
        // The creation time and the owner stay those of the existing stack.
        let kept = |key: &str| old.and_then(|stack| stack.tags.get(key)).cloned();
        let owner = options.owner.clone().or_else(|| kept("owner")).unwrap_or_else(|| self.caller.name().to_owned());
        let tags = BTreeMap::from([
            ("project", "sparkify".to_owned()),
            ("sparkify:stack", options.stack.clone()),
            (SHAPE_TAG, options.shape.name().to_owned()),
            ("owner", tag_text(&owner)),
            ("created", kept("created").unwrap_or_else(|| moment::spelled(crate::clock::now()))),
            ("expires", expires),
        ]);
        let owned = |map: BTreeMap<&str, String>| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        StackSpec { template: Some(template), parameters: owned(parameters), tags: owned(tags) }
    }
}

fn provisioned(options: &ClusterOptions) -> [(&'static str, String); 4] {
    [
        ("NodeType", options.node_type.clone()),
        ("NodeCount", options.nodes.to_string()),
        ("MaintenanceWindow", options.maintenance_window.clone()),
        ("SnapshotDays", options.snapshot_days.to_string()),
    ]
}

/// The text without the characters that a tag cannot hold.
fn tag_text(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || " _.:/=+-@".contains(*c)).take(256).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_hold_what_aws_takes() {
        assert_eq!(tag_text("ann@example.com <x>"), "ann@example.com x");
    }
}
