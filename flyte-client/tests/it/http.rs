//! Small requests beside the calls, over real sockets.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use flyte_client::{
    Code, Status,
    config::{Configuration, Connection, Sources},
    net::{Http, Network, Proxies, http::LARGEST_ANSWER, http::web_page},
    transport::TransportErrorKind,
};
use flyte_text::Redactor;
use http::Request;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, ServerConfig, pki_types::PrivateKeyDer},
};

fn connection(variables: &[(&str, &str)]) -> Connection {
    let all = variables.iter().copied().chain([("FLYTE_PLATFORM_URL", "flyte.example")]);
    let env: BTreeMap<_, _> = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    Configuration::load(&sources).unwrap().connection
}

fn http(variables: &[(&str, &str)]) -> Http {
    Http::new(&Network::new(&connection(variables), Proxies::default()).unwrap()).unwrap()
}

fn ask(url: &str) -> Request<Vec<u8>> {
    Request::post(url).body(b"code=very-secret".to_vec()).unwrap()
}

/// A server that gives every connection the same bytes, or says nothing; and what it hears first.
async fn server(says: Option<String>) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (ear, heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            let _ = ear.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            match &says {
                // The client may not want to hear all of it.
                Some(says) => drop(stream.write_all(says.as_bytes()).await),
                None => silent.push(stream),
            }
        }
    });
    (address, heard)
}

/// The failure with its causes and hint.
fn rendered(status: &Status, address: &str) -> String {
    let fault = status.fault.as_ref().unwrap();
    let causes: String = fault.causes().map(|cause| format!("\n  {cause}")).collect();
    let hint = fault.hint.as_ref().map(|hint| format!("\n? {hint}")).unwrap_or_default();
    let port = address.rsplit(':').next().unwrap();
    format!("{}{causes}{hint}", fault.text).replace(port, "PORT")
}

#[tokio::test]
async fn an_answer_comes_as_it_is_whatever_its_status() {
    let page = "<!doctype html><title>Gone</title>";
    let says =
        format!("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n{page}", page.len());
    let (address, mut heard) = server(Some(says)).await;
    let answer = http(&[]).send(ask(&format!("http://{address}/x?y=z"))).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (302, page.as_bytes()));
    assert_eq!(answer.headers()["location"], "/elsewhere");
    assert_eq!(web_page(&answer, &Redactor::default()).unwrap().says.as_deref(), Some("Gone"));
    let heard = heard.recv().await.unwrap();
    assert!(heard.starts_with("POST /x?y=z HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains("\r\nuser-agent: flyte-host/"), "{heard}");
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let status = http(&[]).send(ask(&format!("http://{address}/token?x=very-secret"))).await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable);
    assert_eq!(
        rendered(&status, &address),
        "nothing listens at `127.0.0.1:PORT`\n  connection refused\n\
         ? the server names this address for signing in; it has to be reachable from here: `127.0.0.1:PORT`"
    );
}

#[tokio::test]
async fn a_name_that_is_unknown() {
    let status = http(&[]).send(ask("https://no-such-host.invalid/token")).await.unwrap_err();
    assert_eq!(status.message, "could not resolve host `no-such-host.invalid`");
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let (address, _heard) = server(None).await;
    let http = http(&[]).timeout(Duration::from_millis(50));
    let status = http.send(ask(&format!("http://{address}/"))).await.unwrap_err();
    assert_eq!(status.code, Code::DeadlineExceeded);
    assert_eq!(rendered(&status, &address), "`127.0.0.1:PORT` did not answer within 50ms");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let says = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LARGEST_ANSWER + 1));
    let (address, _heard) = server(Some(says)).await;
    let status = http(&[]).send(ask(&format!("http://{address}/"))).await.unwrap_err();
    assert_eq!(status.fault.as_ref().unwrap().kind, TransportErrorKind::TooLarge);
    assert_eq!(rendered(&status, &address), "`127.0.0.1:PORT` answers with more than 1 MiB");
}

#[tokio::test]
async fn plain_text_where_tls_is_expected() {
    let (address, _heard) = server(Some("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned())).await;
    let status = http(&[]).send(ask(&format!("https://{address}/"))).await.unwrap_err();
    assert_eq!(
        rendered(&status, &address),
        "`127.0.0.1:PORT` speaks plain text, not TLS\n\
         ? the server names this address for signing in; it has to be reachable from here: `127.0.0.1:PORT`"
    );
}

/// A server with a certificate of its own making, which answers `{}`; and that certificate.
async fn tls_server() -> (String, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    (format!("localhost:{port}"), file)
}

#[tokio::test]
async fn certificates_are_trusted_as_the_configuration_says() {
    let (address, file) = tls_server().await;
    let ask =
        async |variables: &[(&str, &str)]| http(variables).send(ask(&format!("https://{address}/"))).await;
    assert_eq!(
        rendered(&ask(&[]).await.unwrap_err(), &address),
        "the certificate of `localhost:PORT` is self-signed\n\
         ? if you trust it, set `admin.caCertFilePath` to a file with that certificate"
    );
    let path = file.path().to_str().unwrap();
    for trusted in
        [("FLYTE_PLATFORM_CA_CERT_FILE_PATH", path), ("FLYTE_PLATFORM_INSECURE_SKIP_VERIFY", "true")]
    {
        assert_eq!(ask(&[trusted]).await.unwrap().body(), b"{}");
    }
}

#[tokio::test]
async fn the_proxy_of_the_configuration_is_taken() {
    let (proxy, mut heard) =
        server(Some("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_owned())).await;
    let http = http(&[("FLYTE_PLATFORM_HTTP_PROXY_URL", &format!("http://{proxy}"))]);
    let status = http.send(ask("https://id.example/token?x=very-secret")).await.unwrap_err();
    assert_eq!(status.message, format!("proxy `{proxy}` requires authentication"));
    let hint = "write user name and password into variable `FLYTE_PLATFORM_HTTP_PROXY_URL`: `http://user:password@host:port`";
    assert_eq!(status.fault.unwrap().hint.unwrap(), hint);
    assert!(heard.recv().await.unwrap().starts_with("CONNECT id.example:443 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn what_is_no_address_of_the_web_is_not_asked() {
    for url in ["ftp://id.example/token", "/token"] {
        let status = http(&[]).send(ask(url)).await.unwrap_err();
        assert_eq!(status.message, "not an HTTP URL");
    }
}
