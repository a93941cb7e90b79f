//! What a server that is not ours gets of a call that went through a plugin.

use std::{path::Path, process::Command};

use snapbox::str;
use tests::{Server, prepared, snapshot};

use super::home_where;

#[test]
fn the_server_gets_the_plugins_headers() {
    let Some(python) = prepared("FLYTE_TEST_PYTHON") else { return };
    let mut home = home_where("count");
    let record = home.write("record", "");
    let servicer = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/flytekit/servicer.py");
    let server = Server::start(Command::new(python).arg(servicer).arg(&record));
    home.set("FLYTE_PLATFORM_URL", server.endpoint()).set("FLYTE_PLATFORM_INSECURE", "true");
    let register = ["register", "task.yaml", "--version", "v1"];
    for command in [
        &["teams"][..],
        &["get", "tasks"],
        &register,
        &["run", "square", "--task", "-i", "n=3", "--name", "first"],
    ] {
        home.run(command).success();
    }
    let header =
        |line: &serde_json::Value, key: &str| line["metadata"][key].as_str().unwrap_or("-").to_owned();
    let lines = home.read("record");
    let lines = lines.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let method = line["method"].as_str().unwrap();
        format!("{method} {} {}\n", header(&line, "x-acme-team"), header(&line, "x-acme-call"))
    });
    snapshot!(
        lines.collect::<String>(),
        str![[r#"
AdminService/ListProjects vision 1
AdminService/ListTasks vision 1
AdminService/ListTasks vision 2
AdminService/CreateTask vision 1
AdminService/ListTasks vision 1
AdminService/GetTask vision 2
AdminService/GetExecution vision 3
AdminService/CreateExecution vision 4

"#]]
    );
}
