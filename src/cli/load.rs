//! The command line of `load`: definitions only.

use clap::Args;

use super::{LenienceArgs, S3Args, SourceArgs, WarehouseArgs};
use crate::settings::Flags;

pub(super) const EXAMPLES: &str = "\
Examples:
  sparkify load --logs data/log_data --songs data/song_data
  sparkify load --logs s3://bucket/log_data --songs s3://bucket/song_data --warehouse music.duckdb
  sparkify load --warehouse postgres://ann@db.example.com/music
  sparkify load --warehouse redshift:     into the cluster that `sparkify cluster up` created
  sparkify load --dry-run                 which files would be loaded, and the SQL
  sparkify load --json | jq .rejected     for scripts
  sparkify load --max-rejects 100         accept up to 100 bad lines (default `1% or 10`, the larger)";

/// Arguments of `load`.
#[derive(Debug, Args)]
pub struct LoadArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub sources: SourceArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// Print which files would be loaded, and the SQL; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Rebuild the tables from all sources, in one transaction; a kind of source that is not given keeps its rows
    #[arg(long)]
    pub full_refresh: bool,
    /// With --full-refresh: delete the rows of files that the sources no longer hold or that cannot be read
    #[arg(long, requires = "full_refresh")]
    pub forget_missing: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lenience: LenienceArgs,
    /// Leave every decoded line of this run in the table staging_events
    #[arg(long)]
    pub keep_staging: bool,
    /// Print one JSON object instead of a summary
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub s3: S3Args,
}

impl LoadArgs {
    /// The flags of settings that were given, by setting.
    #[must_use]
    pub fn flags(&self) -> Flags {
        let groups = [self.sources.flags(), self.warehouse.flags(), self.lenience.flags(), self.s3.flags()];
        groups.into_iter().flatten().collect()
    }
}
