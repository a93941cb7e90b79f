//! `login`, `logout` and `whoami` without authentication, and wrong settings. Sign-ins are in `sign_in`.

use std::process::Command;

use snapbox::str;
use tests::{Server, TestEnvironment, Transcript, snapshot};

use crate::{home_with, sandbox_home};

/// A home whose server needs no sign-in: a served sandbox.
fn home_without_sign_in() -> (TestEnvironment, Server) {
    let mut home = home_with(&[]);
    let mut start: Command = home.command();
    let server = Server::start(start.args(["sandbox", "start", "--port", "0"]));
    home.set("FLYTE_PLATFORM_URL", server.endpoint()).set("FLYTE_PLATFORM_INSECURE", "true");
    (home, server)
}

#[test]
fn the_embedded_sandbox_needs_no_sign_in_and_is_not_opened() {
    let home = sandbox_home(&[]);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["login"]));
    transcript.add(home.run(["whoami"]));
    transcript.add(home.run(["whoami", "-o", "json"]));
    transcript.add(home.run(["logout"]));
    assert!(!home.home().join(".flyte/sandbox").exists());
    assert!(!home.home().join(".local").exists());
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host login
------- stderr -------
the embedded sandbox requires no sign-in
[exit: 0]
$ flyte-host whoami
------- stderr -------
the embedded sandbox requires no sign-in
[exit: 0]
$ flyte-host whoami -o json
{
  "endpoint": "embedded sandbox",
  "asksForSignIn": false,
  "user": null,
  "flow": null,
  "expiresAt": null,
  "renewable": null,
  "keptIn": null
}
[exit: 0]
$ flyte-host logout
------- stderr -------
not signed in
[exit: 0]

"#]]
    );
}

#[test]
fn a_server_without_authentication() {
    let (home, _server) = home_without_sign_in();
    let mut transcript = Transcript::new();
    transcript.add(home.run(["login"]));
    transcript.add(home.run(["login", "--device", "-o", "yaml"]));
    transcript.add(home.run(["whoami"]));
    assert!(!home.home().join(".local").exists());
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host login
------- stderr -------
`127.0.0.1:[PORT]` requires no sign-in
[exit: 0]
$ flyte-host login --device -o yaml
endpoint: 127.0.0.1:[PORT]
asksForSignIn: false
user: null
flow: null
expiresAt: null
renewable: null
keptIn: null
[exit: 0]
$ flyte-host whoami
------- stderr -------
`127.0.0.1:[PORT]` requires no sign-in
[exit: 0]

"#]]
    );
}

#[test]
fn an_unreachable_server_is_not_one_without_authentication() {
    let mut home = home_with(&[]);
    // Nothing listens there: the port is reserved.
    home.set("FLYTE_PLATFORM_URL", "127.0.0.1:1").set("FLYTE_PLATFORM_INSECURE", "true");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["login"]));
    transcript.add(home.run(["whoami"]));
    // To forget, no server is needed.
    transcript.add(home.run(["logout"]));
    transcript.add(home.run(["logout", "--all", "-o", "json"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host login
------- stderr -------
error: cannot reach Flyte in 3 tries within [TIME]
  caused by: nothing listens at `127.0.0.1:1`
  caused by: connection refused
hint: check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there
[exit: 21]
$ flyte-host whoami
------- stderr -------
error: cannot reach Flyte in 3 tries within [TIME]
  caused by: nothing listens at `127.0.0.1:1`
  caused by: connection refused
hint: check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there
[exit: 21]
$ flyte-host logout
------- stderr -------
not signed in
[exit: 0]
$ flyte-host logout --all -o json
{
  "forgotten": []
}
[exit: 0]

"#]]
    );
}

#[test]
fn a_token_that_is_set_is_named_and_not_shown() {
    let mut home = home_with(&[]);
    home.set("FLYTE_PLATFORM_URL", "127.0.0.1:1").set("FLYTE_PLATFORM_INSECURE", "true");
    home.set("FLYTE_ACCESS_TOKEN", "very-secret").set("FLYTE_TOKEN_STORE", "file");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["logout"]));
    transcript.add(home.run(["config", "show"]));
    home.write("../.flyte/host.toml", "token-store = \"none\"\n");
    home.set("FLYTE_ACCESS_TOKEN", "")
        .set("FLYTE_ACCESS_TOKEN_FILE", "/run/token")
        .set("FLYTE_TOKEN_STORE", "");
    transcript.add(home.run(["config", "show", "-o", "yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host logout
------- stderr -------
not signed in
still using the token from variable `FLYTE_ACCESS_TOKEN`
[exit: 0]
$ flyte-host config show
SETTING               VALUE                  FROM
endpoint              127.0.0.1:1            variable `FLYTE_PLATFORM_URL`
insecure              true                   variable `FLYTE_PLATFORM_INSECURE`
insecure_skip_verify  false                  default
ca_cert_file_path     -                      default
console_endpoint      -                      default
http_proxy_url        -                      default
auth_mode             Pkce                   default
client_id             -                      default
client_secret         -                      default
scopes                -                      default
audience              -                      default
command               -                      default
proxy_command         -                      default
default_project       flytesnacks            default
default_domain        development            default
data_upload_location  flyte://my-s3-bucket/  default
access_token          ****                   variable `FLYTE_ACCESS_TOKEN`
token_store           file                   variable `FLYTE_TOKEN_STORE`
[exit: 0]
$ flyte-host config show -o yaml
endpoint:
  value: 127.0.0.1:1
  from: variable `FLYTE_PLATFORM_URL`
insecure:
  value: true
  from: variable `FLYTE_PLATFORM_INSECURE`
insecure_skip_verify:
  value: false
  from: default
ca_cert_file_path:
  value: null
  from: default
console_endpoint:
  value: null
  from: default
http_proxy_url:
  value: null
  from: default
auth_mode:
  value: Pkce
  from: default
client_id:
  value: null
  from: default
client_secret:
  value: null
  from: default
scopes:
  value: null
  from: default
audience:
  value: null
  from: default
command:
  value: null
  from: default
proxy_command:
  value: null
  from: default
default_project:
  value: flytesnacks
  from: default
default_domain:
  value: development
  from: default
data_upload_location:
  value: flyte://my-s3-bucket/
  from: default
access_token_file:
  value: /run/token
  from: variable `FLYTE_ACCESS_TOKEN_FILE`
token_store:
  value: none
  from: "`token-store` in `~/.flyte/host.toml`"
[exit: 0]

"#]]
    );
}

#[test]
fn invalid_values_are_refused() {
    let wrong = |name: &str, value: &str| {
        let mut home = home_with(&[]);
        home.set("FLYTE_PLATFORM_URL", "127.0.0.1:1")
            .set("FLYTE_ACCESS_TOKEN", "very-secret")
            .set(name, value);
        home.run(["get", "projects"])
    };
    let mut transcript = Transcript::new();
    transcript.add(wrong("FLYTE_ACCESS_TOKEN_FILE", "token"));
    transcript.add(wrong("FLYTE_TOKEN_STORE", "drawer"));
    transcript.add(wrong("FLYTE_SIGN_IN_TIMEOUT", "soon"));
    let home = home_with(&[]);
    transcript.add(home.run(["login", "--device", "--no-browser"]));
    transcript.add(home.run(["login", "--timeout", "0"]));
    home.write("../.flyte/host.toml", "token-store = \"drawer\"\n");
    transcript.add(home.run(["login"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host get projects
------- stderr -------
error: variables `FLYTE_ACCESS_TOKEN` and `FLYTE_ACCESS_TOKEN_FILE` are both set; set only one
[exit: 2]
$ flyte-host get projects
------- stderr -------
error: invalid value `drawer` for variable `FLYTE_TOKEN_STORE`; expected `auto`, `keyring`, `file` or `none`
[exit: 2]
$ flyte-host get projects
------- stderr -------
error: invalid value `soon` for variable `FLYTE_SIGN_IN_TIMEOUT`; expected a number of seconds, above 0 and at most 86400
[exit: 2]
$ flyte-host login --device --no-browser
------- stderr -------
error: the argument '--device' cannot be used with '--no-browser'

Usage: flyte-host login --device

For more information, try '--help'.
[exit: 2]
$ flyte-host login --timeout 0
------- stderr -------
error: invalid value '0' for '--timeout <SECONDS>': expected a number of seconds, above 0 and at most 86400

For more information, try '--help'.
[exit: 2]
$ flyte-host login
------- stderr -------
error: cannot parse `[HOME]/.flyte/host.toml`
  caused by: TOML parse error at line 1, column 15
      |
    1 | token-store = "drawer"
      |               ^^^^^^^^
    unknown token store `drawer`; expected `auto`, `keyring`, `file` or `none`
hint: fix the line in `[HOME]/.flyte/host.toml`, or move the file away
[exit: 1]

"#]]
    );
}
