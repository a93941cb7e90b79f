//! Three plugins at once: `wrapper` asks what is behind it and puts something around the answer, `faulty`
//! does what `FAULT` says, and Acme answers.
//!
//! The page after sign-in is tested in `tests/it/library.rs`, and with a browser in `tests/it/sign_in`.

use snapbox::str;
use tests::{Output, TestEnvironment, snapshot};

use crate::home_with;

/// A home in which plugins are in use, the first in front.
fn home_of(chain: &str, fault: &str) -> TestEnvironment {
    let mut home = home_with(&["wrapper", "faulty", "acme"]);
    home.set("FLYTE_PLUGIN", chain)
        .set("FAULT", fault)
        .set("MY_STAGING_ENDPOINT", "staging.acme.example:443");
    home
}

fn config_show(chain: &str, fault: &str) -> Output {
    home_of(chain, fault).run(["config", "show"])
}

/// Registers a task, without a server.
fn register(chain: &str, fault: &str, task: &str) -> Output {
    let home = home_of(chain, fault);
    home.write("task.yaml", task);
    home.run(["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "name"])
}

const CHAIN: &str = "wrapper:faulty:acme";
const TASK: &str = "{ name: where-am-i, command: [uname, -a], cache: true }";
const SECRET: &str =
    "{ name: where-am-i, image: 'debian:12-slim', command: [], secrets: [{ key: upload-key }] }";

#[test]
fn commands_of_all_are_there_and_the_first_sees_those_behind() {
    let home = home_of(CHAIN, "answer:configure_cli");
    snapshot!(
        home.run(["wrapper"]),
        str![[r#"
completion config path show execution show watch inputs outputs terminate relaunch recover approve reject set-input archive activate fetch get projects domains tasks workflows launch-plans executions nodes task-executions launchplan activate deactivate login logout man plugin check disable enable install list new path publish remove rollback search show update wheel project activate archive create update register run sandbox engine reset start status stop upload version whoami my-custom-command my-group sub-command faulty
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(["faulty"]),
        str![[r#"
all is well
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(["my-group", "sub-command"]),
        str![[r#"
Executing a sub-command!
[exit: 0]
"#]]
    );
}

#[test]
fn the_connection_names_the_origin_of_each_value() {
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
fn a_plugin_that_answers_hides_those_behind_it() {
    snapshot!(
        config_show("faulty:wrapper:acme", "answer:get_remote").keep_stdout(&["endpoint ", "headers."]),
        str![[r#"
endpoint              faulty.example:443     plugin `faulty`
[exit: 0]
"#]]
    );
}

#[test]
fn the_order_decides_which_image() {
    let cases = [
        ("wrapper:faulty:acme", "answer:get_default_image"),
        ("faulty:wrapper:acme", "answer:get_default_image"),
        ("acme:wrapper:faulty", "answer:get_default_image"),
        ("wrapper:faulty:acme", "decline"),
    ];
    snapshot!(
        cases
            .map(|(chain, fault)| format!("# {chain}, {fault}\n{}\n", register(chain, fault, TASK)))
            .concat(),
        str![[r#"
# wrapper:faulty:acme, answer:get_default_image
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/faulty/my-company/flyte-base:v1.2.3` (get_default_image); cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 1h)
[exit: 0]
# faulty:wrapper:acme, answer:get_default_image
where-am-i
------- stderr -------
task `where-am-i`: image `faulty/wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 1h)
[exit: 0]
# acme:wrapper:faulty, answer:get_default_image
where-am-i
------- stderr -------
task `where-am-i`: image `my-company/flyte-base:v1.2.3` (get_default_image); cache version 3bfc269594ef… (policy `acme-hourly`, kept for 1h)
[exit: 0]
# wrapper:faulty:acme, decline
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 1h)
[exit: 0]

"#]]
    );
}

#[test]
fn the_order_decides_about_secrets() {
    let cases = [
        ("wrapper:faulty:acme", "answer:secret_requires_group"),
        ("faulty:wrapper:acme", "answer:secret_requires_group"),
    ];
    snapshot!(
        cases
            .map(|(chain, fault)| format!("# {chain}, {fault}\n{}\n", register(chain, fault, SECRET)))
            .concat(),
        str![[r#"
# wrapper:faulty:acme, answer:secret_requires_group
------- stderr -------
error: `task.yaml`, document 1: secret `upload-key` of task `where-am-i` has no group
hint: give the secret a `group`; the plugin in use, or Flyte's own rule, requires one
[exit: 1]
# faulty:wrapper:acme, answer:secret_requires_group
where-am-i
------- stderr -------
task `where-am-i`: cache version d46c413c624c… (policy `wrapper-policy`, `acme-hourly`, kept for 1h)
[exit: 0]

"#]]
    );
}

#[test]
fn policies_of_all_count_in_order() {
    let cases = [
        ("wrapper:faulty:acme", "answer:get_default_cache_policies"),
        ("faulty:wrapper:acme", "answer:get_default_cache_policies"),
    ];
    snapshot!(
        cases
            .map(|(chain, fault)| format!("# {chain}, {fault}\n{}\n", register(chain, fault, TASK)))
            .concat(),
        str![[r#"
# wrapper:faulty:acme, answer:get_default_cache_policies
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version c8b533abba47… (policy `wrapper-policy`, `acme-hourly`, `faulty-policy`, kept for 1h)
[exit: 0]
# faulty:wrapper:acme, answer:get_default_cache_policies
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/my-company/flyte-base:v1.2.3` (get_default_image); cache version c8b533abba47… (policy `wrapper-policy`, `acme-hourly`, `faulty-policy`, kept for 1h)
[exit: 0]

"#]]
    );
}

/// The messages as a whole are in `hooks`.
#[test]
fn errors_are_attributed_to_the_plugin_that_failed() {
    let faults = [
        "error:get_remote",
        "panic:get_remote",
        "invalid:get_remote",
        "error:configure_cli",
        "panic:configure_cli",
        "invalid:configure_cli",
        "error:secret_requires_group",
        "panic:secret_requires_group",
        "error:get_default_image",
        "panic:get_default_image",
        "invalid:get_default_image",
        "error:get_default_cache_policies",
        "panic:get_default_cache_policies",
        "invalid:get_default_cache_policies",
        "answer:get_default_cache_policies,panic:get_version",
    ];
    let rows = faults.map(|fault| {
        let output = if fault.contains("secret") {
            register(CHAIN, fault, SECRET)
        } else if fault.contains("get_default") {
            register(CHAIN, fault, TASK)
        } else {
            config_show(CHAIN, fault)
        };
        format!("{fault}\n{}\n{}\n", output.stderr().lines().next().unwrap(), output.status())
    });
    snapshot!(
        rows.concat(),
        str![[r#"
error:get_remote
error: plugin `faulty` 0.4.1 failed in `get_remote`
[exit: 11]
panic:get_remote
error: plugin `faulty` 0.4.1 panicked in `get_remote`
[exit: 11]
invalid:get_remote
error: plugin `faulty` 0.4.1 returned an invalid value from `get_remote`
[exit: 11]
error:configure_cli
error: plugin `faulty` 0.4.1 failed in `configure_cli`
[exit: 11]
panic:configure_cli
error: plugin `faulty` 0.4.1 panicked in `configure_cli`
[exit: 11]
invalid:configure_cli
error: plugin `faulty` 0.4.1 adds the command `plugin`, which already exists (built in)
[exit: 11]
error:secret_requires_group
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `secret_requires_group`
[exit: 11]
panic:secret_requires_group
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `secret_requires_group`
[exit: 11]
error:get_default_image
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `get_default_image`
[exit: 11]
panic:get_default_image
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_image`
[exit: 11]
invalid:get_default_image
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 returned an invalid value from `get_default_image`
[exit: 11]
error:get_default_cache_policies
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 failed in `get_default_cache_policies`
[exit: 11]
panic:get_default_cache_policies
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_cache_policies`
[exit: 11]
invalid:get_default_cache_policies
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 returned an invalid value from `get_default_cache_policies`
[exit: 11]
answer:get_default_cache_policies,panic:get_version
error: `task.yaml`, document 1: plugin `faulty` 0.4.1 panicked in `get_default_cache_policies`
[exit: 11]

"#]]
    );
}

#[test]
fn a_failing_plugin_behind_one_that_answers_is_not_called() {
    snapshot!(
        register("acme:faulty:wrapper", "panic:get_default_image", TASK),
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `my-company/flyte-base:v1.2.3` (get_default_image); cache version 3bfc269594ef… (policy `acme-hourly`, kept for 1h)
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_that_cannot_be_created_fails_the_chain() {
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
        home.run(["config", "show"]),
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
        home.run(["config", "show"]),
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
