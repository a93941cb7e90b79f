//! The OAuth callback server: the provider redirects the browser to it. Listens on loopback only.
//!
//! It waits for one valid request: the path of the redirect URI, with the state of this login. All other
//! requests get an error page. The caller chooses the page for the valid one after the code was exchanged,
//! so it shows "signed in" only if that succeeded.
//!
//! | file | what it does |
//! |---|---|
//! | `address` | the redirect URI, and its port |
//! | `handler` | validates requests |
//! | `connections` | limits the open connections |

mod address;
mod connections;
mod handler;

#[cfg(test)]
mod tests;

use std::{convert::Infallible, future::poll_fn, io, sync::Arc, task::Poll, time::Duration};

use oauth2::CsrfToken;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::sleep,
};

pub use self::address::CallbackError;
pub(super) use self::handler::{CallbackRequest, CallbackResult};
use self::{address::Address, connections::ConnectionLimiter, handler::CallbackHandler};

/// The pause after a failed `accept`, such as for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The server, bound and not yet serving. The port is closed when it, or the future of [`Callback::serve`],
/// is dropped.
pub(super) struct Callback {
    listeners: Vec<TcpListener>,
    address: Address,
}

impl Callback {
    /// Binds the port of a redirect URI, on the loopback interface.
    ///
    /// A URI without a port, or with port 0, gets any free port ([RFC 8252, section 7.3]): users may not
    /// listen on port 80, which it would mean otherwise.
    ///
    /// [RFC 8252, section 7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
    pub(super) async fn bind(redirect_uri: &str) -> Result<Self, CallbackError> {
        let (address, listeners) = Address::parse(redirect_uri)?.listen().await?;
        Ok(Self { listeners, address })
    }

    /// The redirect URI, with the actual port.
    pub(super) fn redirect_uri(&self) -> &str {
        self.address.uri()
    }

    /// Serves, and sends the first request that has the state. Continues to serve afterwards, so that later
    /// requests get an error page; there is no timeout.
    ///
    /// `issuer` is the provider's issuer, if known.
    pub(super) fn serve(
        self,
        state: CsrfToken,
        issuer: Option<String>,
    ) -> (impl Future<Output = Infallible> + Send, oneshot::Receiver<CallbackRequest>) {
        let (answered, answer) = oneshot::channel();
        let handler = Arc::new(CallbackHandler::new(self.address, state, issuer, answered));
        (accept_all(self.listeners, handler), answer)
    }
}

async fn accept_all(listeners: Vec<TcpListener>, handler: Arc<CallbackHandler>) -> Infallible {
    let mut connections = ConnectionLimiter::default();
    loop {
        match accept(&listeners).await {
            Ok(stream) => connections.serve(stream, Arc::clone(&handler)),
            // The browser is gone, or there are no more descriptors: neither ends the login.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn accept(listeners: &[TcpListener]) -> io::Result<TcpStream> {
    poll_fn(|context| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}
