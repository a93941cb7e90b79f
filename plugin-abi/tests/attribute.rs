//! Mistakes in the export attribute are one line each, at the author's own token.
//!
//! The compiler that built this test compiles small crates against the `plugin-abi` beside the test.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use plugin_abi::Hook;

const CREATE: &str = "fn create(_: Host) -> Result<Self, PluginError> { Ok(Self) }";

/// A crate whose line 2 is `attribute`, and whose `impl` block starts at line 3 and has `items` in line 5.
fn plugin(attribute: &str, items: &str) -> String {
    format!(
        "use plugin_abi::*; pub struct Acme;\n{attribute}\nimpl Plugin for Acme {{\n{CREATE}\n{items}\n}}\n"
    )
}

/// What the compiler says of a crate, an error a line.
fn errors(library: &Path, source: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lib.rs");
    fs::write(&file, source).unwrap();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args([
        "--crate-type=cdylib",
        "--edition=2021",
        "--emit=metadata",
        "--error-format=short",
        "-Awarnings",
    ]);
    rustc.arg("--extern").arg(format!("plugin_abi={}", library.display()));
    rustc.arg("-L").arg(format!("dependency={}", library.parent().unwrap().display()));
    rustc.arg("--out-dir").arg(folder.path()).arg(&file);
    let package = [("NAME", "acme"), ("VERSION", "1.0.0"), ("DESCRIPTION", ""), ("HOMEPAGE", "")];
    let package = package.into_iter().chain([("REPOSITORY", ""), ("LICENSE", "")]);
    rustc.envs(package.map(|(key, value)| (format!("CARGO_PKG_{key}"), value)));
    let output = rustc.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("error: aborting due to"));
    lines.map(|line| line.replace(&format!("{}:", file.display()), "") + "\n").collect()
}

/// The library of this crate that was built with the test: the newest that this compiler can use.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let files = fs::read_dir(test.parent().unwrap()).unwrap().map(|entry| entry.unwrap());
        let mut libraries: Vec<_> = files
            .filter(|file| {
                let name = file.file_name().into_string().unwrap_or_default();
                name.starts_with("libplugin_abi-") && name.ends_with(".rlib")
            })
            .map(|file| (file.metadata().unwrap().modified().unwrap(), file.path()))
            .collect();
        libraries.sort();
        let mut newest_first = libraries.into_iter().rev().map(|(_, path)| path);
        let good = plugin("#[plugin_abi::export]", "");
        newest_first.find(|library| errors(library, &good).is_empty()).expect("no usable `plugin-abi`")
    })
}

#[track_caller]
fn check(source: &str, expected: &str) {
    assert_eq!(errors(library(), source), expected, "{source}");
}

#[test]
fn every_hook_is_accepted() {
    // Without bodies of their own: the error that the trait has no such function would be shown.
    let items: String = Hook::ALL.iter().map(|hook| format!("#[cfg(any())] fn {hook}() {{}} ")).collect();
    check(&plugin("#[plugin_abi::export(name = \"a-1_b\")]", &items), "");
}

#[test]
fn names_are_checked_at_the_literal() {
    for (name, reason) in [
        ("ACME", "the plugin name `ACME` may only have a-z, 0-9, `-` and `_`: use `acme`"),
        ("acme tools", "the plugin name `acme tools` may only have a-z, 0-9, `-` and `_`: use `acme-tools`"),
        ("ä", "the plugin name `ä` may only have a-z, 0-9, `-` and `_`"),
        ("-acme", "the plugin name `-acme` has to start with a letter or a digit"),
        ("", "the plugin name is empty"),
        ("builtin", "the plugin name `builtin` is reserved; choose another name"),
        (&"a".repeat(65), "the plugin name has 65 bytes; at most 64 are allowed"),
    ] {
        let source = plugin(&format!("#[plugin_abi::export(name = \"{name}\")]"), "");
        check(&source, &format!("2:29: error: {reason}\n"));
    }
}

#[test]
fn options_are_checked_at_the_token() {
    let literal = "expected a string literal: `name = \"acme\"`";
    let option = "expected `name = \"…\"` or `in_process`";
    for (options, column, reason) in [
        ("name = acme", 29, literal),
        ("name = 3", 29, literal),
        ("name", 22, literal),
        ("name =", 22, literal),
        ("name(\"acme\")", 22, literal),
        ("nam = \"acme\"", 22, option),
        ("\"acme\"", 22, option),
        ("in_process = true", 22, "`in_process` takes no value"),
        ("name = \"a\", name = \"b\"", 34, "`name` is given twice"),
        ("name = \"a\" in_process", 33, "expected `,`"),
    ] {
        check(
            &plugin(&format!("#[plugin_abi::export({options})]"), ""),
            &format!("2:{column}: error: {reason}\n"),
        );
    }
}

#[test]
fn hooks_are_checked_at_the_function() {
    let unknown = "the hooks are `get_remote`, `configure_cli`, `secret_requires_group`, `get_default_image`, \
                   `get_auth_success_html`, `get_default_cache_policies`; move other functions to a block of \
                   their own";
    for (name, reason) in [
        ("configure_pyflyte_cli", "did you mean `configure_cli`?"),
        ("configure_ci", "did you mean `configure_cli`?"),
        ("get_default_images", "did you mean `get_default_image`?"),
        ("default_image", "did you mean `get_default_image`?"),
        ("helper", unknown),
    ] {
        let source = plugin("#[plugin_abi::export]", &format!("fn {name}(&self, main: &mut Group) {{}}"));
        check(&source, &format!("5:4: error: `Plugin` has no hook `{name}`: {reason}\n"));
    }
    check(
        &plugin("#[plugin_abi::export]", "hooks!();"),
        "5:1: error: a macro here would hide hooks from the passport; write the methods out\n",
    );
}

#[test]
fn other_items_are_refused_at_their_name() {
    for (item, column, what) in [
        ("pub struct Other;", 12, "a struct"),
        ("pub enum Other {}", 10, "an enum"),
        ("pub fn other() {}", 8, "a function"),
        ("pub mod other {}", 9, "a module"),
        ("pub trait Other {}", 11, "a trait"),
        ("pub type Other = u8;", 10, "a type alias"),
        ("pub const OTHER: u8 = 0;", 1, "another item"),
        ("impl Acme {}", 6, "a block of the type's own functions"),
        ("impl Clone for Acme { fn clone(&self) -> Self { Self } }", 6, "the block of another trait"),
    ] {
        check(
            &format!("pub struct Acme;\n#[plugin_abi::export]\n{item}\n"),
            &format!("3:{column}: error: `export` is on {what}: put it on the `impl Plugin for …` block\n"),
        );
    }
}

#[test]
fn parameters_of_a_plugin_are_refused() {
    let block = format!(
        "impl<T: Send + Sync + 'static> Plugin for Acme<T> {{ {} }}",
        CREATE.replace("Self)", "Acme(None))")
    );
    check(
        &format!("use plugin_abi::*; pub struct Acme<T>(Option<T>);\n#[plugin_abi::export]\n{block}\n"),
        "3:6: error: a plugin is one type, without parameters: replace them by types\n",
    );
}

#[test]
fn a_second_plugin_of_a_library_is_refused() {
    let other = |options: &str| {
        let block = format!("impl Plugin for Other {{ {CREATE} }}");
        plugin("#[plugin_abi::export]", "")
            + &format!("pub struct Other;\n#[plugin_abi::export{options}]\n{block}\n")
    };
    check(
        &other(""),
        "9:17: error: a library can export only one plugin, and this one exports `Acme`: put the other into a \
         crate of its own, or use `export(in_process)` in tests\n",
    );
    check(&other("(in_process)"), "");
}

#[test]
fn several_mistakes_are_a_line_each() {
    check(
        &plugin("#[plugin_abi::export(name = \"ACME\")]", "fn configure_pyflyte_cli(&self) {}"),
        "2:29: error: the plugin name `ACME` may only have a-z, 0-9, `-` and `_`: use `acme`\n\
         5:4: error: `Plugin` has no hook `configure_pyflyte_cli`: did you mean `configure_cli`?\n",
    );
}
