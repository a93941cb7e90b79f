//! Certificates of one test.

#![expect(unreachable_pub, reason = "a module of a test program")]

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

/// A certificate and its key, ready to serve.
pub struct Certificate {
    der: CertificateDer<'static>,
    pub pem: String,
    key: KeyPair,
}

/// An authority of the test's own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    pub fn new() -> Self {
        Self::named("authority.example")
    }

    pub fn named(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Certificate { der: certificate.der().clone(), pem: certificate.pem(), key }
    }

    /// For a host.
    pub fn host(&self, name: &str) -> Certificate {
        self.sign(&params(name))
    }

    /// For many hosts and addresses.
    pub fn hosts(&self, names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.sign(&CertificateParams::new(names).unwrap())
    }

    /// With a common name at most.
    pub fn without_names(&self, common_name: Option<&str>) -> Certificate {
        self.sign(&nameless(common_name))
    }

    /// For a client that shows who it is.
    pub fn for_clients(&self, name: &str) -> Certificate {
        let mut params = params(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    /// For a host that is an authority, too.
    pub fn authority(&self, name: &str) -> Certificate {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self.sign(&params)
    }

    /// For a host, of the last century.
    pub fn expired(&self, name: &str) -> Certificate {
        let mut params = params(name);
        (params.not_before, params.not_after) = (date_time_ymd(1998, 1, 1), date_time_ymd(1999, 12, 31));
        self.sign(&params)
    }

    /// For a host, of a century to come.
    pub fn early(&self, name: &str) -> Certificate {
        let mut params = params(name);
        (params.not_before, params.not_after) = (date_time_ymd(2898, 1, 1), date_time_ymd(2899, 12, 31));
        self.sign(&params)
    }
}

fn nameless(common_name: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params
}

/// Signed by itself, an authority as well, with a common name only.
pub fn self_signed_without_names(name: &str) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let mut params = nameless(Some(name));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Certificate { der: certificate.der().clone(), pem: certificate.pem(), key }
}

/// Signed by itself; `openssl req -x509` makes it an authority as well.
pub fn self_signed(name: &str, is_authority: bool) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let mut params = params(name);
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let certificate = params.self_signed(&key).unwrap();
    Certificate { der: certificate.der().clone(), pem: certificate.pem(), key }
}

impl Certificate {
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A server with it, which speaks HTTP/2.
    pub fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_no_client_auth().with_single_cert(vec![self.der.clone()], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}
