//! What is made of a server's two answers.

use std::{collections::BTreeMap, error::Error as _, path::PathBuf, sync::Arc};

use bytes::Bytes;
use flyte_client::{
    Status, Transport,
    client::{CallOptions, Policy},
    config::{Configuration, Sources},
    proto::service::AuthMetadataService,
    transport::{Call, CallResponse, Reply},
};

use super::*;

/// A server of two answers; without them, one that knows no sign-in.
#[derive(Clone, Default)]
struct FakeFlyte {
    public: PublicClientAuthConfigResponse,
    metadata: OAuth2MetadataResponse,
    failure: Option<Code>,
}

impl AuthMetadataService for FakeFlyte {
    fn get_o_auth2_metadata(&self, _: OAuth2MetadataRequest) -> Result<OAuth2MetadataResponse, Status> {
        Ok(self.metadata.clone())
    }

    fn get_public_client_config(
        &self,
        _: PublicClientAuthConfigRequest,
    ) -> Result<PublicClientAuthConfigResponse, Status> {
        match self.failure {
            Some(code) => Err(Status::new(code, "the server says so")),
            None => Ok(self.public.clone()),
        }
    }
}

impl Transport for FakeFlyte {
    fn call(&self, call: Call) -> Reply<'_> {
        Box::pin(async move {
            let answer = self.answer_auth_metadata_service(&call.path, &call.message).unwrap()?;
            Ok(CallResponse { metadata: Vec::new(), message: Bytes::from(answer) })
        })
    }
}

fn split(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A server as Flyte's own is.
fn server() -> FakeFlyte {
    FakeFlyte {
        public: PublicClientAuthConfigResponse {
            client_id: "flytectl".to_owned(),
            redirect_uri: "http://localhost:53593/callback".to_owned(),
            scopes: split("offline all"),
            authorization_metadata_key: "Flyte-Authorization".to_owned(),
            ..Default::default()
        },
        metadata: OAuth2MetadataResponse {
            issuer: "https://id.example".to_owned(),
            authorization_endpoint: "https://id.example/authorize?tenant=acme".to_owned(),
            token_endpoint: "https://id.example/token".to_owned(),
            ..Default::default()
        },
        failure: None,
    }
}

/// A connection with variables of flytekit's.
fn connection(variables: &[(&str, &str)]) -> Connection {
    let endpoint = ("FLYTE_PLATFORM_URL", "flyte.example");
    let all = variables.iter().copied().chain([endpoint]);
    let env: BTreeMap<_, _> = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    Configuration::load(&sources).unwrap().connection
}

async fn discovered(server: FakeFlyte, variables: &[(&str, &str)]) -> Result<Provider, ProviderError> {
    let options = CallOptions { retry: Policy::never(), ..CallOptions::default() };
    Provider::discover(&Client::new(Arc::new(server), options), &connection(variables)).await
}

#[tokio::test]
async fn metadata_of_the_server_applies_by_default() {
    let provider = discovered(server(), &[]).await.unwrap();
    assert_eq!(
        provider,
        Provider {
            issuer: Some("https://id.example".to_owned()),
            authorization_endpoint: "https://id.example/authorize?tenant=acme".to_owned(),
            token_endpoint: "https://id.example/token".to_owned(),
            device_authorization_endpoint: None,
            client_id: "flytectl".to_owned(),
            redirect_uri: "http://localhost:53593/callback".to_owned(),
            scopes: split("offline all"),
            audience: None,
            header: "flyte-authorization".to_owned(),
        }
    );
}

#[tokio::test]
async fn configured_scopes_take_precedence() {
    let provider = discovered(server(), &[("FLYTE_CREDENTIALS_SCOPES", "all,profile")]).await.unwrap();
    assert_eq!(provider.scopes, split("all profile"));
    let mut quoted = connection(&[]);
    quoted.scopes.value = ["['all'", "\"profile\"]", ""].map(str::to_owned).to_vec();
    assert_eq!(scopes(&quoted, split("offline")), split("all profile"));
}

#[tokio::test]
async fn the_audience_is_the_servers_for_people_and_the_configurations_for_programs() {
    let ours = ("FLYTE_CREDENTIALS_AUDIENCE", "ours");
    let program = ("FLYTE_CREDENTIALS_AUTH_MODE", "ClientSecret");
    for (theirs, variables, expected) in [
        ("theirs", &[ours][..], Some("theirs")),
        ("theirs", &[ours, program], Some("ours")),
        ("theirs", &[program], Some("theirs")),
        ("", &[ours], Some("ours")),
        ("", &[], None),
    ] {
        let mut server = server();
        server.public.audience = theirs.to_owned();
        let provider = discovered(server, variables).await.unwrap();
        assert_eq!(provider.audience.as_deref(), expected, "{theirs} {variables:?}");
    }
}

#[tokio::test]
async fn missing_metadata_has_defaults() {
    let mut server = server();
    server.public = PublicClientAuthConfigResponse::default();
    let provider = discovered(server, &[("FLYTE_CREDENTIALS_CLIENT_ID", "mine")]).await.unwrap();
    assert_eq!((provider.client_id.as_str(), provider.header.as_str()), ("mine", "authorization"));
    assert!(provider.scopes.is_empty());
}

#[tokio::test]
async fn missing_endpoints_are_an_error() {
    let unimplemented = FakeFlyte { failure: Some(Code::Unimplemented), ..server() };
    let mut without_page = server();
    without_page.metadata.authorization_endpoint.clear();
    for server in [unimplemented, FakeFlyte::default(), without_page.clone()] {
        let error = discovered(server, &[]).await.unwrap_err();
        assert_eq!(error.to_string(), "`flyte.example` requires authentication, but has no OAuth metadata");
    }
    // A program needs no page, and a person not if there is another device.
    discovered(without_page.clone(), &[("FLYTE_CREDENTIALS_AUTH_MODE", "ClientSecret")]).await.unwrap();
    without_page.metadata.device_authorization_endpoint = "https://id.example/device".to_owned();
    let provider = discovered(without_page, &[]).await.unwrap();
    assert_eq!(provider.device_authorization_endpoint.as_deref(), Some("https://id.example/device"));
}

#[tokio::test]
async fn a_failed_call_is_an_error() {
    let server = FakeFlyte { failure: Some(Code::PermissionDenied), ..server() };
    let error = discovered(server, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "could not get the OAuth metadata of `flyte.example`");
    assert!(
        matches!(&error, ProviderError::Unreachable { source, .. } if source.status.message == "the server says so")
    );
    assert!(error.source().is_some());
}

#[tokio::test]
async fn an_invalid_url_is_refused() {
    for url in [
        "id.example/token",
        "file:///etc/passwd",
        "https:///token",
        "ht!tp://x",
        "https://id.example/a\u{1b}[1m b",
    ] {
        let mut server = server();
        server.metadata.token_endpoint = url.to_owned();
        let error = discovered(server, &[]).await.unwrap_err();
        let shown = if url.contains('\u{1b}') { r"https://id.example/a\u{1b}[1m b" } else { url };
        let expected = format!("invalid token endpoint in `flyte.example`'s OAuth metadata: `{shown}`");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn an_invalid_header_is_refused() {
    let mut server = server();
    server.public.authorization_metadata_key = "flyte authorization:".to_owned();
    assert_eq!(
        discovered(server, &[]).await.unwrap_err().to_string(),
        "invalid token header in `flyte.example`'s OAuth metadata: `flyte authorization:`"
    );
}

#[test]
fn plain_http_is_accepted_on_loopback_only() {
    for url in ["http://id.example/token", "http://10.0.0.1:80/", "HTTP://localhost.example/"] {
        assert!(is_plain(url), "{url}");
    }
    for url in ["https://id.example/token", "http://localhost:8080/t", "http://127.0.0.2/", "http://[::1]:1/"]
    {
        assert!(!is_plain(url), "{url}");
    }
}
