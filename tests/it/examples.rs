//! The examples of the help texts: a shell runs each as it is written, in a home with the files and entities
//! that it names. Man pages and the reference have the same texts.

mod fixture;

use std::process::Stdio;

use clap::CommandFactory as _;
use flyte_host::app::args::Cli;
use tests::{ChildProcess, Stream, TestEnvironment};

use fixture::Fixture;

/// An example, and the command whose help has it.
#[derive(Debug)]
struct Example {
    command: String,
    line: String,
}

/// All examples of a command and the commands below it, hidden ones included.
fn collect(command: &clap::Command, above: &str, found: &mut Vec<Example>) {
    let name = format!("{above} {}", command.get_name()).trim().to_owned();
    for help in command.get_after_help().into_iter().chain(command.get_after_long_help()) {
        let help = help.to_string();
        let (_, lines) = help.split_once("Example").expect("nothing else is below the options");
        let lines = lines.lines().skip(1).map(|line| without_label(line.trim()));
        found.extend(lines.map(|line| Example { command: name.clone(), line: line.to_owned() }));
    }
    command.get_subcommands().for_each(|below| collect(below, &name, found));
}

/// `bash:  command` without its label.
fn without_label(line: &str) -> &str {
    match line.split_once(": ") {
        Some((label, command)) if label.chars().all(char::is_alphabetic) => command.trim(),
        _ => line,
    }
}

fn all() -> Vec<Example> {
    let mut found = Vec::new();
    collect(&Cli::command(), "", &mut found);
    found
}

/// The command right below the program, in whose test an example is; none for the program's own.
fn group(example: &Example) -> &str {
    example.command.split(' ').nth(1).unwrap_or_default()
}

/// Runs the examples of a command and of those below it.
fn run(wanted: &str) {
    let examples: Vec<_> = all().into_iter().filter(|example| group(example) == wanted).collect();
    assert!(!examples.is_empty(), "`{wanted}` has no examples");
    for Example { command, line } in examples {
        // A test cannot know which port is free.
        let line = if line.contains("sandbox start") { fixed_port_replaced(&line) } else { line };
        let Some(fixture) = Fixture::for_command(wanted, &line) else { continue };
        let output = if serves_until_ctrl_c(&line) {
            interrupted(fixture.home(), &line)
        } else {
            fixture.home().run_command(&mut shell(fixture.home(), &line)).to_string()
        };
        assert!(
            output.ends_with("[exit: 0]"),
            "`{command} --help` has an example that fails: {line}\n{output}"
        );
    }
}

fn fixed_port_replaced(line: &str) -> String {
    if line.contains("--port") { line.to_owned() } else { format!("{line} --port 0") }
}

/// A line in bash, which fails where any program of a pipeline fails.
fn shell(home: &TestEnvironment, line: &str) -> std::process::Command {
    let like = home.command();
    let mut bash = std::process::Command::new("bash");
    // The programs that the output is piped to need not be installed; they are not tested.
    let stands_in = "for program in dot man; do \
                     command -v $program > /dev/null || eval \"$program() { cat > /dev/null; }\"; done; ";
    bash.args(["--norc", "-o", "pipefail", "-c", &format!("{stands_in}{line}")]);
    bash.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    bash.env("PROFILE", home.home().join("profile.ps1")).current_dir(home.cwd()).stdin(Stdio::null());
    bash
}

fn serves_until_ctrl_c(line: &str) -> bool {
    line.contains("sandbox start") && !line.contains("--background")
}

/// Runs a line until it has printed something, then presses Ctrl-C.
fn interrupted(home: &TestEnvironment, line: &str) -> String {
    let mut child = ChildProcess::spawn(shell(home, &format!("exec {line}")).stdout(Stdio::piped()));
    child.until(Stream::Stdout, "");
    child.interrupt();
    let output = child.finish();
    format!("{}[exit: {}]", String::from_utf8_lossy(&output.stdout), output.status.code().unwrap_or(-1))
}

macro_rules! a_test_for_each {
    ($($test:ident: $command:literal),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                run($command);
            }
        )*

        /// The commands that have a test here.
        const TESTED: &[&str] = &[$($command),*];
    };
}

a_test_for_each! {
    of_completion: "completion",
    of_config: "config",
    of_execution: "execution",
    of_fetch: "fetch",
    of_get: "get",
    of_launchplan: "launchplan",
    of_login: "login",
    of_logout: "logout",
    of_man: "man",
    of_plugin: "plugin",
    of_project: "project",
    of_register: "register",
    of_run: "run",
    of_sandbox: "sandbox",
    of_the_program: "",
    of_upload: "upload",
    of_version: "version",
    of_whoami: "whoami",
}

#[test]
fn no_example_is_without_a_test() {
    let left_out: Vec<_> = all().into_iter().filter(|example| !TESTED.contains(&group(example))).collect();
    assert!(left_out.is_empty(), "add these commands to `a_test_for_each`: {left_out:?}");
}
