//! Which connections go through a proxy.

mod address;
mod exceptions;

use std::{
    fmt,
    sync::{Arc, Once},
};

use http::Uri;

pub(crate) use self::address::ProxyAddress;
use self::{address::AddressError, exceptions::Exceptions};

/// The proxies of an environment. Their URLs may carry passwords, so `Debug` shows none.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For `https://`, and for Flyte.
    https: Option<Proxy>,
    /// For `http://`.
    http: Option<Proxy>,
    except: Exceptions,
}

/// A proxy, and where it was set.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// In words for people: "variable `HTTPS_PROXY`".
    pub(crate) origin: String,
    address: Result<ProxyAddress, AddressError>,
    /// Whether the user was warned of an address that cannot be used.
    warned: Arc<Once>,
}

impl Proxies {
    /// Those that the usual variables name, `HTTPS_PROXY` before `https_proxy` and so on, as Go reads them;
    /// empty ones count as not set.
    pub fn from_variables(value: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: String| value(&name).filter(|text| !text.is_empty()).map(|text| (name, text));
        let either = |upper: &str| set(upper.to_owned()).or_else(|| set(upper.to_ascii_lowercase()));
        let proxy = |found: Option<(String, String)>| {
            found.map(|(name, text)| Proxy::new(format!("variable `{name}`"), &text))
        };
        // Under CGI, `HTTP_PROXY` is the header `Proxy` of a request.
        let http = match value("REQUEST_METHOD") {
            Some(_) => set("http_proxy".to_owned()),
            None => either("HTTP_PROXY"),
        };
        let all = proxy(either("ALL_PROXY"));
        Self {
            https: proxy(either("HTTPS_PROXY")).or_else(|| all.clone()),
            http: proxy(http).or(all),
            except: Exceptions::new(either("NO_PROXY").map(|(_, text)| text).unwrap_or_default()),
        }
    }

    /// The same, with another in front of all if there is one. `origin` says where that was set.
    pub(super) fn before(&self, url: Option<&str>, origin: impl fmt::Display) -> Self {
        let Some(url) = url.filter(|url| !url.is_empty()) else { return self.clone() };
        let proxy = Some(Proxy::new(origin.to_string(), url));
        Self { https: proxy.clone(), http: proxy, except: self.except.clone() }
    }

    /// The proxy on the way to a URL. Warns of one that cannot be used, and goes without.
    pub(super) fn to(&self, target: &Uri) -> Option<(&Proxy, &ProxyAddress)> {
        let proxy = match target.scheme_str()? {
            "http" => self.http.as_ref()?,
            "https" => self.https.as_ref()?,
            _ => return None,
        };
        if self.except.cover(target) {
            return None;
        }
        match &proxy.address {
            Ok(address) => Some((proxy, address)),
            Err(error) => {
                proxy.warn(*error);
                None
            }
        }
    }
}

impl Proxy {
    fn new(origin: String, text: &str) -> Self {
        Self { origin, address: ProxyAddress::parse(text), warned: Arc::new(Once::new()) }
    }

    fn warn(&self, error: AddressError) {
        let origin = &self.origin;
        self.warned.call_once(|| {
            log::warn!("ignored the proxy of {origin}: not a proxy URL: {error}; no proxy is used")
        });
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("except", &self.except).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &'static [(&str, &str)]) -> Proxies {
        Proxies::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn route(proxies: &Proxies, url: &'static str) -> Option<String> {
        proxies.to(&Uri::from_static(url)).map(|(proxy, address)| format!("{address} of {}", proxy.origin))
    }

    #[test]
    fn the_usual_variables() {
        const HTTPS: &str = "https://flyte.example";
        const HTTP: &str = "http://flyte.example";
        for (variables, https, http) in [
            (&[("https_proxy", "a:1")][..], Some("a:1 of variable `https_proxy`"), None),
            (&[("HTTPS_PROXY", "a:1"), ("https_proxy", "b:1")], Some("a:1 of variable `HTTPS_PROXY`"), None),
            (&[("HTTPS_PROXY", ""), ("https_proxy", "b:1")], Some("b:1 of variable `https_proxy`"), None),
            (&[("HTTP_PROXY", "a:1")], None, Some("a:1 of variable `HTTP_PROXY`")),
            (&[("http_proxy", "a:1")], None, Some("a:1 of variable `http_proxy`")),
            (&[("HTTP_PROXY", "a:1"), ("REQUEST_METHOD", "GET")], None, None),
            (
                &[("all_proxy", "a:1"), ("http_proxy", "b:1")],
                Some("a:1 of variable `all_proxy`"),
                Some("b:1 of variable `http_proxy`"),
            ),
            (&[("ALL_PROXY", "a:1"), ("no_proxy", "*")], None, None),
            (
                &[("HTTPS_PROXY", "http://[bad"), ("ALL_PROXY", "a:1")],
                None,
                Some("a:1 of variable `ALL_PROXY`"),
            ),
        ] {
            let proxies = proxies(variables);
            assert_eq!(
                (route(&proxies, HTTPS).as_deref(), route(&proxies, HTTP).as_deref()),
                (https, http),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn the_configured_one_goes_first_and_exceptions_stay() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "inside")]);
        let both = proxies.before(Some("http://b:2"), "`admin.httpProxyURL`");
        assert_eq!(route(&both, "https://flyte.example").as_deref(), Some("b:2 of `admin.httpProxyURL`"));
        assert_eq!(route(&both, "https://inside"), None);
        let same = proxies.before(Some(""), "");
        assert_eq!(route(&same, "https://flyte.example").as_deref(), Some("a:1 of variable `HTTPS_PROXY`"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://ada:pw@a:1")]);
        assert!(!format!("{proxies:?}").contains("pw"));
    }
}
