//! Flyte's services as functions: one for each method, made from the `.proto` files (see `proto::service`).

mod error;

use std::{borrow::Cow, sync::Arc, time::Duration};

use prost::Message;
use tokio::time::{Instant, sleep};

pub use self::error::{Error, Kind};
pub use crate::retry::Policy;
use crate::{
    retry::may_repeat,
    transport::{Answer, Call, Code, Fault, FaultKind, Metadata, Status, Transport},
};

/// A client of FlyteAdmin and its sister services. Cheap to clone; clones share the transport.
///
/// Its methods are those of Flyte's services: `create_task`, `list_executions`, `create_upload_location`…
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    options: Arc<Options>,
}

/// What holds for every call of a client.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Sent with every call. Values may be secret.
    pub metadata: Metadata,
    /// How long one try may take; `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// How often and how long to try.
    pub retry: Policy,
}

impl Client {
    /// A client over a transport.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, options: Options) -> Self {
        Self { transport, options: Arc::new(options) }
    }

    /// The transport under it.
    #[must_use]
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// Calls a method by its path, and again where that may help and does no harm (see [`Policy`]).
    ///
    /// # Errors
    ///
    /// When the server says so, or could not be asked.
    pub async fn unary<Request, Response>(
        &self,
        path: &'static str,
        request: &Request,
    ) -> Result<Response, Error>
    where
        Request: Message,
        Response: Message + Default,
    {
        let call = Call {
            path: path.into(),
            metadata: Metadata::new(),
            message: request.encode_to_vec().into(),
            timeout: None,
        };
        let started = Instant::now();
        let answer = self.call(call).await?;
        Response::decode(answer.message).map_err(|error| {
            let status = self.unreadable(&error);
            Error { method: method(path.into()), status, attempts: 1, elapsed: started.elapsed() }
        })
    }

    fn unreadable(&self, error: &prost::DecodeError) -> Status {
        let Some(carrier) = self.transport.carrier() else {
            return Status::new(Code::Internal, format!("the answer cannot be read: {error}"));
        };
        let fault = Fault::new(FaultKind::Transport, format!("what {carrier} brought is no answer"));
        Status::fault(Code::Internal, fault.caused_by([error.to_string()]))
    }

    /// Carries an encoded call, for whoever is a client of its own, such as a command of a plugin. The client's metadata
    /// comes before the call's; its limit of time holds for a call that has none.
    ///
    /// # Errors
    ///
    /// When the server says so, or could not be asked.
    pub async fn call(&self, mut call: Call) -> Result<Answer, Error> {
        call.metadata.splice(0..0, self.options.metadata.iter().cloned());
        call.timeout = call.timeout.or(self.options.timeout);
        let started = Instant::now();
        let mut attempts = 1;
        loop {
            let status = match self.transport.call(call.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            let elapsed = started.elapsed();
            let may_repeat = may_repeat(&call.path, &call.message);
            let Some(pause) = self.options.retry.pause(&status, may_repeat, attempts, elapsed) else {
                return Err(Error { method: method(call.path), status, attempts, elapsed });
            };
            log::debug!("`{}` is tried again in {pause:?}: {status}", call.path);
            sleep(pause).await;
            attempts += 1;
        }
    }
}

/// `CreateTask`, of its path.
fn method(path: Cow<'static, str>) -> Cow<'static, str> {
    let name = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(&path[name(path)..]),
        Cow::Owned(mut path) => Cow::Owned(path.split_off(name(&path))),
    }
}
