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

use super::Door;
use crate::page::{self, Page};

/// So many connections are open at once; then the oldest goes. A browser needs two or three.
const MOST: usize = 64;

/// Who says nothing for so long has nothing to say.
const HEAD: Duration = Duration::from_secs(10);

/// The longest head of a request, in bytes. A browser sends the cookies of every server that ran on `localhost`.
const LONGEST: usize = 128 << 10;

/// Everybody who is served. Dropping it ends their connections.
#[derive(Default)]
pub(super) struct Visitors {
    tasks: JoinSet<()>,
    by_age: VecDeque<AbortHandle>,
}

impl Visitors {
    /// Serves one more.
    pub(super) fn admit(&mut self, stream: TcpStream, door: Arc<Door>) {
        while self.tasks.try_join_next().is_some() {}
        self.by_age.retain(|visitor| !visitor.is_finished());
        if self.by_age.len() >= MOST
            && let Some(oldest) = self.by_age.pop_front()
        {
            oldest.abort();
        }
        self.by_age.push_back(self.tasks.spawn(serve(stream, door)));
    }
}

async fn serve(stream: TcpStream, door: Arc<Door>) {
    // Whoever shows a page sees by it when the connection ends.
    let (_open, connection) = watch::channel(());
    let service = service_fn(move |request: Request<Incoming>| {
        let (door, connection) = (Arc::clone(&door), connection.clone());
        async move { Ok::<_, Infallible>(respond(door.page(&request, connection).await)) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST).keep_alive(false);
    // A browser that breaks off has its own reasons.
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
