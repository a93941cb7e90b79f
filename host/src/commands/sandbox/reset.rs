//! `sandbox reset`: deletes the sandbox.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use clap::Args;

use crate::ui::{error::CommandError, exit_code::Exit, output::Ui};

/// Delete the sandbox and all its data
///
/// Deletes projects, registered entities, executions and their files. The next command creates an empty
/// sandbox.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  flyte-host sandbox reset --yes")]
pub(super) struct ResetArgs {
    /// Delete without confirmation
    #[arg(short, long)]
    yes: bool,
}

/// Runs `sandbox reset`.
pub(super) fn run(args: &ResetArgs, ui: &Ui, root: &Path) -> Result<(), CommandError> {
    if !args.yes && !is_confirmed(ui, root)? {
        return Err(CommandError::new(Exit::Failed, "aborted: the sandbox was not deleted"));
    }
    let removed = sandbox::remove(root).map_err(|error| {
        let hint = error.hint();
        CommandError::from_error(Exit::Failed, error).hint(hint)
    })?;
    match removed {
        true => ui.note(format_args!("deleted the sandbox in `{}`\n", root.display())),
        false => ui.note(format_args!("no sandbox in `{}`\n", root.display())),
    }
    Ok(())
}

fn is_confirmed(ui: &Ui, root: &Path) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        return Err(CommandError::new(
            Exit::Usage,
            "`sandbox reset` needs confirmation, and stdin is not a terminal",
        )
        .hint("pass `--yes` to confirm".to_owned()));
    }
    ui.note(format_args!("Delete the sandbox in `{}` and all its data? [y/N] ", root.display()));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| CommandError::new(Exit::Failed, "could not read the answer").caused_by(error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
