//! The sandbox behind its port, as other clients see it.

mod files;
mod grpc;
#[cfg(unix)]
mod guard;
mod official;
mod running;
mod s3;

use std::{net::SocketAddr, sync::Arc, thread::JoinHandle};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sandbox::{
    EngineStart, Sandbox,
    server::{ServeError, Server, ServerOptions},
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A server of a sandbox of its own, on a port of its own, until it is dropped.
struct Served {
    folder: TempDir,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap())
    }

    /// Serves the sandbox of a folder.
    fn within(folder: TempDir) -> Self {
        let server = bind(&folder).unwrap();
        Self::run(folder, server)
    }

    fn run(folder: TempDir, server: Server) -> Self {
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let stopped = async { stopped.await.unwrap_or_default() };
            runtime().block_on(server.run(stopped)).unwrap();
        });
        Self { folder, address, stop: Some(stop), thread: Some(thread) }
    }

    /// Ends the server, and keeps the sandbox.
    fn stop(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).unwrap();
            self.thread.take().unwrap().join().unwrap();
        }
    }

    /// Sends one HTTP/1.1 request.
    fn http1(&self, request: Request<Full<Bytes>>) -> Received {
        runtime().block_on(async {
            let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            Received::from_response(sender.send_request(request).await.unwrap()).await
        })
    }

    /// Sends one HTTP/2 request.
    fn http2(&self, request: Request<Full<Bytes>>) -> Received {
        runtime().block_on(async {
            let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                    .await
                    .unwrap();
            tokio::spawn(connection);
            Received::from_response(sender.send_request(request).await.unwrap()).await
        })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn bind(folder: &TempDir) -> Result<Server, ServeError> {
    let largest_message = 1024;
    bind_with(folder, EngineStart::External, &ServerOptions { largest_message, ..ServerOptions::default() })
}

/// Listens on a free port.
fn bind_with(folder: &TempDir, engine: EngineStart, options: &ServerOptions) -> Result<Server, ServeError> {
    let sandbox = Sandbox::open(&sandbox::SandboxOptions { root: folder.path().to_owned(), engine }).unwrap();
    let address = ([127, 0, 0, 1], 0).into();
    Server::bind(Arc::new(sandbox), &ServerOptions { address, ..options.clone() })
}

/// An answer, whole.
#[derive(Debug)]
struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    trailers: HeaderMap,
}

impl Received {
    async fn from_response(response: http::Response<hyper::body::Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned().unwrap_or_default();
        Self { status: parts.status, headers: parts.headers, body: collected.to_bytes(), trailers }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}
