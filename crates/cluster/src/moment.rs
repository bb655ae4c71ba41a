//! Times as the stack stores them, and as users read them.

use chrono::{DateTime, NaiveDateTime, Utc};

/// The form of scheduled actions: UTC without a zone.
const FORM: &str = "%Y-%m-%dT%H:%M:%S";

/// The text for a time that never comes.
pub(super) const NEVER: &str = "never";

/// For the stack.
pub(super) fn spelled(at: DateTime<Utc>) -> String {
    at.format(FORM).to_string()
}

/// From the stack.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, FORM).ok().map(|at| at.and_utc())
}

/// For users.
pub(super) fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A duration for users: `2 d 3 h`, `3 h 5 min`, `12 min`, `40 s`.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        86_400.. => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
        3600.. => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        let at = read("2026-11-21T18:30:00").unwrap();
        assert_eq!((spelled(at).as_str(), shown(at).as_str()), ("2026-11-21T18:30:00", "2026-11-21 18:30 UTC"));
        assert_eq!(read(NEVER), None);
    }

    #[test]
    fn durations() {
        let all: Vec<String> = [-5, 40, 720, 11_100, 183_600].into_iter().map(duration).collect();
        assert_eq!(all, ["0 s", "40 s", "12 min", "3 h 5 min", "2 d 3 h"]);
    }
}
