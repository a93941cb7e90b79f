//! Help and completion with plugins that are not loaded: what their edits depend on, and what happens to
//! them.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tests::TestEnvironment;

use crate::home_with;

/// A home in which the toolbox is in use, and the file that keeps its part of the command line.
fn toolbox() -> (TestEnvironment, PathBuf) {
    let mut home = home_with(&["commands", "plain"]);
    home.set("FLYTE_PLUGIN", "toolbox");
    let file = keep(&home);
    (home, file)
}

/// Asks for help until the answer is kept: not in the same moment in which the plugin was installed.
pub(crate) fn keep(home: &TestEnvironment) -> PathBuf {
    let folder = home.home().join(".cache/flyte-host/command-line");
    for _ in 0..100 {
        home.run(["--help"]).success();
        if let Some(file) = fs::read_dir(&folder).ok().and_then(|mut files| files.next()) {
            return file.unwrap().path();
        }
    }
    panic!("no answer was kept in `{}`", folder.display());
}

/// Changes the kept text of a command, so that a test sees whether help comes from the file.
fn mark(file: &PathBuf) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("Check this laptop"));
    fs::write(file, text.replace("Check this laptop", "Kept text")).unwrap();
}

fn is_kept(home: &TestEnvironment) -> bool {
    let help = home.run(["--help"]);
    help.success();
    let (kept, asked) = (help.stdout().contains("Kept text"), help.stdout().contains("Check this laptop"));
    assert!(kept != asked, "{}", help.stdout());
    kept
}

#[test]
fn help_completion_and_pages_come_from_the_file() {
    let (home, file) = toolbox();
    mark(&file);
    for line in ["--help", "-h", "help", "doctor --help", "help doctor"] {
        let output = home.run(line.split(' '));
        output.success();
        assert!(output.stdout().contains("Kept text"), "{line}: {}", output.stdout());
    }
    let zsh = [("FLYTE_HOST_COMPLETE", "zsh"), ("_CLAP_COMPLETE_INDEX", "1")];
    let completions = home.run_command(home.command().envs(zsh).args(["--", "flyte-host", "doc"]));
    assert_eq!(completions.stdout(), "doctor:Kept text");
    home.run(["man", "--out-dir", "pages"]).success();
    assert!(fs::read_to_string(home.cwd().join("pages/flyte-host-doctor.1")).unwrap().contains("Kept text"));
}

#[test]
fn a_command_of_a_plugin_loads_it() {
    let (home, file) = toolbox();
    mark(&file);
    let output = home.run(["box", "drawer", "open", "7"]);
    output.success();
    assert_eq!(output.stdout(), "drawer 7 is open\n");
}

#[test]
fn a_variable_that_the_plugin_reads_counts_and_no_other() {
    let (mut home, file) = toolbox();
    mark(&file);
    home.set("ACME_IS_NOT_READ", "1");
    assert!(is_kept(&home));
    home.set("TOOLBOX_REGION", "north");
    assert!(!is_kept(&home));
}

#[test]
fn settings_of_plugins_count() {
    let (home, file) = toolbox();
    mark(&file);
    home.write("../.flyte/host.toml", "plugin-fallback = true\n");
    assert!(is_kept(&home));
    home.write("../.flyte/host.toml", "[plugin.toolbox]\nteam = 'a'\n");
    assert!(!is_kept(&home));
}

/// The same plugin is recorded once isolated and once not; its rights count.
#[test]
fn the_isolation_of_plugins_counts() {
    let (mut home, file) = toolbox();
    mark(&file);
    home.set("FLYTE_PLUGIN_ISOLATE", "1");
    assert!(!is_kept(&home));
    let folder = file.parent().unwrap();
    let others = || fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(|it| *it != file);
    let isolated = (0..100).find_map(|_| {
        home.run(["--help"]).success();
        others()
    });
    mark(&isolated.expect("an isolated plugin is recorded as well"));
    assert!(is_kept(&home));
    home.set("TOOLBOX_REGION", "north");
    assert!(!is_kept(&home), "a variable that the isolated plugin reads");
    home.set("TOOLBOX_REGION", "").set("FLYTE_PLUGIN_ISOLATE", "0");
    home.write("../.flyte/host.toml", "[isolation.toolbox]\nnetwork = true\n");
    assert!(!is_kept(&home));
}

#[test]
fn the_file_of_the_plugin_counts() {
    let (home, file) = toolbox();
    mark(&file);
    home.install("commands");
    assert!(!is_kept(&home));
}

#[test]
fn the_order_of_plugins_counts() {
    let (mut home, file) = toolbox();
    mark(&file);
    for chain in ["toolbox:plain", "plain:toolbox"] {
        home.set("FLYTE_PLUGIN", chain);
        assert!(!is_kept(&home), "{chain}");
    }
    home.set("FLYTE_PLUGIN", "toolbox");
    assert!(is_kept(&home));
}

#[test]
fn the_program_counts() {
    let (home, file) = toolbox();
    mark(&file);
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    record["dependencies"]["program"]["size"] = 1.into();
    fs::write(&file, record.to_string()).unwrap();
    assert!(!is_kept(&home));
}

#[test]
fn a_torn_file_is_as_none() {
    let (home, file) = toolbox();
    mark(&file);
    let bytes = fs::read(&file).unwrap();
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&file, &bytes[..length]).unwrap();
        assert!(!is_kept(&home), "{length}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_does_no_harm() {
    let mut home = home_with(&["commands"]);
    home.set("FLYTE_PLUGIN", "toolbox").set("XDG_CACHE_HOME", "/dev/null");
    for _ in 0..2 {
        let help = home.run(["--help"]);
        help.success();
        assert!(help.stdout().contains("Check this laptop [plugin: toolbox]"), "{}", help.stdout());
    }
}

#[test]
fn processes_at_once_do_no_harm() {
    let mut home = home_with(&["commands"]);
    home.set("FLYTE_PLUGIN", "toolbox");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let help = home.run(["--help"]);
                help.success();
                assert!(help.stdout().contains("Check this laptop"), "{}", help.stdout());
                assert_eq!(help.stderr(), "");
            });
        }
    });
    keep(&home);
}

#[test]
fn a_command_that_is_the_name_of_a_plugin_not_in_use() {
    let home = home_with(&["plain"]);
    let output = home.run(["plain"]);
    assert!(output.stderr().contains("tip: run 'flyte-host plugin enable plain'"), "{}", output.stderr());
}
