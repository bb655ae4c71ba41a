//! `sparkify sql` only reads: whatever a text tries, no file beside the warehouse is read, none is written, nothing is fetched.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::conformance::on_postgres;
use crate::support::made_up;
use crate::support::postgres::Postgres;
use crate::support::warehouse::Site;

const SECRET: &str = "canary-that-nobody-may-read";

/// Every file below a folder, with its content.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut folders, mut found) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn loaded(site: Site) -> Site {
    site.put("log_data/1.json", made_up::weeks());
    site.load(&[]).expect(0);
    site
}

/// Texts that reach for something else than the warehouse's tables, or change them.
const REACHING: [&str; 48] = [
    "copy (select 1) to 'w.duckdb'",
    "copy (select 1) to 'w.duckdb.wal'",
    "copy (select 1) to 'w.duckdb.tmp/x.csv'",
    "copy (select 1) to 'out.csv'",
    "copy users to 'out.csv'",
    "copy (select 1) to '/dev/stdout'",
    "copy users from 'secret.csv'",
    "explain analyze copy (select 1) to 'out.csv'",
    "explain (analyze) copy (select 1) to 'out.csv'",
    "explain /* select */ analyze -- select\n copy (select 1) to 'out.csv'",
    "explain analyze explain analyze copy (select 1) to 'out.csv'",
    "select 1; copy (select 1) to 'out.csv'",
    "copy (select 1) to 'out.csv'; select 1",
    "copy (select 1) to 'out.csv'; copy (select 1) to 'w.duckdb'; select 1",
    "with t as (copy (select 1) to 'out.csv') from t",
    "select 1) as x; copy (select 1) to 'out.csv'; from query('select 1",
    "from query('copy (select 1) to ''out.csv''')",
    "prepare p as copy (select 1) to 'out.csv'",
    "prepare p as copy (select 1) to 'out.csv'; execute p",
    "export database 'out'",
    "import database 'out'",
    "attach 'other.duckdb'",
    "attach 'w.duckdb.tmp/other.duckdb' as other",
    "attach 'w.duckdb' as again",
    "detach w",
    "install httpfs",
    "install 'https://example.invalid/x.duckdb_extension'",
    "load httpfs",
    "load './x.duckdb_extension'",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset lock_configuration",
    "pragma enable_external_access = true",
    "set temp_directory = 'elsewhere'",
    "call enable_logging(storage = 'file', storage_path = 'log')",
    "from enable_logging('QueryLog', storage = 'file', storage_path = 'log')",
    "create persistent secret s (type http, bearer_token 'x')",
    "create table t (n integer)",
    "create or replace view v as select 1",
    "delete from users",
    "update users set level = 'free'",
    "drop table users",
    "checkpoint",
    "begin",
    "from read_csv('secret.csv')",
    "from read_text('secret.csv')",
    "from read_blob('secret.csv')",
    "from 'secret.csv'",
];

#[test]
fn nothing_but_questions_is_run() {
    let site = loaded(Site::new());
    site.put("secret.csv", format!("{SECRET}\n1\n"));
    std::os::unix::fs::symlink(site.path("w.duckdb"), site.path("link.duckdb")).unwrap();
    let before = contents(site.root());
    for warehouse in ["w.duckdb", "link.duckdb", "./w.duckdb"] {
        for text in REACHING {
            let answer = site.run(&["sql", text, "--warehouse", warehouse]);
            assert_eq!((answer.code, answer.stdout.as_str()), (1, ""), "{text}: {}", answer.stderr);
            assert!(!answer.stderr.contains(SECRET), "{text}: {}", answer.stderr);
            let after = contents(site.root());
            assert!(after == before, "{text} changed {:?}", changed(&before, &after));
        }
    }
}

#[test]
fn files_are_not_listed_either() {
    let site = loaded(Site::new());
    site.put("secret.csv", SECRET);
    for text in ["from glob('*')", "from glob('/etc/pass*')", "from sniff_csv('secret.csv')"] {
        let answer = site.run(&["sql", text, "--warehouse", "w.duckdb"]);
        assert!(answer.code == 1 || answer.stdout.contains("\n0 rows"), "{text}: {}", answer.stdout);
    }
}

fn changed<'a>(before: &'a BTreeMap<String, Vec<u8>>, after: &'a BTreeMap<String, Vec<u8>>) -> Vec<&'a String> {
    before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect()
}

#[test]
fn every_kind_of_question_is_answered() {
    let site = loaded(Site::new());
    for text in [
        "select count(*) from users",
        "-- first\n/* then */ select 1; -- done; really",
        "(select 1)",
        "with u as (select * from users) select count(*) from u",
        "from users",
        "table users",
        "values (1, 'a;b')",
        "describe users",
        "describe select 1 as n",
        "show tables",
        "summarize users",
        "pivot users on level in ('free', 'paid') using count(*)",
        "explain select 1",
        "explain analyze select count(*) from users",
        "explain (format json) select 1",
        "select 'copy (select 1) to ''x'''",
        "select $$it's; fine$$",
    ] {
        site.run(&["sql", text, "--warehouse", "w.duckdb"]).expect(0);
    }
    let empty = site.run(&["sql", "-- nothing", "--warehouse", "w.duckdb"]).expect(1);
    assert!(empty.stderr.contains("error: "), "{}", empty.stderr);
    let several = site.run(&["sql", "select 1; select 2", "--warehouse", "w.duckdb"]).expect(1);
    assert!(several.stderr.contains("read-only"), "{}", several.stderr);
    let wrong = site.run(&["sql", "select no_such_column from users", "--warehouse", "w.duckdb"]).expect(1);
    assert!(wrong.stderr.contains("no_such_column"), "{}", wrong.stderr);
}

/// What does not fit into the memory goes to the folder beside the warehouse, also where no other file may be touched.
#[test]
fn reading_spills() {
    let site = loaded(Site::new());
    let large = "select count(*) as rows, max(t) as last from \
                 (select repeat('x', 150) || i as t from range(3000000) as r(i) order by t desc offset 10)";
    let answer = site.run(&["sql", large, "--format", "csv", "--memory", "256MiB", "--warehouse", "w.duckdb"]).expect(0);
    assert!(answer.stdout.starts_with("rows,last\n2999990,"), "{}", answer.stdout);
    let names: Vec<_> = fs::read_dir(site.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_str().unwrap().contains(".tmp")), "{names:?}");
}

/// The user of the tests may do everything on the server, files and programs included.
#[test]
fn a_server_is_only_asked() {
    let site = loaded(on_postgres());
    let folder = tempfile::tempdir().unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let canary = folder.path().join("canary").display().to_string();
    let secret = folder.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let secret = secret.display().to_string();
    let before = site.digest();
    let name = site.warehouse.rsplit('/').next().unwrap().to_owned();
    Postgres::shared().run_sql(&name, "create table victim (n integer); create sequence numbers; select lo_create(4711)");
    for text in [
        format!("copy (select 1) to '{canary}'"),
        format!("copy (select 1) to program 'touch {canary}'"),
        format!("/* select */ copy (select 1) to program 'touch {canary}'"),
        format!("copy victim from program 'touch {canary}'"),
        format!("select lo_export(4711, '{canary}')"),
        format!("select pg_read_file('{secret}')"),
        format!("select encode(pg_read_binary_file('{secret}'), 'escape')"),
        format!("explain analyze select lo_export(4711, '{canary}')"),
        "commit; drop table victim".to_owned(),
        "select 1; drop table victim".to_owned(),
        "drop table victim".to_owned(),
        "set transaction read write".to_owned(),
        "set session characteristics as transaction read write".to_owned(),
        "do $$ begin execute 'drop table victim'; end $$".to_owned(),
        "insert into victim values (1)".to_owned(),
        "with w as (insert into victim values (1) returning n) select n from w".to_owned(),
        "explain analyze insert into victim values (1)".to_owned(),
        "select n into stolen from victim".to_owned(),
        "select nextval('numbers')".to_owned(),
        "select lo_unlink(4711)".to_owned(),
        "select * from victim for update".to_owned(),
        "reset role".to_owned(),
        "commit".to_owned(),
        "begin".to_owned(),
        "listen x".to_owned(),
        "lock table victim".to_owned(),
        "truncate victim".to_owned(),
        "vacuum".to_owned(),
    ] {
        let answer = site.run(&["sql", &text, "--warehouse", &site.warehouse]);
        assert_eq!((answer.code, answer.stdout.as_str()), (1, ""), "{text}: {}", answer.stderr);
        assert!(!answer.stderr.contains(SECRET), "{text}: {}", answer.stderr);
        assert!(!Path::new(&canary).exists(), "{text}");
    }
    assert_eq!(site.number("select count(*) from victim"), 0);
    assert_eq!(site.number("select last_value from numbers where not is_called"), 1);
    assert_eq!(site.digest(), before);
    for text in [
        "select count(*) from users",
        "-- first\n(select 1);",
        "with u as (select * from users) select count(*) from u",
        "values (1)",
        "table users",
        "show server_version",
        "explain select 1",
        "explain analyze select count(*) from users",
    ] {
        site.run(&["sql", text, "--warehouse", &site.warehouse]).expect(0);
    }
}

/// Redshift runs every statement of a text.
#[test]
fn a_cluster_is_only_asked() {
    let site = loaded(crate::redshift::site("compact"));
    let before = site.digest();
    crate::redshift::change(&site, "create table victim (n integer)");
    for text in [
        "commit; drop table victim",
        "select 1; commit; drop table victim",
        "rollback; insert into victim values (1)",
        "drop table victim",
        "select 1 /* ; */ ; drop table victim",
        "select '\\'; drop table victim; --'",
        "select $$'$$; drop table victim; --'",
        "insert into victim values (1)",
        "unload ('select 1') to 's3://lake/stolen/' iam_role default",
        "copy victim from 's3://lake/log_data/' iam_role default json 'auto'",
        "call p()",
        "commit",
        "begin",
        "set transaction read write",
    ] {
        let answer = site.run(&["sql", text, "--warehouse", &site.warehouse]);
        assert_eq!((answer.code, answer.stdout.as_str()), (1, ""), "{text}: {}", answer.stderr);
    }
    assert_eq!(site.number("select count(*) from victim"), 0);
    assert_eq!(site.digest(), before);
    site.run(&["sql", "select 'a;b' as t; -- done; really", "--warehouse", &site.warehouse]).expect(0);
}

#[test]
fn rows_go_into_a_new_file_whole_or_not_at_all() {
    let site = loaded(Site::new());
    let out = |query: &str, file: &str, format: &str| {
        site.run(&["sql", query, "--out", file, "--format", format, "--warehouse", "w.duckdb"])
    };
    let rows = "select i as n, 'a' || i as t from range(3000) as r(i) order by i";
    for format in ["csv", "json", "markdown", "table"] {
        let file = format!("rows.{format}");
        assert_eq!(out(rows, &file, format).expect(0).stdout, "");
        let printed = site.run(&["sql", rows, "--format", format, "--warehouse", "w.duckdb"]).expect(0).stdout;
        assert_eq!(fs::read_to_string(site.path(&file)).unwrap(), printed);
    }
    let before = contents(site.root());
    // What is there stays, the warehouse before all; a question that fails half way leaves nothing.
    std::os::unix::fs::symlink("nowhere", site.path("dangling")).unwrap();
    for (query, file, code) in [
        ("select 1", "rows.csv", 2),
        ("select 1", "w.duckdb", 2),
        ("select 1", "w.duckdb.wal", 2),
        ("select 1", "./w.duckdb.tmp", 2),
        ("select 1", "dangling", 2),
        ("select 1", ".", 2),
        ("select 1", "no/such/folder/x.csv", 1),
        ("select no_such_column from users", "new.csv", 1),
        ("select case when i < 400000 then i else error('half way') end as n from range(500000) as r(i)", "new.csv", 1),
        ("copy (select 1) to 'new.csv'", "new.csv", 1),
    ] {
        let answer = out(query, file, "csv").expect(code);
        assert!(answer.stderr.contains("error: "), "{}", answer.stderr);
        assert_eq!(contents(site.root()), before, "{file}");
    }
    assert_eq!(out("select 1 as n", "-", "csv").expect(0).stdout, "n\n1\n");
    assert_eq!(out("select 1 as n", "/dev/stdout", "csv").expect(0).stdout, "n\n1\n");
    let full = out("select 1 as n", "/dev/full", "csv").expect(1);
    assert!(full.stderr.contains("error: "), "{}", full.stderr);
}
