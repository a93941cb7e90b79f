//! A proxy's URL, read as curl, Go and Python read it: the last `@` ends the user's part, a scheme may be
//! left out.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderValue, Uri, uri::Authority};
use percent_encoding::percent_decode_str;

/// Where a proxy listens, and the credentials for it. `Display` and `Debug` show `host:port` only.
#[derive(Clone)]
pub(crate) struct ProxyAddress {
    authority: Authority,
    scheme: String,
    authorization: Option<HeaderValue>,
}

/// Why a text is not a proxy's URL. Says nothing of the text, which may hold a password, beyond one
/// character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::net) enum AddressError {
    /// A character that a URL holds only percent-encoded.
    #[error("`{0}` in a user name or password is written `{encoded}`", encoded = encoded(*.0))]
    Encoding(char),
    /// The host is missing or malformed.
    #[error("expected `http://host:port`")]
    Host,
    /// The port is not one.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// Quotes, as a file of variables has them where no shell reads it.
    #[error("remove the quotes")]
    Quotes,
    /// Blanks or line ends.
    #[error("remove the blanks")]
    Blanks,
}

fn encoded(letter: char) -> String {
    percent_encoding::utf8_percent_encode(letter.encode_utf8(&mut [0; 4]), percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}

impl ProxyAddress {
    /// Reads `[scheme://][user[:password]@]host[:port][/]`.
    ///
    /// # Errors
    ///
    /// When a character has to be encoded, or host or port are none.
    pub(in crate::net) fn parse(text: &str) -> Result<Self, AddressError> {
        refuse_blanks_and_quotes(text)?;
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        if let Some(letter) = user.and_then(|user| user.chars().find(|letter| must_be_encoded(*letter))) {
            return Err(AddressError::Encoding(letter));
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (place, path) = rest.split_at(end);
        // `proxy:3128/x` or `http:/proxy` is a URL of something else, or a slip of the hand.
        if !text.contains("://") && !matches!(path, "" | "/") {
            return Err(AddressError::Host);
        }
        let scheme = scheme.to_ascii_lowercase();
        Ok(Self { authority: authority(place)?, scheme, authorization: user.and_then(basic) })
    }

    /// The URL that a connector takes, without the user.
    pub(crate) fn uri(&self) -> Option<Uri> {
        Uri::builder().scheme("http").authority(self.authority.clone()).path_and_query("/").build().ok()
    }

    /// In lower case; `http` where the text has none.
    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standard = if self.scheme == "https" { 443 } else { 80 };
        write!(f, "{}:{}", self.authority.host(), self.authority.port_u16().unwrap_or(standard))
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyAddress({self})")
    }
}

fn refuse_blanks_and_quotes(text: &str) -> Result<(), AddressError> {
    // A quote within a password is a character like others; around the whole text it came from a file.
    let is_quote = |letter: char| matches!(letter, '"' | '\'' | '`');
    if text.starts_with(is_quote) {
        return Err(AddressError::Quotes);
    }
    let outside = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    match text.trim() != text || outside.contains(|letter: char| letter.is_whitespace()) {
        true => Err(AddressError::Blanks),
        false if outside.contains(is_quote) => Err(AddressError::Quotes),
        false => Ok(()),
    }
}

/// What ends the user's part or the URL for some of the programs that read these variables.
fn must_be_encoded(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '/' | '?' | '#' | '\\' | '"' | '\'' | '`' | '<' | '>' | '^' | '{' | '|' | '}')
}

fn authority(place: &str) -> Result<Authority, AddressError> {
    let (host, port) = match place.rfind(':') {
        Some(colon) if !place.ends_with(']') => (&place[..colon], Some(&place[colon + 1..])),
        _ => (place, None),
    };
    let is_address = host.starts_with('[') && host.ends_with(']') && host.len() > 2;
    if host.is_empty() || (host.contains([':', '[', ']', '\\', '%']) && !is_address) {
        return Err(AddressError::Host);
    }
    if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Err(AddressError::Port);
    }
    place.parse().map_err(|_| AddressError::Host)
}

/// RFC 7617, of the decoded bytes.
fn basic(user: &str) -> Option<HeaderValue> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let mut credentials: Vec<u8> = percent_decode_str(name).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(password));
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(credentials))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(address: &ProxyAddress) -> Option<String> {
        let value = address.authorization()?.to_str().unwrap();
        let bytes = BASE64_STANDARD.decode(value.strip_prefix("Basic ").unwrap()).unwrap();
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn what_curl_reads() {
        for (text, place, user) in [
            ("http://proxy:3128", "proxy:3128", None),
            ("proxy:3128", "proxy:3128", None),
            ("proxy:3128/", "proxy:3128", None),
            ("proxy", "proxy:80", None),
            ("HTTP://proxy:3128/pac?x#y", "proxy:3128", None),
            ("http://[::1]:3128/", "[::1]:3128", None),
            ("[::1]", "[::1]:80", None),
            ("http://user:p@ss@proxy:3128", "proxy:3128", Some("user:p@ss")),
            ("user:pw@proxy:3128/", "proxy:3128", Some("user:pw")),
            ("user@proxy:3128", "proxy:3128", Some("user:")),
            ("http://us%40er:p%3a%25%23%2F%5c@proxy", "proxy:80", Some("us@er:p:%#/\\")),
            ("http://user:100%@proxy", "proxy:80", Some("user:100%")),
            ("http://user:p:w@proxy", "proxy:80", Some("user:p:w")),
            ("http://müller:ß@proxy", "proxy:80", Some("müller:ß")),
            ("http://@proxy:1", "proxy:1", Some(":")),
            ("https://proxy", "proxy:443", None),
        ] {
            let address = ProxyAddress::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (address.to_string().as_str(), credentials(&address).as_deref()),
                (place, user),
                "{text}"
            );
            assert!(address.uri().is_some(), "{text}");
        }
        assert_eq!(ProxyAddress::parse("SOCKS5h://ada:pw@a:1").unwrap().scheme(), "socks5h");
    }

    #[test]
    fn what_has_to_be_written_otherwise() {
        use AddressError::{Blanks, Encoding, Host, Port, Quotes};
        for (text, expected) in [
            (r"http://dom\user:pass@proxy:1", Encoding('\\')),
            ("http://user:p#ss@proxy:1", Encoding('#')),
            ("http://user:p/ss@proxy:1", Encoding('/')),
            ("http://user:p?ss@proxy:1", Encoding('?')),
            ("user:p ss@proxy:1", Encoding(' ')),
            ("user:p\"ss@proxy:1", Encoding('"')),
            (" http://proxy:1 ", Blanks),
            ("http://proxy:1\n", Blanks),
            ("http://pro xy:1", Blanks),
            ("\"http://proxy:1\"", Quotes),
            ("'http://user:pw@proxy:1'", Quotes),
            ("http://proxy:1'", Quotes),
            ("http://[bad", Host),
            ("http://", Host),
            ("http://:3128", Host),
            ("http:/proxy:3128", Host),
            ("http//proxy:3128", Host),
            ("proxy:3128/pac", Host),
            ("::1:3128", Host),
            ("http://[]:1", Host),
            (r"http:\\proxy:3128", Host),
            ("http://proxy:", Port),
            ("http://http://proxy:3128", Port),
            ("http://proxy:0", Port),
            ("http://proxy:65536", Port),
            ("proxy:x", Port),
        ] {
            assert_eq!(ProxyAddress::parse(text).unwrap_err(), expected, "{text}");
        }
        assert_eq!(Encoding('\\').to_string(), r"`\` in a user name or password is written `%5C`");
    }

    #[test]
    fn passwords_are_not_shown() {
        let address = ProxyAddress::parse("http://ada:s3cret@proxy:1").unwrap();
        assert_eq!(format!("{address} {address:?}"), "proxy:1 ProxyAddress(proxy:1)");
    }
}
