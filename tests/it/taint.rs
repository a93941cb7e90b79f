//! Which foreign code is in the process.

use std::path::Path;

use snapbox::str;
use tests::{TestEnvironment, Transcript, snapshot};

use crate::{home_with, in_use};

#[test]
fn the_version_names_the_plugins() {
    let mut home = home_with(&["acme", "wrapper", "plain"]);
    let mut transcript = Transcript::new();
    transcript.add(in_use(&home, &[]));
    home.set("FLYTE_PLUGIN", "wrapper:plain:acme");
    transcript.add(in_use(&home, &[]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --version
flyte-host [VERSION]
no plugins
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `wrapper` 0.5.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
plugin `acme` [VERSION] (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]

"#]]
    );
}

#[test]
fn the_report_of_a_bug_names_the_plugins() {
    let mut home = TestEnvironment::new(Path::new(env!("CARGO_BIN_EXE_flyte-host-with-a-bug")));
    home.install("acme");
    home.set("FLYTE_PLUGIN", "acme");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["my-custom-command"]));
    transcript.add(home.run(["plugin", "list", "-o", "name", "--no-plugins"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host my-custom-command
Executing my custom CLI command!
------- stderr -------
error: internal error: the books do not balance (tests/src/bug.rs:34)
hint: report this bug in flyte-host with the lines below
flyte-host [VERSION]
plugin `acme` [VERSION] (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 101]
$ flyte-host plugin list -o name --no-plugins
acme
------- stderr -------
error: internal error: the books do not balance (tests/src/bug.rs:34)
hint: report this bug in flyte-host with the lines below
flyte-host [VERSION]
no plugins
[exit: 101]

"#]]
    );
}

/// A plugin calls the host, which panics: the plugin is not blamed.
#[test]
fn a_bug_in_a_service_for_plugins_is_one_of_the_host() {
    let mut home = TestEnvironment::new(Path::new(env!("CARGO_BIN_EXE_flyte-host-with-a-bug")));
    home.install("crashing");
    home.set("FLYTE_PLUGIN", "crashing").set("BUG", "log");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: internal error: the log is full (tests/src/bug.rs:21)
hint: report this bug in flyte-host with the lines below
flyte-host [VERSION]
plugin `crashing` 0.4.1 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 70]
"#]]
    );
    // In a service that does not expect a panic, abi_stable ends the process, and says so.
    let ended = home.set("BUG", "level").run(["config", "show"]);
    let start = "error: internal error: the level is unknown (tests/src/bug.rs:";
    assert!(ended.failure(70).stderr().starts_with(start), "{ended}");
    assert!(!ended.stderr().contains("ended the process"), "{ended}");
}
