//! Hosts and plugins of protocol 1.0 and of a test-only 1.1, which has one hook more, and one method more on
//! every interface that crosses.

mod versions;

use std::{env, path::PathBuf};

use snapbox::str;
use tests::{Output, TestEnvironment, Transcript, difference, patch, prepared, snapshot};

use crate::{allow_sandbox, home_with};

/// A version of the protocol, as `--cfg next_protocol` decides it.
#[derive(Clone, Copy)]
enum Protocol {
    /// 1.0.
    Old,
    /// 1.1.
    New,
}

/// The version of `plugin-abi` that speaks 1.1.
pub(crate) const NEXT: &str = "1.9.0";

/// The host that `cargo xtask test` built from another version of `plugin-abi`.
pub(crate) fn other_host(version: &str) -> Option<PathBuf> {
    let folder = prepared("FLYTE_TEST_GROWTH")?.join("hosts").join(version).join("debug");
    Some(folder.join(format!("flyte-host{}", env::consts::EXE_SUFFIX)))
}

/// The folder of the plugins that `cargo xtask test` built from another version of `plugin-abi`, or in
/// another way.
fn other_plugins(name: &str) -> Option<PathBuf> {
    Some(prepared("FLYTE_TEST_GROWTH")?.join("plugins").join(name))
}

/// The static library for plugins in C that `cargo xtask test` built from another version of `plugin-abi`.
#[cfg(target_os = "linux")]
pub(crate) fn other_static_library(version: &str) -> Option<PathBuf> {
    Some(prepared("FLYTE_TEST_GROWTH")?.join("c").join(version).join("libplugin_c.a"))
}

/// A home with a host of one version, and plugins of the other or the same; nothing where these were not
/// built.
fn home_of(host: Protocol, plugins: &[(&str, Protocol)]) -> Option<TestEnvironment> {
    let mut home = match host {
        Protocol::Old => home_with(&[]),
        Protocol::New => TestEnvironment::new(&other_host(NEXT)?),
    };
    allow_sandbox(&home);
    for &(plugin, protocol) in plugins {
        match protocol {
            Protocol::Old => home.install(plugin),
            Protocol::New => home.install_from(&other_plugins(NEXT)?, plugin),
        };
    }
    let chain: Vec<&str> = plugins.iter().map(|(plugin, _)| *plugin).collect();
    home.set("FLYTE_PLUGIN", chain.join(":"));
    Some(home)
}

/// Everything that crosses, in one text: hooks, connection, command, registration.
pub(crate) fn answers(home: &TestEnvironment) -> String {
    let commands: [&[&str]; 6] = [
        &["plugin", "show", "growth"],
        &["config", "show"],
        &["growth"],
        &["growth", "--size", "7"],
        &["growth", "--size", "large"],
        &["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "name"],
    ];
    home.write("task.yaml", "{ name: where-am-i, command: [uname, -a], cache: true }");
    commands.map(|command| format!("$ flyte-host {}\n{}\n", command.join(" "), home.run(command))).concat()
}

/// How the answers in a home differ from those of a plugin of 1.0 in a host of 1.0.
fn difference_to_1_0(home: &TestEnvironment) -> String {
    let old = home_of(Protocol::Old, &[("growth", Protocol::Old)]).unwrap();
    difference(answers(&old), answers(home))
}

#[test]
fn a_plugin_of_1_0_in_a_host_of_1_0() {
    let home = home_of(Protocol::Old, &[("growth", Protocol::Old)]).unwrap();
    snapshot!(
        answers(&home),
        str![[r#"
$ flyte-host plugin show growth
name         growth
version      0.6.0
description  A plugin that is built for two versions of the protocol
license      MIT OR Apache-2.0
file         [HOME]/.flyte/plugins/libgrowth.so
sha256       [SHA256]
protocol     1.0 (this host: 1.0)
compiler     [RUSTC]
target       [TARGET]

HOOK                        FROM    ANSWERS NOW                                             BUILT-IN DEFAULT
get_remote                  plugin  localhost:30080 (insecure), with a transport around it  localhost:30080 (insecure)
configure_cli               plugin  command `growth`; 1 other change                        no changes
secret_requires_group       plugin  false                                                   true
get_default_image           plugin  growth/base:v1                                          none
get_auth_success_html       plugin  <p>grown at flyte.example.org</p> (33 bytes)            none
get_default_cache_policies  plugin  growth-policy                                           no policies
[exit: 0]
$ flyte-host config show
SETTING               VALUE                  FROM
endpoint              localhost:30080        default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
insecure              true                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
insecure_skip_verify  false                  default
ca_cert_file_path     -                      default
console_endpoint      -                      default
http_proxy_url        -                      default
auth_mode             Pkce                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
client_id             -                      default
client_secret         -                      default
scopes                -                      default
audience              flyte-host 1.0         plugin `growth`
command               -                      default
proxy_command         -                      default
default_project       flytesnacks            default
default_domain        development            default
data_upload_location  flyte://my-s3-bucket/  default
transport             wrapped                plugin `growth`
[exit: 0]
$ flyte-host growth
speaks 1.0 in flyte-host at localhost:30080, size 123
its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
[exit: 0]
$ flyte-host growth --size 7
speaks 1.0 in flyte-host at localhost:30080, size 73
its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
[exit: 0]
$ flyte-host growth --size large
------- stderr -------
error: invalid value `large3` for `size`: invalid digit found in string
hint: run `flyte-host growth --help` for its usage
[exit: 2]
$ flyte-host register --dry-run task.yaml --version v1 -o name
where-am-i
------- stderr -------
task `where-am-i`: image `growth/base:v1` (get_default_image); cache version 29202bf48955… (policy `growth-policy`)
[exit: 0]

"#]]
    );
}

#[test]
fn a_plugin_of_1_1_in_a_host_of_1_0() {
    let Some(home) = home_of(Protocol::Old, &[("growth", Protocol::New)]) else { return };
    snapshot!(
        difference_to_1_0(&home),
        str![[r#"
- protocol     1.0 (this host: 1.0)
- speaks 1.0 in flyte-host at localhost:30080, size 123
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
- speaks 1.0 in flyte-host at localhost:30080, size 73
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
+ protocol     1.1 (this host: 1.0)
+ speaks 1.1 in flyte-host at localhost:30080, size 123
+ its transport says hello [("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 0, services: 0
+ speaks 1.1 in flyte-host at localhost:30080, size 73
+ its transport says hello [("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 0, services: 0
+ methods beyond 1.0 in the host's invocation: 0, services: 0

"#]]
    );
}

#[test]
fn a_plugin_of_1_0_in_a_host_of_1_1() {
    let Some(home) = home_of(Protocol::New, &[("growth", Protocol::Old)]) else { return };
    snapshot!(
        difference_to_1_0(&home),
        str![[r#"
- protocol     1.0 (this host: 1.0)
- HOOK                        FROM    ANSWERS NOW                                             BUILT-IN DEFAULT
- get_remote                  plugin  localhost:30080 (insecure), with a transport around it  localhost:30080 (insecure)
- configure_cli               plugin  command `growth`; 1 other change                        no changes
- secret_requires_group       plugin  false                                                   true
- get_default_image           plugin  growth/base:v1                                          none
- get_auth_success_html       plugin  <p>grown at flyte.example.org</p> (33 bytes)            none
- get_default_cache_policies  plugin  growth-policy                                           no policies
- audience              flyte-host 1.0         plugin `growth`
+ protocol     1.0 (this host: 1.1)
+ HOOK                        FROM                                                                ANSWERS NOW                                             BUILT-IN DEFAULT
+ get_remote                  plugin                                                              localhost:30080 (insecure), with a transport around it  localhost:30080 (insecure)
+ configure_cli               plugin                                                              command `growth`; 1 other change                        no changes
+ secret_requires_group       plugin                                                              false                                                   true
+ get_default_image           plugin                                                              growth/base:v1                                          none
+ get_auth_success_html       plugin                                                              <p>grown at flyte.example.org</p> (33 bytes)            none
+ get_default_cache_policies  plugin                                                              growth-policy                                           no policies
+ get_greeting                built-in: the plugin uses protocol 1.0, and this hook requires 1.1  no greeting                                             no greeting
+ audience              flyte-host 1.1         plugin `growth`

"#]]
    );
}

#[test]
fn a_plugin_of_1_1_in_a_host_of_1_1() {
    let Some(home) = home_of(Protocol::New, &[("growth", Protocol::New)]) else { return };
    snapshot!(
        difference_to_1_0(&home),
        str![[r#"
- protocol     1.0 (this host: 1.0)
- HOOK                        FROM    ANSWERS NOW                                             BUILT-IN DEFAULT
- get_remote                  plugin  localhost:30080 (insecure), with a transport around it  localhost:30080 (insecure)
- configure_cli               plugin  command `growth`; 1 other change                        no changes
- secret_requires_group       plugin  false                                                   true
- get_default_image           plugin  growth/base:v1                                          none
- get_auth_success_html       plugin  <p>grown at flyte.example.org</p> (33 bytes)            none
- get_default_cache_policies  plugin  growth-policy                                           no policies
- audience              flyte-host 1.0         plugin `growth`
- speaks 1.0 in flyte-host at localhost:30080, size 123
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
- speaks 1.0 in flyte-host at localhost:30080, size 73
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
+ protocol     1.1 (this host: 1.1)
+ HOOK                        FROM    ANSWERS NOW                                                               BUILT-IN DEFAULT
+ get_remote                  plugin  localhost:30080 (insecure), with a transport around it                    localhost:30080 (insecure)
+ configure_cli               plugin  command `growth`; 1 other change                                          no changes
+ secret_requires_group       plugin  false                                                                     true
+ get_default_image           plugin  growth/base:v1                                                            none
+ get_auth_success_html       plugin  <p>grown at flyte.example.org</p> (33 bytes)                              none
+ get_default_cache_policies  plugin  growth-policy                                                             no policies
+ get_greeting                plugin  hello; methods beyond 1.0 in the host's services: 1; behind: no greeting  no greeting
+ audience              flyte-host 1.1         plugin `growth`
+ speaks 1.1 in flyte-host at localhost:30080, size 123
+ its transport says hello [("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 1, services: 1
+ speaks 1.1 in flyte-host at localhost:30080, size 73
+ its transport says hello [("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 1, services: 1
+ methods beyond 1.0 in the host's invocation: 1, services: 1

"#]]
    );
}

/// What the host of 1.1 gets when it asks everything that plugins made for the method that 1.1 added.
fn asked_for_the_new_method(protocol: Protocol) -> Option<String> {
    let mut home = home_of(Protocol::New, &[("faulty", protocol), ("growth", protocol)])?;
    home.write("task.yaml", "{ name: where-am-i, image: 'debian:12-slim', command: [], cache: true }");
    home.set("FAULT", "error:get_default_image");
    let mut outputs = vec![home.run(["config", "show", "-vv"])];
    outputs.push(home.run(["register", "--dry-run", "task.yaml", "-vv"]));
    home.write("task.yaml", "{ name: where-am-i, command: [] }");
    outputs.push(home.run(["register", "--dry-run", "task.yaml", "-vv"]));
    outputs.push(home.run(["growth", "-vv"]));
    let lines = outputs.iter().flat_map(Output::lines);
    let mut lines: Vec<&str> = lines.filter(|line| line.contains("methods beyond 1.0 in its")).collect();
    lines.sort_unstable();
    lines.dedup();
    Some(lines.join("\n") + "\n")
}

#[test]
fn what_a_plugin_of_1_0_made_answers_the_new_method_as_the_default() {
    let Some(output) = asked_for_the_new_method(Protocol::Old) else { return };
    snapshot!(
        output,
        str![[r#"
debug: plugin `builtin` [VERSION]: methods beyond 1.0 in its remote: 1
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its cache policy: 0
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its fault: 0
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its remote: 0
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its root module: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its argument: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its cache policy: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its callback: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its command: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its lazy default: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its remote: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its root module: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its transport's layer: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its transport: 0
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its wish: 0

"#]]
    );
}

#[test]
fn what_a_plugin_of_1_1_made_answers_the_new_method_itself() {
    let Some(output) = asked_for_the_new_method(Protocol::New) else { return };
    snapshot!(
        output,
        str![[r#"
debug: plugin `builtin` [VERSION]: methods beyond 1.0 in its remote: 1
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its cache policy: 1
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its fault: 1
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its remote: 1
debug: plugin `faulty` 0.4.1: methods beyond 1.0 in its root module: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its argument: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its cache policy: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its callback: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its command: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its lazy default: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its remote: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its root module: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its transport's layer: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its transport: 1
debug: plugin `growth` 0.6.0: methods beyond 1.0 in its wish: 1

"#]]
    );
}

#[test]
fn both_versions_are_in_one_chain() {
    let plugins = [("wrapper", Protocol::Old), ("growth", Protocol::New), ("acme", Protocol::Old)];
    let Some(home) = home_of(Protocol::Old, &plugins) else { return };
    let mut transcript = Transcript::new();
    transcript.add(home.run(["--version"]));
    snapshot!(
        difference_to_1_0(&home),
        str![[r#"
- protocol     1.0 (this host: 1.0)
- speaks 1.0 in flyte-host at localhost:30080, size 123
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
- speaks 1.0 in flyte-host at localhost:30080, size 73
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
- task `where-am-i`: image `growth/base:v1` (get_default_image); cache version 29202bf48955… (policy `growth-policy`)
+ protocol     1.1 (this host: 1.0)
+ headers.x-wrapped-by  ****                   plugin `wrapper`
+ speaks 1.1 in flyte-host at localhost:30080, size 123
+ its transport says hello [("x-wrapped-by", "wrapper"), ("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 0, services: 0
+ speaks 1.1 in flyte-host at localhost:30080, size 73
+ its transport says hello [("x-wrapped-by", "wrapper"), ("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 0, services: 0
+ methods beyond 1.0 in the host's invocation: 0, services: 0
+ task `where-am-i`: image `wrapper/growth/my-company/flyte-base:v1.2.3` (get_default_image); cache version c24e7a8c539a… (policy `wrapper-policy`, `acme-hourly`, `growth-policy`, kept for 1h)

"#]]
    );
    let Some(home) = home_of(Protocol::New, &plugins) else { return };
    transcript.add(home.run(["--version"]));
    snapshot!(
        difference_to_1_0(&home),
        str![[r#"
- protocol     1.0 (this host: 1.0)
- HOOK                        FROM    ANSWERS NOW                                             BUILT-IN DEFAULT
- get_remote                  plugin  localhost:30080 (insecure), with a transport around it  localhost:30080 (insecure)
- configure_cli               plugin  command `growth`; 1 other change                        no changes
- secret_requires_group       plugin  false                                                   true
- get_default_image           plugin  growth/base:v1                                          none
- get_auth_success_html       plugin  <p>grown at flyte.example.org</p> (33 bytes)            none
- get_default_cache_policies  plugin  growth-policy                                           no policies
- audience              flyte-host 1.0         plugin `growth`
- speaks 1.0 in flyte-host at localhost:30080, size 123
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
- speaks 1.0 in flyte-host at localhost:30080, size 73
- its transport says hello [("x-growth", "1.0")]; behind it is UNIMPLEMENTED
- task `where-am-i`: image `growth/base:v1` (get_default_image); cache version 29202bf48955… (policy `growth-policy`)
+ protocol     1.1 (this host: 1.1)
+ HOOK                        FROM    ANSWERS NOW                                                               BUILT-IN DEFAULT
+ get_remote                  plugin  localhost:30080 (insecure), with a transport around it                    localhost:30080 (insecure)
+ configure_cli               plugin  command `growth`; 1 other change                                          no changes
+ secret_requires_group       plugin  false                                                                     true
+ get_default_image           plugin  growth/base:v1                                                            none
+ get_auth_success_html       plugin  <p>grown at flyte.example.org</p> (33 bytes)                              none
+ get_default_cache_policies  plugin  growth-policy                                                             no policies
+ get_greeting                plugin  hello; methods beyond 1.0 in the host's services: 1; behind: no greeting  no greeting
+ audience              flyte-host 1.1         plugin `growth`
+ headers.x-wrapped-by  ****                   plugin `wrapper`
+ speaks 1.1 in flyte-host at localhost:30080, size 123
+ its transport says hello [("x-wrapped-by", "wrapper"), ("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 1, services: 1
+ speaks 1.1 in flyte-host at localhost:30080, size 73
+ its transport says hello [("x-wrapped-by", "wrapper"), ("x-growth", "1.1")]; behind it is UNIMPLEMENTED
+ methods beyond 1.0 in the host's invocation: 1, services: 1
+ methods beyond 1.0 in the host's invocation: 1, services: 1
+ task `where-am-i`: image `wrapper/growth/my-company/flyte-base:v1.2.3` (get_default_image); cache version c24e7a8c539a… (policy `wrapper-policy`, `acme-hourly`, `growth-policy`, kept for 1h)

"#]]
    );
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --version
flyte-host [VERSION]
plugin `wrapper` 0.5.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
plugin `growth` 0.6.0 (protocol 1.1) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
plugin `acme` [VERSION] (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `wrapper` 0.5.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
plugin `growth` 0.6.0 (protocol 1.1) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies, get_greeting; sha256 [SHA256]
plugin `acme` [VERSION] (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]

"#]]
    );
}

#[test]
fn the_newer_may_be_in_front_or_behind() {
    let register = ["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "name"];
    let chains = [
        [("growth", Protocol::Old), ("wrapper", Protocol::New)],
        [("growth", Protocol::New), ("wrapper", Protocol::Old)],
        [("wrapper", Protocol::Old), ("growth", Protocol::New)],
        [("wrapper", Protocol::New), ("growth", Protocol::Old)],
    ];
    let mut output = Vec::new();
    for host in [Protocol::Old, Protocol::New] {
        for chain in &chains {
            let Some(home) = home_of(host, chain) else { return };
            home.write("task.yaml", "{ name: where-am-i, command: [uname, -a], cache: true }");
            output.push(home.run(&register));
        }
    }
    // Neither the host nor who is newer makes a difference; the order does.
    for (index, text) in output.iter().enumerate() {
        assert_eq!(*text, output[index % 4 / 2 * 2]);
    }
    snapshot!(
        &output[0],
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `growth/base:v1` (get_default_image); cache version c34492165749… (policy `wrapper-policy`, `growth-policy`)
[exit: 0]
"#]]
    );
    snapshot!(
        &output[2],
        str![[r#"
where-am-i
------- stderr -------
task `where-am-i`: image `wrapper/growth/base:v1` (get_default_image); cache version c34492165749… (policy `wrapper-policy`, `growth-policy`)
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_of_major_2_is_refused() {
    let mut home = home_with(&["growth"]);
    patch(&home.plugins().join("libgrowth.so"), "protocol=1.0", "protocol=2.0");
    home.set("FLYTE_PLUGIN", "growth");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["growth"]));
    transcript.add(home.run(["plugin", "list"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host growth
------- stderr -------
error: plugin `growth` 0.6.0 speaks protocol 2.0; this host speaks 1.0
hint: install a flyte-host that speaks protocol 2, or a version of `growth` for protocol 1
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 10]
$ flyte-host plugin list
NAME    VERSION  PROTOCOL  STATE                                      SIGNER  FILE
growth  0.6.0    2.0       unusable: this host supports protocol 1.0  -       [HOME]/.flyte/plugins/libgrowth.so
------- stderr -------
warning: plugin `growth` 0.6.0 speaks protocol 2.0; this host speaks 1.0
hint: install a flyte-host that speaks protocol 2, or a version of `growth` for protocol 1
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 0]

"#]]
    );
}
