//! The command line: definitions only.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::settings::Flags;

mod cluster;
mod flags;
mod load;
mod sql;

pub use cluster::{ClusterAction, ClusterArgs};
pub use flags::{ClusterSettings, LenienceArgs, S3Args, SimulateSettings, SourceArgs, WarehouseArgs};
pub use load::LoadArgs;
pub use sql::SqlArgs;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    failed; nothing was changed
  2    the command line or a setting is wrong
  3    done, but something was left out: rejected lines or files that could not be read
  4    a blocking check failed; a load that it stopped changed nothing
  130  interrupted; nothing was changed

Settings come from flags, then SPARKIFY_* variables, then the nearest sparkify.toml, then defaults;
`sparkify config` shows them.";

/// Turns the raw JSON of a music-streaming company into a tested star schema.
#[derive(Debug, Parser)]
#[command(name = "sparkify", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Cli {
    /// Settings file to use instead of the nearest sparkify.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more on stderr; twice for every statement sent
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Load what is new in the sources into the warehouse
    #[command(after_help = load::EXAMPLES)]
    Load(LoadArgs),
    /// Create, drop or empty the warehouse's tables
    #[command(
        after_help = "Examples:\n  sparkify tables create --warehouse music.duckdb\n  sparkify tables create --dry-run --warehouse redshift:    the SQL alone, with roles and grants\n  sparkify tables reset --yes"
    )]
    Tables(TablesArgs),
    /// Run a query in SQL; the warehouse is opened read-only
    #[command(after_help = sql::EXAMPLES)]
    Sql(SqlArgs),
    /// List the runs that changed the warehouse, newest first
    Runs(RunsArgs),
    /// List the rejected lines, or replay them
    #[command(after_help = "Examples:\n  sparkify rejects\n  sparkify rejects --run 0192… --json\n  sparkify rejects replay")]
    Rejects(RejectsArgs),
    /// Check that the data is sound
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Print a row count and a digest of each table, the same on every engine for the same rows
    #[command(after_help = DIGEST_EXAMPLES)]
    Digest(DigestArgs),
    /// Check connectivity, credentials, privileges and S3 access; one line per check, with a fix for each failure
    #[command(
        after_help = "Examples:\n  sparkify doctor\n  sparkify doctor --json --warehouse redshift://ann@music.example.com:5439/dev"
    )]
    Doctor(DoctorArgs),
    /// Explain a play, a song or a run
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Generate user-activity logs and song files in the formats of eventsim and the Million Song Dataset
    #[command(after_help = SIMULATE_EXAMPLES)]
    Simulate(Box<SimulateArgs>),
    /// Answer named questions about the music: what is played, by whom, when
    #[command(after_help = INSIGHTS_EXAMPLES)]
    Insights(InsightsArgs),
    /// Write a page with charts that opens in any browser, without a network
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// Create, inspect, open, pause and delete a Redshift cluster
    #[command(after_help = cluster::EXAMPLES)]
    Cluster(ClusterArgs),
    /// Load a small simulated month into a new warehouse and answer a few questions
    Demo(DemoArgs),
    /// Show the settings in force and where each came from
    Config(ConfigArgs),
}

const CHECK_EXAMPLES: &str = "\
Examples:
  sparkify check                        all checks; exit code 4 when a blocking one fails
  sparkify check volume freshness -v    two of them, with their queries
  sparkify check --list                 all checks, with the fix for each
  sparkify check --json | jq '.checks[] | select(.rows > 0)'";

const DIGEST_EXAMPLES: &str = "\
Examples:
  sparkify digest
  sparkify digest --json --warehouse postgres://ann@db.example.com/music
  diff <(sparkify digest --warehouse a.duckdb) <(sparkify digest --warehouse b.duckdb)

Equal digests mean equal rows, whatever their order. Surrogate ids, the ledger and the quarantine are left out.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  sparkify explain play 90194313700     its file and line, and why it has its song or none
  sparkify explain song \"Setanta matins\"
  sparkify explain run 01a1fdcb         a run by the beginning of its id";

const SIMULATE_EXAMPLES: &str = "\
Examples:
  sparkify simulate --out data                                  a month of 100 users, and 1,000 songs
  sparkify simulate --out data --users 50000 --from 2026-01-01 --to 2027-01-01 --growth-rate 0.3
  sparkify simulate --config eventsim.json --format eventsim | head
  sparkify simulate --out s3://bucket/prefix --compress zstd --shard 1/4
  sparkify simulate --out data --catalogue my/song_data         play songs that exist already
  sparkify simulate --out dirty --faults malformed=0.1%,duplicate=1%,late=1%,missing-day=1

The same flags give the same bytes, whatever the machine's cores. docs/simulate.md describes the model.";

const INSIGHTS_EXAMPLES: &str = "\
Examples:
  sparkify insights --list                          all questions, and what can be set
  sparkify insights top_songs top_artists --top 5
  sparkify insights hour_profile --chart            drawn in the terminal
  sparkify insights active_users --from 2018-11-01 --to 2018-11-15
  sparkify insights trending --set days=3 --set min_plays=2
  sparkify insights top_songs --format json | jq '.[0].rows[].song'

All times are UTC. The window runs from the start date up to the end date, which is outside it.";

const REPORT_EXAMPLES: &str = "\
Examples:
  sparkify report                                   writes report.html
  sparkify report --out november.html --from 2018-11-01 --to 2018-12-01
  sparkify report --open                            and opens it in the browser";

/// Arguments of `tables`.
#[derive(Debug, Args)]
pub struct TablesArgs {
    /// What to do with them
    pub action: TablesAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// With create: print the SQL that would run, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What to do with the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TablesAction {
    /// Create what is missing, on Redshift the roles loader and analyst too
    Create,
    /// Drop them, with all data
    Drop,
    /// Drop them and create them again
    Reset,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns
    Table,
    /// One array of objects
    Json,
    /// Comma-separated values with a header
    Csv,
    /// A Markdown table
    Markdown,
}

/// Arguments of `runs`.
#[derive(Debug, Args)]
pub struct RunsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// Print an array of objects
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rejects`.
#[derive(Debug, Args)]
pub struct RejectsArgs {
    /// `replay` decodes all quarantined lines again, loads those that now pass and removes them from the quarantine
    #[arg(value_parser = ["replay"])]
    pub action: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// Only those of this run
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Only these checks
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// List the checks without running them
    #[arg(long)]
    pub list: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `digest`.
#[derive(Debug, Args)]
pub struct DigestArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// Print an array of objects
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// Print an array of objects
    #[arg(long)]
    pub json: bool,
}

/// What can be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainSubject {
    /// A play, by its songplay_id
    Play,
    /// A song, by its title
    Song,
    /// A run, by its id or the beginning of it
    Run,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// What kind of thing
    pub subject: ExplainSubject,
    /// Which one: a songplay_id, a title or a run's id
    #[arg(value_name = "ID|TITLE", allow_hyphen_values = true)]
    pub what: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Folder or s3:// prefix to write to; with --format eventsim a file, or `-` for standard output
    #[arg(long, value_name = "URL")]
    pub out: Option<String>,
    /// An eventsim configuration instead of the built-in model (a .toml file is a settings file of sparkify)
    #[arg(long, value_name = "FILE.json")]
    pub config: Option<PathBuf>,
    /// Users at the beginning [default: 100]
    #[arg(short = 'n', long, value_name = "N")]
    pub users: Option<u64>,
    /// Start in UTC: a date, or a date and a time [default: 2026-09-01]
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// End in UTC, exclusive [default: 30 days later]
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Growth of users per year: 0.3 is 30 % [default: 0]
    #[arg(short, long, value_name = "R")]
    pub growth_rate: Option<f64>,
    /// Share of users lost per year, besides those who cancel [default: 0]
    #[arg(short, long, value_name = "R")]
    pub attrition_rate: Option<f64>,
    /// Random seed [default: 1]
    #[arg(short = 'r', long, value_name = "N")]
    pub seed: Option<u64>,
    /// Songs in the catalogue
    #[arg(long, value_name = "N", default_value_t = 1_000, conflicts_with = "catalogue")]
    pub songs: usize,
    /// Folder or s3:// prefix of an existing song_data to play from
    #[arg(long, value_name = "URL")]
    pub catalogue: Option<String>,
    /// Share of plays whose song is not in the catalogue [default: 0.7, with --catalogue 0]
    #[arg(long, value_name = "P")]
    pub unmatched: Option<f64>,
    /// Format of the log
    #[arg(long, value_enum, default_value = "udacity")]
    pub format: LogFormat,
    /// Compress the log's files
    #[arg(long, value_enum)]
    pub compress: Option<Packing>,
    /// The first user's id [default: 1]
    #[arg(short = 'u', long, value_name = "N")]
    pub first_user_id: Option<u64>,
    /// Value of the field `tag` on every line
    #[arg(long, value_name = "T")]
    pub tag: Option<String>,
    /// Write events when their time has come, until --to or Ctrl-C; --from is now by default
    #[arg(long)]
    pub continuous: bool,
    /// Reproduce eventsim's known bugs
    #[arg(long)]
    pub compat: bool,
    /// Simulate the I-th of N parts of the users, to share the work between machines
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Inject faults into lines and files, and record them: for example malformed=0.1%,late=1%,missing-day=1
    #[arg(long, value_name = "SPEC")]
    pub faults: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub settings: SimulateSettings,
    /// Print one JSON object instead of a summary
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub s3: S3Args,
}

/// The formats of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A file a day, all 18 keys sorted, and song files
    Udacity,
    /// One stream in eventsim's order, without absent keys
    Eventsim,
}

/// How files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Packing {
    /// .gz
    Gzip,
    /// .zst
    Zstd,
}

/// Arguments of `insights`.
#[derive(Debug, Args)]
pub struct InsightsArgs {
    /// Insights to answer; all if none is named
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// List their names and questions
    #[arg(long)]
    pub list: bool,
    /// Start date [default: the first day of the data]
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// End date, exclusive [default: the day after the last day of the data]
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// How many ranks to show
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub top: Option<i64>,
    /// Only plays at this level
    #[arg(long, value_parser = ["free", "paid"])]
    pub level: Option<String>,
    /// Set another parameter; --list names them
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// How to print the answers
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// With --format csv: put an apostrophe before texts that a spreadsheet would take for formulas
    #[arg(long)]
    pub guard_formulas: bool,
    /// Draw profiles, trends and heat maps instead of tables
    #[arg(long)]
    pub chart: bool,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub warehouse: WarehouseArgs,
    /// The page to write (- for stdout); an existing page is replaced, any other file is not
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    pub out: PathBuf,
    /// Start date [default: the first day of the data]
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// End date, exclusive [default: the day after the last day of the data]
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Open it in the browser
    #[arg(long)]
    pub open: bool,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder to put data and warehouse into
    #[arg(long, value_name = "DIR", default_value = "sparkify-demo")]
    pub out: PathBuf,
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print an array of objects
    #[arg(long)]
    pub json: bool,
}

impl SimulateArgs {
    /// The flags of settings that were given, by setting.
    #[must_use]
    pub fn flags(&self) -> Flags {
        [self.settings.flags(), self.s3.flags()].into_iter().flatten().collect()
    }
}
