//! Every file under sql/: one statement, spelled as the others, known to the program, and sound in its dialects.

use std::collections::BTreeSet;
use std::fs;

use sparkify::insights::catalogue;
use sparkify::record::{FieldType, LOG_FIELDS};
use sparkify::warehouse::sql::{Dialect, PARTS, Statement, TABLES};

use crate::architecture;
use crate::clients::python;
use crate::support::redshift::accept;
use crate::support::repository;

#[test]
fn each_is_one_statement() {
    for (name, text) in sql_files() {
        let code = code(&text);
        assert!(text.ends_with(";\n"), "{name} must end in a semicolon and a newline");
        assert_eq!(code.matches(';').count(), 1, "{name} must be one statement");
        assert!(
            text.lines().all(|line| line.trim_end() == line && line.len() <= 120),
            "{name}: space at a line's end, or a long line"
        );
    }
}

#[test]
fn keywords_and_names_are_in_lower_case() {
    for (name, text) in sql_files() {
        let found = code(&text).lines().find(|line| line.chars().any(char::is_uppercase)).map(str::to_owned);
        assert_eq!(found, None, "{name}");
    }
}

/// The name of the statement that a file spells, and the dialect that it spells it for, if it is a twin.
fn spelling(file: &str) -> (&str, Option<&str>) {
    match file.rsplit_once('.') {
        Some((name, dialect)) => (name, Some(dialect)),
        None => (file, None),
    }
}

#[test]
fn each_twin_is_sent_in_its_dialect() {
    let (mut twins, all) = (0, sql_files());
    for (file, text) in all.clone() {
        let (name, Some(dialect)) = spelling(&file) else { continue };
        let statement = Statement::ALL.iter().find(|s| s.name() == name).unwrap_or_else(|| panic!("{file} is no twin of any"));
        let dialect = DIALECTS.iter().find(|(ending, _)| *ending == dialect).unwrap_or_else(|| panic!("{file}: what dialect?")).1;
        assert!(is_filled_in(&text, statement.text_in(dialect)), "{file} is not what is sent");
        assert_ne!(words(&dialect.spell(statement.text())), words(&text), "{file} says nothing else than its twin");
        let others = DIALECTS.iter().map(|(ending, _)| format!("{name}.{ending}")).filter(|other| *other != file);
        for other in others {
            assert!(all.iter().all(|(file, said)| *file != other || *said != text), "{file} and {other} say the same");
        }
        twins += 1;
    }
    let sent = Statement::ALL.iter().flat_map(|statement| {
        let of_twins = DIALECTS.iter().filter(|(_, dialect)| !is_spelled(*statement, *dialect));
        of_twins.map(|(_, dialect)| statement.text_in(*dialect)).collect::<BTreeSet<&str>>()
    });
    assert_eq!(sent.count(), twins);
}

/// Whether a text is that of a file, with something in the place of each comment that names a part or a list of fields.
fn is_filled_in(file: &str, text: &str) -> bool {
    let mut between = file.split("/* @");
    let first = between.next().unwrap();
    let mut between: Vec<&str> = between.map(|comment| comment.split_once(" */").expect("a comment ends").1).collect();
    let Some(last) = between.pop() else { return text == file };
    let rest = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
    rest.is_some_and(|rest| between.iter().try_fold(rest, |rest, fixed| Some(rest.split_once(fixed)?.1)).is_some())
}

/// Whether a statement is its own file in a dialect, with the parts that it names and as the dialect spells it.
fn is_spelled(statement: Statement, dialect: Dialect) -> bool {
    statement.text_in(dialect) == dialect.spell(statement.text_in(Dialect::DuckDb))
}

/// A text's words, without its comments and however its lines are broken.
fn words(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split("--").next()).flat_map(str::split_whitespace).collect()
}

#[test]
fn each_part_is_in_its_place() {
    for part in PARTS {
        let marker = format!("/* @{} */", part.name);
        let naming: Vec<_> = Statement::ALL.iter().filter(|statement| statement.text().contains(&marker)).collect();
        assert!(naming.len() > 1, "{} is a part of no two statements", part.name);
        // All of it but the head and what it is asked of.
        let own = words(part.text);
        let own = own[1..own.iter().rposition(|word| *word == "from").unwrap()].join(" ");
        let (first, last) = (own.split("/* @").next().unwrap(), own.rsplit(" */").next().unwrap());
        for statement in naming {
            let text = words(statement.text_in(Dialect::Redshift)).join(" ");
            let filled_in = text.match_indices(first).any(|(from, _)| {
                text[from..].match_indices(last).any(|(to, _)| is_filled_in(&own, &text[from..from + to + last.len()]))
            });
            assert!(filled_in, "{} lacks {}", statement.name(), part.name);
        }
    }
    for (dialect, statement) in Dialect::ALL.iter().flat_map(|dialect| Statement::ALL.iter().map(move |s| (*dialect, s))) {
        assert!(!statement.text_in(dialect).contains("/* @"), "{} names a part that does not exist", statement.name());
    }
}

/// The dialects with twins, by the ending of their files.
const DIALECTS: [(&str, Dialect); 2] = [("postgres", Dialect::Postgres), ("redshift", Dialect::Redshift)];

#[test]
fn each_is_known_to_the_program() {
    let sources = sources();
    let insights: BTreeSet<String> = catalogue::all().iter().map(|insight| format!("insights/{}", insight.name)).collect();
    let known: BTreeSet<&str> = Statement::ALL.iter().map(|s| s.name()).collect();
    let checks: BTreeSet<&str> = sparkify::check::all().unwrap().iter().map(|check| check.name).collect();
    assert_eq!(known.len(), Statement::ALL.len(), "two statements share a file");
    let shared: BTreeSet<&str> = catalogue::all().into_iter().flat_map(|insight| insight.shares).collect();
    let mut found = 0;
    for (name, _) in sql_files().into_iter().filter(|(name, _)| spelling(name).1.is_none()) {
        let included = sources.contains(&format!("sql_file!(\"{name}\""));
        let is_check = name.strip_prefix("check/").is_some_and(|name| checks.contains(name));
        let is_shared = name.strip_prefix("shared/").is_some_and(|name| shared.contains(name));
        let is_part = PARTS.iter().any(|part| part.name == name);
        let places = [known.contains(name.as_str()), insights.contains(&name), included, is_check, is_shared, is_part];
        let count = places.iter().filter(|here| **here).count();
        assert_eq!(
            count, 1,
            "{name} is to be one of Statement's, an insight, a check, a part of one of these, or included by a file of src"
        );
        if known.contains(name.as_str()) {
            found += 1;
        }
    }
    assert_eq!(found, known.len());
}

/// What parses everywhere but does not run everywhere: the questions that all warehouses answer get along without.
const NOT_EVERYWHERE: [&str; 10] = [
    "distinct on",
    "qualify",
    "filter (",
    "on conflict",
    "generate_series",
    "is distinct from",
    "is not distinct from",
    "string_agg",
    "isodow",
    "::",
];

#[test]
fn checks_and_explanations_run_on_every_warehouse_unchanged() {
    for (name, text) in sql_files().into_iter().filter(|(name, _)| name.starts_with("check/") || name.starts_with("explain/")) {
        let code = code(&text);
        let found: Vec<&str> = NOT_EVERYWHERE.into_iter().filter(|words| code.contains(words)).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

/// Words that engines understand in more than one way, and what to write instead.
const AMBIGUOUS: [(&str, &str); 15] = [
    ("round(", "`floor(x + 0.5)`: halves go to the even number on PostgreSQL and up on DuckDB"),
    ("ltrim(", "`trim(both ' ' from x)`"),
    ("rtrim(", "`trim(both ' ' from x)`"),
    ("lower(", "`translate(x, $capitals, $letters)`: capitals depend on the database's language"),
    ("casefold(", "`translate(x, $capitals, $letters)`: capitals depend on the database's language"),
    ("upper(", "nothing: capitals depend on the database's language"),
    ("initcap(", "nothing: capitals depend on the database's language"),
    ("ilike", "`like`"),
    ("similar to", "`like`"),
    ("regexp", "`like`, `split_part`, `position`: each engine has its own expressions"),
    (" ~ ", "`like`"),
    ("glob", "`like`"),
    (" // ", "`floor(x / y)` of doubles"),
    (" % ", "`mod(x, y)`"),
    ("random(", "a column"),
];

/// `%` of a weekday and of a sum of lengths, which are never negative.
const UNAMBIGUOUS_HERE: [(&str, &str); 2] = [("check/time_parts", " % "), ("ledger/quarantine_parts", " % ")];

/// Columns of text beside those of log lines, by which rows are put in order byte by byte whatever the database's language
/// is.
const TEXTS: [&str; 17] = [
    "artist_id",
    "artist_name",
    "began_at",
    "field",
    "input",
    "log_day",
    "match_method",
    "name",
    "reason",
    "run_id",
    "same",
    "song_id",
    "states",
    "table_name",
    "title",
    "url",
    "value",
];

fn is_text(column: &str) -> bool {
    let is_it = |spec: &sparkify::record::FieldSpec| spec.column == column && spec.kind == FieldType::Text;
    TEXTS.contains(&column) || LOG_FIELDS.iter().any(is_it)
}

/// Columns that are never null, or come from rows that have them: where the others stand differs when an order goes down.
const NEVER_NULL: [&str; 31] = [
    "n",
    "plays",
    "listeners",
    "users",
    "lines",
    "rejected",
    "duplicates",
    "started_at",
    "file_no",
    "line",
    "url",
    "run_id",
    "ts",
    "session_id",
    "item_in_session",
    "valid_from",
    "count(*)",
    "kind",
    "loaded_on",
    "log_day",
    "expected",
    "same",
    "transitions",
    "end",
    "1",
    "2",
    "3",
    "5",
    "6",
    "modified_at",
    "start_time",
];

/// Statements over tables whose texts are in the order of bytes by their columns.
const ORDERED_BY_COLUMN: [&str; 3] = ["transform/insert_artists", "transform/song_keys", "check/artist_source"];

/// The least of texts that are all the same, or that are in the order of bytes by their column.
const SAME_OR_ORDERED: [(&str, &str); 4] = [
    ("insights/devices", "user_agent"),
    ("shared/artist_names", "artist_id"),
    ("transform/song_keys", "artist_id"),
    ("transform/song_keys", "song_id"),
];

/// The keys by which a text puts rows in order, each as it stands.
fn order_keys(code: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for part in code.split("order by").skip(1) {
        let (mut depth, mut key) = (0_i32, String::new());
        for word in part.split_inclusive(|c: char| c == ',' || c == '(' || c == ')' || c.is_whitespace() || c == ';') {
            let word = word.replace('\n', " ");
            if depth == 0 && ["rows", "limit", "union", "range"].contains(&word.trim()) {
                break;
            }
            depth += word.matches('(').count() as i32 - word.matches(')').count() as i32;
            if depth < 0 || word.ends_with(';') {
                key.push_str(word.trim_end_matches([')', ';']));
                break;
            }
            if depth == 0 && word.ends_with(',') {
                key.push_str(word.trim_end_matches(','));
                keys.push(key.trim().to_owned());
                key.clear();
            } else {
                key.push_str(&word);
            }
        }
        keys.push(key.trim().to_owned());
    }
    keys
}

#[test]
fn nothing_is_said_that_engines_understand_in_two_ways() {
    for (name, text) in sql_files() {
        let folder = name.split('/').next().unwrap();
        // What one engine alone runs may say it in its own words.
        let of_one = ["duckdb", "postgres", "redshift", "digest", "schema"].contains(&folder) || spelling(&name).1.is_some();
        if of_one {
            continue;
        }
        let text = sent_text(&name, &text, Dialect::DuckDb);
        let code = code(&text);
        for (words, instead) in AMBIGUOUS {
            let is_meant = UNAMBIGUOUS_HERE.contains(&(name.as_str(), words));
            // A longer name that ends so is another function.
            let found = code.match_indices(words).any(|(at, _)| {
                !words.starts_with(|c: char| c.is_ascii_alphabetic())
                    || !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            });
            assert!(!found || is_meant, "{name}: not `{}`, but {instead}", words.trim());
        }
        for (at, _) in code.match_indices("trim(") {
            assert!(code[at..].starts_with("trim(both '' from"), "{name}: trim() needs to be told what it takes away");
        }
        let patterns =
            text.lines().filter(|line| !line.trim_start().starts_with("--")).flat_map(|line| line.split(" like ").skip(1));
        for pattern in patterns {
            let literal = pattern.strip_prefix('\'').and_then(|rest| rest.split('\'').next());
            assert!(
                literal.is_some_and(|literal| !literal.contains('\\')),
                "{name}: `like` takes a pattern without `\\`: {pattern}"
            );
        }
        for (at, function) in ["min(", "max(", "greatest(", "least("].iter().flat_map(|function| code.match_indices(function)) {
            let of = code[at + function.len()..].split(')').next().unwrap();
            let column = of.rsplit('.').next().unwrap().trim();
            let is_text = is_text(column) && !SAME_OR_ORDERED.contains(&(name.as_str(), column));
            assert!(!is_text, "{name}: `{function}{of})` needs `collate \"C\"`");
        }
        for key in order_keys(&code) {
            let bare = key.trim_end_matches(" desc").trim_end_matches(" asc");
            let column = bare.rsplit('.').next().unwrap();
            let is_text = is_text(column) && !ORDERED_BY_COLUMN.contains(&name.as_str());
            assert!(!is_text, "{name}: `order by {key}` needs `collate \"C\"`");
            if let Some(value) = key.strip_suffix(" desc") {
                let value = value.trim_end_matches(" collate ''");
                let last = value.rsplit(['.', ' ']).next().unwrap();
                assert!(NEVER_NULL.contains(&last), "{name}: where is what is null in `order by {key}`?");
            }
        }
    }
}

#[test]
fn each_table_is_made_by_the_statement_of_its_name() {
    for (table, statement) in TABLES {
        assert_eq!(statement.name(), format!("schema/{table}"));
        assert!(code(statement.text()).contains(&format!("create table if not exists {table} (")), "{table}");
    }
}

#[test]
fn each_parses_in_duckdb() {
    parse("duckdb");
}

#[test]
fn each_parses_in_postgres() {
    parse("postgres");
}

/// What parsers of Redshift's dialect let through, the stand-in's list of what the service lacks does not.
#[test]
fn each_is_taken_by_redshift() {
    for statement in Statement::ALL.iter().filter(|statement| is_sent(statement.name(), "redshift")) {
        let sql = statement.text_in(Dialect::Redshift);
        let numbers = (1..10).fold(sql.to_owned(), |sql, number| sql.replace(&format!("${number}"), "5"));
        // The order of bytes is Redshift's own, and is left out on the way.
        accept::assert_redshift_accepts(&numbers.replace("$run", "'5'").replace(" collate \"C\"", ""));
    }
}

#[test]
fn each_parses_in_redshift() {
    parse("redshift");
}

/// Statements in a folder of an engine's name are sent to that engine alone.
fn is_sent(name: &str, dialect: &str) -> bool {
    let folder = name.split('/').next().unwrap_or_default();
    folder == dialect || folder != "duckdb" && DIALECTS.iter().all(|(other, _)| *other != folder)
}

/// Parses all files in one dialect with sqlfluff.
fn parse(dialect: &str) {
    const SCRIPT: &str = "
import re, sys
from sqlfluff.core import Linter
linter = Linter(dialect=sys.argv[1])
for path in sys.argv[2:]:
    with open(path, encoding='utf-8') as file:
        # Parameters have names in the files and numbers on the way to an engine.
        text = re.sub(r'\\$[a-z]\\w*', '$1', file.read())
        faults = linter.parse_string(text, fname=path).violations
    print(path, '|', faults[0].desc() if faults else 'parses', sep='')
";
    // The insights are long. DuckDB itself runs them in other tests; the parser's Redshift is its PostgreSQL with less.
    let is_run = |name: &str| dialect != "redshift" && name.starts_with("insights/");
    let of_engine = DIALECTS.iter().find(|(ending, _)| *ending == dialect).map_or(Dialect::DuckDb, |(_, dialect)| *dialect);
    let sent = sql_files().into_iter().filter(|(name, _)| spelling(name).1.is_none() && !is_run(name) && is_sent(name, dialect));
    let mut texts: Vec<(String, String)> = sent.map(|(name, text)| (sent_text(&name, &text, of_engine), name)).collect();
    let examples = fs::read_dir(repository().join("examples/queries")).unwrap().map(|entry| entry.unwrap().path());
    let examples = examples.filter(|path| path.extension().is_some_and(|end| end == "sql"));
    texts.extend(examples.map(|path| (fs::read_to_string(&path).unwrap(), path.display().to_string())));
    let folder = tempfile::tempdir().unwrap();
    let place = |number: usize| folder.path().join(format!("{number}.sql")).to_str().unwrap().to_owned();
    let places: Vec<String> = (0..texts.len()).map(place).collect();
    for ((text, _), place) in texts.iter().zip(&places) {
        fs::write(place, text).unwrap();
    }
    let arguments: Vec<&str> = [dialect].into_iter().chain(places.iter().map(String::as_str)).collect();
    let Some(output) = python(&format!("parsing sql/ in the {dialect} dialect"), SCRIPT, &arguments) else { return };
    for ((_, name), place) in texts.iter().zip(&places) {
        let result = output.lines().find_map(|line| line.strip_prefix(place.as_str())?.strip_prefix('|')).unwrap_or("not read");
        assert_eq!(result, "parses", "{name} in {dialect}");
    }
}

/// What is sent in a dialect: of a statement its twin, or the file as the dialect spells it; of what else there is, the file.
pub fn sent_text(name: &str, text: &str, dialect: Dialect) -> String {
    let statement = Statement::ALL.iter().find(|statement| statement.name() == name);
    statement.map_or(text, |statement| statement.text_in(dialect)).to_owned()
}

/// The text of all files below src.
fn sources() -> String {
    architecture::files("src", &["rs"]).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Every file under sql/, by the name that statements have, with its text.
pub fn sql_files() -> Vec<(String, String)> {
    let sql = repository().join("sql");
    let (mut folders, mut files) = (vec![sql.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&sql).unwrap().to_str().unwrap();
                let name = name.strip_suffix(".sql").unwrap_or_else(|| panic!("{name} is no .sql file"));
                files.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The statement without comments and the insides of quotes.
pub fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let used = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if next == '\'' || next == '"' {
            code.push_str("''");
            rest[1..].find(next).map_or(rest.len(), |end| end + 2)
        } else {
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[used..];
    }
    code
}
