//! `sparkify tables`: makes, drops or empties the warehouse's tables.

use std::io::{IsTerminal, Write};

use super::open;
use crate::cli::{TablesAction, TablesArgs};
use crate::error::{EXIT_DONE, Error, Kind, Result, io_error};
use crate::interrupt::Interrupt;
use crate::output::say;
use crate::settings::Settings;

pub(super) fn run(args: &TablesArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let url = &settings.warehouse;
    if args.action != TablesAction::Create {
        if !url.may_exist() && args.action == TablesAction::Drop {
            say(&format!("There is no warehouse at {url}.\n"))?;
            return Ok(EXIT_DONE);
        }
        if !args.yes && url.may_exist() {
            confirm(&format!("This deletes all data in {url}. Go on?"))?;
        }
    }
    let mut warehouse = open(settings, interrupt)?;
    match args.action {
        TablesAction::Create => say(&format!("The tables are in {url}.\n"))?,
        TablesAction::Drop => {
            warehouse.drop_tables()?;
            say(&format!("The tables in {url} are dropped.\n"))?;
        }
        TablesAction::Reset => {
            warehouse.drop_tables()?;
            warehouse.ensure_schema()?;
            say(&format!("The tables in {url} are empty.\n"))?;
        }
    }
    Ok(EXIT_DONE)
}

/// Asks on the terminal; without one there is nobody to ask.
fn confirm(question: &str) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::new(Kind::Usage, "this deletes data and there is no terminal to ask on").with_hint("pass --yes"));
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush().map_err(|e| io_error("the terminal", "write to", e))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|e| io_error("the terminal", "read from", e))?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Error::new(Kind::Interrupted, "not confirmed; nothing was changed")),
    }
}
