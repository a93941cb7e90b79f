//! A Flyte, an identity provider and a person, for tests of the policy.
//!
//! The Flyte is a transport in memory, since what matters is what is called, and in which order; the
//! provider is a real HTTP server, since its answers go through the protocol.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use flyte_client::{
    config::{Configuration, Connection, Secret, Sources},
    net::{Network, Proxies},
    proto::service::{OAuth2MetadataResponse, PublicClientAuthConfigResponse},
    transport::{Call, CallResponse, Code, Metadata, Reply, Status, Transport},
};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    AuthRetry, BearerAuth, Flow, Prompt, PromptEvent, ProxyAuthorization, SignIn, SignInOptions, Tokens,
    store::{self, Store},
};

pub(crate) const ENDPOINT: &str = "flyte.example";
/// How the store has it.
pub(crate) const KEY: &str = "flyte.example:443";

/// What a configuration makes of variables.
pub(crate) fn connection_with(variables: &[(&str, &str)]) -> Connection {
    let mut env = BTreeMap::from([("FLYTE_PLATFORM_URL".to_owned(), ENDPOINT.to_owned())]);
    env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    Configuration::load(&sources).unwrap().connection
}

pub(crate) fn connection() -> Connection {
    connection_with(&[])
}

/// Tokens of the browser that last for an hour.
pub(crate) fn tokens(access: &str, provider: &FakeProvider) -> Tokens {
    Tokens {
        flow: Flow::Browser,
        access: Secret::new(access),
        refresh: Some(Secret::new(format!("refresh-of-{access}"))),
        issued_at: Timestamp::now(),
        expires_at: Some(Timestamp::now() + Duration::from_secs(3600)),
        header: "flyte-authorization".to_owned(),
        client_id: "flytectl".to_owned(),
        token_endpoint: format!("{}/token", provider.url),
        scopes: Vec::new(),
        audience: None,
    }
}

pub(crate) fn expired(tokens: Tokens) -> Tokens {
    let expires_at = Some(Timestamp::now() - Duration::from_secs(60));
    Tokens { issued_at: Timestamp::now() - Duration::from_secs(3600), expires_at, ..tokens }
}

/// A Flyte that accepts some tokens, and everybody if it has no list of them.
pub(crate) struct FakeFlyte {
    pub(crate) accepted: Mutex<Option<Vec<String>>>,
    /// What it says instead, if anything.
    pub(crate) says: Mutex<Option<Status>>,
    /// The metadata of all calls, without those to the service that says how to sign in.
    pub(crate) calls: Mutex<Vec<Metadata>>,
    pub(crate) questions: AtomicUsize,
    /// Whether it cannot say how to sign in.
    pub(crate) is_confused: AtomicBool,
    provider: String,
}

impl FakeFlyte {
    /// Which tokens the calls carried; `-` for none.
    pub(crate) fn carried(&self) -> Vec<String> {
        let bearer = |metadata: &Metadata| {
            let mut values = metadata.iter().filter(|(name, _)| name.ends_with("authorization"));
            let value =
                values.next().map_or("-", |(_, value)| value.strip_prefix("Bearer ").unwrap_or(value));
            value.to_owned()
        };
        self.calls.lock().unwrap().iter().map(bearer).collect()
    }

    pub(crate) fn accept(&self, tokens: &[&str]) {
        *self.accepted.lock().unwrap() = Some(tokens.iter().map(|token| (*token).to_owned()).collect());
    }

    fn answer(&self, call: &Call) -> Result<Vec<u8>, Status> {
        use prost::Message as _;
        match &*call.path {
            "/flyteidl.service.AuthMetadataService/GetPublicClientConfig" => {
                self.questions.fetch_add(1, Ordering::Relaxed);
                if self.is_confused.load(Ordering::Relaxed) {
                    return Err(Status::new(Code::Internal, "the server is confused"));
                }
                Ok(PublicClientAuthConfigResponse {
                    client_id: "flytectl".to_owned(),
                    redirect_uri: "http://localhost:53593/callback".to_owned(),
                    authorization_metadata_key: "flyte-authorization".to_owned(),
                    ..Default::default()
                }
                .encode_to_vec())
            }
            "/flyteidl.service.AuthMetadataService/GetOAuth2Metadata" => Ok(OAuth2MetadataResponse {
                authorization_endpoint: format!("{}/authorize", self.provider),
                token_endpoint: format!("{}/token", self.provider),
                ..Default::default()
            }
            .encode_to_vec()),
            _ => {
                self.calls.lock().unwrap().push(call.metadata.clone());
                if let Some(status) = &*self.says.lock().unwrap() {
                    return Err(status.clone());
                }
                let accepted = self.accepted.lock().unwrap();
                let is_accepted = accepted.as_ref().is_none_or(|accepted| {
                    let is_one =
                        |value: &str| accepted.iter().any(|token| *value == format!("Bearer {token}"));
                    call.metadata.iter().any(|(_, value)| is_one(value))
                });
                match is_accepted {
                    true => Ok(Vec::new()),
                    false => Err(Status::new(Code::Unauthenticated, "token parse error")),
                }
            }
        }
    }
}

impl Transport for FakeFlyte {
    fn call(&self, call: Call) -> Reply<'_> {
        Box::pin(async move {
            // The answer is not there at once, so that calls side by side overlap.
            tokio::task::yield_now().await;
            let message = self.answer(&call)?.into();
            Ok(CallResponse { metadata: Metadata::new(), message })
        })
    }
}

/// A provider that answers forms.
pub(crate) struct FakeProvider {
    pub(crate) url: String,
    /// The forms that it got.
    pub(crate) forms: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    script: Arc<Mutex<Vec<(StatusCode, Value)>>>,
    /// It answers while this is so.
    pub(crate) awake: watch::Sender<bool>,
    asked: watch::Receiver<usize>,
}

impl FakeProvider {
    /// Starts one that gives `new-1`, `new-2` and so on for whatever it is asked, each with a refresh
    /// token, unless the script says otherwise.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (awake, watched) = watch::channel(true);
        let (asks, asked) = watch::channel(0);
        let provider = Self { url, forms: Arc::default(), script: Arc::default(), awake, asked };
        let (forms, script) = (Arc::clone(&provider.forms), Arc::clone(&provider.script));
        let asks = Arc::new(asks);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (forms, script, watched) = (Arc::clone(&forms), Arc::clone(&script), watched.clone());
                let asks = Arc::clone(&asks);
                let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let (forms, script, mut watched) =
                        (Arc::clone(&forms), Arc::clone(&script), watched.clone());
                    let asks = Arc::clone(&asks);
                    async move {
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let form = form_urlencoded::parse(&body).into_owned().collect();
                        let number = {
                            let mut forms = forms.lock().unwrap();
                            forms.push(form);
                            forms.len()
                        };
                        asks.send_replace(number);
                        watched.wait_for(|awake| *awake).await.unwrap();
                        let scripted = script.lock().unwrap().pop();
                        let (status, body) = scripted.unwrap_or_else(|| (StatusCode::OK, given(number)));
                        let response =
                            Response::builder().status(status).header("content-type", "application/json");
                        Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body.to_string()))).unwrap())
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
            }
        });
        provider
    }

    /// What the next request is answered with.
    pub(crate) fn answer(&self, status: u16, body: Value) {
        self.script.lock().unwrap().push((StatusCode::from_u16(status).unwrap(), body));
    }

    /// Waits until it was asked so often.
    pub(crate) async fn was_asked(&self, times: usize) {
        self.asked.clone().wait_for(|asked| *asked >= times).await.unwrap();
    }

    /// The values of a field in the forms that it got.
    pub(crate) fn got(&self, field: &str) -> Vec<String> {
        let forms = self.forms.lock().unwrap();
        forms.iter().map(|form| form.get(field).cloned().unwrap_or_default()).collect()
    }
}

fn given(number: usize) -> Value {
    json!({
        "access_token": format!("new-{number}"),
        "refresh_token": format!("refresh-of-new-{number}"),
        "token_type": "Bearer",
        "expires_in": 3600,
    })
}

/// Records events.
#[derive(Default)]
pub(crate) struct FakePrompt {
    pub(crate) events: Mutex<Vec<String>>,
    pub(crate) is_interactive: AtomicBool,
}

impl Prompt for FakePrompt {
    fn is_interactive(&self) -> bool {
        self.is_interactive.load(Ordering::Relaxed)
    }

    fn show(&self, notice: &PromptEvent<'_>) {
        self.events.lock().unwrap().push(format!("{notice:?}"));
    }

    fn success_page(&self, _: &str) -> Option<String> {
        None
    }
}

/// Everything between a caller and a server.
pub(crate) struct Fixture {
    pub(crate) flyte: Arc<FakeFlyte>,
    pub(crate) provider: Arc<FakeProvider>,
    pub(crate) prompt: Arc<FakePrompt>,
    pub(crate) sign_in: Arc<SignIn>,
    pub(crate) outermost: Arc<dyn Transport>,
    pub(crate) options: SignInOptions,
    pub(crate) folder: Arc<tempfile::TempDir>,
}

impl Fixture {
    /// A server that wants tokens and accepts those of the provider, and a configuration without anything.
    pub(crate) async fn new() -> Self {
        let provider = Arc::new(FakeProvider::start().await);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let options = SignInOptions {
            token: None,
            store: store::StoreKind::File,
            folder: folder.path().join("state"),
            timeout: Duration::from_secs(300),
        };
        let flyte = Arc::new(FakeFlyte {
            accepted: Mutex::default(),
            says: Mutex::default(),
            calls: Mutex::default(),
            questions: AtomicUsize::new(0),
            is_confused: AtomicBool::new(false),
            provider: provider.url.clone(),
        });
        flyte.accept(&["new-1", "new-2", "new-3"]);
        Self::with(connection(), options, flyte, provider, folder)
    }

    fn with(
        connection: Connection,
        options: SignInOptions,
        flyte: Arc<FakeFlyte>,
        provider: Arc<FakeProvider>,
        folder: Arc<tempfile::TempDir>,
    ) -> Self {
        let network = Network::new(&connection, Proxies::default()).unwrap();
        let wire: Arc<dyn Transport> = Arc::<FakeFlyte>::clone(&flyte);
        let unsigned = Arc::new(ProxyAuthorization::new(wire, connection.proxy_command.value.clone()));
        let prompt = Arc::new(FakePrompt::default());
        let asked: Arc<dyn Prompt> = Arc::<FakePrompt>::clone(&prompt);
        let sign_in =
            Arc::new(SignIn::new(connection, options.clone(), network, Arc::clone(&unsigned), asked));
        let innermost = Arc::new(BearerAuth::new(unsigned, Arc::clone(&sign_in)));
        let outermost = Arc::new(AuthRetry::new(innermost, Arc::clone(&sign_in)));
        Self { flyte, provider, prompt, sign_in, outermost, options, folder }
    }

    /// Another process with other variables, with the same server, provider and folder.
    pub(crate) fn process(&self, variables: &[(&str, &str)]) -> Self {
        self.process_with(variables, self.options.clone())
    }

    pub(crate) fn process_with(&self, variables: &[(&str, &str)], options: SignInOptions) -> Self {
        let (flyte, provider) = (Arc::clone(&self.flyte), Arc::clone(&self.provider));
        Self::with(connection_with(variables), options, flyte, provider, Arc::clone(&self.folder))
    }

    pub(crate) fn store(&self) -> Box<dyn Store> {
        store::open(self.options.store, self.options.folder.clone())
    }

    pub(crate) fn keep(&self, tokens: &Tokens) {
        self.store().save(KEY, tokens).unwrap();
    }

    /// The access and refresh tokens of the store.
    pub(crate) fn kept(&self) -> Option<(String, Option<String>)> {
        let text = |secret: &Secret| secret.reveal().to_owned();
        let tokens = self.store().load(KEY).unwrap()?;
        Some((text(&tokens.access), tokens.refresh.as_ref().map(text)))
    }

    pub(crate) async fn call(&self) -> Result<CallResponse, Status> {
        self.call_with(Metadata::new()).await
    }

    pub(crate) async fn call_with(&self, metadata: Metadata) -> Result<CallResponse, Status> {
        self.outermost.call(test_call(metadata)).await
    }
}

pub(crate) fn test_call(metadata: Metadata) -> Call {
    let path = "/flyteidl.service.AdminService/GetTask".into();
    Call { path, metadata, message: Bytes::new(), timeout: None }
}

/// The warnings so far that have a text in them: that of one test, such as a path.
pub(crate) fn warnings_about(text: &str) -> Vec<String> {
    let seen = WARNINGS.seen.lock().unwrap();
    seen.iter().filter(|warning| warning.contains(text)).cloned().collect()
}

/// Begins to listen for warnings.
pub(crate) fn listen() {
    // Another test may have done so.
    let _ = log::set_logger(&WARNINGS);
    log::set_max_level(log::LevelFilter::Warn);
}

static WARNINGS: Warnings = Warnings { seen: Mutex::new(Vec::new()) };

struct Warnings {
    seen: Mutex<Vec<String>>,
}

impl log::Log for Warnings {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.seen.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

/// A failed call as a person reads it: what, why, what to do.
pub(crate) fn render(status: &Status) -> String {
    let fault = status.fault.as_ref().expect("a fault");
    let mut text = format!("{} {}", status.code.name(), status.message);
    text.extend(fault.causes().map(|cause| format!("\n: {cause}")));
    text.extend(fault.hint.iter().map(|hint| format!("\n? {hint}")));
    text
}
