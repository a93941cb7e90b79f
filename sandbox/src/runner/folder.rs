//! The layout of an attempt's folder.
//!
//! | path | what | placeholder |
//! |---|---|---|
//! | `inputs.pb` | the inputs, as a message | `{{.input}}` |
//! | `task.pb` | the task's template, as a message | `{{.taskTemplatePath}}` |
//! | `inputs/` | a file for each input; stands for `data_config.input_path` | |
//! | `outputs/` | a file for each output; stands for `data_config.output_path` | |
//! | `work/` | the working directory | |
//! | `result/` | `outputs.pb` or `error.pb`, by the task or else by the runner | `{{.outputPrefix}}` |
//! | `stdout.log`, `stderr.log`, `runner.log` | output of the task, and the runner's log | |
//! | `exit` | how it ended; written last | |

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::error::AttemptError;

/// The folder of one attempt.
#[derive(Clone, Debug)]
pub(super) struct AttemptFolder(PathBuf);

impl AttemptFolder {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Creates the folders that the task expects.
    pub(super) fn make(&self) -> Result<(), AttemptError> {
        [self.inputs(), self.outputs(), self.work(), self.result()].iter().try_for_each(|path| {
            fs::create_dir_all(path).map_err(AttemptError::files("create the folder", path))
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn exit(&self) -> PathBuf {
        self.0.join("exit")
    }

    pub(super) fn inputs(&self) -> PathBuf {
        self.0.join("inputs")
    }

    pub(super) fn inputs_message(&self) -> PathBuf {
        self.0.join("inputs.pb")
    }

    pub(super) fn outputs(&self) -> PathBuf {
        self.0.join("outputs")
    }

    pub(super) fn result(&self) -> PathBuf {
        self.0.join("result")
    }

    pub(super) fn outputs_message(&self) -> PathBuf {
        self.result().join("outputs.pb")
    }

    /// Written by a `@dynamic` task instead of outputs: the workflow to run.
    pub(super) fn futures_message(&self) -> PathBuf {
        self.result().join("futures.pb")
    }

    pub(super) fn error_message(&self) -> PathBuf {
        self.result().join("error.pb")
    }

    pub(super) fn task_message(&self) -> PathBuf {
        self.0.join("task.pb")
    }

    pub(super) fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    pub(super) fn stdout(&self) -> PathBuf {
        self.0.join("stdout.log")
    }

    pub(super) fn stderr(&self) -> PathBuf {
        self.0.join("stderr.log")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.join("runner.log")
    }
}

/// The folder of a try of an element, in that of the array's attempt.
pub(crate) fn element_folder(attempt: &Path, element: u32, number: u32) -> PathBuf {
    attempt.join("elements").join(element.to_string()).join(number.to_string())
}

/// The deck that a task may have written.
pub(crate) fn deck(attempt: &Path) -> PathBuf {
    AttemptFolder::new(attempt).result().join("deck.html")
}

/// The workflow that a dynamic task made.
pub(crate) fn job_spec(attempt: &Path) -> PathBuf {
    AttemptFolder::new(attempt).futures_message()
}

/// Does blocking I/O on a thread for it.
pub(super) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
