//! Making the tables, knowing their version, bringing them forward.

use std::time::Duration;

use super::super::ident::identifier;
use super::super::sql::{MIGRATIONS, TABLES, foreign_table, newer_tables, steps_after};
use super::super::{SCHEMA_VERSION, Statement, Value, literal};
use super::connect;
use super::design;
use super::options::Design;
use super::session::{Session, text};
use crate::error::{Error, Kind, Result};

/// How often to look for tables that another load is making.
const TRIES: u32 = 8;

/// Locked by whoever loads.
const LOCK_TABLE: &str = "load_lock";

/// The tables' version, None where there are no tables of sparkify's.
pub(super) fn version(session: &mut Session) -> Result<Option<i32>> {
    if !has_table(session, "sparkify_schema")? {
        return Ok(None);
    }
    let row = session.row(Statement::ReadVersion, &[])?;
    match row.first() {
        Some(Value::Integer(version)) => Ok(i32::try_from(*version).ok()),
        _ => Ok(None),
    }
}

/// Makes what is missing, brings forward what is old, refuses what is new or someone else's.
/// `wait` is how long another load may hold the lock before old tables are brought forward.
pub(super) fn ensure(session: &mut Session, design: Design, wait: Duration) -> Result<()> {
    match version(session)? {
        Some(SCHEMA_VERSION) => has_shape(session),
        Some(version) if version > SCHEMA_VERSION => Err(too_new(session, version)),
        Some(_) => {
            migrate(session, design, wait)?;
            has_shape(session)
        }
        None => {
            for (name, _) in TABLES {
                if has_table(session, name)? {
                    // Tables become visible together with their version: another load may just have made them.
                    if version(session)? == Some(SCHEMA_VERSION) {
                        return has_shape(session);
                    }
                    return Err(foreign_table(session.place(), name)
                        .with_hint("name another database, or another schema: `alter user … set search_path to …`"));
                }
            }
            let made = in_transaction(session, |session| {
                for statement in create_all(design) {
                    session.batch("schema", &statement)?;
                }
                set_version(session)
            });
            made.or_else(|error| made_by_another(session, error))
        }
    }
}

/// Brings old tables forward. Behind the lock, so that no load is under way, and another may have done it meanwhile.
fn migrate(session: &mut Session, design: Design, wait: Duration) -> Result<()> {
    if !has_table(session, LOCK_TABLE)? {
        session.execute(Statement::RedshiftCreateLock, &[])?;
    }
    connect::begin_locked(session, wait)?;
    let outcome = version(session).and_then(|found| {
        let Some(found) = found.filter(|&found| found < SCHEMA_VERSION) else { return Ok(()) };
        steps_after(found, MIGRATIONS).try_for_each(|s| session.batch(s.name(), &designed(s, design)).map(drop))?;
        set_version(session)
    });
    end(session, outcome)
}

/// Whether another load made the tables at the same moment, so that this one could not.
fn made_by_another(session: &mut Session, error: Error) -> Result<()> {
    for _ in 0..TRIES {
        if session.is_lost() {
            return Err(error);
        }
        if version(session)? == Some(SCHEMA_VERSION) {
            return Ok(());
        }
        session.interrupt().check()?;
        std::thread::sleep(Duration::from_millis(250));
    }
    Err(error)
}

/// The statements that make all tables.
pub(super) fn create_all(design: Design) -> Vec<String> {
    let tables = TABLES.iter().map(|(_, statement)| designed(*statement, design));
    tables.chain([text(Statement::RedshiftCreateLock).to_owned()]).collect()
}

/// A statement, with how the table lies if it makes one.
fn designed(statement: Statement, design: Design) -> String {
    match TABLES.iter().find(|(_, create)| *create == statement) {
        Some((name, _)) => design::create(name, text(statement), design),
        None => text(statement).to_owned(),
    }
}

/// Looks whether the tables have the columns that statements name, so that a load does not find out in its middle.
fn has_shape(session: &mut Session) -> Result<()> {
    let mut columns = std::collections::HashSet::new();
    for row in session.answer(Statement::RedshiftColumns, &[])? {
        if let [Value::Text(table), Value::Text(column)] = row.as_slice() {
            columns.insert((table.clone(), column.clone()));
        }
    }
    for (table, statement) in TABLES {
        for column in column_names(text(statement)) {
            if !columns.contains(&(table.to_owned(), column.to_owned())) {
                return Err(Error::new(
                    Kind::WarehouseInvalid,
                    format!("{}: the table {table} has no column {column}", session.place()),
                )
                .with_hint("someone changed it; put the column back, or rebuild with `sparkify tables drop` and a new load"));
            }
        }
    }
    if !has_table(session, LOCK_TABLE)? {
        session.execute(Statement::RedshiftCreateLock, &[])?;
    }
    Ok(())
}

/// The columns of a statement that makes a table: it has one a line.
pub(super) fn column_names(sql: &str) -> impl Iterator<Item = &str> {
    let lines = sql.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter_map(|line| line.split(' ').next()).map(|name| name.trim_matches('"'))
}

/// The error for tables of a newer sparkify.
pub(super) fn too_new(session: &Session, version: i32) -> Error {
    newer_tables(session.place(), version).with_hint("install the newer sparkify that wrote them, or load into another database")
}

/// Drops all tables of sparkify's.
pub(super) fn drop_all(session: &mut Session) -> Result<()> {
    in_transaction(session, |session| {
        let tables = TABLES.iter().map(|(name, _)| *name).chain(["staging_events", LOCK_TABLE]);
        tables.into_iter().try_for_each(|name| session.batch(name, &drop_statement(name)).map(drop))
    })
}

pub(super) fn drop_statement(table: &str) -> String {
    format!("drop table if exists {}", identifier(table))
}

fn set_version(session: &mut Session) -> Result<()> {
    session.execute(Statement::DeleteVersion, &[])?;
    session.execute(Statement::InsertVersion, &[SCHEMA_VERSION.to_string()]).map(drop)
}

fn has_table(session: &mut Session, name: &str) -> Result<bool> {
    let row = session.row(Statement::TableExists, &[literal::text(name)])?;
    Ok(row.first() == Some(&Value::Boolean(true)))
}

fn in_transaction(session: &mut Session, body: impl FnOnce(&mut Session) -> Result<()>) -> Result<()> {
    session.batch("begin", "begin")?;
    let outcome = body(session);
    end(session, outcome)
}

/// Commits what went well, undoes what did not.
fn end(session: &mut Session, outcome: Result<()>) -> Result<()> {
    match outcome {
        Ok(()) => session.batch("commit", "commit").map(drop),
        Err(error) => {
            // The first error is the one to tell; the connection is given up after it.
            let _ = session.batch("rollback", "rollback");
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_off_the_statement() {
        let columns: Vec<&str> = column_names(text(Statement::CreateLoadRejects)).collect();
        assert_eq!(
            columns,
            ["run_id", "input", "url", "line", "byte_offset", "reason", "raw", "raw_length", "raw_bytes", "file_no"]
        );
    }
}
