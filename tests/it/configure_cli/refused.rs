//! What happens after a change was refused. Which changes are refused, and the messages, are tested without a
//! library in `host/src/command_tree/tests/refuse.rs`.

use snapbox::str;
use tests::{TestEnvironment, difference, snapshot};

use super::toolbox_home;

/// A home in which `toolbox` requests a change that must be refused.
fn home_where(case: &str) -> TestEnvironment {
    let mut home = toolbox_home();
    home.set("TOOLBOX_BAD", case);
    home
}

#[test]
fn a_refused_change_ends_the_command_with_11() {
    snapshot!(
        home_where("command-taken").run(["doctor"]),
        str![[r#"
------- stderr -------
error: plugin `toolbox` 0.4.0 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
"#]]
    );
}

#[test]
fn a_default_is_checked_against_the_values_of_all_commands() {
    snapshot!(
        home_where("default-impossible").run(["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `toolbox` 0.4.0 sets an invalid default of `--output`: invalid value `pdf`; expected one of `json`, `name`, `table`, `yaml`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
"#]]
    );
}

#[test]
fn help_works_without_the_plugin() {
    let home = home_where("command-taken");
    snapshot!(
        difference(home.run(["config", "--help", "--no-plugins"]), home.run(["config", "--help"])),
        str![[r#"
+ ------- stderr -------
+ warning: plugin `toolbox` 0.4.0 adds the command `plugin`, which already exists (built in)
+ hint: choose another name, or use `replace`
+ hint: use `--no-plugins` to run without the plugin

"#]]
    );
}

#[test]
fn plugin_path_works_without_the_plugin() {
    snapshot!(
        home_where("command-taken").run(["plugin", "path"]),
        str![[r#"
[HOME]/.flyte/plugins
/usr/local/lib/flyte/plugins
/usr/lib/flyte/plugins
[exit: 0]
"#]]
    );
}

#[test]
fn plugin_fallback_continues_without_the_plugin() {
    snapshot!(
        home_where("command-taken").run(["--plugin-fallback", "doctor"]),
        str![[r#"
------- stderr -------
warning: plugin `toolbox` 0.4.0 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
continuing with the built-in default
error: unrecognized subcommand 'doctor'

Usage: flyte-host [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit: 2]
"#]]
    );
}

#[test]
fn two_plugins_cannot_add_commands_of_one_name() {
    let mut home = home_where("command-ship");
    home.set("FLYTE_PLUGIN", "clapped:toolbox");
    snapshot!(
        home.run(["ship"]),
        str![[r#"
------- stderr -------
error: plugin `clapped` 0.2.0 adds the command `ship`, which already exists (of plugin `toolbox`)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
"#]]
    );
}
