//! The token that a proxy in front of Flyte wants (`proxy_command`).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use flyte_client::{
    config::Secret,
    transport::{Answer, Call, Code, Reply, Status, Transport},
};
use tokio::{sync, time::Instant};

use super::is_refusal;
use crate::{
    Error,
    command::{self, CommandError},
    sign_in::has,
};

const HEADER: &str = "proxy-authorization";
/// How long the command may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A token that is younger is not replaced: whoever does not accept it would not accept the next one.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);

/// At the network: adds the token that a proxy in front of Flyte wants.
///
/// The command runs when somebody first wants a token (UNAUTHENTICATED, HTTP 401 or 407), and again when they do not
/// accept it any more. As in flytekit, requests to the identity provider carry the token too.
pub struct ProxyAuthorization {
    inner: Arc<dyn Transport>,
    command: Vec<String>,
    used: Mutex<Used>,
    /// Whoever runs the command has it; all others wait, and use what it prints.
    one: sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Used {
    /// How often the command was run.
    runs: u64,
    token: Option<(Secret, Instant)>,
    failure: Option<Arc<CommandError>>,
}

impl ProxyAuthorization {
    /// `command` prints the token (`Connection::proxy_command`); if it is empty, calls pass as they are.
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, command: Vec<String>) -> Self {
        Self { inner, command, used: Mutex::default(), one: sync::Mutex::default() }
    }

    /// The token for whoever is asked beside Flyte; `None` without a command.
    pub(crate) async fn token(&self) -> Result<Option<Secret>, Arc<CommandError>> {
        if self.command.is_empty() {
            return Ok(None);
        }
        let used = self.used().clone();
        match used.token {
            Some((token, _)) => Ok(Some(token)),
            None => self.next(&used).await,
        }
    }

    async fn answer(&self, call: Call) -> Result<Answer, Status> {
        let used = self.used().clone();
        let token = used.token.as_ref().map(|(token, _)| token);
        let refusal = match self.inner.call(with(call.clone(), token)).await {
            Err(status) if is_refused(&status) => status,
            answer => return answer,
        };
        match self.next(&used).await {
            Ok(None) => Err(refusal),
            Ok(token) => self.inner.call(with(call, token.as_ref())).await,
            Err(error) => Err(Error::Command(error).status()),
        }
    }

    /// A token that is newer than the one that was used; `None` if that is new enough.
    async fn next(&self, before: &Used) -> Result<Option<Secret>, Arc<CommandError>> {
        let _one = self.one.lock().await;
        let now = self.used().clone();
        if now.runs != before.runs {
            return match now.failure {
                Some(error) => Err(error),
                None => Ok(now.token.map(|(token, _)| token)),
            };
        }
        if now.token.is_some_and(|(_, since)| since.elapsed() < SHORTEST_LIFE) {
            return Ok(None);
        }
        let printed = command::token(&self.command, PATIENCE).await.map_err(Arc::new);
        let mut used = self.used();
        used.runs += 1;
        used.failure = printed.as_ref().err().map(Arc::clone);
        let token = printed?;
        used.token = Some((token.clone(), Instant::now()));
        Ok(Some(token))
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for ProxyAuthorization {
    fn call(&self, call: Call) -> Reply<'_> {
        match self.command.is_empty() || has(&call, HEADER) {
            true => self.inner.call(call),
            false => Box::pin(self.answer(call)),
        }
    }

    fn carrier(&self) -> Option<&str> {
        self.inner.carrier()
    }
}

fn with(mut call: Call, token: Option<&Secret>) -> Call {
    if let Some(token) = token {
        call.metadata.push((HEADER.to_owned(), format!("Bearer {}", token.reveal())));
    }
    call
}

/// Whether it may be the proxy that wants to know who is calling. Not all of them speak gRPC.
fn is_refused(status: &Status) -> bool {
    is_refusal(status) || (status.code == Code::Unknown && status.http_status() == Some(407))
}
