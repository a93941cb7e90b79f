//! Errors of a server's certificate, and of the file of those to trust.

use flyte_client::net::{Network, Proxies};

use super::{Authority, FINE, answer, connection, self_signed, server, tls};

#[tokio::test]
async fn the_certificate_is_for_another_host() {
    let authority = Authority::new();
    let certificate = authority.host("other.example").acceptor();
    let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(certificate)).await;
    let file = file(&authority.pem());
    let trusted = [("FLYTE_PLATFORM_CA_CERT_FILE_PATH", file.path().to_str().unwrap())];
    assert_eq!(
        tls("localhost", address, &trusted).await.unwrap_err(),
        "cannot reach Flyte\n  the certificate of `localhost:PORT` is not for `localhost`\n  \
         it is for `other.example`\n? use a name that the certificate has in variable `FLYTE_PLATFORM_URL`"
    );
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn the_certificate_is_not_of_today() {
    let authority = Authority::new();
    let file = file(&authority.pem());
    let trusted = [("FLYTE_PLATFORM_CA_CERT_FILE_PATH", file.path().to_str().unwrap())];
    let cases = [
        (authority.expired("localhost"), "expired on 1999-12-31"),
        (authority.early("localhost"), "is not valid before 2898-01-01"),
    ];
    for (certificate, expected) in cases {
        let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(certificate.acceptor())).await;
        assert_eq!(
            tls("localhost", address, &trusted).await.unwrap_err(),
            format!(
                "cannot reach Flyte\n  the certificate of `localhost:PORT` {expected}\n\
                 ? renew it, or check the clock of this machine"
            )
        );
    }
}

#[tokio::test]
async fn unknown_certificate_authority() {
    let certificate = Authority::new().host("localhost").acceptor();
    let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(certificate)).await;
    assert_eq!(
        tls("localhost", address, &[]).await.unwrap_err(),
        "cannot reach Flyte\n  the certificate of `localhost:PORT` is signed by an authority that this machine does not know\n  \
         its issuer is `authority.example`\n\
         ? if you trust it, set `admin.caCertFilePath` to a file with that authority's certificate"
    );
    tls("localhost", address, &[("FLYTE_PLATFORM_INSECURE_SKIP_VERIFY", "true")]).await.unwrap();
}

#[tokio::test]
async fn the_certificate_vouches_for_itself() {
    for is_authority in [false, true] {
        let certificate = self_signed("localhost", is_authority);
        let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(certificate.acceptor())).await;
        assert_eq!(
            tls("localhost", address, &[]).await.unwrap_err(),
            "cannot reach Flyte\n  the certificate of `localhost:PORT` is self-signed\n\
             ? if you trust it, set `admin.caCertFilePath` to a file with that certificate"
        );
        let file = file(&certificate.pem);
        let trusted = [("FLYTE_PLATFORM_CA_CERT_FILE_PATH", file.path().to_str().unwrap())];
        tls("localhost", address, &trusted).await.unwrap();
        let refused = tls("127.0.0.1", address, &trusted).await.unwrap_err();
        assert_eq!(
            refused.lines().nth(1).unwrap(),
            "  the certificate of `127.0.0.1:PORT` is not for `127.0.0.1`"
        );
    }
}

/// A certificate of the test's authority, and how it is refused by who trusts that authority.
async fn refused(authority: &Authority, certificate: &super::certificate::Certificate, host: &str) -> String {
    let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(certificate.acceptor())).await;
    let file = file(&authority.pem());
    let path = file.path().to_str().unwrap();
    let error = tls(host, address, &[("FLYTE_PLATFORM_CA_CERT_FILE_PATH", path)]).await.unwrap_err();
    error.replace(path, "PATH")
}

#[tokio::test]
async fn the_certificate_has_a_common_name_only() {
    let authority = Authority::new();
    let hint = "? have the server's operator issue one with `subjectAltName`; until then set `admin.insecureSkipVerify` to true, which skips the check";
    assert_eq!(
        refused(&authority, &authority.without_names(Some("localhost")), "localhost").await,
        format!(
            "cannot reach Flyte\n  the certificate of `localhost:PORT` has no subject alternative name (only the common name `localhost`)\n  \
             clients ignore common names\n{hint}"
        )
    );
    assert_eq!(
        refused(&authority, &authority.without_names(None), "127.0.0.1").await,
        format!(
            "cannot reach Flyte\n  the certificate of `127.0.0.1:PORT` has no subject alternative name\n  \
             clients ignore common names\n{hint}"
        )
    );
    // As `openssl req -x509 -subj /CN=localhost` makes it.
    let own = super::certificate::self_signed_without_names("localhost");
    let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(own.acceptor())).await;
    let file = file(&own.pem);
    let trusted = [("FLYTE_PLATFORM_CA_CERT_FILE_PATH", file.path().to_str().unwrap())];
    let error = tls("localhost", address, &trusted).await.unwrap_err();
    assert!(error.contains("has no subject alternative name (only the common name `localhost`)"), "{error}");
}

#[tokio::test]
async fn every_name_of_the_certificate_is_shown() {
    let authority = Authority::new();
    let certificate = authority.hosts(&["a.example", "*.b.example", "10.1.2.3", "fd00::1"]);
    assert_eq!(
        refused(&authority, &certificate, "localhost").await.lines().nth(2).unwrap(),
        "  it is for `a.example`, `*.b.example`, `10.1.2.3`, `fd00::1`"
    );
}

#[tokio::test]
async fn the_certificate_is_not_one_of_a_server() {
    let authority = Authority::new();
    for (certificate, cause) in [
        (
            authority.for_clients("localhost"),
            "its extended key usage does not include servers (`serverAuth`)",
        ),
        (authority.authority("localhost"), "it is a CA certificate, used as a server's"),
    ] {
        assert_eq!(
            refused(&authority, &certificate, "localhost").await,
            format!("cannot reach Flyte\n  the certificate of `localhost:PORT` cannot be trusted\n  {cause}")
        );
    }
}

#[tokio::test]
async fn the_file_holds_another_authority() {
    assert_eq!(
        refused(&Authority::new(), &Authority::named("other.example").host("localhost"), "localhost").await,
        "cannot reach Flyte\n  the certificate of `localhost:PORT` is signed by an authority that `PATH` does not hold\n  \
         its issuer is `other.example`\n\
         ? if you trust it, add that authority's certificate to `PATH`, or change variable `FLYTE_PLATFORM_CA_CERT_FILE_PATH`"
    );
    let own = self_signed("localhost", false);
    assert_eq!(
        refused(&Authority::new(), &own, "localhost").await,
        "cannot reach Flyte\n  the certificate of `localhost:PORT` is self-signed\n\
         ? if you trust it, add that certificate to `PATH`"
    );
}

#[test]
fn certificates_that_cannot_be_read() {
    let pem = "? set variable `FLYTE_PLATFORM_CA_CERT_FILE_PATH` to a PEM file, in which certificates stand between \
               `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`";
    let convert = "? convert it: `openssl x509 -inform der -in PATH -out PATH.pem`";
    let own = self_signed("localhost", false);
    for (content, expected, hint) in [
        (&b"\n"[..], "`PATH` is empty", pem),
        (b"endpoint: x", "`PATH` holds no certificate", pem),
        (own.key_pem().as_bytes(), "`PATH` holds no certificate, but a section `PRIVATE KEY`", pem),
        (
            b"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
            "`PATH` holds no certificate, but a section `PKCS7`",
            pem,
        ),
        (own.der(), "`PATH` is a DER file, not a PEM file", convert),
        (
            b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            "`PATH` is not a file of certificates",
            pem,
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "`PATH` is not a file of certificates",
            pem,
        ),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        assert_eq!(untrusted(file.path().to_str().unwrap()), format!("{expected}\n{hint}"));
    }
    let missing = format!("could not read the certificates in `PATH`\n{pem}");
    assert_eq!(untrusted("/nonexistent/ca.pem"), missing);
    assert_eq!(untrusted("/"), missing);
}

fn untrusted(path: &str) -> String {
    let connection = connection("flyte.example", &[("FLYTE_PLATFORM_CA_CERT_FILE_PATH", path)]);
    let error = Network::new(&connection, Proxies::default()).err().unwrap();
    let text = format!("{error}\n? {}", error.hint().unwrap());
    text.replace(&format!("`{path}`"), "`PATH`").replace(&format!(" {path}"), " PATH")
}
