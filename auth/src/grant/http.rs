//! The requests of the protocol, over the same network as the calls to Flyte.

use remote::{
    config::Secret,
    net::{Network, TrustError},
};

/// Carries requests to providers: no redirects, a limit of time and size for each.
pub(crate) struct Http {}

impl Http {
    /// `proxy_token` is for a proxy in front of the provider (`proxy_command`).
    pub(crate) fn new(network: &Network, proxy_token: Option<Secret>) -> Result<Self, TrustError> {
        let _ = (network, proxy_token);
        todo!()
    }
}
