//! Creates the stack, or updates it to what the settings say.

use super::Cluster;
use super::aws::{ChangeSet, StackState};
use super::options::Ttl;
use super::plan::Proposal;
use super::shape::Shape;
use super::watch::Watch;
use crate::error::{Error, Kind, Result};

impl Cluster<'_> {
    /// Creates or updates the stack, after asking. `open_to` is the address that may connect from now on.
    ///
    /// # Errors
    /// What prevents it. CloudFormation rolls back what it has begun.
    pub async fn up(&self, ttl: Option<Ttl>, open_to: Option<std::net::Ipv4Addr>) -> Result<()> {
        let stack = self.settled_stack().await?;
        let stack = self.without_failed_attempt(stack).await?;
        let access = open_to.map(Self::access_from).transpose()?;
        let proposal = self.proposal(stack.as_ref(), ttl, access).await?;
        self.carry_out(proposal, "this costs money as shown above").await?;
        self.limit_use().await
    }

    /// The stack, once no operation is under way in it.
    pub(super) async fn settled_stack(&self) -> Result<Option<StackState>> {
        let stack = self.own_stack().await?;
        let Some(busy) = stack.as_ref().filter(|stack| stack.is_busy()) else { return Ok(stack) };
        self.print(&format!("the stack {} is busy ({}), waiting for it", self.name(), busy.status));
        let id = busy.id.clone();
        let end = Watch::begin(&self.aws, &id).await.until_settled(self, &id).await?;
        end.check("something else was under way", |_| true)
    }

    /// Deletes what a failed creation left, which can be neither used nor changed.
    async fn without_failed_attempt(&self, stack: Option<StackState>) -> Result<Option<StackState>> {
        let Some(failed) = stack else { return Ok(None) };
        if failed.status == "DELETE_FAILED" {
            return Err(Error::new(Kind::Cloud, format!("the stack {} is partly deleted", self.name()))
                .with_hint("`sparkify cluster down` finishes that or says what is in the way")
                .caused_by(failed.reason));
        }
        if failed.status == "UPDATE_ROLLBACK_FAILED" {
            return Err(Error::new(
                Kind::Cloud,
                format!("the stack {} could not be rolled back after a failed change", self.name()),
            )
            .with_hint("remove what is in the way and run `aws cloudformation continue-update-rollback`, or take it down")
            .caused_by(failed.reason));
        }
        if !failed.is_failed_creation() {
            return Ok(Some(failed));
        }
        self.print(&format!("the last attempt failed ({}); deleting what it left", failed.status));
        let watch = Watch::begin(&self.aws, &failed.id).await;
        self.aws.delete_stack(&failed.id).await.map_err(Self::cannot("cannot delete the failed attempt"))?;
        let end = watch.until_settled(self, &failed.id).await?;
        end.check("cannot delete the failed attempt", |stack| stack.is_none())
    }

    /// Shows the plan, asks, and executes it.
    pub(super) async fn carry_out(&self, proposal: Proposal, notice: &str) -> Result<()> {
        let Proposal { report, set } = proposal;
        self.print(report.to_string().trim_end());
        let Some(set) = set else { return Ok(()) };
        if let Err(declined) = self.request.prompt.confirm(notice) {
            self.aws.drop_change_set(self.name(), &set).await?;
            return Err(declined);
        }
        self.execute(&set).await
    }

    /// Executes a change set and reports the events.
    pub(super) async fn execute(&self, set: &ChangeSet) -> Result<()> {
        let watch = Watch::begin(&self.aws, self.name()).await;
        self.aws.execute(self.name(), set).await.map_err(Self::cannot("cannot begin"))?;
        let end = watch.until_settled(self, self.name()).await?;
        let done = |stack: Option<&StackState>| {
            stack.is_some_and(|stack| matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE"))
        };
        end.check("it failed and was rolled back", done).map(drop)
    }

    /// Limits the use of a workgroup, which no template can do.
    async fn limit_use(&self) -> Result<()> {
        let options = self.options();
        if options.shape != Shape::Serverless {
            return Ok(());
        }
        let doing = "the limit on the workgroup's use is not set";
        let workgroup = self.aws.workgroup(self.name()).await.map_err(Self::cannot(doing))?;
        let workgroup = workgroup.ok_or_else(|| Error::new(Kind::Cloud, doing).with_hint("run the command again"))?;
        let old = self.aws.usage_limit(&workgroup.arn).await.map_err(Self::cannot(doing))?;
        let wanted = i64::from(options.rpu_hours_a_day);
        if old.as_ref().is_some_and(|limit| limit.rpu_hours == wanted) {
            return Ok(());
        }
        self.aws.set_usage_limit(&workgroup.arn, old.as_ref(), wanted).await.map_err(Self::cannot(doing))?;
        self.print(&format!("  limited  to {wanted} RPU hours a day"));
        Ok(())
    }
}
