//! Flyte's services as functions: one for each method, made from the `.proto` files (see `proto::service`).

use std::{sync::Arc, time::Duration};

use prost::Message;

use crate::transport::{Call, Metadata, Status, Transport};

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
    /// How long one attempt may take; `None`: as long as it takes.
    pub timeout: Option<Duration>,
}

/// A call that failed for good.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{method}` failed")]
pub struct Error {
    /// The method, such as `CreateTask`.
    pub method: &'static str,
    /// What the last attempt got.
    #[source]
    pub status: Status,
    /// How often it was tried.
    pub attempts: u32,
    /// How long it took in all.
    pub elapsed: Duration,
}

impl Client {
    /// A client over a transport.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, options: Options) -> Self {
        Self { transport, options: Arc::new(options) }
    }

    /// Calls a method by its path.
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
        let started = std::time::Instant::now();
        let failed = |status| Error {
            method: path.rsplit('/').next().unwrap_or(path),
            status,
            attempts: 1,
            elapsed: started.elapsed(),
        };
        let call = Call {
            path: path.into(),
            metadata: self.options.metadata.clone(),
            message: request.encode_to_vec().into(),
            timeout: self.options.timeout,
        };
        let answer = self.transport.call(call).await.map_err(failed)?;
        Response::decode(answer.message).map_err(|error| {
            failed(Status::new(
                crate::transport::Code::Internal,
                format!("the answer cannot be read: {error}"),
            ))
        })
    }
}
