//! `execution`, on executions of the sandbox.

use snapbox::str;
use tests::snapshot;

use crate::flyte::hello;

#[test]
fn a_copy_of_an_execution() {
    let flyte = hello();
    let _ = flyte.run(&["run", "hello.greet", "-i", "name=World", "--name", "first", "--wait"]);
    let text = flyte.outcome(&["execution", "relaunch", "first", "--name", "second", "--wait"]);
    snapshot!(
        text,
        str![[r#"
NAME      VALUE
greeting  Hello, World!
------- stderr -------
started execution `second`
node hellogreet: SUCCEEDED, cached, [DURATION]
execution second: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["execution", "show", "second"]),
        str![[r#"
NAME      second
PHASE     SUCCEEDED
PROJECT   flytesnacks
DOMAIN    development
RUNS      task hello.greet:v1
MODE      RELAUNCH
COPY OF   first
CREATED   [TIME]
STARTED   [TIME]
DURATION  [DURATION]
NODES
  hellogreet  SUCCEEDED, cached, [DURATION]
[exit: 0]
"#]]
    );
    let _ = flyte.run(&["execution", "recover", "first", "--name", "third", "--wait"]);
    snapshot!(
        flyte.run(&["get", "executions", "--sort-by", "name", "--asc"]),
        str![[r#"
NAME    PHASE      RUNS                 CREATED               DURATION
first   SUCCEEDED  task hello.greet:v1  [TIME]  [DURATION]
second  SUCCEEDED  task hello.greet:v1  [TIME]  [DURATION]
third   SUCCEEDED  task hello.greet:v1  [TIME]  [DURATION]
[exit: 0]
"#]]
    );
}

#[test]
fn archived_executions_leave_the_lists() {
    let flyte = hello();
    let _ = flyte.run(&["run", "hello.greet", "-i", "name=World", "--name", "first", "--wait"]);
    snapshot!(
        flyte.run(&["execution", "archive", "first"]),
        str![[r#"
------- stderr -------
archived execution `first`
[exit: 0]
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
    snapshot!(
        flyte.run(&["get", "executions", "--filter", "state=archived", "-o", "name"]),
        str![[r#"
first
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["execution", "activate", "first"]),
        str![[r#"
------- stderr -------
restored execution `first`
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["get", "executions", "-o", "name"]),
        str![[r#"
first
[exit: 0]
"#]]
    );
}

#[test]
fn an_execution_that_there_is_not() {
    let flyte = hello();
    for verb in ["show", "watch", "inputs", "outputs", "terminate", "relaunch", "recover", "archive"] {
        let text = flyte.run(&["execution", verb, "nothing"]);
        assert_eq!(
            text,
            "------- stderr -------\n\
             error: execution `nothing` not found in project `flytesnacks`, domain `development`\n\
             hint: run `flyte-host get executions` to list executions\n[exit: 1]",
            "of `execution {verb}`"
        );
    }
}

#[test]
fn several_executions_are_shown() {
    let flyte = hello();
    for name in ["one", "two"] {
        let _ = flyte.run(&["run", "hello.greet", "-i", "name=x", "--name", name, "--wait"]);
    }
    snapshot!(
        flyte.run(&["execution", "show", "one", "two"]),
        str![[r#"
NAME      one
PHASE     SUCCEEDED
PROJECT   flytesnacks
DOMAIN    development
RUNS      task hello.greet:v1
MODE      MANUAL
CREATED   [TIME]
STARTED   [TIME]
DURATION  [DURATION]
NODES
  hellogreet  SUCCEEDED, stored in the cache, [DURATION]

NAME      two
PHASE     SUCCEEDED
PROJECT   flytesnacks
DOMAIN    development
RUNS      task hello.greet:v1
MODE      MANUAL
CREATED   [TIME]
STARTED   [TIME]
DURATION  [DURATION]
NODES
  hellogreet  SUCCEEDED, cached, [DURATION]
[exit: 0]
"#]]
    );
    let list = flyte.run(&["execution", "show", "one", "two", "-o", "json"]);
    let (list, _) = list.rsplit_once('\n').unwrap();
    let list: serde_json::Value = serde_json::from_str(list).unwrap();
    assert_eq!((&list[0]["id"]["name"], &list[1]["id"]["name"]), (&"one".into(), &"two".into()));
    snapshot!(
        flyte.run(&["execution", "show", "one", "two", "-o", "name"]),
        str![[r#"
one
two
[exit: 0]
"#]]
    );
    let gone = flyte.run(&["execution", "show", "one", "none"]);
    assert!(gone.starts_with("------- stderr -------\nerror: there is no execution `none`"), "{gone}");
}
