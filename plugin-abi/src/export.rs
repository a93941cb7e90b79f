//! What the export attribute expands to.

#![expect(
    unsafe_code,
    reason = "abi_stable's constructor of a header is unsafe; plugin crates get a safe one"
)]

use std::marker::PhantomData;

use abi_stable::{
    library::{CheckTypeLayout, LibHeader, RootModuleResult},
    prefix_type::WithMetadata,
    std_types::RStr,
};

use crate::{
    HookSet, Plugin, adapter, panics,
    vtable::{AbiResult, HooksBox, HostArc, PluginModule, PluginModuleRef},
};

/// A plugin with a passport. Implemented by the export attribute only.
#[doc(hidden)]
pub trait Exported: Plugin {
    /// The passport's text, without the NUL.
    const PASSPORT: &'static str;
    /// The hooks that the author's `impl` block contains.
    const HOOKS: HookSet;
}

/// The plugin's side of `create`.
extern "C" fn create<P: Exported>(host: HostArc) -> AbiResult<HooksBox> {
    adapter::create::<P>(host)
}

#[cfg(next_protocol)]
extern "C" fn revision() -> u32 {
    1
}

/// The root module of one plugin type, as a constant.
struct ModuleOf<P>(PhantomData<P>);

impl<P: Exported> ModuleOf<P> {
    const MODULE: &'static WithMetadata<PluginModule> = &WithMetadata::new(PluginModule {
        passport: RStr::from_str(P::PASSPORT),
        create: create::<P>,
        #[cfg(next_protocol)]
        revision,
    });
}

/// The root module of a plugin, for the header of its library and for tests in the same process.
#[doc(hidden)]
#[must_use]
pub fn module<P: Exported>() -> PluginModuleRef {
    PluginModuleRef(ModuleOf::<P>::MODULE.static_as_prefix())
}

extern "C" fn construct<P: Exported>() -> RootModuleResult {
    panics::set_in_own_library();
    // What abi_stable's own export attribute expands to; the attribute itself cannot be generic.
    abi_stable::library::__call_root_module_loader(module::<P>)
}

/// The header under [`HEADER_SYMBOL`](crate::passport::HEADER_SYMBOL).
#[doc(hidden)]
#[must_use]
pub const fn header<P: Exported>() -> LibHeader {
    // SAFETY: `construct` returns what `module` made, and that is a `PluginModuleRef`.
    unsafe { LibHeader::from_constructor::<PluginModuleRef>(construct::<P>, CheckTypeLayout::Yes) }
}

/// What the export attribute expands to: the passport, and with `symbols` the library's two exports.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (@passport $plugin:ty, $name:expr, [$($(#[$cfg:meta])* $hook:ident)*]) => {
        const HOOKS: $crate::HookSet = {
            #[allow(unused_mut)]
            let mut hooks = $crate::HookSet::EMPTY;
            $($(#[$cfg])* { hooks = hooks.with(::core::stringify!($hook)); })*
            hooks
        };
        const TEXT: $crate::passport::Text = $crate::passport::Text::new(
            &$crate::passport::CrateFacts {
                name: $name,
                version: ::core::env!("CARGO_PKG_VERSION"),
                description: ::core::env!("CARGO_PKG_DESCRIPTION"),
                homepage: ::core::env!("CARGO_PKG_HOMEPAGE"),
                repository: ::core::env!("CARGO_PKG_REPOSITORY"),
                license: ::core::env!("CARGO_PKG_LICENSE"),
            },
            HOOKS,
        );
        const BYTES: [u8; TEXT.size()] = TEXT.bytes();

        impl $crate::export::Exported for $plugin {
            const PASSPORT: &'static str = $crate::passport::text(&BYTES);
            const HOOKS: $crate::HookSet = HOOKS;
        }
    };
    (in_process $plugin:ty, $name:expr, $hooks:tt) => {
        const _: () = { $crate::__export!(@passport $plugin, $name, $hooks); };
    };
    (symbols $plugin:ty, $name:expr, $hooks:tt) => {
        const _: () = {
            $crate::__export!(@passport $plugin, $name, $hooks);

            #[cfg(panic = "abort")]
            ::core::compile_error!(
                "a plugin needs `panic = \"unwind\"` in its profile: with `abort` a panic would end the host"
            );

            #[doc = "The plugin's metadata, readable without running it."]
            #[unsafe(export_name = "flyte_plugin_passport_1")]
            pub static PASSPORT: [u8; TEXT.size()] = BYTES;

            #[doc = "The header through which the host reaches the plugin's root module."]
            #[unsafe(export_name = "flyte_plugin_header_1")]
            pub static HEADER: $crate::__private::LibHeader = $crate::export::header::<$plugin>();
        };
    };
}
