//! Whether the embedded sandbox is intended: a missing configuration must not send work for a cluster to it.

use std::io::{IsTerminal as _, stdin};

use flyte_client::config::{ConfigPath, Origin};

use crate::{
    env,
    global::Global,
    settings::Settings,
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};

/// The flag or variable that requests the sandbox.
pub(super) fn requested_by(global: &Global) -> Option<Origin> {
    if global.sandbox {
        return Some(Origin::Flag("--sandbox".to_owned()));
    }
    env::is_on(env::SANDBOX).then(|| Origin::Variable(env::SANDBOX.to_owned()))
}

/// The failure if a plugin's transport would carry all calls past the sandbox.
pub(super) fn supplied_by_plugin(origin: &Origin, plugin: &str) -> CommandError {
    let message =
        format!("could not use the sandbox, which {origin} asks for: plugin `{plugin}` carries all calls");
    CommandError::new(Exit::Usage, message).hint("pass `--no-plugins` to omit the plugin".to_owned())
}

/// Accepts the sandbox as a fallback for a missing endpoint: if the settings allow it, or with a note on a
/// terminal.
///
/// # Errors
///
/// [`Exit::NotConfigured`] otherwise. `misplaced` finds a configuration file that is not read.
pub(super) fn check_fallback(
    ui: &Ui,
    settings: &Settings,
    misplaced: impl FnOnce() -> Option<ConfigPath>,
) -> Result<(), CommandError> {
    if env::switch(env::SANDBOX) == Some(false) {
        return Err(not_configured(misplaced()));
    }
    if settings.sandbox_fallback {
        return Ok(());
    }
    if !stdin().is_terminal() || env::is_on(env::CI) {
        return Err(not_configured(misplaced()));
    }
    ui.note("using the local sandbox: no Flyte endpoint is configured\n");
    Ok(())
}

fn not_configured(misplaced: Option<ConfigPath>) -> CommandError {
    let failure = CommandError::new(Exit::NotConfigured, "no Flyte endpoint is configured")
        .caused_by("no configuration file found, and `FLYTE_PLATFORM_URL` is not set");
    let failure = match misplaced {
        Some(path) => failure.hint(format!("`{path}` is not read; pass `--config {path}`")),
        None => {
            failure.hint("set `admin.endpoint` in `~/.flyte/config.yaml`, or `FLYTE_PLATFORM_URL`".to_owned())
        }
    };
    failure.hint("for the local sandbox pass `--sandbox`, or set `FLYTE_SANDBOX=1`".to_owned())
}
