//! `sparkify simulate`: logs and song files of invented users, on disk, in a bucket or on standard output.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::load;
use crate::cli::{LogFormat, Packing, SimulateArgs};
use crate::error::{EXIT_DONE, Error, Kind, Result, io_error};
use crate::interrupt::Interrupt;
use crate::output::{Prints, conclude, note, print};
use crate::progress::SimulateProgress;
use crate::report::thousands;
use crate::settings::Settings;
use crate::simulate::{self, Config, DAY, Faults, Format, Outcome, Plan, Shard, Store};
use crate::source::{Compression, Location, Sources};

pub(super) fn run(args: &SimulateArgs, settings: &Settings, interrupt: &Interrupt) -> Result<u8> {
    let sources = load::sources(settings, interrupt);
    let mut plan = plan(args, &sources)?;
    plan.threads = settings.threads;
    let store = store(args, &mut plan, &sources)?;
    let is_stream = matches!(store, Store::Standard);
    let progress = SimulateProgress::new(plan.from_ms, plan.to_ms, is_stream);
    let started = Instant::now();
    let done = simulate::simulate(&plan, &store, interrupt, &progress);
    progress.finish();
    // Written without an end, it is done when the user says so.
    let mut outcome = match done {
        Err(error) if error.kind() == Kind::Interrupted && is_stream && plan.continuous => return Ok(EXIT_DONE),
        Err(error) if error.kind() == Kind::Interrupted => {
            return Err(Error::new(Kind::Interrupted, "interrupted; the files that are there are whole"));
        }
        other => other?,
    };
    outcome.seconds = started.elapsed().as_secs_f64();
    args.out.as_deref().unwrap_or("-").clone_into(&mut outcome.out);
    if is_stream {
        note(&format!("{}\n", rate(&outcome)));
        return Ok(EXIT_DONE);
    }
    let text = if args.json { format!("{}\n", serde_json::json!(outcome)) } else { summary(&outcome, &plan, args) };
    conclude(EXIT_DONE, Prints::Notice, || print(&text))
}

fn usage(message: &str, hint: &str) -> Error {
    Error::new(Kind::Usage, message).with_hint(hint)
}

/// What the flags and the configuration ask for.
fn plan(args: &SimulateArgs, sources: &Sources) -> Result<Plan> {
    let config_file = args.config.as_deref().filter(|path| path.extension().is_none_or(|ending| ending != "toml"));
    let mut plan = Plan::new()?;
    if args.compat {
        // eventsim's own defaults.
        (plan.users, plan.compat) = (1, true);
    }
    if let Some(path) = config_file {
        let config = read_config(path, args.compat)?;
        plan.model = config.model.clone();
        apply(&mut plan, &config);
    }
    let config_wins = if args.compat { config_file.map(|path| read_config(path, true)).transpose()? } else { None };
    plan.seed = args.seed.unwrap_or(plan.seed);
    plan.users = args.users.unwrap_or(plan.users);
    plan.growth_rate = rate_of("--growth-rate", args.growth_rate, plan.growth_rate)?;
    plan.attrition_rate = rate_of("--attrition-rate", args.attrition_rate, plan.attrition_rate)?;
    plan.first_user_id = args.first_user_id.unwrap_or(plan.first_user_id);
    plan.tag = args.tag.clone().or(plan.tag);
    if let Some(config) = config_wins {
        // There, what the configuration says of these counts more than the command line.
        plan.users = config.users.unwrap_or(plan.users);
        plan.growth_rate = config.growth_rate.unwrap_or(plan.growth_rate);
        plan.first_user_id = config.first_user_id.unwrap_or(plan.first_user_id);
    }
    if args.compat {
        plan.first_user_id += 1;
    }
    set_times(&mut plan, args, config_file.is_some())?;
    plan.songs = args.songs;
    if let Some(catalogue) = &args.catalogue {
        plan.catalogue = Some(simulate::read_catalogue(sources, &Location::parse(catalogue)?)?);
        plan.unmatched = 0.0;
    }
    if let Some(unmatched) = args.unmatched {
        if !(0.0..=1.0).contains(&unmatched) {
            return Err(usage(&format!("--unmatched is {unmatched}, which is not a share"), "expected a share from 0 to 1"));
        }
        plan.unmatched = unmatched;
    }
    plan.format = match args.format {
        LogFormat::Udacity => Format::Udacity,
        LogFormat::Eventsim => Format::Eventsim,
    };
    plan.compression = match args.compress {
        None => Compression::None,
        Some(Packing::Gzip) => Compression::Gzip,
        Some(Packing::Zstd) => Compression::Zstd,
    };
    plan.continuous = args.continuous;
    plan.shard = args.shard.as_deref().map_or(Ok(Shard::WHOLE), parse_shard)?;
    plan.faults = args.faults.as_deref().map(Faults::parse).transpose()?;
    check(&plan)?;
    Ok(plan)
}

fn read_config(path: &Path, compat: bool) -> Result<Config> {
    let text = std::fs::read_to_string(path).map_err(|e| io_error(path.display(), "read", e))?;
    let config = Config::parse(&path.display().to_string(), &text, compat)?;
    for warning in &config.warnings {
        tracing::warn!("{}: {warning}", path.display());
    }
    Ok(config)
}

/// What a configuration says besides the model.
fn apply(plan: &mut Plan, config: &Config) {
    plan.seed = config.seed.unwrap_or(plan.seed);
    plan.users = config.users.unwrap_or(plan.users);
    plan.growth_rate = config.growth_rate.unwrap_or(plan.growth_rate);
    plan.attrition_rate = config.attrition_rate.unwrap_or(plan.attrition_rate);
    plan.first_user_id = config.first_user_id.unwrap_or(plan.first_user_id);
    plan.tag.clone_from(&config.tag);
    // eventsim looks for the dates before it has read the file.
    if !plan.compat {
        if let Some(from) = config.from_ms {
            plan.to_ms = from + (plan.to_ms - plan.from_ms);
            plan.from_ms = from;
        }
        plan.to_ms = config.to_ms.unwrap_or(plan.to_ms);
    }
}

fn set_times(plan: &mut Plan, args: &SimulateArgs, has_config: bool) -> Result<()> {
    let time = |flag: &str, text: &str| {
        let wrong = || {
            usage(
                &format!("{flag} is `{text}`, which is not a date"),
                "expected a date such as 2026-09-01 or 2026-09-01T12:00:00",
            )
        };
        simulate::parse_time(text).ok_or_else(wrong)
    };
    let length = plan.to_ms - plan.from_ms;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64 * 1000);
    match &args.from {
        Some(from) => plan.from_ms = time("--from", from)?,
        None if args.continuous => plan.from_ms = now,
        None => {}
    }
    match &args.to {
        Some(to) => plan.to_ms = time("--to", to)?,
        // Without an end, or nearly.
        None if args.continuous => plan.to_ms = plan.from_ms + 3_650 * DAY * 1000,
        None if args.from.is_some() => plan.to_ms = plan.from_ms + length,
        None => {}
    }
    if plan.to_ms <= plan.from_ms {
        let (from, to) = (simulate::show_time(plan.from_ms), simulate::show_time(plan.to_ms));
        let hint = if has_config { "set --from and --to, or start-date and end-date" } else { "set --from and --to" };
        return Err(usage(&format!("it would end ({to}) before it begins ({from})"), hint));
    }
    Ok(())
}

fn rate_of(flag: &str, given: Option<f64>, default: f64) -> Result<f64> {
    match given {
        Some(rate) if !(0.0..=1000.0).contains(&rate) => {
            Err(usage(&format!("{flag} is {rate}, which is not a rate"), "expected a share of the users per year, such as 0.3"))
        }
        given => Ok(given.unwrap_or(default)),
    }
}

fn parse_shard(text: &str) -> Result<Shard> {
    let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse::<u64>().ok()?, n.parse::<u64>().ok()?)));
    match numbers {
        Some((index, of)) if (1..=of).contains(&index) && of <= 100_000 => Ok(Shard { index: index - 1, of }),
        _ => Err(usage(
            &format!("--shard is `{text}`, which is not a part of a whole"),
            "expected for example 1/4, 2/4, 3/4 or 4/4",
        )),
    }
}

/// What does not go together.
fn check(plan: &Plan) -> Result<()> {
    if plan.users == 0 {
        return Err(usage("there are no users, so nothing happens", "set --users"));
    }
    if plan.users.checked_add(plan.first_user_id).is_none_or(|last| last > i64::MAX.cast_unsigned() / 2)
        || plan.users > 200_000_000
    {
        return Err(usage("too many users", "name at most 200000000, or use --shard with several runs"));
    }
    if plan.songs > 5_000_000 {
        return Err(usage("too many songs", "name at most 5000000"));
    }
    if plan.continuous && plan.format == Format::Udacity {
        return Err(usage("--continuous writes one stream, not a file a day", "add --format eventsim"));
    }
    if plan.faults.as_ref().is_some_and(Faults::needs_days) && plan.format == Format::Eventsim {
        return Err(usage("late, truncated, duplicate-file and missing-day need a file a day", "use --format udacity"));
    }
    Ok(())
}

/// Where it goes. What is there already is never overwritten or mixed with.
fn store(args: &SimulateArgs, plan: &mut Plan, sources: &Sources) -> Result<Store> {
    let out = args.out.as_deref().filter(|out| *out != "-");
    match (out, plan.format) {
        (None, Format::Udacity) => Err(usage("--out is missing", "name a folder or an s3:// prefix, or add --format eventsim")),
        (None, Format::Eventsim) if plan.faults.is_some() => {
            Err(usage("--faults needs a place for the ground truth beside the log", "name a file with --out"))
        }
        (None, Format::Eventsim) if args.json => {
            Err(usage("standard output carries the log already", "leave --json out, or name a file with --out"))
        }
        (None, Format::Eventsim) => Ok(Store::Standard),
        (Some(out), Format::Eventsim) => {
            let (folder, name) = match out.rsplit_once('/') {
                Some((folder, name)) if !name.is_empty() && !folder.ends_with('/') => (folder, name),
                None => (".", out),
                _ => return Err(usage(&format!("`{out}` does not name a file"), "--format eventsim writes one file")),
            };
            let exists = match Location::parse(out)?.path() {
                Some(path) => path.exists(),
                None => is_taken(sources, folder, "", &format!("/{name}"))?,
            };
            if exists {
                return Err(usage(&format!("{out} exists already"), "name another file, or remove this one"));
            }
            name.clone_into(&mut plan.file);
            let folder = if folder.is_empty() { "/" } else { folder };
            Ok(Store::at(&Location::parse(folder)?, sources))
        }
        (Some(out), Format::Udacity) => {
            // Shards share a folder, under names of their own.
            let marker =
                if plan.shard.of > 1 { format!("-{}-of-{}.json", plan.shard.index + 1, plan.shard.of) } else { String::new() };
            let songs = if plan.catalogue.is_none() && plan.shard.of == 1 { Some("song_data") } else { None };
            for folder in std::iter::once("log_data").chain(songs) {
                if is_taken(sources, out, folder, &marker)? {
                    let message = format!("{out} holds a folder {folder} already");
                    return Err(usage(&message, "choose another place, or remove what is there"));
                }
            }
            let store = Store::at(&Location::parse(out)?, sources);
            Ok(store)
        }
    }
}

/// Whether a folder has files with this in their names.
fn is_taken(sources: &Sources, out: &str, folder: &str, marker: &str) -> Result<bool> {
    let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let location = Location::parse(&format!("{}/{folder}", out.trim_end_matches('/')))?;
    match sources.list(&location) {
        Ok(listing) => Ok(listing.files.iter().any(|file| file.url.contains(marker))),
        Err(error) if error.kind() == Kind::SourceMissing => Ok(false),
        Err(error) => Err(error),
    }
}

fn rate(outcome: &Outcome) -> String {
    let rate = (outcome.events as f64 / outcome.seconds.max(1e-6)) as u64;
    let mb = outcome.log_bytes as f64 / 1e6;
    format!("{} events in {:.2} s ({} a second, {mb:.1} MB)", thousands(outcome.events), outcome.seconds, thousands(rate))
}

fn summary(outcome: &Outcome, plan: &Plan, args: &SimulateArgs) -> String {
    let out = outcome.out.trim_end_matches('/');
    let mut text = format!("Simulated {} up to {} into {out}\n", outcome.from, outcome.to);
    // Writing to a String cannot fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<10}  {value}");
    };
    line("events", rate(outcome));
    line("sessions", thousands(outcome.sessions));
    let (first, ever, left) = (outcome.users_at_first, outcome.users_ever, outcome.users_left);
    line("users", format!("{} at first, {} came, {} left", thousands(first), thousands(ever - first), thousands(left)));
    line("log", format!("{} files, {} lines", thousands(outcome.log_files), thousands(outcome.lines)));
    if outcome.songs > 0 {
        line("songs", format!("{} files", thousands(outcome.songs)));
    }
    if plan.faults.is_some() {
        let folder = if plan.format == Format::Eventsim { out.rsplit_once('/').map_or(".", |(folder, _)| folder) } else { out };
        line("faults", format!("recorded in {folder}/{}", plan.fault_report_name()));
    }
    if plan.format == Format::Udacity {
        let songs = args.catalogue.clone().unwrap_or_else(|| format!("{out}/song_data"));
        let _ = writeln!(text, "Load it with\n  sparkify load --logs {out}/log_data --songs {songs}");
    }
    text
}
