//! `sparkify report`: the page with the answers and their charts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::insights::day;
use super::open_tables;
use crate::cli::ReportArgs;
use crate::error::{EXIT_DONE, Error, Kind, Result};
use crate::insights::{DataRange, Window};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, print};
use crate::page;
use crate::settings::Settings;
use crate::warehouse::{Warehouse, WarehouseUrl};
use crate::whole_file;

pub(super) fn run(args: &ReportArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let (from, to) = (day(args.from.as_deref(), "--from")?, day(args.to.as_deref(), "--to")?);
    let to_stdout = args.out.as_os_str() == "-";
    if to_stdout && args.open {
        return Err(Error::new(Kind::Usage, "--open needs a file to show, and --out - writes none"));
    }
    if !to_stdout {
        check_place(&args.out, &settings.warehouse)?;
    }
    let mut warehouse = open_tables(settings, interrupt)?;
    let data = DataRange::read(&mut warehouse)?;
    let window = Window::resolve(from, to, data)?;
    let html = page::build(&mut warehouse, &name(&settings.warehouse), &window, &settings.checks, interrupt)?;
    interrupt.check()?;
    if to_stdout {
        return print(&html).map(|()| EXIT_DONE);
    }
    page::write(&args.out, &html)?;
    // Of /dev/stdout the page's end is to be the end.
    if args.open {
        open(&args.out);
    }
    if whole_file::is_device(&args.out) {
        return Ok(EXIT_DONE);
    }
    let text = format!("Wrote {} ({:.1} MB).\n", args.out.display(), html.len() as f64 / 1e6);
    conclude(EXIT_DONE, Prints::Notice, || print(&text))
}

/// Before minutes of work: whether the page may be written here. What belongs to the warehouse's file may be not there yet.
fn check_place(out: &Path, url: &WarehouseUrl) -> Result<()> {
    if let Some(file) = url.file()
        && let (Some(place), Some(file)) = (whole_file::real_place(out), whole_file::real_place(file))
    {
        let beside = |ending: &str| {
            let mut name = file.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        if ["", ".wal", ".tmp"].iter().any(|ending| beside(ending) == place) {
            let message = format!("{} belongs to the warehouse, so the report cannot be written there", out.display());
            return Err(Error::new(Kind::Usage, message).with_hint("name another file with --out"));
        }
    }
    page::check_place(out)
}

/// Writes a page about all of the data.
pub(super) fn write(warehouse: &mut Warehouse, settings: &Settings, out: &Path, interrupt: &Interrupt) -> Result<()> {
    let data = DataRange::read(warehouse)?;
    let window = Window::resolve(None, None, data)?;
    let html = page::build(warehouse, &name(&settings.warehouse), &window, &settings.checks, interrupt)?;
    page::write(out, &html)
}

/// Whether there is a screen to show a page on.
pub(super) fn has_screen() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// What the page calls the warehouse: no folders and no credentials, as it may travel.
fn name(url: &WarehouseUrl) -> String {
    url.short_name()
}

/// Hands the page to the browser. That this fails is worth a word, not a failure: the page is there.
pub(super) fn open(path: &Path) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = if cfg!(windows) { Command::new("explorer") } else { Command::new(opener) };
    let started = command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        tracing::warn!("the browser cannot be started ({error}); open {} in a browser", path.display());
    }
}
