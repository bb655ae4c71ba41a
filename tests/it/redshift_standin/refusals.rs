//! What Redshift refuses, though PostgreSQL or a parser of the dialect may take it; and what it takes.

use super::{Cluster, faults_in_grammar};
use crate::support::redshift::ROLE;
use crate::support::redshift::accept::assert_redshift_accepts;

const REFUSED: [&str; 78] = [
    // Selecting.
    "select distinct on (a) a, b from t",
    "select count(*) filter (where a > 1) from t",
    "select * from (values (1), (2)) as v (n)",
    "with v as (values (1)) select * from v",
    "values (1)",
    "select a from t where a is not distinct from b",
    "select a is distinct from b from t",
    "select array[1, 2]",
    "select a[1] from t",
    "select a from t where a = any(array[1, 2])",
    "select * from generate_series(1, 10)",
    "insert into t select generate_series(1, 3)",
    "select string_agg(a, ',') from t",
    "select array_agg(a) from t",
    "select substr(a, 1, 2) from t",
    "select format('%s', a) from t",
    "select encode(a, 'hex') from t",
    "select clock_timestamp()",
    "select now() from t",
    "insert into t values (now())",
    "select current_timestamp as at from t",
    "select gen_random_uuid()",
    "select to_timestamp(1.5)",
    "select concat(a, b, c) from t",
    "select concat_ws(',', a, b) from t",
    "select bit_xor(a) from t",
    "select hashtext(a) from t",
    "select epoch_ms(a) from t",
    "select regexp_matches(a, 'b') from t",
    "select make_date(2018, 1, 1)",
    "select row(1, 2)",
    "select unnest(a) from t",
    "select * from t, lateral (select 1) as x",
    "select a from t tablesample system (1)",
    "select a from t for update",
    "select sum(a) over w from t window w as (partition by b)",
    "select sum(a) over (order by b) from t",
    "select first_value(a) over (partition by c order by b) from t",
    "select sum(a) over (order by b range between unbounded preceding and current row) from t",
    "select a from t order by a collate \"C\"",
    "select a from t order by a fetch first 3 rows only",
    "select a::uuid from t",
    "select a::jsonb from t",
    "select a from t where a = $1",
    "select a as user from t",
    "select t.tag from t",
    // Changing.
    "insert into t values (1) on conflict do nothing",
    "insert into t values (1) returning a",
    "with s as (select 1) insert into t select * from s",
    "delete from t as x where x.a = 1",
    "delete from t x using s where x.a = s.a",
    "update t as x set a = 1",
    "merge into t as x using s on x.a = s.a when matched then delete when not matched then insert values (1)",
    "merge into t using (select 1 as a) as s on t.a = s.a when matched then delete when not matched then insert values (1)",
    "merge into t using s on t.a = s.a when matched then delete",
    "merge into t using s on t.a = s.a when not matched then insert values (1)",
    "merge into t using s on t.a = s.a when matched and t.b then delete when not matched then insert values (1)",
    "truncate t, s",
    "truncate t cascade",
    // Making.
    "create index i on t (a)",
    "create unique index i on t (a)",
    "create sequence s",
    "create type mood as enum ('good')",
    "create temp view v as select 1",
    "create unlogged table t (a int)",
    "create table t (a serial)",
    "create table t (a uuid)",
    "create table t (a int check (a > 0))",
    "create table t (a int) inherits (s)",
    "create table t (raw varchar(9))",
    "create table t (a timestamp(3))",
    "create table t (\"oid\" int)",
    "create table t (a int generated always as (1) stored)",
    "create temp table t (a int) on commit drop",
    "create temp table t (like s including all)",
    "alter table t alter column a set not null",
    // Besides.
    "do $$ begin end $$",
    "copy t from stdin",
];

#[test]
fn what_the_service_lacks_is_refused() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    let taken: Vec<&str> = REFUSED.into_iter().filter(|sql| client.messages(sql).is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
    // By the text alone, not because a table is missing.
    for sql in REFUSED {
        let accepted = std::panic::catch_unwind(|| assert_redshift_accepts(sql)).is_ok();
        assert!(!accepted, "{sql}");
    }
}

#[test]
fn what_the_service_has_is_accepted() {
    for sql in [
        "select count(*), \"user\", level from t where a in (1, 2) and (b, c) in (select b, c from s)",
        "insert into t (a, b) select a, b from (select a, b, row_number() over (partition by a order by b) as place from s) as ranked where place = 1",
        "insert into t with fresh as (select a from s), known (b) as (select b from t) select a from fresh where not exists (select 1 from known where known.b = fresh.a)",
        "with x as (select 1 as a) select a from x",
        "with x as (select 1 as a) delete from t using x where t.a = x.a",
        "delete from t using s where t.a = s.a",
        "update t set a = s.a from s where t.b = s.b",
        "create table if not exists t (id bigint identity(0, 1), v varchar(10) not null default 'a', n decimal(10, 5), primary key (id)) diststyle auto",
        "create temp table s (like t)",
        "create temp table s (like t including defaults)",
        "create table s diststyle even as select a, sum(b) over (partition by a order by c rows between unbounded preceding and current row) as b from t",
        "select lag(a) over (partition by b order by c), ntile(4) over (order by a) from t",
        "select cast(a as varchar(10)), a::decimal(10, 5), date_trunc('hour', start_time), extract(dow from start_time) from t",
        "select coalesce(left(a, 3), right(b, 2)), replace(a, 'x', 'y'), count(distinct a) from t group by 1, 2, 3",
        "begin; lock table t; delete from t; insert into t select * from s; commit",
        "drop table if exists s; alter table t add column b varchar(10) default 'x'; alter table t append from s",
        "grant select on t to public; analyze t; vacuum t; set statement_timeout to 0; show search_path",
        "select now()",
        "merge into t using s on t.a = s.a when matched then update set b = s.b when not matched then insert values (s.a, s.b)",
        "select level, time, location, year, month, day, week, weekday, hour, title, name, length, status, method, page from song",
        "explain select 1 from t",
        "comment on table t is 'filter (where distinct on'",
    ] {
        assert_redshift_accepts(sql);
    }
    assert_redshift_accepts(&format!(
        "copy staging_events (artist, ts, \"user_id\") from 's3://bucket/etl/run/log_data.manifest' iam_role '{ROLE}' \
         format as json 's3://bucket/etl/run/log_jsonpaths.json' manifest region 'us-west-2' \
         truncatecolumns blanksasnull emptyasnull compupdate off statupdate off maxerror 0"
    ));
}

#[test]
fn the_options_of_copy_exclude_each_other() {
    let copy = |options: &str| format!("copy t from 's3://b/k' iam_role '{ROLE}' {options}");
    for options in [
        "json 'auto' csv",
        "json 'auto' delimiter ','",
        "json 'auto' escape",
        "json 'auto' fillrecord",
        "json 'auto' null as 'x'",
        "json 'auto' removequotes",
        "json 'auto' gzip zstd",
        "json 'auto' gzip gzip",
        "json 'auto' acceptanydate",
        "json 'auto' maxerror 1 ignoreallerrors",
        "json 'auto' access_key_id 'a' secret_access_key 'b'",
        "json 'auto' acceptinvchars 'é'",
        "json 'auto' iam_role default",
        "json 'auto' maxerror",
        "json 'auto' whatever",
        "json 'elsewhere'",
        "format as orc",
        "",
    ] {
        let accepted = std::panic::catch_unwind(|| assert_redshift_accepts(&copy(options))).is_ok();
        assert!(!accepted, "{options}");
    }
    assert_redshift_accepts(&copy("json timeformat as 'epochmillisecs' noload explicit_ids"));
    assert_redshift_accepts(&copy(
        "json 'auto ignorecase' dateformat 'auto' acceptanydate comprows 1000 compupdate preset statupdate on encoding utf8",
    ));
}

#[test]
fn the_other_parser_finds_faults_where_there_are_some() {
    let Some(faults) = faults_in_grammar(["select 1", "insert into t values (1) on conflict do nothing"]) else { return };
    assert!(faults.len() == 1 && faults[0].contains("on conflict"), "{faults:?}");
}
