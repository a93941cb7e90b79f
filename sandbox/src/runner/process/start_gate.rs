//! The gate behind which a task's process is born: a shell that waits for a word before it becomes the task's program.
//!
//! So nothing of a task runs before its process was written down, and an engine that dies in between leaves nothing
//! behind: the word never comes.

use std::{ffi::OsStr, path::Path, process::Stdio};

use tokio::process::Command;

use crate::runner::environment::Environment;

const SCRIPT: &str = r#"read -r word || exit 125; exec "$@" </dev/null"#;

/// A command that becomes a program once it is told to. Its standard input takes the word.
pub(super) fn command(program: &Path, environment: &Environment) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(SCRIPT).arg("flyte-host").stdin(Stdio::piped()).process_group(0);
    // Shells drop variables whose names they could not use; `env` does not.
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
