//! Following executions, as a real Flyte 1.16.8 recorded them.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use snapbox::str;
use tests::{
    Recorded, TestEnvironment,
    recorded::{Answer, EXECUTION, Listening},
    snapshot,
};

use crate::home_with;

/// A home whose Flyte has one recorded execution.
fn home_of(flyte: &Listening) -> TestEnvironment {
    let mut home = home_with(&[]);
    flyte.configure(&mut home);
    home
}

/// What a command says of a recorded execution in its end.
fn said(scenario: &str, arguments: &[&str]) -> String {
    let flyte = Recorded::scenario(scenario).start();
    home_of(&flyte).run(arguments)
}

fn watched(scenario: &str) -> String {
    said(scenario, &["execution", "watch", EXECUTION])
}

/// The recorded execution at work: its closure and that of a node have another phase and nothing of their end.
fn at_work(recorded: Recorded, node: &'static str) -> Recorded {
    recorded.with_changed(move |method, answer| {
        let closure = match method {
            "GetExecution" => answer.pointer_mut("/closure"),
            "GetNodeExecution" => answer.pointer_mut("/closure"),
            _ => None,
        };
        closure.into_iter().for_each(begin);
        if method == "ListNodeExecutions"
            && let Some(nodes) = answer["node_executions"].as_array_mut()
        {
            let at = nodes.iter().position(|other| other["id"]["node_id"] == node).expect("the node");
            // Nothing after it has begun.
            nodes.truncate(at + 1);
            begin(&mut nodes[at]["closure"]);
        }
    })
}

fn begin(closure: &mut Value) {
    closure["phase"] = "RUNNING".into();
    let closure = closure.as_object_mut().expect("a closure");
    for field in ["error", "outputs", "output_uri", "abort_metadata", "duration"] {
        closure.remove(field);
    }
}

#[test]
fn a_failure_is_told_in_full() {
    snapshot!(
        watched("fails_beside"),
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
    snapshot!(
        watched("sub_fails"),
        str![[r#"
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
"#]]
    );
    snapshot!(
        said("sub_fails", &["execution", "show", EXECUTION]),
        str![[r#"
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
"#]]
    );
    snapshot!(
        said("sub_fails", &["get", "nodes", EXECUTION]),
        str![[r#"
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
        watched("lp_node_fails"),
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
        watched("onfail_breaks"),
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
        watched("eager_fails"),
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
    let nodes = home.run(&["get", "nodes", EXECUTION, "-o", "json"]);
    let nodes: Vec<Value> = serde_json::from_str(nodes.strip_suffix("[exit: 0]").unwrap()).unwrap();
    let message = |node: &Value| node["closure"]["error"]["message"].as_str().map(str::to_owned);
    let whole: Vec<_> = nodes.iter().filter_map(message).collect();
    assert_eq!(whole.len(), 2);
    assert!(whole.iter().all(|message| message.ends_with("ValueError: no 6")), "{whole:?}");
    assert_eq!(nodes[1]["name"], "broken");
    let map = said("map_cached", &["get", "nodes", "execution-2", "n0", "-o", "json"]);
    let map: Value = serde_json::from_str(map.strip_suffix("[exit: 0]").unwrap()).unwrap();
    let element = map["elements"][0].as_object().unwrap();
    let keys: Vec<_> = element.keys().map(String::as_str).collect();
    assert_eq!(keys, ["index", "attempt", "phase", "cacheStatus", "error", "logs"]);
    assert_eq!((&element["cacheStatus"], &element["error"]), (&json!("CACHE_HIT"), &Value::Null));
    assert_eq!(flyte.count("GetNodeExecution"), 2);
    assert_eq!(flyte.count("GetWorkflow"), 1);
}

#[test]
fn who_aborted_an_execution_said_why() {
    snapshot!(
        watched("abort_workflow"),
        str![[r#"
------- stderr -------
node n0 (inc): SUCCEEDED, 1.5s
node n1-0-n0 (wait) in n1 (inner): ABORTED, 1.5s
node n1 (inner): ABORTED, 1.5s
execution execution: ABORTED, 1.5s
error: execution `execution` was aborted
  caused by: abort it
hint: run `flyte-host execution show execution` to see its nodes
[exit: 1]
"#]]
    );
    snapshot!(
        said("abort_lp", &["execution", "show", EXECUTION]),
        str![[r#"
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

#[test]
fn nodes_within_nodes() {
    snapshot!(
        watched("cond_nested"),
        str![[r#"
NAME  VALUE
o0    only x
------- stderr -------
node faphbmgy (say) in n0-0-n0-n0 (inner): SUCCEEDED, 1.5s
node n0-0-n0-n0 (inner) in n0 (outer): SUCCEEDED, 1.5s
node n0 (outer): SUCCEEDED, 1.5s
execution execution: SUCCEEDED, 1.5s
[exit: 0]
"#]]
    );
    snapshot!(
        watched("dyn_nested"),
        str![[r#"
NAME  VALUE
o0    [1]
------- stderr -------
node n0-0-dn0-0-dn0 (inc) in n0-0-dn0 (loop): SUCCEEDED, 1.5s
node n0-0-dn0 (loop) in n0 (outer): SUCCEEDED, 1.5s
node n0 (outer): SUCCEEDED, 1.5s
execution execution: SUCCEEDED, 1.5s
[exit: 0]
"#]]
    );
    snapshot!(
        said("cond_nested", &["get", "nodes", EXECUTION]),
        str![[r#"
NODE          NAME   PHASE      CACHE  STARTED               DURATION  ERROR
n0            outer  SUCCEEDED  -      2026-01-02T03:04:05Z  1.5s      -
  n0-0-n0-n0  inner  SUCCEEDED  -      2026-01-02T03:04:05Z  1.5s      -
    faphbmgy  say    SUCCEEDED  -      2026-01-02T03:04:05Z  1.5s      -
[exit: 0]
"#]]
    );
}

#[test]
fn the_elements_of_a_map_task() {
    snapshot!(
        watched("map_fails"),
        str![[r#"
------- stderr -------
node n0 (w_map.map_no_odd): FAILED, 0 of 3 elements, 1 failed, 1.5s: ValueError: odd 3
execution execution: FAILED, 1.5s
error: execution `execution` failed
  caused by: node `n0` (w_map.map_no_odd) failed
  caused by: 1 of 3 elements failed
  caused by: element 1: Trace:

        Traceback (most recent call last):
          File "/home/user/module.py", line 12, in task
        ValueError: odd 3

    Message:

        ValueError: odd 3
hint: see its logs: http://localhost:30080/log/flytesnacks-development/execution-n0-0-n1-0
[exit: 1]
"#]]
    );
    snapshot!(
        said("map_fails", &["execution", "show", EXECUTION]),
        str![[r#"
NAME      execution
PHASE     FAILED
PROJECT   flytesnacks
DOMAIN    development
RUNS      launch plan w_map.map_fails:v1
MODE      MANUAL
CREATED   2026-01-02T03:04:05Z
STARTED   2026-01-02T03:04:05Z
DURATION  1.5s
ERROR     [1]: Trace:

              Traceback (most recent call last):
                File "/home/user/module.py", line 12, in task
              ValueError: odd 3

          Message:

              ValueError: odd 3
NODES
  n0 (w_map.map_no_odd)  FAILED, 0 of 3 elements, 1 failed, 1.5s
                         [1]: Trace:

                             Traceback (most recent call last):
                               File "/home/user/module.py", line 12, in task
                             ValueError: odd 3

                         Message:

                             ValueError: odd 3
[exit: 0]
"#]]
    );
    snapshot!(
        said("map_fails", &["get", "nodes", EXECUTION]),
        str![[r#"
NODE     NAME              PHASE                              CACHE  STARTED               DURATION  ERROR
n0       w_map.map_no_odd  FAILED, 0 of 3 elements, 1 failed  -      2026-01-02T03:04:05Z  1.5s      ValueError: odd 3
  n0[1]  -                 FAILED                             -      -                     -         ValueError: odd 3
[exit: 0]
"#]]
    );
    snapshot!(
        said("map_fails", &["get", "task-executions", EXECUTION, "n0"]),
        str![[r#"
ATTEMPT  PHASE   TASK                                                            STARTED               DURATION  REASON  LOGS
1        FAILED  w_map.map_no_odd_6b3bd0353da5de6e84d7982921ead2b3-arraynode:v1  2026-01-02T03:04:05Z  1.5s      -       -

ELEMENT  ATTEMPT  PHASE    CACHE  ERROR              LOGS
0        1        ABORTED  -      -                  http://localhost:30080/log/flytesnacks-development/execution-n0-0-n0-0
1        1        FAILED   -      ValueError: odd 3  http://localhost:30080/log/flytesnacks-development/execution-n0-0-n1-0
2        1        ABORTED  -      -                  http://localhost:30080/log/flytesnacks-development/execution-n0-0-n2-0
[exit: 0]
"#]]
    );
    snapshot!(
        said("map_retries", &["get", "task-executions", EXECUTION, "n0"]),
        str![[r#"
ATTEMPT  PHASE      TASK                                                                 STARTED               DURATION  REASON  LOGS
1        SUCCEEDED  w_map.map_retries_odd_6b3bd0353da5de6e84d7982921ead2b3-arraynode:v1  2026-01-02T03:04:05Z  1.5s      -       -

ELEMENT  ATTEMPT  PHASE      CACHE  ERROR  LOGS
0        1        FAILED     -      -      http://localhost:30080/log/flytesnacks-development/execution-n0-0-n0-0
0        2        SUCCEEDED  -      -      http://localhost:30080/log/flytesnacks-development/execution-n0-0-n0-1
1        1        SUCCEEDED  -      -      http://localhost:30080/log/flytesnacks-development/execution-n0-0-n1-0
[exit: 0]
"#]]
    );
}

/// A map task of 100 elements, of which so many are done.
fn hundred(done: usize) -> Vec<Value> {
    let element = |index: usize| {
        let phase = if index < done { "SUCCEEDED" } else { "RUNNING" };
        json!({ "index": index, "external_id": format!("pod-{index}"), "phase": phase })
    };
    (0..100).map(element).collect()
}

#[test]
fn a_map_task_of_a_hundred_elements_has_few_lines_and_calls() {
    let looks = AtomicUsize::new(0);
    let flyte = Recorded::scenario("map_list").with_changed(move |method, answer| {
        if method == "GetExecution" {
            looks.fetch_add(1, Ordering::SeqCst);
        }
        // The first look is the command's own.
        let done = (looks.load(Ordering::SeqCst).saturating_sub(2) * 25).min(100);
        match method {
            "GetExecution" if done < 100 => begin(&mut answer["closure"]),
            "ListNodeExecutions" if done < 100 => {
                let nodes = answer["node_executions"].as_array_mut().expect("nodes");
                nodes.retain(|node| node["id"]["node_id"] != "end-node");
                nodes
                    .iter_mut()
                    .filter(|node| node["id"]["node_id"] == "n0")
                    .for_each(|node| begin(&mut node["closure"]));
            }
            "ListTaskExecutions" => {
                let metadata = &mut answer["task_executions"][0]["closure"]["metadata"];
                metadata["external_resources"] = hundred(done).into();
            }
            _ => {}
        }
    });
    let flyte = flyte.start();
    snapshot!(
        home_of(&flyte).run(&["execution", "watch", EXECUTION]),
        str![[r#"
NAME  VALUE
o0    [2,3,4]
------- stderr -------
execution execution: RUNNING
node n0 (w_chain.map_inc): RUNNING, 0 of 100 elements
node n0 (w_chain.map_inc): RUNNING, 25 of 100 elements
node n0 (w_chain.map_inc): RUNNING, 50 of 100 elements
node n0 (w_chain.map_inc): RUNNING, 75 of 100 elements
node n0 (w_chain.map_inc): SUCCEEDED, 100 of 100 elements, 1.5s
execution execution: SUCCEEDED, 1.5s
[exit: 0]
"#]]
    );
    assert_eq!(flyte.count("ListTaskExecutions"), 5);
}

#[test]
fn why_a_pod_does_not_start() {
    let flyte = Recorded::scenario("m_no_image").with_changed(|method, answer| {
        if method == "ListTaskExecutions" {
            answer["task_executions"][0]["closure"]["phase"] = "INITIALIZING".into();
        }
    });
    let flyte = at_work(flyte, "n0").start();
    let home = home_of(&flyte);
    snapshot!(
        home.run(&["execution", "watch", EXECUTION, "--timeout", "0s"]),
        str![[r#"
------- stderr -------
execution execution: RUNNING
node n0 (no_image): RUNNING
node n0 (no_image): attempt INITIALIZING: [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"
error: execution `execution` is still running after 0ms
  caused by: node `n0` (no_image) is RUNNING: attempt INITIALIZING: [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"
hint: run `flyte-host execution watch execution` to reattach
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["execution", "show", EXECUTION]),
        str![[r#"
NAME     execution
PHASE    RUNNING
PROJECT  flytesnacks
DOMAIN   development
RUNS     launch plan w_more.m_no_image:v1
MODE     MANUAL
CREATED  2026-01-02T03:04:05Z
STARTED  2026-01-02T03:04:05Z
NODES
  n0 (no_image)  RUNNING
                 attempt INITIALIZING: [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["get", "task-executions", EXECUTION, "n0"]),
        str![[r#"
ATTEMPT  PHASE         TASK                STARTED  DURATION  REASON                                                                                                                             LOGS
1        INITIALIZING  w_more.no_image:v1  -        -         [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"  -
[exit: 0]
"#]]
    );
    snapshot!(
        said("m_no_image", &["execution", "show", EXECUTION]),
        str![[r#"
NAME      execution
PHASE     ABORTED
PROJECT   flytesnacks
DOMAIN    development
RUNS      launch plan w_more.m_no_image:v1
MODE      MANUAL
CREATED   2026-01-02T03:04:05Z
STARTED   2026-01-02T03:04:05Z
DURATION  1.5s
ERROR     enough
NODES
  n0 (no_image)  ABORTED, 1.5s
                 Workflow aborted.
                 [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"
[exit: 0]
"#]]
    );
}

#[test]
fn a_node_that_is_not_there() {
    let flyte = Recorded::scenario("single_task").with(|method, request| {
        let is_missing = request["id"]["node_id"] == "n9";
        (method == "GetNodeExecution" && is_missing)
            .then(|| Answer::refusal("NOT_FOUND", "missing entity of type NODE_EXECUTION"))
    });
    let flyte = flyte.start();
    let home = home_of(&flyte);
    for command in [["get", "task-executions", EXECUTION, "n9"], ["get", "nodes", EXECUTION, "n9"]] {
        assert_eq!(
            home.run(&command),
            "------- stderr -------\n\
             error: node `n9` not found in execution `execution`\n\
             hint: run `flyte-host get nodes execution` to list its nodes\n[exit: 1]"
        );
    }
}

#[test]
fn the_verdict_on_a_terminal() {
    let flyte = Recorded::scenario("single_task").start();
    let home = home_of(&flyte);
    let told = home.start_on_terminal(&["execution", "watch", EXECUTION]).finish();
    assert!(told.contains("execution execution: SUCCEEDED, 1.5s"), "{told}");
}

/// A time so many hours ago, as a server says it.
fn hours_ago(hours: u64) -> Value {
    let moment = std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600);
    prost_types::Timestamp::from(moment).to_string().into()
}

#[test]
fn the_live_view_counts_the_time_of_the_node_and_not_of_its_line() {
    let flyte =
        at_work(Recorded::scenario("single_task"), "wchaininc").with_changed(|method, answer| match method {
            "GetExecution" => answer["closure"]["started_at"] = hours_ago(5),
            "ListNodeExecutions" => {
                for node in answer["node_executions"].as_array_mut().expect("nodes") {
                    node["closure"]["started_at"] = hours_ago(3);
                }
            }
            _ => {}
        });
    let flyte = flyte.start();
    let mut home = home_of(&flyte);
    home.set("TERM", "xterm");
    let told = home.start_on_terminal(&["execution", "watch", EXECUTION, "--timeout", "1s"]).finish();
    assert!(told.contains("execution execution: RUNNING  5h"), "{told}");
    assert!(told.contains("node wchaininc: RUNNING  3h"), "{told}");
}

/// A gate at work.
fn waiting(scenario: &str, node: &'static str) -> Recorded {
    let recorded = Recorded::scenario(scenario).with_changed(|method, answer| {
        if method == "ListSignals" {
            answer["signals"][0].as_object_mut().expect("a signal").remove("value");
        }
    });
    at_work(recorded, node)
}

#[test]
fn what_gates_wait_for() {
    let home = |flyte: &Listening| home_of(flyte);
    let approval = waiting("gate_approve_yes", "n1").start();
    let watch = ["execution", "watch", EXECUTION, "--timeout", "0s", "-p", "flytesnacks"];
    snapshot!(
        home(&approval).run(&watch),
        str![[r#"
------- stderr -------
execution execution: RUNNING
node n0 (inc): SUCCEEDED, 1.5s
node n1 (may-i): RUNNING
node n1 (may-i): waits for approval; run `flyte-host execution approve execution may-i -p flytesnacks` or `flyte-host execution reject execution may-i -p flytesnacks`
error: execution `execution` is still running after 0ms
  caused by: node `n1` (may-i) is RUNNING: waits for approval; run `flyte-host execution approve execution may-i -p flytesnacks` or `flyte-host execution reject execution may-i -p flytesnacks`
hint: run `flyte-host execution watch execution -p flytesnacks` to reattach
[exit: 1]
"#]]
    );
    let value = waiting("gate_input", "n0").start();
    snapshot!(
        home(&value).run(&["execution", "show", EXECUTION]),
        str![[r#"
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
    snapshot!(
        home.run(&["execution", "approve", EXECUTION]),
        str![[r#"
------- stderr -------
approved gate `may-i` of execution `execution`
[exit: 0]
"#]]
    );
    let flyte = waiting("gate_approve_no", "n1").start();
    let home = home_of(&flyte);
    snapshot!(
        home.run(&["execution", "reject", EXECUTION, "may-i", "-o", "json"]),
        str![[r#"
{
  "execution": "execution",
  "gate": "may-i",
  "value": false
}
------- stderr -------
rejected gate `may-i` of execution `execution`
[exit: 0]
"#]]
    );
    let flyte = waiting("gate_input", "n0").start();
    let home = home_of(&flyte);
    snapshot!(
        home.run(&["execution", "set-input", EXECUTION, "Book"]),
        str![[r#"
------- stderr -------
answered gate `title` of execution `execution`
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["execution", "set-input", EXECUTION, "n0", "Second", "-o", "name"]),
        str![[r#"
title
------- stderr -------
answered gate `title` of execution `execution`
[exit: 0]
"#]]
    );
    assert_eq!(flyte.count("SetSignal"), 2);
}

#[test]
fn what_is_wrong_with_an_answer_is_said_before_it_is_sent() {
    let flyte = waiting("gate_approve_yes", "n1").start();
    let home = home_of(&flyte);
    snapshot!(
        home.run(&["execution", "approve", EXECUTION, "may-y"]),
        str![[r#"
------- stderr -------
error: no gate `may-y` in execution `execution`
  caused by: the gates of the execution: `may-i` (waits for approval)
hint: did you mean `may-i`?
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["execution", "set-input", EXECUTION, "may-i", "7"]),
        str![[r#"
------- stderr -------
error: gate `may-i` waits for approval
hint: run `flyte-host execution approve execution may-i`
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["execution", "set-input", EXECUTION, "7"]),
        str![[r#"
------- stderr -------
error: no gate of execution `execution` waits for a value
  caused by: the gates of the execution: `may-i` (waits for approval)
[exit: 1]
"#]]
    );
    assert_eq!(flyte.count("SetSignal"), 0);
    let flyte = waiting("gate_input", "n0").with_changed(|method, answer| {
        if method == "ListSignals" {
            answer["signals"][0]["type"] = json!({ "simple": "INTEGER" });
        }
    });
    let flyte = flyte.start();
    let home = home_of(&flyte);
    snapshot!(
        home.run(&["execution", "set-input", EXECUTION, "title", "three"]),
        str![[r#"
------- stderr -------
error: the value does not fit gate `title`
  caused by: expected `int`, got text `three`
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(&["execution", "approve", EXECUTION, "title"]),
        str![[r#"
------- stderr -------
error: gate `title` waits for a value of type `int`
hint: run `flyte-host execution set-input execution title VALUE`
[exit: 1]
"#]]
    );
    assert_eq!(flyte.count("SetSignal"), 0);
    snapshot!(
        said("gate_input", &["execution", "set-input", EXECUTION, "title", "again"]),
        str![[r#"
------- stderr -------
error: gate `title` of execution `execution` is already answered
  caused by: the answer is Second
[exit: 1]
"#]]
    );
    snapshot!(
        said("gate_input_timeout", &["execution", "set-input", EXECUTION, "late", "again"]),
        str![[r#"
------- stderr -------
error: no gate `late` in execution `execution`
  caused by: the gates of the execution: `title-late` (FAILED)
[exit: 1]
"#]]
    );
    snapshot!(
        said("single_task", &["execution", "approve", EXECUTION]),
        str![[r#"
------- stderr -------
error: no gate of execution `execution` waits for approval
  caused by: the execution has no gates
[exit: 1]
"#]]
    );
}

#[test]
fn what_gates_and_map_tasks_of_a_workflow_are() {
    let nodes = |text: String| text.split_once("NODES\n").map(|(_, nodes)| nodes.to_owned()).unwrap();
    let shown = |scenario, name| nodes(said(scenario, &["get", "workflow", name, "v1"]));
    snapshot!(
        shown("gate_input", "w_gate.gate_input"),
        str![[r#"
  n0  gate title: waits for a value of type str
  n1  task w_chain.join:v1
[exit: 0]
"#]]
    );
    snapshot!(
        shown("map_fails", "w_map.map_fails"),
        str![[r#"
  n0  map of task w_map.map_no_odd_6b3bd0353da5de6e84d7982921ead2b3-arraynode:v1
[exit: 0]
"#]]
    );
}
