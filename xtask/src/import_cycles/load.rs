//! The modules of a crate, with what each defines, binds and uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::Item;
use syn::visit::Visit as _;

use super::collect::{Collector, Use, is_test, name_of_item};
use crate::Result;

#[derive(Default)]
pub(super) struct Crate {
    pub(super) files: Vec<SourceFile>,
    pub(super) modules: Vec<Module>,
}

pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A module: of a file of its own, or inline within one.
pub(super) struct Module {
    pub(super) file: usize,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// Names of the items that are defined here.
    pub(super) items: BTreeSet<String>,
    /// What `use` declarations bind here: the name, and the path.
    pub(super) bindings: BTreeMap<String, Vec<String>>,
    /// Names that are bound by `pub use`, which imports nothing by itself when it is of a child.
    pub(super) reexports: BTreeSet<String>,
    /// Paths of `use …::*`, and whether it is `pub use`.
    pub(super) globs: Vec<(Vec<String>, bool)>,
    /// Paths that the code uses: of `use` declarations, types, expressions and macros.
    pub(super) paths: Vec<Vec<String>>,
}

impl Crate {
    /// Loads a file with the modules below it; `folder` is where the files of its children are.
    pub(super) fn load(&mut self, path: &Path, folder: &Path, parent: Option<usize>) -> Result<usize> {
        let text = fs::read_to_string(path).map_err(|error| format!("read `{}`: {error}", path.display()))?;
        let parsed =
            syn::parse_file(&text).map_err(|error| format!("parse `{}`: {error}", path.display()))?;
        self.files.push(SourceFile { path: path.to_owned(), text });
        self.add_module(self.files.len() - 1, folder, parent, parsed.items)
    }

    fn add_module(
        &mut self,
        file: usize,
        folder: &Path,
        parent: Option<usize>,
        items: Vec<Item>,
    ) -> Result<usize> {
        let own = self.modules.len();
        self.modules.push(Module::new(file, parent));
        let mut collector = Collector::default();
        for item in items {
            match item {
                Item::Mod(module) if is_test(&module.attrs) => {}
                Item::Mod(module) => {
                    let name = module.ident.to_string();
                    let below = folder.join(&name);
                    let child = match module.content {
                        Some((_, items)) => self.add_module(file, &below, Some(own), items)?,
                        None => self.load(&file_of_child(folder, &name), &below, Some(own))?,
                    };
                    self.modules[own].children.insert(name, child);
                }
                item => {
                    self.modules[own].items.extend(name_of_item(&item));
                    collector.visit_item(&item);
                }
            }
        }
        self.modules[own].add_uses(collector.uses);
        self.modules[own].paths = collector.paths;
        Ok(own)
    }
}

impl Module {
    fn new(file: usize, parent: Option<usize>) -> Self {
        Self {
            file,
            parent,
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            bindings: BTreeMap::new(),
            reexports: BTreeSet::new(),
            globs: Vec::new(),
            paths: Vec::new(),
        }
    }

    fn add_uses(&mut self, uses: Vec<Use>) {
        for Use { name, mut path, is_public } in uses {
            if path.first().is_some_and(|first| self.children.contains_key(first)) {
                path.insert(0, "self".to_owned());
            }
            let Some(name) = name else {
                self.globs.push((path, is_public));
                continue;
            };
            if is_public {
                self.reexports.insert(name.clone());
            }
            self.bindings.insert(name, path);
        }
    }
}

fn file_of_child(folder: &Path, name: &str) -> PathBuf {
    let flat = folder.join(format!("{name}.rs"));
    if flat.exists() { flat } else { folder.join(name).join("mod.rs") }
}
