//! Loads that go well.

use super::Lake;
use crate::support::real_data;
use crate::support::warehouse::{Answer, unbound_parameter};

#[test]
fn both_ways_end_with_duckdbs_rows() {
    for stage in ["compact", "direct"] {
        let lake = Lake::demo();
        let report = lake.load(stage, &[]).expect(0).json();
        assert_eq!((report["lines"].as_u64(), report["rejected"].as_u64()), (Some(8712), Some(0)), "{stage}: {report}");
        assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"), "{stage}");
        assert_eq!(lake.left_behind(), [""; 0], "{stage}");
        let copied = lake.run(&["sql", "select count(*) as n from load_files where input = 'copied'", "--format", "json"]);
        assert_eq!(copied.expect(0).json()[0]["n"], if stage == "direct" { 30 } else { 0 });
        let before = lake.digest();
        let again = lake.load(stage, &[]).expect(0).json();
        assert_eq!(again["status"], "nothing_new", "{stage}");
        assert_eq!(lake.digest(), before);
        lake.run(&["check"]).expect(0);
    }
}

#[test]
fn the_real_data_ends_with_duckdbs_rows() {
    let Some(data) = real_data() else { return };
    for stage in ["compact", "direct"] {
        let lake = Lake::start();
        lake.put_folder(&data.join("log_data"), "log_data");
        lake.put_folder(&data.join("song_data"), "song_data");
        let (logs, songs) = (data.join("log_data"), data.join("song_data"));
        let arguments = ["load", "--logs", logs.to_str().unwrap(), "--songs", songs.to_str().unwrap(), "--warehouse", "w.duckdb"];
        lake.site.run(&arguments).expect(0);
        let report = lake.load(stage, &[]).expect(0).json();
        assert_eq!((report["lines"].as_u64(), report["rejected"].as_u64()), (Some(8056), Some(0)), "{stage}: {report}");
        assert_eq!(lake.digest(), lake.digest_of("w.duckdb"), "{stage}");
    }
}

/// What a load would send, without a cluster: the manifest and every statement, in both ways.
#[test]
fn a_dry_run_needs_no_cluster() {
    let lake = Lake::demo();
    for (stage, wanted) in
        [("compact", "copy staged_plays (songplay_id"), ("direct", "copy staged_lines (artist, auth, first_name")]
    {
        let mut command = lake.command(&["load", "--logs", "s3://lake/log_data", "--songs", "s3://lake/song_data", "--dry-run"]);
        command.env("SPARKIFY_REDSHIFT_STAGE", stage).env("SPARKIFY_WAREHOUSE", "redshift://ann@127.0.0.1:1/dev");
        let answer = Answer::of(&command.output().unwrap()).expect(0);
        let script = answer.stdout;
        assert!(script.contains("cannot be reached, so every file counts as new"), "{script}");
        for part in [wanted, "lock load_lock;", "insert into songplays", "copy staged_songs", "compupdate off", "commit;"] {
            assert!(script.contains(part), "{stage} lacks {part}");
        }
        assert_eq!(unbound_parameter(&script), None, "{stage}");
        let listed = script.contains("\"url\":\"s3://lake/log_data/2026/09/2026-09-10-events.json\"");
        assert_eq!(listed, stage == "direct");
        assert_eq!(lake.cluster.standin.statements().len(), 0);
        for line in script.lines().filter(|line| line.starts_with("copy ")) {
            assert!(line.ends_with(')'), "{line}");
        }
    }
}

#[test]
fn tables_lie_as_the_design_says() {
    for (design, plays, users) in [("auto", "AUTO(ALL)", "AUTO(ALL)"), ("explicit", "KEY(user_id)", "KEY(user_id)")] {
        let lake = Lake::start();
        let mut command = lake.command(&["tables", "create"]);
        Answer::of(&command.env("SPARKIFY_REDSHIFT_DESIGN", design).output().unwrap()).expect(0);
        let rows = lake.cluster.connect().rows(
            "select \"table\", diststyle, sortkey1 from svv_table_info where \"table\" in ('songplays', 'users') order by 1",
        );
        assert_eq!(rows[0], ["songplays", plays, "start_time"], "{design}");
        assert_eq!(rows[1][1], users, "{design}");
    }
}

#[test]
fn the_doctor_finds_what_is_amiss() {
    let lake = Lake::demo();
    let well = lake.run(&["doctor", "--json"]).expect(0).json();
    let steps = well["steps"].as_array().unwrap();
    assert!(steps.len() >= 8 && steps.iter().all(|step| step["ok"] == true), "{well}");
    assert_eq!(lake.left_behind(), [""; 0]);
    for (variable, value, step, remedy) in [
        ("PGPASSWORD", "wrong", "TLS and log-in", "SPARKIFY_PASSWORD"),
        ("SPARKIFY_WAREHOUSE", "redshift://awsuser@127.0.0.1:1/dev", "TCP", "security group"),
        ("SPARKIFY_WAREHOUSE", "redshift://awsuser@no.such.host.invalid/dev", "name resolution", "--warehouse"),
        (
            "SPARKIFY_REDSHIFT_IAM_ROLE",
            "arn:aws:iam::123456789012:role/other",
            "S3 from the cluster: role, list, get",
            "attach the role",
        ),
        ("SPARKIFY_REDSHIFT_REGION", "eu-west-1", "S3 from the cluster: role, list, get", "redshift.region"),
        ("AWS_SECRET_ACCESS_KEY", "other", "S3 from here: put, list, get", ""),
    ] {
        let mut command = lake.command(&["doctor", "--json"]);
        let found = Answer::of(&command.env(variable, value).output().unwrap()).expect(1).json();
        let failed = found["steps"].as_array().unwrap().iter().find(|found| found["ok"] == false).unwrap();
        assert_eq!(failed["step"], step, "{variable}: {found}");
        assert!(failed["remedy"].as_str().unwrap().contains(remedy), "{failed}");
    }
}
