//! `sparkify rejects`: the quarantine, shown or tried again.

use super::{load, open, open_any_tables, printer};
use crate::cli::{Format, RejectsArgs};
use crate::error::{EXIT_DONE, EXIT_INCOMPLETE, Result};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, json_of, print};
use crate::replay;
use crate::settings::Settings;

pub(super) fn run(args: &RejectsArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    if args.action.is_some() {
        return replay(args, settings, interrupt);
    }
    let mut warehouse = open_any_tables(settings, interrupt)?;
    let format = if args.json { Format::Json } else { Format::Table };
    let mut printer = printer(format);
    warehouse.rejects(args.run.as_deref(), &mut printer)?;
    printer.finish()?;
    Ok(EXIT_DONE)
}

fn replay(args: &RejectsArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    // Opened to be written to, a warehouse that is not there would be made.
    drop(open_any_tables(settings, interrupt)?);
    let mut warehouse = open(settings, interrupt)?;
    let options = load::load_options(settings, false, false);
    let mut report = replay::replay(&mut warehouse, &options)?;
    drop(warehouse);
    report.warehouse = settings.warehouse.to_string();
    let text = if args.json {
        format!("{}\n", json_of(&report))
    } else {
        let tried = report.lines + report.song_records + report.songs_rejected;
        let rejected = report.rejected + report.songs_rejected;
        let loaded = report.accepted + report.song_records;
        let known = report.duplicates;
        format!("{tried} lines replayed: {loaded} loaded, {known} known already, {rejected} still rejected\n")
    };
    let code = if report.rejected + report.songs_rejected > 0 { EXIT_INCOMPLETE } else { EXIT_DONE };
    conclude(code, Prints::Notice, || print(&text))
}
