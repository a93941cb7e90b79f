//! A person at the provider's pages: follows redirects, keeps cookies, fills in every form.

use std::collections::BTreeMap;

use flyte_client::net::{self, Network, Proxies};
use http::{Request, Response, Uri, header};

use super::connection;

/// More pages than any sign-in has.
const TIMEOUT: usize = 20;

/// A browser without scripts.
pub(super) struct Browser {
    http: net::Http,
    cookies: BTreeMap<String, String>,
}

/// Where the pages ended.
#[derive(Debug)]
pub(super) enum End {
    /// At an address outside the provider's.
    Elsewhere(Uri),
    /// At a page without a form.
    Page(String),
}

impl Browser {
    pub(super) fn new() -> Self {
        let network = Network::new(&connection(), Proxies::default()).unwrap();
        Self { http: net::Http::new(&network).unwrap(), cookies: BTreeMap::new() }
    }

    /// Signs in as `ada`, and agrees to everything; where there is a `button` of this name, it is the one
    /// that is pressed.
    pub(super) async fn sign_in(&mut self, url: &str, button: &str) -> End {
        let issuer: Uri = url.parse().unwrap();
        let mut request = Request::get(url).body(Vec::new()).unwrap();
        for _ in 0..TIMEOUT {
            let at = request.uri().clone();
            let answer = self.send(request).await;
            if let Some(location) = answer.headers().get(header::LOCATION) {
                let next = absolute(location.to_str().unwrap(), &at);
                if next.authority() != issuer.authority() {
                    return End::Elsewhere(next);
                }
                request = Request::get(next).body(Vec::new()).unwrap();
                continue;
            }
            let page = String::from_utf8(answer.into_body()).unwrap();
            match form(&page, button) {
                Some((action, fields)) => request = post(&absolute(&action, &at), &fields),
                None => return End::Page(page),
            }
        }
        panic!("the pages of `{url}` have no end");
    }

    async fn send(&mut self, mut request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        let answer = self.http.send(request).await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

fn absolute(location: &str, at: &Uri) -> Uri {
    match location.starts_with('/') {
        true => format!("{}://{}{location}", at.scheme_str().unwrap(), at.authority().unwrap()),
        false => location.to_owned(),
    }
    .parse()
    .unwrap()
}

fn post(url: &Uri, fields: &[(String, String)]) -> Request<Vec<u8>> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Request::post(url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.into_bytes())
        .unwrap()
}

/// The address and fields of a page's form, filled in.
fn form(page: &str, button: &str) -> Option<(String, Vec<(String, String)>)> {
    let open = page.find("<form")?;
    let form = &page[open..open + page[open..].find("</form>")?];
    let mut fields: Vec<_> = form
        .split("<input")
        .skip(1)
        .map(|input| {
            let name = attribute(input, "name").unwrap();
            let value = attribute(input, "value").unwrap_or_else(|| "ada".to_owned());
            (name, value)
        })
        .collect();
    if !button.is_empty() && page.contains(&format!("name=\"{button}\"")) {
        fields.push((button.to_owned(), "yes".to_owned()));
    }
    Some((attribute(form, "action")?, fields))
}

fn attribute(element: &str, name: &str) -> Option<String> {
    let tag = &element[..element.find('>')?];
    let value = tag.split(&format!(" {name}=\"")).nth(1)?;
    Some(value.split('"').next()?.to_owned())
}
