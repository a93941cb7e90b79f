//! Errors of a proxy between this program and Flyte.

use std::{net::SocketAddr, time::Duration};

use flyte_client::{
    Client,
    client::{CallOptions, Policy},
    grpc::{self, Grpc},
    net::{Network, Proxies},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{Authority, FINE, PLAIN, answer, ask, client_of, connection, eager, rendered, server};

/// A client for `flyte.example:81` behind the proxy of a variable.
fn behind(proxy: &str, variables: &[(&str, &str)], patience: Duration) -> Client {
    let connection = connection("flyte.example:81", variables);
    let proxies = Proxies::from_variables(|name| (name == "HTTPS_PROXY").then(|| proxy.to_owned()));
    let network = Network::new(&connection, proxies).unwrap().connect_timeout(patience);
    let transport = Grpc::new(&connection, &network, grpc::GrpcOptions::default()).unwrap();
    Client::new(
        std::sync::Arc::new(transport),
        CallOptions { retry: Policy::never(), ..CallOptions::default() },
    )
}

const PATIENT: Duration = Duration::from_secs(10);

async fn ask_through(proxy: &str, at: SocketAddr) -> String {
    rendered(ask(&behind(proxy, &[PLAIN], PATIENT)).await.unwrap_err(), at)
}

/// Sends a text at once, and waits for the end of the connection.
async fn greets(text: &'static [u8]) -> SocketAddr {
    server::serve(move |mut stream| async move {
        let _ = stream.write_all(text).await;
        while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
    })
    .await
}

#[tokio::test]
async fn through_a_proxy() {
    let (server, _) = server::grpc(|_| answer(&FINE, Some(b"")), None).await;
    for (user, authorization) in [
        ("ada:pw@", "Proxy-Authorization: Basic YWRhOnB3\r\n"),
        ("ada:p@w%5C@", "Proxy-Authorization: Basic YWRhOnBAd1w=\r\n"),
        ("", ""),
    ] {
        let (proxy, asked) = server::proxy(server).await;
        let url = format!("http://{user}{proxy}/");
        let connection = connection("flyte.example:81", &[PLAIN, ("FLYTE_PLATFORM_HTTP_PROXY_URL", &url)]);
        ask(&client_of(&connection, eager())).await.unwrap();
        ask(&behind(&url, &[PLAIN], PATIENT)).await.unwrap();
        ask(&behind(&format!("{user}{proxy}/"), &[PLAIN], PATIENT)).await.unwrap();
        let expected =
            format!("CONNECT flyte.example:81 HTTP/1.1\r\nHost: flyte.example:81\r\n{authorization}\r\n");
        assert_eq!(asked.lock().unwrap()[..], [&*expected; 3]);
    }
}

#[tokio::test]
async fn a_proxy_that_refuses() {
    let hint =
        "? check variable `HTTPS_PROXY`, or add `flyte.example` to `NO_PROXY` to connect without a proxy";
    for (text, expected) in [
        (
            &b"HTTP/1.1 403 Forbidden\r\n\r\n"[..],
            "proxy `127.0.0.1:PORT` refused to connect to `flyte.example:81`\n  it answered: 403 Forbidden",
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 44\r\n\r\n<html><title>Blocked by Corp</title></html>\n",
            "proxy `127.0.0.1:PORT` refused to connect to `flyte.example:81`\n  it answered: 403 Forbidden\n  it says: Blocked by Corp",
        ),
        (
            b"HTTP/1.0 500 Oops\r\n\r\n",
            "proxy `127.0.0.1:PORT` could not connect to `flyte.example:81`\n  it answered: 500 Oops",
        ),
    ] {
        let proxy = server::says(text).await;
        let error = ask_through(&format!("http://ada:s3cret@{proxy}"), proxy).await;
        assert_eq!(error, format!("cannot reach Flyte\n  {expected}\n{hint}"));
    }
}

#[tokio::test]
async fn a_proxy_that_wants_to_know_the_user() {
    let basic =
        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
    let proxy = server::says(basic).await;
    assert_eq!(
        ask_through(&proxy.to_string(), proxy).await,
        "cannot reach Flyte\n  proxy `127.0.0.1:PORT` requires authentication\n  \
         it answered: 407 Proxy Authentication Required\n  it takes Basic\n\
         ? write user name and password into variable `HTTPS_PROXY`: `http://user:password@host:port`"
    );
    assert_eq!(
        ask_through(&format!("ada:s3cret@{proxy}"), proxy).await,
        "cannot reach Flyte\n  proxy `127.0.0.1:PORT` did not accept the user name and password of variable `HTTPS_PROXY`\n  \
         it answered: 407 Proxy Authentication Required\n  it takes Basic\n\
         ? check them in variable `HTTPS_PROXY`; write special characters percent-encoded (`@` as `%40`)"
    );
    let proxy = server::says(
        b"HTTP/1.1 407 Denied\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n",
    )
    .await;
    assert_eq!(
        ask_through(&proxy.to_string(), proxy).await,
        "cannot reach Flyte\n  proxy `127.0.0.1:PORT` requires authentication\n  \
         it answered: 407 Denied\n  it takes Negotiate, NTLM\n\
         ? run a local proxy such as px or cntlm in front of it; only `Basic` is supported"
    );
}

#[tokio::test]
async fn what_is_no_proxy() {
    let hint = "? check that variable `HTTPS_PROXY` names an HTTP proxy, with its port";
    for (address, expected) in [
        (server::closes().await, "closed the connection without an answer to CONNECT"),
        (greets(b"SSH-2.0-OpenSSH_9.2\r\n").await, "did not answer in HTTP"),
        (greets(b"\x15\x03\x01\x00\x02\x02\x0a").await, "did not answer in HTTP"),
        (server::says(b"HTTP/1.1 yes\r\n\r\n").await, "did not answer in HTTP"),
        (server::says(b"HTTP/1.1 200 OK").await, "closed the connection without an answer to CONNECT"),
        (
            server::says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 27\r\n\r\n<title>It works</title>....").await,
            "answered CONNECT with a web page\n  it answered: 200 OK\n  it says: It works",
        ),
    ] {
        assert_eq!(
            ask_through(&format!("http://{address}"), address).await,
            format!("cannot reach Flyte\n  proxy `127.0.0.1:PORT` {expected}\n{hint}")
        );
    }
}

#[tokio::test]
async fn a_proxy_of_another_kind() {
    let gone = SocketAddr::from(([127, 0, 0, 1], 81));
    for (scheme, more) in [("https", ""), ("socks5h", "; SOCKS is not supported"), ("htp", "")] {
        assert_eq!(
            rendered(
                ask(&behind(&format!("{scheme}://ada:s3cret@proxy:{}", gone.port()), &[PLAIN], PATIENT))
                    .await
                    .unwrap_err(),
                ([127, 0, 0, 1], 1).into()
            )
            .replace("8PORT", "81"),
            format!(
                "cannot reach Flyte\n  proxy `proxy:81` has the unsupported scheme `{scheme}://`\n\
                 ? set variable `HTTPS_PROXY` to a proxy that is reached by `http://`{more}"
            )
        );
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        ask_through(&format!("http://{gone}"), gone).await,
        "cannot reach Flyte\n  could not reach proxy `127.0.0.1:PORT`\n  connection refused\n\
         ? check variable `HTTPS_PROXY`, or add `flyte.example` to `NO_PROXY` to connect without a proxy"
    );
}

#[tokio::test]
async fn a_proxy_that_says_nothing() {
    let address = greets(b"").await;
    let client = behind(&format!("http://{address}"), &[PLAIN], Duration::from_millis(20));
    assert_eq!(
        rendered(ask(&client).await.unwrap_err(), address),
        "cannot reach Flyte\n  proxy `127.0.0.1:PORT` did not answer CONNECT within 20ms\n\
         ? check variable `HTTPS_PROXY`, and that the proxy runs"
    );
    let half = greets(b"HTTP/1.1 200 OK\r\n").await;
    let client = behind(&format!("http://{half}"), &[PLAIN], Duration::from_millis(20));
    assert!(rendered(ask(&client).await.unwrap_err(), half).contains("did not answer CONNECT"));
}

#[tokio::test]
async fn what_fails_behind_a_proxy_names_it() {
    let certificate = Authority::new().host("flyte.example").acceptor();
    let (server, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(certificate)).await;
    let (proxy, _) = server::proxy(server).await;
    let url = format!("http://{proxy}");
    let through = "the connection goes through proxy `127.0.0.1:PORT`, set by variable `HTTPS_PROXY`";
    let untrusted = rendered(ask(&behind(&url, &[], PATIENT)).await.unwrap_err(), proxy);
    assert_eq!(
        untrusted,
        format!(
            "cannot reach Flyte\n  the certificate of `flyte.example:81` is signed by an authority that this machine does not know\n  \
             {through}\n  its issuer is `authority.example`\n\
             ? if you trust it, set `admin.caCertFilePath` to a file with that authority's certificate"
        )
    );
    let silent = greets(b"").await;
    let (proxy, _) = server::proxy(silent).await;
    let client = behind(&format!("http://{proxy}"), &[], Duration::from_millis(50));
    let slow = rendered(ask(&client).await.unwrap_err(), proxy);
    assert!(slow.contains("did not answer the TLS handshake") && slow.contains(through), "{slow}");
    let (proxy, _) = server::proxy(server::closes().await).await;
    let broken =
        rendered(ask(&behind(&format!("http://{proxy}"), &[PLAIN], PATIENT)).await.unwrap_err(), proxy);
    assert!(broken.contains(through), "{broken}");
}
