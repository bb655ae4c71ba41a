//! `sparkify sql`: one question to the warehouse, which is opened read-only.

use std::fs::OpenOptions;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use super::{check_guard, open_read_only, printer};
use crate::cli::SqlArgs;
use crate::error::{EXIT_DONE, Error, Kind, Result, io_error};
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::warehouse::{SqlText, Warehouse, WarehouseUrl};
use crate::whole_file::{WholeFile, is_device};

pub(super) fn run(args: &SqlArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    check_guard(args.guard_formulas, args.format)?;
    let question = SqlText { name: "the query", text: &args.query };
    let Some(out) = args.out.as_ref().filter(|out| out.as_os_str() != "-") else {
        let mut warehouse = open_read_only(settings, interrupt)?;
        return ask(&mut warehouse, question, printer(args.format).guarding_formulas(args.guard_formulas));
    };
    check_place(out, &settings.warehouse)?;
    let to_file = |warehouse: &mut Warehouse, file: &mut dyn Write| {
        let printer = Printer::into_file(args.format, BufWriter::new(file));
        ask(warehouse, question, printer.guarding_formulas(args.guard_formulas))
    };
    if is_device(out) {
        let mut device = OpenOptions::new().write(true).open(out).map_err(|e| io_error(out.display(), "open", e))?;
        let mut warehouse = open_read_only(settings, interrupt)?;
        return to_file(&mut warehouse, &mut device);
    }
    if out.symlink_metadata().is_ok() {
        return Err(taken(out));
    }
    // What hinders the file is said before the question is asked, which may take long.
    let mut file = WholeFile::create(out).map_err(|e| io_error(out.display(), "create", e))?;
    let mut warehouse = open_read_only(settings, interrupt)?;
    let code = to_file(&mut warehouse, file.file())?;
    file.finish_new_synced().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(out),
        _ => io_error(out.display(), "write", error),
    })?;
    Ok(code)
}

/// The rows go into a new file: whatever is there may be all that someone has.
fn taken(out: &Path) -> Error {
    let message = format!("{} is there already", out.display());
    Error::new(Kind::Usage, message).with_hint("name another file with --out, or move that one away")
}

fn ask(warehouse: &mut Warehouse, question: SqlText<'_>, mut printer: Printer<impl Write>) -> Result<u8> {
    warehouse.ask(question, &mut printer)?;
    printer.finish()?;
    Ok(EXIT_DONE)
}

/// Refuses the names of files that an engine keeps beside its database, and would take for its own.
fn check_place(out: &Path, url: &WarehouseUrl) -> Result<()> {
    let Some(warehouse) = url.file() else { return Ok(()) };
    let folder =
        |path: &Path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).canonicalize().ok();
    // The warehouse may be named by a link; what is beside it is beside what the link leads to.
    let file = warehouse.canonicalize().unwrap_or_else(|_| warehouse.to_owned());
    let (Some(name), Some(file_name)) = (out.file_name(), file.file_name()) else { return Ok(()) };
    let behind = name.as_encoded_bytes().strip_prefix(file_name.as_encoded_bytes());
    if behind.is_some_and(|rest| rest.starts_with(b".")) && folder(out).is_some_and(|place| Some(place) == folder(&file)) {
        let message = format!("{} belongs to the warehouse, so nothing can be written there", out.display());
        return Err(Error::new(Kind::Usage, message).with_hint("name another file with --out"));
    }
    Ok(())
}
