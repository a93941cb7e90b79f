//! Which file a path leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Crate;

/// Imports by the importing and the imported file, each with the path that makes it.
pub(super) type Imports = BTreeMap<(usize, usize), Vec<String>>;

impl Crate {
    pub(super) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (own, module) in self.modules.iter().enumerate() {
            let named = module.bindings.iter().map(|(name, path)| (path, module.reexports.contains(name)));
            let bound = named.chain(module.globs.iter().map(|(path, is_public)| (path, *is_public)));
            let bound = bound.filter(|(path, is_public)| !(*is_public && self.is_below(own, path)));
            for path in bound.map(|(path, _)| path).chain(&module.paths) {
                let Some(target) = self.resolve(own, path, &mut BTreeSet::new()) else { continue };
                let to = self.modules[target].file;
                if to != module.file {
                    imports.entry((module.file, to)).or_insert_with(|| path.clone());
                }
            }
        }
        imports
    }

    /// Whether the path leads to a module below this one, or to an item of one.
    fn is_below(&self, own: usize, path: &[String]) -> bool {
        let mut at = self.resolve(own, path, &mut BTreeSet::new());
        while let Some(module) = at.filter(|module| *module != own) {
            at = self.modules[module].parent;
        }
        at.is_some()
    }

    /// The module that a path names, or in which the item that it names is defined; nothing for other crates
    /// and for local names.
    fn resolve(&self, own: usize, path: &[String], seen: &mut BTreeSet<(usize, String)>) -> Option<usize> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => 0,
            "self" => own,
            "super" => self.modules[own].parent?,
            name => {
                let module = &self.modules[own];
                // A single name may be a local variable, so only what `use` binds counts.
                let known = module.bindings.contains_key(name)
                    || (!rest.is_empty() && module.children.contains_key(name));
                known.then_some(())?;
                rest = path;
                own
            }
        };
        while let Some((name, after)) = rest.split_first() {
            let module = &self.modules[at];
            rest = after;
            if name == "super" {
                at = module.parent?;
            } else if let Some(child) = module.children.get(name) {
                at = *child;
            } else if let Some(bound) = module.bindings.get(name) {
                if !seen.insert((at, name.clone())) {
                    return None;
                }
                let target = self.resolve(at, bound, seen)?;
                // An item ends the path: what follows are its variants and functions.
                if !self.is_module(at, bound, target) {
                    return Some(target);
                }
                at = target;
            } else if module.items.contains(name) {
                return Some(at);
            } else {
                return self.through_globs(at, name, rest, seen).or(Some(at));
            }
        }
        Some(at)
    }

    /// Whether a path that leads to `target` names the module itself, not an item of it.
    fn is_module(&self, own: usize, path: &[String], target: usize) -> bool {
        let Some((last, before)) = path.split_last() else { return false };
        let holds = |module: usize| self.modules[module].children.get(last) == Some(&target);
        let parent = match before {
            [] => Some(own),
            before => self.resolve(own, before, &mut BTreeSet::new()),
        };
        parent.is_some_and(holds) || ["crate", "self", "super"].contains(&last.as_str())
    }

    /// An item that a module has by `pub use …::*`.
    fn through_globs(
        &self,
        module: usize,
        name: &str,
        rest: &[String],
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<usize> {
        self.modules[module].globs.iter().find_map(|(glob, _)| {
            if !seen.insert((module, format!("{}::{name}", glob.join("::")))) {
                return None;
            }
            let target = self.resolve(module, glob, seen)?;
            let found = &self.modules[target];
            let has = found.items.contains(name)
                || found.children.contains_key(name)
                || found.bindings.contains_key(name);
            let path: Vec<_> =
                ["self", name].map(str::to_owned).into_iter().chain(rest.iter().cloned()).collect();
            has.then(|| self.resolve(target, &path, seen)).flatten()
        })
    }
}
