//! Pauses and resumes the cluster.

use super::aws::{StackSpec, StackState, backoff};
use super::options::Ttl;
use super::plan::from_now;
use super::shape::Shape;
use super::stack_spec::{expiry, set_expiry};
use super::watch::interrupted;
use super::{Cluster, moment};
use crate::error::{Error, Kind, Result};

impl Cluster<'_> {
    /// Pauses the cluster: from then on only its storage costs money.
    ///
    /// # Errors
    /// When it is in a state that does not allow it.
    pub async fn pause(&self) -> Result<()> {
        let (_, id) = self.provisioned("pauses by itself when idle").await?;
        match self.status_of(&id).await?.as_str() {
            "paused" => self.print("it is paused already"),
            "pausing" => self.until(&id, "paused").await?,
            _ => {
                let notice = format!("this pauses the cluster {id} and disconnects its users");
                self.request.prompt.confirm(&notice)?;
                self.aws.pause(&id).await.map_err(Self::cannot("cannot pause the cluster"))?;
                self.until(&id, "paused").await?;
            }
        }
        Ok(())
    }

    /// Resumes the cluster, with a new time to live if one is given.
    ///
    /// # Errors
    /// When it is in a state that does not allow it.
    pub async fn resume(&self, ttl: Option<Ttl>) -> Result<()> {
        let (stack, id) = self.provisioned("resumes by itself at the next query").await?;
        match self.status_of(&id).await?.as_str() {
            "available" => self.print("it is running already"),
            "resuming" | "creating" => self.until(&id, "available").await?,
            "pausing" => {
                self.until(&id, "paused").await?;
                self.begin_to_resume(&id).await?;
            }
            _ => self.begin_to_resume(&id).await?,
        }
        if let Some(ttl) = ttl {
            return self.set_ttl(&stack, ttl).await;
        }
        if expiry(&stack).is_some_and(|at| at <= crate::clock::now()) {
            self.print("warning: its time to live is over, so nothing pauses it again: pass --ttl to give it another");
        }
        Ok(())
    }

    async fn begin_to_resume(&self, id: &str) -> Result<()> {
        let cost = self.options().cost();
        let hourly = cost.hour.map(|hour| format!(", about {hour:.2} USD an hour")).unwrap_or_default();
        self.request.prompt.confirm(&format!("this starts the cluster {id} again, which costs money{hourly}"))?;
        self.aws.resume(id).await.map_err(Self::cannot("cannot resume the cluster"))?;
        self.until(id, "available").await
    }

    async fn set_ttl(&self, stack: &StackState, ttl: Ttl) -> Result<()> {
        let mut spec = StackSpec::like(stack);
        let expires = from_now(ttl);
        set_expiry(&mut spec, expires);
        if let Some(set) = self.aws.propose(self.name(), &spec, false).await? {
            self.execute(&set).await?;
        }
        self.print(&expires.map_or_else(
            || "it runs until it is paused".to_owned(),
            |at| format!("it pauses by itself on {}", moment::shown(at)),
        ));
        Ok(())
    }

    /// The stack and its cluster, which must be one that can be paused.
    async fn provisioned(&self, why_not: &str) -> Result<(StackState, String)> {
        let stack = self.present_stack().await?;
        if self.shape_of(&stack) == Shape::Serverless {
            return Err(Error::new(Kind::Cloud, format!("a serverless workgroup {why_not}")).with_hint("there is nothing to do"));
        }
        let id = self.inside(&stack).await?.cluster.ok_or_else(|| {
            Error::new(Kind::NotFound, format!("the stack {} has no cluster yet", self.name()))
                .with_hint("`sparkify cluster status` shows its progress")
        })?;
        Ok((stack, id))
    }

    async fn status_of(&self, id: &str) -> Result<String> {
        let cluster = self.aws.cluster(id).await.map_err(Self::cannot("cannot describe the cluster"))?;
        cluster.map(|cluster| cluster.status).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("the cluster {id} is gone, though its stack is there"))
                .with_hint("it was deleted by hand: `sparkify cluster down` deletes the rest")
        })
    }

    /// Waits until the cluster is in a state.
    async fn until(&self, id: &str, wanted: &str) -> Result<()> {
        let mut backoff = backoff();
        let mut last = String::new();
        loop {
            let status = self.status_of(id).await?;
            if status != last {
                self.print(&format!("  {status:<8} {id}"));
            }
            if status == wanted {
                return Ok(());
            }
            if ["incompatible", "failure", "failed", "deleting", "hardware"].iter().any(|word| status.contains(word)) {
                return Err(Error::new(Kind::Cloud, format!("the cluster {id} is {status}")).with_hint("check it in the console"));
            }
            last = status;
            self.aws.wait(backoff.next_pause()).await.map_err(|_| interrupted())?;
        }
    }
}
