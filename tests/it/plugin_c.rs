//! Plugins in C and C++: the examples of `plugin-abi/c`, compiled, checked and loaded.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use snapbox::str;
use tests::{Output, TestEnvironment, patch, snapshot};

use crate::{growth, home_with};

/// Every warning of the compilers is an error.
const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-abi/c")
}

fn compiler(name: &str, standard: &str) -> Command {
    let mut command = Command::new(name);
    command.arg(format!("-std={standard}")).args(WARNINGS).arg("-I").arg(folder().join("include"));
    command
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().expect("compilers of C and C++: `cc` and `c++`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The static library that Cargo built of `plugin-c`, beside this test.
fn static_library() -> PathBuf {
    let test = env::current_exe().unwrap();
    let files = fs::read_dir(test.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let libraries = files.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libplugin_c-") && name.ends_with(".a")
    });
    let modified = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    libraries.max_by_key(modified).expect("`plugin-c` is a dependency of this package")
}

/// Compiles an example into the plugins directory of a home, as `docs/src/plugins/other-languages.md` says.
fn install(home: &TestEnvironment, name: &str) -> PathBuf {
    install_with(home, name, &static_library())
}

fn install_with(home: &TestEnvironment, name: &str, plugin_c: &Path) -> PathBuf {
    let library = home.plugins().join(format!("lib{name}.so"));
    let (mut command, source) = match name {
        "acme-c" => (compiler("cc", "c11"), "acme.c"),
        _ => (compiler("c++", "c++17"), "acme.cpp"),
    };
    let map = format!("-Wl,--version-script={}", folder().join("include/flyte_plugin.map").display());
    command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(folder().join("examples").join(source));
    command.args(["-Wl,-u,flyte_plugin_header_1", "-Wl,--gc-sections", &map]).arg(plugin_c);
    succeed(command.args(["-lgcc_s", "-lpthread", "-ldl", "-lm"]));
    library
}

fn home_of(names: &[&str]) -> TestEnvironment {
    let mut home = home_with(&["acme", "faulty"]);
    for name in names {
        install(&home, name);
    }
    home.set("FLYTE_PLUGIN", names.join(":"));
    home
}

#[test]
fn the_header_is_c_and_cpp() {
    let header = folder().join("include/flyte_plugin.h");
    for (name, standard, language) in [("cc", "c99", "c"), ("cc", "c17", "c"), ("c++", "c++11", "c++")] {
        let home = home_with(&[]);
        let source = home.write("only.c", "#include \"flyte_plugin.h\"\n#include \"flyte_plugin.h\"\n");
        succeed(compiler(name, standard).args(["-fsyntax-only", "-x", language]).arg(source));
        assert!(header.exists());
    }
}

/// The answers of all six hooks, as `plugin show` prints them.
fn answers(home: &TestEnvironment, name: &str) -> String {
    let shown = home.run(["plugin", "show", name, "-o", "json"]);
    let shown: Value = serde_json::from_str(shown.success().stdout()).unwrap();
    let hooks = shown["hooks"].as_object().unwrap();
    let line = |(hook, row): (&String, &Value)| format!("{hook} of {}: {}\n", row["from"], row["answer"]);
    hooks.iter().map(line).collect()
}

#[test]
fn a_plugin_in_c_has_the_six_hooks() {
    let mut home = home_of(&["acme-c"]);
    home.set("ACME_C_IMAGE", "registry.example/c:v1");
    snapshot!(
        answers(&home, "acme-c"),
        str![[r#"
get_remote of "plugin": "localhost:30080 (insecure)"
configure_cli of "plugin": "command `greet-c`"
secret_requires_group of "plugin": "false"
get_default_image of "plugin": "registry.example/c:v1"
get_auth_success_html of "plugin": "<p>Signed in with flyte.example.org.</p> (40 bytes)"
get_default_cache_policies of "plugin": "acme-c (for 1h)"

"#]]
    );
    let connection = home.run(["--sandbox", "config", "show"]);
    assert!(connection.success().stdout().contains("headers.x-acme"), "{connection}");
    home.set("ACME_C_ENDPOINT", "staging.acme.example");
    let connection = home.run(["config", "show"]);
    let because = "plugin `acme-c` (variable `ACME_C_ENDPOINT`)";
    assert!(connection.success().stdout().contains(because), "{connection}");
}

#[test]
fn a_plugin_in_cpp_has_the_six_hooks() {
    let mut home = home_of(&["acme-cpp"]);
    snapshot!(
        answers(&home, "acme-cpp"),
        str![[r#"
get_remote of "plugin": "localhost:30080 (insecure)"
configure_cli of "plugin": "command `greet-cpp`"
secret_requires_group of "plugin": "true"
get_default_image of "plugin": "none"
get_auth_success_html of "plugin": "<p>Welcome to Acme.</p> (23 bytes)"
get_default_cache_policies of "plugin": "acme-cpp"

"#]]
    );
    home.set("FLYTE_PLATFORM_URL", "flyte.example");
    let connection = home.run(["config", "show"]);
    assert!(connection.success().stdout().contains("plugin `acme-cpp`"), "{connection}");
}

#[test]
fn a_command_in_c_runs_and_fails() {
    let home = home_of(&["acme-c"]);
    snapshot!(
        home.run(["greet-c"]).to_string(),
        str![[r#"
hello from C
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(["greet-c", "--fail"]).to_string(),
        str![[r#"
------- stderr -------
error: plugin `acme-c` 1.0.0 failed in the command `greet-c`
  caused by: no one to greet
  caused by: the office is empty
hint: run `flyte-host greet-c` tomorrow
[exit: 11]
"#]]
    );
}

/// A run of `register --dry-run` with a task without an image, in which the default shows.
fn register(home: &TestEnvironment) -> Output {
    home.write("task.yaml", "{ name: t, command: [uname] }");
    home.run(["register", "--dry-run", "task.yaml", "--version", "v1", "-o", "yaml"])
}

/// The image is that of the plugin behind, and so is its error.
#[test]
fn a_hook_in_c_asks_the_rest_of_the_chain() {
    let mut home = home_of(&["acme-c"]);
    for (chain, is_there) in [("acme-c", false), ("acme-c:acme", true)] {
        home.set("FLYTE_PLUGIN", chain);
        let registered = register(&home);
        let stdout = registered.success().stdout();
        assert_eq!(stdout.contains("my-company/flyte-base:v1.2.3"), is_there, "{chain}: {registered}");
    }
    home.set("FLYTE_PLUGIN", "acme-c:faulty").set("FAULT", "error:get_default_image");
    let failed = register(&home);
    assert!(failed.stderr().contains("plugin `faulty` 0.4.1 failed in `get_default_image`"), "{failed}");
}

#[test]
fn a_plugin_in_cpp_answers_declines_and_throws() {
    let mut home = home_of(&["acme-cpp"]);
    home.set("FLYTE_PLUGIN", "acme-cpp:acme");
    let registered = register(&home);
    let image = "mirror.acme.example/my-company/flyte-base:v1.2.3";
    assert!(registered.success().stdout().contains(image), "{registered}");
    assert_eq!(home.run(["greet-cpp"]).success().stdout(), "hello from C++\n");
    home.set("ACME_CPP_THROW", "1");
    let failed = register(&home);
    let stderr = failed.failure(11).stderr();
    assert!(stderr.contains("plugin `acme-cpp` 1.0.0 failed in `get_default_image`"), "{failed}");
    assert!(stderr.contains("the mirror is closed"), "{failed}");
}

#[test]
fn the_check_finds_nothing_in_them() {
    let home = home_of(&["acme-c", "acme-cpp"]);
    for (name, command) in [("acme-c", "greet-c"), ("acme-cpp", "greet-cpp")] {
        let checked = home.run(["plugin", "check", "--strict", "--timeout", "30", "--run", command, name]);
        checked.success();
        assert!(!checked.stdout().contains("extra-exports"), "{checked}");
    }
}

#[test]
fn they_run_isolated() {
    let mut home = home_of(&["acme-c"]);
    home.set("FLYTE_PLUGIN_ISOLATE", "1");
    assert_eq!(home.run(["greet-c"]).success().stdout(), "hello from C\n");
}

/// It was built for 1.0, and the host is one minor version of the protocol ahead.
#[test]
fn a_plugin_in_c_loads_in_a_later_host() {
    let Some(host) = growth::other_host(growth::NEXT) else { return };
    let (mut old, mut new) = (home_of(&["acme-c"]), TestEnvironment::new(&host));
    install(&new, "acme-c");
    for home in [&mut old, &mut new] {
        home.set("FLYTE_PLUGIN", "acme-c").set("ACME_C_IMAGE", "registry.example/c:v1");
    }
    let (old_answers, new_answers) = (answers(&old, "acme-c"), answers(&new, "acme-c"));
    assert_eq!(old_answers.lines().count(), 6);
    for line in old_answers.lines() {
        assert!(new_answers.lines().any(|new| new == line), "{line}\n{new_answers}");
    }
    assert_eq!(new.run(["greet-c"]).success().stdout(), "hello from C\n");
    assert_eq!(new.run(["greet-c", "--fail"]).to_string(), old.run(["greet-c", "--fail"]).to_string());
}

/// The plugin is one minor version of the protocol ahead of the host.
#[test]
fn a_later_plugin_in_c_loads() {
    let Some(plugin_c) = growth::other_static_library(growth::NEXT) else { return };
    let (old, mut new) = (home_of(&["acme-c"]), home_of(&[]));
    let library = install_with(&new, "acme-c", &plugin_c);
    patch(&library, "\nprotocol=1.0\n", "\nprotocol=1.1\n");
    new.set("FLYTE_PLUGIN", "acme-c");
    let shown = new.run(["plugin", "show", "acme-c"]);
    assert!(shown.success().stdout().contains("1.1 (this host: 1.0)"), "{shown}");
    assert_eq!(answers(&new, "acme-c"), answers(&old, "acme-c"));
    assert_eq!(new.run(["greet-c"]).success().stdout(), "hello from C\n");
    assert_eq!(new.run(["greet-c", "--fail"]).to_string(), old.run(["greet-c", "--fail"]).to_string());
}

#[test]
fn hooks_that_do_not_fit_the_table_are_refused() {
    let home = home_of(&["acme-c"]);
    patch(
        &home.plugins().join("libacme-c.so"),
        "\nhooks=get_remote,configure_cli,",
        "\nhooks=get_remote,configure_clx,",
    );
    let refused = home.run(["config", "show"]);
    let reason = "the hook `configure_cli` is not named in `FLYTE_PLUGIN`, and the table of functions has it";
    assert!(refused.failure(10).stderr().contains(reason), "{refused}");
}
