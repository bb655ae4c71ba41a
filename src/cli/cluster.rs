//! The command line of `cluster`.

use clap::{Args, Subcommand};

use super::put;
use crate::settings::Flags;

pub(super) const EXAMPLES: &str = "\
Examples:
  sparkify cluster plan                     what would be made, and what it costs
  sparkify cluster up --ttl 3h --open-to-me
  sparkify load --warehouse redshift:       load into it; nothing to copy by hand
  sparkify cluster status --json | jq .state
  sparkify cluster close                    nobody may connect
  sparkify cluster pause
  sparkify cluster down                     takes all of it down, with a last snapshot, and looks whether anything is left
  sparkify cluster policy                   what the caller has to be allowed

docs/cluster.md goes through an afternoon, with what each step costs and leaves.";

/// Arguments of `cluster`.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// The stack's name [default: sparkify]
    #[arg(long, global = true, value_name = "NAME")]
    pub stack: Option<String>,
    /// The region [default: AWS_REGION, or the profile's]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// The AWS profile to use
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub action: ClusterAction,
}

/// What to do with the cluster.
#[derive(Debug, Subcommand)]
pub enum ClusterAction {
    /// Say what `up` would do and what it costs, and do nothing
    Plan {
        /// How long it would run before it pauses by itself: 30m, 4h, 2d or none
        #[arg(long, value_name = "TIME")]
        ttl: Option<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make what is missing; twice is as good as once
    Up {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// How long it runs before it pauses by itself: 30m, 4h, 2d or none [default: cluster.ttl, or as it is]
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
    /// Show how things stand: state, endpoint, cost so far, who may connect, time left
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Stop it and its cost, but for the storage
    Pause {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Have it run again
    Resume {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// How long it runs before it pauses by itself
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
    /// Take all of it down, with a last snapshot, and look whether anything is left
    Down {
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// The last snapshot's name [default: made up from the stack and the time]
        #[arg(long, value_name = "NAME", conflicts_with = "no_snapshot")]
        final_snapshot: Option<String>,
        /// Keep nothing of the data
        #[arg(long)]
        no_snapshot: bool,
        /// Whether to look for anything left
        #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
        verify: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print the policy that the caller needs
    Policy,
}

impl ClusterArgs {
    /// The flags of settings that were given, by key.
    #[must_use]
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        put(&mut flags, "cluster.stack", self.stack.as_ref());
        put(&mut flags, "cluster.region", self.region.as_ref());
        put(&mut flags, "cluster.profile", self.profile.as_ref());
        flags
    }
}
