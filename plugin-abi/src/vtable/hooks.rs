//! The hooks, and access to the next link of the chain.

use abi_stable::{
    sabi_types::RRef,
    std_types::{RBox, ROption, RStr, RString, RVec},
};

use super::{AbiResult, CachePolicyBox, CommandRef, EditBox, RemoteBox, RemoteRequestRef};

interface! {
    /// The rest of the chain during one call of one hook; implemented by the host.
    pub trait Context: [] {
        fn next_get_remote(&self, request: RemoteRequestRef<'_>) -> AbiResult<RemoteBox>;
        fn next_secret_requires_group(&self) -> AbiResult<bool>;
        fn next_get_default_image(&self) -> AbiResult<ROption<RString>>;
        fn next_get_auth_success_html(&self, endpoint: RStr<'_>) -> AbiResult<ROption<RString>>;
        #[sabi(last_prefix_field)]
        fn next_get_default_cache_policies(&self) -> AbiResult<RVec<CachePolicyBox>>;
    }
    next {
        fn next_get_greeting(&self) -> AbiResult<RString> {
            AbiResult::ROk(RString::from("no greeting: this host speaks protocol 1.0"))
        }
    }
}

/// A context, borrowed for one call.
pub type ContextRef<'a> = Context_TO<'a, RRef<'a, ()>>;

interface! {
    /// The hooks of a plugin, or of the host's built-in default.
    pub trait Hooks: [Send + Sync] {
        fn get_remote(&self, request: RemoteRequestRef<'_>, context: ContextRef<'_>) -> AbiResult<RemoteBox>;
        /// `main` is the command line as the links further down have made it.
        fn configure_cli(&self, main: CommandRef<'_>) -> AbiResult<RVec<EditBox>>;
        fn secret_requires_group(&self, context: ContextRef<'_>) -> AbiResult<bool>;
        /// `RNone` declines: the host asks the next link.
        fn get_default_image(&self, context: ContextRef<'_>) -> AbiResult<ROption<RString>>;
        /// `RNone` declines: the host asks the next link.
        fn get_auth_success_html(&self, endpoint: RStr<'_>, context: ContextRef<'_>) -> AbiResult<ROption<RString>>;
        #[sabi(last_prefix_field)]
        fn get_default_cache_policies(&self, context: ContextRef<'_>) -> AbiResult<RVec<CachePolicyBox>>;
    }
    next {
        fn get_greeting(&self, context: ContextRef<'_>) -> AbiResult<RString> { context.next_get_greeting() }
    }
}

/// The hooks of a created plugin, or of the built-in default.
pub type HooksBox = Hooks_TO<'static, RBox<()>>;
