//! How the calls of plugins are watched in this program.

use std::time::Duration;

use plugin_host::calls::Supervision;

use crate::{
    settings::Settings,
    ui::{error::CommandError, exit_code::Exit},
};
use host_settings::plugins::{self, TimeoutError};

/// How long a shell waits for completions.
const COMPLETION: Duration = Duration::from_secs(2);

/// The limits from the environment and the settings, and the folder of the journal.
///
/// # Errors
///
/// A limit that is not a number of seconds.
pub(super) fn supervision(settings: &Settings, completes: bool) -> Result<Supervision, CommandError> {
    Ok(plugins::supervision(settings, "flyte-host", completes.then_some(COMPLETION))?)
}

impl From<TimeoutError> for CommandError {
    fn from(error: TimeoutError) -> Self {
        let exit = match error {
            TimeoutError::Setting(_) => Exit::Failed,
            TimeoutError::Variable(_) => Exit::Usage,
        };
        match (exit, Settings::path()) {
            (Exit::Failed, Ok(path)) => Self::from_error(exit, error).at(path.display()),
            _ => Self::from_error(exit, error),
        }
    }
}
