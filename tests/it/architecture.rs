//! The rules of ARCHITECTURE.md that a compiler does not check: who may use what, and where things may stand.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// A stage of the flow or a part of one, and the modules of its crate that it may use besides itself. Crates of the workspace
/// count as the modules as which the program's library hands them on.
const MAY_USE: [(&str, &[&str]); 23] = [
    ("crates/decode/src/record.rs", &[]),
    (
        "crates/warehouse/src/star",
        &["cell", "engine", "error", "literal", "query", "record", "rows", "source", "sql", "stage", "staged_views", "tables"],
    ),
    ("src/attempts.rs", &["backoff", "error", "warehouse"]),
    ("src/budget.rs", &[]),
    ("src/transform.rs", &["error", "stage", "warehouse"]),
    ("src/report.rs", &["decode", "error", "source", "stage", "warehouse"]),
    ("src/limit.rs", &["decode", "error", "report"]),
    ("src/quarantine.rs", &["error", "warehouse"]),
    ("src/check", &["clock", "error", "warehouse"]),
    ("src/any_case.rs", &["warehouse"]),
    ("src/explain.rs", &["any_case", "error", "warehouse"]),
    ("src/digest.rs", &["error", "warehouse"]),
    ("src/ledger.rs", &["clock", "decode", "report", "stage", "warehouse"]),
    ("src/plan.rs", &["error", "source", "warehouse"]),
    ("src/refresh.rs", &["error", "plan", "report", "source", "warehouse"]),
    ("src/pipeline.rs", &PARTS_OF_A_RUN),
    ("src/pipeline", &PARTS_OF_A_RUN),
    ("src/replay.rs", &PARTS_OF_A_REPLAY),
    ("src/nearest.rs", &[]),
    ("src/heap.rs", &[]),
    ("src/output.rs", &["error", "warehouse"]),
    ("src/insights", &["error", "nearest", "output", "report", "warehouse"]),
    ("src/page", &["check", "clock", "error", "insights", "interrupt", "output", "report", "warehouse", "whole_file"]),
];

/// What the order of a load is made of.
const PARTS_OF_A_RUN: [&str; 16] = [
    "attempts",
    "budget",
    "check",
    "clock",
    "decode",
    "error",
    "ledger",
    "limit",
    "plan",
    "quarantine",
    "refresh",
    "report",
    "source",
    "stage",
    "transform",
    "warehouse",
];
/// A replay is a run over other records.
const PARTS_OF_A_REPLAY: [&str; 11] =
    ["check", "clock", "decode", "error", "limit", "pipeline", "report", "source", "stage", "transform", "warehouse"];

/// A name that only some folders or files may use. That a crate does without a driver, its Cargo.toml says.
const ONLY_IN: [(&str, &[&str]); 19] = [
    (
        "duckdb::",
        &["crates/duckdb-ffi/src", "crates/warehouse/src/duckdb", "crates/warehouse/src/lib.rs", "crates/warehouse/src/url.rs"],
    ),
    ("tokio_postgres::", &["crates/warehouse/src/postgres", "crates/redshift-standin/src"]),
    (
        "tokio_rustls::",
        &["crates/warehouse/src/postgres", "crates/warehouse/src/redshift/wire.rs", "crates/redshift-standin/src"],
    ),
    ("postgres_protocol::", &["crates/warehouse/src/redshift/wire.rs"]),
    ("rustix::", &["crates/duckdb-file/src/disk.rs"]),
    ("aws_sigv4::", &["crates/source/src/signing.rs"]),
    ("reqwest::", &["crates/cluster/src/aws", "crates/source/src"]),
    // A client of reqwest's follows redirects unless it is set up not to, with the token of the caller who signed.
    ("reqwest::ClientBuilder", &["crates/source/src/http_client.rs"]),
    ("reqwest::Client::new", &[]),
    ("reqwest::Client::builder", &[]),
    ("reqwest::get", &[]),
    ("ReqwestConnector", &[]),
    ("resolve_bucket_region", &[]),
    ("aws_config::", &["crates/cluster/src/aws", "crates/source/src"]),
    ("aws_credential_types::", &["crates/cluster/src/aws", "crates/source/src"]),
    ("aws_sdk_cloudformation::", &["crates/cluster/src/aws"]),
    ("clap::", &["src/cli.rs", "src/cli/", "src/main.rs", "crates/redshift-standin/src/main.rs"]),
    ("ctrlc::", &["crates/runtime/src/interrupt.rs", "crates/redshift-standin/src/main.rs"]),
    ("unsafe", &["src/heap.rs", "crates/duckdb-ffi/src", "crates/redshift-standin/src/postgres.rs"]),
];

/// Where statements may stand in Rust: names of tables are put into some, and the stand-in is a server.
const SQL_IN: [&str; 2] = ["crates/warehouse/src", "crates/redshift-standin/src"];

/// What decoding has no use for: it is pure.
const NOT_IN_DECODE: [&str; 8] =
    ["std::fs", "std::net", "std::io", "std::env", "std::process", "std::thread", "tokio::", "duckdb"];

/// How a statement begins.
const SQL_BEGINS: [&str; 12] = [
    "select ",
    "insert into ",
    "insert or ",
    "delete from ",
    "create table ",
    "create temp",
    "create or replace ",
    "drop table ",
    "alter table ",
    "begin transaction",
    "copy (",
    "attach '",
];

/// Names that invite everything; a file is named after the thing in it.
const NAMES_THAT_SAY_NOTHING: [&str; 6] = ["core", "util", "utils", "common", "helper", "helpers"];

const MOST_LINES: usize = 600;
/// Files that may be longer, with how long and why.
const LONGER: [(&str, usize, &str); 2] = [
    ("tests/it/sources.rs", 1000, "every fault of a store and what the user is told"),
    ("tests/it/cli.rs", 800, "every row of the table of bad input and what the user sees"),
];

#[test]
fn stages_use_only_what_comes_before_them() {
    let mut faults = Vec::new();
    for (place, allowed) in MAY_USE {
        let own = Path::new(place).file_stem().unwrap().to_str().unwrap();
        for (name, code) in rust_files(place) {
            for used in crate_modules(&code) {
                if used != own && !allowed.contains(&used.as_str()) {
                    faults.push(format!("{name} uses crate::{used}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn decode_is_pure() {
    let faults: Vec<String> = rust_files("crates/decode/src")
        .iter()
        .flat_map(|(name, code)| {
            NOT_IN_DECODE.iter().filter(|word| has_word(code, word)).map(move |word| format!("{name}: {word}"))
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn drivers_and_unsafe_code_stay_where_they_belong() {
    let mut faults = Vec::new();
    for (name, code) in source_folders().iter().flat_map(|folder| rust_files(folder)) {
        for (word, places) in ONLY_IN {
            if has_word(&code, word) && !places.iter().any(|place| name.starts_with(place)) {
                faults.push(format!("{name} has {word}, which belongs into {places:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn sql_stands_in_sql_files() {
    let mut faults = Vec::new();
    for path in
        source_folders().iter().filter(|folder| !SQL_IN.contains(&folder.as_str())).flat_map(|folder| files(folder, &["rs"]))
    {
        let name = shown(&path);
        for text in split(&fs::read_to_string(&path).unwrap()).texts {
            let begin: String = text.trim_start().chars().take(30).collect::<String>().to_lowercase();
            if SQL_BEGINS.iter().any(|sql| begin.starts_with(sql)) {
                faults.push(format!("{name}: {begin}"));
            }
        }
    }
    assert!(faults.is_empty(), "statements outside sql/ and {SQL_IN:?}: {faults:#?}");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut faults = Vec::new();
    for path in ["src", "tests", "crates", "fuzz/src", "fuzz/targets"].iter().flat_map(|folder| files(folder, &["rs"])) {
        let (name, text) = (shown(&path), fs::read_to_string(&path).unwrap());
        if !text.starts_with("//! ") {
            faults.push(format!("{name} does not begin with what it is for"));
        }
        let most = LONGER.iter().find(|(file, ..)| *file == name).map_or(MOST_LINES, |(_, most, _)| *most);
        let lines = text.lines().count();
        if lines > most {
            faults.push(format!("{name} has {lines} lines, more than {most}"));
        }
        if NAMES_THAT_SAY_NOTHING.contains(&path.file_stem().unwrap().to_str().unwrap()) {
            faults.push(format!("{name} says nothing about what is in it"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn nothing_knows_the_machine_it_was_written_on() {
    // In two pieces each, as this file is searched too.
    let folders = [["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"], ["/wo", "rk/"], ["/tm", "p/"]].map(|pieces| pieces.concat());
    let endings = ["rs", "sql", "toml", "md", "py", "sh", "run", "test", "yaml", "json"];
    let places = [
        "src",
        "crates",
        "tests",
        "examples",
        "sql",
        "scripts",
        "config",
        "cloudformation",
        "docs",
        "attack",
        "bench",
        "findings",
        "fuzz/src",
        "fuzz/targets",
        ".ci",
        ".",
    ];
    let mut faults = Vec::new();
    for path in places.iter().flat_map(|place| files(place, &endings)) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            // A path begins the word that it stands in; `docs/work/` is none.
            let at_start = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}".contains(c));
            if folders.iter().any(|folder| line.match_indices(folder.as_str()).any(|(at, _)| at_start(at))) {
                faults.push(format!("{}:{}: {line}", shown(&path), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut faults = Vec::new();
    for path in [".", "attack", "bench", "crates", "docs", "examples", "findings"].iter().flat_map(|place| files(place, &["md"]))
    {
        let text = fs::read_to_string(&path).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            if !path.parent().unwrap().join(link).exists() {
                faults.push(format!("{}: {link}", shown(&path)));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn comments_and_texts_are_told_from_code() {
    let split =
        split("let a = \"x // \\\" y\"; // unsafe\n/* fs /* nested */ */ let c = '\"'; let d = r#\"raw \"q\" \"#; fn f<'a>() {}");
    assert_eq!(split.texts, ["x // \\\" y", "raw \"q\" "]);
    assert!(split.code.contains("let d") && split.code.contains("fn f<'a>") && !has_word(&split.code, "unsafe"));
    assert!(has_word("use duckdb::ffi;", "duckdb::") && !has_word("use crate::warehouse::duckdb::Rows;", "duckdb::"));
    assert_eq!(
        crate_modules("use crate::{error, record::X};\nuse crate::stage::Y; crate::limit::f()"),
        ["error", "limit", "record", "stage"]
    );
}

/// The folders that hold the sources of the workspace's crates, the program's own first.
pub fn source_folders() -> Vec<String> {
    let crates = fs::read_dir(repository().join("crates")).unwrap();
    let mut folders: Vec<String> = crates.map(|entry| format!("{}/src", shown(&entry.unwrap().path()))).collect();
    folders.push("src".to_owned());
    folders.sort_by_key(|folder| (folder != "src", folder.clone()));
    folders
}

/// A path as it is from the repository's root.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap_or(path).display().to_string()
}

/// The files at or below `place` whose names end so, in order; of the root itself, only those that stand in it.
pub fn files(place: &str, endings: &[&str]) -> Vec<PathBuf> {
    let start = repository().join(place);
    let (mut folders, mut files) = (vec![start.clone()], Vec::new());
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            if path == start || place != "." {
                folders.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        } else if path.extension().or(path.file_name()).is_some_and(|end| endings.iter().any(|e| end == *e)) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The Rust files at or below `place` with their code, without comments and texts.
pub fn rust_files(place: &str) -> Vec<(String, String)> {
    let found: Vec<_> =
        files(place, &["rs"]).iter().map(|path| (shown(path), split(&fs::read_to_string(path).unwrap()).code)).collect();
    assert!(!found.is_empty(), "{place} is gone");
    found
}

/// Whether `word` stands in `code`, not as a part of a longer name or path.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':');
        let behind = code[at + word.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        before && (behind || word.ends_with(':'))
    })
}

/// The modules of this crate that `code` names, one each.
fn crate_modules(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let parts = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for part in parts {
            let name: String = part.trim_start().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// A Rust source taken apart.
pub struct Split {
    /// Without comments, each text emptied.
    code: String,
    /// The insides of the texts, as they are spelled.
    pub texts: Vec<String>,
}

pub fn split(source: &str) -> Split {
    let (mut code, mut texts, mut rest) = (String::new(), Vec::new(), source);
    while let Some(next) = rest.chars().next() {
        let raw = raw_text(rest).filter(|_| !code.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        let used = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some((inside, used)) = raw {
            texts.push(inside.to_owned());
            code.push_str("\"\"");
            used
        } else if let Some(inside) = rest.strip_prefix('"') {
            let end = end_of_text(inside);
            texts.push(inside[..end].to_owned());
            code.push_str("\"\"");
            (end + 2).min(rest.len())
        } else if let Some(used) = character(rest) {
            used
        } else {
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[used..];
    }
    Split { code, texts }
}

/// Where the text ends whose opening quote was just passed.
fn end_of_text(inside: &str) -> usize {
    let mut escaped = false;
    let end = inside.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.unwrap_or(inside.len())
}

/// The inside of the raw text that begins here, and the length with its quotes.
fn raw_text(rest: &str) -> Option<(&str, usize)> {
    let behind = rest.strip_prefix('r').or_else(|| rest.strip_prefix("br"))?;
    let inside = behind.trim_start_matches('#').strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(behind.len() - inside.len() - 1));
    let length = inside.find(&end)?;
    Some((&inside[..length], rest.len() - inside.len() + length + end.len()))
}

/// The length of the character literal that begins here; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let end = if first == '\\' { 2 + inside[2..].find('\'')? } else { first.len_utf8() };
    inside[end..].starts_with('\'').then_some(end + 2)
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        match (rest[at..].find("/*"), rest[at..].find("*/")) {
            (Some(open), Some(close)) if open < close => (depth, at) = (depth + 1, at + open + 2),
            (_, Some(close)) => {
                (depth, at) = (depth - 1, at + close + 2);
                if depth == 0 {
                    return at;
                }
            }
            (_, None) => return rest.len(),
        }
    }
}
