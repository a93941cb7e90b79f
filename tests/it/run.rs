//! `run` and what follows it, with real executions in the sandbox.

#[cfg(unix)]
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use snapbox::str;
use tests::snapshot;

use crate::flyte::hello;

#[test]
fn a_workflow_runs_and_prints_its_outputs() {
    let flyte = hello();
    let run = |format| flyte.outcome(&["run", "hello.twice", "-i", "name=World", "--wait", "-o", format]);
    snapshot!(
        run("table"),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
registered launch plan `hello.twice`, version `v1`: the workflow had none
running workflow `hello.twice`, version `v1`
started execution `[EXECUTION]`
node first (greet): SUCCEEDED, stored in the cache, [DURATION]
node second (greet): SUCCEEDED, stored in the cache, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    // The second time nothing runs.
    snapshot!(
        run("json"),
        str![[r#"
{
  "domain": "development",
  "name": "[EXECUTION]",
  "project": "flytesnacks",
  "phase": "SUCCEEDED",
  "outputs": {
    "greeting": "Hello, Hello, World!!"
  }
}
------- stderr -------
running launch plan `hello.twice`, version `v1`
started execution `[EXECUTION]`
node first (greet): SUCCEEDED, cached, [DURATION]
node second (greet): SUCCEEDED, cached, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
}

#[test]
fn a_failure_names_the_node_and_why() {
    let flyte = hello();
    snapshot!(
        flyte.outcome(&["run", "hello.fail", "--wait", "--name", "broken"]),
        str![[r#"
------- stderr -------
running task `hello.fail`, version `v1`
started execution `broken`
node hellofail: FAILED, [DURATION]: `sh` ended with exit code 3; stderr: the disk is on fire
execution broken: FAILED, [DURATION]
error: execution `broken` failed
  caused by: node `hellofail` failed
  caused by: `sh` ended with exit code 3; stderr:
    the disk is on fire
hint: see its logs:
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/hellofail/0/stdout.log
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/hellofail/0/stderr.log
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/hellofail/0/runner.log
[exit: 1]

"#]]
    );
    snapshot!(
        flyte.run(&["execution", "show", "broken"]),
        str![[r#"
NAME      broken
PHASE     FAILED
PROJECT   flytesnacks
DOMAIN    development
RUNS      task hello.fail:v1
MODE      MANUAL
CREATED   [TIME]
STARTED   [TIME]
DURATION  [DURATION]
ERROR     `sh` ended with exit code 3; stderr:
          the disk is on fire
NODES
  hellofail  FAILED, [DURATION]
             `sh` ended with exit code 3; stderr:
             the disk is on fire
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "nodes", "broken"]),
        str![[r#"
NODE       NAME  PHASE   CACHE  STARTED               DURATION  ERROR
hellofail  -     FAILED  -      [TIME]  [DURATION]  `sh` ended with exit code 3; stderr: the disk is on fire
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["execution", "outputs", "broken"]),
        str![[r#"
------- stderr -------
execution `broken` has no outputs
[exit: 0]
"#]]
    );
}

#[test]
fn inputs_are_checked_before_anything_is_sent() {
    let flyte = hello();
    snapshot!(
        flyte.run(&["run", "hello.twice"]),
        str![[r#"
------- stderr -------
error: the inputs do not fit workflow `hello.twice`, version `v1`
  caused by: missing input `name` (str)
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "nam=x"]),
        str![[r#"
------- stderr -------
error: the inputs do not fit task `hello.greet`, version `v1`
  caused by: unknown input `nam`
  caused by: missing input `name` (str)
hint: inputs.nam: did you mean `name`?
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "name"]),
        str![[r#"
------- stderr -------
error: invalid value 'name' for '--input <NAME=VALUE>': expected NAME=VALUE

For more information, try '--help'.
[exit: 2]
"#]]
    );
    flyte.home.write("inputs.yaml", "name: [1]\n");
    snapshot!(
        flyte.run(&["run", "hello.greet", "--inputs-file", "inputs.yaml"]),
        str![[r#"
------- stderr -------
error: the inputs do not fit task `hello.greet`, version `v1`
  caused by: `inputs.name`: expected `str`, got a list
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.greet", "--inputs-file", "none.yaml"]),
        str![[r#"
------- stderr -------
error: could not read the inputs from `none.yaml`
  caused by: No such file or directory (os error 2)
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "executions"]),
        str![[r#"
------- stderr -------
no executions in project `flytesnacks`, domain `development`
[exit: 0]
"#]]
    );
}

#[test]
fn without_waiting_the_name_is_printed() {
    let flyte = hello();
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "name=x", "--name", "mine"]),
        str![[r#"
mine
------- stderr -------
running task `hello.greet`, version `v1`
started execution `mine`
follow it with `flyte-host execution watch mine`
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "name=x", "--name", "mine"]),
        str![[r#"
------- stderr -------
error: execution `mine` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch mine`
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "name=x", "-o", "json"]),
        str![[r#"
{
  "domain": "development",
  "name": "[EXECUTION]",
  "project": "flytesnacks"
}
------- stderr -------
running task `hello.greet`, version `v1`
started execution `[EXECUTION]`
follow it with `flyte-host execution watch [EXECUTION]`
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.outcome(&["execution", "watch", "mine"]),
        str![[r#"
NAME      VALUE
greeting  Hello, x!
------- stderr -------
node hellogreet: SUCCEEDED, stored in the cache, [DURATION]
execution mine: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["execution", "inputs", "mine"]),
        str![[r#"
NAME  VALUE
name  x
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["execution", "outputs", "mine", "-o", "yaml"]),
        str![[r#"
greeting: Hello, x!
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["execution", "terminate", "mine"]),
        str![[r#"
------- stderr -------
execution `mine` is already SUCCEEDED
[exit: 0]
"#]]
    );
}

#[test]
fn what_is_not_there_cannot_be_run() {
    let flyte = hello();
    snapshot!(
        flyte.run(&["run", "hello.twic"]),
        str![[r#"
------- stderr -------
error: launch plan, workflow or task `hello.twic` not found in project `flytesnacks`, domain `development`
hint: did you mean `hello.twice`?
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.twice", "--task"]),
        str![[r#"
------- stderr -------
error: task `hello.twice` not found in project `flytesnacks`, domain `development`
hint: omit `--task`: `hello.twice` is the name of a workflow
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.twice:v9"]),
        str![[r#"
------- stderr -------
error: launch plan, workflow or task `hello.twice`, version `v9`, not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get workflows hello.twice --versions` to list its versions
[exit: 1]
"#]]
    );
}

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
    let _ = flyte.run(&["execution", "terminate", "long", "--cause", "enough"]);
    // How far the node came depends on the moment.
    let watched = flyte.run(&["execution", "watch", "long"]);
    let (_, error) = watched.split_once("error:").unwrap();
    snapshot!(
        error,
        str![[r#"
 execution `long` was aborted
  caused by: enough
hint: run `flyte-host execution show long` to see its nodes
[exit: 1]
"#]]
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_execution_running() {
    let flyte = hello();
    let mut command = flyte.home.command();
    let mut child = command
        .args(["run", "hello.sleep", "--wait", "--name", "long"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // The handler is there before the first look.
    assert!(lines.any(|line| line.ends_with("hellosleep: RUNNING")));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let told: Vec<_> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told:?}");
    snapshot!(
        told.join("\n"),
        str![[r#"
detached; execution `long` keeps running
follow it with `flyte-host execution watch long`, stop it with `flyte-host execution terminate long`
"#]]
    );
    snapshot!(
        flyte.run(&["get", "executions", "--filter", "phase=RUNNING", "-o", "name"]),
        str![[r#"
long
[exit: 0]
"#]]
    );
    let _ = flyte.run(&["execution", "terminate", "long"]);
}

#[test]
fn a_gate_is_answered_from_a_second_terminal() {
    let flyte = hello();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/gates/gates.yaml");
    let _ = flyte.run(&["register", file]);
    let mut run = flyte.home.start(&["run", "hello.gated", "--wait", "--name", "gated"]);
    run.until("waits for a value");
    snapshot!(
        flyte.run(&["execution", "set-input", "gated", "Book"]),
        str![[r#"
------- stderr -------
answered gate `title` of execution `gated`
[exit: 0]
"#]]
    );
    run.until("waits for approval");
    snapshot!(
        flyte.run(&["execution", "show", "gated"]),
        str![[r#"
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
"#]]
    );
    snapshot!(
        flyte.run(&["execution", "approve", "gated", "may-i"]),
        str![[r#"
------- stderr -------
approved gate `may-i` of execution `gated`
[exit: 0]
"#]]
    );
    let told = flyte.lasting(&flyte.redact(&run.finish()));
    snapshot!(
        told,
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
}

#[test]
fn a_gate_that_is_rejected_fails() {
    let flyte = hello();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/gates/gates.yaml");
    let _ = flyte.run(&["register", file]);
    let mut run = flyte.home.start(&["run", "hello.gated", "--wait", "--name", "gated"]);
    run.until("waits for a value");
    // A gate that was not reached yet finds the answer there.
    snapshot!(
        flyte.run(&["execution", "reject", "gated", "may-i"]),
        str![[r#"
------- stderr -------
rejected gate `may-i` of execution `gated`
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["execution", "set-input", "gated", "title", "-o", "json", "Book"]),
        str![[r#"
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
    let told = run.finish();
    let (_, error) = told.split_once("error:").unwrap();
    snapshot!(
        error,
        str![[r#"
 execution `gated` failed
  caused by: node `n1` (may-i) failed
  caused by: received a reject signal to disapprove the node input values
[exit: 1]
"#]]
    );
}

#[test]
fn programs_get_the_execution_also_when_they_wait() {
    let flyte = hello();
    snapshot!(
        flyte
            .run(&["run", "hello.greet", "-i", "name=x", "--name", "one", "--wait", "-o", "name"])
            .split("------- stderr")
            .next()
            .unwrap(),
        str![[r#"
one

"#]]
    );
    snapshot!(
        flyte.outcome(&["run", "hello.greet", "-i", "name=x", "--name", "two", "--wait", "-o", "json"]),
        str![[r#"
{
  "domain": "development",
  "name": "two",
  "project": "flytesnacks",
  "phase": "SUCCEEDED",
  "outputs": {
    "greeting": "Hello, x!"
  }
}
------- stderr -------
running task `hello.greet`, version `v1`
started execution `two`
node hellogreet: SUCCEEDED, cached, [DURATION]
execution two: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.outcome(&["execution", "relaunch", "two", "--name", "three", "--wait", "-o", "name"]),
        str![[r#"
three
------- stderr -------
started execution `three`
node hellogreet: SUCCEEDED, cached, [DURATION]
execution three: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.outcome(&["execution", "watch", "two", "-o", "yaml"]),
        str![[r#"
domain: development
name: two
project: flytesnacks
phase: SUCCEEDED
outputs:
  greeting: Hello, x!
------- stderr -------
node hellogreet: SUCCEEDED, cached, [DURATION]
execution two: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    let failed = flyte.run(&["run", "hello.fail", "--name", "four", "--wait", "-o", "json"]);
    snapshot!(
        failed.split("------- stderr").next().unwrap(),
        str![[r#"
{
  "domain": "development",
  "name": "four",
  "project": "flytesnacks",
  "phase": "FAILED",
  "outputs": null
}

"#]]
    );
    let late = ["run", "hello.sleep", "--name", "five", "--wait", "--timeout", "0s", "-o", "name"];
    snapshot!(
        flyte.run(&late).split("------- stderr").next().unwrap(),
        str![[r#"
five

"#]]
    );
    let _ = flyte.run(&["execution", "terminate", "five"]);
}

#[test]
fn what_is_given_twice_is_not_lost() {
    let flyte = hello();
    for pair in [
        ["-i", "name=a", "-i", "name=b"],
        ["--label", "a=1", "--label", "a=2"],
        ["--env", "A=1", "--env", "A=1"],
    ] {
        let told = flyte.run(&[&["run", "hello.greet"], &pair[..]].concat());
        assert!(told.contains("is given twice") && told.ends_with("[exit: 2]"), "{told}");
    }
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "name=a", "-i", "name=b"]),
        str![[r#"
------- stderr -------
error: `--input name=…` is given twice
hint: remove all but one `--input name=…`
[exit: 2]
"#]]
    );
}

#[test]
fn labels_are_those_of_kubernetes() {
    let flyte = hello();
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "name=a", "--label", "a b=c d"]),
        str![[r#"
------- stderr -------
running task `hello.greet`, version `v1`
error: Flyte refused `CreateExecution` (INVALID_ARGUMENT)
  caused by: invalid label key [a b]: [name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character]
[exit: 22]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.greet", "-i", "name=a", "--label", "team=c d"]),
        str![[r#"
------- stderr -------
running task `hello.greet`, version `v1`
error: Flyte refused `CreateExecution` (INVALID_ARGUMENT)
  caused by: invalid label value [c d]: [a valid label must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character]
[exit: 22]
"#]]
    );
}

#[test]
fn long_values_are_cut_on_a_terminal_only() {
    let flyte = hello();
    let name = format!("name={}", "x".repeat(5000));
    let run = ["run", "hello.greet", "-i", &name, "--name", "long", "--wait"];
    let whole = format!("Hello, {}!", "x".repeat(5000));
    let cut = format!(
        "Hello, {}… (5,008 characters; `-o json` or `fetch` with a folder shows all)",
        "x".repeat(193)
    );
    let told = flyte.home.start_on_terminal(&run).finish();
    assert!(told.contains(&cut) && !told.contains(&whole), "{told}");
    for command in ["outputs", "watch"] {
        let told = flyte.home.start_on_terminal(&["execution", command, "long"]).finish();
        assert!(told.contains(&cut), "{told}");
        assert!(flyte.run(&["execution", command, "long"]).contains(&whole));
        let told = flyte.home.start_on_terminal(&["execution", command, "long", "-o", "json"]).finish();
        assert!(told.contains(&whole));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_task_starts_in_another_session_without_its_variables_ends_with_it() {
    let home = crate::sandbox_home(&[]);
    let pipe = home.cwd().join("left");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let script = format!(
        "env -i setsid sh -c 'echo $$ > {pipe}; exec sleep 1000' & read -r left < {pipe}; echo $left > {number}",
        pipe = pipe.display(),
        number = home.cwd().join("number").display()
    );
    home.write(
        "t.yaml",
        serde_json::json!({ "name": "t", "image": "debian", "command": ["sh", "-c", script] }).to_string(),
    );
    let told = home.run(&["register", "t.yaml"]) + &home.run(&["run", "t", "--wait"]);
    assert!(told.contains("SUCCEEDED"), "{told}");
    let number = home.read("number");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", number.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}
