//! Making the tables, knowing their version, bringing them forward.

use std::path::Path;

use duckdb::Connection;

use super::super::ident::identifier;
use super::super::sql::{MIGRATIONS, Migration, TABLES, foreign_table, newer_tables, steps_after};
use super::super::{SCHEMA_VERSION, Statement};
use super::query_error;
use crate::error::{Error, Result};

/// Makes all tables and writes their version.
pub(super) fn create(connection: &Connection) -> Result<()> {
    in_transaction(connection, || {
        for (name, statement) in TABLES {
            connection.execute_batch(statement.text()).map_err(|e| query_error(name, e))?;
        }
        set_version(connection, SCHEMA_VERSION)
    })
}

/// The tables' version, None where there are no tables of sparkify's.
pub(super) fn version(connection: &Connection) -> Result<Option<i32>> {
    if !has_table(connection, "sparkify_schema")? {
        return Ok(None);
    }
    let statement = Statement::ReadVersion;
    let version = connection.query_row(statement.text(), [], |row| row.get::<_, Option<i32>>(0));
    version.map_err(|e| query_error(statement.name(), e))
}

/// Makes what is missing, brings forward what is old, refuses what is new or someone else's.
pub(super) fn ensure(connection: &Connection, path: &Path) -> Result<()> {
    match version(connection)? {
        Some(version) if version > SCHEMA_VERSION => Err(too_new(path, version)),
        Some(version) => migrate(connection, version, MIGRATIONS, SCHEMA_VERSION),
        None => {
            for (name, _) in TABLES {
                if has_table(connection, name)? {
                    return Err(foreign_table(path.display(), name));
                }
            }
            create(connection)
        }
    }
}

/// Runs the steps after `from`, all in one transaction.
fn migrate(connection: &Connection, from: i32, migrations: &[Migration], to: i32) -> Result<()> {
    if from == to {
        return Ok(());
    }
    in_transaction(connection, || {
        for statement in steps_after(from, migrations) {
            connection.execute_batch(statement.text()).map_err(|e| query_error(statement.name(), e))?;
        }
        set_version(connection, to)
    })
}

/// The error for tables of a newer sparkify.
pub(super) fn too_new(path: &Path, version: i32) -> Error {
    newer_tables(path.display(), version)
}

/// Drops all tables of sparkify's.
pub(super) fn drop_all(connection: &Connection) -> Result<()> {
    in_transaction(connection, || {
        for name in TABLES.iter().map(|(name, _)| *name).chain(["staging_events"]) {
            connection.execute_batch(&format!("drop table if exists {}", identifier(name))).map_err(|e| query_error(name, e))?;
        }
        Ok(())
    })
}

fn set_version(connection: &Connection, version: i32) -> Result<()> {
    let (delete, insert) = (Statement::DeleteVersion, Statement::InsertVersion);
    connection.execute(delete.text(), []).map_err(|e| query_error(delete.name(), e))?;
    connection.execute(insert.text(), [version]).map_err(|e| query_error(insert.name(), e))?;
    Ok(())
}

fn has_table(connection: &Connection, name: &str) -> Result<bool> {
    let statement = Statement::TableExists;
    connection.query_row(statement.text(), [name], |row| row.get(0)).map_err(|e| query_error(statement.name(), e))
}

fn in_transaction(connection: &Connection, body: impl FnOnce() -> Result<()>) -> Result<()> {
    connection.execute_batch("begin").map_err(|e| query_error("begin", e))?;
    match body() {
        Ok(()) => connection.execute_batch("commit").map_err(|e| query_error("commit", e)),
        Err(error) => {
            // The first error is the one to tell; the connection is given up after it.
            let _ = connection.execute_batch("rollback");
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_its_step() {
        let steps: Vec<i32> = MIGRATIONS.iter().map(|m| m.to).collect();
        assert_eq!(steps.len() + 1, SCHEMA_VERSION as usize);
        assert!(steps.iter().zip(2..).all(|(&step, wanted)| step == wanted), "{steps:?}");
    }

    #[test]
    fn steps_run_in_order_from_the_version_found() {
        let connection = Connection::open_in_memory().unwrap();
        create(&connection).unwrap();
        connection.execute_batch("update sparkify_schema set version = 5; drop table users; drop table songs").unwrap();
        let steps = [
            Migration { to: 5, statements: &[Statement::CreateStagingEvents] },
            Migration { to: 6, statements: &[Statement::CreateUsers] },
            Migration { to: 7, statements: &[Statement::CreateSongs] },
        ];
        migrate(&connection, 5, &steps, 7).unwrap();
        assert_eq!(version(&connection).unwrap(), Some(7));
        assert!(has_table(&connection, "users").unwrap() && has_table(&connection, "songs").unwrap());
        assert!(!has_table(&connection, "staging_events").unwrap(), "the step to 5 is behind us");
    }
}
