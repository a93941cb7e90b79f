//! Whom to trust.
//!
//! As in flytekit, a file of certificates stands instead of the system's on the way to Flyte. Blobs are often
//! elsewhere, behind a public certificate, so that there both count.

mod file;
mod refusal;

use std::{path::PathBuf, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

pub use self::file::TrustError;
pub(crate) use self::refusal::{Authorities, Refusal};
use crate::config::Connection;

/// Whom a connection trusts.
#[derive(Clone)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    skip_verify: bool,
    /// The certificates that the user named, if there are any.
    named: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Reads what a connection says. The system's own certificates, which are hundreds, are left for later.
    pub(super) fn from_connection(connection: &Connection) -> Result<Self, TrustError> {
        let skip_verify = connection.insecure_skip_verify.value;
        if skip_verify && !connection.insecure.value {
            log::warn!(
                "the certificate of `{}` is not checked, because {} is true",
                connection.endpoint.value,
                connection.insecure_skip_verify.origin.place_to_change("admin.insecureSkipVerify")
            );
        }
        let named = match &connection.ca_cert_file_path.value {
            Some(path) if !path.is_empty() && !skip_verify => {
                let origin = &connection.ca_cert_file_path.origin;
                file::read(PathBuf::from(path), &origin.place_to_change("admin.caCertFilePath"))?
            }
            _ => Vec::new(),
        };
        Ok(Self { provider: Arc::new(rustls::crypto::ring::default_provider()), skip_verify, named })
    }

    /// For a server that is never asked for its certificate.
    pub(super) fn unused(&self) -> Result<ClientConfig, TrustError> {
        self.config(Vec::new())
    }

    /// For Flyte.
    pub(super) fn flyte(&self) -> Result<ClientConfig, TrustError> {
        if self.named.is_empty() && !self.skip_verify {
            self.config(system())
        } else {
            self.config(Vec::new())
        }
    }

    /// For any other server.
    pub(super) fn elsewhere(&self) -> Result<ClientConfig, TrustError> {
        if self.skip_verify { self.config(Vec::new()) } else { self.config(system()) }
    }

    fn config(&self, system: Vec<CertificateDer<'static>>) -> Result<ClientConfig, TrustError> {
        let setup = |error: Box<dyn std::error::Error + Send + Sync>| TrustError::Setup(error);
        let provider = &self.provider;
        let verifier: Arc<dyn ServerCertVerifier> = if self.skip_verify {
            Arc::new(AcceptAny(Arc::clone(provider)))
        } else {
            Arc::new(Checked::new(provider, self.named.clone(), system)?)
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

/// Asks webpki, and knows two things more: what is signed by itself, and that a certificate which the user
/// named is trusted though it may also sign others, as those that `openssl req -x509` makes.
#[derive(Debug)]
struct Checked {
    /// `None` without trusted roots, which webpki refuses.
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
        if is_without_names(reason) {
            return Err(refused(Refusal::NoNames { common_name: refusal::subject(certificate) }));
        }
        // `Other` is webpki's word for a certificate that may sign others; it looks at the dates before that.
        // What has the name of an authority by chance shows a wrong signature.
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
            return match verify_server_name(&ParsedCertificate::try_from(certificate)?, name) {
                Ok(()) => Ok(ServerCertVerified::assertion()),
                Err(Error::InvalidCertificate(reason)) if is_without_names(&reason) => {
                    Err(refused(Refusal::NoNames { common_name: refusal::subject(certificate) }))
                }
                Err(error) => Err(error),
            };
        }
        match reason {
            _ if is_self_signed(certificate) => Err(refused(Refusal::SelfSigned)),
            CertificateError::UnknownIssuer => {
                Err(refused(Refusal::UnknownIssuer { issuer: refusal::issuer(certificate) }))
            }
            _ => Err(refusal),
        }
    }
}

fn refused(refusal: Refusal) -> Error {
    CertificateError::Other(OtherError(Arc::new(refusal))).into()
}

/// Whether a certificate is for no host at all.
fn is_without_names(reason: &CertificateError) -> bool {
    matches!(reason, CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty())
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

/// `insecure_skip_verify`: any certificate is trusted, but the server must hold its key.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
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
