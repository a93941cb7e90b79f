//! What clap returns instead of a parsed command line: help, the version, or a usage error.

use clap::error::ErrorKind;

use super::version_info;
use crate::ui::{error::CommandError, exit_code::Exit, output};

/// Prints help or the version, or reports a wrong command line.
pub(super) fn report(error: &clap::Error, trouble: Option<CommandError>) -> Result<Exit, CommandError> {
    let text = match error.kind() {
        ErrorKind::DisplayVersion => version_info::text(),
        _ => error.render().ansi().to_string(),
    };
    if !error.use_stderr() {
        output::print_styled(&text)?;
        if let Some(trouble) = trouble {
            output::note_styled(&trouble.render_as_warning());
        }
        return Ok(Exit::Done);
    }
    match trouble {
        // What is unknown now may be of the plugin that cannot be used.
        Some(trouble)
            if matches!(error.kind(), ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument) =>
        {
            Err(trouble)
        }
        _ => {
            output::note_styled(&text);
            Ok(Exit::Usage)
        }
    }
}

/// The tree let through what the built-in commands do not accept.
pub(super) fn misread(error: &clap::Error) -> CommandError {
    CommandError::new(Exit::Usage, error.render().to_string().trim_start_matches("error: ").trim_end())
}
