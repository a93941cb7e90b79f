//! `fetch`, of what executions gave.

use serde_json::json;
use snapbox::str;
use tests::{Transcript, snapshot};

use crate::{bucket, flyte::hello};

#[test]
fn values_are_printed_and_files_written() {
    let flyte = hello();
    flyte.run(["run", "hello.write", "-i", "text=words", "--name", "done", "--wait"]).success();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["fetch", "done", "--inputs"]));
    transcript.add(flyte.run(["fetch", "done", "out"]));
    assert_eq!(flyte.home.read("out/file/file"), "words");
    transcript.add(flyte.run(["fetch", "done", "--value", "other"]));
    transcript.add(flyte.run(["fetch", "done", "--node", "n9"]));
    transcript.add(flyte.run(["fetch", "s3://bucket/x"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host fetch done --inputs
NAME  VALUE
text  words
[exit: 0]
$ flyte-host fetch done out
NAME  FILE
file  out/file/file
------- stderr -------
wrote 1 file to `out`
[exit: 0]
$ flyte-host fetch done --value other
------- stderr -------
error: value `other` not found
hint: choose one of `file`
[exit: 1]
$ flyte-host fetch done --node n9
------- stderr -------
error: node `n9` not found in execution `done`
hint: run `flyte-host get nodes done` to list its nodes
[exit: 1]
$ flyte-host fetch s3://bucket/x
------- stderr -------
error: invalid value 's3://bucket/x' for '<SOURCE>': expected the name of an execution, or an address that begins with `flyte://`

For more information, try '--help'.
[exit: 2]

"#]]
    );
}

#[test]
fn values_have_addresses() {
    let flyte = hello();
    flyte.run(["run", "hello.write", "-i", "text=words", "--name", "done", "--wait"]).success();
    let address = "flyte://v1/flytesnacks/development/done/hellowrite";
    snapshot!(
        flyte.run(["fetch", &format!("{address}/i")]),
        str![[r#"
NAME  VALUE
text  words
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(["fetch", &format!("{address}/o/file"), "one", "-o", "json"]),
        str![[r#"
{
  "file": {
    "files": [
      "one/file/file"
    ]
  }
}
------- stderr -------
wrote 1 file to `one`
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(["fetch", &format!("{address}/o/nothing")]),
        str![[r#"
------- stderr -------
error: no data at `flyte://v1/flytesnacks/development/done/hellowrite/o/nothing`
  caused by: no value named [nothing] at [flyte://v1/flytesnacks/development/done/hellowrite/o/nothing]
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(["fetch", &format!("{address}/o"), "--inputs"]),
        str![[r#"
------- stderr -------
error: cannot combine an address with `--node` or `--inputs`
hint: omit `--node` and `--inputs`: the address names both
[exit: 2]
"#]]
    );
}

#[test]
fn texts_are_files_too_and_nothing_is_overwritten() {
    let flyte = hello();
    flyte.run(["run", "hello.greet", "-i", "name=x", "--name", "done", "--wait"]).success();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["fetch", "done", "out"]));
    assert_eq!(flyte.home.read("out/greeting.txt"), "Hello, x!");
    flyte.home.write("out/greeting.txt", "mine");
    transcript.add(flyte.run(["fetch", "done", "out"]));
    assert_eq!(flyte.home.read("out/greeting.txt"), "mine");
    transcript.add(flyte.run(["fetch", "done", "out", "--force", "-o", "json"]));
    assert_eq!(flyte.home.read("out/greeting.txt"), "Hello, x!");
    flyte.run(["run", "hello.write", "-i", "text=words", "--name", "file", "--wait"]).success();
    flyte.run(["fetch", "file", "out"]).success();
    flyte.home.write("out/file/file", "mine");
    transcript.add(flyte.run(["fetch", "file", "out"]));
    assert_eq!(flyte.home.read("out/file/file"), "mine");
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host fetch done out
NAME      FILE
greeting  out/greeting.txt
------- stderr -------
wrote 1 file to `out`
[exit: 0]
$ flyte-host fetch done out
------- stderr -------
error: could not fetch 1 of 1: `greeting`
  caused by: `greeting`: `out/greeting.txt` already exists
hint: pass `--force` to overwrite it, or name another folder
[exit: 1]
$ flyte-host fetch done out --force -o json
{
  "greeting": {
    "files": [
      "out/greeting.txt"
    ]
  }
}
------- stderr -------
wrote 1 file to `out`
[exit: 0]
$ flyte-host fetch file out
------- stderr -------
error: could not fetch 1 of 1: `file`
  caused by: `file`: `out/file` already exists
hint: pass `--force` to overwrite it, or name another folder
[exit: 1]

"#]]
    );
}

#[test]
fn every_value_becomes_a_file() {
    let none = json!({ "scalar": { "none_type": {} } });
    let outputs = json!({
        "count": { "scalar": { "primitive": { "integer": "9007199254740993" } } },
        "done": { "scalar": { "primitive": { "boolean": true } } },
        "empty": { "collection": { "literals": [] } },
        "lines": { "scalar": { "primitive": { "string_value": "one\ntwo" } } },
        "maybe": { "scalar": { "union": { "value": none } } },
        "nothing": none,
        "ratio": { "scalar": { "primitive": { "float_value": 0.5 } } },
        "took": { "scalar": { "primitive": { "duration": "90s" } } },
        "words": { "collection": { "literals": [
            { "scalar": { "primitive": { "string_value": "x" } } },
        ] } },
    });
    let flyte = bucket::flyte(outputs, None);
    let home = bucket::home(&flyte);
    snapshot!(
        home.run(["fetch", "done", "out", "--recursive"]),
        str![[r#"
NAME      FILE
count     out/count.txt
done      out/done.txt
empty     out/empty.json
lines     out/lines.txt
maybe     out/maybe.json
nothing   out/nothing.json
ratio     out/ratio.txt
took      out/took.txt
words[0]  out/words/0.txt
------- stderr -------
wrote 9 files to `out`
[exit: 0]
"#]]
    );
    let files = ["count.txt", "done.txt", "empty.json", "lines.txt", "maybe.json", "words/0.txt"];
    let read = files.map(|file| home.read(format!("out/{file}")));
    assert_eq!(read, ["9007199254740993", "true", "[]\n", "one\ntwo", "null\n", "x"]);
}

#[test]
fn two_values_of_one_file_name_do_not_replace_each_other() {
    let text = |text: &str| json!({ "scalar": { "primitive": { "string_value": text } } });
    let flyte = bucket::flyte(json!({ "a-b": text("one"), "a/b": text("two") }), None);
    let home = bucket::home(&flyte);
    snapshot!(
        home.run(["fetch", "done", "out", "--force"]),
        str![[r#"
NAME  FILE
a-b   out/a-b.txt
------- stderr -------
wrote 1 file to `out`
error: could not fetch 1 of 2: `a/b`
  caused by: `a/b`: `out/a-b.txt` already holds another value
hint: fetch it alone with `--value`
[exit: 1]
"#]]
    );
    assert_eq!(home.read("out/a-b.txt"), "one");
    home.run(["fetch", "done", "out", "--force", "--value", "a/b"]).success();
    assert_eq!(home.read("out/a-b.txt"), "two");
}
