//! `execution`, on executions of the sandbox.

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::flyte::hello;

#[test]
fn a_copy_of_an_execution() {
    let flyte = hello();
    flyte.run(["run", "hello.greet", "-i", "name=World", "--name", "first", "--wait"]).success();
    let text = flyte.outcome(["execution", "relaunch", "first", "--name", "second", "--wait"]);
    snapshot!(
        text,
        str![[r#"
NAME      VALUE
greeting  Hello, World!
------- stderr -------
started execution `second`
node hellogreet: SUCCEEDED, cached
execution second: SUCCEEDED, [DURATION]
[exit: 0]
"#]]
    );
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["execution", "show", "second"]));
    flyte.run(["execution", "recover", "first", "--name", "third", "--wait"]).success();
    transcript.add(flyte.run(["get", "executions", "--sort-by", "name", "--asc"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution show second
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
  hellogreet  SUCCEEDED, cached
[exit: 0]
$ flyte-host get executions --sort-by name --asc
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
    flyte.run(["run", "hello.greet", "-i", "name=World", "--name", "first", "--wait"]).success();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["execution", "archive", "first"]));
    transcript.add(flyte.run(["get", "executions"]));
    transcript.add(flyte.run(["get", "executions", "--filter", "state=archived", "-o", "name"]));
    transcript.add(flyte.run(["execution", "activate", "first"]));
    transcript.add(flyte.run(["get", "executions", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution archive first
------- stderr -------
archived execution `first`
[exit: 0]
$ flyte-host get executions
------- stderr -------
no executions in project `flytesnacks`, domain `development`
[exit: 0]
$ flyte-host get executions --filter 'state=archived' -o name
first
[exit: 0]
$ flyte-host execution activate first
------- stderr -------
restored execution `first`
[exit: 0]
$ flyte-host get executions -o name
first
[exit: 0]

"#]]
    );
}

#[test]
fn an_execution_that_there_is_not() {
    let flyte = hello();
    for verb in ["show", "watch", "inputs", "outputs", "terminate", "relaunch", "recover", "archive"] {
        let text = flyte.run(["execution", verb, "nothing"]);
        assert_eq!(
            text.failure(1).stderr(),
            "error: execution `nothing` not found in project `flytesnacks`, domain `development`\n\
             hint: run `flyte-host get executions` to list executions\n",
            "of `execution {verb}`"
        );
    }
}

#[test]
fn several_executions_are_shown() {
    let flyte = hello();
    for name in ["one", "two"] {
        flyte.run(["run", "hello.greet", "-i", "name=x", "--name", name, "--wait"]).success();
    }
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["execution", "show", "one", "two"]));
    let list = flyte.run(["execution", "show", "one", "two", "-o", "json"]).json();
    assert_eq!((&list[0]["id"]["name"], &list[1]["id"]["name"]), (&"one".into(), &"two".into()));
    transcript.add(flyte.run(["execution", "show", "one", "two", "-o", "name"]));
    let gone = flyte.run(["execution", "show", "one", "none"]);
    assert!(
        gone.stdout().is_empty() && gone.stderr().starts_with("error: execution `none` not found"),
        "{gone}"
    );
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host execution show one two
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
  hellogreet  SUCCEEDED, cached
[exit: 0]
$ flyte-host execution show one two -o name
one
two
[exit: 0]

"#]]
    );
}
