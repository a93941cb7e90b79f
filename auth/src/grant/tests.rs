//! Grants over real sockets: from the OpenID provider of the fixtures, and from servers that say what it
//! never would.

mod browser;
mod fake_server;
mod oidc_provider;
mod scripted;

use std::{collections::BTreeMap, error::Error as _, path::PathBuf};

use flyte_client::{
    config::{Configuration, Connection, Secret, Sources},
    net::{Network, Proxies},
};

use super::{GrantError, Grants, Http};
use crate::{Tokens, provider::Provider};

fn connection() -> Connection {
    let env = BTreeMap::from([("FLYTE_PLATFORM_URL".to_owned(), "flyte.example".to_owned())]);
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    Configuration::load(&sources).unwrap().connection
}

fn http(proxy_token: Option<&str>) -> Http {
    let network = Network::new(&connection(), Proxies::default()).unwrap();
    Http::new(&network, proxy_token.map(Secret::new)).unwrap()
}

/// The provider at an address such as `http://127.0.0.1:1234`, as Flyte would tell of it.
fn provider(issuer: &str) -> Provider {
    Provider {
        issuer: Some(issuer.to_owned()),
        authorization_endpoint: format!("{issuer}/auth"),
        token_endpoint: format!("{issuer}/token"),
        device_authorization_endpoint: Some(format!("{issuer}/device/auth")),
        client_id: "flytectl".to_owned(),
        redirect_uri: "http://localhost:53593/callback".to_owned(),
        scopes: ["all", "offline_access", "openid"].map(str::to_owned).to_vec(),
        audience: None,
        header: "flyte-authorization".to_owned(),
    }
}

/// Buys tokens with a program's id and secret.
async fn credentials(provider: &Provider, secret: &str) -> Result<Tokens, GrantError> {
    let http = http(None);
    Grants::new(provider, &http).client_credentials("flytepropeller", &Secret::new(secret)).await
}

/// An error and its causes, as they would be shown, with the port of an address replaced.
fn render(error: &GrantError, issuer: &str) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("\n  {error}");
        cause = error.source();
    }
    text.replace(issuer.trim_start_matches("http://"), "HOST:PORT")
}
