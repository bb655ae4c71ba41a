//! Sending statements, and reading rows for people and scripts.

use std::sync::Arc;

use super::options::Design;
use super::{BEGIN_READING, LOCK_TABLE, Redshift, roles};
use crate::cell::RowSource;
use crate::engine::{Capabilities, Cluster, Engine, Exposed, Proof};
use crate::error::Result;
use crate::source::SourceFile;
use crate::sql::{TEXT_BYTES, width};
use crate::stage::{Batch, PlannedFile};
use crate::tables::Table;
use crate::{Dialect, ObjectsStaged, Param, RoleStatement, Rows, SqlText, StageInput, Statement, literal, question};

/// What follows the columns of a table that is neither left to Redshift nor to its defaults. docs/redshift-design.md has the
/// reasons.
const AUTO: [(&str, &str); 2] = [
    ("songplays", "diststyle auto compound sortkey (start_time)"),
    ("page_views", "diststyle auto compound sortkey (start_time)"),
];

/// Never by song_id: nearly all plays of a small catalogue have none, and would lie on one slice.
const EXPLICIT: [(&str, &str); 9] = [
    ("songplays", "distkey (user_id) compound sortkey (start_time)"),
    // Visitors have no user_id, and would lie on one slice.
    ("page_views", "diststyle even compound sortkey (start_time)"),
    ("users", "distkey (user_id) compound sortkey (user_id)"),
    ("user_levels", "distkey (user_id) compound sortkey (user_id, valid_from)"),
    ("songs", "diststyle all compound sortkey (song_id)"),
    ("artists", "diststyle all compound sortkey (artist_id)"),
    ("tracks", "diststyle all compound sortkey (track_no)"),
    // Nearly as long as the plays, so that a copy on every node would be expensive.
    ("time", "distkey (start_time) compound sortkey (start_time)"),
    ("staging_songs", "diststyle even"),
];

impl Engine for Redshift {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            dialect: Dialect::Redshift,
            place: self.session.place().to_owned(),
            own_tables: &[LOCK_TABLE],
            layout: match self.options.redshift.design {
                Design::Auto => &AUTO,
                Design::Explicit => &EXPLICIT,
            },
            columns: self.session.script().is_none().then_some(Statement::RedshiftColumns),
            locks: true,
            reconnects: true,
            most_text: Some(TEXT_BYTES),
            most_raw: Some(width("raw")),
            most_reason: Some(width("reason")),
            newer_hint: Some("install the newer sparkify that wrote them, or load into another database"),
            foreign_hint: Some("name another database, or another schema: `alter user … set search_path to …`"),
            ..Capabilities::default()
        }
    }

    fn begin(&mut self) -> Result<()> {
        self.begin_locked()
    }

    fn commit(&mut self, proof: &Proof) -> Result<Vec<String>> {
        self.commit_verified(proof).map(|()| Vec::new())
    }

    fn rollback(&mut self) -> Result<()> {
        self.undo()
    }

    fn execute(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        self.session.batch(statement.name, &literal::with_values(statement, parameters)?)
    }

    fn query(&mut self, query: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        let asked = self.session.query(query, parameters, sink);
        if asked.is_err() && self.reads && !self.session.is_lost() {
            // The failure ended the transaction. The first error is the one to report.
            let begun = self.session.batch("rollback", "rollback").and_then(|_| self.session.batch("begin", BEGIN_READING));
            if let Err(second) = begun {
                tracing::debug!("{}", second.report());
            }
        }
        asked
    }

    fn ask(&mut self, asked: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        // The server runs all statements of a text, and a commit in it would end the transaction that only reads.
        question::check_single(asked.text)?;
        question::check(asked.text)?;
        self.query(asked, &[], sink)
    }

    fn create_temporary(&mut self, table: &'static str, create: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        self.make_temporary(create, table, parameters).map(|()| 0)
    }

    fn drop_temporary(&mut self, table: &'static str) -> Result<()> {
        self.drop_staged(table)
    }

    fn append(&mut self, table: &Table, rows: &dyn RowSource) -> Result<()> {
        self.append_rows(table, rows)
    }

    fn expose(&mut self, batch: &Arc<Batch>, part: Exposed) -> Result<()> {
        self.show(batch, part)
    }

    fn unexpose(&mut self) -> Result<()> {
        self.hide()
    }

    fn cluster(&mut self) -> Option<&mut dyn Cluster> {
        Some(self)
    }
}

impl Cluster for Redshift {
    fn stage_input(&mut self, logs: &[Arc<SourceFile>]) -> StageInput {
        self.plan(logs)
    }

    fn stage_objects(&mut self, files: &[PlannedFile], max_errors: u64) -> Result<ObjectsStaged> {
        self.put_objects(files, max_errors)
    }

    fn role_statements(&mut self) -> Result<Vec<RoleStatement>> {
        roles::wanted(&mut self.session)
    }

    fn ensure_roles(&mut self) -> Result<Vec<RoleStatement>> {
        roles::ensure(&mut self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::TABLES;

    #[test]
    fn every_layout_is_for_a_table_that_there_is() {
        for (name, _) in AUTO.iter().chain(&EXPLICIT) {
            assert!(TABLES.iter().any(|(table, _)| table == name), "{name}");
        }
    }

    #[test]
    fn plays_are_never_distributed_by_their_song() {
        for (_, layout) in AUTO.iter().chain(&EXPLICIT) {
            assert!(!layout.contains("song_id") || !layout.contains("distkey"), "{layout}");
        }
    }
}
