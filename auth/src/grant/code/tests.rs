//! A sign-in with the browser from its first word to its tokens, with a provider that is made here.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use flyte_client::{
    config::{Configuration, Sources},
    net::{Network, Proxies},
};
use oauth2::url::form_urlencoded;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

use super::*;
use crate::{grant::Http, provider::Provider};

type Fields = BTreeMap<String, String>;

const TIMEOUT: Duration = Duration::from_secs(300);
const TOKENS: &str = r#"{"access_token":"at","refresh_token":"rt","token_type":"Bearer","expires_in":600}"#;

fn fields(query: &str) -> Fields {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A token endpoint. Requests are sent to the test, and wait for its response: status line and JSON.
struct FakeTokenEndpoint {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<(Fields, oneshot::Sender<(&'static str, &'static str)>)>,
}

impl FakeTokenEndpoint {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(buy(stream, sender.clone()));
            }
        });
        Self { address, requests }
    }

    fn provider(&self) -> Provider {
        Provider {
            authorization_endpoint: "https://login.example/authorize?tenant=acme".to_owned(),
            issuer: Some("https://login.example".to_owned()),
            token_endpoint: format!("http://{}/token", self.address),
            device_authorization_endpoint: None,
            client_id: "flytectl".to_owned(),
            redirect_uri: "http://localhost/callback".to_owned(),
            scopes: vec!["all".to_owned(), "offline_access".to_owned()],
            audience: Some("https://flyte.example".to_owned()),
            header: "flyte-authorization".to_owned(),
        }
    }

    async fn answer(&mut self, status: &'static str, json: &'static str) -> Fields {
        let (fields, answer) = self.requests.recv().await.unwrap();
        answer.send((status, json)).unwrap();
        fields
    }
}

async fn buy(
    mut stream: TcpStream,
    sender: mpsc::UnboundedSender<(Fields, oneshot::Sender<(&'static str, &'static str)>)>,
) {
    let mut request = Vec::new();
    let body = loop {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase().split_once("content-length: ").unwrap().1.to_owned();
        if body.len() == length.lines().next().unwrap().parse::<usize>().unwrap() {
            break body.to_owned();
        }
    };
    let (answer, given) = oneshot::channel();
    sender.send((fields(&body), answer)).unwrap();
    // Without a response, the connection stays open.
    let Ok((status, json)) = given.await else { return pending().await };
    let length = json.len();
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
    );
    stream.write_all(response.as_bytes()).await.unwrap();
}

/// Records the URL, and has a page or not.
struct FakePrompt {
    events: mpsc::UnboundedSender<(Url, bool)>,
    page: Option<&'static str>,
    hosts: Mutex<Vec<String>>,
}

impl Prompt for FakePrompt {
    fn is_interactive(&self) -> bool {
        true
    }

    fn show(&self, notice: &PromptEvent<'_>) {
        let PromptEvent::Browser { url, opened, within } = notice else { panic!("{notice:?}") };
        assert_eq!(*within, TIMEOUT);
        let _ = self.events.send((url.parse().unwrap(), *opened));
    }

    fn success_page(&self, host: &str) -> Option<String> {
        self.hosts.lock().unwrap().push(host.to_owned());
        self.page.map(str::to_owned)
    }
}

/// A sign-in that is under way, and where its browser was sent.
struct Fixture {
    task: JoinHandle<Result<Tokens, AuthError>>,
    prompt: Arc<FakePrompt>,
    opened: bool,
    asked: Fields,
    redirect: Url,
}

impl Fixture {
    async fn start(provider: Provider, page: Option<&'static str>) -> Self {
        let (events, mut shown) = mpsc::unbounded_channel();
        let prompt = Arc::new(FakePrompt { events, page, hosts: Mutex::default() });
        let task = tokio::spawn({
            let prompt = Arc::clone(&prompt);
            async move { Grants::new(&provider, &http()).code(&*prompt, false, TIMEOUT).await }
        });
        let (url, opened) = shown.recv().await.unwrap();
        assert!(url.as_str().starts_with("https://login.example/authorize?tenant=acme&"), "{url}");
        let asked = fields(url.query().unwrap());
        let redirect = asked["redirect_uri"].parse().unwrap();
        Self { task, prompt, opened, asked, redirect }
    }

    /// The browser comes back.
    async fn come_back(&self, query: &str) -> TcpStream {
        let port = self.redirect.port().unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let state = &self.asked["state"];
        let request =
            format!("GET /callback?{query}&state={state} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Whether the port is free again.
    async fn port_is_free(&self) -> bool {
        Callback::bind(self.redirect.as_str()).await.is_ok()
    }
}

fn http() -> Http {
    let env = BTreeMap::from([("FLYTE_PLATFORM_URL".to_owned(), "flyte.example".to_owned())]);
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    let connection = Configuration::load(&sources).unwrap().connection;
    Http::new(&Network::new(&connection, Proxies::default()).unwrap(), None).unwrap()
}

async fn read(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn the_code_is_exchanged_before_the_plugins_page_is_shown() {
    let mut endpoint = FakeTokenEndpoint::start().await;
    let fixture = Fixture::start(endpoint.provider(), Some("<p>ours</p>")).await;
    assert!(!fixture.opened);
    let asked = &fixture.asked;
    let wanted = [
        ("response_type", "code"),
        ("client_id", "flytectl"),
        ("code_challenge_method", "S256"),
        ("scope", "all offline_access"),
        ("audience", "https://flyte.example"),
        ("tenant", "acme"),
    ];
    assert!(wanted.iter().all(|(name, value)| asked[*name] == *value), "{asked:?}");

    let browser = fixture.come_back("code=good&iss=https%3A%2F%2Flogin.example").await;
    let (bought, answer) = endpoint.requests.recv().await.unwrap();
    assert_eq!(bought["grant_type"], "authorization_code");
    assert_eq!(bought["code"], "good");
    assert_eq!(bought["client_id"], "flytectl");
    assert_eq!(bought["redirect_uri"], asked["redirect_uri"]);
    let challenge = Sha256::digest(bought["code_verifier"].as_bytes());
    assert_eq!(asked["code_challenge"], data_encoding::BASE64URL_NOPAD.encode(&challenge));
    assert_eq!(browser.try_read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert!(fixture.prompt.hosts.lock().unwrap().is_empty());

    // Meanwhile, loading the page again does not exchange the code again.
    assert!(read(fixture.come_back("code=good").await).await.contains("already been completed"));
    answer.send(("200 OK", TOKENS)).unwrap();
    assert!(read(browser).await.ends_with("<p>ours</p>"));
    assert_eq!(*fixture.prompt.hosts.lock().unwrap(), ["login.example"]);
    let redirect = fixture.redirect.clone();
    let tokens = fixture.task.await.unwrap().unwrap();
    assert_eq!((tokens.flow, tokens.access.reveal()), (Flow::Browser, "at"));
    assert_eq!(tokens.refresh.unwrap().reveal(), "rt");
    assert!(endpoint.requests.try_recv().is_err());
    assert!(Callback::bind(redirect.as_str()).await.is_ok());
}

#[tokio::test]
async fn every_login_has_its_own_state_and_challenge() {
    let endpoint = FakeTokenEndpoint::start().await;
    let first = Fixture::start(endpoint.provider(), None).await;
    let second = Fixture::start(endpoint.provider(), None).await;
    for name in ["state", "code_challenge"] {
        assert_ne!(first.asked[name], second.asked[name]);
        assert_eq!(first.asked[name].len(), 43, "256 bits");
    }
}

#[tokio::test]
async fn without_a_plugin_the_built_in_page_is_shown() {
    let mut endpoint = FakeTokenEndpoint::start().await;
    let fixture = Fixture::start(endpoint.provider(), None).await;
    let browser = fixture.come_back("code=good").await;
    endpoint.answer("200 OK", TOKENS).await;
    assert!(read(browser).await.contains("login.example has signed you in."));
    assert!(fixture.task.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_rejected_code_is_an_error() {
    let mut endpoint = FakeTokenEndpoint::start().await;
    let fixture = Fixture::start(endpoint.provider(), Some("<p>ours</p>")).await;
    let browser = fixture.come_back("code=bad").await;
    let refusal = r#"{"error":"invalid_grant","error_description":"<b>spent</b>"}"#;
    endpoint.answer("400 Bad Request", refusal).await;
    let page = read(browser).await;
    assert!(page.contains("Not signed in") && page.contains("&lt;b&gt;spent&lt;/b&gt;"), "{page}");
    assert!(fixture.prompt.hosts.lock().unwrap().is_empty());
    let error = fixture.task.await.unwrap().unwrap_err();
    assert!(matches!(&error, AuthError::Grant(refused) if refused.is_invalid_grant()), "{error}");
    assert!(!error.to_string().contains("bad"), "{error}");
}

#[tokio::test]
async fn an_oauth_error_is_shown_in_the_browser_and_the_terminal() {
    let mut endpoint = FakeTokenEndpoint::start().await;
    let fixture = Fixture::start(endpoint.provider(), Some("<p>ours</p>")).await;
    let query = "error=access_denied&error_description=%1B%5B2J%3Cscript%3Eno%3C%2Fscript%3E&code=good";
    let page = read(fixture.come_back(query).await).await;
    assert!(page.starts_with("HTTP/1.1 400 Bad Request"), "{page}");
    assert!(
        page.contains("login.example refused the request: \\u{1b}[2J&lt;script&gt;no&lt;/script&gt;"),
        "{page}"
    );
    let error = fixture.task.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), r"`login.example` refused the request: \u{1b}[2J<script>no</script>");
    assert!(matches!(error, AuthError::Grant(GrantError::Refused { error, .. }) if error == "access_denied"));
    assert!(endpoint.requests.try_recv().is_err());
}

#[tokio::test]
async fn the_code_of_another_issuer_is_not_exchanged() {
    let mut endpoint = FakeTokenEndpoint::start().await;
    let fixture = Fixture::start(endpoint.provider(), None).await;
    let page = read(fixture.come_back("code=good&iss=https%3A%2F%2Fevil.example").await).await;
    assert!(page.contains("Not signed in"), "{page}");
    let error = fixture.task.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected response from `login.example`: the issuer is `https://evil.example`"
    );
    assert!(endpoint.requests.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_is_not_completed_times_out_and_closes_the_port() {
    let endpoint = FakeTokenEndpoint::start().await;
    let mut fixture = Fixture::start(endpoint.provider(), None).await;
    let error = (&mut fixture.task).await.unwrap().unwrap_err();
    assert!(matches!(error, AuthError::TimedOut(TIMEOUT)), "{error}");
    assert!(fixture.port_is_free().await);
}

#[tokio::test]
async fn an_aborted_sign_in_closes_the_port() {
    let mut endpoint = FakeTokenEndpoint::start().await;
    // While the browser is waited for.
    let mut fixture = Fixture::start(endpoint.provider(), None).await;
    fixture.task.abort();
    assert!((&mut fixture.task).await.unwrap_err().is_cancelled());
    assert!(fixture.port_is_free().await);
    // While the code is exchanged.
    let mut fixture = Fixture::start(endpoint.provider(), None).await;
    let browser = fixture.come_back("code=good").await;
    let _unanswered = endpoint.requests.recv().await.unwrap();
    fixture.task.abort();
    assert!((&mut fixture.task).await.unwrap_err().is_cancelled());
    assert!(fixture.port_is_free().await);
    assert!(!read(browser).await.contains("signed you in"));
}

#[tokio::test]
async fn the_browser_opens_http_urls_only() {
    let endpoint = FakeTokenEndpoint::start().await;
    for url in ["file:///etc/passwd", "javascript:alert(1)", "", "--help"] {
        let provider = Provider { authorization_endpoint: url.to_owned(), ..endpoint.provider() };
        let (events, mut shown) = mpsc::unbounded_channel();
        let prompt = FakePrompt { events, page: None, hosts: Mutex::default() };
        let tokens = Grants::new(&provider, &http()).code(&prompt, true, TIMEOUT).await;
        assert!(matches!(tokens, Err(AuthError::Grant(GrantError::InvalidUrl(_)))), "{url}");
        assert!(shown.try_recv().is_err(), "{url}");
    }
}
