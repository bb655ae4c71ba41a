//! `sparkify demo`: an invented month, loaded, checked, asked a few questions and put on a page, with no data and no
//! settings needed.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use super::{check, insights, load, open_read_only, report};
use crate::cli::DemoArgs;
use crate::error::{EXIT_DONE, Error, Kind, Result, io_error};
use crate::insights::{Question, catalogue};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, print};
use crate::progress::SimulateProgress;
use crate::report::thousands;
use crate::settings::Settings;
use crate::simulate::{self, Faults, Plan, Store};
use crate::source::{Location, Sources};
use crate::warehouse::WarehouseUrl;

/// The questions that the demo asks.
const INSIGHTS: [&str; 3] = ["top_songs", "hour_profile", "level_mix"];

/// What real logs suffer from and a load mends: names that went through two wrong decodings.
const FAULTS: &str = "garbled=40%";

pub(super) fn run(args: &DemoArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let folder = &args.out;
    let (logs, songs) = (folder.join("log_data"), folder.join("song_data"));
    claim(folder)?;
    let sources = load::sources(settings, interrupt);
    make(folder, settings, &sources, interrupt)?;

    let mut settings = settings.clone();
    settings.logs = Some(Location::parse(&logs.display().to_string())?);
    settings.songs = Some(Location::parse(&songs.display().to_string())?);
    settings.warehouse = WarehouseUrl::DuckDb(folder.join("sparkify.duckdb"));
    let options = load::load_options(&settings, false, false);
    let loaded = load::load(&settings, &sources, &options, interrupt)?;
    tell(&format!("\n{loaded}\n"))?;

    let mut warehouse = open_read_only(&settings, interrupt)?;
    tell(&check::summary(&mut warehouse, &settings)?)?;
    let names = INSIGHTS.map(str::to_owned);
    let question = Question { top: Some(5), ..Question::default() };
    insights::print_answers(&mut warehouse, &catalogue::named(&names)?, &question, interrupt)?;
    let page = folder.join("report.html");
    report::write(&mut warehouse, &settings, &page, interrupt)?;
    let is_shown = std::io::stdout().is_terminal() && report::has_screen();
    if is_shown {
        report::open(&page);
    }
    tell(&format!("\nThe report is {}{}.\n", page.display(), if is_shown { ", and opens in the browser" } else { "" }))?;
    let path = settings.warehouse.to_string();
    tell(&format!(
        "The database is {path}. Go on with\n  \
         sparkify insights --list --warehouse {path}    (all questions)\n  \
         sparkify sql \"select * from users limit 5\" --warehouse {path}\n  \
         sparkify load --logs {} --songs {} --warehouse {path}    (nothing new: done at once)\n  \
         sparkify simulate --help    (more data, other seeds)\n",
        logs.display(),
        songs.display()
    ))?;
    Ok(EXIT_DONE)
}

/// Prints while the demo goes on, even if nobody reads it: it is done when its folder is.
fn tell(text: &str) -> Result<()> {
    conclude(EXIT_DONE, Prints::Notice, || print(text)).map(drop)
}

/// The name of the file that says that a folder is the demo's.
const MARK: &str = ".sparkify-demo";

/// Takes a folder that is new, empty or the demo's from before. What else is in a folder, a warehouse above all, is not the
/// demo's to write to.
fn claim(folder: &Path) -> Result<()> {
    let mark = folder.join(MARK);
    // The ground truth is what demos of older versions are known by.
    if mark.exists() || folder.join("faults.json").exists() {
        return Ok(());
    }
    match std::fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                let message = format!("the folder {} exists already and was not created by `sparkify demo`", folder.display());
                return Err(Error::new(Kind::Usage, message).with_hint("name a new folder with --out"));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(folder).map_err(|e| io_error(folder.display(), "create", e))?;
        }
        Err(error) => return Err(io_error(folder.display(), "read", error)),
    }
    std::fs::write(&mark, "This folder was created by `sparkify demo`; it can be deleted.\n")
        .map_err(|e| io_error(mark.display(), "write", e))
}

/// Simulates a month, unless that was done before.
fn make(folder: &Path, settings: &Settings, sources: &Sources, interrupt: &Interrupt) -> Result<()> {
    let store = Store::at(&Location::parse(&folder.display().to_string())?, sources);
    // What was spoilt is written down last, so all else is there with it.
    if folder.join("faults.json").exists() {
        return tell(&format!("The simulated month in {} exists already.\n", folder.display()));
    }
    let mut plan = Plan::new()?;
    // Of the worlds tried, one whose last week has no day so quiet that the checks warn of it.
    plan.seed = 2;
    plan.songs = 160;
    plan.growth_rate = 1.0;
    plan.threads = settings.threads;
    plan.faults = Some(Faults::parse(FAULTS)?);
    let progress = SimulateProgress::new(plan.from_ms, plan.to_ms, false);
    let started = Instant::now();
    let outcome = simulate::simulate(&plan, &store, interrupt, &progress);
    progress.finish();
    let outcome = outcome?;
    tell(&format!(
        "Simulated a month in {}: {} events of {} users, {} songs, in {:.2} s.\n",
        folder.display(),
        thousands(outcome.events),
        outcome.users_ever,
        outcome.songs,
        started.elapsed().as_secs_f64()
    ))
}
