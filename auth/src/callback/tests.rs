//! The callback server as browsers and strangers see it: over real sockets, byte by byte.

use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};

use super::*;
use crate::page::Page;

/// A server that waits for `our-state`, from one issuer.
struct Fixture {
    port: u16,
    answer: oneshot::Receiver<CallbackRequest>,
    server: JoinHandle<Infallible>,
}

impl Fixture {
    async fn start() -> Self {
        let callback = Callback::bind("http://localhost/callback").await.unwrap();
        let port = callback.listeners[0].local_addr().unwrap().port();
        let state = CsrfToken::new("our-state".to_owned());
        let (server, answer) = callback.serve(state, Some("https://issuer.example".to_owned()));
        Self { port, answer, server: tokio::spawn(server) }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap()
    }

    /// Sends bytes as they are, and reads until the server closes. `PORT` is its port.
    async fn send(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        let request = request.replace("PORT", &self.port.to_string());
        // The server may close before it has heard everything.
        let _ = stream.write_all(request.as_bytes()).await;
        read(stream).await
    }

    async fn get(&self, target: &str) -> String {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n")).await
    }

    /// A browser on its way back, which waits for its page.
    async fn navigate(&self, query: &str) -> TcpStream {
        let mut stream = self.connect().await;
        let request = format!("GET /callback?{query} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", self.port);
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    fn has_no_answer(&mut self) -> bool {
        matches!(self.answer.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    /// The true answer is still taken.
    async fn accepts_the_answer(mut self) {
        assert!(self.has_no_answer());
        let browser = self.navigate("code=good&state=our-state").await;
        let CallbackRequest { result, response } = self.answer.await.unwrap();
        assert!(matches!(&result, CallbackResult::Code(code) if code.secret() == "good"), "{result:?}");
        response.show(Page::success(None, "login.example")).await;
        assert_eq!(status(&read(browser).await), "200 OK");
    }
}

async fn read(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // What was read counts, however the connection ended.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn status(response: &str) -> &str {
    response.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).unwrap_or(response)
}

const HOST: &str = "Host: localhost:PORT\r\n";
const TRUE: &str = "/callback?code=good&state=our-state";

#[tokio::test]
async fn other_requests_get_an_error_page() {
    let fixture = Fixture::start().await;
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\n{headers}\r\n");
    let other = |method: &str| format!("{method} {TRUE} HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n");
    let requests = [
        (get("/favicon.ico", HOST), "404 Not Found"),
        (get("/", HOST), "404 Not Found"),
        (get("/other?code=good&state=our-state", HOST), "404 Not Found"),
        (get("/callback/more?code=good&state=our-state", HOST), "404 Not Found"),
        (other("POST"), "405 Method Not Allowed"),
        (other("PUT"), "405 Method Not Allowed"),
        (other("HEAD"), "405 Method Not Allowed"),
        (other("OPTIONS"), "405 Method Not Allowed"),
        (get(TRUE, ""), "421 Misdirected Request"),
        (get(TRUE, "Host: evil.example:PORT\r\n"), "421 Misdirected Request"),
        (get(TRUE, "Host: localhost\r\n"), "421 Misdirected Request"),
        (get(TRUE, "Host: localhost:PORT\r\nHost: localhost:PORT\r\n"), "421 Misdirected Request"),
        (get(&format!("http://evil.example:PORT{TRUE}"), HOST), "421 Misdirected Request"),
        (get(TRUE, &format!("{HOST}Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n")), "403 Forbidden"),
        (get(TRUE, &format!("{HOST}Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n")), "403 Forbidden"),
        (
            get(TRUE, &format!("{HOST}Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n")),
            "403 Forbidden",
        ),
        ("\u{16}\u{3}\u{1}\0 hello\r\n\r\n".to_owned(), "400 Bad Request"),
        ("good morning\r\n\r\n".to_owned(), "400 Bad Request"),
        (get(&format!("{TRUE}&more={}", "x".repeat(70_000)), HOST), "414 URI Too Long"),
        (
            get(TRUE, &format!("{HOST}Cookie: {}\r\n", "x".repeat(200_000))),
            "431 Request Header Fields Too Large",
        ),
    ];
    for (request, wanted) in requests {
        let response = fixture.send(&request).await;
        assert_eq!(status(&response), wanted, "{}", &request[..request.len().min(200)]);
        assert!(!response.to_ascii_lowercase().contains("access-control"), "{response}");
    }
    fixture.accepts_the_answer().await;
}

#[tokio::test]
async fn callbacks_of_other_sign_ins_get_an_error_page_and_are_ignored() {
    let fixture = Fixture::start().await;
    let queries = [
        ("", "has no `state`"),
        ("code=stolen", "has no `state`"),
        ("error=access_denied&error_description=words%20of%20a%20stranger", "has no `state`"),
        ("code=stolen&state=guessed", "belongs to another sign-in"),
        ("code=stolen&state=", "belongs to another sign-in"),
        ("code=stolen&state=our-state%20", "belongs to another sign-in"),
        ("code=stolen&state=our-state&state=our-state", "a repeated parameter"),
        ("code=good&code=stolen&state=our-state", "a repeated parameter"),
        ("error=a&error=b&state=our-state", "a repeated parameter"),
        ("state=our-state", "has no code"),
        ("code=&state=our-state", "has no code"),
    ];
    for (query, wanted) in queries {
        let response = fixture.get(&format!("/callback?{query}")).await;
        assert_eq!(status(&response), "400 Bad Request", "{query}");
        assert!(response.contains(wanted) && response.contains("still waiting"), "{query}: {response}");
        assert!(!response.contains("stranger"), "{response}");
    }
    fixture.accepts_the_answer().await;
}

#[tokio::test]
async fn a_hundred_idle_connections_do_not_block_the_callback() {
    let fixture = Fixture::start().await;
    let mut held = Vec::new();
    for number in 0..100 {
        let mut stream = fixture.connect().await;
        if number % 2 == 0 {
            stream.write_all(b"GET /callback?co").await.unwrap();
        }
        held.push(stream);
    }
    fixture.accepts_the_answer().await;
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let fixture = Fixture::start().await;
    let mut slow = fixture.connect().await;
    slow.write_all(b"GET /callback?code=").await.unwrap();
    // Ends only because the server closes.
    assert_eq!(status(&read(slow).await), "");
}

#[tokio::test]
async fn the_page_is_sent_when_it_is_shown_with_strict_headers() {
    let fixture = Fixture::start().await;
    let browser =
        fixture.navigate("state=our-state&code=a%2Fb&iss=https%3A%2F%2Fissuer.example&session_state=x").await;
    let CallbackRequest { result, response } = fixture.answer.await.unwrap();
    assert!(matches!(&result, CallbackResult::Code(code) if code.secret() == "a/b"), "{result:?}");
    assert!(!format!("{result:?}").contains("a/b"));
    let nothing = browser.try_read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);

    let html = "<script src=https://evil.example/x.js></script>\r\n\r\nHTTP/1.1 200 OK\r\n<p>ours: ü</p>";
    response.show(Page::success(Some(html.to_owned()), "login.example")).await;
    let response = read(browser).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert_eq!((status(head), body), ("200 OK", html));
    let headers: Vec<&str> = head.lines().skip(1).filter(|line| !line.starts_with("date:")).collect();
    assert_eq!(
        headers,
        [
            "content-type: text/html; charset=utf-8",
            "content-security-policy: default-src 'none'; style-src 'unsafe-inline' https:; img-src data: https:; \
             font-src data: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "x-frame-options: DENY",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "connection: close",
            "cross-origin-resource-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            &format!("content-length: {}", html.len()),
        ]
    );
}

#[tokio::test]
async fn only_the_first_callback_is_accepted() {
    let fixture = Fixture::start().await;
    let first = fixture.navigate("code=good&state=our-state").await;
    let second = |response: String| {
        assert_eq!(status(&response), "400 Bad Request");
        assert!(response.contains("already been completed"), "{response}");
    };
    let Fixture { port, answer, server } = fixture;
    let CallbackRequest { response, .. } = answer.await.unwrap();
    let fixture = Fixture { port, answer: oneshot::channel().1, server };
    second(fixture.get("/callback?code=good&state=our-state").await);
    response.show(Page::success(None, "login.example")).await;
    second(fixture.get("/callback?code=other&state=our-state").await);
    assert_eq!(status(&read(first).await), "200 OK");
}

#[tokio::test]
async fn an_error_is_sanitized() {
    let fixture = Fixture::start().await;
    let long = "long+".repeat(1000);
    let _browser = fixture
        .navigate(&format!(
            "error=access%1B%5B31m_denied&error_description=%1B%5D0%3Bx%07no%0A{long}&state=our-state"
        ))
        .await;
    let CallbackRequest { result, .. } = fixture.answer.await.unwrap();
    let CallbackResult::Refused { error, description: Some(description) } = result else {
        panic!("{result:?}")
    };
    assert_eq!(error, r"access\u{1b}[31m_denied");
    assert!(
        description.starts_with(r"\u{1b}]0;x\u{7}no long long") && description.len() < 400,
        "{description}"
    );
    assert!(!description.contains(char::is_control), "{description}");
}

#[tokio::test]
async fn another_issuer_is_detected() {
    let fixture = Fixture::start().await;
    let _browser = fixture.navigate("code=good&state=our-state&iss=https%3A%2F%2Fevil.example").await;
    let CallbackRequest { result, .. } = fixture.answer.await.unwrap();
    assert!(
        matches!(&result, CallbackResult::OtherIssuer(issuer) if issuer == "https://evil.example"),
        "{result:?}"
    );
}

#[tokio::test]
async fn the_browser_shows_that_the_sign_in_was_aborted() {
    let fixture = Fixture::start().await;
    let browser = fixture.navigate("code=good&state=our-state").await;
    drop(fixture.answer.await.unwrap());
    assert!(read(browser).await.contains("was aborted in the terminal"));
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_does_not_read_times_out() {
    let fixture = Fixture::start().await;
    let browser = fixture.navigate("code=good&state=our-state").await;
    let CallbackRequest { response, .. } = fixture.answer.await.unwrap();
    // More than the system keeps for it. This would not end otherwise.
    response.show(Page::success(Some("x".repeat(64 << 20)), "login.example")).await;
    drop(browser);
}

#[tokio::test]
async fn a_closed_browser_is_not_awaited() {
    let fixture = Fixture::start().await;
    drop(fixture.navigate("code=good&state=our-state").await);
    let CallbackRequest { response, .. } = fixture.answer.await.unwrap();
    response.show(Page::failure("why")).await;
}

#[tokio::test]
async fn the_browser_may_use_ipv4_or_ipv6() {
    let fixture = Fixture::start().await;
    // Not every machine has IPv6.
    if let Ok(mut stream) = TcpStream::connect((Ipv6Addr::LOCALHOST, fixture.port)).await {
        let request = format!("GET /favicon.ico HTTP/1.1\r\nHost: [::1]:{}\r\n\r\n", fixture.port);
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(status(&read(stream).await), "404 Not Found");
    }
    fixture.accepts_the_answer().await;
}

#[tokio::test]
async fn a_uri_without_a_port_gets_a_free_one() {
    for uri in ["http://localhost/callback", "http://127.0.0.1:0/callback", "http://[::1]/callback"] {
        let Ok(callback) = Callback::bind(uri).await else {
            assert!(uri.contains("::1"), "{uri}");
            continue;
        };
        let port = callback.listeners[0].local_addr().unwrap().port();
        assert!(callback.listeners.iter().all(|listener| {
            let address = listener.local_addr().unwrap();
            address.port() == port && address.ip().is_loopback()
        }));
        assert!(
            callback.redirect_uri().ends_with(&format!(":{port}/callback")),
            "{}",
            callback.redirect_uri()
        );
    }
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let addresses =
        [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
    for address in addresses {
        let address: std::net::SocketAddr = address;
        let other = match std::net::TcpListener::bind(address) {
            Ok(other) => other,
            Err(_) if address.is_ipv6() => continue,
            Err(error) => panic!("{error}"),
        };
        let port = other.local_addr().unwrap().port();
        let uri = format!("http://localhost:{port}/callback");
        let error = Callback::bind(&uri).await.err().unwrap();
        assert!(matches!(error, CallbackError::PortInUse(taken) if taken == port), "{error}");
        drop(other);
        // The attempt left nothing open.
        assert_eq!(bind_released(&uri).await.redirect_uri(), uri);
    }
}

/// Binds a port that this process released. A child that another test starts holds copies of all sockets
/// between `fork` and `exec`, so the port may stay in use for a moment.
async fn bind_released(uri: &str) -> Callback {
    for _ in 0..500 {
        match Callback::bind(uri).await {
            Err(CallbackError::PortInUse(_)) => std::thread::sleep(Duration::from_millis(10)),
            bound => return bound.unwrap(),
        }
    }
    panic!("the port of `{uri}` was not released")
}

#[tokio::test]
async fn the_port_is_closed_when_the_server_is_dropped() {
    let callback = Callback::bind("http://localhost/callback").await.unwrap();
    let uri = callback.redirect_uri().to_owned();
    drop(callback);
    let callback = bind_released(&uri).await;
    let (server, _answer) = callback.serve(CsrfToken::new("our-state".to_owned()), None);
    let mut server = Box::pin(server);
    assert!(poll_fn(|context| Poll::Ready(server.as_mut().poll(context).is_pending())).await);
    drop(server);
    bind_released(&uri).await;
}
