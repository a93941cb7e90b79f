//! `configure_cli` and help, which works without the plugin.
//!
//! What a plugin may do to the command line is in `tests/it/configure_cli.rs`.

use snapbox::str;
use tests::{difference, snapshot};

use super::home_where;

/// How help with the plugin differs from help without.
fn help(plugin: &str, fault: &str) -> String {
    let home = home_where(plugin, fault);
    difference(home.run(["--help", "--no-plugins"]), home.run(["--help"]))
}

#[test]
fn help_names_the_command() {
    snapshot!(
        help("faulty", "answer:configure_cli"),
        str![[r#"
+   faulty      Say that all is well [plugin: faulty]

"#]]
    );
}

#[test]
fn help_works_without_the_plugin_and_warns() {
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
fn a_built_in_command_fails_with_the_plugin() {
    snapshot!(
        home_where("faulty", "error:configure_cli").run(["config", "show"]),
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
