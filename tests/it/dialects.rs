//! Every function that the statements of all engines call gives the same at its edges, in the very words that stand in
//! `sql/`; and PostgreSQL's types show that no division or rounding in them means something else there.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sparkify::insights::catalogue;
use sparkify::warehouse::sql::Dialect;

use crate::conformance::on_postgres;
use crate::redshift;
use crate::sql_files::{code, sent_text, sql_files};
use crate::support::postgres::{Postgres, TRUSTED};
use crate::support::sql_client::SqlClient;
use crate::support::warehouse::Site;

/// Expressions and what they give everywhere. The functions in them are those that may be called: another one is to be
/// tried here first.
#[allow(clippy::too_many_lines, reason = "a table")]
pub fn edges() -> Vec<(&'static str, Value)> {
    vec![
        // Halves, of both signs, as the checks round them, and whole numbers of them.
        ("floor(cast(2.5 as double precision) + 0.5)", json!(3.0)),
        ("floor(cast(3.5 as double precision) + 0.5)", json!(4.0)),
        ("floor(cast(-2.5 as double precision) + 0.5)", json!(-2.0)),
        ("floor(cast(2.4999999999999996 as double precision) + 0.5)", json!(2.0)),
        ("cast(floor(cast(-0.5 as double precision)) as integer)", json!(-1)),
        ("cast(ceil(cast(60.0 as double precision) / 60) as integer)", json!(1)),
        ("cast(ceil(cast(60.001 as double precision) / 60) as integer)", json!(2)),
        ("cast(ceil(cast(0 as double precision) / 60) as integer)", json!(0)),
        // Days, hours and weeks of a window, by divisions that leave no rest behind the comma.
        ("cast(floor(2879 / 2880.0) as integer)", json!(0)),
        ("cast(floor(2880 / 2880.0) as integer)", json!(1)),
        ("cast(floor(-1 / 1440.0) as integer)", json!(-1)),
        ("cast(floor(-1440 / 1440.0) as integer)", json!(-1)),
        ("cast(floor((date '2018-10-31' - date '2018-11-01') / 7.0) as integer)", json!(-1)),
        ("cast(floor((date '2018-11-15' - date '2018-11-01') / 7.0) as integer)", json!(2)),
        ("cast(mod(-7, 3) as integer)", json!(-1)),
        ("cast(mod(7, -3) as integer)", json!(1)),
        ("cast(mod(cast(4611686014132420609 as bigint) + 1013, 2147483647) as bigint)", json!(1013)),
        ("cast(1 as double precision) / 3", json!(1.0 / 3.0)),
        // Nothing.
        ("coalesce(abs(cast(null as double precision)), cast('1e300' as double precision))", json!(1e300)),
        ("abs(cast(-2.5 as double precision))", json!(2.5)),
        ("'a' || cast(null as varchar(9))", Value::Null),
        ("greatest(1, cast(null as integer))", json!(1)),
        ("least(cast(null as integer), 2)", json!(2)),
        ("least(greatest(cast(-1 as double precision), 0), 1e10)", json!(0.0)),
        ("nullif(1, 1)", Value::Null),
        // Texts: characters and not bytes or letters, blanks and not all that is white, places past an end.
        ("length('bj\u{f6}rk')", json!(5)),
        ("length('e\u{301}')", json!(2)),
        ("length('\u{1F600}')", json!(1)),
        ("length(trim(both ' ' from ' a\u{a0} '))", json!(2)),
        ("length(trim(both ' ' from ' \u{3000}a\t '))", json!(3)),
        ("trim(both ' ' from '  a b ')", json!("a b")),
        ("split_part('a,b', ',', 1)", json!("a")),
        ("split_part('a,b', ',', 3)", json!("")),
        ("split_part('', ',', 1)", json!("")),
        ("split_part('\u{f6},x', ',', 2)", json!("x")),
        ("substring('\u{f6}bc', 2, 9)", json!("bc")),
        ("substring('abc', 4, 2)", json!("")),
        ("left('\u{f6}bc', 2)", json!("\u{f6}b")),
        ("lpad('7', 2, '0')", json!("07")),
        ("lpad('123', 2, '0')", json!("12")),
        ("replace('a-b-', '-', '')", json!("ab")),
        ("position('b' in '\u{f6}b')", json!(2)),
        ("position('x' in 'ab')", json!(0)),
        ("translate('a\u{f6}b', 'ab', 'x')", json!("x\u{f6}")),
        // Letters in another case, as `any_case` has them made: no language has a say, and accents are characters of their own.
        ("translate('J\u{d3}GA', 'AGJ\u{d3}', 'agj\u{f3}')", json!("j\u{f3}ga")),
        ("translate('\u{130}I\u{131}i', 'I\u{130}\u{131}', 'iii')", json!("iiii")),
        (
            "translate('\u{39f}\u{394}\u{39f}\u{3a3}\u{3c2}', '\u{394}\u{39f}\u{3a3}\u{3c2}', '\u{3b4}\u{3bf}\u{3c3}\u{3c3}')",
            json!("\u{3bf}\u{3b4}\u{3bf}\u{3c3}\u{3c3}"),
        ),
        ("translate('\u{1e9e}\u{df}', '\u{1e9e}', '\u{df}')", json!("\u{df}\u{df}")),
        ("translate('\u{10400}', '\u{10400}', '\u{10428}')", json!("\u{10428}")),
        ("translate('e\u{301}E\u{301}', '\u{c9}E', '\u{e9}e')", json!("e\u{301}e\u{301}")),
        ("translate('Ab', '', '')", json!("Ab")),
        ("position('\u{e9}' in 'e\u{301}')", json!(0)),
        ("case when 'e\u{301}' = '\u{e9}' then 1 else 0 end", json!(0)),
        ("case when '\u{df}' = 'ss' or 'a' = 'A' or 'i' = '\u{131}' then 1 else 0 end", json!(0)),
        ("left('e\u{301}x', 1)", json!("e")),
        ("substring('e\u{301}x', 2, 1)", json!("\u{301}")),
        ("replace('e\u{301}', 'e', 'a')", json!("a\u{301}")),
        ("case when 'e\u{301}' like '__' then 1 else 0 end", json!(1)),
        ("case when 'I' like '\u{131}' or '\u{c9}' like '\u{e9}' then 1 else 0 end", json!(0)),
        ("md5('\u{f6}')", json!("a172480f4e21d0a124bac19c89569c59")),
        ("case when '2018-11-01' like '____-__-__' then 1 else 0 end", json!(1)),
        ("case when '\u{f6}' like '_' then 1 else 0 end", json!(1)),
        ("case when 'A' like 'a' then 1 else 0 end", json!(0)),
        // Times: ISO weeks and Mondays, Sundays, the last moment of a minute, milliseconds.
        ("cast(extract(dow from date '2018-11-04') as integer)", json!(0)),
        ("cast(extract(week from date '2021-01-03') as integer)", json!(53)),
        ("cast(extract(week from date '2018-12-31') as integer)", json!(1)),
        ("cast(extract(year from date '2018-12-31') as integer)", json!(2018)),
        ("cast(extract(hour from timestamp '2018-11-04 23:59:59.999') as integer)", json!(23)),
        ("cast(extract(minute from timestamp '2018-11-04 10:59:59.999') as integer)", json!(59)),
        ("cast(floor(date_part('second', timestamp '2018-11-04 10:00:59')) as integer)", json!(59)),
        ("cast(cast(date_trunc('week', timestamp '2018-11-04 23:00:00') as date) as varchar(10))", json!("2018-10-29")),
        ("cast(cast(timestamp '2018-11-04 23:59:59.999' as date) as varchar(10))", json!("2018-11-04")),
        ("cast(date '2018-03-01' - 1 as varchar(10))", json!("2018-02-28")),
        ("date_part('epoch', timestamp '2018-11-04 10:00:00' - timestamp '2018-11-01 00:00:00')", json!(295_200.0)),
        (
            "case when timestamp '2018-11-04 00:00:00' + 90 * interval '1 minute' = timestamp '2018-11-04 01:30:00' then 1 else 0 end",
            json!(1),
        ),
        // Roots and powers, as the ratios' limits take them.
        ("sqrt(cast(2 as double precision))", json!(2f64.sqrt())),
        ("power(cast(3 as double precision), 3)", json!(27.0)),
        ("ln(cast(1 as double precision))", json!(0.0)),
        // Over rows: nothing among them, ties, one alone.
        ("(select count(x) from (select 1 as x union all select cast(null as integer)) as t)", json!(1)),
        (
            "(select cast(sum(x) as bigint) from (select cast(4611686018427387904 as bigint) as x union all select -1) as t)",
            json!(4_611_686_018_427_387_903_i64),
        ),
        ("(select avg(x) from (select cast(1 as double precision) as x union all select 2) as t)", json!(1.5)),
        ("(select min(x collate \"C\") from (select 'b' as x union all select 'Z') as t)", json!("Z")),
        ("(select max(x collate \"C\") from (select 'b' as x union all select 'Z') as t)", json!("b")),
        ("case when 'b' collate \"C\" < 'Z' then 1 else 0 end", json!(0)),
        (
            "(select max(r) from (select row_number() over (order by x collate \"C\") * length(x) as r from (select 'bb' as x union all select 'Z' union all select '\u{e9}') as t) as u)",
            json!(4),
        ),
        ("(select stddev_samp(x) from (select cast(1 as double precision) as x) as t)", Value::Null),
        (
            "(select stddev_samp(x) from (select cast(2 as double precision) as x union all select 2 union all select 2) as t)",
            json!(0.0),
        ),
        ("(select bit_or(x) from (select 1 as x union all select 4) as t)", json!(5)),
        (
            "(select percentile_cont(0.5) within group (order by x) from (select cast(1 as double precision) as x union all select 2) as t)",
            json!(1.5),
        ),
        (
            "(select percentile_cont(0.5) within group (order by x) from (select cast(7 as double precision) as x) as t)",
            json!(7.0),
        ),
        (
            "(select percentile_cont(0.5) within group (order by x) from (select cast(null as double precision) as x union all select 3) as t)",
            json!(3.0),
        ),
        (
            "(select max(r) from (select rank() over (order by x desc) as r from (select 1 as x union all select 2 union all select 2) as t) as u)",
            json!(3),
        ),
        (
            "(select max(r) from (select row_number() over (order by x) as r from (select 1 as x union all select 2) as t) as u)",
            json!(2),
        ),
        (
            "(select min(r) from (select cume_dist() over (order by x) as r from (select 1 as x union all select 1) as t) as u)",
            json!(1.0),
        ),
        (
            "(select count(l) from (select lag(x) over (order by x) as l from (select 1 as x union all select 2) as t) as u)",
            json!(1),
        ),
        (
            "(select count(l) from (select lead(x) over (order by x) as l from (select 1 as x union all select 2) as t) as u)",
            json!(1),
        ),
        (
            "(select max(f) from (select first_value(x) over (order by x rows between unbounded preceding and current row) as f from (select 1 as x union all select 2) as t) as u)",
            json!(1),
        ),
    ]
}

/// Whole numbers and others are one on the way from some engines.
fn plain(value: &Value) -> Value {
    match value.as_f64() {
        Some(number) if value.as_i64().is_none() || number.abs() < 1e15 => json!(number),
        _ => value.clone(),
    }
}

#[test]
fn every_function_gives_the_same_at_its_edges() {
    let edges = edges();
    let columns: Vec<String> = edges.iter().enumerate().map(|(number, (sql, _))| format!("{sql} as c{number:02}")).collect();
    let query = format!("select {}", columns.join(", "));
    let mut sites = vec![("DuckDB", Site::new()), ("PostgreSQL", on_postgres()), ("Redshift", redshift::site("compact"))];
    sites.extend(in_languages());
    for (engine, site) in sites {
        site.run(&["tables", "create", "--warehouse", &site.warehouse]).expect(0);
        // Bytes are Redshift's own order.
        let query = if engine == "Redshift" { query.replace(" collate \"C\"", "") } else { query.clone() };
        let found = site.sql(&query);
        for (number, (sql, wanted)) in edges.iter().enumerate() {
            assert_eq!(plain(&found[0][format!("c{number:02}")]), plain(wanted), "{engine}: {sql}");
        }
    }
}

/// Warehouses in databases of languages, each with its own capitals and its own order of letters.
pub fn in_languages() -> Vec<(&'static str, Site)> {
    let server = Postgres::shared();
    let languages = server.languages().into_iter();
    let at = |name: &str| Site::at(format!("postgres://{TRUSTED}@127.0.0.1:{}/{name}", server.port), Vec::new());
    languages.map(|(language, database)| (language, at(&database.name))).collect()
}

/// Divisions of whole and of decimal numbers that leave no rest behind the comma, or whose rest `floor` takes away.
const EXACT: [(&str, &str); 4] = [
    ("insights/busiest_periods", "integer division"),
    ("insights/busiest_periods", "decimal division"),
    ("insights/cohort_retention", "decimal division"),
    ("insights/concurrency_peak", "decimal division"),
];

/// What means something else on another engine, caught by its types: functions and operators of these names come before the
/// server's own.
const TRAPS: &str = "
create schema trap;
create function trap.whole(integer, integer) returns bigint immutable language sql as 'select 0::bigint';
create function trap.whole(bigint, bigint) returns bigint immutable language sql as 'select 0::bigint';
create function trap.whole(bigint, integer) returns bigint immutable language sql as 'select 0::bigint';
create function trap.whole(integer, bigint) returns bigint immutable language sql as 'select 0::bigint';
create function trap.whole(smallint, integer) returns bigint immutable language sql as 'select 0::bigint';
create function trap.decimal(numeric, numeric) returns numeric immutable language sql as 'select 0::numeric';
create operator trap./ (leftarg = integer, rightarg = integer, function = trap.whole);
create operator trap./ (leftarg = bigint, rightarg = bigint, function = trap.whole);
create operator trap./ (leftarg = bigint, rightarg = integer, function = trap.whole);
create operator trap./ (leftarg = integer, rightarg = bigint, function = trap.whole);
create operator trap./ (leftarg = smallint, rightarg = integer, function = trap.whole);
create operator trap./ (leftarg = numeric, rightarg = numeric, function = trap.decimal);
create function trap.round(double precision) returns double precision immutable language sql as 'select 0::double precision';
create aggregate trap.avg(integer) (sfunc = int4pl, stype = integer);
create aggregate trap.avg(bigint) (sfunc = int8pl, stype = bigint);
create aggregate trap.avg(numeric) (sfunc = numeric_add, stype = numeric);
";

/// What a view of the name `probe` was caught in, and its columns that are decimal numbers.
const CAUGHT: &str = "
select coalesce(string_agg(distinct found, ', '), '') from (
    select case
        when o.oprleft = 'numeric'::regtype then 'decimal division'
        when o.oid is not null then 'integer division'
        else p.proname || ' of ' || pg_get_function_arguments(p.oid)
    end as found
    from pg_rewrite as r
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    left join pg_operator as o
        on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid and o.oprnamespace = 'trap'::regnamespace
    left join pg_proc as p
        on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid and p.pronamespace = 'trap'::regnamespace
    where r.ev_class = 'public.probe'::regclass and (o.oid is not null or p.oid is not null)
) as found";

/// What a view of the name `probe` asks of the database's language: capitals, patterns, and what comes first among texts.
const ASKED_OF_LANGUAGE: &str = "
select coalesce(string_agg(distinct asked, ', '), '') from (
    select p.proname::text as asked
    from pg_rewrite as r
    cross join regexp_matches(
        r.ev_action::text, ':(?:aggfnoid|winfnoid|funcid|opfuncid) (\\d+)[^(){}]*:inputcollid 100 ', 'g'
    ) as called
    join pg_proc as p on p.oid = called[1]::oid
    where r.ev_class = 'public.probe'::regclass
        and p.proname ~ '^(lower|upper|initcap|casefold|min|max|text_[lgs]|bpchar(lt|le|gt|ge)|regexp|text(ic|regex))'
    union all
    select 'greatest' from pg_rewrite where ev_class = 'public.probe'::regclass and ev_action::text ~ ':minmaxcollid 100 '
) as asked";

/// The least or the greatest of texts that are all the same.
const SAME_ANYWAY: [(&str, &str); 3] =
    [("insights/concentration", "min"), ("insights/top_artists", "min"), ("insights/devices", "min")];

/// A query's parameters as nothing of a type that fits.
fn without_parameters(sql: &str) -> String {
    const TEXTS: [&str; 11] =
        ["run", "run_id", "after_run", "after_url", "last_run", "last_url", "title", "level", "artist", "capitals", "letters"];
    let mut text = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let name: String = rest[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        text.push_str(&rest[..at]);
        let is_cast = rest[..at].ends_with("cast(");
        text.push_str(match (is_cast, TEXTS.contains(&name.as_str())) {
            (true, _) => "null",
            (false, true) => "cast(null as text)",
            (false, false) => "cast(null as bigint)",
        });
        rest = &rest[at + 1 + name.len()..];
    }
    text + rest
}

#[test]
fn no_division_mean_or_text_means_something_else_on_postgres() {
    let server = Postgres::shared();
    let name = server.database().name;
    let site = Site::at(format!("postgres://{TRUSTED}@127.0.0.1:{}/{name}", server.port), Vec::new());
    site.run(&["tables", "create", "--warehouse", &site.warehouse]).expect(0);
    server.run_sql(&name, TRAPS);
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(server.port).dbname(&name).user(TRUSTED);
    let client = SqlClient::connect(&config).unwrap();
    client.run("set search_path = trap, pg_catalog, public");
    // What the traps catch is caught.
    for (sql, wanted) in [
        ("select count(*) / 2 as a", "integer division"),
        ("select sum(x) / 3 as a from (select 1::bigint as x) as t", "decimal division"),
        ("select round(1::double precision) as a", "round"),
        ("select avg(x) as a from (select 1 as x) as t", "avg"),
        ("select 1::double precision / 2 as a", ""),
    ] {
        client.run(&format!("create view public.probe as {sql}"));
        let caught = client.value(CAUGHT);
        assert!(caught.starts_with(wanted) && caught.is_empty() == wanted.is_empty(), "{sql}: {caught}");
        client.run("drop view public.probe");
    }
    for (sql, wanted) in [
        ("select lower(song) as a from songplays", "lower"),
        ("select max(song) as a, max(song_id collate \"C\") as b from songplays", "max"),
        ("select max(length) as a, max(session_id) as b from songplays", ""),
        ("select 1 as a from songplays where song < artist", "text_lt"),
        ("select 1 as a from songplays where song collate \"C\" < artist or song = artist or song like 'a%'", ""),
        ("select 1 as a from staging_songs where title < artist_name", ""),
        ("select 1 as a from songplays where song ~ '[a-z]'", "textregexeq"),
        ("select greatest(song, artist) as a from songplays", "greatest"),
    ] {
        client.run(&format!("create view public.probe as {sql}"));
        assert_eq!(client.value(ASKED_OF_LANGUAGE), wanted, "{sql}");
        client.run("drop view public.probe");
    }
    let insights = catalogue::all();
    let mut probed = 0;
    for (name, text) in sql_files() {
        let folder = name.split('/').next().unwrap();
        if name.contains('.') || !["check", "explain", "insights", "ledger", "page", "provenance"].contains(&folder) {
            continue;
        }
        let text = match name.strip_prefix("insights/") {
            Some(insight) => insights.iter().find(|one| one.name == insight).unwrap().sql(),
            None => sent_text(&name, &text, Dialect::Postgres),
        };
        let text: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap()).collect();
        let text = text.join("\n");
        let text = text.trim().trim_end_matches(';');
        if !(text.starts_with("with") || text.starts_with("select")) {
            continue;
        }
        client.run(&format!("create view public.probe as {}", without_parameters(text)));
        let caught = client.value(CAUGHT);
        let allowed: Vec<&str> = EXACT.iter().filter(|(file, _)| *file == name).map(|(_, what)| *what).collect();
        let caught: BTreeSet<&str> = caught.split(", ").filter(|what| !what.is_empty()).collect();
        assert_eq!(caught, allowed.into_iter().collect(), "{name}");
        let asked = client.value(ASKED_OF_LANGUAGE);
        let is_same = SAME_ANYWAY.contains(&(name.as_str(), asked.as_str()));
        assert!(asked.is_empty() || is_same, "{name}: the database's language decides {asked}; write `collate \"C\"`");
        if folder == "insights" {
            let decimals = "select count(*) from pg_attribute where attrelid = 'public.probe'::regclass and attnum > 0 \
                            and atttypid = 'numeric'::regtype";
            assert_eq!(client.value(decimals), "0", "{name}: a column is a decimal number on PostgreSQL and a float elsewhere");
        }
        client.run("drop view public.probe");
        probed += 1;
    }
    assert!(probed > 90, "{probed}");
}

/// The names in front of brackets that call nothing.
const NO_FUNCTIONS: [&str; 26] = [
    "all", "and", "distinct", "else", "having", "where", "any", "as", "between", "by", "cast", "exists", "filter", "from",
    "group", "in", "join", "not", "on", "or", "over", "select", "then", "using", "values", "when",
];

/// The functions that a text calls, but for what it names itself in front of a bracket.
fn functions(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices('(') {
        let before = code[..at].trim_end_matches(' ');
        let name: String = before.chars().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let name: String = name.chars().rev().collect();
        if !name.is_empty() && !NO_FUNCTIONS.contains(&name.as_str()) && !name.starts_with("varchar") {
            found.insert(name);
        }
    }
    found
}

/// A function that no edge tries may not be called by what all engines run.
#[test]
fn only_functions_that_were_tried_are_called() {
    let tried: BTreeSet<String> = edges().iter().flat_map(|(sql, _)| functions(&code(sql))).collect();
    for (name, text) in sql_files() {
        let folder = name.split('/').next().unwrap();
        // What one engine alone runs.
        let of_one = name.contains('.') || ["duckdb", "postgres", "redshift", "schema", "stage"].contains(&folder);
        let text = sent_text(&name, &text, Dialect::DuckDb);
        if of_one || sent_text(&name, &text, Dialect::Postgres) != text {
            continue;
        }
        let untried: Vec<String> = functions(&code(&text)).difference(&tried).cloned().collect();
        assert!(untried.is_empty(), "{name}: {untried:?} are not among the edges of tests/it/dialects.rs");
    }
}
