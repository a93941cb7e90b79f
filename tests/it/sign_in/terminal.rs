//! Any command, on a terminal and without one.

use snapbox::str;
use tests::{sign_in::UserAction, snapshot};

use super::{Fixture, redact};

#[test]
fn on_a_terminal_any_command_signs_in() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::SignIn);
    let ask = ["get", "projects", "-o", "name"];
    snapshot!(
        fixture.home.start_on_terminal(&ask).finish().map(redact),
        str![[r#"
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
flytesnacks
[exit: 0]
"#]]
    );
    browser.wait();
    snapshot!(
        fixture.home.start_on_terminal(&ask).finish().map(redact),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    assert_eq!(browser.opened().len(), 1);
}

#[test]
fn without_a_terminal_a_hint_explains_how_to_sign_in() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::SignIn);
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
    snapshot!(
        fixture.run(["whoami"]),
        str![[r#"
------- stderr -------
error: not signed in to `127.0.0.1:[PORT]`
hint: run `flyte-host login`
[exit: 20]
"#]]
    );
    // CI may have a terminal, but no user.
    fixture.home.set("CI", "true");
    let in_ci = fixture.home.start_on_terminal(["get", "projects", "-o", "name"]).finish();
    snapshot!(
        in_ci.map(redact),
        str![[r#"
error: cannot sign in to Flyte
  caused by: not signed in to `127.0.0.1:[PORT]`, and interactive sign-in is not possible here (not a terminal, or in CI)
hint: run `flyte-host login`; in CI, set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to a token
[exit: 20]
"#]]
    );
    assert!(browser.opened().is_empty());
}

#[test]
fn ctrl_c_on_a_terminal() {
    let Some(mut fixture) = Fixture::new() else { return };
    let _browser = fixture.browser(UserAction::Away);
    let mut ask = fixture.home.start_on_terminal(["get", "projects"]);
    ask.until("Ctrl-C aborts");
    ask.press_ctrl_c();
    snapshot!(
        ask.finish().map(redact),
        str![[r#"
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
[exit: 130]
"#]]
    );
}
