//! COPY: from which objects, into which columns, and whether it succeeds.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::coerce::Kind;
use super::copy_parts::{Column, Entry, Fetched, Situation};
use super::copy_statement::{Authorization, CopyStatement, Json, s3_address};
use super::failure::{Failure, internal};
use super::fault::Fault;
use super::json::{Layout, paths};
use super::log::Log;
use super::objects::{Objects, Refused};
use super::rows::Reader;
use super::upstream::{self, Upstream, literal};

/// Why a COPY ends early.
#[derive(Debug)]
pub enum End {
    /// Before anything was read: nothing is logged.
    Refused(Failure),
    /// While reading.
    Failed(Failure),
    /// The client's connection is to be dropped.
    Drop,
    /// The connection to PostgreSQL broke.
    Upstream(upstream::Fault),
}

impl From<upstream::Fault> for End {
    fn from(fault: upstream::Fault) -> Self {
        Self::Upstream(fault)
    }
}

/// What a COPY did.
#[derive(Debug, Default)]
pub struct Done {
    pub rows: u64,
    pub skipped: usize,
}

/// A table's columns in its order.
struct Target {
    oid: u32,
    columns: Vec<Column>,
    identities: Vec<(String, bool)>,
}

/// Runs a COPY in the session's transaction.
pub async fn run(statement: &CopyStatement, upstream: &mut Upstream, situation: &Situation<'_>) -> Result<Done, End> {
    let started = Utc::now().naive_utc();
    let timeout = statement_timeout(upstream).await?;
    let target = target(statement, upstream).await?;
    let pid = upstream.key.pid;
    let refuse = |message: &str, context: &str| End::Refused(internal(message, 8001, context, situation.query, pid));
    authorize(statement, situation, &refuse)?;
    let mut objects = Objects::new(situation.shared.options.s3.clone());
    objects.faults(situation.faults);
    let objects = Arc::new(objects);
    let entries = entries(statement, &objects, situation, &refuse).await?;
    let (columns, layout) = layout(statement, &target, &objects, &refuse).await?;

    let mut log = Log::new(situation, pid, target.oid, &statement.table.join("."), started);
    log.data_source = format!("s3://{}/{}", statement.bucket, statement.key);
    let names: Vec<String> = columns.iter().map(|&at| format!("\"{}\"", target.columns[at].name.replace('"', "\"\""))).collect();
    if !statement.no_load {
        let table: Vec<String> = statement.table.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
        upstream.copy_in(&format!("copy {} ({}) from stdin", table.join("."), names.join(", "))).await?;
    }
    let columns: Vec<Column> = columns
        .iter()
        .map(|&at| {
            let column = &target.columns[at];
            Column { name: column.name.clone(), kind: column.kind, required: column.required }
        })
        .collect();

    // Objects are fetched ahead, a thread makes rows of them, and the rows go to PostgreSQL.
    let (to_reader, objects_in) = mpsc::channel(2);
    let fetching = tokio::spawn(fetch(objects, entries, to_reader));
    let (to_server, mut chunks) = mpsc::channel::<Bytes>(8);
    let to_lose = situation.faults.iter().find_map(|fault| match fault {
        Fault::Lose(rows) => Some(*rows),
        _ => None,
    });
    let reader = Reader { statement: statement.clone(), columns, layout, log, rows: 0, to_lose: to_lose.unwrap_or(0) };
    let reading = tokio::task::spawn_blocking(move || reader.run(objects_in, &to_server));
    let drop_after = situation.faults.iter().find_map(|fault| match fault {
        Fault::DropMidCopy(bytes) => Some(*bytes),
        _ => None,
    });
    let (mut sent, mut stopped) = (0, None);
    let late = tokio::time::sleep(timeout.unwrap_or(Duration::from_hours(24)));
    tokio::pin!(late);
    loop {
        let chunk = tokio::select! {
            chunk = chunks.recv() => chunk,
            () = situation.cancel.notified() => { stopped = Some(cancelled(situation.query)); break }
            () = &mut late => { stopped = Some(cancelled(situation.query)); break }
        };
        let Some(chunk) = chunk else { break };
        sent += chunk.len();
        if !statement.no_load {
            upstream.copy_data(chunk).await?;
        }
        if drop_after.is_some_and(|bytes| sent >= bytes) {
            return Err(End::Drop);
        }
    }
    drop(chunks);
    if drop_after.is_some() {
        return Err(End::Drop);
    }
    fetching.abort();
    let (reader, mut failure) = reading.await.map_err(|error| upstream::Fault::Broken(io::Error::other(error)))?;
    failure = stopped.or(failure);
    let mut log = reader.log;
    let mut rows = reader.rows;
    if statement.no_load {
        rows = 0;
    } else {
        match upstream.copy_end(failure.is_none()).await {
            Err(fault @ upstream::Fault::Said(_)) => {
                log.write("failed").await;
                return Err(fault.into());
            }
            other => other?,
        }
    }
    log.loaded_rows = rows;
    let skipped = log.errors.len();
    log.write(if failure.is_some() { "failed" } else { "success" }).await;
    failure.map_or(Ok(Done { rows, skipped }), |failure| Err(End::Failed(failure)))
}

fn cancelled(query: u64) -> Failure {
    Failure { code: "57014", message: format!("Query ({query}) cancelled on user's request"), detail: None }
}

async fn statement_timeout(upstream: &mut Upstream) -> Result<Option<Duration>, End> {
    let rows = upstream.rows("select setting from pg_settings where name = 'statement_timeout'").await?;
    let milliseconds = rows.first().and_then(|row| row[0].as_ref()?.parse::<u64>().ok()).unwrap_or(0);
    Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds)))
}

/// The table as the catalogue has it.
async fn target(statement: &CopyStatement, upstream: &mut Upstream) -> Result<Target, End> {
    let name = statement.table.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>().join(".");
    let rows = upstream
        .rows(&format!(
            "select a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity, a.attrelid::bigint from pg_attribute as a \
             inner join pg_type as t on t.oid = a.atttypid \
             where a.attrelid = to_regclass({}) and a.attnum > 0 and not a.attisdropped order by a.attnum",
            literal(&name)
        ))
        .await?;
    if rows.is_empty() {
        let message = format!("Cannot COPY into nonexistent table {}", statement.table.join("."));
        return Err(End::Refused(Failure { code: "42P01", message, detail: None }));
    }
    let mut target = Target { oid: 0, columns: Vec::new(), identities: Vec::new() };
    for row in rows {
        let text = |at: usize| row[at].clone().unwrap_or_default();
        target.oid = text(5).parse().unwrap_or(0);
        let Some(kind) = Kind::of(&text(1), text(2).parse().unwrap_or(-1)) else {
            let message = format!("the stand-in cannot COPY into a column of type {}", text(1));
            return Err(End::Refused(Failure { code: "0A000", message, detail: None }));
        };
        if !text(4).is_empty() {
            target.identities.push((text(0), text(4) == "a"));
        }
        target.columns.push(Column { name: text(0), kind, required: text(3) == "t" });
    }
    Ok(target)
}

/// Whether the role is one of the cluster's, and whether the region is the bucket's.
fn authorize(statement: &CopyStatement, situation: &Situation<'_>, refuse: &impl Fn(&str, &str) -> End) -> Result<(), End> {
    let options = &situation.shared.options;
    match &statement.authorization {
        Authorization::Roles(roles) => {
            for (at, role) in roles.iter().enumerate() {
                if !role.starts_with("arn:aws") || role.contains(char::is_whitespace) {
                    let message = "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or 'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'";
                    return Err(End::Refused(Failure { code: "0A000", message: message.to_owned(), detail: None }));
                }
                // The first is attached; it assumes the next, and so on.
                if at == 0 && !options.roles.contains(role) {
                    let user = format!("arn:aws:redshift:{}:123456789012:dbuser:standin/{}", options.region, situation.user);
                    return Err(refuse(
                        &format!("User {user} is not authorized to assume IAM Role {role}"),
                        &format!("IAM Role={role}"),
                    ));
                }
            }
        }
        Authorization::DefaultRole if options.roles.is_empty() => {
            return Err(refuse("Default IAM role is not set for the cluster", "IAM Role=default"));
        }
        _ => {}
    }
    check_region(statement, situation, &statement.bucket)
        .map_err(|refused| refuse(&refused.shown(), &format!("Failed to initialize S3 bucket={}", statement.bucket)))
}

fn check_region(statement: &CopyStatement, situation: &Situation<'_>, bucket: &str) -> Result<(), Refused> {
    let options = &situation.shared.options;
    let asked = statement.region.as_ref().unwrap_or(&options.region);
    let there = options.bucket_regions.get(bucket).unwrap_or(&options.bucket_region);
    if asked == there {
        return Ok(());
    }
    Err(Refused::new(
        301,
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    ))
}

/// The files to load, in order.
async fn entries(
    statement: &CopyStatement,
    objects: &Objects,
    situation: &Situation<'_>,
    refuse: &impl Fn(&str, &str) -> End,
) -> Result<Vec<Entry>, End> {
    let said = |refused: &Refused, context: &str| refuse(&refused.shown(), context);
    let mut entries = Vec::new();
    if !statement.manifest {
        let context = format!("Listing bucket={} prefix={}", statement.bucket, statement.key);
        let keys = objects.list(&statement.bucket, &statement.key).await.map_err(|refused| said(&refused, &context))?;
        entries.extend(keys.into_iter().map(|(key, _)| Entry { bucket: statement.bucket.clone(), key }));
        if entries.is_empty() {
            return Err(refuse(&format!("The specified S3 prefix '{}' does not exist", statement.key), &context));
        }
        return Ok(entries);
    }
    #[derive(serde::Deserialize)]
    struct Manifest {
        entries: Vec<Listed>,
    }
    #[derive(serde::Deserialize)]
    struct Listed {
        url: String,
        #[serde(default)]
        mandatory: bool,
    }
    let context = format!("Reading manifest s3://{}/{}", statement.bucket, statement.key);
    let text = objects.get(&statement.bucket, &statement.key).await;
    let text = text.map_err(|refused| refuse(&format!("Problem reading manifest file - {}", refused.shown()), &context))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| refuse(&format!("Manifest file is not in correct json format: {error}"), &context))?;
    let mut known: HashSet<(String, String)> = HashSet::new();
    let mut listed_buckets: HashSet<String> = HashSet::new();
    for listed in manifest.entries {
        let Some((bucket, key)) = s3_address(&listed.url) else {
            return Err(refuse(&format!("Invalid url in manifest file: {}", listed.url), &context));
        };
        check_region(statement, situation, &bucket).map_err(|refused| said(&refused, &context))?;
        if listed_buckets.insert(bucket.clone()) {
            let keys = objects.list(&bucket, "").await.map_err(|refused| said(&refused, &context))?;
            known.extend(keys.into_iter().map(|(key, _)| (bucket.clone(), key)));
        }
        // A key, complete: the manifest takes no beginnings. What is listed twice is loaded twice.
        if known.contains(&(bucket.clone(), key.clone())) {
            entries.push(Entry { bucket, key });
        } else if listed.mandatory {
            let refused = Refused::new(404, "NoSuchKey", "The specified key does not exist.");
            return Err(refuse(&format!("Mandatory url {} is not present: {}", listed.url, refused.shown()), &context));
        }
    }
    if entries.is_empty() {
        return Err(refuse("No files of the manifest were found", &context));
    }
    Ok(entries)
}

/// Which columns are filled, and from where.
async fn layout(
    statement: &CopyStatement,
    target: &Target,
    objects: &Objects,
    refuse: &impl Fn(&str, &str) -> End,
) -> Result<(Vec<usize>, Layout), End> {
    let is_identity = |name: &str| target.identities.iter().any(|(identity, _)| identity == name);
    let columns: Vec<usize> = match &statement.columns {
        None => (0..target.columns.len()).filter(|&at| !is_identity(&target.columns[at].name)).collect(),
        Some(names) => {
            let mut found = Vec::new();
            for name in names {
                let refused = |code, message| End::Refused(Failure { code, message, detail: None });
                let Some(at) = target.columns.iter().position(|column| column.name == *name) else {
                    return Err(refused(
                        "42703",
                        format!("column \"{name}\" of relation \"{}\" does not exist", statement.table.join(".")),
                    ));
                };
                if found.contains(&at) {
                    return Err(refused("42701", format!("column \"{name}\" specified more than once")));
                }
                if target.identities.contains(&(name.clone(), true)) && !statement.explicit_ids {
                    return Err(refused("0A000", format!("cannot copy into identity column \"{name}\" without EXPLICIT_IDS")));
                }
                found.push(at);
            }
            found
        }
    };
    let names: Vec<String> = columns.iter().map(|&at| target.columns[at].name.clone()).collect();
    let layout = match &statement.json {
        Json::Auto => Layout::by_name(&names, false),
        Json::AutoIgnoreCase => Layout::by_name(&names, true),
        Json::Paths { bucket, key } => {
            let context = format!("Reading JSONPath file s3://{bucket}/{key}");
            let file = objects.get(bucket, key).await.map_err(|refused| refuse(&refused.shown(), &context))?;
            match paths(&file).map_err(|fault| refuse(&fault, &context))? {
                // As the service does: no error, the columns' names count.
                None => Layout::by_name(&names, false),
                Some(paths) if paths.len() != columns.len() => {
                    let message = format!(
                        "Number of jsonpaths and the number of columns should match. JSONPath size: {}, Number of columns in table or column list: {}",
                        paths.len(),
                        columns.len()
                    );
                    return Err(refuse(&message, &context));
                }
                Some(paths) => Layout::by_path(&paths),
            }
        }
    };
    Ok((columns, layout))
}

async fn fetch(objects: Arc<Objects>, entries: Vec<Entry>, to: mpsc::Sender<Fetched>) {
    let mut stream = futures::stream::iter(entries)
        .map(|entry| {
            let objects = Arc::clone(&objects);
            async move {
                let content = objects.get(&entry.bucket, &entry.key).await;
                (entry, content)
            }
        })
        .buffered(8);
    while let Some(fetched) = stream.next().await {
        if to.send(fetched).await.is_err() {
            return;
        }
    }
}
