//! Log files that the cluster reads itself. Only what its COPY reads as sparkify's own decoder would is taken this way:
//! of everything else the decoder has the last word, so that all ways and engines end with the same rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::copy::{Copied, Copy, MOST_ERRORS};
use super::load_errors::{SHOWN_AFTER, shown_later};
use super::options::LoadMode;
use super::{Redshift, json, number};
use crate::cell::RowsOf;
use crate::decode::repair;
use crate::error::{Error, Kind, Result};
use crate::record::LOG_FIELDS;
use crate::source::{Compression, SourceFile};
use crate::sql::TEXT_BYTES;
use crate::stage::{EventBounds, PlannedFile};
use crate::tables::{STAGED_LEVELS, STAGED_USERS};
use crate::{ObjectsStaged, Param, StageInput, StagedObjects, Statement, Value};

/// Times that arithmetic with fractions converts exactly: the years 1900 to 2199.
const EXACT_TIMES: [i64; 2] = [-2_208_988_800_000, 7_258_118_399_999];
/// What an array or an object begins with; COPY makes texts of both.
const LIKE_JSON: &str = r#"^[[{] *([]{}"[0-9-]|true|false|null)"#;
/// Files smaller than this on average cost COPY more to open than to read.
const SMALL_FILE: u64 = 256 << 10;
/// Below this there is nothing to win by leaving the reading to the cluster.
const LITTLE: u64 = 256 << 20;

/// What the screening found.
struct Screened {
    lines: u64,
    bounds: Option<EventBounds>,
    last_line_no: i64,
    odd: Vec<(u64, &'static str)>,
}

impl Redshift {
    /// Who reads these log files, and why.
    pub(super) fn plan(&self, logs: &[Arc<SourceFile>]) -> StageInput {
        let options = &self.options.redshift;
        choose(options.stage, self.slices, logs)
    }

    /// Has the cluster read the files into `staged_plays` and the other relations.
    pub(super) fn put_objects(&mut self, files: &[PlannedFile], max_errors: u64) -> Result<ObjectsStaged> {
        let packings = [Compression::None, Compression::Gzip, Compression::Zstd];
        self.make_staged(Statement::RedshiftStagedLines, "staged_lines", &[])?;
        let mut copied = vec![0; files.len()];
        for packing in packings {
            let at: Vec<usize> = (0..files.len()).filter(|&at| files[at].source.compression == packing).collect();
            if at.is_empty() {
                continue;
            }
            if let Some(refused) = self.copy_objects(files, &at, packing, max_errors, &mut copied)? {
                return Ok(refused);
            }
        }
        self.clear_staging();
        let screened = self.screen()?;
        if copied.iter().sum::<u64>() != screened.lines {
            return Ok(ObjectsStaged::all(format!(
                "{} lines are {} objects: some are blank, or are not one object each",
                copied.iter().sum::<u64>(),
                screened.lines
            )));
        }
        if let Some((count, what)) = screened.odd.first() {
            return Ok(ObjectsStaged::all(format!("{count} lines {what}")));
        }
        let Some(bounds) = screened.bounds else {
            return Ok(ObjectsStaged::all("there is nothing in the files".to_owned()));
        };
        if screened.last_line_no >= i64::from(u32::MAX) {
            // Each slice counts in steps of its own, so that one that read much more than the others leaves wide gaps.
            if screened.lines < u64::from(u32::MAX) / 4 {
                return Ok(ObjectsStaged::all("the slices read so unevenly that the lines' numbers ran out".to_owned()));
            }
            return Err(Error::new(Kind::Settings, "more than four thousand million lines are too many for one load")
                .with_hint("load a part at a time: name a prefix below the one of the logs, as s3://bucket/log_data/2018/"));
        }
        let first_no = files.first().map_or(1, |file| file.file_no);
        self.repair()?;
        self.make_staged(Statement::RedshiftStagedEvents, "staged_events", &[Param::new("first_id", first_no << 32)])?;
        let row = self.session.row(Statement::RedshiftRepeatedEvents, &Param::times(bounds))?;
        let repeated = number(&row, 0)? + number(&row, 1)?;
        if repeated > 0 {
            return Ok(ObjectsStaged::all(format!("{repeated} events are there more than once")));
        }
        let (plays, views) = self.derive()?;
        Ok(ObjectsStaged::Staged(StagedObjects {
            bounds,
            lines: copied,
            plays,
            views,
            last_line_no: screened.last_line_no as u64,
        }))
    }

    /// Copies the files of one packing, and notes how many lines each has.
    fn copy_objects(
        &mut self,
        files: &[PlannedFile],
        at: &[usize],
        compression: Compression,
        max_errors: u64,
        copied: &mut [u64],
    ) -> Result<Option<ObjectsStaged>> {
        let keys: Vec<&str> = LOG_FIELDS.iter().map(|field| field.key).collect();
        let columns: Vec<&str> = LOG_FIELDS.iter().map(|field| field.column).collect();
        let copy = Copy {
            table: "staged_lines",
            columns,
            paths: json::paths_of(&keys),
            compression,
            max_errors: max_errors.clamp(1, MOST_ERRORS),
        };
        let access = {
            self.store()?;
            self.access.clone()
        };
        let (Some(staging), Some(access)) = (&mut self.staging, access) else {
            return Err(Error::new(Kind::Settings, "there is no staging folder"));
        };
        let urls = at.iter().map(|&at| files[at].source.url.as_str());
        let Copied { rows, left_out } = match copy.run(&mut self.session, staging, &access, urls) {
            Ok(copied) => copied,
            Err(error) if super::load_errors::is_one(&error) => {
                self.session.batch("rollback", "rollback")?;
                self.temporary.clear();
                return self.refused(files).map(Some);
            }
            // A file that is cut short, an object that is larger than COPY takes, whatever else: the decoder says it best.
            Err(error) if error.kind() == Kind::Query => {
                return Ok(Some(ObjectsStaged::all(error.report())));
            }
            Err(error) => return Err(error),
        };
        if self.session.script().is_some() {
            return Ok(None);
        }
        let query = number(&self.session.row(Statement::RedshiftLastCopyId, &[])?, 0)?;
        let lines = self.lines_of_files(query, at.len(), rows)?;
        let mut untold = Vec::new();
        for &at in at {
            match lines.get(shown_name(&files[at].source.url)) {
                Some(count) => copied[at] = *count,
                None => untold.push(at),
            }
        }
        // Within the limit COPY leaves bad rows out and succeeds.
        if left_out {
            return self.refused(files).map(Some);
        }
        if untold.is_empty() {
            return Ok(None);
        }
        let why = format!("the cluster does not say how many lines of {} files it read", untold.len());
        Ok(Some(ObjectsStaged::ReadThem { files: untold, why }))
    }

    /// How many lines a COPY read of each file. The tables show it a little later, so they are asked until they do, or
    /// until the lines shown are as many as the rows: a file without any may never be shown.
    fn lines_of_files(&mut self, query: i64, files: usize, copied: u64) -> Result<HashMap<String, u64>> {
        let deadline = Instant::now() + SHOWN_AFTER;
        let mut backoff = shown_later();
        loop {
            let rows = self.session.answer(Statement::RedshiftLoadedFiles, &[Param::new("query_id", query)])?;
            let line = |row: &Vec<Value>| Ok((row.first().map(ToString::to_string).unwrap_or_default(), number(row, 1)? as u64));
            let lines = rows.iter().map(line).collect::<Result<HashMap<String, u64>>>()?;
            if lines.len() >= files || lines.values().sum::<u64>() >= copied || Instant::now() >= deadline {
                return Ok(lines);
            }
            self.options.interrupt.check()?;
            std::thread::sleep(backoff.next_pause());
        }
    }

    /// The files with rows that COPY refused: sparkify reads them itself, and says what is wrong with them.
    fn refused(&mut self, files: &[PlannedFile]) -> Result<ObjectsStaged> {
        let errors = self.load_errors()?;
        let known: Vec<Arc<SourceFile>> = files.iter().map(|file| Arc::clone(&file.source)).collect();
        for error in errors.iter().take(5) {
            tracing::info!("COPY refused {}", self.describe(error, &known));
        }
        let at: Vec<usize> =
            (0..files.len()).filter(|&at| errors.iter().any(|error| shown_name(&files[at].source.url) == error.file)).collect();
        if at.is_empty() {
            return Ok(ObjectsStaged::all("COPY left rows out, or read blank lines".to_owned()));
        }
        Ok(ObjectsStaged::ReadThem { why: format!("COPY refused rows of {} files", at.len()), files: at })
    }

    fn screen(&mut self) -> Result<Screened> {
        let row = self.session.row(Statement::RedshiftScreenLines, &screen_parameters())?;
        let bounds = match (row.get(1), row.get(2)) {
            (Some(Value::Integer(low)), Some(Value::Integer(high))) => {
                Some(EventBounds { min_ms: i64::try_from(*low).unwrap_or(0), max_ms: i64::try_from(*high).unwrap_or(0) })
            }
            _ => None,
        };
        let whats = [
            "lack a field that every line must have",
            "have a number that only the decoder converts exactly",
            "have a text that is wider than its column",
            "have a list or an object where a text belongs",
        ];
        let mut odd = Vec::new();
        for (at, what) in (4..).zip(whats) {
            match number(&row, at)? as u64 {
                0 => {}
                count => odd.push((count, what)),
            }
        }
        Ok(Screened { lines: number(&row, 0)? as u64, bounds, last_line_no: number(&row, 3)?, odd })
    }

    /// Repairs garbled names: the few distinct ones that need it come here, and go back with what they are.
    fn repair(&mut self) -> Result<()> {
        let mut repairs = Vec::new();
        for row in self.session.answer(Statement::RedshiftNamesToRepair, &[])? {
            let (Some(Value::Text(name)), bytes) = (row.first(), number(&row, 1)?) else { continue };
            if let (Some(repaired), rounds) = repair(name) {
                repairs.push((name.clone(), bytes, repaired, rounds));
            }
        }
        self.make_staged(Statement::RedshiftStagedRepairs, "staged_repairs", &[])?;
        let rows = RowsOf::new(&repairs, |(name, bytes, repaired, rounds)| {
            [name.into(), (*bytes).into(), repaired.into(), i16::from(*rounds).into()]
        });
        self.append_to("staged_repairs", Statement::RedshiftStagedRepairs, &rows)
    }

    /// From events to plays, views, times, users and levels; returns how many plays and views there are.
    fn derive(&mut self) -> Result<(u64, u64)> {
        self.make_staged(Statement::RedshiftFindSongs, "staged_matches", &[])?;
        self.session.execute(Statement::RedshiftAddTracks, &[])?;
        self.make_staged(Statement::RedshiftStagedPlays, "staged_plays", &[])?;
        self.make_staged(Statement::RedshiftStagedViews, "staged_views", &[])?;
        let plays = self.session.execute(Statement::RedshiftFillPlays, &[])?;
        let views = self.session.execute(Statement::RedshiftFillViews, &[])?;
        self.make_staged(Statement::RedshiftStagedTimes, "staged_times", &[])?;
        self.make_staged(Statement::RedshiftStagedSessions, "staged_sessions", &[])?;
        self.make_staged(STAGED_USERS.create, STAGED_USERS.name, &[])?;
        self.session.execute(Statement::RedshiftFillUsers, &[])?;
        self.make_staged(STAGED_LEVELS.create, STAGED_LEVELS.name, &[])?;
        self.session.execute(Statement::RedshiftFillLevels, &[])?;
        Ok((plays, views))
    }
}

/// What the lines are screened by.
fn screen_parameters() -> [Param<'static>; 4] {
    let [first, last] = EXACT_TIMES;
    [
        Param::new("first_time", first),
        Param::new("last_time", last),
        Param::new("most_bytes", TEXT_BYTES as i64),
        Param::new("like_json", LIKE_JSON),
    ]
}

/// A file's name as the system tables show it.
fn shown_name(url: &str) -> &str {
    let mut end = url.len().min(256);
    while !url.is_char_boundary(end) {
        end -= 1;
    }
    url[..end].trim_end()
}

/// Who reads these log files, and why.
fn choose(way: LoadMode, slices: usize, logs: &[Arc<SourceFile>]) -> StageInput {
    let rows = |why: String| StageInput::Rows(why);
    let objects = |why: String| StageInput::Objects(why);
    if logs.is_empty() {
        return rows("there are no new log files".to_owned());
    }
    if let Some(file) = logs.iter().find(|file| file.bucket_and_key().is_none()) {
        return rows(format!("{} is on this machine, where the cluster cannot read it", file.display_name()));
    }
    let mut names: Vec<&str> = logs.iter().map(|file| shown_name(&file.url)).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < logs.len() {
        return rows("the cluster's system tables cannot distinguish some of the files: their names are too long".to_owned());
    }
    let (files, bytes) = (logs.len(), logs.iter().map(|file| file.size).sum::<u64>());
    match way {
        LoadMode::Direct => objects("redshift.stage says so".to_owned()),
        LoadMode::Compact => rows("redshift.stage says so".to_owned()),
        LoadMode::Auto if bytes < LITTLE => rows(format!("{} MB are quicker to read here", bytes / 1_000_000)),
        LoadMode::Auto if bytes / (files as u64) < SMALL_FILE => rows(format!(
            "{files} files of {} kB on average cost the cluster more to open than to read",
            bytes / (files as u64) / 1000
        )),
        LoadMode::Auto if files < slices => rows(format!("{files} files would leave some of {slices} slices idle")),
        LoadMode::Auto => {
            objects(format!("{files} files of {} MB on average keep {slices} slices busy", bytes / (files as u64) / 1_000_000))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(count: usize, size: u64) -> Vec<Arc<SourceFile>> {
        let file = |at| SourceFile {
            url: format!("s3://lake/log_data/{at}.json"),
            size,
            version: "e".to_owned(),
            modified_us: 0,
            compression: Compression::None,
        };
        (0..count).map(|at| Arc::new(file(at))).collect()
    }

    fn chosen(way: LoadMode, logs: &[Arc<SourceFile>]) -> (bool, String) {
        match choose(way, 8, logs) {
            StageInput::Rows(why) => (false, why),
            StageInput::Objects(why) => (true, why),
        }
    }

    #[test]
    fn number_and_size_of_the_files_decide() {
        let auto = |count, size| chosen(LoadMode::Auto, &files(count, size));
        assert!(!auto(30, 100_000).0, "little");
        assert_eq!(
            auto(10_000, 50_000),
            (false, "10000 files of 50 kB on average cost the cluster more to open than to read".to_owned())
        );
        assert_eq!(auto(4, 1 << 30), (false, "4 files would leave some of 8 slices idle".to_owned()));
        assert_eq!(auto(365, 20_000_000), (true, "365 files of 20 MB on average keep 8 slices busy".to_owned()));
    }

    #[test]
    fn the_setting_decides_where_the_cluster_can_read_the_files() {
        assert!(chosen(LoadMode::Direct, &files(1, 1)).0);
        assert!(!chosen(LoadMode::Compact, &files(365, 20_000_000)).0);
        let mut logs = files(2, 1);
        "file:///data/x.json".clone_into(&mut Arc::make_mut(&mut logs[1]).url);
        assert!(!chosen(LoadMode::Direct, &logs).0);
        let mut logs = files(2, 1);
        for (at, file) in logs.iter_mut().enumerate() {
            Arc::make_mut(file).url = format!("s3://lake/{}{at}.json", "x".repeat(300));
        }
        assert!(!chosen(LoadMode::Direct, &logs).0, "names that the system tables cut");
    }
}
