//! The start gate: a shell that waits for a line on stdin before it becomes the task's program (`exec`).
//!
//! So the process is recorded before anything of the task runs. If the engine dies in between, stdin is
//! closed and the shell exits.

use std::{ffi::OsStr, path::Path, process::Stdio};

use tokio::process::Command;

use crate::runner::environment::Environment;

const SCRIPT: &str = r#"read -r word || exit 125; exec "$@" </dev/null"#;

/// A command that becomes the program after a line on its stdin.
pub(super) fn command(program: &Path, environment: &Environment) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(SCRIPT).arg("flyte-host").stdin(Stdio::piped()).process_group(0);
    // Shells drop variables whose names are not shell names; `env` keeps them.
    let odd: Vec<_> = environment.iter().filter(|(name, _)| !is_shell_name(name)).collect();
    if !odd.is_empty() {
        command.arg("/usr/bin/env");
        for (name, value) in odd {
            let mut pair = OsStr::new(name).to_owned();
            pair.push("=");
            pair.push(value);
            command.arg(pair);
        }
    }
    command.arg(program);
    command
}

fn is_shell_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
