//! Files that refer to what is registered, and to what is nowhere.

use snapbox::str;
use tests::{TestEnvironment, Transcript, output, snapshot};

use crate::{home_with, sandbox_home};

const TASK: &str = "\
name: greet
image: sh
command: [sh]
inputs: {name: str, times: int}
outputs: {text: str}
";

const WORKFLOW: &str = "\
workflow: hello
inputs: {name: str}
nodes:
  first:
    task: greet
    inputs: {name: $inputs.name, times: 3}
outputs: {text: $first.text}
";

const OUTER: &str = "\
workflow: outer
nodes:
  inner:
    workflow: hello
    inputs: {name: x}
  planned:
    launch_plan: nightly
outputs: {one: $inner.text, two: $planned.text}
";

const PLAN: &str = "launch_plan: nightly\nworkflow: hello\nfixed_inputs: {name: night}\n";

fn home() -> TestEnvironment {
    let home = sandbox_home(&[]);
    write(&home, "task.yaml", TASK);
    write(&home, "hello.yaml", WORKFLOW);
    write(&home, "outer.yaml", OUTER);
    write(&home, "plan.yaml", PLAN);
    home
}

fn write(home: &TestEnvironment, file: &str, text: &str) {
    home.write(file, text);
}

/// The versions of an account as JSON.
fn versions(home: &TestEnvironment, files: &[&str]) -> Vec<String> {
    let output = output(home.command().arg("register").args(files).args(["-o", "json"]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let account: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let named =
        |entity: &serde_json::Value| format!("{} {} {}", entity["kind"], entity["name"], entity["version"]);
    account.iter().map(named).collect()
}

#[test]
fn what_is_registered_need_not_be_read_again() {
    let home = home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "task.yaml", "--version", "t1"]));
    transcript.add(home.run(["register", "hello.yaml", "--version", "w1"]));
    transcript.add(home.run(["register", "plan.yaml", "--version", "p1"]));
    transcript.add(home.run(["register", "outer.yaml", "--version", "o1"]));
    transcript.add(home.run(["register", "hello.yaml", "--dry-run", "-o", "yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register task.yaml --version t1
KIND  NAME   VERSION  RESULT
task  greet  t1       registered
------- stderr -------
1 registered
run it with `flyte-host run greet:t1`
[exit: 0]
$ flyte-host register hello.yaml --version w1
KIND         NAME   VERSION  RESULT
workflow     hello  w1       registered
launch plan  hello  w1       registered
------- stderr -------
task `greet` is not in these files: using the registered version `t1`
2 registered
run it with `flyte-host run hello:w1`
[exit: 0]
$ flyte-host register plan.yaml --version p1
KIND         NAME     VERSION  RESULT
launch plan  nightly  p1       registered
------- stderr -------
workflow `hello` is not in these files: using the registered version `w1`
1 registered
run it with `flyte-host run nightly:p1`
[exit: 0]
$ flyte-host register outer.yaml --version o1
KIND         NAME   VERSION  RESULT
workflow     outer  o1       registered
launch plan  outer  o1       registered
------- stderr -------
launch plan `nightly` is not in these files: using the registered version `p1`
workflow `hello` is not in these files: using the registered version `w1`
2 registered
run it with `flyte-host run outer:o1`
[exit: 0]
$ flyte-host register hello.yaml --dry-run -o yaml
"@type": type.googleapis.com/flyteidl.admin.WorkflowSpec
template:
  id:
    name: hello
    resourceType: WORKFLOW
  interface:
    inputs:
      variables:
        name:
          description: name
          type:
            simple: STRING
    outputs:
      variables:
        text:
          description: text
          type:
            simple: STRING
  metadata: {}
  metadataDefaults: {}
  nodes:
  - id: first
    inputs:
    - binding:
        promise:
          var: name
      var: name
    - binding:
        scalar:
          primitive:
            integer: "3"
      var: times
    metadata:
      name: first
    taskNode:
      referenceId:
        name: greet
        resourceType: TASK
        version: t1
  outputs:
  - binding:
      promise:
        nodeId: first
        var: text
    var: text
---
"@type": type.googleapis.com/flyteidl.admin.LaunchPlan
id:
  name: hello
  resourceType: LAUNCH_PLAN
spec:
  annotations: {}
  defaultInputs:
    parameters:
      name:
        required: true
        var:
          description: name
          type:
            simple: STRING
  entityMetadata: {}
  fixedInputs: {}
  labels: {}
  rawOutputDataConfig: {}
  workflowId:
    name: hello
    resourceType: WORKFLOW
------- stderr -------
task `greet` is not in these files: using the registered version `t1`
[exit: 0]

"#]]
    );
}

#[test]
fn what_is_registered_and_what_is_read_with_it_are_one() {
    let home = home();
    let all = versions(&home, &["task.yaml", "hello.yaml", "plan.yaml", "outer.yaml"]);
    for file in ["task.yaml", "hello.yaml", "plan.yaml", "outer.yaml"] {
        let alone = versions(&home, &[file]);
        assert!(alone.iter().all(|entity| all.contains(entity)), "{file}: {alone:?}, {all:?}");
    }
}

#[test]
fn a_version_that_is_named_or_given_is_taken_first() {
    let home = home();
    for (version, more) in [("v1", ""), ("v2", "retries: 2\n")] {
        write(&home, "task.yaml", &format!("{TASK}{more}"));
        home.run(["register", "task.yaml", "--version", version]).success();
    }
    // The version of what is registered, before the newest.
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1"]));
    transcript.add(home.run(["register", "hello.yaml", "--version", "v3"]));
    write(&home, "hello.yaml", &WORKFLOW.replace("task: greet", "task: greet\n    version: v1"));
    transcript.add(home.run(["register", "hello.yaml", "--version", "v4"]));
    write(&home, "hello.yaml", &WORKFLOW.replace("task: greet", "task: greet\n    version: v9"));
    transcript.add(home.run(["register", "hello.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml --version v1
KIND         NAME   VERSION  RESULT
workflow     hello  v1       registered
launch plan  hello  v1       registered
------- stderr -------
task `greet` is not in these files: using the registered version `v1`
2 registered
run it with `flyte-host run hello:v1`
[exit: 0]
$ flyte-host register hello.yaml --version v3
KIND         NAME   VERSION  RESULT
workflow     hello  v3       registered
launch plan  hello  v3       registered
------- stderr -------
task `greet` is not in these files: using the registered version `v2`
2 registered
run it with `flyte-host run hello:v3`
[exit: 0]
$ flyte-host register hello.yaml --version v4
KIND         NAME   VERSION  RESULT
workflow     hello  v4       registered
launch plan  hello  v4       registered
------- stderr -------
2 registered
run it with `flyte-host run hello:v4`
[exit: 0]
$ flyte-host register hello.yaml
------- stderr -------
error: hello.yaml:5: node `first` runs task `greet`, version `v9`, which is neither in these files nor registered
[exit: 1]

"#]]
    );
}

#[test]
fn a_misspelt_name_is_reported_at_its_node() {
    let home = home();
    home.run(["register", "task.yaml", "hello.yaml"]).success();
    write(&home, "misspelt.yaml", &WORKFLOW.replace("greet", "gret"));
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "misspelt.yaml"]));
    transcript.add(home.run(["register", "--dry-run", "misspelt.yaml"]));
    // Types that nothing depends on do not hide it.
    write(&home, "alone.yaml", "workflow: alone\nnodes:\n  first: {task: unlike}\n");
    transcript.add(home.run(["register", "alone.yaml"]));
    write(&home, "misspelt.yaml", &OUTER.replace("workflow: hello", "workflow: helo"));
    transcript.add(home.run(["register", "misspelt.yaml"]));
    write(&home, "misspelt.yaml", &OUTER.replace("nightly", "hallo"));
    transcript.add(home.run(["register", "misspelt.yaml"]));
    write(&home, "misspelt.yaml", &PLAN.replace("workflow: hello", "workflow: helloo"));
    transcript.add(home.run(["register", "misspelt.yaml"]));
    write(
        &home,
        "message.yaml",
        "template:\n  id: {resourceType: WORKFLOW, name: raw}\n  nodes:\n  - {id: a, taskNode: {referenceId: {name: greeet}}}\n",
    );
    transcript.add(home.run(["register", "message.yaml"]));
    // The version of a message's reference may be left to the server, too.
    write(&home, "warm.yaml", "name: warm\nimage: sh\ncommand: [sh]\n");
    home.run(["register", "warm.yaml", "--version", "t1"]).success();
    write(&home, "message.yaml", &home.read("message.yaml").replace("greeet", "warm"));
    transcript.add(home.run(["register", "message.yaml", "--version", "v1"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register misspelt.yaml
------- stderr -------
error: misspelt.yaml:5: node `first` runs task `gret`, which is neither in these files nor registered
hint: did you mean `greet`?
[exit: 1]
$ flyte-host register --dry-run misspelt.yaml
------- stderr -------
error: misspelt.yaml:5: node `first` runs task `gret`, which is neither in these files nor registered
hint: did you mean `greet`?
[exit: 1]
$ flyte-host register alone.yaml
------- stderr -------
error: alone.yaml:3: node `first` runs task `unlike`, which is neither in these files nor registered
[exit: 1]
$ flyte-host register misspelt.yaml
------- stderr -------
error: misspelt.yaml:4: node `inner` runs workflow `helo`, which is neither in these files nor registered
hint: did you mean `hello`?
[exit: 1]
$ flyte-host register misspelt.yaml
------- stderr -------
workflow `hello` is not in these files: using the registered version `ffjwvdnev7pbd5c5`
error: misspelt.yaml:7: node `planned` runs launch plan `hallo`, which is neither in these files nor registered
hint: did you mean `hello`?
[exit: 1]
$ flyte-host register misspelt.yaml
------- stderr -------
error: misspelt.yaml:2: launch plan `nightly` starts workflow `helloo`, which is neither in these files nor registered
hint: did you mean `hello`?
[exit: 1]
$ flyte-host register message.yaml
------- stderr -------
error: message.yaml, document 1: refers to task `greeet`, which is neither in these files nor registered
hint: did you mean `greet`?
[exit: 1]
$ flyte-host register message.yaml --version v1
KIND         NAME  VERSION  RESULT
workflow     raw   v1       registered
launch plan  raw   v1       registered
------- stderr -------
task `warm` is not in these files: using the registered version `t1`
2 registered
run it with `flyte-host run raw:v1`
[exit: 0]

"#]]
    );
}

#[test]
fn without_a_server_the_error_names_the_failed_lookup() {
    let mut home = home();
    home.set("FLYTE_SANDBOX", "");
    home.set("FLYTE_PLATFORM_URL", "127.0.0.1:1").set("FLYTE_PLATFORM_INSECURE", "true");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "hello.yaml"]));
    transcript.add(home.run(["register", "--dry-run", "hello.yaml"]));
    // A dry run continues where nothing depends on it.
    write(&home, "alone.yaml", "workflow: alone\nnodes:\n  first: {task: greet}\n");
    transcript.add(home.run(["register", "--dry-run", "alone.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml
------- stderr -------
error: could not look up task `greet`
  caused by: cannot reach Flyte in 3 tries within [TIME]
  caused by: nothing listens at `127.0.0.1:1`
  caused by: connection refused
hint: check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there
[exit: 21]
$ flyte-host register --dry-run hello.yaml
------- stderr -------
error: hello.yaml:5: node `first` runs task `greet`, which is not in these files and could not be looked up: cannot reach Flyte in 3 tries within [TIME]: nothing listens at `127.0.0.1:1`: connection refused
hint: write the type: `outputs.text: {from: …, type: …}`
[exit: 1]
$ flyte-host register --dry-run alone.yaml
KIND         NAME   VERSION  SOURCE
workflow     alone  -        `alone.yaml`, document 1
launch plan  alone  -        `alone.yaml`, document 1
[exit: 0]

"#]]
    );
}

#[test]
fn a_dry_run_makes_no_sandbox() {
    let home = home();
    write(&home, "both.yaml", &format!("{}---\n{TASK}", WORKFLOW.replace("greet", "gret")));
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "--dry-run", "both.yaml"]));
    transcript.add(home.run(["register", "--dry-run", "outer.yaml"]));
    assert!(!home.home().join(".flyte/sandbox").exists());
    let home = home_with(&[]);
    write(&home, "hello.yaml", WORKFLOW);
    transcript.add(home.run(["register", "--dry-run", "hello.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register --dry-run both.yaml
------- stderr -------
error: both.yaml:5: node `first` runs task `gret`, which is not in these files and could not be looked up: the sandbox is empty
hint: did you mean `greet`?
[exit: 1]
$ flyte-host register --dry-run outer.yaml
------- stderr -------
error: outer.yaml:4: node `inner` runs workflow `hello`, which is not in these files and could not be looked up: the sandbox is empty
hint: add its file, or run it by `launch_plan`
[exit: 1]
$ flyte-host register --dry-run hello.yaml
------- stderr -------
error: hello.yaml:5: node `first` runs task `greet`, which is not in these files and could not be looked up: no Flyte endpoint is configured: no configuration file found, and `FLYTE_PLATFORM_URL` is not set
hint: write the type: `outputs.text: {from: …, type: …}`
[exit: 1]

"#]]
    );
}
