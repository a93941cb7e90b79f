//! Why an attempt failed, for the author of the task.

use std::{io, path::PathBuf};

use flyte_client::proto::core::{
    ContainerError, ErrorDocument, ExecutionError, container_error, execution_error,
};
use prost_types::Timestamp as ProtoTimestamp;

use super::attempt::AttemptOutcome;

/// The signal by which Linux ends processes that need too much memory, and a shell's exit code for it.
const SIGKILL: i32 = 9;
const KILLED: i32 = 128 + SIGKILL;

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    /// A file of the sandbox cannot be read or written.
    #[error("the sandbox could not {action} `{}`: {source}", path.display())]
    Files { action: &'static str, path: PathBuf, source: io::Error },
    /// A file or folder of an input cannot be read.
    #[error("could not read `{uri}` of input `{input}`: {reason}")]
    Input { input: String, uri: String, reason: String },
    /// The variable's name cannot be a file name.
    #[error("variable `{name}` cannot be passed as a file: invalid file name")]
    Name { name: String },
    /// The task has no command.
    #[error(
        "the task has no `command`, so its image's entrypoint would run; the sandbox runs programs of this machine, not images\n\
         hint: write the entrypoint of `{image}` as the task's `command`"
    )]
    NoCommand { image: String },
    /// The task is not a container.
    #[error(
        "could not run a task of type `{task_type}` with {target}: the sandbox runs tasks with a container\n\
         hint: run it on a cluster"
    )]
    NoContainer { task_type: String, target: &'static str },
    /// The program ended with an exit code other than 0.
    #[error("`{program}` ended with exit code {code}{tail}")]
    Exit { program: String, code: i32, tail: String },
    /// A signal ended the task's program.
    #[error("`{program}` was killed by signal {number} ({name}){tail}")]
    Signal { program: String, number: i32, name: &'static str, tail: String },
    /// The output's file does not exist.
    #[error("output `{output}` ({expected}) was not written: no file `{}`", path.display())]
    OutputMissing { output: String, expected: String, path: PathBuf },
    /// The output does not have its declared type.
    #[error("output `{output}`: expected {expected}, but {given}")]
    OutputInvalid { output: String, expected: String, given: String },
    /// The task's `outputs.pb` is invalid.
    #[error("invalid outputs in `{}`: {reason}", path.display())]
    Outputs { path: PathBuf, reason: String },
    /// The program's file system is mounted `noexec`.
    #[error(
        "`{program}` is on a file system mounted with `noexec`\n\
         hint: copy it to another file system, or mount that one with `exec`"
    )]
    NoExec { program: String },
    /// The program does not exist on this machine.
    #[error(
        "program `{program}` not found on this machine{searched}\n\
         hint: the sandbox does not run the image `{image}`; install the program, or run the task on a cluster"
    )]
    ProgramNotFound { program: String, searched: String, image: String },
    /// A secret is not set.
    #[error(
        "missing secret `{secret}`: the environment variable `{variable}` is not set\n\
         hint: set `{variable}` where the sandbox is started"
    )]
    SecretMissing { secret: String, variable: String },
    /// The process could not be started.
    #[error("could not start `{program}`: {source}")]
    Start { program: String, source: io::Error },
    /// A placeholder cannot be filled.
    #[error("could not fill `{placeholder}` in the task's command: {reason}")]
    Template { placeholder: String, reason: String },
    /// The process could not be waited for.
    #[error("could not wait for the task's process: {0}")]
    Wait(#[source] io::Error),
    /// The task reported the error itself.
    #[error("{}", error.message)]
    Reported { error: Box<ContainerError> },
}

impl AttemptError {
    /// Wraps the I/O error of an action on one of the sandbox's files.
    pub(super) fn files(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Files { action, path, source }
    }

    fn code(&self) -> &str {
        match self {
            Self::Exit { code: KILLED, .. } | Self::Signal { number: SIGKILL, .. } => "OOMKilled",
            Self::Exit { .. } | Self::Signal { .. } => "Interrupted",
            Self::Files { .. } => "SandboxFiles",
            Self::Input { .. } => "InputNotReadable",
            Self::Name { .. } => "VariableName",
            Self::NoCommand { .. } => "NoCommand",
            Self::NoContainer { .. } => "NoContainer",
            Self::NoExec { .. } => "ProgramNotStarted",
            Self::OutputInvalid { .. } | Self::Outputs { .. } => "OutputInvalid",
            Self::OutputMissing { .. } => "OutputMissing",
            Self::ProgramNotFound { .. } => "ProgramNotFound",
            Self::SecretMissing { .. } => "SecretMissing",
            Self::Start { .. } => "ProgramNotStarted",
            Self::Template { .. } => "Template",
            Self::Reported { error } if error.code.is_empty() => "TaskError",
            Self::Reported { error } => &error.code,
            Self::Wait(_) => "SandboxProcess",
        }
    }

    fn kind(&self) -> execution_error::ErrorKind {
        use execution_error::ErrorKind::{System, Unknown, User};
        match self {
            Self::Exit { code: KILLED, .. } | Self::Signal { number: SIGKILL, .. } => User,
            Self::Exit { .. } | Self::Signal { .. } | Self::Files { .. } | Self::Wait(_) => System,
            Self::Reported { error } if error.origin() != Unknown => error.origin(),
            _ => User,
        }
    }

    /// Whether another attempt may succeed. An error that only a change of the task can fix is not retried.
    fn recoverable(&self) -> bool {
        match self {
            Self::Exit { .. }
            | Self::Files { .. }
            | Self::OutputInvalid { .. }
            | Self::OutputMissing { .. }
            | Self::Outputs { .. }
            | Self::Signal { .. }
            | Self::Start { .. }
            | Self::Wait(_) => true,
            Self::Reported { error } => error.kind() == container_error::Kind::Recoverable,
            Self::Input { .. }
            | Self::Name { .. }
            | Self::NoCommand { .. }
            | Self::NoContainer { .. }
            | Self::NoExec { .. }
            | Self::ProgramNotFound { .. }
            | Self::SecretMissing { .. }
            | Self::Template { .. } => false,
        }
    }

    /// The `error.pb` of the attempt.
    pub(super) fn document(&self, now: ProtoTimestamp) -> ErrorDocument {
        let kind = match self.recoverable() {
            true => container_error::Kind::Recoverable,
            false => container_error::Kind::NonRecoverable,
        };
        let error = ContainerError {
            code: self.code().to_owned(),
            message: self.to_string(),
            kind: kind.into(),
            origin: self.kind().into(),
            // Flyte notes the time of errors that the task reports itself.
            timestamp: (!matches!(self, Self::Exit { .. } | Self::Signal { .. })).then_some(now),
            worker: String::new(),
        };
        ErrorDocument { error: Some(error) }
    }
}

/// The outcome of an attempt with this `error.pb`.
pub(super) fn outcome(document: ErrorDocument) -> AttemptOutcome {
    let error = document.error.unwrap_or_default();
    AttemptOutcome::Failed {
        recoverable: error.kind() == container_error::Kind::Recoverable,
        error: ExecutionError {
            code: error.code,
            message: error.message,
            kind: error.origin,
            timestamp: error.timestamp,
            worker: error.worker,
            error_uri: String::new(),
        },
    }
}
