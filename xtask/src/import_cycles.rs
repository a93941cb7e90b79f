//! Cycles of imports among the source files of a crate: `cargo xtask cycles` lists them, `cargo xtask tidy`
//! refuses them in the crates of [`WITHOUT_CYCLES`].
//!
//! A file imports another when a `use` or a path in its code resolves to an item or module of the other.
//! Re-exports are followed to the file that defines the item. `mod child;` and `pub use` of a child import
//! nothing by themselves, so a parent that only declares and re-exports its children is never part of a
//! cycle. Code under `#[cfg(test)]` is left out. Methods and fields are not resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use crate::Result;
use crate::workspace::Workspace;

/// Crates that are checked; a crate that does not exist is skipped.
const CRATES: [&str; 7] =
    ["auth", "flyte-client", "flyte-text", "host", "plugin-client", "plugin-host", "sandbox"];

/// Crates in which a cycle is an error. Add a crate here once `cargo xtask cycles` lists none in it.
const WITHOUT_CYCLES: &[&str] =
    &["auth", "flyte-client", "flyte-text", "host", "plugin-client", "plugin-host"];

/// Files that import each other, with every import among them.
struct Cycle {
    files: BTreeSet<PathBuf>,
    imports: Vec<String>,
}

/// One complaint for each cycle in the crates of [`WITHOUT_CYCLES`]; prints the number of cycles in the
/// others.
pub(crate) fn complaints(workspace: &Workspace) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (name, cycles) in all_cycles(workspace)? {
        if WITHOUT_CYCLES.contains(&name) {
            complaints.extend(cycles.iter().map(render));
        } else if !cycles.is_empty() {
            eprintln!("tidy: {name}: {} (see `cargo xtask cycles`)", count(&cycles));
        } else {
            eprintln!("tidy: {name}: no import cycles; add it to `WITHOUT_CYCLES`");
        }
    }
    Ok(complaints)
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
    let crates = CRATES.into_iter().filter(|name| workspace.path(name).join("src/lib.rs").exists());
    crates.map(|name| Ok((name, find_cycles(&workspace.root, &workspace.path(name).join("src"))?))).collect()
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
    let components = components(krate.files.len(), &imports);
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

/// Imports by the importing and the imported file, each with the path that makes it.
type Imports = BTreeMap<(usize, usize), Vec<String>>;

#[derive(Default)]
struct Crate {
    files: Vec<SourceFile>,
    modules: Vec<Module>,
}

struct SourceFile {
    path: PathBuf,
    text: String,
}

/// A module: of a file of its own, or inline within one.
struct Module {
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// Names of the items that are defined here.
    items: BTreeSet<String>,
    /// What `use` declarations bind here: the name, and the path.
    bindings: BTreeMap<String, Vec<String>>,
    /// Names that are bound by `pub use`, which imports nothing by itself when it is of a child.
    reexports: BTreeSet<String>,
    /// Paths of `use …::*`, and whether it is `pub use`.
    globs: Vec<(Vec<String>, bool)>,
    /// Paths that the code uses: of `use` declarations, types, expressions and macros.
    paths: Vec<Vec<String>>,
}

impl Crate {
    /// Loads a file with the modules below it; `folder` is where the files of its children are.
    fn load(&mut self, path: &Path, folder: &Path, parent: Option<usize>) -> Result<usize> {
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

    fn imports(&self) -> Imports {
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

/// One name of a `use` declaration; no name for `*`.
struct Use {
    name: Option<String>,
    path: Vec<String>,
    is_public: bool,
}

/// What the items of one module use.
#[derive(Default)]
struct Collector {
    uses: Vec<Use>,
    paths: Vec<Vec<String>>,
    /// How many functions and blocks are around: their `use` declarations bind nothing in the module.
    depth: usize,
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.depth += 1;
        visit::visit_block(self, block);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        let mut uses = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut |name, path| uses.push(Use { name, path, is_public }));
        if self.depth > 0 {
            self.paths.extend(uses.into_iter().map(|found| found.path));
        } else {
            self.uses.extend(uses);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_some() {
            return; // of another crate
        }
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        paths_in_tokens(&call.tokens.to_string(), &mut self.paths);
    }

    fn visit_attribute(&mut self, _attribute: &'ast Attribute) {}

    /// `pub(crate)` is a path to `syn`.
    fn visit_visibility(&mut self, _visibility: &'ast syn::Visibility) {}
}

/// Paths of at least two names in the tokens of a macro call, as `to_string` writes them.
fn paths_in_tokens(tokens: &str, paths: &mut Vec<Vec<String>>) {
    let spaced = tokens.replace("::", " :: ");
    let is_name = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut path: Vec<String> = Vec::new();
    let mut is_joined = false;
    let words = spaced.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
    for word in words.filter(|word| !word.is_empty()).chain([";"]) {
        if word == "::" {
            is_joined = !path.is_empty();
            continue;
        }
        if !is_joined && path.len() > 1 {
            paths.push(std::mem::take(&mut path));
        }
        if !is_joined {
            path.clear();
        }
        if is_name(word) {
            path.push(word.to_owned());
        }
        is_joined = false;
    }
}

/// Calls `found` with the name and the path of every leaf of a `use` tree.
fn flatten(tree: &UseTree, before: &mut Vec<String>, found: &mut impl FnMut(Option<String>, Vec<String>)) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(leaf) if leaf.ident == "self" => found(before.last().cloned(), before.clone()),
        UseTree::Name(leaf) => {
            let name = leaf.ident.to_string();
            found(Some(name.clone()), [before.as_slice(), &[name]].concat());
        }
        UseTree::Rename(leaf) => {
            let path = [before.as_slice(), &[leaf.ident.to_string()]].concat();
            found(Some(leaf.rename.to_string()), path);
        }
        UseTree::Glob(_) => found(None, before.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, before, found)),
    }
}

fn file_of_child(folder: &Path, name: &str) -> PathBuf {
    let flat = folder.join(format!("{name}.rs"));
    if flat.exists() { flat } else { folder.join(name).join("mod.rs") }
}

/// Whether an item is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let tokens = list.tokens.to_string();
        let mut words = tokens.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        list.path.is_ident("cfg") && words.any(|word| word == "test") && !tokens.contains("not")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name_of_item(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
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

/// Strongly connected components of more than one file, by Tarjan's algorithm.
fn components(files: usize, imports: &Imports) -> Vec<BTreeSet<usize>> {
    let mut search = Search::new(files, imports);
    (0..files).for_each(|file| {
        if search.order[file].is_none() {
            search.visit(file);
        }
    });
    search.found
}

struct Search<'i> {
    imports: &'i Imports,
    /// When a file was first met.
    order: Vec<Option<usize>>,
    /// The earliest file that is reachable and still on the stack.
    low: Vec<usize>,
    stack: Vec<usize>,
    count: usize,
    found: Vec<BTreeSet<usize>>,
}

impl<'i> Search<'i> {
    fn new(files: usize, imports: &'i Imports) -> Self {
        let (order, low) = (vec![None; files], vec![0; files]);
        Self { imports, order, low, stack: Vec::new(), count: 0, found: Vec::new() }
    }

    fn visit(&mut self, file: usize) {
        self.order[file] = Some(self.count);
        self.low[file] = self.count;
        self.count += 1;
        self.stack.push(file);
        for to in self.imports.range((file, 0)..(file + 1, 0)).map(|((_, to), _)| *to) {
            match self.order[to] {
                None => {
                    self.visit(to);
                    self.low[file] = self.low[file].min(self.low[to]);
                }
                Some(order) if self.stack.contains(&to) => self.low[file] = self.low[file].min(order),
                Some(_) => {}
            }
        }
        if Some(self.low[file]) == self.order[file] {
            let start = self.stack.iter().rposition(|on| *on == file).unwrap_or(0);
            let component: BTreeSet<_> = self.stack.drain(start..).collect();
            if component.len() > 1 {
                self.found.push(component);
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
