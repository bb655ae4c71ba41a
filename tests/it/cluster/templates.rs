//! The templates: what cfn-lint says of them, and rules of our own for what it lets pass.

use serde_json::{Value, json};

use crate::clients::python;
use crate::support::repository;

/// Prints a template as JSON.
const TO_JSON: &str = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
/// Prints what cfn-lint finds, or nothing.
const LINT: &str = "
import contextlib, io, sys
from cfnlint.runner import main
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
    sys.argv = ['cfn-lint', *sys.argv[1:]]
    try:
        main()
    except SystemExit as end:
        code = end.code
print(said.getvalue() if code else '', end='')
";

const TEMPLATES: [&str; 2] = ["provisioned.yaml", "serverless.yaml"];

fn path(name: &str) -> String {
    format!("{}/cloudformation/{name}", repository().display())
}

fn template(name: &str) -> Option<Value> {
    let text = python("the rules on the templates", TO_JSON, &[&path(name)])?;
    Some(serde_json::from_str(&text).unwrap())
}

/// What offends against our rules.
fn offences(template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        if name.contains("Password") || name.contains("Secret") {
            found.push(format!("{name} brings a password in"));
        }
        if name == "AllowedCidr" && !parameter["AllowedPattern"].as_str().is_some_and(|pattern| pattern.ends_with("/32|")) {
            found.push(format!("{name} lets more than one address in"));
        }
        if name == "NodeType"
            && parameter["AllowedPattern"].as_str().is_none_or(|pattern| pattern.contains("dc") || !pattern.contains("ra3"))
        {
            found.push(format!("{name} allows retired nodes"));
        }
    }
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let properties = &resource["Properties"];
        let kind = resource["Type"].as_str().unwrap();
        let keeps_data = ["AWS::Redshift::Cluster", "AWS::RedshiftServerless::Namespace"].contains(&kind);
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if keeps_data && !matches!(resource[policy].as_str(), Some("Snapshot" | "Retain")) {
                found.push(format!("{name} loses its data without a {policy}"));
            }
        }
        if kind == "AWS::Redshift::Cluster" {
            for property in ["Encrypted", "ManageMasterPassword"] {
                if properties[property] != true {
                    found.push(format!("{name} lacks {property}"));
                }
            }
            if properties["NodeType"].as_str().is_some_and(|node| !node.starts_with("ra3") && !node.starts_with("rg")) {
                found.push(format!("{name} has retired nodes"));
            }
            if properties["IamRoles"].as_array().is_none_or(Vec::is_empty) {
                found.push(format!("{name} has no role for COPY"));
            }
        }
        if kind == "AWS::RedshiftServerless::Namespace" && properties["ManageAdminPassword"] != true {
            found.push(format!("{name} lacks ManageAdminPassword"));
        }
        if kind == "AWS::RedshiftServerless::Workgroup"
            && (properties["BaseCapacity"].is_null() || properties["MaxCapacity"].is_null())
        {
            found.push(format!("{name} has no limits on its capacity"));
        }
        if properties["PubliclyAccessible"] == true {
            found.push(format!("{name} is always public"));
        }
        walk(name, "", resource, &mut found);
    }
    let text = template.to_string();
    if !text.contains("require_ssl") {
        found.push("TLS is not required".to_owned());
    }
    if !text.contains("aws:SourceAccount") {
        found.push("others may have Redshift take the role".to_owned());
    }
    found
}

/// Looks at every value in a resource.
fn walk(resource: &str, key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("Effect") {
                statement(resource, value, found);
            }
            if fields.get("Fn::GetAtt").is_some_and(Value::is_string) {
                found.push(format!("{resource} has a short Fn::GetAtt"));
            }
            fields.iter().for_each(|(key, value)| walk(resource, key, value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(resource, key, item, found)),
        Value::String(text) => {
            if ["0.0.0.0/0", "::/0"].contains(&text.as_str()) {
                found.push(format!("{resource} is open to everybody"));
            }
            if key.ends_with("Password") || key == "AdminUserPassword" {
                found.push(format!("{resource} holds a password"));
            }
            if key == "ManagedPolicyArns" {
                found.push(format!("{resource} has a policy of AWS's: {text}"));
            }
        }
        _ => {}
    }
}

fn statement(resource: &str, statement: &Value, found: &mut Vec<String>) {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    for action in texts(&statement["Action"]).iter().filter(|action| action.contains('*')) {
        found.push(format!("{resource} allows {action}"));
    }
    if texts(&statement["Resource"]).iter().any(|name| name == "*" || name.ends_with(":::*")) {
        found.push(format!("{resource} allows something on everything"));
    }
}

#[test]
fn cfn_lint_has_nothing_to_say() {
    for name in TEMPLATES {
        let Some(said) = python("cfn-lint", LINT, &[&path(name)]) else { return };
        assert_eq!(said, "", "{name}");
    }
}

#[test]
fn the_templates_keep_our_rules() {
    for name in TEMPLATES {
        let Some(template) = template(name) else { return };
        assert_eq!(offences(&template), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn our_rules_catch_what_cfn_lint_lets_pass() {
    let spoiled = [
        ("/Resources/Cluster/Properties/Encrypted", json!(false), "lacks Encrypted"),
        ("/Resources/Cluster/Properties/ManageMasterPassword", json!(false), "lacks ManageMasterPassword"),
        ("/Resources/Cluster/Properties/MasterUserPassword", json!("Passw0rdOfMine"), "holds a password"),
        ("/Resources/Cluster/Properties/NodeType", json!("dc2.large"), "retired nodes"),
        ("/Resources/Cluster/Properties/PubliclyAccessible", json!(true), "always public"),
        ("/Resources/Cluster/Properties/IamRoles", json!([]), "no role for COPY"),
        ("/Resources/Cluster/DeletionPolicy", json!("Delete"), "loses its data"),
        ("/Resources/Cluster/UpdateReplacePolicy", Value::Null, "loses its data"),
        ("/Resources/OpenPort/Properties/CidrIp", json!("0.0.0.0/0"), "open to everybody"),
        ("/Resources/OpenPort/Properties/CidrIpv6", json!("::/0"), "open to everybody"),
        (
            "/Resources/CopyRole/Properties/ManagedPolicyArns",
            json!(["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]),
            "policy of AWS's",
        ),
        ("/Resources/LogsAccess/Properties/PolicyDocument/Statement/0/Action", json!("s3:*"), "allows s3:*"),
        ("/Resources/LogsAccess/Properties/PolicyDocument/Statement/0/Resource", json!("*"), "on everything"),
        ("/Resources/CopyRole/Properties/AssumeRolePolicyDocument/Statement/0/Condition", json!({}), "take the role"),
        ("/Resources/ParameterGroup/Properties/Parameters", json!([]), "TLS is not required"),
        ("/Parameters/AllowedCidr/AllowedPattern", json!(".*"), "more than one address"),
        ("/Parameters/AdminPassword", json!({ "Type": "String" }), "brings a password in"),
    ];
    let Some(sound) = template(TEMPLATES[0]) else { return };
    for (pointer, value, wanted) in spoiled {
        let mut template = sound.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match template.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
            Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
            other => panic!("{parent} is {other}"),
        }
        let found = offences(&template);
        assert!(found.iter().any(|offence| offence.contains(wanted)), "{pointer}: {found:?}");
    }
}

#[test]
fn the_callers_policy_asks_for_no_more_than_it_needs() {
    let text = std::fs::read_to_string(path("caller-policy.json")).unwrap();
    let policy: Value = serde_json::from_str(&text).unwrap();
    let mut names = Vec::new();
    for statement in policy["Statement"].as_array().unwrap() {
        let name = statement["Sid"].as_str().unwrap();
        names.push(name);
        let actions: Vec<&str> = statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap()).collect();
        assert!(actions.iter().all(|action| !action.contains('*')), "{name}: {actions:?}");
        if statement["Resource"] == json!(["*"]) {
            let looks = |action: &&str| action.contains(":Describe") || action.contains(":List");
            assert!(actions.iter().all(looks), "{name} does something to everything");
        }
        if actions.iter().any(|action| action.ends_with(":GetClusterCredentials")) {
            let places = statement["Resource"].as_array().unwrap();
            assert!(places.iter().all(|place| !place.as_str().unwrap().contains('*')), "{name} is for any user or database");
        }
    }
    assert!(names.contains(&"HandTheRolesOver"));
    let hand_over =
        &policy["Statement"].as_array().unwrap().iter().find(|s| s["Sid"] == "HandTheRolesOver").unwrap()["Condition"];
    assert!(hand_over.to_string().contains("iam:PassedToService"));
}
