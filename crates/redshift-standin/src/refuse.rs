//! What Redshift does not take, though PostgreSQL or a parser of Redshift's dialect may.

use super::functions::{FUNCTIONS, LEADER_ONLY, NO_FUNCTIONS, lists};
use super::reserved::{RESERVED, SYSTEM_COLUMNS};
use super::token::{Is, Token, closing, parts, says_all};

/// Why a statement is refused, as the server says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The SQLSTATE.
    pub code: &'static str,
    /// The message, in Redshift's words where they are known.
    pub message: String,
}

fn unsupported(message: impl Into<String>) -> Refusal {
    Refusal { code: "0A000", message: message.into() }
}

fn syntax(token: Option<&Token<'_>>) -> Refusal {
    let message =
        token.map_or("syntax error at end of input".to_owned(), |token| format!("syntax error at or near \"{}\"", token.text));
    Refusal { code: "42601", message }
}

/// The first thing in a statement that Redshift lacks.
pub fn refusal(tokens: &[Token<'_>]) -> Option<Refusal> {
    let size: usize = tokens.last().map_or(0, Token::end);
    if size > 16 << 20 {
        return Some(unsupported("Statement is too large. Statement Size: more than 16777216 bytes"));
    }
    if let Some(token) = tokens.iter().find(|token| token.is == Is::Parameter) {
        return Some(Refusal { code: "42P02", message: format!("there is no parameter {}", token.text) });
    }
    if let Some(token) = tokens.iter().find(|token| token.is_name() && token.name().len() > 127) {
        return Some(Refusal { code: "42622", message: format!("identifier \"{}\" is longer than 127 bytes", token.text) });
    }
    if tokens[0].says("copy") {
        // It has its own grammar.
        return None;
    }
    whole_statement(tokens)
        .or_else(|| tokens.iter().enumerate().find_map(|(at, _)| phrase(tokens, at)))
        .or_else(|| functions(tokens))
        .or_else(|| (0..tokens.len()).find_map(|at| window(tokens, at)))
        .or_else(|| reserved(tokens))
}

/// What the kind of the statement decides.
fn whole_statement(tokens: &[Token<'_>]) -> Option<Refusal> {
    let first = &tokens[0];
    let second = tokens.get(1);
    if first.says_one_of(&["savepoint", "release"])
        || (first.says_one_of(&["rollback", "abort"]) && tokens.iter().any(|t| t.says("to")))
    {
        return Some(unsupported("SAVEPOINT is not supported."));
    }
    if first.says_one_of(&["listen", "notify", "unlisten", "cluster", "reindex", "do", "load", "import", "security", "values"]) {
        return Some(syntax(Some(first)));
    }
    if first.says("with") {
        let main = main_of_with(tokens)?;
        if !tokens[main].says_one_of(&["select", "update", "delete", "("]) {
            return Some(syntax(Some(&tokens[main])));
        }
    }
    if first.says("create") {
        let kinds = [
            "index",
            "unique",
            "sequence",
            "trigger",
            "type",
            "domain",
            "extension",
            "rule",
            "aggregate",
            "operator",
            "unlogged",
            "cast",
            "collation",
            "constraint",
            "event",
            "foreign",
            "publication",
            "subscription",
            "statistics",
            "tablespace",
            "recursive",
        ];
        let at = if says_all(tokens, 1, &["or", "replace"]) { 3 } else { 1 };
        let kind = tokens.get(at)?;
        if kind.says_one_of(&kinds) {
            return Some(unsupported(format!("CREATE {} is not supported.", kind.text.to_uppercase())));
        }
        let temporary = kind.says_one_of(&["temp", "temporary", "local"]);
        if temporary && tokens[at..].iter().take(3).any(|token| token.says("view")) {
            return Some(syntax(tokens.iter().find(|token| token.says("view"))));
        }
        let is_table = tokens[at..].iter().take(3).any(|token| token.says("table"));
        if is_table {
            return table(tokens);
        }
    }
    if first.says("alter") && second.is_some_and(|token| token.says("table")) {
        return alter(tokens);
    }
    if first.says("merge") {
        return merge(tokens);
    }
    if first.says("lock") && tokens.iter().any(|token| token.says_one_of(&["in", "mode", "nowait"])) {
        return Some(syntax(tokens.iter().find(|token| token.says_one_of(&["in", "mode", "nowait"]))));
    }
    if first.says("truncate") && tokens.iter().any(|token| token.says_one_of(&[",", "cascade", "restart", "only"])) {
        return Some(syntax(tokens.iter().find(|token| token.says_one_of(&[",", "cascade", "restart", "only"]))));
    }
    // The target of a deletion or an update has no alias.
    let target = match first {
        _ if says_all(tokens, 0, &["delete", "from"]) => 2,
        _ if first.says_one_of(&["delete", "update"]) => 1,
        _ => return None,
    };
    let behind = tokens.get(after_name(tokens, target))?;
    let allowed: &[&str] = if first.says("update") { &["set"] } else { &["using", "where"] };
    (!behind.says_one_of(allowed)).then(|| syntax(Some(behind)))
}

/// The place of the statement that the list of a `with` leads to.
fn main_of_with(tokens: &[Token<'_>]) -> Option<usize> {
    let mut at = 1;
    loop {
        while !tokens.get(at)?.says("as") {
            at = if tokens[at].says("(") { closing(tokens, at)? + 1 } else { at + 1 };
        }
        at = closing(tokens, at + 1)? + 1;
        if !tokens.get(at)?.says(",") {
            return Some(at);
        }
    }
}

/// The place after a name that may have a schema.
pub fn after_name(tokens: &[Token<'_>], at: usize) -> usize {
    if tokens.get(at + 1).is_some_and(|token| token.says(".")) { at + 3 } else { at + 1 }
}

fn table(tokens: &[Token<'_>]) -> Option<Refusal> {
    let words = ["inherits", "unlogged", "tablespace", "excluding"];
    if let Some(token) = tokens.iter().find(|token| token.says_one_of(&words)) {
        return Some(syntax(Some(token)));
    }
    for at in 0..tokens.len() {
        if tokens[at].says("check") && tokens.get(at + 1).is_some_and(|token| token.says("(")) {
            return Some(unsupported("CHECK constraints are not supported."));
        }
        if says_all(tokens, at, &["partition", "by"])
            && tokens.get(at + 2).is_some_and(|t| t.says_one_of(&["range", "list", "hash"]))
        {
            return Some(syntax(Some(&tokens[at])));
        }
        if tokens[at].says("including") && !tokens.get(at + 1).is_some_and(|token| token.says("defaults")) {
            return Some(syntax(tokens.get(at + 1)));
        }
        if says_all(tokens, at, &["on", "commit"]) || says_all(tokens, at, &["with", "no", "data"]) {
            return Some(syntax(Some(&tokens[at])));
        }
        if says_all(tokens, at, &["generated", "always"]) {
            return Some(syntax(tokens.get(at + 1)));
        }
        // An `interleaved sort key` has eight columns at most, any other four hundred.
        if tokens[at].says("sortkey") && tokens.get(at + 1).is_some_and(|token| token.says("(")) {
            let interleaved = at > 0 && tokens[at - 1].says("interleaved");
            let columns = parts(&tokens[at + 2..closing(tokens, at + 1)?]).len();
            if columns > if interleaved { 8 } else { 400 } {
                return Some(unsupported(format!("a sort key with {columns} columns is not supported")));
            }
        }
    }
    None
}

fn alter(tokens: &[Token<'_>]) -> Option<Refusal> {
    let adds = tokens.iter().filter(|token| token.says("add")).count();
    let drops = tokens.iter().filter(|token| token.says("drop")).count();
    if adds + drops > 1 {
        return Some(unsupported("ALTER TABLE ADD COLUMN takes one column a statement."));
    }
    for at in 0..tokens.len() {
        if says_all(tokens, at, &["alter", "column"]) {
            let attribute = tokens.get(after_name(tokens, at + 2))?;
            if !attribute.says_one_of(&["type", "encode"]) {
                return Some(unsupported("ALTER COLUMN changes the type or the encoding only."));
            }
        }
        if tokens[at].says_one_of(&["if"]) && at > 2 {
            return Some(syntax(Some(&tokens[at])));
        }
    }
    None
}

fn merge(tokens: &[Token<'_>]) -> Option<Refusal> {
    if !tokens.get(1)?.says("into") {
        return Some(syntax(tokens.get(1)));
    }
    let at = after_name(tokens, 2);
    if !tokens.get(at).is_some_and(|token| token.says("using")) {
        // No alias for the target.
        return Some(syntax(tokens.get(at)));
    }
    if !tokens.get(at + 1).is_some_and(Token::is_name) {
        return Some(unsupported("MERGE's source must be a table."));
    }
    if (at..tokens.len()).any(|at| says_all(tokens, at, &["remove", "duplicates"])) {
        return None;
    }
    let whens: Vec<usize> = (at..tokens.len())
        .filter(|&at| tokens[at].says("when") && tokens.get(at + 1).is_some_and(|t| t.says_one_of(&["matched", "not"])))
        .collect();
    let [matched, not_matched] = whens[..] else {
        return Some(syntax(tokens.last()));
    };
    let update = says_all(tokens, matched, &["when", "matched", "then", "update", "set"])
        || says_all(tokens, matched, &["when", "matched", "then", "delete"]);
    let insert = says_all(tokens, not_matched, &["when", "not", "matched", "then", "insert"]);
    (!(update && insert)).then(|| syntax(Some(&tokens[if update { not_matched } else { matched }])))
}

/// What a few words that follow each other decide.
fn phrase(tokens: &[Token<'_>], at: usize) -> Option<Refusal> {
    let token = &tokens[at];
    let next = tokens.get(at + 1);
    let before = at.checked_sub(1).map(|at| &tokens[at]);
    let next_says = |words: &[&str]| next.is_some_and(|next| next.says_one_of(words));
    if token.is == Is::Dollars {
        return Some(syntax(Some(token)));
    }
    if says_all(tokens, at, &["distinct", "on", "("]) {
        return Some(unsupported("SELECT DISTINCT ON is not supported"));
    }
    if token.says("filter") && next_says(&["("]) && before.is_some_and(|before| before.says(")")) {
        return Some(syntax(next));
    }
    if token.says("values") && next_says(&["("]) && before.is_some_and(|before| before.says_one_of(&["(", "as"])) {
        return Some(syntax(Some(token)));
    }
    if token.says("on") && next_says(&["conflict"]) {
        return Some(syntax(next));
    }
    if says_all(tokens, at, &["is", "distinct", "from"]) || says_all(tokens, at, &["is", "not", "distinct", "from"]) {
        return Some(syntax(tokens.get(at + 1)));
    }
    if (token.says("array") && next_says(&["[", "("]))
        || (token.says_one_of(&["any", "some", "all"]) && says_all(tokens, at + 1, &["(", "array"]))
    {
        return Some(unsupported("arrays are not supported"));
    }
    if token.says("[") && before.is_some_and(|before| before.is_name() || before.says(")")) {
        return Some(unsupported("arrays are not supported"));
    }
    if token.says_one_of(&["returning", "lateral", "tablesample"]) && !next_says(&["="]) && before.is_some_and(|b| !b.says(".")) {
        return Some(syntax(Some(token)));
    }
    if token.says("for") && next_says(&["update", "share"]) {
        return Some(unsupported("SELECT FOR UPDATE is not supported"));
    }
    if token.says("window") && next.is_some_and(Token::is_name) && tokens.get(at + 2).is_some_and(|token| token.says("as")) {
        return Some(syntax(Some(token)));
    }
    if token.says_one_of(&["range", "groups"]) && next_says(&["between", "unbounded", "current"]) {
        return Some(unsupported("window frames are counted in ROWS only"));
    }
    if token.says_one_of(&["exclude"]) && next_says(&["current", "group", "ties", "no"]) {
        return Some(syntax(Some(token)));
    }
    if token.says("collate") {
        return Some(unsupported("custom collations are not supported"));
    }
    if token.says("fetch") && next_says(&["first", "next"]) && at > 0 {
        return Some(syntax(Some(token)));
    }
    if says_all(tokens, at, &["with", "ordinality"]) || says_all(tokens, at, &["grouping", "sets"]) && next.is_none() {
        return Some(syntax(Some(token)));
    }
    let types = [
        "uuid",
        "json",
        "jsonb",
        "bytea",
        "serial",
        "bigserial",
        "smallserial",
        "xml",
        "money",
        "inet",
        "cidr",
        "bit",
        "hstore",
        "regclass",
        "oid",
        "name",
        "tinyint",
    ];
    if token.says("::") && next_says(&types) {
        return Some(unsupported(format!("type \"{}\" is not supported", tokens[at + 1].text)));
    }
    None
}

/// The functions that are called, and those that only the leader node has.
fn functions(tokens: &[Token<'_>]) -> Option<Refusal> {
    let reads = tokens.iter().any(|token| token.says("from"));
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &tokens[at]);
        if token.is != Is::Word || before.is_some_and(|before| before.says(".") && !(at > 1 && tokens[at - 2].says("pg_catalog")))
        {
            continue;
        }
        let name = token.text.to_lowercase();
        let called = tokens.get(at + 1).is_some_and(|token| token.says("("));
        let leader = lists(LEADER_ONLY, &name);
        if leader
            && (called || name.starts_with("current_t") || name.starts_with("local"))
            && (reads || tokens[0].says_one_of(&["insert", "update", "delete", "create"]))
        {
            let message = format!("Specified types or functions (one per INFO message) not supported on Redshift tables: {name}");
            return Some(unsupported(message));
        }
        if !called || leader || is_no_call(tokens, at) {
            continue;
        }
        if !lists(FUNCTIONS, &name) {
            return Some(Refusal { code: "42883", message: format!("function {name}() does not exist") });
        }
        let arguments = parts(&tokens[at + 2..closing(tokens, at + 1)?]).len();
        if (name == "concat" && arguments != 2) || (name == "to_timestamp" && arguments < 2) {
            return Some(Refusal {
                code: "42883",
                message: format!("function {name}() does not exist with {arguments} arguments"),
            });
        }
    }
    None
}

/// Whether a bracket behind the word at `at` holds no arguments.
fn is_no_call(tokens: &[Token<'_>], at: usize) -> bool {
    let token = &tokens[at];
    let name = token.text.to_lowercase();
    if lists(NO_FUNCTIONS, &name) {
        return true;
    }
    let before = at.checked_sub(1).map(|at| &tokens[at]);
    let names_a_table = ["into", "table", "exists", "references", "recursive", "with", "as", "view", "."];
    if before.is_some_and(|before| before.says_one_of(&names_a_table)) {
        return true;
    }
    // `, name (columns) as (` in a list of a `with`; `from t as name (columns)` and `from (…) name (columns)`.
    let behind = closing(tokens, at + 1).and_then(|close| tokens.get(close + 1));
    before.is_some_and(|before| before.says(","))
        && behind.is_some_and(|token| token.says("as"))
        && tokens[0].says_one_of(&["with", "create", "insert"])
        || before.is_some_and(|before| before.says(")"))
}

/// An aggregate over an ordered window has an explicit frame.
fn window(tokens: &[Token<'_>], at: usize) -> Option<Refusal> {
    const FRAMED: [&str; 14] = [
        "sum",
        "count",
        "avg",
        "min",
        "max",
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "variance",
        "var_samp",
        "var_pop",
        "first_value",
        "last_value",
        "nth_value",
    ];
    if !(tokens[at].says_one_of(&FRAMED) && tokens.get(at + 1)?.says("(")) {
        return None;
    }
    let mut over = closing(tokens, at + 1)? + 1;
    while tokens.get(over)?.says_one_of(&["ignore", "respect", "nulls"]) {
        over += 1;
    }
    if !tokens[over].says("over") {
        return None;
    }
    let inside = &tokens[over + 1..closing(tokens, over + 1)?];
    let ordered = inside.windows(2).any(|pair| pair[0].says("order") && pair[1].says("by"));
    let framed = inside.iter().any(|token| token.says("rows"));
    (ordered && !framed).then(|| unsupported("Aggregate window functions with an ORDER BY clause require a frame clause"))
}

/// Reserved words where a name stands.
fn reserved(tokens: &[Token<'_>]) -> Option<Refusal> {
    let is_reserved = |token: &Token<'_>| token.is == Is::Word && lists(RESERVED, &token.text.to_lowercase());
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &tokens[at]);
        let alias = before.is_some_and(|before| before.says("as")) && !token.says_one_of(&["select", "with"]);
        let column = before.is_some_and(|before| before.says(".")) && !token.says("*");
        if (alias || column) && is_reserved(token) && !in_cast(tokens, at) {
            return Some(syntax(Some(token)));
        }
    }
    if tokens[0].says("create") && tokens.iter().take(4).any(|token| token.says("table")) {
        let open = tokens.iter().position(|token| token.says("("))?;
        // Brackets of a query hold no columns' definitions.
        if tokens[..open].iter().any(|token| token.says("as")) {
            return None;
        }
        for part in parts(&tokens[open + 1..closing(tokens, open)?]) {
            let Some(first) = part.first() else { continue };
            if first.says_one_of(&["like", "constraint", "primary", "unique", "foreign", "select", "with"]) {
                continue;
            }
            if part.len() > 1 && is_reserved(first) {
                return Some(syntax(Some(first)));
            }
            if part.len() > 1 && SYSTEM_COLUMNS.contains(&first.name().as_str()) {
                let message = format!("column name \"{}\" conflicts with a system column name", first.name());
                return Some(Refusal { code: "42701", message });
            }
        }
    }
    None
}

/// Whether the `as` before `at` is that of a cast, where a type follows.
fn in_cast(tokens: &[Token<'_>], at: usize) -> bool {
    let mut depth = 0;
    for at in (0..at).rev() {
        if tokens[at].says(")") {
            depth += 1;
        } else if tokens[at].says("(") {
            if depth == 0 {
                return at > 0 && tokens[at - 1].says_one_of(&["cast", "try_cast"]);
            }
            depth -= 1;
        }
    }
    false
}
