//! `sandbox`: serving it, looking at it, taking it away.

use std::net::TcpListener;

use snapbox::str;
use tests::{Server, TestEnvironment, Transcript, output, snapshot};

use crate::{home_with, register_send::HELLO, sandbox_home};

/// A home whose server ends with the test.
struct Served(TestEnvironment);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.run(["sandbox", "stop"]);
    }
}

fn without_size(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("size ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn it_is_served_in_the_background() {
    let served = Served(home_with(&[]));
    let home = &served.0;
    let mut transcript = Transcript::new();
    transcript.add(home.run(["sandbox", "start", "--port", "0", "--background"]));
    snapshot!(
        home.run(["sandbox", "status"]).map(without_size),
        str![[r#"
FACT             VALUE
folder           [HOME]/.flyte/sandbox
served           on `127.0.0.1:[PORT]` by process [PID]
open executions  0
[exit: 0]
"#]]
    );
    transcript.add(home.run(["sandbox", "status", "-o", "name"]));
    transcript.add(home.run(["sandbox", "start", "--port", "0", "--background"]));
    transcript.add(home.run(["sandbox", "start", "--port", "0"]));
    transcript.add(home.run(["sandbox", "reset", "--yes"]));
    transcript.add(home.run(["sandbox", "stop"]));
    transcript.add(home.run(["sandbox", "stop"]));
    snapshot!(
        home.run(["sandbox", "status"]).map(without_size),
        str![[r#"
FACT             VALUE
folder           [HOME]/.flyte/sandbox
served           no
open executions  0
[exit: 0]
"#]]
    );
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host sandbox start --port 0 --background
serving the sandbox on `127.0.0.1:[PORT]`, process [PID]
other clients connect with FLYTE_PLATFORM_URL=127.0.0.1:[PORT] FLYTE_PLATFORM_INSECURE=true
and read files with FLYTE_AWS_ENDPOINT=http://127.0.0.1:[PORT] FLYTE_AWS_ACCESS_KEY_ID=minio FLYTE_AWS_SECRET_ACCESS_KEY=miniostorage
[exit: 0]
$ flyte-host sandbox status -o name
127.0.0.1:[PORT]
[exit: 0]
$ flyte-host sandbox start --port 0 --background
------- stderr -------
error: the sandbox in `[HOME]/.flyte/sandbox` is already being served on `127.0.0.1:[PORT]` by process [PID]
hint: run `flyte-host sandbox stop` to stop it
[exit: 1]
$ flyte-host sandbox start --port 0
------- stderr -------
error: the sandbox in `[HOME]/.flyte/sandbox` is already being served on `127.0.0.1:[PORT]` by process [PID]
hint: run `flyte-host sandbox stop` to stop it
[exit: 1]
$ flyte-host sandbox reset --yes
------- stderr -------
error: the sandbox in `[HOME]/.flyte/sandbox` is already being served on `127.0.0.1:[PORT]` by process [PID]
hint: run `flyte-host sandbox stop` to stop it
[exit: 1]
$ flyte-host sandbox stop
------- stderr -------
stopped the server on `127.0.0.1:[PORT]`
[exit: 0]
$ flyte-host sandbox stop
------- stderr -------
no server is running
[exit: 0]

"#]]
    );
}

#[test]
fn json_output_has_the_address() {
    let served = Served(home_with(&[]));
    let home = &served.0;
    let start =
        output(home.command().args(["sandbox", "start", "--port", "0", "--background", "-o", "json"]));
    let started: serde_json::Value = serde_json::from_slice(&start.stdout).unwrap();
    let status = output(home.command().args(["sandbox", "status", "-o", "json"]));
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
        output(served.0.command().args(["sandbox", "start", "--port", "0", "--background", "-o", "name"]));
    let endpoint = String::from_utf8(start.stdout).unwrap();
    served.0.set("FLYTE_PLATFORM_URL", endpoint.trim()).set("FLYTE_PLATFORM_INSECURE", "true");
    let mut transcript = Transcript::new();
    transcript.add(served.0.run(["register", "hello.yaml", "--version", "v1"]));
    transcript.add(served.0.run(["version", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml --version v1
KIND         NAME   VERSION  RESULT
task         say    v1       registered
workflow     shout  v1       registered
launch plan  shout  v1       registered
------- stderr -------
3 registered
run it with `flyte-host run shout:v1`
[exit: 0]
$ flyte-host version -o name
flyte-host
127.0.0.1:[PORT]
[exit: 0]

"#]]
    );
}

#[test]
fn in_the_foreground_it_ends_when_it_is_asked_to() {
    let served = Served(home_with(&[]));
    let server = Server::start(served.0.command().args(["sandbox", "start", "--port", "0", "-o", "name"]));
    snapshot!(
        served.0.run(["sandbox", "stop"]),
        str![[r#"
------- stderr -------
stopped the server on `127.0.0.1:[PORT]`
[exit: 0]
"#]]
    );
    assert!(server.finish().success());
}

#[test]
fn a_port_that_is_taken() {
    let home = home_with(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["sandbox", "start", "--port", &port]));
    transcript.add(home.run(["sandbox", "start", "--port", &port, "--background"]));
    snapshot!(
        transcript.to_string().replace(&port, "[PORT]"),
        str![[r#"
$ flyte-host sandbox start --port [PORT]
------- stderr -------
error: cannot listen on `127.0.0.1:[PORT]`
  caused by: Address already in use (os error 98)
hint: use `--port` to choose another port
[exit: 1]
$ flyte-host sandbox start --port [PORT] --background
------- stderr -------
error: cannot listen on `127.0.0.1:[PORT]`
  caused by: Address already in use (os error 98)
hint: use `--port` to choose another port
[exit: 1]

"#]]
    );
}

#[test]
fn reset_removes_it_after_confirmation() {
    let home = sandbox_home(&[]);
    home.write("hello.yaml", HELLO);
    home.run(["register", "hello.yaml"]).success();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["sandbox", "reset"]));
    assert!(home.home().join(".flyte/sandbox").exists());
    transcript.add(home.run(["sandbox", "reset", "--yes"]));
    assert!(!home.home().join(".flyte/sandbox").exists());
    transcript.add(home.run(["sandbox", "reset", "--yes"]));
    transcript.add(home.run(["sandbox", "status"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host sandbox reset
------- stderr -------
error: `sandbox reset` needs confirmation, and stdin is not a terminal
hint: pass `--yes` to confirm
[exit: 2]
$ flyte-host sandbox reset --yes
------- stderr -------
deleted the sandbox in `[HOME]/.flyte/sandbox`
[exit: 0]
$ flyte-host sandbox reset --yes
------- stderr -------
no sandbox in `[HOME]/.flyte/sandbox`
[exit: 0]
$ flyte-host sandbox status
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
        home.run(["sandbox", "stop"]),
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
