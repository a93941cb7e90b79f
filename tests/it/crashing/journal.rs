//! Ends that no handler sees: the next start names them, once.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _};

use snapbox::str;
use tests::{Output, TestEnvironment, snapshot};

use super::{CONFIG_SHOW, home_where};

/// Runs a command that crashes, and then the same one without a crash.
fn next_start(home: &TestEnvironment) -> Output {
    let _ = home.run(CONFIG_SHOW);
    without_crash(home, CONFIG_SHOW)
}

fn without_crash(home: &TestEnvironment, arguments: &[&str]) -> Output {
    home.run_command(home.command().env("CRASH", "").args(arguments))
}

#[test]
fn the_next_start_names_what_was_not_seen() {
    let ways = ["exec", "exit-group", "kill"];
    for how in ways {
        let home = home_where(&format!("{how}:get_remote"));
        snapshot!(
            next_start(&home).stderr(),
            str![[r#"
warning: the last run of `flyte-host config show` ended inside plugin `crashing` 0.4.1, in `get_remote`; use `--no-plugins` to run without it

"#]]
        );
        assert_eq!(without_crash(&home, CONFIG_SHOW).stderr(), "", "said twice");
    }
}

#[test]
fn what_the_user_has_read_or_asked_for_is_not_repeated() {
    for how in ["abort", "exit-0", "terminate"] {
        assert_eq!(next_start(&home_where(&format!("{how}:get_remote"))).stderr(), "", "{how}");
    }
}

#[test]
fn a_plugin_that_crashes_again_and_again_is_paused() {
    let home = home_where("kill:get_remote");
    (0..3).for_each(|_| drop(home.run(CONFIG_SHOW)));
    let paused = without_crash(&home, CONFIG_SHOW);
    snapshot!(
        paused,
        str![[r#"
------- stderr -------
warning: the last run of `flyte-host config show` ended inside plugin `crashing` 0.4.1, in `get_remote`; use `--no-plugins` to run without it
error: plugin `crashing` 0.4.1 is paused: it ended 3 processes in a row, the last one in `get_remote`
hint: install another version, or run `flyte-host plugin enable crashing` to load it again
hint: use `--no-plugins` to run without the plugin selected by `FLYTE_PLUGIN`
[exit: 11]
"#]]
    );
    let listed = without_crash(&home, &["plugin", "list"]);
    snapshot!(
        listed,
        str![[r#"
NAME      VERSION  PROTOCOL  STATE                                                             SIGNER  FILE
crashing  0.4.1    1.0       paused: ended 3 processes in a row, the last one in `get_remote`  -       [HOME]/.flyte/plugins/libcrashing.so
[exit: 0]
"#]]
    );
    without_crash(&home, &["plugin", "enable", "crashing"]).success();
    without_crash(&home, CONFIG_SHOW).success();
}

#[test]
fn a_success_in_between_starts_the_count_again() {
    let home = home_where("kill:get_remote");
    for _ in 0..3 {
        let _ = (home.run(CONFIG_SHOW), home.run(CONFIG_SHOW));
        without_crash(&home, CONFIG_SHOW).success();
    }
}

#[test]
fn nothing_is_left_of_an_ordinary_run() {
    let home = home_where("");
    home.run(CONFIG_SHOW).success();
    let folder = home.home().join(".local/state/flyte-host");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_home_that_cannot_be_written_does_no_harm() {
    let mut home = home_where("");
    let file = home.write("file", "");
    home.set("XDG_STATE_HOME", file);
    assert_eq!(home.run(CONFIG_SHOW).success().stderr(), "");
}

/// Names of files need not be text.
#[test]
fn paths_that_are_not_utf8_do_no_harm() {
    let mut home = home_where("kill:get_remote");
    let plugins = home.home().join(OsStr::from_bytes(b"plug\xffins"));
    fs::rename(home.plugins(), &plugins).unwrap();
    home.set("FLYTE_PLUGIN_PATH", plugins);
    let warned = next_start(&home);
    assert!(warned.stderr().contains("ended inside plugin `crashing` 0.4.1, in `get_remote`"), "{warned}");
    (0..3).for_each(|_| drop(home.run(CONFIG_SHOW)));
    let paused = without_crash(&home, CONFIG_SHOW);
    assert!(paused.stderr().contains("error: plugin `crashing` 0.4.1 is paused"), "{paused}");
    let help = without_crash(&home, &["crashing", "--help"]);
    assert!(help.success().stdout().contains("--crash"), "{help}");
}
