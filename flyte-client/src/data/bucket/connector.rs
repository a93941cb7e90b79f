//! Requests of the object-store crate over this program's own network: its proxies, its certificates, one
//! TLS.

use std::{error, fmt, time::Duration};

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy, rt::TokioExecutor};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use tokio::time::timeout;

use super::super::{broken, stalled, url::target};
use crate::{
    net::{Connector as Dialer, Network, TrustError, fault},
    transport::TransportError,
};

/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_secs(60);

/// Makes clients that share their connections.
#[derive(Clone)]
pub(super) struct Connector(legacy::Client<Dialer, HttpRequestBody>);

impl Connector {
    pub(super) fn new(network: &Network) -> Result<Self, TrustError> {
        let client = legacy::Client::builder(TokioExecutor::new()).build(network.elsewhere()?);
        Ok(Self(client))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Connector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let target = target(request.uri());
        let (kind, fault) = match timeout(ANSWER, self.0.request(request)).await {
            Ok(Ok(response)) => {
                let place = target.place;
                let lost =
                    move |_| HttpError::new(HttpErrorKind::Interrupted, StoreLost::new(broken(&place)));
                return Ok(response.map(|body| HttpResponseBody::new(body.map_err(lost))));
            }
            Ok(Err(error)) if error.is_connect() => {
                (HttpErrorKind::Connect, fault::of_connect(&error, &target))
            }
            Ok(Err(_)) => (HttpErrorKind::Interrupted, broken(&target.place)),
            Err(_) => (HttpErrorKind::Timeout, stalled(&target.place)),
        };
        Err(HttpError::new(kind, StoreLost::new(fault)))
    }
}

/// A failure of the network, on its way through the crate.
#[derive(Debug)]
struct StoreLost(String);

impl StoreLost {
    fn new(fault: TransportError) -> Self {
        Self(fault.text)
    }
}

impl fmt::Display for StoreLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for StoreLost {}

/// The failure of the network that is below an error, in words.
pub(super) fn fault_in(error: &(dyn error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(lost) = error.downcast_ref::<StoreLost>() {
            return Some(lost.0.clone());
        }
        next = error.source();
    }
    None
}
