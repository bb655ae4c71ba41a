//! What `up` would change: CloudFormation's change set, with the costs.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::aws::{Change, ChangeSet, StackSpec, StackState};
use super::options::Ttl;
use super::shape::Shape;
use super::stack_spec::{Access, expiry};
use super::{Cluster, moment};
use crate::error::{Error, Kind, Result};

/// What `up` would do.
#[derive(Debug, Clone, Serialize)]
pub struct PlanReport {
    /// The stack's name.
    pub stack: String,
    /// Where.
    pub region: String,
    /// Whose account.
    pub account: String,
    /// `provisioned` or `serverless`.
    pub kind: &'static str,
    /// What would be created, changed and deleted.
    pub changes: Vec<PlannedChange>,
    /// By the table of prices; null where it has none.
    pub usd_an_hour: Option<f64>,
    /// If it never pauses.
    pub usd_a_month: Option<f64>,
    /// When the prices were valid.
    pub prices_as_of: String,
    /// When it pauses by itself.
    pub expires: Option<String>,
    #[serde(skip)]
    notes: Vec<String>,
}

/// What would happen to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedChange {
    /// `create`, `change`, `replace` or `delete`.
    pub action: &'static str,
    /// Its name in the template.
    pub resource: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
}

impl From<&Change> for PlannedChange {
    fn from(change: &Change) -> Self {
        let action = match (change.action.as_str(), change.replaces) {
            ("add", _) => "create",
            ("remove", _) => "delete",
            (_, true) => "replace",
            _ => "change",
        };
        Self { action, resource: change.logical.clone(), kind: change.kind.clone() }
    }
}

/// A specification with the changes that CloudFormation computed.
pub(super) struct Proposal {
    pub(super) report: PlanReport,
    /// `None` when nothing would change.
    pub(super) set: Option<ChangeSet>,
}

impl Cluster<'_> {
    /// Computes what `up` would do, and changes nothing.
    ///
    /// # Errors
    /// What would prevent it.
    pub async fn plan(&self, ttl: Option<Ttl>) -> Result<PlanReport> {
        let stack = self.own_stack().await?;
        if let Some(stack) = stack.as_ref().filter(|stack| stack.is_busy()) {
            return Err(Error::new(Kind::Cloud, format!("the stack {} is busy: {}", self.name(), stack.status))
                .with_hint("`sparkify cluster status` shows it; try again when it is done"));
        }
        if let Some(stack) = stack.as_ref().filter(|stack| stack.is_failed_creation()) {
            return Err(Error::new(
                Kind::Cloud,
                format!("the stack {} failed when it was created: {}", self.name(), stack.status),
            )
            .with_hint("`sparkify cluster up` deletes it and creates it again"));
        }
        let proposal = self.proposal(stack.as_ref(), ttl, None).await?;
        if let Some(set) = &proposal.set {
            self.aws.drop_change_set(self.name(), set).await?;
        }
        Ok(proposal.report)
    }

    /// Computes what the settings would change, with `access` or else the stack's present one.
    pub(super) async fn proposal(&self, old: Option<&StackState>, ttl: Option<Ttl>, access: Option<Access>) -> Result<Proposal> {
        let old = old.filter(|stack| !stack.is_empty());
        if let Some(stack) = old
            && self.shape_of(stack) != self.options().shape
        {
            let (is, wanted) = (self.shape_of(stack).name(), self.options().shape.name());
            return Err(Error::new(Kind::Settings, format!("the stack {} is {is}, and cluster.kind says {wanted}", self.name()))
                .with_hint("take it down first, or name another with cluster.stack"));
        }
        let network = self.preflight(old).await?;
        // An existing stack keeps its expiry unless a new one is given, so that the same command changes nothing.
        let expires = match (ttl, old) {
            // Idle, it costs nothing: there is nothing to pause.
            _ if self.options().shape == Shape::Serverless => {
                if ttl.is_some() {
                    self.print("note: a workgroup pauses by itself when idle; --ttl has no effect on it");
                }
                None
            }
            (Some(ttl), _) => from_now(ttl),
            (None, Some(stack)) => expiry(stack),
            (None, None) => from_now(self.options().ttl),
        };
        let access = access.unwrap_or_else(|| old.map_or_else(Access::closed, Access::of));
        let spec = self.stack_spec(old, &network, &access, expires);
        self.propose(old, &spec, expires).await
    }

    /// Has CloudFormation compute the changes of a specification, and refuses those that would delete the data.
    pub(super) async fn propose(
        &self,
        old: Option<&StackState>,
        spec: &StackSpec,
        expires: Option<DateTime<Utc>>,
    ) -> Result<Proposal> {
        let set = self.aws.propose(self.name(), spec, old.is_none()).await?;
        let report = self.report(set.as_ref(), expires);
        let holds_data = |kind: &str| matches!(kind, "AWS::Redshift::Cluster" | "AWS::RedshiftServerless::Namespace");
        let lost = report.changes.iter().find(|c| matches!(c.action, "replace" | "delete") && holds_data(&c.kind));
        if let (Some(lost), Some(set)) = (lost, &set) {
            self.aws.drop_change_set(self.name(), set).await?;
            return Err(Error::new(Kind::Cloud, format!("these settings would {} the cluster, with all its data", lost.action))
                .with_hint(
                    "the database's and the administrator's name, the VPC and its subnets cannot change: restore them, or delete the cluster first",
                ));
        }
        Ok(Proposal { report, set })
    }

    fn report(&self, set: Option<&ChangeSet>, expires: Option<DateTime<Utc>>) -> PlanReport {
        let options = self.options();
        let cost = options.cost();
        let mut notes = Vec::new();
        if options.shape == Shape::Provisioned {
            let size = format!("{} × {}", options.nodes, options.node_type);
            notes.push(match expires {
                Some(at) if at > crate::clock::now() => format!("size   {size}; it pauses by itself on {}", moment::shown(at)),
                Some(at) => format!("size   {size}; its time was up on {}: --ttl gives it another", moment::shown(at)),
                None => format!("size   {size}; it runs until it is paused: --ttl ends that by itself"),
            });
        } else {
            notes.push(format!(
                "size   {} to {} RPU, off for the day after {} RPU hours",
                options.base_rpu, options.max_rpu, options.rpu_hours_a_day
            ));
        }
        notes.extend(
            options
                .prices
                .lines(cost, options.shape, &options.prices_as_of)
                .iter()
                .enumerate()
                .map(|(index, line)| format!("{}{line}", if index == 0 { "costs  " } else { "       " })),
        );
        PlanReport {
            stack: options.stack.clone(),
            region: self.aws.region.clone(),
            account: self.caller.account.clone(),
            kind: options.shape.name(),
            changes: set.map(|set| set.changes.iter().map(PlannedChange::from).collect()).unwrap_or_default(),
            usd_an_hour: cost.hour,
            usd_a_month: cost.month(),
            prices_as_of: options.prices_as_of.clone(),
            expires: expires.map(moment::spelled),
            notes,
        }
    }
}

/// The end of a time to live that begins now.
pub(super) fn from_now(ttl: Ttl) -> Option<DateTime<Utc>> {
    ttl.0.map(|time| crate::clock::now() + time)
}

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Stack {} in {}, account {}", self.stack, self.region, self.account)?;
        if self.changes.is_empty() {
            writeln!(f, "  nothing would change")?;
        }
        let widest = self.changes.iter().map(|change| change.resource.len()).max().unwrap_or_default();
        for change in &self.changes {
            writeln!(f, "  {:<7} {:widest$}  {}", change.action, change.resource, change.kind)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))
    }
}
