//! `cargo xtask c-header`: the C header of plugins, written from the Rust types and functions of `plugin-c`.
//!
//! Read are `interface.rs` (constants, structs, types of functions) and `functions.rs` (functions), whose
//! docs become comments. Numbers of the protocol come from `plugin-abi`.

use std::fs;

use syn::{Attribute, Expr, FnArg, GenericArgument, Item, Lit, Pat, PathArguments, ReturnType, Type};

use crate::Result;
use crate::workspace::Workspace;

const HEADER: &str = "plugin-abi/c/include/flyte_plugin.h";
const INTERFACE: &str = "plugin-abi/c/src/interface.rs";
const FUNCTIONS: &str = "plugin-abi/c/src/functions.rs";

/// Writes the header.
pub(crate) fn write(workspace: &Workspace) -> Result {
    Ok(fs::write(workspace.path(HEADER), generate(workspace)?)?)
}

/// The header as it should be.
fn generate(workspace: &Workspace) -> Result<String> {
    let parse = |path: &str| -> Result<syn::File> {
        Ok(syn::parse_file(&fs::read_to_string(workspace.path(path))?)?)
    };
    let (interface, functions) = (parse(INTERFACE)?, parse(FUNCTIONS)?);
    let protocol = fs::read_to_string(workspace.path("plugin-abi/Cargo.toml"))?;
    let protocol = protocol.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    // The crate's version is the protocol's.
    let protocol = protocol.ok_or("plugin-abi has no version")?;
    let (major, rest) = protocol.split_once('.').ok_or("plugin-abi has no minor version")?;
    let (minor, _) = rest.split_once('.').ok_or("plugin-abi has no patch version")?;
    let passport = parse("plugin-abi/src/passport.rs")?;
    let plugin_c = fs::read_to_string(workspace.path("plugin-abi/c/Cargo.toml"))?;
    let release = plugin_c.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let mut text = START
        .replace("@MAJOR@", major)
        .replace("@MINOR@", minor)
        .replace("@ABI_STABLE@", &constant(&passport, "ABI_STABLE")?)
        .replace("@RELEASE@", release.ok_or("plugin-c has no version")?);
    for item in &interface.items {
        if let Item::Const(item) = item {
            let comment = comment(&item.attrs);
            text += &format!("{comment}#define {} {}\n", item.ident, literal(&item.expr)?);
        }
    }
    text += "\n";
    let structs = interface.items.iter().filter_map(|item| match item {
        Item::Struct(item) if is_public(&item.vis) && !has_repr(&item.attrs, "transparent") => Some(item),
        _ => None,
    });
    for item in structs.clone() {
        let name = c_name(&item.ident.to_string());
        let comment = if has_repr(&item.attrs, "C") { String::new() } else { comment(&item.attrs) };
        text += &format!("{comment}typedef struct {name} {name};\n");
    }
    for item in &interface.items {
        match item {
            Item::Type(item) => {
                let declared = declare(&item.ty, &c_name(&item.ident.to_string()), false)?;
                text += &format!("\n{}typedef {declared};\n", comment(&item.attrs));
            }
            Item::Struct(item) if has_repr(&item.attrs, "C") => {
                text += &format!("\n{}struct {} {{\n", comment(&item.attrs), c_name(&item.ident.to_string()));
                for field in &item.fields {
                    let name = field.ident.as_ref().ok_or("a field without a name")?.to_string();
                    let comment = comment(&field.attrs).replace('\n', "\n    ");
                    text += &format!("    {comment}{};\n", declare(&field.ty, &name, false)?);
                }
                text += "};\n";
            }
            _ => {}
        }
    }
    for item in &functions.items {
        if let Item::Fn(item) = item {
            if !is_public(&item.vis) {
                continue;
            }
            let name = format!("{}({})", item.sig.ident, arguments(&item.sig.inputs)?);
            text += &format!("\n{}{};\n", comment(&item.attrs), declare_return(&item.sig.output, &name)?);
        }
    }
    Ok(text + END)
}

/// The literal of a constant of a file.
fn constant(file: &syn::File, name: &str) -> Result<String> {
    let found = file.items.iter().find_map(|item| match item {
        Item::Const(item) if item.ident == name => Some(&item.expr),
        _ => None,
    });
    literal(found.ok_or_else(|| format!("no constant `{name}`"))?)
}

fn literal(expression: &Expr) -> Result<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => Ok(number.base10_digits().to_owned()),
            Lit::Str(text) => Ok(text.value()),
            _ => Err("a constant is neither a number nor a text".into()),
        },
        _ => Err("a constant is not a literal".into()),
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

fn has_repr(attributes: &[Attribute], wanted: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("repr")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|found| found == wanted)
    })
}

/// The docs of an item as a comment, with its newline.
fn comment(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(doc).collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("/*{line} */\n"),
        lines => format!("/*{}\n */\n", lines.join("\n *")),
    }
}

fn doc(attribute: &Attribute) -> Option<String> {
    let syn::Meta::NameValue(meta) = &attribute.meta else { return None };
    match &meta.value {
        Expr::Lit(literal) if meta.path.is_ident("doc") => match &literal.lit {
            Lit::Str(text) => Some(text.value().trim_end().to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// `FlyteRemoteRequest` as `flyte_remote_request`.
fn c_name(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// A declaration of `name`, which has asterisks and brackets already. `is_const`: what it points at is
/// constant.
fn declare(ty: &Type, name: &str, is_const: bool) -> Result<String> {
    let pointer = |target: &Type, to_const: bool| {
        declare(target, &format!("*{}{name}", if is_const { "const " } else { "" }), to_const)
    };
    match ty {
        Type::Ptr(ptr) => pointer(&ptr.elem, matches!(ptr.mutability, syn::PointerMutability::Const(_))),
        Type::Reference(reference) => pointer(&reference.elem, reference.mutability.is_none()),
        Type::FnPtr(function) => {
            let mut declared = Vec::new();
            for argument in &function.inputs {
                let (name, _) = argument.name.as_ref().ok_or("an argument without a name")?;
                declared.push(declare(&argument.ty, &name.to_string(), false)?);
            }
            declare_return(&function.output, &format!("(*{name})({})", declared.join(", ")))
        }
        Type::Path(path) => {
            let last = path.path.segments.last().ok_or("a type without a name")?;
            if last.ident == "Option" {
                let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                    return Err("`Option` of nothing".into());
                };
                let Some(GenericArgument::Type(inner)) = arguments.args.first() else {
                    return Err("`Option` of no type".into());
                };
                return declare(inner, name, is_const);
            }
            let base = match last.ident.to_string().as_str() {
                "c_char" => "char".to_owned(),
                "c_int" => "int".to_owned(),
                "c_void" => "void".to_owned(),
                "u64" => "uint64_t".to_owned(),
                "usize" => "size_t".to_owned(),
                other if other.starts_with("Flyte") => c_name(other),
                other => return Err(format!("no type of C for `{other}`").into()),
            };
            Ok(format!("{}{base} {name}", if is_const { "const " } else { "" }))
        }
        _ => Err("no type of C for this type".into()),
    }
}

fn declare_return(output: &ReturnType, name: &str) -> Result<String> {
    match output {
        ReturnType::Default => Ok(format!("void {name}")),
        ReturnType::Type(_, ty) => declare(ty, name, false),
    }
}

fn arguments(inputs: &syn::punctuated::Punctuated<FnArg, syn::Token![,]>) -> Result<String> {
    let mut declared = Vec::new();
    for input in inputs {
        let FnArg::Typed(input) = input else { return Err("a function with `self`".into()) };
        let Pat::Ident(name) = &*input.pat else { return Err("an argument without a name".into()) };
        declared.push(declare(&input.ty, &name.ident.to_string(), false)?);
    }
    Ok(declared.join(", "))
}

/// What stands before the declarations.
const START: &str = r#"/*
 * Plugins for flyte-host in C, and in every language that can call C.
 *
 * Written by `cargo xtask c-header`; do not edit.
 *
 * A plugin defines `flyte_plugin_functions_1`, says who it is with FLYTE_PLUGIN, and is linked with the static
 * library of `plugin-c` and its map of symbols. All texts are UTF-8 and end with zero.
 */
#ifndef FLYTE_PLUGIN_H
#define FLYTE_PLUGIN_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The target, as Rust names it. For another one, define it before this file is included. */
#ifndef FLYTE_PLUGIN_TARGET
#if defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
#define FLYTE_PLUGIN_TARGET "x86_64-unknown-linux-gnu"
#elif defined(__linux__) && defined(__GLIBC__) && defined(__aarch64__)
#define FLYTE_PLUGIN_TARGET "aarch64-unknown-linux-gnu"
#elif defined(__APPLE__) && defined(__aarch64__)
#define FLYTE_PLUGIN_TARGET "aarch64-apple-darwin"
#elif defined(__APPLE__) && defined(__x86_64__)
#define FLYTE_PLUGIN_TARGET "x86_64-apple-darwin"
#else
#error "define FLYTE_PLUGIN_TARGET"
#endif
#endif

/*
 * Says who the plugin is; once in a library. NAME is what users select, VERSION is `MAJOR.MINOR.PATCH`, HOOKS
 * names the functions that are not null, separated by commas. MORE is "" or lines such as
 * "homepage=https://acme.example\n". All are literals.
 */
#define FLYTE_PLUGIN(NAME, VERSION, HOOKS, MORE)                                                   \
    const char flyte_plugin_passport_@MAJOR@[] =                                                          \
        "flyte-plugin-passport 1\nname=" NAME "\nversion=" VERSION                                 \
        "\nprotocol=@MAJOR@.@MINOR@\nhooks=" HOOKS "\nrustc=that of plugin-c @RELEASE@\ntarget=" FLYTE_PLUGIN_TARGET \
        "\nabi_stable=@ABI_STABLE@\n" MORE

/* What FLYTE_PLUGIN defines. */
extern __attribute__((visibility("default"))) const char flyte_plugin_passport_@MAJOR@[];

"#;

/// What stands behind the declarations.
const END: &str = "
/* The functions of the plugin, which it defines. */
extern const flyte_functions flyte_plugin_functions_1;

#ifdef __cplusplus
}
#endif

#endif
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_up_to_date() {
        let workspace = Workspace::find().unwrap();
        let committed = fs::read_to_string(workspace.path(HEADER)).unwrap();
        let generated = generate(&workspace).unwrap();
        assert!(generated == committed, "run `cargo xtask c-header`");
    }

    #[test]
    fn types_are_declared_as_in_c() {
        for (rust, c) in [
            ("*const c_char", "const char *x"),
            ("*const *const c_char", "const char *const *x"),
            ("*mut *mut c_void", "void **x"),
            ("Option<&mut FlyteString>", "flyte_string *x"),
            ("Option<&FlyteNext<'_>>", "const flyte_next *x"),
            ("usize", "size_t x"),
            ("Option<unsafe extern \"C\" fn(plugin: *mut c_void) -> c_int>", "int (*x)(void *plugin)"),
        ] {
            let ty: Type = syn::parse_str(rust).unwrap();
            assert_eq!(declare(&ty, "x", false).unwrap(), c, "{rust}");
        }
        assert!(declare(&syn::parse_str("String").unwrap(), "x", false).is_err());
    }
}
