//! The transport next to the network.

use std::sync::Arc;

use flyte_client::transport::{Call, CallResponse, Code, Reply, Status, Transport};
use flyte_text::Redactor;

use super::call::{has_header, is_auth_service, is_unauthenticated};
use crate::{sign_in::SignIn, token::Tokens};

/// Adds the token to calls, and renews it before it expires. Plugins' transports are outside of it, and do
/// not see the token.
#[derive(Clone)]
pub struct BearerAuth {
    inner: Arc<dyn Transport>,
    sign_in: Arc<SignIn>,
}

impl BearerAuth {
    /// `inner` leads to the server, and is the [`ProxyAuthorization`](super::ProxyAuthorization) of the
    /// same [`SignIn`].
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, sign_in: Arc<SignIn>) -> Self {
        Self { inner, sign_in }
    }

    async fn send(&self, mut call: Call) -> Result<CallResponse, Status> {
        let call_token = self.sign_in.for_call().await;
        let tokens = call_token.tokens.as_deref();
        let has_own_header = tokens.is_some_and(|tokens| has_header(&call, &tokens.header));
        if let Some(tokens) = tokens.filter(|_| !has_own_header) {
            self.sign_in.warn_plain_text();
            call.metadata.push((tokens.header.clone(), tokens.header_value().reveal().to_owned()));
        }
        let answer = self.inner.call(call).await.map_err(|status| redact_token(status, tokens));
        if let Some(is_accepted) = is_accepted(&answer).filter(|_| !has_own_header) {
            self.sign_in.judge(&call_token, is_accepted);
        }
        answer
    }
}

impl Transport for BearerAuth {
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

/// Removes the token from a rejection, should the server repeat it: plugins, messages and logs get the
/// rejection.
fn redact_token(status: Status, tokens: Option<&Tokens>) -> Status {
    let Some(tokens) = tokens else { return status };
    let redactor = Redactor::new([tokens.access.reveal().to_owned()]);
    status.map_texts(|text| redactor.redact(text))
}

/// Whether the server accepted the token of the call; `None`: it did not look at it.
fn is_accepted(answer: &Result<CallResponse, Status>) -> Option<bool> {
    match answer {
        Ok(_) => Some(true),
        Err(status) if is_unauthenticated(status) => Some(false),
        Err(status) if status.fault.is_some() || status.code == Code::Unavailable => None,
        Err(_) => Some(true),
    }
}
