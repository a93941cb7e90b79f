//! `get`, as a user types it.

use snapbox::str;
use tests::snapshot;

use crate::flyte::{empty, hello};

#[test]
fn an_empty_list_says_so_and_prints_nothing() {
    let flyte = empty();
    snapshot!(flyte.run(&["get", "tasks"]), str![]);
    snapshot!(flyte.run(&["get", "workflows", "-o", "json"]), str![]);
    snapshot!(flyte.run(&["get", "launch-plans", "-p", "other"]), str![]);
    snapshot!(flyte.run(&["get", "executions", "-o", "name"]), str![]);
}

#[test]
fn projects_and_domains() {
    let flyte = empty();
    snapshot!(flyte.run(&["get", "projects"]), str![]);
    snapshot!(flyte.run(&["get", "project", "flytesnacks", "-o", "yaml"]), str![]);
    snapshot!(flyte.run(&["get", "project", "flytesnack"]), str![]);
    snapshot!(flyte.run(&["get", "domains"]), str![]);
    snapshot!(flyte.run(&["get", "domains", "-o", "name"]), str![]);
}

#[test]
fn lists_of_tasks() {
    let flyte = hello();
    snapshot!(flyte.run(&["get", "tasks", "--sort-by", "name", "--asc"]), str![]);
    snapshot!(flyte.run(&["get", "tasks", "--filter", "name~fai", "-o", "name"]), str![]);
    snapshot!(flyte.run(&["get", "tasks", "--filter", "name=hello.fail", "-o", "json"]), str![]);
    snapshot!(flyte.run(&["get", "tasks", "--limit", "1", "--sort-by", "name", "-o", "name"]), str![]);
    snapshot!(flyte.run(&["get", "task", "hello.greet", "--versions"]), str![]);
}

#[test]
fn one_of_a_kind() {
    let flyte = hello();
    snapshot!(flyte.run(&["get", "task", "hello.greet"]), str![]);
    snapshot!(flyte.run(&["get", "task", "hello.greet:v1", "-o", "name"]), str![]);
    snapshot!(flyte.run(&["get", "workflow", "hello.twice", "v1"]), str![]);
}

#[test]
fn a_graph() {
    let flyte = hello();
    snapshot!(flyte.run(&["get", "workflow", "hello.twice", "-o", "dot"]), str![]);
    snapshot!(flyte.run(&["get", "task", "hello.greet", "-o", "dot"]), str![]);
    snapshot!(flyte.run(&["get", "tasks", "-o", "dot"]), str![]);
}

#[test]
fn names_that_there_are_not() {
    let flyte = hello();
    snapshot!(flyte.run(&["get", "task", "hello.gret"]), str![]);
    snapshot!(flyte.run(&["get", "task", "hello.greet", "v9"]), str![]);
    snapshot!(flyte.run(&["get", "workflow", "else"]), str![]);
    snapshot!(flyte.run(&["get", "execution", "nothing"]), str![]);
    snapshot!(flyte.run(&["get", "nodes", "nothing"]), str![]);
}

#[test]
fn lists_that_cannot_be() {
    let flyte = empty();
    snapshot!(flyte.run(&["get", "tasks", "--filter", "nmae=x"]), str![]);
    snapshot!(flyte.run(&["get", "tasks", "--filter", "name"]), str![]);
    snapshot!(flyte.run(&["get", "executions", "--sort-by", "nmae"]), str![]);
    snapshot!(flyte.run(&["get", "task", "a:1", "2"]), str![]);
}
