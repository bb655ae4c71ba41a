//! The warehouse `redshift:`: the cluster of the configured stack, with all that a load needs to know of it.

use super::network;
use crate::cluster::{Cluster, Connection, Request, Talk, Target};
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::output::{harmless_lines, note};
use crate::settings::Settings;
use crate::warehouse::WarehouseUrl;
use crate::warehouse::redshift::{Asking, RedshiftUrl};

/// The settings with the stack's cluster in the place of `redshift:`; others stay as they are. Warnings go to stderr.
///
/// # Errors
/// [`Kind::NotFound`] without a stack, [`Kind::Cloud`] when its cluster is paused or not there yet, and what AWS says.
pub(super) fn looked_up(settings: Settings, interrupt: &Interrupt) -> Result<Settings> {
    match &settings.warehouse {
        WarehouseUrl::Redshift(url) if url.is_of_stack() => {}
        _ => return Ok(settings),
    }
    let request =
        Request { options: &settings.cluster, logs: settings.logs.as_ref(), songs: settings.songs.as_ref(), talk: &Teller };
    let connection = network()?.block_on(async { Cluster::connect(&request, interrupt).await?.connection().await })?;
    for warning in &connection.warnings {
        Teller.say(&format!("warning: the cluster of the stack {}: {warning}", settings.cluster.stack));
    }
    with(settings, connection)
}

/// Whether what went wrong says no more than that there is no cluster to be reached now.
pub(super) fn may_come(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound | Kind::Cloud | Kind::CloudDenied | Kind::CloudUnavailable | Kind::SourceCredentials)
}

/// The settings for saying what would be done to a cluster that is not there.
pub(super) fn unknown(mut settings: Settings) -> Settings {
    settings.redshift.iam_role.get_or_insert_with(|| "<the stack's role>".to_owned());
    share(&mut settings);
    settings
}

/// What loads take from the section of the cluster where their own says nothing.
fn share(settings: &mut Settings) {
    let Settings { cluster, redshift, s3, .. } = settings;
    redshift.staging = redshift.staging.take().or_else(|| cluster.staging.clone());
    s3.profile = s3.profile.take().or_else(|| cluster.profile.clone());
}

fn with(mut settings: Settings, found: Connection) -> Result<Settings> {
    let Connection { address, port, database, user, role_arn, region, target, .. } = found;
    settings.warehouse = WarehouseUrl::Redshift(RedshiftUrl::at(user.as_deref(), &address, port, &database)?);
    let Settings { cluster, redshift, .. } = &mut settings;
    redshift.iam = true;
    redshift.cluster = Some(match target {
        Target::Cluster(id) => id,
        Target::Workgroup(name) => format!("workgroup:{name}"),
    });
    redshift.asking = Some(Asking { region, profile: cluster.profile.clone() });
    redshift.iam_role.get_or_insert(role_arn);
    share(&mut settings);
    Ok(settings)
}

/// Nothing is asked before a look.
struct Teller;

impl Talk for Teller {
    fn say(&self, line: &str) {
        note(&format!("{}\n", harmless_lines(line)));
    }

    fn agree(&self, _: &str) -> Result<()> {
        Ok(())
    }
}
