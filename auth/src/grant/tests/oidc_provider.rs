//! A certified OpenID provider (npm `oidc-provider`), in a process of its own.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use flyte_client::net::{self, Network, Proxies};
use http::Request;
use oauth2::{AuthorizationCode, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};

use super::{
    browser::{Browser, End},
    connection, credentials, http, provider, render,
};
use crate::{
    AuthError, Flow, GrantError, Prompt, PromptEvent, Tokens,
    grant::{Grants, refresh},
    provider::Provider,
};

const SECRET: &str = "a secret of the test: %+/=";

/// The provider, as long as the value lives.
struct OidcProvider {
    child: Child,
    issuer: String,
    /// It writes there now and then, and must be able to.
    _stdout: BufReader<ChildStdout>,
    _folder: tempfile::TempDir,
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder with the provider's packages; `None` where there is none.
fn modules() -> Option<PathBuf> {
    let folder = env::var_os("FLYTE_TEST_NODE_MODULES").filter(|path| !path.is_empty());
    if folder.is_none() {
        let message = "FLYTE_TEST_NODE_MODULES must name a folder whose `node_modules` holds `oidc-provider`";
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "{message}");
        writeln!(std::io::stderr(), "skipped: {message}").unwrap();
    }
    folder.map(PathBuf::from)
}

impl OidcProvider {
    fn start(variables: &[(&str, &str)]) -> Option<Self> {
        let modules = modules()?;
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/sign_in/provider.mjs");
        // Node looks for packages beside the script.
        fs::copy(script, folder.path().join("provider.mjs")).unwrap();
        link(&modules.join("node_modules"), &folder.path().join("node_modules"));
        let mut child = Command::new("node")
            .arg(folder.path().join("provider.mjs"))
            .env_clear()
            .envs(["PATH", "SystemRoot"].iter().filter_map(|name| Some((name, env::var_os(name)?))))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut issuer, mut stdout) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
        stdout.read_line(&mut issuer).unwrap();
        Some(Self { child, issuer: issuer.trim().to_owned(), _stdout: stdout, _folder: folder })
    }

    /// Voids all that it ever gave.
    async fn revoke_all(&self) {
        let network = Network::new(&connection(), Proxies::default()).unwrap();
        let request = Request::post(format!("{}/test/revoke-all", self.issuer)).body(Vec::new()).unwrap();
        net::Http::new(&network).unwrap().send(request).await.unwrap();
    }

    /// The tokens of a person who came by the browser.
    async fn signed_in(&self) -> Tokens {
        let (provider, http) = (provider(&self.issuer), http(None));
        let grants = Grants::new(&provider, &http);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let redirect = RedirectUrl::new(provider.redirect_uri.clone()).unwrap();
        let client = grants.browser_client(&provider.client_id).unwrap().set_redirect_uri(redirect);
        let request = client.authorize_url(oauth2::CsrfToken::new_random).add_scopes(grants.scopes());
        let (url, state) = request.set_pkce_challenge(challenge).add_extra_param("prompt", "consent").url();
        let End::Elsewhere(back) = Browser::new().sign_in(url.as_str(), "").await else {
            panic!("no way back")
        };
        let answer = |name| field(back.query().unwrap(), name).unwrap();
        assert_eq!(&answer("state"), state.secret());
        let verifier = PkceCodeVerifier::new(verifier.into_secret());
        let code = AuthorizationCode::new(answer("code"));
        let answer = client.exchange_code(code).set_pkce_verifier(verifier).request_async(&http).await;
        grants.tokens(Flow::Browser, &provider.client_id, answer).unwrap()
    }
}

fn field(query: &str, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) {
    std::os::unix::fs::symlink(target, at).unwrap();
}

#[cfg(windows)]
fn link(target: &Path, at: &Path) {
    std::os::windows::fs::symlink_dir(target, at).unwrap();
}

/// Opens the page of a code in a browser without scripts, and presses a button there: a name, or nothing
/// for the usual one.
struct FakePrompt {
    button: Option<&'static str>,
    events: Mutex<Vec<String>>,
    pages: Mutex<Option<tokio::task::JoinHandle<End>>>,
}

impl FakePrompt {
    fn pressing(button: Option<&'static str>) -> Self {
        Self { button, events: Mutex::default(), pages: Mutex::default() }
    }
}

impl Prompt for FakePrompt {
    fn is_interactive(&self) -> bool {
        true
    }

    fn show(&self, notice: &PromptEvent<'_>) {
        let PromptEvent::Device { url, code, complete_url, .. } = *notice else { panic!("{notice:?}") };
        self.events.lock().unwrap().push(format!("{url} {code}"));
        let (url, button) = (complete_url.unwrap().to_owned(), self.button);
        *self.pages.lock().unwrap() =
            button.map(|button| tokio::spawn(async move { Browser::new().sign_in(&url, button).await }));
    }

    fn success_page(&self, _: &str) -> Option<String> {
        None
    }
}

const LONG: Duration = Duration::from_secs(60);

async fn with_device(provider: &Provider, prompt: &FakePrompt) -> Result<Tokens, AuthError> {
    let http = http(None);
    Grants::new(provider, &http).device(prompt, LONG).await
}

#[tokio::test]
async fn client_credentials_with_special_characters() {
    let Some(server) = OidcProvider::start(&[("ACCESS_TOKEN_SECONDS", "100")]) else { return };
    let provider = Provider { scopes: vec!["all".to_owned()], ..provider(&server.issuer) };
    let tokens = credentials(&provider, SECRET).await.unwrap();
    assert_eq!(tokens.expires_at.unwrap().as_second() - tokens.issued_at.as_second(), 100);
    assert_eq!((tokens.flow, tokens.refresh), (Flow::ClientCredentials, None));
    assert_eq!(
        (tokens.header.as_str(), tokens.client_id.as_str()),
        ("flyte-authorization", "flytepropeller")
    );

    let error = credentials(&provider, "a secret of the test: %+/").await.unwrap_err();
    assert_eq!(
        render(&error, &server.issuer),
        "`HOST:PORT` refused the request: client authentication failed"
    );
}

#[tokio::test]
async fn a_reused_refresh_token_revokes_the_sign_in() {
    let Some(server) = OidcProvider::start(&[]) else { return };
    let (first, http) = (server.signed_in().await, http(None));
    let second = refresh(&http, &first).await.unwrap().unwrap();
    assert_ne!((&second.access, &second.refresh), (&first.access, &first.refresh));
    assert_eq!(second.flow, Flow::Browser);
    let third = refresh(&http, &second).await.unwrap().unwrap();

    let error = refresh(&http, &first).await.unwrap_err();
    assert!(error.is_invalid_grant(), "{error}");
    // The provider takes the second use for a theft.
    assert!(refresh(&http, &third).await.unwrap_err().is_invalid_grant());
}

#[tokio::test]
async fn a_revoked_refresh_token_is_invalid() {
    let Some(server) = OidcProvider::start(&[]) else { return };
    let tokens = server.signed_in().await;
    server.revoke_all().await;
    let error = refresh(&http(None), &tokens).await.unwrap_err();
    assert!(error.is_invalid_grant(), "{error}");
    assert_eq!(render(&error, &server.issuer), "`HOST:PORT` refused the request: grant request is invalid");
}

#[tokio::test]
async fn an_unavailable_provider_does_not_invalidate_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let state = ("STATE", state.to_str().unwrap());
    let Some(server) = OidcProvider::start(&[state]) else { return };
    let (tokens, http, issuer) = (server.signed_in().await, http(None), server.issuer.clone());
    drop(server);
    let error = refresh(&http, &tokens).await.unwrap_err();
    assert!(matches!(error, GrantError::Unreachable { .. }) && !error.is_invalid_grant(), "{error}");
    assert_eq!(
        render(&error, &issuer),
        "identity provider `HOST:PORT` is unavailable\n  nothing listens at `HOST:PORT`\n  connection refused"
    );
    let port = issuer.rsplit(':').next().unwrap();
    let _again = OidcProvider::start(&[state, ("PORT", port)]).unwrap();
    refresh(&http, &tokens).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_device_flow() {
    let Some(server) = OidcProvider::start(&[]) else { return };
    let (provider, prompt) = (provider(&server.issuer), FakePrompt::pressing(Some("")));
    let tokens = with_device(&provider, &prompt).await.unwrap();
    let pages = prompt.pages.lock().unwrap().take().unwrap();
    let pages = pages.await.unwrap();
    assert!(matches!(&pages, End::Page(page) if page.contains("Sign-in Success")), "{pages:?}");
    assert_eq!((tokens.flow, tokens.client_id.as_str()), (Flow::Device, "flytectl"));
    assert!(prompt.events.lock().unwrap()[0].starts_with(&format!("{}/device ", server.issuer)));
    refresh(&http(None), &tokens).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_denied_device_code_is_an_error() {
    let Some(server) = OidcProvider::start(&[]) else { return };
    let (provider, prompt) = (provider(&server.issuer), FakePrompt::pressing(Some("abort")));
    let error = with_device(&provider, &prompt).await.unwrap_err();
    let AuthError::Grant(GrantError::Refused { error, .. }) = error else { panic!("{error}") };
    assert_eq!(error, "access_denied");
}

#[tokio::test]
async fn a_code_that_is_not_entered_times_out() {
    let Some(server) = OidcProvider::start(&[("DEVICE_CODE_SECONDS", "1")]) else { return };
    let (provider, prompt) = (provider(&server.issuer), FakePrompt::pressing(None));
    let error = with_device(&provider, &prompt).await.unwrap_err();
    assert!(matches!(error, AuthError::TimedOut(within) if within == Duration::from_secs(1)), "{error}");
}

#[tokio::test]
async fn a_provider_without_device_endpoint_is_an_error() {
    let provider = Provider { device_authorization_endpoint: None, ..provider("http://127.0.0.1:1") };
    let error = with_device(&provider, &FakePrompt::pressing(None)).await.unwrap_err();
    assert_eq!(error.to_string(), "`127.0.0.1:1` does not support the device flow");
}
