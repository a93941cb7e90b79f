//! Requests to providers, over the same network as the calls to Flyte.
//!
//! Error responses are handled here, so the `oauth2` crate sees successful responses only: its errors may
//! quote tokens.

use std::{future::Future, pin::Pin};

use flyte_client::{
    config::Secret,
    net::{self, Network, TrustError, http::status_line},
    transport::{Code, Status, TransportError, TransportErrorKind},
};
use flyte_text::Redactor;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::error::GrantError;
use crate::redact::{MAX_EXCERPT, host_of, redactor_for};

/// Sends requests to providers: without redirects, with a timeout and a limit of size.
pub(crate) struct Http {
    inner: net::Http,
    /// The value of `proxy-authorization`.
    proxy: Option<HeaderValue>,
}

/// OAuth's codes for temporary errors.
const TEMPORARY: [&str; 2] = ["server_error", "temporarily_unavailable"];

impl Http {
    /// `proxy_token` is for a proxy in front of the provider (`proxy_command`).
    pub(crate) fn new(network: &Network, proxy_token: Option<Secret>) -> Result<Self, TrustError> {
        let proxy = proxy_token.and_then(|token| {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()));
            let mut value = value
                .inspect_err(|_| {
                    log::warn!("ignoring the token for the proxy: it contains characters that are not allowed in a header")
                })
                .ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Ok(Self { inner: net::Http::new(network)?, proxy })
    }

    /// Posts a form, for requests that the `oauth2` crate does not have.
    pub(super) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Result<HttpResponse, GrantError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(url)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into_bytes());
        match request {
            Ok(request) => self.send(request).await,
            Err(_) => Err(GrantError::invalid_url(url)),
        }
    }

    /// Sends a request; returns a JSON object without an `error`.
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, GrantError> {
        let host = host_of(request.uri());
        if let Some(proxy) = &self.proxy {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, proxy.clone());
        }
        let redactor = redactor_for(&request);
        let unreachable = |source| GrantError::Unreachable { host: host.clone(), source };
        let answer = self.inner.send(request).await.map_err(unreachable)?;
        classify(&host, &redactor, answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = GrantError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, GrantError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn classify(host: &str, redactor: &Redactor, answer: HttpResponse) -> Result<HttpResponse, GrantError> {
    let status = answer.status();
    let object = serde_json::from_slice::<Map<String, Value>>(answer.body()).ok();
    let refusal = object.as_ref().and_then(|object| OAuthError::from_object(object, redactor));
    let is_down = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    match (object, refusal) {
        (_, refusal) if is_down => Err(down(host, redactor, &answer, refusal)),
        (_, Some(refusal)) if TEMPORARY.contains(&refusal.error.as_str()) => {
            Err(down(host, redactor, &answer, Some(refusal)))
        }
        (_, Some(OAuthError { error, description })) => {
            Err(GrantError::Refused { host: host.to_owned(), error, description })
        }
        (Some(_), None) if status.is_success() => Ok(as_json(answer)),
        (object, None) => Err(unexpected(host, redactor, &answer, object.is_some())),
    }
}

/// Sets the content type that the `oauth2` crate requires; some providers send another one.
fn as_json(answer: HttpResponse) -> HttpResponse {
    let mut response = HttpResponse::new(answer.into_body());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// OAuth's error (RFC 6749, 5.2).
struct OAuthError {
    error: String,
    description: Option<String>,
}

impl OAuthError {
    /// `None`: the object has no error. Some providers send errors with HTTP 200.
    fn from_object(object: &Map<String, Value>, redactor: &Redactor) -> Option<Self> {
        let text =
            |key| object.get(key).and_then(Value::as_str).map(|text| redactor.excerpt(text, MAX_EXCERPT));
        let error = text("error").filter(|error| !error.is_empty())?;
        Some(Self { error, description: text("error_description").filter(|text| !text.is_empty()) })
    }
}

fn down(host: &str, redactor: &Redactor, answer: &HttpResponse, refusal: Option<OAuthError>) -> GrantError {
    let page = net::http::web_page(answer, redactor).and_then(|page| page.says);
    let says = refusal.map(|refusal| refusal.description.unwrap_or(refusal.error));
    let says = says.or(page);
    let text = format!("`{host}` returned HTTP {}", status_line(answer.status()));
    let fault = TransportError::new(TransportErrorKind::Protocol, text)
        .caused_by(says.map(|says| format!("response: {says}")));
    GrantError::Unreachable { host: host.to_owned(), source: Status::fault(Code::Unavailable, fault) }
}

fn unexpected(host: &str, redactor: &Redactor, answer: &HttpResponse, is_object: bool) -> GrantError {
    let page = net::http::web_page(answer, redactor);
    let what = match &page {
        _ if answer.status().is_redirection() => redirect(answer),
        Some(_) => "a web page".to_owned(),
        None if answer.body().is_empty() => "an empty body".to_owned(),
        None if is_object => "JSON without an access token or error".to_owned(),
        None => "not a JSON object".to_owned(),
    };
    GrantError::UnexpectedResponse {
        host: host.to_owned(),
        what: format!("{what} (HTTP {})", status_line(answer.status())),
        says: page.and_then(|page| page.says),
    }
}

/// Without the rest of the URL, which may be secret.
fn redirect(answer: &HttpResponse) -> String {
    let location = answer.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    match location.and_then(|location| location.parse::<Uri>().ok()).filter(|url| url.host().is_some()) {
        Some(url) => format!("a redirect to `{}`", host_of(&url)),
        None => "a redirect".to_owned(),
    }
}
