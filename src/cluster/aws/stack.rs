//! The stack, through CloudFormation's SDK: change sets, events, resources, deletion.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Tag};
use chrono::{DateTime, Utc};

use super::{Aws, Failure, Patience};
use crate::error::{Error, Kind, Result};

/// A stack as it stands.
#[derive(Debug, Clone, Default)]
pub(in crate::cluster) struct StackState {
    pub(in crate::cluster) id: String,
    /// As CloudFormation spells it: `CREATE_COMPLETE`.
    pub(in crate::cluster) status: String,
    pub(in crate::cluster) reason: String,
    pub(in crate::cluster) created: Option<DateTime<Utc>>,
    pub(in crate::cluster) parameters: BTreeMap<String, String>,
    pub(in crate::cluster) tags: BTreeMap<String, String>,
}

impl StackState {
    /// Something is under way.
    pub(in crate::cluster) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && !self.is_empty()
    }

    /// Only a name, left by a change set that was never executed.
    pub(in crate::cluster) fn is_empty(&self) -> bool {
        self.status == "REVIEW_IN_PROGRESS"
    }

    /// It was rolled back when it was made: there is nothing in it, and it cannot be changed.
    pub(in crate::cluster) fn is_failed_creation(&self) -> bool {
        matches!(self.status.as_str(), "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED")
    }

    /// The last thing that was asked of it was done.
    pub(in crate::cluster) fn is_sound(&self) -> bool {
        matches!(self.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE")
    }
}

/// One thing in the stack.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Resource {
    pub(in crate::cluster) logical: String,
    pub(in crate::cluster) physical: String,
    pub(in crate::cluster) kind: String,
    pub(in crate::cluster) status: String,
    pub(in crate::cluster) reason: String,
}

/// What happened to one thing in the stack.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct StackEvent {
    pub(in crate::cluster) id: String,
    pub(in crate::cluster) at: Option<DateTime<Utc>>,
    pub(in crate::cluster) logical: String,
    pub(in crate::cluster) kind: String,
    pub(in crate::cluster) status: String,
    pub(in crate::cluster) reason: String,
}

impl StackEvent {
    fn read(event: &aws_sdk_cloudformation::types::StackEvent) -> Self {
        Self {
            id: event.event_id().unwrap_or_default().to_owned(),
            at: event.timestamp().and_then(time),
            logical: event.logical_resource_id().unwrap_or_default().to_owned(),
            kind: event.resource_type().unwrap_or_default().to_owned(),
            status: event.resource_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
            reason: event.resource_status_reason().unwrap_or_default().to_owned(),
        }
    }
}

/// What a stack is to become.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Draft {
    /// `None` for the one that the stack has.
    pub(in crate::cluster) template: Option<&'static str>,
    pub(in crate::cluster) parameters: BTreeMap<String, String>,
    pub(in crate::cluster) tags: BTreeMap<String, String>,
}

impl Draft {
    /// The stack as it is.
    pub(in crate::cluster) fn like(stack: &StackState) -> Self {
        Self { template: None, parameters: stack.parameters.clone(), tags: stack.tags.clone() }
    }
}

/// A change set that waits to be executed or dropped.
#[derive(Debug)]
pub(in crate::cluster) struct ChangeSet {
    id: String,
    /// It makes the stack.
    pub(in crate::cluster) creates: bool,
    pub(in crate::cluster) changes: Vec<Change>,
}

/// What would happen to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cluster) struct Change {
    /// `add`, `modify` or `remove`, as CloudFormation says it, in lower case.
    pub(in crate::cluster) action: String,
    pub(in crate::cluster) logical: String,
    pub(in crate::cluster) kind: String,
    /// It is deleted and made anew.
    pub(in crate::cluster) replaces: bool,
}

impl Aws {
    /// The stack of that name, if there is one.
    pub(in crate::cluster) async fn stack(&self, name: &str) -> Result<Option<StackState>, Failure> {
        let answer = self.stacks.describe_stacks().stack_name(name).send().await;
        let answer = match answer.map_err(|e| Failure::of_sdk("cloudformation:DescribeStacks", &e)) {
            Ok(answer) => answer,
            Err(failure) if failure.is_missing() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let Some(stack) = answer.stacks().first() else { return Ok(None) };
        let status = stack.stack_status().map(|s| s.as_str().to_owned()).unwrap_or_default();
        if status == "DELETE_COMPLETE" {
            return Ok(None);
        }
        let pair = |key: Option<&str>, value: Option<&str>| Some((key?.to_owned(), value.unwrap_or_default().to_owned()));
        Ok(Some(StackState {
            id: stack.stack_id().unwrap_or(name).to_owned(),
            status,
            reason: stack.stack_status_reason().unwrap_or_default().to_owned(),
            created: stack.creation_time().and_then(time),
            parameters: stack.parameters().iter().filter_map(|p| pair(p.parameter_key(), p.parameter_value())).collect(),
            tags: stack.tags().iter().filter_map(|t| pair(t.key(), t.value())).collect(),
        }))
    }

    /// What is in the stack.
    pub(in crate::cluster) async fn resources(&self, stack: &str) -> Result<Vec<Resource>, Failure> {
        let answer = self.stacks.describe_stack_resources().stack_name(stack).send().await;
        let answer = match answer.map_err(|e| Failure::of_sdk("cloudformation:DescribeStackResources", &e)) {
            Ok(answer) => answer,
            Err(failure) if failure.is_missing() => return Ok(Vec::new()),
            Err(failure) => return Err(failure),
        };
        let resource = |r: &aws_sdk_cloudformation::types::StackResource| {
            Some(Resource {
                logical: r.logical_resource_id()?.to_owned(),
                physical: r.physical_resource_id().unwrap_or_default().to_owned(),
                kind: r.resource_type().unwrap_or_default().to_owned(),
                status: r.resource_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
                reason: r.resource_status_reason().unwrap_or_default().to_owned(),
            })
        };
        Ok(answer.stack_resources().iter().filter_map(resource).collect())
    }

    /// The latest events, newest first.
    pub(in crate::cluster) async fn latest_events(&self, stack: &str) -> Result<Vec<StackEvent>, Failure> {
        let answer = self.stacks.describe_stack_events().stack_name(stack).send().await;
        let answer = answer.map_err(|e| Failure::of_sdk("cloudformation:DescribeStackEvents", &e))?;
        Ok(answer.stack_events().iter().map(StackEvent::read).collect())
    }

    /// The events since `since`, oldest first.
    pub(in crate::cluster) async fn events(&self, stack: &str, since: DateTime<Utc>) -> Result<Vec<StackEvent>, Failure> {
        let mut events = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let answer = self.stacks.describe_stack_events().stack_name(stack).set_next_token(token.clone()).send().await;
            let answer = answer.map_err(|e| Failure::of_sdk("cloudformation:DescribeStackEvents", &e))?;
            let mut reached_the_past = false;
            for event in answer.stack_events().iter().map(StackEvent::read) {
                if event.at.is_some_and(|at| at < since) {
                    reached_the_past = true;
                } else {
                    events.push(event);
                }
            }
            let next = answer.next_token().map(str::to_owned);
            if reached_the_past || next.is_none() || next == token {
                events.reverse();
                return Ok(events);
            }
            token = next;
        }
    }

    /// Works out what a draft would change; `None` when nothing.
    ///
    /// # Errors
    /// [`Kind::Cloud`] with CloudFormation's reason when the draft is impossible.
    pub(in crate::cluster) async fn propose(&self, stack: &str, draft: &Draft, creates: bool) -> Result<Option<ChangeSet>> {
        let kind = if creates { ChangeSetType::Create } else { ChangeSetType::Update };
        let name = format!("sparkify-{}", crate::clock::new_id());
        let parameter = |(key, value): (&String, &String)| Parameter::builder().parameter_key(key).parameter_value(value).build();
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let proposed = self
            .stacks
            .create_change_set()
            .stack_name(stack)
            .change_set_name(&name)
            .change_set_type(kind)
            .set_template_body(draft.template.map(str::to_owned))
            .set_use_previous_template(draft.template.is_none().then_some(true))
            .capabilities(Capability::CapabilityIam)
            .set_parameters(Some(draft.parameters.iter().map(parameter).collect()))
            .set_tags(Some(draft.tags.iter().map(tag).collect()))
            .send()
            .await
            .map_err(|e| Failure::of_sdk("cloudformation:CreateChangeSet", &e).into_error("cannot plan the stack"))?;
        let id = proposed.id().unwrap_or(&name).to_owned();
        let set = ChangeSet { id, creates, changes: Vec::new() };
        match self.settled(stack, set.id.as_str()).await {
            Ok(Some(changes)) => Ok(Some(ChangeSet { changes, ..set })),
            // Whatever came of it, no change set stays behind that nobody will execute.
            other => {
                self.drop_change_set(stack, &set).await?;
                other.map(|_| None)
            }
        }
    }

    /// Waits until the change set is worked out; `None` when nothing would change.
    async fn settled(&self, stack: &str, id: &str) -> Result<Option<Vec<Change>>> {
        let mut patience = Patience::new();
        let mut token: Option<String> = None;
        let mut changes = Vec::new();
        loop {
            let answer = self
                .stacks
                .describe_change_set()
                .stack_name(stack)
                .change_set_name(id)
                .set_next_token(token.clone())
                .send()
                .await;
            let answer = answer
                .map_err(|e| Failure::of_sdk("cloudformation:DescribeChangeSet", &e).into_error("cannot plan the stack"))?;
            match answer.status() {
                Some(ChangeSetStatus::CreateComplete) => {}
                Some(ChangeSetStatus::Failed) => {
                    let reason = answer.status_reason().unwrap_or_default();
                    let nothing = ["didn't contain changes", "No updates are to be performed"];
                    if nothing.iter().any(|text| reason.contains(text)) {
                        return Ok(None);
                    }
                    let hint = super::failure::remedy("", reason);
                    return Err(Error::new(Kind::Cloud, "CloudFormation cannot plan the stack")
                        .with_hint(hint)
                        .caused_by(reason));
                }
                _ => {
                    self.wait(patience.next()).await?;
                    continue;
                }
            }
            for change in answer.changes().iter().filter_map(|change| change.resource_change()) {
                changes.push(Change {
                    action: change.action().map(|a| a.as_str().to_lowercase()).unwrap_or_default(),
                    logical: change.logical_resource_id().unwrap_or_default().to_owned(),
                    kind: change.resource_type().unwrap_or_default().to_owned(),
                    // Where it depends on values not known yet, it counts as replaced, as data may be at stake.
                    replaces: change.replacement().is_some_and(|r| r.as_str() != "False"),
                });
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(Some(changes));
            }
        }
    }

    /// Takes a change set away, and the empty stack that it was to make.
    pub(in crate::cluster) async fn drop_change_set(&self, stack: &str, set: &ChangeSet) -> Result<()> {
        let dropped = self.stacks.delete_change_set().stack_name(stack).change_set_name(&set.id).send().await;
        let doing = "cannot delete the plan";
        match dropped.map_err(|e| Failure::of_sdk("cloudformation:DeleteChangeSet", &e)) {
            Ok(_) => {}
            Err(failure) if failure.is_missing() => {}
            Err(failure) => return Err(failure.into_error(doing)),
        }
        // Somebody else may have filled it by now; then it is not empty any more, and stays.
        let is_empty = set.creates && self.stack(stack).await.is_ok_and(|found| found.is_some_and(|found| found.is_empty()));
        if is_empty {
            self.delete_stack(stack).await.map_err(|failure| failure.into_error(doing))?;
        }
        Ok(())
    }

    /// Begins what the change set says.
    pub(in crate::cluster) async fn execute(&self, stack: &str, set: &ChangeSet) -> Result<(), Failure> {
        let begun = self.stacks.execute_change_set().stack_name(stack).change_set_name(&set.id).send().await;
        begun.map(drop).map_err(|e| Failure::of_sdk("cloudformation:ExecuteChangeSet", &e))
    }

    /// Begins to delete the stack.
    pub(in crate::cluster) async fn delete_stack(&self, stack: &str) -> Result<(), Failure> {
        let begun = self.stacks.delete_stack().stack_name(stack).send().await;
        begun.map(drop).map_err(|e| Failure::of_sdk("cloudformation:DeleteStack", &e))
    }
}

fn time(at: &aws_sdk_cloudformation::primitives::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at.to_millis().ok()?)
}
