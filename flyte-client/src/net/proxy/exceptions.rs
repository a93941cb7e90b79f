//! `NO_PROXY`: the hosts that are reached without a proxy.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// Hosts, domains, networks and `*`, separated by commas or blanks; each with a port or without.
#[derive(Clone, Debug, Default)]
pub(super) struct Exceptions(String);

impl Exceptions {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether a URL is reached without a proxy.
    pub(super) fn cover(&self, target: &Uri) -> bool {
        let port = target.port_u16().unwrap_or(if target.scheme_str() == Some("http") { 80 } else { 443 });
        let entries = self.0.split([',', ' ', '\t', '\n', '\r']).filter_map(|entry| at_port(entry, port));
        let entries: Vec<_> = entries.collect();
        // The matcher tells which URLs are excepted by sending all others to this proxy.
        let matcher = Matcher::builder().all("http://proxy.invalid").no(entries.join(",")).build();
        !entries.is_empty() && matcher.intercept(target).is_none()
    }
}

/// An entry as the matcher knows it: `host`, `.domain`, an address, a network or `*`. `None`: it is for
/// another port.
fn at_port(entry: &str, port: u16) -> Option<&str> {
    let (host, only) = match entry.rsplit_once(':') {
        // The colons of an IPv6 address without brackets do not start a port.
        Some((host, only)) if !host.contains(':') || host.ends_with(']') => (host, Some(only)),
        _ => (entry, None),
    };
    if only.is_some_and(|only| only.parse() != Ok(port)) {
        return None;
    }
    let host = host.trim_start_matches('[').trim_end_matches([']', '.']);
    let host = match host.strip_prefix("*.") {
        Some(_) => &host[1..],
        None => host,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_domains_networks_and_ports() {
        for (list, url, expected) in [
            ("", "https://flyte.example", false),
            (",, ", "https://flyte.example", false),
            ("*", "https://flyte.example", true),
            ("flyte.example", "https://flyte.example", true),
            ("FLYTE.example.", "https://flyte.Example", true),
            ("flyte.example", "https://api.flyte.example:8443", true),
            ("flyte.example", "https://notflyte.example", false),
            (".example", "https://flyte.example", true),
            ("*.example", "https://flyte.example", true),
            ("a.example flyte.example", "https://flyte.example", true),
            ("a.example, flyte.example", "https://flyte.example", true),
            ("flyte.example:443", "https://flyte.example", true),
            ("flyte.example:80", "https://flyte.example", false),
            ("flyte.example:81", "http://flyte.example:81", true),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("10.1.2.3", "https://10.1.2.3:81", true),
            ("10.1.2.3:82", "https://10.1.2.3:81", false),
            ("fd00::/8", "https://[fd00::1]", true),
            ("[fd00::1]", "https://[fd00::1]", true),
            ("[fd00::1]:81", "https://[fd00::1]:81", true),
            ("fd00::1", "https://[fd00::1]:81", true),
            ("fd00::2", "https://[fd00::1]:81", false),
        ] {
            let covered = Exceptions::new(list.to_owned()).cover(&Uri::from_static(url));
            assert_eq!(covered, expected, "{list}: {url}");
        }
    }
}
