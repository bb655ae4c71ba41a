//! Making the tables, knowing their version, bringing them forward.

use std::path::Path;

use duckdb::Connection;

use super::super::ident::identifier;
use super::super::sql::{MIGRATIONS, Migration, TABLES, foreign_table, newer_tables, steps_after};
use super::super::{SCHEMA_VERSION, Statement};
use super::query_error;
use crate::error::{Error, Result};

/// Makes all tables and writes their version, in a transaction.
pub(super) fn create(connection: &Connection) -> Result<()> {
    let batch = |name, sql| connection.execute_batch(sql).map_err(|e| query_error(name, e));
    batch("begin", "begin")?;
    create_all(connection)?;
    batch("commit", "commit")
}

/// Makes all tables and writes their version.
pub(super) fn create_all(connection: &Connection) -> Result<()> {
    for (name, statement) in TABLES {
        connection.execute_batch(statement.text()).map_err(|e| query_error(name, e))?;
    }
    set_version(connection, SCHEMA_VERSION)
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

/// A change of the tables, to be made in one transaction.
pub(super) type Change = fn(&Connection) -> Result<()>;

/// What makes the tables that are missing or brings old ones forward, if anything is to be done; refuses what is new or
/// someone else's.
pub(super) fn missing(connection: &Connection, path: &Path) -> Result<Option<Change>> {
    match version(connection)? {
        Some(version) if version > SCHEMA_VERSION => Err(too_new(path, version)),
        Some(SCHEMA_VERSION) => Ok(None),
        Some(_) => Ok(Some(|connection| migrate(connection, MIGRATIONS, SCHEMA_VERSION))),
        None => {
            for (name, _) in TABLES {
                if has_table(connection, name)? {
                    return Err(foreign_table(path.display(), name));
                }
            }
            Ok(Some(create_all))
        }
    }
}

/// Runs the steps after the version that is there.
fn migrate(connection: &Connection, migrations: &[Migration], to: i32) -> Result<()> {
    let from = version(connection)?.unwrap_or(to);
    for statement in steps_after(from, migrations) {
        connection.execute_batch(statement.text()).map_err(|e| query_error(statement.name(), e))?;
    }
    set_version(connection, to)
}

/// The error for tables of a newer sparkify.
pub(super) fn too_new(path: &Path, version: i32) -> Error {
    newer_tables(path.display(), version)
}

/// Drops all tables of sparkify's.
pub(super) fn drop_all(connection: &Connection) -> Result<()> {
    for name in TABLES.iter().map(|(name, _)| *name).chain(["staging_events"]) {
        connection.execute_batch(&format!("drop table if exists {}", identifier(name))).map_err(|e| query_error(name, e))?;
    }
    Ok(())
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
        migrate(&connection, &steps, 7).unwrap();
        assert_eq!(version(&connection).unwrap(), Some(7));
        assert!(has_table(&connection, "users").unwrap() && has_table(&connection, "songs").unwrap());
        assert!(!has_table(&connection, "staging_events").unwrap(), "the step to 5 is behind us");
    }
}
