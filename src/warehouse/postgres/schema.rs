//! Making the tables, knowing their version, bringing them forward.

use super::super::ident::identifier;
use super::super::sql::{MIGRATIONS, TABLES, foreign_table, newer_tables, steps_after};
use super::super::{SCHEMA_VERSION, Statement};
use super::session::{Session, text};
use crate::error::{Error, Result};

/// What makes loads into a large warehouse quick: events are looked up by time, checked by id, and the sessions that go on are
/// found by their numbers.
pub(in super::super) const INDEXES: [Statement; 7] = [
    Statement::PostgresPlaysById,
    Statement::PostgresPlaysByTime,
    Statement::PostgresPlaysBySession,
    Statement::PostgresViewsById,
    Statement::PostgresViewsByTime,
    Statement::PostgresViewsBySession,
    Statement::PostgresTimeByStart,
];

/// The tables' version, None where there are no tables of sparkify's.
pub(super) fn version(session: &Session) -> Result<Option<i32>> {
    if !has_table(session, "sparkify_schema")? {
        return Ok(None);
    }
    let row = session.row(Statement::ReadVersion)?;
    session.get(&row, 0)
}

/// Makes what is missing, brings forward what is old, refuses what is new or someone else's. True where there was something
/// to do. A transaction that holds the lock is open.
pub(super) fn ensure(session: &Session) -> Result<bool> {
    match version(session)? {
        Some(SCHEMA_VERSION) => return Ok(false),
        Some(version) if version > SCHEMA_VERSION => return Err(too_new(session, version)),
        Some(version) => {
            // An older version may have had fewer indexes.
            steps_after(version, MIGRATIONS).chain(INDEXES).try_for_each(|s| session.batch(s.name(), text(s)))?;
        }
        None => {
            for (name, _) in TABLES {
                if has_table(session, name)? {
                    return Err(foreign_table(session.place(), name)
                        .with_hint("name another schema: postgres://…?options=-csearch_path%3DSCHEMA, or another database"));
                }
            }
            let tables = TABLES.into_iter().map(|(_, statement)| statement);
            tables.chain(INDEXES).try_for_each(|s| session.batch(s.name(), text(s)))?;
        }
    }
    set_version(session)?;
    Ok(true)
}

/// The error for tables of a newer sparkify.
pub(super) fn too_new(session: &Session, version: i32) -> Error {
    newer_tables(session.place(), version)
        .with_hint("install the newer sparkify that wrote them, or load into another schema or database")
}

/// Drops all tables of sparkify's, in the open transaction.
pub(super) fn drop_all(session: &Session) -> Result<()> {
    let mut tables = TABLES.iter().map(|(name, _)| *name).chain(["staging_events"]);
    tables.try_for_each(|name| session.batch(name, &format!("drop table if exists {}", identifier(name))))
}

fn set_version(session: &Session) -> Result<()> {
    session.execute(Statement::DeleteVersion, &[])?;
    session.execute(Statement::InsertVersion, &[&SCHEMA_VERSION])?;
    Ok(())
}

fn has_table(session: &Session, name: &str) -> Result<bool> {
    let rows = session.rows(Statement::TableExists, &[&name])?;
    rows.first().map_or(Ok(false), |row| session.get(row, 0))
}
