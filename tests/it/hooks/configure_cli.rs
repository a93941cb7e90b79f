//! `configure_cli`, through the command that it adds, and through help, which works without it.
//!
//! What a plugin may do to the command line is in `tests/it/configure_cli.rs`.

use snapbox::str;
use tests::{difference, snapshot};

use super::home_where;

fn run(plugin: &str, fault: &str) -> String {
    home_where(plugin, fault).run(&["faulty"])
}

/// How help with the plugin differs from help without.
fn help(plugin: &str, fault: &str) -> String {
    let home = home_where(plugin, fault);
    difference(&home.run(&["--help", "--no-plugins"]), &home.run(&["--help"]))
}

#[test]
fn the_plugin_adds_a_command() {
    snapshot!(
        run("faulty", "answer:configure_cli"),
        str![[r#"
all is well
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_without_the_hook_adds_none() {
    snapshot!(
        run("plain", ""),
        str![[r#"
------- stderr -------
error: unrecognized subcommand 'faulty'

Usage: flyte-host [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn a_plugin_that_changes_nothing_adds_none() {
    snapshot!(
        run("faulty", "decline:configure_cli"),
        str![[r#"
------- stderr -------
error: unrecognized subcommand 'faulty'

Usage: flyte-host [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn an_invalid_change_is_refused() {
    snapshot!(
        run("faulty", "invalid:configure_cli"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
"#]]
    );
}

#[test]
fn an_error_is_told_with_causes_and_hints() {
    snapshot!(
        run("faulty", "error:configure_cli"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `configure_cli`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_is_told_with_its_place() {
    snapshot!(
        run("faulty", "panic:configure_cli"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `configure_cli`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_with_a_value_is_told_with_its_place() {
    snapshot!(
        run("faulty", "panic-value:configure_cli"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `configure_cli`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_in_a_panics_destructor_is_survived() {
    snapshot!(
        run("faulty", "panic-drop:configure_cli"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `configure_cli`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn help_names_the_command() {
    snapshot!(
        help("faulty", "answer:configure_cli"),
        str![[r#"
+   faulty      Say that all is well

"#]]
    );
}

#[test]
fn help_works_without_the_plugin_and_says_why() {
    snapshot!(
        help("faulty", "panic:configure_cli"),
        str![[r#"
+ ------- stderr -------
+ warning: plugin `faulty` 0.4.1 panicked in `configure_cli`
+   caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
+ hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it

"#]]
    );
}

#[test]
fn a_built_in_command_does_not_go_on_without_the_plugin() {
    snapshot!(
        home_where("faulty", "error:configure_cli").run(&["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `configure_cli`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
}
