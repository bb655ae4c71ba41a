//! `sparkify check`: is the data sound?

use std::fmt::Write as _;

use super::{open_tables, print_answer};
use crate::check::{self, Check, Finding};
use crate::cli::{CheckArgs, Format};
use crate::error::{EXIT_CHECK_FAILED, EXIT_DONE, Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::nearest::nearest;
use crate::output::{Prints, answer_json, conclude, json_of, print, sanitized};
use crate::settings::Settings;
use crate::warehouse::{Answer, Value, Warehouse};

pub(super) fn run(args: &CheckArgs, settings: &Settings, with_queries: bool, interrupt: &Interrupt) -> Result<u8> {
    let checks = chosen(&args.names)?;
    if args.list {
        let format = if args.json { Format::Json } else { Format::Table };
        return print_answer(&listed(&checks), format).map(|()| EXIT_DONE);
    }
    let mut warehouse = open_tables(settings, interrupt)?;
    let now_us = crate::clock::now_us();
    let findings = check::run(&mut warehouse, checks, &settings.checks, now_us)?;
    let code = if findings.iter().any(Finding::blocks) { EXIT_CHECK_FAILED } else { EXIT_DONE };
    conclude(code, Prints::Product, || {
        if args.json {
            return print(&json(&findings, &settings.warehouse.to_string()));
        }
        print_answer(&table(&findings), Format::Table)?;
        print(&details(&findings, with_queries, !args.names.is_empty()))
    })
}

/// Runs all checks and says in a few lines how it went.
pub(super) fn summary(warehouse: &mut Warehouse, settings: &Settings) -> Result<String> {
    let findings = check::run(warehouse, check::all()?, &settings.checks, crate::clock::now_us())?;
    Ok(details(&findings, false, false))
}

/// The checks of these names, or all.
fn chosen(names: &[String]) -> Result<Vec<Check>> {
    let all = check::all()?;
    for name in names {
        if all.iter().all(|check| check.name != name) {
            let error = Error::new(Kind::Usage, format!("there is no check {name}"));
            return Err(match nearest(name, all.iter().map(|check| check.name)).first() {
                Some(near) => error.with_hint(format!("did you mean {near}? `sparkify check --list` shows all")),
                None => error.with_hint("`sparkify check --list` shows all"),
            });
        }
    }
    Ok(all.into_iter().filter(|check| names.is_empty() || names.iter().any(|name| name == check.name)).collect())
}

fn listed(checks: &[Check]) -> Answer {
    let row = |check: &Check| [check.name, check.severity.name(), check.says, check.remedy].map(Value::from).to_vec();
    Answer {
        columns: ["check", "severity", "says", "remedy"].map(str::to_owned).to_vec(),
        rows: checks.iter().map(row).collect(),
    }
}

fn table(findings: &[Finding]) -> Answer {
    let row = |finding: &Finding| {
        let sample = match &finding.error {
            Some(error) => error.clone(),
            None => finding.sample.first().map_or_else(String::new, |row| finding.fields(row)),
        };
        let rows = finding.counted().map_or(Value::Null, |rows| Value::Integer(rows.into()));
        vec![
            finding.check.name.into(),
            finding.check.severity.name().into(),
            finding.status().into(),
            rows,
            // The first is enough to see what it is about; the others stand below the table.
            shortened(&sample, 100).into(),
        ]
    };
    Answer {
        columns: ["check", "severity", "status", "offending rows", "sample"].map(str::to_owned).to_vec(),
        rows: findings.iter().map(row).collect(),
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// What is wrong and what to do about it, and a line that sums up.
fn details(findings: &[Finding], with_queries: bool, all_queries: bool) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for finding in findings {
        let Finding { check, rows, sample, .. } = finding;
        if finding.failed() {
            let result = if finding.error.is_some() { "cannot be run" } else { "not so" };
            let _ = writeln!(text, "\n{} ({}): {result}: {}", check.name, check.severity.name(), check.says);
            if let Some(error) = &finding.error {
                let _ = writeln!(text, "  {}", sanitized(error));
            }
            for row in sample {
                let _ = writeln!(text, "  {}", sanitized(&finding.fields(row)));
            }
            let more = rows - sample.len() as u64;
            if more > 0 {
                let _ = writeln!(text, "  and {more} more");
            }
            if finding.error.is_none() {
                let _ = writeln!(text, "  remedy: {}", check.remedy);
            }
        }
        if with_queries && (finding.failed() || all_queries) {
            let _ = writeln!(text, "\n-- {}\n{}", check.name, check.query().text.trim_end());
        }
    }
    let count = |wanted: &str| findings.iter().filter(|finding| finding.status() == wanted).count();
    let seconds: f64 = findings.iter().map(|finding| finding.seconds).sum();
    let _ = writeln!(
        text,
        "\n{} checks: {} ok, {} failed, {} warned, {} off ({seconds:.2} s)",
        findings.len(),
        count("ok"),
        count("failed"),
        count("warned"),
        count("off")
    );
    text
}

fn json(findings: &[Finding], warehouse: &str) -> String {
    let quoted = |text: &str| serde_json::json!(text).to_string();
    let finding = |f: &Finding| {
        let sample = answer_json(&Answer { columns: f.columns.clone(), rows: f.sample.clone() });
        format!(
            "{{\"check\":{},\"severity\":{},\"status\":{},\"rows\":{},\"says\":{},\"remedy\":{},\"sample\":[{}],\"error\":{},\"seconds\":{:.4},\"query\":{}}}",
            quoted(f.check.name),
            quoted(f.check.severity.name()),
            quoted(f.status()),
            if f.error.is_some() { "null".to_owned() } else { f.rows.to_string() },
            quoted(f.check.says),
            quoted(f.check.remedy),
            sample.join(","),
            json_of(&f.error),
            f.seconds,
            quoted(f.check.query().text)
        )
    };
    let overall = if findings.iter().any(Finding::blocks) {
        "failed"
    } else if findings.iter().any(Finding::failed) {
        "warned"
    } else {
        "ok"
    };
    let findings: Vec<String> = findings.iter().map(finding).collect();
    format!("{{\"status\":\"{overall}\",\"warehouse\":{},\"checks\":[\n{}\n]}}\n", quoted(warehouse), findings.join(",\n"))
}
