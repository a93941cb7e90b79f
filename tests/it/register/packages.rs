//! Packages of the official client, decoded again by the official client's messages.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use snapbox::str;
use tests::{TestEnvironment, output, prepared, snapshot};

use super::home_of;

/// Runs a script of the fixtures with the Python that has the official package.
fn python(interpreter: &Path, script: &str, arguments: &[&Path]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(script);
    let mut python = Command::new(interpreter);
    python.arg(&script).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = output(&mut python);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}: {text}{}",
        script.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// The schedule of one of the packages has such an input.
const NEVER_FIRES: &str = "warning: the schedule of launch plan `every-hour` never fires: Flyte passes the time \
                           to an input for cron schedules only, and `when` has no default\n";

/// Runs `register --dry-run`, which must succeed and print its result only.
fn register(home: &TestEnvironment, arguments: &[&str]) -> String {
    let output = output(home.command().args(["register", "--dry-run"]).args(arguments));
    let notes = String::from_utf8_lossy(&output.stderr).replace(NEVER_FIRES, "");
    assert_eq!(notes, "", "of `register {}`", arguments.join(" "));
    assert!(output.status.success(), "`register {}` ended with {}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Every package that `cargo xtask test` made.
fn made() -> Option<Vec<PathBuf>> {
    let folder = prepared("FLYTE_TEST_PACKAGES")?;
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut packages: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "tgz")).collect();
    packages.sort();
    assert!(packages.len() >= 4, "packages are missing: {packages:?}");
    Some(packages)
}

/// Names and contents of a folder.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

/// Every message arrives as the official client wrote it, and as YAML and JSON loses nothing.
fn nothing_is_changed(plugin: Option<&str>) {
    let (Some(interpreter), Some(packages)) = (prepared("FLYTE_TEST_PYTHON"), made()) else { return };
    for package in packages {
        let home = home_of(plugin, "");
        let name = package.display().to_string();
        let files = register(&home, &[&name, "-o", "pb", "--out-dir", "out"]);
        let count = files.lines().filter(|file| file.ends_with(".pb")).count();
        assert!(count > 30, "{count} entities in {name}");

        let out = home.cwd().join("out");
        let verdict = python(&interpreter, "packages/compare.py", &[&package, &out]);
        assert_eq!(verdict, format!("{count} and {count} entities, 0 differences\n"), "{name}");

        for format in ["yaml", "json"] {
            let text = format!("text.{format}");
            home.write(&text, register(&home, &[&name, "-o", format]));
            register(&home, &[&text, "-o", "pb", "--out-dir", format]);
            let messages = |folder: &Path| {
                contents(folder)
                    .into_iter()
                    .filter(|(name, _)| name.extension().is_some_and(|ending| ending == "pb"))
            };
            assert!(messages(&home.cwd().join(format)).eq(messages(&out)), "{name} differs as {format}");
        }
    }
}

#[test]
fn without_a_plugin_nothing_is_changed() {
    nothing_is_changed(None);
}

#[test]
fn what_is_settled_is_not_changed_by_a_plugin() {
    nothing_is_changed(Some("acme"));
}

/// Which fields of a package with open ends a plugin fills.
fn changes(plugin: Option<&str>) -> Option<String> {
    let interpreter = prepared("FLYTE_TEST_PYTHON")?;
    let home = home_of(plugin, "");
    let package = home.cwd().join("unsettled.tgz");
    python(&interpreter, "register/unsettled.py", &[&package]);
    let output = home.run(["register", "--dry-run", "unsettled.tgz", "-o", "pb", "--out-dir", "out"]);
    let out = home.cwd().join("out");
    if !out.exists() {
        return Some(output.to_string());
    }
    Some(format!("{output}\n{}", python(&interpreter, "register/changes.py", &[&package, &out])))
}

#[test]
fn a_plugin_fills_what_a_package_leaves_open_and_nothing_else() {
    let Some(changes) = changes(Some("acme")) else { return };
    snapshot!(
        changes,
        str![[r#"
out/0_cached_1.pb
out/1_settled_1.pb
out/2_without_cache_1.pb
out/3_without_image_1.pb
out/4_without_image_in_pod_1.pb
------- stderr -------
task `cached`: cache version 3bfc269594ef… (policy `acme-hourly`, kept for 1h)
task `without_image`: image `my-company/flyte-base:v1.2.3` (get_default_image)
task `without_image_in_pod`: image `my-company/flyte-base:v1.2.3` (get_default_image)
[exit: 0]
TaskSpec cached.template.metadata.discoveryVersion: null -> "3bfc269594ef649228e9a74bab00f042efc91d5acc6fbee31a382e80d42388fe"
TaskSpec cached.template.metadata.tags: null -> {"flyte-host.cache-ttl": "3600s"}
TaskSpec without_image.template.container.image: null -> "my-company/flyte-base:v1.2.3"
TaskSpec without_image_in_pod.template.k8sPod.podSpec.containers[0].image: null -> "my-company/flyte-base:v1.2.3"

"#]]
    );
}

#[test]
fn without_a_plugin_caching_without_a_version_is_refused_in_a_package_too() {
    let Some(changes) = changes(None) else { return };
    snapshot!(
        changes,
        str![[r#"
------- stderr -------
error: `unsettled.tgz`, member `0_cached_1.pb`: task `cached` asks for caching, but has no version and no cache policy applies to it
hint: state a version, such as `cache: {version: v1}`, or use a plugin with default cache policies
[exit: 1]
"#]]
    );
}
