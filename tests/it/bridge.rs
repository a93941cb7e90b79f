//! The official pyflyte, unmodified, with compiled plugins. The cases are in `fixtures/bridge/cases.py`.

mod both;
mod container;
mod fresh;
mod notebook;
mod sign_in;
mod wheel;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tests::{Server, TestEnvironment, output, prepared};

use crate::home_with;

/// Fewer cases than these mean that some were lost.
const CASES: usize = 27;
const CASES_WITH_UNION: usize = 15;

/// The module of pyflyte.
const PYFLYTE: &str = "flytekit.clis.sdk_in_container.pyflyte";

/// The folder in which Cargo puts the plugins.
fn plugins() -> PathBuf {
    env::current_exe().unwrap().parent().unwrap().to_owned()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bridge").join(name)
}

/// A Python that has the bridge.
fn python(interpreter: &Path, bridge: &Path, home: &TestEnvironment) -> Command {
    let mut python = Command::new(interpreter);
    python.env("PYTHONPATH", bridge).env("HOME", home.home()).current_dir(home.cwd()).stdin(Stdio::null());
    for name in ["FLYTECTL_CONFIG", "FLYTE_PLUGIN", "FLYTE_HOST_CONFIG", "FLYTE_PLUGIN_PATH"] {
        python.env_remove(name);
    }
    python
}

fn passes_all_cases(variable: &str, cases: usize) {
    let (Some(interpreter), Some(bridge)) = (prepared(variable), prepared("FLYTE_TEST_BRIDGE")) else {
        return;
    };
    let home = home_with(&[]);
    let server = Server::start(home.command().args(["sandbox", "start", "--port", "0"]));
    let mut official = python(&interpreter, &bridge, &home);
    let output = output(official.arg(fixture("cases.py")).arg(server.endpoint()).arg(plugins()));
    let printed = String::from_utf8_lossy(&output.stdout);
    let passed = printed.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(passed, cases, "{printed}");
}

#[test]
fn plugins_change_pyflyte() {
    passes_all_cases("FLYTE_TEST_PYTHON", CASES);
}

#[test]
fn plugins_change_the_oldest_pyflyte() {
    passes_all_cases("FLYTE_TEST_OLDEST_PYTHON", CASES);
}

#[test]
fn plugins_change_pyflyte_with_unions_package() {
    passes_all_cases("FLYTE_TEST_UNION_PYTHON", CASES_WITH_UNION);
}

/// The answer of each hook, by `flyte-host plugin show` and by `python -m flyte_host`.
fn answers(printed: &[u8]) -> Vec<(String, String, Value)> {
    let plugins: Value = serde_json::from_slice(printed).unwrap();
    let plugins = plugins.as_array().unwrap().iter();
    let hooks = plugins.flat_map(|plugin| {
        let name = plugin["name"].as_str().unwrap();
        plugin["hooks"].as_object().unwrap().iter().map(move |(hook, answer)| (name, hook, answer))
    });
    hooks.map(|(name, hook, answer)| (name.to_owned(), hook.clone(), answer["value"].clone())).collect()
}

#[test]
fn both_clients_get_the_same_answers() {
    let (Some(interpreter), Some(bridge)) = (prepared("FLYTE_TEST_PYTHON"), prepared("FLYTE_TEST_BRIDGE"))
    else {
        return;
    };
    let plugins = plugins();
    let path = |name: &str| plugins.join(format!("lib{name}_plugin.so")).display().to_string();
    for chosen in [vec!["sample"], vec!["wrapper", "faulty"], vec!["faulty"]] {
        let home = home_with(&[]);
        let paths: Vec<String> = chosen.iter().map(|name| path(name)).collect();
        let chain = env::join_paths(&paths).unwrap();
        let mut ours = home.command();
        let variables =
            [("FLYTE_PLATFORM_URL", "flyte.example.org:443"), ("FLYTE_PLATFORM_INSECURE", "true")];
        ours.args(["plugin", "show", "-o", "json"]).env("FLYTE_PLUGIN", &chain).envs(variables);
        let mut theirs = python(&interpreter, &bridge, &home);
        theirs.args(["-m", "flyte_host", "-o", "json"]).env("FLYTE_PLUGIN", &chain).envs(variables);
        let [ours, theirs] = [output(&mut ours), output(&mut theirs)];
        assert!(ours.status.success(), "{}", String::from_utf8_lossy(&ours.stderr));
        assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
        let table = answers(&ours.stdout);
        assert_eq!(table.len(), 6 * chosen.len());
        let connected =
            |(_, hook, value): &(String, String, Value)| hook == "get_remote" && value.is_object();
        assert!(table.iter().any(connected), "{table:?}");
        assert_eq!(table, answers(&theirs.stdout), "{chosen:?}");
    }
}

/// The task `hello.cached` for flyte-host; pyflyte registers `hello.py`.
const CACHED: &str = "\
name: hello.cached
command: [sh, -c, 'true']
inputs: {a: int}
outputs: {o0: int}
cache: true
";

/// The first value of a key, however deep.
fn find(value: &Value, wanted: &str) -> Option<String> {
    match value {
        Value::Array(values) => values.iter().find_map(|value| find(value, wanted)),
        Value::Object(members) => {
            let own = members.get(wanted).and_then(Value::as_str).map(str::to_owned);
            own.or_else(|| members.values().find_map(|value| find(value, wanted)))
        }
        _ => None,
    }
}

#[test]
fn both_clients_register_the_same_image_and_cache_version() {
    let (Some(interpreter), Some(bridge)) = (prepared("FLYTE_TEST_PYTHON"), prepared("FLYTE_TEST_BRIDGE"))
    else {
        return;
    };
    let home = home_with(&[]);
    let server = Server::start(home.command().args(["sandbox", "start", "--port", "0"]));
    let sample = plugins().join("libsample_plugin.so");
    let to_server = |command: &mut Command| {
        command.env("FLYTE_PLATFORM_URL", server.endpoint()).env("FLYTE_PLATFORM_INSECURE", "true");
        let done = output(command.args(["-p", "flytesnacks", "-d", "development"]));
        assert!(done.status.success(), "{done:?}");
        done.stdout
    };
    let task = home.write("cached.yaml", CACHED);
    let mut ours = home.command();
    to_server(ours.env("FLYTE_PLUGIN", &sample).arg("register").arg(task).args(["--version", "ours"]));
    let mut theirs = python(&interpreter, &bridge, &home);
    theirs.args(["-m", PYFLYTE, "register"]).env("FLYTE_PLUGIN", &sample);
    to_server(theirs.arg(fixture("hello.py")).args(["--version", "theirs"]));
    let registered = |version: &str| {
        let mut get = home.command();
        let printed = to_server(get.args(["get", "task", "hello.cached", version, "-o", "json"]));
        let task: Value = serde_json::from_slice(&printed).unwrap();
        ["image", "discoveryVersion"].map(|key| find(&task, key).unwrap())
    };
    let ours = registered("ours");
    assert_eq!(ours, registered("theirs"));
}

#[test]
fn a_plugin_is_installed_as_a_wheel() {
    let (Some(interpreter), Some(bridge)) = (prepared("FLYTE_TEST_PYTHON"), prepared("FLYTE_TEST_BRIDGE"))
    else {
        return;
    };
    let home = home_with(&[]);
    let sample = plugins().join("libsample_plugin.so");
    let made = home.run(["plugin", "wheel", sample.to_str().unwrap(), "--out-dir", "dist", "-o", "json"]);
    let wheel = made.success().json()[0].clone();
    assert!(wheel["tag"].as_str().unwrap().starts_with("py3-none-manylinux_2_"), "{wheel}");
    let site = home.cwd().join("site");
    let mut pip = Command::new(&interpreter);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]);
    let mut wheels = fs::read_dir(home.cwd().join("dist")).unwrap();
    pip.arg("--target").arg(&site).arg(wheels.next().unwrap().unwrap().path());
    let installed = output(&mut pip);
    assert!(installed.status.success(), "{installed:?}");
    let path = env::join_paths([&bridge, &site]).unwrap();
    let mut pyflyte = python(&interpreter, &bridge, &home);
    pyflyte.env("PYTHONPATH", path).env("FLYTE_PLUGIN", "acme");
    pyflyte.args(["-m", PYFLYTE, "my-group", "sub-command"]);
    let done = output(&mut pyflyte);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Executing a sub-command!\n", "{done:?}");
}
