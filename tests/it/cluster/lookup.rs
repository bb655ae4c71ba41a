//! What `--warehouse redshift:` looks up of the stack, by every verb that reaches a warehouse.

use crate::support::aws::{CANARIES, Gateway};
use crate::support::postgres::Postgres;
use crate::support::redshift::{Options, Standin, User};
use crate::support::warehouse::{Answer, Site};

/// As GetClusterCredentials names the administrator.
pub const ADMIN: &str = "IAM:sparkify_admin";

/// A stand-in with the database of a stack, whose administrator has the password that nothing shows.
pub fn options() -> Options {
    let admin = User { name: ADMIN.to_owned(), password: CANARIES[2].to_owned(), superuser: true };
    Options { users: vec![admin], database: "sparkify".to_owned(), ..Options::default() }
}

fn run(gateway: &Gateway, site: &Site, stack: &str, arguments: &[&str]) -> Answer {
    let mut command = gateway.command(site, arguments);
    command.env("SPARKIFY_WAREHOUSE", "redshift:").env("SPARKIFY_CLUSTER_STACK", stack);
    Answer::of(&command.output().unwrap())
}

#[test]
fn every_verb_finds_the_cluster_of_the_stack() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let (site, stack) = (Site::new(), "looked-up");
    let up = gateway.run(&site, stack, &["up", "--yes", "--ttl", "10m", "--json"]).expect(0).json();
    let standin = Standin::start(Postgres::shared(), options());
    gateway.stands_for(standin.port, ADMIN, CANARIES[2]);
    // Neither lists of what there is nor settings need a cluster.
    let asked = gateway.asked().len();
    for arguments in [&["check", "--list"][..], &["insights", "--list"], &["config"]] {
        run(&gateway, &site, stack, arguments).expect(0);
    }
    assert_eq!(gateway.asked().len(), asked);

    let made = run(&gateway, &site, stack, &["tables", "create"]).expect(0);
    let url = format!("redshift://sparkify_admin@127.0.0.1:{}/sparkify", standin.port);
    assert!(made.stdout.contains(&format!("The tables are in {url}.")), "{}", made.stdout);
    assert!(made.stderr.contains("warning: the cluster of the stack looked-up: its time is up in"), "{}", made.stderr);
    let asked = gateway.asked_for("GetClusterCredentials").pop().unwrap().form;
    for (field, value) in [
        ("DbUser", "sparkify_admin"),
        ("DbName", "sparkify"),
        ("AutoCreate", "false"),
        ("DurationSeconds", "900"),
        ("ClusterIdentifier", up["cluster"].as_str().unwrap()),
    ] {
        assert_eq!(asked[field], value, "{field}");
    }
    for arguments in [
        &["sql", "select count(*) from songplays"][..],
        &["runs"],
        &["rejects"],
        &["check", "event_keys"],
        &["digest"],
        &["insights", "top_songs"],
        &["report"],
    ] {
        run(&gateway, &site, stack, arguments).expect(0);
    }
    let none = run(&gateway, &site, stack, &["explain", "play", "1"]).expect(1);
    assert!(none.stderr.contains("there is no play 1"), "{}", none.stderr);
    let doctor = run(&gateway, &site, stack, &["doctor"]).expect(1);
    assert!(doctor.stdout.contains(&format!("ok      stack: {url}")), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("as IAM:sparkify_admin") && doctor.stdout.contains("redshift.staging"), "{}", doctor.stdout);

    // Another user than the administrator, and what is denied.
    site.put("sparkify.toml", "[cluster]\nuser = \"nightly\"\n");
    gateway.refuse(1, "GetClusterCredentials", 403, "AccessDenied", "not authorized to perform: redshift:GetClusterCredentials");
    let denied = run(&gateway, &site, stack, &["digest"]).expect(1);
    assert!(
        denied.stderr.contains("redshift:GetClusterCredentials on the user nightly") && denied.stderr.contains("cluster policy"),
        "{}",
        denied.stderr
    );
    assert_eq!(gateway.asked_for("GetClusterCredentials").pop().unwrap().form["DbUser"], "nightly");
    let policy = gateway.run(&site, stack, &["policy"]).expect(0).stdout;
    assert!(policy.contains(":dbuser:looked-up/nightly\"") && !policy.contains("dbuser:looked-up/*"), "{policy}");
    gateway.run(&site, stack, &["down", "--yes", "--no-snapshot"]).expect(0);
}

#[test]
fn a_cluster_that_cannot_be_reached_is_explained() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let (site, stack) = (Site::new(), "unreached");
    site.put("log_data/1.json", "{}\n");
    let load = ["load", "--logs", "log_data"];
    let found = run(&gateway, &site, stack, &load).expect(1);
    assert!(
        found.stderr.contains("there is no stack unreached in us-west-2") && found.stderr.contains("`sparkify cluster up`"),
        "{}",
        found.stderr
    );
    // What would be done can be told without it.
    let script = run(&gateway, &site, stack, &["tables", "create", "--dry-run"]).expect(0).stdout;
    for text in [
        "redshift: (cannot be reached",
        "there is no stack unreached",
        "create table if not exists songplays",
        "to role analyst;",
    ] {
        assert!(script.contains(text), "{text}: {script}");
    }
    let script = run(&gateway, &site, stack, &[&load[..], &["--dry-run"]].concat()).expect(0).stdout;
    for text in
        ["so every file counts as new", "there is no stack unreached", "iam_role '<the stack''s role>'", "insert into songplays"]
    {
        assert!(script.contains(text), "{text}: {script}");
    }
    gateway.run(&site, stack, &["up", "--yes"]).expect(0);
    gateway.run(&site, stack, &["pause", "--yes"]).expect(0);
    let asked = gateway.asked_for("GetClusterCredentials").len();
    for arguments in [&load[..], &["sql", "select 1"], &["tables", "drop", "--yes"]] {
        let found = run(&gateway, &site, stack, arguments).expect(1);
        assert!(
            found.stderr.contains("the cluster of the stack unreached is paused")
                && found.stderr.contains("`sparkify cluster resume`"),
            "{arguments:?}: {}",
            found.stderr
        );
    }
    let doctor = run(&gateway, &site, stack, &["doctor", "--json"]).expect(1).json();
    assert_eq!((&doctor["steps"][0]["step"], &doctor["steps"][0]["ok"]), (&"stack".into(), &false.into()));
    assert_eq!(gateway.asked_for("GetClusterCredentials").len(), asked, "nobody asks for a password in vain");
    gateway.run(&site, stack, &["down", "--yes", "--no-snapshot"]).expect(0);
}
