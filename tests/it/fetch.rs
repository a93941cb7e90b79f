//! `fetch`, of what executions gave.

use snapbox::str;
use tests::snapshot;

use crate::flyte::hello;

#[test]
fn values_are_printed_and_files_written() {
    let flyte = hello();
    let _ = flyte.run(&["run", "hello.write", "-i", "text=words", "--name", "done", "--wait"]);
    snapshot!(
        flyte.run(&["fetch", "done", "--inputs"]),
        str![[r#"
NAME  VALUE
text  words
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["fetch", "done", "out"]),
        str![[r#"
NAME  VALUE
file  out/file/file
[exit: 0]
"#]]
    );
    assert_eq!(flyte.home.read("out/file/file"), "words");
    snapshot!(
        flyte.run(&["fetch", "done", "--value", "other"]),
        str![[r#"
------- stderr -------
error: there is no value `other`
hint: its values: `file`
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["fetch", "done", "--node", "n9"]),
        str![[r#"
------- stderr -------
error: there is no node `n9` in execution `done`
hint: run `flyte-host get nodes done` to list its nodes
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["fetch", "s3://bucket/x"]),
        str![[r#"
------- stderr -------
error: invalid value 's3://bucket/x' for '<SOURCE>': write the name of an execution, or an address that begins with `flyte://`

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn values_have_addresses() {
    let flyte = hello();
    let _ = flyte.run(&["run", "hello.write", "-i", "text=words", "--name", "done", "--wait"]);
    let address = "flyte://v1/flytesnacks/development/done/hellowrite";
    snapshot!(
        flyte.run(&["fetch", &format!("{address}/i")]),
        str![[r#"
NAME  VALUE
text  words
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["fetch", &format!("{address}/o/file"), "one", "-o", "json"]),
        str![[r#"
{
  "file": {
    "files": [
      "one/file/file"
    ]
  }
}
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["fetch", &format!("{address}/o/nothing")]),
        str![[r#"
------- stderr -------
error: there is nothing at `flyte://v1/flytesnacks/development/done/hellowrite/o/nothing`
  caused by: no value named [nothing] at [flyte://v1/flytesnacks/development/done/hellowrite/o/nothing]
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["fetch", &format!("{address}/o"), "--inputs"]),
        str![[r#"
------- stderr -------
error: an address names the node and the side already
hint: leave out `--node` and `--inputs`
[exit: 2]
"#]]
    );
}
