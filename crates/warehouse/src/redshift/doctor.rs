//! Can a load do what it has to? One step after the other, each with its outcome.

use super::connect;
use super::copy::Copy;
use super::place::Place;
use super::{Redshift, RedshiftUrl, json};
use crate::error::{Error, Kind, Result};
use crate::reach::{self, Steps};
use crate::source::{Compression, Sources};
use crate::{OpenOptions, Probe, Statement, Value};

/// Tries everything that a load needs, up to the first step that the next ones stand on.
#[must_use]
pub fn diagnose(url: &RedshiftUrl, options: &OpenOptions) -> Vec<Probe> {
    let mut steps = Steps::default();
    take(url, options, &mut steps);
    steps.0
}

/// None where a step failed that the next ones stand on.
fn take(url: &RedshiftUrl, options: &OpenOptions, steps: &mut Steps) -> Option<()> {
    let place = steps.need("URL", Place::new(url, reach::environment))?;
    let sources = Sources::new(options.s3.clone());
    let (host, port) = (place.host.as_str(), place.port);
    let resolved = reach::resolve(
        host,
        port,
        "check the host in --warehouse; a private cluster's name may be known inside its network alone",
        &options.interrupt,
    );
    let remedy = "clusters are private by default: check the VPN or tunnel, the security group's rule for the port (`sparkify cluster open` adds it for a cluster of the stack), and that the cluster is not paused";
    if !steps.note("name resolution", resolved) || !steps.note("TCP", reach::reach(host, port, remedy, &options.interrupt)) {
        return None;
    }
    let account = steps.need("credentials", connect::account(url, &place, &options.redshift, &sources))?;
    let logged_in = connect::connect_as(url, &place, &account, options).and_then(|session| {
        let protected = if session.is_encrypted() { "encrypted" } else { "not encrypted" };
        Ok((Redshift::of(session, url, options, sources)?, format!("as {}, {protected}", account.user)))
    });
    let (mut warehouse, how) = steps.need("TLS and log-in", logged_in)?;
    steps.note("TLS and log-in", Ok(how));
    steps.note("isolation level", isolation(&mut warehouse));
    steps.note("privileges", privileges(&mut warehouse));
    if steps.note("S3 from here: put, list, get", write(&mut warehouse)) {
        let region = warehouse.store().map(|(_, access)| access.region.clone());
        steps.note("region", region);
        steps.note("S3 from the cluster: role, list, get", copy(&mut warehouse));
    }
    warehouse.clear_staging();
    Some(())
}

fn isolation(warehouse: &mut Redshift) -> Result<String> {
    match warehouse.session.row(Statement::RedshiftIsolation, &[]) {
        Ok(row) => Ok(row.first().map(ToString::to_string).unwrap_or_default()),
        Err(error) if warehouse.session.is_lost() => Err(error),
        // Serverless has no such view, and no load needs to know.
        Err(_) => Ok("not reported (Serverless: snapshot)".to_owned()),
    }
}

fn privileges(warehouse: &mut Redshift) -> Result<String> {
    let row = warehouse.session.row(Statement::RedshiftPrivileges, &[])?;
    let may = |at: usize| row.get(at) == Some(&Value::Boolean(true));
    reach::privileges(may(0), may(1))
}

fn write(warehouse: &mut Redshift) -> Result<String> {
    let (staging, _) = warehouse.store()?;
    let url = staging.write("doctor.json", b"{\"number\": 1}\n")?;
    staging.look(&url)?;
    Ok(url)
}

/// The cluster copies an object into a table of its own, which is undone.
fn copy(warehouse: &mut Redshift) -> Result<String> {
    let (staging, access) = warehouse.store()?;
    let url = staging.write("doctor.json", b"{\"number\": 1}\n")?;
    let role = access.role.clone();
    warehouse.session.batch("begin", "begin")?;
    warehouse.make_staged(Statement::RedshiftDoctorsTable, "doctors_table", &[])?;
    let copy = Copy {
        table: "doctors_table",
        columns: vec!["number"],
        paths: json::paths_of(&["number"]),
        compression: Compression::None,
        max_errors: 0,
    };
    let copied = warehouse.run_copy(&copy, [url.as_str()].into_iter());
    let undone = warehouse.session.batch("rollback", "rollback");
    match copied? {
        1 => undone.map(|_| role),
        rows => Err(Error::new(Kind::Query, format!("COPY loaded {rows} rows of 1"))),
    }
}
