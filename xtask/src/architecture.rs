//! ARCHITECTURE.md as a map: each path in it exists, and each large source file is named, or the folder it is
//! in.

use std::collections::BTreeSet;
use std::fs;

use crate::Result;
use crate::tidy::tracked_files;
use crate::workspace::Workspace;

/// Whether a gap is an error. Set it to `true` once `cargo xtask map` prints none.
const ENFORCED: bool = true;

/// Source files with more lines than this are named on the map.
const LARGE: usize = 150;

/// The gaps, if they are errors; else prints how many there are.
pub(crate) fn complaints(workspace: &Workspace, files: &[String]) -> Result<Vec<String>> {
    let gaps = gaps(workspace, files)?;
    if ENFORCED {
        return Ok(gaps);
    }
    let advice = if gaps.is_empty() { "set `ENFORCED`" } else { "see `cargo xtask map`" };
    eprintln!("tidy: {} gaps in ARCHITECTURE.md ({advice})", gaps.len());
    Ok(Vec::new())
}

/// Prints every gap.
pub(crate) fn print_gaps(workspace: &Workspace) -> Result {
    gaps(workspace, &tracked_files(&workspace.root)?)?.iter().for_each(|gap| println!("{gap}"));
    Ok(())
}

fn gaps(workspace: &Workspace, files: &[String]) -> Result<Vec<String>> {
    let named = named_paths(&fs::read_to_string(workspace.path("ARCHITECTURE.md"))?);
    let lines =
        |name: &String| fs::read_to_string(workspace.path(name)).map_or(0, |text| text.lines().count());
    let files: Vec<_> = files.iter().filter(|name| workspace.path(name).exists()).collect();
    let missing = named.iter().filter(|path| !files.iter().any(|file| leads_to(path, file)));
    let mut gaps: Vec<_> =
        missing.map(|path| format!("ARCHITECTURE.md names `{path}`, which does not exist")).collect();
    let large = files.iter().filter(|name| is_source(name) && lines(name) > LARGE);
    let unnamed = large.filter(|name| !named.iter().any(|path| covers(path, name)));
    gaps.extend(unnamed.map(|name| format!("{name}: over {LARGE} lines, and not named in ARCHITECTURE.md")));
    Ok(gaps)
}

/// Sources of the crates that the map describes: neither tests nor `xtask`.
fn is_source(name: &str) -> bool {
    let is_test = name.contains("/tests/") || name.ends_with("tests.rs");
    name.ends_with(".rs")
        && name.contains("src/")
        && !is_test
        && !["tests/", "xtask/"].iter().any(|folder| name.starts_with(folder))
}

/// The paths in code spans: files with an ending that is a source's, and folders that end with `/` or go
/// below `src`.
fn named_paths(text: &str) -> BTreeSet<String> {
    let spans = text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let paths = spans.filter(|span| {
        let is_path = !span.starts_with('.')
            && span.chars().all(|c| c.is_ascii_alphanumeric() || "_-./{},*".contains(c));
        let is_file = [".rs", ".md", ".toml", ".txt", ".proto"].iter().any(|ending| span.ends_with(ending));
        is_path && (is_file || span.ends_with('/') || span.contains("src/"))
    });
    paths.filter(|span| !OF_USERS.contains(span)).flat_map(expand).collect()
}

/// Files of a user's machine, which are not in the repository.
const OF_USERS: [&str; 3] = ["host.toml", "config.yaml", "exit.txt"];

/// `a/{b,c}.rs` is two paths.
fn expand(path: &str) -> Vec<String> {
    let parts = path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (names, after))) = parts else { return vec![path.to_owned()] };
    names.split(',').map(|name| format!("{before}{name}{after}")).collect()
}

/// Whether a path of the map, which may leave out its first folders, leads to a file or to a folder above it.
fn leads_to(path: &str, file: &str) -> bool {
    let (file, path) = (format!("/{file}"), path.trim_end_matches('/'));
    if let Some((before, after)) = path.split_once('*') {
        return file.contains(&format!("/{before}")) && file.ends_with(after);
    }
    file.ends_with(&format!("/{path}")) || file.contains(&format!("/{path}/"))
}

/// Whether a path of the map names a file, or the folder that it is in.
fn covers(path: &str, file: &str) -> bool {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_folder = !path.ends_with(".rs") && leads_to(path, &format!("{folder}/x"));
    let names_folder = format!("/{folder}").ends_with(&format!("/{}", path.trim_end_matches('/')));
    (path.ends_with(".rs") && leads_to(path, file)) || (is_folder && names_folder && !folder.ends_with("src"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_from_code_spans() {
        let text = "see `a/b.rs`, `c/`, `d::e` and `f/{g,h}.rs`\n```\n`x.rs`\n```\n";
        let named: Vec<_> = named_paths(text).into_iter().collect();
        assert_eq!(named, ["a/b.rs", "c/", "f/g.rs", "f/h.rs"]);
    }

    #[test]
    fn a_path_may_leave_out_its_first_folders() {
        assert!(leads_to("b/c.rs", "a/src/b/c.rs"));
        assert!(leads_to("b/", "a/src/b/c.rs"));
        assert!(leads_to("tests/*_flytekit.rs", "a/tests/cache_flytekit.rs"));
        assert!(!leads_to("c/", "a/src/b/c.rs"));
    }

    #[test]
    fn a_file_is_on_the_map_by_its_own_name_or_by_its_folders() {
        assert!(covers("c.rs", "a/src/b/c.rs"));
        assert!(covers("b/", "a/src/b/c.rs"));
        assert!(!covers("b/", "a/src/b/d/c.rs"));
        assert!(!covers("a/src", "a/src/c.rs"));
    }
}
