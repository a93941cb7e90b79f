//! Names, versions and values that are almost right, and hints that can be pasted.

use snapbox::str;
use tests::{Output, Recorded, TestEnvironment, Transcript, snapshot};

use crate::{
    flyte::{empty, hello},
    home_with,
    register_send::HELLO,
};

#[test]
fn hints_carry_the_flags_that_chose_the_project() {
    let flyte = hello();
    flyte.run(["project", "create", "other"]).success();
    let other = ["-p", "other", "-d", "staging"];
    let run = |arguments: &[&str]| flyte.run([arguments, &other].concat());
    flyte.home.write("hello.yaml", HELLO);
    run(&["register", "hello.yaml", "--version", "1"]).success();
    let mut transcript = Transcript::new();
    transcript.add(run(&["get", "task", "nothing"]));
    transcript.add(run(&["get", "launch-plan", "shout", "z9"]));
    transcript.add(run(&["run", "nothing"]));
    run(&["run", "shout", "-i", "text=a", "--name", "taken"]).success();
    transcript.add(run(&["run", "shout", "-i", "text=a", "--name", "taken"]));
    transcript.add(run(&["launchplan", "activate", "nothing"]));
    transcript.add(flyte.run(["get", "project", "nothing", "--sandbox", "-p", "other"]));
    transcript.add(flyte.run(["get", "task", "nothing", "--sandbox", "--no-plugins"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get task nothing -p other -d staging
------- stderr -------
error: task `nothing` not found in project `other`, domain `staging`
hint: run `flyte-host get tasks -p other -d staging` to list the tasks
[exit: 1]
$ flyte-host get launch-plan shout z9 -p other -d staging
------- stderr -------
error: launch plan `shout`, version `z9`, not found in project `other`, domain `staging`
hint: run `flyte-host get launch-plans shout --versions -p other -d staging` to list its versions
[exit: 1]
$ flyte-host run nothing -p other -d staging
------- stderr -------
error: launch plan, workflow or task `nothing` not found in project `other`, domain `staging`
hint: run `flyte-host get launch-plans -p other -d staging` to list the launch plans
[exit: 1]
$ flyte-host run shout -i 'text=a' --name taken -p other -d staging
------- stderr -------
error: execution `taken` already exists
hint: choose another name, or watch that execution with `flyte-host execution watch taken -p other -d staging`
[exit: 1]
$ flyte-host launchplan activate nothing -p other -d staging
------- stderr -------
error: launch plan `nothing` not found in project `other`, domain `staging`
hint: run `flyte-host get launch-plans -p other -d staging` to list the launch plans
[exit: 1]
$ flyte-host get project nothing --sandbox -p other
------- stderr -------
error: project `nothing` not found
hint: run `flyte-host get projects --sandbox` to list the projects
[exit: 1]
$ flyte-host get task nothing --sandbox --no-plugins
------- stderr -------
error: task `nothing` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get tasks --sandbox --no-plugins` to list the tasks
[exit: 1]

"#]]
    );
}

#[test]
fn a_name_of_another_kind_is_a_hint() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "hello.twice", "--task"]));
    transcript.add(flyte.run(["run", "hello.greet", "--workflow"]));
    transcript.add(flyte.run(["get", "task", "hello.twice"]));
    transcript.add(flyte.run(["launchplan", "activate", "hello.greet"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.twice --task
------- stderr -------
error: task `hello.twice` not found in project `flytesnacks`, domain `development`
hint: omit `--task`: `hello.twice` is the name of a workflow
[exit: 1]
$ flyte-host run hello.greet --workflow
------- stderr -------
error: workflow `hello.greet` not found in project `flytesnacks`, domain `development`
hint: omit `--workflow`: `hello.greet` is the name of a task
[exit: 1]
$ flyte-host get task hello.twice
------- stderr -------
error: task `hello.twice` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get workflow hello.twice` to see the workflow of that name
[exit: 1]
$ flyte-host launchplan activate hello.greet
------- stderr -------
error: launch plan `hello.greet` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get task hello.greet` to see the task of that name
[exit: 1]

"#]]
    );
}

#[test]
fn a_version_that_is_not_there() {
    let flyte = empty();
    flyte.home.write("hello.yaml", HELLO);
    for version in ["1", "2024-01"] {
        flyte.run(["register", "hello.yaml", "--version", version]).success();
    }
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["launchplan", "activate", "shout:2024-02"]));
    transcript.add(flyte.run(["launchplan", "deactivate", "shout", "x"]));
    transcript.add(flyte.run(["run", "say:x", "-i", "text=a"]));
    transcript.add(flyte.run(["launchplan", "activate", "shout:1"]));
    transcript.add(flyte.run(["launchplan", "deactivate", "shout:1"]));
    transcript.add(flyte.run(["launchplan", "activate", "shout:1", "1"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host launchplan activate shout:2024-02
------- stderr -------
error: launch plan `shout`, version `2024-02`, not found in project `flytesnacks`, domain `development`
hint: did you mean version `2024-01`?
[exit: 1]
$ flyte-host launchplan deactivate shout x
------- stderr -------
error: launch plan `shout`, version `x`, not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get launch-plans shout --versions` to list its versions
[exit: 1]
$ flyte-host run say:x -i 'text=a'
------- stderr -------
error: launch plan, workflow or task `say`, version `x`, not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get tasks say --versions` to list its versions
[exit: 1]
$ flyte-host launchplan activate shout:1
NAME   VERSION  STATE   SCHEDULE
shout  1        ACTIVE  -
[exit: 0]
$ flyte-host launchplan deactivate shout:1
NAME   VERSION  STATE     SCHEDULE
shout  1        INACTIVE  -
[exit: 0]
$ flyte-host launchplan activate shout:1 1
------- stderr -------
error: the version is given twice
[exit: 2]

"#]]
    );
}

#[test]
fn a_version_may_have_a_colon() {
    let flyte = empty();
    flyte.home.write("hello.yaml", HELLO);
    flyte.run(["register", "hello.yaml", "--version", "a:b"]).success();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "task", "say:a:b", "-o", "name"]));
    transcript.add(flyte.run(["get", "task", "say", "a:b", "-o", "name"]));
    transcript.add(flyte.run(["launchplan", "activate", "shout:a:b", "-o", "name"]));
    transcript.add(flyte.run(["get", "task", "say:a:c"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get task say:a:b -o name
say:a:b
[exit: 0]
$ flyte-host get task say a:b -o name
say:a:b
[exit: 0]
$ flyte-host launchplan activate shout:a:b -o name
shout
[exit: 0]
$ flyte-host get task say:a:c
------- stderr -------
error: task `say:a`, version `c`, not found in project `flytesnacks`, domain `development`
hint: did you mean version `a:b`?
[exit: 1]

"#]]
    );
}

#[test]
fn an_empty_value_is_an_error() {
    let flyte = empty();
    flyte.home.write("hello.yaml", HELLO);
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "shout", "--name", ""]));
    transcript.add(flyte.run(["register", "hello.yaml", "--version", ""]));
    transcript.add(flyte.run(["run", "shout", "--max-parallelism", "-1"]));
    transcript.add(flyte.run(["get", "tasks", "--limit", "0"]));
    transcript.add(flyte.run(["get", "tasks", "--limit", "-1"]));
    for arguments in [
        &["run", "shout", "--tag", ""][..],
        &["run", "shout", "--service-account="],
        &["run", "shout", "--raw-output-data-prefix", ""],
        &["run", "shout", "--cluster-pool", ""],
        &["run", "shout", "--execution-cluster-label", ""],
        &["get", "tasks", "-p", ""],
        &["get", "tasks", "-d", ""],
        &["get", "execution", ""],
        &["get", "project", ""],
        &["get", "nodes", ""],
        &["get", "task", "say", ""],
        &["launchplan", "activate", "shout", ""],
    ] {
        let output = flyte.run(arguments);
        assert!(output.failure(2).contains("a value is required for"), "{arguments:?}: {output}");
    }
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run shout --name ''
------- stderr -------
error: a value is required for '--name <NAME>' but none was supplied

For more information, try '--help'.
[exit: 2]
$ flyte-host register hello.yaml --version ''
------- stderr -------
error: a value is required for '--version <VERSION>' but none was supplied

For more information, try '--help'.
[exit: 2]
$ flyte-host run shout --max-parallelism -1
------- stderr -------
error: invalid value '-1' for '--max-parallelism <N>': -1 is not in 0..=65535

For more information, try '--help'.
[exit: 2]
$ flyte-host get tasks --limit 0
------- stderr -------
error: invalid value '0' for '--limit <N>': 0 is not in 1..=4294967295

For more information, try '--help'.
[exit: 2]
$ flyte-host get tasks --limit -1
------- stderr -------
error: invalid value '-1' for '--limit <N>': -1 is not in 1..=4294967295

For more information, try '--help'.
[exit: 2]

"#]]
    );
}

/// A home whose Flyte is a recorded one.
fn run_recorded(arguments: &[&str]) -> Output {
    let flyte = Recorded::api().start();
    let mut home: TestEnvironment = home_with(&[]);
    flyte.configure(&mut home);
    home.run(arguments)
}

#[test]
fn a_fixed_input_is_refused() {
    snapshot!(
        run_recorded(&["run", "lp.fixed:v1", "-p", "ga-a-main", "-i", "x=3", "-i", "y=1"]),
        str![[r#"
------- stderr -------
error: invalid inputs for launch plan `lp.fixed`, version `v1`
  caused by: `inputs.x`: fixed to `7` by the launch plan
hint: leave out `inputs.x`, or run a launch plan that does not fix it
[exit: 1]
"#]]
    );
}

#[test]
fn conditions_stand_on_the_edges_of_a_graph() {
    snapshot!(
        run_recorded(&["get", "workflow", "w.branch:v1", "-p", "ga-a-main", "-o", "dot"]),
        str![[r#"
digraph "w.branch" {
  rankdir=TB;
  node [shape=box];
  "start-node" [label="start-node", shape=circle];
  "end-node" [label="end-node", shape=circle];
  "b0" [label="b0", shape=diamond];
  "b0" -> "b0-then" [label="x GT 1"];
  "b0" -> "b0-else" [label="orElse"];
  "b0-then" [label="t.add", shape=box];
  "b0-else" [label="t.add", shape=box];
  "b0" -> "end-node";
  "start-node" -> "b0";
}
[exit: 0]
"#]]
    );
}
