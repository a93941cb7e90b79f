//! Why a certificate is refused, where rustls knows less than the user has to.

use rustls::pki_types::CertificateDer;

/// A refusal, as an error within rustls's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// It names its host as a common name only, which clients ignore since RFC 9525.
    #[error("the certificate has no subject alternative name")]
    NoNames {
        /// The common name, if there is one.
        common_name: Option<String>,
    },
    /// Its owner signed it.
    #[error("the certificate is self-signed")]
    SelfSigned,
    /// None of the trusted authorities signed it.
    #[error("the certificate's issuer is unknown")]
    UnknownIssuer {
        /// The issuer's common name.
        issuer: Option<String>,
    },
}

/// Whom Flyte's certificate was compared with, in words for people.
#[derive(Clone, Debug)]
pub(crate) struct Authorities {
    /// The file of the user's own certificates, if there is one.
    pub(crate) file: Option<String>,
    /// Where to change that: "`admin.caCertFilePath`".
    pub(crate) set_by: String,
}

impl Default for Authorities {
    fn default() -> Self {
        Self { file: None, set_by: "`admin.caCertFilePath`".to_owned() }
    }
}

/// The common name of a certificate's subject.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    common_name(webpki::EndEntityCert::try_from(certificate).ok()?.subject())
}

/// The common name of a certificate's issuer.
pub(super) fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    common_name(webpki::EndEntityCert::try_from(certificate).ok()?.issuer())
}

/// The last common name (2.5.4.3) in the DER of an X.501 name: the most specific one.
///
/// webpki gives names as bytes. This only has to find what a person wants to read, so that it looks for the
/// identifier and takes the string behind it, if it is one of a single byte's length.
fn common_name(name: &[u8]) -> Option<String> {
    const IDENTIFIER: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
    const UTF8: u8 = 0x0c;
    const PRINTABLE: u8 = 0x13;
    const IA5: u8 = 0x16;
    let at = name.windows(IDENTIFIER.len()).rposition(|window| window == IDENTIFIER)?;
    let (&[tag, length], rest) = name[at + IDENTIFIER.len()..].split_first_chunk()?;
    let text =
        rest.get(..usize::from(length)).filter(|_| length < 0x80 && matches!(tag, UTF8 | PRINTABLE | IA5))?;
    let text = std::str::from_utf8(text).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::common_name;

    #[test]
    fn the_most_specific_common_name() {
        let name =
            b"\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02DE\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03a.b";
        assert_eq!(common_name(name).as_deref(), Some("a.b"));
        let cut = &name[..name.len() - 1];
        assert_eq!(common_name(cut), None);
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c"), None);
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c\x02\x1b["), None);
        assert_eq!(common_name(b""), None);
    }
}
