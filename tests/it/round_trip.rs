//! What `get` prints is registered again, and nothing changes.

use snapbox::str;
use tests::{TestEnvironment, Transcript, output, snapshot};

use crate::sandbox_home;

/// A workflow with a default, a launch plan of its own name that has it, and another launch plan.
const GREETINGS: &str = "\
name: say
image: sh
command: [sh, -c, printf]
inputs: {text: str}
outputs: {text: str}
---
workflow: shout
inputs: {text: {type: str, default: hello}}
nodes:
  say: {task: say, inputs: {text: $inputs.text}}
outputs: {text: $say.text}
---
launch_plan: loud
workflow: shout
fixed_inputs: {text: HELLO}
";

/// Writes what a command prints to a file.
fn save(home: &TestEnvironment, arguments: &[&str], file: &str) {
    let output = output(home.command().args(arguments));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    home.write(file, output.stdout);
}

fn registered() -> TestEnvironment {
    let home = sandbox_home(&[]);
    home.write("greetings.yaml", GREETINGS);
    home.run(["register", "greetings.yaml", "--version", "v1"]).success();
    home
}

#[test]
fn what_get_prints_is_registered_unchanged() {
    let home = registered();
    save(&home, &["get", "task", "say", "-o", "yaml"], "task.yaml");
    save(&home, &["get", "workflow", "shout", "-o", "yaml"], "workflow.yaml");
    save(&home, &["get", "launch-plan", "shout", "-o", "json"], "plan.json");
    save(&home, &["get", "launch-plan", "loud", "-o", "yaml"], "loud.yaml");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["register", "task.yaml"]));
    // The launch plan of the workflow's name is not in the file; the one that is there has a default and
    // stays.
    transcript.add(home.run(["register", "workflow.yaml"]));
    transcript.add(home.run(["register", "plan.json", "loud.yaml"]));
    let output = home.run(["register", "workflow.yaml", "-o", "json"]);
    assert!(output.contains("\"result\": \"unchanged\""), "{output}");
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host register task.yaml
KIND  NAME  VERSION  RESULT
task  say   v1       unchanged
------- stderr -------
1 unchanged
run it with `flyte-host run say:v1`
[exit: 0]
$ flyte-host register workflow.yaml
KIND         NAME   VERSION  RESULT
task         say    v1       unchanged
workflow     shout  v1       unchanged
launch plan  shout  v1       unchanged
------- stderr -------
3 unchanged
run it with `flyte-host run shout:v1`
[exit: 0]
$ flyte-host register plan.json loud.yaml
KIND         NAME   VERSION  RESULT
launch plan  shout  v1       unchanged
launch plan  loud   v1       unchanged
------- stderr -------
2 unchanged
run `shout` with `flyte-host run shout:v1`
run `loud` with `flyte-host run loud:v1`
[exit: 0]

"#]]
    );
}

#[test]
fn a_workflow_of_another_version_gets_a_launch_plan() {
    let home = registered();
    save(&home, &["get", "workflow", "shout", "-o", "yaml"], "workflow.yaml");
    let document = home.read(home.cwd().join("workflow.yaml"));
    home.write("second.yaml", document.replace("version: v1", "version: v2"));
    snapshot!(
        home.run(["register", "second.yaml"]),
        str![[r#"
KIND         NAME   VERSION  RESULT
task         say    v2       registered
workflow     shout  v2       registered
launch plan  shout  v2       registered
------- stderr -------
3 registered
run it with `flyte-host run shout:v2`
[exit: 0]
"#]]
    );
}
