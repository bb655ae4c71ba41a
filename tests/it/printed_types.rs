//! `sparkify sql` prints every type that an engine has, as the engine itself spells it.

use serde_json::{Value, json};
use sparkify::output::sanitized;

use crate::conformance::on_postgres;
use crate::support::warehouse::Site;

fn with_tables(site: Site) -> Site {
    site.run(&["tables", "create", "--warehouse", &site.warehouse]).expect(0);
    site
}

/// A question's rows in JSON, and its cells in CSV and in a table. A text cell is told from nothing in JSON only.
struct Printed {
    json: Vec<Value>,
    csv: Vec<String>,
    table: Vec<String>,
}

/// Prints a question of one column.
fn printed(site: &Site, query: &str) -> Printed {
    let run = |format: &str| site.run(&["sql", query, "--format", format, "--warehouse", &site.warehouse]).expect(0).stdout;
    let rows: Vec<Value> = serde_json::from_str(&run("json")).unwrap_or_else(|e| panic!("{query}: {e}"));
    let json = rows.iter().map(|row| row.as_object().unwrap().values().next().unwrap().clone()).collect();
    let text = run("csv");
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let csv = reader.records().map(|record| record.unwrap().get(0).unwrap_or_default().to_owned()).collect();
    let text = run("table");
    let lines = text.lines().skip_while(|line| !line.starts_with('╞')).skip(1).take_while(|line| line.starts_with('│'));
    let table = lines.map(|line| line.trim_matches('│').trim().to_owned()).collect();
    Printed { json, csv, table }
}

/// Holds a column against the engine's own texts: numbers may be spelled otherwise where they are the same.
fn assert_spelled(name: &str, printed: &Printed, wanted: &[Option<String>]) {
    let is_same = |found: &str, wanted: &str| {
        // As text again, in which there is one NaN.
        let number = |text: &str| text.parse::<f64>().ok().map(|number| number.to_string());
        found == wanted || number(found).is_some_and(|found| number(wanted) == Some(found))
    };
    assert_eq!(printed.json.len(), wanted.len(), "{name}");
    for (row, wanted) in wanted.iter().enumerate() {
        let found = &printed.json[row];
        let Some(wanted) = wanted else {
            assert_eq!((found, printed.csv.get(row).map_or("", String::as_str)), (&Value::Null, ""), "{name}");
            continue;
        };
        let text = match found {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert!(is_same(&text, wanted), "{name} in JSON: {text}, wanted {wanted}");
        assert!(is_same(&printed.csv[row], wanted), "{name} in CSV: {}, wanted {wanted}", printed.csv[row]);
        let (cell, shown) = (&printed.table[row], sanitized(wanted));
        assert!(is_same(cell, shown.trim()), "{name} in a table: {cell}, wanted {shown}");
    }
}

fn texts(rows: &Value) -> Vec<Option<String>> {
    rows.as_array().unwrap().iter().map(|row| row["text"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_type_of_duckdb() {
    let site = with_tables(Site::new());
    let columns = site.sql("select column_name, column_type from (describe from test_all_types())");
    let columns = columns.as_array().unwrap();
    assert!(columns.len() > 50, "{}", columns.len());
    let mut scalars = 0;
    for column in columns {
        let (name, kind) = (column["column_name"].as_str().unwrap(), column["column_type"].as_str().unwrap());
        let found = printed(&site, &format!("select \"{name}\" from test_all_types()"));
        if kind.ends_with(']') || kind.starts_with("STRUCT") || kind.starts_with("MAP") {
            // Lists and the like stay what they are in JSON; their elements are spelled as they are alone.
            assert!(found.json.iter().all(|value| value.is_array() || value.is_object() || value.is_null()), "{name}: {kind}");
            continue;
        }
        scalars += 1;
        let wanted = texts(&site.sql(&format!("select cast(\"{name}\" as varchar) as text from test_all_types()")));
        assert_spelled(name, &found, &wanted);
    }
    assert!(scalars > 30, "{scalars}");
}

#[test]
fn values_of_duckdb_at_the_edges() {
    let site = with_tables(Site::new());
    for value in [
        "null",
        "timestamp 'infinity'",
        "timestamp '-infinity'",
        "timestamp '290309-12-22 (BC) 00:00:00'",
        "timestamp '0001-01-01 00:00:00.000001'",
        "timestamp '0044-03-15 (BC) 12:00:00.5'",
        "timestamp_ns '2018-11-01 21:01:46.123456789'",
        "timestamp_s '2018-11-01 21:01:46'",
        "timestamp_ms '2018-11-01 21:01:46.796'",
        "timestamptz '2018-11-01 21:01:46.796+00'",
        "timestamptz 'infinity'",
        "cast('infinity' as timestamp_ns)",
        "date 'infinity'",
        "date '-infinity'",
        "date '5877642-06-25 (BC)'",
        "time '23:59:59.5'",
        "time '24:00:00'",
        "timetz '01:02:03.5+05:30'",
        "cast('01:02:03.123456789' as time_ns)",
        "interval '1 month 2 days 03:04:05.000006'",
        "interval '-1 day'",
        "cast('0101101' as bit)",
        "cast('\\x00\\xFFab' as blob)",
        "cast('00000000-0000-0000-0000-0000000000ff' as uuid)",
        "cast(170141183460469231731687303715884105727 as hugeint)",
        "cast('340282366920938463463374607431768211455' as uhugeint)",
        "cast('-123456789012345678901234567890123456789012345678901234567890' as bignum)",
        "cast('0.10' as decimal(4, 2))",
        "cast('-12345678901234567890123456789012345678' as decimal(38, 0))",
        "cast('-0.00000000000000000000000000000000000001' as decimal(38, 38))",
        "cast(0.1 as float)",
        "cast('nan' as double)",
        "cast('-inf' as double)",
        "cast('-inf' as float)",
        "cast('b' as enum ('a', 'b'))",
        "union_value(n := 2)",
        "cast(1 as variant)",
        "cast([1, 2] as variant)",
        "cast('POINT (1 2)' as geometry)",
        "true",
        "''",
    ] {
        let wanted = texts(&site.sql(&format!("select cast(({value}) as varchar) as text")));
        assert_spelled(value, &printed(&site, &format!("select {value} as x")), &wanted);
        // What is in a list is spelled alike.
        let list = &printed(&site, &format!("select [{value}] as x")).json[0][0];
        let alone = &printed(&site, &format!("select {value} as x")).json[0];
        let spelled = |value: &Value| value.to_string().trim_matches('"').to_owned();
        let number = |value: &Value| spelled(value).parse::<f64>().ok().map(|number| number.to_string());
        let is_same = |a: &Value, b: &Value| spelled(a) == spelled(b) || number(a).is_some() && number(a) == number(b);
        assert!(is_same(list, alone), "{value}: {list} in a list, {alone} alone");
    }
    let nested = "select {'at': timestamp 'infinity', 'n': 1.50::decimal(4, 2), 'b': true, 'l': [1, null]} as s, \
                  map {1: date '2018-11-01', 2: null} as m, array_value(1, 2) as a, map {'k': [interval '1 day']} as i, \
                  row(1, 2) as r, [[timestamp_ns '2018-11-01 00:00:00.000000001']] as ll, [{'x': 'y'}] as o";
    assert_eq!(
        site.sql(nested),
        json!([{
            "s": {"at": "infinity", "n": "1.50", "b": true, "l": [1, null]},
            "m": {"1": "2018-11-01", "2": null},
            "a": [1, 2],
            "i": {"k": ["1 day"]},
            "r": "(1, 2)",
            "ll": [["2018-11-01 00:00:00.000000001"]],
            "o": [{"x": "y"}],
        }])
    );
    // Order, names that stand twice and a comment at the end survive what is done about such columns.
    let ordered = "select i as \"a b\", null as \"a b\", timestamp_ns '2018-11-01 00:00:00' as t from range(5000) r(i) order by i desc -- end";
    let csv = site.run(&["sql", ordered, "--format", "csv", "--warehouse", "w.duckdb"]).expect(0).stdout;
    let first: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(first, (0..5000).rev().map(|i: i32| i.to_string()).collect::<Vec<_>>());
    assert!(csv.starts_with("a b,"), "{}", csv.lines().next().unwrap());
}

#[test]
fn what_has_no_text_is_named() {
    let site = with_tables(Site::new());
    let answer = site.run(&["sql", "select 1 as n, $1 as x", "--warehouse", "w.duckdb"]).expect(1);
    assert!(answer.stderr.contains("has parameters"), "{}", answer.stderr);
}

#[test]
fn every_type_of_a_server() {
    let site = with_tables(on_postgres());
    for value in [
        "null",
        "true",
        "cast(-32768 as smallint)",
        "9223372036854775807",
        "cast(4294967295 as oid)",
        "cast(0.1 as real)",
        "cast('nan' as double precision)",
        "cast('-infinity' as real)",
        "0.1000",
        "cast('nan' as numeric)",
        "-12345678901234567890123456789012345678901234567890.00001",
        "timestamp 'infinity'",
        "timestamp '-infinity'",
        "timestamp '0044-03-15 12:00:00.5 BC'",
        "timestamp '294276-12-31 23:59:59.999999'",
        "timestamptz '2018-11-01 21:01:46.796+02'",
        "timestamptz 'infinity'",
        "timestamptz '0044-03-15 12:00:00.5+00 BC'",
        "date 'infinity'",
        "date '4713-01-01 BC'",
        "date '5874897-12-31'",
        "time '23:59:59.5'",
        "time '24:00:00'",
        "timetz '01:02:03.5+05:30'",
        "interval '1 year 2 months 3 days 04:05:06.000007'",
        "interval '-1 day'",
        "cast('0101101' as bit(7))",
        "cast('01' as varbit)",
        "cast('\\x00ff6162' as bytea)",
        "cast('00000000-0000-0000-0000-0000000000ff' as uuid)",
        "cast('a ' as char(4))",
        "cast('x' as \"char\")",
        "cast('name' as name)",
        "cast('{\"a\": [1, 2]}' as json)",
        "cast('{\"a\": [1, 2]}' as jsonb)",
        "cast('12.50' as money)",
        "cast('192.168.0.1/24' as inet)",
        "cast('192.168.0.0/24' as cidr)",
        "cast('08:00:2b:01:02:03' as macaddr)",
        "point '(1, 2)'",
        "box '((0, 0), (1, 1))'",
        "cast('[1, 5)' as int4range)",
        "cast('{[1, 5)}' as int4multirange)",
        "cast('fat & cat' as tsquery)",
        "cast('0/16B3748' as pg_lsn)",
        "cast('pg_class' as regclass)",
        "row(1, 'a')",
        "cast('10:20:' as pg_snapshot)",
    ] {
        let wanted = texts(&site.sql(&format!("select cast({value} as text) as text")));
        assert_spelled(value, &printed(&site, &format!("select {value} as x -- end\n;")), &wanted);
    }
    let lists = "select array[1, null] as a, array[array[1, 2], array[3, 4]] as aa, array[timestamp 'infinity'] as t, \
                 array[interval '1 day', null] as i, cast('{}' as integer[]) as none, array[array[date '2018-11-01']] as d";
    assert_eq!(
        site.sql(lists),
        json!([{
            "a": [1, null],
            "aa": [[1, 2], [3, 4]],
            "t": ["infinity"],
            "i": ["1 day", null],
            "none": [],
            "d": [["2018-11-01"]],
        }])
    );
    assert_eq!(
        site.sql("select i, null as x, null as x, interval '1 day' as d from generate_series(1, 3) as s (i) order by i desc")[0]
            ["i"],
        3
    );
}

#[test]
fn every_type_of_a_cluster() {
    let site = with_tables(crate::redshift::site("compact"));
    assert_eq!(site.sql("select true as x")[0]["x"], true);
    for value in [
        "null",
        "9223372036854775807",
        "cast(0.1 as real)",
        "cast('nan' as double precision)",
        "cast('0.1000' as decimal(18, 4))",
        "cast('-12345678901234567890123456789.123456789' as decimal(38, 9))",
        "timestamp '2018-11-01 21:01:46.5'",
        "date '2018-11-01'",
        "cast('x' as varchar(3))",
    ] {
        let wanted = texts(&site.sql(&format!("select cast({value} as varchar(100)) as text")));
        assert_spelled(value, &printed(&site, &format!("select {value} as x")), &wanted);
    }
}
