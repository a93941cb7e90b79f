//! Gates: what they wait for, and the commands that answer them.

use serde_json::json;
use snapbox::str;
use tests::{
    Recorded, Transcript,
    recorded::{EXECUTION, Listening},
    snapshot,
};

use super::{home_of, run_recorded, still_running};

/// An execution that waits at a gate.
fn waiting(scenario: &str, node: &'static str) -> Recorded {
    let recorded = Recorded::scenario(scenario).with_changed(|method, answer| {
        if method == "ListSignals" {
            answer["signals"][0].as_object_mut().expect("a signal").remove("value");
        }
    });
    still_running(recorded, node)
}

#[test]
fn what_gates_wait_for() {
    let home = |flyte: &Listening| home_of(flyte);
    let approval = waiting("gate_approve_yes", "n1").start();
    let watch = ["execution", "watch", EXECUTION, "--timeout", "0s", "-p", "flytesnacks"];
    let mut transcript = Transcript::new();
    transcript.add(home(&approval).run(&watch));
    let value = waiting("gate_input", "n0").start();
    transcript.add(home(&value).run(["execution", "show", EXECUTION]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution watch execution --timeout 0s -p flytesnacks
------- stderr -------
execution execution: RUNNING
node n0 (inc): SUCCEEDED, 1.5s
node n1 (may-i): RUNNING
node n1 (may-i): waits for approval; run `flyte-host execution approve execution may-i -p flytesnacks` or `flyte-host execution reject execution may-i -p flytesnacks`
error: execution `execution` is still running after 0ms
  caused by: node `n1` (may-i) is RUNNING: waits for approval; run `flyte-host execution approve execution may-i -p flytesnacks` or `flyte-host execution reject execution may-i -p flytesnacks`
hint: run `flyte-host execution watch execution -p flytesnacks` to reattach
[exit: 1]
$ flyte-host execution show execution
NAME     execution
PHASE    RUNNING
PROJECT  flytesnacks
DOMAIN   development
RUNS     launch plan w_gate.gate_input:v1
MODE     MANUAL
CREATED  2026-01-02T03:04:05Z
STARTED  2026-01-02T03:04:05Z
NODES
  n0 (title)  RUNNING
              waits for a value of type `str`; run `flyte-host execution set-input execution title VALUE`
[exit: 0]

"#]]
    );
}

#[test]
fn gates_are_answered() {
    let flyte = waiting("gate_approve_yes", "n1").start();
    let home = home_of(&flyte);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["execution", "approve", EXECUTION]));
    let flyte = waiting("gate_approve_no", "n1").start();
    let home = home_of(&flyte);
    transcript.add(home.run(["execution", "reject", EXECUTION, "may-i", "-o", "json"]));
    let flyte = waiting("gate_input", "n0").start();
    let home = home_of(&flyte);
    transcript.add(home.run(["execution", "set-input", EXECUTION, "Book"]));
    transcript.add(home.run(["execution", "set-input", EXECUTION, "n0", "Second", "-o", "name"]));
    assert_eq!(flyte.count("SetSignal"), 2);
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution approve execution
------- stderr -------
approved gate `may-i` of execution `execution`
[exit: 0]
$ flyte-host execution reject execution may-i -o json
{
  "execution": "execution",
  "gate": "may-i",
  "value": false
}
------- stderr -------
rejected gate `may-i` of execution `execution`
[exit: 0]
$ flyte-host execution set-input execution Book
------- stderr -------
answered gate `title` of execution `execution`
[exit: 0]
$ flyte-host execution set-input execution n0 Second -o name
title
------- stderr -------
answered gate `title` of execution `execution`
[exit: 0]

"#]]
    );
}

#[test]
fn an_invalid_answer_is_refused_before_it_is_sent() {
    let flyte = waiting("gate_approve_yes", "n1").start();
    let home = home_of(&flyte);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["execution", "approve", EXECUTION, "may-y"]));
    transcript.add(home.run(["execution", "set-input", EXECUTION, "may-i", "7"]));
    transcript.add(home.run(["execution", "set-input", EXECUTION, "7"]));
    assert_eq!(flyte.count("SetSignal"), 0);
    let flyte = waiting("gate_input", "n0").with_changed(|method, answer| {
        if method == "ListSignals" {
            answer["signals"][0]["type"] = json!({ "simple": "INTEGER" });
        }
    });
    let flyte = flyte.start();
    let home = home_of(&flyte);
    transcript.add(home.run(["execution", "set-input", EXECUTION, "title", "three"]));
    transcript.add(home.run(["execution", "approve", EXECUTION, "title"]));
    assert_eq!(flyte.count("SetSignal"), 0);
    transcript.add(run_recorded("gate_input", &["execution", "set-input", EXECUTION, "title", "again"]));
    transcript
        .add(run_recorded("gate_input_timeout", &["execution", "set-input", EXECUTION, "late", "again"]));
    transcript.add(run_recorded("single_task", &["execution", "approve", EXECUTION]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution approve execution may-y
------- stderr -------
error: no gate `may-y` in execution `execution`
  caused by: the gates of the execution: `may-i` (waits for approval)
hint: did you mean `may-i`?
[exit: 1]
$ flyte-host execution set-input execution may-i 7
------- stderr -------
error: gate `may-i` waits for approval
hint: run `flyte-host execution approve execution may-i`
[exit: 1]
$ flyte-host execution set-input execution 7
------- stderr -------
error: no gate of execution `execution` waits for a value
  caused by: the gates of the execution: `may-i` (waits for approval)
[exit: 1]
$ flyte-host execution set-input execution title three
------- stderr -------
error: invalid value for gate `title`
  caused by: expected `int`, got text `three`
[exit: 1]
$ flyte-host execution approve execution title
------- stderr -------
error: gate `title` waits for a value of type `int`
hint: run `flyte-host execution set-input execution title VALUE`
[exit: 1]
$ flyte-host execution set-input execution title again
------- stderr -------
error: gate `title` of execution `execution` is already answered
  caused by: the answer is Second
[exit: 1]
$ flyte-host execution set-input execution late again
------- stderr -------
error: no gate `late` in execution `execution`
  caused by: the gates of the execution: `title-late` (FAILED)
[exit: 1]
$ flyte-host execution approve execution
------- stderr -------
error: no gate of execution `execution` waits for approval
  caused by: the execution has no gates
[exit: 1]

"#]]
    );
}
