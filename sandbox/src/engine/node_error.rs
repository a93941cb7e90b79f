//! The errors that the engine itself gives nodes and attempts, in FlytePropeller's words.

use std::time::Duration;

use flyte_client::proto::core::{ExecutionError, execution_error::ErrorKind};

use crate::runner::{AttemptOutcome, go_format};

/// How often an attempt that failed for a reason outside of the task is retried.
pub(super) const SYSTEM_RETRIES: usize = 3;

/// The error code of attempts whose engine ended.
const ORPHANED: &str = "EngineGone";

/// Why nodes are aborted.
pub(super) const USER_ABORT: &str = "Workflow aborted.";
pub(super) const FAILURE_ABORT: &str = "Some node execution failed, auto-abort.";

/// An error of the engine's own.
pub(super) fn execution_error(code: &str, message: impl Into<String>, kind: ErrorKind) -> ExecutionError {
    ExecutionError {
        code: code.to_owned(),
        message: message.into(),
        kind: kind.into(),
        ..ExecutionError::default()
    }
}

/// The error of an aborted node, which has no kind.
pub(super) fn node_aborted(text: &str) -> ExecutionError {
    ExecutionError { code: "NodeAborted".to_owned(), message: text.to_owned(), ..ExecutionError::default() }
}

/// The error of a node whose last attempt could have been repeated.
pub(super) fn exhausted(last: &ExecutionError, retries: usize) -> ExecutionError {
    let (attempts, kind) = match last.kind() {
        ErrorKind::System => (SYSTEM_RETRIES, "SYSTEM"),
        _ => (retries + 1, "USER"),
    };
    let message =
        format!("[{attempts}/{attempts}] currentAttempt done. Last Error: {kind}::{}", last.message);
    execution_error(&format!("RetriesExhausted|{}", last.code), message, ErrorKind::User)
}

/// The error of an attempt or a gate that took too long.
pub(super) fn timed_out(limit: Duration) -> ExecutionError {
    let limit = prost_types::Duration::try_from(limit).unwrap_or_default();
    let text = format!("task execution timeout [{}] expired", go_format::duration(&limit));
    execution_error("TimeoutExpired", text, ErrorKind::User)
}

/// The outcome of an attempt that was cut off with its engine too often.
pub(super) fn orphaned() -> AttemptOutcome {
    let text = "the sandbox's engine ended while the task was running, several times";
    AttemptOutcome::Failed { error: execution_error(ORPHANED, text, ErrorKind::System), recoverable: false }
}
