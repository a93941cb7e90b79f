//! The end of following: timeout, Ctrl-C, gates.

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::flyte::{hello, lasting, redact};

#[test]
fn following_may_end_before_the_execution() {
    let flyte = hello();
    let run = ["run", "hello.sleep", "--wait", "--timeout", "0s", "--name", "long"];
    snapshot!(
        flyte.outcome(&run),
        str![[r#"
------- stderr -------
running task `hello.sleep`, version `v1`
started execution `long`
error: execution `long` is still running after [DURATION]
hint: run `flyte-host execution watch long` to reattach
[exit: 1]
"#]]
    );
    flyte.run(["execution", "terminate", "long", "--cause", "enough"]).success();
    // How far the node came depends on the moment.
    let watched = flyte.run(["execution", "watch", "long"]);
    let (_, error) = watched.failure(1).stderr().split_once("error:").unwrap();
    snapshot!(
        error,
        str![[r#"
 execution `long` was aborted
  caused by: enough
hint: run `flyte-host execution show long` to see its nodes

"#]]
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_execution_running() {
    let flyte = hello();
    let mut run = flyte.home.start(["run", "hello.sleep", "--wait", "--name", "long"]);
    // The handler is there before the first look.
    let running = run.until("hellosleep: RUNNING");
    run.press_ctrl_c();
    let output = run.finish();
    let (_, after) = output.failure(130).stderr().split_once(&running).unwrap();
    snapshot!(
        after.trim(),
        str![[r#"
detached; execution `long` keeps running
follow it with `flyte-host execution watch long`, stop it with `flyte-host execution terminate long`
"#]]
    );
    snapshot!(
        flyte.run(["get", "executions", "--filter", "phase=RUNNING", "-o", "name"]),
        str![[r#"
long
[exit: 0]
"#]]
    );
    flyte.run(["execution", "terminate", "long"]).success();
}

#[test]
fn a_gate_is_answered_from_a_second_terminal() {
    let flyte = hello();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/gates/gates.yaml");
    flyte.run(["register", file]).success();
    let mut run = flyte.home.start(["run", "hello.gated", "--wait", "--name", "gated"]);
    run.until("waits for a value");
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["execution", "set-input", "gated", "Book"]));
    run.until("waits for approval");
    transcript.add(flyte.run(["execution", "show", "gated"]));
    transcript.add(flyte.run(["execution", "approve", "gated", "may-i"]));
    let output = run.finish().map(redact).map(lasting);
    snapshot!(
        output,
        str![[r#"
NAME      VALUE
greeting  Hello, Book!
------- stderr -------
running launch plan `hello.gated`, version `v1`
started execution `gated`
node n0 (title): waits for a value of type `str`; run `flyte-host execution set-input gated title VALUE`
node n0 (title): SUCCEEDED, [DURATION]
node n1 (may-i): waits for approval; run `flyte-host execution approve gated may-i` or `flyte-host execution reject gated may-i`
node n1 (may-i): SUCCEEDED, [DURATION]
node n2 (greet): SUCCEEDED, stored in the cache, [DURATION]
execution gated: SUCCEEDED, [DURATION]
[exit: 0]
"#]]
    );
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution set-input gated Book
------- stderr -------
answered gate `title` of execution `gated`
[exit: 0]
$ flyte-host execution show gated
NAME     gated
PHASE    RUNNING
PROJECT  flytesnacks
DOMAIN   development
RUNS     launch plan hello.gated:v1
MODE     MANUAL
CREATED  [TIME]
STARTED  [TIME]
NODES
  n0 (title)  SUCCEEDED, [DURATION]
  n1 (may-i)  RUNNING
              waits for approval; run `flyte-host execution approve gated may-i` or `flyte-host execution reject gated may-i`
[exit: 0]
$ flyte-host execution approve gated may-i
------- stderr -------
approved gate `may-i` of execution `gated`
[exit: 0]

"#]]
    );
}

#[test]
fn a_gate_that_is_rejected_fails() {
    let flyte = hello();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/gates/gates.yaml");
    flyte.run(["register", file]).success();
    let mut run = flyte.home.start(["run", "hello.gated", "--wait", "--name", "gated"]);
    run.until("waits for a value");
    // A gate that was not reached yet finds the answer there.
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["execution", "reject", "gated", "may-i"]));
    transcript.add(flyte.run(["execution", "set-input", "gated", "title", "-o", "json", "Book"]));
    let output = run.finish();
    let (_, error) = output.failure(1).stderr().split_once("error:").unwrap();
    snapshot!(
        error,
        str![[r#"
 execution `gated` failed
  caused by: node `n1` (may-i) failed
  caused by: received a reject signal to disapprove the node input values

"#]]
    );
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution reject gated may-i
------- stderr -------
rejected gate `may-i` of execution `gated`
[exit: 0]
$ flyte-host execution set-input gated title -o json Book
{
  "execution": "gated",
  "gate": "title",
  "value": "Book"
}
------- stderr -------
answered gate `title` of execution `gated`
[exit: 0]

"#]]
    );
}
