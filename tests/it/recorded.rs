//! Commands against the answers of a real Flyte 1.16.8 (`recordings/README.md`).

use snapbox::str;
use tests::{Recorded, TestEnvironment, recorded::Listening, snapshot};

use crate::home_with;

/// A home whose Flyte is a recorded one.
fn home_of(flyte: &Listening) -> TestEnvironment {
    let mut home = home_with(&[]);
    flyte.configure(&mut home);
    home
}

#[test]
fn the_server() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    snapshot!(
        home.run(&["get", "domains"]),
        str![[r#"
DOMAIN       NAME
development  development
staging      staging
production   production
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["version"]),
        str![[r#"
PART    NAME             VERSION
client  flyte-host       [VERSION]
server  127.0.0.1:[PORT]  <build>
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["whoami"]),
        str![[r#"
------- stderr -------
`127.0.0.1:[PORT]` asks nobody to sign in
[exit: 0]
"#]]
    );
}

#[test]
fn tasks_and_executions() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    snapshot!(
        home.run(&["get", "tasks", "-p", "ga-a-list"]),
        str![[r#"
NAME   VERSION  TYPE         CREATED
l.a    v1       python-task  2026-11-28T12:36:21Z
l.a    v2       python-task  2026-11-28T12:36:21Z
l.b    v1       spark        2026-11-28T12:36:21Z
l.c_d  v1       python-task  2026-11-28T12:36:21Z
m.x    v3       python-task  2026-11-28T12:36:21Z
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["get", "executions", "-p", "ga-a-exec"]),
        str![[r#"
NAME   PHASE    RUNS                    CREATED               DURATION
run-a  ABORTED  launch plan x.stuck:v1  2026-11-28T12:36:22Z  377ms
run-b  ABORTED  launch plan x.stuck:v1  2026-11-28T12:36:22Z  293ms
run-c  ABORTED  launch plan x.stuck:v1  2026-11-28T12:36:22Z  268ms
run-d  ABORTED  task x.stuck:v1         2026-11-28T12:36:22Z  184ms
run-g  ABORTED  launch plan x.stuck:v1  2026-11-28T12:36:22Z  70ms
[exit: 0]
"#]]
    );
}
