//! The server to which the browser comes back from the provider, on this machine only.
//!
//! It waits for one true answer: the path of the redirect URI, with the state of this attempt. Everything else that a
//! browser or a stranger asks is answered and forgotten. The page that the browser sees is decided by whoever waits,
//! after the code was exchanged; so "signed in" is said only when it is so.
//!
//! | file | what it does |
//! |---|---|
//! | `address` | which port of which address: what a redirect URI says |
//! | `handler` | who gets in: what is the answer, and what is none |
//! | `connections` | the open connections, of which there are only so many |

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
pub(super) use self::handler::{Answer, Visit};
use self::{address::Address, connections::Visitors, handler::Door};

/// When the system gives no more connections, it is asked again after so long.
const PAUSE: Duration = Duration::from_millis(50);

/// The server, bound and not yet asked anything. The port is closed when it, or what [`Callback::serve`] gives, is
/// dropped.
pub(super) struct Callback {
    listeners: Vec<TcpListener>,
    address: Address,
}

impl Callback {
    /// Binds the port of a redirect URI, on the loopback interface.
    ///
    /// A URI without a port, or with port 0, gets any port that is free, as [RFC 8252, section 7.3] has it: no user may
    /// listen on port 80, which it would mean otherwise.
    ///
    /// [RFC 8252, section 7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
    pub(super) async fn bind(redirect_uri: &str) -> Result<Self, CallbackError> {
        let (address, listeners) = Address::parse(redirect_uri)?.listen().await?;
        Ok(Self { listeners, address })
    }

    /// Where the browser is sent back to: the redirect URI with the port that it got.
    pub(super) fn redirect_uri(&self) -> &str {
        self.address.uri()
    }

    /// Serves, and gives the first answer that has the state. It goes on serving after that, so that whoever comes late
    /// is told so; deadlines are the caller's.
    ///
    /// `issuer` is the name that the provider goes by, where it is known.
    pub(super) fn serve(
        self,
        state: CsrfToken,
        issuer: Option<String>,
    ) -> (impl Future<Output = Infallible> + Send, oneshot::Receiver<Visit>) {
        let (answered, answer) = oneshot::channel();
        let door = Arc::new(Door::new(self.address, state, issuer, answered));
        (admit(self.listeners, door), answer)
    }
}

async fn admit(listeners: Vec<TcpListener>, door: Arc<Door>) -> Infallible {
    let mut visitors = Visitors::default();
    loop {
        match accept(&listeners).await {
            Ok(stream) => visitors.admit(stream, Arc::clone(&door)),
            // A browser that has gone, or no more descriptors: neither ends the sign-in.
            Err(_) => sleep(PAUSE).await,
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
