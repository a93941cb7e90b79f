//! What clap returns instead of a parsed command line: help, the version, or a usage error.

use clap::error::ErrorKind;

use super::version_info;
use crate::ui::{error::CommandError, exit_code::Exit, output::Ui};

/// Prints help or the version, or reports a wrong command line.
pub(super) fn report(
    error: &clap::Error,
    plugin_error: Option<CommandError>,
    ui: &Ui,
) -> Result<Exit, CommandError> {
    let text = match error.kind() {
        ErrorKind::DisplayVersion => version_info::text(),
        _ => error.render().ansi().to_string(),
    };
    if !error.use_stderr() {
        ui.print_styled(&text)?;
        if let Some(plugin_error) = plugin_error {
            ui.warn(&plugin_error);
        }
        return Ok(Exit::Done);
    }
    match plugin_error {
        // The unknown command or option may belong to the plugin that cannot be used.
        Some(plugin_error)
            if matches!(error.kind(), ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument) =>
        {
            Err(plugin_error)
        }
        _ => {
            ui.note_styled(&text);
            Ok(Exit::Usage)
        }
    }
}

/// The error for arguments that the command tree accepts and the built-in commands do not: a plugin changed
/// an option.
pub(super) fn unaccepted(error: &clap::Error) -> CommandError {
    CommandError::new(Exit::Usage, error.render().to_string().trim_start_matches("error: ").trim_end())
}
