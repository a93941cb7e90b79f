//! The whole of errors that lists cut off.
//!
//! FlyteAdmin cuts error messages in lists to at most 100 bytes and drops a character that was cut through
//! (`TrimErrorMessage` in `flyteadmin/pkg/repositories/transformers/execution.go`): what was cut has 97 to
//! 100 bytes. A single entity is given whole, so each such entity is read once more, several at a time.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    client::{Client, ClientError, ClientErrorKind},
    proto::{
        admin::{
            self, execution_closure::OutputResult as OfExecution,
            node_execution_closure::OutputResult as OfNode,
            task_execution_closure::OutputResult as OfAttempt,
        },
        core::{ExecutionError, NodeExecutionIdentifier},
    },
};

/// Calls that are on their way at a time.
pub(super) const AT_ONCE: usize = 16;

/// The longest message that a list holds, in bytes.
const LONGEST: usize = 100;

/// A character has up to four bytes, of which three may have been dropped.
const SHORTEST_CUT: usize = LONGEST - 3;

/// Whether a message of a list may be the beginning of a longer one.
#[must_use]
pub fn may_be_cut(error: &ExecutionError) -> bool {
    (SHORTEST_CUT..=LONGEST).contains(&error.message.len())
}

/// Reads a node's error again if it may be cut off.
pub(super) async fn complete_error(
    client: &Client,
    id: NodeExecutionIdentifier,
    error: &mut ExecutionError,
) -> Result<(), ClientError> {
    if may_be_cut(error)
        && let Some(node) = read_node(client, Some(id)).await?
        && let Some(OfNode::Error(whole)) = node.closure.and_then(|closure| closure.output_result)
    {
        *error = whole;
    }
    Ok(())
}

/// A list of nodes with whole errors.
///
/// # Errors
///
/// When the server cannot be asked; what it does not give stays as it is.
pub async fn nodes(
    client: &Client,
    nodes: Vec<admin::NodeExecution>,
) -> Result<Vec<admin::NodeExecution>, ClientError> {
    let completed = nodes.into_iter().map(async |mut node: admin::NodeExecution| {
        let id = node.id.clone().unwrap_or_default();
        if let Some(closure) = &mut node.closure
            && let Some(OfNode::Error(error)) = &mut closure.output_result
        {
            complete_error(client, id, error).await?;
        }
        Ok(node)
    });
    stream::iter(completed).buffered(AT_ONCE).try_collect().await
}

/// A list of executions with whole errors.
///
/// # Errors
///
/// As [`nodes`].
pub async fn executions(
    client: &Client,
    executions: Vec<admin::Execution>,
) -> Result<Vec<admin::Execution>, ClientError> {
    let completed = executions.into_iter().map(async |mut execution: admin::Execution| {
        if let Some(closure) = &mut execution.closure
            && let Some(OfExecution::Error(error)) = &mut closure.output_result
            && may_be_cut(error)
        {
            let request = admin::WorkflowExecutionGetRequest { id: execution.id.clone() };
            let whole = if_given(client.get_execution(&request)).await?.and_then(|whole| whole.closure);
            if let Some(OfExecution::Error(whole)) = whole.and_then(|closure| closure.output_result) {
                *error = whole;
            }
        }
        Ok(execution)
    });
    stream::iter(completed).buffered(AT_ONCE).try_collect().await
}

/// A list of attempts with whole errors.
///
/// # Errors
///
/// As [`nodes`].
pub async fn attempts(
    client: &Client,
    attempts: Vec<admin::TaskExecution>,
) -> Result<Vec<admin::TaskExecution>, ClientError> {
    let completed = attempts.into_iter().map(async |mut attempt: admin::TaskExecution| {
        if let Some(closure) = &mut attempt.closure
            && let Some(OfAttempt::Error(error)) = &mut closure.output_result
            && may_be_cut(error)
        {
            let request = admin::TaskExecutionGetRequest { id: attempt.id.clone() };
            let whole = if_given(client.get_task_execution(&request)).await?.and_then(|whole| whole.closure);
            if let Some(OfAttempt::Error(whole)) = whole.and_then(|closure| closure.output_result) {
                *error = whole;
            }
        }
        Ok(attempt)
    });
    stream::iter(completed).buffered(AT_ONCE).try_collect().await
}

async fn read_node(
    client: &Client,
    id: Option<NodeExecutionIdentifier>,
) -> Result<Option<admin::NodeExecution>, ClientError> {
    if_given(client.get_node_execution(&admin::NodeExecutionGetRequest { id })).await
}

/// An optional request: a refusal is ignored, a missing response is an error.
pub(super) async fn if_given<T>(
    answer: impl Future<Output = Result<T, ClientError>>,
) -> Result<Option<T>, ClientError> {
    match answer.await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.kind(), ClientErrorKind::Unreachable | ClientErrorKind::NotSignedIn) => {
            Err(error)
        }
        Err(error) => {
            log::debug!("{error}: {}", error.status);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_cut_is_asked_for_again() {
        let with = |length: usize| ExecutionError { message: "x".repeat(length), ..Default::default() };
        let asked: Vec<_> = (90..110).filter(|&length| may_be_cut(&with(length))).collect();
        assert_eq!(asked, [97, 98, 99, 100]);
    }
}
