//! The Redshift cluster as code: one CloudFormation stack, created, inspected, opened, paused and deleted.
//!
//! The stack is the state: sparkify keeps none. The templates are in `cloudformation/`. [`options`] says what a stack should
//! be, [`stack_spec`] turns that into parameters, and [`plan`] asks CloudFormation what would change. [`up`], [`access`],
//! [`pause`] and [`down`] change it while [`watch`] reports the events. [`status`] and [`lookup`] read it back. Only `aws/`
//! sends requests to AWS.

mod access;
mod aws;
mod down;
mod leftovers;
mod lookup;
mod moment;
mod options;
mod pause;
mod plan;
mod policy;
mod preflight;
mod prices;
mod shape;
mod stack_spec;
mod status;
mod up;
mod watch;

pub use down::Last;
pub use leftovers::Removal;
pub use lookup::{Connection, Target};
pub use options::{ClusterOptions, Ttl, parse_database_name, parse_node_type, parse_number, parse_stack, parse_subnets};
pub use plan::PlanReport;
pub use prices::Prices;
pub use shape::Shape;
use sparkify_runtime::{backoff, clock, error, interrupt};
use sparkify_source as source;
pub use status::StatusReport;

use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::source::Location;
use aws::{Aws, Caller, StackState};

/// Informs the user and asks for confirmation.
pub trait Prompt {
    /// Prints a line that is not a result.
    fn print(&self, line: &str);
    /// Shows `notice`, which says what is about to happen, and asks whether to go on.
    ///
    /// # Errors
    /// When the user declines, or there is no terminal to ask on.
    fn confirm(&self, notice: &str) -> Result<()>;
}

/// What every command on the cluster needs.
pub struct Request<'a> {
    /// The settings of the cluster.
    pub options: &'a ClusterOptions,
    /// Where the logs are.
    pub logs: Option<&'a Location>,
    /// Where the songs are.
    pub songs: Option<&'a Location>,
    /// How to inform and ask the user.
    pub prompt: &'a dyn Prompt,
}

/// The cluster's commands, once the caller is known.
pub struct Cluster<'a> {
    request: &'a Request<'a>,
    aws: Aws,
    caller: Caller,
}

/// The stack's tag that marks it as sparkify's, and says which kind it is.
const SHAPE_TAG: &str = "sparkify:kind";

impl<'a> Cluster<'a> {
    /// Finds the caller and the region.
    ///
    /// # Errors
    /// [`Kind::SourceCredentials`] without usable credentials, [`Kind::Settings`] without a region.
    pub async fn connect(request: &'a Request<'a>, interrupt: &Interrupt) -> Result<Self> {
        let aws = Aws::connect(request.options, interrupt).await?;
        let caller = aws.caller().await.map_err(|failure| failure.into_error("AWS does not accept the credentials"))?;
        tracing::info!("asking as {} in {}", caller.arn, aws.region);
        Ok(Self { request, aws, caller })
    }

    fn options(&self) -> &'a ClusterOptions {
        self.request.options
    }

    fn name(&self) -> &'a str {
        &self.request.options.stack
    }

    fn print(&self, line: &str) {
        self.request.prompt.print(line);
    }

    /// The stack, if there is one and it is sparkify's.
    async fn own_stack(&self) -> Result<Option<StackState>> {
        let name = self.name();
        let stack = self.aws.stack(name).await.map_err(|failure| failure.into_error("cannot describe the stack"))?;
        match stack {
            Some(stack) if !stack.is_empty() && !stack.tags.contains_key(SHAPE_TAG) => {
                Err(Error::new(Kind::Cloud, format!("there is a stack {name} already, which sparkify did not create"))
                    .with_hint("choose another name with --stack or cluster.stack"))
            }
            other => Ok(other),
        }
    }

    /// The stack, which must exist.
    async fn present_stack(&self) -> Result<StackState> {
        match self.own_stack().await? {
            Some(stack) if !stack.is_empty() => Ok(stack),
            _ => Err(Error::new(Kind::NotFound, format!("there is no stack {} in {}", self.name(), self.aws.region))
                .with_hint("`sparkify cluster up` creates it; --stack and --region name another")),
        }
    }

    /// Which kind a stack is.
    fn shape_of(&self, stack: &StackState) -> Shape {
        stack.tags.get(SHAPE_TAG).and_then(|text| text.parse().ok()).unwrap_or(self.options().shape)
    }

    /// What is in a stack, by its resources. Its outputs exist only if everything succeeded.
    async fn inside(&self, stack: &StackState) -> Result<Inside> {
        let resources = self.aws.resources(&stack.id).await;
        let resources = resources.map_err(|failure| failure.into_error("cannot list the stack's resources"))?;
        let physical = |logical: &str| {
            let found = resources.iter().find(|resource| resource.logical == logical && !resource.physical.is_empty());
            found.map(|resource| resource.physical.clone())
        };
        let (partition, account) = (policy::partition(&self.aws.region), &self.caller.account);
        Ok(Inside {
            cluster: physical(match self.shape_of(stack) {
                Shape::Provisioned => "Cluster",
                Shape::Serverless => "Workgroup",
            }),
            group: physical("SecurityGroup"),
            role: physical("CopyRole").map(|name| format!("arn:{partition}:iam::{account}:role/sparkify/{}/{name}", self.name())),
        })
    }
}

/// The resources of a stack that commands need.
struct Inside {
    /// The cluster's or the workgroup's name.
    cluster: Option<String>,
    /// The security group.
    group: Option<String>,
    /// The ARN of the role that COPY reads with.
    role: Option<String>,
}
