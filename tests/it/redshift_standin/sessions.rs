//! Logging in, transactions and isolation, what is recorded.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls;

use super::{Cluster, copy};
use crate::support::postgres::{Database, PASSWORD, Postgres, USER};
use crate::support::redshift::{Authentication, Fault, Isolation, Options, Tls, User};
use crate::support::sql_client::SqlClient;

#[test]
fn it_says_that_it_is_redshift() {
    let cluster = Cluster::start();
    assert_eq!(cluster.standin.url(), format!("redshift://awsuser@127.0.0.1:{}/dev", cluster.standin.port));
    let client = cluster.connect();
    let version = client.value("select version()");
    assert!(version.starts_with("PostgreSQL 8.0.2 on i686-pc-linux-gnu") && version.contains("Redshift 1.0."), "{version}");
    assert_eq!(client.value("show server_version"), "8.0.2");
    client.refused("show server_version_num");
    client.refused("set standard_conforming_strings to on");
    assert_eq!(client.value("select isolation_level from stv_db_isolation_level"), "Snapshot Isolation");
    assert_eq!(client.value("select count(*) from stv_slices"), "4");
    assert_eq!(client.value("select current_user"), "awsuser");
}

#[test]
fn logging_in_takes_the_right_password_and_database() {
    let cluster = Cluster::start();
    let refused = |change: &dyn Fn(&mut tokio_postgres::Config)| cluster.try_connect(change).map(|_| ()).unwrap_err();
    let wrong = refused(&|config| {
        config.password("wrong");
    });
    assert_eq!((wrong.code.as_str(), wrong.message.as_str()), ("28000", "password authentication failed for user \"awsuser\""));
    assert_eq!(
        refused(&|config| {
            config.user("nobody");
        })
        .code,
        "28000"
    );
    assert_eq!(
        refused(&|config| {
            config.dbname("other");
        })
        .code,
        "3D000"
    );
    // Two digits are the most that the service takes; sqlx once asked for three.
    let client = cluster.connect();
    assert_eq!(client.refused("set extra_float_digits = 3").code, "22023");
    client.run("set extra_float_digits to 2");
    assert_eq!(client.value("select 0.1::float8 + 0.2::float8"), "0.30000000000000004");
    assert_eq!(cluster.connect().value("select 0.1::float8 + 0.2::float8"), "0.3", "fifteen digits unless more are asked for");
}

#[test]
fn method_13_is_unknown_to_clients_of_postgresql() {
    let cluster = Cluster::with(|options| options.authentication = Authentication::Digest);
    let refused = cluster.try_connect(|_| {}).map(|_| ()).unwrap_err();
    assert!(refused.message.contains("13"), "{refused:?}");
}

#[test]
fn roles_are_made_given_and_taken() {
    let with_ann = |options: &mut Options| {
        options.users.push(User { name: "ann".to_owned(), password: "Standin1".to_owned(), superuser: false });
    };
    let cluster = Cluster::with(with_ann);
    let admin = cluster.connect();
    let ann = cluster.try_connect(|config| _ = config.user("ann")).unwrap();
    admin.run("create table t (n int)");
    admin.run("create role analyst");
    // Roles are the cluster's: another has the same name for its own.
    Cluster::with(with_ann).connect().run("create role analyst");
    for (statement, code) in [
        ("create role analyst", "42710"),
        ("create role if not exists analyst", "42601"),
        ("create role analyst with login", "42601"),
        ("grant execute on t to role analyst", "42601"),
        ("grant select on t to role nobody", "42704"),
        ("grant role nobody to ann", "42704"),
        ("grant usage on schema nowhere to role analyst", "3F000"),
    ] {
        assert_eq!(admin.refused(statement).code, code, "{statement}");
    }
    assert_eq!(ann.refused("create role other").code, "42501");
    assert_eq!(ann.refused("grant select on t to role analyst").code, "42501");
    admin.run("grant select, drop, alter, truncate on table t to role analyst");
    admin.run("grant usage on schema public to role analyst");
    admin.run("grant temporary on database dev to role analyst");
    assert_eq!(ann.refused("select * from t").code, "42501");
    assert_eq!(ann.value("select count(*) from svv_roles"), "0");
    admin.run("grant role analyst to ann");
    assert_eq!(ann.value("select role_name from svv_roles"), "analyst");
    assert_eq!(admin.value("select role_name from svv_roles"), "analyst");
    assert_eq!(ann.value("select count(*) from t"), "0");
    admin.run("revoke role analyst from ann");
    assert_eq!(ann.refused("select * from t").code, "42501");
}

#[test]
fn a_user_may_only_what_was_granted() {
    let cluster = Cluster::with(|options| {
        options.users.push(User { name: "analyst".to_owned(), password: "Analyst1".to_owned(), superuser: false });
    });
    let admin = cluster.connect();
    admin.run("create table t (n int)");
    cluster.put("a.json", "{\"n\": 1}");
    let user = cluster
        .try_connect(|config| {
            config.user("analyst").password("Analyst1");
        })
        .unwrap();
    assert_eq!(user.refused("select * from t").code, "42501");
    assert_eq!(user.refused(&copy("t", "a.json", "json 'auto'")).code, "42501");
    admin.run("grant select, insert on t to analyst");
    user.run(&copy("t", "a.json", "json 'auto'"));
    assert_eq!(user.value("select count(*) from t"), "1");
    // Everyone sees their own rows of the system views.
    admin.run(&copy("t", "a.json", "json 'auto'"));
    assert_eq!(user.value("select count(*) from sys_load_history"), "1");
    assert_eq!(admin.value("select count(*) from sys_load_history"), "2");
    user.run("create table own (v varchar(3)); insert into own values ('abc')");
    assert_eq!(user.refused("insert into own values ('abcd')").code, "22001");
}

#[test]
fn the_extended_protocol_is_not_spoken() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    let (runtime, inner) = client.inner();
    let error = runtime.block_on(inner.query("select 1", &[])).unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("simple query protocol"), "{error:?}");
    assert_eq!(client.value("select 1"), "1", "the connection goes on");
}

#[test]
fn several_statements_are_one_transaction() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    client.refused("insert into t values (1); insert into t values (1 / 0); insert into t values (3)");
    assert_eq!(client.value("select count(*) from t"), "0");
    client.run("insert into t values (1); insert into t values (2)");
    assert_eq!(client.value("select count(*) from t"), "2");
    client.run("begin; insert into t values (3);");
    client.run("insert into t values (4); rollback; insert into t values (5)");
    assert_eq!(client.value("select listagg(n, ',') within group (order by n) from t"), "1,2,5");
    assert_eq!(client.rows(" ; -- nothing\n"), Vec::<Vec<String>>::new());
}

#[test]
fn truncate_commits() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int); create table u (n int); insert into t values (1)");
    client.run("begin; insert into u values (1)");
    client.run("truncate t");
    client.run("rollback");
    assert_eq!(client.rows("select (select count(*) from t), (select count(*) from u)"), [["0", "1"]]);
}

#[test]
fn there_are_no_savepoints() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    for sql in ["savepoint a", "rollback to savepoint a", "release savepoint a"] {
        client.run("begin");
        assert!(client.refused(sql).message.contains("SAVEPOINT"));
        client.run("rollback");
    }
}

#[test]
fn two_that_write_the_same_rows_conflict() {
    for isolation in [Isolation::Snapshot, Isolation::Serializable] {
        let cluster = Cluster::with(|options| options.isolation = isolation);
        let (one, two) = (cluster.connect(), cluster.connect());
        one.run("create table t (id int, n int); insert into t values (1, 0); create table u (n int)");
        // The level that BEGIN asks for is passed over.
        one.run("begin isolation level read committed");
        two.run("begin");
        assert_eq!(two.value("select n from t"), "0");
        one.run("update t set n = 1");
        one.run("commit");
        let refused = two.refused("update t set n = 2");
        assert_eq!((refused.code.as_str(), refused.message.as_str()), ("XX000", "1023"), "{refused:?}");
        assert!(refused.detail.contains("Serializable isolation violation on table"), "{refused:?}");
        two.run("rollback");

        // Each reads what the other writes: only the stricter level sees the cycle.
        one.run("begin; select * from u");
        two.run("begin; select * from t");
        one.run("insert into t values (2, 0)");
        two.run("insert into u values (1)");
        one.run("commit");
        let end = two.messages("commit");
        assert_eq!(end.is_ok(), isolation == Isolation::Snapshot, "{isolation:?}: {end:?}");
    }
}

#[test]
fn a_lock_comes_before_the_snapshot() {
    let cluster = Cluster::start();
    let (one, two) = (cluster.connect(), cluster.connect());
    one.run("create table etl_lock (n int); create table t (n int)");
    one.run("begin; lock table etl_lock");
    let waiting = std::thread::spawn(move || {
        two.run("begin; lock etl_lock");
        let seen = two.value("select count(*) from t");
        two.run("commit");
        seen
    });
    std::thread::sleep(std::time::Duration::from_millis(100));
    one.run("insert into t values (1)");
    one.run("commit");
    assert_eq!(waiting.join().unwrap(), "1");
    one.run("begin");
    one.refused("lock table t in share mode");
    one.run("rollback");
}

#[test]
fn faults_hit_the_statements_that_they_are_for() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    cluster.standin.faults().add(2, "INSERT INTO t", Fault::Error1023);
    for _ in 0..2 {
        client.run("begin");
        assert_eq!(client.refused("insert into T values (1)").message, "1023");
        assert_eq!(client.refused("select 1").code, "25P02");
        client.run("rollback");
    }
    client.run("insert into t values (1)");
    cluster.standin.faults().add(
        9,
        "select",
        Fault::Error("XX000", "could not complete because of conflict with concurrent transaction".to_owned()),
    );
    assert!(client.refused("select n from t").message.contains("concurrent"));
    cluster.standin.faults().clear();
    cluster.standin.faults().add(1, "select n", Fault::Delay(std::time::Duration::from_millis(150)));
    let started = std::time::Instant::now();
    assert_eq!(client.value("select n from t"), "1");
    assert!(started.elapsed().as_millis() >= 150);
}

#[test]
fn every_statement_is_recorded() {
    let cluster = Cluster::start();
    let (one, two) = (cluster.connect(), cluster.connect());
    one.run("select 1; -- the first\nselect ';'");
    two.refused("select distinct on (n) n from t");
    let sent: Vec<(usize, String)> = cluster.standin.statements().into_iter().map(|s| (s.connection, s.text)).collect();
    let wanted = [(1, "select 1"), (1, "select ';'"), (2, "select distinct on (n) n from t")];
    assert_eq!(sent, wanted.map(|(connection, text)| (connection, text.to_owned())));
}

#[test]
fn the_postgresql_behind_asks_for_its_password_and_gives_each_test_its_database() {
    let server = Postgres::shared();
    let (one, two) = (server.database(), server.database());
    assert_ne!(one.name, two.name);
    let connect = |database: &Database, password: &str| {
        assert_eq!(database.url(), format!("postgres://{USER}@127.0.0.1:{}/{}", database.port, database.name));
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(database.port).user(USER).password(password).dbname(&database.name);
        SqlClient::connect(&config)
    };
    assert_eq!(connect(&one, "wrong").map(|_| ()).unwrap_err().code, "28P01");
    connect(&one, PASSWORD).unwrap().run("create table t (n int)");
    assert_eq!(connect(&two, PASSWORD).unwrap().refused("select * from t").code, "42P01");
}

#[test]
fn encryption_is_there_for_those_who_ask_or_required() {
    let asks = |cluster: &Cluster, roots: Option<rustls::RootCertStore>| {
        let port = cluster.standin.port;
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
            socket.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await?;
            let answer = socket.read_u8().await?;
            let Some(roots) = roots else { return Ok(answer) };
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
            let config = config.with_root_certificates(roots).with_no_client_auth();
            let name = "localhost".try_into().unwrap();
            let mut stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
            stream.write_all(b"\0\0\0\x22\0\x03\0\0user\0awsuser\0database\0dev\0\0").await?;
            stream.flush().await?;
            stream.read_u8().await
        })
    };
    assert_eq!(asks(&Cluster::start(), None).unwrap(), b'N', "declined");
    let cluster = Cluster::with(|options| options.tls = Tls::Required);
    assert_eq!(asks(&cluster, None).unwrap(), b'S');
    let mut roots = rustls::RootCertStore::empty();
    let pem = cluster.standin.certificate().unwrap().as_bytes();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    assert_eq!(asks(&cluster, Some(roots)).unwrap(), b'R', "the password is asked for");
    asks(&cluster, Some(rustls::RootCertStore::empty())).unwrap_err();
    let refused = cluster.try_connect(|_| {}).map(|_| ()).unwrap_err();
    assert!(refused.message.contains("SSL off"), "{refused:?}");
    let cluster = Cluster::with(|options| options.tls = Tls::On);
    assert_eq!(cluster.connect().value("select 1"), "1");
}
