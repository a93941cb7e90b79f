//! Commands against the answers of a real Flyte 1.16.8 (`recordings/README.md`).

use snapbox::str;
use tests::{
    Recorded, TestEnvironment, Transcript,
    recorded::{EXECUTION, Listening, RecordedAnswer},
    snapshot,
};

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
    let mut transcript = Transcript::new();
    transcript.add(home.run(["get", "domains"]));
    transcript.add(home.run(["version"]));
    transcript.add(home.run(["whoami"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get domains
DOMAIN       NAME
development  development
staging      staging
production   production
[exit: 0]
$ flyte-host version
PART    NAME             VERSION
client  flyte-host       [VERSION]
server  127.0.0.1:[PORT]  <build>
[exit: 0]
$ flyte-host whoami
------- stderr -------
`127.0.0.1:[PORT]` requires no sign-in
[exit: 0]

"#]]
    );
}

#[test]
fn tasks_and_executions() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["get", "tasks", "-p", "ga-a-list"]));
    transcript.add(home.run(["get", "executions", "-p", "ga-a-exec"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks -p ga-a-list
NAME   VERSION  TYPE         CREATED
l.a    v1       python-task  2026-11-28T12:36:21Z
l.a    v2       python-task  2026-11-28T12:36:21Z
l.b    v1       spark        2026-11-28T12:36:21Z
l.c_d  v1       python-task  2026-11-28T12:36:21Z
m.x    v3       python-task  2026-11-28T12:36:21Z
[exit: 0]
$ flyte-host get executions -p ga-a-exec
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

#[test]
fn entities() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    let get = |what: &[&str]| home.run([&["get"], what, &["v1", "-p", "ga-a-main"]].concat());
    let mut transcript = Transcript::new();
    transcript.add(get(&["task", "t.add"]));
    transcript.add(get(&["workflow", "w.branch"]));
    transcript.add(get(&["workflow", "w.array"]));
    transcript.add(get(&["workflow", "w.parent"]));
    transcript.add(get(&["launch-plan", "lp.full"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get task t.add v1 -p ga-a-main
NAME     t.add
VERSION  v1
PROJECT  ga-a-main
DOMAIN   development
TYPE     python-task
IMAGE    local/img:1
COMMAND  a b
CREATED  2026-11-28T12:36:20Z
INPUTS
  x  int: x
  y  int: y
OUTPUTS
  o0  int: o0
[exit: 0]
$ flyte-host get workflow w.branch v1 -p ga-a-main
NAME     w.branch
VERSION  v1
PROJECT  ga-a-main
DOMAIN   development
CREATED  2026-11-28T12:36:20Z
INPUTS
  x  int: x
  y  int: y
OUTPUTS
  o0  int: o0
NODES
  b0  branch
[exit: 0]
$ flyte-host get workflow w.array v1 -p ga-a-main
NAME     w.array
VERSION  v1
PROJECT  ga-a-main
DOMAIN   development
CREATED  2026-11-28T12:36:20Z
OUTPUTS
  o0  list[int]: o0
NODES
  a0  map of task t.map:v1
[exit: 0]
$ flyte-host get workflow w.parent v1 -p ga-a-main
NAME     w.parent
VERSION  v1
PROJECT  ga-a-main
DOMAIN   development
CREATED  2026-11-28T12:36:20Z
INPUTS
  x  int: x
  y  int: y
OUTPUTS
  o0  int: o0
NODES
  n0  workflow w.sub:v1
[exit: 0]
$ flyte-host get launch-plan lp.full v1 -p ga-a-main
NAME      lp.full
VERSION   v1
PROJECT   ga-a-main
DOMAIN    development
STATE     INACTIVE
WORKFLOW  w.add:v1
CREATED   2026-11-28T12:36:21Z
UPDATED   2026-11-28T12:36:21Z
INPUTS
  x  int (required): x
  y  int (required): y
OUTPUTS
  o0  int: o0
[exit: 0]

"#]]
    );
}

#[test]
fn projects() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    let labels = "team=x,example.com/owner=a.b_c-d";
    snapshot!(
        home.run(["project", "create", "ga-a-main", "--description", "main", "--labels", labels]),
        str![[r#"
------- stderr -------
error: project `ga-a-main` already exists
hint: run `flyte-host project update ga-a-main` to update it
[exit: 1]
"#]]
    );
}

#[test]
fn changes() {
    let is_free =
        |request: &serde_json::Value| ["run-e", "run-f"].iter().any(|name| request["id"]["name"] == *name);
    let free = move |method: &str, request: &serde_json::Value| {
        (method == "GetExecution" && is_free(request))
            .then(|| RecordedAnswer::refusal("NOT_FOUND", "missing entity"))
    };
    let flyte = Recorded::api().with(free).start();
    let home = home_of(&flyte);
    let run = |words: &[&str]| home.run([words, &["-p", "ga-a-exec"]].concat());
    let mut transcript = Transcript::new();
    transcript.add(home.run(["launchplan", "activate", "w.add", "v1", "-p", "ga-a-main"]));
    transcript.add(run(&["execution", "terminate", "run-a", "--cause", "more"]));
    transcript.add(run(&["execution", "archive", "run-c"]));
    transcript.add(run(&["execution", "activate", "run-c"]));
    transcript.add(run(&["execution", "relaunch", "run-b", "--name", "run-e"]));
    transcript.add(run(&["execution", "relaunch", "run-b", "--name", "run-a"]));
    transcript.add(run(&["execution", "recover", "run-a", "--name", "run-f"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host launchplan activate w.add v1 -p ga-a-main
NAME   VERSION  STATE     SCHEDULE
w.add  v1       INACTIVE  -
[exit: 0]
$ flyte-host execution terminate run-a --cause more -p ga-a-exec
------- stderr -------
execution `run-a` is already ABORTED
[exit: 0]
$ flyte-host execution archive run-c -p ga-a-exec
------- stderr -------
archived execution `run-c`
[exit: 0]
$ flyte-host execution activate run-c -p ga-a-exec
------- stderr -------
restored execution `run-c`
[exit: 0]
$ flyte-host execution relaunch run-b --name run-e -p ga-a-exec
run-e
------- stderr -------
started execution `run-e`
follow it with `flyte-host execution watch run-e -p ga-a-exec`
[exit: 0]
$ flyte-host execution relaunch run-b --name run-a -p ga-a-exec
------- stderr -------
error: execution `run-a` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch run-a -p ga-a-exec`
[exit: 1]
$ flyte-host execution recover run-a --name run-f -p ga-a-exec
run-f
------- stderr -------
started execution `run-f`
follow it with `flyte-host execution watch run-f -p ga-a-exec`
[exit: 0]

"#]]
    );
}

#[test]
fn values() {
    let flyte = Recorded::api().start();
    let home = home_of(&flyte);
    let run = |words: &[&str]| home.run([words, &["-p", "ga-a-exec"]].concat());
    let mut transcript = Transcript::new();
    transcript.add(run(&["fetch", "flyte://v1/ga-a-exec/development/run-a/n0/0/i"]));
    transcript.add(run(&["fetch", "flyte://v1/ga-a-exec/development/run-a/n0/d"]));
    transcript.add(run(&["execution", "inputs", "run-a"]));
    transcript.add(run(&["execution", "outputs", "run-a"]));
    transcript.add(run(&["get", "nodes", "run-a"]));
    transcript.add(run(&["get", "task-executions", "run-a", "n0"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host fetch flyte://v1/ga-a-exec/development/run-a/n0/0/i -p ga-a-exec
NAME  VALUE
x     5
[exit: 0]
$ flyte-host fetch flyte://v1/ga-a-exec/development/run-a/n0/d -p ga-a-exec
------- stderr -------
error: no data at `flyte://v1/ga-a-exec/development/run-a/n0/d`
  caused by: no deckUrl found for request [artifact_type:ARTIFACT_TYPE_DECK  expires_in:{seconds:3600}  node_execution_id:{node_id:"n0"  execution_id:{project:"ga-a-exec"  domain:"development"  name:"run-a"}}]
[exit: 1]
$ flyte-host execution inputs run-a -p ga-a-exec
NAME  VALUE
x     5
[exit: 0]
$ flyte-host execution outputs run-a -p ga-a-exec
------- stderr -------
execution `run-a` has no outputs
[exit: 0]
$ flyte-host get nodes run-a -p ga-a-exec
NODE  NAME  PHASE    CACHE  STARTED               DURATION  ERROR
n0    -     RUNNING  -      2026-11-28T12:36:22Z  -         -
[exit: 0]
$ flyte-host get task-executions run-a n0 -p ga-a-exec
ATTEMPT  PHASE         TASK        STARTED  DURATION  REASON                                                                                                                        LOGS
1        INITIALIZING  x.stuck:v1  -        -         [ContainersNotReady|ImagePullBackOff]: containers with unready status: [run-a-n0-0]|Back-off pulling image "no-such/image:1"  -
[exit: 0]

"#]]
    );
}

#[test]
fn an_execution_that_was_recorded_is_run() {
    let flyte = Recorded::scenario("single_task_pair").start();
    let home = home_of(&flyte);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["get", "executions"]));
    transcript.add(home.run(["execution", "show", EXECUTION]));
    transcript.add(home.run(["execution", "watch", EXECUTION, "-o", "json"]));
    transcript.add(home.run(["fetch", EXECUTION]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get executions
------- stderr -------
error: Flyte refused `ListExecutions` (UNKNOWN)
  caused by: not recorded: ListExecutions {"id":{"project":"flytesnacks","domain":"development"},"limit":100,"sort_by":{"key":"created_at"}}
[exit: 22]
$ flyte-host execution show execution
NAME      execution
PHASE     SUCCEEDED
PROJECT   flytesnacks
DOMAIN    development
RUNS      task w_chain.pair:v1
MODE      MANUAL
CREATED   2026-01-02T03:04:05Z
STARTED   2026-01-02T03:04:05Z
DURATION  1.5s
NODES
  wchainpair  SUCCEEDED, 1.5s
[exit: 0]
$ flyte-host execution watch execution -o json
{
  "domain": "development",
  "name": "execution",
  "project": "flytesnacks",
  "phase": "SUCCEEDED",
  "outputs": {
    "text": "q5",
    "total": 6
  }
}
------- stderr -------
node wchainpair: SUCCEEDED, 1.5s
execution execution: SUCCEEDED, 1.5s
[exit: 0]
$ flyte-host fetch execution
NAME   VALUE
text   q5
total  6
[exit: 0]

"#]]
    );
}

/// Every request of a registration arrives as it was recorded, whatever kinds of nodes it has: what else
/// arrives is refused.
#[test]
fn what_was_registered_is_registered() {
    for scenario in ["single_task", "cond_nested", "map_two", "gate_input", "onfail_abort", "dyn_values"] {
        let flyte = Recorded::scenario(scenario).start();
        let home = home_of(&flyte);
        let documents: Vec<_> = tests::recorded::registrations(scenario)
            .into_iter()
            .enumerate()
            .map(|(number, document)| home.write(format!("{number}.json"), document.to_string()))
            .collect();
        let files: Vec<_> = documents.iter().map(|file| file.to_str().unwrap()).collect();
        let printed = home.run([&["register"], &files[..]].concat());
        assert!(printed.is_success() && !printed.contains("unchanged"), "{scenario}: {printed}");
    }
}
