//! Who gets in: what is the answer that is waited for, and what is none.

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, Method, Request, StatusCode, header};
use oauth2::{AuthorizationCode, CsrfToken};
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};

use super::Address;
use crate::{page::Page, redact::clean};

/// How long a browser has to read its page before the command goes on.
const READING: Duration = Duration::from_secs(1);

/// What the provider sent the browser back with.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A code to be exchanged for tokens.
    Code(AuthorizationCode),
    /// Another provider than the one that was asked answers ([RFC 9207]): this is its name, fit to be shown.
    ///
    /// [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207
    OtherIssuer(String),
    /// The provider, or the person, refused. Both texts are fit to be shown.
    Refused {
        /// OAuth's code, such as `access_denied`.
        error: String,
        /// The provider's own words.
        description: Option<String>,
    },
}

/// A browser that came back.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) answer: Answer,
    pub(crate) window: Window,
}

/// A browser's window, which waits for its page.
#[derive(Debug)]
pub(crate) struct Window {
    page: oneshot::Sender<Page>,
    connection: watch::Receiver<()>,
}

impl Window {
    /// Shows the page, and waits until the browser has it; not for long, since one that has gone does not matter.
    pub(crate) async fn show(mut self, page: Page) {
        let _ = self.page.send(page);
        // Nothing is ever sent: this ends when the connection does.
        let _ = timeout(READING, self.connection.changed()).await;
    }
}

/// What every connection needs to know.
pub(super) struct Door {
    address: Address,
    state: CsrfToken,
    issuer: Option<String>,
    /// Taken by the first answer: there is no second one.
    answered: Mutex<Option<oneshot::Sender<Visit>>>,
}

impl Door {
    pub(super) fn new(
        address: Address,
        state: CsrfToken,
        issuer: Option<String>,
        answered: oneshot::Sender<Visit>,
    ) -> Self {
        Self { address, state, issuer, answered: Mutex::new(Some(answered)) }
    }

    /// The page for a request: at once for strangers, after the exchange for the one that was waited for.
    ///
    /// `connection` closes with the connection of the request.
    pub(super) async fn page<B>(&self, request: &Request<B>, connection: watch::Receiver<()>) -> Page {
        if let Err(status) = self.check(request) {
            return Page::stray(status);
        }
        let answer = match self.answer(request.uri().query().unwrap_or_default()) {
            Ok(answer) => answer,
            Err(reason) => return Page::ignored(reason),
        };
        let Some(answered) = self.answered.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Page::failure("This sign-in has been answered already.");
        };
        let (page, shown) = oneshot::channel();
        let given_up = || Page::failure("The terminal does not wait for this sign-in any more.");
        if answered.send(Visit { answer, window: Window { page, connection } }).is_err() {
            return given_up();
        }
        shown.await.unwrap_or_else(|_| given_up())
    }

    /// Whether a request may be the browser coming back: it asks us, by our name, for the page itself.
    fn check<B>(&self, request: &Request<B>) -> Result<(), StatusCode> {
        let (uri, headers) = (request.uri(), request.headers());
        let mut hosts = headers.get_all(header::HOST).iter();
        let ours = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().is_ok_and(|host| self.address.has_host(host)),
            _ => false,
        };
        if !ours || uri.authority().is_some_and(|named| !self.address.has_host(named.as_str())) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        if !self.address.has_path(uri.path()) {
            return Err(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::GET {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        if !is_visit(headers) {
            return Err(StatusCode::FORBIDDEN);
        }
        Ok(())
    }

    /// What a query says, if it is the answer to our question; else what is wrong with it.
    ///
    /// An answer without our state is nobody's: whoever knows the port could end a sign-in with `error=…`, and have
    /// their words shown in the terminal. That costs the rare provider which leaves the state out of its refusals a
    /// page that says so; the terminal waits on.
    fn answer(&self, query: &str) -> Result<Answer, &'static str> {
        let query = Query(query);
        let state = query.value("state")?.ok_or("This answer does not say to which sign-in it belongs.")?;
        if CsrfToken::new(state.into_owned()) != self.state {
            return Err("This answer belongs to another sign-in.");
        }
        let (code, error) = (query.value("code")?, query.value("error")?);
        let (issuer, description) = (query.value("iss")?, query.value("error_description")?);
        if let (Some(issuer), Some(ours)) = (issuer, &self.issuer)
            && issuer != *ours
        {
            return Ok(Answer::OtherIssuer(clean(&issuer)));
        }
        match (code.filter(|code| !code.is_empty()), error) {
            (_, Some(error)) => Ok(Answer::Refused {
                error: clean(&error),
                description: description.map(|text| clean(&text)).filter(|text| !text.is_empty()),
            }),
            (Some(code), None) => Ok(Answer::Code(AuthorizationCode::new(code.into_owned()))),
            (None, None) => Err("This answer has no code."),
        }
    }
}

/// Whether a browser goes to a page, and not a page asks for something: browsers say so (`Sec-Fetch-*`), other programs
/// say nothing.
fn is_visit(headers: &HeaderMap) -> bool {
    let is = |name: &str, wanted: &str| headers.get(name).is_none_or(|value| value == wanted);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// A query, in which nothing counts that is said twice (RFC 6749, section 3.1).
struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    fn value(&self, wanted: &str) -> Result<Option<Cow<'a, str>>, &'static str> {
        let mut values = form_urlencoded::parse(self.0.as_bytes())
            .filter(|(name, _)| name == wanted)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err("This answer says the same thing twice."),
        }
    }
}
