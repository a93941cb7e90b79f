//! Networks that are slow, that break, and that lead nowhere, between the program and a served sandbox.

use std::time::Duration;

use regex::Regex;
use snapbox::str;
use tests::{
    join,
    network::{Wire, WireProxy},
    output,
    recorded::{Recorded, RecordedAnswer},
    snapshot,
};

use crate::{flyte, home_with, served};

#[test]
fn a_slow_network_changes_nothing() {
    for delay in [20, 200] {
        let served = served::hello();
        let proxy = WireProxy::start(&served.endpoint, move |_| Wire::Delayed(Duration::from_millis(delay)));
        let commands: [&[&str]; 4] = [
            &["register", "hello.yaml", "--version", "v2"],
            &["run", "hello.twice", "-i", "name=World", "--name", "mine", "--wait"],
            &["execution", "relaunch", "mine", "--name", "again", "--wait", "-o", "json"],
            &["get", "executions", "-o", "name"],
        ];
        let output = commands.map(|command| served.through(&proxy.endpoint(), command).map(flyte::lasting));
        snapshot!(
            join(output),
            str![[r#"
KIND         NAME         VERSION  RESULT
task         hello.greet  v2       registered
task         hello.fail   v2       registered
task         hello.count  v2       registered
task         hello.write  v2       registered
task         hello.sleep  v2       registered
workflow     hello.twice  v1       unchanged
launch plan  hello.twice  v1       unchanged
------- stderr -------
5 registered, 2 unchanged
run it with `flyte-host run hello.twice:v1`
[exit: 0]
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
running launch plan `hello.twice`, version `v1`
started execution `mine`
node first (greet): SUCCEEDED, stored in the cache, [DURATION]
node second (greet): SUCCEEDED, stored in the cache, [DURATION]
execution mine: SUCCEEDED, [DURATION]
[exit: 0]
{
  "domain": "development",
  "name": "again",
  "project": "flytesnacks",
  "phase": "SUCCEEDED",
  "outputs": {
    "greeting": "Hello, Hello, World!!"
  }
}
------- stderr -------
started execution `again`
node first (greet): SUCCEEDED, cached
node second (greet): SUCCEEDED, cached
execution again: SUCCEEDED, [DURATION]
[exit: 0]
again
mine
[exit: 0]
"#]]
        );
    }
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    let served = served::hello();
    let get = ["get", "tasks", "-o", "json"];
    let whole = served.run(&get);
    for bytes in [0, 1, 9, 50, 200, 1_000, 3_000] {
        let proxy = WireProxy::start(&served.endpoint, move |number| match number {
            1 | 2 => Wire::Cut(bytes),
            _ => Wire::Fine,
        });
        assert_eq!(served.through(&proxy.endpoint(), &get), whole, "cut after {bytes} bytes");
    }
}

#[test]
fn what_breaks_in_mid_stream_is_done_once() {
    for bytes in [60, 250, 600] {
        let served = served::hello();
        let proxy =
            WireProxy::start(
                &served.endpoint,
                move |number| {
                    if number == 1 { Wire::Cut(bytes) } else { Wire::Fine }
                },
            );
        let register =
            served.through(&proxy.endpoint(), ["register", "hello.yaml", "--version", "v2", "-o", "name"]);
        assert!(register.is_success(), "cut after {bytes} bytes: {register}");
        let proxy =
            WireProxy::start(
                &served.endpoint,
                move |number| {
                    if number < 4 { Wire::Cut(bytes) } else { Wire::Fine }
                },
            );
        let run = ["run", "hello.twice", "-i", "name=World", "--wait", "-o", "json"];
        let run = served.through(&proxy.endpoint(), &run);
        assert!(
            run.contains("\n  \"outputs\": {\n    \"greeting\": \"Hello, Hello, World!!\"\n  }\n"),
            "cut after {bytes} bytes: {run}"
        );
        let executions = served.run(["get", "executions", "-o", "name"]);
        assert_eq!(executions.lines().filter(|line| *line == "[EXECUTION]").count(), 1, "{executions}");
    }
}

#[test]
fn a_connection_that_leads_nowhere() {
    let mut served = served::hello();
    served.home.set("FLYTE_HOST_TIMEOUT", "0.4");
    let proxy = WireProxy::start(&served.endpoint, |_| Wire::Nowhere);
    let commands: [&[&str]; 3] = [
        &["get", "tasks"],
        &["project", "update", "flytesnacks", "--description", "x"],
        &["run", "hello.greet", "--task", "-i", "name=World", "--name", "mine"],
    ];
    let output = commands.map(|command| served.through(&proxy.endpoint(), command));
    snapshot!(
        join(output),
        str![[r#"
------- stderr -------
error: Flyte did not answer `ListTasks`
  caused by: `127.0.0.1:[PORT]` accepted the connection, but sent nothing within [DURATION]
hint: check that variable `FLYTE_PLATFORM_URL` is the address of Flyte's gRPC; a load balancer or a tunnel may accept connections for a server that is gone
[exit: 21]
------- stderr -------
error: Flyte did not answer `ListProjects`
  caused by: `127.0.0.1:[PORT]` accepted the connection, but sent nothing within [DURATION]
hint: check that variable `FLYTE_PLATFORM_URL` is the address of Flyte's gRPC; a load balancer or a tunnel may accept connections for a server that is gone
[exit: 21]
------- stderr -------
error: Flyte did not answer `ListTasks`
  caused by: `127.0.0.1:[PORT]` accepted the connection, but sent nothing within [DURATION]
hint: check that variable `FLYTE_PLATFORM_URL` is the address of Flyte's gRPC; a load balancer or a tunnel may accept connections for a server that is gone
[exit: 21]
"#]]
    );
}

#[test]
fn a_connection_that_dies() {
    let mut served = served::hello();
    served.home.set("FLYTE_HOST_TIMEOUT", "0.4");
    // HTTP/2 has begun, and the answer is not there.
    let proxy = WireProxy::start(&served.endpoint, |_| Wire::Dead(30));
    snapshot!(
        served.through(&proxy.endpoint(), ["get", "tasks"]),
        str![[r#"
------- stderr -------
error: Flyte did not answer `ListTasks`
  caused by: `127.0.0.1:[PORT]` did not answer within [DURATION]
hint: set `FLYTE_HOST_TIMEOUT`, in seconds, to wait longer for a call
[exit: 21]
"#]]
    );
}

#[test]
fn a_slow_call_prints_a_note() {
    let mut served = served::hello();
    served.home.set("FLYTE_HOST_TIMEOUT", "2");
    let proxy = WireProxy::start(&served.endpoint, |_| Wire::Nowhere);
    served.home.set("FLYTE_PLATFORM_URL", proxy.endpoint());
    let mut waiting = served.home.start(["get", "tasks"]);
    // The note is printed while the program waits, not with the error.
    let line = waiting.until("waiting for");
    let line = Regex::new(r"127\.0\.0\.1:\d+").unwrap().replace(&line, "127.0.0.1:[PORT]").into_owned();
    assert_eq!(line, "waiting for `127.0.0.1:[PORT]` to answer (1s)");
    waiting.finish().failure(21);
}

/// 220 kB, as Flyte lists the differences of a large workflow.
fn difference() -> String {
    let lines = (1..=8_000).map(|number| format!("/template/nodes/{number}:\n\t- a\n\t+ ü\n"));
    format!("workflow with different structure already exists:\n{}", lines.collect::<String>().trim_end())
}

/// A server that refuses at length, in words and once more in the details.
fn refusing() -> Recorded {
    Recorded::api().with(|method, _| {
        let state = serde_json::json!({
            "@type": "type.googleapis.com/flyteidl.admin.EventFailureReason",
            "already_in_terminal_state": { "current_phase": difference() },
        });
        (method == "ListProjects").then(|| RecordedAnswer::Refusal {
            code: "INVALID_ARGUMENT".to_owned(),
            message: difference(),
            details: vec![state],
        })
    })
}

#[test]
fn a_long_refusal_is_printed_whole() {
    let server = refusing().start();
    let mut home = home_with(&[]);
    server.configure(&mut home);
    let indented = difference().replace('\n', "\n    ");
    let text = format!("error: Flyte refused `ListProjects` (INVALID_ARGUMENT)\n  caused by: {indented}\n");
    assert_eq!(home.run(["get", "projects"]).failure(22).stderr(), text);
    assert_eq!(server.arrived().len(), 1, "a refusal is not tried again");

    let output = output(home.command().args(["get", "projects", "-o", "json"]));
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    let expected = serde_json::json!({ "error": {
        "message": "Flyte refused `ListProjects` (INVALID_ARGUMENT)",
        "causes": [difference()],
        "hints": [],
        "exitCode": 22,
    }});
    assert_eq!((error, output.stdout.len()), (expected, 0));
}

#[cfg(unix)]
#[test]
fn a_terminal_is_not_flooded() {
    let server = refusing().start();
    let mut home = home_with(&[]);
    server.configure(&mut home);
    let short = home.start_on_terminal(["get", "projects"]).finish();
    snapshot!(
        short,
        str![[r#"
error: Flyte refused `ListProjects` (INVALID_ARGUMENT)
  caused by: workflow with different structure already exists:
    /template/nodes/1:
    	- a
    	+ ü
    /template/nodes/2:
    	- a
    	+ ü
    /template/nodes/3:
    	- a
    	+ ü
    /template/nodes/4:
    	- a
    	+ ü
    /template/nodes/5:
    	- a
    	+ ü
    /template/nodes/6:
    	- a
    	+ ü
    /template/nodes/7:
    	- a
    	+ ü
    /template/nodes/8:
    	- a
    	+ ü
    … 262549 bytes omitted; use `-v` or `-o json` to see them …
    	+ ü
    /template/nodes/7998:
    	- a
    	+ ü
    /template/nodes/7999:
    	- a
    	+ ü
    /template/nodes/8000:
    	- a
    	+ ü
[exit: 22]
"#]]
    );
    let whole = home.start_on_terminal(["get", "projects", "-v"]).finish();
    assert!(
        whole.contains("/template/nodes/4000:") && whole.stdout().len() > 200_000,
        "{} bytes",
        whole.stdout().len()
    );
}

/// A task, and a workflow of so many nodes that print a text.
fn workflow(nodes: usize, text: &str) -> String {
    let task = "name: say\nimage: sh\ncommand: [sh, -c, printf]\ninputs: {text: str}\noutputs: {text: str}\n";
    let node = |number| format!("  n{number}: {{task: say, inputs: {{text: {text}}}}}\n");
    format!("{task}---\nworkflow: wide\nnodes:\n{}", (0..nodes).map(node).collect::<String>())
}

#[test]
fn the_served_sandbox_refuses_at_length_as_well() {
    let served = served::empty(20 << 20);
    served.home.write("wide.yaml", workflow(500, "one"));
    let register = ["register", "wide.yaml", "--version", "v1"];
    served.run(&register).success();
    served.home.write("wide.yaml", workflow(500, "two"));
    let refused = served.run(register);
    let refused = refused.failure(22).stderr();
    assert!(refused.len() > 16 << 10, "{} bytes: {refused}", refused.len());
    assert_eq!(refused.matches("workflow with different structure already exists").count(), 1, "{refused}");
    assert_eq!(refused.matches("+ two").count(), 500, "{refused}");
}

#[test]
fn a_request_that_is_too_large_is_refused() {
    let served = served::empty(64 << 10);
    let arguments = "x".repeat(100_000);
    served.home.write(
        "large.yaml",
        format!("name: large\nimage: sh\ncommand: [sh, -c]\narguments: ['{arguments}']\n"),
    );
    snapshot!(
        served.run(["register", "large.yaml", "--version", "v1"]),
        str![[r#"
KIND  NAME   VERSION  RESULT
task  large  v1       failed
------- stderr -------
1 failed
error: could not register task `large`
  caused by: Flyte refused `CreateTask` (RESOURCE_EXHAUSTED)
  caused by: grpc: received message larger than max (more than 65536 vs. 65536)
hint: send less, or have the server's operator raise `server.grpc.maxMessageSizeBytes`
[exit: 22]
"#]]
    );
}
