//! The server to which the browser comes back from the provider, on this machine only.
//!
//! It waits for one true answer: the path of the redirect URI, with the state of this attempt. Everything else that a
//! browser or a stranger asks is answered and forgotten. The page that the browser sees is decided by whoever waits,
//! after the code was exchanged; so "signed in" is said only when it is so.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use remote::config::Secret;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::page::{self, Page};

/// Why the server cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// The address is none of this machine's own.
    #[error("the redirect URI `{0}` does not lead back to this machine")]
    NotLocal(String),
    /// Somebody else has the port.
    #[error("port {port}, to which the browser is sent back, is taken{}", holder.as_ref().map(|who| format!(" by {who}")).unwrap_or_default())]
    PortTaken {
        /// The port.
        port: u16,
        /// The program that has it, where that can be seen.
        holder: Option<String>,
    },
    /// The port cannot be listened on for another reason.
    #[error("port {port}, to which the browser is sent back, cannot be listened on")]
    Listen {
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
}

impl CallbackError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotLocal(_) => "whoever runs this Flyte chose it; ask them for one with `localhost`, or sign in with \
                                  `flyte-host login --device`"
                .to_owned(),
            Self::PortTaken { .. } | Self::Listen { .. } => {
                "whoever runs this Flyte chose the port: end the program that has it, ask them for another one, or \
                 sign in with `flyte-host login --device`"
                    .to_owned()
            }
        }
    }
}

/// What the provider sent the browser back with.
#[derive(Debug)]
pub(super) enum Answer {
    /// A code to be exchanged for tokens.
    Code(Secret),
    /// The provider, or the person, refused.
    Refused {
        /// OAuth's code, such as `access_denied`.
        error: String,
        /// The provider's own words.
        description: Option<String>,
    },
}

/// A browser that waits for its page.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) answer: Answer,
    page: oneshot::Sender<Page>,
}

impl Visit {
    /// Shows the page; a browser that has gone does not matter.
    pub(super) fn show(self, page: Page) {
        let _ = self.page.send(page);
    }
}

/// The server, bound and not yet asked anything.
pub(super) struct Callback {
    listeners: Vec<TcpListener>,
    path: String,
}

impl Callback {
    /// Binds the port of a redirect URI, on the loopback interface whatever the URI says.
    pub(super) async fn bind(redirect_uri: &str) -> Result<Self, CallbackError> {
        let not_local = || CallbackError::NotLocal(redirect_uri.to_owned());
        let uri: Uri = redirect_uri.parse().map_err(|_| not_local())?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let addresses: &[IpAddr] = match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) if address.is_loopback() => &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
            Ok(IpAddr::V6(address)) if address.is_loopback() => &[IpAddr::V6(Ipv6Addr::LOCALHOST)],
            // A browser may take either.
            Err(_) if host.eq_ignore_ascii_case("localhost") => {
                &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
            }
            _ => return Err(not_local()),
        };
        if uri.scheme_str() != Some("http") {
            return Err(not_local());
        }
        let port = uri.port_u16().unwrap_or(80);
        let mut listeners = Vec::new();
        for (number, &address) in addresses.iter().enumerate() {
            match TcpListener::bind(SocketAddr::new(address, port)).await {
                Ok(listener) => listeners.push(listener),
                // Not every machine has IPv6; but if a stranger has that side of the port, the code would be theirs.
                Err(error) if number > 0 && error.kind() != io::ErrorKind::AddrInUse => {}
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    return Err(CallbackError::PortTaken { port, holder: super::port::holder(port) });
                }
                Err(source) => return Err(CallbackError::Listen { port, source }),
            }
        }
        Ok(Self { listeners, path: uri.path().to_owned() })
    }

    /// Waits for the browser that comes back with a state. Ends only with it: deadlines are the caller's.
    ///
    /// The connections live as long as what is returned, so that the page gets to the browser.
    pub(super) async fn wait(self, state: Secret) -> (Visit, Connections) {
        let (visits, mut arrived) = mpsc::channel(1);
        let door = Arc::new(Door { path: self.path, state, visits });
        let mut connections = JoinSet::new();
        for listener in self.listeners {
            let door = Arc::clone(&door);
            connections.spawn(async move {
                let mut open = JoinSet::new();
                loop {
                    // An accept that fails concerns a browser that has gone.
                    if let Ok((stream, _)) = listener.accept().await {
                        open.spawn(serve(stream, Arc::clone(&door)));
                    }
                }
            });
        }
        drop(door);
        match arrived.recv().await {
            Some(visit) => (visit, Connections(connections)),
            // The listeners hold the other end and never stop.
            None => unreachable!("the callback server ended by itself"),
        }
    }
}

/// The open connections; dropping them closes the port.
pub(super) struct Connections(JoinSet<Infallible>);

impl Connections {
    /// Lets the browser read its page before the port is closed.
    pub(super) async fn finish(self, read: impl Future<Output = ()>) {
        read.await;
        drop(self.0);
    }
}

/// What every connection needs to know.
struct Door {
    path: String,
    state: Secret,
    visits: mpsc::Sender<Visit>,
}

async fn serve(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(respond(door.page(&request).await)) }
    });
    // A browser that breaks off has its own reasons.
    let _ = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
}

fn respond(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(page.html.into()));
    *response.status_mut() = page.status;
    *response.headers_mut() = page::headers();
    response
}

impl Door {
    /// The page for a request: at once for strangers, after the exchange for the one that was waited for.
    async fn page(&self, request: &Request<Incoming>) -> Page {
        if request.uri().path().trim_matches('/') != self.path.trim_matches('/') {
            return Page::stray(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::GET {
            return Page::stray(StatusCode::METHOD_NOT_ALLOWED);
        }
        let Some(answer) = self.answer(request.uri().query().unwrap_or_default()) else {
            return Page::failure("This answer does not belong to the sign-in that is waiting here.");
        };
        let (page, shown) = oneshot::channel();
        // Only one answer counts: the channel takes one, and nobody empties it twice.
        if self.visits.try_send(Visit { answer, page }).is_err() {
            return Page::failure("This sign-in has been answered already.");
        }
        shown.await.unwrap_or_else(|_| Page::failure("The sign-in was given up."))
    }

    /// What a query says, if its state is ours.
    fn answer(&self, query: &str) -> Option<Answer> {
        let value = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        if value("state").as_deref() != Some(self.state.reveal()) {
            return None;
        }
        if let Some(error) = value("error") {
            return Some(Answer::Refused { error, description: value("error_description") });
        }
        Some(Answer::Code(Secret::new(value("code")?)))
    }
}
