//! `sandbox reset`: takes the sandbox away.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use clap::Args;

use crate::ui::{error::Failure, exit_code::Exit, output};

/// Remove the sandbox with all that is in it
///
/// Projects, what was registered, executions and their files are gone for good. The next command makes a new,
/// empty one.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  flyte-host sandbox reset --yes")]
pub(super) struct ResetArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs `sandbox reset`.
pub(super) fn run(args: &ResetArgs, root: &Path) -> Result<(), Failure> {
    if !args.yes && !is_confirmed(root)? {
        return Err(Failure::new(Exit::Failed, "nothing was removed"));
    }
    let removed = sandbox::remove(root)
        .map_err(|error| Failure::from_error(Exit::Failed, &error).hint(error.hint()))?;
    match removed {
        true => output::note(&format!("the sandbox in `{}` was removed\n", root.display())),
        false => output::note(&format!("there is no sandbox in `{}`\n", root.display())),
    }
    Ok(())
}

fn is_confirmed(root: &Path) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "nobody can be asked whether the sandbox may be removed")
            .hint("say so with `--yes`".to_owned()));
    }
    output::note(&format!("Remove the sandbox in `{}` with all that is in it? [y/N] ", root.display()));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::new(Exit::Failed, "the answer cannot be read").caused_by(error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
