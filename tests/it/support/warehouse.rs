//! The real binary in a clean environment, and the tables it leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::value::RawValue;
use sparkify::interrupt::Interrupt;
use sparkify::source::S3Options;
use sparkify::warehouse::duckdb::Resources;
use sparkify::warehouse::{OpenOptions, RedshiftOptions};

use super::fields::COLUMNS;
use super::oracle::File;

/// How tests open a warehouse without the binary.
pub fn open_options(threads: usize) -> OpenOptions {
    OpenOptions {
        resources: Resources { memory: 256 << 20, threads },
        wait: std::time::Duration::ZERO,
        interrupt: Interrupt::default(),
        s3: S3Options::default(),
        redshift: RedshiftOptions::default(),
    }
}

/// A value of a table. Floats are compared by their bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Null,
    Bool(bool),
    Integer(i64),
    Float(u64),
    Text(String),
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Float(value.to_bits())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Rows by table, sorted, surrogate ids aside.
pub type Tables = BTreeMap<&'static str, Vec<Vec<Cell>>>;

/// Fails with the first rows that differ.
#[track_caller]
pub fn assert_same(found: &Tables, wanted: &Tables, what: &str) {
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    for (table, wanted) in wanted {
        let found = &found[table];
        if found == wanted {
            continue;
        }
        let only = |a: &[Vec<Cell>], b: &[Vec<Cell>]| {
            let rows: Vec<String> = a
                .iter()
                .filter(|row| b.binary_search(row).is_err())
                .take(3)
                .map(|row| format!("{row:?}").chars().take(500).collect())
                .collect();
            rows.join("\n  ")
        };
        panic!(
            "{what}: {table} has {} rows, wanted {}\nnot wanted:\n  {}\nmissing:\n  {}",
            found.len(),
            wanted.len(),
            only(found, wanted),
            only(wanted, found)
        );
    }
}

/// A folder with inputs, and a warehouse; gone when dropped.
pub struct Site {
    folder: tempfile::TempDir,
    /// The warehouse, as the command line takes it.
    pub warehouse: String,
    /// The environment of every command.
    variables: Vec<(&'static str, String)>,
    /// Where logs and songs are loaded from.
    sources: [&'static str; 2],
}

/// What a command printed, and its exit code (negative: the signal that ended it).
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    pub fn of(output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self {
            code: output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0)),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON value on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    pub fn new() -> Self {
        Self::at("w.duckdb".to_owned(), Vec::new())
    }

    /// With its warehouse elsewhere, and what the environment has to say about that.
    pub fn at(warehouse: String, variables: Vec<(&'static str, String)>) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), warehouse, variables, sources: ["log_data", "song_data"] }
    }

    /// With more variables, and the folder's inputs loaded from elsewhere.
    pub fn over(mut self, warehouse: String, variables: Vec<(&'static str, String)>, sources: [&'static str; 2]) -> Self {
        self.warehouse = warehouse;
        self.variables = variables;
        self.sources = sources;
        self
    }

    fn is_duckdb(&self) -> bool {
        !self.warehouse.contains("://")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the site's folder.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a file with this time of modification, in seconds.
    pub fn put_at(&self, name: &str, content: impl AsRef<[u8]>, modified: i64) -> PathBuf {
        let path = self.put(name, content);
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(modified.try_into().unwrap());
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        path
    }

    /// The binary, to run in the site's folder with nothing of the surroundings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparkify"));
        command.args(arguments).env_clear().env("HOME", self.root()).current_dir(self.root()).stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(&self.command(arguments).output().unwrap())
    }

    /// `load` of `log_data` and `song_data`, as far as they are there.
    pub fn load_arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["load", "--warehouse", &self.warehouse];
        if self.path("log_data").exists() {
            arguments.extend(["--logs", self.sources[0]]);
        }
        if self.path("song_data").exists() {
            arguments.extend(["--songs", self.sources[1]]);
        }
        arguments.extend(more);
        arguments
    }

    pub fn load(&self, more: &[&str]) -> Answer {
        self.run(&self.load_arguments(more))
    }

    /// The rows of a query, as JSON.
    #[track_caller]
    pub fn sql(&self, query: &str) -> serde_json::Value {
        self.run(&["sql", query, "--format", "json", "--warehouse", &self.warehouse]).expect(0).json()
    }

    /// The single number that a query gives.
    #[track_caller]
    pub fn number(&self, query: &str) -> i64 {
        let rows = self.sql(query);
        let row = rows[0].as_object().unwrap();
        assert_eq!((rows.as_array().unwrap().len(), row.len()), (1, 1), "{rows}");
        row.values().next().unwrap().as_i64().unwrap_or_else(|| panic!("{rows}"))
    }

    /// All tables.
    #[track_caller]
    pub fn tables(&self) -> Tables {
        if self.is_duckdb() { tables_of(self.root(), &self.path(&self.warehouse)) } else { self.tables_one_by_one() }
    }

    /// All tables of an engine that has no lists to put them into.
    #[track_caller]
    fn tables_one_by_one(&self) -> Tables {
        let table = |(table, columns): (&'static str, &str)| {
            let columns =
                columns.split(", ").enumerate().map(|(i, column)| format!("{} as c{i:02}", portable(column, &self.warehouse)));
            let query = format!("select {} from {table}", columns.collect::<Vec<_>>().join(", "));
            let answer = self.run(&["sql", &query, "--format", "json", "--warehouse", &self.warehouse]).expect(0);
            let rows: Vec<BTreeMap<String, &RawValue>> = serde_json::from_str(&answer.stdout).unwrap();
            let mut rows: Vec<Vec<Cell>> = rows.iter().map(|row| row.values().map(|raw| cell(raw)).collect()).collect();
            rows.sort();
            (table, rows)
        };
        COLUMNS.into_iter().map(table).collect()
    }

    /// `sparkify digest`: each table's rows and digest.
    #[track_caller]
    pub fn digest(&self) -> serde_json::Value {
        self.run(&["digest", "--json", "--warehouse", &self.warehouse]).expect(0).json()
    }

    /// Each table's number of rows and a checksum of them all, for tables too large to compare row by row each time.
    #[track_caller]
    pub fn checksums(&self) -> serde_json::Value {
        let sum = |(table, columns): &(&str, &str)| {
            format!("(select [count(*), coalesce(bit_xor(hash({columns})), 0)]::varchar from {table}) as {table}")
        };
        self.sql(&format!("select {}", COLUMNS.iter().map(sum).collect::<Vec<_>>().join(", ")))[0].take()
    }

    /// What must hold in any warehouse, whatever was loaded.
    #[track_caller]
    pub fn check_invariants(&self) {
        let checks = [
            (
                "lines of a file",
                "select count(*) from load_files where input = 'log' and lines <> accepted + duplicates + rejected",
            ),
            ("lines of a run", "select count(*) from load_runs where lines <> accepted + duplicates + rejected"),
            ("rows of a run", "select count(*) from load_runs where accepted <> songplays_added + page_views_added"),
            (
                "rows of a file",
                "with rows as (select songplay_id / 4294967296 as file_no from songplays union all select view_id / 4294967296 from page_views), \
                 counted as (select cast(floor(file_no) as bigint) as file_no, count(*) as n from rows group by cast(floor(file_no) as bigint)), \
                 filed as (select file_no, accepted from load_files where input = 'log' union all \
                 select min(file_no), cast(sum(accepted) as bigint) from load_files where input = 'copied' group by run_id) \
                 select count(*) from filed as f full join counted as c on c.file_no = f.file_no \
                 where coalesce(f.accepted, 0) <> coalesce(c.n, 0)",
            ),
            (
                "ids",
                "select count(*) - count(distinct id) from (select songplay_id as id from songplays union all select view_id from page_views) as ids",
            ),
            (
                "event keys",
                "select count(*) from (select user_id, session_id, item_in_session, start_time from \
                 (select user_id, session_id, item_in_session, start_time from songplays union all \
                 select user_id, session_id, item_in_session, start_time from page_views) as events \
                 group by user_id, session_id, item_in_session, start_time having count(*) > 1) as twice",
            ),
            ("plays without an instant", "select count(*) from songplays where start_time not in (select start_time from time)"),
            ("plays without a user", "select count(*) from songplays where user_id not in (select user_id from users)"),
            (
                "plays of a song that is not there",
                "select count(*) from songplays where song_id is not null and song_id not in (select song_id from songs)",
            ),
            (
                "plays of another track",
                "select count(*) from songplays as p left join tracks as t on t.track_no = p.track_no and t.song = coalesce(p.song, '') \
                 and t.artist = coalesce(p.artist, '') where t.track_no is null",
            ),
            ("tracks that share a number", "select count(*) - count(distinct track_no) from tracks"),
            (
                "plays with another next track",
                "select count(*) from (select next_track_no, next_play_time, lead(track_no) over (partition by session_id, user_id \
                 order by start_time, item_in_session) as found from songplays) as p \
                 where coalesce(next_track_no, 0) <> coalesce(found, 0) or (next_track_no is null) <> (next_play_time is null)",
            ),
            ("plays among the views", "select count(*) from page_views where page = 'NextSong'"),
            (
                "stays that overlap or leave a gap",
                "select count(*) from (select valid_to, lead(valid_from) over (partition by user_id order by valid_from) as later from user_levels) as stays \
                 where coalesce(valid_to, timestamp '9999-01-01') <> coalesce(later, timestamp '9999-01-01')",
            ),
            (
                "rejects of a file",
                "select count(*) from load_files as f where rejected <> (select count(*) from load_rejects as r where r.file_no = f.file_no)",
            ),
        ];
        let columns: Vec<String> = checks.iter().map(|(what, query)| format!("({query}) as \"{what}\"")).collect();
        let found = self.sql(&format!("select {}", columns.join(", ")));
        for (what, count) in found[0].as_object().unwrap() {
            assert_eq!(*count, 0, "{what}");
        }
    }
}

/// All tables of a warehouse, through the binary.
#[track_caller]
pub fn tables_of(folder: &Path, warehouse: &Path) -> Tables {
    let columns: Vec<String> =
        COLUMNS.iter().map(|(table, columns)| format!("(select list({}) from {table}) as {table}", structure(columns))).collect();
    let query = format!("select {}", columns.join(", "));
    let output = Command::new(env!("CARGO_BIN_EXE_sparkify"))
        .args(["sql", &query, "--format", "json", "--warehouse"])
        .arg(warehouse)
        .env_clear()
        .current_dir(folder)
        .output()
        .unwrap();
    let answer = Answer::of(&output).expect(0);
    type Row<'a> = BTreeMap<String, &'a RawValue>;
    let found: Vec<BTreeMap<String, Option<Vec<Row<'_>>>>> = serde_json::from_str(&answer.stdout).unwrap();
    let mut tables = Tables::new();
    for (table, _) in COLUMNS {
        let rows = found[0][table].as_deref().unwrap_or_default();
        let mut rows: Vec<Vec<Cell>> = rows.iter().map(|row| row.values().map(|raw| cell(raw)).collect()).collect();
        rows.sort();
        tables.insert(table, rows);
    }
    tables
}

/// Milliseconds since 1970 as every engine tells them; other columns as they are.
fn portable(column: &str, warehouse: &str) -> String {
    match column.strip_prefix("epoch_ms(").and_then(|rest| rest.strip_suffix(')')) {
        // Its seconds have no fractions.
        Some(time) if warehouse.starts_with("redshift://") => format!("datediff(ms, timestamp '1970-01-01 00:00:00', {time})"),
        Some(time) => format!("cast(1000 * extract(epoch from {time}) as bigint)"),
        None => column.to_owned(),
    }
}

/// A structure of these columns, under names that sort in their order.
fn structure(columns: &str) -> String {
    let fields: Vec<String> = columns.split(", ").enumerate().map(|(i, column)| format!("'c{i:02}': {column}")).collect();
    format!("{{{}}}", fields.join(", "))
}

fn cell(raw: &RawValue) -> Cell {
    let text = raw.get();
    match text.as_bytes()[0] {
        b'n' => Cell::Null,
        b't' => Cell::Bool(true),
        b'f' => Cell::Bool(false),
        b'"' => Cell::Text(serde_json::from_str(text).unwrap()),
        _ if text.contains(['.', 'e', 'E']) => Cell::from(text.parse::<f64>().unwrap()),
        _ => Cell::Integer(text.parse().unwrap()),
    }
}

/// The files below a folder, as the oracle takes them.
pub fn files_below(folder: &Path) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let modified = fs::metadata(&path).unwrap().modified().unwrap();
                let modified = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as i64;
                files.push(File { url: path.display().to_string(), modified, bytes: fs::read(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.url.cmp(&b.url));
    files
}

/// The first parameter without a value in a script, by its name or number.
pub fn unbound_parameter(script: &str) -> Option<&str> {
    let sql = script.lines().filter(|line| !line.trim_start().starts_with("--"));
    let mut places = sql.flat_map(|line| line.split('$').skip(1));
    places.find(|behind| behind.starts_with(|c: char| c.is_ascii_alphanumeric()))
}
