//! In the container of a task: the Dockerfile of the book, line by line, without Docker. The image is a
//! virtual environment with flytekit, the wheel of flyte-host and the wheel of a plugin, and nothing else.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flyte_client::proto::core::{Literal, LiteralMap, Primitive, Scalar, literal, primitive, scalar};
use prost::Message as _;
use tests::{Server, TestEnvironment, output};

use super::{fixture, fresh::FreshVenv, plugins};
use crate::{
    docs, home_with,
    markdown::{Content, pieces},
};

/// What an image is made of, in place of a base image and its file system.
struct Image<'a> {
    venv: &'a FreshVenv,
    home: &'a TestEnvironment,
    variables: Vec<(String, String)>,
}

impl<'a> Image<'a> {
    /// Carries out the lines of a Dockerfile; `context` has the files that it copies.
    fn build(venv: &'a FreshVenv, home: &'a TestEnvironment, dockerfile: &str, context: &Path) -> Self {
        let mut image = Self { venv, home, variables: Vec::new() };
        let mut lines = dockerfile.lines().map(|line| line.split_once(' ').unwrap());
        let (instruction, base) = lines.next().unwrap();
        assert!(instruction == "FROM" && base.starts_with("python:"), "{dockerfile}");
        fs::create_dir(image.path("/tmp/")).unwrap();
        for (instruction, rest) in lines {
            match instruction {
                "COPY" => {
                    image.shell(&format!("cp {}", rest.replace("/tmp/", &image.path("/tmp/"))), context)
                }
                "RUN" => image.shell(&rest.replace("/tmp/", &image.path("/tmp/")), &image.home.cwd()),
                "ENV" => {
                    let (name, value) = rest.split_once('=').unwrap();
                    image.variables.push((name.to_owned(), value.to_owned()));
                }
                other => panic!("`{other}` is not known here"),
            }
        }
        image
    }

    /// A folder of the image's file system.
    fn path(&self, folder: &str) -> String {
        format!("{}{folder}", self.home.home().display())
    }

    fn shell(&self, line: &str, folder: &Path) {
        let mut shell = self.program("bash");
        self.venv.activate(&mut shell);
        let done = output(shell.args(["-c", line]).current_dir(folder));
        assert!(done.status.success(), "{line}: {done:?}");
    }

    /// A program in a container of the image.
    fn program(&self, name: &str) -> Command {
        let own = self.venv.bin().join(name);
        let mut program = Command::new(if own.exists() { own } else { PathBuf::from(name) });
        program.env_clear().env("HOME", self.home.home()).env("PATH", self.search_path());
        program.envs(self.variables.iter().map(|(name, value)| (name, value)));
        program.current_dir(self.home.cwd()).stdin(Stdio::null());
        program
    }

    fn search_path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.venv.bin().display())
    }

    /// The `PATH` of an engine that starts the containers: programs of tasks with the image's variables,
    /// unless the execution sets them.
    fn search_path_of_tasks(&self) -> String {
        let folder = self.home.home().join("entrypoints");
        fs::create_dir_all(&folder).unwrap();
        let variables = self.variables.iter();
        let variables: String =
            variables.map(|(name, value)| format!("export {name}=\"${{{name}-{value}}}\"\n")).collect();
        for name in ["pyflyte-execute", "pyflyte-fast-execute"] {
            let program = self.venv.bin().join(name);
            let text = format!("#!/bin/sh\n{variables}exec '{}' \"$@\"\n", program.display());
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        format!("{}:{}", folder.display(), self.search_path())
    }
}

/// The Dockerfile of the page on pyflyte.
fn dockerfile() -> String {
    let blocks = pieces(&docs::text_of("docs/src/pyflyte.md")).into_iter();
    let mut found = blocks.filter_map(|piece| match piece.content {
        Content::Block { kind, text } if kind == "dockerfile" => Some(text),
        _ => None,
    });
    found.next().expect("a Dockerfile in the page")
}

/// Wheels of plugins, in a folder with the wheel of flyte-host.
fn context(venv: &FreshVenv, home: &TestEnvironment, names: &[&str]) -> PathBuf {
    let context = home.cwd().join("context");
    venv.copy_wheel(&context);
    for name in names {
        let library = plugins().join(format!("lib{name}_plugin.so"));
        let arguments = ["plugin", "wheel", library.to_str().unwrap(), "--out-dir", "context"];
        home.run(arguments).success();
    }
    context
}

/// The inputs of `double`, as Flyte gives them to a container.
fn inputs(a: i64) -> Vec<u8> {
    let value = primitive::Value::Integer(a);
    let value = scalar::Value::Primitive(Primitive { value: Some(value) });
    let value = literal::Value::Scalar(Box::new(Scalar { value: Some(value) }));
    let literal = Literal { value: Some(value), ..Literal::default() };
    LiteralMap { literals: [("a".to_owned(), literal)].into() }.encode_to_vec()
}

/// The command of `double` in its container.
const EXECUTE: [&str; 13] = [
    "--inputs",
    "inputs.pb",
    "--output-prefix",
    "out",
    "--raw-output-data-prefix",
    "raw",
    "--resolver",
    "flytekit.core.python_auto_container.default_task_resolver",
    "--",
    "task-module",
    "tasks",
    "task-name",
    "double",
];

#[test]
fn the_dockerfile_of_the_book_makes_containers_that_ask_plugins() {
    let home = home_with(&[]);
    let Some(venv) = FreshVenv::create(&home) else { return };
    let context = context(&venv, &home, &["sample", "faulty"]);
    let image = Image::build(&venv, &home, &dockerfile(), &context);
    assert_eq!(image.variables, [("FLYTE_PLUGIN".to_owned(), "acme".to_owned())]);
    fs::copy(fixture("tasks.py"), home.cwd().join("tasks.py")).unwrap();
    cached(&image, &home);
    // A second plugin, for errors.
    image.shell("pip install flyte_plugin_faulty-*.whl", &context);
    eager(&image, &home);
}

/// `cache=True` asks for policies where the task runs.
fn cached(image: &Image<'_>, home: &TestEnvironment) {
    fs::write(home.cwd().join("inputs.pb"), inputs(21)).unwrap();
    let execute = || {
        let mut execute = image.program("pyflyte-execute");
        execute.args(EXECUTE).env("PYTHONPATH", home.cwd());
        execute
    };
    let without = output(execute().env_remove("FLYTE_PLUGIN"));
    let printed = String::from_utf8_lossy(&without.stdout) + String::from_utf8_lossy(&without.stderr);
    assert!(printed.contains("at least one cache policy"), "{printed}");
    assert!(!home.cwd().join("out/outputs.pb").exists());
    let done = output(&mut execute());
    assert!(done.status.success(), "{done:?}");
    let outputs =
        LiteralMap::decode(fs::read(home.cwd().join("out/outputs.pb")).unwrap().as_slice()).unwrap();
    let expected = LiteralMap::decode(inputs(42).as_slice()).unwrap();
    assert_eq!(outputs.literals["o0"].value, expected.literals["a"].value);
}

/// An eager task asks for the remote where it runs, and runs its tasks there.
fn eager(image: &Image<'_>, home: &TestEnvironment) {
    let mut sandbox = home.command();
    sandbox.args(["sandbox", "start", "--port", "0"]).env("PATH", image.search_path_of_tasks());
    let server = Server::start(&mut sandbox);
    let run = |variables: &[&str]| {
        let mut run = image.program("pyflyte");
        run.env("FLYTE_PLATFORM_URL", server.endpoint()).env("FLYTE_PLATFORM_INSECURE", "true");
        run.args(["run", "--remote", "--wait"]);
        for variable in variables {
            run.args(["--env", variable]);
        }
        output(run.args(["tasks.py", "quadruple", "--a", "3"]))
    };
    let done = run(&[]);
    assert!(done.status.success(), "{done:?}");
    let failed = run(&["FLYTE_PLUGIN=faulty", "FAULT=error:get_remote,answer:get_default_cache_policies"]);
    let printed = String::from_utf8_lossy(&failed.stdout) + String::from_utf8_lossy(&failed.stderr);
    assert!(printed.contains("plugin `faulty` 0.4.1 failed in `get_remote`"), "{printed}");
}
