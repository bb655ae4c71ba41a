//! Plan, up, status, open, close, pause, resume, down, each read back from moto.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::lookup::{self, ADMIN};
use crate::redshift::Lake;
use crate::support::aws::{CANARIES, Gateway, OWN_ADDRESS};
use crate::support::redshift::Fault;
use crate::support::warehouse::{Answer, Site};

const REDSHIFT: &str = "2012-12-01";
const EC2: &str = "2016-11-15";
const CLOUDFORMATION: &str = "2010-05-15";
const IAM: &str = "2010-05-08";

/// A site whose settings name sources in S3.
fn site() -> Site {
    let site = Site::new();
    site.put(
        "sparkify.toml",
        "logs = \"s3://lake/log_data\"\nsongs = \"s3://lake/song_data\"\n[cluster]\nstaging = \"s3://lake/staging/\"\n",
    );
    site
}

fn status(gateway: &Gateway, site: &Site, stack: &str) -> Value {
    gateway.run(site, stack, &["status", "--json"]).expect(0).json()
}

/// All that moto has of a stack, but for groups of subnets, which it never deletes.
fn everything(gateway: &Gateway, stack: &str) -> String {
    let all = [
        gateway.ask("redshift", REDSHIFT, &[("Action", "DescribeClusters")]),
        gateway.ask("ec2", EC2, &[("Action", "DescribeSecurityGroups")]),
        gateway.ask("iam", IAM, &[("Action", "ListRoles")]),
    ];
    all.concat().split('<').filter(|piece| piece.contains(&format!(">{stack}-"))).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plan_says_what_would_be_made_and_makes_nothing() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let site = site();
    let answer = gateway.run(&site, "planned", &["plan"]).expect(0);
    for text in [
        "create  Cluster",
        "AWS::Redshift::Cluster",
        "1 × ra3.large",
        "0.543 USD an hour",
        "as of 2026-10",
        "Nothing was changed.",
    ] {
        assert!(answer.stdout.contains(text), "{text}: {}", answer.stdout);
    }
    let plan = gateway.run(&site, "planned", &["plan", "--json", "--ttl", "none"]).expect(0).json();
    assert_eq!((&plan["kind"], &plan["usd_an_hour"], &plan["expires"]), (&json!("provisioned"), &json!(0.543), &Value::Null));
    assert_eq!(everything(&gateway, "planned"), "");
    let stacks = gateway.ask("cloudformation", CLOUDFORMATION, &[("Action", "DescribeStacks"), ("StackName", "planned")]);
    assert!(stacks.contains("does not exist"), "{stacks}");
}

#[test]
fn an_afternoon_from_nothing_to_nothing() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let (site, stack) = (site(), "afternoon");

    let up = gateway.run(&site, stack, &["up", "--yes", "--ttl", "3h", "--json"]).expect(0);
    assert!(up.stderr.contains("create  Cluster") && up.stderr.contains("USD an hour"), "{}", up.stderr);
    let state = up.json();
    assert_eq!((&state["state"], &state["node_type"], &state["nodes"]), (&json!("available"), &json!("ra3.large"), &json!(1)));
    assert_eq!((&state["encrypted"], &state["public"], &state["open_to"]), (&json!(true), &json!(false), &json!([])));
    let left = state["seconds_left"].as_i64().unwrap();
    assert!((3 * 3600 - 60..=3 * 3600).contains(&left), "{left}");
    let cluster = state["cluster"].as_str().unwrap().to_owned();
    let clusters = gateway.ask("redshift", REDSHIFT, &[("Action", "DescribeClusters"), ("ClusterIdentifier", &cluster)]);
    for text in
        ["<NodeType>ra3.large</NodeType>", "<Encrypted>true</Encrypted>", "<DBName>sparkify</DBName>", "<Port>5439</Port>"]
    {
        assert!(clusters.contains(text), "{text}: {clusters}");
    }

    // What moto does not read from a template was at least sent.
    let sent = gateway.asked_for("CreateChangeSet").pop().unwrap();
    assert_eq!(sent.parameters()["LogsPrefix"], "log_data/");
    assert_eq!(sent.parameters()["StagingBucket"], "lake");
    let tags = sent.tags();
    assert_eq!((tags["project"].as_str(), tags["owner"].as_str(), tags["sparkify:stack"].as_str()), ("sparkify", "moto", stack));
    assert!(tags.contains_key("created") && tags["expires"] == sent.parameters()["Expires"], "{tags:?}");

    // Once more changes nothing.
    let before = gateway.asked_for("ExecuteChangeSet").len();
    let again = gateway.run(&site, stack, &["up", "--yes"]).expect(0);
    assert!(again.stderr.contains("nothing would change"), "{}", again.stderr);
    assert_eq!(gateway.asked_for("ExecuteChangeSet").len(), before);

    // Open to one address, then to nobody.
    gateway.run(&site, stack, &["open", "--yes"]).expect(0);
    let rule = json!([{ "from": format!("{OWN_ADDRESS}/32"), "ports": "5439" }]);
    assert_eq!(status(&gateway, &site, stack)["open_to"], rule);
    let rules = gateway.ask("ec2", EC2, &[("Action", "DescribeSecurityGroups")]);
    assert!(rules.contains(&format!("<cidrIp>{OWN_ADDRESS}/32</cidrIp>")), "{rules}");
    gateway.run(&site, stack, &["close"]).expect(0);
    assert_eq!(status(&gateway, &site, stack)["open_to"], json!([]));
    let rules = gateway.ask("ec2", EC2, &[("Action", "DescribeSecurityGroups")]);
    assert!(!rules.contains(OWN_ADDRESS), "{rules}");

    // Paused and running again, each twice.
    for (action, state) in [("pause", "paused"), ("resume", "available")] {
        gateway.run(&site, stack, &[action, "--yes"]).expect(0);
        gateway.run(&site, stack, &[action, "--yes"]).expect(0);
        assert_eq!(status(&gateway, &site, stack)["state"], state);
    }

    let down = gateway.run(&site, stack, &["down", "--yes", "--final-snapshot", "afternoon-last", "--json"]);
    let removal = down.json();
    assert_eq!(removal["left"], json!([]), "{removal}\n{}", down.stderr);
    assert_eq!((&removal["kept"], &removal["unseen"], down.code), (&json!(["afternoon-last"]), &json!([]), 0), "{}", down.stderr);
    assert_eq!(everything(&gateway, stack), "");
    assert_eq!(status(&gateway, &site, stack)["state"], "none");
    // A snapshot that was kept on purpose is none that was forgotten, later either.
    gateway.run(&site, stack, &["down", "--yes"]).expect(0);
}

/// The binary as on a day of work: AWS behind the gateway, the buckets on the S3 server, the settings from the file.
pub fn work(gateway: &Gateway, lake: &Lake, stack: &str, arguments: &[&str]) -> Command {
    let mut command = gateway.command(&lake.site, arguments);
    command
        .env("AWS_ENDPOINT_URL_S3", &lake.cluster.s3.url)
        .env("AWS_ACCESS_KEY_ID", lake.cluster.s3.access_key)
        .env("AWS_SECRET_ACCESS_KEY", lake.cluster.s3.secret_key)
        .env("SPARKIFY_CLUSTER_STACK", stack);
    command
}

#[test]
fn a_load_goes_into_the_cluster_of_the_stack() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let stack = "loaded";
    let state = gateway.run(&site(), stack, &["up", "--yes", "--json"]).expect(0).json();
    let role = state["role"].as_str().unwrap().to_owned();
    // The role that is attached to the cluster is the stack's and no other.
    let lake = Lake::with(|options| {
        let like = lookup::options();
        (options.users, options.database, options.roles) = (like.users, like.database, vec![role.clone()]);
    });
    lake.put_demo();
    gateway.stands_for(lake.cluster.standin.port, ADMIN, CANARIES[2]);
    lake.site.put(
        "sparkify.toml",
        "warehouse = \"redshift:\"\nlogs = \"s3://lake/log_data\"\nsongs = \"s3://lake/song_data\"\n\
         [cluster]\nstaging = \"s3://lake/staging/\"\n",
    );
    let work = |arguments: &[&str]| Answer::of(&work(&gateway, &lake, stack, arguments).output().unwrap());

    let dry = work(&["load", "--dry-run"]).expect(0).stdout;
    assert!(dry.contains(&format!("iam_role '{role}'")) && dry.contains("(would be created)"), "{dry}");
    // The connection breaks meanwhile. Each has a password of its own, as they last no longer than a quarter of an hour.
    lake.cluster.standin.faults().add(1, "copy staged_plays", Fault::DropMidCopy(1000));
    let report = work(&["load", "--json"]).expect(0).json();
    let connections: BTreeSet<usize> = lake.cluster.standin.statements().iter().map(|statement| statement.connection).collect();
    // One was the dry run's.
    assert_eq!((connections.len(), gateway.asked_for("GetClusterCredentials").len()), (3, 3));
    assert_eq!((report["lines"].as_u64(), report["rejected"].as_u64()), (Some(8712), Some(0)), "{report}");
    let sent = lake.cluster.standin.statements();
    let copies: Vec<&str> =
        sent.iter().map(|statement| statement.text.as_str()).filter(|text| text.starts_with("copy ")).collect();
    assert!(!copies.is_empty() && copies.iter().all(|text| text.contains(&format!("iam_role '{role}'"))), "{copies:?}");
    assert!(copies.iter().all(|text| text.contains("'s3://lake/staging/")), "{copies:?}");
    assert_eq!(lake.left_behind(), [""; 0]);

    work(&["check"]).expect(0);
    work(&["doctor"]).expect(0);
    assert_eq!(work(&["digest", "--json"]).expect(0).json(), lake.digest_of("demo/sparkify.duckdb"));
    assert_eq!(work(&["load", "--json"]).expect(0).json()["status"], "nothing_new");
    gateway.run(&site(), stack, &["down", "--yes", "--no-snapshot"]).expect(0);
}
