//! The options in the brackets of the attribute.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{
    Expr, ExprLit, Lit, LitStr, Token,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
};

use crate::name;

const EXPECTED: &str = "expected `name = \"…\"` or `in_process`";

/// `name = "acme"`, `in_process`.
#[derive(Default)]
pub(crate) struct ExportOptions {
    name: Option<LitStr>,
    pub(crate) in_process: bool,
}

impl ExportOptions {
    /// The plugin's name as an expression: the option, or the name of the package.
    pub(crate) fn name(&self) -> syn::Result<Tokens> {
        if let Some(literal) = &self.name {
            name::check(&literal.value()).map_err(|reason| syn::Error::new(literal.span(), reason))?;
            return Ok(quote!(#literal));
        }
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
        let checked = if package.is_empty() { Ok(()) } else { name::check(&package) };
        checked.map_err(|reason| {
            let message = format!("{reason}; this one is that of the package: add `name = \"…\"`");
            syn::Error::new(proc_macro2::Span::call_site(), message)
        })?;
        Ok(quote!(::core::env!("CARGO_PKG_NAME")))
    }
}

impl Parse for ExportOptions {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let key =
                input.call(syn::Ident::parse_any).map_err(|error| syn::Error::new(error.span(), EXPECTED))?;
            if key == "name" {
                let value = parse_name(&key, input)?;
                if options.name.replace(value).is_some() {
                    return Err(syn::Error::new(key.span(), "`name` is given twice"));
                }
            } else if key == "in_process" {
                if input.peek(Token![=]) {
                    return Err(syn::Error::new(key.span(), "`in_process` takes no value"));
                }
                options.in_process = true;
            } else {
                return Err(syn::Error::new(key.span(), EXPECTED));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

/// The rest of `name = "acme"`.
fn parse_name(key: &syn::Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let expected = "expected a string literal: `name = \"acme\"`";
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(key.span(), expected));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() {
        return Err(syn::Error::new(key.span(), expected));
    }
    match input.parse::<Expr>()? {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Ok(name),
        other => Err(syn::Error::new_spanned(other, expected)),
    }
}
