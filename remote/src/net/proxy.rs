//! Which connections go through a proxy.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;

/// The proxies of an environment. Their URLs may carry passwords, so `Debug` shows none.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For `https://`, and for Flyte.
    pub https: Option<String>,
    /// For `http://`.
    pub http: Option<String>,
    /// For what neither of them is there for.
    pub all: Option<String>,
    /// Hosts that are reached without any, separated by commas; subdomains and networks count.
    pub except: Option<String>,
}

impl Proxies {
    /// Those that the usual variables name, `HTTPS_PROXY` before `https_proxy` and so on.
    pub fn from_variables(value: impl Fn(&str) -> Option<String>) -> Self {
        let either = |upper: &str| value(upper).or_else(|| value(&upper.to_ascii_lowercase()));
        Self {
            https: either("HTTPS_PROXY"),
            // Upper-case `HTTP_PROXY` is what a request's `Proxy` header becomes under CGI; curl ignores it too.
            http: value("http_proxy"),
            all: either("ALL_PROXY"),
            except: either("NO_PROXY"),
        }
    }

    /// The same, with another in front of all if there is one.
    pub(super) fn before(&self, url: Option<&str>) -> Self {
        let Some(url) = url.filter(|url| !url.is_empty()) else { return self.clone() };
        let url = Some(url.to_owned());
        Self { https: url.clone(), http: url.clone(), all: url, except: self.except.clone() }
    }

    pub(super) fn matcher(&self) -> Matcher {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Matcher::builder()
            .all(text(&self.all))
            .http(text(&self.http))
            .https(text(&self.https))
            .no(text(&self.except))
            .build()
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

    fn way(proxies: &Proxies, url: &'static str) -> Option<String> {
        proxies.matcher().intercept(&http::Uri::from_static(url)).map(|proxy| proxy.uri().to_string())
    }

    #[test]
    fn the_usual_variables() {
        let proxies = Proxies::from_variables(|name| match name {
            "https_proxy" => Some("proxy.example:3128".to_owned()),
            "NO_PROXY" => Some("inside.example,10.0.0.0/8".to_owned()),
            _ => None,
        });
        assert_eq!(way(&proxies, "https://flyte.example").as_deref(), Some("http://proxy.example:3128/"));
        assert_eq!(way(&proxies, "http://flyte.example"), None);
        assert_eq!(way(&proxies, "https://flyte.inside.example"), None);
        assert_eq!(way(&proxies, "https://10.1.2.3"), None);
    }

    #[test]
    fn the_configured_one_goes_first_and_exceptions_stay() {
        let proxies =
            Proxies { https: Some("http://a:1".into()), except: Some("inside".into()), ..Proxies::default() };
        let both = proxies.before(Some("http://b:2"));
        assert_eq!(way(&both, "https://flyte.example").as_deref(), Some("http://b:2/"));
        assert_eq!(way(&both, "https://inside"), None);
        assert_eq!(way(&proxies.before(Some("")), "https://flyte.example").as_deref(), Some("http://a:1/"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let proxies = Proxies { https: Some("http://ada:pw@a:1".into()), ..Proxies::default() };
        assert!(!format!("{proxies:?}").contains("pw"));
    }
}
