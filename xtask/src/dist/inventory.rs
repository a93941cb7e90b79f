//! What the wheel contains besides this repository: its crates with their licences, as texts for people and
//! as a CycloneDX list for programs. maturin lists the crates of the Python package itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Result;
use crate::command::{capture, cargo};
use crate::workspace::Workspace;

/// Files with the terms of a crate begin with one of these words, in any case.
const TERMS: [&str; 6] = ["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// A crate of a registry.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Crate {
    name: String,
    version: String,
    /// As its author declares it: an SPDX expression, if it has one.
    licence: Option<String>,
    folder: PathBuf,
}

/// The crates that are linked into packages of this workspace.
pub(super) struct Inventory(Vec<Crate>);

impl Inventory {
    /// Asks Cargo what is linked into `packages` for `target`. Macros and build scripts are not.
    pub(super) fn collect(workspace: &Workspace, packages: &[&str], target: &str) -> Result<Self> {
        let mut tree = cargo("tree");
        tree.args(["--target", target, "--edges", "normal,no-proc-macro", "--prefix", "none"]);
        tree.args(["--format", "{p}"]);
        for package in packages {
            tree.args(["--package", package]);
        }
        let linked = capture(tree.current_dir(&workspace.root))?;
        let linked: BTreeSet<(&str, &str)> = linked.lines().filter_map(name_and_version).collect();
        let mut metadata = cargo("metadata");
        metadata.args(["--format-version=1", "--filter-platform", target]);
        let metadata: Value = serde_json::from_str(&capture(metadata.current_dir(&workspace.root))?)?;
        let packages = metadata["packages"].as_array().ok_or("`cargo metadata` names no packages")?;
        let foreign = packages.iter().filter(|package| package["source"].is_string());
        let mut crates: Vec<Crate> = foreign.filter_map(Crate::read).collect();
        crates.retain(|each| linked.contains(&(each.name.as_str(), each.version.as_str())));
        crates.sort();
        if crates.is_empty() {
            return Err("`cargo tree` names no crate of a registry".into());
        }
        Ok(Self(crates))
    }

    /// The terms of all crates; each text once, below the crates that have it.
    pub(super) fn terms(&self) -> Result<String> {
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut without = Vec::new();
        for each in &self.0 {
            let heading = each.heading();
            let found = each.terms()?;
            if found.is_empty() {
                without.push(heading.clone());
            }
            for text in found {
                texts.entry(text).or_default().push(heading.clone());
            }
        }
        let mut all = "flyte-host contains the following libraries under their own terms.\n".to_owned();
        if !without.is_empty() {
            all.push_str("\nTheir packages name the terms, and have no text:\n\n");
            without.iter().for_each(|heading| all.push_str(&format!("- {heading}\n")));
        }
        let mut sections: Vec<_> = texts.into_iter().map(|(text, headings)| (headings, text)).collect();
        sections.sort();
        for (headings, text) in sections {
            let line = "=".repeat(80);
            all.push_str(&format!("\n{line}\n{}\n{line}\n\n{text}\n", headings.join("\n")));
        }
        Ok(all)
    }

    /// The crates as CycloneDX 1.5, without a time or a random number, so that equal builds are equal files.
    pub(super) fn bill_of_materials(&self, program: &str, version: &str) -> Value {
        let component = |each: &Crate| {
            let url = format!("pkg:cargo/{}@{}", each.name, each.version);
            let mut component = json!({
                "type": "library",
                "bom-ref": url,
                "name": each.name,
                "version": each.version,
                "purl": url,
            });
            if let Some(licence) = &each.licence {
                component["licenses"] = json!([{ "expression": licence }]);
            }
            component
        };
        json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {
                "component": { "type": "application", "name": program, "version": version },
            },
            "components": self.0.iter().map(component).collect::<Vec<_>>(),
        })
    }
}

impl Crate {
    fn read(package: &Value) -> Option<Self> {
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let folder = Path::new(package["manifest_path"].as_str()?).parent()?.to_owned();
        // A slash between two licences is the old way to write `OR`.
        let licence = text("license").map(|licence| licence.replace('/', " OR ").replace("  ", " "));
        Some(Self { name: text("name")?, version: text("version")?, licence, folder })
    }

    fn heading(&self) -> String {
        let licence = self.licence.as_deref().unwrap_or("no licence is declared");
        format!("{} {} ({licence})", self.name, self.version)
    }

    /// The texts of its files with terms.
    fn terms(&self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
            if entry.file_type()?.is_file() && TERMS.iter().any(|word| name.starts_with(word)) {
                files.push(entry.path());
            }
        }
        files.sort();
        let text = |path: PathBuf| -> Result<String> {
            let text = fs::read(&path)?;
            let text = String::from_utf8_lossy(&text).replace("\r\n", "\n");
            Ok(text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned())
        };
        files.into_iter().map(text).collect()
    }
}

/// `serde v1.0.200` or `sandbox v0.1.0 (/path)`, with a mark behind those that were listed before.
fn name_and_version(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(' ')?;
    Some((name, rest.split(' ').next()?.strip_prefix('v')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(folder: &Path) -> Crate {
        let licence = Some("MIT OR Apache-2.0".to_owned());
        Crate { name: "one".to_owned(), version: "1.2.3".to_owned(), licence, folder: folder.to_owned() }
    }

    #[test]
    fn lines_of_the_tree_are_read() {
        assert_eq!(name_and_version("serde v1.0.200"), Some(("serde", "1.0.200")));
        assert_eq!(name_and_version("sandbox v0.1.0 (/a b/sandbox) (*)"), Some(("sandbox", "0.1.0")));
        assert_eq!(name_and_version(""), None);
    }

    #[test]
    fn equal_terms_are_there_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("LICENSE-MIT"), "Permission is granted.\r\n").unwrap();
        fs::write(folder.path().join("lib.rs"), "code").unwrap();
        let other = Crate { name: "two".to_owned(), ..example(folder.path()) };
        let terms = Inventory(vec![example(folder.path()), other]).terms().unwrap();
        assert_eq!(terms.matches("Permission is granted.").count(), 1);
        assert!(terms.contains("one 1.2.3 (MIT OR Apache-2.0)\ntwo 1.2.3 (MIT OR Apache-2.0)\n"), "{terms}");
        assert!(!terms.contains("code"), "{terms}");
    }

    #[test]
    fn crates_without_a_text_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let terms = Inventory(vec![example(folder.path())]).terms().unwrap();
        assert!(terms.contains("- one 1.2.3 (MIT OR Apache-2.0)\n"), "{terms}");
    }
}
