//! Lists of columns in statements. A comment in the file says how one column is written; the statement has all of them in
//! its place:
//!
//! ```text
//! /* @fields lines.hashed_later each ||
//! text: coalesce({column}, '')
//! any: coalesce(cast({column} as varchar), '') */
//! ```
//!
//! - The first line names a list and, after a dot, the class of its columns that are meant.
//! - Columns are separated by commas, or by what stands behind `by`. What stands behind `each` precedes every column.
//! - Each further line is a class and its template. A column gets the first one that fits. A line that is indented further
//!   continues the one before it.
//! - A template for all columns may stand in the first line, behind a colon. Without any the column's name is written.

use crate::record::{FieldSpec, LogField, TextForm};
use crate::staged_views::{ColumnType, LINE_COLUMNS, NamedColumn, StagedColumn, staged_view};

const BEGIN: &str = "/* @fields ";
const END: &str = " */";

/// The text with the columns that it asks for. A comment that asks for something unknown stays.
pub(super) fn with_fields(text: &str) -> String {
    let mut parts = text.split(BEGIN);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (comment, rest) = part.split_once(END).unwrap_or((part, ""));
        let line = written.rsplit('\n').next().unwrap_or_default();
        let margin = " ".repeat(line.len() - line.trim_start().len());
        match listed(comment, &margin) {
            // Of what is empty there is no line either.
            Some(list) if list.is_empty() => written.truncate(written.trim_end().len()),
            Some(list) => written.push_str(&list),
            None => written.extend([BEGIN, comment, END]),
        }
        written.push_str(rest);
    }
    written
}

/// The columns that a comment asks for, one a line; None if it asks for something unknown.
fn listed(comment: &str, margin: &str) -> Option<String> {
    let (head, others) = comment.split_once('\n').unwrap_or((comment, ""));
    let (head, template) = head.split_once(": ").unwrap_or((head, "{column}"));
    let mut templates = Vec::new();
    for line in others.lines() {
        let line = line.strip_prefix(margin)?;
        match templates.last_mut() {
            Some((_, template)) if line.starts_with(' ') => *template = format!("{template}\n{margin}{line}"),
            _ => templates.push(line.split_once(": ").map(|(class, template)| (class, template.to_owned()))?),
        }
    }
    // Whether there is such a class does not depend on the column.
    if templates.iter().any(|(class, _)| is_of(class, StagedColumn::RowNo).is_none()) {
        return None;
    }
    if templates.is_empty() {
        templates.push(("any", template.to_owned()));
    }
    let (name, first, between) = if let Some((name, joint)) = head.split_once(" by ") {
        (name, String::new(), format!("\n{margin}{joint} "))
    } else if let Some((name, joint)) = head.split_once(" each ") {
        (name, format!("{joint} "), format!("\n{margin}{joint} "))
    } else {
        (head, String::new(), format!(",\n{margin}"))
    };
    let written: Option<Vec<String>> = columns(name)?.into_iter().map(|column| filled_in(&templates, column)).collect();
    let written = written?;
    Some(if written.is_empty() { String::new() } else { first + &written.join(&between) })
}

/// A column in the template of its class; None if none fits.
fn filled_in(templates: &[(&str, String)], (name, shows): NamedColumn) -> Option<String> {
    let (_, template) = templates.iter().find(|(class, _)| is_of(class, shows) == Some(true))?;
    Some(template.replace("{column}", name).replace("{type}", spelled(shows.column_type())))
}

/// The columns of a list, or those of a class in it.
fn columns(name: &str) -> Option<Vec<NamedColumn>> {
    let (list, class) = name.split_once('.').unwrap_or((name, "any"));
    let columns = match list {
        "lines" => &LINE_COLUMNS[..],
        "songplays" => staged_view("staged_plays").ok()?.columns,
        "page_views" => staged_view("staged_views").ok()?.columns,
        _ => return None,
    };
    let mut found = Vec::new();
    for column in columns {
        if is_of(class, column.1)? {
            found.push(*column);
        }
    }
    if class == "hashed_later" {
        // The payload hash folds version by version.
        found.sort_by_key(|(_, shows)| field(*shows).and_then(|spec| spec.hashed_since));
    }
    Some(found)
}

/// Whether a column is of a class; None if there is no such class.
fn is_of(class: &str, shows: StagedColumn) -> Option<bool> {
    let field = field(shows);
    let since = field.and_then(|spec| spec.hashed_since);
    Some(match class {
        "any" => true,
        "text" => shows.column_type() == ColumnType::Varchar,
        "name" => field.is_some_and(|spec| spec.form == TextForm::Repaired),
        "quoted" => field.is_some_and(|spec| spec.form == TextForm::Unquoted),
        "double" => shows.column_type() == ColumnType::Double,
        "hashed_time" => shows.is_hashed_time(),
        "event_time" => shows == StagedColumn::Field(LogField::Ts),
        "required" => field.is_some_and(|spec| spec.required),
        "hashed_first" => since == Some(1),
        "hashed_later" => since.is_some_and(|since| since > 1),
        "id" => shows == StagedColumn::EventId,
        "match" => matches!(shows, StagedColumn::SongId | StagedColumn::ArtistId | StagedColumn::MatchMethod),
        "session" => shows == StagedColumn::TrackNo || shows.is_what_follows(),
        // Without surrogate ids, and without what serves later loads.
        "content" => !matches!(
            shows,
            StagedColumn::EventId
                | StagedColumn::TextRepair
                | StagedColumn::PayloadHash
                | StagedColumn::TrackNo
                | StagedColumn::NextTrackNo
        ),
        _ => return None,
    })
}

fn field(shows: StagedColumn) -> Option<&'static FieldSpec> {
    match shows {
        StagedColumn::Field(field) => Some(field.spec()),
        _ => None,
    }
}

/// A type as the files without a dialect in their name spell it.
const fn spelled(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::BigInt => "bigint",
        ColumnType::Integer => "integer",
        ColumnType::SmallInt => "smallint",
        ColumnType::Double => "double precision",
        ColumnType::Timestamp => "timestamp",
        ColumnType::Varchar => "varchar",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dialect, Statement};

    #[test]
    fn each_column_is_written_as_its_class_is() {
        let text = "select\n    a,\n    /* @fields lines.required\n    event_time: case\n        when {column} is null then 0\n    \
                    text: trim({column})\n    any: {column} {type} */,\n    b\nfrom t;\n";
        let wanted = "select\n    a,\n    item_in_session integer,\n    trim(page),\n    session_id bigint,\n    case\n        \
                      when ts is null then 0,\n    b\nfrom t;\n";
        assert_eq!(with_fields(text), wanted);
    }

    #[test]
    fn columns_are_joined_as_the_comment_says() {
        let joined = |comment: &str| with_fields(&format!("where\n  x\n  /* @fields lines.double{comment} */\n;"));
        assert_eq!(joined(""), "where\n  x\n  length\n;");
        assert_eq!(joined(" each or: {column} > 1"), "where\n  x\n  or length > 1\n;");
        assert_eq!(with_fields("/* @fields lines.name by or: {column} > 1 */"), "artist > 1\nor song > 1");
        // No column of a line is of this class.
        assert_eq!(with_fields("where\n  x\n  /* @fields lines.match each or */\n;"), "where\n  x\n;");
    }

    #[test]
    fn what_nothing_is_known_of_stays() {
        for text in [
            "/* @fields line */",
            "/* @fields lines.texts */",
            "/* @fields lines: {column} */ /* @fields lines\ntext {column} */",
            "/* @fields lines\ntext: {column} */",
            "/* @fields lines\nany: {column}\nnumber: {column} */",
        ] {
            assert!(with_fields(text).contains(BEGIN), "{text}");
        }
    }

    /// A file of the schema is written by hand; what is inserted follows from the declaration.
    #[test]
    fn the_facts_have_the_columns_that_are_inserted() {
        for (create, list) in [(Statement::CreateSongplays, "songplays"), (Statement::CreatePageViews, "page_views")] {
            let text = create.text_in(Dialect::DuckDb);
            let created = text.lines().filter_map(|line| line.strip_prefix("    "));
            let created: Vec<&str> = created.map(|column| column.trim_end_matches(',').trim_end_matches(" not null")).collect();
            let inserted = columns(list).unwrap();
            let inserted: Vec<String> =
                inserted.iter().map(|(name, shows)| format!("{name} {}", spelled(shows.column_type()))).collect();
            assert_eq!(created, inserted, "{}", create.name());
        }
    }

    /// The first version's hash is in people's warehouses: every character of what is hashed counts.
    #[test]
    fn the_clusters_first_hash_is_what_it_always_was() {
        let hashed = Statement::RedshiftStagedKeys.text_in(Dialect::Redshift);
        let (_, hashed) = hashed.split_once("md5(").unwrap();
        let text = |column: &str| format!("coalesce(cast(octet_length({column}) as varchar(8)) || ':' || {column}, '-')");
        let number = |column: &str| format!("coalesce(cast({column} as varchar(32)), '-')");
        let first: Vec<String> = [
            text("artist"),
            text("auth"),
            text("first_name"),
            text("gender"),
            text("last_name"),
            number("length"),
            text("level"),
            text("location"),
            text("method"),
            text("page"),
            number("registration"),
            text("song"),
            number("status"),
            text("user_agent"),
        ]
        .to_vec();
        let hashed = hashed.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(hashed.starts_with(&first.join(" || '|' || ")), "{hashed}");
    }
}
