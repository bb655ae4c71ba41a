//! What is refused before anything is changed, in words that say what to do; and lines that only the decoder judges.

use super::Lake;
use crate::support::redshift::Authentication;
use crate::support::warehouse::Answer;

fn load_with(lake: &Lake, variables: &[(&str, &str)]) -> Answer {
    let mut command = lake.command(&["load", "--logs", "s3://lake/log_data", "-vv"]);
    Answer::of(&command.envs(variables.iter().copied()).output().unwrap())
}

fn lake() -> Lake {
    let lake = Lake::start();
    lake.cluster.put("log_data/1.json", line(1));
    lake
}

/// One play.
fn line(item: usize) -> String {
    format!(
        "{{\"artist\":\"A\",\"song\":\"S\",\"length\":1.5,\"ts\":1541106106796,\"userId\":\"7\",\"sessionId\":1,\"itemInSession\":{item},\"page\":\"NextSong\",\"level\":\"free\"}}\n"
    )
}

#[test]
fn who_cannot_get_in_is_told_why() {
    let lake = lake();
    let url = |port: u16, database: &str| format!("redshift://awsuser@127.0.0.1:{port}/{database}");
    let port = lake.cluster.standin.port;
    for (variables, wanted) in [
        (vec![("PGPASSWORD", "wrong")], "refuses the password of awsuser"),
        (vec![("PGPASSWORD", "")], "none is set"),
        (vec![("SPARKIFY_WAREHOUSE", "redshift://awsuser@127.0.0.1:1/dev")], "no server answers at 127.0.0.1, port 1"),
        (vec![("SPARKIFY_WAREHOUSE", &*url(port, "nowhere"))], "nowhere"),
        (vec![("SPARKIFY_WAREHOUSE", &*format!("{}?sslmode=require", url(port, "dev")))], "does not encrypt"),
        (vec![("SPARKIFY_REDSHIFT_IAM_ROLE", "")], "redshift.iam_role is not set"),
        (vec![("SPARKIFY_REDSHIFT_STAGING", "")], "redshift.staging is not set"),
        (vec![("SPARKIFY_REDSHIFT_STAGING", "staging")], "is not in S3"),
        (vec![("SPARKIFY_REDSHIFT_IAM_ROLE", "loader")], "invalid role"),
        (vec![("SPARKIFY_REDSHIFT_IAM_ROLE", "arn:aws:iam::123456789012:role/other")], "attach the role"),
        (vec![("SPARKIFY_REDSHIFT_REGION", "eu-west-1")], "redshift.region"),
    ] {
        let answer = load_with(&lake, &variables);
        assert!(answer.code == 1 || answer.code == 2, "{variables:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(wanted), "{variables:?}: {}", answer.stderr);
        for secret in ["Standin1", "wrong\"", lake.cluster.s3.secret_key] {
            assert!(!answer.stderr.contains(secret), "{variables:?} shows a secret: {}", answer.stderr);
        }
    }
    assert_eq!(lake.left_behind(), [""; 0]);
    assert_eq!(load_with(&lake, &[]).code, 0);
    assert_eq!(lake.run(&["sql", "select count(*) as n from songplays", "--format", "json"]).expect(0).json()[0]["n"], 1);
}

#[test]
fn amazons_own_method_is_known_by_name() {
    let lake = Lake::with(|options| options.authentication = Authentication::Digest);
    lake.cluster.put("log_data/1.json", line(1));
    let answer = load_with(&lake, &[]);
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("method 13") && answer.stderr.contains("MD5") && answer.stderr.contains("redshift.iam"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_server_that_is_no_redshift_is_refused() {
    let lake = lake();
    let server = crate::support::postgres::Postgres::shared();
    let database = server.database();
    let url = database.url().replace("postgres://", "redshift://");
    let answer = load_with(&lake, &[("SPARKIFY_WAREHOUSE", &url), ("PGPASSWORD", crate::support::postgres::PASSWORD)]);
    assert_eq!(answer.code, 1);
    // PostgreSQL asks in a way that Redshift never does, or says what it is.
    assert!(answer.stderr.contains("is not Redshift") || answer.stderr.contains("unexpected message"), "{}", answer.stderr);
}

#[test]
fn tables_of_another_shape_are_refused() {
    let lake = lake();
    assert_eq!(load_with(&lake, &[]).code, 0);
    lake.cluster.connect().run("alter table songplays drop column user_agent");
    lake.cluster.put("log_data/2.json", line(2));
    let answer = load_with(&lake, &[]);
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains("the table songplays has no column user_agent"), "{}", answer.stderr);
}

/// Lines that COPY would read otherwise than the decoder, or not at all: whichever way is asked for, the outcome is that
/// of DuckDB.
#[test]
fn the_decoder_has_the_last_word() {
    let wide = line(9).replace("\"S\"", &format!("\"{}\"", "w".repeat(1025)));
    let objects = line(3).replace("\"S\"", "{\"a\":1}");
    for (name, odd, rejected) in [
        ("no JSON", "no JSON\n".to_owned(), 1),
        ("cut", "{\"ts\":15411061\n".to_owned(), 1),
        ("fraction", line(2).replace("1541106106796", "1541106106796.5"), 1),
        ("whole fraction", line(2).replace("1541106106796", "1541106106796.0"), 0),
        ("lacks its time", line(2).replace("\"ts\":1541106106796,", ""), 1),
        ("no user", line(2).replace("\"7\"", "\"\""), 1),
        ("list", line(2).replace("\"S\"", "[1]"), 1),
        ("object", objects, 1),
        ("blank", format!("\n  \n{}", line(2)), 0),
        ("two on a line", format!("{}{}", line(2).trim_end(), line(3)), 1),
        ("twice", format!("{}{}", line(2), line(2)), 0),
        ("conflict", format!("{}{}", line(2), line(2).replace("1.5", "2.5")), 1),
        ("half a pair", line(2).replace("\"S\"", "\"\u{1}\"").replace('\u{1}', "\\ud800"), 1),
        ("garbled", line(2).replace("\"S\"", "\"BjÃ\\u0083Â¶rk\""), 0),
        ("a user agent in quotes", line(2).replace("\"page\"", "\"userAgent\":\"\\\"Mozilla\\\"\",\"page\""), 0),
        ("old", line(2).replace("1541106106796", "-62135596800000"), 0),
        ("wide", wide, 1),
    ] {
        let lake = lake();
        lake.cluster.put("log_data/2.json", format!("{}{odd}{}", line(4), line(5)));
        let mut found = Vec::new();
        for stage in ["direct", "compact"] {
            let answer = lake.load_logs(stage, &["--max-rejects", "5"]);
            let report = answer.json();
            assert_eq!(report["rejected"], rejected, "{name} {stage}: {}", answer.stderr);
            lake.run(&["check"]).expect(0);
            found.push((
                lake.digest(),
                lake.run(&["sql", "select line, byte_offset, reason from load_rejects", "--format", "json"]).json(),
            ));
            lake.run(&["tables", "drop", "--yes"]).expect(0);
        }
        assert_eq!(found[0], found[1], "{name}");
        if name != "wide" {
            let arguments = ["load", "--logs", "s3://lake/log_data", "--warehouse", "w.duckdb", "--max-rejects", "5"];
            lake.run(&arguments);
            assert_eq!(found[0].0, lake.digest_of("w.duckdb"), "{name}");
        }
    }
}
