//! Inputs and labels of `run`.

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::flyte::hello;

#[test]
fn inputs_are_checked_before_anything_is_sent() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "hello.twice"]));
    transcript.add(flyte.run(["run", "hello.greet", "-i", "nam=x"]));
    transcript.add(flyte.run(["run", "hello.greet", "-i", "name"]));
    flyte.home.write("inputs.yaml", "name: [1]\n");
    transcript.add(flyte.run(["run", "hello.greet", "--inputs-file", "inputs.yaml"]));
    transcript.add(flyte.run(["run", "hello.greet", "--inputs-file", "none.yaml"]));
    transcript.add(flyte.run(["get", "executions"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.twice
------- stderr -------
error: invalid inputs for workflow `hello.twice`, version `v1`
  caused by: missing input `name` (str)
[exit: 1]
$ flyte-host run hello.greet -i 'nam=x'
------- stderr -------
error: invalid inputs for task `hello.greet`, version `v1`
  caused by: unknown input `nam`
  caused by: missing input `name` (str)
hint: inputs.nam: did you mean `name`?
[exit: 1]
$ flyte-host run hello.greet -i name
------- stderr -------
error: invalid value 'name' for '--input <NAME=VALUE>': expected NAME=VALUE

For more information, try '--help'.
[exit: 2]
$ flyte-host run hello.greet --inputs-file inputs.yaml
------- stderr -------
error: invalid inputs for task `hello.greet`, version `v1`
  caused by: `inputs.name`: expected `str`, got a list
[exit: 1]
$ flyte-host run hello.greet --inputs-file none.yaml
------- stderr -------
error: could not read the inputs from `none.yaml`
  caused by: No such file or directory (os error 2)
[exit: 1]
$ flyte-host get executions
------- stderr -------
no executions in project `flytesnacks`, domain `development`
[exit: 0]

"#]]
    );
}

#[test]
fn an_input_given_twice_is_an_error() {
    let flyte = hello();
    for pair in [
        ["-i", "name=a", "-i", "name=b"],
        ["--label", "a=1", "--label", "a=2"],
        ["--env", "A=1", "--env", "A=1"],
    ] {
        let output = flyte.run([&["run", "hello.greet"], &pair[..]].concat());
        assert!(output.failure(2).contains("is given twice"), "{output}");
    }
    snapshot!(
        flyte.run(["run", "hello.greet", "-i", "name=a", "-i", "name=b"]),
        str![[r#"
------- stderr -------
error: `--input name=…` is given twice
hint: remove all but one `--input name=…`
[exit: 2]
"#]]
    );
}

#[test]
fn labels_are_those_of_kubernetes() {
    let flyte = hello();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "hello.greet", "-i", "name=a", "--label", "a b=c d"]));
    transcript.add(flyte.run(["run", "hello.greet", "-i", "name=a", "--label", "team=c d"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.greet -i 'name=a' --label 'a b=c d'
------- stderr -------
running task `hello.greet`, version `v1`
error: Flyte refused `CreateExecution` (INVALID_ARGUMENT)
  caused by: invalid label key [a b]: [name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')]
[exit: 22]
$ flyte-host run hello.greet -i 'name=a' --label 'team=c d'
------- stderr -------
running task `hello.greet`, version `v1`
error: Flyte refused `CreateExecution` (INVALID_ARGUMENT)
  caused by: invalid label value [c d]: [a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')]
[exit: 22]

"#]]
    );
}

#[test]
fn long_values_are_cut_on_a_terminal_only() {
    let flyte = hello();
    let name = format!("name={}", "x".repeat(5000));
    let run = ["run", "hello.greet", "-i", &name, "--name", "long", "--wait"];
    let whole = format!("Hello, {}!", "x".repeat(5000));
    let cut = format!(
        "Hello, {}… (5,008 characters; `-o json` or `fetch` with a folder shows all)",
        "x".repeat(193)
    );
    let output = flyte.home.start_on_terminal(&run).finish();
    assert!(output.contains(&cut) && !output.contains(&whole), "{output}");
    for command in ["outputs", "watch"] {
        let output = flyte.home.start_on_terminal(["execution", command, "long"]).finish();
        assert!(output.contains(&cut), "{output}");
        assert!(flyte.run(["execution", command, "long"]).contains(&whole));
        let output = flyte.home.start_on_terminal(["execution", command, "long", "-o", "json"]).finish();
        assert!(output.contains(&whole));
    }
}
