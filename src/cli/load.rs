//! The command line of `load`: definitions only.

use clap::Args;

use super::{S3Args, WarehouseArgs, put};
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
    /// Folder or s3:// prefix of the user-activity logs
    #[arg(long, value_name = "URL")]
    pub logs: Option<String>,
    /// Folder or s3:// prefix of the song metadata
    #[arg(long, value_name = "URL")]
    pub songs: Option<String>,
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
    /// Fail if more lines are rejected: a number, a percentage of the run's lines, or the larger of both; conflicts do not count
    #[arg(long, value_name = "N|P%|'P% or N'")]
    pub max_rejects: Option<String>,
    /// If a file cannot be read, load the others and leave it for next time
    #[arg(long)]
    pub skip_bad_files: bool,
    /// Follow links that lead out of a source's folder
    #[arg(long)]
    pub follow_links: bool,
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
    /// The flags that were given, by key.
    #[must_use]
    pub fn flags(&self) -> Flags {
        let mut flags = self.warehouse.flags();
        put(&mut flags, "logs", self.logs.as_ref());
        put(&mut flags, "songs", self.songs.as_ref());
        put(&mut flags, "max_rejects", self.max_rejects.as_ref());
        put(&mut flags, "skip_bad_files", self.skip_bad_files.then_some(&true));
        put(&mut flags, "follow_links", self.follow_links.then_some(&true));
        self.s3.put(&mut flags);
        flags
    }
}
