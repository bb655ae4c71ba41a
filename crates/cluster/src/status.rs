//! The status of the stack and its cluster.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::aws::{Rule, StackState};
use super::prices::Cost;
use super::shape::Shape;
use super::stack_spec::expiry;
use super::{Cluster, moment};
use crate::error::Result;

/// How long before its end a time to live is worth a warning.
const NEAR_SECONDS: i64 = 1800;

/// The stack and what is in it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StatusReport {
    /// The stack's name.
    pub stack: String,
    /// Where.
    pub region: String,
    /// Whose account.
    pub account: String,
    /// `none`, or the cluster's state: `available`, `paused`, `creating`, …
    pub state: String,
    /// CloudFormation's status of the stack.
    pub stack_status: Option<String>,
    /// `provisioned` or `serverless`.
    pub kind: Option<&'static str>,
    /// The cluster's or the workgroup's name.
    pub cluster: Option<String>,
    /// Host and port.
    pub endpoint: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// Its administrator.
    pub admin: Option<String>,
    /// Where the administrator's password is kept.
    pub secret: Option<String>,
    /// The role that COPY reads with.
    pub role: Option<String>,
    /// The kind of its nodes.
    pub node_type: Option<String>,
    /// How many.
    pub nodes: Option<u32>,
    /// Whether its data is encrypted.
    pub encrypted: Option<bool>,
    /// When it was created.
    pub created: Option<String>,
    /// How long ago.
    pub age_seconds: Option<i64>,
    /// By the table of prices.
    pub usd_an_hour: Option<f64>,
    /// At most: pauses are not known.
    pub usd_so_far_at_most: Option<f64>,
    /// When the prices were valid.
    pub prices_as_of: String,
    /// Whether it has an address on the internet.
    pub public: Option<bool>,
    /// Who may connect.
    pub open_to: Vec<Opening>,
    /// When it pauses by itself.
    pub expires: Option<String>,
    /// How long until then; negative when it is past.
    pub seconds_left: Option<i64>,
    /// What to read.
    pub warnings: Vec<String>,
}

/// Who may connect, and to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opening {
    /// An address range, or a security group.
    pub from: String,
    /// The port, or several.
    pub ports: String,
}

impl Cluster<'_> {
    /// Reads the state of the stack and of what is in it.
    ///
    /// # Errors
    /// When AWS does not answer.
    pub async fn status(&self) -> Result<StatusReport> {
        let mut report = StatusReport {
            stack: self.name().to_owned(),
            region: self.aws.region.clone(),
            account: self.caller.account.clone(),
            state: "none".to_owned(),
            prices_as_of: self.options().prices_as_of.clone(),
            ..StatusReport::default()
        };
        let Some(stack) = self.own_stack().await?.filter(|stack| !stack.is_empty()) else { return Ok(report) };
        let shape = self.shape_of(&stack);
        let created = stack.created;
        report.stack_status = Some(stack.status.clone());
        report.kind = Some(shape.name());
        if stack.is_busy() { "busy" } else { "failed" }.clone_into(&mut report.state);
        report.database = stack.parameters.get("DatabaseName").cloned();
        report.admin = stack.parameters.get("AdminName").cloned();
        report.created = created.map(moment::spelled);
        report.age_seconds = created.map(|at| (crate::clock::now() - at).num_seconds());
        let inside = self.inside(&stack).await?;
        report.cluster = inside.cluster;
        report.role = inside.role;
        let mut groups: Vec<String> = inside.group.into_iter().collect();
        let cost = match (shape, report.cluster.clone()) {
            (_, None) => Cost { hour: None, most_a_day: None },
            (Shape::Provisioned, Some(id)) => self.add_cluster(&id, &mut report, &mut groups).await?,
            (Shape::Serverless, Some(name)) => self.add_workgroup(&name, &mut report, &mut groups).await?,
        };
        report.usd_an_hour = cost.hour;
        report.usd_so_far_at_most = cost
            .hour
            .zip(report.age_seconds)
            .filter(|_| shape == Shape::Provisioned)
            .map(|(hour, age)| hour * age as f64 / 3600.0);
        self.add_openings(groups, &mut report).await?;
        if let Some(at) = expiry(&stack) {
            report.expires = Some(moment::spelled(at));
            report.seconds_left = Some((at - crate::clock::now()).num_seconds());
        }
        report.warnings.extend(expiry(&stack).and_then(|at| ttl_warning(at, &report.state)));
        if !stack.is_sound() && !stack.is_busy() {
            self.add_failures(&stack, &mut report).await;
        }
        Ok(report)
    }

    async fn add_cluster(&self, id: &str, report: &mut StatusReport, groups: &mut Vec<String>) -> Result<Cost> {
        let none = Cost { hour: None, most_a_day: None };
        let cluster = self.aws.cluster(id).await.map_err(Self::cannot("cannot describe the cluster"))?;
        let Some(cluster) = cluster else {
            report.warnings.push(format!("the cluster {id} is gone, though its stack is there: take the rest down"));
            "gone".clone_into(&mut report.state);
            return Ok(none);
        };
        report.endpoint = cluster.address.map(|address| format!("{address}:{}", cluster.port));
        report.state = cluster.status;
        report.secret = cluster.secret;
        report.public = Some(cluster.public);
        report.encrypted = Some(cluster.encrypted);
        if !cluster.encrypted {
            report.warnings.push("the data is not encrypted".to_owned());
        }
        if let Some(role) = report.role.as_ref().filter(|role| !cluster.roles.contains(role)) {
            report.warnings.push(format!("the role {role} is not attached to the cluster, so COPY cannot read with it"));
        }
        groups.extend(cluster.groups);
        let cost = self.options().prices.nodes(&cluster.node_type, cluster.nodes);
        report.node_type = Some(cluster.node_type);
        report.nodes = Some(cluster.nodes);
        Ok(cost)
    }

    async fn add_workgroup(&self, name: &str, report: &mut StatusReport, groups: &mut Vec<String>) -> Result<Cost> {
        let doing = "cannot describe the workgroup";
        let Some(workgroup) = self.aws.workgroup(name).await.map_err(Self::cannot(doing))? else {
            report.warnings.push(format!("the workgroup {name} is gone, though its stack is there: take the rest down"));
            "gone".clone_into(&mut report.state);
            return Ok(Cost { hour: None, most_a_day: None });
        };
        report.endpoint = workgroup.address.map(|address| format!("{address}:{}", workgroup.port));
        report.state = workgroup.status;
        report.public = Some(workgroup.public);
        if let Some(at) = workgroup.created {
            report.created = Some(moment::spelled(at));
        }
        groups.extend(workgroup.groups);
        if self.aws.usage_limit(&workgroup.arn).await.map_err(Self::cannot(doing))?.is_none() {
            report.warnings.push("the workgroup's use is not limited: `sparkify cluster up` sets the limit".to_owned());
        }
        Ok(self.options().cost())
    }

    async fn add_openings(&self, mut groups: Vec<String>, report: &mut StatusReport) -> Result<()> {
        groups.sort();
        groups.dedup();
        let mut rules: Vec<Rule> = Vec::new();
        for group in groups {
            rules.extend(self.aws.rules(&group).await.map_err(Self::cannot("cannot read who may connect"))?);
        }
        for rule in rules {
            if rule.is_public() {
                report.warnings.push(format!("EVERYBODY may connect ({}): remove that rule from the security group", rule.from));
            }
            report.open_to.push(Opening { from: rule.from, ports: rule.ports });
        }
        Ok(())
    }

    async fn add_failures(&self, stack: &StackState, report: &mut StatusReport) {
        let what = if stack.is_failed_creation() {
            "`sparkify cluster up` deletes it and tries again"
        } else {
            "`sparkify cluster down` takes it down"
        };
        report.warnings.push(format!("the stack is {}: {what}", stack.status));
        for resource in self.aws.resources(&stack.id).await.unwrap_or_default() {
            if resource.status.ends_with("_FAILED") {
                report.warnings.push(format!("{} {}: {}", resource.status, resource.logical, resource.reason));
            }
        }
    }
}

/// The warning about the end of a time to live, if it is near or past.
pub(super) fn ttl_warning(at: DateTime<Utc>, state: &str) -> Option<String> {
    let left = (at - crate::clock::now()).num_seconds();
    let duration = moment::duration(left.abs());
    match (left, state) {
        (1..NEAR_SECONDS, _) => Some(format!(
            "its time is up in {duration}: it pauses then, even if it is in use; `sparkify cluster up --ttl 4h` gives it more"
        )),
        (..=0, "available") => Some(format!(
            "its time was up {duration} ago and it runs: pause it, take it down, or give it more with `sparkify cluster up --ttl 4h`"
        )),
        _ => None,
    }
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(stack_status) = &self.stack_status else {
            return writeln!(f, "There is no stack {} in {} (account {}).", self.stack, self.region, self.account);
        };
        writeln!(f, "{} in {}: {} (stack {stack_status})", self.stack, self.region, self.state)?;
        let mut row = |name: &str, value: Option<String>| match value {
            Some(value) => writeln!(f, "  {name:<9} {value}"),
            None => Ok(()),
        };
        let size = self.node_type.as_ref().zip(self.nodes).map(|(kind, nodes)| format!(", {nodes} × {kind}"));
        row("cluster", self.cluster.as_ref().map(|id| format!("{id}{}", size.unwrap_or_default())))?;
        row("endpoint", self.endpoint.clone())?;
        row(
            "database",
            self.database.as_ref().map(|db| format!("{db}, administrator {}", self.admin.as_deref().unwrap_or("unknown"))),
        )?;
        row("role", self.role.clone())?;
        row("secret", self.secret.clone())?;
        row("age", self.age_seconds.map(moment::duration))?;
        let price = self.usd_an_hour.map(|hour| match self.usd_so_far_at_most {
            Some(so_far) => format!("at most {so_far:.2} USD so far, {hour:.3} an hour while it runs, besides storage"),
            None => format!("{hour:.3} USD an hour while it computes, besides storage"),
        });
        row("cost", price.map(|text| format!("{text} (prices as of {}, from cluster.prices)", self.prices_as_of)))?;
        let open: Vec<String> = self.open_to.iter().map(|o| format!("{} on port {}", o.from, o.ports)).collect();
        let how = if self.public == Some(true) { "has an address on the internet" } else { "only from inside the VPC" };
        row("open to", Some(if open.is_empty() { format!("nobody ({how})") } else { format!("{} ({how})", open.join(", ")) }))?;
        let left = self.seconds_left.map(|left| {
            if left > 0 { format!("in {}", moment::duration(left)) } else { format!("{} ago", moment::duration(-left)) }
        });
        row("pauses", Some(left.unwrap_or_else(|| "never by itself".to_owned())).filter(|_| self.kind == Some("provisioned")))?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "  warning: {warning}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_warns_when_near_and_when_past() {
        let at = |minutes| crate::clock::now() + chrono::Duration::minutes(minutes);
        assert_eq!(ttl_warning(at(60), "available"), None);
        assert!(ttl_warning(at(10), "available").unwrap().contains("in 9 min"));
        assert!(ttl_warning(at(-60), "available").unwrap().contains("1 h 0 min ago"));
        assert_eq!(ttl_warning(at(-60), "paused"), None);
    }
}
