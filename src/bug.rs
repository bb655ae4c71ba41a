//! The one place where a panic ends, on whichever thread it was: as an error that says what to send to us.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Kind, Result};

/// Where to send it.
const REPORTS: &str =
    concat!("please report this bug with the text above to the maintainers of sparkify ", env!("CARGO_PKG_VERSION"));

/// The first panic, which the others most likely follow from.
static FIRST: Mutex<Option<Panic>> = Mutex::new(None);

struct Panic {
    /// What was wrong, and where in which thread.
    text: String,
}

/// Runs a command. A panic of it, or of a thread of its, is a [`Kind::Bug`] afterwards.
///
/// # Errors
/// What the command reports.
pub fn contained(arguments: impl Iterator<Item = OsString>, verbs: &[&str], run: impl FnOnce() -> Result<u8>) -> Result<u8> {
    let command = without_values(arguments, verbs);
    // In place of the usual one, which writes to stderr, and panics where that is full.
    set_hook(Box::new(keep));
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, first) {
        (Ok(outcome), None) => outcome,
        (Ok(Ok(code)), Some(panic)) => {
            tracing::warn!("{}", bug(&panic, &command).report());
            Ok(code)
        }
        // What a thread leaves undone has other names where it is missed.
        (Ok(Err(error)), Some(panic)) => Err(bug(&panic, &command).caused_by(error)),
        (Err(_), Some(panic)) => Err(bug(&panic, &command)),
        (Err(_), None) => Err(bug(&Panic { text: "unknown".to_owned() }, &command)),
    }
}

fn keep(info: &PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("unknown");
    let place = info.location().map_or_else(String::new, |place| format!(", at {place}"));
    let thread = std::thread::current().name().map_or_else(String::new, |name| format!(", thread {name}"));
    // Only where the user asked for one.
    let backtrace = Backtrace::capture();
    let backtrace = if backtrace.status() == BacktraceStatus::Captured { format!("\n{backtrace}") } else { String::new() };
    let panic = Panic { text: format!("{what}{place}{thread}{backtrace}") };
    FIRST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
}

fn bug(panic: &Panic, command: &str) -> Error {
    let system = format!("{} on {}", std::env::consts::ARCH, std::env::consts::OS);
    let message = format!("`{command}` hit a bug in sparkify ({system}): {}", panic.text);
    Error::new(Kind::Bug, message).with_hint(REPORTS)
}

/// The command line without anything that a user chose: values may be secrets, or names of people.
fn without_values(arguments: impl Iterator<Item = OsString>, verbs: &[&str]) -> String {
    let mut shown = vec!["sparkify".to_owned()];
    for argument in arguments.skip(1) {
        let text = argument.to_string_lossy();
        let is_flag = text.strip_prefix("--").is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
        let is_verb = verbs.contains(&text.as_ref()) && !shown.iter().any(|word| verbs.contains(&word.as_str()));
        if is_flag {
            let name = text.split('=').next().unwrap_or_default();
            let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            shown.push(if is_name { name.to_owned() } else { "…".to_owned() });
        } else if is_verb {
            shown.push(text.into_owned());
        } else if shown.last().is_none_or(|last| last != "…") {
            shown.push("…".to_owned());
        }
    }
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_not_shown() {
        let shown = |arguments: &[&str]| without_values(arguments.iter().map(OsString::from), &["sql", "load"]);
        assert_eq!(
            shown(&["/opt/bin/sparkify", "-v", "sql", "from secret", "--format=json", "--warehouse", "postgres://u:pw@h/d"]),
            "sparkify … sql … --format --warehouse …"
        );
        assert_eq!(shown(&["sparkify", "load", "load", "--Secret", "--logs", "--"]), "sparkify load … --logs …");
    }
}
