//! `sparkify sql`: one question to the warehouse, which is opened read-only.

use std::io::Write;
use std::path::Path;

use super::{check_guard, open_read_only, printer};
use crate::cli::SqlArgs;
use crate::error::{EXIT_DONE, Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::new_file::NewFile;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::warehouse::{SqlText, Warehouse, WarehouseUrl};

pub(super) fn run(args: &SqlArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    check_guard(args.guard_formulas, args.format)?;
    let question = SqlText { name: "the query", text: &args.query };
    let Some(out) = args.out.as_ref().filter(|out| out.as_os_str() != "-") else {
        let mut warehouse = open_read_only(settings, interrupt)?;
        return ask(warehouse.as_mut(), question, printer(args.format).guarding_formulas(args.guard_formulas));
    };
    check_place(out, &settings.warehouse)?;
    let mut file = NewFile::create(out)?;
    let mut warehouse = open_read_only(settings, interrupt)?;
    let code =
        ask(warehouse.as_mut(), question, Printer::into_file(args.format, &mut file).guarding_formulas(args.guard_formulas))?;
    file.finish()?;
    Ok(code)
}

fn ask(warehouse: &mut dyn Warehouse, question: SqlText<'_>, mut printer: Printer<impl Write>) -> Result<u8> {
    warehouse.ask(question, &mut printer)?;
    printer.finish()?;
    Ok(EXIT_DONE)
}

/// Refuses the names of files that DuckDB keeps beside a database, and would take for its own.
fn check_place(out: &Path, url: &WarehouseUrl) -> Result<()> {
    let WarehouseUrl::DuckDb(warehouse) = url else { return Ok(()) };
    let folder =
        |path: &Path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).canonicalize().ok();
    // The warehouse may be named by a link; what is beside it is beside what the link leads to.
    let file = warehouse.canonicalize().unwrap_or_else(|_| warehouse.clone());
    let (Some(name), Some(file_name)) = (out.file_name(), file.file_name()) else { return Ok(()) };
    let behind = name.as_encoded_bytes().strip_prefix(file_name.as_encoded_bytes());
    if behind.is_some_and(|rest| rest.starts_with(b".")) && folder(out).is_some_and(|place| Some(place) == folder(&file)) {
        let message = format!("{} belongs to the warehouse, so nothing can be written there", out.display());
        return Err(Error::new(Kind::Usage, message).with_hint("name another file with --out"));
    }
    Ok(())
}
