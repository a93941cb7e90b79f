//! Signing in: from a server that asks for a token to calls that carry one.
//!
//! ```text
//! call ──► Renewing ──► (transports of plugins) ──► WithToken ──► ProxyAuthorization ──► gRPC
//!             │ UNAUTHENTICATED: sign in once, call once more   │ adds the token, renews it before it expires
//!             └────────────────────► SignIn ◄───────────────────┘
//!                                       │ one at a time, in this process and in all others of this user
//!           static token · external command · refresh · client credentials · browser · device
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `transport` | puts tokens on calls, and sees when one is not accepted |
//! | `sign_in` | the policy: which token now, how to get the next one, who waits for whom |
//! | `method` | what the configuration wants: the browser, a device, a secret, a command, a token |
//! | `provider` | what the server says of its identity provider |
//! | `grant` | how a provider is asked for tokens: the code of a browser, a device, a secret, a refresh token |
//! | `callback`, `page`, `browser` | the browser: how it is opened, where it comes back to, what it shows |
//! | `command`, `token/parse` | a command that prints a token; what a token looks like |
//! | `token`, `store`, `lock` | what a sign-in gives, where it is kept, how two processes take turns |
//! | `prompt` | whom to ask, and what to tell them |
//!
//! Knows nothing of plugins: the page after a sign-in comes from the [`Person`].

mod browser;
mod callback;
mod command;
mod error;
mod grant;
mod lock;
mod method;
mod page;
mod prompt;
mod provider;
mod redact;
mod sign_in;
pub mod store;
#[cfg(test)]
mod testing;
mod token;
mod transport;

pub use self::{
    callback::CallbackError,
    command::CommandError,
    error::{Error, Kind},
    grant::GrantError,
    method::{Method, MethodError, StaticToken, StaticTokenError},
    prompt::{Notice, Person},
    provider::ProviderError,
    sign_in::{How, Options, SignIn, sign_out_everywhere},
    token::{Flow, Tokens, parse::Flaw},
    transport::{ProxyAuthorization, Renewing, WithToken},
};
