//! Running other programs: each command line is printed before it runs, and none reads from the terminal.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;

/// What `cargo run` sets for us and must not leak into other builds: another toolchain's libraries, and the
/// package that happens to be `xtask`.
const FROM_CARGO_RUN: [&str; 4] = ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "LD_LIBRARY_PATH"];

/// A command without standard input and without what `cargo run` left in the environment.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    let package = std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_")));
    for name in package.chain(FROM_CARGO_RUN.map(Into::into)) {
        command.env_remove(name);
    }
    command
}

/// `cargo` of the toolchain in use, with the committed lock file.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut cargo = command("cargo");
    cargo.args([subcommand, "--locked"]);
    cargo
}

/// Prints the command line, runs it with its output on ours, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result {
    eprintln!("\n$ {}", shown(command));
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command)).into()) }
}

/// Runs quietly and returns standard output; a failure carries standard error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| cannot_start(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` ended with {}: {}", shown(command), output.status, stderr.trim()).into())
}

/// Whether the program is there and succeeds.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Whether this process may install packages of the system.
pub(crate) fn is_root() -> bool {
    capture(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    let program = command.get_program().display();
    match error.kind() {
        ErrorKind::NotFound => format!("`{program}` is not on this machine"),
        _ => format!("cannot run `{program}`: {error}"),
    }
}

/// The command as one would type it in a shell, with the variables that it was given.
pub(crate) fn shown(command: &Command) -> String {
    let given = command.get_envs().filter_map(|(name, value)| {
        let value = value?;
        Some(format!("{}={}", name.display(), quoted(value)))
    });
    let program = quoted(Path::new(command.get_program()).as_os_str());
    given.chain([program]).chain(command.get_args().map(quoted)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_shown_as_typed() {
        let mut command = Command::new("flyte-host");
        command.args(["register", "a b.yaml", "it's", ""]).env("FLYTE_PLUGIN", "acme");
        assert_eq!(shown(&command), r"FLYTE_PLUGIN=acme flyte-host register 'a b.yaml' 'it'\''s' ''");
    }
}
