//! Opening a browser: which command it is, and what that gets.

use std::{fs, path::Path};

use super::*;

const URL: &str = "http://login.example/auth?tenant=acme&state=100%25%s";

fn parse(named: &str) -> Vec<Vec<String>> {
    named_commands(named, URL)
}

#[test]
fn the_url_is_placed_as_the_variable_says() {
    assert_eq!(parse("firefox"), [["firefox", URL]]);
    assert_eq!(parse("firefox --new-tab %s"), [["firefox", "--new-tab", URL]]);
    assert_eq!(
        parse("app --url=%s --at=10%% --x=%c %z"),
        [["app", &format!("--url={URL}"), "--at=10%", "--x=:", "%z"]]
    );
    assert_eq!(parse("'/opt/my browser/run' \"%s\""), [["/opt/my browser/run", URL]]);
}

#[test]
fn a_trailing_ampersand_is_ignored() {
    for named in ["node x.mjs %s &", "node x.mjs %s&", "node x.mjs &", "node x.mjs"] {
        assert_eq!(parse(named), [["node", "x.mjs", URL]], "{named}");
    }
}

#[test]
fn several_browsers_are_tried_except_terminal_browsers() {
    assert_eq!(parse("lynx:/usr/bin/w3m %s:firefox:chromium"), [["firefox", URL], ["chromium", URL]]);
    assert_eq!(parse("www-browser"), Vec::<Vec<String>>::new());
    assert_eq!(parse("  : & :'"), Vec::<Vec<String>>::new());
}

fn is_available_in(variables: &[(&str, &str)]) -> bool {
    is_available_with(&|name| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
#[cfg(not(any(target_os = "macos", windows)))]
fn a_display_or_a_named_browser_is_a_browser() {
    assert!(!is_available_in(&[]));
    assert!(is_available_in(&[("DISPLAY", ":0")]));
    assert!(is_available_in(&[("WAYLAND_DISPLAY", "wayland-0")]));
    assert!(is_available_in(&[("WSL_DISTRO_NAME", "Debian")]));
    assert!(is_available_in(&[("BROWSER", "firefox")]));
    assert!(!is_available_in(&[("BROWSER", "lynx"), ("DISPLAY", ":0")]));
}

/// Opens a page with a shell script in the place of the browser, which writes what it is asked into `seen`.
#[cfg(unix)]
fn open_with(folder: &Path, script: &str, named: &str) -> Option<Browser> {
    use std::os::unix::fs::PermissionsExt;

    let program = folder.join("browser");
    fs::write(&program, format!("#!/bin/sh\ncd '{}'\n{script}\n", folder.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let named = named.replace("BROWSER", &format!("'{}'", program.display()));
    Browser::open_with(URL, &|name| (name == "BROWSER").then(|| named.clone()))
}

#[cfg(unix)]
#[tokio::test]
async fn the_browser_gets_the_url_and_not_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"printf '%s\n' "$@" > seen; for stream in 0 1 2; do readlink /proc/$$/fd/$stream; done > streams; cut -d ' ' -f 5 /proc/$$/stat > group; echo $$ >> group; echo loud; echo loud >&2"#;
    let mut browser = open_with(folder.path(), script, "BROWSER --tab %s &").unwrap();
    assert!(browser.child.wait().await.unwrap().success());
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("seen"), format!("--tab\n{URL}\n"));
    if cfg!(target_os = "linux") {
        // The second one is the file itself.
        assert_eq!(read("streams").lines().next(), Some("/dev/null"));
        assert_eq!(read("streams").lines().next_back(), Some("/dev/null"));
        // The group is its own: what the keyboard sends to ours does not get there.
        let group = read("group");
        let numbers: Vec<&str> = group.split_whitespace().collect();
        assert_eq!((numbers.len(), numbers.first()), (2, numbers.last()), "{group}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_running_browser_is_not_awaited_and_not_killed() {
    let folder = tempfile::tempdir().unwrap();
    // It ends when it is let go: the test would hang otherwise.
    let fifo = folder.path().join("let-go");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let browser = open_with(folder.path(), "read line < let-go; echo done > done", "BROWSER").unwrap();
    let done = folder.path().join("done");
    assert!(std::process::Command::new("mkfifo").arg(&done).status().unwrap().success());
    drop(browser);
    fs::write(&fifo, "go\n").unwrap();
    assert_eq!(fs::read_to_string(&done).unwrap(), "done\n");
}

#[tokio::test]
async fn a_missing_browser_is_not_opened() {
    let none = |name: &str| (name == "BROWSER").then(|| "/nowhere/browser:/nowhere/other %s".to_owned());
    assert!(Browser::open_with(URL, &none).is_none());
    assert!(Browser::open_with(URL, &|_| None).is_none() || cfg!(any(target_os = "macos", windows)));
}
