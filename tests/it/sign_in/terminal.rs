//! Any command, on a terminal and without one.

use snapbox::str;
use tests::{sign_in::Person, snapshot};

use super::{Scene, told};

#[test]
fn on_a_terminal_any_command_signs_in() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::SignsIn);
    let ask = ["get", "projects", "-o", "name"];
    snapshot!(
        told(&scene.home.start_on_terminal(&ask).finish()),
        str![[r#"
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
flytesnacks
[exit: 0]
"#]]
    );
    browser.wait();
    snapshot!(
        told(&scene.home.start_on_terminal(&ask).finish()),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
    assert_eq!(browser.opened().len(), 1);
}

#[test]
fn without_a_terminal_it_is_said_how_to_sign_in() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::SignsIn);
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
    snapshot!(
        scene.run(&["whoami"]),
        str![[r#"
------- stderr -------
error: nobody is signed in at `127.0.0.1:[PORT]`
hint: sign in with `flyte-host login`
[exit: 20]
"#]]
    );
    // A terminal in CI has nobody in front of it.
    scene.home.set("CI", "true");
    let in_ci = scene.home.start_on_terminal(&["get", "projects", "-o", "name"]).finish();
    snapshot!(
        told(&in_ci),
        str![[r#"
error: cannot sign in to Flyte
  caused by: nobody can be asked here, and there is no token for `127.0.0.1:[PORT]`
hint: sign in with `flyte-host login`; in CI set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to a token
[exit: 20]
"#]]
    );
    assert!(browser.opened().is_empty());
}

#[test]
fn ctrl_c_on_a_terminal() {
    let Some(mut scene) = Scene::new() else { return };
    let _browser = scene.browser(Person::IsAway);
    let mut ask = scene.home.start_on_terminal(&["get", "projects"]);
    ask.until("Ctrl-C gives up");
    ask.press_ctrl_c();
    snapshot!(
        told(&ask.finish()),
        str![[r#"
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
[exit: 130]
"#]]
    );
}
