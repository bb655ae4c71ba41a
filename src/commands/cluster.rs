//! `sparkify cluster`: the Redshift cluster as code.

use std::net::Ipv4Addr;
use std::str::FromStr;

use super::ask;
use crate::cli::{ClusterAction, ClusterArgs};
use crate::cluster::{Cluster, Last, Prompt, Request, Ttl};
use crate::error::{EXIT_DONE, Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, note, print, sanitized_lines};
use crate::settings::Settings;

pub(super) fn run(args: &ClusterArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let terminal = Terminal { agreed: is_agreed(&args.action) };
    let request =
        Request { options: &settings.cluster, logs: settings.logs.as_ref(), songs: settings.songs.as_ref(), prompt: &terminal };
    super::network()?.block_on(act(&args.action, &request, interrupt))
}

async fn act(action: &ClusterAction, request: &Request<'_>, interrupt: &Interrupt) -> Result<u8> {
    if let ClusterAction::Policy = action {
        return print_policy(request, interrupt).await;
    }
    let cluster = Cluster::connect(request, interrupt).await?;
    match action {
        ClusterAction::Plan { ttl, json } => {
            let plan = cluster.plan(time(ttl.as_deref())?).await?;
            print_value(*json, &plan, &format!("{plan}Nothing was changed.\n"))
        }
        ClusterAction::Up { ttl, open_to_me, address, json, .. } => {
            let ttl = time(ttl.as_deref())?;
            let open_to = if *open_to_me { Some(cluster.own_address().await?) } else { *address };
            cluster.up(ttl, open_to).await?;
            let printed = print_status(&cluster, *json).await;
            return conclude(EXIT_DONE, Prints::Notice, || printed);
        }
        ClusterAction::Status { json } => print_status(&cluster, *json).await,
        ClusterAction::Pause { .. } => {
            cluster.pause().await?;
            return done("The cluster is paused; its storage still costs money.\n");
        }
        ClusterAction::Resume { ttl, .. } => {
            cluster.resume(time(ttl.as_deref())?).await?;
            return done("The cluster is running.\n");
        }
        ClusterAction::Open { address, .. } => {
            let address = own_or_given(&cluster, *address).await?;
            cluster.open(address).await?;
            return done(&format!("{address} may connect; `sparkify cluster close` ends that.\n"));
        }
        ClusterAction::Close => {
            cluster.close().await?;
            return done("Nobody may connect.\n");
        }
        ClusterAction::Down { final_snapshot, no_snapshot, verify, json, .. } => {
            let last = match final_snapshot {
                Some(name) => Last::Named(name.clone()),
                None if *no_snapshot => Last::Nothing,
                None => Last::Snapshot,
            };
            let removal = cluster.down(&last, *verify).await?;
            let code = conclude(EXIT_DONE, Prints::Notice, || print_value(*json, &removal, &removal.to_string()))?;
            if !removal.left.is_empty() || !removal.unseen.is_empty() {
                let what = if removal.left.is_empty() { "not everything could be checked" } else { "something is left" };
                return Err(Error::new(Kind::Cloud, what)
                    .with_hint("remove what the list above names in the console, or with the aws command, and run this again"));
            }
            return Ok(code);
        }
        ClusterAction::Policy => Ok(()),
    }
    .map(|()| EXIT_DONE)
}

/// Prints what was done.
fn done(text: &str) -> Result<u8> {
    conclude(EXIT_DONE, Prints::Notice, || print(text))
}

fn is_agreed(action: &ClusterAction) -> bool {
    match action {
        ClusterAction::Up { yes, .. }
        | ClusterAction::Pause { yes }
        | ClusterAction::Resume { yes, .. }
        | ClusterAction::Open { yes, .. }
        | ClusterAction::Down { yes, .. } => *yes,
        _ => false,
    }
}

fn time(text: Option<&str>) -> Result<Option<Ttl>> {
    text.map(Ttl::from_str).transpose()
}

async fn own_or_given(cluster: &Cluster<'_>, given: Option<Ipv4Addr>) -> Result<Ipv4Addr> {
    match given {
        Some(address) => Ok(address),
        None => cluster.own_address().await,
    }
}

/// Users need the policy before they have credentials.
async fn print_policy(request: &Request<'_>, interrupt: &Interrupt) -> Result<u8> {
    let policy = match Cluster::connect(request, interrupt).await {
        Ok(cluster) => cluster.policy()?,
        Err(error) => {
            request.prompt.print(&format!("note: the account is not known ({error}); put its number in the place of ACCOUNT_ID"));
            Cluster::policy_with_placeholders(request)?
        }
    };
    print(&policy)?;
    Ok(EXIT_DONE)
}

async fn print_status(cluster: &Cluster<'_>, json: bool) -> Result<()> {
    let status = cluster.status().await?;
    print_value(json, &status, &status.to_string())
}

fn print_value(json: bool, value: &impl serde::Serialize, text: &str) -> Result<()> {
    if json { print(&format!("{}\n", serde_json::json!(value))) } else { print(&sanitized_lines(text)) }
}

/// Reports on stderr, asks on the terminal.
struct Terminal {
    agreed: bool,
}

impl Prompt for Terminal {
    fn print(&self, line: &str) {
        note(&format!("{}\n", sanitized_lines(line)));
    }

    fn confirm(&self, notice: &str) -> Result<()> {
        if self.agreed { Ok(()) } else { ask::go_on(notice) }
    }
}
