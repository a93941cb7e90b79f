//! `run` and what follows it, with real executions in the sandbox.

use snapbox::str;
use tests::snapshot;

use crate::flyte::hello;

#[test]
fn a_workflow_runs_and_prints_its_outputs() {
    let flyte = hello();
    let run = |format| flyte.run(&["run", "hello.twice", "-i", "name=World", "--wait", "-o", format]);
    snapshot!(outcome(&run("table")), str![]);
    // The second time nothing runs.
    snapshot!(outcome(&run("json")), str![]);
}

/// What was printed, without how it came about: which phases are seen depends on the moment.
fn outcome(text: &str) -> String {
    let passing = |line: &&str| {
        line.ends_with("QUEUED")
            || line.ends_with("RUNNING")
            || line.ends_with("UNDEFINED")
            || line.ends_with("SUCCEEDING")
            || line.ends_with("FAILING")
    };
    let lines: Vec<_> = text.lines().filter(|line| !passing(line)).collect();
    lines.join("\n")
}

#[test]
fn a_failure_names_the_node_and_why() {
    let flyte = hello();
    snapshot!(outcome(&flyte.run(&["run", "hello.fail", "--wait", "--name", "broken"])), str![]);
    snapshot!(flyte.run(&["execution", "show", "broken"]), str![]);
    snapshot!(flyte.run(&["get", "nodes", "broken"]), str![]);
    snapshot!(flyte.run(&["execution", "outputs", "broken"]), str![]);
}

#[test]
fn inputs_are_checked_before_anything_is_sent() {
    let flyte = hello();
    snapshot!(flyte.run(&["run", "hello.twice"]), str![]);
    snapshot!(flyte.run(&["run", "hello.greet", "-i", "nam=x"]), str![]);
    snapshot!(flyte.run(&["run", "hello.greet", "-i", "name"]), str![]);
    flyte.home.write("inputs.yaml", "name: [1]\n");
    snapshot!(flyte.run(&["run", "hello.greet", "--inputs-file", "inputs.yaml"]), str![]);
    snapshot!(flyte.run(&["run", "hello.greet", "--inputs-file", "none.yaml"]), str![]);
    snapshot!(flyte.run(&["get", "executions"]), str![]);
}

#[test]
fn without_waiting_the_name_is_printed() {
    let flyte = hello();
    snapshot!(flyte.run(&["run", "hello.greet", "-i", "name=x", "--name", "mine"]), str![]);
    snapshot!(flyte.run(&["run", "hello.greet", "-i", "name=x", "--name", "mine"]), str![]);
    snapshot!(flyte.run(&["run", "hello.greet", "-i", "name=x", "-o", "json"]), str![]);
    snapshot!(outcome(&flyte.run(&["execution", "watch", "mine"])), str![]);
    snapshot!(flyte.run(&["execution", "inputs", "mine"]), str![]);
    snapshot!(flyte.run(&["execution", "outputs", "mine", "-o", "yaml"]), str![]);
    snapshot!(flyte.run(&["execution", "terminate", "mine"]), str![]);
}

#[test]
fn what_is_not_there_cannot_be_run() {
    let flyte = hello();
    snapshot!(flyte.run(&["run", "hello.twic"]), str![]);
    snapshot!(flyte.run(&["run", "hello.twice", "--task"]), str![]);
    snapshot!(flyte.run(&["run", "hello.twice:v9"]), str![]);
}
