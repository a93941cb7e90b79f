//! Calls on their way to a gRPC server: each is carried, or it is lost before the server did it, or after.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, request::Parts};
use http_body_util::{BodyExt as _, Collected, Full, combinators::WithTrailers};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};

use super::Listening;

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// It is done, and its answer is lost.
    AnswerLost(Loss),
    /// It is done, and answered.
    Carried,
    /// It does not reach the server.
    RequestLost(Loss),
}

/// How something is lost, as the program sees it.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// Its stream is reset.
    Reset,
    /// A gateway answers UNAVAILABLE instead of the server.
    Unavailable,
}

/// A proxy of calls.
pub struct CallProxy {
    listening: Listening,
    calls: Arc<Mutex<Vec<String>>>,
}

type Decide = dyn Fn(&str, usize) -> Fate + Send + Sync;
type Body = WithTrailers<Full<Bytes>, std::future::Ready<Option<Result<HeaderMap, Infallible>>>>;

/// What the proxy's connections have in common.
struct Shared {
    server: String,
    client: Client<HttpConnector, Full<Bytes>>,
    decide: Box<Decide>,
    calls: Arc<Mutex<Vec<String>>>,
    counts: Mutex<HashMap<(String, Bytes), usize>>,
}

impl CallProxy {
    /// Leads to a server; `decide` says what becomes of a call, from its method and how often this very call
    /// has come, this time included.
    #[must_use]
    pub fn start(server: &str, decide: impl Fn(&str, usize) -> Fate + Send + Sync + 'static) -> Self {
        let calls = Arc::default();
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            client,
            decide: Box::new(decide),
            calls: Arc::clone(&calls),
            counts: Mutex::default(),
        });
        let listening = Listening::start(move |stream, _| {
            let shared = Arc::clone(&shared);
            let service = service_fn(move |request| respond(request, Arc::clone(&shared)));
            Box::pin(async move {
                let served = http2::Builder::new(TokioExecutor::new());
                let _ = served.serve_connection(TokioIo::new(stream), service).await;
            })
        });
        Self { listening, calls }
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.listening.address.to_string()
    }

    /// The methods that were called so far, in order.
    ///
    /// # Panics
    ///
    /// Never, but if a test panicked in a decision of its own.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("no test panics with it").clone()
    }

    /// How often a method was called.
    #[must_use]
    pub fn count(&self, method: &str) -> usize {
        self.calls().iter().filter(|call| *call == method).count()
    }
}

impl Shared {
    fn fate(&self, path: &str, message: &Bytes) -> Fate {
        let method = path.rsplit('/').next().unwrap_or(path);
        self.calls.lock().expect("no test panics with it").push(method.to_owned());
        let number = {
            let mut counts = self.counts.lock().expect("no test panics with it");
            let count = counts.entry((method.to_owned(), message.clone())).or_default();
            *count += 1;
            *count
        };
        (self.decide)(method, number)
    }

    async fn carry(&self, mut head: Parts, body: Bytes) -> io::Result<Response<Collected<Bytes>>> {
        let path = head.uri.path().to_owned();
        head.uri = format!("http://{}{path}", self.server).parse().map_err(io::Error::other)?;
        let request = Request::from_parts(head, Full::new(body));
        let response = self.client.request(request).await.map_err(io::Error::other)?;
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, body.collect().await.map_err(io::Error::other)?))
    }
}

async fn respond(request: Request<Incoming>, shared: Arc<Shared>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let loss = match shared.fate(head.uri.path(), &body) {
        Fate::Carried => return shared.carry(head, body).await.map(copy),
        Fate::RequestLost(loss) => loss,
        Fate::AnswerLost(loss) => {
            shared.carry(head, body).await?;
            loss
        }
    };
    match loss {
        // An error of a service resets the stream.
        Loss::Reset => Err(io::Error::other("lost")),
        Loss::Unavailable => Ok(unavailable()),
    }
}

fn copy(response: Response<Collected<Bytes>>) -> Response<Body> {
    response.map(|body| {
        let trailers = body.trailers().cloned().map(Ok);
        Full::new(body.to_bytes()).with_trailers(std::future::ready(trailers))
    })
}

fn unavailable() -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::new()).with_trailers(std::future::ready(None)));
    for (name, value) in
        [("content-type", "application/grpc"), ("grpc-status", "14"), ("grpc-message", "upstream is gone")]
    {
        response.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    response
}
