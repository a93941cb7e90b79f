//! Commands that load no plugin, by a library whose constructor leaves a file.

use std::fs;

use tests::{Output, TestEnvironment};

use super::home_where;
use crate::recorded_command_line::keep;

fn ran(home: &TestEnvironment) -> bool {
    fs::exists(home.home().join("code-ran")).unwrap()
}

#[test]
fn no_code_runs_where_the_passport_suffices() {
    let mut home = home_where("file:constructor");
    let library = home.plugins().join("libcrashing.so").display().to_string();
    let commands = [
        "plugin list",
        "plugin list -o json",
        "plugin path",
        "plugin path crashing",
        "plugin show --static",
        "plugin show --static crashing",
        "plugin show crashing --static -o json",
        "plugin enable crashing",
        "plugin disable crashing",
        "--version",
        "-V",
        "-vV",
        "completion bash",
        "completion fish",
        "completion zsh",
        "config path",
        "config path -o json",
        "--no-plugins --help",
        "--no-plugins config show",
        "--no-plugins man --out-dir pages",
    ];
    for selection in ["crashing", library.as_str()] {
        home.set("FLYTE_PLUGIN", selection);
        for isolate in [&[][..], &["--isolate"]] {
            for command in commands {
                home.run(isolate.iter().copied().chain(command.split(' '))).success();
                assert!(!ran(&home), "{command}");
            }
        }
    }
    home.run(["config", "show"]).success();
    assert!(ran(&home), "the constructor leaves a file");
}

/// In a process that only records the command line, nothing is printed.
#[test]
fn no_code_runs_once_the_command_line_is_recorded() {
    let printed = |output: &Output| {
        [output.stdout(), output.stderr()].iter().any(|text| text.contains("printed by the plugin"))
    };
    for isolate in ["0", "1"] {
        let mut home = home_where("print:constructor");
        home.set("FLYTE_PLUGIN_ISOLATE", isolate);
        keep(&home);
        let commands =
            ["--help", "-h", "help", "crashing --help", "man --out-dir pages", "plugin show --static"];
        for command in commands {
            let output = home.run(command.split(' '));
            output.success();
            assert!(!printed(&output), "{command}: {}", output.stderr());
        }
        let zsh = [("FLYTE_HOST_COMPLETE", "zsh"), ("_CLAP_COMPLETE_INDEX", "1")];
        let completed = home.run_command(home.command().envs(zsh).args(["--", "flyte-host", "crash"]));
        assert!(completed.stdout().contains("crashing") && !printed(&completed), "{}", completed.stderr());
        let shown = home.run(["plugin", "show", "--static"]);
        assert!(shown.stdout().contains("commands     `crashing`"), "{}", shown.stdout());
        assert!(printed(&home.run(["config", "show"])), "the constructor prints");
    }
}
