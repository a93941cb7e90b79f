//! Plugins in processes of their own, as users see them. What crosses, and every death, is in `plugin-host`'s
//! tests.
//!
//! The tests of `hooks`, `transport`, `configure_cli`, `chain`, `growth` and `museum` run with isolated
//! plugins when `FLYTE_PLUGIN_ISOLATE` is set to `1`.

use snapbox::str;
use tests::{Output, TestEnvironment, snapshot};

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
    let isolated = |output: Output| output.stdout().contains("isolated");
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
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
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
hint: report this plugin bug to its author; use `--no-plugins` to continue without it
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
hint: report this plugin bug to its author
hint: see what the plugin printed above; raise `memory` or `cpu` in `[isolation.hostile]` of `~/.flyte/host.toml` if it needs more
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 11]
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

/// A home in which the command of the plugin reads this variable, which is set; and the settings that let it.
fn home_with_secret(variable: &str) -> (TestEnvironment, String) {
    let mut home = home_where("run", &format!("variable {variable}"));
    home.set(variable, "s3cret");
    let settings = home.read("../.flyte/host.toml") + &format!("environment = ['{variable}']\n");
    (home, settings)
}

fn assert_hidden(output: &Output) {
    snapshot!(
        output,
        str![[r#"
------- stderr -------
error: plugin `hostile` [VERSION] failed in the command `hostile`
  caused by: environment variable not found
[exit: 11]
"#]]
    );
}

#[test]
fn secrets_of_the_host_are_never_in_the_plugins_environment() {
    let (home, settings) = home_with_secret("FLYTE_ACCESS_TOKEN");
    assert_hidden(&home.run(["hostile"]));
    home.write("../.flyte/host.toml", settings);
    assert_hidden(&home.run(["hostile"]));
}

#[test]
fn variables_with_names_of_secrets_are_not_in_the_plugins_environment() {
    let (home, settings) = home_with_secret("GITHUB_TOKEN");
    assert_hidden(&home.run(["hostile"]));
    home.write("../.flyte/host.toml", settings);
    home.run(["hostile"]).success();
}

/// Settings of an administrator, which the test program reads in another place than `/etc`.
fn administrator(home: &mut TestEnvironment, settings: &str) {
    let file = home.write("administrator.toml", settings);
    home.set("TEST_ADMINISTRATOR_SETTINGS", file);
}

#[test]
fn a_user_cannot_undo_the_isolation_of_the_administrator() {
    let mut home = home_where("run", "connect 127.0.0.1:9");
    home.write(
        "../.flyte/host.toml",
        "[plugin.hostile]\nrun = 'connect 127.0.0.1:9'\n[isolation.hostile]\nisolate = false\nnetwork = true\n",
    );
    home.set("FLYTE_PLUGIN_ISOLATE", "0");
    administrator(&mut home, "[isolation.hostile]\nisolate = true\n");
    snapshot!(
        home.run(["hostile"]),
        str![[r#"
------- stderr -------
error: plugin `hostile` [VERSION] failed in the command `hostile`
  caused by: Operation not permitted (os error 1)
hint: add `read`, `write` or `network` to `[isolation.hostile]` of `[HOME]/work/administrator.toml` if the plugin needs it
[exit: 11]
"#]]
    );
    administrator(&mut home, "[isolation.'*']\nisolate = true\n");
    let shown = home.run(["plugin", "show", "--static", "-o", "json"]);
    let shown: serde_json::Value = serde_json::from_str(shown.stdout()).unwrap();
    assert_eq!(shown[0]["isolated"], true);
}

#[test]
fn a_user_cannot_undo_the_pin_of_the_administrator() {
    let mut home = home_where("none", "");
    let zeros = "0".repeat(64);
    administrator(&mut home, &format!("[pin.hostile]\nsha256 = '{zeros}'\n"));
    let library = home.plugins().join("libhostile.so").display().to_string();
    for arguments in [&["--plugin", "hostile"][..], &["--plugin", &library], &["--isolate"]] {
        let output = home.run(arguments.iter().copied().chain(["config", "show"]));
        assert_eq!(output.status(), "[exit: 10]");
        let first = "error: plugin `hostile` is not the version that the administrator allows\n";
        assert!(output.stderr().starts_with(first), "{}", output.stderr());
    }
    let loader = plugin_host::Loader::new("test", plugin_host::Directories::new(None, None));
    let sha256 = loader.check_file(library.as_ref()).unwrap().file.sha256().unwrap();
    administrator(&mut home, &format!("[pin.hostile]\nsha256 = '{sha256}'\n"));
    home.run(["--plugin", "hostile", "plugin", "show"]).success();
}

#[test]
fn settings_of_the_administrator_that_cannot_be_read_stop_plugins() {
    let mut home = home_where("run", "");
    administrator(&mut home, "isolate = true\n");
    let output = home.run(["hostile"]);
    assert_ne!(output.status(), "[exit: 0]");
    assert!(output.stderr().contains("administrator.toml"), "{}", output.stderr());
}
