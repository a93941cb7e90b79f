//! Flyte's services as functions: one for each method, made from the `.proto` files (see `proto::service`).

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use prost::Message;

use crate::transport::{Answer, Call, Code, Metadata, Status, Transport};

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
    pub method: Cow<'static, str>,
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
        let call = Call {
            path: path.into(),
            metadata: Metadata::new(),
            message: request.encode_to_vec().into(),
            timeout: None,
        };
        let started = Instant::now();
        let answer = self.call(call).await?;
        Response::decode(answer.message).map_err(|error| {
            let status = Status::new(Code::Internal, format!("the answer cannot be read: {error}"));
            Error { method: method(&path.into()), status, attempts: 1, elapsed: started.elapsed() }
        })
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
        let (method, started) = (method(&call.path), Instant::now());
        let answer = self.transport.call(call).await;
        answer.map_err(|status| Error { method, status, attempts: 1, elapsed: started.elapsed() })
    }
}

/// `CreateTask`, of its path.
fn method(path: &Cow<'static, str>) -> Cow<'static, str> {
    let name = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(&path[name(path)..]),
        Cow::Owned(path) => Cow::Owned(path[name(path)..].to_owned()),
    }
}
