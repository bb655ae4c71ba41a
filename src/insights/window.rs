//! The window that is asked, and what the answers over it stand on.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::json;

use super::Insight;
use super::bulk::{DataRange, MOST_DAYS};
use super::shared::{self, Kept};
use crate::error::{Error, Kind, Result};
use crate::report::thousands;
use crate::warehouse::{Answer, Param, SqlText, Value, Warehouse, sql_file};

const PLAYS: SqlText<'_> = sql_file!("provenance/plays", named "footing/plays");
const SESSIONS: SqlText<'_> = sql_file!("provenance/sessions", named "footing/sessions");
const LAST_RUN: SqlText<'_> = sql_file!("provenance/last_run", named "footing/last_run");

/// The first day that all engines know.
pub const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
/// The last day that all engines know, so that a window can end before it.
pub const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

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

/// A range of whole days in UTC: from the first on, up to the second, which is outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    from: NaiveDate,
    to: NaiveDate,
    /// The ends asked for, where the data has fewer days.
    asked: Option<(NaiveDate, NaiveDate)>,
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
        Self { from, to, asked: None, since: midnight(from), until: midnight(to) }
    }

    /// The days asked that the data has, or else those of its bulk. Days before and behind the data are nobody's quiet days,
    /// so they are left out.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a window that ends before it begins or is too long.
    pub fn resolve(from: Option<NaiveDate>, to: Option<NaiveDate>, data: Option<DataRange>) -> Result<Self> {
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            let message = format!("the window from {from} to {to} is empty: its second day is outside");
            return Err(Error::new(Kind::Usage, message));
        }
        let Some(data) = data else {
            let from = from.or(to).unwrap_or_default();
            return Ok(Self::new(from, to.unwrap_or(from)));
        };
        let days = |(first, last): (NaiveDateTime, NaiveDateTime)| {
            // The day behind the last has to be a date that the engines share.
            (first.date(), last.date().checked_add_days(Days::new(1)).unwrap_or(LAST_DAY).min(LAST_DAY))
        };
        let ((bulk_first, bulk_behind), (first, behind)) = (days(data.bulk), days(data.whole));
        // An end that is not asked is the bulk's, or the data's where the bulk lies on the other side of the one that is.
        let asked_to = to.unwrap_or_else(|| match from {
            Some(from) if from >= bulk_behind => behind.max(from),
            _ => bulk_behind,
        });
        let other = if asked_to <= bulk_first { first } else { bulk_first };
        let asked_from = from.unwrap_or(other).min(asked_to);
        let (from, to) = (asked_from.max(first), asked_to.min(behind));
        let mut window = Self::new(from, to.max(from));
        if (from, to) != (asked_from, asked_to) {
            window.asked = Some((asked_from, asked_to));
        }
        let days = window.days();
        if days > MOST_DAYS {
            let day = |time: NaiveDateTime| time.format("%Y-%m-%d");
            let message = format!(
                "the window has {} days, more than {}; the data is from {} to {}",
                thousands(days as u64),
                thousands(MOST_DAYS as u64),
                day(data.whole.0),
                day(data.whole.1)
            );
            let hint = "narrow it with --from and --to; `sparkify check event_times` shows events whose times are off";
            return Err(Error::new(Kind::Usage, message).with_hint(hint));
        }
        Ok(window)
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

    /// Its first day; the one asked for where it has none.
    #[must_use]
    pub fn from_date(&self) -> String {
        self.shown().0.to_string()
    }

    /// The day behind its last; the one asked for where it has none.
    #[must_use]
    pub fn to_date(&self) -> String {
        self.shown().1.to_string()
    }

    /// The ends asked for, where they are others.
    #[must_use]
    pub fn asked(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.asked.filter(|_| !self.is_empty())
    }

    fn shown(&self) -> (NaiveDate, NaiveDate) {
        self.asked.filter(|_| self.is_empty()).unwrap_or((self.from, self.to))
    }

    /// The last `days` of it, or all if it has fewer, and as many days before those.
    #[must_use]
    pub fn last_and_before(&self, days: i64) -> (Self, Self) {
        let length = chrono::Duration::days(days.min(self.days()));
        let middle = self.to.checked_sub_signed(length).unwrap_or(self.from);
        let start = middle.checked_sub_signed(length).unwrap_or(middle);
        (Self::new(middle, self.to), Self::new(start, middle))
    }

    /// Whether the data has its first day whole: it begins before that, or within its first hour.
    #[must_use]
    pub fn is_covered_by(&self, data: DataRange) -> bool {
        data.bulk.0 < self.from.and_time(NaiveTime::MIN) + chrono::Duration::hours(1)
    }

    /// Its days, and those asked for where they are others, in words.
    fn text(&self) -> String {
        let days = format!("{} to {}", self.from_date(), self.to_date());
        self.asked().map_or_else(|| days.clone(), |(from, to)| format!("{days} (asked: {from} to {to})"))
    }
}

/// The plays of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plays {
    /// How many.
    pub plays: u64,
    /// Of these, plays that have a song of the catalogue.
    pub matched: u64,
    /// Distinct users behind the plays.
    pub listeners: u64,
}

/// What an answer stands on.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// From when to when there are events; none in an empty warehouse.
    pub data: Option<DataRange>,
    /// The level asked; none where an answer is not by level.
    pub level: Option<Level>,
    /// The window's plays at that level.
    pub at_level: Plays,
    /// The window's plays at whatever level.
    pub at_any: Plays,
    /// Sessions in the window, of whatever level, and those whose last event is a play, where they matter.
    pub sessions: Option<(u64, u64)>,
    /// The run that changed the warehouse last.
    pub run_id: Option<String>,
    /// What the insights share.
    pub(super) kept: Kept,
}

impl Provenance {
    /// Gathers it for the insights that are asked.
    ///
    /// # Errors
    /// What the engine reports.
    pub fn of(
        warehouse: &mut Warehouse,
        data: Option<DataRange>,
        window: &Window,
        level: Option<Level>,
        asked: &[Insight],
    ) -> Result<Self> {
        let parameters = |level: Option<Level>| {
            [
                Param::new("since", window.since.as_str()),
                Param::new("until", window.until.as_str()),
                Param::new("level", level.map(Level::name)),
            ]
        };
        let run = warehouse.answer(LAST_RUN, &[])?;
        let run_id = match value(&run, 0) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let mut provenance = Self { data, level, run_id, ..Self::default() };
        if data.is_none() || window.is_empty() {
            return Ok(provenance);
        }
        let mut plays = |level| {
            let answer = warehouse.answer(PLAYS, &parameters(level))?;
            Ok(Plays { plays: count(&answer, 0), matched: count(&answer, 1), listeners: count(&answer, 2) })
        };
        provenance.at_any = plays(None)?;
        provenance.at_level = if level.is_some() { plays(level)? } else { provenance.at_any };
        if asked.iter().any(|insight| insight.sessions_matter) {
            let answer = warehouse.answer(SESSIONS, &parameters(None))?;
            provenance.sessions = Some((count(&answer, 0), count(&answer, 1)));
        }
        let wanted: Vec<&str> = asked.iter().flat_map(|insight| insight.shares.iter().copied()).collect();
        provenance.kept = shared::keep(warehouse, &wanted, &parameters(level))?;
        Ok(provenance)
    }

    /// What the answer of one insight stands on.
    pub(super) fn of_one(&self, insight: &Insight) -> Self {
        let sessions = self.sessions.filter(|_| insight.sessions_matter);
        match self.level.filter(|_| insight.takes("level")) {
            None => Self { level: None, at_level: self.at_any, sessions, ..self.clone() },
            Some(_) => Self { sessions, ..self.clone() },
        }
    }

    /// First and last event that count as the data's ends for a window, as the queries take them: those of the bulk, unless
    /// the window reaches beyond it.
    #[must_use]
    pub fn reach(&self, window: &Window) -> (String, String) {
        let Some(data) = self.data else { return (window.since.clone(), window.until.clone()) };
        let is_within = window.from >= data.bulk.0.date() && window.to <= data.bulk.1.date() + Days::new(1);
        let (first, last) = if is_within { data.bulk } else { data.whole };
        let text = |time: NaiveDateTime| time.format("%Y-%m-%d %H:%M:%S%.f").to_string();
        (text(first), text(last))
    }

    /// From when to when there is data, in words.
    #[must_use]
    pub fn data_text(&self) -> String {
        let minute = "%Y-%m-%d %H:%M";
        let text = |data: DataRange| {
            let (first, last) = data.bulk;
            format!("from {} to {} UTC{}", first.format(minute), last.format(minute), outside(data, ", but for "))
        };
        self.data.map_or_else(|| "empty".to_owned(), text)
    }

    /// The provenance in a line.
    #[must_use]
    pub fn text(&self, window: &Window) -> String {
        let Plays { plays, matched, listeners } = self.at_level;
        let level = self.level.map_or_else(String::new, |level| format!(" at level {}", level.name()));
        let mut parts = vec![window.text(), format!("{} plays{level} by {} listeners", thousands(plays), thousands(listeners))];
        if plays > 0 {
            parts.push(format!("{} of them matched", percent(matched as f64 / plays as f64)));
        }
        if let Some((sessions, open)) = self.sessions.filter(|(sessions, _)| *sessions > 0) {
            let (share, of) = (percent(open as f64 / sessions as f64), if self.level.is_some() { " of all levels" } else { "" });
            parts.push(format!("{share} of {} sessions{of} end with a play, whose end is not known", thousands(sessions)));
        }
        if let Some(data) = self.data {
            parts.push(format!("data through {} UTC{}", data.bulk.1.format("%Y-%m-%d %H:%M"), outside(data, ", and ")));
        }
        parts.extend(self.run_id.as_ref().map(|run| format!("run {run}")));
        parts.join(" · ")
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let time = |t: NaiveDateTime| t.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let Plays { plays, matched, listeners } = self.at_level;
        let mut provenance = json!({
            "plays": plays,
            "matched": matched,
            "match_rate": (plays > 0).then(|| matched as f64 / plays as f64),
            "listeners": listeners,
            "sessions": self.sessions.map(|(sessions, _)| sessions),
            "censored_sessions": self.sessions.map(|(_, open)| open),
            "data_from": self.data.map(|data| time(data.bulk.0)),
            "data_through": self.data.map(|data| time(data.bulk.1)),
            "run_id": self.run_id,
        });
        if let Some(data) = self.data.filter(|data| data.outside > 0) {
            provenance["outside"] = json!({"events": data.outside, "from": time(data.whole.0), "through": time(data.whole.1)});
        }
        provenance
    }
}

/// What lies far from the data's bulk, in words that go on from others; nothing where nothing does.
fn outside(data: DataRange, before: &str) -> String {
    if data.outside == 0 {
        return String::new();
    }
    let day = |time: NaiveDateTime| time.format("%Y-%m-%d");
    let ends: Vec<String> = [(data.whole.0, data.bulk.0), (data.whole.1, data.bulk.1)]
        .iter()
        .filter(|(whole, bulk)| whole != bulk)
        .map(|(whole, _)| day(*whole).to_string())
        .collect();
    let events = if data.outside == 1 { "1 event".to_owned() } else { format!("{} events", thousands(data.outside)) };
    format!("{before}{events} far from it (as of {}), which --from and --to reach", ends.join(" and "))
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

/// A count in the one row of an answer.
pub(super) fn count(answer: &Answer, column: usize) -> u64 {
    match value(answer, column) {
        Some(Value::Integer(n)) => u64::try_from(*n).unwrap_or(0),
        Some(Value::Text(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}
