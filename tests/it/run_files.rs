//! Versions made of content, and `run FILE`: what was just written is what runs.

use std::cell::RefCell;

use regex::Regex;
use snapbox::str;
use tests::snapshot;

use crate::flyte::{self, Flyte};

const HELLO: &str = "\
name: greet
image: sh
command: [sh, -c, 'printf \"Hello, %s!\" \"$1\" > /var/outputs/greeting', greet]
arguments: ['{{.inputs.name}}']
output_data_dir: /var/outputs
inputs: { name: str }
outputs: { greeting: str }
---
workflow: hello
inputs: { name: str }
nodes:
  first: { task: greet, inputs: { name: $inputs.name } }
  second: { task: greet, inputs: { name: $first.greeting } }
outputs: { greeting: $second.greeting }
";

/// A sandbox whose versions are numbered in the order in which they appear.
struct Numbered {
    flyte: Flyte,
    known: RefCell<Vec<String>>,
}

impl Numbered {
    fn new(document: &str) -> Self {
        let flyte = flyte::empty();
        flyte.home.write("hello.yaml", document);
        Self { flyte, known: RefCell::default() }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let text = self.flyte.outcome(arguments);
        let version = Regex::new(r"\b[a-z2-7]{16}\b").unwrap();
        let mut known = self.known.borrow_mut();
        let number = |found: &regex::Captures<'_>| {
            let at = known.iter().position(|version| *version == found[0]).unwrap_or_else(|| {
                known.push(found[0].to_owned());
                known.len() - 1
            });
            format!("[V{}]", at + 1)
        };
        version.replace_all(&text, number).into_owned()
    }

    fn write(&self, document: &str) {
        self.flyte.home.write("hello.yaml", document);
    }
}

#[test]
fn an_edited_example_runs_as_it_is_now() {
    let flyte = Numbered::new(HELLO);
    let run = ["run", "hello.yaml", "-i", "name=World", "--wait"];
    snapshot!(
        flyte.run(&run),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 registered
running launch plan `hello`, version `[V1]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    // Nothing of it was changed.
    snapshot!(
        flyte.run(&run),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 unchanged
running launch plan `hello`, version `[V1]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    flyte.write(&HELLO.replace("Hello, ", "Goodbye, "));
    snapshot!(
        flyte.run(&run),
        str![[r#"
NAME      VALUE
greeting  Goodbye, Goodbye, World!!
------- stderr -------
3 registered
running launch plan `hello`, version `[V2]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    // Back to the first one, which is no longer the newest.
    flyte.write(HELLO);
    snapshot!(
        flyte.run(&["register", "hello.yaml"]),
        str![[r#"
KIND         NAME   VERSION           RESULT
task         greet  [V3]  unchanged
workflow     hello  [V1]  unchanged
launch plan  hello  [V1]  unchanged
------- stderr -------
3 unchanged
warning: version `[V1]` of `hello` is not the newest: `flyte-host run hello` takes `[V2]`
run it with `flyte-host run hello:[V1]`
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello", "-i", "name=World", "--wait"]),
        str![[r#"
NAME      VALUE
greeting  Goodbye, Goodbye, World!!
------- stderr -------
running launch plan `hello`, version `[V2]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&run),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 unchanged
running launch plan `hello`, version `[V1]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["register", "hello.yaml", "-o", "name"]),
        str![[r#"
greet
hello
hello
------- stderr -------
3 unchanged
warning: version `[V1]` of `hello` is not the newest: `flyte-host run hello` takes `[V2]`
[exit: 0]

"#]]
    );
}

#[test]
fn a_version_is_of_the_entity_and_not_of_the_files() {
    let flyte = Numbered::new(HELLO);
    flyte.flyte.home.write("other.yaml", "name: other\nimage: sh\ncommand: [sh]\n");
    snapshot!(
        flyte.run(&["register", "hello.yaml"]),
        str![[r#"
KIND         NAME   VERSION           RESULT
task         greet  [V1]  registered
workflow     hello  [V2]  registered
launch plan  hello  [V2]  registered
------- stderr -------
3 registered
run it with `flyte-host run hello:[V2]`
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["register", "other.yaml", "hello.yaml"]),
        str![[r#"
KIND         NAME   VERSION           RESULT
task         other  [V3]  registered
task         greet  [V1]  unchanged
workflow     hello  [V2]  unchanged
launch plan  hello  [V2]  unchanged
------- stderr -------
1 registered, 3 unchanged
run it with `flyte-host run hello:[V2]`
[exit: 0]

"#]]
    );
    flyte.flyte.home.write("twice.yaml", HELLO.replace("image: sh", "image: bash"));
    snapshot!(
        flyte.run(&["register", "hello.yaml", "twice.yaml"]),
        str![[r#"
------- stderr -------
error: task `greet` is defined twice, differently
  caused by: in `hello.yaml`, document 1
  caused by: in `twice.yaml`, document 1
hint: rename one of them, or give each a version of its own
[exit: 1]

"#]]
    );
}

#[test]
fn commands_that_run_it_are_complete() {
    let flyte = Numbered::new(&format!(
        "{HELLO}---\nlaunch_plan: nightly\nworkflow: hello\ninputs: {{name: night}}\n"
    ));
    snapshot!(
        flyte.run(&["register", "hello.yaml", "-d", "staging", "--version", "v1"]),
        str![[r#"
KIND         NAME     VERSION  RESULT
task         greet    v1       registered
workflow     hello    v1       registered
launch plan  hello    v1       registered
launch plan  nightly  v1       registered
------- stderr -------
4 registered
run `hello` with `flyte-host run hello:v1 -d staging`
run `nightly` with `flyte-host run nightly:v1 -d staging`
[exit: 0]

"#]]
    );
    flyte.flyte.home.write("task.yaml", "name: alone\nimage: sh\ncommand: [sh]\n");
    snapshot!(
        flyte.run(&["register", "task.yaml"]),
        str![[r#"
KIND  NAME   VERSION           RESULT
task  alone  [V1]  registered
------- stderr -------
1 registered
run it with `flyte-host run alone:[V1]`
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "task.yaml"]),
        str![[r#"
[EXECUTION]
------- stderr -------
1 unchanged
running task `alone`, version `[V1]`
started execution `[EXECUTION]`
follow it with `flyte-host execution watch [EXECUTION]`
[exit: 0]

"#]]
    );
}

#[test]
fn the_one_that_is_meant_is_found() {
    let flyte = Numbered::new(&format!(
        "{HELLO}---\nlaunch_plan: nightly\nworkflow: hello\ninputs: {{name: night}}\n"
    ));
    snapshot!(
        flyte.run(&["run", "hello.yaml"]),
        str![[r#"
------- stderr -------
error: the files contain several candidates: workflow `hello`, launch plan `nightly`
hint: add one of these names: `flyte-host run FILES hello`
[exit: 2]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.yaml", "nightly", "--wait", "--version", "v1"]),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, night!!
------- stderr -------
4 registered
running launch plan `nightly`, version `v1`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "./hello.yaml", "hello", "-i", "name=Moon", "--wait", "-o", "json"]),
        str![[r#"
{
  "domain": "development",
  "name": "[EXECUTION]",
  "project": "flytesnacks",
  "phase": "SUCCEEDED",
  "outputs": {
    "greeting": "Hello, Hello, Moon!!"
  }
}
------- stderr -------
4 registered
running launch plan `hello`, version `[V1]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "greet", "hello.yaml", "-i", "name=Sun", "--wait", "-o", "yaml"]),
        str![[r#"
domain: development
name: [EXECUTION]
project: flytesnacks
phase: SUCCEEDED
outputs:
  greeting: Hello, Sun!
------- stderr -------
4 unchanged
running task `greet`, version `[V2]`
started execution `[EXECUTION]`
node greet: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.yaml", "--workflow", "-i", "name=Mars", "--wait"]),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, Mars!!
------- stderr -------
4 unchanged
running launch plan `hello`, version `[V1]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.yaml", "gret"]),
        str![[r#"
------- stderr -------
error: the files contain no workflow, launch plan or task `gret`
hint: did you mean `greet`?
[exit: 1]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.yaml", "greet", "--launch-plan"]),
        str![[r#"
------- stderr -------
error: the files contain no launch plan `greet`
hint: name one of launch plan `nightly`, workflow `hello`
[exit: 1]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.yaml", "greet", "hello"]),
        str![[r#"
------- stderr -------
error: cannot run more than one name: `greet`, `hello`
hint: write a file with its ending or as `./FILE`
[exit: 2]

"#]]
    );
}

#[test]
fn a_file_that_is_not_there_is_no_name() {
    let flyte = Numbered::new(HELLO);
    snapshot!(
        flyte.run(&["run", "missing.yaml"]),
        str![[r#"
------- stderr -------
error: missing.yaml: No such file or directory (os error 2)
[exit: 1]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "there/hello", "hello"]),
        str![[r#"
------- stderr -------
error: there/hello: No such file or directory (os error 2)
[exit: 1]

"#]]
    );
    // A file without an ending stays one, and the newest has a name of its own.
    flyte.flyte.home.write("hello", "");
    snapshot!(
        flyte.run(&["run", "hello"]),
        str![[r#"
------- stderr -------
error: hello: not a document, a package or a `.pb` file
hint: name the file `.yaml`, `.yml`, `.json`, `.pb`, `.tgz` or `.tar.gz`
hint: run `flyte-host run hello:latest` to run the registered `hello`
[exit: 1]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello:latest"]),
        str![[r#"
------- stderr -------
error: launch plan, workflow or task `hello` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get launch-plans` to list the launch plans
[exit: 1]

"#]]
    );
}

#[test]
fn a_launch_plan_of_the_workflows_name_is_its_own() {
    let plan = "---\nlaunch_plan: hello\nworkflow: hello\ninputs: {name: default}\n";
    let flyte = Numbered::new(&format!("{HELLO}{plan}"));
    snapshot!(
        flyte.run(&["register", "hello.yaml"]),
        str![[r#"
KIND         NAME   VERSION           RESULT
task         greet  [V1]  registered
workflow     hello  [V2]  registered
launch plan  hello  [V3]  registered
------- stderr -------
3 registered
run it with `flyte-host run hello:[V3]`
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello", "--wait"]),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, default!!
------- stderr -------
running launch plan `hello`, version `[V3]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello", "--workflow", "--wait"]),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, default!!
------- stderr -------
running launch plan `hello`, version `[V3]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
}

#[test]
fn a_result_of_another_version_is_told() {
    let cached = HELLO.replacen(
        "outputs: { greeting: str }\n",
        "outputs: { greeting: str }\ncache: { version: v1 }\n",
        1,
    );
    let flyte = Numbered::new(&cached);
    let run = |name: &str| flyte.run(&["run", "hello.yaml", "-i", "name=World", "--wait", "--name", name]);
    snapshot!(
        run("one"),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 registered
running launch plan `hello`, version `[V1]`
started execution `one`
node first: SUCCEEDED, stored in the cache, [DURATION]
node second: SUCCEEDED, stored in the cache, [DURATION]
execution one: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        run("two"),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 unchanged
running launch plan `hello`, version `[V1]`
started execution `two`
node first: SUCCEEDED, cached, [DURATION]
node second: SUCCEEDED, cached, [DURATION]
execution two: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    flyte.write(&cached.replace("Hello, ", "Goodbye, "));
    snapshot!(
        run("three"),
        str![[r#"
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 registered
running launch plan `hello`, version `[V2]`
started execution `three`
node first: SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again), [DURATION]
node second: SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again), [DURATION]
execution three: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["get", "nodes", "three"]),
        str![[r#"
NODE    NAME  PHASE      CACHE                                      STARTED               DURATION  ERROR
first   -     SUCCEEDED  cached from task version [V4]  [TIME]  [DURATION]  -
second  -     SUCCEEDED  cached from task version [V4]  [TIME]  [DURATION]  -
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&["execution", "show", "three"]),
        str![[r#"
NAME      three
PHASE     SUCCEEDED
PROJECT   flytesnacks
DOMAIN    development
RUNS      launch plan hello:[V2]
MODE      MANUAL
CREATED   [TIME]
STARTED   [TIME]
DURATION  [DURATION]
NODES
  first   SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again), [DURATION]
  second  SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again), [DURATION]
[exit: 0]

"#]]
    );
    let arguments = ["run", "hello.yaml", "greet", "-i", "name=World", "--wait", "--name"];
    snapshot!(
        flyte.run(&[&arguments[..], &["four"]].concat()),
        str![[r#"
NAME      VALUE
greeting  Hello, World!
------- stderr -------
3 unchanged
running task `greet`, version `[V3]`
started execution `four`
node greet: SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again), [DURATION]
execution four: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    snapshot!(
        flyte.run(&[&arguments[..], &["five", "--overwrite-cache"]].concat()),
        str![[r#"
NAME      VALUE
greeting  Goodbye, World!
------- stderr -------
3 unchanged
running task `greet`, version `[V3]`
started execution `five`
node greet: SUCCEEDED, stored in the cache, [DURATION]
execution five: SUCCEEDED, [DURATION]
[exit: 0]

"#]]
    );
    let node = flyte.run(&["get", "nodes", "three", "-o", "json"]);
    assert!(node.contains("\"sourceTaskExecution\""), "{node}");
}
