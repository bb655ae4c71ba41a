//! What a load looks up of the stack. It asks as this process's environment says, so it runs in a process of its own.

use sparkify::cluster::{Cluster, ClusterOptions, Request, Talk, Target};
use sparkify::error::Result;
use sparkify::interrupt::Interrupt;

use crate::support::aws::{CANARIES, Gateway, wrapped};
use crate::support::warehouse::{Answer, Site};

const STACK: &str = "SPARKIFY_TEST_LOOKUP";

struct Silent;

impl Talk for Silent {
    fn say(&self, _: &str) {}

    fn agree(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

#[test]
#[ignore = "the other half of the test below, which runs it"]
fn in_a_process_of_its_own() {
    let Ok(stack) = std::env::var(STACK) else { return };
    let options = ClusterOptions { stack, ..ClusterOptions::default() };
    let request = Request { options: &options, logs: None, songs: None, talk: &Silent };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(async { Cluster::connect(&request, &Interrupt::default()).await?.connection().await });
    match found {
        Ok(connection) => {
            assert_eq!(connection.password.reveal(), CANARIES[2]);
            assert!(matches!(connection.target, Target::Cluster(_)));
            println!("FOUND {connection:?}");
        }
        Err(error) => println!("ERROR {} | {}", error.report(), error.hint()),
    }
}

fn look_up(gateway: &Gateway, site: &Site, stack: &str) -> String {
    let like = gateway.command(site, &[]);
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "cluster::lookup::in_a_process_of_its_own", "--ignored", "--nocapture"]).env(STACK, stack);
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(site.root());
    Answer::of(&command.output().unwrap()).expect(0).stdout
}

#[test]
fn a_load_finds_endpoint_role_and_a_password() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let site = Site::new();
    gateway.run(&site, "looked-up", &["up", "--yes", "--ttl", "10m"]).expect(0);
    let login = format!(
        "<DbUser>IAM:sparkify_admin</DbUser><DbPassword>{}</DbPassword><Expiration>2126-11-21T10:15:00Z</Expiration>",
        CANARIES[2]
    );
    gateway.answer(1, "GetClusterCredentials", 200, wrapped("GetClusterCredentials", &login));
    let found = look_up(&gateway, &site, "looked-up");
    for text in [
        "port: 5439",
        "database: \"sparkify\"",
        "user: \"IAM:sparkify_admin\"",
        "password: ***",
        "role_arn: \"arn:aws:iam::123456789012:role/sparkify/looked-up/",
        "region: \"us-west-2\"",
        "its time is up in",
    ] {
        assert!(found.contains(text), "{text}: {found}");
    }
    assert!(!found.contains(CANARIES[2]), "{found}");
    let asked = gateway.asked_for("GetClusterCredentials").pop().unwrap().form;
    assert_eq!(
        (asked["DbUser"].as_str(), asked["AutoCreate"].as_str(), asked["DurationSeconds"].as_str()),
        ("sparkify_admin", "false", "900")
    );

    gateway.run(&site, "looked-up", &["pause", "--yes"]).expect(0);
    let found = look_up(&gateway, &site, "looked-up");
    assert!(found.contains("is paused") && found.contains("sparkify cluster resume"), "{found}");
    gateway.run(&site, "looked-up", &["down", "--yes", "--no-snapshot"]).expect(0);
    let found = look_up(&gateway, &site, "looked-up");
    assert!(found.contains("there is no stack looked-up") && found.contains("sparkify cluster up"), "{found}");
}
