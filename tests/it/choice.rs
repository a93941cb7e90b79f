//! `plugin enable` and `plugin disable`.

use snapbox::str;
use tests::{TestEnvironment, Transcript, snapshot};

use crate::{home_with, in_use};

/// The settings file, without what depends on the file system.
fn settings(home: &TestEnvironment) -> String {
    let text = home.read("../.flyte/host.toml");
    let shown = |line: &str| match line.split_once(" = ") {
        Some(("sha256", _)) => "sha256 = \"[SHA256]\"\n".to_owned(),
        Some(("stamp", _)) => "stamp = \"[STAMP]\"\n".to_owned(),
        _ => format!("{line}\n"),
    };
    text.lines().map(shown).collect()
}

#[test]
fn a_choice_stays() {
    let home = home_with(&["plain", "wrapper"]);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "enable", "wrapper"]));
    transcript.add(home.run(["plugin", "enable", "plain"]));
    snapshot!(
        settings(&home),
        str![[r#"
plugins = ["wrapper", "plain"]

[pin.plain]
sha256 = "[SHA256]"
stamp = "[STAMP]"

[pin.wrapper]
sha256 = "[SHA256]"
stamp = "[STAMP]"

"#]]
    );
    transcript.add(in_use(&home, &[]));
    transcript.add(home.run(["plugin", "disable", "wrapper"]));
    transcript.add(in_use(&home, &[]));
    transcript.add(home.run(["plugin", "disable", "--all"]));
    transcript.add(in_use(&home, &[]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin enable wrapper
------- stderr -------
`wrapper` is not signed; enabled plugins: wrapper (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host plugin enable plain
------- stderr -------
`plain` is not signed; enabled plugins: wrapper, plain (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `wrapper` 0.5.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
$ flyte-host plugin disable wrapper
------- stderr -------
disabled `wrapper`; enabled plugins: plain (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
$ flyte-host plugin disable --all
------- stderr -------
no plugins are enabled (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
no plugins
[exit: 0]

"#]]
    );
}

#[test]
fn enabling_again_changes_nothing() {
    let home = home_with(&["plain"]);
    // The first time the user reads that it is not signed.
    home.run(["plugin", "enable", "plain"]).success();
    let second = home.run(["plugin", "enable", "plain"]);
    assert_eq!(home.run(["plugin", "enable", "plain"]), second);
}

#[test]
fn a_path_is_remembered_in_full() {
    let home = home_with(&[]);
    home.copy("plain", "libplain.so");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "enable", "./libplain.so"]));
    transcript.add(in_use(&home, &[]));
    transcript.add(home.run(["plugin", "disable", "libplain.so"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin enable ./libplain.so
------- stderr -------
`plain` is not signed; enabled plugins: [HOME]/work/libplain.so (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `plain` 0.3.0 (protocol 1.0) overrides nothing; sha256 [SHA256]
[exit: 0]
$ flyte-host plugin disable libplain.so
------- stderr -------
disabled `libplain.so`; no plugins are enabled (in `[HOME]/.flyte/host.toml`)
[exit: 0]

"#]]
    );
}

#[test]
fn everything_else_in_the_settings_stays() {
    let home = home_with(&["plain"]);
    home.write(
        "../.flyte/host.toml",
        "# Ours.\nplugin-fallback = true # why not\n\n[plugin.acme]\nteam = 'vision'\n",
    );
    snapshot!(
        home.run(["plugin", "enable", "plain"]),
        str![[r#"
------- stderr -------
`plain` is not signed; enabled plugins: plain (in `[HOME]/.flyte/host.toml`)
[exit: 0]
"#]]
    );
    snapshot!(
        settings(&home),
        str![[r##"
# Ours.
plugin-fallback = true # why not
plugins = ["plain"]

[plugin.acme]
team = 'vision'

[pin.plain]
sha256 = "[SHA256]"
stamp = "[STAMP]"

"##]]
    );
}

#[test]
fn a_file_that_changed_since_it_was_enabled_is_refused_until_it_is_accepted() {
    let mut home = home_with(&["acme"]);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "enable", "acme"]));
    // A copy of the same content.
    home.copy("acme", "../.flyte/plugins/libacme.so");
    transcript.add(in_use(&home, &[]));
    std::fs::OpenOptions::new()
        .append(true)
        .open(home.plugins().join("libacme.so"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"one more byte"))
        .expect("a file of the test's own");
    transcript.add(home.run(["my-custom-command"]));
    // What the variable names is not compared.
    home.set("FLYTE_PLUGIN", "acme");
    assert!(in_use(&home, &[]).contains("plugin `acme`"));
    home.set("FLYTE_PLUGIN", "");
    transcript.add(home.run(["plugin", "enable", "acme"]));
    transcript.add(in_use(&home, &[]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin enable acme
------- stderr -------
`acme` is not signed; enabled plugins: acme (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `acme` [VERSION] (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]
$ flyte-host my-custom-command
------- stderr -------
error: plugin `acme` changed since it was enabled
  caused by: `[HOME]/.flyte/plugins/libacme.so` has other content than the file that was enabled
hint: run `flyte-host plugin enable acme` to accept the new file
hint: use `--no-plugins` to run without the plugin selected by `[HOME]/.flyte/host.toml`
[exit: 10]
$ flyte-host plugin enable acme
------- stderr -------
accepted the new file of `acme`; enabled plugins: acme (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host --version
flyte-host [VERSION]
plugin `acme` [VERSION] (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]
[exit: 0]

"#]]
    );
}

#[test]
fn a_plugin_that_could_not_be_loaded_is_not_enabled() {
    let home = home_with(&[]);
    home.write("../.flyte/plugins/libbad.so", "<!doctype html>\n<title>404</title>\n");
    snapshot!(
        home.run(["plugin", "enable", "bad"]),
        str![[r#"
------- stderr -------
error: `[HOME]/.flyte/plugins/libbad.so` is an HTML page, not a plugin
hint: download the plugin again; `curl --fail --location` does not save error pages
[exit: 10]
"#]]
    );
    assert!(!home.home().join(".flyte/host.toml").exists());
}

#[test]
fn what_is_not_enabled_cannot_be_disabled() {
    let home = home_with(&["plain", "wrapper"]);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "disable", "plain"]));
    transcript.add(home.run(["plugin", "enable", "plain", "wrapper"]));
    transcript.add(home.run(["plugin", "disable", "faulty"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin disable plain
------- stderr -------
error: plugin `plain` is not enabled
  caused by: no plugin is enabled
[exit: 1]
$ flyte-host plugin enable plain wrapper
------- stderr -------
`plain` is not signed; `wrapper` is not signed; enabled plugins: plain, wrapper (in `[HOME]/.flyte/host.toml`)
[exit: 0]
$ flyte-host plugin disable faulty
------- stderr -------
error: plugin `faulty` is not enabled
  caused by: enabled plugins: plain, wrapper
[exit: 1]

"#]]
    );
}

#[test]
fn the_variable_is_mentioned_because_it_goes_before() {
    let mut home = home_with(&["plain"]);
    home.set("FLYTE_PLUGIN", "builtin");
    snapshot!(
        home.run(["plugin", "enable", "plain"]),
        str![[r#"
------- stderr -------
`plain` is not signed; enabled plugins: plain (in `[HOME]/.flyte/host.toml`)
`FLYTE_PLUGIN` is set and takes precedence
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_that_is_gone_can_be_disabled() {
    let home = home_with(&[]);
    home.write("../.flyte/host.toml", "plugins = [\"gone\"]\n");
    snapshot!(
        home.run(["plugin", "disable", "gone"]),
        str![[r#"
------- stderr -------
disabled `gone`; no plugins are enabled (in `[HOME]/.flyte/host.toml`)
[exit: 0]
"#]]
    );
}

#[cfg(unix)]
#[test]
fn settings_that_cannot_be_written_are_an_error() {
    let mut home = home_with(&["plain"]);
    std::os::unix::fs::symlink("nowhere", home.cwd().join("link")).unwrap();
    home.set("FLYTE_HOST_CONFIG", home.cwd().join("link/host.toml"));
    snapshot!(
        home.run(["plugin", "enable", "plain"]),
        str![[r#"
------- stderr -------
error: cannot write `[HOME]/work/link/host.toml`
  caused by: File exists (os error 17)
[exit: 1]
"#]]
    );
}

#[test]
fn a_selected_plugin_is_found_by_its_name() {
    let mut home = home_with(&[]);
    let path = home.copy("plain", "somewhere/other.so");
    home.set("FLYTE_PLUGIN", path);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["plugin", "show", "plain", "-o", "name"]));
    transcript.add(home.run(["plugin", "path", "plain"]));
    transcript.add(home.run(["plugin", "enable", "plain"]));
    transcript.add(home.run(["plugin", "disable", "plain"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host plugin show plain -o name
plain
[exit: 0]
$ flyte-host plugin path plain
[HOME]/work/somewhere/other.so
[exit: 0]
$ flyte-host plugin enable plain
------- stderr -------
`plain` is not signed; enabled plugins: [HOME]/work/somewhere/other.so (in `[HOME]/.flyte/host.toml`)
`FLYTE_PLUGIN` is set and takes precedence
[exit: 0]
$ flyte-host plugin disable plain
------- stderr -------
disabled `plain`; no plugins are enabled (in `[HOME]/.flyte/host.toml`)
`FLYTE_PLUGIN` is set and takes precedence
[exit: 0]

"#]]
    );
}
