//! What a load would send, for `--dry-run`: the statements of staging, which only this engine has.

use std::sync::Arc;

use super::copy::{Access, Copy};
use super::options::RedshiftOptions;
use super::session::text;
use super::{USUAL_SLICES, direct, json, roles, schema};
use crate::error::Result;
use crate::record::LOG_FIELDS;
use crate::source::{Compression, SourceFile};
use crate::stage::EventBounds;
use crate::warehouse::relations::RELATIONS;
use crate::warehouse::{RoleStatement, StageInput, Statement, literal};

/// Where objects would be; a load's folder has a number of its own.
const FOLDER: &str = "sparkify-<run>";

/// A load that is not run.
#[derive(Debug)]
pub struct Rehearsal {
    options: RedshiftOptions,
    logs: Vec<Arc<SourceFile>>,
}

/// A statement or a remark, and what to call it.
pub type Sent = (String, String);

impl Rehearsal {
    /// Of a load of these log files.
    #[must_use]
    pub fn new(options: RedshiftOptions, logs: Vec<Arc<SourceFile>>) -> Self {
        Self { options, logs }
    }

    /// The tables, as they would be made.
    #[must_use]
    pub fn schema(&self) -> Vec<Sent> {
        schema::create_all(self.options.design).into_iter().map(|sql| ("schema".to_owned(), sql)).collect()
    }

    /// The roles, as they would be made.
    #[must_use]
    pub fn roles(&self) -> Vec<RoleStatement> {
        roles::all()
    }

    /// The beginning of the transaction.
    #[must_use]
    pub fn begin(&self) -> Vec<Sent> {
        vec![("begin".to_owned(), "begin;".to_owned()), named(Statement::RedshiftLock)]
    }

    /// Songs always go through sparkify.
    ///
    /// # Errors
    /// [`crate::error::Kind::Settings`] when role or staging prefix are not set.
    pub fn songs(&self) -> Result<Vec<Sent>> {
        let create = Statement::CreateStagedSongs;
        let columns: Vec<&str> = schema::column_names(text(create)).collect();
        let mut sent = vec![named(create)];
        sent.extend(self.copy_of("staged_songs", columns)?);
        Ok(sent)
    }

    /// The log files, in the way that suits them.
    ///
    /// # Errors
    /// As [`Self::songs`].
    pub fn events(&self) -> Result<Vec<Sent>> {
        match direct::choose(self.options.stage, USUAL_SLICES, &self.logs) {
            StageInput::Rows(why) => {
                let mut sent = vec![remark(&format!("sparkify reads the log files: {why}"))];
                sent.push(named(Statement::ReadCatalogue));
                sent.push(filled(Statement::FactBounds, &literal::times(EventBounds::UNREAD)));
                sent.push(remark("where the warehouse has events of the same days, keys are compared:"));
                sent.extend([Statement::RedshiftStagedBatch, Statement::RedshiftStagedKeys].map(named));
                sent.push(filled(Statement::KnownEvents, &literal::times(EventBounds::UNREAD)));
                sent.push(named(Statement::ReadTracks));
                sent.push(remark("tracks gets a row for each title and artist that it does not have"));
                for (relation, create) in
                    [("staged_plays", Statement::RedshiftStagedPlays), ("staged_views", Statement::RedshiftStagedViews)]
                {
                    sent.push(named(create));
                    let columns = RELATIONS.iter().filter(|r| r.name == relation).flat_map(|r| r.columns).map(|(name, _)| *name);
                    sent.extend(self.copy_of(relation, columns.collect())?);
                }
                sent.extend([Statement::RedshiftStagedTimes, Statement::RedshiftStagedSessions].map(named));
                Ok(sent)
            }
            StageInput::Objects(why) => self.objects(&why),
        }
    }

    fn objects(&self, why: &str) -> Result<Vec<Sent>> {
        let mut sent = vec![remark(&format!("the cluster reads the log files: {why}")), named(Statement::RedshiftStagedLines)];
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let files: Vec<&str> =
                self.logs.iter().filter(|file| file.compression == compression).map(|file| file.url.as_str()).collect();
            if files.is_empty() {
                continue;
            }
            let keys: Vec<&str> = LOG_FIELDS.iter().map(|field| field.key).collect();
            let copy = Copy {
                table: "staged_lines",
                columns: LOG_FIELDS.iter().map(|field| field.column).collect(),
                paths: json::paths_of(&keys),
                compression,
                max_errors: super::copy::MOST_ERRORS,
            };
            sent.push(remark(&format!("the manifest: {}", json::manifest(files.into_iter()))));
            sent.push(remark(&format!("the paths: {}", copy.paths)));
            sent.push(("copy staged_lines".to_owned(), self.statement(&copy)?));
        }
        sent.push(filled(Statement::RedshiftScreenLines, &direct::screen_literals()));
        sent.extend([Statement::RedshiftNamesToRepair, Statement::RedshiftStagedRepairs].map(named));
        sent.push(filled(Statement::RedshiftStagedEvents, &[(1_i64 << 32).to_string()]));
        sent.push(filled(Statement::RedshiftRepeatedEvents, &literal::times(EventBounds::UNREAD)));
        sent.extend(
            [
                Statement::RedshiftFindSongs,
                Statement::RedshiftAddTracks,
                Statement::RedshiftStagedPlays,
                Statement::RedshiftStagedViews,
                Statement::RedshiftFillPlays,
                Statement::RedshiftFillViews,
                Statement::RedshiftStagedTimes,
                Statement::RedshiftStagedSessions,
            ]
            .map(named),
        );
        Ok(sent)
    }

    /// The users of the log files.
    #[must_use]
    pub fn people(&self) -> Vec<Sent> {
        let mut sent = [Statement::CreateStagedUsers, Statement::CreateStagedLevels].map(named).to_vec();
        match direct::choose(self.options.stage, USUAL_SLICES, &self.logs) {
            StageInput::Rows(_) => sent.push(remark("staged_users and staged_levels are filled with the batch's users")),
            StageInput::Objects(_) => sent.extend([Statement::RedshiftFillUsers, Statement::RedshiftFillLevels].map(named)),
        }
        sent
    }

    /// The COPY of packed rows that sparkify would write.
    fn copy_of(&self, table: &str, columns: Vec<&str>) -> Result<Vec<Sent>> {
        let paths = json::paths(columns.len());
        let copy = Copy { table, columns, paths, compression: Compression::Zstd, max_errors: 0 };
        Ok(vec![
            remark(&format!("the manifest names the compressed files of {table} below the staging prefix")),
            (format!("copy {table}"), self.statement(&copy)?),
        ])
    }

    fn statement(&self, copy: &Copy<'_>) -> Result<String> {
        let access = Access::new(&self.options, || Ok("<the staging bucket's region>".to_owned()))?;
        let staging = self.options.staging.as_ref().map_or_else(|| "<redshift.staging>".to_owned(), ToString::to_string);
        let place = |ending: &str| format!("{}/{FOLDER}/0001-{}.{ending}", staging.trim_end_matches('/'), copy.table);
        Ok(copy.statement(&access, &place("manifest"), &place("jsonpaths")))
    }
}

fn named(statement: Statement) -> Sent {
    (statement.name().to_owned(), text(statement).to_owned())
}

/// A statement with the values of its parameters.
fn filled(statement: Statement, literals: &[String]) -> Sent {
    (statement.name().to_owned(), literal::filled_in(text(statement), literals))
}

fn remark(text: &str) -> Sent {
    (String::new(), text.to_owned())
}
