//! The header of the library, and what the author exports: passport and functions.

#![expect(unsafe_code, reason = "symbols of C, and abi_stable's constructor of a header")]
#![expect(unreachable_pub, reason = "it is reached by its symbol")]

use std::ffi::{CStr, c_char};

use abi_stable::{
    library::{CheckTypeLayout, LibHeader, RootModuleResult},
    prefix_type::WithMetadata,
    std_types::RStr,
};
use plugin_abi::{
    PluginError, panics,
    vtable::{PluginModule, PluginModuleRef},
};

use crate::{interface::FlyteFunctions, plugin::CPlugin};

unsafe extern "C" {
    /// The text that `FLYTE_PLUGIN` makes.
    static flyte_plugin_passport_1: c_char;
    /// The table that `FLYTE_PLUGIN` names.
    static flyte_plugin_functions_1: FlyteFunctions;
}

/// The author's functions.
pub(crate) fn functions() -> &'static FlyteFunctions {
    // SAFETY: the header declares it as a constant of this type, and the linker found it.
    unsafe { &flyte_plugin_functions_1 }
}

/// The author's passport.
pub(crate) fn passport() -> Result<&'static str, PluginError> {
    // SAFETY: the header makes a constant text, which ends with zero.
    let text = unsafe { CStr::from_ptr(&raw const flyte_plugin_passport_1) };
    text.to_str().map_err(|_| PluginError::new("the passport is not UTF-8"))
}

/// The root module: that of a plugin in Rust, with the author's passport.
fn module() -> PluginModuleRef {
    // The host has read it from the file before, and refused other text.
    let passport = passport().unwrap_or_default();
    let rust = plugin_abi::export::module::<CPlugin>();
    let module = PluginModule {
        passport: RStr::from_str(passport),
        create: rust.create(),
        #[cfg(next_protocol)]
        revision: revision,
    };
    let module: &'static WithMetadata<PluginModule> = Box::leak(Box::new(WithMetadata::new(module)));
    PluginModuleRef(module.static_as_prefix())
}

#[cfg(next_protocol)]
extern "C" fn revision() -> u32 {
    1
}

extern "C" fn construct() -> RootModuleResult {
    panics::set_in_own_library();
    abi_stable::library::__call_root_module_loader(module)
}

/// The header through which the host reaches the root module.
// SAFETY of the name: it is that of the protocol, and a library has one plugin.
#[unsafe(export_name = "flyte_plugin_header_1")]
pub static HEADER: LibHeader =
    // SAFETY: `construct` returns what `module` made, and that is a `PluginModuleRef`.
    unsafe { LibHeader::from_constructor::<PluginModuleRef>(construct, CheckTypeLayout::Yes) };
