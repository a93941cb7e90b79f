//! `get`, as a user types it.

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::flyte::{empty, hello};

#[test]
fn an_empty_list_is_a_note_and_prints_nothing() {
    let flyte = empty();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "tasks"]));
    transcript.add(flyte.run(["get", "workflows", "-o", "json"]));
    transcript.add(flyte.run(["get", "launch-plans", "-p", "other"]));
    transcript.add(flyte.run(["get", "executions", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks
------- stderr -------
no tasks in project `flytesnacks`, domain `development`
[exit: 0]
$ flyte-host get workflows -o json
[]
[exit: 0]
$ flyte-host get launch-plans -p other
------- stderr -------
error: project `other` not found
hint: run `flyte-host get projects` to list the projects
[exit: 1]
$ flyte-host get executions -o name
[exit: 0]

"#]]
    );
}

#[test]
fn projects_and_domains() {
    let flyte = empty();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "projects"]));
    transcript.add(flyte.run(["get", "project", "flytesnacks", "-o", "yaml"]));
    transcript.add(flyte.run(["get", "project", "flytesnack"]));
    transcript.add(flyte.run(["get", "domains"]));
    transcript.add(flyte.run(["get", "domains", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get projects
PROJECT      NAME         STATE   DOMAINS                           DESCRIPTION
flytesnacks  flytesnacks  ACTIVE  development, staging, production  Default project setup.
[exit: 0]
$ flyte-host get project flytesnacks -o yaml
description: Default project setup.
domains:
- id: development
  name: development
- id: staging
  name: staging
- id: production
  name: production
id: flytesnacks
name: flytesnacks
[exit: 0]
$ flyte-host get project flytesnack
------- stderr -------
error: project `flytesnack` not found
hint: did you mean `flytesnacks`?
[exit: 1]
$ flyte-host get domains
DOMAIN       NAME
development  development
staging      staging
production   production
[exit: 0]
$ flyte-host get domains -o name
development
staging
production
[exit: 0]

"#]]
    );
}

#[test]
fn lists_of_tasks() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "tasks", "--sort-by", "name", "--asc"]));
    transcript.add(flyte.run(["get", "tasks", "--filter", "name~fai", "-o", "name"]));
    transcript.add(flyte.run(["get", "tasks", "--filter", "name=hello.fail", "-o", "json"]));
    transcript.add(flyte.run(["get", "tasks", "--limit", "1", "--sort-by", "name", "-o", "name"]));
    transcript.add(flyte.run(["get", "task", "hello.greet", "--versions"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks --sort-by name --asc
NAME         VERSION  TYPE           CREATED
hello.count  v1       raw-container  [TIME]
hello.fail   v1       raw-container  [TIME]
hello.greet  v1       raw-container  [TIME]
hello.sleep  v1       raw-container  [TIME]
hello.write  v1       raw-container  [TIME]
[exit: 0]
$ flyte-host get tasks --filter 'name~fai' -o name
hello.fail:v1
[exit: 0]
$ flyte-host get tasks --filter 'name=hello.fail' -o json
[
  {
    "closure": {
      "compiledTask": {
        "template": {
          "container": {
            "args": [
              "echo 'the disk is on fire' >&2; exit 3"
            ],
            "command": [
              "sh",
              "-c"
            ],
            "dataConfig": {
              "enabled": true,
              "inputPath": "/var/inputs",
              "outputPath": "/var/outputs"
            },
            "image": "sh",
            "resources": {}
          },
          "id": {
            "domain": "development",
            "name": "hello.fail",
            "project": "flytesnacks",
            "resourceType": "TASK",
            "version": "v1"
          },
          "interface": {
            "inputs": {},
            "outputs": {}
          },
          "metadata": {
            "generatesDeck": false,
            "metadata": {},
            "retries": {},
            "runtime": {
              "flavor": "flyte-host",
              "version": "[VERSION]"
            }
          },
          "type": "raw-container"
        }
      },
      "createdAt": "[TIME]"
    },
    "id": {
      "domain": "development",
      "name": "hello.fail",
      "project": "flytesnacks",
      "resourceType": "TASK",
      "version": "v1"
    }
  }
]
[exit: 0]
$ flyte-host get tasks --limit 1 --sort-by name -o name
hello.write:v1
[exit: 0]
$ flyte-host get task hello.greet --versions
NAME         VERSION  TYPE           CREATED
hello.greet  v1       raw-container  [TIME]
[exit: 0]

"#]]
    );
}

#[test]
fn one_of_a_kind() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "task", "hello.greet"]));
    transcript.add(flyte.run(["get", "task", "hello.greet:v1", "-o", "name"]));
    transcript.add(flyte.run(["get", "workflow", "hello.twice", "v1"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get task hello.greet
NAME     hello.greet
VERSION  v1
PROJECT  flytesnacks
DOMAIN   development
TYPE     raw-container
IMAGE    sh
COMMAND  sh -c 'printf '\''Hello, %s!'\'' '\''{{.inputs.name}}'\'' > /var/outputs/greeting'
CACHE    version `1`
CREATED  [TIME]
INPUTS
  name  str: name
OUTPUTS
  greeting  str: greeting
[exit: 0]
$ flyte-host get task hello.greet:v1 -o name
hello.greet:v1
[exit: 0]
$ flyte-host get workflow hello.twice v1
NAME     hello.twice
VERSION  v1
PROJECT  flytesnacks
DOMAIN   development
CREATED  [TIME]
INPUTS
  name  str: whom to greet
OUTPUTS
  greeting  str
NODES
  first   task hello.greet:v1
  second  task hello.greet:v1
[exit: 0]

"#]]
    );
}

#[test]
fn a_graph() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "workflow", "hello.twice", "-o", "dot"]));
    transcript.add(flyte.run(["get", "task", "hello.greet", "-o", "dot"]));
    transcript.add(flyte.run(["get", "tasks", "-o", "dot"]));
    transcript.add(flyte.run(["-o", "dot", "get", "workflows"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get workflow hello.twice -o dot
digraph "hello.twice" {
  rankdir=TB;
  node [shape=box];
  "start-node" [label="start-node", shape=circle];
  "end-node" [label="end-node", shape=circle];
  "first" [label="greet\nhello.greet", shape=box];
  "second" [label="greet\nhello.greet", shape=box];
  "first" -> "second";
  "second" -> "end-node";
  "start-node" -> "first";
}
[exit: 0]
$ flyte-host get task hello.greet -o dot
------- stderr -------
error: invalid value 'dot' for '--output <FORMAT>'
  [possible values: json, name, table, yaml]

For more information, try '--help'.
[exit: 2]
$ flyte-host get tasks -o dot
------- stderr -------
error: invalid value 'dot' for '--output <FORMAT>'
  [possible values: json, name, table, yaml]

For more information, try '--help'.
[exit: 2]
$ flyte-host -o dot get workflows
------- stderr -------
error: `-o dot` is for `get workflow NAME` only
[exit: 2]

"#]]
    );
}

#[test]
fn names_that_there_are_not() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "task", "hello.gret"]));
    transcript.add(flyte.run(["get", "task", "hello.greet", "v9"]));
    transcript.add(flyte.run(["get", "workflow", "else"]));
    transcript.add(flyte.run(["get", "execution", "nothing"]));
    transcript.add(flyte.run(["get", "nodes", "nothing"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get task hello.gret
------- stderr -------
error: task `hello.gret` not found in project `flytesnacks`, domain `development`
hint: did you mean `hello.greet`?
[exit: 1]
$ flyte-host get task hello.greet v9
------- stderr -------
error: task `hello.greet`, version `v9`, not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get tasks hello.greet --versions` to list its versions
[exit: 1]
$ flyte-host get workflow else
------- stderr -------
error: workflow `else` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get workflows` to list the workflows
[exit: 1]
$ flyte-host get execution nothing
------- stderr -------
error: execution `nothing` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get executions` to list executions
[exit: 1]
$ flyte-host get nodes nothing
------- stderr -------
error: execution `nothing` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get executions` to list executions
[exit: 1]

"#]]
    );
}

#[test]
fn lists_that_cannot_be() {
    let flyte = empty();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["get", "tasks", "--filter", "nmae=x"]));
    transcript.add(flyte.run(["get", "tasks", "--filter", "name"]));
    transcript.add(flyte.run(["get", "executions", "--sort-by", "nmae"]));
    transcript.add(flyte.run(["get", "task", "a:1", "2"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get tasks --filter 'nmae=x'
------- stderr -------
error: unknown key `nmae` for a list of tasks
hint: did you mean `name`?
[exit: 2]
$ flyte-host get tasks --filter name
------- stderr -------
error: no operator in filter `name`
hint: write `KEY=VALUE`, with one of `=`, `!=`, `>`, `>=`, `<`, `<=`, `~` (contains), or `KEY in (A;B)`
[exit: 2]
$ flyte-host get executions --sort-by nmae
------- stderr -------
error: unknown key `nmae` for a list of executions
hint: did you mean `name`?
[exit: 2]
$ flyte-host get task a:1 2
------- stderr -------
error: the version is given twice
[exit: 2]

"#]]
    );
}
