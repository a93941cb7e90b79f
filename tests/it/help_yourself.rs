//! The commands with which users help themselves work whatever state the chosen plugin is in, and say what is
//! wrong, once.

use snapbox::str;
use tests::{TestEnvironment, difference, join, snapshot};

use crate::home_with;

/// How these commands differ from what they are without any plugin; those that differ in the same way
/// together.
fn all_commands(home: &TestEnvironment) -> String {
    let commands: [&[&str]; 11] = [
        &["--help"],
        &["-h"],
        &["help"],
        &["help", "config"],
        &["config", "show", "--help"],
        &["--version"],
        &["plugin", "list"],
        &["plugin", "path"],
        &["plugin", "show", "plain"],
        &["completion", "bash"],
        &["sandbox", "status"],
    ];
    let mut shown: Vec<(String, String)> = Vec::new();
    for command in commands {
        let without = home.run_command(home.command().env("FLYTE_PLUGIN", "builtin").args(command));
        without.success();
        let line = format!("$ flyte-host {}\n", command.join(" "));
        let difference = difference(&without, home.run(command));
        match shown.iter_mut().find(|(_, found)| *found == difference) {
            Some((lines, _)) => lines.push_str(&line),
            None => shown.push((line, difference)),
        }
    }
    shown.into_iter().map(|(lines, difference)| lines + &difference).collect()
}

#[test]
fn a_plugin_that_is_missing() {
    let mut home = home_with(&["plain"]);
    home.set("FLYTE_PLUGIN", "gone");
    snapshot!(
        all_commands(&home),
        str![[r#"
$ flyte-host --help
$ flyte-host -h
$ flyte-host help
$ flyte-host help config
$ flyte-host config show --help
$ flyte-host --version
$ flyte-host plugin list
$ flyte-host plugin show plain
$ flyte-host sandbox status
+ ------- stderr -------
+ warning: plugin `gone` not found
+   caused by: not in `[HOME]/.flyte/plugins`
+ hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
+ hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
$ flyte-host plugin path
$ flyte-host completion bash

"#]]
    );
    snapshot!(
        home.run(["plugin", "show", "gone"]),
        str![[r#"
------- stderr -------
error: plugin `gone` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
[exit: 10]
"#]]
    );
}

#[test]
fn a_file_that_is_not_a_plugin() {
    let mut home = home_with(&["plain"]);
    home.write("../.flyte/plugins/libgone.so", "<!doctype html>\n");
    home.set("FLYTE_PLUGIN", "gone");
    snapshot!(
        all_commands(&home),
        str![[r#"
$ flyte-host --help
$ flyte-host -h
$ flyte-host help
$ flyte-host help config
$ flyte-host config show --help
$ flyte-host --version
$ flyte-host plugin list
$ flyte-host plugin show plain
$ flyte-host sandbox status
+ ------- stderr -------
+ warning: `[HOME]/.flyte/plugins/libgone.so` is an HTML page, not a plugin
+ hint: download the plugin again; `curl --fail --location` does not save error pages
+ hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
$ flyte-host plugin path
$ flyte-host completion bash

"#]]
    );
    snapshot!(
        home.run(["plugin", "show", "gone"]),
        str![[r#"
------- stderr -------
error: `[HOME]/.flyte/plugins/libgone.so` is an HTML page, not a plugin
hint: download the plugin again; `curl --fail --location` does not save error pages
[exit: 10]
"#]]
    );
}

#[test]
fn a_plugin_that_panics_when_it_is_created() {
    let mut home = home_with(&["plain", "faulty"]);
    home.set("FLYTE_PLUGIN", "faulty").set("FAULT", "panic:create");
    snapshot!(
        all_commands(&home),
        str![[r#"
$ flyte-host --help
$ flyte-host -h
$ flyte-host help
$ flyte-host help config
$ flyte-host config show --help
$ flyte-host plugin show plain
$ flyte-host sandbox status
+ ------- stderr -------
+ warning: plugin `faulty` 0.4.1 panicked in `create`
+   caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
+ hint: report this plugin bug at <https://faulty.example>
+ hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
$ flyte-host --version
- no plugins
+ plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
$ flyte-host plugin list
- faulty  0.4.1    1.0       installed  -       [HOME]/.flyte/plugins/libfaulty.so
+ faulty  0.4.1    1.0       in use     -       [HOME]/.flyte/plugins/libfaulty.so
$ flyte-host plugin path
$ flyte-host completion bash

"#]]
    );
    snapshot!(
        home.run(["plugin", "show", "faulty"]),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `create`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>
[exit: 10]
"#]]
    );
}

#[test]
fn a_plugin_that_panics_in_configure_cli() {
    let mut home = home_with(&["plain", "faulty"]);
    home.set("FLYTE_PLUGIN", "faulty").set("FAULT", "panic:configure_cli");
    snapshot!(
        all_commands(&home),
        str![[r#"
$ flyte-host --help
$ flyte-host -h
$ flyte-host help
$ flyte-host help config
$ flyte-host config show --help
$ flyte-host plugin show plain
$ flyte-host sandbox status
+ ------- stderr -------
+ warning: plugin `faulty` 0.4.1 panicked in `configure_cli`
+   caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
+ hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
$ flyte-host --version
- no plugins
+ plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
$ flyte-host plugin list
- faulty  0.4.1    1.0       installed  -       [HOME]/.flyte/plugins/libfaulty.so
+ faulty  0.4.1    1.0       in use     -       [HOME]/.flyte/plugins/libfaulty.so
$ flyte-host plugin path
$ flyte-host completion bash

"#]]
    );
    snapshot!(
        home.run(["plugin", "show", "faulty"]),
        str![[r#"
name         faulty
version      0.4.1
description  A plugin that misbehaves as its environment says
homepage     https://faulty.example
license      MIT OR Apache-2.0
file         [HOME]/.flyte/plugins/libfaulty.so
sha256       [SHA256]
protocol     1.0 (this host: 1.0)
compiler     [RUSTC]
target       [TARGET]

HOOK                        FROM    ANSWERS NOW                                               BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                localhost:30080 (insecure)
configure_cli               plugin  fails: plugin `faulty` 0.4.1 panicked in `configure_cli`  no changes
secret_requires_group       plugin  true                                                      true
get_default_image           plugin  none                                                      none
get_auth_success_html       plugin  none                                                      none
get_default_cache_policies  plugin  no policies                                               no policies
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `configure_cli`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_plugin_that_breaks_the_command_line() {
    let mut home = home_with(&["plain", "faulty"]);
    home.set("FLYTE_PLUGIN", "faulty").set("FAULT", "invalid:configure_cli");
    snapshot!(
        all_commands(&home),
        str![[r#"
$ flyte-host --help
$ flyte-host -h
$ flyte-host help
$ flyte-host help config
$ flyte-host config show --help
$ flyte-host plugin show plain
$ flyte-host sandbox status
+ ------- stderr -------
+ warning: plugin `faulty` 0.4.1 adds the command `plugin`, which already exists (built in)
+ hint: choose another name, or use `replace`
+ hint: use `--no-plugins` to run without the plugin
$ flyte-host --version
- no plugins
+ plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
$ flyte-host plugin list
- faulty  0.4.1    1.0       installed  -       [HOME]/.flyte/plugins/libfaulty.so
+ faulty  0.4.1    1.0       in use     -       [HOME]/.flyte/plugins/libfaulty.so
$ flyte-host plugin path
$ flyte-host completion bash

"#]]
    );
    snapshot!(
        home.run(["plugin", "show", "faulty"]),
        str![[r#"
name         faulty
version      0.4.1
description  A plugin that misbehaves as its environment says
homepage     https://faulty.example
license      MIT OR Apache-2.0
file         [HOME]/.flyte/plugins/libfaulty.so
sha256       [SHA256]
protocol     1.0 (this host: 1.0)
compiler     [RUSTC]
target       [TARGET]

HOOK                        FROM    ANSWERS NOW                                                                  BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                                   localhost:30080 (insecure)
configure_cli               plugin  fails: plugin `faulty` 0.4.1 returned an invalid value from `configure_cli`  no changes
secret_requires_group       plugin  true                                                                         true
get_default_image           plugin  none                                                                         none
get_auth_success_html       plugin  none                                                                         none
get_default_cache_policies  plugin  no policies                                                                  no policies
------- stderr -------
error: plugin `faulty` 0.4.1 returned an invalid value from `configure_cli`
  caused by: plugin `faulty` 0.4.1 adds the command `plugin`, which already exists (built in)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_plugin_that_aborts_is_not_loaded_by_what_needs_no_plugin() {
    let mut home = home_with(&["faulty"]);
    home.write("../.flyte/host.toml", "plugins = [\"faulty\"]\n");
    home.set("FAULT", "abort:create");
    snapshot!(
        join(
            [
                "plugin list",
                "plugin path faulty",
                "--version",
                "plugin enable faulty",
                "plugin disable faulty"
            ]
            .map(|line| home.run(line.split(' ')))
        ),
        str![[r#"
NAME    VERSION  PROTOCOL  STATE   SIGNER  FILE
faulty  0.4.1    1.0       in use  -       [HOME]/.flyte/plugins/libfaulty.so
[exit: 0]
[HOME]/.flyte/plugins/libfaulty.so
[exit: 0]
flyte-host [VERSION]
plugin `faulty` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
------- stderr -------
`faulty` is not signed; enabled plugins: faulty (in `[HOME]/.flyte/host.toml`)
[exit: 0]
------- stderr -------
disabled `faulty`; no plugins are enabled (in `[HOME]/.flyte/host.toml`)
[exit: 0]
"#]]
    );
    home.write("../.flyte/host.toml", "plugins = [\"faulty\"]\n");
    home.run(["completion", "bash"]).success();
    assert!(!home.run(["get", "tasks"]).is_success());
}
