//! What flyte-host and pyflyte say and register, side by side.

use std::{fs, path::Path};

use serde_json::Value;
use tests::{Server, TestEnvironment, output, prepared};

use super::{PYFLYTE, find, fixture, plugins, python};
use crate::home_with;

/// Offset of the machine in an ELF file, and the number of aarch64.
const MACHINE: (usize, u8) = (18, 183);

/// Files that no client can load, by what is wrong with them.
fn broken_plugins(home: &TestEnvironment) -> Vec<String> {
    let sample = fs::read(plugins().join("libsample_plugin.so")).unwrap();
    let mut foreign = sample.clone();
    foreign[MACHINE.0] = MACHINE.1;
    let version = b"protocol=1.";
    let mut newer = sample.clone();
    let at = newer.windows(version.len()).position(|window| window == version).unwrap();
    newer[at + version.len() - 2] = b'2';
    let files: [(&str, &[u8]); 5] = [
        ("cpu", &foreign),
        ("protocol", &newer),
        ("cut", &sample[..5000]),
        ("text", b"no library"),
        ("empty", b""),
    ];
    let path =
        |(name, content): (&str, &[u8])| home.write(format!("lib{name}.so"), content).display().to_string();
    let missing = home.cwd().join("libmissing.so").display().to_string();
    files.map(path).into_iter().chain([missing, "missing".to_owned()]).collect()
}

#[test]
fn a_plugin_that_cannot_be_loaded_is_refused_in_the_same_words() {
    let (Some(interpreter), Some(bridge)) = (prepared("FLYTE_TEST_PYTHON"), prepared("FLYTE_TEST_BRIDGE"))
    else {
        return;
    };
    let home = home_with(&[]);
    for plugin in broken_plugins(&home) {
        let ours = output(home.command().args(["config", "show"]).env("FLYTE_PLUGIN", &plugin));
        let mut theirs = python(&interpreter, &bridge, &home);
        let theirs = output(theirs.args(["-m", PYFLYTE, "info"]).env("FLYTE_PLUGIN", &plugin));
        // Only the way to continue without plugins is each client's own.
        let ours_text = String::from_utf8(ours.stderr).unwrap();
        let expected = ours_text.replace("use `--no-plugins` to", "set `FLYTE_PLUGIN=builtin` to");
        assert_ne!(ours_text, expected);
        assert_eq!(String::from_utf8(theirs.stderr).unwrap(), expected, "{plugin}");
        assert_eq!((ours.status.code(), theirs.status.code()), (Some(10), Some(10)), "{plugin}");
    }
}

/// The task `grouped.keyed` for flyte-host; pyflyte registers `grouped.py`.
const KEYED: &str = "\
name: grouped.keyed
command: [sh, -c, 'true']
secrets:
  - key: key
cache: false
";

/// The value of a key, however deep.
fn value_of(value: &Value, wanted: &str) -> Option<Value> {
    match value {
        Value::Array(values) => values.iter().find_map(|value| value_of(value, wanted)),
        Value::Object(members) => {
            let below = || members.values().find_map(|value| value_of(value, wanted));
            members.get(wanted).cloned().or_else(below)
        }
        _ => None,
    }
}

/// Registers the secret by one client and then by the other; returns whether each was accepted, and both
/// outputs.
fn register_secret(
    home: &TestEnvironment,
    (interpreter, bridge): (&Path, &Path),
    server: &Server,
    plugin: Option<&Path>,
) -> [(bool, String); 2] {
    let task = home.write("keyed.yaml", KEYED);
    let mut ours = home.command();
    ours.arg("register").arg(task).args(["--version", "ours"]);
    let mut theirs = python(interpreter, bridge, home);
    theirs.args(["-m", PYFLYTE, "register"]).arg(fixture("grouped.py")).args(["--version", "theirs"]);
    [ours, theirs].map(|mut command| {
        command.args(["-p", "flytesnacks", "-d", "development"]);
        command.env("FLYTE_PLATFORM_URL", server.endpoint()).env("FLYTE_PLATFORM_INSECURE", "true");
        command.envs(plugin.map(|plugin| ("FLYTE_PLUGIN", plugin)));
        let done = output(&mut command);
        let printed = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        (done.status.success(), printed.into_owned())
    })
}

#[test]
fn both_clients_refuse_and_register_the_same_secrets() {
    let (Some(interpreter), Some(bridge)) = (prepared("FLYTE_TEST_PYTHON"), prepared("FLYTE_TEST_BRIDGE"))
    else {
        return;
    };
    let home = home_with(&[]);
    let server = Server::start(home.command().args(["sandbox", "start", "--port", "0"]));
    let register = |plugin| register_secret(&home, (&interpreter, &bridge), &server, plugin);
    // Flyte's rule, and that of a plugin that negates the sample's.
    let chain = [plugins().join("libwrapper_plugin.so"), plugins().join("libsample_plugin.so")];
    let chain = std::env::join_paths(chain).unwrap();
    for plugin in [None, Some(Path::new(&chain))] {
        for (accepted, printed) in register(plugin) {
            assert!(!accepted && printed.to_lowercase().contains("group"), "{plugin:?}: {printed}");
        }
    }
    for (accepted, printed) in register(Some(&plugins().join("libsample_plugin.so"))) {
        assert!(accepted, "{printed}");
    }
    let secrets = |version: &str| {
        let mut get = home.command();
        get.args(["get", "task", "grouped.keyed", version, "-o", "json", "-p", "flytesnacks"]);
        get.args(["-d", "development"]).env("FLYTE_PLATFORM_INSECURE", "true");
        let printed = output(get.env("FLYTE_PLATFORM_URL", server.endpoint()));
        let task: Value = serde_json::from_slice(&printed.stdout).unwrap_or_else(|_| panic!("{printed:?}"));
        value_of(&task, "secrets").unwrap()
    };
    let registered = secrets("ours");
    assert_eq!(find(&registered, "key").as_deref(), Some("key"), "{registered}");
    assert_eq!(registered, secrets("theirs"));
}
