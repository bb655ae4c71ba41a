//! Who may do what in the database: the role `loader` changes the tables, `analyst` reads the star.

use super::super::ident::identifier;
use super::super::{RoleStatement, Statement, Value};
use super::session::{Session, text};
use crate::error::{Kind, Result};

/// A role, and the statement that makes it.
const ROLES: [(&str, Statement); 2] =
    [("loader", Statement::RedshiftCreateLoader), ("analyst", Statement::RedshiftCreateAnalyst)];

/// What the roles may do, once the tables are there; each can be said twice.
const GRANTS: [Statement; 4] =
    [Statement::RedshiftLetLoaderIn, Statement::RedshiftLetAnalystIn, Statement::RedshiftGiveTables, Statement::RedshiftGiveStar];

/// The schema that the statements name, in place of which tables may be made in another.
pub(super) const SCHEMA: &str = "public";

/// The statements that make the missing roles, as far as this user sees which there are, and say what roles may do.
pub(super) fn wanted(session: &mut Session) -> Result<Vec<RoleStatement>> {
    let rows = session.answer(Statement::RedshiftFindRoles, &[])?;
    // Names in system views may be filled up with spaces.
    let there: Vec<String> =
        rows.iter().filter_map(|row| row.first()).map(|name| name.to_string().trim_end().to_owned()).collect();
    let schema = match session.row(Statement::RedshiftServer, &[])?.get(1) {
        Some(Value::Text(schema)) => schema.trim_end().to_owned(),
        _ => SCHEMA.to_owned(),
    };
    let missing = ROLES.iter().filter(|(name, _)| !there.iter().any(|role| role == name)).map(|(_, create)| *create);
    Ok(missing.chain(GRANTS).map(|statement| of(statement, &schema)).collect())
}

/// Runs the statements that are wanted; those that this user may not run come back.
pub(super) fn ensure(session: &mut Session) -> Result<Vec<RoleStatement>> {
    let mut refused = Vec::new();
    for wanted in wanted(session)? {
        // Each is a transaction of its own, so that one that is refused does not take the others with it.
        match session.batch(wanted.statement.name(), &wanted.text) {
            // Who has a right and may not hand it on is told so in passing.
            Ok(_) if session.remarked("no privileges were granted") => refused.push(wanted),
            Ok(_) => {}
            Err(error) if error.kind() == Kind::WarehouseDenied => refused.push(wanted),
            // What could not be made can be given nothing.
            Err(error) if !refused.is_empty() && error.report().contains("does not exist") => refused.push(wanted),
            // A role that this user does not see, or that another command just made.
            Err(error) if error.report().contains("already exists") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

fn of(statement: Statement, schema: &str) -> RoleStatement {
    let named = |schema: &str| format!(" schema {schema} ");
    RoleStatement { statement, text: text(statement).replace(&named(SCHEMA), &named(&identifier(schema))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::TABLES;

    fn grants(role: &str) -> Vec<String> {
        GRANTS
            .into_iter()
            .map(|statement| of(statement, SCHEMA))
            .map(|found| found.text)
            .filter(|text| text.contains("grant ") && text.contains(role))
            .collect()
    }

    #[test]
    fn who_asks_sees_no_raw_lines() {
        let analyst = grants("role analyst");
        assert_eq!(analyst.len(), 2);
        for table in ["load_rejects", "load_files", "staging_events", "staging_songs", "all tables"] {
            assert!(analyst.iter().all(|grant| !grant.contains(table)), "{table}");
        }
        for table in ["songplays", "page_views", "users", "user_levels", "songs", "artists", "time", "tracks"] {
            assert!(analyst.iter().any(|grant| grant.contains(table)), "{table}");
        }
    }

    #[test]
    fn who_loads_may_change_every_table() {
        let loader = grants("role loader").concat();
        for table in TABLES.iter().map(|(name, _)| *name).chain(["load_lock"]) {
            let words = loader.split(|c: char| !c.is_alphanumeric() && c != '_');
            assert_eq!(words.filter(|word| *word == table).count(), 1, "{table}");
        }
    }

    #[test]
    fn rights_are_in_the_schema_of_the_tables() {
        let text = of(Statement::RedshiftLetAnalystIn, "My \"music\"").text;
        assert!(text.contains("on schema \"My \"\"music\"\"\" to role analyst"), "{text}");
    }
}
