//! Serverless, which moto does not know: what is asked of AWS, held against the requests.

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::aws::{Asked, CANARIES, Gateway, stack, wrapped};
use crate::support::postgres::Postgres;
use crate::support::redshift::{Mode, Options, Standin, User};
use crate::support::warehouse::{Answer, Site};

/// As much of AWS as a workgroup's life needs.
#[derive(Default)]
struct World {
    /// Where the workgroup listens, if it is not where one of Amazon's would.
    port: Option<u16>,
    executed: bool,
    workgroup: bool,
    namespace: bool,
    limit: Option<i64>,
}

impl World {
    fn answer(&mut self, asked: &Asked) -> Option<(u16, String)> {
        let missing = (400, json!({ "__type": "ResourceNotFoundException", "message": "not found" }).to_string());
        let text = match asked.action.as_str() {
            "GetCallerIdentity" => {
                wrapped("GetCallerIdentity", "<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/ann</Arn>")
            }
            "DescribeVpcs" => "<r><vpcSet><item><vpcId>vpc-1</vpcId><isDefault>true</isDefault></item></vpcSet></r>".to_owned(),
            "DescribeSubnets" => {
                let subnet = |n: char| {
                    format!(
                        "<item><subnetId>subnet-{n}</subnetId><vpcId>vpc-1</vpcId><availabilityZone>us-west-2{n}</availabilityZone></item>"
                    )
                };
                format!("<r><subnetSet>{}</subnetSet></r>", "cab".chars().map(subnet).collect::<String>())
            }
            "DescribeStacks" if self.executed => stack("wg", "CREATE_COMPLETE", "serverless"),
            "DescribeStacks" => {
                return Some((400, crate::support::aws::refusal("ValidationError", "Stack with id wg does not exist")));
            }
            "CreateChangeSet" => wrapped("CreateChangeSet", "<Id>cs-1</Id>"),
            "DescribeChangeSet" => {
                let change = "<ResourceChange><Action>Add</Action><LogicalResourceId>Workgroup</LogicalResourceId>\
                              <ResourceType>AWS::RedshiftServerless::Workgroup</ResourceType></ResourceChange>";
                wrapped(
                    "DescribeChangeSet",
                    &format!("<Status>CREATE_COMPLETE</Status><Changes><member><Type>Resource</Type>{change}</member></Changes>"),
                )
            }
            "ExecuteChangeSet" => {
                (self.executed, self.workgroup, self.namespace) = (true, true, true);
                wrapped("ExecuteChangeSet", "")
            }
            "DescribeStackEvents" => wrapped("DescribeStackEvents", "<StackEvents/>"),
            "DescribeStackResources" => {
                let row = |logical: &str, physical: &str| {
                    format!(
                        "<member><LogicalResourceId>{logical}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId></member>"
                    )
                };
                let rows = [row("Workgroup", "wg"), row("SecurityGroup", "sg-1"), row("CopyRole", "wg-CopyRole-1")].concat();
                wrapped("DescribeStackResources", &format!("<StackResources>{rows}</StackResources>"))
            }
            "GetWorkgroup" if !self.workgroup => return Some(missing),
            "GetWorkgroup" => json!({ "workgroup": {
                "workgroupArn": "arn:wg", "status": "AVAILABLE", "endpoint": {
                    "address": if self.port.is_some() { "127.0.0.1" } else { "wg.1.us-west-2.redshift-serverless.amazonaws.com" },
                    "port": self.port.unwrap_or(5439),
                },
                "publiclyAccessible": false, "securityGroupIds": ["sg-1"],
            } })
            .to_string(),
            "GetCredentials" => json!({ "dbUser": "IAMR:loader", "dbPassword": CANARIES[2], "expiration": 4.9e9 }).to_string(),
            "GetNamespace" if !self.namespace => return Some(missing),
            "GetNamespace" => json!({ "namespace": { "status": "AVAILABLE" } }).to_string(),
            "ListUsageLimits" => {
                let limits: Vec<_> = self.limit.iter().map(|amount| json!({ "usageLimitId": "u-1", "amount": amount })).collect();
                json!({ "usageLimits": limits }).to_string()
            }
            "CreateUsageLimit" | "UpdateUsageLimit" => {
                self.limit = asked.json["amount"].as_i64();
                "{}".to_owned()
            }
            "DescribeSecurityGroups" => "<r><securityGroupInfo/></r>".to_owned(),
            "DescribeNetworkInterfaces" => "<r><networkInterfaceSet/></r>".to_owned(),
            "ListRoles" => wrapped("ListRoles", "<Roles/>"),
            "ListSecrets" => json!({ "SecretList": [] }).to_string(),
            "ListSnapshots" => json!({ "snapshots": [{ "snapshotName": "wg-last" }] }).to_string(),
            "DeleteWorkgroup" => {
                self.workgroup = false;
                "{}".to_owned()
            }
            "DeleteNamespace" => {
                assert!(!self.workgroup, "the workgroup goes first");
                self.namespace = false;
                "{}".to_owned()
            }
            "DeleteStack" => {
                assert!(!self.namespace, "the data goes before the stack");
                self.executed = false;
                wrapped("DeleteStack", "")
            }
            _ => return None,
        };
        Some((200, text))
    }
}

#[test]
fn a_workgroup_from_nothing_to_nothing() {
    let gateway = Gateway::alone();
    let world = Arc::new(Mutex::new(World::default()));
    gateway.script(move |asked| world.lock().unwrap().answer(asked));
    let site = Site::new();
    site.put("sparkify.toml", "[cluster]\nkind = \"serverless\"\nbase_rpu = 4\nmax_rpu = 16\nrpu_hours_a_day = 6\n");

    let up = gateway.run(&site, "wg", &["up", "--yes", "--json"]).expect(0);
    let state = up.json();
    assert_eq!((&state["kind"], &state["state"]), (&json!("serverless"), &json!("available")));
    assert_eq!(state["role"], "arn:aws:iam::123456789012:role/sparkify/wg/wg-CopyRole-1");
    assert!(up.stderr.contains("at most 2.25 a day"), "{}", up.stderr);
    let sent = gateway.asked_for("CreateChangeSet").pop().unwrap();
    let parameters = sent.parameters();
    assert_eq!((parameters["BaseCapacity"].as_str(), parameters["MaxCapacity"].as_str()), ("4", "16"));
    assert_eq!(parameters["SubnetIds"], "subnet-a,subnet-b,subnet-c");
    assert!(sent.form["TemplateBody"].contains("AWS::RedshiftServerless::Workgroup"));
    assert_eq!(
        (sent.form["Capabilities.member.1"].as_str(), sent.tags()["sparkify:kind"].as_str()),
        ("CAPABILITY_IAM", "serverless")
    );
    let limit = gateway.asked_for("CreateUsageLimit").pop().unwrap();
    assert_eq!(
        (limit.service.as_str(), limit.json),
        (
            "redshift-serverless",
            json!({ "resourceArn": "arn:wg", "usageType": "serverless-compute", "amount": 6, "period": "daily", "breachAction": "deactivate" })
        )
    );

    let answer = gateway.run(&site, "wg", &["pause", "--yes"]).expect(1);
    assert!(answer.stderr.contains("pauses by itself"), "{}", answer.stderr);

    let down = gateway.run(&site, "wg", &["down", "--yes", "--final-snapshot", "wg-last", "--json"]);
    assert_eq!(down.code, 0, "{}\n{}", down.stdout, down.stderr);
    let deleted = gateway.asked_for("DeleteNamespace").pop().unwrap();
    assert_eq!(deleted.json, json!({ "namespaceName": "wg", "finalSnapshotName": "wg-last" }));
    assert_eq!(down.json()["kept"], json!(["wg-last"]));
}

#[test]
fn a_workgroup_gives_the_callers_own_user_a_password() {
    let user = User { name: "IAMR:loader".to_owned(), password: CANARIES[2].to_owned(), superuser: true };
    let like = super::lookup::options();
    let standin = Standin::start(Postgres::shared(), Options { users: vec![user], mode: Mode::Serverless, ..like });
    let gateway = Gateway::alone();
    let world = Arc::new(Mutex::new(World { executed: true, workgroup: true, port: Some(standin.port), ..World::default() }));
    gateway.script(move |asked| world.lock().unwrap().answer(asked));
    let site = Site::new();
    let mut command = gateway.command(&site, &["tables", "create", "--warehouse", "redshift:"]);
    // A user that is meant for another server is none for this one.
    let made = Answer::of(&command.env("SPARKIFY_CLUSTER_STACK", "wg").env("PGUSER", "ann").output().unwrap()).expect(0);
    assert!(made.stdout.contains(&format!("redshift://127.0.0.1:{}/sparkify", standin.port)), "{}", made.stdout);
    let asked = gateway.asked_for("GetCredentials").pop().unwrap();
    assert_eq!(asked.json, json!({ "workgroupName": "wg", "dbName": "sparkify", "durationSeconds": 900 }));
    assert!(standin.statements().iter().any(|statement| statement.text.contains("create role analyst")));
}

#[test]
fn a_stack_does_not_become_the_other_kind() {
    let gateway = Gateway::alone();
    let world = Arc::new(Mutex::new(World { executed: true, ..World::default() }));
    gateway.script(move |asked| world.lock().unwrap().answer(asked));
    let answer = gateway.run(&Site::new(), "wg", &["up", "--yes"]).expect(2);
    assert!(answer.stderr.contains("is serverless, and cluster.kind says provisioned"), "{}", answer.stderr);
    assert!(gateway.asked_for("CreateChangeSet").is_empty());
}
