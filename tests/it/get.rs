//! `get`, as a user types it.

use snapbox::str;
use tests::snapshot;

use crate::flyte::{empty, hello};

#[test]
fn an_empty_list_says_so_and_prints_nothing() {
    let flyte = empty();
    snapshot!(
        flyte.run(&["get", "tasks"]),
        str![[r#"
------- stderr -------
no tasks in project `flytesnacks`, domain `development`
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "workflows", "-o", "json"]),
        str![[r#"
[]
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "launch-plans", "-p", "other"]),
        str![[r#"
------- stderr -------
error: project `other` not found
hint: run `flyte-host get projects` to list the projects
[exit: 1]
"#]]
    );
    snapshot!(flyte.run(&["get", "executions", "-o", "name"]), str!["[exit: 0]"]);
}

#[test]
fn projects_and_domains() {
    let flyte = empty();
    snapshot!(
        flyte.run(&["get", "projects"]),
        str![[r#"
PROJECT      NAME         STATE   DOMAINS                           DESCRIPTION
flytesnacks  flytesnacks  ACTIVE  development, staging, production  Default project setup.
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "project", "flytesnacks", "-o", "yaml"]),
        str![[r#"
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
"#]]
    );
    snapshot!(
        flyte.run(&["get", "project", "flytesnack"]),
        str![[r#"
------- stderr -------
error: project `flytesnack` not found
hint: did you mean `flytesnacks`?
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "domains"]),
        str![[r#"
DOMAIN       NAME
development  development
staging      staging
production   production
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "domains", "-o", "name"]),
        str![[r#"
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
    snapshot!(
        flyte.run(&["get", "tasks", "--sort-by", "name", "--asc"]),
        str![[r#"
NAME         VERSION  TYPE           CREATED
hello.count  v1       raw-container  [TIME]
hello.fail   v1       raw-container  [TIME]
hello.greet  v1       raw-container  [TIME]
hello.sleep  v1       raw-container  [TIME]
hello.write  v1       raw-container  [TIME]
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "tasks", "--filter", "name~fai", "-o", "name"]),
        str![[r#"
hello.fail:v1
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "tasks", "--filter", "name=hello.fail", "-o", "json"]),
        str![[r#"
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
"#]]
    );
    snapshot!(
        flyte.run(&["get", "tasks", "--limit", "1", "--sort-by", "name", "-o", "name"]),
        str![[r#"
hello.write:v1
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task", "hello.greet", "--versions"]),
        str![[r#"
NAME         VERSION  TYPE           CREATED
hello.greet  v1       raw-container  [TIME]
[exit: 0]
"#]]
    );
}

#[test]
fn one_of_a_kind() {
    let flyte = hello();
    snapshot!(
        flyte.run(&["get", "task", "hello.greet"]),
        str![[r#"
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
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task", "hello.greet:v1", "-o", "name"]),
        str![[r#"
hello.greet:v1
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "workflow", "hello.twice", "v1"]),
        str![[r#"
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
    snapshot!(
        flyte.run(&["get", "workflow", "hello.twice", "-o", "dot"]),
        str![[r#"
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
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task", "hello.greet", "-o", "dot"]),
        str![[r#"
------- stderr -------
error: `-o dot` is for `get workflow NAME` only
[exit: 2]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "tasks", "-o", "dot"]),
        str![[r#"
------- stderr -------
error: `-o dot` is for `get workflow NAME` only
[exit: 2]
"#]]
    );
}

#[test]
fn names_that_there_are_not() {
    let flyte = hello();
    snapshot!(
        flyte.run(&["get", "task", "hello.gret"]),
        str![[r#"
------- stderr -------
error: task `hello.gret` not found in project `flytesnacks`, domain `development`
hint: did you mean `hello.greet`?
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task", "hello.greet", "v9"]),
        str![[r#"
------- stderr -------
error: task `hello.greet`, version `v9`, not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get tasks hello.greet --versions` to list its versions
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "workflow", "else"]),
        str![[r#"
------- stderr -------
error: workflow `else` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get workflows` to list the workflows
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "execution", "nothing"]),
        str![[r#"
------- stderr -------
error: execution `nothing` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get executions` to list executions
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "nodes", "nothing"]),
        str![[r#"
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
    snapshot!(
        flyte.run(&["get", "tasks", "--filter", "nmae=x"]),
        str![[r#"
------- stderr -------
error: unknown key `nmae` for a list of tasks
hint: did you mean `name`?
[exit: 2]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "tasks", "--filter", "name"]),
        str![[r#"
------- stderr -------
error: no operator in filter `name`
hint: write `KEY=VALUE`, with one of `=`, `!=`, `>`, `>=`, `<`, `<=`, `~` (contains), or `KEY in (A;B)`
[exit: 2]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "executions", "--sort-by", "nmae"]),
        str![[r#"
------- stderr -------
error: unknown key `nmae` for a list of executions
hint: did you mean `name`?
[exit: 2]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "task", "a:1", "2"]),
        str![[r#"
------- stderr -------
error: the version is given twice
[exit: 2]
"#]]
    );
}
