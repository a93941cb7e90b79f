//! The tries of one call: when to repeat it, and the search for what a lost try made.

use std::{borrow::Cow, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::{
    CallOptions, Client, ClientError, Policy,
    error::method_name,
    lost::{self, Found, Wanted},
};
use crate::{
    retry::{AfterLoss, after_loss, is_lost},
    transport::{Call, CallResponse, Code, Metadata, Status},
};

/// Timeout of the last check whether an unanswered call took effect.
const LAST_LOOK: Duration = Duration::from_secs(10);

impl Client {
    pub(super) async fn tries(&self, call: Call) -> Result<CallResponse, ClientError> {
        let mut tries = Tries::new(&call);
        loop {
            let status = match self.transport.call(call.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            tries.note(&status);
            if tries.was_lost && lost::is_done(&call.path, &status) {
                return Ok(CallResponse { metadata: Metadata::new(), message: bytes::Bytes::new() });
            }
            let pause = self.options.retry.pause(&status, tries.may_repeat(), tries.count, tries.elapsed());
            if let Some(pause) = pause {
                log::debug!("`{}` is tried again in {pause:?}: {status}", call.path);
                sleep(pause).await;
            }
            match self.look(&tries, &status, pause).await {
                Some(Ok(Found::Ours(message))) => {
                    return Ok(CallResponse { metadata: Metadata::new(), message });
                }
                Some(Ok(Found::Another)) => {
                    tries.is_open = false;
                    return Err(tries.failed(taken(status)));
                }
                // The server is done with the call, and did not do it.
                Some(Ok(Found::Nothing)) if status.fault.is_none() => tries.is_open = false,
                // A server that does not answer this check does not answer another try either.
                Some(Err(error)) if status.code == Code::AlreadyExists => {
                    return Err(tries.failed(error.status));
                }
                Some(Err(_)) => return Err(tries.failed(status)),
                Some(Ok(Found::Nothing)) | None => {}
            }
            if pause.is_none() {
                return Err(tries.failed(status));
            }
            tries.count += 1;
        }
    }

    /// Looks for what a call makes, if its answer was lost, before it is sent again or given up.
    fn look<'a>(
        &'a self,
        tries: &'a Tries,
        status: &Status,
        pause: Option<Duration>,
    ) -> BoxFuture<'a, Option<Result<Found, ClientError>>> {
        let is_unclear = is_lost(status) || status.code == Code::AlreadyExists;
        let wanted = tries.wanted.as_ref().filter(|_| tries.was_lost && is_unclear);
        let retry = Policy {
            budget: self.options.retry.budget.saturating_sub(tries.elapsed()),
            ..self.options.retry.clone()
        };
        let options = match pause {
            Some(_) => CallOptions { retry, waits: None, ..(*self.options).clone() },
            None => {
                let timeout = self.options.timeout.map_or(LAST_LOOK, |timeout| timeout.min(LAST_LOOK));
                CallOptions {
                    retry: Policy::never(),
                    timeout: Some(timeout),
                    waits: None,
                    ..(*self.options).clone()
                }
            }
        };
        let client = Self::new(Arc::clone(&self.transport), options);
        Box::pin(async move { Some(wanted?.look(&client).await) })
    }
}

/// What came of a call so far.
struct Tries {
    method: Cow<'static, str>,
    after_loss: AfterLoss,
    /// What can be looked for.
    wanted: Option<Wanted>,
    started: Instant,
    count: u32,
    /// Whether the answer to one of the tries was lost.
    was_lost: bool,
    /// Whether it is still not known what became of that one.
    is_open: bool,
}

impl Tries {
    fn new(call: &Call) -> Self {
        let after_loss = after_loss(&call.path);
        let wanted = (after_loss == AfterLoss::LookUp).then(|| Wanted::from_call(call)).flatten();
        Self {
            method: method_name(call.path.clone()),
            after_loss,
            wanted,
            started: Instant::now(),
            count: 1,
            was_lost: false,
            is_open: false,
        }
    }

    fn note(&mut self, status: &Status) {
        let settles = status.fault.is_none() && (status.code != Code::AlreadyExists || self.wanted.is_none());
        match is_lost(status) {
            true => (self.was_lost, self.is_open) = (true, true),
            false if settles => self.is_open = false,
            false => {}
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn may_repeat(&self) -> bool {
        match self.after_loss {
            AfterLoss::Read | AfterLoss::Repeat => true,
            AfterLoss::LookUp => self.wanted.is_some(),
            AfterLoss::Leave => false,
        }
    }

    fn failed(self, status: Status) -> ClientError {
        let elapsed = self.elapsed();
        let may_be_done = self.is_open && self.after_loss != AfterLoss::Read;
        ClientError { method: self.method, attempts: self.count, elapsed, may_be_done, status }
    }
}

/// Another entity has the name of a lost call: the status that FlyteAdmin would have returned.
fn taken(status: Status) -> Status {
    match status.code {
        Code::AlreadyExists => status,
        _ => Status::new(Code::AlreadyExists, "something else exists under this name"),
    }
}
