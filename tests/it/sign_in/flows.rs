//! Other ways to a token, and how it is renewed.

use std::{fs, os::unix::fs::PermissionsExt};

use snapbox::str;
use tests::{
    sign_in::{Browser, Person, Programs, Provider},
    snapshot,
};

use super::{SECRET, Scene, told};

#[test]
fn a_code_on_another_device() {
    let Some(scene) = Scene::new() else { return };
    let elsewhere = Browser::new(&scene.programs, Person::TypesCode);
    let mut login = scene.home.start(&["login", "--device"]);
    let url = login.until("user_code=");
    elsewhere.visit(&url);
    snapshot!(
        told(&login.finish()),
        str![[r#"
endpoint  127.0.0.1:[PORT]
name      Person jane
username  jane
e-mail    jane@example.org
subject   jane
flow      device code
expires   [TIME]
renewed   without you
kept in   `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
------- stderr -------
to sign in, open this address on any device:
http://127.0.0.1:[PORT]/device
and type this code:

    [CODE]

the code is in this address already:
http://127.0.0.1:[PORT]/device?user_code=[..]
waiting for 5m 0s; Ctrl-C gives up
[exit: 0]
"#]]
    );
    assert!(scene.ask().ends_with("[exit: 0]"));
    rotation(&scene);
    too_open(&scene);
    revocation(&scene);
}

/// Each refresh token is good once: what it buys is kept in time.
fn rotation(scene: &Scene) {
    let first = scene.tokens();
    scene.expire();
    assert!(scene.ask().ends_with("[exit: 0]"));
    let second = scene.tokens();
    scene.expire();
    assert!(scene.ask().ends_with("[exit: 0]"));
    let third = scene.tokens();
    let differ = |part: &str| first[part] != second[part] && second[part] != third[part];
    assert!(differ("access") && differ("refresh"));
    // A token from the future was got under another clock, and is not trusted to last.
    scene.change(|tokens| {
        tokens["issued_at"] = "2124-05-01T12:00:00Z".into();
        tokens["expires_at"] = "2124-05-01T12:10:00Z".into();
    });
    assert!(scene.ask().ends_with("[exit: 0]"));
    assert_ne!(scene.tokens()["access"], third["access"]);
}

/// A file that others may read is left as it is.
fn too_open(scene: &Scene) {
    fs::set_permissions(scene.file(), fs::Permissions::from_mode(0o644)).unwrap();
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json` is not used, because others than its owner may open it (mode 0644)
hint: if somebody may have seen the tokens in it, remove it and sign in again with `flyte-host login`; else `chmod 600 '[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json'`
[exit: 20]
"#]]
    );
    fs::set_permissions(scene.file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(scene.ask().ends_with("[exit: 0]"));
}

/// When the provider says that a refresh token is void, nobody offers it again; the token lasts as long as it does.
fn revocation(scene: &Scene) {
    scene.provider.revoke_all();
    scene.expire();
    assert!(scene.ask().ends_with("[exit: 0]"));
    assert!(scene.tokens()["refresh"].is_null());
    scene.change(|tokens| tokens["access"] = "worn out".into());
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: nobody can be asked here, and there is no token for `127.0.0.1:[PORT]`
hint: sign in with `flyte-host login`; in CI set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to a token
[exit: 20]
"#]]
    );
}

#[test]
fn a_program_signs_in_with_a_secret() {
    let Some(mut scene) = Scene::new() else { return };
    scene.as_a_program();
    snapshot!(
        scene.ask(),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        scene.run(&["whoami"]),
        str![[r#"
endpoint  127.0.0.1:[PORT]
name      Person flytepropeller
username  flytepropeller
e-mail    flytepropeller@example.org
subject   flytepropeller
flow      client credentials
expires   [TIME]
renewed   without you
kept in   `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
[exit: 0]
"#]]
    );
    // Nobody else's tokens are used.
    scene.home.set("FLYTE_CREDENTIALS_CLIENT_ID", "somebody-else");
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` refuses: client authentication failed
hint: run `flyte-host config show` to see where the client id and its secret are set; the browser's client is chosen by the operator of this Flyte
[exit: 20]
"#]]
    );
    scene.as_a_program();
    scene.home.set("FLYTE_CREDENTIALS_CLIENT_SECRET", format!("{SECRET}?"));
    assert!(scene.run(&["logout"]).ends_with("[exit: 0]"));
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` refuses: client authentication failed
hint: run `flyte-host config show` to see where the client id and its secret are set; the browser's client is chosen by the operator of this Flyte
[exit: 20]
"#]]
    );
}

#[test]
fn tokens_die_while_an_execution_runs() {
    let Some(programs) = Programs::prepared() else { return };
    let provider = Provider::start_with_tokens_of(&programs, 3);
    // The execution ends when the server has seen so many different tokens.
    let mut scene = Scene::at(programs, provider, &[("UNTIL_TOKENS", "3")]);
    scene.as_a_program();
    let text = scene.run(&["run", "squares", "-i", "n=3", "--name", "long", "--wait", "-o", "name"]);
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
execution long: SUCCEEDED, 1m 0s
[exit: 0]
"#]]
    );
}

#[test]
fn a_provider_that_is_away_while_an_execution_runs() {
    let Some(programs) = Programs::prepared() else { return };
    let provider = Provider::start_with_tokens_of(&programs, 3);
    let mut scene = Scene::at(programs, provider, &[("UNTIL_TOKENS", "2")]);
    scene.as_a_program();
    let words = ["run", "squares", "-i", "n=3", "--name", "long", "--wait", "-o", "name"];
    let mut run = scene.home.start(&words);
    run.until("execution long: RUNNING");
    scene.provider.stop();
    run.until("does not answer");
    scene.provider.restart();
    let text = told(&run.finish());
    assert!(text.ends_with("execution long: SUCCEEDED, 1m 0s\n[exit: 0]"), "{text}");
}

#[test]
fn a_provider_that_is_down() {
    let Some(mut scene) = Scene::new() else { return };
    scene.as_a_program();
    scene.home.set("FLYTE_HOST_TIMEOUT", "2");
    assert!(scene.ask().ends_with("[exit: 0]"));
    scene.expire();
    scene.provider.stop();
    // The server has the last word on what is too old, and this token is not.
    snapshot!(
        scene.ask(),
        str![[r#"
flytesnacks
------- stderr -------
warning: the sign-in cannot be renewed, and is used as long as it lasts: the identity provider `127.0.0.1:[PORT]` does not answer: nothing listens at `127.0.0.1:[PORT]`: connection refused
[exit: 0]
"#]]
    );
    scene.change(|tokens| tokens["access"] = "worn out".into());
    let kept = fs::read_to_string(scene.file()).unwrap();
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
warning: the sign-in cannot be renewed, and is used as long as it lasts: the identity provider `127.0.0.1:[PORT]` does not answer: nothing listens at `127.0.0.1:[PORT]`: connection refused
error: cannot sign in to Flyte in [COUNT] tries within [TIME]
  caused by: the identity provider `127.0.0.1:[PORT]` does not answer
  caused by: nothing listens at `127.0.0.1:[PORT]`
  caused by: connection refused
hint: the server names this address for signing in; it has to be reachable from here: `127.0.0.1:[PORT]`
[exit: 21]
"#]]
    );
    assert_eq!(fs::read_to_string(scene.file()).unwrap(), kept);
    scene.provider.restart();
    assert!(scene.ask().ends_with("[exit: 0]"));
    assert_ne!(fs::read_to_string(scene.file()).unwrap(), kept);
}

#[test]
fn a_server_whose_clock_is_slow_takes_no_token() {
    let Some(mut scene) = Scene::with(&[("SLOW_BY", "3600")]) else { return };
    scene.as_a_program();
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` does not accept the token of this sign-in
  caused by: token parse error token used before issued
hint: ask the operator of this Flyte to let this client in; `flyte-host config show` shows where its scopes and audience are set
[exit: 20]
"#]]
    );
}

#[test]
fn a_token_that_is_there_already() {
    let Some(mut scene) = Scene::new() else { return };
    let token = scene.provider.token();
    scene.home.set("FLYTE_ACCESS_TOKEN", &token);
    snapshot!(
        scene.ask(),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    snapshot!(
        scene.run(&["login"]),
        str![[r#"
------- stderr -------
error: there is no need to sign in, because variable `FLYTE_ACCESS_TOKEN` holds a token
hint: take it away to sign in in another way
[exit: 20]
"#]]
    );
    scene.home.set("FLYTE_ACCESS_TOKEN", "not-one-of-yours");
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `127.0.0.1:[PORT]` does not accept the token of variable `FLYTE_ACCESS_TOKEN`
  caused by: token parse error Not enough segments
hint: put another token into variable `FLYTE_ACCESS_TOKEN`, or take it away and sign in with `flyte-host login`
[exit: 20]
"#]]
    );
    scene.home.set("FLYTE_ACCESS_TOKEN", "");
    let file = scene.home.write("token", format!("{token}\n"));
    scene.home.set("FLYTE_ACCESS_TOKEN_FILE", &file);
    snapshot!(
        scene.run(&["whoami"]),
        str![[r#"
endpoint    127.0.0.1:[PORT]
name        Person flytepropeller
username    flytepropeller
e-mail      flytepropeller@example.org
subject     flytepropeller
flow        static token
comes from  `[HOME]/work/token`
[exit: 0]
"#]]
    );
    fs::remove_file(file).unwrap();
    snapshot!(
        scene.ask(),
        str![[r#"
------- stderr -------
error: cannot sign in to Flyte
  caused by: `[HOME]/work/token`, which should hold a token, cannot be read
  caused by: No such file or directory (os error 2)
hint: put a token there, or take it away and sign in with `flyte-host login`
[exit: 20]
"#]]
    );
    assert!(scene.files().is_empty());
}
