//! The warehouse `redshift:`: the cluster of the configured stack, with what a load needs to know of it.

use super::network;
use crate::cluster::{Cluster, Connection, Prompt, Request, Target};
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::output::{note, sanitized_lines};
use crate::settings::Settings;
use crate::warehouse::WarehouseUrl;
use crate::warehouse::redshift::{AwsContext, RedshiftUrl};

/// The settings with the stack's cluster in the place of `redshift:`; others stay as they are. Warnings go to stderr.
///
/// # Errors
/// [`Kind::NotFound`] without a stack, [`Kind::Cloud`] when its cluster is paused or not there yet, and what AWS says.
pub(super) fn looked_up(settings: Settings, interrupt: &Interrupt) -> Result<Settings> {
    match &settings.warehouse {
        WarehouseUrl::Redshift(url) if url.is_of_stack() => {}
        _ => return Ok(settings),
    }
    let request = Request {
        options: &settings.cluster,
        logs: settings.logs.as_ref(),
        songs: settings.songs.as_ref(),
        prompt: &NoticesOnly,
    };
    let connection = network()?.block_on(async { Cluster::connect(&request, interrupt).await?.connection().await })?;
    for warning in &connection.warnings {
        NoticesOnly.print(&format!("warning: the cluster of the stack {}: {warning}", settings.cluster.stack));
    }
    with(settings, connection)
}

/// Whether an error means only that no cluster can be reached now.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound | Kind::Cloud | Kind::CloudDenied | Kind::CloudUnavailable | Kind::SourceCredentials)
}

/// The settings for a dry run on a cluster that does not exist.
pub(super) fn unknown(mut settings: Settings) -> Settings {
    settings.redshift.iam_role.get_or_insert_with(|| "<the stack's role>".to_owned());
    share(&mut settings);
    settings
}

/// Fills what the load's own settings leave out from the cluster's.
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
    redshift.aws_context = Some(AwsContext { region, profile: cluster.profile.clone() });
    redshift.iam_role.get_or_insert(role_arn);
    share(&mut settings);
    Ok(settings)
}

/// Prints notices. A lookup changes nothing, so there is nothing to confirm.
struct NoticesOnly;

impl Prompt for NoticesOnly {
    fn print(&self, line: &str) {
        note(&format!("{}\n", sanitized_lines(line)));
    }

    fn confirm(&self, _: &str) -> Result<()> {
        Ok(())
    }
}
