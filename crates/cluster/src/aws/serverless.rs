//! Workgroups and namespaces of Redshift Serverless, and the limit on their use.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::signed::SERVERLESS;
use super::{Aws, Failure};

/// The state of a workgroup.
#[derive(Debug, Clone)]
pub(crate) struct Workgroup {
    pub(crate) arn: String,
    pub(crate) status: String,
    pub(crate) address: Option<String>,
    pub(crate) port: u16,
    pub(crate) public: bool,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) groups: Vec<String>,
}

/// How much a workgroup may compute in a day before it is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageLimit {
    pub(crate) id: String,
    pub(crate) rpu_hours: i64,
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Aws {
    /// The workgroup of that name, if there is one.
    pub(crate) async fn workgroup(&self, name: &str) -> Result<Option<Workgroup>, Failure> {
        let answer = match self.json(&SERVERLESS, "GetWorkgroup", &json!({ "workgroupName": name })).await {
            Ok(answer) => answer,
            Err(failure) if failure.is_missing() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let groups = answer.pointer("/workgroup/securityGroupIds").and_then(Value::as_array);
        let created = answer.pointer("/workgroup/creationDate");
        Ok(Some(Workgroup {
            arn: text(&answer, "/workgroup/workgroupArn"),
            status: text(&answer, "/workgroup/status").to_lowercase(),
            address: Some(text(&answer, "/workgroup/endpoint/address")).filter(|address| !address.is_empty()),
            port: answer
                .pointer("/workgroup/endpoint/port")
                .and_then(Value::as_u64)
                .and_then(|n| n.try_into().ok())
                .unwrap_or(5439),
            public: answer.pointer("/workgroup/publiclyAccessible").and_then(Value::as_bool).unwrap_or(false),
            created: created.and_then(|at| match at {
                Value::String(text) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
                number => DateTime::from_timestamp_millis((number.as_f64()? * 1e3) as i64),
            }),
            groups: groups.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        }))
    }

    /// The status of the namespace of that name, if there is one.
    pub(crate) async fn namespace(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.json(&SERVERLESS, "GetNamespace", &json!({ "namespaceName": name })).await {
            Ok(answer) => Ok(Some(text(&answer, "/namespace/status").to_lowercase())),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The limit on computing that a workgroup has.
    pub(crate) async fn usage_limit(&self, workgroup: &str) -> Result<Option<UsageLimit>, Failure> {
        let asked = json!({ "resourceArn": workgroup, "usageType": "serverless-compute" });
        let answer = self.json(&SERVERLESS, "ListUsageLimits", &asked).await?;
        Ok(answer.pointer("/usageLimits/0").map(|limit| UsageLimit {
            id: text(limit, "/usageLimitId"),
            rpu_hours: limit.get("amount").and_then(Value::as_i64).unwrap_or_default(),
        }))
    }

    /// Sets the limit that switches the workgroup off for the rest of the day.
    pub(crate) async fn set_usage_limit(&self, workgroup: &str, old: Option<&UsageLimit>, rpu_hours: i64) -> Result<(), Failure> {
        let (action, body) = match old {
            Some(old) => {
                ("UpdateUsageLimit", json!({ "usageLimitId": old.id, "amount": rpu_hours, "breachAction": "deactivate" }))
            }
            None => (
                "CreateUsageLimit",
                json!({
                    "resourceArn": workgroup,
                    "usageType": "serverless-compute",
                    "amount": rpu_hours,
                    "period": "daily",
                    "breachAction": "deactivate",
                }),
            ),
        };
        self.json(&SERVERLESS, action, &body).await.map(drop)
    }

    pub(crate) async fn delete_workgroup(&self, name: &str) -> Result<(), Failure> {
        self.json(&SERVERLESS, "DeleteWorkgroup", &json!({ "workgroupName": name })).await.map(drop)
    }

    /// Begins to delete a namespace, with a last snapshot or none.
    pub(crate) async fn delete_namespace(&self, name: &str, snapshot: Option<&str>) -> Result<(), Failure> {
        let mut body = json!({ "namespaceName": name });
        if let (Some(snapshot), Some(fields)) = (snapshot, body.as_object_mut()) {
            fields.insert("finalSnapshotName".to_owned(), snapshot.into());
        }
        self.json(&SERVERLESS, "DeleteNamespace", &body).await.map(drop)
    }

    /// The names of the snapshots of a namespace.
    pub(crate) async fn namespace_snapshots(&self, name: &str) -> Result<Vec<String>, Failure> {
        let answer = match self.json(&SERVERLESS, "ListSnapshots", &json!({ "namespaceName": name })).await {
            Ok(answer) => answer,
            Err(failure) if failure.is_missing() => return Ok(Vec::new()),
            Err(failure) => return Err(failure),
        };
        let list = answer.get("snapshots").and_then(Value::as_array);
        Ok(list.into_iter().flatten().map(|snapshot| text(snapshot, "/snapshotName")).collect())
    }
}
