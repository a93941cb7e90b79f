//! The requests of the protocol, over the same network as the calls to Flyte.
//!
//! Whatever is no tokens is sorted out here: who is down, who refuses, who talks nonsense. So the `oauth2` crate
//! sees good answers only, and its errors, some of which quote answers, are told to nobody.

use std::{future::Future, pin::Pin};

use flyte_client::{
    config::Secret,
    net::{self, Network, TrustError, http::status_line},
    transport::{Code, Status, TransportError, TransportErrorKind},
};
use http::{HeaderValue, Request, StatusCode, Uri, header};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::GrantError;
use crate::redact::{Private, host_of};

/// Carries requests to providers: no redirects, a limit of time and size for each.
pub(crate) struct Http {
    inner: net::Http,
    /// The value of `proxy-authorization`.
    proxy: Option<HeaderValue>,
}

/// OAuth's codes for "not now".
const LATER: [&str; 2] = ["server_error", "temporarily_unavailable"];

impl Http {
    /// `proxy_token` is for a proxy in front of the provider (`proxy_command`).
    pub(crate) fn new(network: &Network, proxy_token: Option<Secret>) -> Result<Self, TrustError> {
        let proxy = proxy_token.and_then(|token| {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()));
            let mut value = value
                .inspect_err(|_| {
                    log::warn!("the token for the proxy is none that HTTP can carry, and is not sent")
                })
                .ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Ok(Self { inner: net::Http::new(network)?, proxy })
    }

    /// Posts a form, for what the `oauth2` crate has no request for.
    pub(super) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Result<HttpResponse, GrantError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(url)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into_bytes());
        match request {
            Ok(request) => self.send(request).await,
            Err(_) => Err(GrantError::no_address(url)),
        }
    }

    /// Sends a request; what comes back is a JSON object without an `error`.
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, GrantError> {
        let host = host_of(request.uri());
        if let Some(proxy) = &self.proxy {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, proxy.clone());
        }
        let private = Private::of(&request);
        let unreachable = |source| GrantError::Unreachable { host: host.clone(), source };
        let answer = self.inner.send(request).await.map_err(unreachable)?;
        sort_out(&host, &private, answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = GrantError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, GrantError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn sort_out(host: &str, private: &Private, answer: HttpResponse) -> Result<HttpResponse, GrantError> {
    let status = answer.status();
    let object = serde_json::from_slice::<Map<String, Value>>(answer.body()).ok();
    let refusal = object.as_ref().and_then(|object| Refusal::of(object, private));
    let is_down = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    match (object, refusal) {
        (_, refusal) if is_down => Err(down(host, private, &answer, refusal)),
        (_, Some(refusal)) if LATER.contains(&refusal.error.as_str()) => {
            Err(down(host, private, &answer, Some(refusal)))
        }
        (_, Some(Refusal { error, description })) => {
            Err(GrantError::Refused { host: host.to_owned(), error, description })
        }
        (Some(_), None) if status.is_success() => Ok(plain(answer)),
        (object, None) => Err(nonsense(host, private, &answer, object.is_some())),
    }
}

/// As the `oauth2` crate wants it: some providers call their JSON something else.
fn plain(answer: HttpResponse) -> HttpResponse {
    let mut plain = HttpResponse::new(answer.into_body());
    plain.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    plain
}

/// OAuth's error (RFC 6749, 5.2).
struct Refusal {
    error: String,
    description: Option<String>,
}

impl Refusal {
    /// `None`: the object has no error. Some providers send one with HTTP 200.
    fn of(object: &Map<String, Value>, private: &Private) -> Option<Self> {
        let text = |key| object.get(key).and_then(Value::as_str).map(|text| private.clean(text));
        let error = text("error").filter(|error| !error.is_empty())?;
        Some(Self { error, description: text("error_description").filter(|text| !text.is_empty()) })
    }
}

fn down(host: &str, private: &Private, answer: &HttpResponse, refusal: Option<Refusal>) -> GrantError {
    let page = net::http::web_page(answer).and_then(|page| page.says);
    let says = refusal.map(|refusal| refusal.description.unwrap_or(refusal.error));
    let says = says.or_else(|| page.map(|says| private.clean(&says)));
    let text = format!("`{host}` answers HTTP {}", status_line(answer.status()));
    let fault = TransportError::new(TransportErrorKind::Protocol, text)
        .caused_by(says.map(|says| format!("it says: {says}")));
    GrantError::Unreachable { host: host.to_owned(), source: Status::fault(Code::Unavailable, fault) }
}

fn nonsense(host: &str, private: &Private, answer: &HttpResponse, is_object: bool) -> GrantError {
    let page = net::http::web_page(answer);
    let what = match &page {
        _ if answer.status().is_redirection() => redirect(answer),
        Some(_) => "a web page".to_owned(),
        None if answer.body().is_empty() => "nothing".to_owned(),
        None if is_object => "JSON that is no answer to a sign-in".to_owned(),
        None => "something that is no JSON object".to_owned(),
    };
    GrantError::Nonsense {
        host: host.to_owned(),
        what: format!("{what} (HTTP {})", status_line(answer.status())),
        says: page.and_then(|page| page.says).map(|says| private.clean(&says)),
    }
}

/// The rest of the address may be as private as any other answer.
fn redirect(answer: &HttpResponse) -> String {
    let location = answer.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    match location.and_then(|location| location.parse::<Uri>().ok()).filter(|url| url.host().is_some()) {
        Some(url) => format!("a redirect to `{}`", host_of(&url)),
        None => "a redirect".to_owned(),
    }
}
