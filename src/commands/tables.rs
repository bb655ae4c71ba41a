//! `sparkify tables`: makes, drops or empties the warehouse's tables.

use super::{Found, ask, commented, open, open_options, stack, try_connect};
use crate::cli::{TablesAction, TablesArgs};
use crate::error::{EXIT_DONE, Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, note, print, sanitized_lines};
use crate::settings::Settings;
use crate::warehouse::recorder::Script;
use crate::warehouse::{RoleStatement, SCHEMA_VERSION};

pub(super) fn run(args: &TablesArgs, settings: Settings, interrupt: &Interrupt) -> Result<u8> {
    if args.dry_run {
        if args.action != TablesAction::Create {
            return Err(Error::new(Kind::Usage, "--dry-run is for `sparkify tables create`")
                .with_hint("`drop` and `reset` ask before they delete anything"));
        }
        return dry_run(settings, interrupt);
    }
    let settings = stack::looked_up(settings, interrupt)?;
    let url = &settings.warehouse;
    if args.action != TablesAction::Create {
        if !url.may_exist() && args.action == TablesAction::Drop {
            return conclude(EXIT_DONE, Prints::Notice, || print(&format!("There is no warehouse at {url}.\n")));
        }
        if !args.yes && url.may_exist() {
            ask::go_on(&format!("this deletes all data in {url}"))?;
        }
    }
    let mut warehouse = open(&settings, interrupt)?;
    let done = match args.action {
        TablesAction::Create => format!("The tables are in {url}.\n"),
        TablesAction::Drop => {
            warehouse.drop_tables()?;
            format!("The tables in {url} are dropped.\n")
        }
        TablesAction::Reset => {
            warehouse.reset_tables()?;
            format!("The tables in {url} are empty.\n")
        }
    };
    if args.action != TablesAction::Drop {
        let refused = warehouse.ensure_roles()?;
        if !refused.is_empty() {
            note(&sanitized_lines(&left_to_others(&refused)));
        }
    }
    conclude(EXIT_DONE, Prints::Notice, || print(&done))
}

/// What to have others do that this user may not.
fn left_to_others(refused: &[RoleStatement]) -> String {
    let mut text =
        "warning: this user may not create roles or grant privileges to them; have the administrator run:\n".to_owned();
    for RoleStatement { text: sql, .. } in refused {
        let lines = sql.lines().filter(|line| !line.starts_with("--"));
        text.extend(lines.map(|line| format!("  {line}\n")));
    }
    text
}

/// Prints the statements that would run, as a script: comments for all else.
fn dry_run(settings: Settings, interrupt: &Interrupt) -> Result<u8> {
    let (settings, found) = try_connect(settings, interrupt)?;
    let Found { warehouse, version, unreachable } = found;
    let state = match (&unreachable, version) {
        (Some(_), _) => "cannot be reached, so everything counts as missing",
        (None, Some(SCHEMA_VERSION)) => "has its tables",
        (None, Some(_)) => "has tables of an older version",
        (None, None) => "has no tables yet",
    };
    let mut head = format!("-- dry run: nothing is changed\n-- warehouse: {} ({state})\n", settings.warehouse);
    if let Some(error) = &unreachable {
        head.push_str(&commented(error));
    }
    let script = Script::into_tables(version, 0);
    let mut recorded = settings.warehouse.recording(&open_options(&settings, interrupt), script.clone());
    recorded.ensure_schema()?;
    let roles = match warehouse {
        Some(mut warehouse) => warehouse.role_statements()?,
        None => recorded.role_statements()?,
    };
    roles.iter().try_for_each(|role| script.write(role.statement.name(), &role.text).map(drop))?;
    print(&format!("{head}{}", script.text()))?;
    Ok(EXIT_DONE)
}
