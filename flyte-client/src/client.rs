//! Flyte's services as functions: one for each method, made from the `.proto` files (see `proto::service`).

mod error;
mod lost;
mod tries;
mod wait;

use std::{sync::Arc, time::Duration};

use prost::Message;
use tokio::time::Instant;

use self::{
    error::method_name,
    wait::{Patience, observed},
};
pub use self::{
    error::{ClientError, ClientErrorKind},
    wait::WaitObserver,
};
pub use crate::retry::Policy;
use crate::transport::{
    Call, CallResponse, Code, Metadata, Status, Transport, TransportError, TransportErrorKind,
};

/// A client of FlyteAdmin and its sister services. Cheap to clone; clones share the transport.
///
/// Its methods are those of Flyte's services: `create_task`, `list_executions`, `create_upload_location`…
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    options: Arc<CallOptions>,
}

/// What holds for every call of a client.
#[derive(Clone, Default)]
pub struct CallOptions {
    /// Sent with every call. Values may be secret.
    pub metadata: Metadata,
    /// How long one try may take; `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// How often and how long to try.
    pub retry: Policy,
    /// Hears of calls that take long.
    pub waits: Option<Arc<dyn WaitObserver>>,
}

impl Client {
    /// A client over a transport.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, options: CallOptions) -> Self {
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
    ) -> Result<Response, ClientError>
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
        Response::decode(answer.message).map_err(|error| ClientError {
            elapsed: started.elapsed(),
            ..ClientError::new(method_name(path.into()), self.unreadable(&error))
        })
    }

    fn unreadable(&self, error: &prost::DecodeError) -> Status {
        let Some(carrier) = self.transport.carrier() else {
            return Status::new(Code::Internal, format!("could not decode the response: {error}"));
        };
        let fault = TransportError::new(
            TransportErrorKind::Transport,
            format!("could not decode the response passed on by {carrier}"),
        );
        Status::fault(Code::Internal, fault.caused_by([error.to_string()]))
    }

    /// Sends an encoded call, for a client of its own such as a plugin's command. The client's metadata
    /// comes before the call's; its limit of time holds for a call that has none.
    ///
    /// A call that makes something of a name that it chooses is not repeated before a look at what is there
    /// under that name: what it asked for counts as its answer.
    ///
    /// # Errors
    ///
    /// When the server says so, or could not be asked.
    pub async fn call(&self, mut call: Call) -> Result<CallResponse, ClientError> {
        call.metadata.splice(0..0, self.options.metadata.iter().cloned());
        call.timeout = call.timeout.or(self.options.timeout);
        let patience = self.options.waits.as_ref().map(|waits| Patience::new(call.timeout, waits));
        match patience {
            Some(patience) => observed(self.tries(call), patience).await,
            None => self.tries(call).await,
        }
    }
}
