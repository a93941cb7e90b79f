//! Which entity `run FILE` runs.

use snapbox::str;
use tests::{Transcript, snapshot};

use super::{HELLO, Numbered};

#[test]
fn the_one_that_is_meant_is_found() {
    let flyte = Numbered::new(&format!(
        "{HELLO}---\nlaunch_plan: nightly\nworkflow: hello\ninputs: {{name: night}}\n"
    ));
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "hello.yaml"]));
    transcript.add(flyte.run(["run", "hello.yaml", "nightly", "--wait", "--version", "v1"]));
    transcript.add(flyte.run(["run", "./hello.yaml", "hello", "-i", "name=Moon", "--wait", "-o", "json"]));
    transcript.add(flyte.run(["run", "greet", "hello.yaml", "-i", "name=Sun", "--wait", "-o", "yaml"]));
    transcript.add(flyte.run(["run", "hello.yaml", "--workflow", "-i", "name=Mars", "--wait"]));
    transcript.add(flyte.run(["run", "hello.yaml", "gret"]));
    transcript.add(flyte.run(["run", "hello.yaml", "greet", "--launch-plan"]));
    transcript.add(flyte.run(["run", "hello.yaml", "greet", "hello"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.yaml
------- stderr -------
error: the files contain several candidates: workflow `hello`, launch plan `nightly`
hint: add one of these names: `flyte-host run FILES hello`
[exit: 2]
$ flyte-host run hello.yaml nightly --wait --version v1
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
$ flyte-host run ./hello.yaml hello -i 'name=Moon' --wait -o json
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
$ flyte-host run greet hello.yaml -i 'name=Sun' --wait -o yaml
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
$ flyte-host run hello.yaml --workflow -i 'name=Mars' --wait
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
$ flyte-host run hello.yaml gret
------- stderr -------
error: the files contain no workflow, launch plan or task `gret`
hint: did you mean `greet`?
[exit: 1]
$ flyte-host run hello.yaml greet --launch-plan
------- stderr -------
error: the files contain no launch plan `greet`
hint: name one of launch plan `nightly`, workflow `hello`
[exit: 1]
$ flyte-host run hello.yaml greet hello
------- stderr -------
error: cannot run more than one name: `greet`, `hello`
hint: write a file with its ending or as `./FILE`
[exit: 2]

"#]]
    );
}

#[test]
fn a_missing_file_is_not_taken_for_a_name() {
    let flyte = Numbered::new(HELLO);
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "missing.yaml"]));
    transcript.add(flyte.run(["run", "there/hello", "hello"]));
    // A file without an ending stays one, and the newest has a name of its own.
    flyte.flyte.home.write("hello", "");
    transcript.add(flyte.run(["run", "hello"]));
    transcript.add(flyte.run(["run", "hello:latest"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run missing.yaml
------- stderr -------
error: missing.yaml: No such file or directory (os error 2)
[exit: 1]
$ flyte-host run there/hello hello
------- stderr -------
error: there/hello: No such file or directory (os error 2)
[exit: 1]
$ flyte-host run hello
------- stderr -------
error: hello: not a document, a package or a `.pb` file
hint: name the file `.yaml`, `.yml`, `.json`, `.pb`, `.tgz` or `.tar.gz`
hint: run `flyte-host run hello:latest` to run the registered `hello`
[exit: 1]
$ flyte-host run hello:latest
------- stderr -------
error: launch plan, workflow or task `hello` not found in project `flytesnacks`, domain `development`
hint: run `flyte-host get launch-plans` to list the launch plans
[exit: 1]

"#]]
    );
}
