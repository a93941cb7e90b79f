//! Tokens on calls.
//!
//! | file | what it does |
//! |---|---|
//! | `bearer` | next to the network: adds the token |
//! | `retry` | next to the caller: signs in and retries when the token is rejected |
//! | `proxy` | at the network: adds the token for a proxy in front of Flyte |
//! | `call` | what calls and their rejections have in common |
//!
//! A call that already has a header of the same name keeps it, whether a plugin's remote or a plugin's
//! transport set it: then the plugin authenticates. Calls to the service with the OAuth metadata carry no
//! token.

mod bearer;
mod call;
mod proxy;
mod retry;
#[cfg(test)]
mod tests;

pub(crate) use self::call::has_header;
pub use self::{bearer::BearerAuth, proxy::ProxyAuthorization, retry::AuthRetry};
