//! Validation of callback requests.

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

use super::address::Address;
use crate::{page::Page, redact::excerpt};

/// How long the browser has to receive its page before the command continues.
const PAGE_TIMEOUT: Duration = Duration::from_secs(1);

/// The parameters of a valid callback request.
#[derive(Debug)]
pub(crate) enum CallbackResult {
    /// An authorization code.
    Code(AuthorizationCode),
    /// The issuer of another provider ([RFC 9207]), sanitized.
    ///
    /// [RFC 9207]: https://www.rfc-editor.org/rfc/rfc9207
    OtherIssuer(String),
    /// An OAuth error, such as a denial by the user. Both texts are sanitized.
    Refused {
        /// OAuth's code, such as `access_denied`.
        error: String,
        /// The provider's description.
        description: Option<String>,
    },
}

/// A valid callback request.
#[derive(Debug)]
pub(crate) struct CallbackRequest {
    pub(crate) result: CallbackResult,
    pub(crate) response: PendingResponse,
}

/// The response to the browser, which waits for it.
#[derive(Debug)]
pub(crate) struct PendingResponse {
    page: oneshot::Sender<Page>,
    connection: watch::Receiver<()>,
}

impl PendingResponse {
    /// Sends the page, and waits until the browser has received it, up to [`PAGE_TIMEOUT`].
    pub(crate) async fn show(mut self, page: Page) {
        let _ = self.page.send(page);
        // Nothing is ever sent: this ends when the connection does.
        let _ = timeout(PAGE_TIMEOUT, self.connection.changed()).await;
    }
}

/// Shared by all connections.
pub(super) struct CallbackHandler {
    address: Address,
    state: CsrfToken,
    issuer: Option<String>,
    /// Taken by the first valid request.
    answered: Mutex<Option<oneshot::Sender<CallbackRequest>>>,
}

impl CallbackHandler {
    pub(super) fn new(
        address: Address,
        state: CsrfToken,
        issuer: Option<String>,
        answered: oneshot::Sender<CallbackRequest>,
    ) -> Self {
        Self { address, state, issuer, answered: Mutex::new(Some(answered)) }
    }

    /// The page for a request; for the valid one, after the code was exchanged.
    ///
    /// `connection` closes with the connection of the request.
    pub(super) async fn page<B>(&self, request: &Request<B>, connection: watch::Receiver<()>) -> Page {
        if let Err(status) = self.check(request) {
            return Page::not_found(status);
        }
        let result = match self.parse(request.uri().query().unwrap_or_default()) {
            Ok(result) => result,
            Err(reason) => return Page::rejected(reason),
        };
        let Some(answered) = self.answered.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Page::failure("This sign-in has already been completed.");
        };
        let (page, shown) = oneshot::channel();
        let aborted = || Page::failure("This sign-in was aborted in the terminal.");
        if answered.send(CallbackRequest { result, response: PendingResponse { page, connection } }).is_err()
        {
            return aborted();
        }
        shown.await.unwrap_or_else(|_| aborted())
    }

    /// Whether a request may be the redirect: a navigation to the path of the redirect URI, on this host.
    fn check<B>(&self, request: &Request<B>) -> Result<(), StatusCode> {
        let (uri, headers) = (request.uri(), request.headers());
        let mut hosts = headers.get_all(header::HOST).iter();
        let is_this_host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().is_ok_and(|host| self.address.has_host(host)),
            _ => false,
        };
        if !is_this_host || uri.authority().is_some_and(|named| !self.address.has_host(named.as_str())) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        if !self.address.has_path(uri.path()) {
            return Err(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::GET {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        if !is_navigation(headers) {
            return Err(StatusCode::FORBIDDEN);
        }
        Ok(())
    }

    /// Parses the query; an error says why it is not the redirect of this login.
    ///
    /// Requests without our state are rejected, even errors: any program that knows the port could abort a
    /// login with `error=…`, and show its text in the terminal. For the rare provider that omits the state
    /// in errors, the browser shows why, and the terminal continues to wait.
    fn parse(&self, query: &str) -> Result<CallbackResult, &'static str> {
        let query = Query(query);
        let state = query
            .value("state")?
            .ok_or("This response has no `state`, so it does not belong to a sign-in.")?;
        if CsrfToken::new(state.into_owned()) != self.state {
            return Err("This response belongs to another sign-in.");
        }
        let (code, error) = (query.value("code")?, query.value("error")?);
        let (issuer, description) = (query.value("iss")?, query.value("error_description")?);
        if let (Some(issuer), Some(ours)) = (issuer, &self.issuer)
            && issuer != *ours
        {
            return Ok(CallbackResult::OtherIssuer(excerpt(&issuer)));
        }
        match (code.filter(|code| !code.is_empty()), error) {
            (_, Some(error)) => Ok(CallbackResult::Refused {
                error: excerpt(&error),
                description: description.map(|text| excerpt(&text)).filter(|text| !text.is_empty()),
            }),
            (Some(code), None) => Ok(CallbackResult::Code(AuthorizationCode::new(code.into_owned()))),
            (None, None) => Err("This response has no code."),
        }
    }
}

/// Whether a request is a navigation, and not one of a web page. Browsers send `Sec-Fetch-*`; requests
/// without are accepted.
fn is_navigation(headers: &HeaderMap) -> bool {
    let is = |name: &str, wanted: &str| headers.get(name).is_none_or(|value| value == wanted);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// A query without repeated parameters (RFC 6749, section 3.1).
struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    fn value(&self, wanted: &str) -> Result<Option<Cow<'a, str>>, &'static str> {
        let mut values = form_urlencoded::parse(self.0.as_bytes())
            .filter(|(name, _)| name == wanted)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err("This response has a repeated parameter."),
        }
    }
}
