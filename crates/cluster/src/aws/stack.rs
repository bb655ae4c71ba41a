//! The stack, through CloudFormation's SDK: change sets, events, resources, deletion.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Tag};
use chrono::{DateTime, Utc};

use super::{Aws, Failure, backoff};
use crate::error::{Error, Kind, Result};

/// The state of a stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct StackState {
    pub(crate) id: String,
    /// As CloudFormation spells it: `CREATE_COMPLETE`.
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl StackState {
    /// Something is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && !self.is_empty()
    }

    /// It has only a name, left by a change set that was never executed.
    pub(crate) fn is_empty(&self) -> bool {
        self.status == "REVIEW_IN_PROGRESS"
    }

    /// It was rolled back when it was created: it is empty and cannot be changed.
    pub(crate) fn is_failed_creation(&self) -> bool {
        matches!(self.status.as_str(), "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED")
    }

    /// Its last operation succeeded.
    pub(crate) fn is_sound(&self) -> bool {
        matches!(self.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE")
    }
}

/// One resource of the stack.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) logical: String,
    pub(crate) physical: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: String,
}

/// An event of one resource of the stack.
#[derive(Debug, Clone)]
pub(crate) struct StackEvent {
    pub(crate) id: String,
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: String,
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

/// The specification of a stack: what it should become.
#[derive(Debug, Clone)]
pub(crate) struct StackSpec {
    /// `None` for the stack's present one.
    pub(crate) template: Option<&'static str>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl StackSpec {
    /// The stack as it is.
    pub(crate) fn like(stack: &StackState) -> Self {
        Self { template: None, parameters: stack.parameters.clone(), tags: stack.tags.clone() }
    }
}

/// A change set that waits to be executed or dropped.
#[derive(Debug)]
pub(crate) struct ChangeSet {
    id: String,
    /// It creates the stack.
    pub(crate) creates: bool,
    pub(crate) changes: Vec<Change>,
}

/// What would happen to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// `add`, `modify` or `remove`, as CloudFormation says it, in lower case.
    pub(crate) action: String,
    pub(crate) logical: String,
    pub(crate) kind: String,
    /// It is deleted and created again.
    pub(crate) replaces: bool,
}

impl Aws {
    /// The stack of that name, if there is one.
    pub(crate) async fn stack(&self, name: &str) -> Result<Option<StackState>, Failure> {
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
    pub(crate) async fn resources(&self, stack: &str) -> Result<Vec<Resource>, Failure> {
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
    pub(crate) async fn latest_events(&self, stack: &str) -> Result<Vec<StackEvent>, Failure> {
        let answer = self.stacks.describe_stack_events().stack_name(stack).send().await;
        let answer = answer.map_err(|e| Failure::of_sdk("cloudformation:DescribeStackEvents", &e))?;
        Ok(answer.stack_events().iter().map(StackEvent::read).collect())
    }

    /// The events since `since`, oldest first.
    pub(crate) async fn events(&self, stack: &str, since: DateTime<Utc>) -> Result<Vec<StackEvent>, Failure> {
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

    /// Has CloudFormation compute what a specification would change; `None` if nothing.
    ///
    /// # Errors
    /// [`Kind::Cloud`] with CloudFormation's reason when the specification is impossible.
    pub(crate) async fn propose(&self, stack: &str, spec: &StackSpec, creates: bool) -> Result<Option<ChangeSet>> {
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
            .set_template_body(spec.template.map(str::to_owned))
            .set_use_previous_template(spec.template.is_none().then_some(true))
            .capabilities(Capability::CapabilityIam)
            .set_parameters(Some(spec.parameters.iter().map(parameter).collect()))
            .set_tags(Some(spec.tags.iter().map(tag).collect()))
            .send()
            .await
            .map_err(|e| Failure::of_sdk("cloudformation:CreateChangeSet", &e).into_error("cannot plan the stack"))?;
        let id = proposed.id().unwrap_or(&name).to_owned();
        let set = ChangeSet { id, creates, changes: Vec::new() };
        match self.computed_changes(stack, set.id.as_str()).await {
            Ok(Some(changes)) => Ok(Some(ChangeSet { changes, ..set })),
            // In no case does a change set stay behind that will never be executed.
            other => {
                self.drop_change_set(stack, &set).await?;
                other.map(|_| None)
            }
        }
    }

    /// Waits until the change set is computed; `None` if nothing would change.
    async fn computed_changes(&self, stack: &str, id: &str) -> Result<Option<Vec<Change>>> {
        let mut backoff = backoff();
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
                    self.wait(backoff.next_pause()).await?;
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

    /// Deletes a change set, and the empty stack that it would have created.
    pub(crate) async fn drop_change_set(&self, stack: &str, set: &ChangeSet) -> Result<()> {
        let dropped = self.stacks.delete_change_set().stack_name(stack).change_set_name(&set.id).send().await;
        let doing = "cannot delete the plan";
        match dropped.map_err(|e| Failure::of_sdk("cloudformation:DeleteChangeSet", &e)) {
            Ok(_) => {}
            Err(failure) if failure.is_missing() => {}
            Err(failure) => return Err(failure.into_error(doing)),
        }
        // Another user may have filled the stack by now; then it is no longer empty, and stays.
        let is_empty = set.creates && self.stack(stack).await.is_ok_and(|found| found.is_some_and(|found| found.is_empty()));
        if is_empty {
            self.delete_stack(stack).await.map_err(|failure| failure.into_error(doing))?;
        }
        Ok(())
    }

    /// Begins to execute a change set.
    pub(crate) async fn execute(&self, stack: &str, set: &ChangeSet) -> Result<(), Failure> {
        let begun = self.stacks.execute_change_set().stack_name(stack).change_set_name(&set.id).send().await;
        begun.map(drop).map_err(|e| Failure::of_sdk("cloudformation:ExecuteChangeSet", &e))
    }

    /// Begins to delete the stack.
    pub(crate) async fn delete_stack(&self, stack: &str) -> Result<(), Failure> {
        let begun = self.stacks.delete_stack().stack_name(stack).send().await;
        begun.map(drop).map_err(|e| Failure::of_sdk("cloudformation:DeleteStack", &e))
    }
}

fn time(at: &aws_sdk_cloudformation::primitives::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at.to_millis().ok()?)
}
