//! What AWS does not do, and what becomes of the command.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::aws::{Gateway, events, refusal, stack, wrapped};
use crate::support::warehouse::{Answer, Site};

const CLUSTER: &str = "AWS::Redshift::Cluster";

/// From the execution of the change set on, the stack has these states, one a question, and these events.
fn after_execution(gateway: &Gateway, name: &'static str, states: &'static [&'static str], told: String) {
    let (mut executed, turn) = (false, AtomicUsize::new(0));
    gateway.script(move |asked| match asked.action.as_str() {
        "ExecuteChangeSet" => {
            executed = true;
            Some((200, wrapped("ExecuteChangeSet", "")))
        }
        "DescribeStacks" if executed => {
            let turn = turn.fetch_add(1, Ordering::SeqCst).min(states.len() - 1);
            Some((200, stack(name, states[turn], "provisioned")))
        }
        "DescribeStackEvents" if executed => Some((200, told.clone())),
        _ => None,
    });
}

#[test]
fn what_passes_is_tried_again() {
    let Some(gateway) = Gateway::to_moto() else { return };
    gateway.refuse(2, "DescribeVpcs", 503, "Unavailable", "later");
    gateway.refuse(1, "DescribeSubnets", 400, "RequestLimitExceeded", "Request limit exceeded.");
    gateway.refuse(1, "CreateChangeSet", 400, "Throttling", "Rate exceeded");
    gateway.run(&Site::new(), "patient", &["plan"]).expect(0);
    assert_eq!(gateway.asked_for("DescribeVpcs").len(), 3);
    assert_eq!(gateway.asked_for("CreateChangeSet").len(), 2);
}

#[test]
fn what_does_not_pass_is_given_up() {
    let gateway = Gateway::alone();
    gateway.answer(99, "GetCallerIdentity", 500, "<html>oops</html>");
    let answer = gateway.run(&Site::new(), "silent", &["status"]).expect(1);
    assert!(answer.stderr.contains("status 500") && answer.stderr.contains("AWS did not answer properly"), "{}", answer.stderr);
    assert_eq!(gateway.asked_for("GetCallerIdentity").len(), 4);
}

#[test]
fn an_expired_token_is_not_tried_again() {
    let gateway = Gateway::alone();
    gateway.refuse(99, "GetCallerIdentity", 403, "ExpiredToken", "The security token included in the request is expired");
    let answer = gateway.run(&Site::new(), "expired", &["up", "--yes"]).expect(1);
    assert!(
        answer.stderr.contains("the credentials have expired") && answer.stderr.contains("aws sso login"),
        "{}",
        answer.stderr
    );
    assert_eq!(gateway.asked().len(), 1);
}

#[test]
fn a_denial_names_the_action_and_the_line_that_allows_it() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let said = "User: arn:aws:iam::1:user/ann is not authorized to perform: cloudformation:CreateChangeSet on resource: x";
    gateway.refuse(1, "CreateChangeSet", 403, "AccessDenied", said);
    let answer = gateway.run(&Site::new(), "denied", &["plan"]).expect(1);
    let hint = answer.stderr.lines().find(|line| line.contains("hint:")).unwrap();
    assert!(hint.contains("cloudformation:CreateChangeSet") && hint.contains("ChangeTheStack"), "{hint}");
    let policy = gateway.run(&Site::new(), "denied", &["policy"]).expect(0).stdout;
    let line: usize = hint.split("line ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(policy.lines().nth(line - 1).unwrap().contains("cloudformation:CreateChangeSet"), "{hint}");
    // EC2 does not say which action it denied.
    gateway.refuse(1, "DescribeVpcs", 403, "UnauthorizedOperation", "You are not authorized to perform this operation.");
    let answer = gateway.run(&Site::new(), "denied", &["plan"]).expect(1);
    assert!(answer.stderr.contains("ec2:DescribeVpcs is not allowed"), "{}", answer.stderr);
}

#[test]
fn a_creation_that_is_rolled_back_says_why_and_can_be_repeated() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let told = events(&[
        ("4", "CopyRole", "AWS::IAM::Role", "DELETE_COMPLETE", ""),
        ("3", "Cluster", CLUSTER, "CREATE_FAILED", "The number of nodes exceeds the quota for this account"),
        ("2", "SubnetGroup", "AWS::Redshift::ClusterSubnetGroup", "CREATE_FAILED", "Resource creation cancelled"),
        ("1", "CopyRole", "AWS::IAM::Role", "CREATE_COMPLETE", ""),
    ]);
    after_execution(&gateway, "rolled-back", &["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"], told);
    let answer = gateway.run(&Site::new(), "rolled-back", &["up", "--yes"]).expect(1);
    for text in ["created  CopyRole", "failed   Cluster", "ROLLBACK_COMPLETE", "exceeds the quota", "Service Quotas"] {
        assert!(answer.stderr.contains(text), "{text}: {}", answer.stderr);
    }
    assert_eq!(answer.stderr.matches("created  CopyRole").count(), 1, "{}", answer.stderr);

    let plan = gateway.run(&Site::new(), "rolled-back", &["plan"]).expect(1);
    assert!(plan.stderr.contains("failed when it was created") && plan.stderr.contains("sparkify cluster up"), "{}", plan.stderr);
}

#[test]
fn what_a_failed_attempt_left_is_cleared_away() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let mut deleted = false;
    gateway.script(move |asked| {
        deleted |= asked.action == "DeleteStack";
        let failed = asked.action == "DescribeStacks" && !deleted;
        failed.then(|| (200, stack("second-try", "ROLLBACK_COMPLETE", "provisioned")))
    });
    let answer = gateway.run(&Site::new(), "second-try", &["up", "--yes"]).expect(0);
    assert!(answer.stderr.contains("deleting what it left") && answer.stdout.contains("available"), "{}", answer.stderr);
    gateway.run(&Site::new(), "second-try", &["down", "--yes", "--no-snapshot"]).expect(0);
}

#[test]
fn events_that_do_not_come_change_nothing_about_the_end() {
    let Some(gateway) = Gateway::to_moto() else { return };
    after_execution(
        &gateway,
        "gaps",
        &["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"],
        refusal("Gone", "no events"),
    );
    let mut turn = 0;
    gateway.script(move |asked| {
        turn += usize::from(asked.action == "DescribeStackEvents");
        (asked.action == "DescribeStackEvents" && turn == 1).then(|| (400, refusal("Gone", "no events")))
    });
    gateway.answer(9, "DescribeStackResources", 200, wrapped("DescribeStackResources", "<StackResources/>"));
    let answer = gateway.run(&Site::new(), "gaps", &["up", "--yes"]).expect(0);
    assert!(answer.stdout.contains("CREATE_COMPLETE"), "{}\n{}", answer.stdout, answer.stderr);
}

#[test]
fn an_interrupt_leaves_the_stack_to_go_on() {
    let Some(gateway) = Gateway::to_moto() else { return };
    after_execution(&gateway, "interrupted", &["CREATE_IN_PROGRESS"], events(&[]));
    let site = Site::new();
    let mut command = gateway.command(&site, &["cluster", "up", "--yes", "--stack", "interrupted"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    while gateway.asked_for("ExecuteChangeSet").is_empty() {
        assert!(since.elapsed() < Duration::from_secs(30), "it never begins");
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let answer = Answer::of(&child.wait_with_output().unwrap()).expect(130);
    assert!(answer.stderr.contains("AWS continues") && answer.stderr.contains("sparkify cluster status"), "{}", answer.stderr);
}

#[test]
fn a_deletion_that_is_blocked_says_by_what() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let site = Site::new();
    gateway.run(&site, "blocked", &["up", "--yes"]).expect(0);
    let mut asked_to = false;
    let told =
        events(&[("9", "SecurityGroup", "AWS::EC2::SecurityGroup", "DELETE_FAILED", "resource sg-1 has a dependent object")]);
    gateway.script(move |asked| match asked.action.as_str() {
        "DeleteStack" => {
            asked_to = true;
            Some((200, wrapped("DeleteStack", "")))
        }
        "DescribeStacks" if asked_to => Some((200, stack("blocked", "DELETE_FAILED", "provisioned"))),
        "DescribeStackEvents" if asked_to => Some((200, told.clone())),
        "DescribeNetworkInterfaces" => Some((
            200,
            "<r><networkInterfaceSet><item><networkInterfaceId>eni-77</networkInterfaceId><description>lambda</description></item></networkInterfaceSet></r>"
                .to_owned(),
        )),
        _ => None,
    });
    let answer = gateway.run(&site, "blocked", &["down", "--yes", "--no-snapshot"]).expect(1);
    for text in ["failed   SecurityGroup", "eni-77 (lambda)", "has a dependent object", "remove that"] {
        assert!(answer.stderr.contains(text), "{text}: {}", answer.stderr);
    }
}

#[test]
fn what_is_left_is_found() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let tag = [("Tags.Tag.1.Key", "sparkify:stack"), ("Tags.Tag.1.Value", "left-over")];
    let mut cluster =
        vec![("Action", "CreateCluster"), ("ClusterIdentifier", "forgotten"), ("NodeType", "ra3.large"), ("MasterUsername", "a")];
    cluster.extend(tag);
    gateway.ask("redshift", "2012-12-01", &cluster);
    let role = [
        ("Action", "CreateRole"),
        ("RoleName", "left-over-role"),
        ("Path", "/sparkify/left-over/"),
        ("AssumeRolePolicyDocument", "{}"),
    ];
    gateway.ask("iam", "2010-05-08", &role);
    let group = [
        ("Action", "CreateSecurityGroup"),
        ("GroupName", "left-over"),
        ("GroupDescription", "d"),
        ("TagSpecification.1.ResourceType", "security-group"),
        ("TagSpecification.1.Tag.1.Key", "sparkify:stack"),
        ("TagSpecification.1.Tag.1.Value", "left-over"),
    ];
    gateway.ask("ec2", "2016-11-15", &group);
    let answer = gateway.run(&Site::new(), "left-over", &["down", "--yes", "--json"]).expect(1);
    let left = answer.json()["left"].to_string();
    for text in
        ["\"cluster\",\"name\":\"forgotten\"", "\"role\",\"name\":\"left-over-role\"", "\"security group\",\"name\":\"sg-"]
    {
        assert!(left.contains(text), "{text}: {left}");
    }
    assert!(answer.stderr.contains("something is left"), "{}", answer.stderr);
    // Without looking, it is no failure.
    gateway.run(&Site::new(), "left-over", &["down", "--yes", "--verify=false"]).expect(0);
    // What cannot be looked at counts as not looked at.
    gateway.refuse(1, "ListSecrets", 400, "AccessDeniedException", "no");
    let answer = gateway.run(&Site::new(), "nothing-here", &["down", "--yes"]).expect(1);
    assert!(answer.stdout.contains("not checked: secret"), "{}", answer.stdout);
}
