//! What the system views tell of a COPY, whatever becomes of its transaction.

use std::sync::Arc;

use chrono::{NaiveDateTime, Utc};

use super::copy_parts::Situation;
use super::upstream::{Upstream, literal};
use super::{Mode, Shared};

/// A row that was refused.
#[derive(Debug)]
pub struct RowError {
    pub file: String,
    pub line: u64,
    pub offset: u64,
    pub column: String,
    pub kind: &'static str,
    pub length: String,
    pub code: i32,
    pub reason: String,
    pub value: String,
    pub raw: String,
}

struct File {
    url: String,
    bytes: u64,
    lines: u64,
    rows: u64,
    started: NaiveDateTime,
    ended: NaiveDateTime,
}

/// The notes of one COPY.
pub struct Log {
    shared: Arc<Shared>,
    pub query: u64,
    pub pid: i32,
    pub mode: Mode,
    user: String,
    database: String,
    table_id: u32,
    table: String,
    started: NaiveDateTime,
    pub data_source: String,
    pub loaded_rows: u64,
    pub errors: Vec<RowError>,
    /// Column and row.
    pub replacements: Vec<(String, String)>,
    files: Vec<File>,
}

impl Log {
    pub fn new(situation: &Situation<'_>, pid: i32, table_id: u32, table: &str, started: NaiveDateTime) -> Self {
        Self {
            shared: Arc::clone(situation.shared),
            query: situation.query,
            pid,
            mode: situation.shared.options.mode,
            user: situation.user.to_owned(),
            database: situation.database.to_owned(),
            table_id,
            table: table.to_owned(),
            started,
            data_source: String::new(),
            loaded_rows: 0,
            errors: Vec::new(),
            replacements: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Notes that a file was read to its end.
    pub fn file(&mut self, url: String, bytes: u64, lines: u64, rows: u64, started: NaiveDateTime) {
        self.files.push(File { url, bytes, lines, rows, started, ended: Utc::now().naive_utc() });
    }

    /// Writes the notes on a connection of their own, so that a rollback leaves them.
    pub async fn write(&self, status: &str) {
        if let Err(fault) = self.try_write(status).await {
            eprintln!("the stand-in cannot write its log: {fault:?}");
        }
    }

    async fn try_write(&self, status: &str) -> Result<(), super::upstream::Fault> {
        let options = &self.shared.options;
        let mut side = Upstream::connect(options.postgres_port, &options.postgres_user, &options.postgres_database).await?;
        side.rows("set standard_conforming_strings = off; set escape_string_warning = off").await?;
        let who = format!("{}, {}, {}, {}", literal(&self.user), self.query, self.query + 1000, self.pid);
        let (started, ended) = (shown(self.started), shown(Utc::now().naive_utc()));
        let bytes: u64 = self.files.iter().map(|file| file.bytes).sum();
        let failed = status == "failed";
        side.rows(&format!(
            "insert into redshift_standin.load_history values ({who}, {}, '{status}', {}, {}, '{started}', '{ended}', {}, {bytes}, {}, {bytes}, {}, {}, 'JSON', {})",
            literal(&self.database),
            self.table_id,
            literal(&self.table),
            self.files.len(),
            if failed { 0 } else { self.loaded_rows },
            self.errors.len(),
            literal(&self.data_source),
            !failed,
        ))
        .await?;
        let delay = options.view_delay.as_millis();
        // Nothing says that a file in which nothing is has a row, so nobody can rely on it.
        let files = self.files.iter().filter(|file| file.bytes > 0).map(|file| {
            format!(
                "({who}, {}, {}, {}, {}, '{}', '{}', {failed}, clock_timestamp() + {delay} * interval '1 ms')",
                literal(&file.url),
                file.bytes,
                file.lines,
                file.rows,
                shown(file.started),
                shown(file.ended)
            )
        });
        insert(&mut side, "load_detail", files.collect()).await?;
        let errors = self.errors.iter().map(|error| {
            format!(
                "({who}, {}, {}, '{started}', clock_timestamp() + {delay} * interval '1 ms', {}, {}, {}, '{}', {}, 0, {}, {}, {}, {}, {})",
                literal(&self.database),
                self.table_id,
                literal(&error.file),
                error.line,
                literal(&error.column),
                error.kind,
                literal(&error.length),
                literal(&error.raw),
                literal(&error.value),
                error.code,
                literal(&error.reason),
                error.offset
            )
        });
        insert(&mut side, "load_error", errors.collect()).await?;
        let replacements = self.replacements.iter().take(100).map(|(column, raw)| {
            format!(
                "({who}, {}, {}, '', 0, {}, {})",
                literal(&self.database),
                literal(&self.table),
                literal(column),
                literal(raw)
            )
        });
        insert(&mut side, "replacement", replacements.collect()).await
    }
}

async fn insert(side: &mut Upstream, table: &str, rows: Vec<String>) -> Result<(), super::upstream::Fault> {
    for rows in rows.chunks(1000) {
        side.rows(&format!("insert into redshift_standin.{table} values {}", rows.join(", "))).await?;
    }
    Ok(())
}

/// A moment as SQL has it.
pub fn shown(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}
