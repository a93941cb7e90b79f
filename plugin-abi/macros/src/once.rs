//! A library exports one plugin: its symbols have fixed names.

use std::{
    env,
    path::Path,
    sync::{Mutex, PoisonError},
};

use quote::ToTokens as _;

/// Programs that expand the macros of one crate in one process. Others, such as editors, expand those of many
/// crates, and the same attribute again and again.
const COMPILERS: [&str; 3] = ["clippy-driver", "rustc", "rustdoc"];

/// The plugin that this crate exports, as far as it was expanded.
static EXPORTED: Mutex<Option<String>> = Mutex::new(None);

/// Refuses the second plugin of a crate.
pub(crate) fn check(plugin: &syn::Type) -> syn::Result<()> {
    if !is_compiler() {
        return Ok(());
    }
    let name = plugin.to_token_stream().to_string();
    let mut exported = EXPORTED.lock().unwrap_or_else(PoisonError::into_inner);
    match exported.replace(name) {
        None => Ok(()),
        Some(before) => {
            let message = format!(
                "a library can export only one plugin, and this one exports `{before}`: put the other into a \
                 crate of its own, or use `export(in_process)` in tests"
            );
            Err(syn::Error::new_spanned(plugin, message))
        }
    }
}

fn is_compiler() -> bool {
    let program = env::current_exe().unwrap_or_default();
    let name = program.file_stem().map(Path::new).and_then(Path::to_str);
    name.is_some_and(|name| COMPILERS.contains(&name))
}
