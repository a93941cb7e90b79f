//! What hyper asks for a connection: TCP, TLS where the URL says so, and an ear on the first bytes that come
//! back.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    time::{Instant, Sleep, sleep},
};
use tower_service::Service;

use super::{
    dial::{BoxError, Dial, PROGRESS, Progress, Stage},
    tunnel::ProxyName,
};

/// A connection was not established in time.
#[derive(Debug, thiserror::Error)]
#[error("connection timed out")]
pub(crate) struct TooSlow {
    /// How long it was waited for.
    pub(crate) timeout: Duration,
    /// How far it was.
    pub(crate) stage: Stage,
}

/// A connection behind a proxy failed after the proxy had led on.
#[derive(Debug, thiserror::Error)]
#[error("no connection through {proxy}")]
pub(crate) struct BehindProxy {
    /// The proxy.
    pub(crate) proxy: ProxyName,
    source: BoxError,
}

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    inner: HttpsConnector<Dial>,
    timeout: Duration,
    /// Whether the server speaks first, as in HTTP/2: then it has the connection timeout for that.
    hears_first: bool,
    newest: Arc<Mutex<Heard>>,
}

/// What was received on a connection: the first bytes show what answers if it is not the expected server, the
/// time of the last ones since when there is silence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Hearing>>);

#[derive(Debug, Default)]
struct Hearing {
    first: Vec<u8>,
    last: Option<Instant>,
    gave_up_after: Option<Duration>,
    proxy: Option<ProxyName>,
}

impl Heard {
    /// Enough for the head of an HTTP/1 answer and the title of a page.
    const ENOUGH: usize = 2048;

    fn lock(&self) -> MutexGuard<'_, Hearing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().first.clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().first.is_empty()
    }

    /// How long nothing was heard any more; `None` if nothing was ever heard.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.lock().last.map(|last| last.elapsed())
    }

    /// How long the first byte was waited for, if that was given up.
    pub(crate) fn gave_up_after(&self) -> Option<Duration> {
        self.lock().gave_up_after
    }

    /// The proxy that the connection goes through.
    pub(crate) fn proxy(&self) -> Option<ProxyName> {
        self.lock().proxy.clone()
    }

    fn give_up(&self, after: Duration) {
        self.lock().gave_up_after = Some(after);
    }

    fn add(&self, bytes: &[u8]) {
        let mut heard = self.lock();
        let wanted = bytes.len().min(Self::ENOUGH.saturating_sub(heard.first.len()));
        heard.first.extend_from_slice(&bytes[..wanted]);
        if !bytes.is_empty() {
            heard.last = Some(Instant::now());
        }
    }
}

impl Connector {
    pub(super) fn http2(trust: ClientConfig, dial: Dial, timeout: Duration) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(trust).https_or_http();
        let inner = builder.enable_http2().wrap_connector(dial);
        Self { inner, timeout, hears_first: true, newest: Arc::default() }
    }

    pub(super) fn http1(trust: ClientConfig, dial: Dial, timeout: Duration) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(trust).https_or_http();
        let inner = builder.enable_http1().wrap_connector(dial);
        Self { inner, timeout, hears_first: false, newest: Arc::default() }
    }

    /// What is heard on the newest connection.
    pub(crate) fn newest(&self) -> Heard {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        let (timeout, heard) = (self.timeout, Heard::default());
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = heard.clone();
        let deadline = self.hears_first.then_some(timeout);
        Box::pin(async move {
            let progress = Progress::default();
            let connecting = PROGRESS.scope(progress.clone(), tokio::time::timeout(timeout, connecting));
            let connected = connecting.await.map_err(|_| TooSlow { timeout, stage: progress.stage() })?;
            let proxy = progress.proxy();
            let stream = connected.map_err(|source| match proxy.clone() {
                Some(proxy) => BehindProxy { proxy, source }.into(),
                None => source,
            })?;
            heard.lock().proxy = proxy;
            let patience = deadline.map(|deadline| (deadline, Box::pin(sleep(deadline))));
            Ok(TokioIo::new(Stream { inner: TokioIo::new(stream), heard, patience, lost: None }))
        })
    }
}

/// A connection.
pub(crate) struct Stream {
    inner: TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>,
    heard: Heard,
    /// How long the first byte is waited for; `None` when it is there, or the server does not speak first.
    patience: Option<(Duration, Pin<Box<Sleep>>)>,
    /// Why nothing can be written any more, while the last words are awaited.
    lost: Option<io::Error>,
}

impl Stream {
    /// A peer that closes the connection may have sent the reason before. hyper gives up once it cannot
    /// write, and would not hear it; so it learns of that only when the last words are read.
    fn written<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(error)) if self.heard.is_empty() => self.lost = Some(error),
            result if self.lost.is_none() => return result,
            _ => {}
        }
        let mut space = [0; 512];
        let mut words = ReadBuf::new(&mut space);
        if ready!(Pin::new(&mut self.inner).poll_read(cx, &mut words)).is_ok() {
            self.heard.add(words.filled());
        }
        Poll::Ready(Err(self.lost.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())))
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.inner.inner().connected().extra(self.heard.clone())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.inner).poll_read(cx, to) {
            self.heard.add(&to.filled()[before..]);
            self.patience = None;
            return Poll::Ready(result);
        }
        let Some((timeout, patience)) = &mut self.patience else { return Poll::Pending };
        ready!(patience.as_mut().poll(cx));
        let timeout = *timeout;
        self.heard.give_up(timeout);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
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
