//! The open connections to the callback server.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use super::handler::CallbackHandler;
use crate::page::{self, Page};

/// The most open connections; then the oldest is closed. A browser needs two or three.
const MAX_CONNECTIONS: usize = 64;

/// How long a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest head of a request, in bytes. Browsers send the cookies of every server that ran on
/// `localhost`.
const MAX_HEAD: usize = 128 << 10;

/// Serves connections, up to a limit. Dropping it closes them.
#[derive(Default)]
pub(super) struct ConnectionLimiter {
    tasks: JoinSet<()>,
    by_age: VecDeque<AbortHandle>,
}

impl ConnectionLimiter {
    /// Serves a connection in the background.
    pub(super) fn serve(&mut self, stream: TcpStream, handler: Arc<CallbackHandler>) {
        while self.tasks.try_join_next().is_some() {}
        self.by_age.retain(|connection| !connection.is_finished());
        if self.by_age.len() >= MAX_CONNECTIONS
            && let Some(oldest) = self.by_age.pop_front()
        {
            oldest.abort();
        }
        self.by_age.push_back(self.tasks.spawn(serve_one(stream, handler)));
    }
}

async fn serve_one(stream: TcpStream, handler: Arc<CallbackHandler>) {
    // Closes with the connection, for `PendingResponse::show`.
    let (_open, connection) = watch::channel(());
    let service = service_fn(move |request: Request<Incoming>| {
        let (handler, connection) = (Arc::clone(&handler), connection.clone());
        async move { Ok::<_, Infallible>(respond(handler.page(&request, connection).await)) }
    });
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false);
    // The browser may close the connection early.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

fn respond(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(page.html.into()));
    *response.status_mut() = page.status;
    *response.headers_mut() = page::headers();
    if page.status == http::StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET"));
    }
    response
}
