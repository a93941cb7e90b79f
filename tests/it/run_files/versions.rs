//! Versions made of the content of entities.

use snapbox::str;
use tests::{Transcript, snapshot};

use super::{HELLO, Numbered};

#[test]
fn an_edited_example_runs_as_it_is_now() {
    let flyte = Numbered::new(HELLO);
    let run = ["run", "hello.yaml", "-i", "name=World", "--wait"];
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(&run));
    // Nothing of it was changed.
    transcript.add(flyte.run(&run));
    flyte.write(&HELLO.replace("Hello, ", "Goodbye, "));
    transcript.add(flyte.run(&run));
    // Back to the first one, which is no longer the newest.
    flyte.write(HELLO);
    transcript.add(flyte.run(["register", "hello.yaml"]));
    transcript.add(flyte.run(["run", "hello", "-i", "name=World", "--wait"]));
    transcript.add(flyte.run(&run));
    transcript.add(flyte.run(["register", "hello.yaml", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.yaml -i 'name=World' --wait
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
$ flyte-host run hello.yaml -i 'name=World' --wait
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
$ flyte-host run hello.yaml -i 'name=World' --wait
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
$ flyte-host register hello.yaml
KIND         NAME   VERSION           RESULT
task         greet  [V3]  unchanged
workflow     hello  [V1]  unchanged
launch plan  hello  [V1]  unchanged
------- stderr -------
3 unchanged
warning: version `[V1]` of `hello` is not the newest: `flyte-host run hello` takes `[V2]`
run it with `flyte-host run hello:[V1]`
[exit: 0]
$ flyte-host run hello -i 'name=World' --wait
NAME      VALUE
greeting  Goodbye, Goodbye, World!!
------- stderr -------
running launch plan `hello`, version `[V2]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host run hello.yaml -i 'name=World' --wait
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
$ flyte-host register hello.yaml -o name
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
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["register", "hello.yaml"]));
    transcript.add(flyte.run(["register", "other.yaml", "hello.yaml"]));
    flyte.flyte.home.write("twice.yaml", HELLO.replace("image: sh", "image: bash"));
    transcript.add(flyte.run(["register", "hello.yaml", "twice.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml
KIND         NAME   VERSION           RESULT
task         greet  [V1]  registered
workflow     hello  [V2]  registered
launch plan  hello  [V2]  registered
------- stderr -------
3 registered
run it with `flyte-host run hello:[V2]`
[exit: 0]
$ flyte-host register other.yaml hello.yaml
KIND         NAME   VERSION           RESULT
task         other  [V3]  registered
task         greet  [V1]  unchanged
workflow     hello  [V2]  unchanged
launch plan  hello  [V2]  unchanged
------- stderr -------
1 registered, 3 unchanged
run it with `flyte-host run hello:[V2]`
[exit: 0]
$ flyte-host register hello.yaml twice.yaml
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
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["register", "hello.yaml", "-d", "staging", "--version", "v1"]));
    flyte.flyte.home.write("task.yaml", "name: alone\nimage: sh\ncommand: [sh]\n");
    transcript.add(flyte.run(["register", "task.yaml"]));
    transcript.add(flyte.run(["run", "task.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml -d staging --version v1
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
$ flyte-host register task.yaml
KIND  NAME   VERSION           RESULT
task  alone  [V1]  registered
------- stderr -------
1 registered
run it with `flyte-host run alone:[V1]`
[exit: 0]
$ flyte-host run task.yaml
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
fn a_launch_plan_of_the_workflows_name_is_its_own() {
    let plan = "---\nlaunch_plan: hello\nworkflow: hello\ninputs: {name: default}\n";
    let flyte = Numbered::new(&format!("{HELLO}{plan}"));
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["register", "hello.yaml"]));
    transcript.add(flyte.run(["run", "hello", "--wait"]));
    transcript.add(flyte.run(["run", "hello", "--workflow", "--wait"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml
KIND         NAME   VERSION           RESULT
task         greet  [V1]  registered
workflow     hello  [V2]  registered
launch plan  hello  [V3]  registered
------- stderr -------
3 registered
run it with `flyte-host run hello:[V3]`
[exit: 0]
$ flyte-host run hello --wait
NAME      VALUE
greeting  Hello, Hello, default!!
------- stderr -------
running launch plan `hello`, version `[V3]`
started execution `[EXECUTION]`
node first: SUCCEEDED, [DURATION]
node second: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host run hello --workflow --wait
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
fn a_cached_result_of_another_version_is_marked() {
    let cached = HELLO.replacen(
        "outputs: { greeting: str }\n",
        "outputs: { greeting: str }\ncache: { version: v1 }\n",
        1,
    );
    let flyte = Numbered::new(&cached);
    let run = |name: &str| flyte.run(["run", "hello.yaml", "-i", "name=World", "--wait", "--name", name]);
    let mut transcript = Transcript::new();
    transcript.add(run("one"));
    transcript.add(run("two"));
    flyte.write(&cached.replace("Hello, ", "Goodbye, "));
    transcript.add(run("three"));
    transcript.add(flyte.run(["get", "nodes", "three"]));
    transcript.add(flyte.run(["execution", "show", "three"]));
    let arguments = ["run", "hello.yaml", "greet", "-i", "name=World", "--wait", "--name"];
    transcript.add(flyte.run([&arguments[..], &["four"]].concat()));
    transcript.add(flyte.run([&arguments[..], &["five", "--overwrite-cache"]].concat()));
    let node = flyte.run(["get", "nodes", "three", "-o", "json"]);
    assert!(node.contains("\"sourceTaskExecution\""), "{node}");
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.yaml -i 'name=World' --wait --name one
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
$ flyte-host run hello.yaml -i 'name=World' --wait --name two
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 unchanged
running launch plan `hello`, version `[V1]`
started execution `two`
node first: SUCCEEDED, cached
node second: SUCCEEDED, cached
execution two: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host run hello.yaml -i 'name=World' --wait --name three
NAME      VALUE
greeting  Hello, Hello, World!!
------- stderr -------
3 registered
running launch plan `hello`, version `[V2]`
started execution `three`
node first: SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again)
node second: SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again)
execution three: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host get nodes three
NODE    NAME  PHASE      CACHE                                      STARTED  DURATION  ERROR
first   -     SUCCEEDED  cached from task version [V4]  -        -         -
second  -     SUCCEEDED  cached from task version [V4]  -        -         -
[exit: 0]
$ flyte-host execution show three
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
  first   SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again)
  second  SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again)
[exit: 0]
$ flyte-host run hello.yaml greet -i 'name=World' --wait --name four
NAME      VALUE
greeting  Hello, World!
------- stderr -------
3 unchanged
running task `greet`, version `[V3]`
started execution `four`
node greet: SUCCEEDED, cached (task version [V3]; stored by version [V4] in execution one; `--overwrite-cache` runs it again)
execution four: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host run hello.yaml greet -i 'name=World' --wait --name five --overwrite-cache
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
}
