//! The tables: creating them, knowing their version, bringing them forward, dropping them.

use std::collections::HashSet;
use std::fmt::Display;

use super::{Warehouse, answer};
use crate::engine::{Capabilities, Engine, Proof};
use crate::error::{Error, Kind, Result};
use crate::sql::{MIGRATIONS, TABLES, column_names, steps_after};
use crate::{Param, SCHEMA_VERSION, SqlText, Statement, Value};

/// The table that `--keep-staging` makes.
pub(super) const STAGING_EVENTS: &str = "staging_events";

#[allow(clippy::missing_errors_doc, reason = "said at the type")]
impl Warehouse {
    /// The tables' version, None where there are none of sparkify's.
    pub fn version(&mut self) -> Result<Option<i32>> {
        version(self.engine.as_mut())
    }

    /// Whether the tables are there.
    pub fn has_tables(&mut self) -> Result<bool> {
        Ok(self.version()?.is_some())
    }

    /// Brings the tables to [`SCHEMA_VERSION`], in a transaction of its own.
    ///
    /// # Errors
    /// [`Kind::WarehouseVersion`] for a newer warehouse, [`Kind::WarehouseInvalid`] for tables of someone else.
    pub fn ensure_schema(&mut self) -> Result<()> {
        if !self.is_current()? {
            self.refuse_newer()?;
            self.refuse_foreign()?;
            self.bring_forward()?;
        }
        self.refuse_lacking()
    }

    /// Whether the tables are those that this sparkify writes.
    pub(super) fn is_current(&mut self) -> Result<bool> {
        Ok(self.version()? == Some(SCHEMA_VERSION))
    }

    /// Drops sparkify's tables, in a transaction of its own.
    pub fn drop_tables(&mut self) -> Result<()> {
        self.change(Proof::NoTables, |warehouse| {
            warehouse.drop_star()?;
            warehouse.capabilities.own_tables.iter().try_for_each(|table| warehouse.drop_table(table))
        })
    }

    /// Drops sparkify's tables and creates them anew and empty, all in one transaction.
    pub fn reset_tables(&mut self) -> Result<()> {
        self.change(Proof::EmptyTables, |warehouse| {
            warehouse.drop_star()?;
            warehouse.create_all()
        })
    }

    /// Does something in a transaction and commits it: in the open one, if the lock is held already.
    fn change(&mut self, proof: Proof, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.begin()?;
        let done = body(self).and_then(|()| {
            self.proof = proof;
            self.commit()
        });
        match done {
            Ok(warnings) => {
                self.warnings = warnings;
                Ok(())
            }
            Err(error) => {
                // The first error is the one to report; the connection is given up after it.
                let _ = self.rollback();
                Err(error)
            }
        }
    }

    /// Creates what is missing and brings forward what is old. Another may have done it while this one waited for the lock.
    pub(super) fn bring_forward(&mut self) -> Result<()> {
        self.change(Proof::Version(SCHEMA_VERSION), |warehouse| match warehouse.version()? {
            Some(SCHEMA_VERSION) => Ok(()),
            Some(version) => {
                warehouse.refuse_newer()?;
                warehouse.migrate(version)
            }
            None => {
                warehouse.refuse_foreign()?;
                warehouse.create_all()
            }
        })
    }

    /// Runs the steps after the version that is there. An older version may have had fewer extras.
    fn migrate(&mut self, from: i32) -> Result<()> {
        let steps = steps_after(from, MIGRATIONS).chain(self.capabilities.extras.iter().copied());
        let texts: Vec<_> = steps.map(|step| (step.name(), laid_out(step, &self.capabilities))).collect();
        self.define(&texts)
    }

    fn create_all(&mut self) -> Result<()> {
        self.define(&creation(&self.capabilities))
    }

    /// Runs statements after which the tables are of this version.
    fn define(&mut self, statements: &[(&'static str, String)]) -> Result<()> {
        for (name, text) in statements {
            self.engine.execute(SqlText { name, text }, &[])?;
        }
        self.execute(Statement::DeleteVersion)?;
        let version = Param::new("version", i64::from(SCHEMA_VERSION));
        self.engine.execute(self.sql(Statement::InsertVersion), &[version]).map(drop)
    }

    fn drop_star(&mut self) -> Result<()> {
        let tables = TABLES.iter().map(|(name, _)| *name).chain([STAGING_EVENTS]);
        tables.into_iter().try_for_each(|table| self.drop_table(table))
    }

    pub(super) fn refuse_newer(&mut self) -> Result<()> {
        match self.version()? {
            Some(version) if version > SCHEMA_VERSION => {
                let error = newer_tables(&self.capabilities.place, version);
                Err(match self.capabilities.newer_hint {
                    Some(hint) => error.with_hint(hint),
                    None => error,
                })
            }
            _ => Ok(()),
        }
    }

    /// Refuses tables of these names that are not sparkify's.
    fn refuse_foreign(&mut self) -> Result<()> {
        if self.version()?.is_some() {
            return Ok(());
        }
        for (table, _) in TABLES {
            if has_table(self.engine.as_mut(), table)? {
                // Tables become visible together with their version: another may just have created them.
                if self.version()?.is_some() {
                    return Ok(());
                }
                let message = format!("{} has a table {table} that sparkify did not create", self.capabilities.place);
                let error = Error::new(Kind::WarehouseInvalid, message);
                return Err(match self.capabilities.foreign_hint {
                    Some(hint) => error.with_hint(hint),
                    None => error,
                });
            }
        }
        Ok(())
    }

    /// Refuses tables without the columns that statements name, so that a load does not find out in its middle.
    fn refuse_lacking(&mut self) -> Result<()> {
        let Some(columns) = self.capabilities.columns else { return Ok(()) };
        let found: HashSet<(String, String)> = self
            .answer(self.sql(columns), &[])?
            .rows
            .into_iter()
            .filter_map(|row| match <[Value; 2]>::try_from(row) {
                Ok([Value::Text(table), Value::Text(column)]) => Some((table, column)),
                _ => None,
            })
            .collect();
        for (table, statement) in TABLES {
            for column in column_names(statement.text_in(self.dialect())) {
                if !found.contains(&(table.to_owned(), column.to_owned())) {
                    let message = format!("{}: the table {table} has no column {column}", self.capabilities.place);
                    return Err(Error::new(Kind::WarehouseInvalid, message).with_hint(
                        "someone changed it; put the column back, or rebuild with `sparkify tables drop` and a new load",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The tables' version, None where there are none of sparkify's.
pub(crate) fn version(engine: &mut dyn Engine) -> Result<Option<i32>> {
    if !has_table(engine, "sparkify_schema")? {
        return Ok(None);
    }
    let query = Statement::ReadVersion.query(engine.capabilities().dialect);
    match answer(engine, query, &[])?.rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(version)) => Ok(i32::try_from(*version).ok()),
        _ => Ok(None),
    }
}

/// Whether the schema that tables are created in has one of this name.
pub(crate) fn has_table(engine: &mut dyn Engine, name: &str) -> Result<bool> {
    let query = Statement::TableExists.query(engine.capabilities().dialect);
    let answer = answer(engine, query, &[Param::new("table_name", name)])?;
    Ok(answer.rows.first().and_then(|row| row.first()).is_some_and(Value::is_true))
}

/// The statements that create all tables, by name.
pub(crate) fn creation(capabilities: &Capabilities) -> Vec<(&'static str, String)> {
    let tables = TABLES.iter().map(|(_, statement)| *statement).chain(capabilities.extras.iter().copied());
    tables.map(|statement| (statement.name(), laid_out(statement, capabilities))).collect()
}

/// A statement as the engine takes it: with what follows the columns, if it creates a table.
fn laid_out(statement: Statement, capabilities: &Capabilities) -> String {
    let text = statement.text_in(capabilities.dialect);
    let layout = TABLES.iter().find(|(_, create)| *create == statement).and_then(|(table, _)| {
        let layouts = capabilities.layout;
        layouts.iter().find(|(name, _)| name == table).map(|(_, layout)| layout)
    });
    match layout {
        Some(layout) => format!("{} {layout};", text.trim_end().trim_end_matches(';')),
        None => text.to_owned(),
    }
}

/// The error for tables of a newer sparkify.
fn newer_tables(place: impl Display, version: i32) -> Error {
    let message = format!("{place} has tables of version {version}; this sparkify knows versions up to {SCHEMA_VERSION}");
    Error::new(Kind::WarehouseVersion, message)
}

/// The error for tables of an older sparkify, where they are only read.
#[must_use]
pub fn older_tables(place: impl Display, version: i32) -> Error {
    let message = format!("{place} has tables of version {version}; this sparkify reads version {SCHEMA_VERSION}");
    Error::new(Kind::WarehouseVersion, message).with_hint("`sparkify tables create` migrates them, as does every load")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Migration;

    #[test]
    fn every_version_has_its_step() {
        let steps: Vec<i32> = MIGRATIONS.iter().map(|m| m.to).collect();
        assert_eq!(steps.len() + 1, SCHEMA_VERSION as usize);
        assert!(steps.iter().zip(2..).all(|(&step, wanted)| step == wanted), "{steps:?}");
    }

    #[test]
    fn steps_after_a_version_leave_out_those_behind_it() {
        static STEPS: [Migration; 3] = [
            Migration { to: 5, statements: &[Statement::CreateStagingEvents] },
            Migration { to: 6, statements: &[Statement::CreateUsers] },
            Migration { to: 7, statements: &[Statement::CreateSongs] },
        ];
        let steps: Vec<Statement> = steps_after(5, &STEPS).collect();
        assert_eq!(steps, [Statement::CreateUsers, Statement::CreateSongs]);
    }
}
