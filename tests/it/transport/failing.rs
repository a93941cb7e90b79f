//! Transports that fail: the error names the plugin, and a hint what to do.

use snapbox::str;
use tests::{Transcript, snapshot};

use super::{every_command, home_where};

#[test]
fn an_error() {
    snapshot!(
        every_command(&home_where("error")),
        str![[r#"
$ flyte-host teams
------- stderr -------
error: transport failed while calling `ListProjects`
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
$ flyte-host version -o name
flyte-host
transport
------- stderr -------
error: transport failed while calling `GetVersion`
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
$ flyte-host get tasks -o name
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
$ flyte-host register task.yaml --version v1
KIND  NAME        VERSION  RESULT
task  where-am-i  v1       failed
------- stderr -------
1 failed
error: could not register task `where-am-i`
  caused by: transport failed while calling `CreateTask`
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
$ flyte-host run remembered --task --name first
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]

"#]]
    );
}

#[test]
fn a_panic() {
    snapshot!(
        every_command(&home_where("panic")),
        str![[r#"
$ flyte-host teams
------- stderr -------
error: transport failed while calling `ListProjects`
  caused by: plugin `transport` 0.7.0 panicked in `transport`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/transport/src/lib.rs:130)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host version -o name
flyte-host
transport
------- stderr -------
error: transport failed while calling `GetVersion`
  caused by: plugin `transport` 0.7.0 panicked in `transport`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/transport/src/lib.rs:130)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host get tasks -o name
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 panicked in `transport`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/transport/src/lib.rs:130)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host register task.yaml --version v1
KIND  NAME        VERSION  RESULT
task  where-am-i  v1       failed
------- stderr -------
1 failed
error: could not register task `where-am-i`
  caused by: transport failed while calling `CreateTask`
  caused by: plugin `transport` 0.7.0 panicked in `transport`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/transport/src/lib.rs:130)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host run remembered --task --name first
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 panicked in `transport`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/transport/src/lib.rs:130)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]

"#]]
    );
}

#[test]
fn a_panic_when_it_is_made() {
    snapshot!(
        every_command(&home_where("panic-open")),
        str![[r#"
$ flyte-host teams
------- stderr -------
error: plugin `transport` 0.7.0 panicked in `transport`
  caused by: no way out of here (tests/plugins/transport/src/lib.rs:58)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host version -o name
flyte-host
transport
------- stderr -------
error: plugin `transport` 0.7.0 panicked in `transport`
  caused by: no way out of here (tests/plugins/transport/src/lib.rs:58)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host get tasks -o name
------- stderr -------
error: plugin `transport` 0.7.0 panicked in `transport`
  caused by: no way out of here (tests/plugins/transport/src/lib.rs:58)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host register task.yaml --version v1
------- stderr -------
error: plugin `transport` 0.7.0 panicked in `transport`
  caused by: no way out of here (tests/plugins/transport/src/lib.rs:58)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host run remembered --task --name first
------- stderr -------
error: plugin `transport` 0.7.0 panicked in `transport`
  caused by: no way out of here (tests/plugins/transport/src/lib.rs:58)
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]

"#]]
    );
}

#[test]
fn an_invalid_answer() {
    snapshot!(
        every_command(&home_where("garbage")),
        str![[r#"
$ flyte-host teams
------- stderr -------
error: plugin `transport` 0.7.0 failed in the command `teams`
  caused by: Flyte refused `ListProjects` (INTERNAL)
  caused by: could not decode the response: failed to decode Protobuf message: invalid key value: 8858370047
[exit: 22]
$ flyte-host version -o name
flyte-host
transport
------- stderr -------
error: transport failed while calling `GetVersion`
  caused by: could not decode the response passed on by plugin `transport`
  caused by: failed to decode Protobuf message: invalid key value: 8858370047
[exit: 11]
$ flyte-host get tasks -o name
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: could not decode the response passed on by plugin `transport`
  caused by: failed to decode Protobuf message: invalid key value: 8858370047
[exit: 11]
$ flyte-host register task.yaml --version v1
KIND  NAME        VERSION  RESULT
task  where-am-i  v1       failed
------- stderr -------
1 failed
error: could not register task `where-am-i`
  caused by: transport failed while calling `CreateTask`
  caused by: could not decode the response passed on by plugin `transport`
  caused by: failed to decode Protobuf message: invalid key value: 8858370047
[exit: 11]
$ flyte-host run remembered --task --name first
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: could not decode the response passed on by plugin `transport`
  caused by: failed to decode Protobuf message: invalid key value: 8858370047
[exit: 11]

"#]]
    );
    snapshot!(
        home_where("ok").run(["get", "tasks"]),
        str![[r#"
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 returned an invalid value from `transport`
  caused by: OK is not how a call fails
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn an_invalid_call() {
    let mut transcript = Transcript::new();
    transcript.add(home_where("bad-header").run(["get", "tasks"]));
    transcript.add(home_where("bad-path").run(["get", "tasks"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 returned an invalid value from `transport`
  caused by: `X-Acme\r\n` is not the key of a header: lower-case letters, digits, `-`, `_` and `.`
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]
$ flyte-host get tasks
------- stderr -------
error: transport failed while calling `ListTasks`
  caused by: plugin `transport` 0.7.0 returned an invalid value from `transport`
  caused by: `GetVersion` is not the path of a method, such as `/flyteidl.service.AdminService/GetTask`
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
[exit: 11]

"#]]
    );
}

#[test]
fn a_status_as_if_of_the_server_is_the_servers() {
    snapshot!(
        every_command(&home_where("refuse")),
        str![[r#"
$ flyte-host teams
------- stderr -------
error: plugin `transport` 0.7.0 failed in the command `teams`
  caused by: Flyte refused `ListProjects` (PERMISSION_DENIED)
  caused by: the company's policy says no
[exit: 22]
$ flyte-host version -o name
flyte-host
transport
------- stderr -------
error: Flyte refused `GetVersion` (PERMISSION_DENIED)
  caused by: the company's policy says no
[exit: 22]
$ flyte-host get tasks -o name
------- stderr -------
error: Flyte refused `ListTasks` (PERMISSION_DENIED)
  caused by: the company's policy says no
[exit: 22]
$ flyte-host register task.yaml --version v1
KIND  NAME        VERSION  RESULT
task  where-am-i  v1       failed
------- stderr -------
1 failed
error: could not register task `where-am-i`
  caused by: Flyte refused `CreateTask` (PERMISSION_DENIED)
  caused by: the company's policy says no
[exit: 22]
$ flyte-host run remembered --task --name first
------- stderr -------
error: Flyte refused `ListTasks` (PERMISSION_DENIED)
  caused by: the company's policy says no
[exit: 22]

"#]]
    );
}

#[test]
fn a_server_that_only_the_plugin_can_miss() {
    let mut transcript = Transcript::new();
    transcript.add(home_where("unreachable").run(["get", "tasks"]));
    transcript.add(home_where("unreachable").run(["teams"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks
------- stderr -------
error: cannot reach Flyte in 3 tries within [TIME]
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel has no other end
[exit: 21]
$ flyte-host teams
------- stderr -------
error: cannot reach Flyte
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel has no other end
[exit: 21]

"#]]
    );
}

#[test]
fn only_one_method() {
    let home = home_where("error:CreateTask");
    snapshot!(home.run(["get", "tasks", "-o", "name"]), str!["[exit: 0]"]);
    snapshot!(
        home.run(["register", "task.yaml", "--version", "v1"]),
        str![[r#"
KIND  NAME        VERSION  RESULT
task  where-am-i  v1       failed
------- stderr -------
1 failed
error: could not register task `where-am-i`
  caused by: transport failed while calling `CreateTask`
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
"#]]
    );
}
