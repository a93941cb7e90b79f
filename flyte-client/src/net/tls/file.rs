//! The user's own file of certificates.

use std::{fs, io, path::PathBuf};

use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::plain_text::{self, TextError};

/// Why the trusted certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// No certificate is in the file.
    #[error("`{}` {}", path.display(), instead.as_deref().unwrap_or("holds no certificate"))]
    Empty {
        /// The file.
        path: PathBuf,
        /// Where the file is set.
        set_by: String,
        /// What is known of its content: "is empty".
        instead: Option<String>,
    },
    /// The certificate is in the binary form.
    #[error("`{}` is a DER file, not a PEM file", path.display())]
    Binary {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("could not read the certificates in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Where the file is set.
        set_by: String,
        /// Why.
        source: io::Error,
    },
    /// The file is not PEM, or a certificate in it is none.
    #[error("`{}` is not a file of certificates", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where the file is set.
        set_by: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// rustls cannot work here.
    #[error("TLS cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl TrustError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Binary { path } => {
                let path = path.display();
                Some(format!("convert it: `openssl x509 -inform der -in {path} -out {path}.pem`"))
            }
            Self::Empty { set_by, .. } | Self::Read { set_by, .. } | Self::Parse { set_by, .. } => {
                Some(format!(
                    "set {set_by} to a PEM file, in which certificates stand between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`"
                ))
            }
            Self::Setup(_) => None,
        }
    }
}

/// Reads the certificates of a PEM file, one of which is one at least.
pub(super) fn read(path: PathBuf, set_by: &str) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let set_by = set_by.to_owned();
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(source) => return Err(TrustError::Read { path, set_by, source }),
    };
    // Other bytes are for the reader of PEM to refuse.
    let pem = match plain_text::decode(&text) {
        Ok(pem) => pem.as_bytes(),
        Err(TextError::NotUtf8(_)) => &text,
        Err(error) => {
            let source = io::Error::new(io::ErrorKind::InvalidData, error);
            return Err(TrustError::Read { path, set_by, source });
        }
    };
    let certificates = match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) => certificates,
        Err(source) => return Err(TrustError::Parse { path, set_by, source: source.into() }),
    };
    if certificates.is_empty() {
        return Err(if is_certificate(&text) {
            TrustError::Binary { path }
        } else {
            TrustError::Empty { path, set_by, instead: instead(&text) }
        });
    }
    let anchors: Vec<_> = certificates.iter().map(webpki::anchor_from_trusted_cert).collect();
    match anchors.into_iter().collect::<Result<Vec<_>, _>>() {
        // Bundles have been seen with one certificate among many that webpki cannot read.
        Err(source) if certificates.len() == 1 => {
            Err(TrustError::Parse { path, set_by, source: source.to_string().into() })
        }
        _ => Ok(certificates),
    }
}

fn is_certificate(bytes: &[u8]) -> bool {
    webpki::anchor_from_trusted_cert(&CertificateDer::from(bytes)).is_ok()
}

/// What a file without certificates holds, as far as its PEM labels say.
fn instead(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    if text.trim().is_empty() {
        return Some("is empty".to_owned());
    }
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, _) = rest.split_once("-----")?;
    let is_label = label.len() < 40
        && label
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter == ' ' || letter.is_ascii_digit());
    is_label.then(|| format!("holds no certificate, but a section `{label}`"))
}
