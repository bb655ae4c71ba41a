//! What a server, a database, a role or a pooler may have set otherwise: the same rows all the same, where they stay, or a
//! refusal that says why.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::differential::{hostile_log, hostile_songs};
use crate::support::generate::{Event, Random, Song, content};
use crate::support::made_up;
use crate::support::postgres::{PASSWORD, Postgres, TRUSTED};
use crate::support::proxy::Proxy;
use crate::support::sql_client::SqlClient;
use crate::support::warehouse::{Answer, Site};

fn client(server: &Postgres, database: &str) -> SqlClient {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(server.port).dbname(database).user(TRUSTED);
    SqlClient::connect(&config).unwrap()
}

fn site(port: u16, user: &str, database: &str) -> Site {
    Site::at(format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable"), Vec::new())
}

fn fill(site: &Site) {
    let mut random = Random::new(23);
    site.put_at("log_data/weeks.json", made_up::weeks(), 1_600_000_000);
    site.put_at("log_data/hostile.json", hostile_log(&mut random, 200), 1_600_000_000);
    site.put_at("song_data/hostile.json", hostile_songs(&mut random, 20), 1_600_000_000);
}

const ANY_REJECTS: [&str; 2] = ["--max-rejects", "100%"];

/// Settings that change how values are read, compared, shown or kept, each as bad as it gets.
const PERVERSE: [&str; 22] = [
    "datestyle = 'sql, dmy'",
    "intervalstyle = 'sql_standard'",
    "timezone = 'Asia/Kathmandu'",
    "extra_float_digits = -15",
    "bytea_output = 'escape'",
    "standard_conforming_strings = off",
    "backslash_quote = 'on'",
    "transform_null_equals = on",
    "client_encoding = 'LATIN1'",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_read_only = on",
    "default_transaction_deferrable = on",
    "synchronous_commit = off",
    "row_security = off",
    "client_min_messages = 'debug1'",
    "lock_timeout = '1s'",
    "statement_timeout = '2s'",
    "idle_in_transaction_session_timeout = '1s'",
    "default_table_access_method = 'perverse'",
    "search_path = 'music, public, pg_catalog'",
    "work_mem = '64kB'",
    "temp_buffers = '800kB'",
];

#[test]
fn the_settings_of_a_role_change_nothing() {
    let reference = Site::new();
    fill(&reference);
    reference.load(&ANY_REJECTS).expect(3);
    let server = Postgres::shared();
    let name = server.database().name;
    let role = format!("perverse_{name}");
    // A schema of the user's own, whose functions would be taken for the server's where it comes first.
    let shadows = "create schema music; \
         create function music.floor(double precision) returns double precision language sql as 'select -1.0::double precision'; \
         create function music.length(text) returns integer language sql as 'select 7'; \
         create access method perverse type table handler heap_tableam_handler";
    server.run_sql(&name, shadows);
    let mut role_settings = format!("create role {role} login superuser password '{PASSWORD}'; ");
    for setting in PERVERSE {
        let _ = write!(role_settings, "alter role {role} in database {name} set {setting}; ");
    }
    server.run_sql(&name, &role_settings.replace("'music, public, pg_catalog'", "music, public, pg_catalog"));
    let perverse = site(server.port, TRUSTED, &name);
    let password = vec![("SPARKIFY_PASSWORD", PASSWORD.to_owned())];
    let perverse = Site::at(perverse.warehouse.replace(TRUSTED, &role), password);
    fill(&perverse);

    // The load waits for a lock that the limits of time would not let it wait for.
    let first = perverse.load(&["--full-refresh", "--max-rejects", "100%"]);
    assert_eq!(first.code, 3, "{first:?}");
    let holder = client(server, &name);
    holder.run("begin");
    holder.run("lock table music.load_runs in share mode");
    perverse.put("log_data/more.json", content([Event { user: 1, session: 9, item: 0, instant: 0, variant: 0 }.line()]));
    reference.put("log_data/more.json", content([Event { user: 1, session: 9, item: 0, instant: 0, variant: 0 }.line()]));
    let mut command = perverse.command(&perverse.load_arguments(&[]));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let watcher = client(server, &name);
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() \
                   and application_name = 'sparkify' and wait_event_type = 'Lock' and now() - xact_start > interval '3 seconds'";
    let deadline = Instant::now() + Duration::from_mins(1);
    while watcher.value(waiting) != "1" {
        assert!(Instant::now() < deadline, "the load did not wait");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(holder);
    Answer::of(&child.wait_with_output().unwrap()).expect(0);
    reference.load(&[]).expect(0);

    assert_eq!(perverse.digest(), reference.digest());
    let tables = "select string_agg(distinct a.amname::text || ' ' || c.relpersistence::text, ', ') from pg_class c join pg_am a on a.oid = c.relam \
                  where c.relnamespace = 'music'::regnamespace and c.relkind = 'r'";
    assert_eq!(watcher.value(tables), "heap p", "tables of the usual kind, that stay");
    let checks = |site: &Site| {
        let report = site.run(&["check", "--json", "--warehouse", &site.warehouse]).json();
        let of = |check: &serde_json::Value| serde_json::json!([check["check"], check["status"], check["rows"]]);
        report["checks"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(checks(&perverse), checks(&reference));
    let insights = |site: &Site| {
        let mut answers = site.run(&["insights", "--format", "json", "--warehouse", &site.warehouse]).expect(0).json();
        answers.as_array_mut().unwrap().iter_mut().for_each(|one| one["footing"]["run_id"] = serde_json::Value::Null);
        answers
    };
    assert_eq!(insights(&perverse), insights(&reference));
    // The way that rows can be read as text, too.
    assert_eq!(
        perverse.sql("select min(start_time) as t from songplays"),
        reference.sql("select min(start_time) as t from songplays")
    );
}

/// What was reported as committed is there after the server was killed, whatever the role has set.
#[test]
fn a_load_that_was_reported_outlives_the_server() {
    let server =
        Postgres::start_with(&[], &["fsync=on", "full_page_writes=on", "synchronous_commit=off", "wal_writer_delay=10s"])
            .unwrap();
    let name = server.database().name;
    let site = site(server.port, TRUSTED, &name);
    for day in 0..3u8 {
        site.put(
            &format!("log_data/{day}.json"),
            content([Event { user: 1, session: day, item: 0, instant: day, variant: 0 }.line()]),
        );
        site.load(&[]).expect(0);
        server.kill_and_restart();
        assert_eq!(site.number("select count(*) from load_files"), i64::from(day) + 1);
        site.check_invariants();
    }
}

#[track_caller]
fn refused(site: &Site, words: &[&str]) {
    for answer in [site.load(&[]), site.run(&["tables", "create", "--warehouse", &site.warehouse])] {
        let answer = answer.expect(1);
        for word in words {
            assert!(answer.stderr.contains(word), "{word} is not in: {}", answer.stderr);
        }
        assert!(answer.stderr.contains("hint: "), "{}", answer.stderr);
    }
}

#[test]
fn tables_that_would_not_stay_are_refused() {
    let server = Postgres::shared();
    let name = server.database().name;
    let ends_soon = |path: &str| {
        let site = site(server.port, TRUSTED, &name);
        let url = format!("{}&options=-csearch_path%3D{path}", site.warehouse);
        let site = Site::at(url, Vec::new());
        site.put("log_data/1.json", made_up::weeks());
        site
    };
    refused(&ends_soon("pg_temp"), &["search_path begins with pg_temp", "gone when the connection ends"]);
    refused(&ends_soon("pg_temp,public"), &["search_path begins with pg_temp"]);
    // The server's own schema is passed over, and tables of the connection's come after.
    let site = ends_soon("pg_catalog,public,pg_temp");
    site.load(&[]).expect(0);
    site.check_invariants();
    let watcher = client(server, &name);
    assert_eq!(
        watcher.value(
            "select relpersistence::text || ' ' || relnamespace::regnamespace::text from pg_class where relname = 'songplays'"
        ),
        "p public"
    );

    server.run_sql(&name, "alter table songs set unlogged");
    refused(&site, &["the table songs is unlogged", "set logged"]);
    server.run_sql(&name, "alter table songs set logged");
    site.load(&[]).expect(0);
}

#[test]
fn nothing_is_said_outside_a_transaction() {
    let server = Postgres::shared();
    let name = server.database().name;
    server.run_sql(&name, "create type mood as enum ('good', 'bad')");
    let proxy = Proxy::start(server.port);
    let site = site(proxy.port, TRUSTED, &name);
    fill(&site);
    site.put("song_data/good.json", content((0..12).map(|id| Song { id, variant: 1 }.line())));
    site.load(&ANY_REJECTS).expect(3);
    site.put("log_data/more.json", content([Event { user: 1, session: 1, item: 0, instant: 0, variant: 0 }.line()]));
    site.load(&["--keep-staging"]).expect(0);
    site.load(&[]).expect(0);
    site.put("log_data/bad.json", "no JSON\n");
    site.load(&["--max-rejects", "0"]).expect(1);
    let at = ["--warehouse", &site.warehouse];
    let run = |arguments: &[&str], code: i32| site.run(&[arguments, &at].concat()).expect(code);
    run(&["rejects"], 0);
    run(&["rejects", "replay"], 3);
    run(&["sql", "select 'good'::mood as of_a_type_that_no_driver_knows"], 0);
    run(&["sql", "select no_such_column from users"], 1);
    run(&["insights"], 0);
    run(&["digest"], 0);
    run(&["doctor"], 0);
    run(&["runs"], 0);
    site.run(&["check", "--json", at[0], at[1]]);
    run(&["report", "--out", "r.html"], 0);
    run(&["explain", "song", "Plain"], 0);
    run(&["tables", "reset", "--yes"], 0);
    run(&["tables", "drop", "--yes"], 0);
    let (statements, violations) = proxy.overheard();
    assert!(statements > 500 && proxy.taken() > 15, "{statements} statements, {} connections", proxy.taken());
    assert_eq!(violations, [""; 0]);
}

/// A pooler keeps connections open when a load is over: a lock of the session would stay.
#[test]
fn the_lock_ends_with_the_transaction() {
    let server = Postgres::shared();
    let name = server.database().name;
    let site = site(server.port, TRUSTED, &name);
    site.put("log_data/1.json", made_up::weeks());
    let (holder, watcher) = (client(server, &name), client(server, &name));
    site.load(&[]).expect(0);
    holder.run("begin");
    holder.run("lock table load_runs in share mode");
    site.put("log_data/2.json", content([Event { user: 1, session: 1, item: 0, instant: 0, variant: 0 }.line()]));
    let mut command = site.command(&site.load_arguments(&[]));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let locks = "select count(*) from pg_locks where locktype = 'advisory' and granted \
                 and database = (select oid from pg_database where datname = current_database())";
    let deadline = Instant::now() + Duration::from_mins(1);
    while watcher.value(locks) != "1" {
        assert!(Instant::now() < deadline, "the load takes no lock");
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = site.load(&[]).expect(1);
    assert!(second.stderr.contains("is held by sparkify of user trusted"), "{}", second.stderr);
    drop(holder);
    Answer::of(&child.wait_with_output().unwrap()).expect(0);
    assert_eq!(watcher.value(locks), "0");
    site.check_invariants();
}
