//! `sandbox start`: which clients are answered, and what they need.

use std::{fs, path::Path, process::Command};

use flyte_client::proto::admin::{Project, ProjectRegisterRequest};
use prost::Message as _;
use snapbox::str;
use tests::{TestEnvironment, Transcript, join, output, prepared, snapshot};

use crate::{home_with, sandbox_home};

/// A home whose server ends with the test.
struct Served(TestEnvironment);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.run(["sandbox", "stop"]);
    }
}

impl Served {
    /// Starts it in the background; returns what is printed as JSON.
    fn start(&self, arguments: &[&str]) -> serde_json::Value {
        let mut command = self.0.command();
        command.args(["sandbox", "start", "--port", "0", "--background", "-o", "json"]).args(arguments);
        serde_json::from_slice(&output(&mut command).stdout).unwrap()
    }
}

fn without_token(text: &str) -> String {
    regex::Regex::new(r"\b[0-9a-v]{32}\b").unwrap().replace_all(text, "[TOKEN]").into_owned()
}

/// The ports that the system chose.
fn without_ports(text: &str) -> String {
    regex::Regex::new(r"(127\.0\.0\.1|0\.0\.0\.0|build\.example):[0-9]+")
        .unwrap()
        .replace_all(text, "$1:[PORT]")
        .into_owned()
}

#[test]
fn beyond_this_machine_it_prints_what_clients_need() {
    let served = Served(sandbox_home(&[]));
    let home = &served.0;
    let start = ["sandbox", "start", "--port", "0", "--background"];
    let start = [&start[..], &["--host", "0.0.0.0", "--allow-host", "build.example"]].concat();
    let output = home.run(&start);
    snapshot!(
        output.map(without_token).map(without_ports),
        str![[r#"
serving the sandbox on `0.0.0.0:[PORT]`, process [PID]
other clients connect with FLYTE_PLATFORM_URL=build.example:[PORT] FLYTE_PLATFORM_INSECURE=true
and read files with FLYTE_AWS_ENDPOINT=http://build.example:[PORT] FLYTE_AWS_ACCESS_KEY_ID=minio FLYTE_AWS_SECRET_ACCESS_KEY=[TOKEN]
clients must send the token [TOKEN]
flytekit and flytectl send it with this configuration:

admin:
  endpoint: dns:///build.example:[PORT]
  insecure: true
  proxyCommand: ["cat", "[HOME]/.flyte/sandbox/server.token"]

on other hosts, store the token in a file of your own, mode 0600
[exit: 0]
"#]]
    );
    // Its own commands find the token by themselves.
    snapshot!(
        home.run(["get", "projects", "-o", "name"]),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
}

#[cfg(unix)]
#[test]
fn the_token_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let served = Served(home_with(&[]));
    let started = served.start(&[]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = Path::new(started["tokenFile"].as_str().unwrap());
    assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    // Not needed where the system tells users apart.
    if cfg!(target_os = "linux") {
        assert!(started["token"].is_null());
    }
}

#[test]
fn other_clients_need_the_token() {
    let mut served = Served(home_with(&[]));
    let started = served.start(&["--host", "0.0.0.0"]);
    let token = started["token"].as_str().unwrap().to_owned();
    let endpoint = started["endpoint"].as_str().unwrap().replace("0.0.0.0", "127.0.0.1");
    served.0.set("FLYTE_PLATFORM_URL", &endpoint).set("FLYTE_PLATFORM_INSECURE", "true");
    let mut transcript = Transcript::new();
    transcript.add(served.0.run(["get", "projects", "-o", "name"]));
    served.0.set("FLYTE_CREDENTIALS_PROXY_COMMAND", format!("echo,{token}"));
    transcript.add(served.0.run(["get", "projects", "-o", "name"]));
    served.0.set("FLYTE_CREDENTIALS_PROXY_COMMAND", "echo,wrong");
    transcript.add(served.0.run(["get", "projects", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get projects -o name
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` is a flyte-host sandbox, which requires its token
  caused by: missing token: send `authorization: Bearer TOKEN` with the content of `server.token` in the sandbox's folder
hint: set `FLYTE_ACCESS_TOKEN_FILE` to a copy of `server.token`, which is in the folder of the sandbox that is served (`~/.flyte/sandbox`), or `FLYTE_ACCESS_TOKEN` to its content; `flyte-host sandbox start` prints both
[exit: 20]
$ flyte-host get projects -o name
flytesnacks
[exit: 0]
$ flyte-host get projects -o name
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` is a flyte-host sandbox, which requires its token
  caused by: invalid token: expected the content of `server.token` in the sandbox's folder
hint: set `FLYTE_ACCESS_TOKEN_FILE` to a copy of `server.token`, which is in the folder of the sandbox that is served (`~/.flyte/sandbox`), or `FLYTE_ACCESS_TOKEN` to its content; `flyte-host sandbox start` prints both
[exit: 20]

"#]]
    );
}

#[test]
fn a_wrong_token_is_reported_with_the_path_of_the_right_one() {
    let mut served = Served(home_with(&[]));
    let started = served.start(&["--host", "0.0.0.0"]);
    let endpoint = started["endpoint"].as_str().unwrap().replace("0.0.0.0", "127.0.0.1");
    served.0.set("FLYTE_PLATFORM_URL", &endpoint).set("FLYTE_PLATFORM_INSECURE", "true");
    let get = ["get", "projects", "-o", "name"];
    let login = served.0.run(["login"]);
    served.0.set("FLYTE_ACCESS_TOKEN", "wrong");
    let wrong = served.0.run(&get);
    served.0.set("FLYTE_ACCESS_TOKEN", "");
    served.0.set("FLYTE_ACCESS_TOKEN_FILE", started["tokenFile"].as_str().unwrap());
    let right = served.0.run(&get);
    snapshot!(
        join([login, wrong, right]),
        str![[r#"
------- stderr -------
error: authentication required (UNAUTHENTICATED)
  caused by: missing token: send `authorization: Bearer TOKEN` with the content of `server.token` in the sandbox's folder
hint: set `FLYTE_ACCESS_TOKEN_FILE` to a copy of `server.token`, which is in the folder of the sandbox that is served (`~/.flyte/sandbox`), or `FLYTE_ACCESS_TOKEN` to its content; `flyte-host sandbox start` prints both
[exit: 20]
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` rejected the token from variable `FLYTE_ACCESS_TOKEN`
  caused by: invalid token: expected the content of `server.token` in the sandbox's folder
hint: set `FLYTE_ACCESS_TOKEN_FILE` to a copy of `server.token`, which is in the folder of the sandbox that is served (`~/.flyte/sandbox`), or `FLYTE_ACCESS_TOKEN` to its content; `flyte-host sandbox start` prints both
[exit: 20]
flytesnacks
[exit: 0]
"#]]
    );
}

#[test]
fn flytekit_sends_the_token_with_the_printed_configuration() {
    let Some(python) = prepared("FLYTE_TEST_PYTHON") else { return };
    let served = Served(home_with(&[]));
    let home = &served.0;
    let start = ["sandbox", "start", "--port", "0", "--host", "0.0.0.0", "--background"];
    let printed = String::from_utf8(output(home.command().args(start)).stdout).unwrap();
    let start = printed.find("admin:\n").unwrap();
    let config = home.write("config.yaml", &printed[start..printed.find("\non other hosts").unwrap()]);
    let script = "import sys\n\
                  from flytekit.configuration import Config\n\
                  from flytekit.remote import FlyteRemote\n\
                  remote = FlyteRemote(Config.auto(sys.argv[1]))\n\
                  print(*[project.id for project in remote.client.list_projects_paginated(limit=9)[0]])\n";
    let mut official = Command::new(python);
    official.args(["-c", script]).arg(config).env("HOME", home.home()).env_remove("FLYTECTL_CONFIG");
    let output = output(official.current_dir(home.cwd()));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.trim(), "flytesnacks", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_web_page_does_nothing() {
    let Some(chromium) = prepared("FLYTE_TEST_CHROMIUM") else { return };
    let Some(modules) = prepared("FLYTE_TEST_NODE_MODULES") else { return };
    let served = Served(sandbox_home(&[]));
    let started = served.start(&[]);
    let project = Project { id: "attacked".into(), name: "attacked".into(), ..Project::default() };
    let message = ProjectRegisterRequest { project: Some(project) }.encode_to_vec();
    let mut call = vec![0];
    call.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    call.extend(message);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("page.mjs");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sandbox/page.mjs"), &script).unwrap();
    // JavaScript modules look for packages beside themselves only.
    std::os::unix::fs::symlink(modules.join("node_modules"), folder.path().join("node_modules")).unwrap();
    let out = folder.path().join("seen.txt");
    let mut node = Command::new("node");
    node.arg(script).arg(started["endpoint"].as_str().unwrap());
    node.arg(data_encoding::BASE64.encode(&call)).arg(&out);
    node.env("CHROMIUM", chromium).env("HOME", folder.path()).env("TMPDIR", folder.path());
    let output = output(&mut node);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    snapshot!(
        fs::read_to_string(out).unwrap(),
        str![[r#"
rebound call: 403
rebound call without preflight: 403
rebound GET: 403
elsewhere call: failed
elsewhere call without preflight: failed
elsewhere GET: failed
"#]]
    );
    snapshot!(
        served.0.run(["get", "projects", "-o", "name"]),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
}

#[test]
fn hosts_are_names() {
    let home = home_with(&[]);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["sandbox", "start", "--allow-host", "http://build.example"]));
    transcript.add(home.run(["sandbox", "start", "--host", "build.example"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host sandbox start --allow-host http://build.example
------- stderr -------
error: invalid value 'http://build.example' for '--allow-host <NAME>': expected a host name without scheme and port

For more information, try '--help'.
[exit: 2]
$ flyte-host sandbox start --host build.example
------- stderr -------
error: invalid value 'build.example' for '--host <ADDRESS>': invalid IP address syntax

For more information, try '--help'.
[exit: 2]

"#]]
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let mut home = sandbox_home(&[]);
    let folder = home.write("shared/thesis.txt", "").parent().unwrap().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    home.set("FLYTE_SANDBOX_DIR", &folder);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["get", "projects"]));
    transcript.add(home.run(["sandbox", "start", "--background"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get projects
------- stderr -------
error: could not open the sandbox in `[HOME]/work/shared`: other users may read the folder, and it holds other files
hint: set `FLYTE_SANDBOX_DIR` to another folder
[exit: 1]
$ flyte-host sandbox start --background
------- stderr -------
error: could not open the sandbox in `[HOME]/work/shared`: other users may read the folder, and it holds other files
hint: set `FLYTE_SANDBOX_DIR` to another folder
[exit: 1]

"#]]
    );
}
