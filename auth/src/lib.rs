//! Authentication: from a server that requires a token to calls that carry one.
//!
//! ```text
//! call ──► AuthRetry ──► (transports of plugins) ──► BearerAuth ──► ProxyAuthorization ──► gRPC
//!              │ UNAUTHENTICATED: sign in once,           │ adds the token,
//!              │ send the call again                      │ renews it before it expires
//!              └─────────────────► SignIn ◄───────────────┘
//!                                    │ one at a time, among all processes of this user
//!        static token · external command · refresh · client credentials · browser · device
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `transport` | adds tokens to calls, and notices when one is rejected |
//! | `sign_in` | the policy, as a state machine: which token to use, how to acquire the next one |
//! | `method` | the configured method: browser, device, client credentials, command, static token |
//! | `provider` | the server's OAuth metadata: its identity provider |
//! | `grant` | OAuth grants: authorization code, device code, client credentials, refresh token |
//! | `callback`, `page`, `browser` | the browser flow: opening the browser, the redirect URI, the last page |
//! | `command`, `token/parse` | commands that print a token; the syntax of a token |
//! | `token`, `store`, `lock` | tokens, their storage, one sign-in at a time among processes |
//! | `prompt` | interaction with the user |
//! | `redact` | text from providers, made safe to show |
//!
//! Knows nothing of plugins: the page after a sign-in comes from the [`Prompt`].

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
    command::TokenCommandError,
    error::{AuthError, AuthErrorKind},
    grant::GrantError,
    method::{AuthMethod, AuthMethodError, StaticToken, StaticTokenError},
    prompt::{Prompt, PromptEvent},
    provider::ProviderError,
    sign_in::{LoginMode, SignIn, SignInOptions, sign_out_everywhere},
    token::{Flow, Tokens, parse::TokenSyntaxError},
    transport::{AuthRetry, BearerAuth, ProxyAuthorization},
};
