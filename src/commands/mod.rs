//! The verbs: each a plain function from arguments and settings to an exit code.

mod ask;
mod check;
mod cluster;
mod config;
mod demo;
mod digest;
mod doctor;
mod explain;
mod insights;
mod load;
mod rejects;
mod report;
mod runs;
mod simulate;
mod sql;
mod stack;
mod tables;

use std::path::Path;

use crate::budget::Budget;
use crate::cli::{Cli, Command, Format, WarehouseArgs};
use crate::error::{EXIT_DONE, Error, Kind, Result, io_error};
use crate::heap;
use crate::interrupt::Interrupt;
use crate::output::sanitized;
use crate::printer::Printer;
use crate::settings::{Settings, environment};
use crate::warehouse::older_tables;
use crate::warehouse::{Answer, OpenOptions, Param, Resources, Rows, SCHEMA_VERSION, SqlText, Warehouse};

/// Runs the command and returns the process's exit code.
///
/// # Errors
/// Whatever the command reports.
pub fn run(cli: &Cli, interrupt: &Interrupt) -> Result<u8> {
    environment::check(std::env::vars_os())?;
    let file = cli.config.as_deref();
    // Those that reach no warehouse look no cluster up.
    let of = |args: &WarehouseArgs, reaches: bool| {
        let settings = Settings::of_process(&args.flags(), file)?;
        if reaches { stack::looked_up(settings, interrupt) } else { Ok(settings) }
    };
    match &cli.command {
        Command::Load(args) => load::run(args, Settings::of_process(&args.flags(), file)?, interrupt),
        Command::Tables(args) => tables::run(args, of(&args.warehouse, false)?, interrupt),
        Command::Sql(args) => sql::run(args, &of(&args.warehouse, true)?, interrupt),
        Command::Runs(args) => runs::run(args, &of(&args.warehouse, true)?, interrupt),
        Command::Rejects(args) => rejects::run(args, &of(&args.warehouse, true)?, interrupt),
        Command::Check(args) => check::run(args, &of(&args.warehouse, !args.list)?, cli.verbose > 0, interrupt),
        Command::Digest(args) => digest::run(args, &of(&args.warehouse, true)?, interrupt),
        Command::Doctor(args) => doctor::run(args, of(&args.warehouse, false)?, interrupt),
        Command::Explain(args) => explain::run(args, &of(&args.warehouse, true)?, interrupt),
        Command::Simulate(args) => {
            simulate::run(args, &Settings::of_process(&args.flags(), settings_file(args, file))?, interrupt)
        }
        Command::Insights(args) => insights::run(args, &of(&args.warehouse, !args.list)?, interrupt),
        Command::Report(args) => report::run(args, &of(&args.warehouse, true)?, interrupt),
        Command::Cluster(args) => cluster::run(args, &Settings::of_process(&args.flags(), file)?, interrupt),
        Command::Demo(args) => demo::run(args, &Settings::defaults()?, interrupt),
        Command::Config(args) => config::run(args, &Settings::of_process(&crate::settings::Flags::new(), file)?),
    }
}

/// `simulate` has a `--config` of its own, which is taken for the settings file too if its name says that it is one.
fn settings_file<'a>(args: &'a crate::cli::SimulateArgs, file: Option<&'a Path>) -> Option<&'a Path> {
    args.config.as_deref().or(file).filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
}

/// How a command opens its warehouse.
fn open_options(settings: &Settings, interrupt: &Interrupt) -> OpenOptions {
    OpenOptions {
        resources: Resources { memory: Budget::of(settings.memory).engine(), threads: settings.threads },
        wait: settings.wait,
        interrupt: interrupt.clone(),
        s3: settings.s3.clone(),
        redshift: settings.redshift.clone(),
    }
}

fn open(settings: &Settings, interrupt: &Interrupt) -> Result<Warehouse> {
    heap::bound(settings.memory);
    settings.warehouse.open(&open_options(settings, interrupt))
}

fn open_read_only(settings: &Settings, interrupt: &Interrupt) -> Result<Warehouse> {
    let resources = Resources { memory: Budget::of(settings.memory).engine_of_reader(), threads: settings.threads };
    settings.warehouse.open_read_only(&OpenOptions { resources, ..open_options(settings, interrupt) })
}

/// What a dry run finds in the warehouse's place.
struct Found {
    /// The warehouse, if there is one.
    warehouse: Option<Warehouse>,
    /// Of its tables, if it has any.
    version: Option<i32>,
    /// Why it cannot be reached.
    unreachable: Option<Error>,
}

/// Reads the warehouse without creating one.
fn look(settings: &Settings, interrupt: &Interrupt) -> Result<Found> {
    let mut found = Found { warehouse: None, version: None, unreachable: None };
    if settings.warehouse.may_exist() {
        match open_read_only(settings, interrupt) {
            Ok(mut warehouse) => {
                found.version = warehouse.version()?;
                found.warehouse = Some(warehouse);
            }
            Err(error) if error.kind() == Kind::WarehouseUnreachable => found.unreachable = Some(error),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// As [`look`]; where the cluster of the stack is none that can be looked up, the settings go on without it.
fn try_connect(settings: Settings, interrupt: &Interrupt) -> Result<(Settings, Found)> {
    match stack::looked_up(settings.clone(), interrupt) {
        Ok(settings) => {
            let found = look(&settings, interrupt)?;
            Ok((settings, found))
        }
        // As little as of a cluster that does not answer is known of one that is not there.
        Err(error) if stack::is_absent(&error) => {
            Ok((stack::unknown(settings), Found { warehouse: None, version: None, unreachable: Some(error) }))
        }
        Err(error) => Err(error),
    }
}

/// A text that cannot end its comment, nor do anything to a terminal.
fn one_line(text: &str) -> String {
    sanitized(text)
}

/// Only comma-separated values go into spreadsheets.
fn check_guard(guards_formulas: bool, format: Format) -> Result<()> {
    if guards_formulas && format != Format::Csv {
        return Err(Error::new(Kind::Usage, "--guard-formulas is for --format csv"));
    }
    Ok(())
}

/// An error as comments of a script.
fn commented(error: &Error) -> String {
    let text = error.report();
    let lines: Vec<String> = text.lines().map(one_line).collect();
    format!("-- {}\n", lines.join("\n-- "))
}

/// What runs a command's questions to AWS.
fn network() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| io_error("the network", "set up", e))
}

/// Opens a warehouse to ask it what only its own tables can answer.
fn open_tables(settings: &Settings, interrupt: &Interrupt) -> Result<Warehouse> {
    let (warehouse, version) = open_versioned(settings, interrupt)?;
    if version < SCHEMA_VERSION { Err(older_tables(&settings.warehouse, version)) } else { Ok(warehouse) }
}

/// Opens a warehouse to ask what tables of every version can answer.
fn open_any_tables(settings: &Settings, interrupt: &Interrupt) -> Result<Warehouse> {
    open_versioned(settings, interrupt).map(|(warehouse, _)| warehouse)
}

/// Opens a warehouse that has sparkify's tables, and says their version.
fn open_versioned(settings: &Settings, interrupt: &Interrupt) -> Result<(Warehouse, i32)> {
    let mut warehouse = open_read_only(settings, interrupt)?;
    let missing = || Error::new(Kind::WarehouseMissing, format!("{} has no sparkify tables", settings.warehouse));
    let version = warehouse.version()?.ok_or_else(missing)?;
    Ok((warehouse, version))
}

/// What prints rows on stdout.
fn printer(format: Format) -> Printer<impl std::io::Write> {
    Printer::new(format, std::io::BufWriter::new(std::io::stdout().lock()))
}

/// Prints a query's rows on stdout.
fn print_query(warehouse: &mut Warehouse, query: SqlText<'_>, parameters: &[Param<'_>], format: Format) -> Result<u8> {
    let mut printer = printer(format);
    warehouse.query(query, parameters, &mut printer)?;
    printer.finish()?;
    Ok(EXIT_DONE)
}

/// Prints rows that are here already.
fn print_answer(answer: &Answer, format: Format) -> Result<()> {
    let mut printer = printer(format);
    printer.columns(&answer.columns)?;
    answer.rows.iter().try_for_each(|row| printer.row(row.clone()))?;
    printer.finish()
}
