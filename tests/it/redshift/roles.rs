//! The roles that `tables create` makes, and what users who have them may do.

use super::Lake;
use crate::support::redshift::User;
use crate::support::warehouse::Answer;

const LINE: &str = r#"{"ts":1541121934796,"page":"NextSong","userId":"8","sessionId":139,"itemInSession":1,"level":"free","auth":"Logged In","method":"PUT","status":200,"song":"s","artist":"a","length":200.5,"firstName":"K","lastName":"S","gender":"F","location":"x","userAgent":"y","registration":1540344794796}"#;

/// With two users who have no rights of their own.
fn lake() -> Lake {
    let lake = Lake::with(|options| {
        let user = |name: &str| User { name: name.to_owned(), password: "Standin1".to_owned(), superuser: false };
        options.users.extend([user("ann"), user("bob")]);
    });
    lake.cluster.put("log_data/1.json", format!("{LINE}\n{{\"ts\":1}}\n"));
    lake
}

fn run_as(lake: &Lake, user: &str, arguments: &[&str]) -> Answer {
    let url = format!("redshift://{user}@127.0.0.1:{}/dev", lake.cluster.standin.port);
    Answer::of(&lake.command(arguments).env("SPARKIFY_WAREHOUSE", url).output().unwrap())
}

/// How often a statement that contains this was sent.
fn sent(lake: &Lake, part: &str) -> usize {
    lake.cluster.standin.statements().iter().filter(|statement| statement.text.contains(part)).count()
}

#[test]
fn an_analyst_reads_the_star_and_a_loader_loads() {
    let lake = lake();
    lake.load_logs("compact", &["--max-rejects", "1"]).expect(3);
    assert_eq!(sent(&lake, "create role"), 0, "a load makes no roles");
    for _ in 0..2 {
        let made = lake.run(&["tables", "create"]).expect(0);
        assert!(!made.stderr.contains("warning"), "{}", made.stderr);
    }
    assert_eq!([sent(&lake, "create role loader"), sent(&lake, "create role analyst"), sent(&lake, "grant ")], [1, 1, 8]);

    let count = ["sql", "select count(*) as n from songplays", "--format", "json"];
    run_as(&lake, "ann", &count).expect(1);
    lake.cluster.connect().run("grant role analyst to ann");
    assert_eq!(run_as(&lake, "ann", &count).expect(0).json()[0]["n"], 1);
    for arguments in [&["insights", "top_songs", "hour_profile"][..], &["digest"]] {
        run_as(&lake, "ann", arguments).expect(0);
    }
    for table in ["load_rejects", "load_files", "staging_songs"] {
        let refused = run_as(&lake, "ann", &["sql", &format!("select * from {table}")]).expect(1);
        assert!(refused.stderr.contains("no privilege") && refused.stderr.contains(table), "{}", refused.stderr);
    }
    let logs = ["load", "--logs", "s3://lake/log_data", "--json"];
    run_as(&lake, "ann", &logs).expect(1);

    lake.cluster.connect().run("grant role loader to bob");
    lake.cluster.put("log_data/2.json", LINE.replace("\"itemInSession\":1", "\"itemInSession\":2"));
    assert_eq!(run_as(&lake, "bob", &logs).expect(0).json()["accepted"], 1);
    assert_eq!(run_as(&lake, "ann", &count).expect(0).json()[0]["n"], 2);

    // Rights end with the tables that they were to.
    lake.run(&["tables", "reset", "--yes"]).expect(0);
    assert_eq!(run_as(&lake, "ann", &count).expect(0).json()[0]["n"], 0);
}

#[test]
fn who_may_make_no_roles_is_told_what_to_have_granted() {
    let lake = lake();
    let made = run_as(&lake, "ann", &["tables", "create"]).expect(0);
    assert!(made.stdout.contains("The tables are in"), "{}", made.stdout);
    let (_, rest) = made.stderr.split_once("have the administrator run:\n").unwrap_or_else(|| panic!("{}", made.stderr));
    // An administrator runs it as it stands.
    let administrator = lake.cluster.connect();
    for statement in rest.split_inclusive(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        administrator.run(statement);
    }
    administrator.run("grant role analyst to bob");
    run_as(&lake, "bob", &["sql", "select * from songplays"]).expect(0);
    run_as(&lake, "bob", &["sql", "select * from load_rejects"]).expect(1);
}

#[test]
fn a_dry_run_shows_tables_and_roles_and_makes_none() {
    let lake = lake();
    let dry = ["tables", "create", "--dry-run"];
    let script = lake.run(&dry).expect(0).stdout;
    for text in
        ["(has no tables yet)", "compound sortkey (start_time);", "create table if not exists load_lock", "create role loader;"]
    {
        assert!(script.contains(text), "{text}: {script}");
    }
    let makings = || ["create table", "create role", "grant "].map(|words| sent(&lake, words));
    assert_eq!(makings(), [0, 0, 0]);
    // Sent as it stands, it does what `tables create` does.
    let administrator = lake.cluster.connect();
    let code: String = script.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    for statement in code.split_inclusive(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        administrator.run(statement);
    }
    let [tables, roles, grants] = makings();
    assert_eq!([tables, roles, grants], [14, 2, 4]);
    lake.run(&["tables", "create"]).expect(0);
    assert_eq!(makings(), [tables, roles, 2 * grants], "nothing was missing");
    let script = lake.run(&dry).expect(0).stdout;
    assert!(
        script.contains("(has its tables)") && !script.contains("create table") && !script.contains("create role"),
        "{script}"
    );
    assert!(script.contains("to role analyst;"), "{script}");

    let mut command = lake.command(&dry);
    let away =
        Answer::of(&command.env("SPARKIFY_WAREHOUSE", "redshift://ann@127.0.0.1:1/dev").output().unwrap()).expect(0).stdout;
    for text in ["cannot be reached", "create table if not exists songplays", "create role analyst;", "to role loader;"] {
        assert!(away.contains(text), "{text}: {away}");
    }
}
