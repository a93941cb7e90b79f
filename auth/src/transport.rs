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

impl WithToken {
    /// Around the transport that leads to the server, which is the [`ProxyAuthorization`] of the same [`SignIn`].
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, sign_in: Arc<SignIn>) -> Self {
        Self { inner, sign_in }
    }
}

impl Transport for WithToken {
    fn call(&self, call: Call) -> Reply<'_> {
        let _ = &self.sign_in;
        self.inner.call(call)
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}

/// Next to the caller: when the server does not accept a call's token, signs in, and calls once more. It is
/// outside of plugins' transports, whose limits of time are for calls and not for people.
pub struct Renewing {
    inner: Arc<dyn Transport>,
    sign_in: Arc<SignIn>,
}

impl Renewing {
    /// Around everything that leads to a [`WithToken`] of the same [`SignIn`].
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, sign_in: Arc<SignIn>) -> Self {
        Self { inner, sign_in }
    }
}

impl Transport for Renewing {
    fn call(&self, call: Call) -> Reply<'_> {
        let _ = &self.sign_in;
        self.inner.call(call)
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}

/// At the network: adds the token that a proxy in front of Flyte wants.
pub struct ProxyAuthorization {
    inner: Arc<dyn Transport>,
    command: Vec<String>,
}

impl ProxyAuthorization {
    /// `command` prints the token (`Connection::proxy_command`); if it is empty, calls pass as they are.
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, command: Vec<String>) -> Self {
        Self { inner, command }
    }
}

impl Transport for ProxyAuthorization {
    fn call(&self, call: Call) -> Reply<'_> {
        let _ = &self.command;
        self.inner.call(call)
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}
