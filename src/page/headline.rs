//! The numbers at the page's head, and how they changed.

use serde_json::{Value as Json, json};

use crate::error::Result;
use crate::insights::{Provenance, Window};
use crate::warehouse::{Param, SqlText, Value, Warehouse, sql_file};

const HEADLINE: SqlText<'_> = sql_file!("page/headline");

/// The counts of one window, by the query's columns.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    plays: f64,
    listeners: f64,
    sessions: f64,
    matched: f64,
    paid_plays: f64,
    hours: f64,
}

impl Counts {
    fn of(warehouse: &mut Warehouse, window: &Window) -> Result<Self> {
        let parameters = [Param::new("since", window.since.as_str()), Param::new("until", window.until.as_str())];
        let answer = warehouse.answer(HEADLINE, &parameters)?;
        let number = |column: usize| match answer.rows.first().and_then(|row| row.get(column)) {
            Some(Value::Integer(n)) => *n as f64,
            Some(Value::Float(x)) => *x,
            Some(Value::Text(text)) => text.parse().unwrap_or(0.0),
            _ => 0.0,
        };
        Ok(Self {
            plays: number(0),
            listeners: number(1),
            sessions: number(2),
            matched: number(3),
            paid_plays: number(4),
            hours: number(5),
        })
    }

    /// What the page calls them, with their values; a share of nothing is none.
    fn shown(self) -> [(&'static str, &'static str, Option<f64>); 6] {
        let of_plays = |part: f64| (self.plays > 0.0).then(|| part / self.plays);
        [
            ("Plays", "integer", Some(self.plays)),
            ("Listeners", "integer", Some(self.listeners)),
            ("Sessions with plays", "integer", Some(self.sessions)),
            ("Hours of music", "integer", Some(self.hours.round())),
            ("Plays paid for", "share", of_plays(self.paid_plays)),
            ("Plays matched to a song", "share", of_plays(self.matched)),
        ]
    }
}

/// The numbers of the window, and the change against the period before. Where the data does not reach back that far,
/// the last week of the window, or its last half, is held against as many days before it.
pub(super) fn numbers(warehouse: &mut Warehouse, window: &Window, provenance: &Provenance) -> Result<Json> {
    let Some(data) = provenance.data.filter(|_| !window.is_empty()) else { return Ok(json!({"numbers": [], "compared": null})) };
    let now = Counts::of(warehouse, window)?;
    let (mut recent, mut before) = window.last_and_before(window.days());
    let mut days = window.days();
    if !before.is_covered_by(data) {
        days = (window.days() / 2).min(7);
        (recent, before) = window.last_and_before(days);
    }
    let compared = days > 0 && before.is_covered_by(data);
    let (recent, earlier) = if compared {
        (Counts::of(warehouse, &recent)?, Counts::of(warehouse, &before)?)
    } else {
        (Counts::default(), Counts::default())
    };
    let numbers: Vec<Json> = now
        .shown()
        .iter()
        .zip(recent.shown().iter().zip(earlier.shown()))
        .map(|((label, kind, value), ((_, _, recent), (_, _, earlier)))| {
            // Counts change by a part of themselves, shares by points.
            let change = match (recent, earlier) {
                (Some(recent), Some(earlier)) if *kind == "share" => Some(recent - earlier),
                (Some(recent), Some(earlier)) if earlier > 0.0 => Some(recent / earlier - 1.0),
                _ => None,
            };
            json!({"label": label, "kind": kind, "value": value, "change": change.filter(|_| compared)})
        })
        .collect();
    let whole = days == window.days();
    let text = match (compared, whole, days) {
        (false, ..) => "no data before to compare with".to_owned(),
        (true, true, 1) => "change against the day before".to_owned(),
        (true, true, _) => format!("change against the {days} days before"),
        (true, false, 1) => "change: the last day against the one before".to_owned(),
        (true, false, _) => format!("change: the last {days} days against the {days} before"),
    };
    Ok(json!({"numbers": numbers, "compared": text}))
}
