//! Pieces of SQL that follow from the declaration of the log's fields. The tests compare them with the statements, and say
//! which of these lack a field.
//!
//! Types are spelled as in the files without a dialect in their name.

use std::fmt::Write as _;

use crate::record::{FieldType, LOG_FIELDS};
use crate::staged_views::{ColumnType, LINE_COLUMNS, NamedColumn, StagedColumn, staged_view};

/// All pieces, by name. One a line, indented as the columns of a statement are.
fn pieces() -> Vec<(&'static str, String)> {
    let names =
        |view| staged_view(view).map_or(Vec::new(), |view| view.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let columns = |list: Vec<String>| list.join(",\n    ");
    let lines = |of: fn(&NamedColumn) -> String| columns(LINE_COLUMNS.iter().map(of).collect());
    vec![
        // What is inserted into the facts and into staging_events.
        ("fields/songplays", names("staged_plays").join(",\n    ")),
        ("fields/page_views", names("staged_views").join(",\n    ")),
        ("fields/lines", lines(|(name, _)| (*name).to_owned())),
        // As the cluster's batch has the lines: hashed times are numbers there.
        ("fields/batch", lines(from_batch)),
        // What creates staging_events, and the table of the lines that the cluster reads itself.
        ("fields/line_types", lines(|(name, column)| format!("{name} {}", spelled(column.column_type())))),
        ("fields/raw_line_types", lines(|(name, column)| format!("{name} {}", as_copied(*column)))),
        ("fields/payload", payload()),
        ("fields/too_wide", texts(|column, quotes| format!("octet_length({column}) > $most_bytes{quotes}"))),
        ("fields/like_json", texts(|column, _| format!("{column} ~ $like_json"))),
    ]
}

fn spelled(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::BigInt => "bigint",
        ColumnType::Integer => "integer",
        ColumnType::SmallInt => "smallint",
        ColumnType::Double => "double precision",
        ColumnType::Timestamp => "timestamp",
        ColumnType::Varchar => "varchar",
    }
}

/// As COPY reads a line. A writer may put a time as a number with a fraction. Only the event's own time may not have one.
fn as_copied(column: StagedColumn) -> &'static str {
    match column.column_type() {
        ColumnType::Varchar => "varchar(8192)",
        ColumnType::Timestamp if column.is_hashed_time() => "double precision",
        ColumnType::Timestamp => "bigint",
        other => spelled(other),
    }
}

fn from_batch((name, column): &NamedColumn) -> String {
    if column.is_hashed_time() {
        format!("timestamp 'epoch' + {name} / 1000.0 * interval '1 second' as {name}")
    } else {
        (*name).to_owned()
    }
}

/// The text that the cluster hashes. What joined after the first version adds to it only where a line has it.
fn payload() -> String {
    let mut chain = String::new();
    let hashed = |of: fn(u32) -> bool| LOG_FIELDS.iter().filter(move |spec| spec.hashed_since.is_some_and(of));
    let value = |column: &str, kind: FieldType| match kind {
        FieldType::Text => format!("cast(octet_length({column}) as varchar(8)) || ':' || {column}"),
        _ => format!("cast({column} as varchar(32))"),
    };
    for spec in hashed(|since| since == 1) {
        let before = if chain.is_empty() { "" } else { "\n    || '|' || " };
        let _ = write!(chain, "{before}coalesce({}, '-')", value(spec.column, spec.kind));
    }
    let mut later: Vec<_> = hashed(|since| since > 1).collect();
    later.sort_by_key(|spec| spec.hashed_since);
    for spec in later {
        let _ = write!(chain, "\n    || coalesce('|{}=' || {}, '')", spec.column, value(spec.column, spec.kind));
    }
    chain
}

/// A condition on every text, any of which may hold. A text that comes in quotes may be longer by these.
fn texts(condition: fn(&str, &str) -> String) -> String {
    let of = |spec: &&crate::record::FieldSpec| spec.kind == FieldType::Text;
    let quotes = |spec: &crate::record::FieldSpec| if spec.form == crate::record::TextForm::Unquoted { " + 2" } else { "" };
    let all: Vec<String> = LOG_FIELDS.iter().filter(of).map(|spec| condition(spec.column, quotes(spec))).collect();
    all.join("\n            or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dialect, Statement};

    /// A text without comments and with single blanks.
    fn flat(text: &str) -> String {
        let code = text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
        code.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" )", ")")
    }

    #[test]
    fn statements_say_what_follows_from_the_fields() {
        let pieces = pieces();
        for (statement, dialect, name) in [
            (Statement::InsertSongplays, Dialect::DuckDb, "fields/songplays"),
            (Statement::InsertSongplays, Dialect::Postgres, "fields/songplays"),
            (Statement::InsertPageViews, Dialect::DuckDb, "fields/page_views"),
            (Statement::InsertPageViews, Dialect::Postgres, "fields/page_views"),
            (Statement::KeepStagingEvents, Dialect::DuckDb, "fields/lines"),
            (Statement::KeepStagingEvents, Dialect::Postgres, "fields/lines"),
            (Statement::KeepStagingEvents, Dialect::Redshift, "fields/batch"),
            (Statement::CreateStagingEvents, Dialect::DuckDb, "fields/line_types"),
            (Statement::RedshiftStagedLines, Dialect::Redshift, "fields/raw_line_types"),
            (Statement::RedshiftStagedEvents, Dialect::Redshift, "fields/payload"),
            (Statement::RedshiftStagedKeys, Dialect::Redshift, "fields/payload"),
        ] {
            let (_, piece) = pieces.iter().find(|(piece, _)| *piece == name).unwrap();
            let text = flat(statement.text_in(dialect));
            assert!(text.contains(&flat(piece)), "{}: {piece}", statement.name());
        }
    }

    #[test]
    fn the_cluster_screens_every_text() {
        let text = flat(Statement::RedshiftScreenLines.text());
        for (name, piece) in pieces().iter().filter(|(name, _)| ["fields/too_wide", "fields/like_json"].contains(name)) {
            let missing: Vec<_> = piece.split(" or ").map(flat).filter(|condition| !text.contains(condition.as_str())).collect();
            assert!(missing.is_empty(), "{name}: {missing:?}");
        }
    }
}
