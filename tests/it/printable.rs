//! What a terminal would act on, wherever it comes from: escaped for people, exact for programs.

use snapbox::str;
use tests::snapshot;

use crate::flyte::{Flyte, empty};

/// A text with a character of each kind: C0, C1, an escape sequence, a separator, a control of direction.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;t\u{7}b\rc\u{9b}d\u{7f}e\u{202e}f\u{2067}g\u{2028}h\u{8}\ti";

/// A task that gives a text, or says it twice and fails.
const TASKS: &str = r#"
name: gives
image: debian
command: [sh, -c, 'cp "$1" "$FLYTE_OUTPUT_DIR/text"', sh, "{{.inputs.file}}"]
output_data_dir: /var/outputs
inputs: {file: str}
outputs: {text: str}
---
name: fails
image: debian
command: [sh, -c, 'cat "$1"; cat "$1" >&2; exit 1', sh, "{{.inputs.file}}"]
inputs: {file: str}
"#;

fn hostile() -> (Flyte, String) {
    let flyte = empty();
    flyte.home.write("tasks.yaml", TASKS);
    let file = flyte.home.write("hostile", HOSTILE);
    flyte.run(["register", "tasks.yaml", "--version", "v1"]).success();
    let input = format!("file={}", file.display());
    (flyte, input)
}

/// Nothing of it reaches a terminal as it is.
fn is_printable(text: &str) -> bool {
    let acts = |letter: char| {
        letter.is_control() && !matches!(letter, '\n' | '\t')
            || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.contains(acts)
}

#[test]
fn what_tasks_give_is_escaped_for_people_and_exact_for_programs() {
    let (flyte, input) = hostile();
    let run = flyte.home.run(["run", "gives", "-i", &input, "--wait", "--name", "given"]);
    assert!(is_printable(&run.to_string()), "{run:?}");
    snapshot!(
        flyte.run(["execution", "outputs", "given"]),
        str![[r#"
NAME  VALUE
text  a\u{1b}[2J\u{1b}]0;t\u{7}b\rc\u{9b}d\u{7f}e\u{202e}f\u{2067}g\u{2028}h\u{8} i
[exit: 0]
"#]]
    );
    let json = flyte.home.run(["execution", "outputs", "given", "-o", "json"]);
    assert!(is_printable(&json.to_string()), "{json:?}");
    assert_eq!(json.json()["text"], HOSTILE);
    flyte.run(["fetch", "given", "out"]).success();
    assert_eq!(std::fs::read_to_string(flyte.home.cwd().join("out/text.txt")).unwrap(), HOSTILE);
    let yaml = flyte.home.run(["execution", "outputs", "given", "-o", "yaml"]);
    assert!(is_printable(&yaml.to_string()), "{yaml:?}");
    assert_eq!(flyte_client::documents::parse(yaml.success().stdout(), false).unwrap()[0]["text"], HOSTILE);
}

#[test]
fn messages_of_failed_tasks_are_escaped_wherever_they_are_shown() {
    let (flyte, input) = hostile();
    snapshot!(
        flyte.outcome(["run", "fails", "-i", &input, "--wait", "--name", "broken"]),
        str![[r#"
------- stderr -------
running task `fails`, version `v1`
started execution `broken`
node fails: FAILED, attempt 4, [DURATION]: [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 1; stderr: a\u{1b}[2J\u{1b}]0;t\u{7}b\rc\u{9b}d\u{7f}e\u{202e}f\u{2067}g\u{2028}h\u{8}	i
execution broken: FAILED, [DURATION]
error: execution `broken` failed
  caused by: node `fails` failed in attempt 4
  caused by: [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 1; stderr:
    a\u{1b}[2J\u{1b}]0;t\u{7}b\rc\u{9b}d\u{7f}e\u{202e}f\u{2067}g\u{2028}h\u{8}	i
hint: see its logs:
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/fails/3/stdout.log
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/fails/3/stderr.log
    file://[HOME]/.flyte/sandbox/runs/flytesnacks/development/broken/fails/3/runner.log
[exit: 1]
"#]]
    );
    for arguments in [
        &["execution", "show", "broken"][..],
        &["execution", "watch", "broken"],
        &["get", "nodes", "broken"],
        &["get", "executions"],
        &["execution", "show", "broken", "-o", "json"],
        &["get", "nodes", "broken", "-o", "json"],
    ] {
        let output = flyte.home.run(arguments);
        assert!(is_printable(&output.to_string()), "{arguments:?}: {output:?}");
    }
}

#[test]
fn arguments_and_contents_of_files_are_escaped() {
    let flyte = empty();
    let name = "x\u{1b}[2J\u{202e}y";
    flyte.home.write("bad.yaml", "name: t\nimage: debian\ncommand: [x]\n\"x\\e[2J\\u202ey\": 1\n");
    flyte.home.write("in.yaml", "\"x\\e[2J\\u202ey\": 1\n");
    flyte.home.write("tasks.yaml", TASKS);
    flyte.run(["register", "tasks.yaml", "--version", "v1"]).success();
    for arguments in [
        &[name][..],
        &["run", name],
        &["run", "gives", "-i", &format!("{name}=1")],
        &["run", "gives", "--inputs-file", "in.yaml"],
        &["register", name],
        &["register", "bad.yaml"],
        &["get", "tasks", "--filter", name],
        &["get", "tasks", name],
        &["--plugin", name, "plugin", "list"],
        &["upload", name],
        &["-o", "json", "run", name],
    ] {
        let output = flyte.home.run(arguments);
        assert!(output.contains(r"x\u"), "{arguments:?}: {output:?}");
        assert!(is_printable(&output.to_string()), "{arguments:?}: {output:?}");
    }
}
