//! Commands of a plugin that run.

use std::process::{Command, Stdio};

use snapbox::str;
use tests::{ChildProcess, Transcript, output, snapshot};

use super::toolbox_home;

#[test]
fn a_command_gets_its_arguments() {
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["doctor"]));
    transcript.add(home.run([
        "--tenant",
        "blue",
        "dr",
        "-l",
        "high",
        "--tool=lamp",
        "--tool",
        "a b",
        "-qLL",
        "--region",
        "us",
        "--",
        "ear",
        "-eye",
    ]));
    transcript.add(home.run(["doctor", "--quick", "--slow"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host doctor
path: doctor
level: low (default)
tool:  (default)
quick: false (default)
slow: false (default)
loud: 0 (default)
end: well (default)
organ:  (default)
region: eu (default)
tenant: -
words: 
config: {}
terminal: false, colour: false
------- stderr -------
looked
[exit: 0]
$ flyte-host --tenant blue dr -l high '--tool=lamp' --tool 'a b' -qLL --region us -- ear -eye
path: doctor
level: high (given)
tool: lamp, a b (given)
quick: true (given)
slow: false (default)
loud: 2 (given)
end: well (default)
organ: ear, -eye (given)
region: us (given)
tenant: blue
words: --level=high --tool=lamp --tool=a b --quick --loud --loud ear -- -eye
config: {}
terminal: false, colour: false
------- stderr -------
looked
[exit: 0]
$ flyte-host doctor --quick --slow
------- stderr -------
error: the argument '--quick' cannot be used with '--slow'

Usage: flyte-host doctor --quick [ORGAN]...

For more information, try '--help'.
[exit: 2]

"#]]
    );
}

#[test]
fn commands_run_at_every_depth() {
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["box", "drawer", "open", "7"]));
    transcript.add(home.run(["create", "app"]));
    transcript.add(home.run(["create", "bucket"]));
    transcript.add(home.run(["config", "rotate"]));
    transcript.add(home.run(["config", "keys", "list"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host box drawer open 7
drawer 7 is open
[exit: 0]
$ flyte-host create app
created
[exit: 0]
$ flyte-host create bucket
created
[exit: 0]
$ flyte-host config rotate
rotated
[exit: 0]
$ flyte-host config keys list
no keys
[exit: 0]

"#]]
    );
}

#[test]
fn a_command_reads_its_arguments_itself() {
    snapshot!(
        toolbox_home().run(["box", "drawer", "open", "seven"]),
        str![[r#"
------- stderr -------
error: invalid value `seven` for `number`: invalid digit found in string
hint: run `flyte-host box drawer open --help` for its usage
[exit: 2]
"#]]
    );
}

#[test]
fn a_command_learns_the_output_format() {
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["doctor", "-o", "json"]));
    transcript.add(home.run(["-o", "name", "doctor"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host doctor -o json
{"level": "low"}
------- stderr -------
looked
[exit: 0]
$ flyte-host -o name doctor
doctor
------- stderr -------
looked
[exit: 0]

"#]]
    );
}

#[test]
fn a_command_sees_the_plugins_section_of_the_settings() {
    let home = toolbox_home();
    home.write("../.flyte/host.toml", "[plugin.toolbox]\nstethoscope = \"new\"\n");
    snapshot!(
        home.run(["doctor"]),
        str![[r#"
path: doctor
level: low (default)
tool:  (default)
quick: false (default)
slow: false (default)
loud: 0 (default)
end: well (default)
organ:  (default)
region: eu (default)
tenant: -
words: 
config: {"stethoscope":"new"}
terminal: false, colour: false
------- stderr -------
looked
[exit: 0]
"#]]
    );
}

#[test]
fn an_exit_code_is_passed_through() {
    snapshot!(
        toolbox_home().run(["doctor", "-oname", "--end", "code"]),
        str![[r#"
doctor
------- stderr -------
looked
[exit: 42]
"#]]
    );
}

#[test]
fn an_error_names_the_plugin_and_the_command() {
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["doctor", "-oname", "--end", "error"]));
    transcript.add(home.run(["doctor", "-oname", "--end", "error-code"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host doctor -oname --end error
doctor
------- stderr -------
looked
error: plugin `toolbox` 0.4.0 failed in the command `doctor`
  caused by: the laptop is ill
  caused by: fan is stuck
hint: clean the fan
[exit: 11]
$ flyte-host doctor -oname --end error-code
doctor
------- stderr -------
looked
error: plugin `toolbox` 0.4.0 failed in the command `doctor`
  caused by: the laptop is very ill
[exit: 43]

"#]]
    );
}

#[test]
fn a_wrong_use_is_the_users() {
    snapshot!(
        toolbox_home().run(["doctor", "-oname", "--end", "usage"]),
        str![[r#"
doctor
------- stderr -------
looked
error: `organ` and `tool` do not go together
hint: run `flyte-host doctor --help` for its usage
[exit: 2]
"#]]
    );
}

#[test]
fn a_panic_is_reported_with_its_location() {
    snapshot!(
        toolbox_home().run(["doctor", "-oname", "--end", "panic"]),
        str![[r#"
doctor
------- stderr -------
looked
error: plugin `toolbox` 0.4.0 panicked in the command `doctor`
  caused by: stethoscope lost (tests/plugins/commands/src/doctor.rs:80)
hint: report this plugin bug at <https://example.org/toolbox>
[exit: 11]
"#]]
    );
}

#[test]
fn a_command_gets_the_connection() {
    let home = toolbox_home();
    home.write("../.flyte/config.yaml", "admin:\n  endpoint: dns:///flyte.example.org\n");
    snapshot!(
        home.run(["doctor", "-oname", "--end", "remote"]),
        str![[r#"
doctor
endpoint: flyte.example.org
------- stderr -------
looked
[exit: 0]
"#]]
    );
}

#[test]
fn a_failure_of_the_host_is_not_attributed_to_the_plugin() {
    let home = toolbox_home();
    home.write("../.flyte/config.yaml", "admin: [\n");
    snapshot!(
        home.run(["doctor", "-oname", "--end", "remote"]),
        str![[r#"
doctor
------- stderr -------
looked
error: configuration file `~/.flyte/config.yaml` has a syntax error at line 1, column 8: unclosed bracket '['
[exit: 1]
"#]]
    );
}

#[test]
fn bytes_arrive_as_they_are() {
    let output = output(toolbox_home().command().args(["doctor", "-oyaml", "--end", "bytes"]));
    assert_eq!(output.stdout, b"\x1b[31m\0\xff\x0b\x1b");
}

#[test]
fn a_closed_pipe_ends_the_program_silently() {
    let home = toolbox_home();
    let mut command = home.command();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.args(["doctor", "--end", "error"]).stdout(writer).stderr(Stdio::piped());
    let output = ChildProcess::spawn(&mut command).finish();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(3), ""));
}

/// `script` of util-linux gives the program a terminal.
#[test]
fn progress_shows_on_a_terminal_and_goes_away() {
    if Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let home = toolbox_home();
    let environment = home.command();
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} doctor -oname", environment.get_program().display()), "/dev/null"]);
    command.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("TERM", "xterm").current_dir(environment.get_current_dir().unwrap()).stdin(Stdio::null());
    let text = String::from_utf8(output(&mut command).stdout).unwrap();
    let (shown, rest) = text.split_once("looked").unwrap();
    assert!(shown.contains("looking again [") && shown.contains("1/2"), "{text:?}");
    assert!(
        shown.ends_with("\u{1b}[2K") && rest.ends_with("\u{1b}[2K"),
        "the line is cleared each time: {text:?}"
    );
}
