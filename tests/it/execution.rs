//! `execution`, on executions of the sandbox.

use snapbox::str;
use tests::snapshot;

use crate::flyte::hello;

#[test]
fn a_copy_of_an_execution() {
    let flyte = hello();
    let _ = flyte.run(&["run", "hello.greet", "-i", "name=World", "--name", "first", "--wait"]);
    let text = flyte.run(&["execution", "relaunch", "first", "--name", "second", "--wait"]);
    snapshot!(text.lines().next().unwrap_or_default(), str![]);
    snapshot!(flyte.run(&["execution", "show", "second"]), str![]);
    let _ = flyte.run(&["execution", "recover", "first", "--name", "third", "--wait"]);
    snapshot!(flyte.run(&["get", "executions", "--sort-by", "name", "--asc"]), str![]);
}

#[test]
fn archived_executions_leave_the_lists() {
    let flyte = hello();
    let _ = flyte.run(&["run", "hello.greet", "-i", "name=World", "--name", "first", "--wait"]);
    snapshot!(flyte.run(&["execution", "archive", "first"]), str![]);
    snapshot!(flyte.run(&["get", "executions"]), str![]);
    snapshot!(flyte.run(&["get", "executions", "--filter", "state=archived", "-o", "name"]), str![]);
    snapshot!(flyte.run(&["execution", "activate", "first"]), str![]);
    snapshot!(flyte.run(&["get", "executions", "-o", "name"]), str![]);
}

#[test]
fn an_execution_that_there_is_not() {
    let flyte = hello();
    for verb in ["show", "watch", "inputs", "outputs", "terminate", "relaunch", "recover", "archive"] {
        let text = flyte.run(&["execution", verb, "nothing"]);
        assert_eq!(
            text,
            "------- stderr -------\n\
             error: there is no execution `nothing` in project `flytesnacks`, domain `development`\n\
             hint: `flyte-host get executions` lists what there is\n[exit: 1]",
            "of `execution {verb}`"
        );
    }
}
