//! `sparkify load`: what is new in the sources goes into the warehouse.

use std::fmt::Write as _;
use std::time::Instant;

use super::{Found, commented, one_line, open, open_options, stack, try_connect};
use crate::budget::Budget;
use crate::cli::LoadArgs;
use crate::error::{EXIT_DONE, Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, json_of, note, print, sanitized_lines};
use crate::pipeline::{self, LoadOptions};
use crate::plan::{self, Plan};
use crate::progress::LoadProgress;
use crate::refresh::Forgotten;
use crate::report::RunReport;
use crate::settings::Settings;
use crate::source::Sources;
use crate::stage::Progress;
use crate::warehouse::recorder::Script;
use crate::warehouse::{SCHEMA_VERSION, WarehouseUrl};

pub(super) fn run(args: &LoadArgs, settings: Settings, interrupt: &Interrupt) -> Result<u8> {
    if settings.logs.is_none() && settings.songs.is_none() {
        return Err(Error::new(Kind::Settings, "neither logs nor songs are set, so there is nothing to load")
            .with_hint("pass --logs and --songs, or set them in sparkify.toml; `sparkify demo` needs neither"));
    }
    if args.dry_run {
        let (settings, found) = try_connect(settings, interrupt)?;
        return dry_run(args, &settings, interrupt, found);
    }
    let settings = &stack::looked_up(settings, interrupt)?;
    let sources = sources(settings, interrupt);
    let mut options = load_options(settings, args.full_refresh, args.keep_staging);
    options.forget_missing = args.forget_missing;
    let report = match load(settings, &sources, &options, interrupt) {
        Ok(report) => report,
        Err(error) => {
            if args.json
                && let Some(details) = error.details()
            {
                conclude(error.exit_code(), Prints::Product, || print(&refused(&error, details, &settings.warehouse)))?;
            }
            return Err(error);
        }
    };
    let text = if args.json { format!("{}\n", json_of(&report)) } else { sanitized_lines(&report.to_string()) };
    for (file, error) in report.bad_files.iter().filter(|_| args.json) {
        note(&format!("left out {}\n", sanitized_lines(&format!("{file}: {error}"))));
    }
    conclude(report.exit_code(), Prints::Notice, || print(&text))
}

/// A refusal for scripts.
fn refused(error: &Error, details: &serde_json::Value, warehouse: &WarehouseUrl) -> String {
    let refused = serde_json::json!({
        "status": "refused",
        "warehouse": warehouse.to_string(),
        "error": error.report(),
        "hint": error.hint(),
        "would_forget": details,
    });
    format!("{}\n", json_of(&refused))
}

/// The sources, which stop when the user interrupts.
pub(super) fn sources(settings: &Settings, interrupt: &Interrupt) -> Sources {
    let sources = Sources::new(settings.s3.clone()).following_links(settings.follow_links);
    let stop = sources.stop();
    interrupt.on_set(move || stop.stop());
    sources
}

/// How a load with these settings goes about it.
pub(super) fn load_options(settings: &Settings, full_refresh: bool, keep_staging: bool) -> LoadOptions {
    LoadOptions {
        full_refresh,
        forget_missing: false,
        skip_bad_files: settings.skip_bad_files,
        max_rejects: settings.max_rejects,
        keep_staging,
        reads: true,
        threads: settings.threads,
        budget: Budget::of(settings.memory),
        limits: settings.checks.clone(),
        fingerprint: settings.fingerprint(),
    }
}

/// Lists, plans and loads, with progress on stderr.
pub(super) fn load(settings: &Settings, sources: &Sources, options: &LoadOptions, interrupt: &Interrupt) -> Result<RunReport> {
    let started = Instant::now();
    let (logs, songs) = plan::list(sources, settings.logs.as_ref(), settings.songs.as_ref())?;
    let mut warehouse = open(settings, interrupt)?;
    let known = warehouse.known_files()?;
    let plan = Plan::new(logs, songs, &known, options.full_refresh);
    let mut report = if plan.files() == 0 && !options.full_refresh {
        pipeline::nothing_new(&mut warehouse, &plan)?
    } else {
        let progress = LoadProgress::new(plan.files(), plan.bytes());
        let loaded = pipeline::load(&mut warehouse, sources, &plan, options, &progress);
        progress.finish();
        // That nothing was changed is not known of every failure.
        let is_undone = |error: &Error| error.kind() != Kind::OutcomeUnknown;
        loaded.map_err(|error| if interrupt.is_set() && is_undone(&error) { Error::interrupted() } else { error })?
    };
    // Closing writes what the commit left to write, which belongs to the load.
    drop(warehouse);
    report.warehouse = settings.warehouse.to_string();
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// What a full refresh would forget, as comments of a script.
fn told(forgotten: &Forgotten, is_agreed: bool) -> String {
    let mut text = format!("-- would forget {}\n", one_line(&forgotten.sentence()));
    for line in forgotten.lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "--   {}", one_line(&line));
    }
    if !is_agreed {
        text.push_str("-- so the full refresh would be refused; with --forget-missing it would go on\n");
    }
    text
}

/// Prints what a load would do, as a script: statements, and comments for all else.
fn dry_run(args: &LoadArgs, settings: &Settings, interrupt: &Interrupt, found: Found) -> Result<u8> {
    let sources = &sources(settings, interrupt);
    let (logs, songs) = plan::list(sources, settings.logs.as_ref(), settings.songs.as_ref())?;
    let Found { mut warehouse, version, unreachable } = found;
    let known = match &mut warehouse {
        Some(warehouse) if version.is_some() => warehouse.known_files()?,
        _ => Vec::new(),
    };
    let plan = Plan::new(logs, songs, &known, args.full_refresh);

    let mut head = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(head, "-- dry run: nothing is changed");
    let state = match (&unreachable, version) {
        (Some(_), _) => " (cannot be reached, so every file counts as new)",
        (None, Some(SCHEMA_VERSION)) => "",
        (None, Some(_)) => " (its tables would be migrated)",
        (None, None) => " (would be created)",
    };
    let _ = writeln!(head, "-- warehouse: {}{state}", settings.warehouse);
    if let Some(error) = &unreachable {
        head.push_str(&commented(error));
    }
    let _ = writeln!(
        head,
        "-- {} of {} files would be loaded, {} bytes; {} are known already",
        plan.files(),
        plan.listed,
        plan.bytes(),
        plan.listed - plan.files()
    );
    for file in plan.songs.iter().chain(&plan.logs) {
        let _ = writeln!(head, "-- file: {} ({} bytes)", one_line(&file.display_name()), file.size);
    }
    if !plan.logs.is_empty() {
        head.push_str("-- no event was read: their times stand here as 1970-01-01\n");
    }
    for (name, why) in &plan.passed_over {
        let _ = writeln!(head, "-- passed over: {} ({why})", one_line(name));
    }

    let forgotten = match &mut warehouse {
        Some(warehouse) if version.is_some() && args.full_refresh => Forgotten::find(warehouse, &plan, &[])?,
        _ => None,
    };
    if let Some(forgotten) = &forgotten {
        head.push_str(&told(forgotten, args.forget_missing));
        if !args.forget_missing {
            print(&head)?;
            return Ok(EXIT_DONE);
        }
    }

    let last_file_no = match &mut warehouse {
        Some(warehouse) if version.is_some() => warehouse.last_file_no()?,
        _ => 0,
    };
    let script = Script::into_tables(version, last_file_no);
    let mut recorded = settings.warehouse.recording(&open_options(settings, interrupt), script.clone());
    recorded.ensure_schema()?;
    if plan.files() > 0 || args.full_refresh {
        let options = LoadOptions {
            reads: false,
            forget_missing: args.forget_missing,
            ..load_options(settings, args.full_refresh, args.keep_staging)
        };
        pipeline::load(&mut recorded, sources, &plan, &options, &Unseen)?;
    }
    print(&format!("{head}{}", script.text()))?;
    Ok(EXIT_DONE)
}

/// Progress that nobody watches.
struct Unseen;

impl Progress for Unseen {
    fn bytes(&self, _: u64) {}
    fn file_done(&self) {}
}
