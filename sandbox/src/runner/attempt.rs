//! What an attempt is given, and how it ends.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use flyte_client::proto::core::{
    DynamicJobSpec, ExecutionError, LiteralMap, TaskTemplate, WorkflowExecutionIdentifier,
};
use tokio::sync::watch;

use super::warm::WarmParents;

/// The parameters of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) task: TaskTemplate,
    pub(crate) inputs: LiteralMap,
    /// The inputs of the whole array, for tasks that pick their element themselves.
    pub(crate) array_inputs: Option<LiteralMap>,
    /// The index of the element of an array.
    pub(crate) element: Option<u32>,
    /// `<root>/runs/<project>/<domain>/<execution>/<node>/<attempt>`; created if it is missing.
    pub(crate) folder: PathBuf,
    /// Where output files are kept: the sandbox's folder of blobs, on the same file system.
    pub(crate) blobs: PathBuf,
    /// Where the user wants files of outputs: the beginning of an address or path.
    pub(crate) raw_prefix: Option<String>,
    pub(crate) names: TemplateNames,
    /// The timeout of the process.
    pub(crate) timeout: Option<Duration>,
    /// The address of the server of the sandbox, for tasks that call it.
    pub(crate) platform: Option<SocketAddr>,
    /// The object store of the sandbox, for tasks that use it.
    pub(crate) objects: Option<ObjectStore>,
    /// The warm processes of the engine, of which the attempt's may be a fork.
    pub(crate) warm: Option<Arc<WarmParents>>,
    /// The execution's environment variables; they override the task's.
    pub(crate) envs: Vec<(String, String)>,
}

/// Where the objects of the sandbox are served, and with which secret key.
#[derive(Clone, Debug)]
pub(crate) struct ObjectStore {
    pub(crate) address: SocketAddr,
    pub(crate) secret: String,
}

/// The names for the placeholders of a command.
#[derive(Clone, Debug)]
pub(crate) struct TemplateNames {
    pub(crate) execution: WorkflowExecutionIdentifier,
    /// Unique in its execution.
    pub(crate) node: String,
    /// Counted from 0.
    pub(crate) attempt: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AttemptOutcome {
    Succeeded(LiteralMap),
    /// The task made a workflow, whose outputs are the task's.
    Dynamic(Box<DynamicJobSpec>),
    Failed {
        error: ExecutionError,
        /// Whether another attempt may succeed.
        recoverable: bool,
    },
    TimedOut,
    Killed,
}

/// Becomes `true` to kill the attempt.
pub(crate) type Kill = watch::Receiver<bool>;
