//! `cargo xtask tidy`: what no compiler checks. Also a test, so that it fails where one looks.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Result;
use crate::architecture;
use crate::command::{capture, cargo, command};
use crate::import_cycles;
use crate::property::unseeded;
use crate::wording;
use crate::workspace::Workspace;

/// The only files that may hold unsafe code; an entry whose file no longer does is stale and also fails.
const UNSAFE_FILES: &[&str] = &[
    "host/src/app/process_exit.rs",
    "plugin-host/src/access/watch/trap.rs",
    "plugin-host/src/access/watch/variables.rs",
    "plugin-host/src/calls/code.rs",
    "plugin-host/src/calls/descriptors.rs",
    "plugin-host/src/calls/end.rs",
    "plugin-host/src/calls/exit.rs",
    "plugin-host/src/calls/journal.rs",
    "plugin-host/src/calls/process_state.rs",
    "plugin-host/src/calls/signals.rs",
    "plugin-host/src/calls/threads.rs",
    "plugin-host/src/handshake.rs",
    "plugin-host/src/isolated/confine/descriptors.rs",
    "plugin-host/src/library.rs",
    "plugin-abi/c/src/export.rs",
    "plugin-abi/c/src/functions.rs",
    "plugin-abi/c/src/plugin.rs",
    "plugin-abi/c/src/text.rs",
    "plugin-abi/src/export.rs",
    "plugin-abi/src/vtable.rs",
    "tests/plugins/careless/src/lib.rs",
    "tests/plugins/crashing/src/lib.rs",
    "tests/plugins/hostile/src/syscalls.rs",
];

/// The one place that packages come from, as Cargo writes it.
const CRATES_IO: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Marks of unfinished work. Written in halves, so that this file does not find itself.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimple", "mented!(")];

/// Folders that exist on one machine only.
const MACHINE_FOLDERS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Who may not know whom, and which direct dependencies `plugin-abi` is held to.
const PLUGIN_ABI_MAY_USE: [&str; 6] =
    ["abi_stable", "abi_stable_derive", "abi_stable_shared", "clap", "plugin-abi-macros", "serde_json"];
/// `plugin-host` is for any Rust program: it brings no command line, runtime, network or database.
const PLUGIN_HOST_KNOWS_NOT: [&str; 8] =
    ["clap", "flyte-client", "flyte-host", "hyper", "prost", "rusqlite", "rustls", "tokio"];
const CLIENT_KNOWS_NOT: [&str; 3] = ["abi_stable", "flyte-host", "plugin-abi"];
const PLUGIN_CLIENT_KNOWS_NOT: [&str; 5] = ["auth", "flyte-host", "hyper", "rustls", "tonic"];

pub(crate) fn check(workspace: &Workspace) -> Result {
    let mut complaints = dependency_walls(workspace)?;
    complaints.extend(import_cycles::complaints(workspace)?);
    complaints.extend(wording::complaints(workspace)?);
    let files = tracked_files(&workspace.root)?;
    complaints.extend(architecture::complaints(workspace, &files)?);
    let texts = files.iter().filter_map(|name| Some((name.as_str(), text(&workspace.path(name))?)));
    let mut with_unsafe = Vec::new();
    let mut count = 0;
    for (name, text) in texts {
        count += 1;
        if has_unsafe(name, &text) {
            with_unsafe.push(name);
        }
        complaints.extend(complaints_about(name, &text));
        complaints.extend(unseeded(name, &text));
    }
    for name in with_unsafe.iter().filter(|name| !UNSAFE_FILES.contains(name)) {
        complaints.push(format!("{name}: unsafe code outside the list in `xtask/src/tidy.rs`"));
    }
    for name in UNSAFE_FILES.iter().filter(|name| !with_unsafe.contains(name)) {
        complaints
            .push(format!("{name}: no unsafe code any more; take it off the list in `xtask/src/tidy.rs`"));
    }
    if complaints.is_empty() {
        eprintln!("tidy: {count} text files, nothing to complain about");
        return Ok(());
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    Err(format!("tidy: {} complaints", complaints.len()).into())
}

/// Files that are or would be committed; `.gitignore` is honoured.
pub(crate) fn tracked_files(root: &Path) -> Result<Vec<String>> {
    let mut list = command("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    Ok(capture(&mut list)?.split_terminator('\0').map(str::to_owned).collect())
}

/// The text of a file; nothing for what is binary, or deleted and not yet committed.
fn text(path: &Path) -> Option<String> {
    String::from_utf8(fs::read(path).ok()?).ok()
}

fn has_unsafe(name: &str, text: &str) -> bool {
    let dense: String = text.split_whitespace().collect();
    let lifts = |lint: &str| dense.contains(&format!("{lint}({}", "unsafe_code"));
    name.ends_with(".rs") && (lifts("expect") || lifts("allow"))
}

fn complaints_about(name: &str, text: &str) -> Vec<String> {
    let is_lock = name.ends_with(".lock") || name.ends_with("requirements.txt");
    let mut complaints = Vec::new();
    if name.ends_with("-lock.json") {
        let hosts = hosts_in_npm_lock(text).into_iter();
        complaints.extend(hosts.map(|host| format!("{name}: a lock file names a host: {host}")));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let mut complain = |what: &str| complaints.push(format!("{name}:{number}: {what}: {}", line.trim()));
        if is_lock && names_a_host(line) {
            complain("a lock file names a host");
        }
        if MACHINE_FOLDERS.iter().any(|folder| names_folder(line, folder)) {
            complain("a folder of one machine");
        }
        if UNFINISHED.iter().any(|mark| names_word(line, mark)) {
            complain("unfinished work");
        }
    }
    complaints
}

fn names_a_host(line: &str) -> bool {
    let options = ["--index-url", "--extra-index-url", "--find-links", "--trusted-host"];
    let is_url = line.contains("://") && line.trim() != CRATES_IO;
    is_url || options.iter().any(|option| line.trim_start().starts_with(option))
}

/// Addresses in a lock file of npm, other than links to sponsors. `npm install` leaves out registries if it
/// is run with `--omit-lockfile-registry-resolved`.
fn hosts_in_npm_lock(text: &str) -> Vec<String> {
    fn collect(value: &Value, hosts: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains("://") => hosts.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, hosts)),
            Value::Object(members) => {
                let taken = members.iter().filter(|(key, _)| *key != "funding");
                taken.for_each(|(_, value)| collect(value, hosts));
            }
            _ => {}
        }
    }
    let mut hosts = Vec::new();
    match serde_json::from_str(text) {
        Ok(lock) => collect(&lock, &mut hosts),
        Err(error) => hosts.push(format!("unknown, since the file is not JSON: {error}")),
    }
    hosts
}

/// Whether the absolute path occurs, and not the end of another path such as `target/…`.
fn names_folder(line: &str, folder: &str) -> bool {
    let starts_path =
        |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || "_-.~}]>)/".contains(c));
    line.match_indices(folder).any(|(at, _)| starts_path(&line[..at]))
}

fn names_word(line: &str, word: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let is_open = word.ends_with('(');
        !line[..at].ends_with(is_inside) && (is_open || !line[at + word.len()..].starts_with(is_inside))
    })
}

/// Crates that must not depend on each other, as `cargo tree` sees them with every feature on.
fn dependency_walls(workspace: &Workspace) -> Result<Vec<String>> {
    let tree = |arguments: &[&str]| -> Result<Vec<String>> {
        let mut tree = cargo("tree");
        tree.args(["--all-features", "--prefix=none", "--format={p}"]).args(arguments);
        let names = capture(tree.current_dir(&workspace.root))?;
        Ok(names.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
    };
    let direct = tree(&["--package=plugin-abi", "--edges=normal", "--depth=1"])?;
    let too_much = direct
        .iter()
        .filter(|name| *name != "plugin-abi" && !PLUGIN_ABI_MAY_USE.contains(&name.as_str()))
        .map(|name| format!("`plugin-abi` must stay small: it may not depend on `{name}`"));
    let mut known = Vec::new();
    for package in ["auth", "flyte-client", "sandbox"] {
        let below = tree(&["--package", package, "--edges=normal,build"])?;
        let met = CLIENT_KNOWS_NOT.iter().filter(|name| below.iter().any(|below| below == *name));
        known.extend(
            met.map(|name| format!("`{package}` knows nothing of plugins: it may not depend on `{name}`")),
        );
    }
    let below_client = tree(&["--package=plugin-client", "--edges=normal"])?;
    let carried = PLUGIN_CLIENT_KNOWS_NOT
        .iter()
        .filter(|name| below_client.iter().any(|below| below == *name))
        .map(|name| format!("`plugin-client` goes through the host: it may not depend on `{name}`"));
    let below_loader = tree(&["--package=plugin-host", "--edges=normal"])?;
    let brought = PLUGIN_HOST_KNOWS_NOT
        .iter()
        .filter(|name| below_loader.iter().any(|below| below == *name))
        .map(|name| format!("`plugin-host` is for any program: it may not depend on `{name}`"));
    Ok(too_much.chain(known).chain(carried).chain(brought).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        check(&Workspace::find().unwrap()).unwrap();
    }

    #[test]
    fn lock_files_name_no_host_but_the_crates_index() {
        assert!(!names_a_host(CRATES_IO));
        assert!(names_a_host("source = \"registry+https://example.com/index\""));
        assert!(names_a_host("--index-url https://example.com/simple"));
        assert!(!names_a_host("    --hash=sha256:00"));
    }

    #[test]
    fn lock_files_of_npm_name_no_host_but_those_of_sponsors() {
        let package = |members: &str| format!(r#"{{"packages": {{"node_modules/a": {{{members}}}}}}}"#);
        let sponsors =
            r#""funding": [{"type": "x", "url": "https://example.com"}], "integrity": "sha512-//8""#;
        assert!(hosts_in_npm_lock(&package(sponsors)).is_empty());
        let resolved = package(r#""resolved": "https://registry.example.com/a.tgz""#);
        assert_eq!(hosts_in_npm_lock(&resolved), ["https://registry.example.com/a.tgz"]);
        assert_eq!(hosts_in_npm_lock("{").len(), 1);
    }

    #[test]
    fn ends_of_other_paths_are_not_folders_of_a_machine() {
        let [folder, _] = MACHINE_FOLDERS;
        assert!(names_folder(&format!("see {folder}main"), folder));
        assert!(names_folder(&format!("\"{folder}main\""), folder));
        assert!(!names_folder(&format!("target{folder}main"), folder));
        assert!(!names_folder(&format!("$HOME{folder}main"), folder));
        assert!(!names_folder(&format!("[HOME]{folder}main"), folder));
    }

    #[test]
    fn marks_are_words() {
        let [mark, ..] = UNFINISHED;
        assert!(names_word(&format!("// {mark}: later"), mark));
        assert!(!names_word(&format!("{mark}S"), mark));
    }

    #[test]
    fn unsafe_is_found_across_lines() {
        assert!(has_unsafe("a.rs", concat!("#![expect(\n    unsafe", "_code,\n    reason = \"…\"\n)]")));
        assert!(!has_unsafe("a.rs", "#![forbid(unsafe_code)]"));
        assert!(!has_unsafe("a.md", concat!("#![expect(unsafe", "_code)]")));
    }
}
