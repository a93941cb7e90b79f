//! Whom to trust.
//!
//! As in flytekit, a file of certificates stands instead of the system's on the way to Flyte. Blobs are often
//! elsewhere, behind a public certificate, so that there both count.

use std::{fs, io, path::PathBuf, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use crate::{
    config::Connection,
    plain_text::{self, TextError},
};

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// No certificate is in the file.
    #[error("`{}` holds no certificate", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("the certificates in `{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no PEM, or a certificate in it is none.
    #[error("`{}` is no file of certificates", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
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
            Self::Empty { .. } | Self::Read { .. } | Self::Parse { .. } => {
                Some("`admin.caCertFilePath` names a PEM file, in which certificates stand between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`".to_owned())
            }
            Self::Setup(_) => None,
        }
    }
}

/// A certificate that its own owner signed.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is signed by itself")]
pub(crate) struct SelfSigned;

/// Whom a connection trusts.
#[derive(Clone)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    anybody: bool,
    /// The certificates that the user named, if there are any.
    named: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Reads what a connection says. The system's own certificates, which are hundreds, are left for later.
    pub(super) fn of(connection: &Connection) -> Result<Self, TrustError> {
        let anybody = connection.insecure_skip_verify.value;
        if anybody && !connection.insecure.value {
            log::warn!(
                "`{}` is trusted without a look at its certificate, because `insecure_skip_verify` is set",
                connection.endpoint.value
            );
        }
        let named = match &connection.ca_cert_file_path.value {
            Some(path) if !path.is_empty() && !anybody => read(PathBuf::from(path))?,
            _ => Vec::new(),
        };
        Ok(Self { provider: Arc::new(rustls::crypto::ring::default_provider()), anybody, named })
    }

    /// For a server that is never asked for its certificate.
    pub(super) fn nobody(&self) -> Result<ClientConfig, TrustError> {
        self.config(Vec::new())
    }

    /// For Flyte.
    pub(super) fn flyte(&self) -> Result<ClientConfig, TrustError> {
        match self.named.is_empty() && !self.anybody {
            true => self.config(system()),
            false => self.config(Vec::new()),
        }
    }

    /// For any other server.
    pub(super) fn elsewhere(&self) -> Result<ClientConfig, TrustError> {
        match self.anybody {
            true => self.config(Vec::new()),
            false => self.config(system()),
        }
    }

    fn config(&self, system: Vec<CertificateDer<'static>>) -> Result<ClientConfig, TrustError> {
        let setup = |error: Box<dyn std::error::Error + Send + Sync>| TrustError::Setup(error);
        let provider = &self.provider;
        let verifier: Arc<dyn ServerCertVerifier> = match self.anybody {
            true => Arc::new(Anybody(Arc::clone(provider))),
            false => Arc::new(Checked::new(provider, self.named.clone(), system)?),
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| setup(error.into()))?;
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }
}

fn system() -> Vec<CertificateDer<'static>> {
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        log::debug!("certificates of the system cannot be used: {error}");
    }
    system.certs
}

fn read(path: PathBuf) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(source) => return Err(TrustError::Read { path, source }),
    };
    // Other bytes are for the reader of PEM to refuse.
    let pem = match plain_text::decode(&text) {
        Ok(pem) => pem.as_bytes(),
        Err(TextError::NotUtf8(_)) => &text,
        Err(error) => {
            return Err(TrustError::Read { path, source: io::Error::new(io::ErrorKind::InvalidData, error) });
        }
    };
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if certificates.is_empty() => Err(TrustError::Empty { path }),
        Ok(certificates) => Ok(certificates),
        Err(source) => Err(TrustError::Parse { path, source: source.into() }),
    }
}

/// Asks webpki, and knows two things more: what is signed by itself, and that a certificate which the user named
/// is trusted though it may also sign others, as those that `openssl req -x509` makes.
#[derive(Debug)]
struct Checked {
    /// `None` if nobody is trusted: webpki does not take that for an answer.
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    named: Vec<CertificateDer<'static>>,
}

impl Checked {
    fn new(
        provider: &Arc<CryptoProvider>,
        named: Vec<CertificateDer<'static>>,
        system: Vec<CertificateDer<'static>>,
    ) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(named.iter().cloned().chain(system));
        let inner = match roots.is_empty() {
            true => None,
            false => {
                let builder =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
                Some(builder.build().map_err(|error| TrustError::Setup(error.into()))?)
            }
        };
        Ok(Self { inner, provider: Arc::clone(provider), named })
    }

    /// Says more about a refusal, or takes it back.
    fn reconsider(
        &self,
        refusal: Error,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
    ) -> Result<ServerCertVerified, Error> {
        let reason = match &refusal {
            Error::InvalidCertificate(reason) => reason,
            _ => return Err(refusal),
        };
        // `Other` is webpki's word for a certificate that may sign others; it looks at the dates before that. What has
        // the name of an authority by chance shows a wrong signature.
        let has_no_authority = matches!(
            reason,
            CertificateError::BadSignature
                | CertificateError::Other(_)
                | CertificateError::UnknownIssuer
                | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
        );
        if !has_no_authority {
            return Err(refusal);
        }
        if matches!(reason, CertificateError::Other(_)) && self.named.iter().any(|named| named == certificate)
        {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        match is_self_signed(certificate) {
            true => Err(CertificateError::Other(OtherError(Arc::new(SelfSigned))).into()),
            false => Err(refusal),
        }
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.issuer() == certificate.subject())
}

impl ServerCertVerifier for Checked {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let answer = match &self.inner {
            Some(inner) => inner.verify_server_cert(certificate, between, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        answer.or_else(|refusal| self.reconsider(refusal, certificate, name))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

/// `insecure_skip_verify`: whoever answers is trusted, though not with somebody else's key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
