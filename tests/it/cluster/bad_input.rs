//! What the user gets wrong, and what is said about it.

use crate::support::aws::{Gateway, wrapped};
use crate::support::warehouse::{Answer, Site};

fn plan_with(settings: &str) -> Option<Answer> {
    let gateway = Gateway::to_moto()?;
    let site = Site::new();
    site.put("sparkify.toml", settings);
    Some(gateway.run(&site, "never-made", &["plan"]))
}

#[test]
fn without_credentials_or_region() {
    let gateway = Gateway::alone();
    let site = Site::new();
    let run = |without: &[&str]| {
        let mut command = gateway.command(&site, &["cluster", "status"]);
        for name in without {
            command.env_remove(name);
        }
        Answer::of(&command.output().unwrap())
    };
    let answer = run(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]).expect(1);
    assert!(answer.stderr.contains("no usable AWS credentials") && answer.stderr.contains("AWS_PROFILE"), "{}", answer.stderr);
    let answer = run(&["AWS_REGION"]).expect(2);
    assert!(answer.stderr.contains("no AWS region is set") && answer.stderr.contains("--region"), "{}", answer.stderr);
}

#[test]
fn settings_that_cannot_work() {
    let site = Site::new();
    for (settings, said, hint) in [
        ("node_type = \"dc2.large\"", "retired", "ra3.large"),
        ("nodes = 0", "expected 1 to 100", ""),
        ("ttl = \"5 minutes\"", "invalid time to live", "30m, 4h or 2d"),
        ("admin = \"user\"", "invalid Redshift name", "reserved"),
        ("stack = \"My_Stack\"", "invalid stack name", "lower-case"),
        ("kind = \"huge\"", "invalid kind of cluster", "serverless"),
        ("prices = \"cheap\"", "invalid price", "ra3.large=0.543"),
    ] {
        site.put("sparkify.toml", format!("[cluster]\n{settings}\n"));
        let answer = site.run(&["cluster", "plan"]).expect(2);
        assert!(answer.stderr.contains(said) && answer.stderr.contains(hint), "{settings}: {}", answer.stderr);
    }
}

#[test]
fn nodes_that_the_region_does_not_have() {
    let Some(answer) = plan_with("[cluster]\nnode_type = \"ra3.4xlarge\"\nnodes = 2\n") else { return };
    assert!(answer.expect(1).stderr.contains("us-west-2 has no nodes of type ra3.4xlarge"));
    let Some(answer) = plan_with("[cluster]\nnode_type = \"ra3.4xlarge\"\n") else { return };
    assert!(answer.expect(2).stderr.contains("two nodes at least"));
}

#[test]
fn more_nodes_than_the_account_may_have() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let site = Site::new();
    site.put("sparkify.toml", "[cluster]\nnodes = 3\n");
    let pages = [
        r#"{"Quotas":[{"QuotaName":"Snapshots","Value":20.0}],"NextToken":"2"}"#,
        r#"{"Quotas":[{"QuotaName":"Nodes","Value":2.0}]}"#,
    ];
    // The latest answer is given first.
    pages.iter().rev().for_each(|page| gateway.answer(1, "ListServiceQuotas", 200, *page));
    let answer = gateway.run(&site, "too-many", &["plan"]).expect(0);
    assert!(answer.stderr.contains("the account may have 2 nodes in us-west-2"), "{}", answer.stderr);
    assert_eq!(gateway.asked_for("ListServiceQuotas").last().unwrap().json["NextToken"], "2");
    for (status, quota) in
        [(200, r#"{"Quotas":[{"QuotaName":"Nodes","Value":200.0}]}"#), (403, r#"{"__type":"AccessDeniedException"}"#)]
    {
        gateway.answer(1, "ListServiceQuotas", status, quota);
        let answer = gateway.run(&site, "too-many", &["plan"]).expect(0);
        assert!(!answer.stderr.contains("may have"), "{}", answer.stderr);
    }
}

#[test]
fn a_vpc_without_subnets() {
    let Some(gateway) = Gateway::to_moto() else { return };
    gateway.answer(1, "DescribeSubnets", 200, "<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>");
    let answer = gateway.run(&Site::new(), "no-subnets", &["plan"]).expect(1);
    assert!(answer.stderr.contains("has no subnets") && answer.stderr.contains("cluster.vpc"), "{}", answer.stderr);
    gateway.answer(1, "DescribeVpcs", 200, "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>");
    let answer = gateway.run(&Site::new(), "no-subnets", &["plan"]).expect(1);
    assert!(answer.stderr.contains("no default VPC in us-west-2"), "{}", answer.stderr);
}

#[test]
fn a_stack_of_somebody_else() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let template = r#"{"Resources":{"Group":{"Type":"AWS::EC2::SecurityGroup","Properties":{"GroupDescription":"d"}}}}"#;
    gateway.ask(
        "cloudformation",
        "2010-05-15",
        &[("Action", "CreateStack"), ("StackName", "foreign"), ("TemplateBody", template)],
    );
    for action in [&["up", "--yes"][..], &["down", "--yes"], &["status"]] {
        let answer = gateway.run(&Site::new(), "foreign", action).expect(1);
        assert!(answer.stderr.contains("sparkify did not create") && answer.stderr.contains("--stack"), "{}", answer.stderr);
    }
    assert!(gateway.asked_for("DeleteStack").is_empty());
}

#[test]
fn nothing_happens_unasked() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let answer = gateway.run(&Site::new(), "unasked", &["up"]).expect(2);
    assert!(answer.stderr.contains("this costs money") && answer.stderr.contains("--yes"), "{}", answer.stderr);
    assert!(gateway.asked_for("ExecuteChangeSet").is_empty());
    assert_eq!(gateway.asked_for("DeleteChangeSet").len(), 1);
    let answer = gateway.run(&Site::new(), "unasked", &["up", "--yes", "--address", "127.0.0.1"]).expect(2);
    assert!(answer.stderr.contains("not an address that can connect"), "{}", answer.stderr);
}

#[test]
fn what_is_not_there_is_said_so() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let site = Site::new();
    for action in [&["pause", "--yes"][..], &["resume", "--yes"], &["open", "--yes"], &["close"]] {
        let answer = gateway.run(&site, "nowhere", action).expect(1);
        assert!(answer.stderr.contains("there is no stack nowhere in us-west-2"), "{action:?}: {}", answer.stderr);
    }
    // To take nothing down is fine.
    let answer = gateway.run(&site, "nowhere", &["down", "--yes"]).expect(0);
    assert!(
        answer.stdout.contains("There was no stack nowhere") && answer.stdout.contains("nothing else is left"),
        "{}",
        answer.stdout
    );
}

#[test]
fn a_bucket_elsewhere_is_warned_of() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let site = Site::new();
    site.put("sparkify.toml", "logs = \"s3://gone-lake/log_data\"\n");
    let answer = gateway.run(&site, "elsewhere", &["plan"]).expect(0);
    assert!(answer.stderr.contains("there is no bucket gone-lake"), "{}", answer.stderr);
    assert!(answer.stderr.contains("cluster.staging is not set"), "{}", answer.stderr);
}

#[test]
fn the_policy_is_printed_with_and_without_credentials() {
    let gateway = Gateway::alone();
    let site = Site::new();
    site.put("sparkify.toml", "logs = \"s3://lake/log_data\"\n");
    let identity = "<Account>210987654321</Account><Arn>arn:aws:iam::210987654321:user/ann</Arn>";
    gateway.answer(1, "GetCallerIdentity", 200, wrapped("GetCallerIdentity", identity));
    let policy = gateway.run(&site, "mine", &["policy"]).expect(0).json();
    assert!(policy.to_string().contains("arn:aws:redshift:us-west-2:210987654321:cluster:mine"));
    let policy = site.run(&["cluster", "policy", "--region", "eu-west-1"]);
    assert!(policy.stdout.contains("arn:aws:redshift:eu-west-1:ACCOUNT_ID:cluster:sparkify"), "{}", policy.stderr);
}
