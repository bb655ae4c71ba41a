//! The Redshift stand-in behaves as the service is documented to. Each test says which behaviour it holds.

mod copy;
mod copy_errors;
mod refusals;
mod sessions;
mod sql;

use crate::clients::python;
use crate::support::postgres::Postgres;
use crate::support::redshift::{Access, Options, Standin};
use crate::support::s3::S3Server;
use crate::support::sql_client::{Refused, SqlClient};

/// A stand-in with an S3 server that holds its objects.
pub struct Cluster {
    pub standin: Standin,
    pub s3: S3Server,
    folder: tempfile::TempDir,
}

impl Cluster {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// With other options than the usual.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lake")).unwrap();
        Self::over(folder, change)
    }

    /// With a folder of one's own as the bucket.
    pub fn with_bucket(bucket: &std::path::Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(bucket, folder.path().join("lake")).unwrap();
        Self::over(folder, |_| {})
    }

    fn over(folder: tempfile::TempDir, change: impl FnOnce(&mut Options)) -> Self {
        let s3 = S3Server::start(folder.path());
        let mut options = Options {
            s3: Access { endpoint: s3.url.clone(), key: s3.access_key.to_owned(), secret: s3.secret_key.to_owned() },
            ..Options::default()
        };
        change(&mut options);
        Self { standin: Standin::start(Postgres::shared(), options), s3, folder }
    }

    #[track_caller]
    pub fn connect(&self) -> SqlClient {
        self.try_connect(|_| {}).unwrap()
    }

    pub fn try_connect(&self, change: impl FnOnce(&mut tokio_postgres::Config)) -> Result<SqlClient, Refused> {
        let options = self.standin.options();
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.standin.port).dbname(&options.database);
        config.user(&options.users[0].name).password(&options.users[0].password);
        change(&mut config);
        SqlClient::connect(&config)
    }

    pub fn put(&self, key: &str, content: impl AsRef<[u8]>) {
        self.s3.put("lake", key, content);
    }

    /// The keys in the bucket.
    pub fn keys(&self) -> Vec<String> {
        let root = self.folder.path().join("lake");
        let files = crate::support::warehouse::files_below(&root);
        let name = |url: &str| std::path::Path::new(url).strip_prefix(&root).unwrap().display().to_string();
        files.iter().map(|file| name(&file.url)).filter(|key| !key.starts_with('.')).collect()
    }

    /// Writes a manifest of these keys, each mandatory.
    pub fn put_manifest(&self, key: &str, keys: &[&str]) {
        let entries: Vec<serde_json::Value> =
            keys.iter().map(|key| serde_json::json!({"url": format!("s3://lake/{key}"), "mandatory": true})).collect();
        self.put(key, serde_json::json!({ "entries": entries }).to_string());
    }
}

/// A COPY from the bucket with the usual role.
pub fn copy(table: &str, key: &str, options: &str) -> String {
    let role = crate::support::redshift::ROLE;
    format!("copy {table} from 's3://lake/{key}' iam_role '{role}' region 'us-west-2' {options}")
}

/// What an independent parser of Redshift's dialect does not understand of these statements. `None` when it is not there.
pub fn faults_in_grammar<'a>(statements: impl IntoIterator<Item = &'a str>) -> Option<Vec<String>> {
    const SCRIPT: &str = "
import json, sys
from sqlfluff.core import Linter
linter = Linter(dialect='redshift')
for statement in json.load(open(sys.argv[1], encoding='utf-8')):
    for fault in linter.parse_string(statement + ';').violations[:1]:
        print(json.dumps(fault.desc() + ': ' + statement))
";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statements.json");
    let statements: std::collections::BTreeSet<&str> = statements.into_iter().collect();
    std::fs::write(&file, serde_json::to_string(&statements).unwrap()).unwrap();
    let output = python("parsing recorded statements in the redshift dialect", SCRIPT, &[file.to_str().unwrap()])?;
    Some(output.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}
