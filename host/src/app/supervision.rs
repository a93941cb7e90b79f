//! How the calls of plugins are watched in this program.

use std::time::Duration;

use plugin_host::calls::{CallLimits, Supervision};

use crate::{
    env,
    settings::{self, Settings},
    ui::{error::CommandError, exit_code::Exit},
};

/// How long a shell waits for completions.
const COMPLETION: Duration = Duration::from_secs(2);

/// The limits from the environment and the settings, and the folder of the journal.
///
/// # Errors
///
/// A limit that is not a number of seconds.
pub(super) fn supervision(settings: &Settings, completes: bool) -> Result<Supervision, CommandError> {
    // A command that only looks does not create a home.
    let home_exists = || settings::home().is_some_and(|home| home.is_dir());
    let folder = settings::state_folder().filter(|folder| folder.is_dir() || home_exists());
    Ok(Supervision {
        folder: folder.map(|folder| folder.join("flyte-host")),
        command: "flyte-host".to_owned(),
        limits: limits(settings, completes)?,
    })
}

fn limits(settings: &Settings, completes: bool) -> Result<CallLimits, CommandError> {
    let chosen = match (env::text(env::PLUGIN_TIMEOUT), settings.plugin_timeout) {
        (Some(text), _) => Some(text.parse().ok().and_then(duration).ok_or_else(|| invalid(&text))?),
        (None, Some(seconds)) => Some(duration(seconds).ok_or_else(|| invalid_setting(seconds))?),
        (None, None) => None,
    };
    let defaults = CallLimits::default();
    let hint = format!("set `{}` to a longer timeout in seconds, or to 0 for none", env::PLUGIN_TIMEOUT);
    let limit = |default: Option<Duration>| match chosen {
        Some(chosen) if chosen.is_zero() => None,
        chosen if completes => Some(chosen.unwrap_or(COMPLETION).min(COMPLETION)),
        Some(chosen) => Some(chosen),
        None => default,
    };
    Ok(CallLimits { create: limit(defaults.create), hook: limit(defaults.hook), hint })
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

fn invalid(text: &str) -> CommandError {
    let message = format!(
        "invalid value `{text}` for variable `{}`: expected a number of seconds",
        env::PLUGIN_TIMEOUT
    );
    CommandError::new(Exit::Usage, message)
}

fn invalid_setting(seconds: f64) -> CommandError {
    let message = format!("invalid value `{seconds}` for `plugin-timeout`: expected a number of seconds");
    let failure = CommandError::new(Exit::Failed, message);
    match Settings::path() {
        Ok(path) => failure.at(path.display()),
        Err(_) => failure,
    }
}
