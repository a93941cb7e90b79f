//! The hooks themselves, and the way to the next link of the chain.

use abi_stable::{
    sabi_types::RRef,
    std_types::{RBox, ROption, RStr, RString, RVec},
};

use super::{CachePolicyBox, CommandRef, EditBox, Outcome, RemoteBox, RemoteRequestRef};

interface! {
    /// Made by the host for one call of one hook: answers as the rest of the chain would.
    pub trait Context: [] {
        fn next_get_remote(&self, request: RemoteRequestRef<'_>) -> Outcome<RemoteBox>;
        fn next_secret_requires_group(&self) -> Outcome<bool>;
        fn next_get_default_image(&self) -> Outcome<ROption<RString>>;
        fn next_get_auth_success_html(&self, endpoint: RStr<'_>) -> Outcome<ROption<RString>>;
        #[sabi(last_prefix_field)]
        fn next_get_default_cache_policies(&self) -> Outcome<RVec<CachePolicyBox>>;
    }
    next {
        fn next_get_greeting(&self) -> Outcome<RString> {
            Outcome::ROk(RString::from("no greeting: this host speaks protocol 1.0"))
        }
    }
}

/// A context, borrowed for one call.
pub type ContextRef<'a> = Context_TO<'a, RRef<'a, ()>>;

interface! {
    /// What a plugin exports, and what the host's built-in default is.
    pub trait Hooks: [Send + Sync] {
        fn get_remote(&self, request: RemoteRequestRef<'_>, context: ContextRef<'_>) -> Outcome<RemoteBox>;
        /// `main` is the command line as the links further down have made it.
        fn configure_cli(&self, main: CommandRef<'_>) -> Outcome<RVec<EditBox>>;
        fn secret_requires_group(&self, context: ContextRef<'_>) -> Outcome<bool>;
        /// `RNone` declines: the host asks the next link.
        fn get_default_image(&self, context: ContextRef<'_>) -> Outcome<ROption<RString>>;
        /// `RNone` declines: the host asks the next link.
        fn get_auth_success_html(&self, endpoint: RStr<'_>, context: ContextRef<'_>) -> Outcome<ROption<RString>>;
        #[sabi(last_prefix_field)]
        fn get_default_cache_policies(&self, context: ContextRef<'_>) -> Outcome<RVec<CachePolicyBox>>;
    }
    next {
        fn get_greeting(&self, context: ContextRef<'_>) -> Outcome<RString> { context.next_get_greeting() }
    }
}

/// A plugin that has been created, whoever made it.
pub type HooksBox = Hooks_TO<'static, RBox<()>>;
