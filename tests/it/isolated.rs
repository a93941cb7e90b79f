//! Plugins in processes of their own, as users see them. What crosses, and every death, is in `plugin-host`'s
//! tests.
//!
//! The tests of `hooks`, `transport`, `configure_cli`, `chain`, `growth` and `museum` run with isolated
//! plugins when `FLYTE_PLUGIN_ISOLATE` is set to `1`.

use snapbox::str;
use tests::{TestEnvironment, snapshot};

use crate::home_with;

/// A home whose settings isolate the hostile plugin, which does something in a place.
fn home_where(place: &str, action: &str) -> TestEnvironment {
    let mut home = home_with(&["hostile"]);
    home.set("FLYTE_PLUGIN", "hostile");
    let settings = format!("[plugin.hostile]\n{place} = '{action}'\n[isolation.hostile]\nisolate = true\n");
    home.write("../.flyte/host.toml", settings);
    home
}

#[test]
fn a_command_runs_in_the_plugins_process() {
    snapshot!(
        home_where("none", "").run(["hostile", "--how", "well"]),
        str![[r#"
Some("WELL")
[exit: 0]
"#]]
    );
}

#[test]
fn plugin_show_says_whether_a_plugin_is_isolated() {
    let mut home = home_with(&["acme"]);
    home.set("FLYTE_PLUGIN", "acme");
    let isolated = |output: tests::Output| output.stdout().contains("isolated");
    assert!(!isolated(home.run(["plugin", "show"])));
    assert!(isolated(home.run(["--isolate", "plugin", "show"])));
    home.set("FLYTE_PLUGIN_ISOLATE", "1");
    assert!(isolated(home.run(["plugin", "show"])));
}

#[test]
fn a_crash_in_a_command_has_a_name() {
    snapshot!(
        home_where("run", "kill").run(["hostile"]),
        str![[r#"
------- stderr -------
error: plugin `hostile` [VERSION] failed in the command `hostile`
  caused by: the plugin's process was ended by signal 9 (SIGKILL)
[exit: 11]
"#]]
    );
}

#[test]
fn an_exit_in_a_hook_is_not_the_commands() {
    snapshot!(
        home_where("configure_cli", "exit 0").run(["hostile"]),
        str![[r#"
------- stderr -------
error: plugin `hostile` [VERSION] failed in `configure_cli`
  caused by: the plugin's process exited with code 0
[exit: 11]
"#]]
    );
}

#[test]
fn a_crash_in_create_has_a_name() {
    snapshot!(
        home_where("create", "abort").run(["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `hostile` [VERSION] failed in `create`
  caused by: the plugin's process was ended by signal 6 (SIGABRT)
hint: see what the plugin printed above; raise `memory` or `cpu` in `[isolation.hostile]` of `~/.flyte/host.toml` if it needs more
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_refused_access_has_a_hint() {
    let home = home_where("run", "connect 127.0.0.1:9");
    snapshot!(
        home.run(["hostile"]),
        str![[r#"
------- stderr -------
error: plugin `hostile` [VERSION] failed in the command `hostile`
  caused by: Operation not permitted (os error 1)
hint: add `read`, `write` or `network` to `[isolation.hostile]` of `~/.flyte/host.toml` if the plugin needs it
[exit: 11]
"#]]
    );
}

#[test]
fn output_of_a_plugin_that_is_not_a_results_is_not_on_stdout() {
    snapshot!(
        home_where("configure_cli", "print").run(["hostile"]),
        str![[r#"
None
------- stderr -------
printed by the plugin
[exit: 0]
"#]]
    );
}

#[test]
fn secrets_of_the_host_are_not_in_the_plugins_environment() {
    let mut home = home_where("run", "variable FLYTE_ACCESS_TOKEN");
    home.set("FLYTE_ACCESS_TOKEN", "s3cret");
    snapshot!(
        home.run(["hostile"]),
        str![[r#"
------- stderr -------
error: plugin `hostile` [VERSION] failed in the command `hostile`
  caused by: environment variable not found
[exit: 11]
"#]]
    );
}
