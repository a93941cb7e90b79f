//! The rules for images, secrets and caching, and which of several sources wins.

use snapbox::str;
use tests::{Output, snapshot};

use super::{home_of, register};

const NO_IMAGE: &str = "\
name: where-am-i
command: [uname, -a]
cache: false
";

/// The lines of a `TaskSpec` that the rules decide.
const DECIDED: &[&str] = &["image:", "discover", "flyte-host.cache", "- key", "group"];

const FROM_VARIABLE: &str = "ghcr.io/acme/from-variable:v1";

/// What becomes of a task without an image when `FLYTE_INTERNAL_IMAGE` is set.
fn with_variable(plugin: Option<&str>, document: &str) -> Output {
    let mut home = home_of(plugin, document);
    home.set("FLYTE_INTERNAL_IMAGE", FROM_VARIABLE);
    home.run(["register", "--dry-run", "task.yaml", "-o", "yaml"])
}

#[test]
fn the_built_in_image_comes_last() {
    snapshot!(
        register(None, NO_IMAGE, &["-o", "yaml"]),
        str![[r#"
"@type": type.googleapis.com/flyteidl.admin.TaskSpec
template:
  container:
    command:
    - uname
    - -a
    dataConfig:
      enabled: true
    image: cr.flyte.org/flyteorg/flytekit:py3.12-1.16.31
    resources: {}
  id:
    name: where-am-i
    resourceType: TASK
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
  type: raw-container
------- stderr -------
task `where-am-i`: image `cr.flyte.org/flyteorg/flytekit:py3.12-1.16.31` (built-in)
[exit: 0]
"#]]
    );
}

#[test]
fn the_variable_goes_before_the_built_in_image() {
    snapshot!(
        with_variable(None, NO_IMAGE).keep_stdout(DECIDED),
        str![[r#"
    image: ghcr.io/acme/from-variable:v1
------- stderr -------
task `where-am-i`: image `ghcr.io/acme/from-variable:v1` (FLYTE_INTERNAL_IMAGE)
[exit: 0]
"#]]
    );
}

#[test]
fn the_hook_goes_before_the_variable() {
    snapshot!(
        with_variable(Some("acme"), NO_IMAGE).keep_stdout(DECIDED),
        str![[r#"
    image: my-company/flyte-base:v1.2.3
------- stderr -------
task `where-am-i`: image `my-company/flyte-base:v1.2.3` (get_default_image)
[exit: 0]
"#]]
    );
}

#[test]
fn the_image_of_the_task_overrides_all_others() {
    snapshot!(
        with_variable(Some("acme"), &format!("{NO_IMAGE}image: debian:12-slim\n")).keep_stdout(DECIDED),
        str![[r#"
    image: debian:12-slim
[exit: 0]
"#]]
    );
}

/// A task with its own image, and something about caching or secrets.
fn task(more: &str) -> String {
    format!("name: now\nimage: debian:12-slim\ncommand: [date]\n{more}\n")
}

#[test]
fn a_task_without_caching_is_not_cached() {
    snapshot!(
        register(Some("acme"), &task("cache: false"), &["-o", "yaml"]).keep_stdout(DECIDED),
        str![[r#"
    image: debian:12-slim
[exit: 0]
"#]]
    );
}

#[test]
fn a_version_of_the_task_wins() {
    snapshot!(
        register(Some("acme"), &task("cache: { version: v7 }"), &["-o", "yaml"]).keep_stdout(DECIDED),
        str![[r#"
    image: debian:12-slim
    discoverable: true
    discoveryVersion: v7
[exit: 0]
"#]]
    );
}

#[test]
fn a_task_without_a_cache_setting_is_cached_by_the_policies() {
    snapshot!(
        register(Some("acme"), &task(""), &["-o", "yaml"]).keep_stdout(DECIDED),
        str![[r#"
    image: debian:12-slim
    discoverable: true
    discoveryVersion: [SHA256]
      flyte-host.cache-ttl: 3600s
------- stderr -------
task `now`: cache version 3bfc269594ef… (policy `acme-hourly`, kept for 1h)
[exit: 0]
"#]]
    );
}

#[test]
fn caching_without_version_and_policy_is_refused() {
    snapshot!(
        register(None, &task("cache: true"), &[]),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: task `now` asks for caching, but has no version and no cache policy applies to it
hint: state a version, such as `cache: {version: v1}`, or use a plugin with default cache policies
[exit: 1]
"#]]
    );
}

#[test]
fn settings_that_a_cluster_ignores_are_one_warning() {
    let documents = ["a", "b"].map(|name| task("").replace("now", name)).join("---\n");
    snapshot!(
        register(Some("acme"), &documents, &[]),
        str![[r#"
KIND  NAME  VERSION  SOURCE
task  a     -        `task.yaml`, document 1
task  b     -        `task.yaml`, document 2
------- stderr -------
task `a`: cache version 3bfc269594ef… (policy `acme-hourly`, kept for 1h)
task `b`: cache version 3bfc269594ef… (policy `acme-hourly`, kept for 1h)
[exit: 0]
"#]]
    );
}

#[test]
fn a_secret_without_a_group_is_refused() {
    snapshot!(
        register(None, &task("secrets: [{ key: token }]"), &[]),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: secret `token` of task `now` has no group
hint: give the secret a `group`; the plugin in use, or Flyte's own rule, requires one
[exit: 1]
"#]]
    );
}

#[test]
fn a_secret_with_an_empty_group_has_one() {
    snapshot!(
        register(None, &task("secrets: [{ key: token, group: '' }]"), &[]),
        str![[r#"
KIND  NAME  VERSION  SOURCE
task  now   -        `task.yaml`, document 1
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_can_allow_secrets_without_a_group() {
    snapshot!(
        register(Some("acme"), &task("cache: false\nsecrets: [{ key: token }]"), &["-o", "yaml"])
            .keep_stdout(DECIDED),
        str![[r#"
    image: debian:12-slim
    - key: token
[exit: 0]
"#]]
    );
}

/// A message instead of the short form; an empty group counts as none.
const MESSAGE: &str = r#"
"@type": type.googleapis.com/flyteidl.admin.TaskSpec
template:
  id: { resourceType: TASK, name: now }
  container: { image: "debian:12-slim", args: [date] }
  securityContext: { secrets: [{ key: token }] }
"#;

#[test]
fn a_message_with_a_secret_without_a_group_is_refused() {
    snapshot!(
        register(None, MESSAGE, &[]),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: secret `token` of task `now` has no group
hint: give the secret a `group`; the plugin in use, or Flyte's own rule, requires one
[exit: 1]
"#]]
    );
}

#[test]
fn a_plugin_can_allow_messages_with_secrets_without_a_group() {
    snapshot!(
        register(Some("acme"), MESSAGE, &["-o", "json"]),
        str![[r#"
[
  {
    "@type": "type.googleapis.com/flyteidl.admin.TaskSpec",
    "template": {
      "container": {
        "args": [
          "date"
        ],
        "image": "debian:12-slim"
      },
      "id": {
        "name": "now",
        "resourceType": "TASK"
      },
      "securityContext": {
        "secrets": [
          {
            "key": "token"
          }
        ]
      }
    }
  }
]
[exit: 0]
"#]]
    );
}

#[test]
fn project_domain_and_version_are_filled_in() {
    let options = ["-p", "flytesnacks", "-d", "staging", "--version", "v3", "-o", "yaml"];
    snapshot!(
        register(None, MESSAGE.split("  securityContext").next().unwrap(), &options).keep_stdout(DECIDED),
        str![[r#"
    image: debian:12-slim
[exit: 0]
"#]]
    );
}
