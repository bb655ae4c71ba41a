//! The window that is asked, and what the answers over it stand on.

use chrono::{Days, NaiveDate, NaiveDateTime};
use serde_json::json;

use super::Insight;
use super::shared::{self, Kept};
use crate::error::{Error, Kind, Result};
use crate::report::thousands;
use crate::warehouse::{Answer, Param, SqlText, Value, Warehouse};

const BOUNDS: SqlText<'_> = SqlText { name: "footing/bounds", text: include_str!("../../sql/footing/bounds.sql") };
const PLAYS: SqlText<'_> = SqlText { name: "footing/plays", text: include_str!("../../sql/footing/plays.sql") };
const SESSIONS: SqlText<'_> = SqlText { name: "footing/sessions", text: include_str!("../../sql/footing/sessions.sql") };
const LAST_RUN: SqlText<'_> = SqlText { name: "footing/last_run", text: include_str!("../../sql/footing/last_run.sql") };

/// The most days that the queries' time spines have.
const MOST_DAYS: i64 = 100_000;

/// A level that plays have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// With adverts.
    Free,
    /// Paid for.
    Paid,
}

impl Level {
    /// As in the logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Paid => "paid",
        }
    }
}

/// A stretch of whole days in UTC: from the first on, up to the second, which is outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    from: NaiveDate,
    to: NaiveDate,
    /// The beginning, as the queries take it.
    pub since: String,
    /// The end, as the queries take it.
    pub until: String,
}

impl Window {
    /// A window of these days.
    #[must_use]
    pub fn new(from: NaiveDate, to: NaiveDate) -> Self {
        let midnight = |day: NaiveDate| day.format("%Y-%m-%d 00:00:00").to_string();
        Self { from, to, since: midnight(from), until: midnight(to) }
    }

    /// The days asked, or else those of the data.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a window that ends before it begins or is too long.
    pub fn resolve(from: Option<NaiveDate>, to: Option<NaiveDate>, data: Option<(NaiveDateTime, NaiveDateTime)>) -> Result<Self> {
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            let message = format!("the window from {from} to {to} is empty: its second day is outside");
            return Err(Error::new(Kind::Usage, message));
        }
        let (first, last) = data.map_or((NaiveDate::MIN, NaiveDate::MIN), |(first, last)| (first.date(), last.date()));
        let behind = last.checked_add_days(Days::new(1)).unwrap_or(last);
        let from = from.unwrap_or_else(|| if data.is_some() { first } else { to.unwrap_or_default() });
        let to = to.unwrap_or_else(|| if data.is_some() { behind.max(from) } else { from });
        let from = from.min(to);
        let days = (to - from).num_days();
        if days > MOST_DAYS {
            let message = format!("the window has {} days, more than {}", thousands(days as u64), thousands(MOST_DAYS as u64));
            return Err(Error::new(Kind::Usage, message).with_hint("narrow it with --from and --to"));
        }
        Ok(Self::new(from, to))
    }

    /// Whether it has no day.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// How many days it has.
    #[must_use]
    pub fn days(&self) -> i64 {
        (self.to - self.from).num_days()
    }

    /// Its first day.
    #[must_use]
    pub fn from_date(&self) -> String {
        self.from.to_string()
    }

    /// The day behind its last.
    #[must_use]
    pub fn to_date(&self) -> String {
        self.to.to_string()
    }

    /// The last `days` of it, or all if it has fewer, and as many days before those.
    #[must_use]
    pub fn last_and_before(&self, days: i64) -> (Self, Self) {
        let length = chrono::Duration::days(days.min(self.days()));
        let middle = self.to.checked_sub_signed(length).unwrap_or(self.from);
        let start = middle.checked_sub_signed(length).unwrap_or(middle);
        (Self::new(middle, self.to), Self::new(start, middle))
    }

    /// Whether it begins no earlier than the data.
    #[must_use]
    pub fn is_covered_by(&self, data: (NaiveDateTime, NaiveDateTime)) -> bool {
        data.0.date() <= self.from
    }
}

/// What an answer stands on.
#[derive(Debug, Clone, Default)]
pub struct Footing {
    /// From when to when there are events; none in an empty warehouse.
    pub data: Option<(NaiveDateTime, NaiveDateTime)>,
    /// Plays in the window, at the level asked.
    pub plays: u64,
    /// Of these, plays that have a song of the catalogue.
    pub matched: u64,
    /// Distinct users behind the plays.
    pub listeners: u64,
    /// Sessions in the window, and those whose last event is a play, where they matter.
    pub sessions: Option<(u64, u64)>,
    /// The run that changed the warehouse last.
    pub run_id: Option<String>,
    /// What the insights share.
    pub(super) kept: Kept,
}

/// From when to when the warehouse has events.
///
/// # Errors
/// What the engine reports.
pub fn data_bounds(warehouse: &mut dyn Warehouse) -> Result<Option<(NaiveDateTime, NaiveDateTime)>> {
    let answer = warehouse.answer(BOUNDS, &[])?;
    let time = |column| match value(&answer, column) {
        Some(Value::Text(text)) => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok(),
        _ => None,
    };
    Ok(time(0).zip(time(1)))
}

impl Footing {
    /// Gathers it for the insights that are asked.
    ///
    /// # Errors
    /// What the engine reports.
    pub fn of(
        warehouse: &mut dyn Warehouse,
        data: Option<(NaiveDateTime, NaiveDateTime)>,
        window: &Window,
        level: Option<Level>,
        asked: &[Insight],
    ) -> Result<Self> {
        let parameters = [
            Param::new("since", window.since.as_str()),
            Param::new("until", window.until.as_str()),
            Param::new("level", level.map(Level::name)),
        ];
        let run = warehouse.answer(LAST_RUN, &[])?;
        let run_id = match value(&run, 0) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let mut footing = Self { data, run_id, ..Self::default() };
        if data.is_none() || window.is_empty() {
            return Ok(footing);
        }
        let plays = warehouse.answer(PLAYS, &parameters)?;
        (footing.plays, footing.matched, footing.listeners) = (count(&plays, 0), count(&plays, 1), count(&plays, 2));
        if asked.iter().any(|insight| insight.sessions_matter) {
            let answer = warehouse.answer(SESSIONS, &parameters)?;
            footing.sessions = Some((count(&answer, 0), count(&answer, 1)));
        }
        footing.kept = shared::keep(warehouse, asked, window, level)?;
        Ok(footing)
    }

    /// From when to when there is data, in words.
    #[must_use]
    pub fn data_text(&self) -> String {
        let minute = "%Y-%m-%d %H:%M";
        let text = |(first, last): (NaiveDateTime, NaiveDateTime)| {
            format!("from {} to {} UTC", first.format(minute), last.format(minute))
        };
        self.data.map_or_else(|| "empty".to_owned(), text)
    }

    /// The footing in a line.
    #[must_use]
    pub fn text(&self, window: &Window) -> String {
        let mut parts = vec![
            format!("{} to {}", window.from_date(), window.to_date()),
            format!("{} plays by {} listeners", thousands(self.plays), thousands(self.listeners)),
        ];
        if self.plays > 0 {
            parts.push(format!("{} of them matched", percent(self.matched as f64 / self.plays as f64)));
        }
        if let Some((sessions, open)) = self.sessions.filter(|(sessions, _)| *sessions > 0) {
            let share = percent(open as f64 / sessions as f64);
            parts.push(format!("{share} of {} sessions end with a play, whose end is not known", thousands(sessions)));
        }
        if let Some((_, last)) = self.data {
            parts.push(format!("data through {} UTC", last.format("%Y-%m-%d %H:%M")));
        }
        parts.extend(self.run_id.as_ref().map(|run| format!("run {run}")));
        parts.join(" · ")
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let time = |t: NaiveDateTime| t.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        json!({
            "plays": self.plays,
            "matched": self.matched,
            "match_rate": (self.plays > 0).then(|| self.matched as f64 / self.plays as f64),
            "listeners": self.listeners,
            "sessions": self.sessions.map(|(sessions, _)| sessions),
            "censored_sessions": self.sessions.map(|(_, open)| open),
            "data_from": self.data.map(|(first, _)| time(first)),
            "data_through": self.data.map(|(_, last)| time(last)),
            "run_id": self.run_id,
        })
    }
}

/// A part of a whole as people read it; small ones do not become nothing.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.1 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

fn value(answer: &Answer, column: usize) -> Option<&Value> {
    answer.rows.first()?.get(column)
}

fn count(answer: &Answer, column: usize) -> u64 {
    match value(answer, column) {
        Some(Value::Integer(n)) => u64::try_from(*n).unwrap_or(0),
        Some(Value::Text(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}
