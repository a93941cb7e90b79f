//! Plugins and tasks on a file system where nothing may be run, in a mount namespace of the test's own.

use std::{io::Write, process::Command};

use snapbox::str;
use tests::{Output, TestEnvironment, snapshot};

use crate::{home_with, sandbox_home};

/// Runs a script with `$FH` as the program, after it mounted a file system without `exec` at `~/noexec`.
///
/// `None`, with a note, where users may not make namespaces; under `CI=true` that is a failure.
fn on_noexec(home: &TestEnvironment, script: &str) -> Option<Output> {
    let is_possible =
        Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success());
    if !is_possible {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no namespaces for users");
        let _ = writeln!(std::io::stderr(), "skipped: no namespaces for users");
        return None;
    }
    std::fs::create_dir_all(home.home().join("noexec")).unwrap();
    let program = home.command();
    let mut command = Command::new("unshare");
    command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(home.cwd()).env("FH", program.get_program());
    let script = format!("set -e; mount -t tmpfs -o noexec tmpfs ~/noexec; {script}");
    Some(home.run_command(command.args(["-Urm", "sh", "-c", &script])))
}

#[test]
fn a_plugin_there_is_refused_with_the_reason() {
    let home = home_with(&["plain"]);
    let file = std::env::consts::DLL_PREFIX.to_owned() + "plain" + std::env::consts::DLL_SUFFIX;
    let script =
        format!("cp ~/.flyte/plugins/{file} ~/noexec/; exec \"$FH\" --plugin ~/noexec/{file} config show");
    if let Some(output) = on_noexec(&home, &script) {
        snapshot!(
            output,
            str![[r#"
------- stderr -------
error: `[HOME]/noexec/libplain.so` is on a file system mounted with `noexec`
hint: copy it to another file system, or mount that one with `exec`
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
        );
    }
}

#[test]
fn a_task_whose_program_is_there_is_refused_with_the_reason() {
    let home = sandbox_home(&[]);
    home.write(
        "t.yaml",
        format!("name: t\nimage: debian\ncommand: ['{}']\n", home.home().join("noexec/tool").display()),
    );
    let script = "cp /bin/true ~/noexec/tool; \"$FH\" register t.yaml >/dev/null 2>&1; exec \"$FH\" run t --wait --name one";
    if let Some(output) = on_noexec(&home, script) {
        let cause: Vec<&str> = output.lines().filter(|line| line.starts_with("  caused by")).collect();
        snapshot!(
            cause.join("\n"),
            str![[r#"
  caused by: node `t` failed
  caused by: `[HOME]/noexec/tool` is on a file system mounted with `noexec`
"#]]
        );
    }
}
