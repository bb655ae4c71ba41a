//! The real binary against the Redshift stand-in: the same tables as on DuckDB, whoever reads the lines and whatever goes
//! wrong meanwhile.

mod faults;
mod load;
mod refusals;
mod roles;
mod service;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use crate::redshift_standin::Cluster;
use crate::support::postgres::Postgres;
use crate::support::redshift::{Options, ROLE};
use crate::support::warehouse::{Answer, Site, files_below};

/// The databases behind the clusters of [`site`], by the warehouses' URLs.
static BEHIND: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// A site whose folder is a bucket, and whose warehouse is on a cluster of its own that reads it: lines are read by
/// `direct` or `compact`.
pub fn site(stage: &str) -> Site {
    let site = Site::new();
    // It ends with the tests.
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::with_bucket(site.root())));
    let url = cluster.standin.url();
    BEHIND.lock().unwrap().insert(url.clone(), cluster.standin.options().postgres_database.clone());
    let mut variables = variables(cluster);
    variables.push(("SPARKIFY_REDSHIFT_STAGE", stage.to_owned()));
    let sources = if stage == "direct" { ["s3://lake/log_data", "s3://lake/song_data"] } else { ["log_data", "song_data"] };
    site.over(url, variables, sources)
}

/// Changes the warehouse of such a site behind sparkify's back.
pub fn change(site: &Site, sql: &str) {
    let database = BEHIND.lock().unwrap()[&site.warehouse].clone();
    Postgres::shared().run_sql(&database, sql);
}

/// What the binary needs to find bucket and cluster.
fn variables(cluster: &Cluster) -> Vec<(&'static str, String)> {
    let options = cluster.standin.options();
    let mut variables = cluster.s3.env();
    variables.retain(|(name, _)| *name != "AWS_REGION");
    variables.extend([
        ("AWS_REGION", options.bucket_region.clone()),
        ("PGPASSWORD", options.users[0].password.clone()),
        ("SPARKIFY_WAREHOUSE", cluster.standin.url()),
        ("SPARKIFY_REDSHIFT_IAM_ROLE", ROLE.to_owned()),
        ("SPARKIFY_REDSHIFT_STAGING", "s3://lake/staging/".to_owned()),
    ]);
    variables
}

/// A cluster, a bucket with its inputs, and a folder to run in.
pub struct Lake {
    pub cluster: Cluster,
    pub site: Site,
}

impl Lake {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// With other options of the stand-in than the usual.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self { cluster: Cluster::with(change), site: Site::new() }
    }

    /// Puts the files below a folder into the bucket, below a prefix.
    pub fn put_folder(&self, folder: &Path, prefix: &str) {
        for file in files_below(folder) {
            let name = Path::new(&file.url).strip_prefix(folder).unwrap().display().to_string();
            self.cluster.put(&format!("{prefix}/{name}"), &file.bytes);
        }
    }

    /// The small month that the demo makes, on disk in `demo` and in the bucket.
    pub fn demo() -> Self {
        let lake = Self::start();
        lake.put_demo();
        lake
    }

    pub fn put_demo(&self) {
        self.site.run(&["demo", "--out", "demo"]).expect(0);
        self.put_folder(&self.site.path("demo/log_data"), "log_data");
        self.put_folder(&self.site.path("demo/song_data"), "song_data");
    }

    /// The binary with what it needs to find bucket and cluster.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.site.command(arguments);
        command.envs(variables(&self.cluster));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(arguments).output().unwrap())
    }

    /// A load of the bucket, with the lines read by `direct` or `compact`.
    pub fn load(&self, stage: &str, more: &[&str]) -> Answer {
        let mut command =
            self.command(&["load", "--logs", "s3://lake/log_data", "--songs", "s3://lake/song_data", "--json", "-v"]);
        Answer::of(&command.env("SPARKIFY_REDSHIFT_STAGE", stage).args(more).output().unwrap())
    }

    /// As [`Self::load`], without songs.
    pub fn load_logs(&self, stage: &str, more: &[&str]) -> Answer {
        let mut command = self.command(&["load", "--logs", "s3://lake/log_data", "--json", "-v"]);
        Answer::of(&command.env("SPARKIFY_REDSHIFT_STAGE", stage).args(more).output().unwrap())
    }

    /// The digest of the cluster's tables.
    #[track_caller]
    pub fn digest(&self) -> serde_json::Value {
        self.run(&["digest", "--json"]).expect(0).json()
    }

    /// The digest of a DuckDB warehouse in the site's folder.
    #[track_caller]
    pub fn digest_of(&self, file: &str) -> serde_json::Value {
        self.site.run(&["digest", "--json", "--warehouse", file]).expect(0).json()
    }

    /// What was left below the staging prefix.
    pub fn left_behind(&self) -> Vec<String> {
        self.cluster.keys().into_iter().filter(|key| key.starts_with("staging/")).collect()
    }
}
