//! What several insights begin with: the days of the window, how long each play was heard, plays by song. Their files
//! name it and read it; its words come before theirs. In DuckDB, insights that are asked in one run share the costly part.

use crate::error::Result;
use crate::warehouse::{Param, SqlText, Warehouse, sql_files};

/// By its name, a query of which the words are what stands between `with` and `select`.
const FILES: &[SqlText<'_>] = sql_files! {
    "shared":
    "digits" "days" "artist_names" "heard" "songs_played" "credited"
};

/// What is kept, in its order, and what it stands on itself.
const KEPT: [(&str, &[&str]); 2] = [("songs_played", &[]), ("credited", &["artist_names", "songs_played"])];

/// What is kept for the insights of a run, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept(Vec<&'static str>);

/// A part's file; empty for a name that no part has.
fn file(name: &str) -> &'static str {
    FILES.iter().find(|file| file.name == name).map_or("", |file| file.text)
}

/// What a part says, as one or more of a list of common table expressions.
fn words(name: &str) -> &'static str {
    let (_, rest) = file(name).split_once("\nwith\n").unwrap_or_default();
    rest.split_once("\n\nselect\n").unwrap_or_default().0
}

/// A query with the words of the parts that it begins with, but for what is kept.
pub(super) fn with_words(names: &[&str], own: &str, kept: &Kept) -> String {
    let needed = |name: &str| {
        let is_kept = |name: &str| kept.0.contains(&name);
        // What only kept parts read is not read any more.
        !is_kept(name) && (reads(own, name) || names.iter().any(|other| !is_kept(other) && reads(words(other), name)))
    };
    let mut words = String::new();
    for name in names.iter().filter(|name| needed(name)) {
        words += self::words(name);
        words += ",\n\n";
    }
    match own.strip_prefix("with").map(str::trim_start) {
        Some(rest) if !words.is_empty() => format!("with\n{words}{rest}"),
        _ => own.to_owned(),
    }
}

/// Whether a query reads a part.
fn reads(query: &str, name: &str) -> bool {
    let at_the_end = |words: &str| query.ends_with(words.trim_end());
    [format!("from {name}\n"), format!("from {name} as "), format!("join {name}\n"), format!("join {name} as ")]
        .iter()
        .any(|words| query.contains(words) || at_the_end(words))
}

/// Works out those of the `wanted` parts that are costly, and keeps it for as long as the connection lives or until it is kept for
/// another window. Kept step by step, it takes less memory than within one question.
///
/// # Errors
/// What the engine reports.
pub(super) fn keep(warehouse: &mut Warehouse, wanted: &[&str], parameters: &[Param<'_>]) -> Result<Kept> {
    let mut kept = Kept::default();
    for (name, stands_on) in KEPT {
        if !wanted.contains(&name) {
            continue;
        }
        let own = file(name).find("\nwith").map_or("", |end| &file(name)[end + 1..]);
        let text = with_words(stands_on, own, &kept);
        if !warehouse.keep(name, SqlText { name, text: &text }, parameters)? {
            break;
        }
        kept.0.push(name);
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reads_what_it_begins_with_and_says_none_of_it_again() {
        let all = super::super::catalogue::all();
        for SqlText { name, .. } in FILES {
            assert!(all.iter().any(|insight| insight.shares.contains(name)), "nobody needs {name}");
        }
        for insight in &all {
            for SqlText { name, .. } in FILES {
                let shares = insight.shares.contains(name);
                let own = insight.own_sql();
                let is_read = reads(own, name) || insight.shares.iter().any(|other| reads(words(other), name));
                assert!(!shares || is_read, "{} does not read {name}", insight.name);
                let defines = format!("{name} as (");
                let count = |text: &str| text.lines().filter(|line| line.trim_start_matches("with ") == defines).count();
                assert!(!shares || count(own) == 0, "{} says {name} again", insight.name);
                assert_eq!(
                    count(&with_words(&insight.shares, own, &Kept::default())),
                    count(own) + usize::from(shares),
                    "{}",
                    insight.name
                );
                let kept = Kept(FILES.iter().map(|file| file.name).collect());
                assert_eq!(with_words(&insight.shares, own, &kept), own);
            }
            assert!(insight.shares.iter().all(|name| !words(name).is_empty()), "{}: {:?}", insight.name, insight.shares);
        }
    }
}
