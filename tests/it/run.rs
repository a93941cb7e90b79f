//! `run`, with real executions in the sandbox.

mod follow;
mod inputs;

#[cfg(unix)]
use std::process::Command;

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::flyte::hello;

#[test]
fn a_workflow_runs_and_prints_its_outputs() {
    let flyte = hello();
    let run = |format| flyte.outcome(["run", "hello.twice", "-i", "name=World", "--wait", "-o", format]);
    let mut transcript = Transcript::new();
    transcript.add(run("table"));
    // The second time nothing runs.
    transcript.add(run("json"));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.twice -i 'name=World' --wait -o table
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
$ flyte-host run hello.twice -i 'name=World' --wait -o json
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
node first (greet): SUCCEEDED, cached
node second (greet): SUCCEEDED, cached
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
}

#[test]
fn a_failure_names_the_node_and_why() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.outcome(["run", "hello.fail", "--wait", "--name", "broken"]));
    transcript.add(flyte.run(["execution", "show", "broken"]));
    transcript.add(flyte.run(["get", "nodes", "broken"]));
    transcript.add(flyte.run(["execution", "outputs", "broken"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.fail --wait --name broken
------- stderr -------
running task `hello.fail`, version `v1`
started execution `broken`
node hellofail: FAILED, attempt 4, [DURATION]: [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 3; stderr: the disk is on fire
execution broken: FAILED, [DURATION]
error: execution `broken` failed
  caused by: node `hellofail` failed in attempt 4
  caused by: [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 3; stderr:
    the disk is on fire
hint: see its logs:
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/hellofail/3/stdout.log
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/hellofail/3/stderr.log
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/hellofail/3/runner.log
[exit: 1]
$ flyte-host execution show broken
NAME      broken
PHASE     FAILED
PROJECT   flytesnacks
DOMAIN    development
RUNS      task hello.fail:v1
MODE      MANUAL
CREATED   [TIME]
STARTED   [TIME]
DURATION  [DURATION]
ERROR     [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 3; stderr:
          the disk is on fire
NODES
  hellofail  FAILED, attempt 4, [DURATION]
             [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 3; stderr:
             the disk is on fire
[exit: 0]
$ flyte-host get nodes broken
NODE       NAME  PHASE   CACHE  STARTED               DURATION  ERROR
hellofail  -     FAILED  -      [TIME]  [DURATION]  [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 3; stderr: the disk is on fire
[exit: 0]
$ flyte-host execution outputs broken
------- stderr -------
execution `broken` has no outputs
[exit: 0]

"#]]
    );
}

#[test]
fn without_waiting_the_name_is_printed() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "hello.greet", "-i", "name=x", "--name", "mine"]));
    transcript.add(flyte.run(["run", "hello.greet", "-i", "name=x", "--name", "mine"]));
    transcript.add(flyte.run(["run", "hello.greet", "-i", "name=x", "-o", "json"]));
    transcript.add(flyte.outcome(["execution", "watch", "mine"]));
    transcript.add(flyte.run(["execution", "inputs", "mine"]));
    transcript.add(flyte.run(["execution", "outputs", "mine", "-o", "yaml"]));
    transcript.add(flyte.run(["execution", "terminate", "mine"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.greet -i 'name=x' --name mine
mine
------- stderr -------
running task `hello.greet`, version `v1`
started execution `mine`
follow it with `flyte-host execution watch mine`
[exit: 0]
$ flyte-host run hello.greet -i 'name=x' --name mine
------- stderr -------
error: execution `mine` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch mine`
[exit: 1]
$ flyte-host run hello.greet -i 'name=x' -o json
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
$ flyte-host execution watch mine
NAME      VALUE
greeting  Hello, x!
------- stderr -------
node hellogreet: SUCCEEDED, stored in the cache, [DURATION]
execution mine: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host execution inputs mine
NAME  VALUE
name  x
[exit: 0]
$ flyte-host execution outputs mine -o yaml
greeting: Hello, x!
[exit: 0]
$ flyte-host execution terminate mine
------- stderr -------
execution `mine` is already SUCCEEDED
[exit: 0]

"#]]
    );
}

#[test]
fn running_an_unknown_entity_fails() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "hello.twic"]));
    transcript.add(flyte.run(["run", "hello.twice", "--task"]));
    transcript.add(flyte.run(["run", "hello.twice:v9"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.twic
------- stderr -------
error: launch plan, workflow or task `hello.twic` not found in project `flytesnacks`, domain `development`
hint: did you mean `hello.twice`?
[exit: 1]
$ flyte-host run hello.twice --task
------- stderr -------
error: task `hello.twice` not found in project `flytesnacks`, domain `development`
hint: omit `--task`: `hello.twice` is the name of a workflow
[exit: 1]
$ flyte-host run hello.twice:v9
------- stderr -------
error: launch plan, workflow or task `hello.twice`, version `v9`, not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get workflows hello.twice --versions` to list its versions
[exit: 1]

"#]]
    );
}

#[test]
fn programs_get_the_execution_also_when_they_wait() {
    let flyte = hello();
    snapshot!(
        flyte.run(["run", "hello.greet", "-i", "name=x", "--name", "one", "--wait", "-o", "name"]).stdout(),
        str![[r#"
one

"#]]
    );
    let mut transcript = Transcript::new();
    transcript.add(flyte.outcome([
        "run",
        "hello.greet",
        "-i",
        "name=x",
        "--name",
        "two",
        "--wait",
        "-o",
        "json",
    ]));
    transcript.add(flyte.outcome([
        "execution",
        "relaunch",
        "two",
        "--name",
        "three",
        "--wait",
        "-o",
        "name",
    ]));
    transcript.add(flyte.outcome(["execution", "watch", "two", "-o", "yaml"]));
    let failed = flyte.run(["run", "hello.fail", "--name", "four", "--wait", "-o", "json"]);
    snapshot!(
        failed.stdout(),
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
        flyte.run(&late).stdout(),
        str![[r#"
five

"#]]
    );
    flyte.run(["execution", "terminate", "five"]).success();
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.greet -i 'name=x' --name two --wait -o json
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
node hellogreet: SUCCEEDED, cached
execution two: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host execution relaunch two --name three --wait -o name
three
------- stderr -------
started execution `three`
node hellogreet: SUCCEEDED, cached
execution three: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host execution watch two -o yaml
domain: development
name: two
project: flytesnacks
phase: SUCCEEDED
outputs:
  greeting: Hello, x!
------- stderr -------
node hellogreet: SUCCEEDED, cached
execution two: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
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
    home.run(["register", "t.yaml"]).success();
    let output = home.run(["run", "t", "--wait"]);
    assert!(output.contains("SUCCEEDED"), "{output}");
    let number = home.read("number");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", number.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}
