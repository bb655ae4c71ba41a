//! What several insights work out in the same words: how long each play was heard, what was played next, plays by song.
//! Each can do it by itself; in DuckDB those that are asked in one run share it.

use std::borrow::Cow;

use super::{Insight, Level, Window};
use crate::error::Result;
use crate::warehouse::sql::Dialect;
use crate::warehouse::{Param, SqlText, Warehouse};

/// The words' file: a query of which they are what stands between `with` and `select`.
const HEARD: &str = include_str!("../../sql/shared/heard.sql");
const NEXT_PLAYS: &str = include_str!("../../sql/shared/next_plays.sql");
const SONGS_PLAYED: &str = include_str!("../../sql/shared/songs_played.sql");

const KEEP_HEARD: SqlText<'_> = SqlText { name: "keep_heard", text: include_str!("../../sql/duckdb/keep_heard.sql") };
const KEEP_NEXT_PLAYS: SqlText<'_> =
    SqlText { name: "keep_next_plays", text: include_str!("../../sql/duckdb/keep_next_plays.sql") };
const KEEP_SONGS_PLAYED: SqlText<'_> =
    SqlText { name: "keep_songs_played", text: include_str!("../../sql/duckdb/keep_songs_played.sql") };

/// What of it is kept for the insights of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// How long each play was heard, and what was played next.
    next: bool,
    /// Plays by song.
    songs: bool,
}

/// What several insights say, as one or more of a list of common table expressions.
fn words(file: &str) -> String {
    let part = file.split_once("\nwith\n").and_then(|(_, rest)| rest.split_once("\n\nselect\n"));
    part.map_or_else(String::new, |(part, _)| format!("{part},\n\n"))
}

fn says(insight: &Insight, file: &str) -> bool {
    insight.text.contains(&words(file))
}

/// The insight's query, without what is kept.
pub(super) fn query(insight: &Insight, kept: Kept) -> Cow<'static, str> {
    let mut text = Cow::Borrowed(insight.text);
    for (file, is_kept) in [(HEARD, kept.next), (NEXT_PLAYS, kept.next), (SONGS_PLAYED, kept.songs)] {
        if is_kept {
            text = text.replacen(&words(file), "", 1).into();
        }
    }
    text
}

/// Works out what enough of the insights will ask for, and keeps it for as long as the connection lives or until it is
/// kept for another window. What follows each play must be asked for by three: it is kept with more than one needs.
///
/// # Errors
/// What the engine reports.
pub(super) fn keep(warehouse: &mut dyn Warehouse, asked: &[Insight], window: &Window, level: Option<Level>) -> Result<Kept> {
    if warehouse.dialect() != Dialect::DuckDb {
        return Ok(Kept::default());
    }
    let count = |files: &[&str]| asked.iter().filter(|insight| files.iter().any(|file| says(insight, file))).count();
    let kept = Kept { next: count(&[HEARD, NEXT_PLAYS]) >= 3, songs: count(&[SONGS_PLAYED]) >= 2 };
    let parameters = [
        Param::new("since", window.since.as_str()),
        Param::new("until", window.until.as_str()),
        Param::new("level", level.map(Level::name)),
    ];
    if kept.next {
        warehouse.answer(KEEP_HEARD, &parameters)?;
        warehouse.answer(KEEP_NEXT_PLAYS, &[])?;
    }
    if kept.songs {
        warehouse.answer(KEEP_SONGS_PLAYED, &parameters)?;
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insights_that_share_something_say_it_in_the_same_words() {
        let sharing = |file: &str| -> Vec<&str> {
            super::super::catalogue::all().iter().filter(|insight| says(insight, file)).map(|insight| insight.name).collect()
        };
        assert_eq!(sharing(HEARD), ["power_users", "engagement_by_segment", "hour_profile", "concurrency_peak"]);
        assert_eq!(sharing(NEXT_PLAYS), ["skip_rate"]);
        assert_eq!(sharing(SONGS_PLAYED), ["top_songs", "top_artists", "concentration"]);
        for insight in super::super::catalogue::all() {
            for (file, name) in [(HEARD, "heard"), (NEXT_PLAYS, "next_plays"), (SONGS_PLAYED, "songs_played")] {
                let own = format!("{name} as (");
                let defines = |text: &str| text.lines().any(|line| line.trim_start_matches("with ") == own);
                assert_eq!(defines(insight.text), says(&insight, file), "{} says {name} in other words", insight.name);
                let kept = query(&insight, Kept { next: true, songs: true });
                assert!(!defines(&kept) && kept.contains(&format!("from {name}\n")) == says(&insight, file), "{}", insight.name);
            }
        }
    }
}
