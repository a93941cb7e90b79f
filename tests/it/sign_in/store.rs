//! Where tokens are kept, and who shares them.

use std::{fs, os::unix::fs::PermissionsExt};

use snapbox::str;
use tests::{
    sign_in::{GuardedFlyte, Person},
    snapshot,
};

use super::{Scene, told};

#[test]
fn two_at_once_are_one_sign_in() {
    let Some(mut scene) = Scene::new() else { return };
    let browser = scene.browser(Person::SignsIn);
    let ask = ["get", "projects", "-o", "name"];
    let mut first = scene.home.start_on_terminal(&ask);
    first.until("Ctrl-C gives up");
    let second = scene.home.start_on_terminal(&ask);
    assert!(told(&first.finish()).ends_with("flytesnacks\n[exit: 0]"));
    let second = told(&second.finish());
    assert!(second.ends_with("flytesnacks\n[exit: 0]"), "{second}");
    assert!(!second.contains("code_challenge"), "{second}");
    browser.wait();
    assert_eq!(browser.opened().len(), 1);
}

#[test]
fn each_endpoint_has_its_own() {
    let Some(mut scene) = Scene::new() else { return };
    scene.as_a_program();
    let other = GuardedFlyte::start(&scene.programs, &scene.provider);
    let at = |endpoint: &str, scene: &mut Scene| {
        scene.home.set("FLYTE_PLATFORM_URL", endpoint);
        assert!(scene.ask().ends_with("[exit: 0]"));
    };
    at(other.endpoint(), &mut scene);
    let first = scene.flyte.endpoint().to_owned();
    at(&first, &mut scene);
    assert_eq!(scene.files().len(), 2);
    snapshot!(
        scene.run(&["logout"]),
        str![[r#"
------- stderr -------
forgot the tokens of `127.0.0.1:[PORT]`
[exit: 0]
"#]]
    );
    assert_eq!(scene.files().len(), 1);
    snapshot!(
        scene.run(&["logout"]),
        str![[r#"
------- stderr -------
there is nothing to forget
[exit: 0]
"#]]
    );
    at(&first, &mut scene);
    snapshot!(
        scene.run(&["logout", "--all"]),
        str![[r#"
------- stderr -------
forgot the tokens of `127.0.0.1:[PORT]`
forgot the tokens of `127.0.0.1:[PORT]`
[exit: 0]
"#]]
    );
    assert_eq!(scene.files().len(), 0);
}

#[test]
fn a_file_that_others_may_read_is_not_used() {
    let Some(mut scene) = Scene::new() else { return };
    scene.as_a_program();
    assert!(scene.ask().ends_with("[exit: 0]"));
    let file = scene.file();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
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
------- stderr -------
warning: the sign-in that is kept cannot be used: `[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json` is not used, because others than its owner may open it (mode 0644); if somebody may have seen the tokens in it, remove it and sign in again with `flyte-host login`; else `chmod 600 '[HOME]/.local/state/flyte-host/127-0-0-1-[PORT].[HASH].json'`
[exit: 0]
"#]]
    );
    snapshot!(
        scene.ask(),
        str![[r#"
flytesnacks
[exit: 0]
"#]]
    );
}

#[test]
fn a_place_that_cannot_be_written() {
    let Some(mut scene) = Scene::new() else { return };
    scene.as_a_program();
    // A file in place of the folder: not even root can write there.
    let file = scene.home.write("state", "");
    scene.home.set("XDG_STATE_HOME", &file);
    snapshot!(
        scene.ask(),
        str![[r#"
flytesnacks
------- stderr -------
warning: two commands may sign in at once, since `[HOME]/work/state/flyte-host` cannot be used: Not a directory (os error 20)
warning: the sign-in cannot be kept, and holds for this command only: `[HOME]/work/state/flyte-host/127-0-0-1-[PORT].[HASH].json` cannot be written: Not a directory (os error 20); see to it that the folder is yours and not read-only, or name another one with `XDG_STATE_HOME`
[exit: 0]
"#]]
    );
}

#[test]
fn nothing_is_kept_if_nobody_wants_it() {
    let Some(mut scene) = Scene::new() else { return };
    scene.as_a_program();
    scene.home.set("FLYTE_TOKEN_STORE", "none");
    assert!(scene.ask().ends_with("[exit: 0]"));
    assert_eq!(scene.files().len(), 0);
    scene.home.set("FLYTE_TOKEN_STORE", "keyring");
    snapshot!(
        scene.ask(),
        str![[r#"
flytesnacks
------- stderr -------
warning: the sign-in cannot be kept, and holds for this command only: the system's keyring cannot be used: no secret service provider or dbus session found; unlock the keyring, or keep tokens in a file: `token-store = "file"` in the host's settings, or `FLYTE_TOKEN_STORE=file`
[exit: 0]
"#]]
    );
    // Where there is none, a file does.
    scene.home.set("FLYTE_TOKEN_STORE", "auto");
    assert!(scene.ask().ends_with("[exit: 0]"));
    assert_eq!(scene.files().len(), 1);
}
