//! `secret_requires_group`, through a secret without a group.

use snapbox::str;
use tests::snapshot;

use super::home_where;

const TASK: &str = "\
name: where-am-i
image: debian:12-slim
command: [uname, -a]
secrets: [{ key: upload-key }]
";

fn register(plugin: &str, fault: &str) -> String {
    let home = home_where(plugin, fault);
    home.write("task.yaml", TASK);
    home.run(&["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "yaml"])
}

#[test]
fn the_plugin_lets_a_secret_do_without() {
    snapshot!(
        register("faulty", "answer:secret_requires_group"),
        str![[r#"
"@type": type.googleapis.com/flyteidl.admin.TaskSpec
template:
  container:
    command:
    - uname
    - -a
    dataConfig:
      enabled: true
    image: debian:12-slim
    resources: {}
  id:
    name: where-am-i
    resourceType: TASK
    version: v1
  interface:
    inputs: {}
    outputs: {}
  metadata:
    generatesDeck: false
    metadata: {}
    retries: {}
    runtime:
      flavor: flyte-host
      version: "[VERSION]"
  securityContext:
    secrets:
    - key: upload-key
  type: raw-container
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_without_the_hook_leaves_it_to_the_default() {
    snapshot!(
        register("plain", ""),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: secret `upload-key` of task `where-am-i` has no group
hint: give the secret a `group`; the plugin in use, or Flyte's own rule, requires one
[exit: 1]
"#]]
    );
}

#[test]
fn a_plugin_that_declines_leaves_it_to_the_default() {
    snapshot!(
        register("faulty", "decline:secret_requires_group"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: secret `upload-key` of task `where-am-i` has no group
hint: give the secret a `group`; the plugin in use, or Flyte's own rule, requires one
[exit: 1]
"#]]
    );
}

#[test]
fn an_error_is_told_with_causes_and_hints() {
    snapshot!(
        register("faulty", "error:secret_requires_group"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `secret_requires_group`
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
        register("faulty", "panic:secret_requires_group"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `secret_requires_group`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_with_a_value_is_told_with_its_place() {
    snapshot!(
        register("faulty", "panic-value:secret_requires_group"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `secret_requires_group`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_in_a_panics_destructor_is_survived() {
    snapshot!(
        register("faulty", "panic-drop:secret_requires_group"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `secret_requires_group`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}
