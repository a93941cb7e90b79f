//! `get_default_cache_policies`, through a container task that asks for caching and names no version.

use snapbox::str;
use tests::snapshot;

use super::home_where;

const TASK: &str = "\
name: where-am-i
image: debian:12-slim
command: [uname, -a]
cache: true
";

fn register(plugin: &str, fault: &str) -> String {
    let home = home_where(plugin, fault);
    home.write("task.yaml", TASK);
    home.run(&["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "yaml"])
}

#[test]
fn the_plugin_adds_a_policy() {
    snapshot!(
        register("faulty", "answer:get_default_cache_policies"),
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
    discoverable: true
    discoveryVersion: [SHA256]
    generatesDeck: false
    metadata: {}
    retries: {}
    runtime:
      flavor: flyte-host
      version: "[VERSION]"
  type: raw-container
------- stderr -------
task `where-am-i`: cache version 9ec1600e60d2… (policy `faulty-policy`)
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
error: `task.yaml`, document 1: task `where-am-i` asks for caching, but has no version and no cache policy applies to it
hint: state a version, such as `cache: {version: v1}`, or use a plugin with default cache policies
[exit: 1]
"#]]
    );
}

#[test]
fn a_plugin_that_declines_leaves_it_to_the_default() {
    snapshot!(
        register("faulty", "decline:get_default_cache_policies"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: task `where-am-i` asks for caching, but has no version and no cache policy applies to it
hint: state a version, such as `cache: {version: v1}`, or use a plugin with default cache policies
[exit: 1]
"#]]
    );
}

#[test]
fn a_policy_that_keeps_nothing_is_refused() {
    snapshot!(
        register("faulty", "invalid:get_default_cache_policies"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 returned an invalid value from `get_default_cache_policies`
  caused by: policy `never` has a ttl of zero; it must be greater
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn an_error_is_told_with_causes_and_hints() {
    snapshot!(
        register("faulty", "error:get_default_cache_policies"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `get_default_cache_policies`
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
        register("faulty", "panic:get_default_cache_policies"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_cache_policies`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_with_a_value_is_told_with_its_place() {
    snapshot!(
        register("faulty", "panic-value:get_default_cache_policies"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_cache_policies`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_in_a_panics_destructor_is_survived() {
    snapshot!(
        register("faulty", "panic-drop:get_default_cache_policies"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_cache_policies`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_policy_that_fails_later_is_still_the_plugins_fault() {
    snapshot!(
        register("faulty", "answer:get_default_cache_policies,error:get_version"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `get_default_cache_policies`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
}

#[test]
fn a_policy_that_panics_later_is_still_the_plugins_fault() {
    snapshot!(
        register("faulty", "answer:get_default_cache_policies,panic:get_version"),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_cache_policies`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}
