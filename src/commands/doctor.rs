//! `sparkify doctor`: can the warehouse be reached and used, and what to do if not?

use super::{open_options, stack};
use crate::cli::DoctorArgs;
use crate::error::{EXIT_DONE, Result};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, print, sanitized_lines};
use crate::settings::Settings;
use crate::source::{Location, Sources};
use crate::warehouse::{Probe, WarehouseUrl};

/// Exit code when something is amiss.
const EXIT_AMISS: u8 = 1;

pub(super) fn run(args: &DoctorArgs, settings: Settings, interrupt: &Interrupt) -> Result<u8> {
    let mut found = Vec::new();
    let settings = match &settings.warehouse {
        WarehouseUrl::Redshift(url) if url.is_of_stack() => {
            let looked_up = stack::looked_up(settings.clone(), interrupt);
            let (settings, outcome) = match looked_up {
                Ok(looked_up) => {
                    let place = looked_up.warehouse.to_string();
                    (looked_up, Ok(place))
                }
                Err(error) => (settings, Err(error)),
            };
            found.push(Probe { what: "stack", outcome });
            settings
        }
        _ => settings,
    };
    if found.iter().all(|step| step.outcome.is_ok()) {
        found.extend(settings.warehouse.diagnose(&open_options(&settings, interrupt)));
    }
    let sources = Sources::new(settings.s3.clone()).following_links(settings.follow_links);
    for (what, location) in [("logs", &settings.logs), ("songs", &settings.songs)] {
        if let Some(location) = location {
            found.push(Probe { what, outcome: look(&sources, location) });
        }
    }
    let amiss = found.iter().any(|step| step.outcome.is_err());
    let text = if args.json {
        let steps: Vec<serde_json::Value> = found.iter().map(as_json).collect();
        format!("{}\n", serde_json::json!({ "warehouse": settings.warehouse.to_string(), "steps": steps }))
    } else {
        found.iter().map(as_line).collect::<Vec<_>>().concat()
    };
    conclude(if amiss { EXIT_AMISS } else { EXIT_DONE }, Prints::Product, || print(&sanitized_lines(&text)))
}

fn look(sources: &Sources, location: &Location) -> Result<String> {
    let listing = sources.list(location)?;
    Ok(format!("{} files in {location}", listing.files.len()))
}

fn as_line(step: &Probe) -> String {
    match &step.outcome {
        Ok(how) => format!("ok      {}: {how}\n", step.what),
        Err(error) => {
            let remedy = if error.hint().is_empty() { String::new() } else { format!("        remedy: {}\n", error.hint()) };
            format!("FAILED  {}: {}\n{remedy}", step.what, error.report().replace('\n', "\n      "))
        }
    }
}

fn as_json(step: &Probe) -> serde_json::Value {
    match &step.outcome {
        Ok(how) => serde_json::json!({ "step": step.what, "ok": true, "found": how }),
        Err(error) => {
            serde_json::json!({ "step": step.what, "ok": false, "problem": error.report(), "remedy": error.hint() })
        }
    }
}
