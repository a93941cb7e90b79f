//! The `impl` block under the attribute, and the hooks in it.

use proc_macro2::{Span, TokenStream as Tokens};
use quote::quote;
use syn::{Attribute, Error, Ident, ImplItem, Item, ItemImpl, Path, spanned::Spanned as _};

/// The hooks of the trait `Plugin`; `tests/attribute.rs` of `plugin-abi` compares them with it.
const HOOKS: [&str; 6] = [
    "get_remote",
    "configure_cli",
    "secret_requires_group",
    "get_default_image",
    "get_auth_success_html",
    "get_default_cache_policies",
];

/// The hook of the growth tests. It is in no protocol that ships, so no message names it.
const GROWTH_HOOK: &str = "get_greeting";

/// Names that flytekit or earlier versions have for a hook.
const RENAMED: [(&str, &str); 2] = [("configure_pyflyte_cli", "configure_cli"), ("new", "create")];

/// An `impl Plugin for …` block.
pub(crate) struct PluginBlock {
    /// The block without functions that the trait does not have.
    pub(crate) block: ItemImpl,
    /// The hooks that the block overrides, with the conditions under which they are compiled.
    pub(crate) hooks: Vec<Tokens>,
    pub(crate) errors: Vec<Error>,
}

impl PluginBlock {
    pub(crate) fn new(mut block: ItemImpl) -> Self {
        let mut errors = Vec::new();
        let mut hooks = Vec::new();
        let is_kept = |item: &ImplItem| match hook(item) {
            Ok(hook) => {
                hooks.extend(hook);
                true
            }
            Err(error) => {
                errors.push(error);
                false
            }
        };
        block.items.retain(is_kept);
        Self { block, hooks, errors }
    }
}

/// The block that the attribute is on.
pub(crate) fn impl_block(item: Item) -> syn::Result<ItemImpl> {
    let expected = |span: Span, what: &str| {
        Error::new(span, format!("`export` is on {what}: put it on the `impl Plugin for …` block"))
    };
    let block = match item {
        Item::Impl(block) => block,
        Item::Struct(item) => return Err(expected(item.ident.span(), "a struct")),
        Item::Enum(item) => return Err(expected(item.ident.span(), "an enum")),
        Item::Fn(item) => return Err(expected(item.sig.ident.span(), "a function")),
        Item::Mod(item) => return Err(expected(item.ident.span(), "a module")),
        Item::Trait(item) => return Err(expected(item.ident.span(), "a trait")),
        Item::Type(item) => return Err(expected(item.ident.span(), "a type alias")),
        other => return Err(expected(other.span(), "another item")),
    };
    match &block.trait_ {
        None => return Err(expected(block.self_ty.span(), "a block of the type's own functions")),
        Some((_, path, _)) if !is_plugin(path) => {
            return Err(expected(path.span(), "the block of another trait"));
        }
        Some(_) => {}
    }
    if let Some(parameter) = block.generics.params.first() {
        let message = "a plugin is one type, without parameters: replace them by types";
        return Err(Error::new(parameter.span(), message));
    }
    Ok(block)
}

fn is_plugin(path: &Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "Plugin")
}

/// The hook that an item of the block overrides.
fn hook(item: &ImplItem) -> syn::Result<Option<Tokens>> {
    match item {
        ImplItem::Fn(method) if method.sig.ident == "create" => Ok(None),
        ImplItem::Fn(method) => {
            let name = &method.sig.ident;
            check_hook(name)?;
            let conditions = method.attrs.iter().filter(|attribute| is_condition(attribute));
            Ok(Some(quote!(#(#conditions)* #name)))
        }
        ImplItem::Macro(call) => Err(Error::new_spanned(
            call,
            "a macro here would hide hooks from the passport; write the methods out",
        )),
        _ => Ok(None),
    }
}

fn check_hook(ident: &Ident) -> syn::Result<()> {
    let name = ident.to_string();
    if HOOKS.contains(&name.as_str()) || name == GROWTH_HOOK {
        return Ok(());
    }
    let reason = match meant(&name) {
        Some(hook) => format!("did you mean `{hook}`?"),
        None => {
            format!("the hooks are `{}`; move other functions to a block of their own", HOOKS.join("`, `"))
        }
    };
    Err(Error::new(ident.span(), format!("`Plugin` has no hook `{name}`: {reason}")))
}

/// The function that an author probably meant.
fn meant(name: &str) -> Option<&'static str> {
    let renamed = RENAMED.iter().find(|(old, _)| *old == name).map(|(_, hook)| *hook);
    let score = |hook: &str| {
        let short = hook.trim_start_matches("get_");
        strsim::jaro_winkler(name, hook).max(strsim::jaro_winkler(name, short))
    };
    renamed.or_else(|| {
        let scored = HOOKS.iter().chain(&["create"]).map(|hook| (score(hook), *hook));
        let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right));
        best.filter(|(score, _)| *score > 0.85).map(|(_, hook)| hook)
    })
}

fn is_condition(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}
