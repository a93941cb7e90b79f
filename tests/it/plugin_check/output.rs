//! What the command prints.

use snapbox::str;
use tests::snapshot;

use super::{home_of, report};

#[test]
fn a_finding_has_its_remedy() {
    let (mut home, _) = home_of("crashing");
    home.set("CRASH", "panic:get_default_image");
    let output = home.run(["plugin", "check", "--hook", "get_default_image", "./libcrashing.so"]);
    let stdout = output.failure(11).stdout();
    let findings: Vec<&str> = stdout.lines().take_while(|line| !line.starts_with("note")).collect();
    snapshot!(
        findings.join("\n"),
        str![[r#"
[HOME]/work/libcrashing.so: plugin `crashing` 0.4.1, protocol 1.0
error[panic]: plugin `crashing` 0.4.1 panicked in `get_default_image`: as ordered (tests/plugins/crashing/src/ways.rs:9)
  why: the command that calls the function fails
  remedy: return a `PluginError` instead of `unwrap`, `expect` and indexing
  reproduce: flyte-host plugin check --hook get_default_image [HOME]/work/libcrashing.so
"#]]
    );
    snapshot!(
        output.stderr(),
        str![[r#"
error: plugin check found 1 error

"#]]
    );
}

#[test]
fn hooks_can_be_chosen() {
    let (home, path) = home_of("acme");
    let report = report(&home, &["--hook", "get_default_image,get_remote", &path]);
    let functions: Vec<&String> = report["functions"].as_object().unwrap().keys().collect();
    assert_eq!(functions, ["constructor", "create", "get_default_image", "get_remote", "interfaces"]);
}

#[test]
fn symbols_beyond_the_two_are_noted() {
    for (plugin, expected) in [("careless", true), ("acme", false)] {
        let (home, path) = home_of(plugin);
        let codes = home.run(["plugin", "check", "-o", "name", &path]);
        assert_eq!(codes.success().stdout().contains("extra-exports"), expected, "{plugin}");
    }
}

#[test]
fn warnings_are_errors_only_if_strict() {
    let (mut home, path) = home_of("crashing");
    home.set("CRASH", "print:create");
    home.run(["plugin", "check", &path]).success();
    let strict = report(&home, &["--strict", &path]);
    assert_eq!((&strict["errors"], &strict["warnings"]), (&1.into(), &0.into()));
}

#[test]
fn several_files_are_checked() {
    let (home, path) = home_of("acme");
    let output = home.run(["plugin", "check", "-o", "name", &path, "./nosuch.so", &path]);
    let codes = output.failure(11).stdout();
    assert_eq!(codes.lines().filter(|code| *code == "glibc-floor").count(), 2, "{codes}");
    assert_eq!(codes.lines().filter(|code| *code == "not-found").count(), 1, "{codes}");
}

#[test]
fn a_command_that_cannot_be_run_is_said() {
    let (home, path) = home_of("acme");
    for (line, reason) in [("get projects", "not a command of the plugin"), ("nosuch", "unrecognized")] {
        let report = report(&home, &["--run", line, &path]);
        let finding = &report["findings"][0];
        assert_eq!(finding["code"], "command-not-run");
        assert!(finding["message"].as_str().unwrap().contains(reason), "{finding:#}");
    }
}

#[test]
fn a_command_is_not_left_out_in_silence() {
    let (home, path) = home_of("acme");
    let report = report(&home, &["--hook", "get_remote", "--run", "my-custom-command", &path]);
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "command-not-run");
    assert!(finding["message"].as_str().unwrap().contains("`--hook` leaves out"), "{finding:#}");
}

#[test]
fn a_finding_in_a_command_is_shown_again_by_its_line() {
    let (mut home, path) = home_of("crashing");
    home.set("CRASH", "panic:run");
    let report = report(&home, &["--run", "crashing", &path]);
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "panic");
    let reproduce = finding["reproduce"].as_str().unwrap();
    let expected = "flyte-host plugin check --hook configure_cli --run crashing ";
    assert!(reproduce.starts_with(expected), "{reproduce}");
}

/// The plugin writes into a folder that a process of its own may not write.
#[test]
fn what_an_isolated_plugin_cannot_do_is_found() {
    let (mut home, path) = home_of("careless");
    home.set("CARELESS", "write-home:get_default_image");
    let check = |arguments: &[&str]| {
        let output = home.run(arguments.iter().copied().chain(["plugin", "check", "-o", "json", &path]));
        let reports: serde_json::Value = serde_json::from_str(output.stdout()).unwrap();
        let findings = reports[0]["findings"].as_array().unwrap().clone();
        findings.into_iter().filter(|finding| finding["level"] != "note").collect::<Vec<_>>()
    };
    assert_eq!(check(&[]), Vec::<serde_json::Value>::new());
    let isolated = check(&["--isolate"]);
    assert_eq!(isolated.len(), 1, "{isolated:?}");
    assert_eq!((&isolated[0]["code"], &isolated[0]["isolated"]), (&"panic".into(), &true.into()));
}

#[test]
fn the_options_are_checked() {
    let (home, path) = home_of("acme");
    for wrong in [["--timeout", "0"], ["--timeout", "soon"], ["--hook", "nosuch"]] {
        home.run(["plugin", "check", &path].iter().copied().chain(wrong)).failure(2);
    }
}
