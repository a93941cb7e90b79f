//! Accepts connections and serves them, until a shutdown.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{net::TcpStream, sync::watch, task::JoinSet};

use super::{headers, peer::PeerConnection, response::Body};

/// How long calls may take to finish after the shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// Serves connections until the shutdown; running calls may finish.
///
/// `answer` gets the connection, the request, and the largest header list that the client accepts.
pub(super) async fn accept<A, F>(
    listener: tokio::net::TcpListener,
    answer: A,
    shutdown: impl Future<Output = ()>,
) where
    A: Fn(Arc<PeerConnection>, Request<Incoming>, usize) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let answer = Arc::new(answer);
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(Arc::clone(&answer), stream, stopped.clone()));
                }
                // Too many open files, or a client that disconnected: keep serving others.
                Err(error) => {
                    log::warn!("could not accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stop.send(());
    // Calls that take longer are cut off.
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

async fn serve<A, F>(answer: Arc<A>, stream: TcpStream, mut stopped: watch::Receiver<()>)
where
    A: Fn(Arc<PeerConnection>, Request<Incoming>, usize) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    // A connection without an address is closed already.
    let Ok(client) = PeerConnection::new(&stream) else { return };
    let client = Arc::new(client);
    let headers = tokio::select! {
        headers = headers::limit(&stream) => headers,
        _ = stopped.changed() => return,
    };
    let service = hyper::service::service_fn(move |request| {
        let answered = answer(Arc::clone(&client), request, headers);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_header_list_size(headers::LARGEST);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let done = tokio::select! {
        done = &mut connection => done,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        log::debug!("a connection ended: {error}");
    }
}
