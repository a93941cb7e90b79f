//! The export attribute of `plugin-abi`. Use it as `plugin_abi::export`; its documentation is there.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{
    Attribute, ImplItem, ItemImpl, LitStr, Token,
    parse::{Parse, ParseStream},
    parse_macro_input,
};

/// See `plugin_abi::export`.
#[proc_macro_attribute]
pub fn export(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Options);
    let block = parse_macro_input!(item as ItemImpl);
    expand(&options, &block).unwrap_or_else(|error| error.into_compile_error()).into()
}

/// `name = "acme"`, `in_process`.
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    in_process: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let key: syn::Ident = input.parse()?;
            if key == "name" {
                input.parse::<Token![=]>()?;
                options.name = Some(input.parse()?);
            } else if key == "in_process" {
                options.in_process = true;
            } else {
                return Err(syn::Error::new(key.span(), "expected `name = \"…\"` or `in_process`"));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

fn expand(options: &Options, block: &ItemImpl) -> syn::Result<Tokens> {
    let is_plugin = block
        .trait_
        .as_ref()
        .and_then(|(_, path, _)| path.segments.last())
        .is_some_and(|segment| segment.ident == "Plugin");
    if !is_plugin {
        return Err(syn::Error::new_spanned(&block.self_ty, "put `export` on an `impl Plugin for …` block"));
    }
    let hooks = block.items.iter().filter_map(hook).collect::<syn::Result<Vec<_>>>()?;
    let plugin = &block.self_ty;
    let name = match &options.name {
        Some(name) => quote!(#name),
        None => quote!(::core::env!("CARGO_PKG_NAME")),
    };
    let how = if options.in_process { quote!(in_process) } else { quote!(symbols) };
    Ok(quote! {
        #block
        ::plugin_abi::__export!(#how #plugin, #name, [#(#hooks)*]);
    })
}

/// The hook that an item of the block overrides, with the conditions under which it is compiled.
fn hook(item: &ImplItem) -> Option<syn::Result<Tokens>> {
    match item {
        ImplItem::Fn(method) if method.sig.ident == "create" => None,
        ImplItem::Fn(method) => {
            let (name, conditions) =
                (&method.sig.ident, method.attrs.iter().filter(|attr| is_condition(attr)));
            Some(Ok(quote!(#(#conditions)* #name)))
        }
        ImplItem::Macro(call) => Some(Err(syn::Error::new_spanned(
            call,
            "a macro here would hide hooks from the passport; write the methods out",
        ))),
        _ => None,
    }
}

fn is_condition(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}
