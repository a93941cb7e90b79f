//! `plugin new`. That the crate builds is in `docs/src/plugins/index.md`, whose commands `docs` runs.

use std::{fs, path::Path};

use snapbox::{Data, IntoData as _, str};
use tests::{prepared, snapshot};

use crate::home_with;

#[test]
fn a_crate_is_created_once() {
    let home = home_with(&[]);
    snapshot!(
        home.run(["plugin", "new", "plugins/acme"]),
        str![[r#"
------- stderr -------
created plugin `acme` in `plugins/acme`
hint: run `cargo test` and `cargo build --release` there, then `flyte-host plugin show ./target/release/libacme.so`
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(["plugin", "new", "plugins/acme"]),
        str![[r#"
------- stderr -------
error: could not create plugin `acme`
  caused by: `plugins/acme` already exists
hint: choose another name, or pass a path such as `plugins/NAME`
[exit: 1]
"#]]
    );
    snapshot!(
        home.run(["plugin", "new", "other", "--hooks", "configure_cli", "-o", "json"]),
        str![[r#"
{
  "name": "other",
  "path": "other",
  "hooks": [
    "configure_cli"
  ]
}
[exit: 0]
"#]]
    );
    let manifest = home.read("plugins/acme/Cargo.toml");
    assert!(manifest.contains("plugin-abi = { path = "), "{manifest}");
}

#[test]
fn mistakes_leave_no_folder() {
    let home = home_with(&[]);
    snapshot!(
        home.run(["plugin", "new", "ACME"]),
        str![[r#"
------- stderr -------
error: invalid plugin name `ACME`
  caused by: a name has only a-z, 0-9, `-` and `_`
hint: use a name such as `acme`
[exit: 2]
"#]]
    );
    snapshot!(
        home.run(["plugin", "new", "acme", "--plugin-abi", "missing"]),
        str![[r#"
------- stderr -------
error: invalid value `missing` for `--plugin-abi`
  caused by: no crate `plugin-abi` in `missing`
hint: use a folder that has the crate, a git URL, or a version such as `1.0`
[exit: 2]
"#]]
    );
    snapshot!(
        home.run(["plugin", "new", "acme", "--hooks", "get_image"]),
        str![[r#"
------- stderr -------
error: invalid value 'get_image' for '--hooks <HOOKS>'
  [possible values: get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies]

  tip: a similar value exists: 'get_remote'

For more information, try '--help'.
[exit: 2]
"#]]
    );
    assert!(!home.cwd().join("acme").exists());
}

/// The crate is a member of the workspace, which compiles it and runs its tests.
#[test]
fn a_python_plugin_is_copied() {
    let Some(python) = prepared("FLYTE_TEST_PYTHON") else { return };
    let home = home_with(&[]);
    let from_python = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/from_python");
    fs::copy(from_python.join("acme.py"), home.home().join("acme.py")).unwrap();
    let new = |arguments: &[&str]| {
        let mut command = home.command();
        command.env("PYTHONPATH", home.home()).args(["plugin", "new"]).args(arguments);
        home.run_command(command.arg("--python").arg(&python))
    };
    snapshot!(
        new(&["acme-python", "--from-python", "acme:Acme"]),
        str![[r#"
------- stderr -------
not copied: `configure_cli`: its commands are code
not copied: the client secret of `get_remote`
created plugin `acme-python` in `acme-python`
hint: run `cargo test` and `cargo build --release` there, then `flyte-host plugin show ./target/release/libacme_python.so`
[exit: 0]
"#]]
    );
    let library = home.read("acme-python/src/lib.rs");
    let expected = Data::read_from(&from_python.join("src/lib.rs"), None).raw();
    snapbox::assert_data_eq!(library.raw(), expected);
    snapshot!(
        new(&["computed", "--from-python", "acme:Computed", "-o", "json"]),
        str![[r#"
{
  "name": "computed",
  "path": "computed",
  "hooks": [
    "get_auth_success_html"
  ],
  "unread": [
    {
      "hook": "get_default_image",
      "reason": "ValueError: no image\nin this test"
    }
  ]
}
[exit: 0]
"#]]
    );
    snapshot!(
        new(&["missing", "--from-python", "acme:Missing"]),
        str![[r#"
------- stderr -------
error: could not read the Python plugin `acme:Missing`
  caused by: AttributeError: module 'acme' has no attribute 'Missing'
hint: name the interpreter that has the plugin and flytekit with `--python`
[exit: 1]
"#]]
    );
    snapshot!(
        new(&["missing", "--from-python", "no_such_module:Acme"]),
        str![[r#"
------- stderr -------
error: could not read the Python plugin `no_such_module:Acme`
  caused by: ModuleNotFoundError: No module named 'no_such_module'
hint: name the interpreter that has the plugin and flytekit with `--python`
[exit: 1]
"#]]
    );
    snapshot!(
        new(&["missing", "--from-python", "acme"]),
        str![[r#"
------- stderr -------
error: invalid value `acme` for `--from-python`
hint: use `MODULE:CLASS`, as in the entry point of the Python plugin
[exit: 2]
"#]]
    );
}

#[test]
fn the_interpreter_must_be_there() {
    let home = home_with(&[]);
    snapshot!(
        home.run(["plugin", "new", "acme", "--from-python", "acme:Acme", "--python", "./no-such-python"]),
        str![[r#"
------- stderr -------
error: could not read the Python plugin `acme:Acme`
  caused by: could not run `./no-such-python`
  caused by: No such file or directory (os error 2)
hint: name the interpreter that has the plugin with `--python`
[exit: 1]
"#]]
    );
}
