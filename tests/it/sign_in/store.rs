//! Where tokens are kept, and who shares them.

use std::{fs, os::unix::fs::PermissionsExt};

use snapbox::str;
use tests::{
    sign_in::{GuardedFlyte, UserAction},
    snapshot,
};

use super::Fixture;

#[test]
fn two_at_once_are_one_sign_in() {
    let Some(mut fixture) = Fixture::new() else { return };
    let browser = fixture.browser(UserAction::SignIn);
    let ask = ["get", "projects", "-o", "name"];
    let mut first = fixture.home.start_on_terminal(&ask);
    first.until("Ctrl-C aborts");
    let second = fixture.home.start_on_terminal(&ask);
    assert!(first.finish().success().stdout().ends_with("flytesnacks\n"));
    let second = second.finish();
    assert!(second.success().stdout().ends_with("flytesnacks\n"), "{second}");
    assert!(!second.contains("code_challenge"), "{second}");
    browser.wait();
    assert_eq!(browser.opened().len(), 1);
}

#[test]
fn each_endpoint_has_its_own() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.as_a_program();
    let other = GuardedFlyte::start(&fixture.programs, &fixture.provider);
    let at = |endpoint: &str, fixture: &mut Fixture| {
        fixture.home.set("FLYTE_PLATFORM_URL", endpoint);
        fixture.list_projects().success();
    };
    at(other.endpoint(), &mut fixture);
    let first = fixture.flyte.endpoint().to_owned();
    at(&first, &mut fixture);
    assert_eq!(fixture.files().len(), 2);
    snapshot!(
        fixture.run(["logout"]),
        str![[r#"
------- stderr -------
removed the tokens of `127.0.0.1:[PORT]`
[exit: 0]
"#]]
    );
    assert_eq!(fixture.files().len(), 1);
    snapshot!(
        fixture.run(["logout"]),
        str![[r#"
------- stderr -------
not signed in
[exit: 0]
"#]]
    );
    at(&first, &mut fixture);
    snapshot!(
        fixture.run(["logout", "--all"]),
        str![[r#"
------- stderr -------
removed the tokens of `127.0.0.1:[PORT]`
removed the tokens of `127.0.0.1:[PORT]`
[exit: 0]
"#]]
    );
    assert_eq!(fixture.files().len(), 0);
}

#[test]
fn a_file_that_others_may_read_is_not_used() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.as_a_program();
    fixture.list_projects().success();
    let file = fixture.file();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
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
------- stderr -------
warning: could not use the stored tokens: refusing to read `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json`: it is accessible to other users (mode 0644); run `chmod 600 '[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json'`; if the tokens may have leaked, delete the file and run `flyte-host login`
[exit: 0]
"#]]
    );
    snapshot!(
        fixture.list_projects(),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
}

#[test]
fn a_place_that_cannot_be_written() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.as_a_program();
    // A file in place of the folder: not even root can write there.
    let file = fixture.home.write("state", "");
    fixture.home.set("XDG_STATE_HOME", &file);
    snapshot!(
        fixture.list_projects(),
        str![[r#"
flytesnacks
------- stderr -------
warning: could not lock `[HOME]/work/state/flyte-host`, so two commands may sign in at once: Not a directory (os error 20)
warning: could not save the tokens; they are valid for this command only: could not write `[HOME]/work/state/flyte-host/127-0-0-1-[PORT].[HASH].json`: Not a directory (os error 20); make sure that you own the folder and can write to it, or set `XDG_STATE_HOME` to another one
[exit: 0]
"#]]
    );
}

#[test]
fn nothing_is_stored_if_the_store_is_none() {
    let Some(mut fixture) = Fixture::new() else { return };
    fixture.as_a_program();
    fixture.home.set("FLYTE_TOKEN_STORE", "none");
    fixture.list_projects().success();
    assert_eq!(fixture.files().len(), 0);
    fixture.home.set("FLYTE_TOKEN_STORE", "keyring");
    snapshot!(
        fixture.list_projects(),
        str![[r#"
flytesnacks
------- stderr -------
warning: could not save the tokens; they are valid for this command only: could not use the system's keyring: no secret service provider or dbus session found; unlock the keyring, or store tokens in a file: set `token-store = "file"` in `host.toml`, or `FLYTE_TOKEN_STORE=file`
[exit: 0]
"#]]
    );
    // Where there is none, a file does.
    fixture.home.set("FLYTE_TOKEN_STORE", "auto");
    fixture.list_projects().success();
    assert_eq!(fixture.files().len(), 1);
}
