//! The command line and the environment.

use super::*;

#[test]
fn command_and_arguments_are_filled() {
    let fixture = Fixture::new(["sh", "-c", "printf '%s|' \"$@\" > /var/outputs/o", "name"])
        .with(|fixture| {
            let args =
                ["{{.inputs.i}}", "{{ $INPUTS.f }}", "{{.inputs.b}}", "{{.inputs.s}}", "{{.namespace}}"];
            fixture.container().args = args.map(str::to_owned).into();
        })
        .input("i", "int", 3.into())
        .input("f", "float", 0.5.into())
        .input("b", "bool", true.into())
        .input("s", "str", "two words; $HOME".into())
        .output("o", "str");
    assert_eq!(fixture.text(), "3|0.5|true|two words; $HOME|p-d|");
}

#[test]
fn every_value_has_its_text() {
    let cases = [
        ("datetime", "2026-01-02T03:04:05.5+01:00", "2026-01-02T02:04:05.5Z"),
        ("timedelta", "90m", "1h30m0s"),
        ("enum[red, green]", "green", "green"),
        ("int | None", "1", "1"),
    ];
    for (of, value, expected) in cases {
        let value = if of == "int | None" { 1.into() } else { serde_json::Value::from(value) };
        let fixture =
            script("echo '{{.inputs.x}}' > /var/outputs/o").input("x", of, value).output("o", "str");
        assert_eq!(fixture.text(), expected, "{of}");
    }
    let lists = [
        ("list[int]", serde_json::json!([1, 2]), "[1,2]"),
        ("dict[str, int]", serde_json::json!({"b": 1, "a": 2}), r#"{"a":2,"b":1}"#),
        ("dict", serde_json::json!({"b": 1.5, "a": [true, null]}), "map[a:[true <nil>] b:1.5]"),
    ];
    for (of, value, expected) in lists {
        let fixture =
            script("echo '{{.inputs.x}}' > /var/outputs/o").input("x", of, value).output("o", "str");
        assert_eq!(fixture.text(), expected, "{of}");
    }
}

#[test]
fn an_unknown_input_is_the_tasks_fault() {
    let (error, recoverable) = script("echo {{.inputs.y}}").failure();
    assert_eq!(
        error.message,
        "could not fill `{{.inputs.y}}` in the task's command: the task has no input `y`"
    );
    assert_eq!((error.kind(), recoverable), (ErrorKind::User, false));
}

#[test]
fn the_text_of_a_value_is_not_taken_for_a_path() {
    let fixture = Fixture::new(["sh", "-c", "echo \"$1\" > /var/outputs/o", "name", "{{.inputs.s}}"])
        .input("s", "str", "/var/inputs/x".into())
        .output("o", "str");
    assert_eq!(fixture.text(), "/var/inputs/x");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let fixture = Fixture::new(["no-such-program", "x"]);
    let (error, recoverable) = fixture.failure();
    let first = error.message.lines().next().unwrap();
    assert!(first.starts_with("program `no-such-program` not found on this machine (`PATH` is `"), "{first}");
    assert_eq!(
        error.message.lines().nth(1).unwrap(),
        "hint: the sandbox does not run the image `alpine`; install the program, or run the task on a cluster"
    );
    assert_eq!((error.code.as_str(), error.kind(), recoverable), ("ProgramNotFound", ErrorKind::User, false));
    let first = Fixture::new(["/no/such/program"]).message();
    assert!(first.starts_with("program `/no/such/program` not found on this machine\n"), "{first}");
}

#[test]
fn the_program_is_looked_for_where_the_task_says() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("greet");
    fs::write(&program, "#!/bin/sh\necho hello > \"$FLYTE_OUTPUT_DIR/o\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let fixture = Fixture::new(["greet"])
        .with(|fixture| fixture.attempt.envs = vec![("PATH".into(), folder.path().display().to_string())])
        .output("o", "str");
    assert_eq!(fixture.text(), "hello");
}

#[test]
fn an_images_entrypoint_cannot_be_run() {
    let fixture = Fixture::new([]).with(|fixture| fixture.container().args = vec!["echo".into()]);
    let (error, recoverable) = fixture.failure();
    assert_eq!(
        error.message,
        "the task has no `command`, so its image's entrypoint would run; the sandbox runs programs of this machine, \
         not images\nhint: write the entrypoint of `alpine` as the task's `command`"
    );
    assert_eq!((error.code.as_str(), recoverable), ("NoCommand", false));
}

#[test]
fn a_python_task_has_its_command_in_the_arguments() {
    let fixture = Fixture::new([])
        .with(|fixture| {
            fixture.attempt.task.r#type = "python-task".into();
            let args = ["sh", "-c", "cp {{.input}} {{.outputPrefix}}/outputs.pb"];
            fixture.container().args = args.map(str::to_owned).into();
            fixture.container().data_config = None;
        })
        .input("x", "int", 1.into())
        .output("x", "int");
    assert_eq!(fixture.outputs(), fixture.attempt.inputs);
}

#[test]
fn variables_come_from_the_sandbox_the_task_and_the_execution() {
    let fixture = script(
        "echo \"$FLYTE_INTERNAL_EXECUTION_PROJECT/$FLYTE_INTERNAL_EXECUTION_ID/$FLYTE_INTERNAL_TASK_NAME/\
         $FLYTE_ATTEMPT_NUMBER $A $B $C ${CARGO_PKG_NAME-none}\" > /var/outputs/o",
    )
    .with(|fixture| {
        let pair = |key: &str, value: &str| KeyValuePair { key: key.into(), value: value.into() };
        fixture.container().env = vec![pair("A", "task"), pair("B", "task"), pair("C", "/var/inputs/x")];
        fixture.attempt.envs = vec![("B".into(), "execution".into())];
    })
    .output("o", "str");
    let inputs = fixture.folder().join("inputs/x");
    assert_eq!(fixture.text(), format!("p/f1/t/0 task execution {} none", inputs.display()));
}

#[test]
fn variables_may_have_names_that_shells_do_not_know() {
    let fixture =
        Fixture::new(["env"]).with(|fixture| fixture.attempt.envs = vec![("a.b-c".into(), "x y".into())]);
    fixture.outputs();
    let printed = fs::read_to_string(fixture.folder().join("stdout.log")).unwrap();
    assert!(printed.lines().any(|line| line == "a.b-c=x y"), "{printed}");
}

#[test]
fn secrets_come_from_the_sandboxs_environment() {
    let mut fixture = script("true");
    let secret = |key: &str, env_var: &str| Secret {
        group: "db".into(),
        key: key.into(),
        env_var: env_var.into(),
        ..Secret::default()
    };
    let of = |fixture: &Fixture, secrets: Vec<Secret>| {
        let mut attempt = fixture.attempt.clone();
        attempt.task.security_context = Some(SecurityContext { secrets, ..SecurityContext::default() });
        let own = |name: &str| (name == "_FSEC_DB_PASSWORD").then(|| "hidden".into());
        environment::build(&attempt, &Container::default(), &AttemptFolder::new("/f"), &[], own)
    };
    let variables = of(&fixture, vec![secret("password", "PGPASSWORD")]).unwrap();
    assert_eq!(variables["_FSEC_DB_PASSWORD"], "hidden");
    assert_eq!(variables["PGPASSWORD"], "hidden");
    assert_eq!(
        of(&fixture, vec![secret("other", "")]).unwrap_err().to_string(),
        "missing secret `db/other`: the environment variable `_FSEC_DB_OTHER` is not set\n\
         hint: set `_FSEC_DB_OTHER` where the sandbox is started"
    );
    fixture.attempt.task.security_context =
        Some(SecurityContext { secrets: vec![secret("other", "")], ..SecurityContext::default() });
    assert_eq!(fixture.failure().0.code, "SecretMissing");
}

#[test]
fn standard_input_is_empty() {
    assert_eq!(script("cat > /var/outputs/o").output("o", "str").text(), "");
}

#[test]
fn the_runner_logs_what_it_ran() {
    let fixture = script("exit 0");
    fixture.outputs();
    let log = fs::read_to_string(fixture.folder().join("runner.log")).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], "image: alpine (not run; its command is run on this machine)");
    assert_eq!(lines[2..], ["command: sh -c 'exit 0'", "ended: 0"]);
}
