//! Flyte 2 servers are named, by one request that other servers do not get.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    error::Error as _,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use flyte_client::{
    Client,
    client::CallOptions,
    config::{Configuration, Sources},
    grpc::{self, Grpc},
    net::{Network, Proxies},
    proto::admin::GetVersionRequest,
};
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

type Answer = Response<Full<Bytes>>;

const PROBE: &str = "/flyteidl2.auth.AuthMetadataService/GetPublicClientConfig";
const VERSION: &str = "/flyteidl.service.AdminService/GetVersion";

/// What was asked, in order.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server of HTTP/1.1 and HTTP/2 on one port, as Go's is.
async fn serve(
    answer: impl Fn(&Request<Incoming>) -> Answer + Clone + Send + 'static,
) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let asks = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (asks, answer) = (Arc::clone(&asks), answer.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                asks.lock().unwrap().push(request.uri().path().to_owned());
                let answer = answer(&request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            tokio::spawn(async move { builder.serve_connection(TokioIo::new(stream), service).await.ok() });
        }
    });
    (address, asked)
}

fn text(status: StatusCode, kind: &str, text: &'static str) -> Answer {
    let response = Response::builder().status(status).header("content-type", kind);
    response.body(Full::from(text)).unwrap()
}

/// Go's router without a route.
fn not_found() -> Answer {
    text(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n")
}

fn unimplemented() -> Answer {
    let response = Response::builder().header("content-type", "application/grpc").header("grpc-status", "12");
    let message = "unknown service flyteidl.service.AdminService";
    response.header("grpc-message", message).body(Full::default()).unwrap()
}

/// Flyte 2, with what it says of everything else.
fn flyte2(other: fn() -> Answer) -> impl Fn(&Request<Incoming>) -> Answer + Clone {
    let config = r#"{"authorizationMetadataKey":"authorization","dataplaneDomain":"http://localhost:8090"}"#;
    move |request| match request.uri().path() {
        PROBE if request.headers()["content-type"] == "application/json" => {
            assert_eq!(request.headers()["connect-protocol-version"], "1");
            text(StatusCode::OK, "application/json", config)
        }
        _ => other(),
    }
}

fn client(address: SocketAddr) -> Client {
    let variables = [("FLYTE_PLATFORM_URL", address.to_string()), ("FLYTE_PLATFORM_INSECURE", "true".into())];
    let env = BTreeMap::from(variables.map(|(name, value)| (name.to_owned(), value)));
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    let connection = Configuration::load(&sources).unwrap().connection;
    let network = Network::new(&connection, Proxies::default()).unwrap();
    let grpc = Grpc::new(&connection, &network, grpc::GrpcOptions::default()).unwrap();
    Client::new(Arc::new(grpc), CallOptions::default())
}

/// The failure as a user reads it.
async fn failure(client: &Client, address: SocketAddr) -> String {
    let error = client.get_version(&GetVersionRequest {}).await.unwrap_err();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n  {error}"));
        cause = error.source();
    }
    let hint = error.hint().map(|hint| format!("\n? {hint}"));
    format!("{text}{}", hint.unwrap_or_default()).replace(&address.to_string(), "HOST")
}

const NAMED: &str = "cannot reach Flyte\n  \
    `HOST` is a Flyte 2 server; this client speaks to Flyte 1 only (`flyteidl`, not `flyteidl2`)\n\
    ? use the client of Flyte 2 (`pip install flyte`), or set variable `FLYTE_PLATFORM_URL` to a Flyte 1 server";

#[tokio::test]
async fn flyte_2_is_named() {
    let unauthenticated =
        || Response::builder().status(StatusCode::UNAUTHORIZED).body(Full::default()).unwrap();
    let console = || text(StatusCode::OK, "text/html", "<!doctype html><title>Console</title>");
    for other in [not_found, unimplemented, console, unauthenticated] {
        let (address, asked) = serve(flyte2(other)).await;
        let client = client(address);
        assert_eq!(failure(&client, address).await, NAMED);
        // It is remembered.
        assert_eq!(failure(&client, address).await, NAMED);
        assert_eq!(*asked.lock().unwrap(), [VERSION, PROBE, VERSION]);
    }
}

#[tokio::test]
async fn flyte_2_behind_a_proxy_of_http_1() {
    let answer = flyte2(not_found);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = [0; 3];
            stream.peek(&mut first).await.unwrap();
            if &first == b"PRI" {
                // As nginx says to HTTP/2 where it does not speak it.
                let refused = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                stream.write_all(refused.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
                // Closing with bytes unread would be a reset, which may overtake the text.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                continue;
            }
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                assert_eq!(request.version(), Version::HTTP_11);
                let answer = answer(&request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let builder = auto::Builder::new(TokioExecutor::new()).http1_only();
            tokio::spawn(async move { builder.serve_connection(TokioIo::new(stream), service).await.ok() });
        }
    });
    assert_eq!(failure(&client(address), address).await, NAMED);
}

#[tokio::test]
async fn other_servers_are_reported_as_before() {
    let (address, asked) = serve(|_| not_found()).await;
    let error = failure(&client(address), address).await;
    assert!(error.contains("HTTP 404 Not Found"), "{error}");
    assert_eq!(*asked.lock().unwrap(), [VERSION, PROBE]);
    // A proxy that wants to know who is calling.
    let (address, asked) =
        serve(|_| text(StatusCode::UNAUTHORIZED, "text/html", "<title>Sign in</title>")).await;
    let error = failure(&client(address), address).await;
    assert!(error.contains("HTTP 401 Unauthorized"), "{error}");
    assert_eq!(*asked.lock().unwrap(), [VERSION, PROBE]);
    // A Flyte 1 that does not know a method, with its REST gateway.
    let gateway = r#"{"code":5,"message":"Not Found","details":[]}"#;
    let (address, _) = serve(move |request| match request.version() {
        Version::HTTP_2 => unimplemented(),
        _ => text(StatusCode::NOT_FOUND, "application/json", gateway),
    })
    .await;
    let error = failure(&client(address), address).await;
    assert!(error.contains("does not know `GetVersion`"), "{error}");
}

#[tokio::test]
async fn answers_of_flyte_1_cause_no_request() {
    let refused = |code: &'static str| {
        let response = Response::builder().header("content-type", "application/grpc");
        response.header("grpc-status", code).body(Full::default()).unwrap()
    };
    for code in ["5", "7", "16"] {
        let (address, asked) = serve(move |_| refused(code)).await;
        failure(&client(address), address).await;
        assert_eq!(*asked.lock().unwrap(), [VERSION], "{code}");
    }
}
