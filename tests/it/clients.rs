//! Other tools open the warehouse: `DuckDB`'s own Python client, one release behind the library that writes it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sparkify::warehouse::sql::TABLES;

/// The release that most tools ship today.
const CLIENT: &str = "1.5.";

#[test]
fn a_client_one_release_older_reads_and_writes_the_file() {
    const COUNTS: &str = "
import json, sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
counts = {table: connection.execute(f'select count(*) from {table}').fetchone()[0] for table in sys.argv[2:]}
print(json.dumps({'version': duckdb.__version__, 'counts': counts}))
";
    const JOIN: &str = "
import json, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute('create table played as select artist_id, name, count(*) as plays from songplays'
                   ' inner join users using (user_id) inner join time using (start_time)'
                   ' left join artists using (artist_id) group by all')
print(json.dumps(connection.execute('select sum(plays), count(name), count(artist_id) from played').fetchone()))
";
    let what = "opening the warehouse with DuckDB's Python client";
    if interpreter(what).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    sparkify(folder.path(), &["demo", "--out", "demo"]);
    let warehouse = folder.path().join("demo/sparkify.duckdb");
    let mut arguments = vec![warehouse.to_str().unwrap()];
    arguments.extend(TABLES.iter().map(|(table, _)| *table));
    let seen: Value = serde_json::from_str(&python(what, COUNTS, &arguments).unwrap()).unwrap();

    assert!(seen["version"].as_str().unwrap().starts_with(CLIENT), "{}", seen["version"]);
    for (table, _) in TABLES {
        let there = query(folder.path(), &format!("select count(*) as n from {table}"))["n"].clone();
        assert_eq!(seen["counts"][table], there, "{table}");
    }
    for table in ["songplays", "page_views", "users", "songs", "artists", "time", "user_levels", "load_files", "load_runs"] {
        assert_ne!(seen["counts"][table], 0, "{table}");
    }

    let joined: Value = serde_json::from_str(&python(what, JOIN, &arguments[..1]).unwrap()).unwrap();
    assert_eq!(joined[0], seen["counts"]["songplays"], "every play has its user and its time");
    assert_ne!(joined[1], 0, "some plays have their artist");
    assert_eq!(joined[1], joined[2], "a play's artist is in artists");
    let written = query(folder.path(), "select sum(plays)::bigint as n from played")["n"].clone();
    assert_eq!(written, seen["counts"]["songplays"], "what the older client wrote can be read");
    // What it wrote into the file does not stand in the way of the next load.
    sparkify(folder.path(), &["demo", "--out", "demo"]);
}

/// The first row of a query's answer, as the program prints it.
fn query(folder: &Path, sql: &str) -> Value {
    let output = sparkify(folder, &["sql", sql, "--format", "json", "--warehouse", "demo/sparkify.duckdb"]);
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    rows[0].clone()
}

/// Runs the program in `folder`, without the settings of whoever runs the tests.
fn sparkify(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparkify"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SPARKIFY_")) {
        command.env_remove(name);
    }
    let output = command.args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What a Python script prints, run with the packages that `scripts/test` installs. None, and said so, without them.
pub fn python(what: &str, script: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(interpreter(what)?).arg("-c").arg(script).args(arguments).output().expect("Python starts");
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

pub fn interpreter(what: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SPARKIFY_TEST_VENV").filter(|folder| !folder.is_empty()) {
        return Some(Path::new(&folder).join("bin/python"));
    }
    // Straight to the stream, as the test runner hides what a passing test prints.
    let _ = writeln!(std::io::stderr(), "LEFT OUT: {what} (SPARKIFY_TEST_VENV is not set; scripts/test sets it)");
    None
}
