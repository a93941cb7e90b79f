//! Who is answered: neither web pages, nor other users, nor other machines without the token.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use flyte_client::proto::{
    admin::GetVersionRequest,
    service::{CreateUploadLocationRequest, CreateUploadLocationResponse},
};
use http::{Request, StatusCode, request::Builder};
use http_body_util::Full;
use prost::Message as _;
use sandbox::{
    EngineStart, Sandbox,
    server::{Server, ServerOptions, token},
};

use super::{Received, Served};

const ADMIN: &str = "/flyteidl.service.AdminService/";

/// The user that owns nothing.
const NOBODY: u32 = 65534;

fn framed(message: &impl prost::Message) -> Full<Bytes> {
    let message = message.encode_to_vec();
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    bytes.extend(message);
    Full::from(bytes)
}

/// A call, which tests change before it is sent.
fn call(host: &str, method: &str) -> Builder {
    Request::post(format!("http://{host}{ADMIN}{method}")).header("content-type", "application/grpc")
}

fn version(served: &Served) -> Request<Full<Bytes>> {
    call(&served.address.to_string(), "GetVersion").body(framed(&GetVersionRequest::default())).unwrap()
}

/// The HTTP status, the gRPC status and the text of a response.
fn response_status(received: &Received) -> (u16, String, String) {
    let text = |name: &str| {
        let value = received.headers.get(name).or_else(|| received.trailers.get(name));
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    (received.status.as_u16(), text("grpc-status"), text("grpc-message"))
}

/// The MD5 of nothing.
const EMPTY: [u8; 16] =
    [0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e];

/// A signed URL to which an empty file may be sent.
fn signed_url(served: &Served) -> String {
    let request = CreateUploadLocationRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        filename: "a.txt".into(),
        content_md5: EMPTY.to_vec(),
        ..Default::default()
    };
    let path = format!("http://{}/flyteidl.service.DataProxyService/CreateUploadLocation", served.address);
    let call = Request::post(path)
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {}", token(served.folder.path()).unwrap()));
    let answer = served.http2(call.body(framed(&request)).unwrap());
    CreateUploadLocationResponse::decode(&answer.body[5..]).unwrap().signed_url
}

/// A server that other machines could reach, too.
fn public() -> Served {
    let folder = tempfile::tempdir().unwrap();
    let options = sandbox::SandboxOptions { root: folder.path().to_owned(), engine: EngineStart::External };
    let sandbox = Arc::new(Sandbox::open(&options).unwrap());
    let hosts = vec!["build.example".to_owned()];
    let address = (Ipv4Addr::UNSPECIFIED, 0).into();
    let server =
        Server::bind(sandbox, &ServerOptions { address, hosts, ..ServerOptions::default() }).unwrap();
    assert!(server.required_token().is_some());
    let mut served = Served::run(folder, server);
    served.address = SocketAddr::from((Ipv4Addr::LOCALHOST, served.address.port()));
    served
}

fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        let _ = writeln!(std::io::stderr(), "skipped: only root can act as another user");
    }
    is_root
}

/// Does something as another user: on Linux, every thread has a user of its own.
fn as_another_user<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let change_and_work = || {
        rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(NOBODY)).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(change_and_work).join().unwrap())
}

#[test]
fn grpc_needs_http_2() {
    let served = Served::new();
    let request = call("unused", "GetVersion")
        .uri(format!("{ADMIN}GetVersion"))
        .header("host", served.address.to_string());
    let received = served.http1(request.body(framed(&GetVersionRequest::default())).unwrap());
    assert_eq!(received.status, StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    assert_eq!(received.text(), "gRPC requires HTTP/2\n");
}

#[test]
fn web_pages_are_refused() {
    let served = Served::new();
    let url = signed_url(&served);
    for origin in ["http://evil.example", "http://localhost:3000", "null"] {
        let mut request = version(&served);
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let text = "rejected a request with an `Origin` header: web pages cannot use the sandbox";
        assert_eq!(response_status(&served.http2(request)), (403, "7".into(), text.into()));
        let put = Request::put(&url).header("host", served.address.to_string()).header("origin", origin);
        let received = served.http1(put.body(Full::default()).unwrap());
        assert_eq!((received.status, received.text()), (StatusCode::FORBIDDEN, &*format!("{text}\n")));
    }
}

#[test]
fn other_hosts_are_refused() {
    let served = Served::new();
    let port = served.address.port();
    let path = signed_url(&served).replace(&format!("http://{}", served.address), "");
    let text = |host: &str| {
        format!(
            "rejected a request for host `{host}`: neither a loopback address nor allowed by \
             `flyte-host sandbox start --allow-host`"
        )
    };
    for host in [format!("evil.example:{port}"), format!("127.0.0.1.evil.example:{port}"), "0.0.0.0".into()] {
        let request = call(&host, "GetVersion").body(framed(&GetVersionRequest::default())).unwrap();
        assert_eq!(response_status(&served.http2(request)), (403, "7".into(), text(&host)));
        for target in [path.as_str(), "/healthcheck", "/"] {
            let request = Request::get(target).header("host", &host).body(Full::default()).unwrap();
            let received = served.http1(request);
            assert_eq!(
                (received.status, received.text()),
                (StatusCode::FORBIDDEN, &*format!("{}\n", text(&host)))
            );
        }
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.2:{port}"), "localhost".into()] {
        let request = call(&host, "GetVersion").body(framed(&GetVersionRequest::default())).unwrap();
        assert_eq!(response_status(&served.http2(request)), (200, "0".into(), String::new()), "{host}");
    }
}

#[test]
fn a_host_can_be_named() {
    let served = public();
    let token = token(served.folder.path()).unwrap();
    for (host, status) in [("build.example:1", 200), ("evil.example:1", 403)] {
        let request = call(host, "GetVersion").header("authorization", format!("Bearer {token}"));
        let received = served.http2(request.body(framed(&GetVersionRequest::default())).unwrap());
        assert_eq!(response_status(&received).0, status, "{host}");
    }
    // Signed URLs lead other machines to that name.
    let url = signed_url(&served);
    assert!(url.starts_with(&format!("http://build.example:{}/", served.address.port())), "{url}");
    // They are their own token.
    let path = url.split_once(&served.address.port().to_string()).unwrap().1;
    let put = Request::put(path).header("host", "build.example").body(Full::default()).unwrap();
    assert_eq!(served.http1(put).status, StatusCode::OK);
}

#[test]
fn beyond_this_machine_a_token_is_needed() {
    let served = public();
    let token = token(served.folder.path()).unwrap();
    let ask = |header: Option<(&'static str, String)>| {
        let mut request = version(&served);
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        response_status(&served.http2(request))
    };
    let refused = |text: &str| (200, "16".to_owned(), text.to_owned());
    let missing = refused(
        "missing token: send `authorization: Bearer TOKEN` with the content of `server.token` in the \
         sandbox's folder",
    );
    let wrong = refused("invalid token: expected the content of `server.token` in the sandbox's folder");
    assert_eq!(ask(None), missing);
    assert_eq!(ask(Some(("authorization", format!("Basic {token}")))), missing);
    assert_eq!(ask(Some(("cookie", format!("Bearer {token}")))), missing);
    assert_eq!(ask(Some(("authorization", format!("Bearer {token}x")))), wrong);
    assert_eq!(ask(Some(("authorization", format!("Bearer {}", &token[1..])))), wrong);
    assert_eq!(ask(Some(("proxy-authorization", "Bearer ".to_owned()))), wrong);
    let fine = (200, "0".to_owned(), String::new());
    assert_eq!(ask(Some(("authorization", format!("Bearer {token}")))), fine);
    assert_eq!(ask(Some(("proxy-authorization", format!("Bearer {token}")))), fine);
}

#[cfg(target_os = "linux")]
#[test]
fn other_users_are_refused() {
    if !is_root() {
        return;
    }
    let served = Served::new();
    let url = signed_url(&served);
    let text = "rejected a connection of uid 65534: the sandbox belongs to another user";
    let received = as_another_user(|| served.http2(version(&served)));
    assert_eq!(response_status(&received), (403, "7".into(), text.into()));
    // Neither with another user's URL, nor with an invalid token.
    let put = || Request::put(&url).header("host", served.address.to_string()).body(Full::default()).unwrap();
    let received = as_another_user(|| served.http1(put()));
    assert_eq!((received.status, received.text()), (StatusCode::FORBIDDEN, &*format!("{text}\n")));
    let mut request = version(&served);
    request.headers_mut().insert("authorization", "Bearer guessed".parse().unwrap());
    assert_eq!(response_status(&as_another_user(|| served.http2(request))).0, 403);
    // What the sandbox's own user handed out counts.
    let mut request = version(&served);
    let token = token(served.folder.path()).unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    assert_eq!(response_status(&as_another_user(|| served.http2(request))), (200, "0".into(), String::new()));
    assert_eq!(response_status(&served.http2(version(&served))), (200, "0".into(), String::new()));
}
