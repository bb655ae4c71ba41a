//! Reports the events of a stack until an operation ends.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::aws::{Aws, Failure, StackEvent, StackState, backoff, denied_action, remedy};
use super::{Cluster, policy};
use crate::error::{Error, Kind, Result};

/// How many requests in a row may stay without an answer.
const MOST_SILENCE: u32 = 20;

/// The events that were reported already, and the failures among them.
pub(super) struct Watch {
    since: DateTime<Utc>,
    reported: BTreeSet<String>,
    /// Resources that failed, with AWS's reason, in order.
    failures: Vec<(String, String)>,
}

/// How an operation ended: the stack, or `None` if it is gone.
pub(super) struct End {
    pub(super) stack: Option<StackState>,
    failures: Vec<(String, String)>,
}

impl Watch {
    /// Begins before the operation does: earlier events are not reported.
    pub(super) async fn begin(aws: &Aws, stack: &str) -> Self {
        // By the stack's own clock, as this machine's may differ.
        let before = aws.latest_events(stack).await.unwrap_or_default();
        let since = before.iter().filter_map(|event| event.at).max().unwrap_or(DateTime::UNIX_EPOCH);
        Self { since, reported: before.into_iter().map(|event| event.id).collect(), failures: Vec::new() }
    }

    /// Reports until no operation is under way.
    ///
    /// # Errors
    /// [`Kind::Interrupted`], while the stack goes on; [`Kind::CloudUnavailable`] when AWS stops answering.
    pub(super) async fn until_settled(mut self, cluster: &Cluster<'_>, stack: &str) -> Result<End> {
        let mut backoff = backoff();
        let mut silence = 0;
        loop {
            let state = cluster.aws.stack(stack).await;
            self.report_events(cluster, stack).await;
            match state {
                Ok(Some(state)) if state.is_busy() => silence = 0,
                Ok(state) => return Ok(End { stack: state, failures: self.failures }),
                Err(failure) if failure.may_pass() && silence < MOST_SILENCE => silence += 1,
                Err(failure) => return Err(failure.into_error("cannot follow the stack's progress")),
            }
            cluster.aws.wait(backoff.next_pause()).await.map_err(|_| interrupted())?;
        }
    }

    /// Reports new events. One that comes late or never does not change how the operation ends.
    async fn report_events(&mut self, cluster: &Cluster<'_>, stack: &str) {
        let Ok(events) = cluster.aws.events(stack, self.since).await else { return };
        for event in events {
            if !self.reported.insert(event.id.clone()) || event.kind == "AWS::CloudFormation::Stack" || event.logical.is_empty() {
                continue;
            }
            if event.status.ends_with("_FAILED") && !event.reason.contains("cancelled") {
                self.failures.push((event.logical.clone(), event.reason.clone()));
            }
            if let Some(line) = line(&event) {
                cluster.print(&line);
            }
        }
    }
}

impl End {
    /// Checks that it ended as intended; `meant` is the message otherwise.
    ///
    /// # Errors
    /// [`Kind::Cloud`] or [`Kind::CloudDenied`] with the first failure's reason.
    pub(super) fn check(self, meant: &str, is_good: impl Fn(Option<&StackState>) -> bool) -> Result<Option<StackState>> {
        if is_good(self.stack.as_ref()) {
            return Ok(self.stack);
        }
        let status = self.stack.as_ref().map_or("gone", |stack| stack.status.as_str());
        let reason = self.failures.first().map(|(thing, reason)| format!("{thing}: {reason}"));
        let reason = reason.or_else(|| self.stack.as_ref().map(|stack| stack.reason.clone())).unwrap_or_default();
        let denied = denied_action(&reason);
        let kind = if denied.is_some() { Kind::CloudDenied } else { Kind::Cloud };
        let hint = denied.map_or_else(|| remedy("", &reason).to_owned(), |action| policy::remedy(&action));
        Err(Error::new(kind, format!("{meant}: the stack is {status}")).with_hint(hint).caused_by(reason))
    }
}

/// The line for an event, if it is worth one.
fn line(event: &StackEvent) -> Option<String> {
    let (word, with_reason) = match event.status.as_str() {
        "CREATE_COMPLETE" => ("created", false),
        "UPDATE_COMPLETE" => ("changed", false),
        "DELETE_COMPLETE" => ("deleted", false),
        "DELETE_SKIPPED" => ("kept", false),
        status if status.ends_with("_FAILED") => ("failed", true),
        // Most resources take seconds. Those that take minutes are reported when they begin, too.
        "CREATE_IN_PROGRESS" if is_slow(&event.kind) && event.reason.is_empty() => ("creating", false),
        "UPDATE_IN_PROGRESS" if is_slow(&event.kind) && event.reason.is_empty() => ("changing", false),
        "DELETE_IN_PROGRESS" if is_slow(&event.kind) => ("deleting", false),
        _ => return None,
    };
    let reason = if with_reason && !event.reason.is_empty() { format!(": {}", event.reason) } else { String::new() };
    Some(format!("  {word:<8} {} ({}){reason}", event.logical, event.kind))
}

fn is_slow(kind: &str) -> bool {
    matches!(kind, "AWS::Redshift::Cluster" | "AWS::RedshiftServerless::Workgroup" | "AWS::RedshiftServerless::Namespace")
}

/// The error after an interrupt, which AWS's operation outlives.
pub(super) fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted; AWS continues what was begun")
        .with_hint("`sparkify cluster status` shows its progress; the same command again picks it up")
}

impl Cluster<'_> {
    /// The failure of a request that began something.
    pub(super) fn cannot(doing: &'static str) -> impl Fn(Failure) -> Error {
        move |failure| failure.into_error(doing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, status: &str, reason: &str) -> StackEvent {
        let text = |text: &str| text.to_owned();
        StackEvent {
            id: text("1"),
            at: None,
            logical: text("Thing"),
            kind: text(kind),
            status: text(status),
            reason: text(reason),
        }
    }

    #[test]
    fn a_line_a_resource() {
        let say = |kind: &str, status: &str, reason: &str| line(&event(kind, status, reason));
        assert_eq!(say("AWS::IAM::Role", "CREATE_COMPLETE", "").as_deref(), Some("  created  Thing (AWS::IAM::Role)"));
        assert_eq!(say("AWS::IAM::Role", "CREATE_IN_PROGRESS", ""), None);
        assert!(say("AWS::Redshift::Cluster", "CREATE_IN_PROGRESS", "").unwrap().contains("creating"));
        assert_eq!(say("AWS::Redshift::Cluster", "CREATE_IN_PROGRESS", "Resource creation Initiated"), None);
        assert_eq!(
            say("AWS::IAM::Role", "CREATE_FAILED", "No more roles").as_deref(),
            Some("  failed   Thing (AWS::IAM::Role): No more roles")
        );
    }

    #[test]
    fn a_failure_is_the_first_reason_with_its_remedy() {
        let stack = StackState { status: "ROLLBACK_COMPLETE".to_owned(), ..StackState::default() };
        let failures = vec![
            ("Cluster".to_owned(), "User: arn:x is not authorized to perform: redshift:CreateCluster on resource y".to_owned()),
            ("Other".to_owned(), "later".to_owned()),
        ];
        let error = End { stack: Some(stack), failures }.check("cannot make it", |_| false).unwrap_err();
        assert_eq!(error.kind(), Kind::CloudDenied);
        assert!(error.report().contains("Cluster: User") && error.hint().contains("redshift:CreateCluster"), "{}", error.hint());
    }
}
