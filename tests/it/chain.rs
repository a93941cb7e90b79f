//! Three plugins at once: `wrapper` asks what is behind it and puts something around the answer, `faulty` does what
//! `FAULT` says, and Acme answers.
//!
//! The page after sign-in is no command's yet; `tests/it/library.rs` asks a chain for it.

use snapbox::str;
use tests::{TestEnvironment, snapshot};

use crate::home_with;

/// A home in which plugins are in use, the first in front.
fn home_of(chain: &str, fault: &str) -> TestEnvironment {
    let mut home = home_with(&["wrapper", "faulty", "acme"]);
    home.set("FLYTE_PLUGIN", chain)
        .set("FAULT", fault)
        .set("MY_STAGING_ENDPOINT", "staging.acme.example:443");
    home
}

fn config_show(chain: &str, fault: &str) -> String {
    home_of(chain, fault).run(&["config", "show"])
}

/// What is said about a task that needs an image and a cache version, or also has a secret, and what comes out of it.
fn register(chain: &str, fault: &str, task: &str) -> String {
    let home = home_of(chain, fault);
    home.write("task.yaml", task);
    home.run(&["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "name"])
}

const CHAIN: &str = "wrapper:faulty:acme";
const TASK: &str = "{ name: where-am-i, command: [uname, -a], cache: true }";
const SECRET: &str =
    "{ name: where-am-i, image: 'debian:12-slim', command: [], secrets: [{ key: upload-key }] }";

#[test]
fn commands_of_all_are_there_and_the_first_sees_those_behind() {
    let home = home_of(CHAIN, "answer:configure_cli");
    snapshot!(
        home.run(&["wrapper"]),
        str![[r#"
completion config show execution show watch inputs outputs terminate relaunch recover approve reject set-input archive activate fetch get projects domains tasks workflows launch-plans executions nodes task-executions launchplan activate deactivate login logout man plugin disable enable list path show project activate archive create update register run sandbox engine reset start status stop upload version whoami my-custom-command my-group sub-command faulty
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["faulty"]),
        str![[r#"
all is well
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(&["my-group", "sub-command"]),
        str![[r#"
Executing a sub-command!
[exit: 0]
"#]]
    );
}

#[test]
fn the_connection_says_who_set_what() {
    snapshot!(
        config_show(CHAIN, "decline"),
        str![[r#"
SETTING               VALUE                     FROM
endpoint              staging.acme.example:443  plugin `acme` (variable `MY_STAGING_ENDPOINT`)
insecure              false                     default (plugin `acme` does not set it)
insecure_skip_verify  false                     default (plugin `acme` does not set it)
ca_cert_file_path     -                         default (plugin `acme` does not set it)
console_endpoint      -                         default (plugin `acme` does not set it)
http_proxy_url        -                         default (plugin `acme` does not set it)
auth_mode             Pkce                      default (plugin `acme` does not set it)
client_id             -                         default (plugin `acme` does not set it)
client_secret         -                         default (plugin `acme` does not set it)
scopes                -                         default (plugin `acme` does not set it)
audience              -                         default (plugin `acme` does not set it)
command               -                         default (plugin `acme` does not set it)
proxy_command         -                         default (plugin `acme` does not set it)
default_project       flytesnacks               default
default_domain        development               default
data_upload_location  flyte://my-s3-bucket/     default (plugin `acme` does not set it)
headers.x-wrapped-by  ****                      plugin `wrapper`
[exit: 0]
"#]]
    );
}

#[test]
fn a_link_that_answers_hides_those_behind_it() {
    snapshot!(
        config_show("faulty:wrapper:acme", "answer:get_remote"),
        str![[r#"
SETTING               VALUE                  FROM
endpoint              faulty.example:443     plugin `faulty`
insecure              false                  default (plugin `faulty` does not set it)
insecure_skip_verify  false                  default (plugin `faulty` does not set it)
ca_cert_file_path     -                      default (plugin `faulty` does not set it)
console_endpoint      -                      default (plugin `faulty` does not set it)
http_proxy_url        -                      default (plugin `faulty` does not set it)
auth_mode             Pkce                   default (plugin `faulty` does not set it)
client_id             -                      default (plugin `faulty` does not set it)
client_secret         -                      default (plugin `faulty` does not set it)
scopes                -                      default (plugin `faulty` does not set it)
audience              -                      default (plugin `faulty` does not set it)
command               -                      default (plugin `faulty` does not set it)
proxy_command         -                      default (plugin `faulty` does not set it)
default_project       flytesnacks            default
default_domain        development            default
data_upload_location  flyte://my-s3-bucket/  default (plugin `faulty` does not set it)
[exit: 0]
"#]]
    );
}

#[test]
fn the_order_decides_which_image() {
    let answer = "answer:get_default_image";
    snapshot!(
        register("wrapper:faulty:acme", answer, TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/faulty/my-company/flyte-base:v1.2.3` (get_default_image); cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
    snapshot!(
        register("faulty:wrapper:acme", answer, TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `faulty/wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
    snapshot!(
        register("acme:wrapper:faulty", answer, TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `my-company/flyte-base:v1.2.3` (get_default_image); cache version 3bfc269594ef… (policy `acme-hourly`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
    snapshot!(
        register("wrapper:faulty:acme", "decline", TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
}

#[test]
fn the_order_decides_about_secrets() {
    let answer = "answer:secret_requires_group";
    snapshot!(
        register("wrapper:faulty:acme", answer, SECRET),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: secret `upload-key` of task `where-am-i` has no group
hint: give the secret a `group`; the plugin in use, or Flyte's own rule, requires one
[exit: 1]
"#]]
    );
    snapshot!(
        register("faulty:wrapper:acme", answer, SECRET),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
}

#[test]
fn policies_of_all_count_in_order() {
    let answer = "answer:get_default_cache_policies";
    snapshot!(
        register("wrapper:faulty:acme", answer, TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version c8b533abba47… (policy `wrapper-policy`, `acme-hourly`, `faulty-policy`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
    snapshot!(
        register("faulty:wrapper:acme", answer, TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version c8b533abba47… (policy `wrapper-policy`, `acme-hourly`, `faulty-policy`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
}

#[test]
fn the_blame_for_get_remote_stays_with_the_bad_link() {
    snapshot!(
        config_show(CHAIN, "error:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `get_remote`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
    snapshot!(
        config_show(CHAIN, "panic:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `get_remote`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
    snapshot!(
        config_show(CHAIN, "invalid:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 returned an invalid value from `get_remote`
  caused by: `faulty.example:notaport` has the invalid port `notaport`; use a number from 1 to 65535
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn the_blame_for_configure_cli_stays_with_the_bad_link() {
    snapshot!(
        config_show(CHAIN, "error:configure_cli"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `configure_cli`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
    snapshot!(
        config_show(CHAIN, "panic:configure_cli"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `configure_cli`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
    snapshot!(
        config_show(CHAIN, "invalid:configure_cli"),
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
fn the_blame_for_secret_requires_group_stays_with_the_bad_link() {
    snapshot!(
        register(CHAIN, "error:secret_requires_group", SECRET),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `secret_requires_group`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
    snapshot!(
        register(CHAIN, "panic:secret_requires_group", SECRET),
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
fn the_blame_for_get_default_image_stays_with_the_bad_link() {
    snapshot!(
        register(CHAIN, "error:get_default_image", TASK),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `get_default_image`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
    snapshot!(
        register(CHAIN, "panic:get_default_image", TASK),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_image`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
    snapshot!(
        register(CHAIN, "invalid:get_default_image", TASK),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 returned an invalid value from `get_default_image`
  caused by: `two words` is not an image name: it contains whitespace or a control character
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn the_blame_for_get_default_cache_policies_stays_with_the_bad_link() {
    snapshot!(
        register(CHAIN, "error:get_default_cache_policies", TASK),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `get_default_cache_policies`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
    snapshot!(
        register(CHAIN, "panic:get_default_cache_policies", TASK),
        str![[r#"
------- stderr -------
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_cache_policies`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
    snapshot!(
        register(CHAIN, "invalid:get_default_cache_policies", TASK),
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
fn the_blame_for_a_policy_stays_with_its_plugin() {
    snapshot!(
        register(CHAIN, "answer:get_default_cache_policies,panic:get_version", TASK),
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
fn a_bad_link_behind_one_that_answers_is_not_asked() {
    snapshot!(
        register("acme:faulty:wrapper", "panic:get_default_image", TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `my-company/flyte-base:v1.2.3` (get_default_image); cache version 3bfc269594ef… (policy `acme-hourly`, kept for 3600s)
a Flyte 1 cluster has no field for how long results are kept; only the sandbox keeps to it
[exit: 0]
"#]]
    );
}

#[test]
fn a_link_that_cannot_be_created_spoils_the_chain() {
    snapshot!(
        config_show(CHAIN, "error:create"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `create`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn the_same_name_twice_is_refused() {
    snapshot!(
        config_show("faulty:acme:faulty", ""),
        str![[r#"
------- stderr -------
error: plugin `faulty` is named twice
hint: remove one of them from the list
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn the_same_file_twice_is_refused() {
    let mut home = home_with(&[]);
    home.copy("plain", "plain.so");
    home.set("FLYTE_PLUGIN", "./plain.so:../work/plain.so");
    snapshot!(
        home.run(&["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `plain` is named twice
  caused by: `[HOME]/work/plain.so` and `[HOME]/work/../work/plain.so`
hint: remove one of them from the list
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}

#[test]
fn a_copy_under_another_name_is_refused() {
    let mut home = home_with(&["plain"]);
    home.copy("plain", home.plugins().join("libother.so"));
    home.set("FLYTE_PLUGIN", "plain:other");
    snapshot!(
        home.run(&["config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `plain` is named twice
  caused by: `[HOME]/.flyte/plugins/libplain.so` and `[HOME]/.flyte/plugins/libother.so`
hint: remove one of them from the list
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
"#]]
    );
}
