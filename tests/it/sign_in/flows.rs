//! Other ways to a token, and how it is renewed.

use std::{fs, os::unix::fs::PermissionsExt};

use snapbox::str;
use tests::{
    sign_in::{Browser, Programs, Provider, UserAction},
    snapshot,
};

use super::{Fixture, SECRET, redact};

#[test]
fn a_code_on_another_device() {
    let Some(fixture) = Fixture::new() else { return };
    let elsewhere = Browser::new(&fixture.programs, UserAction::EnterCode);
    let mut login = fixture.home.start(["login", "--device"]);
    let url = login.until("user_code=");
    elsewhere.visit(&url);
    snapshot!(
        login.finish().map(redact),
        str![[r#"
endpoint      127.0.0.1:[PORT]
name          Person jane
username      jane
e-mail        jane@example.org
subject       jane
flow          device code
expires       [TIME]
auto-refresh  yes
stored in     `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
------- stderr -------
to sign in, open this URL on any device:
http://127.0.0.1:[PORT]/device
and enter this code:

    [CODE]

or open this URL, which includes the code:
http://127.0.0.1:[PORT]/device?user_code=[..]
waiting for 5m; Ctrl-C aborts
[exit: 0]
"#]]
    );
    fixture.list_projects().success();
    rotation(&fixture);
    too_open(&fixture);
    revocation(&fixture);
}

/// Each refresh token is good once: what it buys is kept in time.
fn rotation(fixture: &Fixture) {
    let first = fixture.tokens();
    fixture.expire();
    fixture.list_projects().success();
    let second = fixture.tokens();
    fixture.expire();
    fixture.list_projects().success();
    let third = fixture.tokens();
    let differ = |part: &str| first[part] != second[part] && second[part] != third[part];
    assert!(differ("access") && differ("refresh"));
    // A token from the future was got under another clock, and is not trusted to last.
    fixture.change(|tokens| {
        tokens["issued_at"] = "2124-05-01T12:00:00Z".into();
        tokens["expires_at"] = "2124-05-01T12:10:00Z".into();
    });
    fixture.list_projects().success();
    assert_ne!(fixture.tokens()["access"], third["access"]);
}

/// A file that others may read is left as it is.
fn too_open(fixture: &Fixture) {
    fs::set_permissions(fixture.file(), fs::Permissions::from_mode(0o644)).unwrap();
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: refusing to read `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`: it is accessible to other users (mode 0644)
hint: run `chmod 600 '[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json'`; if the tokens may have leaked, delete the file and run `flyte-host login`
[exit: 20]
"#]]
    );
    fs::set_permissions(fixture.file(), fs::Permissions::from_mode(0o600)).unwrap();
    fixture.list_projects().success();
}

/// A refresh token that the provider rejects is not sent again; the access token is used until it expires.
fn revocation(fixture: &Fixture) {
    fixture.provider.revoke_all();
    fixture.expire();
    fixture.list_projects().success();
    assert!(fixture.tokens()["refresh"].is_null());
    fixture.change(|tokens| tokens["access"] = "worn out".into());
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: not signed in to `127.0.0.1:[PORT]`, and interactive sign-in is not possible here (not a terminal, or in CI)
hint: run `flyte-host login`; in CI, set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to a token
[exit: 20]
"#]]
    );
}

#[test]
fn a_program_signs_in_with_a_secret() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.as_a_program();
    snapshot!(
        fixture.list_projects(),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        fixture.run(["whoami"]),
        str![[r#"
endpoint      127.0.0.1:[PORT]
name          Person flytepropeller
username      flytepropeller
e-mail        flytepropeller@example.org
subject       flytepropeller
flow          client credentials
expires       [TIME]
auto-refresh  yes
stored in     `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
[exit: 0]
"#]]
    );
    // Tokens of another client are not used.
    fixture.home.set("FLYTE_CREDENTIALS_CLIENT_ID", "another-client");
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` refused the request: client authentication failed
hint: run `flyte-host config show` to see where the client id and secret are set; for browser and device logins, the Flyte server sets the client id
[exit: 20]
"#]]
    );
    fixture.as_a_program();
    fixture.home.set("FLYTE_CREDENTIALS_CLIENT_SECRET", format!("{SECRET}?"));
    fixture.run(["logout"]).success();
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` refused the request: client authentication failed
hint: run `flyte-host config show` to see where the client id and secret are set; for browser and device logins, the Flyte server sets the client id
[exit: 20]
"#]]
    );
}

#[test]
fn tokens_die_while_an_execution_runs() {
    let Some(programs) = Programs::prepared() else { return };
    let provider = Provider::start_with_tokens_of(&programs, 3);
    // The execution ends when the server has seen so many different tokens.
    let mut fixture = Fixture::at(programs, provider, &[("UNTIL_TOKENS", "3")]);
    fixture.as_a_program();
    let text = fixture.run(["run", "squares", "-i", "n=3", "--name", "long", "--wait", "-o", "name"]);
    snapshot!(
        text,
        str![[r#"
long
------- stderr -------
running launch plan `squares`, version `v2`
started execution `long`
execution long: RUNNING
node n0 (square): SUCCEEDED, stored in the cache, 30s
node n1 (again): SUCCEEDED, cached, 30s
execution long: SUCCEEDED, 1m
[exit: 0]
"#]]
    );
}

#[test]
fn a_provider_that_is_away_while_an_execution_runs() {
    let Some(programs) = Programs::prepared() else { return };
    let provider = Provider::start_with_tokens_of(&programs, 3);
    let mut fixture = Fixture::at(programs, provider, &[("UNTIL_TOKENS", "2")]);
    fixture.as_a_program();
    let words = ["run", "squares", "-i", "n=3", "--name", "long", "--wait", "-o", "name"];
    let mut run = fixture.home.start(&words);
    run.until("execution long: RUNNING");
    fixture.provider.stop();
    run.until("is unavailable");
    fixture.provider.restart();
    let text = run.finish().map(redact);
    assert!(text.success().stderr().ends_with("execution long: SUCCEEDED, 1m\n"), "{text}");
}

#[test]
fn a_provider_that_is_down() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.as_a_program();
    fixture.home.set("FLYTE_HOST_TIMEOUT", "2");
    fixture.list_projects().success();
    fixture.expire();
    fixture.provider.stop();
    // The server has the last word on what is too old, and this token is not.
    snapshot!(
        fixture.list_projects(),
        str![[r#"
flytesnacks
------- stderr -------
warning: could not renew the token; using it until the server rejects it: identity provider `127.0.0.1:[PORT]` is unavailable: nothing listens at `127.0.0.1:[PORT]`: connection refused
[exit: 0]
"#]]
    );
    fixture.change(|tokens| tokens["access"] = "worn out".into());
    let kept = fs::read_to_string(fixture.file()).unwrap();
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
warning: could not renew the token; using it until the server rejects it: identity provider `127.0.0.1:[PORT]` is unavailable: nothing listens at `127.0.0.1:[PORT]`: connection refused
error: cannot sign in to Flyte in [COUNT] tries within [TIME]
  caused by: identity provider `127.0.0.1:[PORT]` is unavailable
  caused by: nothing listens at `127.0.0.1:[PORT]`
  caused by: connection refused
hint: the server names this address for signing in; it has to be reachable from here: `127.0.0.1:[PORT]`
[exit: 21]
"#]]
    );
    assert_eq!(fs::read_to_string(fixture.file()).unwrap(), kept);
    fixture.provider.restart();
    fixture.list_projects().success();
    assert_ne!(fs::read_to_string(fixture.file()).unwrap(), kept);
}

#[test]
fn a_server_whose_clock_is_slow_takes_no_token() {
    let Some(mut fixture) = Fixture::with(&[("SLOW_BY", "3600")]) else { return };
    fixture.as_a_program();
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` rejected the token of this sign-in
  caused by: token parse error token used before issued
hint: ask your Flyte administrator to authorize this client; run `flyte-host config show` to see where its scopes and audience are set
[exit: 20]
"#]]
    );
}

#[test]
fn a_token_that_is_there_already() {
    let Some(mut fixture) = Fixture::new() else { return };
    let token = fixture.provider.token();
    fixture.home.set("FLYTE_ACCESS_TOKEN", &token);
    snapshot!(
        fixture.list_projects(),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        fixture.run(["login"]),
        str![[r#"
------- stderr -------
error: already authenticated with the token from variable `FLYTE_ACCESS_TOKEN`
hint: remove it to sign in with another method
[exit: 20]
"#]]
    );
    fixture.home.set("FLYTE_ACCESS_TOKEN", "not-one-of-yours");
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` rejected the token from variable `FLYTE_ACCESS_TOKEN`
  caused by: token parse error Not enough segments
hint: set variable `FLYTE_ACCESS_TOKEN` to another token, or remove it and run `flyte-host login`
[exit: 20]
"#]]
    );
    fixture.home.set("FLYTE_ACCESS_TOKEN", "");
    let file = fixture.home.write("token", format!("{token}\n"));
    fixture.home.set("FLYTE_ACCESS_TOKEN_FILE", &file);
    snapshot!(
        fixture.run(["whoami"]),
        str![[r#"
endpoint    127.0.0.1:[PORT]
name        Person flytepropeller
username    flytepropeller
e-mail      flytepropeller@example.org
subject     flytepropeller
flow        static token
token from  `[HOME]/work/token`
[exit: 0]
"#]]
    );
    fs::remove_file(file).unwrap();
    snapshot!(
        fixture.list_projects(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: could not read the token from `[HOME]/work/token`
  caused by: No such file or directory (os error 2)
hint: set it to a token, or remove it and run `flyte-host login`
[exit: 20]
"#]]
    );
    assert!(fixture.files().is_empty());
}
