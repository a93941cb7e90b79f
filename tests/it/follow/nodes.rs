//! Nodes within nodes, the elements of map tasks, attempts.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use snapbox::str;
use tests::{
    Recorded, Transcript,
    recorded::{EXECUTION, RecordedAnswer},
    snapshot,
};

use super::{begin, home_of, run_recorded, still_running, watch_recorded};

#[test]
fn nodes_within_nodes() {
    let mut transcript = Transcript::new();
    transcript.add(watch_recorded("cond_nested"));
    transcript.add(watch_recorded("dyn_nested"));
    transcript.add(run_recorded("cond_nested", &["get", "nodes", EXECUTION]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution watch execution
NAME  VALUE
o0    only x
------- stderr -------
node faphbmgy (say) in n0-0-n0-n0 (inner): SUCCEEDED, 1.5s
node n0-0-n0-n0 (inner) in n0 (outer): SUCCEEDED, 1.5s
node n0 (outer): SUCCEEDED, 1.5s
execution execution: SUCCEEDED, 1.5s
[exit: 0]
$ flyte-host execution watch execution
NAME  VALUE
o0    [1]
------- stderr -------
node n0-0-dn0-0-dn0 (inc) in n0-0-dn0 (loop): SUCCEEDED, 1.5s
node n0-0-dn0 (loop) in n0 (outer): SUCCEEDED, 1.5s
node n0 (outer): SUCCEEDED, 1.5s
execution execution: SUCCEEDED, 1.5s
[exit: 0]
$ flyte-host get nodes execution
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
    let mut transcript = Transcript::new();
    transcript.add(watch_recorded("map_fails"));
    transcript.add(run_recorded("map_fails", &["execution", "show", EXECUTION]));
    transcript.add(run_recorded("map_fails", &["get", "nodes", EXECUTION]));
    transcript.add(run_recorded("map_fails", &["get", "task-executions", EXECUTION, "n0"]));
    transcript.add(run_recorded("map_retries", &["get", "task-executions", EXECUTION, "n0"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution watch execution
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
$ flyte-host execution show execution
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
$ flyte-host get nodes execution
NODE     NAME              PHASE                              CACHE  STARTED               DURATION  ERROR
n0       w_map.map_no_odd  FAILED, 0 of 3 elements, 1 failed  -      2026-01-02T03:04:05Z  1.5s      ValueError: odd 3
  n0[1]  -                 FAILED                             -      -                     -         ValueError: odd 3
[exit: 0]
$ flyte-host get task-executions execution n0
ATTEMPT  PHASE   TASK                                                            STARTED               DURATION  REASON  LOGS
1        FAILED  w_map.map_no_odd_6b3bd0353da5de6e84d7982921ead2b3-arraynode:v1  2026-01-02T03:04:05Z  1.5s      -       -

ELEMENT  ATTEMPT  PHASE    CACHE  ERROR              LOGS
0        1        ABORTED  -      -                  http://localhost:30080/log/flytesnacks-development/execution-n0-0-n0-0
1        1        FAILED   -      ValueError: odd 3  http://localhost:30080/log/flytesnacks-development/execution-n0-0-n1-0
2        1        ABORTED  -      -                  http://localhost:30080/log/flytesnacks-development/execution-n0-0-n2-0
[exit: 0]
$ flyte-host get task-executions execution n0
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
        home_of(&flyte).run(["execution", "watch", EXECUTION]),
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
    let flyte = still_running(flyte, "n0").start();
    let home = home_of(&flyte);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["execution", "watch", EXECUTION, "--timeout", "0s"]));
    transcript.add(home.run(["execution", "show", EXECUTION]));
    transcript.add(home.run(["get", "task-executions", EXECUTION, "n0"]));
    transcript.add(run_recorded("m_no_image", &["execution", "show", EXECUTION]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution watch execution --timeout 0s
------- stderr -------
execution execution: RUNNING
node n0 (no_image): RUNNING
node n0 (no_image): attempt INITIALIZING: [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"
error: execution `execution` is still running after 0ms
  caused by: node `n0` (no_image) is RUNNING: attempt INITIALIZING: [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"
hint: run `flyte-host execution watch execution` to reattach
[exit: 1]
$ flyte-host execution show execution
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
$ flyte-host get task-executions execution n0
ATTEMPT  PHASE         TASK                STARTED  DURATION  REASON                                                                                                                             LOGS
1        INITIALIZING  w_more.no_image:v1  -        -         [ContainersNotReady|ImagePullBackOff]: containers with unready status: [execution-n0-0]|Back-off pulling image "golden/no-such:1"  -
[exit: 0]
$ flyte-host execution show execution
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
            .then(|| RecordedAnswer::refusal("NOT_FOUND", "missing entity of type NODE_EXECUTION"))
    });
    let flyte = flyte.start();
    let home = home_of(&flyte);
    for command in [["get", "task-executions", EXECUTION, "n9"], ["get", "nodes", EXECUTION, "n9"]] {
        assert_eq!(
            home.run(command).failure(1).stderr(),
            "error: node `n9` not found in execution `execution`\n\
             hint: run `flyte-host get nodes execution` to list its nodes\n"
        );
    }
}

#[test]
fn what_gates_and_map_tasks_of_a_workflow_are() {
    let nodes =
        |text: &str| text.split_once("NODES\n").map(|(_, nodes)| nodes.to_owned()).unwrap_or_default();
    let shown = |scenario, name| run_recorded(scenario, &["get", "workflow", name, "v1"]).map(nodes);
    let mut transcript = Transcript::new();
    transcript.add(shown("gate_input", "w_gate.gate_input"));
    transcript.add(shown("map_fails", "w_map.map_fails"));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get workflow w_gate.gate_input v1
  n0  gate title: waits for a value of type str
  n1  task w_chain.join:v1
[exit: 0]
$ flyte-host get workflow w_map.map_fails v1
  n0  map of task w_map.map_no_odd_6b3bd0353da5de6e84d7982921ead2b3-arraynode:v1
[exit: 0]

"#]]
    );
}
