//! The built-in default: the last link of every chain, behind the same vtable as a plugin.
//!
//! Its answers are those of flytekit's `FlytekitPlugin`.

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{RNone, ROption, RResult::ROk, RStr, RString, RVec},
};
use plugin_abi::{
    PluginError, Remote, RemoteRequest, panics,
    vtable::{
        AbiResult, CachePolicyBox, CommandRef, ContextRef, EditBox, Hooks, Hooks_TO, RemoteBox,
        RemoteRequestRef,
    },
};

use super::link::Link;

type GetRemote = dyn Fn(&RemoteRequest) -> Result<Remote, PluginError> + Send + Sync;

/// The answers of a chain without plugins.
pub struct Builtin {
    get_remote: Box<GetRemote>,
}

impl Builtin {
    /// A default whose `get_remote` is this function.
    pub fn new(
        get_remote: impl Fn(&RemoteRequest) -> Result<Remote, PluginError> + Send + Sync + 'static,
    ) -> Self {
        Self { get_remote: Box::new(get_remote) }
    }

    pub(super) fn into_link(self) -> Link {
        Link::builtin(Hooks_TO::from_value(self, TD_Opaque))
    }
}

impl Hooks for Builtin {
    fn get_remote(&self, request: RemoteRequestRef<'_>, _context: ContextRef<'_>) -> AbiResult<RemoteBox> {
        panics::guard(|| (self.get_remote)(&RemoteRequest::from_raw(&request)).map(Remote::into_raw))
    }

    fn configure_cli(&self, _main: CommandRef<'_>) -> AbiResult<RVec<EditBox>> {
        ROk(RVec::new())
    }

    fn secret_requires_group(&self, _context: ContextRef<'_>) -> AbiResult<bool> {
        ROk(true)
    }

    fn get_default_image(&self, _context: ContextRef<'_>) -> AbiResult<ROption<RString>> {
        ROk(RNone)
    }

    fn get_auth_success_html(
        &self,
        _endpoint: RStr<'_>,
        _context: ContextRef<'_>,
    ) -> AbiResult<ROption<RString>> {
        ROk(RNone)
    }

    fn get_default_cache_policies(&self, _context: ContextRef<'_>) -> AbiResult<RVec<CachePolicyBox>> {
        ROk(RVec::new())
    }

    #[cfg(next_protocol)]
    fn get_greeting(&self, _context: ContextRef<'_>) -> AbiResult<RString> {
        ROk(RString::from("no greeting"))
    }
}
