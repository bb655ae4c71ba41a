//! The questions: one SQL file each, whose head says what it answers and what its columns mean.

use super::shared::{self, Kept};
use crate::error::{Error, Kind, Result};
use crate::nearest::nearest;
use crate::warehouse::{SqlText, sql_files};

/// Every insight, in the order in which they are shown.
const FILES: &[SqlText<'_>] = sql_files! {
    "insights":
    "top_songs"
    "top_artists"
    "trending"
    "concentration"
    "catalogue_coverage"
    "era_mix"
    "artist_audience"
    "active_users"
    "power_users"
    "engagement_by_segment"
    "diversity"
    "new_vs_returning"
    "hour_profile"
    "weekday_hour_heatmap"
    "busiest_periods"
    "concurrency_peak"
    "seasonality"
    "session_stats"
    "session_start_profile"
    "skip_rate"
    "level_mix"
    "level_transitions"
    "upgrade_funnel"
    "churn"
    "geo"
    "devices"
    "cohort_retention"
    "artist_affinity"
};

/// An insight, as the head of its file describes it.
#[derive(Debug, Clone)]
pub struct Insight {
    /// What a person types.
    pub name: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// The question.
    pub answers: &'static str,
    /// What a row is.
    pub grain: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// How it is best drawn.
    pub chart: Chart,
    /// Whether the share of sessions with an open end belongs to the answer.
    pub sessions_matter: bool,
    /// What one has to know to read it.
    pub notes: Vec<String>,
    /// Why there may be no rows though there are plays.
    pub when_empty: &'static str,
    /// What can be set, in the order of the file.
    pub parameters: Vec<Parameter>,
    /// The columns of the answer, in their order.
    pub columns: Vec<Column>,
    /// What it begins with, by the names of the files in `sql/shared/`.
    pub shares: Vec<&'static str>,
    /// The file: the head, and the query behind what it begins with.
    pub text: &'static str,
}

/// A drawing: its kind, the column along it and the columns drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// `bars`, `columns`, `line`, `peaks` (a line of maxima), `area`, `heatmap`, `lorenz` or `none`.
    pub kind: &'static str,
    /// The columns' names: along it first, then those drawn.
    pub columns: Vec<&'static str>,
}

/// A parameter besides the window.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// As behind the `$` in the text.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParameterKind,
    /// What it does; empty for the window, the data's ends and the level, which all share.
    pub meaning: &'static str,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// One of the ends of the window or of the data, or the level.
    Common,
    /// A whole number.
    Integer {
        /// When it is not set.
        default: i64,
        /// The least it may be.
        least: i64,
        /// The most it may be.
        most: i64,
    },
    /// A text; empty when it is not set.
    Text,
}

/// A column of an answer.
#[derive(Debug, Clone)]
pub struct Column {
    /// As the query names it.
    pub name: &'static str,
    /// What its values are.
    pub kind: ColumnKind,
    /// What they mean.
    pub meaning: &'static str,
}

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text as the logs have it.
    Text,
    /// A whole number.
    Integer,
    /// A number that is good to so many decimals.
    Number(u8),
    /// A part of a whole, from 0 to 1.
    Share,
    /// A day.
    Date,
    /// An instant, to the second.
    Time,
}

impl ColumnKind {
    /// As in JSON and in the files' heads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number(_) => "number",
            Self::Share => "share",
            Self::Date => "date",
            Self::Time => "time",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "text" => Some(Self::Text),
            "integer" => Some(Self::Integer),
            "share" => Some(Self::Share),
            "date" => Some(Self::Date),
            "time" => Some(Self::Time),
            _ => text.strip_prefix("number.")?.parse().ok().map(Self::Number),
        }
    }
}

impl Insight {
    /// The whole query, without the head that describes it.
    #[must_use]
    pub fn sql(&self) -> String {
        self.sql_with(&Kept::default())
    }

    /// As [`Self::sql`], reading what is kept.
    pub(super) fn sql_with(&self, kept: &Kept) -> String {
        shared::with_words(&self.shares, self.own_sql(), kept)
    }

    /// The file's query, which others may have to come before.
    pub(super) fn own_sql(&self) -> &'static str {
        self.text.find("\nwith").map_or(self.text, |end| &self.text[end + 1..])
    }

    /// Whether it takes this parameter.
    #[must_use]
    pub fn takes(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|p| p.name == parameter)
    }

    /// A column's place in the answer's rows.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    fn read(name: &'static str, text: &'static str) -> Self {
        let mut insight = Self {
            name,
            title: name,
            answers: "",
            grain: "",
            unit: "",
            chart: Chart { kind: "none", columns: Vec::new() },
            sessions_matter: false,
            notes: Vec::new(),
            when_empty: "the plays in the window are too few for an answer",
            parameters: Vec::new(),
            columns: Vec::new(),
            shares: Vec::new(),
            text,
        };
        for line in text.lines() {
            let Some((key, value)) = line.strip_prefix("-- ").and_then(|line| line.split_once(": ")) else { break };
            match key {
                "title" => insight.title = value,
                "answers" => insight.answers = value,
                "grain" => insight.grain = value,
                "unit" => insight.unit = value,
                "sessions" => insight.sessions_matter = true,
                "shares" => insight.shares = value.split(' ').collect(),
                "note" => insight.add_note(value),
                "empty" => insight.when_empty = value,
                "chart" => {
                    let mut words = value.split(' ');
                    insight.chart = Chart { kind: words.next().unwrap_or("none"), columns: words.collect() };
                }
                "parameter" => insight.parameters.push(Parameter::read(value)),
                "column" => insight.columns.extend(Column::read(value)),
                _ => break,
            }
        }
        insight
    }

    /// A note goes on over lines until one ends with a full stop.
    fn add_note(&mut self, text: &str) {
        match self.notes.last_mut() {
            Some(note) if !note.ends_with('.') => {
                note.push(' ');
                note.push_str(text);
            }
            _ => self.notes.push(text.to_owned()),
        }
    }
}

impl Parameter {
    fn read(value: &'static str) -> Self {
        let (head, meaning) = value.split_once(" : ").unwrap_or((value, ""));
        let words: Vec<&'static str> = head.split(' ').collect();
        let kind = match words.as_slice() {
            [_, "integer", default, range] => {
                let (least, most) = range.split_once("..").unwrap_or((range, range));
                let number = |text: &str| text.parse().unwrap_or(0);
                ParameterKind::Integer { default: number(default), least: number(least), most: number(most) }
            }
            [_, "text"] => ParameterKind::Text,
            _ => ParameterKind::Common,
        };
        Self { name: words.first().copied().unwrap_or_default(), kind, meaning }
    }
}

impl Column {
    fn read(value: &'static str) -> Option<Self> {
        let (head, meaning) = value.split_once(" : ")?;
        let (name, kind) = head.split_once(' ')?;
        Some(Self { name, kind: ColumnKind::parse(kind)?, meaning })
    }
}

/// All insights, in their order.
#[must_use]
pub fn all() -> Vec<Insight> {
    FILES.iter().map(|file| Insight::read(file.name, file.text)).collect()
}

/// The insights of these names, in the order asked; all of them when none is named.
///
/// # Errors
/// [`Kind::Usage`] for a name that does not exist, with the nearest ones.
pub fn named(names: &[String]) -> Result<Vec<Insight>> {
    let all = all();
    if names.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        all.iter().find(|insight| insight.name == name).cloned().ok_or_else(|| {
            let nearest = nearest(name, all.iter().map(|insight| insight.name));
            let hint = match nearest.as_slice() {
                [] => "`sparkify insights --list` shows all".to_owned(),
                near => format!("did you mean {}? `sparkify insights --list` shows all", quoted(near)),
            };
            Error::new(Kind::Usage, format!("there is no insight `{}`", name.escape_debug())).with_hint(hint)
        })
    };
    names.iter().map(find).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}
