//! Errors of the network and of servers that are not Flyte, as a user reads them, over real sockets.

mod certificate;
mod proxy;
mod server;
mod trust;

use std::{
    collections::BTreeMap,
    error::Error as _,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use flyte_client::{
    Client,
    client::{CallOptions, ClientError, ClientErrorKind, Policy},
    config::{Configuration, Connection, Sources},
    grpc::{self, Grpc},
    net::{Network, Proxies},
    proto::{admin, core::Identifier},
};

use self::{
    certificate::{Authority, self_signed},
    server::{answer, page},
};

const FINE: [(&str, &str); 1] = [("grpc-status", "0")];
const PLAIN: (&str, &str) = ("FLYTE_PLATFORM_INSECURE", "true");

fn connection(endpoint: &str, variables: &[(&str, &str)]) -> Connection {
    let mut env = BTreeMap::from([("FLYTE_PLATFORM_URL".to_owned(), endpoint.to_owned())]);
    env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    Configuration::load(&sources).unwrap().connection
}

fn client_of(connection: &Connection, options: CallOptions) -> Client {
    let network = Network::new(connection, Proxies::default()).unwrap();
    let transport = Grpc::new(connection, &network, grpc::GrpcOptions::default()).unwrap();
    Client::new(Arc::new(transport), options)
}

/// Tries again at once.
fn eager() -> CallOptions {
    CallOptions { retry: Policy { pause: Duration::ZERO, ..Policy::default() }, ..CallOptions::default() }
}

async fn ask(client: &Client) -> Result<admin::GetVersionResponse, ClientError> {
    client.get_version(&admin::GetVersionRequest {}).await
}

/// What a plain-text server brings about.
async fn plain(address: SocketAddr) -> String {
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), eager());
    rendered(ask(&client).await.unwrap_err(), address)
}

/// The same with TLS.
async fn tls(host: &str, address: SocketAddr, variables: &[(&str, &str)]) -> Result<(), String> {
    let endpoint = format!("{host}:{}", address.port());
    let client = client_of(&connection(&endpoint, variables), eager());
    ask(&client).await.map(drop).map_err(|error| rendered(error, address))
}

/// As a user reads it, without the port and the time.
fn rendered(mut error: ClientError, address: SocketAddr) -> String {
    error.elapsed = Duration::ZERO;
    let mut text = format!("{error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n  {error}"));
        cause = error.source();
    }
    if let Some(hint) = error.hint() {
        text.push_str(&format!("\n? {hint}"));
    }
    text.replace(&address.port().to_string(), "PORT")
}

#[tokio::test]
async fn connection_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        plain(address).await,
        "cannot reach Flyte in 3 tries within 0ms\n  \
         nothing listens at `127.0.0.1:PORT`\n  connection refused\n\
         ? check variable `FLYTE_PLATFORM_URL`, and that Flyte runs there"
    );
}

#[tokio::test]
async fn tls_handshake_timeout() {
    // The server takes the connection, but sends nothing.
    let address = server::serve(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let connection = connection(&address.to_string(), &[]);
    let network = Network::new(&connection, Proxies::default()).unwrap();
    let network = network.connect_timeout(Duration::from_millis(20));
    let transport = Grpc::new(&connection, &network, grpc::GrpcOptions::default()).unwrap();
    let client =
        Client::new(Arc::new(transport), CallOptions { retry: Policy::never(), ..CallOptions::default() });
    assert_eq!(
        rendered(ask(&client).await.unwrap_err(), address),
        format!(
            "cannot reach Flyte\n  `127.0.0.1:PORT` accepted the connection, but did not answer the TLS handshake within 20ms\n{ACCEPTS_ONLY}"
        )
    );
}

const ACCEPTS_ONLY: &str = "? check that variable `FLYTE_PLATFORM_URL` is the address of Flyte's gRPC; a load balancer or a tunnel may accept \
                            connections for a server that is gone";

#[tokio::test]
async fn a_connection_that_leads_nowhere() {
    let address = server::serve(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let connection = connection(&address.to_string(), &[PLAIN]);
    let network = Network::new(&connection, Proxies::default()).unwrap();
    let network = network.connect_timeout(Duration::from_millis(20));
    let transport = Grpc::new(&connection, &network, grpc::GrpcOptions::default()).unwrap();
    let client =
        Client::new(Arc::new(transport), CallOptions { retry: Policy::never(), ..CallOptions::default() });
    assert_eq!(
        rendered(ask(&client).await.unwrap_err(), address),
        format!(
            "Flyte did not answer `GetVersion`\n  \
             `127.0.0.1:PORT` accepted the connection, but sent nothing within 20ms\n{ACCEPTS_ONLY}"
        )
    );
}

#[tokio::test]
async fn connect_timeout() {
    // No packet comes back from this address (RFC 5737), or the system says that it is unreachable.
    let connection = connection("192.0.2.1:81", &[PLAIN]);
    let options = CallOptions {
        timeout: Some(Duration::from_millis(50)),
        retry: Policy::never(),
        ..CallOptions::default()
    };
    let error =
        client_of(&connection, options).create_task(&admin::TaskCreateRequest::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_be_done), (ClientErrorKind::Unreachable, false), "{}", error.status);
}

#[tokio::test]
async fn a_long_refusal_is_a_refusal() {
    // 100,000 letters of two bytes, each of which is six in a header; and as much in the details.
    let difference = "ü".repeat(100_000);
    let message = format!("workflow with different structure already exists:\n{}", "%C3%BC".repeat(100_000));
    let details = "AQID".repeat(100_000);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let (address, _) = server::grpc(
        move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            let message = message.replace('\n', "%0A");
            let status =
                [("grpc-status", "3"), ("grpc-message", &*message), ("grpc-status-details-bin", &*details)];
            answer(&status, None)
        },
        None,
    )
    .await;
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), eager());
    let error = client.create_workflow(&admin::WorkflowCreateRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::DifferentStructure { difference });
    assert_eq!(error.status.details.len(), 300_000);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_request_that_is_too_large() {
    let address = server::does_not_read(&[
        ("grpc-status", "8"),
        ("grpc-message", "grpc: received message larger than max (8388620 vs. 4194304)"),
    ])
    .await;
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), eager());
    let identifier = Identifier { name: "x".repeat(8 << 20), ..Identifier::default() };
    let request = admin::TaskCreateRequest { id: Some(identifier), ..Default::default() };
    assert_eq!(
        rendered(client.create_task(&request).await.unwrap_err(), address),
        "Flyte refused `CreateTask` (RESOURCE_EXHAUSTED)\n  \
         grpc: received message larger than max (8388620 vs. 4194304)\n\
         ? send less, or have the server's operator raise `server.grpc.maxMessageSizeBytes`"
    );
}

#[tokio::test]
async fn tls_is_asked_of_a_plain_port() {
    let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), None).await;
    assert_eq!(
        tls("localhost", address, &[]).await.unwrap_err(),
        "cannot reach Flyte\n  `localhost:PORT` speaks plain text, not TLS\n\
         ? set `admin.insecure` to true if that is meant"
    );
}

#[tokio::test]
async fn a_plain_word_to_a_tls_port() {
    let certificate = Authority::new().host("localhost").acceptor();
    let (address, _) = server::grpc(|_| answer(&FINE, Some(b"")), Some(certificate)).await;
    assert_eq!(
        plain(address).await,
        "cannot reach Flyte\n  `127.0.0.1:PORT` speaks TLS, and plain text was sent\n\
         ? set variable `FLYTE_PLATFORM_INSECURE` to false"
    );
    assert_eq!(
        plain(server::closes().await).await,
        "Flyte did not answer `GetVersion` in 5 tries within 0ms\n  \
         the connection to `127.0.0.1:PORT` broke before the answer was there\n\
         ? set variable `FLYTE_PLATFORM_INSECURE` to false if the server expects TLS: it closed the connection without an answer"
    );
}

#[tokio::test]
async fn a_web_page_instead_of_an_answer() {
    let text = "<html><head><title>Sign in &amp; continue</title></head></html>";
    let (address, _) = server::grpc(move |_| page(200, "text/html; charset=utf-8", text), None).await;
    let hint = "? check that variable `FLYTE_PLATFORM_URL` leads to Flyte's gRPC; a proxy, a sign-in page or Flyte's console may be in between";
    assert_eq!(
        plain(address).await,
        format!(
            "cannot reach Flyte\n  `127.0.0.1:PORT` answered with a web page (HTTP 200 OK)\n  \
             it says: Sign in & continue\n{hint}"
        )
    );
    let (address, _) = server::grpc(move |_| page(503, "text/plain", "upstream is down\n"), None).await;
    assert_eq!(
        plain(address).await,
        format!(
            "cannot reach Flyte in 5 tries within 0ms\n  \
             `127.0.0.1:PORT` answered with something that is not gRPC (HTTP 503 Service Unavailable)\n  \
             it says: upstream is down\n{hint}"
        )
    );
}

#[tokio::test]
async fn a_secret_in_a_web_page_is_redacted_before_the_cut() {
    let text: &str = format!("{}s3cret-token", "x".repeat(154)).leak();
    let (address, _) = server::grpc(move |_| page(403, "text/plain", text), None).await;
    let metadata = vec![("flyte-authorization".to_owned(), "Bearer s3cret-token".to_owned())];
    let connection = connection(&address.to_string(), &[PLAIN]);
    let client = client_of(&connection, CallOptions { metadata, ..eager() });
    let fault = ask(&client).await.unwrap_err().status.fault.unwrap();
    assert_eq!(fault.causes().collect::<Vec<_>>(), [format!("it says: {}****", "x".repeat(154))]);
}

#[tokio::test]
async fn a_server_of_http_1() {
    let hint = "? check that variable `FLYTE_PLATFORM_URL` has the port of Flyte's gRPC; this may be that of the console or of a proxy";
    for (text, said) in [
        (&b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"[..], "HTTP/1.1 400 Bad Request"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n<!doctype html><title>Flyte Console</title>", "Flyte Console"),
    ] {
        assert_eq!(
            plain(server::says(text).await).await,
            format!(
                "cannot reach Flyte\n  `127.0.0.1:PORT` speaks HTTP/1, and gRPC needs HTTP/2\n  it says: {said}\n{hint}"
            )
        );
    }
}

#[tokio::test]
async fn unavailable_twice_and_then_fine() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let (address, connections) = server::grpc(
        move |_| match counted.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => answer(&[("grpc-status", "14"), ("grpc-message", "starting")], None),
            _ => answer(&FINE, Some(b"")),
        },
        None,
    )
    .await;
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), eager());
    ask(&client).await.unwrap();
    assert_eq!((asked.load(Ordering::Relaxed), connections.load(Ordering::Relaxed)), (3, 1));

    asked.store(0, Ordering::Relaxed);
    let request = admin::NodeExecutionEventRequest::default();
    let error = client.create_node_event(&request).await.unwrap_err();
    assert_eq!(
        rendered(error, address),
        "could not tell whether `CreateNodeEvent` was done: no answer\n  starting\n\
         ? look whether `CreateNodeEvent` was done before you repeat it"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn slower_than_the_deadline() {
    let address = server::serve(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let options = CallOptions { timeout: Some(Duration::from_millis(50)), ..eager() };
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), options);
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::Unreachable);
    assert_eq!(
        rendered(error, address),
        format!(
            "Flyte did not answer `GetVersion`\n  \
             `127.0.0.1:PORT` accepted the connection, but sent nothing within 50ms\n{ACCEPTS_ONLY}"
        )
    );
}

#[tokio::test]
async fn a_server_that_is_busy_for_ever() {
    let address = server::never_answers().await;
    let options = CallOptions { timeout: Some(Duration::from_millis(200)), ..eager() };
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), options);
    assert_eq!(
        rendered(ask(&client).await.unwrap_err(), address),
        "Flyte did not answer `GetVersion`\n  `127.0.0.1:PORT` did not answer within 200ms\n\
         ? set `FLYTE_HOST_TIMEOUT`, in seconds, to wait longer for a call"
    );
    let error = client.update_project(&admin::Project::default()).await.unwrap_err();
    assert_eq!(
        rendered(error, address),
        "could not tell whether `UpdateProject` was done: no answer\n  \
         `127.0.0.1:PORT` did not answer within 200ms\n\
         ? run the command again; entities that exist stay unchanged"
    );
}

#[tokio::test]
async fn broken_in_the_middle_of_a_call() {
    let address = server::resets().await;
    assert_eq!(
        plain(address).await,
        "Flyte did not answer `GetVersion` in 5 tries within 0ms\n  \
         `127.0.0.1:PORT` broke off the call (HTTP/2 error 2)\n  unexpected internal error encountered"
    );
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), eager());
    let error = client.create_execution(&admin::ExecutionCreateRequest::default()).await.unwrap_err();
    assert_eq!(
        rendered(error, address),
        "could not tell whether `CreateExecution` was done: no answer\n  \
         `127.0.0.1:PORT` broke off the call (HTTP/2 error 2)\n  unexpected internal error encountered\n\
         ? run `flyte-host get executions` to see whether it was started"
    );
}

#[tokio::test]
async fn an_older_server() {
    let (address, _) =
        server::grpc(|_| answer(&[("grpc-status", "12"), ("grpc-message", "unknown method")], None), None)
            .await;
    assert_eq!(
        plain(address).await,
        "Flyte refused `GetVersion` (UNIMPLEMENTED)\n  \
         the server at `127.0.0.1:PORT` does not know `GetVersion`; it is older than this command needs"
    );
}

#[tokio::test]
async fn more_than_is_taken() {
    let (address, _) = server::grpc(|_| answer(&FINE, Some(&[0; 4096])), None).await;
    let connection = connection(&address.to_string(), &[PLAIN]);
    let network = Network::new(&connection, Proxies::default()).unwrap();
    let options = grpc::GrpcOptions { largest_answer: 1024, ..grpc::GrpcOptions::default() };
    let client =
        Client::new(Arc::new(Grpc::new(&connection, &network, options).unwrap()), CallOptions::default());
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::TooLarge);
    assert_eq!(
        rendered(error, address),
        "response to `GetVersion` is too large\n  `127.0.0.1:PORT` answers with 4 KiB, and at most 1 KiB are taken\n\
         ? ask for less, such as with a filter or a limit"
    );
}

#[tokio::test]
async fn answers_that_are_none() {
    for (body, status, why) in [
        (Some(&b"not a message"[..]), &FINE[..], None),
        (None, &FINE[..], Some("its length is not the one that it announces")),
        (Some(b""), &[][..], Some("it ended without a status")),
    ] {
        let body = body.map(<[u8]>::to_vec);
        let status = status.to_vec();
        let (address, _) = server::grpc(move |_| answer(&status, body.as_deref()), None).await;
        let expected = match why {
            Some(why) => format!("cannot reach Flyte\n  malformed gRPC response from `127.0.0.1:PORT`\n  {why}"),
            None => "Flyte refused `GetVersion` (INTERNAL)\n  could not decode the response: failed to decode Protobuf message: \
                     invalid wire type value: 6".to_owned(),
        };
        assert_eq!(plain(address).await, expected);
    }
}

#[tokio::test]
async fn a_sign_in_is_wanted() {
    let (address, _) =
        server::grpc(|_| answer(&[("grpc-status", "16"), ("grpc-message", "token parse error")], None), None)
            .await;
    assert_eq!(
        plain(address).await,
        "authentication required (UNAUTHENTICATED)\n  token parse error\n\
         ? sign in with `flyte-host login`"
    );
}

#[tokio::test]
async fn what_goes_over_the_wire() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let (address, connections) = server::grpc(
        move |request| {
            ear.lock().unwrap().push(request);
            answer(&FINE, Some(b""))
        },
        None,
    )
    .await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let options = CallOptions {
        metadata: vec![header("x-team", "a"), header("x-team", "b"), header("te", "gzip")],
        timeout: Some(Duration::from_secs(7)),
        ..eager()
    };
    let client = client_of(&connection(&address.to_string(), &[PLAIN]), options);
    let request = admin::ProjectListRequest { limit: 7, ..Default::default() };
    let many = (0..20).map(|_| client.list_projects(&request));
    futures_util::future::join_all(many).await.into_iter().for_each(|answer| drop(answer.unwrap()));
    assert_eq!(connections.load(Ordering::Relaxed), 1);

    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 20);
    assert_eq!(heard[0].uri().path(), "/flyteidl.service.AdminService/ListProjects");
    assert_eq!(&heard[0].body()[..], b"\0\0\0\0\x02\x08\x07");
    let value = |name: &str| {
        heard[0].headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(value("x-team"), ["a", "b"]);
    assert_eq!(value("te"), ["trailers"]);
    assert_eq!(value("content-type"), ["application/grpc"]);
    assert_eq!(value("grpc-timeout"), ["7000m"]);
}

#[tokio::test]
async fn a_header_that_cannot_be_sent() {
    let options = CallOptions { metadata: vec![("x y".to_owned(), "s3cret\n".to_owned())], ..eager() };
    let client = client_of(&connection("127.0.0.1:1", &[PLAIN]), options);
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::Transport);
    assert_eq!(
        rendered(error, ([127, 0, 0, 1], 0).into()),
        "transport failed while calling `GetVersion`\n  header `x y` is none that HTTP can carry"
    );
}
