//! Tokens on calls, and what to do when one is not accepted.

use std::sync::Arc;

use remote::transport::{Call, Reply, Transport};

use crate::SignIn;

/// Next to the network: adds the token, and renews it before it expires. A plugin's transport is outside of it, and does
/// not see the token.
pub struct WithToken {
    inner: Arc<dyn Transport>,
    sign_in: Arc<SignIn>,
}

/// Next to the caller: when the server does not accept a call's token, signs in, and calls once more. It is
/// outside of plugins' transports, whose limits of time are for calls and not for people.
pub struct Renewing {
    inner: Arc<dyn Transport>,
    sign_in: Arc<SignIn>,
}

/// At the network: adds the token that a proxy in front of Flyte wants.
pub struct ProxyAuthorization {
    inner: Arc<dyn Transport>,
    command: Vec<String>,
}
