//! Each hook in each state, through the command that calls it.
//!
//! The states: overridden, not overridden, declining, an invalid value, an error, and panics: with a text,
//! with a value that is not text, and with a value whose destructor panics as well. A `bool` has no invalid
//! value.
//!
//! `plain` overrides nothing. `faulty` overrides every hook, and does what `FAULT` says; the line of its
//! panics is that of `tests/plugins/faulty/src/fault.rs`.

mod configure_cli;
mod destroy;
mod get_remote;

use snapbox::str;
use tests::{Output, TestEnvironment, snapshot};

use crate::home_with;

/// A home in which a plugin is in use, with the `FAULT` of `faulty`.
fn home_where(plugin: &str, fault: &str) -> TestEnvironment {
    let mut home = home_with(&[plugin]);
    home.set("FLYTE_PLUGIN", plugin).set("FAULT", fault);
    home
}

/// A function of a plugin, and a command line that calls it.
struct Call {
    /// As in `FAULT`.
    name: &'static str,
    /// How messages name it.
    shown: &'static str,
    /// What `FAULT` needs besides, so that the function is called.
    setup: &'static str,
    /// `PLUGIN` stands for the plugin's name.
    command: &'static [&'static str],
    /// `task.yaml`.
    task: &'static str,
    /// The beginnings of the lines that show its effect.
    effect: &'static [&'static str],
}

const CONFIG_SHOW: &[&str] = &["config", "show"];
const REGISTER: &[&str] = &["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "yaml"];

const HOOKS: [Call; 6] = [
    Call {
        name: "get_remote",
        shown: "`get_remote`",
        setup: "",
        command: CONFIG_SHOW,
        task: "",
        effect: &["endpoint ", "insecure "],
    },
    Call {
        name: "configure_cli",
        shown: "`configure_cli`",
        setup: "",
        command: &["faulty"],
        task: "",
        effect: &["all is well"],
    },
    Call {
        name: "secret_requires_group",
        shown: "`secret_requires_group`",
        setup: "",
        command: REGISTER,
        task: "{ name: t, image: 'debian:12-slim', command: [uname], secrets: [{ key: upload-key }] }",
        effect: &["- key"],
    },
    Call {
        name: "get_default_image",
        shown: "`get_default_image`",
        setup: "",
        command: REGISTER,
        task: "{ name: t, command: [uname] }",
        effect: &["image:", "task `t`: image"],
    },
    Call {
        name: "get_auth_success_html",
        shown: "`get_auth_success_html`",
        setup: "",
        command: &["plugin", "show", "PLUGIN"],
        task: "",
        effect: &["get_auth_success_html "],
    },
    Call {
        name: "get_default_cache_policies",
        shown: "`get_default_cache_policies`",
        setup: "",
        command: REGISTER,
        task: "{ name: t, image: 'debian:12-slim', command: [uname], cache: true }",
        effect: &["discover", "task `t`: cache"],
    },
];

/// What fails as hooks do: the making of a plugin, its command, a policy that it gave.
const OTHERS: [Call; 3] = [
    Call {
        name: "create",
        shown: "`create`",
        setup: "",
        command: &["config", "show", "-o", "name"],
        task: "",
        effect: &[],
    },
    Call {
        name: "run",
        shown: "the command `faulty`",
        setup: "answer:configure_cli,",
        command: &["faulty"],
        task: "",
        effect: &[],
    },
    Call {
        name: "get_version",
        shown: "`get_default_cache_policies`",
        setup: "answer:get_default_cache_policies,",
        command: REGISTER,
        task: "{ name: t, image: 'debian:12-slim', command: [uname], cache: true }",
        effect: &[],
    },
];

impl Call {
    fn run(&self, plugin: &str, fault: &str) -> Output {
        let home = home_where(plugin, &format!("{}{fault}:{}", self.setup, self.name));
        home.write("task.yaml", self.task);
        home.run(self.command.iter().map(|&word| if word == "PLUGIN" { plugin } else { word }))
    }

    /// The lines that show its effect, errors, and the exit code.
    fn effect(&self, plugin: &str, fault: &str) -> String {
        let output = self.run(plugin, fault);
        let shows = |line: &&str| {
            self.effect.iter().any(|start| line.trim_start().starts_with(start)) || line.starts_with("error:")
        };
        let lines: String = output.lines().filter(shows).map(|line| format!("{line}\n")).collect();
        lines + &output.status() + "\n"
    }
}

/// What the hooks do with `FAULT`, hook by hook.
fn effects(plugin: &str, fault: &str) -> String {
    HOOKS.iter().map(|hook| format!("{}\n{}", hook.name, hook.effect(plugin, fault))).collect()
}

/// What is printed to standard error, and the exit code, with `FAULT`; calls that differ in their name alone
/// are together.
fn failures<'a>(calls: impl IntoIterator<Item = &'a Call>, fault: &str) -> String {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    for call in calls {
        let output = call.run("faulty", fault);
        let text = format!("{}{}\n", output.stderr().replacen(call.shown, "HERE", 1), output.status());
        match groups.iter_mut().find(|(_, other)| *other == text) {
            Some((names, _)) => names.push(call.name),
            None => groups.push((vec![call.name], text)),
        }
    }
    groups.into_iter().map(|(names, text)| format!("{}\n{text}", names.join(", "))).collect()
}

#[test]
fn answers_are_used() {
    snapshot!(
        effects("faulty", "answer"),
        str![[r#"
get_remote
endpoint              faulty.example:443     plugin `faulty`
insecure              false                  default (plugin `faulty` does not set it)
[exit: 0]
configure_cli
all is well
[exit: 0]
secret_requires_group
    - key: upload-key
[exit: 0]
get_default_image
    image: faulty/base:v0
task `t`: image `faulty/base:v0` (get_default_image)
[exit: 0]
get_auth_success_html
get_auth_success_html       plugin  <p>faulty, but signed in at flyte.example.org</p> (49 bytes)  none
[exit: 0]
get_default_cache_policies
    discoverable: true
    discoveryVersion: [SHA256]
task `t`: cache version 9ec1600e60d2… (policy `faulty-policy`)
[exit: 0]

"#]]
    );
}

#[test]
fn the_default_applies_where_a_hook_is_not_overridden_or_declines() {
    snapshot!(
        effects("plain", "answer"),
        str![[r#"
get_remote
endpoint              localhost:30080        default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
insecure              true                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
[exit: 0]
configure_cli
error: unrecognized subcommand 'faulty'
[exit: 2]
secret_requires_group
error: `task.yaml`, document 1: secret `upload-key` of task `t` has no group
[exit: 1]
get_default_image
    image: cr.flyte.org/flyteorg/flytekit:py3.12-1.16.31
task `t`: image `cr.flyte.org/flyteorg/flytekit:py3.12-1.16.31` (built-in)
[exit: 0]
get_auth_success_html
get_auth_success_html       built-in  none                        none
[exit: 0]
get_default_cache_policies
error: `task.yaml`, document 1: task `t` asks for caching, but has no version and no cache policy applies to it
[exit: 1]

"#]]
    );
    for hook in &HOOKS {
        if hook.name != "get_auth_success_html" {
            assert_eq!(hook.effect("faulty", "decline"), hook.effect("plain", ""), "{}", hook.name);
        }
    }
    snapshot!(
        HOOKS[4].effect("faulty", "decline"),
        str![[r#"
get_auth_success_html       plugin  none                        none
[exit: 0]

"#]]
    );
}

#[test]
fn invalid_answers_are_refused() {
    let with_invalid_values = HOOKS.iter().filter(|hook| hook.name != "secret_requires_group");
    snapshot!(
        failures(with_invalid_values, "invalid"),
        str![[r#"
get_remote
error: plugin `faulty` 0.4.1 returned an invalid value from HERE
  caused by: `faulty.example:notaport` has the invalid port `notaport`; use a number from 1 to 65535
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
configure_cli
error: plugin `faulty` 0.4.1 adds the command `plugin`, which already exists (built in)
hint: choose another name, or use `replace`
hint: use `--no-plugins` to run without the plugin
[exit: 11]
get_default_image
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 returned an invalid value from HERE
  caused by: `two words` is not an image name: it contains whitespace or a control character
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
get_auth_success_html
error: plugin `faulty` 0.4.1 returned an invalid value from HERE
  caused by: the page is empty; return `None` to leave it to the next plugin
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
get_default_cache_policies
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 returned an invalid value from HERE
  caused by: policy `never` has a ttl of zero; it must be greater
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]

"#]]
    );
}

#[test]
fn errors_are_reported_with_causes_and_hints() {
    snapshot!(
        failures(HOOKS.iter().chain(&OTHERS), "error"),
        str![[r#"
get_remote, configure_cli, get_auth_success_html, run
error: plugin `faulty` 0.4.1 failed in HERE
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
secret_requires_group, get_default_image, get_default_cache_policies, get_version
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in HERE
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
create
error: plugin `faulty` 0.4.1 failed in HERE
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]

"#]]
    );
}

#[test]
fn panics_are_reported_with_their_location() {
    snapshot!(
        failures(HOOKS.iter().chain(&OTHERS), "panic"),
        str![[r#"
get_remote, configure_cli, get_auth_success_html
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
secret_requires_group, get_default_image, get_default_cache_policies, get_version
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in HERE
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
create
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
run
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>
[exit: 11]

"#]]
    );
}

#[test]
fn panics_with_a_value_are_reported_with_their_location() {
    snapshot!(
        failures(HOOKS.iter().chain(&OTHERS), "panic-value"),
        str![[r#"
get_remote, configure_cli, get_auth_success_html
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
secret_requires_group, get_default_image, get_default_cache_policies, get_version
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
create
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
run
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>
[exit: 11]

"#]]
    );
}

#[test]
fn panics_in_the_destructor_of_a_panics_value_are_survived() {
    snapshot!(
        failures(HOOKS.iter().chain(&OTHERS), "panic-drop"),
        str![[r#"
get_remote, configure_cli, get_auth_success_html
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
secret_requires_group, get_default_image, get_default_cache_policies, get_version
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
create
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
run
error: plugin `faulty` 0.4.1 panicked in HERE
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>
[exit: 11]

"#]]
    );
}

#[test]
fn plugin_show_lists_a_failing_hook_among_the_others() {
    snapshot!(
        home_where("faulty", "error:get_auth_success_html")
            .run(["plugin", "show", "faulty"])
            .stdout()
            .split_once("\n\n")
            .unwrap()
            .1,
        str![[r#"
HOOK                        FROM    ANSWERS NOW                                                     BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure)                                      localhost:30080 (insecure)
configure_cli               plugin  no changes                                                      no changes
secret_requires_group       plugin  true                                                            true
get_default_image           plugin  none                                                            none
get_auth_success_html       plugin  fails: plugin `faulty` 0.4.1 failed in `get_auth_success_html`  none
get_default_cache_policies  plugin  no policies                                                     no policies

"#]]
    );
}
