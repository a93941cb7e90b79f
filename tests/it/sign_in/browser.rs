//! With the browser: what it shows, what the terminal tells, and who else may come to the callback.

use std::net::TcpListener;

use snapbox::str;
use tests::{
    sign_in::{Browser, Person},
    snapshot,
};

use super::{Scene, told};

/// The picture shows something.
fn is_seen(browser: &Browser) {
    let picture = browser.picture();
    let at_least = |what: &str, least: u64| picture[what].as_u64().is_some_and(|found| found >= least);
    assert!(at_least("width", 800) && at_least("height", 600) && at_least("colours", 3), "{picture}");
}

#[test]
fn a_person_signs_in_once() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::SignsIn);
    snapshot!(
        scene.run(&["login"]),
        str![[r#"
endpoint  127.0.0.1:[PORT]
name      Person jane
username  jane
e-mail    jane@example.org
subject   jane
flow      browser
expires   [TIME]
renewed   without you
kept in   `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
------- stderr -------
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
[exit: 0]
"#]]
    );
    browser.wait();
    snapshot!(
        browser.seen("page.txt"),
        str![[r#"
Signed in

127.0.0.1 has signed you in.

You can close this window and go back to the terminal.
"#]]
    );
    snapshot!(
        told(&format!("{:#}", browser.answer("page"))),
        str![[r#"
{
  "status": 200,
  "headers": {
    "cache-control": "no-store",
    "connection": "close",
    "content-length": "736",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline' https:; img-src data: https:; font-src data: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "content-type": "text/html; charset=utf-8",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "date": "[TIME]",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY"
  }
}
"#]]
    );
    is_seen(&browser);
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
name      Person jane
username  jane
e-mail    jane@example.org
subject   jane
flow      browser
expires   [TIME]
renewed   without you
kept in   `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
[exit: 0]
"#]]
    );
    snapshot!(
        scene.run(&["whoami", "-o", "json"]),
        str![[r#"
{
  "endpoint": "127.0.0.1:[PORT]",
  "asksForSignIn": true,
  "user": {
    "subject": "jane",
    "name": "Person jane",
    "preferredUsername": "jane",
    "email": "jane@example.org"
  },
  "flow": "browser",
  "expiresAt": "[TIME]",
  "renewable": true,
  "keptIn": "[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json"
}
[exit: 0]
"#]]
    );
    let opened = browser.opened();
    assert_eq!(opened.len(), 1, "{opened:?}");
    // The provider's address had a query of its own.
    assert!(opened[0].contains("tenant=acme"), "{opened:?}");
    snapshot!(
        scene.run(&["logout"]),
        str![[r#"
------- stderr -------
forgot the tokens of `127.0.0.1:[PORT]`
[exit: 0]
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
}

#[test]
fn the_page_is_the_plugins() {
    let Some(mut scene) = Scene::new() else { return };
    scene.home.install("acme");
    scene.home.set("FLYTE_PLUGIN", "acme");
    let browser = scene.browser(Person::SignsIn);
    assert!(scene.run(&["login"]).ends_with("[exit: 0]"));
    browser.wait();
    snapshot!(
        browser.seen("page.txt"),
        str![[r#"
Welcome to My Company's Platform!

You have successfully authenticated with 127.0.0.1.

You can now close this window.
"#]]
    );
    // Of the plugin are the words, not the rules.
    let headers = &browser.answer("page")["headers"];
    assert!(
        headers["content-security-policy"].as_str().unwrap().starts_with("default-src 'none';"),
        "{headers}"
    );
    is_seen(&browser);
    assert!(scene.ask().ends_with("[exit: 0]"));
}

#[test]
fn a_plugin_that_fails_costs_its_page_only() {
    let Some(mut scene) = Scene::new() else { return };
    scene.home.install("faulty");
    scene.home.set("FLYTE_PLUGIN", "faulty");
    let mut login = |fault: &str| {
        scene.home.set("FAULT", format!("{fault}:get_auth_success_html"));
        let browser = scene.browser(Person::SignsIn);
        let text = scene.run(&["login", "-o", "name"]);
        browser.wait();
        assert!(browser.seen("page.txt").starts_with("Signed in\n"), "{}", browser.seen("page.txt"));
        text
    };
    snapshot!(
        login("panic"),
        str![[r#"
jane
------- stderr -------
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
warning: plugin `faulty` 0.4.1 panicked in `get_auth_success_html`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 0]
"#]]
    );
    snapshot!(
        login("error"),
        str![[r#"
jane
------- stderr -------
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
warning: plugin `faulty` 0.4.1 failed in `get_auth_success_html`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 0]
"#]]
    );
    snapshot!(
        login("invalid"),
        str![[r#"
jane
------- stderr -------
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
warning: plugin `faulty` 0.4.1 returned an invalid value from `get_auth_success_html`
  caused by: the page is empty; return `None` to leave it to the next plugin
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 0]
"#]]
    );
}

#[test]
fn a_person_who_says_no() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::Denies);
    snapshot!(
        scene.run(&["login"]),
        str![[r#"
------- stderr -------
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
error: `127.0.0.1:[PORT]` refuses: End-User aborted interaction
hint: sign in again with `flyte-host login`
[exit: 20]
"#]]
    );
    browser.wait();
    snapshot!(
        told(&browser.seen("page.txt")),
        str![[r#"
Not signed in

127.0.0.1:[PORT] refuses: End-User aborted interaction

You can close this window and go back to the terminal.
"#]]
    );
    assert_eq!(browser.answer("page")["status"], 400);
    is_seen(&browser);
}

#[test]
fn a_person_who_closes_the_tab() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::Closes);
    scene.home.set("FLYTE_SIGN_IN_TIMEOUT", "4");
    snapshot!(
        scene.run(&["login"]),
        str![[r#"
------- stderr -------
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 4.0s; Ctrl-C gives up
error: nobody signed in within 4 s
hint: `FLYTE_SIGN_IN_TIMEOUT` sets how many seconds a sign-in may take, and so does `flyte-host login --timeout`
[exit: 20]
"#]]
    );
    browser.wait();
    assert_eq!(browser.seen("closed.txt"), "200");
    TcpListener::bind(("127.0.0.1", scene.flyte.callback())).unwrap();
}

#[test]
fn what_else_comes_to_the_callback() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::IsLedAstray);
    assert!(scene.run(&["login"]).ends_with("[exit: 0]"));
    browser.wait();
    snapshot!(
        browser.seen("wrong.txt"),
        str![[r#"
Ignored

This answer belongs to another sign-in.

The terminal still waits for the sign-in that it began.
"#]]
    );
    assert_eq!(browser.answer("wrong")["status"], 400);
    assert!(browser.seen("page.txt").starts_with("Signed in\n"), "{}", browser.seen("page.txt"));

    let browser = scene.browser(Person::Strays);
    assert!(scene.run(&["login"]).ends_with("[exit: 0]"));
    browser.wait();
    snapshot!(
        browser.seen("stray.txt"),
        str![[r#"
GET /favicon.ico 404
GET /other 404
POST /callback 405
"#]]
    );

    // Whether it is still there to say no, or has gone, depends on the moment.
    let browser = scene.browser(Person::Reloads);
    assert!(scene.run(&["login"]).ends_with("[exit: 0]"));
    browser.wait();
    let again = browser.seen("replay.txt");
    assert!(again == "closed" || again.starts_with('4'), "{again}");
}

#[test]
fn a_port_that_is_taken() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::SignsIn);
    let _holder = TcpListener::bind(("127.0.0.1", scene.flyte.callback())).unwrap();
    snapshot!(
        scene.run(&["login"]),
        str![[r#"
------- stderr -------
error: OAuth callback port [PORT] is already in use
hint: stop the program that uses it, or run `flyte-host login --device`; your Flyte administrator sets the port
[exit: 20]
"#]]
    );
    assert!(browser.opened().is_empty());
}

#[test]
fn ctrl_c_frees_everything() {
    let Some(mut scene) = Scene::new() else { return };
    let _browser = scene.browser(Person::IsAway);
    let mut login = scene.home.start(&["login"]);
    login.until("Ctrl-C gives up");
    login.press_ctrl_c();
    snapshot!(
        told(&login.finish()),
        str![[r#"
------- stderr -------
sign in with the browser; if no window opens, this is the address:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
[signal: 2 (SIGINT)]
"#]]
    );
    drop(TcpListener::bind(("127.0.0.1", scene.flyte.callback())).unwrap());
    // Nobody waits for the turn of who gave up.
    let browser = scene.browser(Person::SignsIn);
    assert!(scene.run(&["login"]).ends_with("[exit: 0]"));
    browser.wait();
}

#[test]
fn without_a_browser_a_code_is_shown() {
    let Some(scene) = Scene::new() else { return };
    let elsewhere = Browser::new(&scene.programs, Person::TypesCode);
    let mut login = scene.home.start(&["login", "-o", "name"]);
    let url = login.until("user_code=");
    elsewhere.visit(&url);
    snapshot!(
        told(&login.finish()),
        str![[r#"
jane
------- stderr -------
there is no browser here: sign in with another device
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
}

#[test]
fn without_a_browser_and_codes_the_address_is_shown() {
    let Some(scene) = Scene::with(&[("NO_DEVICE", "yes")]) else { return };
    let person = Browser::new(&scene.programs, Person::SignsIn);
    let mut login = scene.home.start(&["login", "-o", "name"]);
    let url = login.until("code_challenge=");
    person.visit(&url);
    snapshot!(
        told(&login.finish()),
        str![[r#"
jane
------- stderr -------
to sign in, open this address with a browser on this machine:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m 0s; Ctrl-C gives up
[exit: 0]
"#]]
    );
    snapshot!(
        scene.run(&["login", "--device"]),
        str![[r#"
------- stderr -------
error: `127.0.0.1:[PORT]` gives no codes for other devices
hint: sign in with the browser: `flyte-host login --no-browser` shows the address
[exit: 20]
"#]]
    );
}
