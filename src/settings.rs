//! Flags, then environment, then file, then defaults, resolved into one value a key that knows where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::check::Limits;
use crate::cluster::ClusterOptions;
use crate::error::{Error, Kind, Result, io_error};
use crate::limit::RejectLimit;
use crate::nearest::nearest;
use crate::source::{Location, S3Options, parse_endpoint, parse_region};
use crate::warehouse::redshift::{Design, StageWay, parse_role, parse_staging};
use crate::warehouse::{RedshiftOptions, WarehouseUrl};

mod cluster;
pub mod environment;

/// The settings file's name; the nearest one from the working directory upwards counts.
pub const FILE_NAME: &str = "sparkify.toml";

/// One setting that there is.
pub struct Key {
    /// Its name in the file, sections joined by a point.
    pub name: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// What it is for, with its default.
    pub about: &'static str,
}

macro_rules! keys {
    ($($name:literal $variable:literal $about:literal,)*) => {
        /// Every setting, in the order in which `sparkify config` shows them.
        pub const KEYS: &[Key] = &[$(Key { name: $name, variable: $variable, about: $about },)*];
    };
}

keys! {
    "logs" "SPARKIFY_LOGS" "folder or s3:// prefix of the user-activity logs",
    "songs" "SPARKIFY_SONGS" "folder or s3:// prefix of the song metadata",
    "warehouse" "SPARKIFY_WAREHOUSE" "the warehouse: a DuckDB file, a postgres:// or redshift:// URL, or redshift: for the stack's cluster (sparkify.duckdb)",
    "max_rejects" "SPARKIFY_MAX_REJECTS" "how many rejected lines a run may have: a number, a share, or the larger of both (1% or 10)",
    "memory" "SPARKIFY_MEMORY" "memory that a run may use, such as 2GiB (half the machine's, at most 2GiB)",
    "threads" "SPARKIFY_THREADS" "threads that work at once (the machine's cores)",
    "wait" "SPARKIFY_WAIT" "seconds to wait for a warehouse that another process holds (0)",
    "skip_bad_files" "SPARKIFY_SKIP_BAD_FILES" "load the other files when one cannot be read (false)",
    "follow_links" "SPARKIFY_FOLLOW_LINKS" "follow links that lead out of a source's folder (false)",
    "checks.in_load" "SPARKIFY_CHECKS_IN_LOAD" "run the blocking checks before a load commits (true)",
    "checks.exact_rows" "SPARKIFY_CHECKS_EXACT_ROWS" "rows of a load that expensive checks read (20000)",
    "checks.min_match_rate" "SPARKIFY_CHECKS_MIN_MATCH_RATE" "share of plays that must have a song (0.01%)",
    "checks.max_age_days" "SPARKIFY_CHECKS_MAX_AGE_DAYS" "how old the latest event may be, in days; 0 for any age (0)",
    "checks.min_volume" "SPARKIFY_CHECKS_MIN_VOLUME" "share of the usual events that a day must have (33%)",
    "checks.max_null_rise" "SPARKIFY_CHECKS_MAX_NULL_RISE" "how much more of a field may be missing than before (10%)",
    "checks.max_outside_day" "SPARKIFY_CHECKS_MAX_OUTSIDE_DAY" "share of a file's events that may be of another day (1%)",
    "checks.max_length" "SPARKIFY_CHECKS_MAX_LENGTH" "longest play, in seconds (7200)",
    "cluster.stack" "SPARKIFY_CLUSTER_STACK" "name of the CloudFormation stack and of the Redshift cluster in it (sparkify)",
    "cluster.region" "SPARKIFY_CLUSTER_REGION" "region of the cluster (AWS_REGION, or the profile's)",
    "cluster.profile" "SPARKIFY_CLUSTER_PROFILE" "AWS profile that creates it (AWS_PROFILE)",
    "cluster.kind" "SPARKIFY_CLUSTER_KIND" "provisioned or serverless (provisioned)",
    "cluster.node_type" "SPARKIFY_CLUSTER_NODE_TYPE" "type of its nodes (ra3.large)",
    "cluster.nodes" "SPARKIFY_CLUSTER_NODES" "how many nodes (1)",
    "cluster.base_rpu" "SPARKIFY_CLUSTER_BASE_RPU" "processing units that a serverless workgroup begins with (4)",
    "cluster.max_rpu" "SPARKIFY_CLUSTER_MAX_RPU" "processing units that it may grow to (8)",
    "cluster.rpu_hours_a_day" "SPARKIFY_CLUSTER_RPU_HOURS_A_DAY" "unit hours after which it is off for the day (16)",
    "cluster.database" "SPARKIFY_CLUSTER_DATABASE" "name of the database (sparkify)",
    "cluster.admin" "SPARKIFY_CLUSTER_ADMIN" "name of its administrator (sparkify_admin)",
    "cluster.user" "SPARKIFY_CLUSTER_USER" "database user that loads log in as (the administrator)",
    "cluster.owner" "SPARKIFY_CLUSTER_OWNER" "its owner, as a tag (the caller)",
    "cluster.vpc" "SPARKIFY_CLUSTER_VPC" "its VPC (the default one)",
    "cluster.subnets" "SPARKIFY_CLUSTER_SUBNETS" "its subnets, separated by commas (all of the VPC)",
    "cluster.enhanced_vpc_routing" "SPARKIFY_CLUSTER_ENHANCED_VPC_ROUTING" "route COPY through the VPC (false)",
    "cluster.audit_log" "SPARKIFY_CLUSTER_AUDIT_LOG" "log connections and statements to CloudWatch (false)",
    "cluster.maintenance_window" "SPARKIFY_CLUSTER_MAINTENANCE_WINDOW" "when AWS may work on it (sun:03:00-sun:03:30)",
    "cluster.snapshot_days" "SPARKIFY_CLUSTER_SNAPSHOT_DAYS" "days that automatic snapshots are kept (1)",
    "cluster.ttl" "SPARKIFY_CLUSTER_TTL" "time until it pauses by itself, or none (4h)",
    "cluster.staging" "SPARKIFY_CLUSTER_STAGING" "s3:// prefix for the files that loads stage for COPY",
    "cluster.address_service" "SPARKIFY_CLUSTER_ADDRESS_SERVICE" "service that answers with the caller's address (https://checkip.amazonaws.com)",
    "cluster.prices_as_of" "SPARKIFY_CLUSTER_PRICES_AS_OF" "date of the prices below (2026-10)",
    "cluster.prices" "SPARKIFY_CLUSTER_PRICES" "prices in USD: of a node and an RPU an hour, of storage a GB and month",
    "s3.region" "SPARKIFY_S3_REGION" "the bucket's region (AWS_REGION, the profile's, or the bucket's own)",
    "s3.endpoint" "SPARKIFY_S3_ENDPOINT" "another store that speaks S3 (AWS's own)",
    "s3.path_style" "SPARKIFY_S3_PATH_STYLE" "bucket names in the path instead of the host (true with an endpoint)",
    "s3.anonymous" "SPARKIFY_S3_ANONYMOUS" "send no credentials, for public buckets (false)",
    "s3.profile" "SPARKIFY_S3_PROFILE" "the AWS profile to use (AWS_PROFILE)",
    "s3.requester_pays" "SPARKIFY_S3_REQUESTER_PAYS" "agree to pay for requests to someone else's bucket (false)",
    "s3.allow_http" "SPARKIFY_S3_ALLOW_HTTP" "allow an unencrypted endpoint beyond this machine (false)",
    "s3.etag_md5" "SPARKIFY_S3_ETAG_MD5" "the ETag of an object uploaded in one piece is its MD5, as on S3 (true)",
    "redshift.iam_role" "SPARKIFY_REDSHIFT_IAM_ROLE" "ARN of the role that the cluster reads S3 with, or `default`",
    "redshift.region" "SPARKIFY_REDSHIFT_REGION" "region of the buckets that the cluster reads (the staging bucket's)",
    "redshift.staging" "SPARKIFY_REDSHIFT_STAGING" "s3:// prefix for the files that a load stages for the cluster",
    "redshift.stage" "SPARKIFY_REDSHIFT_STAGE" "load mode: direct for server-side COPY, compact for client-side COPY (auto)",
    "redshift.design" "SPARKIFY_REDSHIFT_DESIGN" "design of new tables on the cluster: auto or explicit (auto)",
    "redshift.secret" "SPARKIFY_REDSHIFT_SECRET" "ARN or name of a secret with the user's password",
    "redshift.iam" "SPARKIFY_REDSHIFT_IAM" "log in by temporary credentials of IAM (false)",
    "redshift.cluster" "SPARKIFY_REDSHIFT_CLUSTER" "the cluster, or workgroup:NAME, behind a host name of one's own",
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// An environment variable.
    Environment(&'static str),
    /// A settings file.
    File(PathBuf),
    /// Nowhere: the default is in force.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment ({name})"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The settings of a command, resolved.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Logs, if set.
    pub logs: Option<Location>,
    /// Songs, if set.
    pub songs: Option<Location>,
    /// The warehouse.
    pub warehouse: WarehouseUrl,
    /// The limit on rejects.
    pub max_rejects: RejectLimit,
    /// Memory in bytes.
    pub memory: u64,
    /// Threads.
    pub threads: usize,
    /// How long to wait for a warehouse that is held.
    pub wait: Duration,
    /// Load the other files when one cannot be read.
    pub skip_bad_files: bool,
    /// Follow links that lead out of a source's folder.
    pub follow_links: bool,
    /// Thresholds of the checks.
    pub checks: Limits,
    /// The Redshift cluster.
    pub cluster: ClusterOptions,
    /// How to reach S3.
    pub s3: S3Options,
    /// How to load into Redshift.
    pub redshift: RedshiftOptions,
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// Values by key, as the command line gives them.
pub type Flags = BTreeMap<&'static str, String>;

impl Settings {
    /// Resolves the settings of this process: its environment (an empty variable is one that is not set), and the file found from the working directory upwards
    /// unless `file` names one.
    ///
    /// # Errors
    /// [`Kind::Settings`] for an unknown key or a value that does not fit, naming where it stands.
    pub fn of_process(flags: &Flags, file: Option<&Path>) -> Result<Self> {
        let found = match file {
            Some(path) => Some(path.to_owned()),
            None => find_file(&std::env::current_dir().map_err(|e| io_error("the working directory", "find", e))?),
        };
        let text = match &found {
            Some(path) => Some((path.clone(), std::fs::read_to_string(path).map_err(|e| io_error(path.display(), "read", e))?)),
            None => None,
        };
        Self::resolve(flags, |name| std::env::var(name).ok().filter(|v| !v.is_empty()), text)
    }

    /// Resolves settings from given sources.
    ///
    /// # Errors
    /// As [`Self::of_process`].
    pub fn resolve(flags: &Flags, environment: impl Fn(&str) -> Option<String>, file: Option<(PathBuf, String)>) -> Result<Self> {
        let mut values = BTreeMap::new();
        if let Some((path, text)) = file {
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            for (key, value) in read_file(&path, &text)? {
                values.insert(key, (relative_to(&folder, key, value), Origin::File(path.clone())));
            }
        }
        for key in KEYS {
            if let Some(value) = environment(key.variable) {
                values.insert(key.name, (value, Origin::Environment(key.variable)));
            }
            if let Some(value) = flags.get(key.name) {
                values.insert(key.name, (value.clone(), Origin::Flag));
            }
        }
        let reader = Reader { values: &values };
        let warehouse = reader.get("warehouse", WarehouseUrl::parse)?;
        Ok(Self {
            logs: reader.get("logs", Location::parse)?,
            songs: reader.get("songs", Location::parse)?,
            warehouse: warehouse.map_or_else(|| WarehouseUrl::parse("sparkify.duckdb"), Ok)?,
            max_rejects: reader.get("max_rejects", RejectLimit::from_str)?.unwrap_or_default(),
            memory: reader.get("memory", parse_bytes)?.unwrap_or_else(default_memory),
            threads: reader.get("threads", parse_threads)?.unwrap_or_else(default_threads),
            wait: reader.get("wait", parse_seconds)?.unwrap_or_default(),
            skip_bad_files: reader.flag("skip_bad_files")?.unwrap_or(false),
            follow_links: reader.flag("follow_links")?.unwrap_or(false),
            checks: checks(&reader)?,
            cluster: cluster::read(&reader)?,
            s3: S3Options {
                region: reader.get("s3.region", parse_region)?,
                endpoint: reader.get("s3.endpoint", |text| parse_endpoint(text, "it").map(|_| text.to_owned()))?,
                path_style: reader.flag("s3.path_style")?,
                anonymous: reader.flag("s3.anonymous")?.unwrap_or(false),
                profile: reader.text("s3.profile"),
                requester_pays: reader.flag("s3.requester_pays")?.unwrap_or(false),
                allow_http: reader.flag("s3.allow_http")?.unwrap_or(false),
                etag_md5: reader.flag("s3.etag_md5")?,
                ..S3Options::default()
            },
            redshift: RedshiftOptions {
                iam_role: reader.get("redshift.iam_role", parse_role)?,
                region: reader.get("redshift.region", parse_region)?,
                staging: reader.get("redshift.staging", parse_staging)?,
                stage: reader.get("redshift.stage", StageWay::from_str)?.unwrap_or_default(),
                design: reader.get("redshift.design", Design::from_str)?.unwrap_or_default(),
                secret: reader.text("redshift.secret"),
                iam: reader.flag("redshift.iam")?.unwrap_or(false),
                cluster: reader.text("redshift.cluster"),
                asking: None,
            },
            values,
        })
    }

    /// The value in force of every key, and where it came from. Credentials inside URLs are hidden.
    #[must_use]
    pub fn table(&self) -> Vec<(&'static str, Option<String>, Origin)> {
        let default = |name| match name {
            "warehouse" => Some(self.warehouse.to_string()),
            "max_rejects" => Some(self.max_rejects.to_string()),
            "memory" => Some(format!("{}MiB", self.memory >> 20)),
            "threads" => Some(self.threads.to_string()),
            "wait" => Some(self.wait.as_secs().to_string()),
            "checks.in_load" => Some(self.checks.in_load.to_string()),
            "checks.exact_rows" => Some(self.checks.exact_rows.to_string()),
            "checks.min_match_rate" => Some(percent(self.checks.min_match_rate)),
            "checks.max_age_days" => Some(self.checks.max_age_days.to_string()),
            "checks.min_volume" => Some(percent(self.checks.min_volume)),
            "checks.max_null_rise" => Some(percent(self.checks.max_null_rise)),
            "checks.max_outside_day" => Some(percent(self.checks.max_outside_day)),
            "checks.max_length" => Some(self.checks.max_length.to_string()),
            name if name.starts_with("cluster.") => cluster::shown(&self.cluster, name),
            "skip_bad_files" | "follow_links" | "s3.anonymous" | "s3.requester_pays" | "s3.allow_http" | "redshift.iam" => {
                Some("false".to_owned())
            }
            "s3.etag_md5" => Some("true".to_owned()),
            "redshift.stage" => Some(self.redshift.stage.name().to_owned()),
            "redshift.design" => Some(self.redshift.design.name().to_owned()),
            _ => None,
        };
        let row = |key: &Key| match self.values.get(key.name) {
            Some((value, origin)) => (key.name, Some(without_credentials(value)), origin.clone()),
            None => (key.name, default(key.name), Origin::Default),
        };
        KEYS.iter().map(row).collect()
    }

    /// Identifies the settings that were set, for the ledger.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let lines: Vec<String> = self.values.iter().map(|(key, (value, _))| format!("{key}={value}\n")).collect();
        format!("{:016x}", rapidhash::v3::rapidhash_v3(lines.concat().as_bytes()))
    }
}

fn checks(reader: &Reader<'_>) -> Result<Limits> {
    let default = Limits::default();
    let share = |key, default| reader.get(key, parse_share).map(|value| value.unwrap_or(default));
    let amount = |key, default| reader.get(key, parse_amount).map(|value| value.unwrap_or(default));
    Ok(Limits {
        in_load: reader.flag("checks.in_load")?.unwrap_or(default.in_load),
        exact_rows: reader.get("checks.exact_rows", parse_count)?.unwrap_or(default.exact_rows),
        min_match_rate: share("checks.min_match_rate", default.min_match_rate)?,
        max_age_days: amount("checks.max_age_days", default.max_age_days)?,
        min_volume: share("checks.min_volume", default.min_volume)?,
        max_null_rise: share("checks.max_null_rise", default.max_null_rise)?,
        max_outside_day: share("checks.max_outside_day", default.max_outside_day)?,
        max_length: amount("checks.max_length", default.max_length)?,
    })
}

/// The nearest settings file from `folder` upwards.
fn find_file(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|f| f.join(FILE_NAME)).find(|path| path.is_file())
}

/// The keys and values of a settings file, sections joined by a point.
fn read_file(path: &Path, text: &str) -> Result<Vec<(&'static str, String)>> {
    let in_file = |message: String| Error::new(Kind::Settings, format!("{}: {message}", path.display()));
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| in_file("not a settings file".to_owned()).caused_by(e))?;
    let mut values = Vec::new();
    let mut add = |name: String, value: &toml::Value| {
        let Some(key) = KEYS.iter().find(|k| k.name == name) else {
            let error = in_file(format!("there is no setting `{name}`"));
            return Err(match nearest(&name, KEYS.iter().map(|k| k.name)).first() {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
            _ => return Err(in_file(format!("`{name}` must be a text, a number or true or false"))),
        };
        values.push((key.name, value));
        Ok(())
    };
    for (name, value) in &table {
        match value {
            toml::Value::Table(section) => section.iter().try_for_each(|(key, value)| add(format!("{name}.{key}"), value))?,
            value => add(name.clone(), value)?,
        }
    }
    Ok(values)
}

/// A path in a settings file is meant from the file's folder.
fn relative_to(folder: &Path, key: &str, value: String) -> String {
    let is_path = matches!(key, "logs" | "songs" | "warehouse") && !value.contains(':') && Path::new(&value).is_relative();
    if is_path { folder.join(value).display().to_string() } else { value }
}

/// Reads values and says whose fault a bad one is.
struct Reader<'a> {
    values: &'a BTreeMap<&'static str, (String, Origin)>,
}

impl Reader<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|(value, _)| value.clone())
    }

    fn get<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Option<T>> {
        let Some((value, origin)) = self.values.get(key) else { return Ok(None) };
        parse(value).map(Some).map_err(|error| {
            let hint = error.hint().to_owned();
            Error::new(Kind::Settings, format!("{key} ({origin}): {error}")).with_hint(hint)
        })
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.get(key, |text| match text {
            "true" | "1" | "yes" => Ok(true),
            "false" | "0" | "no" => Ok(false),
            _ => Err(Error::new(Kind::Settings, format!("invalid value `{text}`: expected true or false"))),
        })
    }
}

/// Bytes from `2GiB`, `500MB`, `1g` or a plain number.
fn parse_bytes(text: &str) -> Result<u64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..split].trim(), text[split..].to_ascii_lowercase());
    let factor = match unit.as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1_000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        _ => 0,
    };
    match number.parse::<f64>() {
        Ok(number) if factor > 0 && number >= 0.0 => {
            let bytes = (number * f64::from(factor)) as u64;
            if bytes < MIN_MEMORY {
                return Err(Error::new(Kind::Settings, format!("{text} is too little: a run needs {} MiB", MIN_MEMORY >> 20)));
            }
            Ok(bytes)
        }
        _ => Err(Error::new(Kind::Settings, format!("invalid amount of memory `{text}`: expected a size such as 2GiB or 500MB"))),
    }
}

/// The least memory that a run gets along with.
const MIN_MEMORY: u64 = 256 << 20;

fn parse_threads(text: &str) -> Result<usize> {
    let bad = || Error::new(Kind::Settings, format!("invalid thread count `{text}`: expected 1 to 256"));
    text.parse().ok().filter(|n| (1..=256).contains(n)).ok_or_else(bad)
}

fn parse_count(text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::new(Kind::Settings, format!("invalid number `{text}`: expected a whole number from 0")))
}

fn parse_amount(text: &str) -> Result<f64> {
    let bad = || Error::new(Kind::Settings, format!("invalid number `{text}`: expected 0 to 1000000"));
    text.parse().ok().filter(|x| (0.0..=1e6).contains(x)).ok_or_else(bad)
}

/// A fraction of one from a text like `33%`.
fn parse_share(text: &str) -> Result<f64> {
    let bad = || Error::new(Kind::Settings, format!("invalid share `{text}`: expected 0% to 100%"));
    let percent = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    percent.filter(|x| (0.0..=100.0).contains(x)).map(|x| x / 100.0).ok_or_else(bad)
}

fn percent(share: f64) -> String {
    // Rounded, as 0.07 times 100 is a little more than 7.
    format!("{}%", (share * 1e8).round() / 1e6)
}

fn parse_seconds(text: &str) -> Result<Duration> {
    text.parse()
        .map(Duration::from_secs)
        .map_err(|_| Error::new(Kind::Settings, format!("invalid duration `{text}`: expected a number of seconds")))
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The smaller of 2 GiB and half of the machine's memory.
fn default_memory() -> u64 {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    });
    total.map_or(2 << 30, |bytes| (bytes / 2).clamp(MIN_MEMORY, 2 << 30))
}

/// A URL without the user name and password that it may hold.
fn without_credentials(value: &str) -> String {
    match value.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://***@{host}"),
            _ => value.to_owned(),
        },
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(flags: &[(&'static str, &str)], environment: &[(&str, &str)], file: Option<&str>) -> Result<Settings> {
        let flags = flags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let lookup = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Settings::resolve(&flags, lookup, file.map(|text| (PathBuf::from("/conf/sparkify.toml"), text.to_owned())))
    }

    fn shown(settings: &Settings, key: &str) -> (Option<String>, String) {
        settings
            .table()
            .into_iter()
            .find(|(name, _, _)| *name == key)
            .map(|(_, value, origin)| (value, origin.to_string()))
            .unwrap()
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let file = Some("threads = 3\nmax_rejects = \"5%\"\n[s3]\nregion = \"eu-west-1\"");
        let environment = [("SPARKIFY_THREADS", "4"), ("SPARKIFY_S3_REGION", "us-west-2")];
        let settings = resolve(&[("threads", "5")], &environment, file).unwrap();
        assert_eq!((settings.threads, settings.s3.region.as_deref()), (5, Some("us-west-2")));
        assert_eq!(settings.max_rejects, RejectLimit::Percent(5.0));
        assert_eq!(shown(&settings, "threads"), (Some("5".into()), "flag".into()));
        assert_eq!(shown(&settings, "s3.region"), (Some("us-west-2".into()), "environment (SPARKIFY_S3_REGION)".into()));
        assert_eq!(shown(&settings, "max_rejects"), (Some("5%".into()), "/conf/sparkify.toml".into()));
        assert_eq!(shown(&settings, "wait"), (Some("0".into()), "default".into()));
    }

    #[test]
    fn paths_in_a_file_are_meant_from_its_folder() {
        let settings = resolve(&[], &[], Some("warehouse = \"data/w.duckdb\"\nlogs = \"s3://b/log_data\"")).unwrap();
        assert_eq!(settings.warehouse, WarehouseUrl::DuckDb("/conf/data/w.duckdb".into()));
        assert_eq!(settings.logs.unwrap().to_string(), "s3://b/log_data");
    }

    #[test]
    fn a_bad_value_is_named_with_its_origin() {
        let error = resolve(&[], &[("SPARKIFY_THREADS", "many")], None).unwrap_err();
        assert_eq!(error.to_string(), "threads (environment (SPARKIFY_THREADS)): invalid thread count `many`: expected 1 to 256");
        let error = resolve(&[], &[], Some("warehose = \"x\"")).unwrap_err();
        assert_eq!(error.to_string(), "/conf/sparkify.toml: there is no setting `warehose`");
        assert_eq!(error.hint(), "did you mean `warehouse`?");
    }

    #[test]
    fn credentials_in_an_endpoint_are_refused_and_not_repeated() {
        let error = resolve(&[("s3.endpoint", "https://key:canary@store.example")], &[], None).unwrap_err();
        assert_eq!(error.to_string(), "s3.endpoint (flag): it must not hold a user name or password");
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[test]
    fn amounts_of_memory() {
        for (text, bytes) in [("2GiB", 2 << 30), ("500MB", 500_000_000), ("1.5g", 3 << 29), ("268435456", 1 << 28)] {
            assert_eq!(parse_bytes(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "2 potatoes", "-1g", "1k"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
