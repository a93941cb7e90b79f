//! `register` for real: onto the embedded sandbox, and read back from it.

use snapbox::str;
use tests::{TestEnvironment, Transcript, output, snapshot};

use crate::sandbox_home;

/// A task, and a workflow that runs it.
pub(crate) const HELLO: &str = "\
name: say
image: sh
command: [sh, -c, printf]
inputs: {text: str}
outputs: {text: str}
---
workflow: shout
inputs: {text: str}
nodes:
  say: {task: say, inputs: {text: $inputs.text}}
outputs: {text: $say.text}
";

fn home_of(document: &str) -> TestEnvironment {
    let home = sandbox_home(&[]);
    home.write("hello.yaml", document);
    home
}

#[test]
fn what_is_there_already_is_fine() {
    let home = home_of(HELLO);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1"]));
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml --version v1
KIND         NAME   VERSION  RESULT
task         say    v1       registered
workflow     shout  v1       registered
launch plan  shout  v1       registered
------- stderr -------
3 registered
run it with `flyte-host run shout:v1`
[exit: 0]
$ flyte-host register hello.yaml --version v1
KIND         NAME   VERSION  RESULT
task         say    v1       unchanged
workflow     shout  v1       unchanged
launch plan  shout  v1       unchanged
------- stderr -------
3 unchanged
run it with `flyte-host run shout:v1`
[exit: 0]

"#]]
    );
}

/// Registers files, and returns the versions by kind and name.
fn derived(home: &TestEnvironment, arguments: &[&str]) -> Vec<(String, String)> {
    let output = output(home.command().arg("register").args(arguments).args(["-o", "json"]));
    let account: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |entity: &serde_json::Value, key: &str| entity[key].as_str().unwrap().to_owned();
    let named =
        |entity| (format!("{} {}", text(entity, "kind"), text(entity, "name")), text(entity, "version"));
    let mut versions: Vec<_> = account.iter().map(named).collect();
    versions.sort();
    versions
}

#[test]
fn the_version_is_made_of_the_content() {
    let home = home_of(HELLO);
    let versions = derived(&home, &["hello.yaml"]);
    assert!(versions.iter().all(|(_, version)| version.len() == 16), "{versions:?}");
    // The same elsewhere, and in another order.
    let (task, workflow) = HELLO.split_once("---\n").unwrap();
    home.write("1.yaml", workflow);
    home.write("2.yaml", task);
    assert_eq!(derived(&home, &["1.yaml", "2.yaml", "-d", "staging"]), versions);
    home.write("hello.yaml", HELLO.replace("image: sh", "image: bash"));
    let changed = derived(&home, &["hello.yaml"]);
    assert!(changed.iter().zip(&versions).all(|(new, old)| new.0 == old.0 && new.1 != old.1), "{changed:?}");
}

#[test]
fn programs_get_an_account() {
    let home = home_of(HELLO);
    let arguments = ["register", "hello.yaml", "--version", "v1", "--activate-launchplans", "-o"];
    let mut transcript = Transcript::new();
    transcript.add(home.run([&arguments[..], &["json"]].concat()));
    transcript.add(home.run([&arguments[..], &["yaml"]].concat()));
    transcript.add(home.run([&arguments[..], &["name"]].concat()));
    transcript.add(home.run([&arguments[..], &["table"]].concat()));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml --version v1 --activate-launchplans -o json
[
  {
    "kind": "task",
    "project": "flytesnacks",
    "domain": "development",
    "name": "say",
    "version": "v1",
    "result": "registered"
  },
  {
    "kind": "workflow",
    "project": "flytesnacks",
    "domain": "development",
    "name": "shout",
    "version": "v1",
    "result": "registered"
  },
  {
    "kind": "launch plan",
    "project": "flytesnacks",
    "domain": "development",
    "name": "shout",
    "version": "v1",
    "result": "registered",
    "active": true
  }
]
------- stderr -------
3 registered
[exit: 0]
$ flyte-host register hello.yaml --version v1 --activate-launchplans -o yaml
- kind: task
  project: flytesnacks
  domain: development
  name: say
  version: v1
  result: unchanged
- kind: workflow
  project: flytesnacks
  domain: development
  name: shout
  version: v1
  result: unchanged
- kind: launch plan
  project: flytesnacks
  domain: development
  name: shout
  version: v1
  result: unchanged
  active: true
------- stderr -------
3 unchanged
[exit: 0]
$ flyte-host register hello.yaml --version v1 --activate-launchplans -o name
say
shout
shout
------- stderr -------
3 unchanged
[exit: 0]
$ flyte-host register hello.yaml --version v1 --activate-launchplans -o table
KIND         NAME   VERSION  RESULT
task         say    v1       unchanged
workflow     shout  v1       unchanged
launch plan  shout  v1       unchanged, active
------- stderr -------
3 unchanged
run it with `flyte-host run shout:v1`
[exit: 0]

"#]]
    );
}

#[test]
fn what_needs_a_refused_one_waits_for_a_second_run() {
    let home = home_of("name: say\nimage: other\ncommand: [sh]\ninputs: {text: str}\noutputs: {text: str}\n");
    home.run(["register", "hello.yaml", "--version", "v1"]).success();
    home.write("hello.yaml", format!("{HELLO}---\nname: apart\nimage: sh\ncommand: [sh]\n"));
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1"]));
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1", "-o", "json"]));
    home.write("hello.yaml", home.read("hello.yaml").replacen("image: sh", "image: other", 1));
    home.write("hello.yaml", home.read("hello.yaml").replacen("[sh, -c, printf]", "[sh]", 1));
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml --version v1
KIND         NAME   VERSION  RESULT
task         say    v1       failed
workflow     shout  v1       not sent because task `say` failed
launch plan  shout  v1       not sent because task `say` failed
task         apart  v1       registered
------- stderr -------
1 registered, 1 failed, 2 not sent
error: could not register task `say`
  caused by: Flyte refused `CreateTask` (INVALID_ARGUMENT)
  caused by: say task with different structure already exists. (Please register a new version of the task):
    /template/container/command/1:
    	+ -c
    /template/container/command/2:
    	+ printf
    /template/container/image:
    	- other
    	+ sh
hint: pass another `--version`, or omit it to use content hashes
[exit: 22]
$ flyte-host register hello.yaml --version v1 -o json
[
  {
    "kind": "task",
    "project": "flytesnacks",
    "domain": "development",
    "name": "say",
    "version": "v1",
    "result": "failed",
    "reason": "say task with different structure already exists. (Please register a new version of the task):\n/template/container/command/1:\n\t+ -c\n/template/container/command/2:\n\t+ printf\n/template/container/image:\n\t- other\n\t+ sh"
  },
  {
    "kind": "workflow",
    "project": "flytesnacks",
    "domain": "development",
    "name": "shout",
    "version": "v1",
    "result": "not sent",
    "reason": "not sent because task `say` failed"
  },
  {
    "kind": "launch plan",
    "project": "flytesnacks",
    "domain": "development",
    "name": "shout",
    "version": "v1",
    "result": "not sent",
    "reason": "not sent because task `say` failed"
  },
  {
    "kind": "task",
    "project": "flytesnacks",
    "domain": "development",
    "name": "apart",
    "version": "v1",
    "result": "unchanged"
  }
]
------- stderr -------
1 unchanged, 1 failed, 2 not sent
{"error":{"message":"could not register task `say`","causes":["Flyte refused `CreateTask` (INVALID_ARGUMENT)","say task with different structure already exists. (Please register a new version of the task):\n/template/container/command/1:\n\t+ -c\n/template/container/command/2:\n\t+ printf\n/template/container/image:\n\t- other\n\t+ sh"],"hints":["pass another `--version`, or omit it to use content hashes"],"exitCode":22}}
[exit: 22]
$ flyte-host register hello.yaml --version v1
KIND         NAME   VERSION  RESULT
task         say    v1       unchanged
workflow     shout  v1       registered
launch plan  shout  v1       registered
task         apart  v1       unchanged
------- stderr -------
2 registered, 2 unchanged
run it with `flyte-host run shout:v1`
[exit: 0]

"#]]
    );
}

#[test]
fn equal_failures_are_reported_once() {
    let home = home_of(HELLO);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1", "-p", "nowhere"]));
    let tasks: String =
        (0..3).map(|number| format!("---\nname: t{number}\nimage: sh\ncommand: [sh]\n")).collect();
    home.write("hello.yaml", tasks);
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1", "-p", "nowhere"]));
    transcript.add(home.run(["register", "hello.yaml", "--version", "v1", "-d", "nowhere"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml --version v1 -p nowhere
KIND         NAME   VERSION  RESULT
task         say    v1       failed
workflow     shout  v1       not sent because task `say` failed
launch plan  shout  v1       not sent because task `say` failed
------- stderr -------
1 failed, 2 not sent
error: could not register task `say`
  caused by: Flyte refused `CreateTask` (INVALID_ARGUMENT)
  caused by: failed to validate that project [nowhere] and domain [development] are registered, err: [project [nowhere] not found]
hint: run `flyte-host get projects` to list the projects, or `flyte-host project create nowhere` to create it
[exit: 22]
$ flyte-host register hello.yaml --version v1 -p nowhere
KIND  NAME  VERSION  RESULT
task  t0    v1       failed
task  t1    v1       failed
task  t2    v1       failed
------- stderr -------
3 failed
error: could not register task `t0` and 2 more
  caused by: Flyte refused `CreateTask` (INVALID_ARGUMENT)
  caused by: failed to validate that project [nowhere] and domain [development] are registered, err: [project [nowhere] not found]
hint: run `flyte-host get projects` to list the projects, or `flyte-host project create nowhere` to create it
[exit: 22]
$ flyte-host register hello.yaml --version v1 -d nowhere
KIND  NAME  VERSION  RESULT
task  t0    v1       failed
task  t1    v1       failed
task  t2    v1       failed
------- stderr -------
3 failed
error: could not register task `t0` and 2 more
  caused by: Flyte refused `CreateTask` (INVALID_ARGUMENT)
  caused by: domain [nowhere] is unrecognized by system
[exit: 22]

"#]]
    );
}

#[test]
fn what_needs_itself_cannot_be_the_first() {
    let home = home_of("workflow: loop\nnodes:\n  again: {launch_plan: loop}\n");
    snapshot!(
        home.run(["register", "hello.yaml", "--version", "v1"]),
        str![[r#"
------- stderr -------
error: hello.yaml:1: workflow `loop` contains itself through its nodes
[exit: 1]
"#]]
    );
}

#[test]
fn a_server_that_does_not_answer_is_asked_for_a_few_only() {
    let mut home = home_of(HELLO);
    home.set("FLYTE_SANDBOX", "");
    home.set("FLYTE_PLATFORM_URL", "127.0.0.1:1").set("FLYTE_PLATFORM_INSECURE", "true");
    snapshot!(
        home.run(["register", "hello.yaml", "--version", "v1"]),
        str![[r#"
KIND         NAME   VERSION  RESULT
task         say    v1       failed
workflow     shout  v1       not sent because task `say` failed
launch plan  shout  v1       not sent because task `say` failed
------- stderr -------
1 failed, 2 not sent
error: could not register task `say`
  caused by: cannot reach Flyte in 3 tries within [TIME]
  caused by: nothing listens at `127.0.0.1:1`
  caused by: connection refused
hint: check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there
[exit: 21]
"#]]
    );
}

#[test]
fn the_plugins_rules_arrive() {
    let mut home = sandbox_home(&["acme"]);
    home.set("FLYTE_PLUGIN", "acme");
    home.write("hello.yaml", "name: cached\ncommand: [sh]\ncache: true\n");
    snapshot!(
        home.run(["register", "hello.yaml", "--version", "v1"]),
        str![[r#"
KIND  NAME    VERSION  RESULT
task  cached  v1       registered
------- stderr -------
task `cached`: image `my-company/flyte-base:v1.2.3` (get_default_image); cache version 3bfc269594ef… (policy `acme-hourly`, kept for 1h)
1 registered
run it with `flyte-host run cached:v1`
[exit: 0]
"#]]
    );
    let task = home.run(["get", "task", "cached:v1", "-o", "yaml"]);
    let task =
        task.map(|text| text.split_inclusive('\n').filter(|line| !line.contains("createdAt")).collect());
    snapshot!(
        task,
        str![[r#"
closure:
  compiledTask:
    template:
      container:
        command:
        - sh
        dataConfig:
          enabled: true
        image: my-company/flyte-base:v1.2.3
        resources: {}
      id:
        domain: development
        name: cached
        project: flytesnacks
        resourceType: TASK
        version: v1
      interface:
        inputs: {}
        outputs: {}
      metadata:
        discoverable: true
        discoveryVersion: [SHA256]
        generatesDeck: false
        metadata: {}
        retries: {}
        runtime:
          flavor: flyte-host
          version: "[VERSION]"
        tags:
          flyte-host.cache-ttl: 3600s
      type: raw-container
id:
  domain: development
  name: cached
  project: flytesnacks
  resourceType: TASK
  version: v1
[exit: 0]
"#]]
    );
}

#[test]
fn the_code_of_a_package_goes_along() {
    let home = sandbox_home(&[]);
    home.write(
        "task.yaml",
        "name: fast\nimage: python\ncommand: [pyflyte-fast-execute, --additional-distribution, '{{ .remote_package_path }}', \
         --dest-dir, '{{ .dest_dir }}']\n",
    );
    home.run(["register", "--dry-run", "task.yaml", "-o", "pb", "--out-dir", "package"]).success();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "package", "--version", "v1"]));
    home.write("package/fast0123.tar.gz", "the code");
    transcript.add(home.run(["register", "package", "--version", "v1", "-D", "/root"]));
    let task = home.run(["get", "task", "fast:v1", "-o", "json"]).json();
    let container = &task["closure"]["compiledTask"]["template"]["container"];
    assert_eq!(container["command"][4], "/root", "{container}");
    let key = container["command"][2].as_str().unwrap().strip_prefix("s3://my-s3-bucket/").unwrap();
    let file = home.home().join(".flyte/sandbox/blobs").join(key);
    assert_eq!(std::fs::read(file).unwrap(), b"the code");
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register package --version v1
------- stderr -------
error: the code of task `fast` is missing
  caused by: no `fast….tar.gz` came with `package/0_fast_1.pb`
hint: rebuild the package with `pyflyte package --copy all`
[exit: 1]
$ flyte-host register package --version v1 -D /root
KIND  NAME  VERSION  RESULT
task  fast  v1       registered
------- stderr -------
1 registered
run it with `flyte-host run fast:v1`
[exit: 0]

"#]]
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let home = home_of(HELLO);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "hello.yaml", "-o", "pb", "--out-dir", "out"]));
    transcript.add(home.run(["register", "hello.yaml", "--out-dir", "out"]));
    transcript.add(home.run(["register", "hello.yaml", "--dry-run", "--activate-launchplans"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register hello.yaml -o pb --out-dir out
------- stderr -------
error: `-o pb` is for `register --dry-run` only
[exit: 2]
$ flyte-host register hello.yaml --out-dir out
------- stderr -------
error: `--out-dir` is for `-o pb` only
[exit: 2]
$ flyte-host register hello.yaml --dry-run --activate-launchplans
------- stderr -------
error: the argument '--dry-run' cannot be used with '--activate-launchplans'

Usage: flyte-host register --dry-run <FILES>...

For more information, try '--help'.
[exit: 2]

"#]]
    );
}
