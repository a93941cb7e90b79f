//! Failures, as the commands that show an execution report them.

use serde_json::{Value, json};
use snapbox::str;
use tests::{Recorded, Transcript, recorded::EXECUTION, snapshot};

use super::{home_of, run_recorded, watch_recorded};

#[test]
fn a_failure_is_reported_in_full() {
    snapshot!(
        watch_recorded("fails_beside"),
        str![[r#"
------- stderr -------
node n0 (fail): FAILED, 1.5s: ValueError: no 5
node n1 (slow): ABORTED, 1.5s
execution execution: FAILED, 1.5s
error: execution `execution` failed
  caused by: node `n0` (fail) failed
  caused by: Trace:

        Traceback (most recent call last):
          File "/home/user/module.py", line 12, in task
        ValueError: no 5

    Message:

        ValueError: no 5
hint: see its logs: http://localhost:30080/log/flytesnacks-development/execution-n0-0
[exit: 1]
"#]]
    );
}

#[test]
fn a_failure_within_a_sub_workflow() {
    let mut transcript = Transcript::new();
    transcript.add(watch_recorded("sub_fails"));
    transcript.add(run_recorded("sub_fails", &["execution", "show", EXECUTION]));
    transcript.add(run_recorded("sub_fails", &["get", "nodes", EXECUTION]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution watch execution
------- stderr -------
node n0-0-n0 (inc) in n0 (broken): SUCCEEDED, 1.5s
node n0-0-n1 (fail) in n0 (broken): FAILED, 1.5s: ValueError: no 6
node n0 (broken): FAILED, 1.5s: ValueError: no 6
execution execution: FAILED, 1.5s
error: execution `execution` failed
  caused by: node `n0-0-n1` (fail) failed
  caused by: Trace:

        Traceback (most recent call last):
          File "/home/user/module.py", line 12, in task
        ValueError: no 6

    Message:

        ValueError: no 6
hint: see its logs: http://localhost:30080/log/flytesnacks-development/execution-n0-0-n1-0
[exit: 1]
$ flyte-host execution show execution
NAME      execution
PHASE     FAILED
PROJECT   flytesnacks
DOMAIN    development
RUNS      launch plan w_sub.sub_fails:v1
MODE      MANUAL
CREATED   2026-01-02T03:04:05Z
STARTED   2026-01-02T03:04:05Z
DURATION  1.5s
ERROR     Trace:

              Traceback (most recent call last):
                File "/home/user/module.py", line 12, in task
              ValueError: no 6

          Message:

              ValueError: no 6
NODES
  n0 (broken)       FAILED, 1.5s
    n0-0-n0 (inc)   SUCCEEDED, 1.5s
    n0-0-n1 (fail)  FAILED, 1.5s
                    Trace:

                        Traceback (most recent call last):
                          File "/home/user/module.py", line 12, in task
                        ValueError: no 6

                    Message:

                        ValueError: no 6
[exit: 0]
$ flyte-host get nodes execution
NODE       NAME    PHASE      CACHE  STARTED               DURATION  ERROR
n0         broken  FAILED     -      2026-01-02T03:04:05Z  1.5s      ValueError: no 6
  n0-0-n0  inc     SUCCEEDED  -      2026-01-02T03:04:05Z  1.5s      -
  n0-0-n1  fail    FAILED     -      2026-01-02T03:04:05Z  1.5s      ValueError: no 6
[exit: 0]

"#]]
    );
}

#[test]
fn a_failure_in_the_execution_of_a_launch_plan_node() {
    snapshot!(
        watch_recorded("lp_node_fails"),
        str![[r#"
------- stderr -------
node n0 (broken): FAILED, 1.5s, execution child-1: ValueError: no 5
execution execution: FAILED, 1.5s
error: execution `execution` failed
  caused by: node `n0` (broken) failed
  caused by: execution `child-1` failed
  caused by: node `n0` (fail) failed
  caused by: Trace:

        Traceback (most recent call last):
          File "/home/user/module.py", line 12, in task
        ValueError: no 5

    Message:

        ValueError: no 5
hint: see its logs: http://localhost:30080/log/flytesnacks-development/child-1-n0-0
[exit: 1]
"#]]
    );
}

#[test]
fn a_failure_node_that_fails_hides_nothing() {
    snapshot!(
        watch_recorded("onfail_breaks"),
        str![[r#"
------- stderr -------
node n0 (fail): FAILED, 1.5s: ValueError: no 5
node fn0 (clean_breaks): FAILED, 1.5s: ValueError: handler of 5
execution execution: FAILED, 1.5s
error: execution `execution` failed
  caused by: node `n0` (fail) failed
  caused by: Trace:

        Traceback (most recent call last):
          File "/home/user/module.py", line 12, in task
        ValueError: no 5

    Message:

        ValueError: no 5
  caused by: node `fn0` (clean_breaks) failed
  caused by: Trace:

        Traceback (most recent call last):
          File "/home/user/module.py", line 12, in task
        ValueError: handler of 5

    Message:

        ValueError: handler of 5
hint: see its logs: http://localhost:30080/log/flytesnacks-development/execution-n0-0
[exit: 1]
"#]]
    );
}

#[test]
fn a_failed_node_without_an_error_of_its_own() {
    snapshot!(
        watch_recorded("eager_fails"),
        str![[r#"
------- stderr -------
node weagereagerfails: FAILED, 1.5s: FlyteNonRecoverableSystemException: USER:NonRecoverableSystemError: error=Error executing w_eager.fail with error: Flyte Serialized object (ExecutionError): code: USER:RuntimeError
execution execution: FAILED, 1.5s
error: execution `execution` failed
  caused by: node `weagereagerfails` failed
  caused by: Trace:

        Traceback (most recent call last):
          File "/home/user/module.py", line 12, in task
        flytekit.exceptions.system.FlyteNonRecoverableSystemException: USER:NonRecoverableSystemError: error=Error executing w_eager.fail with error: Flyte Serialized object (ExecutionError):
          code: USER:RuntimeError
          message: Trace: Traceback (most recent call last): File [...]
          kind: 1

    Message:

        FlyteNonRecoverableSystemException: USER:NonRecoverableSystemError: error=Error executing w_eager.fail with error: Flyte Serialized object (ExecutionError):
          code: USER:RuntimeError
          message: Trace: Traceback (most recent call last): File [...]
          kind: 1
hint: see its logs: http://localhost:30080/log/flytesnacks-development/execution-weagereagerfails-0
[exit: 1]
"#]]
    );
}

#[test]
fn errors_are_whole_in_json() {
    let flyte = Recorded::scenario("sub_fails").start();
    let home = home_of(&flyte);
    let nodes = home.run(["get", "nodes", EXECUTION, "-o", "json"]).json();
    let message = |node: &Value| node["closure"]["error"]["message"].as_str().map(str::to_owned);
    let whole: Vec<_> = nodes.as_array().unwrap().iter().filter_map(message).collect();
    assert_eq!(whole.len(), 2);
    assert!(whole.iter().all(|message| message.ends_with("ValueError: no 6")), "{whole:?}");
    assert_eq!(nodes[1]["name"], "broken");
    let map = run_recorded("map_cached", &["get", "nodes", "execution-2", "n0", "-o", "json"]).json();
    let element = map["elements"][0].as_object().unwrap();
    let keys: Vec<_> = element.keys().map(String::as_str).collect();
    assert_eq!(keys, ["index", "attempt", "phase", "cacheStatus", "error", "logs"]);
    assert_eq!((&element["cacheStatus"], &element["error"]), (&json!("CACHE_HIT"), &Value::Null));
    assert_eq!(flyte.count("GetNodeExecution"), 2);
    assert_eq!(flyte.count("GetWorkflow"), 1);
}

#[test]
fn an_aborted_execution_shows_the_cause() {
    let mut transcript = Transcript::new();
    transcript.add(watch_recorded("abort_workflow"));
    transcript.add(run_recorded("abort_lp", &["execution", "show", EXECUTION]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution watch execution
------- stderr -------
node n0 (inc): SUCCEEDED, 1.5s
node n1-0-n0 (wait) in n1 (inner): ABORTED, 1.5s
node n1 (inner): ABORTED, 1.5s
execution execution: ABORTED, 1.5s
error: execution `execution` was aborted
  caused by: abort it
hint: run `flyte-host execution show execution` to see its nodes
[exit: 1]
$ flyte-host execution show execution
NAME      execution
PHASE     ABORTED
PROJECT   flytesnacks
DOMAIN    development
RUNS      launch plan w_abort.abort_lp:v1
MODE      MANUAL
CREATED   2026-01-02T03:04:05Z
STARTED   2026-01-02T03:04:05Z
DURATION  1.5s
ERROR     abort it
NODES
  n0 (inner)  ABORTED, 1.5s, execution child-1
              Workflow aborted.
[exit: 0]

"#]]
    );
}
