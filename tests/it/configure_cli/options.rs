//! Options of the host that a plugin changed, and global ones that it added.

use snapbox::str;
use tests::{Transcript, snapshot};

use super::toolbox_home;

#[test]
fn defaults_are_rewritten() {
    snapshot!(
        toolbox_home().run(["config", "show"]),
        str![[r#"
project: toolbox (default)
domain: staging (default)
region: eu (default)
------- stderr -------
replaced by toolbox
[exit: 0]
"#]]
    );
}

#[test]
fn given_values_win_over_rewritten_defaults() {
    snapshot!(
        toolbox_home().run(["config", "show", "--domain", "production", "-p", "MINE"]),
        str![[r#"
project: mine (given)
domain: production (given)
region: eu (default)
------- stderr -------
replaced by toolbox
[exit: 0]
"#]]
    );
}

#[test]
fn a_lazy_default_is_worked_out_only_when_it_is_needed() {
    let mut home = toolbox_home();
    let trace = home.cwd().join("trace");
    home.set("TOOLBOX_TRACE", &trace).set("TOOLBOX_PROJECT", "From-Variable");
    // For runs with isolated plugins.
    #[cfg(target_os = "linux")]
    home.write("../.flyte/host.toml", format!("[isolation.toolbox]\nwrite = [{:?}]\n", home.cwd()));
    for words in [&["--help"][..], &["config", "show", "--help"], &["doctor", "-p", "x"], &["plugin", "path"]]
    {
        home.run(words).success();
        assert!(!trace.exists(), "{words:?} needs no default");
    }
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
project: from-variable (default)
domain: staging (default)
region: eu (default)
------- stderr -------
replaced by toolbox
[exit: 0]
"#]]
    );
    snapshot!(
        home.read("trace"),
        str![[r#"
project: []

"#]]
    );
}

#[test]
fn a_variable_counts_as_given() {
    let mut home = toolbox_home();
    home.set("TOOLBOX_REGION", "us").set("TOOLBOX_QUICK", "yes");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["config", "show"]));
    transcript.add(home.run(["doctor"]));
    home.set("TOOLBOX_REGION", "moon");
    transcript.add(home.run(["doctor"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host config show
project: toolbox (default)
domain: staging (default)
region: us (given)
------- stderr -------
replaced by toolbox
[exit: 0]
$ flyte-host doctor
path: doctor
level: low (default)
tool:  (default)
quick: true (given)
slow: false (default)
loud: 0 (default)
end: well (default)
organ:  (default)
region: us (given)
tenant: -
words: --quick
config: {}
terminal: false, colour: false
------- stderr -------
looked
[exit: 0]
$ flyte-host doctor
------- stderr -------
error: invalid value 'moon' for '--region <REGION>'
  [possible values: eu, us]

For more information, try '--help'.
[exit: 2]

"#]]
    );
}

#[test]
fn a_hidden_global_option_has_an_effect_and_no_value() {
    let home = toolbox_home();
    let output = home.run(["doctor", "--tenant", "green"]);
    assert!(output.contains("tenant: green\n"), "{output}");
}

#[test]
fn a_callback_may_refuse() {
    let home = toolbox_home();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["doctor", "-p", "forbidden"]));
    transcript.add(home.run(["doctor", "-p", "broken"]));
    transcript.add(home.run(["doctor", "-p", "panic"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host doctor -p forbidden
------- stderr -------
error: the project `forbidden` is not for you
hint: `open` is for everybody
[exit: 2]
$ flyte-host doctor -p broken
------- stderr -------
error: plugin `toolbox` 0.4.0 failed in the callback of `--project`
  caused by: the list of projects cannot be read
  caused by: disk on fire
[exit: 11]
$ flyte-host doctor -p panic
------- stderr -------
error: plugin `toolbox` 0.4.0 panicked in the callback of `--project`
  caused by: no project at all (tests/plugins/commands/src/lib.rs:116)
hint: report this plugin bug at <https://example.org/toolbox>
[exit: 11]

"#]]
    );
}

#[test]
fn commands_of_first_aid_ask_no_callback() {
    toolbox_home().run(["plugin", "path", "-p", "panic"]).success();
}

#[test]
fn a_hidden_command_still_works() {
    let output = toolbox_home().run(["completion", "bash"]);
    assert!(output.contains("complete "), "{output}");
}
