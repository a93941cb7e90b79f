//! `plugin new`. That the crate builds is in `docs/src/plugins/index.md`, whose commands `docs` runs.

use snapbox::str;
use tests::snapshot;

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
