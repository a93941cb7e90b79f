//! The handshake: the layouts of both sides' interfaces are compared before any vtable is used.
//!
//! abi_stable's own check lets a plugin be newer than the host, and refuses an older one as soon as any
//! interface has grown. So the direction of the check follows the versions: the newer side may have more.
//!
//! The check takes longer than all the rest of loading. It is left out for a plugin whose passport has the
//! digest of this host's own interfaces: then both sides were built from the same ones.
//!
//! Of a type's crate the check compares the name, and the major number of its version (at 0.y: the minor
//! number; `VersionNumber::is_loosely_compatible`). So patch and minor releases of `plugin-abi` 1 go
//! together.

#![expect(
    unsafe_code,
    reason = "abi_stable checks only one direction itself; the other ends in an unchecked constructor"
)]

use abi_stable::{
    StableAbi,
    abi_stability::abi_checking::{
        AbiInstability, AbiInstabilityError, AbiInstabilityErrors, check_layout_compatibility,
    },
    library::{AbiHeaderRef, LibHeader},
    type_layout::{TLFieldOrFunction, TypeLayout},
};
use plugin_abi::{
    PROTOCOL, ProtocolVersion,
    passport::{LAYOUT, LAYOUT_KEY},
    vtable::PluginModuleRef,
};

use super::{
    error::{LayoutError, LoadError},
    preflight::Passport,
};

/// Gets the root module out of a loaded library.
pub(super) fn module(header: AbiHeaderRef, passport: &Passport) -> Result<PluginModuleRef, LoadError> {
    // `upgrade` compares abi_stable's version, and calls functions that show how C passes values.
    let header = header.upgrade().map_err(|error| {
        log::debug!("{error}");
        LoadError::Toolkit { name: passport.name().to_owned(), version: passport.version().to_owned() }
    })?;
    if !has_same_interfaces(passport) {
        check_layout(header, passport.protocol()).map_err(|source| LoadError::Layout {
            name: passport.name().to_owned(),
            version: passport.version().to_owned(),
            source,
        })?;
    }
    // SAFETY: either both sides were built from the same interfaces, or their layouts were compared just now,
    // in the direction in which the newer side may have more; fields and methods that the older one lacks are
    // looked up by count, not by address, in a prefix type.
    let module = unsafe { header.init_root_module_with_unchecked_layout::<PluginModuleRef>() };
    let module = module.map_err(|error| {
        log::debug!("{error}");
        LoadError::Toolkit { name: passport.name().to_owned(), version: passport.version().to_owned() }
    })?;
    let carried = Passport::from_text(&module.passport());
    if carried.ok().as_ref() != Some(passport) {
        return Err(LoadError::Disagrees { name: passport.name().to_owned() });
    }
    Ok(module)
}

/// Whether the plugin was built from the interfaces of this host. That the passport is the one that was
/// compiled into the library, `module` compares.
fn has_same_interfaces(passport: &Passport) -> bool {
    // The digest is that of the sources, from which two protocols can be built.
    passport.protocol() == PROTOCOL && passport.get(LAYOUT_KEY) == Some(LAYOUT)
}

fn check_layout(header: &LibHeader, plugin: ProtocolVersion) -> Result<(), LayoutError> {
    let Some(theirs) = header.layout() else {
        return Err(LayoutError("its header says nothing about the layout of its types".into()));
    };
    let ours: &'static TypeLayout = <PluginModuleRef as StableAbi>::LAYOUT;
    let (older, newer) = if plugin < PROTOCOL { (theirs, ours) } else { (ours, theirs) };
    check_layout_compatibility(older, newer).map_err(|errors| {
        let all = errors.to_string();
        log::debug!("{all}");
        LayoutError(first_difference(&errors))
    })
}

/// The innermost interface and method that differ, in a line.
fn first_difference(errors: &AbiInstabilityErrors) -> String {
    if let Some(difference) = errors.errors.iter().find_map(crate_difference) {
        return difference;
    }
    // What differs inside differs outside as well, so the deepest finding is the root.
    let Some(error) = errors.errors.iter().max_by_key(|error| error.stack_trace.len()) else {
        return "the layouts differ".into();
    };
    let what = error.errs.first().map_or_else(|| "differs".to_owned(), difference);
    let fields = error.stack_trace.iter().filter_map(|frame| match &frame.expected {
        TLFieldOrFunction::Field(field) => Some((field.name(), field.layout().name())),
        TLFieldOrFunction::Function(_) => None,
    });
    format!("{} {what}", location(fields))
}

/// What abi_stable's derives put between an interface and its methods.
const SCAFFOLDING: [&str; 4] = ["PluginModule", "PrefixRef", "RObject", "VTable"];

/// The interface, the method and the argument at the end of a path through fields with their types.
fn location<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let (mut interface, mut inside) = ("PluginModule", Vec::new());
    for (field, kind) in fields {
        match kind.strip_suffix("_TO") {
            Some(name) => {
                interface = name;
                inside.clear();
            }
            None if SCAFFOLDING.contains(&kind) => {}
            None => inside.push(field),
        }
    }
    match inside[..] {
        [] => format!("`{interface}`"),
        [method] => format!("`{interface}::{method}`"),
        [method, "__returns", ..] => format!("the result of `{interface}::{method}`"),
        [method, argument, ..] => match argument.strip_prefix("param_") {
            // The derives forget the names, and count `self` as 0.
            Some(number) => format!("argument {number} of `{interface}::{method}`"),
            None => format!("`{argument}` of `{interface}::{method}`"),
        },
    }
}

/// A finding about the crate that a type comes from: all types of that crate differ, so none of them is
/// named.
fn crate_difference(error: &AbiInstabilityError) -> Option<String> {
    let layout = error.stack_trace.iter().rev().find_map(|frame| match &frame.expected {
        TLFieldOrFunction::Field(field) => Some(field.layout()),
        TLFieldOrFunction::Function(_) => None,
    })?;
    error.errs.iter().find_map(|finding| match finding {
        AbiInstability::Package(name) => {
            Some(format!("one side has the crate `{}` where the other has `{}`", name.expected, name.found))
        }
        AbiInstability::PackageVersion(version) => {
            let (expected, found) = (version.expected, version.found);
            Some(format!(
                "the two sides have versions {expected} and {found} of the crate `{}`",
                layout.package()
            ))
        }
        _ => None,
    })
}

/// One finding, with both sides.
fn difference(finding: &AbiInstability) -> String {
    match finding {
        AbiInstability::FieldCountMismatch(count) => {
            format!("has {} fields or methods where {} are known", count.found, count.expected)
        }
        AbiInstability::UnexpectedField(field) => {
            format!("has `{}` in the place of `{}`", field.found.name(), field.expected.name())
        }
        AbiInstability::Name(name) => format!("is `{}` and not `{}`", name.found, name.expected),
        AbiInstability::Size(size) => format!("has {} bytes and not {}", size.found, size.expected),
        AbiInstability::Alignment(alignment) => {
            format!("is aligned to {} bytes and not {}", alignment.found, alignment.expected)
        }
        AbiInstability::MismatchedPrimitive(primitive) => {
            format!("is another number: {:?} and not {:?}", primitive.found, primitive.expected)
        }
        AbiInstability::TLDataDiscriminant(kind) => {
            format!("is another kind of type: {:?} and not {:?}", kind.found, kind.expected)
        }
        _ => "is built differently".into(),
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "abi_stable's derives want a `pub` trait")]
#[expect(non_local_definitions, reason = "abi_stable's derives put their impls into anonymous constants")]
#[expect(clippy::cast_ptr_alignment, reason = "abi_stable's derives read a vtable of their own by bytes")]
mod tests {
    use abi_stable::std_types::ROption;

    use super::*;

    /// One build of an interface.
    macro_rules! build {
        ($build:ident: $($method:tt)*) => {
            mod $build {
                #[abi_stable::sabi_trait]
                pub trait Shelf: Send {
                    fn title(&self) -> u32;
                    $($method)*
                }

                pub(super) type ShelfBox = Shelf_TO<'static, abi_stable::std_types::RBox<()>>;
            }
        };
    }

    build!(ours: fn lend(&self, reader: u32) -> bool; fn size(&self) -> u32;);
    build!(other_argument: fn lend(&self, reader: u64) -> bool; fn size(&self) -> u32;);
    build!(other_name: fn give(&self, reader: u32) -> bool; fn size(&self) -> u32;);
    build!(other_result: fn lend(&self, reader: u32) -> u8; fn size(&self) -> u32;);
    build!(shorter: fn lend(&self, reader: u32) -> bool;);

    fn difference_of<T: StableAbi>() -> String {
        let ours = <ROption<ours::ShelfBox> as StableAbi>::LAYOUT;
        first_difference(&check_layout_compatibility(ours, ROption::<T>::LAYOUT).unwrap_err())
    }

    #[test]
    fn only_a_passport_with_the_same_digest_and_protocol_replaces_the_check() {
        let next = ProtocolVersion { minor: PROTOCOL.minor + 1, ..PROTOCOL };
        let other = "0".repeat(LAYOUT.len());
        for (protocol, digest, is_same) in [
            (PROTOCOL, Some(LAYOUT), true),
            (PROTOCOL, Some(other.as_str()), false),
            (PROTOCOL, None, false),
            (next, Some(LAYOUT), false),
        ] {
            let digest = digest.map(|digest| format!("{LAYOUT_KEY}={digest}\n")).unwrap_or_default();
            let text = format!(
                "flyte-plugin-passport 1\nname=acme\nversion=1.0.0\nprotocol={protocol}\nhooks=\nrustc=x\ntarget=x\n\
                 abi_stable=x\n{digest}"
            );
            assert_eq!(has_same_interfaces(&Passport::from_text(&text).unwrap()), is_same, "{text}");
        }
    }

    #[test]
    fn a_difference_names_interface_and_method() {
        let differences = [
            difference_of::<other_argument::ShelfBox>(),
            difference_of::<other_name::ShelfBox>(),
            difference_of::<other_result::ShelfBox>(),
            difference_of::<shorter::ShelfBox>(),
        ];
        let expected = [
            "argument 1 of `Shelf::lend` is `u64` and not `u32`",
            "`Shelf` has `give` in the place of `lend`",
            "the result of `Shelf::lend` is `u8` and not `bool`",
            "`Shelf` has 4 fields or methods where 5 are known",
        ];
        assert_eq!(differences, expected);
    }
}
