//! The tables about the data's soundness: what the checks find, and what became of the files and their lines.

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::room;
use crate::check::{self, Finding, Limits, Severity};
use crate::error::Result;
use crate::warehouse::{Answer, SqlText, Value, Warehouse, sql_file};

/// Tables about the loading: title, what it answers, query.
const LOADING: [(&str, &str, SqlText<'_>); 3] = [
    (
        "Files by day",
        "Are the log files of every day there, and what became of their lines?",
        sql_file!("page/days", named "days"),
    ),
    (
        "Loads",
        "What became of the lines of the log files, by the day on which they were loaded?",
        sql_file!("page/files", named "files"),
    ),
    ("Refused lines", "Which lines could not be loaded, and why?", sql_file!("page/rejects", named "rejects")),
];

/// Days without a file that are named one by one.
const DAYS_NAMED: usize = 8;

/// The cards, in their order, and how many rows each has.
pub(super) fn cards(warehouse: &mut Warehouse, limits: &Limits) -> Result<Vec<(Json, usize)>> {
    let mut cards = vec![checks(warehouse, limits)?];
    for (title, answers, query) in LOADING {
        cards.push(loading(warehouse, title, answers, query)?);
    }
    Ok(cards)
}

/// What the checks find. Rows that offend are counted, not shown: they may hold names and folders, and the page travels.
fn checks(warehouse: &mut Warehouse, limits: &Limits) -> Result<(Json, usize)> {
    let mut findings = check::run(warehouse, check::all()?, limits, crate::clock::now_us())?;
    // What is wrong comes first, the worst of it before the rest; the others stay in their order.
    findings.sort_by_key(|finding| (!finding.failed(), finding.check.severity));
    let kinds = [
        ("state", "text"),
        ("check", "text"),
        ("severity", "text"),
        ("offending_rows", "integer"),
        ("what_holds", "text"),
        ("remedy", "text"),
    ];
    let columns: Vec<Json> = kinds.iter().map(|(name, kind)| column(name, kind)).collect();
    let row = |finding: &Finding| {
        let rows = finding.counted();
        let remedy = match &finding.error {
            Some(error) => Some(format!("cannot be run: {error}")),
            None => finding.failed().then(|| finding.check.remedy.to_owned()),
        };
        json!([finding.status(), finding.check.name, finding.check.severity.name(), rows, finding.check.says, remedy])
    };
    let mut sql = String::new();
    for finding in &findings {
        let _ = writeln!(sql, "-- {}\n{}", finding.check.name, finding.check.query().text);
    }
    let summary = summary(&findings);
    let about = "Each check is a query whose rows offend, run over the whole warehouse whatever the report's window; \
                 `sparkify check` shows the rows.";
    let (notes, remarks) = if findings.iter().any(Finding::failed) {
        (vec![about.to_owned()], vec![summary])
    } else {
        (vec![summary, about.to_owned()], Vec::new())
    };
    let count = findings.len();
    let card = json!({
        "name": "checks", "title": "Checks", "answers": "Is the data sound?", "unit": "rows", "chart": "none", "drawn": [],
        "notes": notes, "remarks": remarks, "columns": columns, "rows": findings.iter().map(row).collect::<Vec<_>>(), "sql": sql,
    });
    Ok((card, count))
}

/// How it went, in a sentence.
fn summary(findings: &[Finding]) -> String {
    let named = |severity| {
        let failed = findings.iter().filter(|f| f.failed() && f.check.severity == severity);
        failed.map(|f| f.check.name).collect::<Vec<_>>()
    };
    let run = findings.iter().filter(|finding| !finding.off).count();
    match (named(Severity::Blocking).as_slice(), named(Severity::Warning).as_slice()) {
        ([], []) => format!("All {run} checks passed."),
        ([], warned) => format!("{} of {run} checks passed; to review: {}.", run - warned.len(), warned.join(", ")),
        (failed, _) => format!("Do not rely on these numbers: the tables contradict themselves ({}).", failed.join(", ")),
    }
}

/// A table about the loading. Its columns are described by their names.
fn loading(warehouse: &mut Warehouse, title: &str, answers: &str, query: SqlText<'_>) -> Result<(Json, usize)> {
    let answer = warehouse.answer(query, &[])?;
    let is_text = |name: &str| matches!(name, "input" | "reason" | "loaded_on" | "log_day");
    let columns: Vec<Json> =
        answer.columns.iter().map(|name| column(name, if is_text(name) { "text" } else { "integer" })).collect();
    let rows = room::rows(&answer.rows);
    let remarks: Vec<String> = missing_days(&answer).into_iter().collect();
    let notes = if rows.is_empty() { vec!["None."] } else { Vec::new() };
    let card = json!({
        "name": query.name, "title": title, "answers": answers, "unit": "lines", "chart": "none", "drawn": [], "notes": notes,
        "remarks": remarks, "columns": columns, "rows": rows, "sql": query.text,
    });
    Ok((card, answer.rows.len()))
}

fn column(name: &str, kind: &str) -> Json {
    json!({"name": name, "kind": kind, "decimals": 0, "meaning": ""})
}

/// The days that have no file though days before and after them do, in words.
fn missing_days(answer: &Answer) -> Option<String> {
    let place = answer.columns.iter().position(|name| name == "log_day")?;
    let day = |row: &Vec<Value>| match row.get(place) {
        Some(Value::Text(text)) => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
        _ => None,
    };
    let mut days: Vec<NaiveDate> = answer.rows.iter().filter_map(day).collect();
    days.sort_unstable();
    let gaps = days.windows(2).map(|pair| (pair[0], (pair[1] - pair[0]).num_days() - 1));
    let count: i64 = gaps.clone().map(|(_, missing)| missing).sum();
    let missing = gaps.flat_map(|(day, missing)| day.iter_days().skip(1).take(usize::try_from(missing).unwrap_or(0)));
    let named: Vec<String> = missing.take(DAYS_NAMED).map(|day| day.to_string()).collect();
    let more = if count > DAYS_NAMED as i64 { ", …" } else { "" };
    (count > 0).then(|| format!("Days without a file, between the first and the last: {count} ({}{more}).", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(days: &[&str]) -> Option<String> {
        let rows = days.iter().map(|day| vec![Value::from(*day)]).collect();
        missing_days(&Answer { columns: vec!["log_day".to_owned()], rows })
    }

    #[test]
    fn days_without_a_file_are_named() {
        assert_eq!(missing(&["no day in the name", "2018-11-03", "2018-11-02", "2018-11-01"]), None);
        assert_eq!(missing(&[]), None);
        let text = missing(&["2018-12-02", "2018-11-29", "2018-11-30"]);
        assert_eq!(text.as_deref(), Some("Days without a file, between the first and the last: 1 (2018-12-01)."));
        let text = missing(&["2018-12-31", "2018-12-01"]).unwrap();
        assert!(text.contains("29 (2018-12-02, ") && text.ends_with("2018-12-09, …)."), "{text}");
    }
}
