//! The command line of `cluster`.

use clap::{Args, Subcommand};

use super::ClusterSettings;
use crate::settings::Flags;

pub(super) const EXAMPLES: &str = "\
Examples:
  sparkify cluster plan                     what would be created, and what it costs
  sparkify cluster up --ttl 3h --open-to-me
  sparkify load --warehouse redshift:       load into it; nothing to copy by hand
  sparkify cluster status --json | jq .state
  sparkify cluster close                    nobody may connect
  sparkify cluster pause
  sparkify cluster down                     deletes everything, with a final snapshot, and checks that nothing is left
  sparkify cluster policy                   the IAM policy that the caller needs

docs/cluster.md describes each step, what it costs and what it leaves.";

/// Arguments of `cluster`.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub settings: ClusterSettings,
    /// What to do
    #[command(subcommand)]
    pub action: ClusterAction,
}

/// What to do with the cluster.
#[derive(Debug, Subcommand)]
pub enum ClusterAction {
    /// Show what `up` would do and what it costs; change nothing
    Plan {
        /// Time until it would pause by itself: 30m, 4h, 2d or none
        #[arg(long, value_name = "TIME")]
        ttl: Option<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Create or update the cluster (idempotent)
    Up {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Time until it pauses by itself: 30m, 4h, 2d or none [default: cluster.ttl, or unchanged]
        #[arg(long, value_name = "TIME")]
        ttl: Option<String>,
        /// Let this machine's address connect
        #[arg(long)]
        open_to_me: bool,
        /// Let this address connect instead
        #[arg(long, value_name = "IPV4", conflicts_with = "open_to_me")]
        address: Option<std::net::Ipv4Addr>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show state, endpoint, cost so far, who may connect and time left
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Stop the cluster and its cost, except for the storage
    Pause {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Start the cluster again
    Resume {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Time until it pauses by itself: 30m, 4h, 2d or none
        #[arg(long, value_name = "TIME")]
        ttl: Option<String>,
    },
    /// Let this machine's address connect, and no other
    Open {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Let this address connect instead
        #[arg(long, value_name = "IPV4")]
        address: Option<std::net::Ipv4Addr>,
    },
    /// Let nobody connect
    Close,
    /// Delete everything, with a final snapshot, and check that nothing is left
    Down {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Name of the final snapshot [default: the stack's name and the time]
        #[arg(long, value_name = "NAME", conflicts_with = "no_snapshot")]
        final_snapshot: Option<String>,
        /// Keep nothing of the data
        #[arg(long)]
        no_snapshot: bool,
        /// Whether to check that nothing is left
        #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
        verify: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print the IAM policy that the caller needs
    Policy,
}

impl ClusterArgs {
    /// The flags of settings that were given, by setting.
    #[must_use]
    pub fn flags(&self) -> Flags {
        self.settings.flags()
    }
}
