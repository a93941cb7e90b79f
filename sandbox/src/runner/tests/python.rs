//! Tasks of the official flytekit, which read and write messages.

use std::{env, io, io::Write as _};

use serde_json::json;

use super::*;

const MODULE: &str = r#"
from flytekit import dynamic, task
from flytekit.exceptions.user import FlyteRecoverableException

@task(container_image="example.org/image:1")
def double(x: int, s: str) -> (int, str):
    return x * 2, s + s

@dynamic
def starts():
    double(x=1, s="a")

@dynamic
def gives(x: int) -> int:
    return double(x=x, s="a")[0]

@task
def refuse(x: int) -> int:
    if x:
        raise FlyteRecoverableException("not now")
    raise ValueError("never")
"#;

/// A task of the module above; `None` without flytekit.
fn python(task: &str) -> Option<Fixture> {
    let Some(python) = env::var_os("FLYTE_TEST_PYTHON") else {
        let is_ci = env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!is_ci, "FLYTE_TEST_PYTHON must name a Python with flytekit");
        writeln!(io::stderr(), "skipped: FLYTE_TEST_PYTHON names no Python with flytekit").unwrap();
        return None;
    };
    let bin = Path::new(&python).parent().unwrap();
    let mut fixture = Fixture::new([]);
    let code = fixture.root.path().join("code");
    fs::create_dir(&code).unwrap();
    fs::write(code.join("tasks.py"), MODULE).unwrap();
    fixture.attempt.task.r#type = "python-task".into();
    let line = format!(
        "pyflyte-execute --inputs {{{{.input}}}} --output-prefix {{{{.outputPrefix}}}} \
         --raw-output-data-prefix {{{{.rawOutputDataPrefix}}}} --checkpoint-path {{{{.checkpointOutputPrefix}}}} \
         --prev-checkpoint {{{{.prevCheckpointPrefix}}}} \
         --resolver flytekit.core.python_auto_container.default_task_resolver -- \
         task-module tasks task-name {task}"
    );
    fixture.container().args = line.split(' ').map(str::to_owned).collect();
    fixture.container().data_config = None;
    let path = format!("{}:{}", bin.display(), env::var("PATH").unwrap());
    fixture.attempt.envs = vec![("PATH".into(), path), ("PYTHONPATH".into(), code.display().to_string())];
    Some(fixture)
}

#[test]
fn a_task_of_flytekit_runs() {
    let Some(fixture) = python("double") else { return };
    let fixture = fixture.input("x", "int", 21.into()).input("s", "str", "a".into());
    let outputs = fixture.outputs();
    assert_eq!(outputs.literals["o0"], from_json(&json!(42), &type_of("int")).unwrap());
    assert_eq!(text(&outputs.literals["o1"]), "aa");
}

#[test]
fn a_task_of_flytekit_tells_whether_to_try_again() {
    for (x, again, word) in [(1, true, "not now"), (0, false, "never")] {
        let Some(fixture) = python("refuse") else { return };
        let (error, recoverable) = fixture.input("x", "int", x.into()).failure();
        assert_eq!((error.kind(), recoverable), (ErrorKind::User, again), "{}", error.message);
        assert!(error.message.contains(word), "{}", error.message);
    }
}

#[test]
fn a_dynamic_task_of_flytekit_ends_with_its_job() {
    for task in ["starts", "gives"] {
        let Some(fixture) = python(task) else { return };
        let fixture = match task {
            "gives" => fixture.input("x", "int", 1.into()).output("o0", "int"),
            _ => fixture,
        };
        match fixture.run() {
            AttemptOutcome::Dynamic(job) => assert_eq!(job.nodes.len(), 1, "{task}"),
            other => panic!("{other:?}"),
        }
    }
}
