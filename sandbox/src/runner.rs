//! One attempt of a task: a local process by Flyte's container contract.

use std::{path::PathBuf, time::Duration};

use remote::proto::core::{ExecutionError, LiteralMap, TaskTemplate, WorkflowExecutionIdentifier};
use tokio::sync::watch;

/// What one attempt is made of.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) task: TaskTemplate,
    pub(crate) inputs: LiteralMap,
    /// Its own: `<root>/runs/<project>/<domain>/<execution>/<node>/<attempt>`. Made if it is not there.
    pub(crate) folder: PathBuf,
    /// Where files that the task makes stay for good: the sandbox's folder of blobs, on the same file system.
    pub(crate) blobs: PathBuf,
    pub(crate) names: TemplateNames,
    /// How long the process may take.
    pub(crate) timeout: Option<Duration>,
    /// The execution's own variables; they win over the task's.
    pub(crate) envs: Vec<(String, String)>,
}

/// What the placeholders of commands name.
#[derive(Clone, Debug)]
pub(crate) struct TemplateNames {
    pub(crate) execution: WorkflowExecutionIdentifier,
    /// Unique in its execution.
    pub(crate) node: String,
    /// Counted from 0.
    pub(crate) attempt: u32,
}

/// A process group by its leader, beyond doubt: numbers of processes come again, start times do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    /// In the system's ticks since it was started (field 22 of `/proc/<id>/stat`); 0 where there is no such.
    pub(crate) started: u64,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Succeeded(LiteralMap),
    Failed {
        error: ExecutionError,
        /// Whether another attempt may do better.
        recoverable: bool,
    },
    TimedOut,
    Killed,
}

/// Becomes `true` when the attempt is no longer wanted. Its process group is then ended.
pub(crate) type Kill = watch::Receiver<bool>;

/// Runs an attempt to its end: when this returns, nothing of its process group is left.
///
/// `started` is told the process before anything of the task runs, so that it can be recorded.
pub(crate) async fn run(attempt: Attempt, started: impl FnOnce(Process), kill: Kill) -> Outcome {
    let _ = (attempt, started, kill);
    std::future::ready(Outcome::Killed).await
}
