//! COPY of JSON from S3: which objects, which values into which columns.

use super::{Cluster, copy, faults_in_grammar};
use crate::support::real_data;
use crate::support::warehouse::files_below;

#[test]
fn a_prefix_is_text_and_no_folder() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    cluster.put("log_data/a.json", "{\"n\": 1}");
    cluster.put("log_data_old/a.json", "{\"n\": 2}");
    client.run(&copy("t", "log_data", "json 'auto'"));
    assert_eq!(client.value("select count(*) from t"), "2", "log_data_old was loaded too");
    client.run("delete from t");
    client.run(&copy("t", "log_data/", "format as json 'auto'"));
    assert_eq!(client.value("select max(n) from t"), "1");
    let refused = client.refused(&copy("t", "nowhere/", "json 'auto'"));
    assert_eq!(refused.message, "The specified S3 prefix 'nowhere/' does not exist");
    assert_eq!(refused.code, "XX000");
    assert!(refused.detail.contains("code:      8001"), "{refused:?}");
}

#[test]
fn a_manifest_lists_complete_keys() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    cluster.put("d/1.json", "{\"n\": 1}");
    cluster.put("d/2.json", "{\"n\": 2}");
    cluster.put_manifest("all.manifest", &["d/1.json", "d/2.json"]);
    client.run(&copy("t", "all.manifest", "manifest json 'auto'"));
    assert_eq!(client.value("select sum(n) from t"), "3");

    // A key twice is loaded twice.
    cluster.put_manifest("twice.manifest", &["d/1.json", "d/1.json"]);
    client.run("delete from t");
    client.run(&copy("t", "twice.manifest", "manifest json 'auto'"));
    assert_eq!(client.value("select count(*) from t"), "2");

    // A missing file fails if it is mandatory, and is passed over in silence if not, as is the default.
    cluster.put_manifest("missing.manifest", &["d/1.json", "d/3.json"]);
    let refused = client.refused(&copy("t", "missing.manifest", "manifest json 'auto'"));
    assert!(refused.message.contains("Status 404") && refused.message.contains("d/3.json"), "{refused:?}");
    cluster.put(
        "lenient.manifest",
        "{\"entries\": [{\"url\": \"s3://lake/d/1.json\"}, {\"url\": \"s3://lake/d/3.json\", \"meta\": {}}]}",
    );
    client.run("delete from t");
    client.run(&copy("t", "lenient.manifest", "manifest json 'auto'"));
    assert_eq!(client.value("select count(*) from t"), "1");

    // An entry is no prefix; no file at all is an error in any case.
    cluster.put("prefix.manifest", "{\"entries\": [{\"url\": \"s3://lake/d/\"}]}");
    client.refused(&copy("t", "prefix.manifest", "manifest json 'auto'"));
    let refused = client.refused(&copy("t", "not_there.manifest", "manifest json 'auto'"));
    assert!(refused.message.starts_with("Problem reading manifest file"), "{refused:?}");
    cluster.put("broken.manifest", "{\"entries\": ");
    assert!(client.refused(&copy("t", "broken.manifest", "manifest json 'auto'")).message.contains("correct json format"));
}

#[test]
fn auto_matches_lower_case_keys_alone() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (userId int, user_id int, \"First\" varchar, extra varchar default 'x')");
    cluster.put("a.json", r#"{"userId": 1, "user_id": 2, "First": "A", "unknown": [1, {"a": "}"}]}"#);
    client.run(&copy("t", "a.json", "json 'auto'"));
    assert_eq!(client.rows("select userid, user_id, first, extra from t"), [["∅", "2", "∅", "∅"]]);
    client.run("delete from t");
    client.run(&copy("t (userid, user_id, first)", "a.json", "json 'auto ignorecase'"));
    assert_eq!(
        client.rows("select userid, user_id, first, extra from t"),
        [["1", "2", "A", "x"]],
        "a column that is not listed has its default"
    );
}

#[test]
fn paths_go_to_columns_by_position() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (b int, a int, c varchar(40))");
    cluster.put("a.json", r#"{"A": 1, "B": {"x": [10, 20]}, "c": {"k": [1, "zwei"]}}"#);
    cluster.put("paths", r#"{"jsonpaths": ["$['A']", "$['B']['x'][1]", "$['c']"]}"#);
    client.run(&copy("t (a, b, c)", "a.json", "json 's3://lake/paths'"));
    assert_eq!(client.rows("select a, b, c from t"), [["1", "20", r#"{"k": [1, "zwei"]}"#]]);

    cluster.put("dots", r#"{"jsonpaths": ["$.A", "$.B.y", "$.d"]}"#);
    client.run("delete from t");
    client.run(&copy("t (a, b, c)", "a.json", "json 's3://lake/dots'"));
    assert_eq!(client.rows("select a, b, c from t"), [["1", "∅", "∅"]], "a missing member is null");

    for (file, content, part) in [
        ("range", r#"{"jsonpaths": ["$['A']", "$['B']['x'][2]", "$['c']"]}"#, "Not an array or index out of range"),
        ("few", r#"{"jsonpaths": ["$['A']"]}"#, "JSONPath size: 1, Number of columns in table or column list: 3"),
        ("broken", r#"{"jsonpaths": ["$['A']", ]}"#, "Invalid JSONPath"),
        ("two", r#"{"jsonpaths": []} {}"#, "Invalid JSONPath"),
        ("mixed", r#"{"jsonpaths": ["$.A['B']", "$.B", "$.c"]}"#, "Invalid JSONPath"),
        ("wild", r#"{"jsonpaths": ["$.*", "$.B", "$.c"]}"#, "Invalid JSONPath"),
        ("number", r#"{"jsonpaths": ["$.A", 1, "$.c"]}"#, "Invalid JSONPath"),
    ] {
        cluster.put(file, content);
        // No limit of errors helps against a bad file of paths.
        let refused = client.refused(&copy("t (a, b, c)", "a.json", &format!("json 's3://lake/{file}' maxerror 100")));
        assert!(refused.message.contains(part), "{file}: {refused:?}");
    }

    // Another key than `jsonpaths` is no error: the columns' names count, and next to nothing is loaded.
    cluster.put("wrong_key", r#"{"paths": ["$['A']", "$['B']", "$['c']"]}"#);
    client.run("delete from t");
    client.run(&copy("t (a, b, c)", "a.json", "json 's3://lake/wrong_key'"));
    assert_eq!(client.rows("select a, b from t"), [["∅", "∅"]]);
}

#[test]
fn values_become_what_the_columns_are() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (i int, l bigint, f float8, v varchar(5), d decimal(8,2), b boolean, at timestamp)");
    let one = |json: &str, options: &str| {
        cluster.put("one.json", json);
        client.run("delete from t");
        client.run(&copy("t", "one.json", &format!("json 'auto' {options}")));
        client.rows("select i, l, f, v, d, b, at from t").remove(0)
    };
    assert_eq!(
        one(r#"{"i": "39", "l": 1541121934796, "f": 1.5e3, "v": 12, "d": "20.259", "b": true}"#, ""),
        ["39", "1541121934796", "1500", "12", "20.25", "t", "∅"],
        "DECIMAL is cut"
    );
    assert_eq!(one(r#"{"d": "20.259"}"#, "roundec")[4], "20.26");
    // Nothing, in quotes, is NULL but for texts, where it depends.
    assert_eq!(
        one(r#"{"i": "", "l": "  ", "f": "", "v": "", "d": "", "b": "", "at": ""}"#, ""),
        ["∅", "∅", "∅", "", "∅", "∅", "∅"]
    );
    assert_eq!(one(r#"{"v": ""}"#, "emptyasnull")[3], "∅");
    assert_eq!(one(r#"{"v": "  "}"#, "")[3], "  ");
    assert_eq!(one(r#"{"v": "  "}"#, "blanksasnull")[3], "∅");
    assert_eq!(one(r#"{"v": null}"#, "")[3], "∅");
    assert_eq!(one(r#"{"v": "a\\\nb"}"#, "")[3], "a\\\nb");
    // Lengths are bytes.
    assert_eq!(one(r#"{"v": "Björk"}"#, "truncatecolumns")[3], "Björ");
    assert_eq!(one(r#"{"v": "漢字"}"#, "truncatecolumns")[3], "漢");
    assert_eq!(one(r#"{"at": 1541121934796}"#, "timeformat 'epochmillisecs'")[6], "2018-11-02 01:25:34.796");
    assert_eq!(one(r#"{"at": "2018-11-02T01:25:34Z"}"#, "timeformat 'auto'")[6], "2018-11-02 01:25:34");
    assert_eq!(one("{\n\"i\":\n1\n}", "")[0], "1", "an object may take several lines");

    for (json, options, code, part) in [
        (r#"{"i": 1.5}"#, "", "1207", "Invalid digit, Value '.', Pos 1, Type: Integer"),
        (r#"{"l": 1540919166796.0}"#, "", "1207", "Invalid digit, Value '.', Pos 13, Type: Long"),
        (r#"{"i": 2147483648}"#, "", "1204", "Overflow"),
        (r#"{"i": true}"#, "", "1207", "Invalid digit, Value 't'"),
        (r#"{"f": "much"}"#, "", "1208", "Invalid digit"),
        (r#"{"v": "Beyoncé"}"#, "", "1204", "String length exceeds DDL length"),
        (r#"{"b": "perhaps"}"#, "", "1210", "boolean"),
        // `auto` knows no epochs, and the keywords are told apart by case.
        (r#"{"at": 1541121934796}"#, "timeformat 'auto'", "1206", "Invalid timestamp"),
        (r#"{"i": 1} x"#, "", "1216", "Invalid JSON"),
        (r#"{"i": 1"#, "", "1216", "Invalid JSON"),
        (r#"[{"i": 1}]"#, "", "", ""),
    ] {
        cluster.put("bad.json", json);
        client.run("delete from t");
        if code.is_empty() {
            // A wrapping array holds no column's value.
            client.run(&copy("t", "bad.json", "json 'auto'"));
            assert_eq!(client.value("select count(i) from t"), "0");
            continue;
        }
        let refused = client.refused(&copy("t", "bad.json", &format!("json 'auto' {options}")));
        assert_eq!(refused.message, "Load into table 't' failed.  Check 'stl_load_errors' system table for details.", "{json}");
        let found = client.rows("select error_code, error_message from sys_load_error_detail order by query_id desc limit 1");
        assert!(found[0][0] == code && found[0][1].contains(part), "{json}: {found:?}");
        assert_eq!(client.value("select count(*) from t"), "0");
    }
    let refused = client.refused(&copy("t", "bad.json", "json 'auto' timeformat 'EPOCHMILLISECS'"));
    assert!(refused.message.contains("time format"), "{refused:?}");
}

#[test]
fn text_is_utf8_and_char_is_ascii() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (v varchar(20), c char(4))");
    cluster.put("bad.json", b"{\"v\": \"a\xff\xfeb\"}");
    client.refused(&copy("t", "bad.json", "json 'auto'"));
    assert_eq!(client.value("select error_code from sys_load_error_detail"), "1220");
    client.run(&copy("t", "bad.json", "json 'auto' acceptinvchars '^'"));
    assert_eq!(client.value("select v from t"), "a^^b", "each byte becomes one character");
    assert_eq!(client.value("select trim(column_name) from sys_copy_replacements"), "v");

    cluster.put("char.json", "{\"c\": \"é\"}");
    client.refused(&copy("t", "char.json", "json 'auto'"));
    let reason = client.value("select max(error_message) from sys_load_error_detail");
    assert!(reason.contains("codepoints") || reason.contains("Multibyte"), "{reason}");
    assert_eq!(client.value("select count(*) from sys_load_error_detail where error_message like 'Multibyte character not supported for CHAR%c3 a9%'"), "1");
}

#[test]
fn an_object_has_four_megabytes_at_most_and_bars_count_twice() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    let object = |size: usize, with: &str| format!("{{\"n\":1,\"x\":\"{}\"}}", with.repeat(size - 14));
    cluster.put("fits.json", object(4 << 20, "a"));
    client.run(&copy("t", "fits.json", "json 'auto'"));
    for (name, content) in [("large.json", object((4 << 20) + 1, "a")), ("bars.json", object(3 << 20, "|"))] {
        cluster.put(name, content);
        // It fails the whole, however many errors are allowed.
        let refused = client.refused(&copy("t", name, "json 'auto' maxerror 100"));
        assert!(refused.message.contains("4194304"), "{refused:?}");
    }
    assert_eq!(client.value("select count(*) from t"), "1");
}

#[test]
fn compressed_objects_are_unpacked_when_it_is_said() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, b"{\"n\": 1}\n{\"n\": 2}").unwrap();
    cluster.put("a.json.gz", packer.finish().unwrap());
    cluster.put("a.json.zst", zstd::encode_all(&b"{\"n\": 3}"[..], 1).unwrap());
    client.run(&copy("t", "a.json.gz", "json 'auto' gzip"));
    client.run(&copy("t", "a.json.zst", "json 'auto' zstd"));
    assert_eq!(client.value("select sum(n) from t"), "6");
    // The name's ending means nothing.
    client.refused(&copy("t", "a.json.gz", "json 'auto'"));
    client.refused(&copy("t", "a.json.", "json 'auto' gzip"));
}

#[test]
fn identities_are_unique_with_gaps() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (id bigint identity(0, 1), n int)");
    cluster.put("a.json", "{\"n\": 1} {\"n\": 2, \"id\": 7} {\"n\": 3}");
    client.run(&copy("t (n)", "a.json", "json 'auto'"));
    client.run(&copy("t", "a.json", "json 'auto'"));
    assert_eq!(client.value("select count(distinct id) from t"), "6");
    assert_ne!(client.value("select max(id) - min(id) from t"), "5", "they do not follow each other");
    client.refused(&copy("t (id, n)", "a.json", "json 'auto'"));
    client.refused("insert into t (id, n) values (1, 1)");
}

#[test]
fn many_small_files_load_in_reasonable_time() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int, v varchar(100))");
    let lines: Vec<String> = (0..50_000).map(|n| format!("{{\"v\":\"number {n}\",\"n\":{n}}}\n")).collect();
    let keys: Vec<String> = (0..300).map(|at| format!("many/{at}.json")).collect();
    for key in &keys {
        cluster.put(key, "{\"n\": -1}");
    }
    cluster.put("many/large.json", lines.concat());
    let started = std::time::Instant::now();
    client.run(&copy("t", "many/", "json 'auto'"));
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    assert_eq!(client.rows("select count(*), sum(n) from t"), [["50300", "1249974700"]]);
    assert_eq!(client.value("select count(*) from sys_load_detail"), "301");
}

#[test]
fn the_real_data_gives_its_known_answers() {
    let Some(folder) = real_data() else { return };
    let cluster = Cluster::start();
    let client = cluster.connect();
    let (mut logs, mut songs) = (Vec::new(), Vec::new());
    for file in files_below(&folder).into_iter().filter(|file| file.url.contains(".json")) {
        let key = std::path::Path::new(&file.url).strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        cluster.put(&key, &file.bytes);
        if key.ends_with("-events.json") { logs.push(key) } else { songs.push(key) }
    }
    let keys = |keys: &[String]| keys.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    cluster.put_manifest("logs.manifest", &keys(&logs).lines().collect::<Vec<_>>());
    cluster.put_manifest("songs.manifest", &keys(&songs).lines().filter(|key| key.contains("/TR")).collect::<Vec<_>>());
    cluster.put("paths", r#"{"jsonpaths": ["$['ts']", "$['userId']", "$['page']", "$['registration']", "$['song']"]}"#);
    client.run("create table events (ts bigint, user_id bigint, page varchar(64), registration float8, song varchar(1024))");
    client.run("begin; lock events; create temp table staged (like events)");
    client.run(&copy(
        "staged (ts, user_id, page, registration, song)",
        "logs.manifest",
        "format as json 's3://lake/paths' manifest",
    ));
    client.run("insert into events select * from staged; commit");
    let counts = "select count(*), count(distinct user_id), sum(case when page = 'NextSong' then 1 else 0 end) from events";
    assert_eq!(client.rows(counts), [["8056", "97", "6820"]]);
    let plays = "select count(distinct dateadd(ms, (ts % 1000)::int, dateadd(s, (ts / 1000)::int, '1970-01-01'::timestamp))) \
                 from events where page = 'NextSong'";
    assert_eq!(client.value(plays), "6813");

    client.run("create table songs (song_id varchar(32), title varchar(1024), artist_id varchar(32), year int, duration float8)");
    client.run(&copy("songs", "songs.manifest", "json 'auto' manifest"));
    assert_eq!(client.rows("select count(*), count(distinct artist_id) from songs"), [["71", "69"]]);

    let sent = cluster.standin.statements();
    assert_eq!(faults_in_grammar(sent.iter().map(|statement| statement.text.as_str())).unwrap_or_default(), [""; 0]);
}
