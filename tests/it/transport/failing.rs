//! Transports that fail: the user is told whose it was, and what to do.

use snapbox::str;
use tests::snapshot;

use super::home_where;

const REGISTER: [&str; 4] = ["register", "task.yaml", "--version", "v1"];

#[test]
fn an_error() {
    let home = home_where("error");
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: `GetVersion` could not be carried to Flyte
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
"#]]
    );
    snapshot!(
        home.run(&["teams"]),
        str![[r#"
------- stderr -------
error: plugin `transport` 0.7.0 failed in the command `teams`
  caused by: `ListProjects` could not be carried to Flyte
  caused by: plugin `transport` 0.7.0 failed in `transport`
  caused by: the tunnel is closed
  caused by: no key was given
hint: run `acme tunnel`
[exit: 11]
"#]]
    );
    snapshot!(
        home.run(&REGISTER),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  --dry-run

Usage: flyte-host register --dry-run --version <VERSION> <FILES>...

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn a_panic() {
    let home = home_where("panic");
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: `GetVersion` could not be carried to Flyte
  caused by: plugin `transport` 0.7.0 panicked in `transport`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/transport/src/lib.rs:122)
hint: this is a bug in the plugin; report it to its author, and go on with `--no-plugins`
[exit: 11]
"#]]
    );
    snapshot!(
        home.run(&["teams"]),
        str![[r#"
------- stderr -------
error: plugin `transport` 0.7.0 failed in the command `teams`
  caused by: `ListProjects` could not be carried to Flyte
  caused by: plugin `transport` 0.7.0 panicked in `transport`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/transport/src/lib.rs:122)
hint: this is a bug in the plugin; report it to its author, and go on with `--no-plugins`
[exit: 11]
"#]]
    );
    snapshot!(
        home.run(&REGISTER),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  --dry-run

Usage: flyte-host register --dry-run --version <VERSION> <FILES>...

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn a_panic_when_it_is_made() {
    snapshot!(
        home_where("panic-open").run(&REGISTER),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  --dry-run

Usage: flyte-host register --dry-run --version <VERSION> <FILES>...

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn an_answer_that_is_none() {
    let home = home_where("garbage");
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: Flyte refused `GetVersion` (INTERNAL)
  caused by: the answer cannot be read: failed to decode Protobuf message: invalid key value: 8858370047
[exit: 22]
"#]]
    );
    snapshot!(
        home_where("ok").run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: `GetVersion` could not be carried to Flyte
  caused by: plugin `transport` 0.7.0 returned something unusable from `transport`
  caused by: OK is not how a call fails
hint: this is a bug in the plugin; report it to its author, and go on with `--no-plugins`
[exit: 11]
"#]]
    );
}

#[test]
fn a_call_that_is_none() {
    snapshot!(
        home_where("bad-header").run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: `GetVersion` could not be carried to Flyte
  caused by: plugin `transport` 0.7.0 returned something unusable from `transport`
  caused by: `X-Acme\r\n` is not the key of a header: lower-case letters, digits, `-`, `_` and `.`
hint: this is a bug in the plugin; report it to its author, and go on with `--no-plugins`
[exit: 11]
"#]]
    );
    snapshot!(
        home_where("bad-path").run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: `GetVersion` could not be carried to Flyte
  caused by: plugin `transport` 0.7.0 returned something unusable from `transport`
  caused by: `GetVersion` is not the path of a method, such as `/flyteidl.service.AdminService/GetTask`
hint: this is a bug in the plugin; report it to its author, and go on with `--no-plugins`
[exit: 11]
"#]]
    );
}

#[test]
fn a_status_as_if_of_the_server_is_the_servers() {
    let home = home_where("refuse");
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: Flyte refused `GetVersion` (PERMISSION_DENIED)
  caused by: the company's policy says no
[exit: 22]
"#]]
    );
    snapshot!(
        home.run(&["teams"]),
        str![[r#"
------- stderr -------
error: plugin `transport` 0.7.0 failed in the command `teams`
  caused by: Flyte refused `ListProjects` (PERMISSION_DENIED)
  caused by: the company's policy says no
[exit: 22]
"#]]
    );
    snapshot!(
        home.run(&REGISTER),
        str![[r#"
------- stderr -------
error: the following required arguments were not provided:
  --dry-run

Usage: flyte-host register --dry-run --version <VERSION> <FILES>...

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn a_server_that_only_the_plugin_can_miss() {
    let home = home_where("unreachable");
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME        VERSION
client  flyte-host  [VERSION]
plugin  transport   0.7.0
------- stderr -------
error: cannot reach Flyte in 3 tries within [TIME]
  caused by: the tunnel has no other end
[exit: 21]
"#]]
    );
    snapshot!(
        home.run(&["teams"]),
        str![[r#"
------- stderr -------
error: plugin `transport` 0.7.0 failed in the command `teams`
  caused by: cannot reach Flyte
  caused by: the tunnel has no other end
[exit: 21]
"#]]
    );
}
