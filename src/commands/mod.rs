//! The verbs: each a plain function from arguments and settings to an exit code.

mod config;
mod demo;
mod insights;
mod load;
mod rejects;
mod report;
mod runs;
mod sql;
mod tables;

use std::path::Path;

use crate::cli::{Cli, Command, Format, WarehouseArgs};
use crate::error::{EXIT_DONE, Result};
use crate::interrupt::Interrupt;
use crate::output::Printer;
use crate::settings::Settings;
use crate::warehouse::duckdb::{DuckDb, Resources};
use crate::warehouse::{OpenOptions, Param, SqlText, Warehouse, WarehouseUrl};

/// Runs the command and returns the process's exit code.
///
/// # Errors
/// Whatever the command reports.
pub fn run(cli: &Cli, interrupt: &Interrupt) -> Result<u8> {
    let file = cli.config.as_deref();
    match &cli.command {
        Command::Load(args) => load::run(args, &Settings::of_process(&args.flags(), file)?, interrupt),
        Command::Tables(args) => tables::run(args, &of(&args.warehouse, file)?, interrupt),
        Command::Sql(args) => sql::run(args, &of(&args.warehouse, file)?, interrupt),
        Command::Runs(args) => runs::run(args, &of(&args.warehouse, file)?, interrupt),
        Command::Rejects(args) => rejects::run(args, &of(&args.warehouse, file)?, interrupt),
        Command::Insights(args) => insights::run(args, &of(&args.warehouse, file)?, interrupt),
        Command::Report(args) => report::run(args, &of(&args.warehouse, file)?, interrupt),
        Command::Demo(args) => demo::run(args, &of_none()?, interrupt),
        Command::Config(args) => config::run(args, &Settings::of_process(&crate::settings::Flags::new(), file)?),
    }
}

fn of(args: &WarehouseArgs, file: Option<&Path>) -> Result<Settings> {
    Settings::of_process(&args.flags(), file)
}

/// The defaults alone, whatever the surroundings.
fn of_none() -> Result<Settings> {
    Settings::resolve(&crate::settings::Flags::new(), |_| None, None)
}

/// How a command opens its warehouse.
fn open_options(settings: &Settings, interrupt: &Interrupt) -> OpenOptions {
    OpenOptions {
        // As much again is for decoded batches.
        resources: Resources { memory: settings.memory * 3 / 8, threads: settings.threads },
        wait: settings.wait,
        interrupt: interrupt.clone(),
    }
}

fn open(settings: &Settings, interrupt: &Interrupt) -> Result<DuckDb> {
    let WarehouseUrl::DuckDb(path) = &settings.warehouse;
    DuckDb::open(path, &open_options(settings, interrupt))
}

fn open_read_only(settings: &Settings, interrupt: &Interrupt) -> Result<DuckDb> {
    let WarehouseUrl::DuckDb(path) = &settings.warehouse;
    DuckDb::open_read_only(path, &open_options(settings, interrupt))
}

/// Prints a query's rows on stdout.
fn print_query(warehouse: &mut dyn Warehouse, query: SqlText<'_>, parameters: &[Param<'_>], format: Format) -> Result<u8> {
    let mut printer = Printer::new(format, std::io::BufWriter::new(std::io::stdout().lock()));
    warehouse.query(query, parameters, &mut printer)?;
    printer.finish()?;
    Ok(EXIT_DONE)
}
