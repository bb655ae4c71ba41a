//! Tables and questions: types, keys, functions, the catalogue.

use super::Cluster;

#[test]
fn varchar_counts_bytes_and_has_256_by_default() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (v varchar(5), c char(3), d varchar, x text, m varchar(max))");
    client.run("insert into t (v) values ('Björ'), ('abcde')");
    let refused = client.refused("insert into t (v) values ('Björk')");
    assert_eq!((refused.code.as_str(), refused.message.as_str()), ("22001", "value too long for type character varying(5)"));
    client.refused("insert into t (c) values ('é')");
    client.refused("update t set v = 'naïve'");
    for column in ["d", "x"] {
        client.run(&format!("insert into t ({column}) values ('{}')", "a".repeat(256)));
        client.refused(&format!("insert into t ({column}) values ('{}')", "a".repeat(257)));
    }
    client.run(&format!("insert into t (m) values ('{}')", "a".repeat(65_535)));
    client.refused(&format!("insert into t (m) values ('{}')", "é".repeat(40_000)));
    client.refused("create table u (v varchar(65536))");
    // Spaces at the end are no part of a CHAR; a cast cuts.
    assert_eq!(client.value("select 'abcdef'::varchar(3)"), "abc");
    // What was made from another table, or came later, is held to the same.
    client.run("create temp table s (like t)");
    client.refused("insert into s (v) values ('Björk')");
    client.run("alter table t add column late varchar(2)");
    client.refused("insert into t (late) values ('é€')");
    client.refused("alter table t add column a int, add column b int");
    client.run("alter table t alter column late type varchar(9)");
    client.run("insert into t (late) values ('é€')");
    client.refused("begin; alter table t alter column late type varchar(10)");
    client.run("rollback");
}

#[test]
fn how_a_table_lies_is_kept_and_shown() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run(
        "create table plays (id bigint identity(0,1), user_id bigint not null distkey, start_time timestamp encode raw, level varchar(10) encode zstd) \
         diststyle key compound sortkey (start_time, user_id)",
    );
    client.run("create table small (n int sortkey) diststyle all backup no");
    client.run("create table plain (n int) diststyle auto sortkey auto encode auto");
    client.run("create table copied (like plays)");
    client.run("create table chosen diststyle even as select user_id from plays");
    let tables = client.rows("select \"table\", diststyle, sortkey1, sortkey_num, tbl_rows from svv_table_info order by 1");
    assert_eq!(
        tables,
        [
            ["chosen", "EVEN", "AUTO(SORTKEY)", "0", "0"],
            ["copied", "KEY(user_id)", "start_time", "2", "0"],
            ["plain", "AUTO(ALL)", "AUTO(SORTKEY)", "0", "0"],
            ["plays", "KEY(user_id)", "start_time", "2", "0"],
            ["small", "ALL", "n", "1", "0"],
        ]
    );
    let columns = client
        .rows("select \"column\", type, encoding, distkey, sortkey, \"notnull\" from pg_table_def where tablename = 'plays'");
    assert_eq!(columns[1], ["user_id", "bigint", "none", "t", "2", "t"]);
    assert_eq!(columns[3][..3], ["level", "character varying(10)", "zstd"]);
    for wrong in [
        "create table w (a int distkey, b int distkey)",
        "create table w (a int distkey) diststyle even",
        "create table w (a int) diststyle key",
        "create table w (a int) sortkey (b)",
        "create table w (a int) distkey (b)",
        "create table w (a int encode best)",
        "create table w (id varchar(9) identity(0,1))",
        "create table w (a int) partition by range (a)",
        "create table w (a int) diststyle some",
    ] {
        client.refused(wrong);
    }
    assert_eq!(client.value("select count(*) from svv_table_info where \"table\" = 'w'"), "0", "nothing is left of them");
}

#[test]
fn names_fold_to_lower_case_quoted_or_not() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table \"Plays\" (\"UserId\" int, \"time\" int)");
    client.run("insert into PLAYS (\"USERID\", time) values (1, 2)");
    assert_eq!(client.rows("select userid, \"TIME\" from plays"), [["1", "2"]]);
}

#[test]
fn backslashes_escape_in_texts() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    assert_eq!(client.value(r"select 'a\\b'"), r"a\b");
    assert_eq!(client.value(r"select octet_length('a\\')"), "2");
    assert_eq!(client.value(r"select 'it\'s; fine'"), "it's; fine");
}

#[test]
fn the_functions_of_the_service_are_there() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    for (expression, wanted) in [
        ("dateadd(ms, 796, dateadd(s, 1541121934, '1970-01-01'::timestamp))", "2018-11-02 01:25:34.796"),
        ("dateadd(month, 1, '2018-01-31'::timestamp)", "2018-02-28 00:00:00"),
        ("datediff(day, '2018-11-01 23:00'::timestamp, '2018-11-02 01:00'::timestamp)", "1"),
        ("datediff(hour, '2018-11-01 23:59'::timestamp, '2018-11-02 01:00'::timestamp)", "2"),
        ("datediff(week, '2018-11-04'::timestamp, '2018-11-05'::timestamp)", "1"),
        ("datediff(month, '2018-10-31'::timestamp, '2018-11-01'::timestamp)", "1"),
        ("timestamp 'epoch' + 1541121934796 / 1000 * interval '1 second'", "2018-11-02 01:25:34"),
        ("timestamp 'epoch' + 1541121934796 / 1000.0 * interval '1 second'", "2018-11-02 01:25:34.796"),
        ("extract(dow from '2022-05-02'::timestamp)", "1"),
        ("extract(week from '2022-05-02'::timestamp)", "18"),
        ("extract(second from '2022-05-02 00:00:07.9'::timestamp)", "7"),
        ("extract(epoch from '2022-05-02'::timestamp)", "1651449600"),
        ("date_part(dow, '2022-05-01'::timestamp)", "0"),
        ("date_part('weekday', '2022-05-07'::timestamp)", "6"),
        ("date_trunc('week', '2022-05-05'::timestamp)", "2022-05-02 00:00:00"),
        ("nvl(null, 'b')", "b"),
        ("nvl2(null, 'a', nvl2(1, 'b', 'c'))", "b"),
        ("decode(3, 1, 'a', 3, 'c', 'z') || decode(9, 1, 'a', 'z') || decode(null, null, 'n')", "czn"),
        ("len('Björk')", "5"),
        ("octet_length('Björk')", "6"),
        ("charindex('r', 'Björk')", "4"),
        ("strtol('7fff', 16)", "32767"),
        ("strtol(substring(md5('a'), 1, 15), 16)", "57446577476672362"),
        ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
        ("sha2('a', 256)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("fnv_hash('a')", "-5808556873153909620"),
        ("trunc('2022-05-05 13:00'::timestamp)", "2022-05-05"),
        ("getdate() > '2020-01-01' and sysdate > '2020-01-01'", "t"),
    ] {
        assert_eq!(client.value(&format!("select {expression}")), wanted, "{expression}");
    }
    client.run("create table t (g int, v varchar(9), n int); insert into t values (1, 'b', 1), (1, 'a', 2), (2, null, 9)");
    assert_eq!(
        client.rows("select g, listagg(v, ',') within group (order by v) from t group by g order by g"),
        [["1", "a,b"], ["2", "∅"]]
    );
    assert_eq!(client.value("select median(n) from t"), "2");
    assert_eq!(client.value("select approximate count(distinct g) from t"), "2");
    assert_eq!(client.value("select sum(n) over (order by n rows unbounded preceding) from t order by 1 desc limit 1"), "12");
    assert!(client.refused("select (g = 1)::varchar from t").message.contains("cannot cast type boolean"));
    assert_eq!(client.rows("select g from t minus select 1"), [["2"]]);
}

#[test]
fn merge_is_narrow_and_finds_double_matches() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (id int, n int); create table s (id int, n int); insert into t values (1, 0); insert into s values (1, 5), (2, 6)");
    client.run("merge into t using s as s on t.id = s.id when matched then update set n = s.n when not matched then insert (id, n) values (s.id, s.n)");
    assert_eq!(client.rows("select id, n from t order by id"), [["1", "5"], ["2", "6"]]);
    client.run("insert into s values (1, 7)");
    let refused = client.refused("merge into t using s on t.id = s.id when matched then update set n = s.n when not matched then insert values (s.id, s.n)");
    assert_eq!(refused.message, "Found multiple matches to update the same tuple.");
}

#[test]
fn tags_count_what_was_changed() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    let count = |sql: &str| match client.messages(sql).unwrap().pop() {
        Some(tokio_postgres::SimpleQueryMessage::CommandComplete(count)) => count,
        other => panic!("{other:?}"),
    };
    assert_eq!(count("insert into t values (1), (2), (3)"), 3);
    assert_eq!(count("delete from t where n = 1"), 1);
    assert_eq!(count("select * from t"), 0, "no count behind SELECT");
    super::super::support::redshift::accept::assert_redshift_accepts("select 1");
    cluster.put("a.json", "{\"n\": 4}");
    assert_eq!(count(&super::copy("t", "a.json", "json 'auto'")), 0, "nor behind COPY");
    assert_eq!(count("vacuum t"), 0);
    assert_eq!(count("analyze t"), 0);
    client.refused("begin; vacuum t");
}
