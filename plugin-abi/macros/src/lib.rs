//! The export attribute of `plugin-abi`. Use it as `plugin_abi::export`; its documentation is there.

mod block;
mod name;
mod once;
mod options;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{ItemImpl, parse_macro_input};

use crate::{block::PluginBlock, options::ExportOptions};

/// See `plugin_abi::export`.
#[proc_macro_attribute]
pub fn export(options: TokenStream, item: TokenStream) -> TokenStream {
    let original = Tokens::from(item.clone());
    let item = parse_macro_input!(item as syn::Item);
    match block::impl_block(item) {
        Ok(block) => expand(options.into(), block).into(),
        // The item stays, so that what uses it causes no errors of its own.
        Err(error) => join(&[error], &original).into(),
    }
}

fn expand(options: Tokens, block: ItemImpl) -> Tokens {
    let mut errors = Vec::new();
    let options = syn::parse2::<ExportOptions>(options).unwrap_or_else(|error| {
        errors.push(error);
        ExportOptions::default()
    });
    let name = options.name();
    let PluginBlock { block, hooks, errors: in_block } = PluginBlock::new(block);
    let plugin = &block.self_ty;
    if errors.is_empty() {
        errors.extend(name.as_ref().err().cloned());
        errors.extend(in_block);
    }
    if errors.is_empty() && !options.in_process {
        errors.extend(once::check(plugin).err());
    }
    let name = name.unwrap_or_else(|_| quote!("invalid"));
    // After an error the plugin still has its passport, so that its tests cause no errors of their own.
    let mode = if options.in_process || !errors.is_empty() { quote!(in_process) } else { quote!(symbols) };
    let item = quote! {
        #block
        ::plugin_abi::__export!(#mode #plugin, #name, [#(#hooks)*]);
    };
    join(&errors, &item)
}

fn join(errors: &[syn::Error], item: &Tokens) -> Tokens {
    let errors = errors.iter().map(syn::Error::to_compile_error);
    quote!(#(#errors)* #item)
}
