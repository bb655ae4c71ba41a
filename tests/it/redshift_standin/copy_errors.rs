//! How a COPY fails: limits, atomicity, what is recorded, who may read what, faults on demand.

use std::time::{Duration, Instant};

use super::{Cluster, copy};
use crate::support::redshift::{Fault, Mode};

/// Two good rows around two bad ones, in two files.
fn with_bad_rows(cluster: &Cluster) {
    cluster.put("d/1.json", "{\"n\": 1}\n{\"n\": \"one\"}\n");
    cluster.put("d/2.json", "{\"n\": 2}\n\n{\"n\": 2.5}\n");
}

#[test]
fn maxerror_counts_the_errors_that_fail() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    with_bad_rows(&cluster);
    // None and one are the same: the first error fails. As many errors as the number fail too.
    for options in ["", "maxerror 0", "maxerror as 1", "maxerror 2"] {
        client.refused(&copy("t", "d/", &format!("json 'auto' {options}")));
        assert_eq!(client.value("select count(*) from t"), "0", "nothing of a failed COPY stays");
        assert_eq!(client.value("select pg_last_copy_count()"), "0");
    }
    client.notices();
    client.run(&copy("t", "d/", "json 'auto' maxerror 3"));
    assert_eq!(client.value("select sum(n) from t"), "3");
    assert_eq!(client.value("select pg_last_copy_count()"), "2");
    let notices = client.notices();
    assert!(notices[0].contains("2 record(s) could not be loaded"), "{notices:?}");
    assert_eq!(notices[1], "Load into table 't' completed, 2 record(s) loaded successfully.");
    client.run(&copy("t", "d/", "json 'auto' ignoreallerrors"));
    assert!(client.refused(&copy("t", "d/", "json 'auto' maxerror 100001")).message.contains("100000"));

    let errors = client.rows(
        "select trim(file_name), line_number, trim(column_name), trim(column_type), error_code, trim(error_message) \
         from sys_load_error_detail where query_id = (select max(query_id) from sys_load_history) order by 1, 2",
    );
    assert_eq!(
        errors,
        [
            ["s3://lake/d/1.json", "2", "n", "int4", "1207", "Invalid digit, Value 'o', Pos 0, Type: Integer"],
            ["s3://lake/d/2.json", "3", "n", "int4", "1207", "Invalid digit, Value '.', Pos 1, Type: Integer"],
        ]
    );
}

#[test]
fn what_was_loaded_is_told_file_by_file() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    with_bad_rows(&cluster);
    client.run(&copy("t", "d/", "json 'auto' maxerror 10"));
    let files = client.rows("select trim(file_name), bytes_scanned, lines_scanned from sys_load_detail order by 1");
    assert_eq!(files, [["s3://lake/d/1.json", "22", "2"], ["s3://lake/d/2.json", "21", "3"]]);
    let loads =
        client.rows("select table_name, status, loaded_rows, source_file_count, error_count, data_source from sys_load_history");
    assert_eq!(loads, [["t", "success", "2", "2", "2", "s3://lake/d/"]]);
    let pid = client.value("select pg_backend_pid()");
    assert_eq!(
        client.value("select min(session_id) from sys_load_error_detail where start_time <= getdate() + interval '1 second'"),
        pid
    );
    assert_eq!(client.value("select query_id = pg_last_copy_id() from sys_load_history"), "t");
    let line = client
        .rows("select trim(raw_line), trim(raw_field_value), trim(err_reason) from stl_load_errors order by query, line_number");
    assert_eq!(line[0][..2], ["{\"n\": \"one\"}", "one"]);
    assert_eq!(client.value("select count(*) from stl_load_commits"), "2");
}

#[test]
fn a_failed_copy_aborts_its_transaction() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    with_bad_rows(&cluster);
    cluster.put("good.json", "{\"n\": 7}");
    let before = client.value("select pg_last_copy_id()");
    client.run("begin");
    client.run(&copy("t", "good.json", "json 'auto'"));
    let counted = client.value("select pg_last_copy_count()");
    assert_eq!(counted, "1");
    client.refused(&copy("t", "d/", "json 'auto'"));
    // Not even the errors can be read before the rollback.
    let refused = client.refused("select * from stl_load_errors");
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("25P02", "current transaction is aborted, commands ignored until end of transaction block")
    );
    assert_eq!(client.refused(&copy("t", "good.json", "json 'auto'")).code, "25P02");
    client.run("commit");
    assert_eq!(client.value("select count(*) from t"), "0", "the commit of an aborted transaction is a rollback");
    assert_eq!(client.value("select count(*) from sys_load_error_detail"), "1");
    assert_ne!(before, "");
    // What the stand-in refuses itself aborts as well.
    client.run("begin");
    client.refused("select distinct on (n) n from t");
    assert_eq!(client.refused("select 1").code, "25P02");
    client.run("rollback");
}

#[test]
fn not_null_is_enforced_and_keys_are_not() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (id int not null primary key, other int unique references u (id))");
    cluster.put("twice.json", "{\"id\": 1, \"other\": 5} {\"id\": 1, \"other\": 5}");
    client.run(&copy("t", "twice.json", "json 'auto'"));
    client.run("insert into t values (1, 5)");
    assert_eq!(client.value("select count(*) from t"), "3");
    cluster.put("null.json", "{\"other\": 5}");
    client.refused(&copy("t", "null.json", "json 'auto'"));
    assert_eq!(
        client.rows("select error_code, trim(error_message) from sys_load_error_detail"),
        [["1213", "Missing data for not-null field"]]
    );
}

#[test]
fn the_role_must_be_attached_and_the_region_the_buckets() {
    let cluster = Cluster::with(|options| {
        options.bucket_regions.insert("far".to_owned(), "eu-west-1".to_owned());
    });
    let client = cluster.connect();
    client.run("create table t (n int)");
    cluster.put("a.json", "{\"n\": 1}");
    cluster.s3.put("far", "a.json", "{\"n\": 1}");
    let with = |bucket: &str, authorization: &str| format!("copy t from 's3://{bucket}/a.json' {authorization} json 'auto'");
    let refused = client.refused(&with("lake", "iam_role 'arn:aws:iam::123456789012:role/other'"));
    assert!(refused.message.contains("is not authorized to assume IAM Role arn:aws:iam::123456789012:role/other"), "{refused:?}");
    let refused = client.refused(&with("lake", "iam_role 'sparkify'"));
    assert!(refused.message.starts_with("Invalid credentials"), "{refused:?}");
    assert!(client.refused(&with("lake", "")).message.contains("CREDENTIALS argument is required"));
    client.run(&with("lake", "iam_role default"));
    let refused = client.refused(&with("far", "iam_role default"));
    assert!(
        refused.message.contains("Status 301") && refused.message.contains("must be addressed using the specified endpoint"),
        "{refused:?}"
    );
    client.run(&with("far", "iam_role default region 'eu-west-1'"));
    client.refused(&with("lake", "iam_role default region 'eu-west-1'"));
    // None of these came as far as a row: there is nothing in the views.
    assert_eq!(client.value("select count(*) from sys_load_error_detail"), "0");
    assert_eq!(client.value("select count(*) from sys_load_history"), "2");
    assert_eq!(client.refused(&copy("nowhere", "a.json", "json 'auto'")).message, "Cannot COPY into nonexistent table nowhere");
    assert_eq!(client.refused(&copy("t (m)", "a.json", "json 'auto'")).code, "42703");
}

#[test]
fn s3_refusals_reach_the_client_in_the_services_words() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    cluster.put("a.json", "{\"n\": 1}");
    let statement = copy("t", "a.json", "json 'auto'");
    for (status, code) in [(403, "AccessDenied"), (503, "SlowDown")] {
        for after in [0, 1] {
            cluster.standin.faults().add(1, "copy t", Fault::S3(status, after));
            let refused = client.refused(&statement);
            let wanted = format!(",Status {status},Error {code},");
            assert!(refused.message.starts_with("S3ServiceException:") && refused.message.contains(&wanted), "{refused:?}");
        }
    }
    // What passes is tried again.
    cluster.s3.faults().add(2, "a.json", crate::support::s3::Fault::Status(503, "SlowDown"));
    client.run(&statement);
    assert_eq!(client.value("select count(*) from t"), "1");
}

#[test]
fn serverless_shows_the_sys_views_alone() {
    let cluster = Cluster::with(|options| {
        options.mode = Mode::Serverless;
        options.view_delay = Duration::from_millis(300);
    });
    let client = cluster.connect();
    client.run("create table t (n int)");
    with_bad_rows(&cluster);
    let refused = client.refused(&copy("t", "d/", "json 'auto'"));
    assert!(refused.message.contains("sys_load_error_detail"), "{refused:?}");
    for view in ["stl_load_errors", "STL_LOAD_COMMITS", "pg_catalog.stv_db_isolation_level", "svl_qlog"] {
        assert_eq!(client.refused(&format!("select * from {view}")).code, "42501", "{view}");
    }
    // The views may be late.
    assert_eq!(client.value("select count(*) from sys_load_error_detail"), "0");
    let end = Instant::now() + Duration::from_secs(10);
    while client.value("select count(*) from sys_load_error_detail") == "0" {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn long_keys_are_cut_in_the_views() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    let key = format!("{}/{}.json", "k".repeat(180), "l".repeat(90));
    cluster.put(&key, "{\"n\": \"x\"}");
    client.refused(&copy("t", &key, "json 'auto'"));
    assert_eq!(client.value("select octet_length(trim(file_name)) from sys_load_error_detail"), "256");
}

#[test]
fn noload_reads_and_loads_nothing() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    with_bad_rows(&cluster);
    client.refused(&copy("t", "d/", "json 'auto' noload"));
    assert_eq!(client.value("select count(*) from sys_load_error_detail"), "1");
    client.run(&copy("t", "d/", "json 'auto' noload maxerror 9"));
    assert_eq!(client.value("select count(*) from t"), "0");
}

#[test]
fn a_connection_lost_in_a_copy_leaves_nothing() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    cluster.put("a.json", "{\"n\": 1}");
    let statement = copy("t", "a.json", "json 'auto'");
    cluster.standin.faults().add(1, "copy t", Fault::DropMidCopy(0));
    assert_eq!(client.refused(&statement).code, "lost");
    assert_eq!(cluster.connect().value("select count(*) from t"), "0");
    // Lost before the answer, though committed: the client cannot know.
    let client = cluster.connect();
    cluster.standin.faults().add(1, "commit", Fault::DropAfter);
    client.run("begin");
    client.run(&statement);
    assert_eq!(client.refused("commit").code, "lost");
    assert_eq!(cluster.connect().value("select count(*) from t"), "1");
    cluster.standin.faults().add(1, "commit", Fault::Drop);
    let client = cluster.connect();
    client.run("begin");
    client.run(&statement);
    assert_eq!(client.refused("commit").code, "lost");
    assert_eq!(cluster.connect().value("select count(*) from t"), "1", "lost before the commit");
}

#[test]
fn a_copy_can_be_cancelled_and_times_out() {
    let cluster = Cluster::start();
    let client = cluster.connect();
    client.run("create table t (n int)");
    cluster.put("a.json", "{\"n\": 1}");
    cluster.s3.faults().add(1, "GET /lake/a.json", crate::support::s3::Fault::Delay(Duration::from_secs(5)));
    let token = client.cancel_token();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(token.cancel_query(tokio_postgres::NoTls)).unwrap();
    });
    let started = Instant::now();
    let refused = client.refused(&copy("t", "a.json", "json 'auto'"));
    canceller.join().unwrap();
    assert_eq!(refused.code, "57014", "{refused:?}");
    cluster.s3.faults().clear();
    client.run("set statement_timeout to 200");
    cluster.s3.faults().add(1, "GET /lake/a.json", crate::support::s3::Fault::Delay(Duration::from_secs(5)));
    assert_eq!(client.refused(&copy("t", "a.json", "json 'auto'")).code, "57014");
    assert!(started.elapsed() < Duration::from_secs(5));
    cluster.standin.faults().add(1, "select", Fault::Timeout);
    assert_eq!(client.refused("select 1").code, "57014");
    assert_eq!(client.value("select count(*) from t"), "0");
}
