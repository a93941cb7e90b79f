//! The host's settings file, and what a plugin gets of it.

use snapbox::str;
use tests::{Transcript, difference, snapshot};

use crate::{home_with, in_use};

#[test]
fn broken_settings_are_reported_with_their_location() {
    let home = home_with(&[]);
    home.write("../.flyte/host.toml", "plugins = [\"acme\"\n");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: cannot parse `[HOME]/.flyte/host.toml`
  caused by: TOML parse error at line 1, column 18
      |
    1 | plugins = ["acme"
      |                  ^
    unclosed array, expected `]`
hint: fix the line in `[HOME]/.flyte/host.toml`, or move the file away
[exit: 1]
"#]]
    );
}

#[test]
fn an_unknown_key_is_an_error() {
    let home = home_with(&[]);
    home.write("../.flyte/host.toml", "plugin-fallback = true\nplugin_path = \"/opt\"\n");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: cannot parse `[HOME]/.flyte/host.toml`
  caused by: TOML parse error at line 2, column 1
      |
    2 | plugin_path = "/opt"
      | ^^^^^^^^^^^
    unknown field `plugin_path`, expected one of `plugins`, `plugin-fallback`, `plugin-timeout`, `token-store`, `sandbox-fallback`, `pin`, `plugin`, `isolation`, `repositories`, `trust`
hint: fix the line in `[HOME]/.flyte/host.toml`, or move the file away
[exit: 1]
"#]]
    );
}

#[test]
fn a_value_of_another_kind_is_an_error() {
    let home = home_with(&[]);
    home.write("../.flyte/host.toml", "plugins = \"acme\"\n");
    snapshot!(
        home.run(["config", "show"]),
        str![[r#"
------- stderr -------
error: cannot parse `[HOME]/.flyte/host.toml`
  caused by: TOML parse error at line 1, column 11
      |
    1 | plugins = "acme"
      |           ^^^^^^
    invalid type: string "acme", expected a sequence
hint: fix the line in `[HOME]/.flyte/host.toml`, or move the file away
[exit: 1]
"#]]
    );
}

#[test]
fn users_can_help_themselves_whatever_is_in_the_settings() {
    let home = home_with(&["plain"]);
    home.write("../.flyte/host.toml", "plugins = [\n");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["--version"]));
    transcript.add(home.run(["plugin", "list"]));
    transcript.add(home.run(["plugin", "enable", "plain"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host --version
flyte-host [VERSION]
no plugins
------- stderr -------
warning: cannot parse `[HOME]/.flyte/host.toml`
  caused by: TOML parse error at line 1, column 12
      |
    1 | plugins = [
      |            ^
    unclosed array, expected `]`
hint: fix the line in `[HOME]/.flyte/host.toml`, or move the file away
[exit: 0]
$ flyte-host plugin list
NAME   VERSION  PROTOCOL  STATE      SIGNER  FILE
plain  0.3.0    1.0       installed  -       [HOME]/.flyte/plugins/libplain.so
------- stderr -------
warning: cannot parse `[HOME]/.flyte/host.toml`
  caused by: TOML parse error at line 1, column 12
      |
    1 | plugins = [
      |            ^
    unclosed array, expected `]`
hint: fix the line in `[HOME]/.flyte/host.toml`, or move the file away
[exit: 0]
$ flyte-host plugin enable plain
------- stderr -------
error: cannot parse `[HOME]/.flyte/host.toml`
  caused by: TOML parse error at line 1, column 12
      |
    1 | plugins = [
      |            ^
    unclosed array, expected `]`
hint: fix the line in `[HOME]/.flyte/host.toml`, or move the file away
[exit: 1]

"#]]
    );
}

#[test]
fn a_variable_names_another_file() {
    let mut home = home_with(&["plain"]);
    let file = home.write("other.toml", "plugins = [\"plain\"]\n");
    home.set("FLYTE_HOST_CONFIG", file);
    snapshot!(
        in_use(&home, &[]),
        str![[r#"
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_reads_its_own_section() {
    let home = home_with(&["wrapper"]);
    home.write(
        "../.flyte/host.toml",
        "plugins = [\"wrapper\"]\n\n[plugin.wrapper]\nreason = \"asked for\"\n",
    );
    let without = home.run(["config", "show", "--no-plugins"]);
    snapshot!(
        difference(&without, home.run(["config", "show"])),
        str![[r#"
+ headers.x-wrapped-by  ****                   plugin `wrapper` (asked for)

"#]]
    );
}

#[test]
fn a_plugin_writes_to_the_log_under_its_name() {
    let mut home = home_with(&["acme"]);
    home.set("FLYTE_PLUGIN", "acme").set("MY_STAGING_ENDPOINT", "staging.acme.example:443");
    let quiet = home.run(["config", "show"]);
    snapshot!(
        difference(&quiet, home.run(["config", "show", "-v"])),
        str![[r#"
+ ------- stderr -------
+ info: [acme] using the staging endpoint `staging.acme.example:443`

"#]]
    );
}

#[test]
fn programs_get_switches_and_lists_of_the_configuration() {
    let home = home_with(&[]);
    home.write(
        "config.yaml",
        "admin:\n  endpoint: localhost:1\n  insecure: false\n  scopes: ['a,b', c]\n  command: [tool, --scope, 'x y']\n",
    );
    snapshot!(
        home.run(["config", "show", "-c", "config.yaml", "-o", "json"]),
        str![[r#"
{
  "endpoint": {
    "value": "localhost:1",
    "from": "`admin.endpoint` in `~/work/config.yaml`"
  },
  "insecure": {
    "value": false,
    "from": "`admin.insecure` in `~/work/config.yaml`"
  },
  "insecure_skip_verify": {
    "value": false,
    "from": "default"
  },
  "ca_cert_file_path": {
    "value": null,
    "from": "default"
  },
  "console_endpoint": {
    "value": null,
    "from": "default"
  },
  "http_proxy_url": {
    "value": null,
    "from": "default"
  },
  "auth_mode": {
    "value": "Pkce",
    "from": "default"
  },
  "client_id": {
    "value": null,
    "from": "default"
  },
  "client_secret": {
    "value": null,
    "from": "default"
  },
  "scopes": {
    "value": [
      "a,b",
      "c"
    ],
    "from": "`admin.scopes` in `~/work/config.yaml`"
  },
  "audience": {
    "value": null,
    "from": "default"
  },
  "command": {
    "value": [
      "tool",
      "--scope",
      "x y"
    ],
    "from": "`admin.command` in `~/work/config.yaml`"
  },
  "proxy_command": {
    "value": null,
    "from": "default"
  },
  "default_project": {
    "value": "flytesnacks",
    "from": "default"
  },
  "default_domain": {
    "value": "development",
    "from": "default"
  },
  "data_upload_location": {
    "value": "flyte://my-s3-bucket/",
    "from": "default"
  }
}
[exit: 0]
"#]]
    );
}
