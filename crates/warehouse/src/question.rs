//! What can be told of a user's text before it is sent: whether it asks, how its statement begins and where it ends.

use crate::error::{Error, Kind, Result};

/// How statements begin that only read. The transaction is read-only as well, but lets through what writes elsewhere:
/// `copy … to`, `unload`.
const QUESTIONS: [&str; 6] = ["select", "with", "values", "table", "show", "explain"];

/// The error for a text that does more than ask.
pub(super) fn refused(why: &str) -> Error {
    Error::new(Kind::Query, format!("the query is refused, as `sparkify sql` is read-only: {why}")).with_hint(
        "send one query, such as `select …`; --out FILE writes its rows into a file; for anything else use the engine's own client",
    )
}

/// Refuses a statement that does anything but ask, by its first word.
pub(super) fn check(text: &str) -> Result<()> {
    let word = first_word(text);
    match word.as_str() {
        word if QUESTIONS.contains(&word) => Ok(()),
        "" => Err(refused("there is no statement")),
        word => Err(refused(&format!("`{word}` does not begin a query"))),
    }
}

/// Whether a question can stand where a table's name can.
pub(super) fn is_relation(text: &str) -> bool {
    QUESTIONS.iter().take(4).any(|word| first_word(text) == *word)
}

/// Refuses a text that may hold more than one statement, for servers that would run all of them.
pub(super) fn check_single(text: &str) -> Result<()> {
    // Servers differ in what a backslash or a dollar means in a text: with one, no semicolon is sure to be quoted.
    if text.contains('\\') || has_dollar_quote(text) {
        if text.split(';').skip(1).all(is_over) {
            return Ok(());
        }
        return Err(refused("it may hold more than one statement: write a semicolon in a text as chr(59)"));
    }
    if is_over(end(text).1) { Ok(()) } else { Err(refused("it holds more than one statement")) }
}

/// The word that a statement begins with, in small letters, behind comments and opening parentheses.
fn first_word(text: &str) -> String {
    let mut rest = begin(text);
    while let Some(inside) = rest.strip_prefix('(') {
        rest = begin(inside);
    }
    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').flat_map(char::to_lowercase).collect()
}

/// The statement that an `explain` is about, and the `explain` itself in plain words. None for other statements.
pub(super) fn explained(text: &str) -> Option<(String, &str)> {
    let rest = word(begin(text), "explain")?;
    let rest = begin(rest);
    if let Some(options) = rest.strip_prefix('(') {
        let (inside, behind) = options.split_once(')')?;
        let plain = inside.chars().all(|c| c.is_ascii_alphanumeric() || " ,_\n\t".contains(c));
        let is_option = word(begin(inside), "analyze").or_else(|| word(begin(inside), "format")).is_some();
        if is_option {
            return plain.then(|| (format!("explain ({inside})"), behind));
        }
    }
    Some(match word(rest, "analyze") {
        Some(behind) => ("explain analyze".to_owned(), behind),
        None => ("explain".to_owned(), rest),
    })
}

/// What stands behind a word that a text begins with.
fn word<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let (first, rest) = text.split_at_checked(wanted.len())?;
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (first.eq_ignore_ascii_case(wanted) && ends).then_some(rest)
}

/// A statement without the semicolon that ends it, and without what stands behind that.
pub(super) fn without_end(text: &str) -> &str {
    end(text).0
}

/// A text up to the first semicolon that stands for itself, and from it on.
fn end(text: &str) -> (&str, &str) {
    let mut at = 0;
    while let Some(next) = text[at..].chars().next().filter(|next| *next != ';') {
        at += passed_over(&text[at..]).unwrap_or(next.len_utf8());
    }
    text.split_at(at)
}

/// Whether nothing is left but semicolons, blanks and comments.
fn is_over(text: &str) -> bool {
    let mut rest = begin(text);
    while let Some(behind) = rest.strip_prefix(';') {
        rest = begin(behind);
    }
    rest.is_empty()
}

/// The text from its first word on: without the blanks and comments that it begins with.
fn begin(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("--") || rest.starts_with("/*") {
        rest = rest.split_at(comment(rest)).1.trim_start();
    }
    rest
}

/// The length of the text, quoted name or comment that begins here.
fn passed_over(rest: &str) -> Option<usize> {
    let quoted = |end: char| rest.chars().skip(1).position(|c| c == end).map_or(rest.len(), |place| byte_of(rest, place + 2));
    match rest.as_bytes() {
        [b'\'', ..] => Some(quoted('\'')),
        [b'"', ..] => Some(quoted('"')),
        [b'-', b'-', ..] | [b'/', b'*', ..] => Some(comment(rest)),
        _ => None,
    }
}

/// Where in the text its character of this number begins.
fn byte_of(text: &str, place: usize) -> usize {
    text.char_indices().nth(place).map_or(text.len(), |(at, _)| at)
}

/// The length of the comment that begins here; comments in comments belong to it.
fn comment(rest: &str) -> usize {
    if rest.starts_with("--") {
        return rest.find(['\n', '\r']).unwrap_or(rest.len());
    }
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = rest.as_bytes();
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Whether a quote like `$$` or `$name$` may begin somewhere.
fn has_dollar_quote(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let behind = text[at + 1..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        behind.starts_with('$')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides() {
        for text in [
            "select 1",
            " -- copy\n/* drop /* nested */ x */ (Select 1)",
            "((select 1))",
            "with a as (select 1) table a",
            "EXPLAIN analyze select 1",
            "( -- x\n select 1)",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in [
            "copy (select 1) to program 'x'",
            "/* /* */ select */ copy t to 'x'",
            "-- select\rcommit",
            "commit",
            "do $$ begin end $$",
            "unload ('select 1') to 's3://b/p'",
            "call p()",
            "selectx",
            "",
            ";",
            "-- select 1",
            "set transaction read write",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_second_statement_is_found() {
        for text in [
            "select 1",
            "select 1;",
            "select 1; -- done; really\n",
            "select ';' as \";\" /* ; */ -- ;\n from t",
            "select 'it''s; fine'",
            "select 'é;漢' ;",
            "select '$'",
        ] {
            assert!(check_single(text).is_ok(), "{text}");
        }
        for text in [
            "select 1; drop table t",
            "commit; drop table t;",
            "select '\\'; drop table t; --'",
            "select $$'$$; drop table t; --'",
            "select $a$'$a$; drop table t; --'",
            "select 1 /* /* */ ; */ ; drop table t",
            ";;select 1",
        ] {
            assert!(check_single(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_end_is_cut_off() {
        for (text, wanted) in [
            ("select 1", "select 1"),
            ("select 1 ; ; -- x", "select 1 "),
            ("select 1; -- done; really", "select 1"),
            ("select 1 -- a;b", "select 1 -- a;b"),
            ("select ';'", "select ';'"),
            ("select 'é", "select 'é"),
        ] {
            assert_eq!(without_end(text), wanted);
        }
    }

    #[test]
    fn what_is_explained_is_found() {
        for (text, wanted) in [
            ("explain select 1", Some(("explain", "select 1"))),
            ("-- x\nEXPLAIN /* y */ ANALYZE select 1", Some(("explain analyze", " select 1"))),
            ("explain (analyze, format json) select 1", Some(("explain (analyze, format json)", " select 1"))),
            ("explain (select 1)", Some(("explain", "(select 1)"))),
            ("explain (analyze ');') select 1", None),
            ("explained", None),
            ("select 1", None),
        ] {
            let found = explained(text);
            assert_eq!(found.as_ref().map(|(head, rest)| (head.as_str(), *rest)), wanted, "{text}");
        }
    }
}
