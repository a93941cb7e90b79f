//! What is wrong with a server's certificate.

use jiff::Timestamp;
use rustls::{CertificateError, pki_types::UnixTime};

use super::{
    super::tls::{Authorities, Refusal},
    Target,
};
use crate::transport::{TransportError, TransportErrorKind};

pub(super) fn of_certificate(reason: &CertificateError, target: &Target) -> TransportError {
    let Target { place, host, .. } = target;
    let tls = |text: String| TransportError::new(TransportErrorKind::Tls, text);
    let clock = "renew it, or check the clock of this machine".to_owned();
    match reason {
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names: Vec<_> = presented.iter().map(|name| format!("`{}`", name_only(name))).collect();
            tls(format!("the certificate of `{place}` is not for `{host}`"))
                .caused_by(vec![format!("it is for {}", names.join(", "))])
                .hint(format!("use a name that the certificate has in {}", target.places.endpoint))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            tls(format!("the certificate of `{place}` is not for `{host}`"))
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            tls(format!("the certificate of `{place}` expired on {}", day(*not_after))).hint(clock)
        }
        CertificateError::Expired => tls(format!("the certificate of `{place}` expired")).hint(clock),
        CertificateError::NotValidYetContext { not_before, .. } => {
            tls(format!("the certificate of `{place}` is not valid before {}", day(*not_before))).hint(clock)
        }
        CertificateError::NotValidYet => {
            tls(format!("the certificate of `{place}` is not valid yet")).hint(clock)
        }
        CertificateError::Other(other) if let Some(refusal) = other.0.downcast_ref() => {
            of_refusal(refusal, target)
        }
        CertificateError::UnknownIssuer => of_refusal(&Refusal::UnknownIssuer { issuer: None }, target),
        CertificateError::Revoked => tls(format!("the certificate of `{place}` was revoked")),
        _ => tls(format!("the certificate of `{place}` cannot be trusted"))
            .caused_by(flaw(reason).map(str::to_owned)),
    }
}

fn of_refusal(refusal: &Refusal, target: &Target) -> TransportError {
    let Target { place, places, .. } = target;
    let tls = |text: String| TransportError::new(TransportErrorKind::Tls, text);
    match refusal {
        Refusal::NoNames { common_name } => {
            let only = common_name.as_ref().map(|name| format!(" (only the common name `{name}`)"));
            tls(format!("the certificate of `{place}` has no subject alternative name{}", only.unwrap_or_default()))
                .caused_by(["clients ignore common names".to_owned()])
                .hint(format!(
                    "have the server's operator issue one with `subjectAltName`; until then set {} to true, which skips the check",
                    places.skip_verify
                ))
        }
        Refusal::SelfSigned => {
            tls(format!("the certificate of `{place}` is self-signed")).hint(match &places.authorities.file {
                Some(file) => format!("if you trust it, add that certificate to `{file}`"),
                None => format!(
                    "if you trust it, set {} to a file with that certificate",
                    places.authorities.set_by
                ),
            })
        }
        Refusal::UnknownIssuer { issuer } => of_unknown_issuer(issuer.as_deref(), place, &places.authorities),
    }
}

fn of_unknown_issuer(issuer: Option<&str>, place: &str, authorities: &Authorities) -> TransportError {
    let Authorities { file, set_by } = authorities;
    let issuer = issuer.map(|name| format!("its issuer is `{name}`"));
    let (text, hint) = match file {
        Some(file) => (
            format!("the certificate of `{place}` is signed by an authority that `{file}` does not hold"),
            format!("if you trust it, add that authority's certificate to `{file}`, or change {set_by}"),
        ),
        None => (
            format!("the certificate of `{place}` is signed by an authority that this machine does not know"),
            format!("if you trust it, set {set_by} to a file with that authority's certificate"),
        ),
    };
    TransportError::new(TransportErrorKind::Tls, text).caused_by(issuer).hint(hint)
}

/// What else can be wrong with a certificate; of the rest rustls itself has no words for people.
fn flaw(reason: &CertificateError) -> Option<&'static str> {
    match reason {
        CertificateError::BadEncoding => Some("it cannot be read"),
        CertificateError::BadSignature => Some("its signature is wrong"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Some("its extended key usage does not include servers (`serverAuth`)")
        }
        CertificateError::Other(_) => Some("it is a CA certificate, used as a server's"),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Some("it is signed in a way that is not known here")
        }
        _ => None,
    }
}

/// rustls gives names as `DnsName("a.b")` and `IpAddress(127.0.0.1)`: a debug form, from which the user wants
/// the name.
fn name_only(presented: &str) -> &str {
    let within = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    within.unwrap_or(presented).trim_matches('"')
}

fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "an unknown day".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}
