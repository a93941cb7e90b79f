//! Servers of one test, at ports of the system's choice.

#![expect(unreachable_pub, reason = "a module of a test program")]

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A body with trailers.
pub type Body = StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

/// Listens, and does something with each connection.
pub async fn serve<F>(work: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(work(stream));
        }
    });
    address
}

/// A gRPC server, and how many connections it had.
pub async fn grpc<A>(answer: A, tls: Option<TlsAcceptor>) -> (SocketAddr, Arc<AtomicUsize>)
where
    A: Fn(Request<Bytes>) -> Response<Body> + Clone + Send + Sync + 'static,
{
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let address = serve(move |stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        let (answer, tls) = (answer.clone(), tls.clone());
        async move {
            match tls {
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        http2(stream, answer).await;
                    }
                }
                None => http2(stream, answer).await,
            }
        }
    })
    .await;
    (address, connections)
}

async fn http2<A>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, answer: A)
where
    A: Fn(Request<Bytes>) -> Response<Body> + Clone + Send + Sync + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            Ok::<_, Infallible>(answer(Request::from_parts(head, body)))
        }
    });
    let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = served.serve_connection(TokioIo::new(stream), service).await;
}

/// An answer with a status and perhaps a message.
pub fn answer(status: &[(&'static str, &str)], message: Option<&[u8]>) -> Response<Body> {
    let mut frames = Vec::new();
    if let Some(message) = message {
        let mut body = vec![0];
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(message);
        frames.push(Ok(Frame::data(body.into())));
    }
    let trailers = status.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    frames.push(Ok(Frame::trailers(trailers.collect::<HeaderMap>())));
    let body = StreamBody::new(futures_util::stream::iter(frames));
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}

/// An answer of a server that does not speak gRPC.
pub fn page(status: u16, kind: &str, text: &'static str) -> Response<Body> {
    let frames = vec![Ok(Frame::data(Bytes::from_static(text.as_bytes())))];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    Response::builder().status(status).header("content-type", kind).body(body).unwrap()
}

/// Answers whatever comes with a text, and closes.
pub async fn says(text: &'static [u8]) -> SocketAddr {
    serve(move |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(text).await;
        let _ = stream.shutdown().await;
        // Closing with bytes unread would be a reset, which may overtake the text.
        while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
    })
    .await
}

/// Takes one call, and breaks the connection.
pub async fn resets() -> SocketAddr {
    serve(|stream| async move {
        let service = service_fn(|_: Request<Incoming>| async {
            // What the server does not send back: an error ends the connection's stream.
            Err::<Response<Body>, _>(std::io::Error::other("gone"))
        });
        let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = served.serve_connection(TokioIo::new(stream), service).await;
    })
    .await
}

/// Takes calls, and answers none of them.
pub async fn never_answers() -> SocketAddr {
    serve(|stream| async move {
        let service =
            service_fn(|_: Request<Incoming>| std::future::pending::<Result<Response<Body>, Infallible>>());
        let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = served.serve_connection(TokioIo::new(stream), service).await;
    })
    .await
}

/// Answers each call by a status before reading the request, as grpc-go does with one that is too large.
pub async fn does_not_read(status: &'static [(&'static str, &'static str)]) -> SocketAddr {
    serve(move |stream| async move {
        let service =
            service_fn(move |_: Request<Incoming>| async move { Ok::<_, Infallible>(answer(status, None)) });
        let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = served.serve_connection(TokioIo::new(stream), service).await;
    })
    .await
}

/// Takes bytes, and closes without an answer.
pub async fn closes() -> SocketAddr {
    serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await
}

/// A proxy that leads to one server only, and what it was asked.
pub async fn proxy(to: SocketAddr) -> (SocketAddr, Arc<std::sync::Mutex<Vec<String>>>) {
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let address = serve(move |mut stream| {
        let heard = Arc::clone(&heard);
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heard.lock().unwrap().push(String::from_utf8(head).unwrap());
            stream.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").await.unwrap();
            let mut server = TcpStream::connect(to).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        }
    })
    .await;
    (address, asked)
}
