//! `sandbox`: serving it, looking at it, taking it away.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Stdio,
};

use snapbox::str;
use tests::{TestEnvironment, snapshot};

use crate::{home_with, register_send::HELLO, sandbox_home};

/// A home whose server ends with the test.
struct Served(TestEnvironment);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.run(&["sandbox", "stop"]);
    }
}

fn without_size(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("size ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn it_is_served_in_the_background() {
    let served = Served(home_with(&[]));
    let home = &served.0;
    snapshot!(
        home.run(&["sandbox", "start", "--port", "0", "--background"]),
        str![[r#"
serving the sandbox on `127.0.0.1:[PORT]`, process [PID]
other clients connect with FLYTE_PLATFORM_URL=127.0.0.1:[PORT] FLYTE_PLATFORM_INSECURE=true
[exit: 0]
"#]]
    );
    snapshot!(
        without_size(&home.run(&["sandbox", "status"])),
        str![[r#"
FACT             VALUE
folder           [HOME]/.flyte/sandbox
served           on `127.0.0.1:[PORT]` by process [PID]
open executions  0
[exit: 0]

"#]]
    );
    snapshot!(
        home.run(&["sandbox", "status", "-o", "name"]),
        str![[r#"
127.0.0.1:[PORT]
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["sandbox", "start", "--port", "0", "--background"]),
        str![[r#"
------- stderr -------
error: the sandbox in `[HOME]/.flyte/sandbox` is already being served on `127.0.0.1:[PORT]` by process [PID]
hint: run `flyte-host sandbox stop` to stop it
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["sandbox", "start", "--port", "0"]),
        str![[r#"
------- stderr -------
error: the sandbox in `[HOME]/.flyte/sandbox` is already being served on `127.0.0.1:[PORT]` by process [PID]
hint: run `flyte-host sandbox stop` to stop it
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["sandbox", "reset", "--yes"]),
        str![[r#"
------- stderr -------
error: the sandbox in `[HOME]/.flyte/sandbox` is already being served on `127.0.0.1:[PORT]` by process [PID]
hint: run `flyte-host sandbox stop` to stop it
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["sandbox", "stop"]),
        str![[r#"
------- stderr -------
stopped the server on `127.0.0.1:[PORT]`
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["sandbox", "stop"]),
        str![[r#"
------- stderr -------
no server is running
[exit: 0]
"#]]
    );
    snapshot!(
        without_size(&home.run(&["sandbox", "status"])),
        str![[r#"
FACT             VALUE
folder           [HOME]/.flyte/sandbox
served           no
open executions  0
[exit: 0]

"#]]
    );
}

#[test]
fn programs_are_told_where_it_is() {
    let served = Served(home_with(&[]));
    let home = &served.0;
    let start =
        home.command().args(["sandbox", "start", "--port", "0", "--background", "-o", "json"]).output();
    let started: serde_json::Value = serde_json::from_slice(&start.unwrap().stdout).unwrap();
    let status = home.command().args(["sandbox", "status", "-o", "json"]).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["running"], true);
    assert_eq!(status["openExecutions"], 0);
    assert_eq!((&status["endpoint"], &status["pid"]), (&started["endpoint"], &started["pid"]));
    assert!(status["bytes"].as_u64().unwrap() > 0);
}

#[test]
fn another_client_reaches_what_is_registered_in_it() {
    let mut served = Served(home_with(&[]));
    served.0.write("hello.yaml", HELLO);
    let start =
        served.0.command().args(["sandbox", "start", "--port", "0", "--background", "-o", "name"]).output();
    let endpoint = String::from_utf8(start.unwrap().stdout).unwrap();
    served.0.set("FLYTE_PLATFORM_URL", endpoint.trim()).set("FLYTE_PLATFORM_INSECURE", "true");
    snapshot!(
        served.0.run(&["register", "hello.yaml", "--version", "v1"]),
        str![[r#"
KIND         NAME   VERSION  RESULT
task         say    v1       registered
workflow     shout  v1       registered
launch plan  shout  v1       registered
------- stderr -------
3 registered
run it with `flyte-host run shout:v1`
[exit: 0]
"#]]
    );
    snapshot!(
        served.0.run(&["version", "-o", "name"]),
        str![[r#"
flyte-host
127.0.0.1:[PORT]
[exit: 0]
"#]]
    );
}

#[test]
fn in_the_foreground_it_ends_when_it_is_asked_to() {
    let served = Served(home_with(&[]));
    let mut command = served.0.command();
    command.args(["sandbox", "start", "--port", "0", "-o", "name"]).stdout(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("127.0.0.1:"), "{line}");
    snapshot!(
        served.0.run(&["sandbox", "stop"]),
        str![[r#"
------- stderr -------
stopped the server on `127.0.0.1:[PORT]`
[exit: 0]
"#]]
    );
    assert!(server.wait().unwrap().success());
}

#[test]
fn a_port_that_is_taken() {
    let home = home_with(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    snapshot!(
        home.run(&["sandbox", "start", "--port", &port]),
        str![[r#"
------- stderr -------
error: cannot listen on `127.0.0.1:[PORT]`
  caused by: Address already in use (os error 98)
hint: use `--port` to choose another port
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["sandbox", "start", "--port", &port, "--background"]),
        str![[r#"
------- stderr -------
error: cannot listen on `127.0.0.1:[PORT]`
  caused by: Address already in use (os error 98)
hint: use `--port` to choose another port
[exit: 1]
"#]]
    );
}

#[test]
fn it_is_taken_away_when_somebody_says_so() {
    let home = sandbox_home(&[]);
    home.write("hello.yaml", HELLO);
    assert!(home.run(&["register", "hello.yaml"]).ends_with("[exit: 0]"));
    snapshot!(
        home.run(&["sandbox", "reset"]),
        str![[r#"
------- stderr -------
error: `sandbox reset` needs confirmation, and stdin is not a terminal
hint: pass `--yes` to confirm
[exit: 2]
"#]]
    );
    assert!(home.home().join(".flyte/sandbox").exists());
    snapshot!(
        home.run(&["sandbox", "reset", "--yes"]),
        str![[r#"
------- stderr -------
deleted the sandbox in `[HOME]/.flyte/sandbox`
[exit: 0]
"#]]
    );
    assert!(!home.home().join(".flyte/sandbox").exists());
    snapshot!(
        home.run(&["sandbox", "reset", "--yes"]),
        str![[r#"
------- stderr -------
no sandbox in `[HOME]/.flyte/sandbox`
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["sandbox", "status"]),
        str![[r#"
FACT             VALUE
folder           [HOME]/.flyte/sandbox
served           no
open executions  0
size             0 bytes
[exit: 0]
"#]]
    );
}

#[test]
fn it_needs_no_plugin() {
    let mut home = home_with(&[]);
    home.set("FLYTE_PLUGIN", "gone");
    snapshot!(
        home.run(&["sandbox", "stop"]),
        str![[r#"
------- stderr -------
no server is running
warning: plugin `gone` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 0]
"#]]
    );
}
