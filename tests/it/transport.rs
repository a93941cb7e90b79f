//! Plugins that carry the calls, or look at them on their way: each through every command that talks to
//! Flyte.

mod carried;
mod failing;
mod many;
mod recorded;

use tests::TestEnvironment;

use crate::{allow_sandbox, home_with};

/// A home in which a plugin's transport does something.
fn home_where(mode: &str) -> TestEnvironment {
    let mut home = home_with(&["transport"]);
    allow_sandbox(&home);
    home.set("FLYTE_PLUGIN", "transport").set("TRANSPORT", mode);
    home.write("task.yaml", "{ name: where-am-i, image: 'debian:12-slim', command: [pwd], cache: false }");
    home
}

/// The outputs of a plugin's command and of each built-in one that calls Flyte.
fn every_command(home: &TestEnvironment) -> String {
    let commands: [&[&str]; 5] = [
        &["teams"],
        &["version", "-o", "name"],
        &["get", "tasks", "-o", "name"],
        &["register", "task.yaml", "--version", "v1"],
        &["run", "remembered", "--task", "--name", "first"],
    ];
    commands.map(|command| format!("$ flyte-host {}\n{}\n", command.join(" "), home.run(command))).concat()
}
