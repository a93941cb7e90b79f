//! The transport next to the caller.

use std::sync::Arc;

use flyte_client::transport::{Call, CallResponse, Reply, Status, Transport};

use super::call::{is_auth_service, is_unauthenticated};
use crate::sign_in::{AfterRejection, SignIn};

/// Signs in when the server rejects a call's token, and sends the call again. It is outside of plugins'
/// transports, whose timeouts are for calls and not for interactive sign-ins.
#[derive(Clone)]
pub struct AuthRetry {
    inner: Arc<dyn Transport>,
    sign_in: Arc<SignIn>,
}

impl AuthRetry {
    /// `inner` leads to a [`BearerAuth`](super::BearerAuth) of the same [`SignIn`].
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, sign_in: Arc<SignIn>) -> Self {
        Self { inner, sign_in }
    }

    async fn send(&self, call: Call) -> Result<CallResponse, Status> {
        let snapshot = self.sign_in.snapshot();
        let rejection = match self.inner.call(call.clone()).await {
            Err(status) if is_unauthenticated(&status) => status,
            answer => return answer,
        };
        match self.sign_in.after_rejection(snapshot, &call, &rejection).await {
            Ok(AfterRejection::Resend) => {}
            Ok(AfterRejection::PassOn) => return Err(rejection),
            Err(error) => return Err(error.status()),
        }
        self.inner.call(call).await.map_err(|status| match is_unauthenticated(&status) {
            true => self.sign_in.token_rejected(&status).status(),
            false => status,
        })
    }
}

impl Transport for AuthRetry {
    fn call(&self, call: Call) -> Reply<'_> {
        match is_auth_service(&call) {
            true => self.inner.call(call),
            false => Box::pin(self.send(call)),
        }
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}
