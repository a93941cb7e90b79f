//! The layout of an attempt's folder.
//!
//! | path | what | placeholder |
//! |---|---|---|
//! | `inputs.pb` | the inputs, as a message | `{{.input}}` |
//! | `task.pb` | the task's template, as a message | `{{.taskTemplatePath}}` |
//! | `inputs/` | a file for each input; stands for `data_config.input_path` | |
//! | `outputs/` | a file for each output; stands for `data_config.output_path` | |
//! | `work/` | the working directory, and the code of fast registration | |
//! | `secrets/` | secrets that are to be files, while it runs | |
//! | `result/` | `outputs.pb` or `error.pb`, by the task or else by the runner | `{{.outputPrefix}}` |
//! | `stdout.log`, `stderr.log`, `runner.log` | output of the task, and the runner's log | |
//! | `exit` | how it ended; written last | |
//!
//! What an attempt left whose engine ended with it is beside the folder, as `<attempt>.lost-1` and so on.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use super::{error::AttemptError, private_folder::private_folder};

/// The name of a deck, as flytekit writes it.
pub(super) const DECK: &str = "deck.html";

/// How often an attempt that was cut off is run again.
const MOST_LOST: u32 = 3;

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
        })?;
        self.discard_private();
        let temporary = self.temporary();
        private_folder(&temporary).map_err(AttemptError::files("create the folder", temporary))
    }

    /// Removes what is of no use after the attempt: temporary files and secrets.
    pub(super) fn discard_private(&self) {
        for path in [self.temporary(), self.secrets()] {
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    log::warn!("could not remove `{}`: {error}", path.display());
                }
                _ => {}
            }
        }
    }

    /// The folder for temporary files. It is not below the attempt's: paths of sockets have to be short.
    pub(super) fn temporary(&self) -> PathBuf {
        let digest = Sha256::digest(self.0.as_os_str().as_encoded_bytes());
        let name: String = data_encoding::BASE32HEX_NOPAD.encode(&digest).to_lowercase();
        env::temp_dir().join(format!("flyte-{}", &name[..16]))
    }

    pub(super) fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
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

/// Removes what an attempt left that was cut off: temporary files and secrets.
pub(crate) fn discard_private(attempt: &Path) {
    AttemptFolder::new(attempt).discard_private();
}

/// Sets the folder of an attempt aside that was cut off, so that it can be run again. Returns `false` if that
/// was done too often already.
pub(crate) fn set_aside(attempt: &Path) -> io::Result<bool> {
    let aside = |number: u32| {
        let mut name = attempt.as_os_str().to_owned();
        name.push(format!(".lost-{number}"));
        PathBuf::from(name)
    };
    let Some(free) = (1..=MOST_LOST).map(aside).find(|path| !path.exists()) else { return Ok(false) };
    match fs::rename(attempt, free) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        renamed => renamed.map(|()| true),
    }
}

/// The deck that a task may have written.
pub(super) fn deck(attempt: &Path) -> PathBuf {
    AttemptFolder::new(attempt).result().join(DECK)
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
