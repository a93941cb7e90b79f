//! Tokens for a program: its id and its secret.

use flyte_client::config::Secret;
use oauth2::{AuthType, ClientSecret};

use super::{GrantError, Grants};
use crate::{Flow, Tokens};

impl Grants<'_> {
    /// Buys tokens with a program's id and secret.
    ///
    /// They go in the header, as the standard wants it and Flyte's clients do it. A provider that knows the client only
    /// by the request's body says no more than `invalid_client`, and so is asked once more in that way.
    pub(crate) async fn client_credentials(
        &self,
        client_id: &str,
        secret: &Secret,
    ) -> Result<Tokens, GrantError> {
        let refused = match self.with_secret(client_id, secret, AuthType::BasicAuth).await {
            Err(error) if error.is_unknown_client() => error,
            answer => return answer,
        };
        log::debug!("{refused}; the secret is sent in the request's body now");
        self.with_secret(client_id, secret, AuthType::RequestBody).await.map_err(|error| match error {
            GrantError::Unreachable { .. } => error,
            _ => refused,
        })
    }

    async fn with_secret(
        &self,
        client_id: &str,
        secret: &Secret,
        way: AuthType,
    ) -> Result<Tokens, GrantError> {
        let protocol = self.buyer(client_id)?.set_auth_type(way);
        let protocol = protocol.set_client_secret(ClientSecret::new(secret.reveal().to_owned()));
        let mut request = protocol.exchange_client_credentials().add_scopes(self.scopes());
        if let Some(audience) = &self.provider.audience {
            request = request.add_extra_param("audience", audience);
        }
        let answer = request.request_async(self.http).await;
        self.tokens(Flow::ClientCredentials, client_id, answer)
    }
}
