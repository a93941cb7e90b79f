//! Tokens for tokens: renews a sign-in without asking anybody.

use oauth2::{ClientId, RefreshToken, TokenUrl};

use super::{GrantError, Protocol, answer::Terms, host, http::Http, tokens};
use crate::{Flow, Tokens};

/// Buys new tokens with the refresh token of old ones, where those were bought (RFC 6749, 6). What the answer does not
/// say stays as it was: most providers send a new refresh token only if the old one is spent.
///
/// `None`: the old ones cannot be renewed in this way. Those of a program are bought anew, which takes its secret.
pub(crate) async fn refresh(http: &Http, old: &Tokens) -> Result<Option<Tokens>, GrantError> {
    let Some(spent) = old.refresh.as_ref().filter(|_| matches!(old.flow, Flow::Browser | Flow::Device))
    else {
        return Ok(None);
    };
    let Ok(url) = TokenUrl::new(old.token_endpoint.clone()) else {
        log::warn!("the sign-in that is kept does not say where it is renewed");
        return Ok(None);
    };
    let protocol = Protocol::new(ClientId::new(old.client_id.clone())).set_token_uri(url);
    let token = RefreshToken::new(spent.reveal().to_owned());
    let answer = protocol.exchange_refresh_token(&token).request_async(http).await;
    let terms = Terms {
        flow: old.flow,
        header: old.header.clone(),
        client_id: old.client_id.clone(),
        token_endpoint: old.token_endpoint.clone(),
        scopes: old.scopes.clone(),
        audience: old.audience.clone(),
        refresh: Some(spent.clone()),
    };
    tokens(&host(&old.token_endpoint), answer, terms).map(Some)
}
