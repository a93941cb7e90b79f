//! Cycles of imports among the source files of a crate: `cargo xtask cycles` lists them, `cargo xtask tidy`
//! refuses them.
//!
//! A file imports another when a `use` or a path in its code resolves to an item or module of the other.
//! Re-exports are followed to the file that defines the item. `mod child;` and `pub use` of a child import
//! nothing by themselves, so a parent that only declares and re-exports its children is never part of a
//! cycle. Code under `#[cfg(test)]` is left out. Methods and fields are not resolved.

mod collect;
mod load;
mod resolve;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use crate::Result;
use crate::workspace::Workspace;

use self::load::Crate;
use self::resolve::Imports;

/// Crates that are checked.
const CRATES: [&str; 10] = [
    "auth",
    "bridge",
    "flyte-client",
    "flyte-text",
    "host",
    "host-settings",
    "plugin-client",
    "plugin-host",
    "plugin-store",
    "sandbox",
];

/// Files that import each other, with every import among them.
struct Cycle {
    files: BTreeSet<PathBuf>,
    imports: Vec<String>,
}

/// One complaint for each cycle.
pub(crate) fn complaints(workspace: &Workspace) -> Result<Vec<String>> {
    Ok(all_cycles(workspace)?.iter().flat_map(|(_, cycles)| cycles).map(render).collect())
}

/// Prints every cycle of every crate.
pub(crate) fn print_cycles(workspace: &Workspace) -> Result {
    for (name, cycles) in all_cycles(workspace)? {
        println!("{name}: {}", count(&cycles));
        cycles.iter().for_each(|cycle| println!("{}\n", render(cycle)));
    }
    Ok(())
}

fn all_cycles(workspace: &Workspace) -> Result<Vec<(&'static str, Vec<Cycle>)>> {
    let find = |name| Ok((name, find_cycles(&workspace.root, &workspace.path(name).join("src"))?));
    CRATES.into_iter().map(find).collect()
}

fn count(cycles: &[Cycle]) -> String {
    let files: usize = cycles.iter().map(|cycle| cycle.files.len()).sum();
    format!("{} import cycles, {files} files", cycles.len())
}

fn render(cycle: &Cycle) -> String {
    format!("import cycle of {} files:\n  {}", cycle.files.len(), cycle.imports.join("\n  "))
}

/// The cycles among the files below `src`, named relative to `root`.
fn find_cycles(root: &Path, src: &Path) -> Result<Vec<Cycle>> {
    let mut krate = Crate::default();
    krate.load(&src.join("lib.rs"), src, None)?;
    let imports = krate.imports();
    let components = components(&imports);
    let name = |file: usize| krate.files[file].path.strip_prefix(root).unwrap_or(&krate.files[file].path);
    Ok(components
        .into_iter()
        .map(|component| Cycle {
            files: component.iter().map(|file| name(*file).to_owned()).collect(),
            imports: imports
                .iter()
                .filter(|((from, to), _)| component.contains(from) && component.contains(to))
                .map(|((from, to), path)| {
                    let (line, text) = locate(&krate.files[*from].text, path);
                    let (from, to) = (name(*from).display(), name(*to).display());
                    format!("{from}:{line} -> {to}: {text}")
                })
                .collect(),
        })
        .collect())
}

/// The number and the text of the line that has the most of an import's path: `syn` knows no lines without a
/// feature of `proc-macro2` that every macro of the workspace would have to be compiled with.
fn locate(text: &str, path: &[String]) -> (usize, String) {
    let lines = || (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"));
    let from = |start: usize| path[start..].join("::");
    let whole = (0..path.len()).find_map(|start| lines().find(|(_, line)| has_word(line, &from(start))));
    whole.map_or_else(|| (1, path.join("::")), |(number, line)| (number, line.trim().to_owned()))
}

fn has_word(line: &str, word: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_inside) && !line[at + word.len()..].starts_with(is_inside))
}

/// Files that import each other: strongly connected components of more than one file.
fn components(imports: &Imports) -> Vec<BTreeSet<usize>> {
    let graph = DiGraph::<(), (), usize>::from_edges(imports.keys());
    let components = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    components.map(|files| files.into_iter().map(|file| file.index()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The files of each cycle of a crate, and the imports among them.
    fn cycles(files: &[(&str, &str)]) -> Vec<(Vec<String>, Vec<String>)> {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = find_cycles(home.path(), home.path()).unwrap();
        let name = |path: &PathBuf| path.display().to_string();
        found.into_iter().map(|cycle| (cycle.files.iter().map(name).collect(), cycle.imports)).collect()
    }

    fn no_cycles(files: &[(&str, &str)]) {
        assert_eq!(cycles(files), []);
    }

    #[test]
    fn two_files_that_use_each_other() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            ("b.rs", "pub struct B;\nfn f() { let _ = super::a::A::new(); }"),
        ];
        let expected =
            ["a.rs:1 -> b.rs: use crate::b::B;", "b.rs:2 -> a.rs: fn f() { let _ = super::a::A::new(); }"];
        assert_eq!(
            cycles(&files),
            [(vec!["a.rs".to_owned(), "b.rs".to_owned()], expected.map(str::to_owned).to_vec())]
        );
    }

    #[test]
    fn a_parent_that_declares_and_reexports_imports_nothing() {
        no_cycles(&[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod child; pub use self::child::Child; pub struct A;"),
            ("a/child.rs", "use super::A; pub struct Child(A);"),
        ]);
    }

    #[test]
    fn a_parent_that_uses_what_it_reexports_imports_it() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod child; pub use self::child::Child; pub struct A; fn f(_: Child) {}"),
            ("a/child.rs", "use super::A; pub struct Child(A);"),
        ];
        assert_eq!(cycles(&files).len(), 1);
    }

    #[test]
    fn reexports_are_followed_to_the_file_that_defines_the_item() {
        no_cycles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "mod inner; pub use inner::*; use crate::b::B; fn f(_: B) {}"),
            ("a/inner.rs", "pub struct Inner;"),
            ("b.rs", "use crate::a::Inner; pub struct B(Inner);"),
        ]);
    }

    #[test]
    fn code_of_tests_is_left_out() {
        no_cycles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "#[cfg(test)] mod tests { use crate::b::B; } pub struct A;"),
            ("b.rs", "use crate::a::A; pub(crate) struct B(A);\n#[cfg(test)] mod tests;"),
        ]);
    }

    #[test]
    fn local_names_are_no_modules() {
        no_cycles(&[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod child; pub struct A; fn f() { let child = 1; g(child); }"),
            ("a/child.rs", "use super::A; pub fn f(_: A) {}"),
        ]);
    }

    #[test]
    fn paths_in_macros_and_groups_count() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            (
                "a.rs",
                "use crate::{b::B, c::{self as see, C}}; fn f(_: B, _: C, _: see::C) {} pub const A: u8 = 1;",
            ),
            ("b.rs", "pub struct B; fn f() { format!(\"{}\", crate::a::A); }"),
            ("c.rs", "pub struct C;"),
        ];
        let [(names, _)] = cycles(&files).try_into().unwrap();
        assert_eq!(names, ["a.rs", "b.rs"]);
    }
}
