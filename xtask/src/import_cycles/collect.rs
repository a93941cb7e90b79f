//! What the syntax of an item names: its `use` declarations, and the paths in its code.

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// One name of a `use` declaration; no name for `*`.
pub(super) struct Use {
    pub(super) name: Option<String>,
    pub(super) path: Vec<String>,
    pub(super) is_public: bool,
}

/// What the items of one module use.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) uses: Vec<Use>,
    pub(super) paths: Vec<Vec<String>>,
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

/// Whether an item is compiled for tests only.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
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

pub(super) fn name_of_item(item: &Item) -> Option<String> {
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
