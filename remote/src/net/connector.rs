//! What hyper asks for a connection: TCP, TLS where the URL says so, and an ear on the first bytes that come back.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::ClientConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tower_service::Service;

use super::dial::{BoxError, Dial};

/// A connection took too long to come about.
#[derive(Debug, thiserror::Error)]
#[error("no connection came about in time")]
pub(crate) struct TooSlow(pub(crate) Duration);

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    inner: HttpsConnector<Dial>,
    timeout: Duration,
    heard: Heard,
}

/// The first bytes of the newest connection: they tell who is there when it is not whom we expected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// Enough for the head of an HTTP/1 answer and the title of a page.
    const ENOUGH: usize = 2048;

    /// What was heard so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes more; says whether it wants to hear on.
    fn add(&self, bytes: &[u8]) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = bytes.len().min(Self::ENOUGH.saturating_sub(heard.len()));
        heard.extend_from_slice(&bytes[..wanted]);
        heard.len() < Self::ENOUGH
    }
}

impl Connector {
    pub(super) fn http2(trust: ClientConfig, dial: Dial, timeout: Duration) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(trust).https_or_http();
        let inner = builder.enable_http2().wrap_connector(dial);
        Self { inner, timeout, heard: Heard::default() }
    }

    pub(super) fn http1(trust: ClientConfig, dial: Dial, timeout: Duration) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(trust).https_or_http();
        let inner = builder.enable_http1().wrap_connector(dial);
        Self { inner, timeout, heard: Heard::default() }
    }

    /// The ear on its connections.
    pub(crate) fn heard(&self) -> Heard {
        self.heard.clone()
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.inner.call(target);
        let (timeout, heard) = (self.timeout, self.heard.clone());
        heard.forget();
        Box::pin(async move {
            let stream = tokio::time::timeout(timeout, connecting).await.map_err(|_| TooSlow(timeout))??;
            Ok(TokioIo::new(Stream { inner: TokioIo::new(stream), heard, listens: true, lost: None }))
        })
    }
}

/// A connection.
pub(crate) struct Stream {
    inner: TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>,
    heard: Heard,
    listens: bool,
    /// Why nothing can be written any more, while the last words are awaited.
    lost: Option<io::Error>,
}

impl Stream {
    /// Whoever closes on us may have said why before. hyper gives up once it cannot write, and would not hear it; so it
    /// learns of that only when the last words are read.
    fn written<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(error)) if self.heard.is_empty() => self.lost = Some(error),
            result if self.lost.is_none() => return result,
            _ => {}
        }
        let mut space = [0; 512];
        let mut words = ReadBuf::new(&mut space);
        if ready!(Pin::new(&mut self.inner).poll_read(cx, &mut words)).is_ok() {
            self.listens = self.heard.add(words.filled());
        }
        Poll::Ready(Err(self.lost.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())))
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.inner.inner().connected()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, to))?;
        if self.listens {
            self.listens = self.heard.add(&to.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, from);
        self.written(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        self.written(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, from);
        self.written(cx, result)
    }
}
