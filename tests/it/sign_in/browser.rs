//! With the browser: its pages, the output on the terminal, and other requests to the callback.

use std::net::TcpListener;

use snapbox::str;
use tests::{
    sign_in::{Browser, UserAction},
    snapshot,
};

use super::{Fixture, redact};

/// The picture shows something.
fn is_seen(browser: &Browser) {
    let picture = browser.picture();
    let at_least = |what: &str, least: u64| picture[what].as_u64().is_some_and(|found| found >= least);
    assert!(at_least("width", 800) && at_least("height", 600) && at_least("colours", 3), "{picture}");
}

#[test]
fn a_person_signs_in_once() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::SignIn);
    snapshot!(
        fixture.run(["login"]),
        str![[r#"
endpoint      127.0.0.1:[PORT]
name          Person jane
username      jane
e-mail        jane@example.org
subject       jane
flow          browser
expires       [TIME]
auto-refresh  yes
stored in     `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
------- stderr -------
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
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
        redact(&format!("{:#}", browser.answer("page"))),
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
name          Person jane
username      jane
e-mail        jane@example.org
subject       jane
flow          browser
expires       [TIME]
auto-refresh  yes
stored in     `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`
[exit: 0]
"#]]
    );
    snapshot!(
        fixture.run(["whoami", "-o", "json"]),
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
        fixture.run(["logout"]),
        str![[r#"
------- stderr -------
removed the tokens of `127.0.0.1:[PORT]`
[exit: 0]
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
}

#[test]
fn the_page_is_the_plugins() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.home.install("acme");
    fixture.home.set("FLYTE_PLUGIN", "acme");
    let browser = fixture.browser(UserAction::SignIn);
    fixture.run(["login"]).success();
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
    fixture.list_projects().success();
}

#[test]
fn a_plugin_that_fails_costs_its_page_only() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.home.install("faulty");
    fixture.home.set("FLYTE_PLUGIN", "faulty");
    let mut login = |fault: &str| {
        fixture.home.set("FAULT", format!("{fault}:get_auth_success_html"));
        let browser = fixture.browser(UserAction::SignIn);
        let text = fixture.run(["login", "-o", "name"]);
        browser.wait();
        assert!(browser.seen("page.txt").starts_with("Signed in\n"), "{}", browser.seen("page.txt"));
        text
    };
    snapshot!(
        login("panic"),
        str![[r#"
jane
------- stderr -------
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
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
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
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
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
warning: plugin `faulty` 0.4.1 returned an invalid value from `get_auth_success_html`
  caused by: the page is empty; return `None` to leave it to the next plugin
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 0]
"#]]
    );
}

#[test]
fn a_user_who_declines() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::Deny);
    snapshot!(
        fixture.run(["login"]),
        str![[r#"
------- stderr -------
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
error: `127.0.0.1:[PORT]` refused the request: End-User aborted interaction
hint: run `flyte-host login`
[exit: 20]
"#]]
    );
    browser.wait();
    snapshot!(
        redact(&browser.seen("page.txt")),
        str![[r#"
Not signed in

127.0.0.1:[PORT] refused the request: End-User aborted interaction

You can close this window and go back to the terminal.
"#]]
    );
    assert_eq!(browser.answer("page")["status"], 400);
    is_seen(&browser);
}

#[test]
fn a_user_who_closes_the_tab() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::CloseTab);
    fixture.home.set("FLYTE_SIGN_IN_TIMEOUT", "4");
    snapshot!(
        fixture.run(["login"]),
        str![[r#"
------- stderr -------
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 4s; Ctrl-C aborts
error: sign-in timed out after 4 s
hint: pass `--timeout SECONDS` to `flyte-host login`, or set `FLYTE_SIGN_IN_TIMEOUT`, to wait longer
[exit: 20]
"#]]
    );
    browser.wait();
    assert_eq!(browser.seen("closed.txt"), "200");
    TcpListener::bind(("127.0.0.1", fixture.flyte.callback())).unwrap();
}

#[test]
fn what_else_comes_to_the_callback() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::FollowForeignLink);
    fixture.run(["login"]).success();
    browser.wait();
    snapshot!(
        browser.seen("wrong.txt"),
        str![[r#"
Ignored

This response belongs to another sign-in.

The terminal is still waiting for its own sign-in.
"#]]
    );
    assert_eq!(browser.answer("wrong")["status"], 400);
    assert!(browser.seen("page.txt").starts_with("Signed in\n"), "{}", browser.seen("page.txt"));

    let browser = fixture.browser(UserAction::RequestOtherPaths);
    fixture.run(["login"]).success();
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
    let browser = fixture.browser(UserAction::Reload);
    fixture.run(["login"]).success();
    browser.wait();
    let again = browser.seen("replay.txt");
    assert!(again == "closed" || again.starts_with('4'), "{again}");
}

#[test]
fn a_port_that_is_taken() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::SignIn);
    let _holder = TcpListener::bind(("127.0.0.1", fixture.flyte.callback())).unwrap();
    let text = fixture.run(["login"]);
    let name = std::fs::read_to_string("/proc/self/comm").unwrap();
    snapshot!(
        text.map(|text| text.replace(&format!("`{}`", name.trim()), "`[TEST]`")),
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
    let Some(mut fixture) = Fixture::new() else { return };
    let _browser = fixture.browser(UserAction::Away);
    let mut login = fixture.home.start(["login"]);
    login.until("Ctrl-C aborts");
    login.press_ctrl_c();
    snapshot!(
        login.finish().map(redact),
        str![[r#"
------- stderr -------
sign in with the browser; if it does not open, visit this URL:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
[signal: 2 (SIGINT)]
"#]]
    );
    drop(TcpListener::bind(("127.0.0.1", fixture.flyte.callback())).unwrap());
    // The next login does not wait for one that was aborted.
    let browser = fixture.browser(UserAction::SignIn);
    fixture.run(["login"]).success();
    browser.wait();
}

#[test]
fn without_a_browser_a_code_is_shown() {
    let Some(fixture) = Fixture::new() else { return };
    let elsewhere = Browser::new(&fixture.programs, UserAction::EnterCode);
    let mut login = fixture.home.start(["login", "-o", "name"]);
    let url = login.until("user_code=");
    elsewhere.visit(&url);
    snapshot!(
        login.finish().map(redact),
        str![[r#"
jane
------- stderr -------
no browser found; sign in with another device
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
}

#[test]
fn without_a_browser_and_codes_the_address_is_shown() {
    let Some(fixture) = Fixture::with(&[("NO_DEVICE", "yes")]) else { return };
    let person = Browser::new(&fixture.programs, UserAction::SignIn);
    let mut login = fixture.home.start(["login", "-o", "name"]);
    let url = login.until("code_challenge=");
    person.visit(&url);
    snapshot!(
        login.finish().map(redact),
        str![[r#"
jane
------- stderr -------
to sign in, open this URL in a browser on this machine:
http://127.0.0.1:[PORT]/auth?tenant=acme&response_type=code&client_id=flytectl&state=[..]&code_challenge=[..]&code_challenge_method=S256&redirect_uri=http%3A%2F%2Flocalhost%3A[PORT]%2Fcallback&scope=all+offline_access+openid+profile
waiting for 5m; Ctrl-C aborts
[exit: 0]
"#]]
    );
    snapshot!(
        fixture.run(["login", "--device"]),
        str![[r#"
------- stderr -------
error: `127.0.0.1:[PORT]` does not support the device flow
hint: run `flyte-host login --no-browser` to sign in with a browser on this machine
[exit: 20]
"#]]
    );
}
