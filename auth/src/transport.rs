//! Tokens on calls, and what to do when one is not accepted.
//!
//! A call that has a header of the same name already keeps it, whether a plugin's remote or a plugin's transport set
//! it: then the plugin signs in, and not we. Calls to the service that says how to sign in carry no token.

mod proxy;

use std::sync::Arc;

use flyte_client::transport::{Answer, Call, Code, Reply, Status, Transport, TransportErrorKind};

pub use self::proxy::ProxyAuthorization;
use crate::{
    SignIn, Tokens,
    sign_in::{Next, has},
};

/// Next to the network: adds the token, and renews it before it expires. A plugin's transport is outside of it, and does
/// not see the token.
#[derive(Clone)]
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

    async fn answer(&self, mut call: Call) -> Result<Answer, Status> {
        let carried = self.sign_in.for_call().await;
        let tokens = carried.tokens.as_deref();
        let is_own = tokens.is_some_and(|tokens| has(&call, &tokens.header));
        if let Some(tokens) = tokens.filter(|_| !is_own) {
            self.sign_in.warn_of_plain_text();
            call.metadata.push((tokens.header.clone(), tokens.header_value().reveal().to_owned()));
        }
        let answer = self.inner.call(call).await.map_err(|status| veiled(status, tokens));
        if let Some(is_accepted) = verdict(&answer).filter(|_| !is_own) {
            self.sign_in.judge(&carried, is_accepted);
        }
        answer
    }
}

impl Transport for WithToken {
    fn call(&self, call: Call) -> Reply<'_> {
        match is_about_sign_in(&call) {
            true => self.inner.call(call),
            false => Box::pin(self.answer(call)),
        }
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}

/// Next to the caller: when the server does not accept a call's token, signs in, and calls once more. It is
/// outside of plugins' transports, whose limits of time are for calls and not for people.
#[derive(Clone)]
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

    async fn answer(&self, call: Call) -> Result<Answer, Status> {
        let seen = self.sign_in.seen();
        let refusal = match self.inner.call(call.clone()).await {
            Err(status) if is_refusal(&status) => status,
            answer => return answer,
        };
        match self.sign_in.after_refusal(seen, &call, &refusal).await {
            Ok(Next::Again) => {}
            Ok(Next::Leave) => return Err(refusal),
            Err(error) => return Err(error.status()),
        }
        self.inner.call(call).await.map_err(|status| match is_refusal(&status) {
            true => self.sign_in.not_accepted(&status).status(),
            false => status,
        })
    }
}

impl Transport for Renewing {
    fn call(&self, call: Call) -> Reply<'_> {
        match is_about_sign_in(&call) {
            true => self.inner.call(call),
            false => Box::pin(self.answer(call)),
        }
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}

fn is_about_sign_in(call: &Call) -> bool {
    call.path.starts_with("/flyteidl.service.AuthMetadataService/")
}

/// Whether somebody wants to know who is calling: the server, or a proxy (HTTP 401). A sign-in of ours that went wrong
/// has the same code, and is nobody's answer.
fn is_refusal(status: &Status) -> bool {
    status.code == Code::Unauthenticated
        && status.fault.as_ref().is_none_or(|fault| fault.kind != TransportErrorKind::SignIn)
}

/// A refusal without the token, should the server repeat it: it is on its way to plugins, messages and logs.
fn veiled(mut status: Status, tokens: Option<&Tokens>) -> Status {
    let Some(tokens) = tokens else { return status };
    let texts = status.metadata.iter_mut().map(|(_, value)| value);
    for text in texts.chain([&mut status.message]) {
        if text.contains(tokens.access.reveal()) {
            *text = text.replace(tokens.access.reveal(), "****");
        }
    }
    status
}

/// What an answer says of the token that the call carried, if anything.
fn verdict(answer: &Result<Answer, Status>) -> Option<bool> {
    match answer {
        Ok(_) => Some(true),
        Err(status) if is_refusal(status) => Some(false),
        Err(status) if status.fault.is_some() || status.code == Code::Unavailable => None,
        Err(_) => Some(true),
    }
}

#[cfg(test)]
mod tests;
