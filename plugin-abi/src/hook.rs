//! The names of the hooks, as flytekit's users know them.

use std::fmt;

use crate::version::{MAJOR, ProtocolVersion};

macro_rules! hooks {
    ($($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $variant:ident = $name:literal since $minor:literal,)*) => {
        /// A behaviour of the Flyte client that a plugin can override. A protocol has at most 64 hooks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Hook {
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $variant,)*
        }

        impl Hook {
            /// Every hook that this build of the crate knows, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$($(#[cfg($cfg)])? Self::$variant,)*];

            /// The name in a passport, in messages and in the author's trait.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(#[cfg($cfg)])? Self::$variant => $name,)* }
            }

            /// The first version of the protocol that has this hook.
            ///
            /// A plugin that speaks an older one cannot override it.
            #[must_use]
            pub const fn since(self) -> ProtocolVersion {
                let minor = match self { $($(#[cfg($cfg)])? Self::$variant => $minor,)* };
                ProtocolVersion { major: MAJOR, minor }
            }
        }
    };
}

hooks! {
    /// flytekit's `get_remote`: the connection to Flyte.
    GetRemote = "get_remote" since 0,
    /// flytekit's `configure_pyflyte_cli`: the command line itself.
    ConfigureCli = "configure_cli" since 0,
    /// flytekit's `secret_requires_group`: whether a secret without a group is refused.
    SecretRequiresGroup = "secret_requires_group" since 0,
    /// flytekit's `get_default_image`: the image of container tasks without one.
    GetDefaultImage = "get_default_image" since 0,
    /// flytekit's `get_auth_success_html`: the page that the browser shows after sign-in.
    GetAuthSuccessHtml = "get_auth_success_html" since 0,
    /// flytekit's `get_default_cache_policies`: the cache policies of tasks without cache settings.
    GetDefaultCachePolicies = "get_default_cache_policies" since 0,
    /// The hook of the growth tests; it is in no protocol that ships.
    #[cfg(next_protocol)]
    GetGreeting = "get_greeting" since 1,
}

impl Hook {
    /// Finds a hook by its [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|hook| hook.name() == name)
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
