//! The token for a proxy in front of Flyte (`proxy_command`).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use flyte_client::{
    config::Secret,
    transport::{Call, CallResponse, Code, Reply, Status, Transport},
};
use tokio::{sync, time::Instant};

use super::call::{has_header, is_unauthenticated};
use crate::{
    command::{self, TokenCommandError},
    error::AuthError,
};

const HEADER: &str = "proxy-authorization";
/// How long the command may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A younger token is not replaced: if it is rejected, the next one would be, too.
const MIN_AGE: Duration = Duration::from_secs(60);

/// At the network: adds the token for a proxy in front of Flyte.
///
/// The command runs when a token is first required (UNAUTHENTICATED, HTTP 401 or 407), and again when the
/// token is rejected. As in flytekit, requests to the identity provider carry the token too.
pub struct ProxyAuthorization {
    inner: Arc<dyn Transport>,
    command: Vec<String>,
    current: Mutex<ProxyToken>,
    /// Held while the command runs; other calls wait, and use its output.
    running: sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct ProxyToken {
    /// How often the command was run.
    runs: u64,
    token: Option<(Secret, Instant)>,
    failure: Option<Arc<TokenCommandError>>,
}

impl ProxyAuthorization {
    /// `command` prints the token (`Connection::proxy_command`); if it is empty, calls pass as they are.
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, command: Vec<String>) -> Self {
        Self { inner, command, current: Mutex::default(), running: sync::Mutex::default() }
    }

    /// The token for requests to other servers than Flyte, such as the identity provider; `None` without a
    /// command.
    pub(crate) async fn token(&self) -> Result<Option<Secret>, Arc<TokenCommandError>> {
        if self.command.is_empty() {
            return Ok(None);
        }
        let current = self.current().clone();
        match current.token {
            Some((token, _)) => Ok(Some(token)),
            None => self.next(&current).await,
        }
    }

    async fn send(&self, call: Call) -> Result<CallResponse, Status> {
        let current = self.current().clone();
        let token = current.token.as_ref().map(|(token, _)| token);
        let rejection = match self.inner.call(with_token(call.clone(), token)).await {
            Err(status) if is_rejected(&status) => status,
            answer => return answer,
        };
        match self.next(&current).await {
            Ok(None) => Err(rejection),
            Ok(token) => self.inner.call(with_token(call, token.as_ref())).await,
            Err(error) => Err(AuthError::Command(error).status()),
        }
    }

    /// A token that is newer than `before`; `None` if that one is too young to be replaced.
    async fn next(&self, before: &ProxyToken) -> Result<Option<Secret>, Arc<TokenCommandError>> {
        let _running = self.running.lock().await;
        let now = self.current().clone();
        if now.runs != before.runs {
            return match now.failure {
                Some(error) => Err(error),
                None => Ok(now.token.map(|(token, _)| token)),
            };
        }
        if now.token.is_some_and(|(_, since)| since.elapsed() < MIN_AGE) {
            return Ok(None);
        }
        let printed = command::run(&self.command, TIMEOUT).await.map_err(Arc::new);
        let mut current = self.current();
        current.runs += 1;
        current.failure = printed.as_ref().err().map(Arc::clone);
        let token = printed?;
        current.token = Some((token.clone(), Instant::now()));
        Ok(Some(token))
    }

    fn current(&self) -> MutexGuard<'_, ProxyToken> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for ProxyAuthorization {
    fn call(&self, call: Call) -> Reply<'_> {
        match self.command.is_empty() || has_header(&call, HEADER) {
            true => self.inner.call(call),
            false => Box::pin(self.send(call)),
        }
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}

fn with_token(mut call: Call, token: Option<&Secret>) -> Call {
    if let Some(token) = token {
        call.metadata.push((HEADER.to_owned(), format!("Bearer {}", token.reveal())));
    }
    call
}

/// Whether the proxy may require authentication. Not every proxy speaks gRPC.
fn is_rejected(status: &Status) -> bool {
    is_unauthenticated(status) || (status.code == Code::Unknown && status.http_status() == Some(407))
}
